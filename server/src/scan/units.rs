//! Reading lines in units: as many whole lines as fit a read, in order.
//!
//! A line that is longer than what is looked at of it comes as its head; the rest is passed over without being kept,
//! holes and what the index knows to be without line feed without being read.

use std::io;
use std::time::Duration;

use taillight::line::ByteOffset;

use super::{Budget, MAX_LINE_BYTES};
use crate::index::LineIndex;
use crate::source::{Source, read_full};

/// How much is read and looked at, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// How much of a line is looked at.
    pub(super) line: usize,
    /// The first read: enough for a page.
    pub(super) first_read: usize,
    /// The largest read: fits a part of the second-level cache.
    pub(super) read: usize,
    /// How much is judged between two looks whether to go on.
    pub(super) piece: usize,
    /// The first read for the rest of the last line.
    pub(super) tail: usize,
    /// How much a view counts at a time.
    pub(super) step: u64,
    /// The longest part that one of several threads judges by itself.
    pub(super) span: u64,
    /// How far above a line its time may stand, from line start to line start.
    pub(super) reach: u64,
    /// How far one view may be behind another that waits for it, so that they go on together.
    pub(super) near: u64,
    /// What is left at the end of a file when it is counted in such parts: more than is looked at of a line.
    pub(super) left: u64,
}

impl Sizes {
    pub(super) const USUAL: Self = Self {
        line: MAX_LINE_BYTES,
        first_read: 64 * 1024,
        read: 1024 * 1024,
        piece: 64 * 1024,
        tail: 4 * 1024,
        step: 8 * 1024 * 1024,
        span: 4 * 1024 * 1024,
        near: 256 * 1024 * 1024,
        left: 2 * 1024 * 1024,
        reach: 1024 * 1024,
    };
}

/// A page of memory, in bytes. Bytes that are copied from the system's pages to places in ours that are a few bytes further
/// on take up to five times as long (AMD EPYC, Linux 6.18: 2 GB in 330 ms instead of 77).
const PAGE_BYTES: usize = 4096;

/// Cuts whole lines in pieces that are judged in one go, each of whole lines: small at first, and small for a pattern
/// that is slow, so that a search can be given up at any time.
#[derive(Debug)]
pub(super) struct Portions {
    piece: usize,
    largest: usize,
}

impl Portions {
    /// The smallest and first piece, in bytes.
    const SMALLEST: usize = 4 * 1024;

    pub(super) fn new(sizes: Sizes) -> Self {
        Self { piece: sizes.piece.min(Self::SMALLEST), largest: sizes.piece }
    }

    /// The next piece of `lines`, and the rest.
    pub(super) fn cut<'b>(&self, lines: &'b [u8]) -> (&'b [u8], &'b [u8]) {
        let from = self.piece.min(lines.len());
        let feed = memchr::memchr(b'\n', lines.get(from..).unwrap_or_default());
        lines.split_at(feed.map_or(lines.len(), |feed| from + feed + 1))
    }

    /// That is how long the last piece took.
    pub(super) fn took(&mut self, time: Duration) {
        if time > Duration::from_millis(4) {
            self.piece = (self.piece / 4).max(Self::SMALLEST.min(self.largest));
        } else if time < Duration::from_millis(1) {
            self.piece = self.piece.saturating_mul(2).min(self.largest);
        }
    }
}

/// A source, and what is known of its lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) index: Option<&'a LineIndex>,
    pub(super) sizes: Sizes,
}

/// Which lines: those that start in `[from, stop)`. They are read up to `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) from: u64,
    /// Whether a line is known to start at `from`.
    pub(super) at_start: bool,
    pub(super) stop: u64,
    pub(super) end: u64,
    /// The first line start at or after `stop`, where that is known.
    pub(super) next: Option<u64>,
}

/// Memory that scans use again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) buf: Vec<u8>,
    pub(super) text: Vec<u8>,
}

