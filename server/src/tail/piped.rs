//! The lives of a part of standard input. Its bytes never change, so nothing is compared, and what is new is told.

use std::io;
use std::sync::Arc;

use taillight::cursor::Generation;
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{FileEvent, FileState};

use super::{Epoch, TailTip, unix_secs, with_next};
use crate::read::end_of_lines;
use crate::source::{InputState, Part, Spool, Stdin, is_gone};

/// A part, and what was looked at of it.
#[derive(Debug)]
pub(super) struct Piped {
    stdin: Arc<Stdin>,
    part: Part,
    current: Arc<Spool>,
    epochs: Arc<[Arc<Epoch>]>,
    len: ByteOffset,
    complete: ByteOffset,
    state: FileState,
    failures: u32,
}

impl Piped {
    /// Begins with what is there, after a first look.
    pub(super) fn new(stdin: &Arc<Stdin>, part: Part) -> io::Result<Self> {
        let first = stdin.lives(part).into_iter().next().ok_or(io::ErrorKind::NotFound)?;
        let mut piped = Self {
            stdin: Arc::clone(stdin),
            part,
            epochs: Arc::from([Arc::new(epoch(&first, None))]),
            current: first,
            len: ByteOffset::ZERO,
            complete: ByteOffset::ZERO,
            state: FileState::Live,
            failures: 0,
        };
        piped.look();
        Ok(piped)
    }

    /// The input that it is of.
    pub(super) fn stdin(&self) -> &Stdin {
        &self.stdin
    }

    /// Looks what has come. Blocks.
    pub(super) fn look(&mut self) {
        // Before the lengths: what is ended then has its last bytes.
        let input = self.stdin.state();
        let lives = self.stdin.lives(self.part);
        for spool in lives.iter() {
            if spool.number() > self.current.number() {
                self.begin(spool);
            }
        }
        let read = self.grow();
        self.failures = if read.is_err() { self.failures.saturating_add(1) } else { 0 };
        let is_last = self.part == Part::Before || input == InputState::Ended;
        if is_last && let (Ok(()), Some(epoch)) = (&read, self.epochs.last()) {
            epoch.end(self.len);
        }
        self.state = match (read, input) {
            (Err(_), _) => FileState::ReadError,
            (Ok(()), _) if lives.is_empty() => FileState::Deleted,
            (Ok(()), _) if is_last => FileState::Ended,
            (Ok(()), InputState::Failing) => FileState::ReadError,
            (Ok(()), _) => FileState::Live,
        };
    }

    /// What is known now.
    pub(super) fn tip(&self) -> TailTip {
        TailTip {
            epochs: Arc::clone(&self.epochs),
            notices: Arc::from([]),
            len: self.len,
            complete: self.complete,
            state: self.state,
        }
    }

    /// How often reading has failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    fn grow(&mut self) -> io::Result<()> {
        let len = self.current.readable();
        if len > self.len {
            match end_of_lines(self.current.as_ref(), self.len, len) {
                Ok(complete) => self.complete = complete.unwrap_or(self.complete),
                // Given up: its length is all that is left of it.
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(error),
            }
            self.len = len;
        }
        if let Some(epoch) = self.epochs.last() {
            epoch.grow_to(self.len);
        }
        Ok(())
    }

    /// The part is another one now. What it was has its last bytes: nobody adds to it any more.
    fn begin(&mut self, next: &Arc<Spool>) {
        let end = self.current.readable();
        if let Some(epoch) = self.epochs.last() {
            epoch.end(end);
        }
        // Parts that came and went between two looks.
        let missed = next.base() - self.current.end();
        let event = if missed > ByteLen::ZERO { FileEvent::Gap { bytes: missed } } else { FileEvent::Rotated };
        let began = Some((event, unix_secs(next.began())));
        self.epochs = with_next(&self.epochs, epoch(next, began));
        self.current = Arc::clone(next);
        self.len = ByteOffset::ZERO;
        self.complete = ByteOffset::ZERO;
    }
}

fn epoch(spool: &Arc<Spool>, began: Option<(FileEvent, u64)>) -> Epoch {
    Epoch::new(Generation::new(spool.number()), Arc::clone(spool) as _, began)
}

#[cfg(test)]
mod tests;
