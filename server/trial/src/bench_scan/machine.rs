//! What this machine can do at most, and whether it does anything else meanwhile.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use memchr::memmem;
use regex_automata::meta::Regex;

use crate::bench::report::say;

/// How much is read at once: fits a part of a second-level cache.
const READ_BYTES: usize = 256 * 1024;

/// How much a thread takes at a time.
const SPAN_BYTES: u64 = 4 * 1024 * 1024;

/// How long what needs no file is measured.
const TIME: Duration = Duration::from_millis(200);

/// How often what needs the file is measured: the best counts.
const ROUNDS: usize = 5;

/// A run that lost more of its processors to other machines is not believed.
const MAX_STEAL: f64 = 0.02;

/// Nor is one during which others took more of a processor.
const MAX_OTHERS: f64 = 0.1;

/// Limits in bytes a second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Copying the file from the page cache, by one thread and by one for each processor.
    pub copy: [f64; 2],
    /// Of one thread over bytes in its second-level cache: counting line feeds, looking for a literal, running a DFA.
    pub feeds: f64,
    /// A literal.
    pub literal: f64,
    /// A regex without a literal.
    pub dfa: f64,
}

impl Limits {
    /// Measures them with that file, which is in the page cache, and prints them.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn measure(path: &Path) -> anyhow::Result<Self> {
        let mut head = vec![0; READ_BYTES];
        File::open(path)?.read_exact(&mut head)?;
        let finder = memmem::Finder::new(super::workload::NONE);
        let regex = Regex::new(r"[A-Za-z]{30}").context("the regex of the limits")?;
        let limits = Self {
            copy: [copied(path, 1)?, copied(path, processors())?],
            feeds: rate(&head, |bytes| memchr::memchr_iter(b'\n', bytes).count()),
            literal: rate(&head, |bytes| finder.find_iter(bytes).count()),
            dfa: rate(&head, |bytes| regex.find_iter(bytes).count()),
        };
        let [one, all] = limits.copy.map(gigabytes);
        say(&format!(
            "limits: copy from the page cache in reads of 256 KiB {one:.1} GB/s by one thread, {all:.1} by all"
        ));
        let [feeds, literal, dfa] = [limits.feeds, limits.literal, limits.dfa].map(gigabytes);
        say(&format!(
            "        in the cache, one thread: line feeds {feeds:.1} GB/s, a literal {literal:.1}, a DFA {dfa:.2}"
        ));
        Ok(limits)
    }

    /// The least time that these bytes take when they must be copied and, by all threads, looked at this fast.
    pub fn least_secs(&self, bytes: u64, engine: f64) -> f64 {
        let bytes = bytes as f64;
        (bytes / self.copy[1].max(1.0)).max(bytes / (engine * processors() as f64).max(1.0))
    }
}

/// How many processors there are.
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn copied(path: &Path, threads: usize) -> io::Result<f64> {
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let (next, began) = (AtomicU64::new(0), Instant::now());
        let work = || -> io::Result<()> {
            let mut buf = vec![0; READ_BYTES];
            loop {
                let from = next.fetch_add(SPAN_BYTES, Ordering::Relaxed);
                let to = (from + SPAN_BYTES).min(len);
                let mut at = from;
                while at < to {
                    at += file.read_at(&mut buf, at)?.max(1) as u64;
                    black_box(&mut buf);
                }
                if to >= len {
                    return Ok(());
                }
            }
        };
        thread::scope(|scope| {
            let helpers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            helpers.into_iter().try_for_each(|helper| helper.join().unwrap_or(Err(io::ErrorKind::Other.into())))
        })?;
        best = best.min(began.elapsed().as_secs_f64());
    }
    Ok(len as f64 / best.max(1e-9))
}

fn rate(bytes: &[u8], mut look: impl FnMut(&[u8]) -> usize) -> f64 {
    let (began, mut n) = (Instant::now(), 0_usize);
    while began.elapsed() < TIME {
        black_box(look(black_box(bytes)));
        n += 1;
    }
    (n * bytes.len()) as f64 / began.elapsed().as_secs_f64()
}

fn gigabytes(rate: f64) -> f64 {
    rate / 1e9
}

/// Watches what else the processors do.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    began: Instant,
    all: u64,
    busy: u64,
    steal: u64,
    own: u64,
}

/// What else they did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Noise {
    /// The share of the time that other machines took.
    pub steal: f64,
    /// How much of one processor others took.
    pub others: f64,
}

impl Watch {
    /// From now on.
    pub fn start() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        let fields = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
        let times: Vec<u64> = fields.take(8).filter_map(|field| field.parse().ok()).collect();
        let of = |idx: usize| times.get(idx).copied().unwrap_or(0);
        let busy = of(0) + of(1) + of(2) + of(5) + of(6);
        Self { began: Instant::now(), all: times.iter().sum(), busy, steal: of(7), own: own_ticks() }
    }

    /// Since then.
    pub fn noise(&self) -> Noise {
        let now = Self::start();
        let ticks = self.began.elapsed().as_secs_f64() * rustix::param::clock_ticks_per_second() as f64;
        let others = (now.busy - self.busy).saturating_sub(now.own - self.own);
        let steal = (now.steal - self.steal) as f64 / ((now.all - self.all) as f64).max(1.0);
        Noise { steal, others: others as f64 / ticks.max(1.0) }
    }
}

impl Noise {
    /// Whether what was measured meanwhile is not to be believed.
    pub fn is_loud(self) -> bool {
        self.steal > MAX_STEAL || self.others > MAX_OTHERS
    }
}

/// The time of this process and of those that it has waited for.
fn own_ticks() -> u64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    // From the third field of proc(5) on: utime, stime, cutime and cstime begin at the 14th.
    fields.skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// The load of the last minute, as the system tells it.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

/// How much of the disk that a folder is on is free, in bytes.
///
/// # Errors
/// When the system does not tell.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let facts = rustix::fs::statvfs(folder)?;
    Ok(facts.f_bavail.saturating_mul(facts.f_frsize))
}