/// The next lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unit<'b> {
    /// Whole lines with their line feeds.
    Lines { start: u64, bytes: &'b [u8] },
    /// The last line, without line feed, as far as it is looked at.
    Last { start: u64, bytes: &'b [u8] },
    /// The head of a line that goes on: [`Units::pass`] comes next.
    Head { start: u64, bytes: &'b [u8] },
    /// There are no more.
    End,
}

/// How the rest of a line was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// It ends before that place, with its line feed.
    Feed(u64),
    /// It ends with the readable bytes.
    NoFeed,
    /// It goes on from there.
    More(u64),
}

/// The lines of a part of a source, unit by unit.
#[derive(Debug)]
pub(super) struct Units<'a> {
    ground: Ground<'a>,
    budget: &'a Budget,
    buf: &'a mut Vec<u8>,
    /// What of `buf` is read and not given yet.
    head: usize,
    tail: usize,
    /// The offset of the byte at `head`.
    at: u64,
    stop: u64,
    end: u64,
    next_read: usize,
    next_tail: usize,
    /// No hole begins before that place, from where was read last.
    dense_until: u64,
}

impl<'a> Units<'a> {
    /// The lines of `part`. Without a known line start at its beginning, [`Units::pass`] comes first and finds one.
    pub(super) fn new(ground: Ground<'a>, part: Part, buf: &'a mut Vec<u8>, budget: &'a Budget) -> Self {
        let (next_read, next_tail) = (ground.sizes.first_read, ground.sizes.tail);
        let at = if part.at_start { part.from } else { part.from.saturating_sub(1) };
        let (stop, end) = (part.stop.min(part.end), part.end);
        Self { ground, budget, buf, head: 0, tail: 0, at, stop, end, next_read, next_tail, dense_until: 0 }
    }

