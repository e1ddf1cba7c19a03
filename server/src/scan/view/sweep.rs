//! Counting much at once: spans of the source are judged side by side, and taken over in order.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesOrdered, StreamExt as _};

use super::super::Budget;
use super::super::span::Span;
use super::count::STEP_TIME;
use super::counts::Counts;
use crate::index::Progress;
use crate::tasks::{Tasks, scan_threads};

/// The first span is this part of the longest, and the shortest that part. Long ones cost less, short ones are sooner
/// known.
const FIRST_SPAN: u64 = 4;
const SHORTEST_SPAN: u64 = 16;

/// How long a span may take, so that the next ones are longer, and shorter.
const SHORT: Duration = Duration::from_millis(2);
const LONG: Duration = Duration::from_millis(20);

/// How many spans each thread has before it, so that none waits for the order.
const AHEAD: usize = 3;

/// How often counts are told while they grow.
const TELL_EVERY: Duration = Duration::from_millis(20);

/// The part of a source that is counted in spans.
struct Sweep {
    next: u64,
    is_first: bool,
    stop: u64,
    end: u64,
    block: u64,
    len: u64,
    longest: u64,
}

impl Sweep {
    fn of(counts: &Counts) -> Option<Self> {
        let (done, target, is_long) = counts.read(|state| (state.done, state.target, state.is_long));
        let (block, sizes) = (counts.block(), counts.ground().sizes);
        // The last lines may grow, and are counted in steps.
        let stop = target.saturating_sub(sizes.left) / block * block;
        let (len, longest) = (sizes.span / FIRST_SPAN, sizes.span);
        let sweep = Self { next: done, is_first: true, stop, end: target, block, len, longest };
        (!is_long && stop > done).then_some(sweep)
    }

    fn next_span(&mut self, counts: &Counts) -> Option<Span> {
        if self.next >= self.stop {
            return None;
        }
        // The last block is looked at in any case: it says where the first line after all this starts.
        let next = counts.pass_over(self.next).min(self.stop.saturating_sub(self.block)).max(self.next);
        let start = (next, std::mem::take(&mut self.is_first) && next == self.next);
        self.next = next;
        let stop = ((self.next + self.len) / self.block * self.block).max(self.next + 1).min(self.stop);
        self.next = stop;
        Some(Span::new(start, stop, self.end, self.block))
    }

    fn took(&mut self, time: Duration) {
        self.len = match time {
            time if time < SHORT => (self.len * 2).min(self.longest),
            time if time > LONG => (self.len / 2).max(self.longest / SHORTEST_SPAN),
            _ => self.len,
        };
    }
}

/// Counts what can be counted in spans; steps ([`Counts::step`]) do the rest.
pub(in crate::scan) async fn sweep(counts: &Arc<Counts>, tasks: &Tasks) -> Progress {
    let Some(mut sweep) = Sweep::of(counts) else { return Progress::Done };
    let stopping = tasks.stopping();
    let mut flight = FuturesOrdered::new();
    let mut told = Instant::now();
    loop {
        while flight.len() < scan_threads() * AHEAD
            && let Some(span) = sweep.next_span(counts)
        {
            flight.push_back(judged(Arc::clone(counts), tasks.clone(), span));
        }
        let progress = match flight.next().await {
            None => Some(Progress::Done),
            Some(Err(_)) => Some(Progress::Stalled),
            Some(Ok((span, time))) => {
                sweep.took(time);
                let goes_on = counts.take_over(&span) && !counts.is_dropped() && !stopping.is_cancelled();
                (!goes_on).then_some(Progress::Done)
            }
        };
        if progress.is_some() || told.elapsed() > TELL_EVERY {
            counts.publish();
            told = Instant::now();
        }
        if let Some(progress) = progress {
            return progress;
        }
    }
}

/// Judges a span in short turns, so that others get theirs; how long that took in all.
async fn judged(counts: Arc<Counts>, tasks: Tasks, span: Span) -> io::Result<(Span, Duration)> {
    let (mut span, mut time) = (span, Duration::ZERO);
    loop {
        let (counts, stopping) = (Arc::clone(&counts), tasks.stopping());
        let turn = move || {
            let began = Instant::now();
            let budget = Budget::unlimited().until(began + STEP_TIME).cancelled_by(Arc::clone(&counts.is_dropped));
            let is_judged = span.judge(counts.ground(), counts.filter(), &budget)?;
            let is_unwanted = counts.is_dropped() || stopping.is_cancelled();
            io::Result::Ok((span, is_judged || is_unwanted, began.elapsed()))
        };
        let (judged, is_over, took) = tasks.scanning(turn).await?;
        time += took;
        if is_over {
            return Ok((judged, time));
        }
        span = judged;
    }
}

impl Counts {
    /// Takes the counts of the next span over; whether the one after it can follow.
    fn take_over(&self, span: &Span) -> bool {
        let mut is_whole = false;
        self.write(|state| {
            let done = span.open.or(span.next).unwrap_or(state.done).max(state.done);
            state.add(&span.hits, done);
            is_whole = span.open.is_none();
        });
        is_whole
    }
}
