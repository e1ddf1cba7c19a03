//! What can be known from the counts, and from a block that is read again.

use std::io;
use std::ops::ControlFlow;

use taillight::line::{ByteOffset, LineNo};

use super::super::Budget;
use super::super::facts::EXACT_MARKS_BYTES;
use super::super::hits::Scan;
use super::super::judge::{Judge, Judged, OnHit};
use super::super::units::{Part, Scratch};
use super::counts::Counts;
use super::part_of;

impl Counts {
    /// How many matching lines start before `offset`.
    pub(super) fn rank(&self, offset: u64) -> Option<u64> {
        if self.filter().is_everything() {
            // The line feeds before the byte before, and the line at the start of the file.
            let Some(before) = offset.checked_sub(1) else { return Some(0) };
            return self.index().rank(ByteOffset::new(before)).map(|feeds| feeds.get() + 1);
        }
        let block = offset / self.block();
        let (before, in_block) = self.read(|state| {
            if offset <= state.done {
                return Some((state.hits.before(block), state.hits.of(block)));
            }
            let is_known = state.looked == state.target;
            is_known.then(|| (state.hits.sum() + u64::from(state.last), 0))
        })?;
        let start = block * self.block();
        if in_block == 0 || start == offset {
            return Some(before);
        }
        let mut n = 0;
        self.in_block(start, offset, &mut |_| {
            n += 1;
            ControlFlow::Continue(())
        })?;
        Some(before + n)
    }

    /// Where the matching line starts that has `n` before it.
    pub(super) fn select(&self, n: u64) -> Option<u64> {
        if self.filter().is_everything() {
            return self.index().select(LineNo::new(n.checked_add(1)?)?).map(ByteOffset::get);
        }
        let (found, done, is_last) = self.read(|state| {
            let is_last = n == state.hits.sum() && state.last;
            (state.hits.find(n.saturating_add(1)), state.done, is_last)
        });
        let Some((block, nth)) = found else { return is_last.then_some(done) };
        let start = block * self.block();
        let (mut left, mut place) = (nth, None);
        self.in_block(start, done.min(start + self.block()), &mut |hit| {
            left -= 1;
            if left == 0 {
                place = Some(hit.start.get());
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        place
    }

    /// Which of `parts` parts of `len` bytes matching lines start in.
    pub(super) fn marks(&self, len: u64, parts: u32) -> io::Result<Vec<u32>> {
        let mut marks: Vec<u32> = Vec::new();
        let mut mark = |at: u64| {
            if let Some(part) = part_of(at, (len, parts))
                && marks.last() != Some(&part)
            {
                marks.push(part);
            }
        };
        if len <= EXACT_MARKS_BYTES {
            let budget = Budget::unlimited();
            let mut scan = Scan::new(self.ground().source, self.filter(), None, &budget);
            scan.down(0, len, &mut |hit| {
                mark(hit.start.get());
                ControlFlow::Continue(())
            })?;
            return Ok(marks);
        }
        self.read(|state| {
            let end = state.done.div_ceil(self.block());
            let mut block = state.hits.next_with_any(0, end);
            while block < end {
                mark(block * self.block());
                block = state.hits.next_with_any(block + 1, end);
            }
        });
        Ok(marks)
    }

    /// The matching lines that start in `[from, stop)` of a block that is counted.
    fn in_block(&self, from: u64, stop: u64, on_hit: &mut OnHit<'_>) -> Option<()> {
        let end = self.read(|state| state.target);
        // Where the last of them ends does not matter.
        let part = Part { from, at_start: from == 0, stop, end, next: Some(stop) };
        let budget = Budget::unlimited();
        let judge = Judge { ground: self.ground(), budget: &budget, part, leaves_long: false };
        match judge.run(self.filter(), &mut Scratch::default(), &mut None, on_hit).ok()? {
            Judged::All(_) | Judged::Until(_) => Some(()),
            Judged::Nothing => None,
        }
    }

    /// The next part of `[at, to)` in which lines may match: where it begins, and where the next part that is known to
    /// be without begins.
    pub(super) fn next_part(&self, at: u64, to: u64) -> (u64, u64) {
        if self.filter().is_everything() {
            return (at, to);
        }
        let size = self.block();
        self.read(|state| {
            if at >= state.done {
                return (at, to);
            }
            // The blocks that lines before `done` start in: after the last of them nothing is known.
            let limit = state.done.div_ceil(size);
            let block = state.hits.next_with_any(at / size, limit);
            if block >= limit {
                return (state.done.min(to), to);
            }
            let after = state.hits.next_without(block, limit);
            (at.max(block * size), if after < limit { (after * size).min(to) } else { to })
        })
    }

    /// Below which place, in `[from, high]`, the last line that may match starts.
    pub(super) fn part_before(&self, high: u64, from: u64) -> u64 {
        if self.filter().is_everything() {
            return high;
        }
        self.read(|state| {
            if high > state.done {
                return high;
            }
            let after = state.hits.last_with_any(high.div_ceil(self.block())) * self.block();
            high.min(after).max(from)
        })
    }
}
