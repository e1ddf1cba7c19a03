//! A page of shown rows: those around an anchor, as far as a bounded piece of work finds them.
//!
//! A page covers what was judged, which may be less than was asked for, or nothing: who wants more asks again from where it
//! ends. The same makes the next lines of a live view.

mod copy;

use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use bytes::Bytes;
use taillight::ansi::Style;
use taillight::cursor::{Anchor, Generation, Marker};
use taillight::line::{ByteOffset, LineNo};
use taillight::wire::{
    Cut, Frame, FrameFlags, FrameKind, MAX_LINE_BYTES, MAX_LIVE_BYTES, MAX_PAGE_ROWS, Sparse, SparseRow,
};

use super::Budget;
use super::moment::moment;
use super::rows::{OnRow, Reached, Rows, Shown};
use crate::dates;
use crate::index::LineIndex;
use crate::read::{PageWant, find_line, line_start, marker_at};

/// How much one answer may do. A connection does nothing else meanwhile, so this is what a message waits at most.
pub const ANSWER: Work = Work { bytes: 64 << 20, time: Duration::from_millis(40), enough: Duration::from_millis(5) };

/// A bounded piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Bytes that are looked through; what a view knows to be empty does not count.
    pub bytes: u64,
    /// The time it takes.
    pub time: Duration,
    /// After this a side that has a row is not searched on: a few rows on the screen now are worth more to who asks on
    /// than a full page later.
    pub enough: Duration,
}

/// Shown rows, and what they cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SparsePage {
    /// Where the covered part begins, a line's start.
    pub offset: ByteOffset,
    /// Where it ends.
    pub end: ByteOffset,
    /// What is true of its ends.
    pub flags: FrameFlags,
    /// The shown rows.
    pub rows: Vec<SparseRow>,
    /// Where long lines were cut.
    pub cuts: Vec<Cut>,
    /// The bytes of the rows.
    pub payload: Bytes,
    /// Where a live view goes on: the end, or the start of an unfinished last row, which comes again whole.
    pub place: ByteOffset,
    /// What stands before `place`.
    pub marker: Marker,
    /// The number of the line at `place`, where it is known.
    pub next_line: Option<LineNo>,
    /// Whether it has the rows that were asked for, or all there are; otherwise the work was not enough to find them.
    pub is_full: bool,
}

impl SparsePage {
    /// As the answer to request `req`, or 0 for a live frame. Rows begin plain: what lies between them is not read.
    pub fn into_frame(self, kind: FrameKind, req: u32, generation: Generation) -> Frame {
        Frame {
            kind,
            flags: self.flags,
            req,
            generation,
            style: Style::PLAIN,
            offset: self.offset,
            end: self.end,
            first_line: self.rows.first().and_then(|row| row.line),
            cuts: self.cuts,
            sparse: Some(Sparse { marker: self.marker, rows: self.rows }),
            payload: self.payload,
        }
    }
}

/// The shown rows around an anchor.
///
/// # Errors
/// When reading fails, or the file is shorter than `rows.end` by now ([`crate::source::is_gone`]).
pub fn page(rows: &Rows<'_>, index: &LineIndex, want: &PageWant, work: Work) -> io::Result<SparsePage> {
    let deadline = Instant::now() + work.time;
    let settled = rows.settled()?;
    let anchor = find_anchor(rows, index, want.at, settled)?;
    let sides = u32::from(want.before > 0) + u32::from(want.after > 0);
    let share = work.time / sides.max(1);
    let wanted = u64::from(want.before) + u64::from(want.after);
    let max_bytes = want.max_bytes as u64;
    let below_bytes = u64::try_from(u128::from(max_bytes) * u128::from(want.after) / u128::from(wanted.max(1)));

    let mut below = Taking::new(want.after, below_bytes.unwrap_or(max_bytes), max_bytes);
    let hard = deadline - share * sides.saturating_sub(1);
    let down = |from, until, on_row: OnRow<'_>| rows.down(from, &Budget::new(work.bytes).until(until), on_row);
    let (end, ended) = below.fill(anchor, (work.enough, hard), down, |refused| refused.start)?;

    let used: u64 = below.taken.iter().map(Row::cost).sum();
    let mut above = Taking::new(want.before, max_bytes.saturating_sub(used), max_bytes);
    let up = |from, until, on_row: OnRow<'_>| rows.up(from, &Budget::new(work.bytes).until(until), on_row);
    let (offset, begun) = above.fill(anchor, (work.enough, deadline), up, |refused| refused.end)?;

    let taken: Vec<Row> = above.taken.iter().rev().chain(&below.taken).copied().collect();
    let flags = FrameFlags { at_start: offset == ByteOffset::ZERO, at_end: end >= settled, unfinished: false };
    let is_full = ended && begun;
    made(rows, index, Draft { offset, end, flags, taken, is_full, known: None })
}

