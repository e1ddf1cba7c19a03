//! `trial leak`: viewers of all kinds come and go while logs grow and are rotated, again and again. Whenever everybody has
//! left, the server's handles must be what they were, and its memory must not have grown.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Parser;

use super::report::{exit, say};
use crate::crowd::appender::Log;
use crate::crowd::lines::Clock;
use crate::crowd::speech::Speech;
use crate::crowd::usage::Handles;
use crate::crowd::viewer::Role;
use crate::crowd::{Crowd, Spec, limits};
use crate::figures;
use crate::folder::Folder;
use crate::server::Running;

/// How many logs.
const LOGS: usize = 5;

/// How long viewers stay.
const STAY: Duration = Duration::from_secs(10);

/// How often each log grows.
const BEAT: Duration = Duration::from_millis(100);

/// How long handles may take to come back: followers of files outlive their last viewer a little.
const SETTLE: Duration = Duration::from_secs(60);

/// How long a burst may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// What memory may grow in an hour, in bytes.
const SLOPE: f64 = 1e6;

/// What an allocator may keep here or there, in bytes: no leak.
const SLACK: f64 = 4e6;

/// Lets viewers come and go, and looks whether memory and handles come back.
#[derive(Debug, Parser)]
#[command(name = "trial leak")]
struct Args {
    /// How long.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
}

/// Runs it; fails when something was not given back, or a viewer missed a line. Ctrl+C ends it early with what is known.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    exit(run(&Args::parse_from(args)))
}

fn run(args: &Args) -> anyhow::Result<()> {
    let ended = until_signalled()?;
    limits::raise_handles(4_000);
    let folder = Folder::new()?;
    let clock = Clock::start();
    let server = Running::start(folder.path(), &[])?;
    let named = |number: usize| folder.join(&format!("{number}.log"));
    let logs = (0..LOGS).map(|number| Log::create(&named(number), clock, 1_000)).collect::<Result<Vec<_>, _>>()?;
    let mut load = Load { server, logs, clock, lines: 0 };
    load.round()?;
    let before = load.settled(None)?;
    let (began, limit) = (Instant::now(), Duration::from_secs(args.minutes * 60));
    let mut samples = Vec::new();
    while began.elapsed() < limit && !ended.load(Ordering::Relaxed) {
        load.round()?;
        load.settled(Some(before))?;
        let memory = figures::memory(load.server.pid())?.rss as f64;
        samples.push((began.elapsed().as_secs_f64() / 3600.0, memory));
        let (n, lines) = (samples.len(), load.lines);
        say(&format!("  round {n}: {:.1} MB, {before:?} as before, {lines} lines delivered", memory / 1e6));
    }
    verdict(&samples)
}

/// What the memory did, without the first quarter: what is made once is made there.
fn verdict(samples: &[(f64, f64)]) -> anyhow::Result<()> {
    let warm = samples.get(samples.len() / 4..).unwrap_or_default();
    let (Some(first), Some(last)) = (warm.first(), warm.last()) else { bail!("too short for a single round") };
    let (hours, slope) = (last.0 - first.0, slope(warm));
    say(&format!(
        "{} rounds; memory {:.1} to {:.1} MB, slope {:.2} MB an hour (aim at most 1); handles as before each time",
        samples.len(),
        first.1 / 1e6,
        last.1 / 1e6,
        slope / 1e6
    ));
    // A few minutes tell little of an hour: what the allocator keeps would be taken for a slope.
    ensure!(slope * hours <= SLOPE * hours + SLACK, "memory grows by {:.1} MB an hour", slope / 1e6);
    Ok(())
}

/// Bytes an hour, by least squares.
fn slope(samples: &[(f64, f64)]) -> f64 {
    let n = samples.len().max(1) as f64;
    let (x, y) = samples.iter().fold((0.0, 0.0), |(x, y), sample| (x + sample.0 / n, y + sample.1 / n));
    let spread: f64 = samples.iter().map(|sample| (sample.0 - x).powi(2)).sum();
    let shared: f64 = samples.iter().map(|sample| (sample.0 - x) * (sample.1 - y)).sum();
    if spread > 0.0 { shared / spread } else { 0.0 }
}

