//! The lines a client holds: those of a contiguous part of a file, possibly over several of its lives, with dividers
//! between. It is *dense*, with every line of that part, or *sparse*, with the lines of it that a filter shows.
//!
//! Nothing here is ever shown as contiguous that is not: what does not fit at an end is refused, and what came before is
//! ignored. A sparse window also grows by parts that have nothing to show. Rows have keys that stay the same while rows are added or evicted in front.

mod edit;
mod evict;
mod rows;

use std::collections::VecDeque;

use crate::ansi::Style;
use crate::cursor::{Generation, Marker};
use crate::line::{ByteLen, ByteOffset, LineCount, LineNo};
use crate::wire::FileEvent;

pub use edit::{Appended, Gap};
pub use evict::Evicted;

use rows::{Entry, Line, Run};

/// How much a window holds, in bytes, its own records included.
pub const WINDOW_BYTES: usize = 4 << 20;

/// A place in a followed path, on one connection.
pub type Position = (Generation, ByteOffset);

/// What tells an item from all others of a window, and stays the same while others come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowKey {
    /// The generation it is in, or ends.
    pub generation: Generation,
    /// Where it starts.
    pub offset: ByteOffset,
    /// 0 for a line; dividers at the same place are counted from 1.
    pub nth: u32,
}

/// A line or a divider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A line.
    Line {
        /// The generation it is in.
        generation: Generation,
        /// Where it starts in the file.
        offset: ByteOffset,
        /// After it in the file, its line feed included.
        end: ByteOffset,
        /// Its bytes that are here, without the line feed; a carriage return before it is still there.
        bytes: &'a [u8],
        /// How many NUL bytes are left out in front of them.
        hole: ByteLen,
        /// How many bytes are left out at its end.
        missing: ByteLen,
        /// Its number, where it is known.
        line: Option<LineNo>,
        /// The style it starts with.
        style_in: Style,
        /// Whether it has its line feed; otherwise it is provisional.
        finished: bool,
        /// Whether it is shown because of a match near it.
        context: bool,
        /// Whether lines of the file between the row above and this one are not shown.
        gap: bool,
    },
    /// Something happened to the file here.
    Divider(Divider),
}

/// Something that happened to the file, between two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divider {
    /// The generation that ended, or that it happened in.
    pub generation: Generation,
    /// Where in that generation.
    pub at: ByteOffset,
    /// Seconds since 1970 when the server noticed.
    pub unix_secs: u64,
    /// What.
    pub event: FileEvent,
    /// The generation that begins after it.
    pub next: Option<Generation>,
    /// How many bytes before it are not in the window's lines although they were in the file.
    pub unread: ByteLen,
    /// 1 for the first divider at its place, 2 for the second.
    pub nth: u32,
}

/// The lines a client holds.
#[derive(Debug)]
pub struct LineWindow {
    entries: VecDeque<Entry>,
    /// Stretches of lines of one generation without a divider, in order; for numbering and finding.
    runs: VecDeque<Run>,
    /// The absolute index of the first entry: moves up with each eviction in front and down with each prepended row.
    origin: i64,
    /// Where the part that is held begins: a line's start.
    head: Position,
    /// Where it ends: what comes below must go on there. An unfinished last line is after it.
    tail: Position,
    /// What stands before `tail`, where a frame has said so.
    told_marker: Option<(Position, Marker)>,
    sparse: bool,
    bytes: usize,
    budget: usize,
}

impl LineWindow {
    /// An empty window that may hold `budget` bytes, at the start of the first generation.
    pub fn new(budget: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            runs: VecDeque::new(),
            origin: 0,
            head: (Generation::FIRST, ByteOffset::ZERO),
            tail: (Generation::FIRST, ByteOffset::ZERO),
            told_marker: None,
            sparse: false,
            bytes: 0,
            budget,
        }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What the items take, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it holds the lines that a filter shows, and not all of them.
    pub fn is_sparse(&self) -> bool {
        self.sparse
    }

    /// Whether it may be filled on without asking: what it takes is far from what it may hold.
    pub fn has_room(&self) -> bool {
        self.bytes < self.budget / 2
    }

