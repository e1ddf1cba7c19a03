//! Following files: one actor per file, which publishes where its end is and holds no lines.
//!
//! The file is the buffer: a viewer keeps a cursor and reads for itself when the tip moves.

mod actor;
mod archives;
mod beside;
mod chain;
mod followed;
mod life;
mod piped;
mod registry;
mod seen;
#[cfg(test)]
mod tests;
mod unpacked;
mod watch;
mod watched;

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use taillight::cursor::{Cursor, Generation, Identity, Marker};
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{FileEvent, FileState, Resume};

use crate::catalog::FileStat;
use crate::index::LineIndex;
use crate::pull::SharedFrames;
use crate::read::marker_of;
use crate::scan::Views;
use crate::source::{Source, is_gone};

use chain::Link;

pub use registry::{Follower, Tails};

/// What a followed file is now. Cheap to read, replaced as a whole.
#[derive(Clone, Debug)]
pub struct TailTip {
    /// The lives of the path that are held, oldest first; the last is the current one. At most [`MAX_EPOCHS`] that were
    /// followed, never none; before them what was found among rotated files for somebody who came back.
    pub epochs: Arc<[Arc<Epoch>]>,
    /// What happened inside a life, without ending it, oldest first; bounded.
    pub notices: Arc<[Notice]>,
    /// The readable length of the current life.
    pub len: ByteOffset,
    /// After the last complete line of the current life.
    pub complete: ByteOffset,
    /// How it stands.
    pub state: FileState,
}

/// How many lives of a path are held.
pub const MAX_EPOCHS: usize = 16;

/// One life of a followed path.
#[derive(Debug)]
pub struct Epoch {
    /// Its number.
    pub generation: Generation,
    /// Its bytes.
    pub source: Arc<dyn Source>,
    /// Its lines.
    pub index: Arc<LineIndex>,
    /// Its matching lines.
    pub views: Views,
    /// What viewers in step share.
    pub frames: SharedFrames,
    /// What ended the life before it and when, in seconds since 1970; `None` for the first.
    pub began: Option<(FileEvent, u64)>,
    /// Its final length, once it has ended: a reader reads to there, its unfinished last line included, and goes on with
    /// the next life. Set a moment before the tip that has the next life: without one there, wait for the next tip.
    pub ended: OnceLock<ByteOffset>,
    /// For an archive: what stands between it and the life after it, and when that happened.
    pub then: Option<(FileEvent, u64)>,
    /// What was seen last of a life that ended: its end, and the evidence for it.
    last_seen: OnceLock<Cursor>,
    /// Which file it was found as, if it is an archive.
    archive: Option<FileStat>,
    /// How long it was seen to be, once it has ended.
    seen_to: OnceLock<ByteOffset>,
}

/// Something that happened inside a life: stands in the stream at a place of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Counts from 1 and never repeats within one follower: what a viewer has not told yet is above what it told last.
    pub seq: u64,
    /// The life.
    pub generation: Generation,
    /// Where.
    pub at: ByteOffset,
    /// Seconds since 1970.
    pub unix_secs: u64,
    /// What.
    pub event: FileEvent,
}

/// Where a cursor goes on.
#[derive(Clone, Debug)]
pub struct Found {
    /// What became of it.
    pub resume: Resume,
    /// The life to read.
    pub epoch: Arc<Epoch>,
    /// From where.
    pub offset: ByteOffset,
}

/// How much is counted within a look, in bytes; more is left to the background.
const INLINE_COUNT_BYTES: u64 = 1024 * 1024;

impl Epoch {
    /// A life that begins.
    fn new(generation: Generation, source: Arc<dyn Source>, began: Option<(FileEvent, u64)>) -> Self {
        let index = Arc::new(LineIndex::new(Arc::clone(&source)));
        let views = Views::new(Arc::clone(&source), Arc::clone(&index));
        let (ended, seen_to, last_seen) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let frames = SharedFrames::default();
        Self { generation, source, index, views, frames, began, ended, seen_to, then: None, last_seen, archive: None }
    }

    /// A life that ended before it was followed.
    fn archive(generation: Generation, link: &Link) -> Self {
        let life = Self::new(generation, Arc::clone(&link.source), None);
        life.end(link.len);
        Self { then: Some(link.then), archive: Some(link.stat), ..life }
    }

