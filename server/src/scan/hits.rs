//! The matching lines of a part of a source, in either direction, as bounded work.

use std::io;
use std::ops::{ControlFlow, Range};

use taillight::line::ByteOffset;

use super::judge::{Judge, Judged, OnHit};
use super::units::{Ground, Part, Scratch, Sizes};
use super::{Budget, Facts, Filter, Hit, View};
use crate::index::BLOCK_BYTES;
use crate::source::Source;

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

/// As [`hits_down`] or [`hits_up`], but with the facts of the source where they are held: blocks that they tell to be
/// without are not read.
///
/// # Errors
/// As [`hits_down`].
pub fn hits_by_facts(
    source: &dyn Source,
    filter: &Filter,
    facts: Option<&Facts>,
    (within, down): (Range<ByteOffset>, bool),
    budget: &Budget,
    on_hit: &mut dyn FnMut(Hit) -> ControlFlow<()>,
) -> io::Result<ByteOffset> {
    let mut scan = Scan::new(source, filter, None, budget);
    scan.known = facts.map_or(Known::Nothing, Known::Facts);
    let (from, to) = (within.start.get(), within.end.get());
    let reached = if down { scan.down(from, to, on_hit) } else { scan.up(from, to, on_hit) };
    reached.map(ByteOffset::new)
}

/// What is known of where matching lines are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known<'a> {
    Nothing,
    /// How many there are in each block.
    Counts(&'a View),
    /// What the lines of each block are.
    Facts(&'a Facts),
}

impl Known<'_> {
    /// The next part of `[at, to)` in which lines may match: where it begins, and where the next part that is known to
    /// be without begins.
    fn next_part(self, filter: &Filter, at: u64, to: u64) -> (u64, u64) {
        match self {
            Self::Nothing => (at, to),
            Self::Counts(view) => view.next_part(at, to),
            Self::Facts(facts) => facts.next_part(filter, at, to),
        }
    }

    /// Below which place, in `[from, high]`, the last line that may match starts.
    fn part_before(self, filter: &Filter, high: u64, from: u64) -> u64 {
        match self {
            Self::Nothing => high,
            Self::Counts(view) => view.part_before(high, from),
            Self::Facts(facts) => facts.part_before(filter, high, from),
        }
    }
}

/// A scan for matching lines.
pub(super) struct Scan<'a> {
    pub(super) ground: Ground<'a>,
    filter: &'a Filter,
    known: Known<'a>,
    budget: &'a Budget,
    scratch: Scratch,
    block: u64,
}

impl<'a> Scan<'a> {
    pub(super) fn new(source: &'a dyn Source, filter: &'a Filter, view: Option<&'a View>, budget: &'a Budget) -> Self {
        debug_assert!(view.is_none_or(|view| view.is_of(filter)), "the view of another filter");
        let ground = Ground { source, index: view.and_then(View::index), sizes: Sizes::USUAL };
        let block = view.map_or(BLOCK_BYTES, View::block);
        let known = view.map_or(Known::Nothing, Known::Counts);
        Self { ground, filter, known, budget, scratch: Scratch::default(), block }
    }

    /// With facts instead of counts.
    #[cfg(test)]
    pub(super) fn with_facts(mut self, facts: &'a Facts) -> Self {
        self.known = Known::Facts(facts);
        self
    }

    /// On that ground, in blocks of that many bytes: small ones make tests sharp.
    pub(super) fn with_ground(mut self, ground: Ground<'a>, block: u64) -> Self {
        (self.ground, self.block) = (ground, block);
        self
    }

    pub(super) fn down(&mut self, from: u64, to: u64, on_hit: &mut OnHit<'_>) -> io::Result<u64> {
        // All lines that start before `at` are judged; `known` is a line's start at or before it.
        let (mut at, mut known) = (from, from);
        while at < to {
            let (start, stop) = self.known.next_part(self.filter, at, to);
            if start >= to {
                break;
            }
            let part = Part { from: start, at_start: start == known, stop: stop.min(to), end: to, next: None };
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

    pub(super) fn up(&mut self, from: u64, to: u64, on_hit: &mut OnHit<'_>) -> io::Result<u64> {
        // All lines that start at `high` or after are judged. `low` is the start of the last judged; `next`, of the first
        // line at or after `high`, where no part was passed over that may have lines.
        let (mut low, mut high, mut next) = (to, to, Some(to));
        let mut hits = Vec::new();
        while high > from {
            if self.budget.is_cancelled() || (low < to && self.budget.is_spent()) {
                return Ok(low);
            }
            let lower = self.known.part_before(self.filter, high, from);
            if lower < high {
                (high, next) = (lower, None);
                continue;
            }
            let no_feed = self.no_feed_since(high)?;
            if no_feed + 1 < high {
                // A line starts after a line feed: at the beginning of such a stretch, or not in it at all.
                high = (no_feed + 1).max(from);
                if no_feed < from {
                    break;
                }
                continue;
            }
            let start = from.max((high - 1) - (high - 1) % self.block);
            let part = Part { from: start, at_start: start == 0, stop: high, end: to, next };
            hits.clear();
            let mut first = None;
            self.judge_block(part, &mut first, &mut |hit| {
                hits.push(hit);
                ControlFlow::Continue(())
            })?;
            if self.budget.is_cancelled() {
                return Ok(low);
            }
            for hit in hits.iter().rev() {
                if on_hit(*hit).is_break() {
                    return Ok(hit.start.get());
                }
            }
            if first.is_some() {
                (low, next) = (first.unwrap_or(low), first);
            }
            high = start;
        }
        Ok(from)
    }

    /// The start of a stretch without line feed that ends at `to`, as far as is known without reading, or `to`.
    fn no_feed_since(&self, to: u64) -> io::Result<u64> {
        let counted = self.ground.index.map_or(to, |index| index.no_feed_since(ByteOffset::new(to)).get());
        Ok(self.ground.source.hole_before(ByteOffset::new(counted))?.get().min(to))
    }

    /// All lines of a small part, whatever the budget says; `first` is where the first of them starts.
    fn judge_block(&mut self, part: Part, first: &mut Option<u64>, on_hit: &mut OnHit<'_>) -> io::Result<()> {
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
    pub(super) fn judge(&mut self, part: Part, on_hit: &mut OnHit<'_>) -> io::Result<Judged> {
        self.judge_from(part, &mut None, on_hit)
    }

    fn judge_from(&mut self, part: Part, first: &mut Option<u64>, on_hit: &mut OnHit<'_>) -> io::Result<Judged> {
        let judge = Judge { ground: self.ground, budget: self.budget, part, leaves_long: false };
        judge.run(self.filter, &mut self.scratch, first, on_hit)
    }
}
