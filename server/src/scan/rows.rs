//! Shown rows: matching lines and the lines around them, down or up from any place.
//!
//! # What is settled
//!
//! A line is shown when it matches, or when a match stands near it. So what is told of a line may depend on lines that
//! were not judged yet: a search never answers for those. It answers up to a *settled* place: every line before it (going
//! down) or from it on (going up) was either given or will never be shown. Going on from there, in either direction, gives
//! every row once and none twice: what a match on the other side of the place shows is found by looking across it.
//!
//! While a file is written, its last few lines may still be shown by a match that is not there yet. They are settled only
//! when such a match or [`Around::before`] more lines have come, or when the file has ended. A live view stands at the
//! settled place, so without rows before a match it stands after the last complete line, as one without a filter does.

mod pass;
mod walk;

use std::io;
use std::ops::ControlFlow;

use taillight::line::{ByteOffset, LineCount};

use self::pass::{Pass, caught};
use self::walk::Walk;
use super::{Budget, Filter, View, hits_down, hits_up};
use crate::index::{BLOCK_BYTES, LineIndex};
use crate::read::blocks::Blocks;
use crate::read::{count_lines, lines_back};
use crate::source::Source;

/// How many lines around a match are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Above it.
    pub before: u32,
    /// Below it.
    pub after: u32,
}

/// A shown line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Where it starts.
    pub start: ByteOffset,
    /// After it, its line feed included.
    pub end: ByteOffset,
    /// Whether it has its line feed.
    pub finished: bool,
    /// Whether it is shown because of a match near it.
    pub context: bool,
}

/// How far a search came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The settled place: a line's start, or the end.
    pub place: ByteOffset,
    /// Whether there is nothing more that way for now.
    pub is_end: bool,
}

/// What is searched for rows.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The bytes.
    pub source: &'a dyn Source,
    /// Its lines, where there is an index: the way over huge lines is shorter with it.
    pub index: Option<&'a LineIndex>,
    /// What a line must match.
    pub filter: &'a Filter,
    /// The counts of that filter, where there are any.
    pub view: Option<&'a View>,
    /// What else is shown.
    pub around: Around,
    /// The readable length. A last line without a line feed counts as a line.
    pub end: ByteOffset,
    /// While lines may still come: after the last complete line. `None` when the file has ended, or when it is to be
    /// taken as it is now.
    pub growing: Option<ByteOffset>,
}

/// What happens to each shown line; `Break` after the last that is wanted.
pub type OnRow<'a> = &'a mut dyn FnMut(Shown) -> ControlFlow<()>;

impl<'a> Rows<'a> {
    /// The shown lines from `from` on, a line's start, first ones first. The work is bounded by `budget`, but for the
    /// few lines that are needed to settle one.
    ///
    /// # Errors
    /// When reading fails, or the file is shorter than `end` by now ([`crate::source::is_gone`]).
    pub fn down(&self, from: ByteOffset, budget: &Budget, on_row: OnRow<'_>) -> io::Result<Reached> {
        if from >= self.end {
            return Ok(Reached { place: from, is_end: true });
        }
        let pending = self.shown_by_a_match_above(from)?;
        let mut pass = Pass { walk: self.walk(), at: from.get(), pending, stopped: false, on_row };
        let mut judged = from;
        until_settled(budget, |work| {
            judged = caught(|on_hit| {
                hits_down(self.source, self.filter, self.view, judged..self.end, work, &mut |hit| {
                    on_hit(pass.hit_below(hit, self.around))
                })
            })?;
            if !pass.stopped {
                pass.context_down_to(judged.get())?;
            }
            if pass.stopped {
                let place = ByteOffset::new(pass.at);
                return Ok(ControlFlow::Break(Reached { place, is_end: place >= self.end }));
            }
            let is_end = judged >= self.end;
            let place =
                if is_end { self.settled_end(&mut pass)? } else { pass.settled_above(judged, self.around.before)? };
            let is_done = is_end || place > from || budget.is_cancelled();
            Ok(if is_done { ControlFlow::Break(Reached { place, is_end }) } else { ControlFlow::Continue(()) })
        })
    }