    /// It is `len` bytes long now. Counts what is new at once when it is little, so that the tip and the line numbers
    /// agree. Blocks.
    fn grow_to(&self, len: ByteOffset) {
        self.index.grow_to(len);
        self.views.grow_to(len);
        let behind = self.index.behind().get();
        if behind > 0 && behind <= INLINE_COUNT_BYTES {
            self.index.step();
        }
    }

    /// It was seen to have `len` bytes. Before [`Epoch::end`].
    fn was_seen_to(&self, len: ByteOffset) {
        let _ = self.seen_to.set(len);
    }

    /// It ends with `len` bytes.
    fn end(&self, len: ByteOffset) {
        self.index.grow_to(len);
        self.views.grow_to(len);
        // Set once only: a life ends once.
        let _ = self.ended.set(len);
    }

    /// What a reader that stands at `offset` has lost beyond [`Epoch::ended`]: bytes that were seen in a truncated file
    /// and that the copy made of it before does not have.
    pub fn lost_after(&self, offset: ByteOffset) -> ByteLen {
        let (Some(end), Some(seen)) = (self.ended.get(), self.seen_to.get()) else { return ByteLen::ZERO };
        *seen - offset.max(*end)
    }

    /// It was seen to end like this.
    fn seal(&self, last: Cursor) {
        // Set once only: a life ends once.
        let _ = self.last_seen.set(last);
    }

    /// Its end as it was seen last, if it was followed and has ended.
    fn last_seen(&self) -> Option<&Cursor> {
        self.last_seen.get()
    }

    /// Whether it was found among rotated files: it ended before it was followed.
    pub fn is_archive(&self) -> bool {
        self.archive.is_some()
    }

    /// Whether its bytes can still be read. They cannot after a truncation: what a reader has not read by then is a gap
    /// up to [`Epoch::ended`].
    pub fn is_readable(&self) -> bool {
        !self.source.is_cut()
    }

    /// Its identity, with as much of its head as there is now. Blocks.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn identity(&self) -> io::Result<Identity> {
        self.source.identity()
    }

    /// A cursor that stands at `offset`. Blocks.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn cursor(&self, offset: ByteOffset, marker: Marker) -> io::Result<Cursor> {
        Ok(Cursor { identity: self.source.identity()?, offset, marker })
    }
}

impl TailTip {
    /// The current life.
    pub fn current(&self) -> &Arc<Epoch> {
        // Never empty: made with one, and only shortened down to one.
        &self.epochs[self.epochs.len() - 1]
    }

    /// The life with that number, while it is held.
    pub fn epoch(&self, generation: Generation) -> Option<&Arc<Epoch>> {
        self.epochs.iter().find(|epoch| epoch.generation == generation)
    }

    /// The life after that one; the oldest that is held when lives between are not held any more.
    pub fn after(&self, generation: Generation) -> Option<&Arc<Epoch>> {
        self.epochs.iter().find(|epoch| epoch.generation > generation)
    }

    /// The lives that were followed, oldest first.
    pub fn lived(&self) -> impl DoubleEndedIterator<Item = &Arc<Epoch>> {
        self.epochs.iter().filter(|epoch| !epoch.is_archive())
    }

    /// Where a cursor goes on in the lives that are held; what became of it when it stands in none of them. Blocks.
    ///
    /// # Errors
    /// When reading fails; [`crate::source::is_gone`] when the current life ends just now.
    pub fn find(&self, cursor: &Cursor) -> io::Result<Found> {
        let seen = &cursor.identity;
        let is_one = |other: &Identity| (other.inode, other.born_ns) == (seen.inode, seen.born_ns);
        let mut cut = None;
        for epoch in self.epochs.iter().rev().filter(|epoch| epoch.is_readable()) {
            let now = match epoch.identity() {
                Ok(now) => now,
                // What became of the current life will be known at the next look.
                Err(error) if is_gone(&error) && epoch.generation != self.current().generation => continue,
                Err(error) => return Err(error),
            };
            if is_one(&now) && epoch.holds(cursor)? {
                return Ok(self.found_in(epoch, cursor.offset));
            }
            if is_one(&now) && !epoch.is_archive() {
                cut = Some(epoch);
            }
        }
        let was_in = self.lived().rev().find_map(|epoch| Some((epoch, epoch.lost_from(cursor)?)));
        Ok(match (was_in, cut) {
            (Some((epoch, lost)), _) => self.cut_before(self.after(epoch.generation), Some(lost)),
            // The lives of one file follow each other: the oldest that is held comes after the cursor's.
            (None, Some(epoch)) => self.cut_before(Some(epoch), None),
            (None, None) => {
                let epoch = self.lived().find(|epoch| epoch.is_readable()).unwrap_or(self.current());
                let resume = Resume::Gap { generation: epoch.generation, bytes: None };
                Found { resume, epoch: Arc::clone(epoch), offset: ByteOffset::ZERO }
            }
        })
    }