    /// The next lines.
    ///
    /// # Errors
    /// When reading fails; [`crate::source::is_gone`] when the source is shorter than was said.
    pub(super) fn next(&mut self) -> io::Result<Unit<'_>> {
        if self.at >= self.stop {
            return Ok(Unit::End);
        }
        let mut searched = self.head;
        loop {
            let fresh = self.buf.get(searched..self.tail).unwrap_or_default();
            if let Some(feed) = memchr::memrchr(b'\n', fresh) {
                // A read holds no line that is too long, but it may end one that was begun before.
                let first = memchr::memchr(b'\n', fresh).map_or(searched, |feed| searched + feed);
                let is_long = first - self.head > self.ground.sizes.line;
                return Ok(if is_long { self.head_of_line() } else { self.lines(searched + feed + 1) });
            }
            let held = self.tail - self.head;
            if held >= self.ground.sizes.line {
                return Ok(self.head_of_line());
            }
            if self.at + held as u64 >= self.end {
                let (start, from) = (self.at, self.head);
                self.at = self.end;
                self.head = self.tail;
                return Ok(Unit::Last { start, bytes: self.buf.get(from..self.tail).unwrap_or_default() });
            }
            self.keep_rest();
            searched = self.tail;
            self.read()?;
        }
    }

    /// Passes over the rest of the line that `at` is in, about `most` bytes of it at most. At an end without line feed
    /// there is nothing more.
    pub(super) fn pass(&mut self, most: u64) -> io::Result<Passed> {
        let mut left = most;
        loop {
            if let Some(feed) = memchr::memchr(b'\n', self.buf.get(self.head..self.tail).unwrap_or_default()) {
                self.head += feed + 1;
                self.at += feed as u64 + 1;
                return Ok(Passed::Feed(self.at));
            }
            self.at += (self.tail - self.head) as u64;
            self.head = self.tail;
            self.at = self.without_feed_until(self.at)?;
            if self.at >= self.end {
                return Ok(Passed::NoFeed);
            }
            if left == 0 || self.budget.is_cancelled() {
                return Ok(Passed::More(self.at));
            }
            self.keep_rest();
            left = left.saturating_sub(self.read()? as u64);
        }
    }

    /// Passes over bytes that are known to have no line feed.
    fn without_feed_until(&self, at: u64) -> io::Result<u64> {
        if at >= self.end {
            return Ok(at);
        }
        let counted = self.ground.index.map_or(at, |index| index.no_feed_until(ByteOffset::new(at)).get());
        Ok(self.ground.source.next_data(ByteOffset::new(counted))?.get().max(at).min(self.end))
    }

    fn head_of_line(&mut self) -> Unit<'_> {
        let (start, from) = (self.at, self.head);
        self.head += self.ground.sizes.line;
        self.at += self.ground.sizes.line as u64;
        Unit::Head { start, bytes: self.buf.get(from..self.head).unwrap_or_default() }
    }

    /// The lines up to `to` in the buffer, without those that start at `stop` or after.
    fn lines(&mut self, to: usize) -> Unit<'_> {
        let from = self.head;
        let mut to = to;
        if self.at + (to - from) as u64 > self.stop {
            // The last line is the one that has the byte before `stop`, be it its line feed.
            let last = from + usize::try_from(self.stop - 1 - self.at).unwrap_or(to - from);
            let feed = self.buf.get(last..to).and_then(|bytes| memchr::memchr(b'\n', bytes));
            to = feed.map_or(to, |feed| last + feed + 1);
        }
        let start = self.at;
        self.head = to;
        self.at += (to - from) as u64;
        Unit::Lines { start, bytes: self.buf.get(from..to).unwrap_or_default() }
    }

    /// Moves what is held so that the next read goes to a place in its page of memory that is that of the bytes in theirs.
    fn keep_rest(&mut self) {
        let held = self.tail - self.head;
        let place = self.at + held as u64;
        let from = (place % PAGE_BYTES as u64) as usize + PAGE_BYTES - self.buf.as_ptr().addr() % PAGE_BYTES;
        let tail = held + (from + PAGE_BYTES - held % PAGE_BYTES) % PAGE_BYTES;
        if self.buf.len() < tail {
            self.buf.resize(tail, 0);
        }
        self.buf.copy_within(self.head..self.tail, tail - held);
        (self.head, self.tail) = (tail - held, tail);
    }

    /// Reads what follows; says how much.
    fn read(&mut self) -> io::Result<usize> {
        let sizes = self.ground.sizes;
        let place = self.at + (self.tail - self.head) as u64;
        // Not far past the part: what is there is only the end of its last line.
        let limit = match self.stop.checked_sub(place) {
            Some(left) if left > 0 => left.saturating_add(sizes.tail as u64),
            _ => {
                let limit = self.next_tail as u64;
                self.next_tail = sizes.read.min(self.next_tail.saturating_mul(2));
                limit
            }
        };
        let wanted = limit.min(self.next_read as u64).min(self.end - place).max(1);
        self.next_read = sizes.read.min(self.next_read.saturating_mul(2));
        let (wanted, is_hole) = self.up_to_hole(place, wanted)?;
        if self.buf.len() < self.tail + wanted {
            self.buf.resize(self.tail + wanted, 0);
        }
        let Some(room) = self.buf.get_mut(self.tail..self.tail + wanted) else { return Ok(0) };
        let n_read = if is_hole {
            room.fill(0);
            wanted
        } else {
            read_full(self.ground.source, room, ByteOffset::new(place))?
        };
        self.budget.spend(n_read as u64);
        if n_read < wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.tail += n_read;
        Ok(n_read)
    }

    /// How much of a read to do at once, and whether that is in a hole: what is read are data, and the zeros of holes are
    /// known. A short read is not worth the question.
    fn up_to_hole(&mut self, place: u64, wanted: u64) -> io::Result<(usize, bool)> {
        let mut part = (wanted, false);
        if wanted > self.ground.sizes.tail as u64 {
            if place >= self.dense_until {
                self.dense_until = self.ground.source.next_hole(ByteOffset::new(place))?.get();
            }
            if place < self.dense_until {
                part = (wanted.min(self.dense_until - place), false);
            } else {
                let data = self.ground.source.next_data(ByteOffset::new(place))?.get();
                // Where neither is told, the read finds out.
                part = if data > place { (wanted.min(data - place), true) } else { (wanted, false) };
            }
        }
        Ok((usize::try_from(part.0).unwrap_or(usize::MAX), part.1))
    }
}
