//! One round: a fresh server over a fresh file, viewers that gather, bursts that are measured.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::peer::Peer;
use crate::crowd::appender::{Appender, Log};
use crate::crowd::lines::Clock;
use crate::crowd::usage::{self, Usage};
use crate::crowd::viewer::Role;
use crate::crowd::{Crowd, Spec};
use crate::figures;
use crate::folder::Folder;

/// Lines that are in the file before anybody comes.
const LINES_BEFORE: usize = 1_000;

/// How long viewers may take to gather.
const GATHERING: Duration = Duration::from_secs(25);

/// How long the last lines may take to arrive.
const DRAIN: Duration = Duration::from_secs(3);

/// How long who is behind may go on delivering before its fan-out is judged.
const FAN_OUT_DRAIN: Duration = Duration::from_secs(8);

/// One burst that fills the buffers of those who do not read, in bytes.
const FLOOD_BYTES: usize = 64_000;

/// The pause between two of them, in which those who read do so.
const FLOOD_PAUSE: Duration = Duration::from_millis(20);

/// Bursts of a size, how often, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Each burst, in bytes.
    pub bytes: usize,
    /// About how often one is appended.
    pub interval: Duration,
    /// For how long.
    pub time: Duration,
}

/// What a round measures.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Those who read.
    pub viewers: usize,
    /// Those who stop reading once they are taken in.
    pub stalled: usize,
    /// How many bursts of 64 KB are appended first.
    pub flood: usize,
    /// From the append to the arrival.
    pub latency: Option<Window>,
    /// Bytes for each second of the server's processor time.
    pub fan_out: Option<Window>,
}

/// Memory that each viewer costs, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct PerViewer {
    /// Of the server and what it has started.
    pub server: f64,
    /// Waiting in the kernel to be sent to them.
    pub unsent: f64,
    /// Of the kernel's socket buffers, both ends.
    pub kernel: f64,
}

/// How old lines were when they arrived.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// The median.
    pub p50: Duration,
    /// One in a hundred was older.
    pub p99: Duration,
    /// The oldest.
    pub most: Duration,
    /// Whether everything had arrived soon after the last append.
    pub kept_up: bool,
}

/// What was delivered, and what it cost the server.
#[derive(Clone, Copy, Debug)]
pub struct FanOut {
    /// Megabytes of lines.
    pub megabytes: f64,
    /// Seconds of the clock.
    pub time: f64,
    /// Seconds of the server's processor time, and of all that it has started.
    pub cpu: f64,
}

/// What a round has measured.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How many viewers were taken in.
    pub ready: usize,
    /// How many were wanted.
    pub wanted: usize,
    /// Why others were not, or are gone.
    pub why: Vec<String>,
    /// How long gathering took.
    pub gathered: Duration,
    /// Memory of the server before anybody came, in bytes.
    pub memory_before: u64,
    /// Memory of the server when all had gathered, or after the flood where some stall.
    pub memory: u64,
    /// What a viewer costs: an idle one, or a stalled one where some stall.
    pub each: PerViewer,
    /// Memory of the server at its end, in bytes.
    pub memory_active: u64,
    /// When it was measured and all had come.
    pub latency: Option<Latency>,
    /// When it was measured and all had come.
    pub fan_out: Option<FanOut>,
    /// Readers that were dropped.
    pub dropped: usize,
    /// Lines that were missing, doubled, torn or misplaced.
    pub faults: u64,
}

impl Plan {
    /// So many readers, and nothing measured yet but their memory.
    pub fn readers(viewers: usize) -> Self {
        Self { viewers, stalled: 0, flood: 0, latency: None, fan_out: None }
    }

    /// With windows of a second, if `is_quick`.
    pub fn shortened(mut self, is_quick: bool) -> Self {
        for window in [&mut self.latency, &mut self.fan_out].into_iter().flatten().filter(|_| is_quick) {
            window.time = Duration::from_secs(1);
        }
        self
    }
}

impl FanOut {
    /// Megabytes for each second of processor time.
    pub fn per_cpu(&self) -> f64 {
        self.megabytes / self.cpu.max(0.01)
    }
}

