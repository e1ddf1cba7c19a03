//! What was seen of a file, and whether it still stands there: tells growth from truncation.

use std::io;

use taillight::cursor::{Cursor, Identity, Marker};
use taillight::line::ByteOffset;

use crate::catalog::FileStat;
use crate::read::{end_of_lines, marker_at};
use crate::source::{LocalFile, Source as _, is_gone};

/// The known end of a file and the evidence for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Its length.
    pub(super) len: ByteOffset,
    /// After its last complete line.
    pub(super) complete: ByteOffset,
    /// What stands before `len`. "Shorter than before" alone misses a file that was truncated and has grown past its
    /// old length since.
    marker: Marker,
    identity: Identity,
}

/// What a look at a file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing is new.
    Same,
    /// There is more.
    Grown,
    /// What was there is not there any more.
    Truncated,
}

impl Seen {
    /// An empty file of which nothing was read.
    pub(super) fn nothing(stat: &FileStat) -> Self {
        let identity = Identity { inode: stat.inode, born_ns: stat.born_ns, head_len: 0, head_hash: 0 };
        Self { len: ByteOffset::ZERO, complete: ByteOffset::ZERO, marker: Marker::of(&[]), identity }
    }

    /// Its end, with the evidence for it.
    pub(super) fn end(&self) -> Cursor {
        Cursor { identity: self.identity, offset: self.len, marker: self.marker }
    }

    /// Looks again and notes what is new.
    pub(super) fn look(&mut self, file: &LocalFile) -> io::Result<Look> {
        let len = file.len()?;
        if len < self.len || !self.stands(file)? {
            return Ok(Look::Truncated);
        }
        if len == self.len {
            return Ok(Look::Same);
        }
        match self.grow(file, len) {
            Ok(()) => Ok(Look::Grown),
            // It was truncated while we read; the next look sees that whole.
            Err(error) if is_gone(&error) => Ok(Look::Same),
            Err(error) => Err(error),
        }
    }

    fn stands(&self, file: &LocalFile) -> io::Result<bool> {
        if self.len == ByteOffset::ZERO {
            return Ok(true);
        }
        match marker_at(file, self.len) {
            Ok(marker) if marker == self.marker => file.is_same(&self.identity),
            Ok(_) => Ok(false),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn grow(&mut self, file: &LocalFile, len: ByteOffset) -> io::Result<()> {
        // Where nothing is new before the old length, the search back ends there.
        let complete = end_of_lines(file, self.len, len)?.unwrap_or(self.complete);
        let marker = marker_at(file, len)?;
        let identity = file.identity()?;
        *self = Self { len, complete, marker, identity };
        Ok(())
    }
}

/// Whether two looks were at one file. The inode number alone would do while a handle is held, which keeps it from
/// being used again; the birth time also tells where none is.
pub(super) fn is_same_file(a: &FileStat, b: &FileStat) -> bool {
    (a.dev, a.inode, a.born_ns) == (b.dev, b.inode, b.born_ns)
}
