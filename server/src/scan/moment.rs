//! Where a file is at a point in time: by bisection over its bytes, so that a file of any size costs some dozens of
//! small reads. Where many lines in a row have no time, they are looked through up to the next one that has, within limits.
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

/// How much is looked through where no line has a time, in bytes, altogether. Holes do not count.
const LIMIT: u64 = 256 * 1024 * 1024;

/// How much of that at once, at most.
const LONGEST: u64 = 16 * 1024 * 1024;

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
    let mut search = Search { source, end: end.get(), scratch: Scratch::default(), left: LIMIT };
    // What stands before `low` is earlier. From `later` on it is not, and between `high` and there no line has a time.
    let (mut low, mut high, mut later) = (0, end.get(), end.get());
    while high - low > NEAR {
        let middle = low + (high - low) / 2;
        match search.sample(middle, high)? {
            Some((place, median)) if median < time => low = place,
            Some((place, _)) => (high, later) = (middle, place),
            None => high = middle,
        }
    }
    let from = low.saturating_sub(NEAR);
    let (to, further) = (high.saturating_add(REACH).min(later), later.saturating_add(REACH).min(end.get()));
    let (found, last) = search.first(&[(from, to), (later.max(to), further)], time)?;
    let found = found.or(last).map(|(at, time)| Moment { at: ByteOffset::new(at), time: Some(time) });
    Ok(found.unwrap_or(Moment { at: end, time: None }))
}

/// A line with a time: where it starts, and its time.
type Timed = (u64, Stamp);

struct Search<'a> {
    source: &'a dyn Source,
    end: u64,
    scratch: Scratch,
    /// How much may still be looked through where no line has a time, in bytes.
    left: u64,
}

impl Search<'_> {
    /// The median of the first few times from `middle` on, before `high`, and where they begin. `None` where there are none,
    /// or none was found in what may be looked through.
    fn sample(&mut self, middle: u64, high: u64) -> io::Result<Option<(u64, Stamp)>> {
        let (mut place, mut len) = (middle, REACH);
        while place < high {
            let to = high.min(place.saturating_add(len));
            let mut times = Vec::with_capacity(SAMPLES);
            self.times(place, to, &mut |at, time| {
                times.push((time, at));
                if times.len() < SAMPLES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            if let Some(first) = times.iter().map(|(_, at)| *at).min() {
                times.sort_unstable();
                return Ok(times.get(times.len() / 2).map(|(median, _)| (first, *median)));
            }
            self.left = self.left.saturating_sub(to - place);
            if self.left == 0 {
                return Ok(None);
            }
            // Not all of a hole is looked through: the line that it is in has no time that is seen.
            place = self.source.next_data(ByteOffset::new(to))?.get().max(to);
            len = LONGEST.min(len.saturating_mul(4));
        }
        Ok(None)
    }

    /// The first line of the `parts`, each `[from, to)`, that is not before `time` and not alone in that, and the last line
    /// with a time.
    fn first(&mut self, parts: &[(u64, u64)], time: Stamp) -> io::Result<(Option<Timed>, Option<Timed>)> {
        let mut seen: VecDeque<(u64, Stamp)> = VecDeque::with_capacity(SAMPLES);
        let mut found = None;
        for (from, to) in parts {
            self.times(*from, *to, &mut |at, stamp| {
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
            if found.is_some() {
                break;
            }
        }
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
        let mut cleaned = Cleaned::new((piece, at), true, text);
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