/// Runs one round.
///
/// # Errors
/// When the server does not start, or the machine does not give what viewers need.
pub fn run(peer: &Peer, plan: &Plan) -> anyhow::Result<Outcome> {
    let folder = Folder::new()?;
    let clock = Clock::start();
    let mut log = Log::create(&folder.join("app.log"), clock, LINES_BEFORE)?;
    let server = peer.start(folder.path(), "app.log").with_context(|| format!("{} does not start", peer.name()))?;
    let (pid, port) = (server.pid(), server.addr.port());
    let before = Usage::of_tree(pid);
    let kernel_before = figures::tcp_memory()?;
    let spec =
        Spec { stalled: plan.stalled, patience: GATHERING, ..Spec::readers(server.addr, server.speech, plan.viewers) };
    let wanted = spec.total();
    let began = Instant::now();
    let mut crowd = Crowd::gather(spec, clock)?;
    let gathered = began.elapsed();
    for _ in 0..plan.flood {
        log.burst(FLOOD_BYTES)?;
        crowd.run(FLOOD_PAUSE)?;
    }
    let next = log.next();
    crowd.run_until(DRAIN, |crowd| plan.flood == 0 || crowd.has_all(next))?;
    // Servers tidy up a moment after they were busy.
    crowd.run(Duration::from_millis(300))?;
    let usage = Usage::of_tree(pid);
    let n = if plan.stalled > 0 { plan.stalled } else { crowd.n_ready() }.max(1) as f64;
    let each = PerViewer {
        server: usage.memory.saturating_sub(before.memory) as f64 / n,
        unsent: usage::unsent_bytes(port).0 as f64 / n,
        kernel: figures::tcp_memory()?.saturating_sub(kernel_before) as f64 / n,
    };
    let mut outcome = Outcome {
        ready: crowd.n_ready(),
        wanted,
        why: Vec::new(),
        gathered,
        memory_before: before.memory,
        memory: usage.memory,
        each,
        memory_active: 0,
        latency: None,
        fan_out: None,
        dropped: 0,
        faults: 0,
    };
    if outcome.is_complete() {
        if let Some(window) = plan.latency {
            outcome.latency = Some(latency(&mut crowd, &mut log, window)?);
        }
        if let Some(window) = plan.fan_out {
            outcome.fan_out = Some(fan_out(&mut crowd, log, window, pid)?);
        }
    }
    outcome.end(&crowd, pid);
    Ok(outcome)
}

impl Outcome {
    /// Whether all viewers were taken in.
    pub fn is_complete(&self) -> bool {
        self.ready >= self.wanted
    }

    fn end(&mut self, crowd: &Crowd, pid: u32) {
        let tally = crowd.tally();
        self.memory_active = Usage::of_tree(pid).memory;
        self.dropped = crowd.n_gone_of(Role::Reads);
        self.faults = tally.gaps + tally.broken + tally.misplaced;
        self.why = crowd.reasons().iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    }
}

fn latency(crowd: &mut Crowd, log: &mut Log, window: Window) -> anyhow::Result<Latency> {
    crowd.measure();
    let appender = Appender::start(log.again()?, window.bytes, window.interval);
    crowd.run(window.time)?;
    *log = appender.stop()?;
    let next = log.next();
    let kept_up = crowd.run_until(DRAIN, |crowd| crowd.has_all(next))?;
    let ages = &crowd.tally().latency;
    Ok(Latency { p50: ages.percentile(0.5), p99: ages.percentile(0.99), most: ages.most(), kept_up })
}

fn fan_out(crowd: &mut Crowd, log: Log, window: Window, pid: u32) -> anyhow::Result<FanOut> {
    let (began, cpu, bytes) = (Instant::now(), Usage::of_tree(pid).cpu, crowd.tally().bytes());
    let appender = Appender::start(log, window.bytes, window.interval);
    crowd.run(window.time)?;
    // Who is behind has done work for lines that have not arrived: they count for it too.
    let next = appender.stop()?.next();
    crowd.run_until(FAN_OUT_DRAIN, |crowd| crowd.has_all(next))?;
    let time = began.elapsed().as_secs_f64();
    let cpu = (Usage::of_tree(pid).cpu - cpu).as_secs_f64();
    let megabytes = (crowd.tally().bytes() - bytes) as f64 / 1e6;
    Ok(FanOut { megabytes, time, cpu })
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_complete() {
            write!(f, "ONLY {} of {} were taken in within {:.0?}; ", self.ready, self.wanted, self.gathered)?;
        }
        let [before, now, active] =
            [self.memory_before, self.memory, self.memory_active].map(|bytes| bytes as f64 / 1e6);
        write!(f, "{before:.0} MB empty, {now:.0} MB with all of them, {active:.0} MB at the end")?;
        if let Some(Latency { p50, p99, most, kept_up }) = self.latency {
            write!(f, "; p50 {p50:.1?}, p99 {p99:.1?}, max {most:.1?}")?;
            f.write_str(if kept_up { "" } else { ", DID NOT KEEP UP" })?;
        }
        if let Some(fan_out) = self.fan_out {
            let FanOut { megabytes, time, cpu } = fan_out;
            write!(
                f,
                "; {megabytes:.0} MB in {time:.1} s with {cpu:.2} s of processor: {:.0} MB per CPU-second",
                fan_out.per_cpu()
            )?;
        }
        if self.dropped > 0 || self.faults > 0 {
            write!(f, "; {} DROPPED, {} FAULTS", self.dropped, self.faults)?;
        }
        if !self.why.is_empty() {
            write!(f, " ({})", self.why.join(", "))?;
        }
        Ok(())
    }
}
