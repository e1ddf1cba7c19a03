//! The lives of one path: looks at the open file and at its name, and decides what is current.
//!
//! # Why the old file is not left at once
//! After a rename the writer goes on in the old file until it opens the new one, so the old one is read on until it has
//! been quiet for [`Pace::quiet`]. Waiting that long for every rotation would hold new lines back. A new file that has
//! data means that the writer has moved on: then [`Pace::quiet_with_successor`] is enough. An old file that is still
//! being written keeps its place: its lines are shown first, in order. If it grows after it was left all the same, that
//! is told as a gap, never passed over in silence.
//!
//! # What happened between two looks
//! The files beside the log tell ([`super::beside`]): a truncated life is read on in the copy that was made of it, and files
//! that had the name and lost it again come in their order. What is in no file any more is told as a gap.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use taillight::cursor::Generation;
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{FileEvent, FileState};

use super::beside::{Beside, Question};
use super::life::Life;
use super::seen::{Look, is_same_file};
use super::{Epoch, Notice, Pace, TailTip, unix_secs, with_next};
use crate::catalog::{FileStat, LogFile, OpenError};
use crate::source::{LocalFile, Source as _};

/// How many files that took the name are held while the old one is still read.
const MAX_COMING: usize = 16;

/// How many files that were left are watched.
const MAX_LATE: usize = 4;

/// How many notices are kept.
const MAX_NOTICES: usize = 64;

