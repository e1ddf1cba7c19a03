//! `trial bench-scan`: how fast lines are counted, found and filtered, beside the programs that do the same.
//!
//! One file for all of them, in the page cache, made here ([`workload`]); every row checks that all come to the same
//! count. Who needs fewer turns, or a smaller file, says so in its row. The file with colours makes this program look at
//! clean text, which the others do not; the plain file is the fair comparison, and both are measured.

pub mod contest;
pub mod inside;
pub mod machine;
pub mod programs;
pub mod targets;
pub mod workload;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Parser;

use crate::bench::report::{exit, say};
use crate::figures::{memory, percentile, read_bytes};
use crate::folder::Folder;
use contest::{Effort, Row, Way};
use inside::Inside;
use machine::{Limits, Watch};
use programs::{Peers, Question};
use targets::Targets;
use workload::Planted;

/// Text without a literal to look for: thirty letters in a row.
const NO_LITERAL: &str = "[A-Za-z]{30}";

/// Memory of a line index, and of a view, in bytes for each gigabyte, at most.
const INDEX_WEIGHT: f64 = 65_000.0;
const VIEW_WEIGHT: f64 = 40_000.0;

/// Measures searching, beside other programs.
#[derive(Debug, Parser)]
#[command(name = "trial bench-scan")]
struct Args {
    /// A ripgrep to compare with; may be given several times.
    #[arg(long, value_name = "NAME=PROGRAM")]
    ripgrep: Vec<String>,
    /// lnav; left out without it.
    #[arg(long, value_name = "PROGRAM")]
    lnav: Option<PathBuf>,
    /// The length of the searched file.
    #[arg(long, value_name = "MB", default_value_t = 2_000)]
    megabytes: u64,
    /// How many turns each program has in a row.
    #[arg(long, value_name = "N", default_value_t = 11)]
    turns: usize,
    /// A small file and few turns: whether the benchmark works, not what it measures.
    #[arg(long)]
    quick: bool,
}

/// Everything that rows need.
struct Bench {
    peers: Peers,
    limits: Limits,
    effort: Effort,
    targets: Targets,
}

/// A file and what is in it.
struct Log {
    path: PathBuf,
    planted: Planted,
    /// In the names of rows.
    name: &'static str,
}

/// Measures and prints. `args` begin with the command's name.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    exit(run(&Args::parse_from(args)))
}

fn run(args: &Args) -> anyhow::Result<()> {
    let began = Instant::now();
    let megabytes = if args.quick { 100 } else { args.megabytes };
    let turns = if args.quick { 3 } else { args.turns };
    let time = Duration::from_secs(if args.quick { 1 } else { 20 });
    let folder = Folder::new()?;
    let plain = Log::make(&folder, "plain", megabytes)?;
    let coloured = Log::make(&folder, "coloured", megabytes)?;
    let small = Log::make(&folder, "small", megabytes.min(100))?;
    let lines = plain.planted.lines;
    say(&format!("processors: {}, load {}", machine::processors(), machine::load()));
    say(&format!(
        "workload: {megabytes} MB, {lines} lines, hot: read once before; plain, and with escapes in 5 % of lines"
    ));
    let watch = Watch::start();
    let limits = Limits::measure(&plain.path)?;
    let noise = watch.noise();
    say(&format!(
        "        meanwhile: steal {:.1} %, other processes {:.1} % of a processor{}",
        noise.steal * 100.0,
        noise.others * 100.0,
        if noise.is_loud() { ": NOISY" } else { "" }
    ));
    let effort = Effort { turns, time };
    let mut bench = Bench { peers: peers(args)?, limits, effort, targets: Targets::default() };
    bench.lines(&plain, &small)?;
    bench.second_start(&plain, &folder)?;
    bench.counts(&plain)?;
    bench.coloured(&coloured)?;
    bench.filters(&plain, &folder)?;
    bench.answers(&plain, &small)?;
    bench.cold(&plain)?;
    bench.weights(&plain)?;
    bench.targets.print();
    say(&format!("\nall of it took {} s, load {}", began.elapsed().as_secs(), machine::load()));
    Ok(())
}

fn peers(args: &Args) -> anyhow::Result<Peers> {
    let mut peers = Peers { ripgreps: Vec::new(), lnav: args.lnav.clone() };
    for given in &args.ripgrep {
        let (name, program) = given.split_once('=').ok_or_else(|| anyhow::anyhow!("--ripgrep takes NAME=PROGRAM"))?;
        peers.ripgreps.push((name.to_owned(), PathBuf::from(program)));
    }
    if peers.ripgreps.is_empty() {
        say("NOT COMPARED with ripgrep: none was given");
    }
    Ok(peers)
}