    /// Item `idx`.
    pub fn get(&self, idx: usize) -> Option<Item<'_>> {
        Some(match self.entries.get(idx)? {
            Entry::Line(line) => Item::Line {
                generation: line.generation,
                offset: line.offset,
                end: line.end,
                bytes: &line.bytes,
                hole: line.hole,
                missing: line.missing(),
                line: self.number(idx),
                style_in: line.style_in,
                finished: line.finished,
                context: line.context,
                gap: idx
                    .checked_sub(1)
                    .and_then(|above| self.line(above))
                    .is_some_and(|above| above.end != line.offset),
            },
            Entry::Divider { divider, .. } => Item::Divider(*divider),
        })
    }

    /// All items.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        (0..self.len()).filter_map(|idx| self.get(idx))
    }

    /// The key of item `idx`.
    pub fn key(&self, idx: usize) -> Option<RowKey> {
        self.entries.get(idx).map(Entry::key)
    }

    /// The index of the item with that key.
    pub fn index_of(&self, key: RowKey) -> Option<usize> {
        if key.nth == 0 {
            return self.find(key.generation, key.offset);
        }
        self.entries.iter().rposition(|entry| entry.key() == key)
    }

    /// The index of the line that starts there.
    pub fn find(&self, generation: Generation, offset: ByteOffset) -> Option<usize> {
        let idx = self.find_holding(generation, offset)?;
        self.line(idx).is_some_and(|line| line.offset == offset).then_some(idx)
    }

    /// The index of the line that holds the byte at `offset`.
    pub fn find_holding(&self, generation: Generation, offset: ByteOffset) -> Option<usize> {
        (0..self.runs.len()).filter(|&run_idx| self.runs[run_idx].generation == generation).find_map(|run_idx| {
            let range = self.run_range(run_idx);
            let (mut low, mut high) = (range.start, range.end);
            while low < high {
                let middle = low + (high - low) / 2;
                if self.line(middle).is_some_and(|line| line.end <= offset) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            let line = self.line(low).filter(|_| range.contains(&low))?;
            (line.offset <= offset).then_some(low)
        })
    }

    /// The index of the first line that ends after that place: the one that holds it, or else the next one that is held.
    pub fn find_from(&self, place: Position) -> Option<usize> {
        let idx = self.entries.partition_point(|entry| entry.end() <= place);
        (idx..self.len()).find(|&idx| self.line(idx).is_some())
    }

    /// The index of the line of that number in the generation, or of the next one that is held.
    pub fn find_line(&self, generation: Generation, number: LineNo) -> Option<usize> {
        if self.sparse {
            let is_it = |entry: &Entry| matches!(entry, Entry::Line(line) if line.number >= Some(number));
            return self.entries.iter().position(|entry| entry.key().generation == generation && is_it(entry));
        }
        (0..self.runs.len()).filter(|&run_idx| self.runs[run_idx].generation == generation).find_map(|run_idx| {
            let range = self.run_range(run_idx);
            let first = self.number(range.start)?;
            let idx = usize::try_from(number.get().checked_sub(first.get())?).ok()?.checked_add(range.start)?;
            (range.contains(&idx) && self.line(idx).is_some()).then_some(idx)
        })
    }

    /// Where the part that is held begins: a page above must end there.
    pub fn first(&self) -> Position {
        self.head
    }

    /// Where it ends, after the last complete line: what comes below must start there.
    pub fn last(&self) -> Position {
        self.tail
    }

    /// The same, with an unfinished last line.
    pub fn end(&self) -> Position {
        self.unfinished_idx().and_then(|idx| self.line(idx)).map_or(self.tail, |line| (line.generation, line.end))
    }

    /// How many complete lines start at or after a place in the window, those that are context left out; none when it is
    /// not in the window.
    pub fn lines_from(&self, place: Position) -> LineCount {
        if place < self.head || place > self.tail {
            return LineCount::ZERO;
        }
        let counts = |entry: &&Entry| matches!(entry, Entry::Line(line) if line.finished && !line.context);
        let from = self.entries.partition_point(|entry| entry.end() <= place);
        LineCount::new(self.entries.range(from..).filter(counts).count() as u64)
    }

    /// What stands before [`LineWindow::last`], for a cursor.
    pub fn marker(&self) -> Marker {
        if let Some((_, marker)) = self.told_marker.filter(|(place, _)| *place == self.tail) {
            return marker;
        }
        let (generation, mut expected) = self.tail;
        let mut parts: Vec<&[u8]> = Vec::new();
        let mut n_bytes = 0;
        for entry in self.entries.iter().rev() {
            let Entry::Line(line) = entry else { continue };
            if line.generation != generation || n_bytes >= Marker::MAX_BYTES {
                break;
            }
            if line.finished && line.end < expected {
                break;
            }
            if !line.finished || line.end != expected {
                continue;
            }
            parts.push(b"\n");
            n_bytes += 1;
            // Bytes that were left out stand between: what is before them is not adjacent.
            if line.missing() > ByteLen::ZERO {
                break;
            }
            parts.push(&line.bytes);
            n_bytes += line.bytes.len();
            expected = line.offset;
            if line.hole > ByteLen::ZERO {
                break;
            }
        }
        parts.reverse();
        Marker::of(&parts.concat())
    }

    fn line(&self, idx: usize) -> Option<&Line> {
        match self.entries.get(idx)? {
            Entry::Line(line) => Some(line),
            Entry::Divider { .. } => None,
        }
    }

    /// The indexes from a run's first line to before the next run's; dividers may follow its lines.
    fn run_range(&self, run_idx: usize) -> std::ops::Range<usize> {
        let index = |run: &Run| usize::try_from(run.first - self.origin).unwrap_or(0);
        let start = self.runs.get(run_idx).map_or(self.len(), index);
        start..self.runs.get(run_idx + 1).map_or(self.len(), index)
    }

    /// The number of the line at `idx`, where it is known.
    fn number(&self, idx: usize) -> Option<LineNo> {
        if self.sparse {
            return self.line(idx)?.number;
        }
        let absolute = self.origin + idx as i64;
        let run = self.runs.get(self.runs.partition_point(|run| run.first <= absolute).checked_sub(1)?)?;
        Some(run.first_line? + LineCount::new(u64::try_from(absolute - run.first).ok()?))
    }

    /// The index of an unfinished line that what comes next will bring whole.
    fn unfinished_idx(&self) -> Option<usize> {
        let idx = self.entries.iter().rposition(|entry| matches!(entry, Entry::Line(_)))?;
        let line = self.line(idx)?;
        (!line.finished && (line.generation, line.offset) == self.tail).then_some(idx)
    }
}

#[cfg(test)]
mod tests;
