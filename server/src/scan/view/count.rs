//! Counting: a step at a time, from where the last one ended.

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::super::Budget;
use super::super::clock::Clock;
use super::super::judge::{PASS_BYTES, is_match, judge_piece};
use super::super::units::{Part, Passed, Portions, Scratch, Unit, Units};
use super::counts::Counts;
use crate::index::Progress;

/// How long one step takes, about, at most: others wait for their turn.
pub(super) const STEP_TIME: Duration = Duration::from_millis(20);

/// What a step uses again from piece to piece.
struct Memory<'m, 's> {
    text: &'m mut Vec<u8>,
    portions: &'m mut Portions,
    clock: &'m mut Clock<'s>,
}

impl Counts {
    /// Counts the next few MiB, for a short time; ends early when `is_stopping` says so.
    pub(in crate::scan) fn step(&self, is_stopping: &dyn Fn() -> bool) -> Progress {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = Budget::new(self.ground().sizes.step)
            .until(Instant::now() + STEP_TIME)
            .cancelled_by(Arc::clone(&self.is_dropped));
        let progress = self.count(&mut scratch, &budget, is_stopping).unwrap_or(Progress::Stalled);
        if progress != Progress::More {
            // A view that waits holds no buffers.
            *scratch = Scratch::default();
        }
        drop(scratch);
        self.publish();
        progress
    }

    fn count(&self, scratch: &mut Scratch, budget: &Budget, is_stopping: &dyn Fn() -> bool) -> io::Result<Progress> {
        let Scratch { buf, text } = scratch;
        let (done, looked, mut is_long, target) = self.read(|s| (s.done, s.looked, s.is_long, s.target));
        if looked == target {
            return Ok(Progress::Done);
        }
        let is_unwanted = || budget.is_cancelled() || is_stopping();
        let mut ground = self.ground();
        ground.sizes.first_read = ground.sizes.read;
        let from = if is_long { looked } else { done };
        let part = Part { from, at_start: true, stop: target, end: target, next: None };
        let mut units = Units::new(ground, part, buf, budget);
        let (mut portions, began) = (Portions::new(ground.sizes), Instant::now());
        let mut clock = Clock::new(ground.source, ground.sizes);
        loop {
            if is_long {
                match units.pass(PASS_BYTES)? {
                    Passed::Feed(end) => self.finish_long(end),
                    Passed::NoFeed => return Ok(self.judged_all(target)),
                    Passed::More(place) => {
                        self.write(|state| state.looked = place);
                        if budget.is_spent() || is_unwanted() {
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
                    let is_over = || is_unwanted() || began.elapsed() > STEP_TIME * 10;
                    let memory = Memory { text: &mut *text, portions: &mut portions, clock: &mut clock };
                    let at = self.count_lines(start, bytes, memory, &is_over)?;
                    if at < target && (budget.is_spent() || is_over()) {
                        return Ok(Progress::More);
                    }
                }
                Unit::Head { start, bytes } => {
                    let last = is_match(self.filter(), (bytes, start), ground.sizes.line, &mut clock)?;
                    let looked = start + bytes.len() as u64;
                    self.write(|state| (state.last, state.is_long, state.looked) = (last, true, looked));
                    is_long = true;
                }
                Unit::Last { start, bytes } => {
                    let last = is_match(self.filter(), (bytes, start), ground.sizes.line, &mut clock)?;
                    self.write(|state| state.last = last);
                    return Ok(self.judged_all(target));
                }
                Unit::End => return Ok(Progress::Done),
            }
        }
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
        let (mut at, mut rest) = (start, lines);
        while !rest.is_empty() {
            let began = Instant::now();
            let (piece, after) = portions.cut(rest);
            let hits = self.hits_in((piece, at), text, clock)?;
            at += piece.len() as u64;
            rest = after;
            self.write(|state| state.add(&hits, at));
            portions.took(began.elapsed());
            if is_over() {
                break;
            }
        }
        Ok(at)
    }

    /// The long line at `done` ends before `end`.
    fn finish_long(&self, end: u64) {
        self.write(|state| {
            let hits = [(state.done / self.block(), u64::from(state.last))];
            state.add(&hits, end);
        });
    }

    fn judged_all(&self, target: u64) -> Progress {
        self.write(|state| state.looked = target);
        Progress::Done
    }

    /// The matching lines of a piece and where it starts: how many start in each block.
    fn hits_in(&self, piece: (&[u8], u64), text: &mut Vec<u8>, clock: &mut Clock<'_>) -> io::Result<Vec<(u64, u64)>> {
        let mut hits: Vec<(u64, u64)> = Vec::new();
        judge_piece(self.filter(), piece, text, clock, &mut |hit| {
            let block = hit.start.get() / self.block();
            match hits.last_mut() {
                Some(last) if last.0 == block => last.1 += 1,
                _ => hits.push((block, 1)),
            }
            ControlFlow::Continue(())
        })?;
        Ok(hits)
    }
}