impl Log {
    fn make(folder: &Folder, name: &'static str, megabytes: u64) -> anyhow::Result<Self> {
        let path = folder.join(&format!("{name}.log"));
        let bytes = megabytes * 1_000_000;
        let free = machine::free_bytes(folder.path())?;
        // All three files, and the largest output.
        ensure!(free > bytes * 4, "only {} MB free in {}", free / 1_000_000, folder.path().display());
        let planted = workload::write(&path, bytes, name == "coloured")?;
        Ok(Self { path, planted, name })
    }

    fn bytes(&self) -> u64 {
        self.planted.bytes
    }
}

impl Bench {
    fn row(&self, log: &Log, what: &str, expected: Option<u64>, ways: &mut [Way<'_>]) -> anyhow::Result<Row> {
        contest::run(&format!("{what} ({})", log.name), expected, log.bytes(), self.effort, ways)
    }

    /// Ours beside every ripgrep, and GNU grep where `grep`.
    fn against(
        &self,
        log: &Log,
        what: &str,
        expected: Option<u64>,
        question: &Question,
        grep: bool,
    ) -> anyhow::Result<Row> {
        let mut ways = vec![programs::ours(question, &log.path)?];
        ways.extend(self.peers.ripgrep(question, &log.path)?);
        if grep {
            ways.push(programs::grep(question, &log.path));
        }
        self.row(log, what, expected, &mut ways)
    }

    /// How many times as fast as the fastest ripgrep.
    fn beside_ripgrep(&mut self, what: &str, row: &Row, target: f64, aim: Option<f64>) -> anyhow::Result<()> {
        match row.fastest("ripgrep") {
            Some(theirs) => self.targets.at_least(&loud(what, row), theirs / row.ms("taillight")?, target, aim),
            None => self.targets.not_measured(what, "there is no ripgrep"),
        }
        Ok(())
    }

    fn eta(&self, row: &Row, log: &Log, engine: f64) -> anyhow::Result<()> {
        let least = self.limits.least_secs(log.bytes(), engine) * 1e3;
        say(&format!("  eta {:.2}: the machine's limit is {least:.0} ms", least / row.ms("taillight")?));
        Ok(())
    }

    fn lines(&mut self, log: &Log, small: &Log) -> anyhow::Result<()> {
        let inside = Inside::new(&log.path)?;
        let mut ways = [inside.index_way(), programs::wc(&log.path)];
        let row = self.row(log, "line index", Some(log.planted.lines), &mut ways)?;
        self.eta(&row, log, self.limits.feeds)?;
        let rate = log.bytes() as f64 / row.ms("taillight")?;
        self.targets.at_least(
            &loud("line index, times wc -l", &row),
            row.ms("wc -l")? / row.ms("taillight")?,
            1.3,
            None,
        );
        match self.peers.lnav.clone() {
            Some(program) => {
                let effort = Effort { turns: 3, time: Duration::ZERO };
                let mut ways = [programs::lnav(&program, &small.path)];
                let row = contest::run("lnav opens (100 MB, counts entries)", None, small.bytes(), effort, &mut ways)?;
                let times = rate * row.ms("lnav")? / small.bytes() as f64;
                self.targets.at_least("line index, times lnav's rate on 100 MB", times, 30.0, None);
            }
            None => self.targets.not_measured("line index beside lnav", "it is not here"),
        }
        Ok(())
    }

    /// The line index of a file whose counts an earlier start has kept.
    fn second_start(&mut self, log: &Log, folder: &Folder) -> anyhow::Result<()> {
        let inside = Inside::new(&log.path)?;
        let mut first = inside.index_way();
        "taillight, first start".clone_into(&mut first.name);
        let mut ways = [inside.second_start_way(&folder.join("kept"))?, first, programs::wc(&log.path)];
        self.row(log, "line index of a second start", Some(log.planted.lines), &mut ways)?;
        let before = read_bytes(std::process::id())?;
        (ways[0].run)()?;
        let read = read_bytes(std::process::id())? - before;
        self.targets.at_most("second start, MB that are read", read as f64 / 1e6, 1.0);
        Ok(())
    }

    fn counts(&mut self, log: &Log) -> anyhow::Result<()> {
        let planted = |needle: &str| Some(log.planted.of(needle));
        let literal = Question::literal(workload::THOUSANDTH);
        let row = self.against(log, "literal, 0.1 %", planted(workload::THOUSANDTH), &literal, true)?;
        self.eta(&row, log, self.limits.literal)?;
        self.beside_ripgrep("literal 0.1 %, times ripgrep", &row, 1.0, Some(1.5))?;
        let grep = row.ms("GNU grep")? / row.ms("taillight")?;
        self.targets.at_least(&loud("literal 0.1 %, times GNU grep", &row), grep, 5.0, None);
        for (what, needle) in [
            ("literal, one in a million", workload::RARE),
            ("literal, last line", workload::LAST),
            ("literal, nowhere", workload::NONE),
        ] {
            let row = self.against(log, what, planted(needle), &Question::literal(needle), false)?;
            self.beside_ripgrep(&format!("{what}, times ripgrep"), &row, 1.0, Some(1.5))?;
        }
        let any_case = Question::any_case(workload::ANY_CASE);
        let row = self.against(log, "in any case, 0.1 %", planted(workload::ANY_CASE), &any_case, false)?;
        self.beside_ripgrep("in any case, times ripgrep", &row, 1.3, Some(2.0))?;
        let alternation = [workload::THOUSANDTH, workload::RARE, "status=503"].join("|");
        self.against(log, "alternation", None, &Question::regex(&alternation), false)?;
        self.against(log, "regex with a literal", None, &Question::regex("status=50[0-9] took=[0-9]+ms"), false)?;
        let row = self.against(log, "regex without a literal", None, &Question::regex(NO_LITERAL), false)?;
        self.eta(&row, log, self.limits.dfa)?;
        self.beside_ripgrep("regex without a literal, times ripgrep", &row, 1.7, None)
    }

    /// The same where lines must be cleaned first. No target is set for it: nobody else does that.
    fn coloured(&mut self, log: &Log) -> anyhow::Result<()> {
        let planted = |needle: &str| Some(log.planted.of(needle));
        let literal = Question::literal(workload::THOUSANDTH);
        self.against(log, "literal, 0.1 %", planted(workload::THOUSANDTH), &literal, false)?;
        let any_case = Question::any_case(workload::ANY_CASE);
        self.against(log, "in any case, 0.1 %", planted(workload::ANY_CASE), &any_case, false)?;
        self.against(log, "literal, 10 %", planted(workload::TENTH), &Question::literal(workload::TENTH), false)?;
        self.against(log, "regex without a literal", None, &Question::regex(NO_LITERAL), false)?;
        Ok(())
    }

    fn filters(&mut self, log: &Log, folder: &Folder) -> anyhow::Result<()> {
        let inside = Inside::new(&log.path)?;
        let query = |needle: &str| Question::literal(needle).query;
        let [rare, dense] = [(workload::THOUSANDTH, "view of 0.1 %"), (workload::TENTH, "view of 10 %")];
        // In one row, so that both meet the same machine; they count different things.
        let mut ways = [
            inside.view_way(rare.1, &query(rare.0)).of_another_count(),
            inside.view_way(dense.1, &query(dense.0)).of_another_count(),
        ];
        let row = self.row(log, "filter, counted to the end in the server", None, &mut ways)?;
        let times = row.ms(dense.1)? / row.ms(rare.1)?;
        self.targets.at_most(&loud("filter at 10 %, times that at 0.1 %", &row), times, 1.2);
        for (needle, what) in [rare, dense] {
            let mut ways = [inside.view_way("taillight", &query(needle))];
            let effort = Effort { turns: 1, time: Duration::ZERO };
            contest::run(&format!("{what}: its count"), Some(log.planted.of(needle)), log.bytes(), effort, &mut ways)?;
        }
        for (needle, _) in [rare, dense] {
            let out = folder.join("printed");
            let mut ways = programs::printers(&self.peers, &Question::literal(needle), &log.path, &out)?;
            let what = format!("'{needle}' printed into a file");
            let row = self.row(log, &what, Some(log.planted.of(needle)), &mut ways)?;
            if let Some(theirs) = row.fastest("ripgrep") {
                say(&format!("  {:.2} times as fast as ripgrep", theirs / row.ms("taillight")?));
            }
        }
        Ok(())
    }

    fn answers(&mut self, log: &Log, small: &Log) -> anyhow::Result<()> {
        let times = if self.effort.turns < 5 { 5 } else { 40 };
        let query = Question::literal(workload::THOUSANDTH).query;
        say("\nfirst 60 hits at 0.1 % and their view, from the query's text on, in ms:");
        for log in [small, log] {
            let inside = Inside::new(&log.path)?;
            for (place, middle) in [("start", false), ("middle", true)] {
                let took = inside.first_screens(&query, middle, times)?;
                let what = format!("{} MB, from the {place}", log.bytes() / 1_000_000);
                tell(&what, &took);
                let what = format!("first 60 hits, {what}, p99 in ms");
                self.targets.at_most(&what, millis(percentile(&took, 0.99)), 10.0);
            }
        }
        let inside = Inside::new(&log.path)?;
        let slow = Question::regex(NO_LITERAL).query;
        say("\na superseded query, a regex without a literal, in ms:");
        let cancelled = inside.cancel(&slow, times.min(20))?;
        tell("all threads free", &cancelled.free);
        tell("processor time after 5 ms", &cancelled.after);
        self.targets.at_most("superseded query idle, slowest, in ms", millis(percentile(&cancelled.free, 1.0)), 5.0);
        let after = millis(percentile(&cancelled.after, 0.5));
        self.targets.at_most("its processor time later than 5 ms, in ms", after, 0.5);
        say("\npages of 60 lines anywhere in the file, in ms:");
        let times = times * 50;
        tell("alone", &inside.pages(None, times)?);
        for (what, query) in [("a literal", &query), ("a regex without a literal", &slow)] {
            let took = inside.pages(Some(query), times)?;
            tell(&format!("while {what} is searched"), &took);
            let what = format!("pages while {what} is searched, p99 in ms");
            self.targets.at_most(&what, millis(percentile(&took, 0.99)), 5.0);
        }
        let took = inside.lines(times)?;
        tell("at a line's number", &took);
        let mut ways = [programs::sed(log.planted.lines / 2, &log.path)];
        let effort = Effort { turns: 3, time: Duration::ZERO };
        let row = contest::run("line in the middle of the file", None, log.bytes(), effort, &mut ways)?;
        let times = row.ms("sed -n Np")? / millis(percentile(&took, 0.5)).max(1e-6);
        self.targets.at_least("go to line, times sed -n Np", times, 1_000.0, None);
        Ok(())
    }

    /// From a disk, as far as this machine has one to wait for.
    fn cold(&mut self, log: &Log) -> anyhow::Result<()> {
        let inside = Inside::new(&log.path)?;
        let (mut index, mut wc) = (inside.index_way(), programs::wc(&log.path));
        let cold = |way: &mut Way<'_>| {
            inside::forget(&log.path)?;
            (way.run)()
        };
        let mut ways = [Way::timed("taillight", || cold(&mut index)), Way::timed("wc -l", || cold(&mut wc))];
        let effort = Effort { turns: 3, time: Duration::from_secs(15) };
        contest::run("line index, cold", Some(log.planted.lines), log.bytes(), effort, &mut ways)?;
        Ok(())
    }

