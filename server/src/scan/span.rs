//! A part of a source, judged by itself: what several threads do side by side, each with its own, to be put together in
//! order.
//!
//! A line belongs to the span that it starts in. One that is longer than what is looked at of a line and goes on past its
//! span is left to whoever puts them together: it may have no end, and nobody should look for it in vain.

use std::cell::RefCell;
use std::io;
use std::ops::ControlFlow;

use super::judge::{Judge, Judged};
use super::units::{Ground, Part, Scratch};
use super::{Budget, Filter, Hit};

/// How many of the matching lines of a span are told by their places.
pub(super) const FIRST_HITS: usize = 5;

/// Memory that a thread keeps between spans, at most, in bytes.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The lines that start in a part, as far as they are judged.
#[derive(Debug)]
pub(super) struct Span {
    from: u64,
    /// What is left of it.
    part: Part,
    block: u64,
    /// The matching lines, all with their line feeds: how many start in each block.
    pub(super) hits: Vec<(u64, u64)>,
    /// The first of them, at most [`FIRST_HITS`].
    pub(super) first: Vec<Hit>,
    /// The start of the first line after it, when it is judged and has a line.
    pub(super) next: Option<u64>,
    /// The line that it is judged up to: one that is left to others.
    pub(super) open: Option<u64>,
}

impl Span {
    /// The lines that start in `[from, stop)` of a source that is read up to `end`, counted in blocks of so many bytes.
    pub(super) fn new((from, at_start): (u64, bool), stop: u64, end: u64, block: u64) -> Self {
        let part = Part { from, at_start, stop, end, next: None };
        Self { from, part, block, hits: Vec::new(), first: Vec::new(), next: None, open: None }
    }

    /// Where it begins.
    pub(super) fn from(&self) -> u64 {
        self.from
    }

    /// How many lines match.
    pub(super) fn n_hits(&self) -> u64 {
        self.hits.iter().map(|(_, n)| n).sum()
    }

    /// Judges on; whether it has come to the end of the span or to a line that is left. `false` when the budget is spent
    /// before.
    pub(super) fn judge(&mut self, ground: Ground<'_>, filter: &Filter, budget: &Budget) -> io::Result<bool> {
        SCRATCH.with_borrow_mut(|scratch| {
            let judged = self.judge_with(ground, filter, budget, scratch);
            if scratch.buf.capacity() + scratch.text.capacity() > MAX_KEPT_BYTES {
                *scratch = Scratch::default();
            }
            judged
        })
    }

    fn judge_with(
        &mut self,
        mut ground: Ground<'_>,
        filter: &Filter,
        budget: &Budget,
        scratch: &mut Scratch,
    ) -> io::Result<bool> {
        ground.sizes.first_read = ground.sizes.read;
        let (hits, first, block, part) = (&mut self.hits, &mut self.first, self.block, self.part);
        let mut unfinished = None;
        let judge = Judge { ground, filter, budget, part, leaves_long: true };
        let judged = judge.run(scratch, &mut None, &mut |hit| {
            if !hit.finished {
                unfinished = Some(hit.start.get());
                return ControlFlow::Break(());
            }
            if first.len() < FIRST_HITS {
                first.push(hit);
            }
            let block = hit.start.get() / block;
            match hits.last_mut() {
                Some(last) if last.0 == block => last.1 += 1,
                _ => hits.push((block, 1)),
            }
            ControlFlow::Continue(())
        })?;
        match judged {
            _ if unfinished.is_some() => self.open = unfinished,
            Judged::All(next) => self.next = next,
            Judged::Until(at) if at >= part.stop => self.next = Some(at),
            // Nothing came of it: the line at its start is left.
            Judged::Until(at) if at == part.from && part.at_start && !budget.is_cancelled() => self.open = Some(at),
            Judged::Until(at) => {
                (self.part.from, self.part.at_start) = (at, true);
                return Ok(false);
            }
            Judged::Nothing => return Ok(false),
        }
        Ok(true)
    }
}
