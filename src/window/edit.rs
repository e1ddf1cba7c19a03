//! How lines come into a window: at its ends only, and only where they fit.

use bytes::{Bytes, BytesMut};

use super::rows::{Entry, Line, Run, lines_of};
use super::{Divider, LineWindow, Position};
use crate::ansi::Style;
use crate::cursor::Generation;
use crate::line::{ByteLen, ByteOffset, LineCount, LineNo};
use crate::wire::{FileEvent, Frame};

/// What a frame at the end did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// How many lines came.
    pub added: usize,
    /// Whether the first of them took the place of an unfinished one.
    pub replaced: bool,
}

/// A frame that does not fit: nothing of it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where the window ends on that side.
    pub expected: Position,
    /// Where the frame starts, or ends for one above.
    pub got: Position,
}

impl LineWindow {
    /// Holds this frame and nothing else.
    pub fn replace(&mut self, frame: &Frame) {
        self.entries.clear();
        self.runs.clear();
        self.origin = 0;
        self.bytes = 0;
        self.sparse = frame.sparse.is_some();
        self.head = (frame.generation, frame.offset);
        self.tail = self.head;
        for (nth, line) in lines_of(frame, frame.style, self.sparse).into_iter().enumerate() {
            self.push_line(line, number_of(frame, nth));
        }
        self.cover_to_end_of(frame);
    }

    /// Takes the lines of a frame that come after the window; those it has are ignored. A sparse window goes on to where
    /// the frame ends even when it adds no line; an unfinished line that is not in the frame any more goes.
    ///
    /// # Errors
    /// When lines would be missing between, the frame is of another generation, or sparse and the window is not.
    pub fn append(&mut self, frame: &Frame) -> Result<Appended, Gap> {
        let gap = Gap { expected: self.tail, got: (frame.generation, frame.offset) };
        let (generation, tail) = self.tail;
        if frame.generation < generation {
            return Ok(Appended::default());
        }
        if frame.generation > generation || frame.offset > tail || (frame.sparse.is_some() && !self.sparse) {
            return Err(gap);
        }
        let style = if frame.starts_with_a_row() { self.style_of_next(frame) } else { frame.style };
        let lines = lines_of(frame, style, self.sparse);
        let held_end = self.end().1;
        let is_news = |line: &Line| line.end > tail && (line.finished || line.end > held_end);
        let n_old = lines.iter().position(is_news).unwrap_or(lines.len());
        // A line across the window's end: one of the two does not stand at a line's start.
        if lines.get(n_old).is_some_and(|line| line.offset < self.floor() || (line.offset > tail && !self.sparse)) {
            return Err(gap);
        }
        let mut done = Appended { added: lines.len() - n_old, replaced: false };
        if done.added > 0 || (self.sparse && self.ends_without_unfinished(frame, &lines)) {
            done.replaced = self.take_unfinished();
            for (nth, line) in lines.into_iter().enumerate().skip(n_old) {
                self.push_line(line, number_of(frame, nth));
            }
            self.cover_to_end_of(frame);
        }
        Ok(done)
    }

    /// Takes the lines of a frame that come before the window, and says how many. A sparse window begins where the frame
    /// begins even when it adds no line.
    ///
    /// # Errors
    /// When lines would be missing between, the frame is of another generation, or sparse and the window is not.
    pub fn prepend(&mut self, frame: &Frame) -> Result<usize, Gap> {
        let (generation, head) = self.head;
        let mut lines = lines_of(frame, frame.style, self.sparse);
        let is_held = |line: &Line| if self.sparse { line.offset >= head } else { line.end > head };
        lines.truncate(lines.iter().position(is_held).unwrap_or(lines.len()));
        let end = lines.last().map_or(head, |line| line.end);
        let fits = if self.sparse { end <= head && frame.end >= head } else { end == head && frame.sparse.is_none() };
        if frame.generation != generation || !fits || (lines.is_empty() && frame.end < head) {
            return Err(Gap { expected: self.head, got: (frame.generation, frame.end) });
        }
        if frame.offset < head && (self.sparse || !lines.is_empty()) {
            self.head.1 = frame.offset;
        }
        let n_added = lines.len();
        if n_added > 0 {
            self.push_front(frame, lines);
        }
        Ok(n_added)
    }

    /// Puts lines of a frame in front; there is at least one.
    fn push_front(&mut self, frame: &Frame, lines: Vec<Line>) {
        let n_added = lines.len();
        self.bytes += lines.iter().map(Line::cost).sum::<usize>();
        let joins = matches!(self.entries.front(), Some(Entry::Line(_)));
        let known = if joins && !self.sparse { self.number(0) } else { None };
        let back = LineCount::new(n_added as u64);
        let first_line = number_of(frame, 0)
            .filter(|_| !self.sparse)
            .or(known.filter(|known| known.lines_before() >= back).map(|no| no - back));
        self.origin -= n_added as i64;
        match self.runs.front_mut().filter(|_| joins) {
            Some(run) => (run.first, run.first_line) = (self.origin, first_line),
            None => self.runs.push_front(Run { generation: frame.generation, first: self.origin, first_line }),
        }
        for line in lines.into_iter().rev() {
            self.entries.push_front(Entry::Line(line));
        }
    }

