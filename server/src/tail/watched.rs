//! The lives of one path: looks at the open file and at its name, and decides what is current.
//!
//! # Why the old file is not left at once
//! After a rename the writer goes on in the old file until it opens the new one, so the old one is read on until it has
//! been quiet for [`Pace::quiet`]. Waiting that long for every rotation would hold new lines back. A new file that has
//! data means that the writer has moved on: then [`Pace::quiet_with_successor`] is enough. An old file that is still
//! being written keeps its place: its lines are shown first, in order. If it grows after it was left all the same, that
//! is told as a gap, never passed over in silence.
//!
//! # Limits
//! A file that had the name and lost it between two looks was never held, and nothing tells that it was there. Finding it
//! among the rotated siblings is the work of the archive chain.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use taillight::cursor::Generation;
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{FileEvent, FileState};

use super::archives;
use super::chain::Chain;
use super::seen::{Look, Seen, is_same_file};
use super::{Epoch, Notice, Pace, TailTip, unix_secs, with_next};
use crate::catalog::{FileStat, LogFile, OpenError};
use crate::source::{LocalFile, Source};

/// How many files that took the name are held while the old one is still read.
const MAX_COMING: usize = 16;

/// How many notices are kept.
const MAX_NOTICES: usize = 64;

/// A path, the file that is current, and those that come after it.
#[derive(Debug)]
pub(super) struct Watched {
    pace: Pace,
    current: Life,
    /// Files that took the name since, oldest first: held from the moment they are seen.
    coming: VecDeque<Life>,
    late: Option<Late>,
    missing: Option<Missing>,
    state: FileState,
    failures: u32,
    generation: Generation,
    /// The lowest number of a life so far.
    lowest: Generation,
    epochs: Arc<[Arc<Epoch>]>,
    notices: Arc<[Notice]>,
    notice_seq: u64,
}

#[derive(Debug)]
struct Life {
    local: Arc<LocalFile>,
    stat: FileStat,
    seen: Seen,
    /// What its coming is to be told as.
    event: FileEvent,
    grew_at: Instant,
    /// When it was first seen without the name.
    left_at: Option<Instant>,
}

/// A file that was left, watched on for a while.
#[derive(Debug)]
struct Late {
    local: Arc<LocalFile>,
    told: ByteOffset,
    told_at: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    since: Instant,
    told: bool,
}

impl Watched {
    /// Begins with `file`, after a first look.
    pub(super) fn new(file: LogFile, pace: Pace, now: Instant) -> io::Result<Self> {
        let current = Life::new(Arc::new(file), FileEvent::Appeared, now)?;
        let first = current.epoch(Generation::FIRST, None);
        let mut watched = Self {
            pace,
            current,
            coming: VecDeque::new(),
            late: None,
            missing: None,
            state: FileState::Live,
            failures: 0,
            generation: Generation::FIRST,
            lowest: Generation::FIRST,
            epochs: Arc::from([Arc::new(first)]),
            notices: Arc::from([]),
            notice_seq: 0,
        };
        watched.look(now);
        Ok(watched)
    }

    /// Looks at the open file and at the name. Blocks.
    pub(super) fn look(&mut self, now: Instant) {
        let read = self.look_at_file(now);
        let named = self.look_at_name(now);
        while self.may_leave(now) {
            self.leave(now);
        }
        self.look_at_late(now);
        self.failures = if read.is_err() { self.failures.saturating_add(1) } else { 0 };
        self.state = match read {
            Err(_) => FileState::ReadError,
            Ok(()) => named,
        };
        self.count();
    }

    /// What is known now.
    pub(super) fn tip(&self) -> TailTip {
        TailTip {
            epochs: Arc::clone(&self.epochs),
            notices: Arc::clone(&self.notices),
            len: self.current.seen.len,
            complete: self.current.seen.complete,
            state: self.state,
        }
    }

    /// The file that is read now.
    pub(super) fn file(&self) -> &Arc<LogFile> {
        self.current.local.file()
    }

    /// Whether something is under way that no event tells.
    pub(super) fn is_busy(&self) -> bool {
        !self.coming.is_empty() || self.late.is_some() || self.missing.is_some()
    }

