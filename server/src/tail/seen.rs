//! What was seen of a file, and whether it still stands there, or in another file: tells growth from truncation, and a
//! copy from a stranger.

use std::collections::VecDeque;
use std::io;

use taillight::cursor::{Identity, Marker};
use taillight::line::ByteOffset;

use crate::catalog::FileStat;
use crate::read::{end_of_lines, marker_at};
use crate::source::{Source, is_gone, read_full};

/// How much of a file's start is kept for comparing, in bytes.
const HEAD_BYTES: usize = 1024;

/// How many earlier lengths are kept with what stood before them.
const MAX_PAST: usize = 16;

/// The known end of a file and the evidence for it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Its length.
    pub(super) len: ByteOffset,
    /// After its last complete line.
    pub(super) complete: ByteOffset,
    /// What stands before `len`. "Shorter than before" alone misses a file that was truncated and has grown past its
    /// old length since.
    marker: Marker,
    /// Which file it was, for who comes back.
    identity: Identity,
    /// Its first bytes.
    head: Vec<u8>,
    /// Earlier lengths, oldest first: a copy may end before the last one.
    past: VecDeque<(ByteOffset, Marker)>,
}

/// What a look at a file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing is new.
    Same,
    /// There is more.
    Grown,
    /// What was there is not there any more; how many bytes there are.
    Truncated(ByteOffset),
}

impl Seen {
    /// An empty file of which nothing was read.
    pub(super) fn nothing(stat: &FileStat) -> Self {
        Self {
            identity: Identity { inode: stat.inode, born_ns: stat.born_ns, head_len: 0, head_hash: 0 },
            len: ByteOffset::ZERO,
            complete: ByteOffset::ZERO,
            marker: Marker::of(&[]),
            head: Vec::new(),
            past: VecDeque::new(),
        }
    }

    /// Looks again and notes what is new.
    pub(super) fn look(&mut self, file: &dyn Source) -> io::Result<Look> {
        let len = file.len()?;
        if len < self.len || !self.stands(file)? {
            return Ok(Look::Truncated(len));
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

    /// Whether `other` begins with what was seen, or what was seen begins with `other`, as far as the evidence goes.
    pub(super) fn agrees_with(&self, other: &dyn Source) -> io::Result<bool> {
        let len = other.len()?;
        let common = usize::try_from(len.get()).unwrap_or(usize::MAX).min(self.head.len());
        if common == 0 || head_of(other, common)? != self.head[..common] {
            return Ok(false);
        }
        let ends = self.past.iter().copied().chain(std::iter::once((self.len, self.marker)));
        for (end, marker) in ends.filter(|(end, _)| *end <= len) {
            if marker_at(other, end)? != marker {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether `other` begins as this did, as far as the shorter head goes.
    pub(super) fn agrees_in_head(&self, other: &dyn Source) -> io::Result<bool> {
        let head = head_of(other, self.head.len())?;
        Ok(!head.is_empty() && self.head.starts_with(&head))
    }

    fn stands(&self, file: &dyn Source) -> io::Result<bool> {
        if self.len == ByteOffset::ZERO {
            return Ok(true);
        }
        match marker_at(file, self.len) {
            // A whole head is compared as bytes: that is cheaper than its hash.
            Ok(marker) if marker == self.marker => Ok(head_of(file, self.head.len())? == self.head),
            Ok(_) => Ok(false),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn grow(&mut self, file: &dyn Source, len: ByteOffset) -> io::Result<()> {
        // Where nothing is new before the old length, the search back ends there.
        let complete = end_of_lines(file, self.len, len)?.unwrap_or(self.complete);
        let marker = marker_at(file, len)?;
        if self.head.len() < HEAD_BYTES {
            let wanted = usize::try_from(len.get()).unwrap_or(usize::MAX).min(HEAD_BYTES);
            let head = head_of(file, wanted)?;
            if head.len() < wanted {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.head = head;
            self.identity = file.identity()?;
        }
        if self.len > ByteOffset::ZERO {
            if self.past.len() == MAX_PAST {
                self.past.pop_front();
            }
            self.past.push_back((self.len, self.marker));
        }
        (self.len, self.complete, self.marker) = (len, complete, marker);
        Ok(())
    }
}

/// Whether all of `short` is what `long` begins with, as far as head and end tell.
pub(super) fn is_start_of(short: &dyn Source, long: &dyn Source) -> io::Result<bool> {
    let (len, whole) = (short.len()?, long.len()?);
    if len > whole {
        return Ok(false);
    }
    let head = usize::try_from(len.get()).unwrap_or(usize::MAX).min(HEAD_BYTES);
    Ok(head_of(short, head)? == head_of(long, head)? && marker_at(short, len)? == marker_at(long, len)?)
}

/// The first bytes, at most [`HEAD_BYTES`].
fn head_of(source: &dyn Source, len: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; len.min(HEAD_BYTES)];
    let read = read_full(source, &mut head, ByteOffset::ZERO)?;
    head.truncate(read);
    Ok(head)
}

/// Whether two looks were at one file. The inode number alone would do while a handle is held, which keeps it from
/// being used again; the birth time also tells where none is.
pub(super) fn is_same_file(a: &FileStat, b: &FileStat) -> bool {
    (a.dev, a.inode, a.born_ns) == (b.dev, b.inode, b.born_ns)
}