    /// Goes on after a frame whose lines were taken: at its end, or at its unfinished last line.
    fn cover_to_end_of(&mut self, frame: &Frame) {
        if self.tail.0 != frame.generation || self.tail.1 > frame.end {
            return;
        }
        if self.unfinished_idx().is_none() {
            self.tail.1 = frame.end;
        }
        self.told_marker = frame.sparse.as_ref().map(|sparse| (self.tail, sparse.marker));
    }

    /// Before which no line of a frame may start that is new: lines here end there.
    fn floor(&self) -> ByteOffset {
        if !self.sparse {
            return self.tail.1;
        }
        let is_finished = |entry: &&Entry| matches!(entry, Entry::Line(line) if line.finished);
        match self.entries.iter().rev().find(is_finished) {
            Some(Entry::Line(line)) if line.generation == self.tail.0 => line.end,
            _ => ByteOffset::ZERO,
        }
    }

    /// Whether a frame without new lines says that none starts where the window ends: it goes on beyond that place, or
    /// was asked for from there and has nothing.
    fn ends_without_unfinished(&self, frame: &Frame, lines: &[Line]) -> bool {
        let tail = self.tail.1;
        let goes_on = frame.end > tail || (frame.offset, frame.end) == (tail, tail);
        goes_on && lines.last().is_none_or(|line| line.finished)
    }

    /// Marks what happened at the end of the lines, and goes on where lines go on after it.
    pub fn push_divider(&mut self, divider: Divider) {
        let before = self.end();
        let after = match (divider.next, divider.event) {
            (Some(next), _) => (next, ByteOffset::ZERO),
            (None, FileEvent::Gap { bytes }) => (divider.generation, divider.at + bytes),
            (None, _) => self.tail,
        };
        let at_same_place = |entry: &&Entry| match entry {
            Entry::Divider { divider: other, .. } => (other.generation, other.at) == (divider.generation, divider.at),
            Entry::Line(_) => false,
        };
        let nth = self.entries.iter().rev().find(at_same_place).map_or(1, |entry| entry.key().nth + 1);
        let unread = if before.0 == divider.generation { divider.at - before.1 } else { ByteLen::ZERO };
        let entry = Entry::Divider { divider: Divider { nth, unread, ..divider }, before, after };
        self.bytes += entry.cost();
        self.entries.push_back(entry);
        self.tail = after;
    }

    /// Marks what happened before the first line, which must start a generation; lines above it go on at its place.
    /// Says whether it fits.
    pub fn prepend_divider(&mut self, divider: Divider) -> bool {
        let after = self.first();
        if divider.next != Some(after.0) || after.1 != ByteOffset::ZERO {
            return false;
        }
        let before = (divider.generation, divider.at);
        let entry = Entry::Divider { divider: Divider { nth: 1, unread: ByteLen::ZERO, ..divider }, before, after };
        self.bytes += entry.cost();
        self.entries.push_front(entry);
        self.origin -= 1;
        self.head = before;
        true
    }

    /// Takes more of a long line's bytes, and says which item it is; `None` when they do not go on where it was cut.
    pub fn extend(&mut self, frame: &Frame) -> Option<usize> {
        let idx = self.find_holding(frame.generation, frame.offset)?;
        let Entry::Line(line) = self.entries.get_mut(idx)? else { return None };
        let here = line.offset + line.hole + ByteLen::new(line.bytes.len() as u64);
        let room = usize::try_from(line.missing().get()).unwrap_or(usize::MAX);
        if frame.offset != here || room == 0 || frame.payload.is_empty() {
            return None;
        }
        let more: Bytes = frame.payload.slice(..frame.payload.len().min(room));
        let mut bytes = BytesMut::with_capacity(line.bytes.len() + more.len());
        bytes.extend_from_slice(&line.bytes);
        bytes.extend_from_slice(&more);
        line.bytes = bytes.freeze();
        self.bytes += more.len();
        Some(idx)
    }

    /// The line that starts there has that number: numbers the lines of its run, if they had none. Says whether it did.
    /// In a sparse window it tells nothing of the other lines.
    pub fn learn(&mut self, (generation, offset): Position, number: LineNo) -> bool {
        if self.sparse {
            return false;
        }
        let after_last = self.tail == (generation, offset) && self.unfinished_idx().is_none();
        let known = if after_last {
            let above = self.len().checked_sub(1).filter(|&idx| self.line(idx).is_some());
            above.zip(LineNo::new(number.get() - 1))
        } else {
            self.find(generation, offset).map(|idx| (idx, number))
        };
        let Some((idx, number)) = known.filter(|(idx, _)| self.number(*idx).is_none()) else { return false };
        self.set_number(idx, number);
        true
    }