    /// Whether no file has the name.
    pub(super) fn is_missing(&self) -> bool {
        self.missing.is_some()
    }

    /// Holds archives before the lives that were followed; the life that the first of them is then. `None` when the lives
    /// are others by now than those that the chain was made for.
    pub(super) fn hold(&mut self, chain: &Chain, now: Instant) -> Option<Arc<Epoch>> {
        let (epochs, first) = archives::with_chain(&self.epochs, chain, &mut self.lowest)?;
        self.epochs = epochs;
        // Who wrote to the last of them may not have opened the new file yet.
        let youngest = chain.links.last().and_then(|link| Some((link.local.clone()?, link.len)));
        if let Some((local, told)) = youngest.filter(|_| self.late.is_none()) {
            self.late = Some(Late { local, told, told_at: now });
        }
        Some(first)
    }

    /// Lets the archives go.
    pub(super) fn let_archives_go(&mut self) {
        self.epochs = archives::without(&self.epochs);
    }

    /// How often reading has failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    fn look_at_file(&mut self, now: Instant) -> io::Result<()> {
        match self.current.look(now)? {
            Look::Same | Look::Grown => Ok(()),
            Look::Truncated => self.truncate(now),
        }
    }

    /// The same open file begins a new life; the old one's readers are cut off, so that they cannot take the new bytes
    /// for the old.
    fn truncate(&mut self, now: Instant) -> io::Result<()> {
        let was = self.current.seen.len;
        let event = FileEvent::Truncated { was: was - ByteOffset::ZERO };
        let mut life = Life::new(Arc::clone(self.current.local.file()), event, now)?;
        life.left_at = self.current.left_at;
        self.current.local.cut();
        self.begin(life);
        self.current.look(now).map(|_| ())
    }

    fn look_at_name(&mut self, now: Instant) -> FileState {
        let newest = self.coming.back().unwrap_or(&self.current);
        match newest.local.file().name_stat() {
            Ok(stat) if is_same_file(&stat, &newest.stat) => self.name_is_held(),
            Ok(_) => self.admit(now),
            Err(error) => self.name_fails(&error, now),
        }
    }

    fn name_is_held(&mut self) -> FileState {
        if self.missing.take().is_some_and(|missing| missing.told) {
            self.notice(FileEvent::Appeared);
        }
        self.newest_mut().left_at = None;
        FileState::Live
    }

    /// Another file has the name: it is opened with all checks and held at once, so that it cannot be lost while the old
    /// one is still read.
    fn admit(&mut self, now: Instant) -> FileState {
        if self.coming.len() >= MAX_COMING {
            return FileState::Live;
        }
        let newest = self.coming.back().unwrap_or(&self.current);
        let file = match newest.local.file().reopen() {
            Ok(file) => Arc::new(file),
            Err(error) => return self.name_fails(&error, now),
        };
        let told = self.missing.is_some_and(|missing| missing.told);
        let event = if told { FileEvent::Appeared } else { FileEvent::Rotated };
        match Life::new(file, event, now) {
            Ok(life) if is_same_file(&life.stat, &newest.stat) => self.name_is_held(),
            Ok(life) => {
                self.missing = None;
                self.newest_mut().left_at.get_or_insert(now);
                self.coming.push_back(life);
                FileState::Live
            }
            Err(_) => FileState::ReadError,
        }
    }

    fn name_fails(&mut self, error: &OpenError, now: Instant) -> FileState {
        match error {
            OpenError::NotFound | OpenError::IsFolder | OpenError::NotAFile(_) => self.name_is_missing(now),
            OpenError::Denied { .. } => FileState::Denied,
            OpenError::Io(_) => FileState::ReadError,
        }
    }

    fn name_is_missing(&mut self, now: Instant) -> FileState {
        self.newest_mut().left_at.get_or_insert(now);
        let missing = *self.missing.get_or_insert(Missing { since: now, told: false });
        if now.duration_since(missing.since) < self.pace.missing_grace || !self.coming.is_empty() {
            return FileState::Live;
        }
        let deleted = self.current.local.file().stat().is_ok_and(|stat| stat.links == 0);
        if !missing.told {
            self.missing = Some(Missing { told: true, ..missing });
            if deleted {
                self.notice(FileEvent::Deleted);
            }
        }
        if deleted { FileState::Deleted } else { FileState::Waiting }
    }

    /// Whether the current file has been quiet long enough for the next one.
    fn may_leave(&self, now: Instant) -> bool {
        let Some(next) = self.coming.front() else { return false };
        let since = self.current.left_at.unwrap_or(now).max(self.current.grew_at);
        let has_data = next.local.len().is_ok_and(|len| len > ByteOffset::ZERO);
        let needed = if has_data { self.pace.quiet_with_successor } else { self.pace.quiet };
        now.duration_since(since) >= needed
    }

    /// Goes on with the next file. What came to the old one since the last look is taken along first.
    fn leave(&mut self, now: Instant) {
        let before = (self.generation, self.current.seen.len);
        let read = self.look_at_file(now);
        if read.is_ok() && before != (self.generation, self.current.seen.len) {
            return;
        }
        let Some(next) = self.coming.pop_front() else { return };
        self.tell_late();
        let local = Arc::clone(&self.current.local);
        self.late = Some(Late { local, told: self.current.seen.len, told_at: now });
        self.begin(next);
        // A failure shows again at the next look, and is told then.
        let _ = self.current.look(now);
    }

    /// What the file that was left got after that is missing in the stream.
    fn look_at_late(&mut self, now: Instant) {
        let Some(late) = &self.late else { return };
        let len = late.local.len().unwrap_or(late.told);
        let waited = now.duration_since(late.told_at);
        if len > late.told && waited >= self.pace.quiet_with_successor {
            self.tell_late();
            if let Some(late) = &mut self.late {
                late.told_at = now;
            }
        } else if waited >= self.pace.quiet {
            self.late = None;
        }
    }

    fn tell_late(&mut self) {
        let Some(late) = &mut self.late else { return };
        let len = late.local.len().unwrap_or(late.told);
        let bytes = len - late.told;
        late.told = late.told.max(len);
        if bytes > ByteLen::ZERO {
            self.notice(FileEvent::Gap { bytes });
        }
    }

    /// Ends the current life and begins `life`.
    fn begin(&mut self, life: Life) {
        let event = life.event;
        self.generation = self.generation.next();
        let epoch = life.epoch(self.generation, Some((event, unix_secs(SystemTime::now()))));
        let end = self.current.seen.len;
        if let Some(old) = self.epochs.last() {
            old.seal(self.current.seen.end());
            old.end(end);
        }
        self.current = life;
        self.epochs = with_next(&self.epochs, epoch);
    }

    fn notice(&mut self, event: FileEvent) {
        self.notice_seq += 1;
        let notice = Notice {
            seq: self.notice_seq,
            generation: self.generation,
            at: self.current.seen.complete,
            unix_secs: unix_secs(SystemTime::now()),
            event,
        };
        let held = self.notices.len().saturating_sub(MAX_NOTICES - 1);
        self.notices = self.notices.iter().skip(held).copied().chain(std::iter::once(notice)).collect();
    }

    fn count(&self) {
        let Some(epoch) = self.epochs.last() else { return };
        self.current.local.publish_len(self.current.seen.len);
        epoch.grow_to(self.current.seen.len);
    }

    fn newest_mut(&mut self) -> &mut Life {
        self.coming.back_mut().unwrap_or(&mut self.current)
    }
}

impl Life {
    fn new(file: Arc<LogFile>, event: FileEvent, now: Instant) -> io::Result<Self> {
        let stat = file.stat()?;
        let local = Arc::new(LocalFile::new(file)?);
        Ok(Self { local, stat, seen: Seen::nothing(&stat), event, grew_at: now, left_at: None })
    }

    fn look(&mut self, now: Instant) -> io::Result<Look> {
        let look = self.seen.look(&self.local)?;
        if look == Look::Grown {
            self.grew_at = now;
        }
        Ok(look)
    }

    fn epoch(&self, generation: Generation, began: Option<(FileEvent, u64)>) -> Epoch {
        Epoch::new(generation, Arc::clone(&self.local) as Arc<dyn Source>, began)
    }
}
