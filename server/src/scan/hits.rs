//! The matching lines of a part of a source, in either direction, as bounded work.

use std::io;
use std::ops::{ControlFlow, Range};

use taillight::line::ByteOffset;

use super::clean::Cleaned;
use super::units::{Ground, Part, Passed, Scratch, Sizes, Unit, Units};
use super::{Budget, Filter, Hit, View};
use crate::index::BLOCK_BYTES;
use crate::source::Source;

/// How much of a long line is passed over between two looks whether to go on, in bytes.
const PASS_BYTES: u64 = 1024 * 1024;

/// Calls `on_hit` for each matching line that starts `within`, in order, until it breaks or the budget is spent. It
/// begins at a line's start and ends at the readable length or a line's start; an unfinished last line is a line. With a view
/// of this filter, blocks that it knows to be without are not read.
///
/// Returns how far lines were judged: a line's start, or the end; the end of the line at which `on_hit` broke. At least one
/// line is judged whatever the budget says, unless it is cancelled, so that whoever goes on from there gets on.
///
/// # Errors
/// When reading fails; [`crate::source::is_gone`] when the source is shorter than was said.
pub fn hits_down(
    source: &dyn Source,
    filter: &Filter,
    view: Option<&View>,
    within: Range<ByteOffset>,
    budget: &Budget,
    on_hit: &mut dyn FnMut(Hit) -> ControlFlow<()>,
) -> io::Result<ByteOffset> {
    Scan::new(source, filter, view, budget).down(within.start.get(), within.end.get(), on_hit).map(ByteOffset::new)
}

/// As [`hits_down`], the last line first. Returns the start down to which all lines were judged: a line's start, or
/// the beginning; the start of the line at which `on_hit` broke.
///
/// # Errors
/// As [`hits_down`].
pub fn hits_up(
    source: &dyn Source,
    filter: &Filter,
    view: Option<&View>,
    within: Range<ByteOffset>,
    budget: &Budget,
    on_hit: &mut dyn FnMut(Hit) -> ControlFlow<()>,
) -> io::Result<ByteOffset> {
    Scan::new(source, filter, view, budget).up(within.start.get(), within.end.get(), on_hit).map(ByteOffset::new)
}

/// What came of judging a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// All of its lines. The first line after them starts there, where that is known, or the readable bytes end there.
    All(Option<u64>),
    /// Those that start before that line's start; the budget is spent, or the callback broke.
    Until(u64),
    /// It was cancelled before a line's start was found.
    Nothing,
}

/// A scan for matching lines.
pub(super) struct Scan<'a> {
    pub(super) ground: Ground<'a>,
    filter: &'a Filter,
    view: Option<&'a View>,
    budget: &'a Budget,
    scratch: Scratch,
    block: u64,
}

impl<'a> Scan<'a> {
    pub(super) fn new(source: &'a dyn Source, filter: &'a Filter, view: Option<&'a View>, budget: &'a Budget) -> Self {
        let ground = Ground { source, index: view.and_then(View::index), sizes: Sizes::USUAL };
        let block = view.map_or(BLOCK_BYTES, View::block);
        Self { ground, filter, view, budget, scratch: Scratch::default(), block }
    }

    /// On that ground, in blocks of that many bytes.
    pub(super) fn with_ground(mut self, ground: Ground<'a>, block: u64) -> Self {
        (self.ground, self.block) = (ground, block);
        self
    }

    pub(super) fn down(
        &mut self,
        from: u64,
        to: u64,
        on_hit: &mut dyn FnMut(Hit) -> ControlFlow<()>,
    ) -> io::Result<u64> {
        // All lines that start before `at` are judged; `known` is a line's start at or before it.
        let (mut at, mut known) = (from, from);
        while at < to {
            let (start, stop) = self.view.map_or((at, to), |view| view.next_part(at, to));
            if start >= to {
                break;
            }
            let part = Part { from: start, at_start: start == known, stop: stop.min(to), end: to };
            match self.judge(part, on_hit)? {
                Judged::Nothing => return Ok(known),
                Judged::Until(until) => return Ok(until),
                Judged::All(Some(next)) if next < to && self.budget.is_spent() => return Ok(next),
                Judged::All(Some(next)) => (at, known) = (next.max(stop), next),
                Judged::All(None) => at = stop,
            }
        }
        Ok(to)
    }

    pub(super) fn up(&mut self, from: u64, to: u64, on_hit: &mut dyn FnMut(Hit) -> ControlFlow<()>) -> io::Result<u64> {
        // All lines that start at `low` or after are judged, and those that start at `high` or after. `low` is a line's
        // start; a line may start between only where the view knows that it does not match.
        let (mut low, mut high) = (to, to);
        let mut hits = Vec::new();
        while high > from {
            if self.budget.is_cancelled() || (low < to && self.budget.is_spent()) {
                return Ok(low);
            }
            if let Some(lower) = self.view.map(|view| view.part_before(high, from)).filter(|lower| *lower < high) {
                high = lower;
                continue;
            }
            let hole = self.ground.source.hole_before(ByteOffset::new(high))?.get();
            if hole + 1 < high {
                // In a hole there is no line feed, so a line starts at its beginning or not at all.
                high = (hole + 1).max(from);
                if hole < from {
                    break;
                }
                continue;
            }
            let start = from.max((high - 1) - (high - 1) % self.block);
            let part = Part { from: start, at_start: start == from && from == 0, stop: high, end: to };
            hits.clear();
            let mut first = None;
            self.judge_block(part, &mut first, &mut |hit| {
                hits.push(hit);
                ControlFlow::Continue(())
            })?;
            for hit in hits.iter().rev() {
                if on_hit(*hit).is_break() {
                    return Ok(hit.start.get());
                }
            }
            if self.budget.is_cancelled() {
                return Ok(low);
            }
            low = first.unwrap_or(low);
            high = start;
        }
        Ok(from)
    }