    /// The shown lines above `to`, a line's start or the end, last ones first.
    ///
    /// # Errors
    /// As [`Rows::down`].
    pub fn up(&self, to: ByteOffset, budget: &Budget, on_row: OnRow<'_>) -> io::Result<Reached> {
        if to == ByteOffset::ZERO {
            return Ok(Reached { place: to, is_end: true });
        }
        let pending = self.shown_by_a_match_below(to)?;
        let mut pass = Pass { walk: self.walk(), at: to.get(), pending, stopped: false, on_row };
        let mut judged = to;
        until_settled(budget, |work| {
            judged = caught(|on_hit| {
                hits_up(self.source, self.filter, self.view, ByteOffset::ZERO..judged, work, &mut |hit| {
                    on_hit(pass.hit_above(hit, self.around))
                })
            })?;
            if !pass.stopped {
                pass.context_up_to(judged.get())?;
            }
            if pass.stopped {
                let place = ByteOffset::new(pass.at);
                return Ok(ControlFlow::Break(Reached { place, is_end: place == ByteOffset::ZERO }));
            }
            let is_end = judged == ByteOffset::ZERO;
            let place = if is_end { judged } else { pass.settled_below(judged, self.around.after)? };
            let is_done = is_end || place < to || budget.is_cancelled();
            Ok(if is_done { ControlFlow::Break(Reached { place, is_end }) } else { ControlFlow::Continue(()) })
        })
    }

    /// The settled place at the end: where a search up from the end begins, and a live view goes on.
    ///
    /// # Errors
    /// As [`Rows::down`].
    pub fn settled(&self) -> io::Result<ByteOffset> {
        let Some(complete) = self.growing else { return Ok(self.end) };
        let (from, _) = lines_back(self.source, complete, self.around.before)?;
        Ok(self.down(from, &Budget::unlimited(), &mut |_| ControlFlow::Continue(()))?.place)
    }

    fn walk(&self) -> Walk<'a> {
        Walk(Blocks::new(self.source, self.index, self.end, BLOCK_BYTES))
    }

    /// How many lines from `from` on are shown because of a match above.
    fn shown_by_a_match_above(&self, from: ByteOffset) -> io::Result<u32> {
        let after = self.around.after;
        let (start, _) = lines_back(self.source, from, after)?;
        if start == from {
            return Ok(0);
        }
        let mut nearest = None;
        hits_up(self.source, self.filter, self.view, start..from, &Budget::unlimited(), &mut |hit| {
            nearest = Some(hit.end);
            ControlFlow::Break(())
        })?;
        nearest.map_or(Ok(0), |end| Ok(after.saturating_sub(self.lines_between(end, from)?)))
    }

    /// How many lines right above `to` are shown because of a match at or below it.
    fn shown_by_a_match_below(&self, to: ByteOffset) -> io::Result<u32> {
        let before = self.around.before;
        let limit = ByteOffset::new(self.walk().below(to.get(), self.end.get(), before)?);
        if limit == to {
            return Ok(0);
        }
        let mut nearest = None;
        hits_down(self.source, self.filter, self.view, to..limit, &Budget::unlimited(), &mut |hit| {
            nearest = Some(hit.start);
            ControlFlow::Break(())
        })?;
        nearest.map_or(Ok(0), |start| Ok(before.saturating_sub(self.lines_between(to, start)?)))
    }

    fn lines_between(&self, from: ByteOffset, to: ByteOffset) -> io::Result<u32> {
        if from == to {
            return Ok(0);
        }
        let lines: LineCount = count_lines(self.source, from, to)?;
        Ok(u32::try_from(lines.get()).unwrap_or(u32::MAX))
    }

    /// The settled place when everything is judged.
    fn settled_end(&self, pass: &mut Pass<'_, '_>) -> io::Result<ByteOffset> {
        match self.growing {
            None => Ok(self.end),
            Some(complete) => pass.settled_above(complete, self.around.before),
        }
    }
}

/// Searches within `budget`, and goes on until something is settled: a search that settles nothing would be asked for again
/// and again, so the lines that context needs are judged whatever they cost.
fn until_settled(
    budget: &Budget,
    mut search: impl FnMut(&Budget) -> io::Result<ControlFlow<Reached>>,
) -> io::Result<Reached> {
    let mut found = search(budget)?;
    loop {
        match found {
            ControlFlow::Break(reached) => return Ok(reached),
            ControlFlow::Continue(()) => found = search(&Budget::new(1))?,
        }
    }
}

#[cfg(test)]
mod tests;
