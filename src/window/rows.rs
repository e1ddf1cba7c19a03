//! The records of a window: a line, a divider, and a run of numbered lines.

use bytes::Bytes;

use super::{Divider, Position, RowKey};
use crate::ansi::{self, Style};
use crate::cursor::Generation;
use crate::line::{ByteLen, ByteOffset, LineNo};
use crate::wire::Frame;

/// What a record takes besides the bytes of its line: a window of empty lines is bounded, too.
const RECORD_BYTES: usize = 80;

#[derive(Debug)]
pub(super) enum Entry {
    Line(Line),
    Divider {
        divider: Divider,
        /// The end of the lines above it.
        before: Position,
        /// The start of the lines below it.
        after: Position,
    },
}

/// A line. Its bytes share the memory of the frame it came in.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) generation: Generation,
    pub(super) offset: ByteOffset,
    pub(super) end: ByteOffset,
    pub(super) bytes: Bytes,
    /// NUL bytes left out in front of them.
    pub(super) hole: ByteLen,
    pub(super) style_in: Style,
    pub(super) finished: bool,
    /// Its number, when its place among the lines held does not tell it: others may be between.
    pub(super) number: Option<LineNo>,
    pub(super) context: bool,
}

/// A stretch of lines of one generation without a divider.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) generation: Generation,
    /// The absolute index of its first line.
    pub(super) first: i64,
    /// The number of that line.
    pub(super) first_line: Option<LineNo>,
}

impl Entry {
    pub(super) fn key(&self) -> RowKey {
        match self {
            Self::Line(line) => RowKey { generation: line.generation, offset: line.offset, nth: 0 },
            Self::Divider { divider, .. } => {
                RowKey { generation: divider.generation, offset: divider.at, nth: divider.nth }
            }
        }
    }

    /// Where it ends; ascends over the entries of a window.
    pub(super) fn end(&self) -> Position {
        match self {
            Self::Line(line) => (line.generation, line.end),
            Self::Divider { before, .. } => *before,
        }
    }

    /// What it takes of the budget.
    pub(super) fn cost(&self) -> usize {
        match self {
            Self::Line(line) => line.cost(),
            Self::Divider { .. } => RECORD_BYTES,
        }
    }
}

impl Line {
    pub(super) fn missing(&self) -> ByteLen {
        let here = self.bytes.len() as u64 + u64::from(self.finished);
        (self.end - self.offset) - self.hole - ByteLen::new(here)
    }

    /// What it takes of the budget.
    pub(super) fn cost(&self) -> usize {
        RECORD_BYTES + self.bytes.len()
    }

    /// The style of the line below it. What was left out may have ended the colour.
    pub(super) fn style_out(&self) -> Style {
        if self.missing() > ByteLen::ZERO { Style::PLAIN } else { ansi::skip_line(&self.bytes, self.style_in) }
    }
}

/// The lines of a frame, when its first line starts with `style`. With `numbered` each keeps its own number.
pub(super) fn lines_of(frame: &Frame, style: Style, numbered: bool) -> Vec<Line> {
    let mut style_in = style;
    let mut above = None;
    let lines = frame.rows().map(|row| {
        // What is not shown may have ended the colour or begun another.
        if above.is_some_and(|end| end != row.offset) {
            style_in = Style::PLAIN;
        }
        let line = Line {
            generation: frame.generation,
            offset: row.offset,
            end: row.end,
            bytes: frame.payload.slice_ref(row.bytes),
            hole: row.hole,
            style_in,
            finished: row.finished,
            number: row.line.filter(|_| numbered),
            context: row.context,
        };
        style_in = line.style_out();
        above = Some(line.end);
        line
    });
    lines.collect()
}