    /// All lines of a small part, whatever the budget says; `first` is where the first of them starts.
    fn judge_block(
        &mut self,
        part: Part,
        first: &mut Option<u64>,
        on_hit: &mut dyn FnMut(Hit) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let mut part = part;
        loop {
            match self.judge_from(part, first, on_hit)? {
                Judged::All(_) | Judged::Nothing => return Ok(()),
                Judged::Until(_) if self.budget.is_cancelled() => return Ok(()),
                Judged::Until(until) => part = Part { from: until, at_start: true, ..part },
            }
        }
    }

    /// The lines of `part` that match.
    pub(super) fn judge(&mut self, part: Part, on_hit: &mut dyn FnMut(Hit) -> ControlFlow<()>) -> io::Result<Judged> {
        self.judge_from(part, &mut None, on_hit)
    }

    fn judge_from(
        &mut self,
        part: Part,
        first: &mut Option<u64>,
        on_hit: &mut dyn FnMut(Hit) -> ControlFlow<()>,
    ) -> io::Result<Judged> {
        let Scratch { buf, text } = &mut self.scratch;
        let mut units = Units::new(self.ground, part, buf, self.budget);
        let mut at = part.from;
        if !part.at_start && part.from > 0 {
            loop {
                match units.pass(PASS_BYTES)? {
                    Passed::Feed(start) => {
                        at = start;
                        break;
                    }
                    Passed::NoFeed => return Ok(Judged::All(Some(part.end))),
                    Passed::More(_) if self.budget.is_cancelled() => return Ok(Judged::Nothing),
                    Passed::More(place) if place >= part.stop => return Ok(Judged::All(None)),
                    Passed::More(_) => {}
                }
            }
        }
        if at < part.stop {
            first.get_or_insert(at);
        }
        loop {
            match units.next()? {
                Unit::End => return Ok(Judged::All(Some(at))),
                Unit::Lines { start, bytes } => {
                    at = start;
                    for piece in (Pieces { rest: bytes, piece: self.ground.sizes.piece }) {
                        let broke = judge_piece(self.filter, piece, at, text, on_hit);
                        if let Some(end) = broke {
                            return Ok(Judged::Until(end));
                        }
                        at += piece.len() as u64;
                        if self.budget.is_spent() && at < part.stop {
                            return Ok(Judged::Until(at));
                        }
                    }
                }
                Unit::Last { start, bytes } => {
                    let is_match = self.filter.is_match_within(bytes, self.ground.sizes.line);
                    at = part.end;
                    let hit = Hit { start: ByteOffset::new(start), end: ByteOffset::new(at), finished: false };
                    if is_match && on_hit(hit).is_break() {
                        return Ok(Judged::Until(at));
                    }
                }
                Unit::Head { start, bytes } => {
                    let is_match = self.filter.is_match_within(bytes, self.ground.sizes.line);
                    let (end, finished) = loop {
                        match units.pass(PASS_BYTES)? {
                            Passed::Feed(end) => break (end, true),
                            Passed::NoFeed => break (part.end, false),
                            Passed::More(_) if self.budget.is_cancelled() => return Ok(Judged::Until(start)),
                            // A line is finished when nothing else was done: otherwise nobody would ever get past it.
                            Passed::More(_) if self.budget.is_spent() && start > part.from => {
                                return Ok(Judged::Until(start));
                            }
                            Passed::More(_) => {}
                        }
                    };
                    at = end;
                    let hit = Hit { start: ByteOffset::new(start), end: ByteOffset::new(end), finished };
                    if is_match && on_hit(hit).is_break() {
                        return Ok(Judged::Until(end));
                    }
                    if self.budget.is_spent() && at < part.stop {
                        return Ok(Judged::Until(at));
                    }
                }
            }
        }
    }
}

/// Tells the matching lines of a piece that starts at `at`; the end of the line at which `on_hit` broke.
pub(super) fn judge_piece(
    filter: &Filter,
    piece: &[u8],
    at: u64,
    text: &mut Vec<u8>,
    on_hit: &mut dyn FnMut(Hit) -> ControlFlow<()>,
) -> Option<u64> {
    let mut cleaned = Cleaned::new(piece, text);
    let mut broke = None;
    // Told by `broke`.
    let _ = filter.lines(cleaned.text(), |line| {
        let raw = cleaned.raw_line(&line);
        let (start, end) = (at + raw.start as u64, at + raw.end as u64);
        let flow = on_hit(Hit { start: ByteOffset::new(start), end: ByteOffset::new(end), finished: true });
        if flow.is_break() {
            broke = Some(end);
        }
        flow
    });
    broke
}

/// Whole lines cut in pieces of whole lines, each a little longer than `piece`.
pub(super) struct Pieces<'b> {
    pub(super) rest: &'b [u8],
    pub(super) piece: usize,
}

impl<'b> Iterator for Pieces<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let from = self.piece.min(self.rest.len());
        let feed = memchr::memchr(b'\n', self.rest.get(from..).unwrap_or_default());
        let (piece, rest) = self.rest.split_at(feed.map_or(self.rest.len(), |feed| from + feed + 1));
        self.rest = rest;
        Some(piece)
    }
}
