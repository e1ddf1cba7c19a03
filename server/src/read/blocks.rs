//! The blocks of a source that one request reads, each read once as far as a few are kept.

use std::collections::VecDeque;
use std::io;

use taillight::line::{ByteOffset, LineNo};

use crate::index::{Found, LineIndex};
use crate::source::{Source, read_full};

/// How many blocks are kept: a full page of usual lines, and one more at each end.
const KEPT: usize = 8;

/// Aligned blocks of a source up to a fixed end, so that a request sees one length from start to finish.
pub(crate) struct Blocks<'a> {
    source: &'a dyn Source,
    index: Option<&'a LineIndex>,
    end: u64,
    block: u64,
    kept: VecDeque<(u64, Vec<u8>)>,
}

impl<'a> Blocks<'a> {
    pub(crate) fn new(source: &'a dyn Source, index: Option<&'a LineIndex>, end: ByteOffset, block: u64) -> Self {
        Self { source, index, end: end.get(), block: block.max(1), kept: VecDeque::new() }
    }

    pub(crate) fn source(&self) -> &'a dyn Source {
        self.source
    }

    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The start of the block that holds `at`.
    pub(crate) fn start_of(&self, at: u64) -> u64 {
        at - at % self.block
    }

    /// The block that holds `at` from its start, if it was read and is still kept.
    pub(crate) fn kept(&self, at: u64) -> Option<&[u8]> {
        let start = self.start_of(at);
        self.kept.iter().find(|(place, _)| *place == start).map(|(_, bytes)| bytes.as_slice())
    }

    /// From `at` to the end of its block; empty at the end of all.
    pub(crate) fn from(&mut self, at: u64) -> io::Result<&[u8]> {
        if at >= self.end {
            return Ok(&[]);
        }
        let within = (at % self.block) as usize;
        Ok(self.load(self.start_of(at))?.get(within..).unwrap_or_default())
    }

    /// The line feed nearest at or after `from`.
    pub(crate) fn feed_after(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut at = from;
        while at < self.end {
            let bytes = self.from(at)?;
            if let Some(feed) = memchr::memchr(b'\n', bytes) {
                return Ok(Some(at + feed as u64));
            }
            at = self.skip_forward(self.start_of(at).saturating_add(self.block))?;
        }
        Ok(None)
    }

    /// The line feed nearest before `to`.
    pub(crate) fn feed_before(&mut self, to: u64) -> io::Result<Option<u64>> {
        let mut to = to.min(self.end);
        while to > 0 {
            let start = self.start_of(to - 1);
            let bytes = self.load(start)?;
            let before = bytes.get(..(to - start) as usize).unwrap_or(bytes);
            if let Some(feed) = memchr::memrchr(b'\n', before) {
                return Ok(Some(start + feed as u64));
            }
            to = self.skip_back(start)?;
        }
        Ok(None)
    }

    /// Where the line starts that holds the byte before `at`, or that begins at `at` after a line feed.
    pub(crate) fn line_start(&mut self, at: u64) -> io::Result<u64> {
        Ok(self.feed_before(at)?.map_or(0, |feed| feed + 1))
    }

    /// Where a line starts that the index has counted; `None` past the end, and where that cannot be read.
    pub(super) fn line(&mut self, index: &LineIndex, line: LineNo) -> Option<u64> {
        let (block, nth, limit) = match index.find(line)? {
            Found::Start => return (self.end > 0).then_some(0),
            Found::After { block, nth, limit } => (block.get(), nth, limit.get()),
        };
        let (mut at, mut nth) = (block, nth);
        while at < limit.min(self.end) {
            let bytes = self.from(at).ok()?;
            let feeds = memchr::memchr_iter(b'\n', bytes).count() as u64;
            if nth <= feeds {
                let feed = memchr::memchr_iter(b'\n', bytes).nth(usize::try_from(nth).ok()?.checked_sub(1)?)?;
                let start = at + feed as u64 + 1;
                return (start < self.end).then_some(start);
            }
            nth -= feeds;
            at += bytes.len() as u64;
        }
        None
    }

    fn skip_forward(&self, at: u64) -> io::Result<u64> {
        if at >= self.end {
            return Ok(at);
        }
        let counted = self.index.map_or(at, |index| index.no_feed_until(ByteOffset::new(at)).get());
        Ok(self.source.next_data(ByteOffset::new(counted))?.get().max(at))
    }

    fn skip_back(&self, to: u64) -> io::Result<u64> {
        if to == 0 {
            return Ok(0);
        }
        let counted = self.index.map_or(to, |index| index.no_feed_since(ByteOffset::new(to)).get());
        Ok(self.source.hole_before(ByteOffset::new(counted))?.get().min(to))
    }

    fn load(&mut self, start: u64) -> io::Result<&[u8]> {
        let found = self.kept.iter().position(|(place, _)| *place == start);
        let at = match found {
            Some(at) => at,
            None => {
                let mut buf =
                    if self.kept.len() < KEPT { Vec::new() } else { self.kept.pop_front().unwrap_or_default().1 };
                buf.resize(self.block.min(self.end - start) as usize, 0);
                let read = read_full(self.source, &mut buf, ByteOffset::new(start))?;
                if read < buf.len() {
                    // The file became shorter than the caller knows; what it asked for is not there any more.
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.kept.push_back((start, buf));
                self.kept.len() - 1
            }
        };
        Ok(self.kept.get(at).map_or(&[], |(_, bytes)| bytes))
    }
}

/// The start of the line that holds the byte at `at`, which is before `end`.
///
/// # Errors
/// When reading fails, or the file is shorter than `end` by now ([`crate::source::is_gone`]).
pub(crate) fn line_start(
    source: &dyn Source,
    index: &LineIndex,
    end: ByteOffset,
    at: ByteOffset,
) -> io::Result<ByteOffset> {
    let start = Blocks::new(source, Some(index), end, crate::index::BLOCK_BYTES).line_start(at.get())?;
    Ok(ByteOffset::new(start))
}

/// The start of the first line that starts at `from` or after it; `end` where there is none.
///
/// # Errors
/// As [`line_start`].
pub(crate) fn next_line_start(
    source: &dyn Source,
    index: &LineIndex,
    end: ByteOffset,
    from: ByteOffset,
) -> io::Result<ByteOffset> {
    let Some(before) = from.get().checked_sub(1) else { return Ok(from) };
    let feed = Blocks::new(source, Some(index), end, crate::index::BLOCK_BYTES).feed_after(before)?;
    Ok(feed.map_or(end, |feed| ByteOffset::new(feed + 1)))
}