/// A server and its growing logs.
struct Load {
    server: Running,
    logs: Vec<Log>,
    clock: Clock,
    lines: u64,
}

impl Load {
    /// Viewers come, the logs grow and are rotated, somebody reads pages and searches, all leave.
    fn round(&mut self) -> anyhow::Result<()> {
        let mut crowds = Vec::new();
        for number in 0..LOGS {
            let speech = Speech::Taillight { path: format!("logs/{number}.log") };
            let spec = Spec { held: 20, stalled: 5, ..Spec::readers(self.server.addr(), speech, 100) };
            let wanted = spec.total();
            let crowd = Crowd::gather(spec, self.clock)?;
            ensure!(crowd.n_ready() == wanted, "{} of {wanted} were taken in: {:?}", crowd.n_ready(), crowd.reasons());
            crowds.push(crowd);
        }
        let began = Instant::now();
        let mut is_rotated = false;
        while began.elapsed() < STAY {
            for log in &mut self.logs {
                log.burst(2_000)?;
            }
            for crowd in &mut crowds {
                crowd.run(BEAT / LOGS as u32)?;
            }
            if !is_rotated && began.elapsed() > STAY / 2 {
                is_rotated = true;
                self.logs.iter_mut().try_for_each(Log::rotate)?;
                self.server.get("/v/logs/0.log")?;
                self.server.get("/api/v1/lines/logs/1.log?q=abc&at=end&before=50")?;
            }
        }
        for (log, crowd) in self.logs.iter().zip(&mut crowds) {
            let next = log.next();
            ensure!(
                crowd.run_until(PATIENCE, |crowd| crowd.has_all(next))?,
                "lines did not arrive: {:?}",
                crowd.reasons()
            );
            let tally = crowd.tally();
            let faults = (crowd.n_gone_of(Role::Reads), tally.gaps, tally.broken, tally.misplaced);
            ensure!(faults == (0, 0, 0, 0), "dropped, gaps, broken, misplaced: {faults:?}; {:?}", crowd.reasons());
            self.lines += tally.lines;
        }
        Ok(())
    }

    /// Waits until handles are as `before`, or, without that, until nothing is watched and they stay as they are; what they
    /// are.
    fn settled(&self, before: Option<Handles>) -> anyhow::Result<Handles> {
        let until = Instant::now() + SETTLE;
        let mut last = Handles::of(self.server.pid());
        while Instant::now() < until {
            thread::sleep(Duration::from_secs(1));
            let now = Handles::of(self.server.pid());
            let viewers = self.server.metric("taillight_viewers").context("the server does not answer")?;
            if viewers == 0 && before.map_or(now == last && now.watches == 0, |before| now == before) {
                return Ok(now);
            }
            last = now;
        }
        bail!("handles do not come back: {last:?}, before {before:?}")
    }
}

/// Set when this process is asked to end.
fn until_signalled() -> anyhow::Result<Arc<AtomicBool>> {
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            let _ = tokio::signal::ctrl_c().await;
            flag.store(true, Ordering::Relaxed);
            say("ending after this round");
        });
    });
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_found_and_judged() {
        let flat: Vec<_> = (0..40).map(|n| (f64::from(n) / 10.0, 50e6 + f64::from(n % 3) * 1e5)).collect();
        let steep: Vec<_> = (0..40).map(|n| (f64::from(n) / 10.0, 50e6 + f64::from(n) * 1e6)).collect();
        assert!(slope(&flat).abs() < 1e5 && (slope(&steep) - 10e6).abs() < 1.0);
        assert!(verdict(&flat).is_ok() && verdict(&steep).is_err() && verdict(&[]).is_err());
    }
}