    /// Takes the numbers of a sparse frame's rows for those of them that it holds. Says whether any was new.
    pub fn number_rows(&mut self, frame: &Frame) -> bool {
        let mut is_news = false;
        for row in frame.rows().filter(|row| self.sparse && row.line.is_some()) {
            let Some(idx) = self.find(frame.generation, row.offset) else { continue };
            if let Some(Entry::Line(line)) = self.entries.get_mut(idx) {
                is_news |= line.number.is_none();
                line.number = row.line;
            }
        }
        is_news
    }

    /// Gives generations new numbers, when a new connection counts them otherwise.
    pub fn relabel(&mut self, new: impl Fn(Generation) -> Generation) {
        for entry in &mut self.entries {
            match entry {
                Entry::Line(line) => line.generation = new(line.generation),
                Entry::Divider { divider, before, after } => {
                    divider.generation = new(divider.generation);
                    divider.next = divider.next.map(&new);
                    before.0 = new(before.0);
                    after.0 = new(after.0);
                }
            }
        }
        for run in &mut self.runs {
            run.generation = new(run.generation);
        }
        self.head.0 = new(self.head.0);
        self.tail.0 = new(self.tail.0);
        if let Some((place, _)) = &mut self.told_marker {
            place.0 = new(place.0);
        }
    }

    /// Puts a line at the end. Its number is taken from the frame, from its place, or from the line above it.
    fn push_line(&mut self, line: Line, number: Option<LineNo>) {
        let joins = self.entries.back().is_some_and(|entry| match entry {
            Entry::Line(above) => above.generation == line.generation,
            Entry::Divider { .. } => false,
        });
        let number = number.or_else(|| self.number_after_divider(&line)).filter(|_| !self.sparse);
        self.tail = (line.generation, if line.finished { line.end } else { line.offset });
        if !joins {
            let first = self.origin + self.entries.len() as i64;
            self.runs.push_back(Run { generation: line.generation, first, first_line: None });
        }
        let entry = Entry::Line(line);
        self.bytes += entry.cost();
        self.entries.push_back(entry);
        if let Some(number) = number {
            self.set_number(self.entries.len() - 1, number);
        }
    }

    /// The number of a line that stands below a divider within one generation.
    fn number_after_divider(&self, line: &Line) -> Option<LineNo> {
        let idx = self.entries.iter().rposition(|entry| matches!(entry, Entry::Line(_)))?;
        let above = self.line(idx)?;
        let adjacent = above.generation == line.generation && above.end == line.offset;
        self.number(idx).filter(|_| adjacent).map(|number| number + LineCount::new(1))
    }

    /// Numbers the run of a line from it.
    fn set_number(&mut self, idx: usize, number: LineNo) {
        let absolute = self.origin + idx as i64;
        let Some(run_idx) = self.runs.partition_point(|run| run.first <= absolute).checked_sub(1) else { return };
        if let Some(run) = self.runs.get_mut(run_idx) {
            let above = u64::try_from(absolute - run.first).unwrap_or(u64::MAX);
            run.first_line = number.get().checked_sub(above).and_then(LineNo::new).or(run.first_line);
        }
    }

    /// Removes an unfinished last line, so that it can come whole. Dividers of the same generation may stand after it.
    fn take_unfinished(&mut self) -> bool {
        let Some(idx) = self.unfinished_idx() else { return false };
        let tail = self.tail;
        if let Some(entry) = self.entries.remove(idx) {
            self.bytes -= entry.cost();
        }
        for entry in self.entries.iter_mut().skip(idx) {
            if let Entry::Divider { before, .. } = entry {
                *before = tail;
            }
        }
        // A run left without a line loses its number: the lines below it are numbered by the frame or not at all.
        let absolute = self.origin + idx as i64;
        if self.runs.back().is_some_and(|run| run.first == absolute) {
            self.runs.pop_back();
        }
        true
    }

    /// The style of the line that comes next. The window has seen every escape since its first line; the server looks
    /// at most one block back, and may say plain for "not known".
    fn style_of_next(&self, frame: &Frame) -> Style {
        let above = self.find_holding(frame.generation, frame.offset - ByteLen::new(1)).and_then(|idx| self.line(idx));
        match above {
            Some(line) if frame.style.is_plain() && line.end == frame.offset && line.missing() == ByteLen::ZERO => {
                line.style_out()
            }
            _ => frame.style,
        }
    }
}

/// The number of a frame's row, where the frame or its place tells it.
fn number_of(frame: &Frame, nth: usize) -> Option<LineNo> {
    let at_start = frame.offset == ByteOffset::ZERO;
    let first = frame.first_line.or(at_start.then_some(LineNo::FIRST))?;
    Some(first + LineCount::new(nth as u64))
}