/// The next shown rows from `from` on, where the line has the number `line` if that is known: as much as a live frame
/// takes. `from` must be a settled place.
///
/// # Errors
/// As [`page`].
pub fn next(
    rows: &Rows<'_>,
    index: &LineIndex,
    (from, line): (ByteOffset, Option<LineNo>),
    work: Work,
) -> io::Result<SparsePage> {
    let max_bytes = MAX_LIVE_BYTES as u64;
    let mut taking = Taking::new(MAX_PAGE_ROWS, max_bytes, max_bytes);
    let down = |from, until, on_row: OnRow<'_>| rows.down(from, &Budget::new(work.bytes).until(until), on_row);
    let (end, is_full) = taking.fill(from, (work.enough, Instant::now() + work.time), down, |refused| refused.start)?;
    let flags = FrameFlags { at_start: from == ByteOffset::ZERO, ..FrameFlags::default() };
    let known = line.map(|line| (from, line));
    made(rows, index, Draft { offset: from, end, flags, taken: taking.taken, is_full, known })
}

/// A line's start at the anchor, where both sides are settled.
fn find_anchor(rows: &Rows<'_>, index: &LineIndex, at: Anchor, settled: ByteOffset) -> io::Result<ByteOffset> {
    let place = match at {
        Anchor::Start => ByteOffset::ZERO,
        Anchor::End => settled,
        Anchor::Byte(byte) if byte >= settled => settled,
        Anchor::Byte(byte) => line_start(rows.source, index, rows.end, byte)?,
        Anchor::Line(line) => find_line(index, line).unwrap_or(settled),
        Anchor::Time(time) => moment(rows.source, rows.end, time.resolve(dates::now(), dates::zone()))?.at,
    };
    Ok(place.min(settled))
}

/// A row, and how much of it is sent.
#[derive(Clone, Copy, Debug)]
struct Row {
    shown: Shown,
    /// Bytes without the line feed.
    len: u64,
    /// How many of them are sent.
    head: u64,
}

impl Row {
    fn cost(&self) -> u64 {
        self.head + u64::from(self.shown.finished)
    }
}

/// What a page is made of.
struct Draft {
    offset: ByteOffset,
    end: ByteOffset,
    flags: FrameFlags,
    taken: Vec<Row>,
    is_full: bool,
    /// A line whose number is known.
    known: Option<(ByteOffset, LineNo)>,
}

/// Takes rows as far as there is room.
struct Taking {
    rows: u32,
    bytes: u64,
    /// A line longer than this is cut to it.
    line: u64,
    taken: Vec<Row>,
    refused: Option<Shown>,
}

impl Taking {
    /// Room for so many rows and bytes; `all` is the room of the whole page.
    fn new(rows: u32, bytes: u64, all: u64) -> Self {
        Self { rows, bytes, line: (MAX_LINE_BYTES as u64).min(all.max(2) - 1), taken: Vec::new(), refused: None }
    }

    /// Fills itself by a search from `from`, until `hard`, or, with a row, much sooner. Where what it covers ends, and
    /// whether it has all that was wanted.
    fn fill(
        &mut self,
        from: ByteOffset,
        (enough, hard): (Duration, Instant),
        search: impl Fn(ByteOffset, Instant, OnRow<'_>) -> io::Result<Reached>,
        edge: impl FnOnce(Shown) -> ByteOffset,
    ) -> io::Result<(ByteOffset, bool)> {
        if self.rows == 0 {
            return Ok((from, true));
        }
        let soft = hard.min(Instant::now() + enough);
        let mut reached = Reached { place: from, is_end: false };
        for until in [soft, hard] {
            reached = search(reached.place, until, &mut |shown| self.take(shown))?;
            let is_out_of_bytes = Instant::now() < until;
            if reached.is_end || !self.taken.is_empty() || is_out_of_bytes {
                break;
            }
        }
        let place = self.refused.map_or(reached.place, edge);
        Ok((place, reached.is_end || self.rows == 0 || self.refused.is_some()))
    }

    fn take(&mut self, shown: Shown) -> ControlFlow<()> {
        let len = (shown.end - shown.start).get() - u64::from(shown.finished);
        let row = Row { shown, len, head: len.min(self.line) };
        // The first row gets in even when the share of its side is too small: a page always goes on.
        if row.cost() > self.bytes && !self.taken.is_empty() {
            self.refused = Some(shown);
            return ControlFlow::Break(());
        }
        self.bytes = self.bytes.saturating_sub(row.cost());
        self.rows -= 1;
        self.taken.push(row);
        if self.rows == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn made(rows: &Rows<'_>, index: &LineIndex, draft: Draft) -> io::Result<SparsePage> {
    let Draft { offset, end, flags, taken, is_full, known } = draft;
    let last = taken.last().map(|row| row.shown);
    let unfinished = last.filter(|shown| !shown.finished);
    let place = unfinished.map_or(end, |shown| shown.start);
    let copied = copy::copy(rows, index, &taken, (place, known))?;
    Ok(SparsePage {
        offset,
        end,
        flags: FrameFlags { unfinished: unfinished.is_some(), ..flags },
        rows: copied.rows,
        cuts: copied.cuts,
        payload: copied.payload,
        place,
        marker: marker_at(rows.source, place)?,
        next_line: copied.next_line,
        is_full,
    })
}

#[cfg(test)]
mod tests;
