//! One writer: a thread with a handle of its own.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::{Line, Plan, Shared};

/// How often a writer with a rate writes.
const TICK: Duration = Duration::from_millis(4);

/// A write of many lines, in bytes, at most.
const BATCH_BYTES: usize = 16 * 1024;

/// What a writer has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Who.
    pub writer: u8,
    /// The number of its first line.
    pub first: u64,
    /// The number of its last line; one less than the first when there is none.
    pub last: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// A writer that was not started yet.
pub(super) struct Writer {
    path: PathBuf,
    append: bool,
    reopen: bool,
    creates: bool,
    partial: bool,
    rate: u64,
    /// The number after its last line.
    end: Option<u64>,
    file: File,
    inode: u64,
    next: u64,
    done: Written,
    /// The end of a line that is written with the next ones.
    held: Vec<u8>,
    random: SmallRng,
    shared: Arc<Shared>,
}

impl Writer {
    pub(super) fn new(plan: &Plan, nth: u8, shared: Arc<Shared>) -> anyhow::Result<Self> {
        let file = open(&plan.path, plan.append).with_context(|| format!("cannot open {}", plan.path.display()))?;
        let writer = plan.first_writer.wrapping_add(nth);
        Ok(Self {
            path: plan.path.clone(),
            append: plan.append,
            reopen: plan.reopen,
            creates: plan.creates,
            partial: plan.partial && plan.writers <= 1,
            rate: plan.rate / u64::from(plan.writers.max(1)),
            end: plan.lines.map(|lines| plan.first + lines),
            inode: file.metadata()?.ino(),
            file,
            next: plan.first,
            done: Written { writer, first: plan.first, last: plan.first.wrapping_sub(1), bytes: 0 },
            held: Vec::new(),
            random: SmallRng::seed_from_u64(u64::from(writer) ^ plan.first),
            shared,
        })
    }

    pub(super) fn run(mut self) -> anyhow::Result<Written> {
        let start = Instant::now();
        let mut batch = Vec::with_capacity(BATCH_BYTES * 2);
        while !self.is_over() {
            // What a writer is behind after a pause of the machine is made up for.
            let due = if self.rate == 0 { BATCH_BYTES } else { due_now(start, self.rate, self.done.bytes) };
            if due == 0 {
                thread::sleep(TICK);
                continue;
            }
            batch.clear();
            let n_lines = self.fill(&mut batch, due.min(if self.partial { 200 } else { BATCH_BYTES }));
            self.put(&batch, n_lines)?;
        }
        self.file.write_all(&self.held)?;
        Ok(self.done)
    }

    fn is_over(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed) || self.end.is_some_and(|end| self.next >= end)
    }

    /// Makes lines of `due` bytes or a little more, and says how many.
    fn fill(&mut self, batch: &mut Vec<u8>, due: usize) -> u64 {
        let from = self.next;
        while batch.len() < due && self.end.is_none_or(|end| self.next < end) {
            Line { writer: self.done.writer, number: self.next }.write(batch);
            self.next += 1;
        }
        self.next - from
    }

    /// Writes the lines, and looks whether the name has another file now.
    fn put(&mut self, batch: &[u8], n_lines: u64) -> anyhow::Result<()> {
        if self.partial {
            self.put_in_pieces(batch)?;
        } else {
            self.file.write_all(batch)?;
        }
        self.done.last = self.next - 1;
        self.done.bytes += batch.len() as u64;
        self.shared.bytes.fetch_add(batch.len() as u64, Ordering::Relaxed);
        self.shared.lines.fetch_add(n_lines, Ordering::Relaxed);
        // A line that was begun in the old file ends there.
        if self.reopen && self.held.is_empty() {
            self.follow_the_name()?;
        }
        Ok(())
    }

    /// Writes what was held back, and the lines but for a piece of the last one, which is held back.
    fn put_in_pieces(&mut self, batch: &[u8]) -> io::Result<()> {
        self.held.extend_from_slice(batch);
        let n_kept = self.random.random_range(0..40.min(self.held.len()));
        while self.held.len() > n_kept {
            let len = self.random.random_range(1..=self.held.len() - n_kept);
            self.file.write_all(&self.held[..len])?;
            self.held.drain(..len);
        }
        Ok(())
    }

    fn follow_the_name(&mut self) -> io::Result<()> {
        let is_ours = match self.path.metadata() {
            Ok(now) => now.ino() == self.inode,
            Err(error) if error.kind() == io::ErrorKind::NotFound => !self.creates,
            Err(error) => return Err(error),
        };
        if !is_ours {
            self.file = open(&self.path, self.append)?;
            self.inode = self.file.metadata()?.ino();
            self.shared.reopened.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// How many bytes are due, at a rate per second since `start`.
fn due_now(start: Instant, rate: u64, written: u64) -> usize {
    (start.elapsed().as_secs_f64() * rate as f64 - written as f64).max(0.0) as usize
}

fn open(path: &std::path::Path, append: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true);
    if append {
        options.append(true)
    } else {
        options.write(true).truncate(false)
    };
    options.open(path)
}
