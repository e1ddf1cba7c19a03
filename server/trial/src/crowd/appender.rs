//! The other end: a file that grows by bursts of stamped lines, once on demand or on a schedule in a thread of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rand::Rng as _;

use super::lines::{self, Clock, LINE_BYTES};

/// A log and the number of its next line.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    clock: Clock,
    next: u32,
    buffer: Vec<u8>,
}

impl Log {
    /// A new file with `n_lines` lines that are not measured.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path, clock: Clock, n_lines: usize) -> io::Result<Self> {
        let mut log = Self { path: path.to_owned(), file: empty(path)?, clock, next: 0, buffer: Vec::new() };
        log.append_at(0, n_lines)?;
        Ok(log)
    }

    /// Appends lines of at most `bytes` in all, at least one, by one write.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn burst(&mut self, bytes: usize) -> io::Result<()> {
        self.append_at(self.clock.now(), (bytes / LINE_BYTES).max(1))
    }

    /// The same log once more, to write on from here in another place.
    ///
    /// # Errors
    /// When the file cannot be opened again.
    pub fn again(&self) -> io::Result<Self> {
        let (path, file) = (self.path.clone(), self.file.try_clone()?);
        Ok(Self { path, file, clock: self.clock, next: self.next, buffer: Vec::new() })
    }

    /// Renames the file to `NAME.1`, in place of the one before, and goes on in a new one of the old name.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn rotate(&mut self) -> io::Result<()> {
        let mut old = self.path.clone().into_os_string();
        old.push(".1");
        fs::rename(&self.path, old)?;
        self.file = empty(&self.path)?;
        Ok(())
    }

    /// The number that the next line gets: how many there are.
    pub fn next(&self) -> u32 {
        self.next
    }

    fn append_at(&mut self, stamp: u64, n_lines: usize) -> io::Result<()> {
        self.buffer.clear();
        lines::write_lines(&mut self.buffer, stamp, self.next, n_lines);
        self.file.write_all(&self.buffer)?;
        self.next = self.next.wrapping_add(u32::try_from(n_lines).unwrap_or(u32::MAX));
        Ok(())
    }
}

fn empty(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).append(true).open(path)?;
    file.set_len(0)?;
    Ok(file)
}

/// A thread that appends a burst again and again.
pub struct Appender {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Log>>,
}

impl Appender {
    /// Appends `bytes` about every `interval`: a fifth more or less, so that nothing that polls falls into step with it.
    pub fn start(mut log: Log, bytes: usize, interval: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut due = Instant::now();
            while !stopped.load(Ordering::Relaxed) {
                let now = Instant::now();
                if now < due {
                    thread::park_timeout(due - now);
                    continue;
                }
                log.burst(bytes)?;
                due = now + interval.mul_f64(rand::rng().random_range(0.8..=1.2));
            }
            Ok(log)
        });
        Self { stop, thread }
    }

    /// Stops; the log is given back.
    ///
    /// # Errors
    /// When the file could not be written.
    pub fn stop(self) -> io::Result<Log> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the appender panicked")))
    }
}