/// A path, the file that is current, and those that come after it.
#[derive(Debug)]
pub(super) struct Watched {
    pace: Pace,
    current: Life,
    /// Files that took the name since, oldest first: held from the moment they are seen.
    coming: VecDeque<Life>,
    /// Files that were left and may still be written.
    late: VecDeque<Late>,
    beside: Beside,
    /// When what has the name was looked at last, as the file system counts time.
    looked_ns: u64,
    missing: Option<Missing>,
    state: FileState,
    failures: u32,
    generation: Generation,
    epochs: Arc<[Arc<Epoch>]>,
    notices: Arc<[Notice]>,
    notice_seq: u64,
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
        let looked_ns = file.stat()?.changed_ns;
        let current = Life::new(Arc::new(file), FileEvent::Appeared, looked_ns, now)?;
        let first = current.epoch(Generation::FIRST, None);
        let mut watched = Self {
            pace,
            current,
            coming: VecDeque::new(),
            late: VecDeque::new(),
            beside: Beside::default(),
            looked_ns,
            missing: None,
            state: FileState::Live,
            failures: 0,
            generation: Generation::FIRST,
            epochs: Arc::from([Arc::new(first)]),
            notices: Arc::from([]),
            notice_seq: 0,
        };
        watched.look(now);
        Ok(watched)
    }

    /// Looks at the open file and at the name. Blocks.
    pub(super) fn look(&mut self, now: Instant) {
        let read = self.look_at_files(now);
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
        !self.coming.is_empty() || !self.late.is_empty() || self.missing.is_some()
    }

    /// Whether no file has the name.
    pub(super) fn is_missing(&self) -> bool {
        self.missing.is_some()
    }

    /// How often reading has failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// As of a disk that fails.
    #[cfg(test)]
    pub(super) fn fail_reads(&self, fails: bool) {
        self.current.local.fails.store(fails, std::sync::atomic::Ordering::Relaxed);
    }

    /// Looks at every file that is held. Those that come are read later, and may be truncated before.
    fn look_at_files(&mut self, now: Instant) -> io::Result<()> {
        let mut at = 0;
        let mut looked = Ok(());
        while at <= self.coming.len() {
            let read = self.look_at(at, now);
            // What is read now decides the state; the others show it when it is their turn.
            if at == 0 {
                looked = read;
            }
            at += 1;
        }
        looked
    }

    /// Looks at the file that is `at` places after the current one.
    fn look_at(&mut self, at: usize, now: Instant) -> io::Result<()> {
        let Some(life) = self.life_mut(at) else { return Ok(()) };
        if !life.is_open() {
            return Ok(());
        }
        let before = life.stat.changed_ns;
        life.stat = life.local.file().stat()?;
        let (len, was_touched) = (life.seen.len, before != life.stat.changed_ns);
        // An empty file may have been filled and emptied again.
        if len == ByteOffset::ZERO && was_touched && self.cut(at, None, now)? {
            return Ok(());
        }
        let Some(life) = self.life_mut(at) else { return Ok(()) };
        match life.look(now)? {
            Look::Truncated(is) => self.cut(at, Some(is), now).map(|_| ()),
            Look::Same | Look::Grown => Ok(()),
        }
    }

    /// The same open file begins a new life; the old one's readers go on in its copy or are cut off, so that they cannot
    /// take the new bytes for the old. It `is` that long now; `None` when nothing was seen of it before: then it is cut
    /// only if there are copies of lives in between. Whether it was.
    fn cut(&mut self, at: usize, is: Option<ByteOffset>, now: Instant) -> io::Result<bool> {
        let looked_ns = self.looked_ns;
        let Some(life) = self.life(at) else { return Ok(false) };
        let left_at = life.left_at;
        let mut next = Life::new(Arc::clone(life.local.file()), FileEvent::Rewritten, looked_ns, now)?;
        next.left_at = left_at;
        let has_name = life.local.file().name_stat().is_ok_and(|now| is_same_file(&now, &life.stat));
        let named = if has_name { None } else { life.local.file().reopen().ok() };
        let named = named.and_then(|named| LocalFile::new(Arc::new(named)).ok());
        // Nothing may leave early while it is taken out.
        let mut beside = std::mem::take(&mut self.beside);
        let life = if at == 0 { Some(&mut self.current) } else { self.coming.get_mut(at - 1) };
        let Some(life) = life else { return Ok(false) };
        let (present, named) = (&*next.local, named.as_ref());
        let mut found = beside.search(&Question { life, present, has_name, named, is_cut: true, looked_ns });
        let is_rewrite = is == Some(life.seen.len) && found.copy.is_none() && found.between.is_empty();
        let was_cut = is.is_some() || !found.between.is_empty();
        if was_cut {
            if is.is_none() {
                found.copy = Some(found.between.remove(0));
            }
            life.cut(found.copy, now);
        }
        self.beside = beside;
        if !was_cut {
            return Ok(false);
        }
        // From what length is filled in when it begins: then that is settled.
        let truncated = FileEvent::Truncated { was: ByteLen::ZERO };
        let mut place = at;
        for file in found.between {
            let Ok(life) = Self::unseen(file, truncated, left_at, now) else { continue };
            self.coming.insert(place, life);
            place += 1;
        }
        if !is_rewrite {
            next.event = truncated;
        }
        self.coming.insert(place, next);
        if found.is_packed {
            self.notice(FileEvent::Gap { bytes: ByteLen::ZERO });
        }
        Ok(true)
    }

    /// A life that came and went between two looks.
    fn unseen(file: Arc<LogFile>, event: FileEvent, left_at: Option<Instant>, now: Instant) -> io::Result<Life> {
        let since_ns = file.stat()?.born_ns;
        let mut life = Life::new(file, event, since_ns, now)?;
        life.left_at = Some(left_at.unwrap_or(now));
        life.look(now)?;
        Ok(life)
    }

    fn look_at_name(&mut self, now: Instant) -> FileState {
        let newest = self.newest();
        match newest.local.file().name_stat() {
            Ok(stat) if is_same_file(&stat, &newest.stat) => self.name_is_held(&stat),
            Ok(_) => self.admit(now),
            Err(error) => self.name_fails(&error, now),
        }
    }

    fn name_is_held(&mut self, stat: &FileStat) -> FileState {
        // Not what it says now: it may have been written since the look at the file.
        self.looked_ns = self.newest().stat.changed_ns.min(stat.changed_ns);
        self.beside.note(stat);
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
        let newest = self.newest();
        let opened = newest.local.file().reopen().map_err(|error| self.name_fails(&error, now));
        let file = match opened {
            Ok(file) => Arc::new(file),
            Err(state) => return state,
        };
        let Ok(stat) = file.stat() else { return FileState::ReadError };
        if is_same_file(&stat, &self.newest().stat) {
            return self.name_is_held(&stat);
        }
        let Ok(mut life) = Life::new(file, FileEvent::Rotated, stat.born_ns, now) else { return FileState::ReadError };
        self.admit_between(&life, now);
        let told = self.missing.take().is_some_and(|missing| missing.told);
        life.event = if told { FileEvent::Appeared } else { self.kind_of_change(&life.local) };
        self.newest_mut().left_at.get_or_insert(now);
        self.looked_ns = stat.changed_ns;
        self.beside.note(&stat);
        self.coming.push_back(life);
        // A failure shows again at the next look, and is told then.
        let _ = self.look_at(self.coming.len(), now);
        FileState::Live
    }

    /// The files that had the name after the newest one, and lost it to `present`.
    fn admit_between(&mut self, present: &Life, now: Instant) {
        let mut beside = std::mem::take(&mut self.beside);
        beside.note(&self.newest().stat);
        beside.note(&present.stat);
        let (life, looked_ns) = (self.newest(), self.looked_ns);
        let (present, has_name) = (&*present.local, false);
        let found = beside.search(&Question { life, present, has_name, named: None, is_cut: false, looked_ns });
        self.beside = beside;
        for file in found.between {
            self.newest_mut().left_at.get_or_insert(now);
            if let Ok(life) = Self::unseen(file, FileEvent::Rotated, Some(now), now) {
                self.coming.push_back(life);
            }
        }
        if found.is_packed {
            self.notice(FileEvent::Gap { bytes: ByteLen::ZERO });
        }
    }

    /// An editor that saves puts a new file over the old one, which begins as the old one did.
    fn kind_of_change(&self, new: &LocalFile) -> FileEvent {
        let newest = self.newest();
        let is_replaced = newest.local.file().stat().is_ok_and(|stat| stat.links == 0);
        let begins_alike = || newest.seen.agrees_in_head(new).unwrap_or(false);
        if is_replaced && begins_alike() { FileEvent::Rewritten } else { FileEvent::Rotated }
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

    /// Whether the current file is over, or has been quiet long enough for the next one.
    fn may_leave(&mut self, now: Instant) -> bool {
        let Some(next) = self.coming.front() else { return false };
        if !self.current.is_open() {
            return self.current.end(&self.pace, now).is_some();
        }
        let since = self.current.left_at.unwrap_or(now).max(self.current.grew_at);
        let has_data = next.local.len().is_ok_and(|len| len > ByteOffset::ZERO);
        let needed = if has_data { self.pace.quiet_with_successor } else { self.pace.quiet };
        now.duration_since(since) >= needed
    }

    /// Goes on with the next file. What came to the old one since the last look is taken along first.
    fn leave(&mut self, now: Instant) {
        if self.current.is_open() {
            let before = self.current.seen.len;
            let read = self.look_at(0, now);
            if !self.current.is_open() || (read.is_ok() && before != self.current.seen.len) {
                return;
            }
        }
        let Some(next) = self.coming.pop_front() else { return };
        if self.current.is_open() {
            if self.late.len() == MAX_LATE
                && let Some(late) = self.late.pop_front()
            {
                let bytes = late.local.len().unwrap_or(late.told) - late.told;
                if bytes > ByteLen::ZERO {
                    self.notice(FileEvent::Gap { bytes });
                }
            }
            let local = Arc::clone(&self.current.local);
            self.late.push_back(Late { local, told: self.current.seen.len, told_at: now });
        }
        self.begin(next, now);
        // A failure shows again at the next look, and is told then.
        let _ = self.look_at(0, now);
    }

    /// What the files that were left got after that is missing in the stream.
    fn look_at_late(&mut self, now: Instant) {
        let mut late = std::mem::take(&mut self.late);
        late.retain_mut(|late| {
            let len = late.local.len().unwrap_or(late.told);
            let waited = now.duration_since(late.told_at);
            if len > late.told && waited >= self.pace.quiet_with_successor {
                self.notice(FileEvent::Gap { bytes: len - late.told });
                (late.told, late.told_at) = (len, now);
            }
            waited < self.pace.quiet || late.told_at == now
        });
        self.late = late;
    }

    /// Ends the current life and begins `life`.
    fn begin(&mut self, life: Life, now: Instant) {
        let seen = self.current.seen.len;
        let end = self.current.end(&self.pace, now).unwrap_or(seen);
        let event = match life.event {
            FileEvent::Truncated { .. } => FileEvent::Truncated { was: end.max(seen) - ByteOffset::ZERO },
            event => event,
        };
        self.generation = self.generation.next();
        let epoch = life.epoch(self.generation, Some((event, unix_secs(SystemTime::now()))));
        self.current.local.publish_len(end);
        if let Some(old) = self.epochs.last() {
            old.was_seen_to(seen);
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

    fn newest(&self) -> &Life {
        self.coming.back().unwrap_or(&self.current)
    }

    fn newest_mut(&mut self) -> &mut Life {
        self.coming.back_mut().unwrap_or(&mut self.current)
    }

    /// The one that is `at` places after the current one.
    fn life(&self, at: usize) -> Option<&Life> {
        if at == 0 { Some(&self.current) } else { self.coming.get(at - 1) }
    }

    fn life_mut(&mut self, at: usize) -> Option<&mut Life> {
        if at == 0 { Some(&mut self.current) } else { self.coming.get_mut(at - 1) }
    }
}
