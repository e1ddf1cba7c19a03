//! A writer whose lines prove themselves: which writer, which number, and a checksum over both and the rest.
//!
//! As a thread ([`Storm`]) and as a process (`trial storm`) it does the same.

mod line;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use anyhow::anyhow;

pub use line::Line;
pub use writer::Written;

/// What is written, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The file. It is made when it is missing.
    pub path: PathBuf,
    /// Bytes per second of all writers together; 0 for as many as can be.
    pub rate: u64,
    /// How many writers share the file, numbered from `first_writer`. More than one write whole lines only.
    pub writers: u8,
    /// The number of the first writer.
    pub first_writer: u8,
    /// The number of each writer's first line.
    pub first: u64,
    /// How many lines each writer writes; `None` until it is ended.
    pub lines: Option<u64>,
    /// Whether the file is opened for appending. Otherwise each writer keeps its place, and a truncation leaves a hole.
    pub append: bool,
    /// Whether lines are broken over several writes, at any byte.
    pub partial: bool,
    /// Whether the name is opened again when another file has it, as a logger does that is told of rotations. Otherwise
    /// the first file is kept.
    pub reopen: bool,
    /// Whether a writer that opens the name again also makes a new file when the name has none, as one does that is told
    /// of a rotation before anybody has made it. Otherwise the old file is written until there is another.
    pub creates: bool,
}

/// Writers at work.
#[derive(Debug)]
pub struct Storm {
    shared: Arc<Shared>,
    writers: Vec<JoinHandle<anyhow::Result<Written>>>,
}

/// What writers and those who watch them share.
#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    bytes: AtomicU64,
    lines: AtomicU64,
    /// How often a writer has opened the name again.
    reopened: AtomicU64,
}

impl Plan {
    /// One writer that appends whole lines, and opens the name again when another file has it.
    pub fn new(path: &Path, rate: u64) -> Self {
        Self {
            path: path.to_owned(),
            rate,
            writers: 1,
            first_writer: 1,
            first: 1,
            lines: None,
            append: true,
            partial: false,
            reopen: true,
            creates: false,
        }
    }
}

impl Storm {
    /// Begins to write.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn start(plan: &Plan) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut storm = Self { shared: Arc::clone(&shared), writers: Vec::new() };
        for nth in 0..plan.writers.max(1) {
            let writer = writer::Writer::new(plan, nth, Arc::clone(&shared))?;
            storm.writers.push(std::thread::spawn(move || writer.run()));
        }
        Ok(storm)
    }

    /// How many bytes were written so far.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// How many lines were written so far.
    pub fn lines(&self) -> u64 {
        self.shared.lines.load(Ordering::Relaxed)
    }

    /// How often a writer has opened the name again.
    pub fn reopened(&self) -> u64 {
        self.shared.reopened.load(Ordering::Relaxed)
    }

    /// Whether all writers have written what they were to write.
    pub fn is_done(&self) -> bool {
        self.writers.iter().all(JoinHandle::is_finished)
    }

    /// Ends the writers after the line they are in.
    ///
    /// # Errors
    /// When writing failed.
    pub fn finish(mut self) -> anyhow::Result<Vec<Written>> {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.join()
    }

    /// Waits until all lines are written.
    ///
    /// # Errors
    /// When writing failed.
    pub fn join(&mut self) -> anyhow::Result<Vec<Written>> {
        let done = self.writers.drain(..).map(|writer| writer.join().map_err(|_| anyhow!("a writer failed"))?);
        done.collect()
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}
