//! One file that has or had the name, from one truncation to the next.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use taillight::cursor::Generation;
use taillight::line::ByteOffset;
use taillight::wire::FileEvent;

use super::seen::{Look, Seen};
use super::{Epoch, Pace};
use crate::catalog::{FileStat, LogFile};
use crate::source::{LocalFile, Source as _};

/// A file, what was seen of it, and whether it can still grow.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) local: Arc<LocalFile>,
    /// What the file system said about it at the last look.
    pub(super) stat: FileStat,
    pub(super) seen: Seen,
    /// What its coming is to be told as.
    pub(super) event: FileEvent,
    /// No copy of this life is older, in nanoseconds since 1970.
    pub(super) since_ns: u64,
    pub(super) grew_at: Instant,
    /// When it was first seen without the name.
    pub(super) left_at: Option<Instant>,
    over: Over,
}

/// Whether a truncation has ended it.
#[derive(Clone, Copy, Debug)]
enum Over {
    No,
    /// It is read in its copy, which is shorter than the file was: it may still be written.
    InCopy {
        len: ByteOffset,
        since: Instant,
    },
    /// With that length.
    At(ByteOffset),
}

impl Life {
    /// A life of `file` that begins, of which there is no copy from before `since_ns`.
    pub(super) fn new(file: Arc<LogFile>, event: FileEvent, since_ns: u64, now: Instant) -> io::Result<Self> {
        let stat = file.stat()?;
        let local = Arc::new(LocalFile::new(file)?);
        let seen = Seen::nothing(&stat);
        Ok(Self { local, stat, seen, event, since_ns, grew_at: now, left_at: None, over: Over::No })
    }

    /// Looks again, unless it is over.
    pub(super) fn look(&mut self, now: Instant) -> io::Result<Look> {
        if !matches!(self.over, Over::No) {
            return Ok(Look::Same);
        }
        let look = self.seen.look(&*self.local)?;
        if look == Look::Grown {
            self.grew_at = now;
        }
        Ok(look)
    }

    /// Whether it can grow.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.over, Over::No)
    }

    /// It was truncated: the life goes on in `copy`, or ends with what was read of it.
    pub(super) fn cut(&mut self, copy: Option<Arc<LogFile>>, now: Instant) {
        let len = copy.as_ref().and_then(|copy| copy.stat().ok()).map(|stat| ByteOffset::new(stat.len));
        match (copy, len) {
            (Some(copy), Some(len)) => {
                self.local.go_on_in(copy);
                let is_whole = len >= self.seen.len;
                self.over = if is_whole { Over::At(len) } else { Over::InCopy { len, since: now } };
            }
            _ => {
                self.local.cut();
                self.over = Over::At(self.seen.len);
            }
        }
    }

    /// How it ended, once that is settled.
    pub(super) fn end(&mut self, pace: &Pace, now: Instant) -> Option<ByteOffset> {
        let Over::InCopy { len, since } = self.over else {
            return match self.over {
                Over::At(end) => Some(end),
                _ => None,
            };
        };
        let is = self.local.len().unwrap_or(len);
        if is > len && is < self.seen.len {
            self.over = Over::InCopy { len: is, since: now };
            return None;
        }
        let is_whole = is >= self.seen.len || now.duration_since(since) >= pace.copy_grace;
        is_whole.then(|| {
            self.over = Over::At(is);
            is
        })
    }

    /// As what readers read.
    pub(super) fn epoch(&self, generation: Generation, began: Option<(FileEvent, u64)>) -> Epoch {
        Epoch::new(generation, Arc::clone(&self.local) as Arc<dyn crate::source::Source>, began)
    }
}