    fn weights(&mut self, log: &Log) -> anyhow::Result<()> {
        let inside = Inside::new(&log.path)?;
        let weight = inside.weigh(&Question::literal(workload::TENTH).query)?;
        say("\nmemory in bytes for each GB of log, of 40 at once:");
        say(&format!("  line index {:.0}, view of 10 % {:.0}", weight.index, weight.view));
        self.targets.at_most("line index, MB for each GB", weight.index / 1e6, INDEX_WEIGHT / 1e6);
        self.targets.at_most("view of 10 %, MB for each GB", weight.view / 1e6, VIEW_WEIGHT / 1e6);
        let memory = memory(std::process::id())?;
        say(&format!("  this process: {} MB, at most {} MB", memory.rss / 1_000_000, memory.peak_rss / 1_000_000));
        Ok(())
    }
}

fn loud(what: &str, row: &Row) -> String {
    if row.is_loud() { format!("{what} [NOISY]") } else { what.to_owned() }
}

fn tell(what: &str, sorted: &[Duration]) {
    let [p50, p99, most] = [0.5, 0.99, 1.0].map(|share| millis(percentile(sorted, share)));
    say(&format!("  {what:<44} p50 {p50:>7.3}  p99 {p99:>7.3}  max {most:>7.3}  ({} times)", sorted.len()));
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
