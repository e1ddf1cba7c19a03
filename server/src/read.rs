//! Windows of a log: pages around an anchor, the next lines for a live view, more of a long line. All block.
//!
//! A page costs what is in it, whatever the size of the file: aligned blocks are read around the anchor, and the way to
//! the start or end of a huge line skips holes and what the index knows to be without line feeds.

mod back;
pub(crate) mod blocks;
mod hole;
mod live;
mod page;
mod rows;
mod style;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use taillight::ansi::Style;
use taillight::cursor::{Anchor, Generation, Marker};
use taillight::line::{ByteOffset, LineNo};
use taillight::wire::{Cut, Frame, FrameFlags, FrameKind};

pub use back::lines_back;
pub(crate) use blocks::{line_start, next_line_start};
pub(crate) use hole::{append_head, left_out};
pub use live::{count_lines, end_of_lines, line_bytes, lines_from, marker_at, marker_of};
pub(crate) use page::find_line;
pub use page::page;
pub(crate) use rows::append;

/// What page is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageWant {
    /// Where.
    pub at: Anchor,
    /// Rows before the anchor, at most.
    pub before: u32,
    /// Rows from the anchor on, at most.
    pub after: u32,
    /// Bytes of payload, at most. A line that does not fit alone is cut to fit.
    pub max_bytes: usize,
}

/// Whole lines around an anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where the first line starts.
    pub offset: ByteOffset,
    /// After the last line.
    pub end: ByteOffset,
    /// The number of the first line, where the index has come that far.
    pub first_line: Option<LineNo>,
    /// The style that the first line starts with, as far as the bytes read tell.
    pub style: Style,
    /// How many lines there are.
    pub rows: u32,
    /// Where long lines were cut.
    pub cuts: Vec<Cut>,
    /// The bytes of the lines, without those cut out.
    pub payload: Bytes,
    /// What is true of its ends.
    pub flags: FrameFlags,
    /// The start of the line at the anchor; the end of the file where there is none.
    pub anchor: ByteOffset,
}

impl Page {
    /// The page as the answer to request `req`.
    pub fn into_frame(self, req: u32, generation: Generation) -> Frame {
        Frame {
            kind: FrameKind::Page,
            flags: self.flags,
            req,
            generation,
            style: self.style,
            offset: self.offset,
            end: self.end,
            first_line: self.first_line,
            cuts: self.cuts,
            sparse: None,
            payload: self.payload,
        }
    }
}

/// The next lines for a live view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// What stood before the first of them, read in the same moment as they: when that is not what the reader knows,
    /// the file was truncated and has grown again, and the lines are not those that follow.
    pub before: Marker,
    /// After the last line; where it began when no line was finished or fitted.
    pub end: ByteOffset,
    /// What stands before `end`: goes into the reader's cursor.
    pub after: Marker,
    /// Where long lines were cut.
    pub cuts: Vec<Cut>,
    /// The bytes of the lines, without those cut out.
    pub payload: Bytes,
}
