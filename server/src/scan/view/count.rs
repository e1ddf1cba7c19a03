//! Counting: a step at a time, from where the last one ended, for all views that stand there.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::Budget;
use super::super::clock::Clock;
use super::super::judge::{PASS_BYTES, is_match};
use super::super::span::{Told, count_piece, with_scratch};
use super::super::units::{Ground, Part, Passed, Portions, Scratch, Unit, Units};
use super::group::Group;
use crate::index::Progress;

/// How long one step takes, about, at most: others wait for their turn.
pub(super) const STEP_TIME: Duration = Duration::from_millis(20);

/// What a step uses again from piece to piece.
struct Memory<'m, 's> {
    text: &'m mut Vec<u8>,
    portions: &'m mut Portions,
    clock: &'m mut Clock<'s>,
}

/// A step of views.
struct Step<'a> {
    group: &'a Group,
    ground: Ground<'a>,
    budget: &'a Budget,
    is_stopping: &'a dyn Fn() -> bool,
}

/// Counts the next few MiB, for a short time; ends early when `is_stopping` says so, or nobody in the group waits.
pub(in crate::scan) fn step(group: &Arc<Group>, is_stopping: &dyn Fn() -> bool) -> Progress {
    let mut ground = group.ground();
    ground.sizes.first_read = ground.sizes.read;
    let (most, began) = (ground.sizes.step.min(group.may_read()), Instant::now());
    let budget = Budget::new(most).until(began + STEP_TIME).cancelled_when(Arc::<Group>::clone(group));
    let step = Step { group, ground, budget: &budget, is_stopping };
    let progress = with_scratch(|scratch| step.count(scratch)).unwrap_or(Progress::Stalled);
    for waiting in group.all() {
        waiting.counts.spend(most - budget.left(), began.elapsed());
        if progress == Progress::Done {
            waiting.counts.refill();
        }
        waiting.counts.publish();
    }
    progress
}

impl Step<'_> {
    fn count(&self, scratch: &mut Scratch) -> io::Result<Progress> {
        let Scratch { buf, text } = scratch;
        let (ground, target) = (self.ground, self.group.target());
        let (done, looked, mut is_long) = self.group.first().standing();
        if looked >= target {
            return Ok(Progress::Done);
        }
        let from = if is_long { looked } else { done };
        let part = Part { from, at_start: true, stop: target, end: target, next: None };
        let mut units = Units::new(ground, part, buf, self.budget);
        let (mut portions, began) = (Portions::new(ground.sizes), Instant::now());
        let mut clock = Clock::new(ground.source, ground.sizes);
        loop {
            if is_long {
                match units.pass(PASS_BYTES)? {
                    Passed::Feed(end) => self.finish_long(end),
                    Passed::NoFeed => return Ok(self.judged_all(target)),
                    Passed::More(place) => {
                        self.looked(place);
                        if self.budget.is_spent() || self.is_unwanted() {
                            return Ok(Progress::More);
                        }
                        continue;
                    }
                }
                is_long = false;
            }
            match units.next()? {
                Unit::Lines { start, bytes } => {
                    // What is left of a unit would be read again: time tells within it only for a pattern that is slow.
                    let is_over = || self.is_unwanted() || began.elapsed() > STEP_TIME * 10;
                    let memory = Memory { text: &mut *text, portions: &mut portions, clock: &mut clock };
                    let at = self.count_lines(start, bytes, memory, &is_over)?;
                    if at < target && (self.budget.is_spent() || is_over()) {
                        return Ok(Progress::More);
                    }
                }
                Unit::Head { start, bytes } => {
                    self.judge_last((bytes, start), &mut clock, Some(start + bytes.len() as u64))?;
                    is_long = true;
                }
                Unit::Last { start, bytes } => {
                    self.judge_last((bytes, start), &mut clock, None)?;
                    return Ok(self.judged_all(target));
                }
                Unit::End => return Ok(Progress::Done),
            }
        }
    }

    fn is_unwanted(&self) -> bool {
        self.budget.is_cancelled() || (self.is_stopping)()
    }

    /// Counts whole lines from `start` on until `is_over`; says how far.
    fn count_lines(
        &self,
        start: u64,
        lines: &[u8],
        memory: Memory<'_, '_>,
        is_over: &dyn Fn() -> bool,
    ) -> io::Result<u64> {
        let Memory { text, portions, clock } = memory;
        let (all, block) = (self.group.all(), self.group.first().block());
        let (mut at, mut rest) = (start, lines);
        while !rest.is_empty() {
            let began = Instant::now();
            let (piece, after) = portions.cut(rest);
            let mut told = vec![Told::default(); all.len()];
            count_piece(all, &mut told, (piece, at), (block, &mut *text, &mut *clock), None)?;
            at += piece.len() as u64;
            rest = after;
            for (waiting, told) in all.iter().zip(&told) {
                waiting.counts.write(|state| state.add(&told.blocks, at));
            }
            portions.took(began.elapsed());
            if is_over() {
                break;
            }
        }
        Ok(at)
    }

    /// A line that comes by itself: the last one, or one that is longer than what is looked at, which is `looked`.
    fn judge_last(&self, line: (&[u8], u64), clock: &mut Clock<'_>, looked: Option<u64>) -> io::Result<()> {
        for waiting in self.group.all() {
            let last = is_match(waiting.counts.filter(), line, self.ground.sizes.line, clock)?;
            waiting.counts.write(|state| {
                state.last = last;
                if let Some(looked) = looked {
                    (state.is_long, state.looked) = (true, looked);
                }
            });
        }
        Ok(())
    }

    /// The long line at `done` ends before `end`.
    fn finish_long(&self, end: u64) {
        for waiting in self.group.all() {
            let block = waiting.counts.block();
            waiting.counts.write(|state| {
                let hits = [(state.done / block, u64::from(state.last))];
                state.add(&hits, end);
            });
        }
    }

    fn looked(&self, place: u64) {
        for waiting in self.group.all() {
            waiting.counts.write(|state| state.looked = place);
        }
    }

    fn judged_all(&self, target: u64) -> Progress {
        self.looked(target);
        Progress::Done
    }
}
