//! Where a file is at a point in time: by bisection over its bytes, so that a file of any size costs some dozens of
//! small reads.
//!
//! Logs are nearly in order, but not quite: writers overlap, clocks are set back, a line tells a time of somebody else.
//! So what is compared at a place is the median of a few times there, and near the place that is found a line alone among
//! others that are earlier is passed over. In a file that is out of order as a whole, the place is one where the time
//! passes the one that was asked for; there may be others.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;

use taillight::line::ByteOffset;
use taillight::timestamp::Stamp;

use super::clean::{Cleaned, clean_line};
use super::clock::Clock;
use super::judge::{Judge, Visit};
use super::units::{Ground, Part, Scratch, Sizes};
use super::{Budget, Hit};
use crate::index::BLOCK_BYTES;
use crate::source::Source;

/// How far is looked for a time that is not there, in bytes.
const REACH: u64 = Sizes::USUAL.reach;

/// How many times are looked at in one place.
const SAMPLES: usize = 3;

/// Below this distance lines are looked at one by one, in bytes.
const NEAR: u64 = 2 * BLOCK_BYTES;

/// How often it is looked further on where there are no times.
const TRIES: u32 = 6;

/// A place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The start of the first line that is not before the time; of the last line with a time when all are before; the end
    /// when no line has a time.
    pub at: ByteOffset,
    /// The time of that line.
    pub time: Option<Stamp>,
}

/// The first line that is not before `time`, of a source that is read up to `end`. Blocks.
///
/// # Errors
/// When reading fails; [`crate::source::is_gone`] when the source is shorter than was said.
pub fn moment(source: &dyn Source, end: ByteOffset, time: Stamp) -> io::Result<Moment> {
    let mut search = Search { source, end: end.get(), scratch: Scratch::default() };
    // What stands before `low` is earlier; from `high` on it is not.
    let (mut low, mut high) = (0, end.get());
    while high - low > NEAR {
        let middle = low + (high - low) / 2;
        match search.sample(middle, high)? {
            Some((place, median)) if median < time => low = place,
            Some((place, _)) => high = place,
            None => high = middle,
        }
    }
    let (from, to) = (low.saturating_sub(NEAR), high.saturating_add(REACH).min(end.get()));
    let (found, last) = search.first(from, to, time)?;
    let found = found.or(last).map(|(at, time)| Moment { at: ByteOffset::new(at), time: Some(time) });
    Ok(found.unwrap_or(Moment { at: end, time: None }))
}

/// A line with a time: where it starts, and its time.
type Timed = (u64, Stamp);

struct Search<'a> {
    source: &'a dyn Source,
    end: u64,
    scratch: Scratch,
}

impl Search<'_> {
    /// The median of the first few times from `middle` on, or from a later place before `high` where there are none; and
    /// the place.
    fn sample(&mut self, middle: u64, high: u64) -> io::Result<Option<(u64, Stamp)>> {
        let mut place = middle;
        for _ in 0..TRIES {
            let mut times = Vec::with_capacity(SAMPLES);
            self.times(place, high.min(place.saturating_add(REACH)), &mut |_, time| {
                times.push(time);
                if times.len() < SAMPLES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            times.sort_unstable();
            if let Some(median) = times.get(times.len() / 2) {
                return Ok(Some((place, *median)));
            }
            let next = place + (high - place) / 2;
            if high - next <= NEAR {
                break;
            }
            place = next;
        }
        Ok(None)
    }

    /// The first line in `[from, to)` that is not before `time` and not alone in that, and the last line with a time.
    fn first(&mut self, from: u64, to: u64, time: Stamp) -> io::Result<(Option<Timed>, Option<Timed>)> {
        let mut seen: VecDeque<(u64, Stamp)> = VecDeque::with_capacity(SAMPLES);
        let mut found = None;
        self.times(from, to, &mut |at, stamp| {
            if seen.len() == SAMPLES {
                seen.pop_front();
            }
            seen.push_back((at, stamp));
            let is_there = seen.len() == SAMPLES && is_not_alone(seen.make_contiguous(), time);
            if is_there {
                found = seen.front().copied();
            }
            if is_there { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let last = seen.back().copied();
        // Of the last few lines nobody knows what comes after them.
        Ok((found.or_else(|| seen.into_iter().find(|(_, stamp)| *stamp >= time)), last))
    }

    /// The lines with a time of their own that start in `[from, to)`.
    fn times(&mut self, from: u64, to: u64, on_time: &mut OnTime<'_>) -> io::Result<()> {
        let budget = Budget::unlimited();
        let ground = Ground { source: self.source, index: None, sizes: Sizes::USUAL };
        let part = Part { from, at_start: from == 0, stop: to, end: self.end, next: None };
        let judge = Judge { ground, budget: &budget, part, leaves_long: true };
        judge.visit(&mut self.scratch, &mut None, &mut Times { on_time })?;
        Ok(())
    }
}

/// Whether the first is not before `time`, and another of them neither.
fn is_not_alone(seen: &[(u64, Stamp)], time: Stamp) -> bool {
    let mut is_late = seen.iter().map(|(_, stamp)| *stamp >= time);
    is_late.next() == Some(true) && is_late.any(|late| late)
}

type OnTime<'f> = dyn FnMut(u64, Stamp) -> ControlFlow<()> + 'f;

/// Tells the times of lines that have one.
struct Times<'f, 'c> {
    on_time: &'f mut OnTime<'c>,
}

impl Visit for Times<'_, '_> {
    fn lines(
        &mut self,
        (piece, at): (&[u8], u64),
        text: &mut Vec<u8>,
        clock: &mut Clock<'_>,
    ) -> io::Result<Option<u64>> {
        let mut cleaned = Cleaned::new(piece, true, text);
        let text = cleaned.text();
        let broke = cleaned.each_line(|line, raw| match text.get(line).and_then(|line| clock.own_time(line)) {
            Some(time) => (self.on_time)(at + raw.start as u64, time),
            None => ControlFlow::Continue(()),
        });
        clock.check()?;
        Ok(broke.map(|end| at + end as u64))
    }

    fn line(&mut self, (line, start): (&[u8], u64), clock: &mut Clock<'_>) -> io::Result<bool> {
        let time = clock.own_time(clean_line(line, line.len(), &mut Vec::new()));
        clock.check()?;
        Ok(time.is_some_and(|time| (self.on_time)(start, time).is_break()))
    }

    fn ended(&mut self, _line: Hit) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}
