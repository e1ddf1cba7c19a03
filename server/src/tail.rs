//! Following files: one actor per file, which publishes where its end is and holds no lines.
//!
//! The file is the buffer: a viewer keeps a cursor and reads for itself when the tip moves.

mod actor;
mod followed;
mod piped;
mod registry;
mod seen;
#[cfg(test)]
mod tests;
mod watch;
mod watched;

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use taillight::cursor::{Cursor, Generation, Identity, Marker};
use taillight::line::ByteOffset;
use taillight::wire::{FileEvent, FileState, Resume};

use crate::index::LineIndex;
use crate::pull::SharedFrames;
use crate::read::marker_of;
use crate::scan::Views;
use crate::source::{Source, is_gone};

pub use registry::{Follower, Tails};

/// What a followed file is now. Cheap to read, replaced as a whole.
#[derive(Clone, Debug)]
pub struct TailTip {
    /// The lives of the path that are still held, oldest first; the last is the current one. At most
    /// [`MAX_EPOCHS`], never empty.
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
        Self { generation, source, index, views, frames: SharedFrames::default(), began, ended: OnceLock::new() }
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

    /// It ends with `len` bytes.
    fn end(&self, len: ByteOffset) {
        self.index.grow_to(len);
        self.views.grow_to(len);
        // Set once only: a life ends once.
        let _ = self.ended.set(len);
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

    /// Where a cursor goes on. Blocks.
    ///
    /// # Errors
    /// When reading fails.
    pub fn find(&self, cursor: &Cursor) -> io::Result<Found> {
        let seen = &cursor.identity;
        let start = |resume| Found { resume, epoch: Arc::clone(self.current()), offset: ByteOffset::ZERO };
        for epoch in self.epochs.iter().rev().filter(|epoch| epoch.is_readable()) {
            let now = match epoch.identity() {
                Ok(now) => now,
                Err(error) if is_gone(&error) => continue,
                Err(error) => return Err(error),
            };
            if (now.inode, now.born_ns) != (seen.inode, seen.born_ns) {
                continue;
            }
            return Ok(if epoch.holds(cursor)? {
                let resume = Resume::Resumed { generation: epoch.generation };
                Found { resume, epoch: Arc::clone(epoch), offset: cursor.offset }
            } else {
                start(Resume::Truncated)
            });
        }
        Ok(start(Resume::Gap { bytes: None }))
    }
}

impl Epoch {
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

/// The lives, with one more at their end: at most [`MAX_EPOCHS`].
fn with_next(epochs: &[Arc<Epoch>], next: Epoch) -> Arc<[Arc<Epoch>]> {
    let held = epochs.len().saturating_sub(MAX_EPOCHS - 1);
    epochs.iter().skip(held).cloned().chain(std::iter::once(Arc::new(next))).collect()
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
            missing_grace: Duration::from_secs(1),
            linger: Duration::from_secs(10),
        }
    }
}
