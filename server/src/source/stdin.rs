//! Standard input as a log: what comes is kept in files without a name, the newest of it up to a budget.
//!
//! # Why in two parts
//! A pipe may run for months. When half the budget is full, what comes goes to a new file, and the full one is the log
//! `stdin.1`: to readers it is a rotation, which they know. When the new one is full too, the older one is given up. So
//! at least the newest half of the budget can always be read, the writer never waits for room, and what is given up is
//! told: in our own log, and as a gap to whoever has not read it yet.

use std::fs::File;
use std::io::{self, PipeReader, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use taillight::line::ByteOffset;
use tokio::sync::Notify;

use super::Spool;
use crate::catalog;

/// How much is read at once, and asked for as the pipe's own room: a burst does not make the writer wait.
const READ_BYTES: usize = 1024 * 1024;

/// From so far before the end of a full part on, the next line end ends it.
const LINE_END_BYTES: u64 = 1024 * 1024;

/// The time between two tries to keep bytes while that fails.
const RETRY: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// What has come. Shared by all who read it.
#[derive(Debug)]
pub struct Stdin {
    folders: Vec<PathBuf>,
    budget: u64,
    held: Mutex<Held>,
    hints: Mutex<Vec<Weak<Notify>>>,
}

#[derive(Debug)]
struct Held {
    before: Option<Arc<Spool>>,
    now: Arc<Spool>,
    state: InputState,
}

/// A part of what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The one that grows.
    Now,
    /// The full one before it.
    Before,
}

/// How the input stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputState {
    /// More may come.
    Open,
    /// What comes cannot be kept now; the writer waits, and it is tried again.
    Failing,
    /// Nothing more comes.
    Ended,
}

/// The one that reads standard input.
#[derive(Debug)]
pub struct Intake {
    input: File,
    stdin: Arc<Stdin>,
    /// The next bytes begin a new part.
    is_full: bool,
}

impl Part {
    /// Both, in the order of listings.
    pub const ALL: [Self; 2] = [Self::Now, Self::Before];

    /// The name of its log.
    pub const fn file_name(self) -> &'static [u8] {
        match self {
            Self::Now => b"stdin",
            Self::Before => b"stdin.1",
        }
    }
}

impl Stdin {
    /// Keeps at most `budget` bytes of what comes, in the first of `folders` that can be written, and what reads it.
    ///
    /// # Errors
    /// When no file can be made in any of them.
    pub fn new(input: OwnedFd, folders: Vec<PathBuf>, budget: u64) -> io::Result<(Arc<Self>, Intake)> {
        let now = Arc::new(Spool::new(catalog::file_without_name(&folders)?, 1, ByteOffset::ZERO));
        let held = Mutex::new(Held { before: None, now, state: InputState::Open });
        let stdin = Arc::new(Self { folders, budget, held, hints: Mutex::default() });
        let intake = Intake { input: File::from(input), stdin: Arc::clone(&stdin), is_full: false };
        Ok((stdin, intake))
    }

    /// A part, when there is one.
    pub fn part(&self, part: Part) -> Option<Arc<Spool>> {
        let held = self.held();
        match part {
            Part::Now => Some(Arc::clone(&held.now)),
            Part::Before => held.before.clone(),
        }
    }

    /// What has been the log of a part, oldest first: the last is what it is now.
    pub fn lives(&self, part: Part) -> Vec<Arc<Spool>> {
        let held = self.held();
        let now = (part == Part::Now).then_some(&held.now);
        held.before.iter().chain(now).cloned().collect()
    }

    /// How the input stands.
    pub fn state(&self) -> InputState {
        self.held().state
    }

    /// Notifies `hint` of everything that changes from now on, as long as it is held.
    pub fn tell(&self, hint: &Arc<Notify>) {
        lock(&self.hints).push(Arc::downgrade(hint));
    }

    fn told(&self) {
        lock(&self.hints).retain(|hint| hint.upgrade().inspect(|hint| hint.notify_one()).is_some());
    }

    fn set_state(&self, state: InputState) {
        self.held().state = state;
        self.told();
    }

    /// How much a part holds.
    fn part_bytes(&self) -> u64 {
        self.budget / 2
    }

    /// How many of these bytes are for the part that is `len` long, and whether it is full then.
    fn share(&self, len: u64, bytes: &[u8]) -> (usize, bool) {
        let room = usize::try_from(self.part_bytes().saturating_sub(len)).unwrap_or(usize::MAX).min(bytes.len());
        let line_end = self.part_bytes() - LINE_END_BYTES.min(self.part_bytes() / 8);
        let from = usize::try_from(line_end.saturating_sub(len)).unwrap_or(usize::MAX).min(room);
        match memchr::memchr(b'\n', &bytes[from..room]) {
            Some(feed) => (from + feed + 1, true),
            None => (room, room < bytes.len() || len + room as u64 == self.part_bytes()),
        }
    }