    /// Exactly there.
    fn found_in(&self, epoch: &Arc<Epoch>, offset: ByteOffset) -> Found {
        let generation = epoch.generation;
        let is_current = generation == self.current().generation;
        let resume = if is_current { Resume::Resumed { generation } } else { Resume::Rotated { generation } };
        Found { resume, epoch: Arc::clone(epoch), offset }
    }

    /// The cursor's life was cut; the next one goes on.
    fn cut_before(&self, next: Option<&Arc<Epoch>>, lost: Option<ByteLen>) -> Found {
        let epoch = next.unwrap_or(self.current());
        let resume = Resume::Truncated { generation: epoch.generation, lost };
        Found { resume, epoch: Arc::clone(epoch), offset: ByteOffset::ZERO }
    }
}

impl Found {
    /// Whether it goes on exactly where the cursor stood.
    pub fn is_exact(&self) -> bool {
        matches!(self.resume, Resume::Resumed { .. } | Resume::Rotated { .. })
    }
}

impl Epoch {
    /// How much of a life that was cut came after a cursor in it; `None` when the cursor is not in it.
    fn lost_from(&self, cursor: &Cursor) -> Option<ByteLen> {
        let last = self.last_seen().filter(|last| !self.is_readable() && cursor.offset <= last.offset)?;
        let (own, seen) = (&last.identity, &cursor.identity);
        let is_one = (own.inode, own.born_ns) == (seen.inode, seen.born_ns);
        // A shorter head cannot be compared any more.
        let begins = seen.head_len < own.head_len || seen.head_hash == own.head_hash;
        let ends = cursor.offset < last.offset || cursor.marker.len < last.marker.len || cursor.marker == last.marker;
        (is_one && begins && ends).then(|| last.offset - cursor.offset)
    }

    /// Whether what the cursor has seen is what stands here.
    fn holds(&self, cursor: &Cursor) -> io::Result<bool> {
        if !self.source.is_same(&cursor.identity)? {
            return Ok(false);
        }
        match marker_of(self.source.as_ref(), cursor.offset, cursor.marker.len) {
            Ok(marker) => Ok(marker == cursor.marker),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The lives, with one more at their end: at most [`MAX_EPOCHS`] that were followed. When one of them goes, so do the
/// archives: they come before it.
fn with_next(epochs: &[Arc<Epoch>], next: Epoch) -> Arc<[Arc<Epoch>]> {
    let n_lived = epochs.iter().filter(|epoch| !epoch.is_archive()).count();
    let too_many = (n_lived + 1).saturating_sub(MAX_EPOCHS);
    let left_out = if too_many == 0 { 0 } else { epochs.len() - n_lived + too_many };
    epochs.iter().skip(left_out).cloned().chain(std::iter::once(Arc::new(next))).collect()
}

fn unix_secs(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// How a follower paces itself.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Whether files are only looked at regularly, without waiting for events.
    pub poll: bool,
    /// The longest time between two looks while events come.
    pub reconcile: Duration,
    /// The time between two looks without events.
    pub poll_every: Duration,
    /// The time between two looks while a file is being replaced or is missing.
    pub busy_every: Duration,
    /// The least time between two publications.
    pub publish_every: Duration,
    /// How long the old file must be quiet before it is left for a new one that is empty.
    pub quiet: Duration,
    /// How long the old file must be quiet before it is left for a new one that has lines.
    pub quiet_with_successor: Duration,
    /// How long a copy of a truncated file must not grow before it is taken for whole.
    pub copy_grace: Duration,
    /// How long a name may be missing before that is told.
    pub missing_grace: Duration,
    /// How long a file is followed on after its last follower has gone.
    pub linger: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: false,
            reconcile: Duration::from_secs(1),
            poll_every: Duration::from_millis(250),
            busy_every: Duration::from_millis(100),
            publish_every: Duration::from_micros(16_667),
            quiet: Duration::from_secs(5),
            quiet_with_successor: Duration::from_secs(1),
            copy_grace: Duration::from_millis(100),
            missing_grace: Duration::from_secs(1),
            linger: Duration::from_secs(10),
        }
    }
}
