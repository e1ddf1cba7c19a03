//! The figures side by side: the median of the rounds, the least and the most of them, and the aims beside.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;

use super::calibrate::Limit;
use super::round::{Latency, Outcome};

/// Who is measured against whom.
const OURS: &str = "taillight";

/// A line on standard output, at once.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// How a benchmark ends: with the reason, where it failed.
pub fn exit(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("FAILED: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// All rounds.
#[derive(Default)]
pub struct Report {
    /// What the machine can do.
    pub limits: Vec<Limit>,
    /// By the number of viewers and the server, in the order of the servers.
    rounds: BTreeMap<usize, Vec<(&'static str, anyhow::Result<Outcome>)>>,
    /// One round each with viewers that do not read.
    pub stalled: Vec<(&'static str, anyhow::Result<Outcome>)>,
    /// Ours, with that many that do not read beside the measured ones.
    pub neighbours: Vec<(usize, anyhow::Result<Outcome>)>,
}

/// A median with what it is the median of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Half of the values are below it.
    pub median: f64,
    /// A quarter of the values is below the first, and above the second.
    pub quartiles: [f64; 2],
    least: f64,
    most: f64,
}

impl Report {
    /// Adds a round.
    pub fn add(&mut self, name: &'static str, viewers: usize, outcome: anyhow::Result<Outcome>) {
        self.rounds.entry(viewers).or_default().push((name, outcome));
    }

    /// Prints all tables and ratios. `fan_out_at`: the number of viewers that fan-out was measured with.
    pub fn print(&self, fan_out_at: usize) {
        say("\nlimits of this machine, one thread that writes:");
        for Limit { sockets, bytes, rate, per_cpu } in &self.limits {
            say(&format!(
                "  {sockets:>6} sockets, {bytes:>6} bytes each: {rate:>6.0} MB/s, {per_cpu:>6.0} MB per CPU-second"
            ));
        }
        say("\nappend to arrival in ms, 2 KB each 0.5 s (1 viewer: each 0.15 s): median of the rounds [least to most]");
        for &viewers in self.rounds.keys() {
            self.print_latency(viewers);
        }
        say("\nfan-out, MB of log per CPU-second of the server and its children:");
        for name in self.names() {
            self.print_fan_out(name, fan_out_at);
        }
        say("\nmemory for each viewer in KB: server; kernel buffers, both ends; of those waiting to be sent:");
        for name in self.names() {
            self.print_memory(name);
        }
        self.print_aims(fan_out_at);
    }

    fn print_latency(&self, viewers: usize) {
        for name in self.names() {
            let n_all = self.of(name, viewers).count();
            let rounds: Vec<_> = self.of(name, viewers).filter_map(|outcome| outcome.latency).collect();
            let column =
                |of: fn(&Latency) -> Duration| told(&rounds.iter().map(|round| millis(of(round))).collect::<Vec<_>>());
            let failed = n_all - rounds.len();
            let behind = rounds.iter().filter(|round| !round.kept_up).count();
            let mut notes = String::new();
            if failed > 0 {
                notes = format!("  FAILED in {failed} of {n_all} rounds: not all were taken in");
            }
            if behind > 0 {
                notes.push_str(&format!("  did not keep up in {behind} of {n_all} rounds"));
            }
            let [p50, p99, most] = [column(|l| l.p50), column(|l| l.p99), column(|l| l.most)];
            say(&format!("  {viewers:>6} {name:<11} p50 {p50:<24} p99 {p99:<24} max {most:<24}{notes}"));
        }
    }

    fn print_fan_out(&self, name: &str, viewers: usize) {
        let rates = self.per_cpu(name, viewers);
        let clock: Vec<_> = self.of(name, viewers).filter_map(|o| o.fan_out).map(|f| f.megabytes / f.time).collect();
        say(&format!("  {viewers:>6} {name:<11} {:<24} at {} MB each second of the clock", told(&rates), told(&clock)));
    }

    fn print_memory(&self, name: &str) {
        let kilobytes = |bytes: f64| format!("{:.1}", bytes / 1000.0);
        for (viewers, rounds) in self.rounds.iter().filter(|(viewers, _)| **viewers >= 50) {
            let mine = rounds.iter().filter(|(of, _)| *of == name).filter_map(|(_, outcome)| outcome.as_ref().ok());
            if let Some(outcome) = mine.max_by_key(|outcome| outcome.ready) {
                let each = outcome.each;
                let [server, kernel, unsent] = [each.server, each.kernel, each.unsent].map(kilobytes);
                let n = outcome.ready;
                say(&format!("  {name:<11} idle, {n:>6} of {viewers:>6}: {server:>8}; {kernel:>8}; {unsent:>8}"));
            }
        }
        for (_, outcome) in self.stalled.iter().filter(|(of, _)| *of == name) {
            if let Ok(outcome) = outcome {
                let [server, kernel, unsent] =
                    [outcome.each.server, outcome.each.kernel, outcome.each.unsent].map(kilobytes);
                let why = outcome.why.join(", ");
                say(&format!("  {name:<11} stalled, 6.4 MB behind: {server:>8}; {kernel:>8}; {unsent:>8} {why}"));
            }
        }
    }

    fn print_aims(&self, fan_out_at: usize) {
        say("\naims:");
        let ours = Spread::of(&self.per_cpu(OURS, fan_out_at));
        for (name, aim) in [("frontail", 10.0), ("websocketd", 5.0)] {
            if let (Some(ours), Some(theirs)) = (&ours, Spread::of(&self.per_cpu(name, fan_out_at))) {
                aim_at(&format!("fan-out, times {name}"), ours.median / theirs.median.max(1e-9), aim, true);
            }
        }
        if let (Some(ours), Some(limit)) =
            (&ours, self.limits.iter().find(|l| l.sockets == fan_out_at && l.bytes > 10_000))
        {
            aim_at("fan-out, share of the machine's limit", ours.median / limit.per_cpu.max(1e-9), 0.7, true);
        }
        if let (Some(ours), Some(seed)) = (self.median(OURS, 1, |l| l.p50), self.median("seed's way", 1, |l| l.p50)) {
            aim_at("append to frame, times quicker than the seed, 1 viewer", seed / ours.max(1e-9), 25.0, true);
        }
        for (viewers, aim) in [(1, 100.0), (1_000, 150.0), (10_000, 500.0)] {
            if let Some(p99) = self.median(OURS, viewers, |l| l.p99) {
                aim_at(&format!("append to frame, p99 in ms, {viewers} viewers"), p99, aim, false);
            }
        }
        for outcome in self.of(OURS, 10_000).take(1) {
            aim_at("memory in MB, 10,000 idle", outcome.memory as f64 / 1e6, 150.0, false);
            aim_at("memory in MB, 10,000 active", outcome.memory_active as f64 / 1e6, 300.0, false);
        }
        let beside = |is_alone: bool| {
            let rounds = self.neighbours.iter().filter(|(stalled, _)| (*stalled == 0) == is_alone);
            let p99s = rounds.filter_map(|(_, outcome)| outcome.as_ref().ok()?.latency).map(|l| millis(l.p99));
            Spread::of(&p99s.collect::<Vec<_>>())
        };
        if let (Some(alone), Some(with)) = (beside(true), beside(false)) {
            say(&format!("  p99 in ms alone {alone}, beside stalled ones {with}"));
            aim_at("p99 beside stalled ones, times alone", with.median / alone.median.max(1e-9), 1.2, false);
        }
    }

    /// An error when ours did not do what it must at any size: speed is told, correctness is judged.
    ///
    /// # Errors
    /// When a viewer of ours was not taken in or dropped, or a line was missing, doubled, torn or misplaced.
    pub fn verdict(&self) -> anyhow::Result<()> {
        let sizes = self.rounds.values().flatten().filter(|(name, _)| *name == OURS).map(|(_, outcome)| outcome);
        for outcome in sizes.chain(self.neighbours.iter().map(|(_, outcome)| outcome)) {
            match outcome {
                Ok(outcome) if outcome.is_complete() && outcome.dropped == 0 && outcome.faults == 0 => {}
                Ok(outcome) => bail!("Taillight failed its viewers: {outcome}"),
                Err(error) => bail!("a round of Taillight failed: {error:#}"),
            }
        }
        Ok(())
    }

    /// The servers, in the order in which they were measured.
    fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for (name, _) in self.rounds.values().flatten() {
            if !names.contains(name) {
                names.push(*name);
            }
        }
        names
    }

    fn of(&self, name: &str, viewers: usize) -> impl Iterator<Item = &Outcome> {
        let rounds = self.rounds.get(&viewers).into_iter().flatten();
        rounds.filter(move |(of, _)| *of == name).filter_map(|(_, outcome)| outcome.as_ref().ok())
    }

    fn per_cpu(&self, name: &str, viewers: usize) -> Vec<f64> {
        self.of(name, viewers).filter_map(|outcome| outcome.fan_out).map(|fan_out| fan_out.per_cpu()).collect()
    }

    fn median(&self, name: &str, viewers: usize, of: fn(&Latency) -> Duration) -> Option<f64> {
        let rounds = self.of(name, viewers).filter_map(|outcome| outcome.latency);
        Spread::of(&rounds.map(|latency| millis(of(&latency))).collect::<Vec<_>>()).map(|spread| spread.median)
    }
}

impl Spread {
    /// Of these values; `None` without any.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (&least, &most) = (sorted.first()?, sorted.last()?);
        let last = sorted.len() - 1;
        let at = |share: f64| sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(most);
        let (low, high) = (sorted.get(last / 2)?, sorted.get(sorted.len() / 2)?);
        Some(Self { median: (low + high) / 2.0, quartiles: [at(0.25), at(0.75)], least, most })
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = if self.most < 100.0 { 2 } else { 0 };
        write!(f, "{:.digits$} [{:.digits$} to {:.digits$}]", self.median, self.least, self.most)
    }
}

fn told(values: &[f64]) -> String {
    Spread::of(values).map_or_else(|| "-".to_owned(), |spread| spread.to_string())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn aim_at(what: &str, value: f64, aim: f64, more_is_better: bool) {
    let is_met = if more_is_better { value >= aim } else { value <= aim };
    let (word, sign) = (if is_met { "met" } else { "NOT MET" }, if more_is_better { "at least" } else { "at most" });
    say(&format!("  {what}: {value:.2} (aim {sign} {aim}): {word}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_between_the_rounds() {
        let told = |values: &[f64]| told(values);
        assert_eq!(told(&[3.0, 1.0, 2.0]), "2.00 [1.00 to 3.00]");
        assert_eq!(told(&[100.0, 300.0]), "200 [100 to 300]");
        assert_eq!(told(&[]), "-");
    }
}
