//! From line to line.

use std::io;

use taillight::line::ByteOffset;

use super::Shown;
use crate::read::blocks::Blocks;

/// Steps from line to line.
pub(super) struct Walk<'a>(pub(super) Blocks<'a>);

impl Walk<'_> {
    /// The line that starts at `start`, as context.
    pub(super) fn line_at(&mut self, start: u64) -> io::Result<Shown> {
        let feed = self.0.feed_after(start)?;
        let end = feed.map_or(self.0.end(), |feed| feed + 1);
        Ok(context(start, end, feed.is_some()))
    }

    /// The line that ends at `end`, as context.
    pub(super) fn line_above(&mut self, end: u64) -> io::Result<Shown> {
        // Only at the end of all can a line have no line feed.
        let finished = end < self.0.end() || self.0.feed_before(end)? == end.checked_sub(1);
        let start = self.0.line_start(end - u64::from(finished))?;
        Ok(context(start, end, finished))
    }

    /// The start of the line that is `lines` above `from`, but not above `floor`.
    pub(super) fn above(&mut self, from: u64, floor: u64, lines: u32) -> io::Result<u64> {
        let mut at = from;
        for _ in 0..lines {
            if at <= floor {
                break;
            }
            at = self.line_above(at)?.start.get();
        }
        Ok(at.max(floor))
    }

    /// The end of the line that is `lines` below `from`, but not below `ceiling`.
    pub(super) fn below(&mut self, from: u64, ceiling: u64, lines: u32) -> io::Result<u64> {
        let mut at = from;
        for _ in 0..lines {
            if at >= ceiling {
                break;
            }
            at = self.line_at(at)?.end.get();
        }
        Ok(at.min(ceiling))
    }
}

fn context(start: u64, end: u64, finished: bool) -> Shown {
    Shown { start: ByteOffset::new(start), end: ByteOffset::new(end), finished, context: true }
}