    /// Begins a new part; the one before the last is given up.
    fn turn_over(&self) -> io::Result<()> {
        let file = catalog::file_without_name(&self.folders)?;
        let dropped = {
            let mut held = self.held();
            let next = Arc::new(Spool::new(file, held.now.number().wrapping_add(1), held.now.end()));
            let full = std::mem::replace(&mut held.now, next);
            held.before.replace(full)
        };
        give_up(dropped, "limits.stdin_bytes is reached");
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }
}

impl Intake {
    /// Reads to the end of the input, or until the other end of `stop` is closed. Blocks.
    pub fn run(mut self, stop: &PipeReader) {
        // Where it is no pipe, or the user has no more room for pipes, what it has will do.
        let _ = rustix::pipe::fcntl_setpipe_size(&self.input, READ_BYTES);
        let mut buf = vec![0; READ_BYTES];
        while wait(&self.input, stop) {
            match self.input.read(&mut buf) {
                Ok(0) => return self.ended(),
                Ok(n_read) => {
                    if !self.keep(&buf[..n_read], stop) {
                        return;
                    }
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                Err(error) => {
                    tracing::warn!(%error, "standard input cannot be read any more");
                    return self.ended();
                }
            }
        }
    }

    fn ended(&self) {
        let bytes = self.stdin.held().now.end().get();
        tracing::info!(bytes, "standard input has ended; what came is served on");
        self.stdin.set_state(InputState::Ended);
    }

    /// Keeps bytes, however long it takes; `false` when it is to stop.
    fn keep(&mut self, mut bytes: &[u8], stop: &PipeReader) -> bool {
        while !bytes.is_empty() {
            match self.keep_some(bytes) {
                Ok(n_kept) => {
                    bytes = bytes.get(n_kept..).unwrap_or_default();
                    if self.stdin.state() == InputState::Failing {
                        tracing::info!("standard input can be kept again");
                        self.stdin.set_state(InputState::Open);
                    }
                }
                Err(error) => {
                    self.failed(&error);
                    if stops_within(stop, &RETRY) {
                        return false;
                    }
                }
            }
        }
        self.stdin.told();
        true
    }

    fn keep_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_full {
            self.stdin.turn_over()?;
            self.is_full = false;
        }
        let now = Arc::clone(&self.stdin.held().now);
        let (n_bytes, is_full) = self.stdin.share(now.readable().get(), bytes);
        now.append(&bytes[..n_bytes])?;
        self.is_full = is_full;
        Ok(n_bytes)
    }

    /// The writer waits from now on; room is made where there is some.
    fn failed(&self, error: &io::Error) {
        if self.stdin.state() != InputState::Failing {
            tracing::warn!(%error, "standard input cannot be kept: its writer waits, and it is tried again every second");
            self.stdin.set_state(InputState::Failing);
        }
        if error.kind() == io::ErrorKind::StorageFull {
            let dropped = self.stdin.held().before.take();
            give_up(dropped, "the disk is full");
        }
    }
}

fn give_up(spool: Option<Arc<Spool>>, why: &str) {
    let Some(spool) = spool else { return };
    let bytes = spool.readable().get();
    match spool.give_up() {
        Ok(()) => tracing::warn!(bytes, from = spool.base().get(), why, "the oldest of standard input is dropped"),
        Err(error) => tracing::warn!(%error, "the room of what was dropped of standard input is not given back"),
    }
}

/// Waits until there is something to read; `false` when it is to stop.
fn wait(input: &File, stop: &PipeReader) -> bool {
    loop {
        let mut fds = [PollFd::new(stop, PollFlags::IN), PollFd::new(input, PollFlags::IN)];
        match poll(&mut fds, None) {
            Err(Errno::INTR) => {}
            // What cannot be waited for is read at once.
            Err(_) => return true,
            Ok(_) => return fds[0].revents().is_empty(),
        }
    }
}

/// Whether it is to stop, when that comes in time.
fn stops_within(stop: impl AsFd, time: &Timespec) -> bool {
    let mut fds = [PollFd::new(&stop, PollFlags::IN)];
    match poll(&mut fds, Some(time)) {
        Ok(n_ready) => n_ready > 0,
        Err(_) => false,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
