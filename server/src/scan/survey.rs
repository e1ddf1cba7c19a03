//! What all lines of a source have in common, learned in one pass by all cores: how many there are, the longest, their
//! levels and times, and which bytes they are made of.

mod charset;
mod stream;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use taillight::level::{Level, LevelCounts};
use taillight::line::{ByteLen, ByteOffset, LineCount};
use taillight::timestamp::Stamp;

use super::clean::clean_line;
use super::clock::Clock;
use super::judge::{Judge, Visit};
use super::units::{Ground, Part, Scratch, Sizes};
use super::{Budget, Hit, MAX_LINE_BYTES};
use crate::source::{Source, read_full};
use crate::tasks::scan_threads;
pub use charset::Charset;
pub use stream::survey_stream;

/// What is known of the lines that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many bytes they have, line feeds included.
    pub bytes: ByteLen,
    /// How many there are; a last line without a line feed is one.
    pub lines: LineCount,
    /// The length of the longest, without its end.
    pub longest: ByteLen,
    /// The earliest and the latest time that a line has itself.
    pub times: Option<(Stamp, Stamp)>,
    /// How many lines there are of each level.
    pub levels: LevelCounts,
    /// Which bytes they are made of.
    pub charset: Charset,
}

/// The lines of a source that is read up to `end`. Blocks.
///
/// # Errors
/// When reading fails; [`crate::source::is_gone`] when the source is shorter than was said.
pub fn survey(source: &dyn Source, end: ByteOffset) -> io::Result<Survey> {
    survey_on(Ground { source, index: None, sizes: Sizes::USUAL }, end.get())
}

pub(super) fn survey_on(mut ground: Ground<'_>, end: u64) -> io::Result<Survey> {
    ground.sizes.first_read = ground.sizes.read;
    let (next, has_failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let work = || {
        let worked = work(ground, end, &next, &has_failed);
        if worked.is_err() {
            has_failed.store(true, Ordering::Relaxed);
        }
        worked
    };
    let survey = thread::scope(|scope| {
        let helpers: Vec<_> = (1..scan_threads()).map(|_| scope.spawn(work)).collect();
        let mine = work();
        let theirs =
            helpers.into_iter().map(|helper| helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        theirs.fold(mine, |sum, part| Ok(sum?.and(&part?)))
    })?;
    Ok(Survey { bytes: ByteLen::new(end), ..survey })
}

/// Looks at one span after the other until there are no more.
fn work(ground: Ground<'_>, end: u64, next: &AtomicU64, has_failed: &AtomicBool) -> io::Result<Survey> {
    let budget = Budget::unlimited();
    let mut visit = Lines { source: ground.source, survey: Survey::default(), cut: None, failed: None };
    let mut scratch = Scratch::default();
    loop {
        let from = next.fetch_add(1, Ordering::Relaxed).saturating_mul(ground.sizes.span);
        if from >= end || has_failed.load(Ordering::Relaxed) {
            return Ok(visit.survey);
        }
        let stop = from.saturating_add(ground.sizes.span).min(end);
        // No line starts in a hole: only line feeds begin lines.
        if from > 0 && ground.source.next_data(ByteOffset::new(from - 1))?.get() >= stop {
            continue;
        }
        let part = Part { from, at_start: from == 0, stop, end, next: None };
        let judge = Judge { ground, budget: &budget, part, leaves_long: false };
        judge.visit(&mut scratch, &mut None, &mut visit)?;
        visit.failed.take().map_or(Ok(()), Err)?;
    }
}

impl Survey {
    /// What is known of these lines and those.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.bytes = self.bytes + other.bytes;
        self.lines = self.lines + other.lines;
        self.longest = self.longest.max(other.longest);
        for time in other.times.into_iter().flat_map(|(first, last)| [first, last]) {
            self.time(time);
        }
        for kind in Level::ALL.into_iter().map(Some).chain([None]) {
            self.levels.add(kind, other.levels.of(kind).get());
        }
        self.charset = self.charset.and(other.charset);
        self
    }

    /// Looks at whole lines, each with its line feed.
    fn whole(&mut self, lines: &[u8], scratch: &mut Vec<u8>, time_of: &mut dyn FnMut(&[u8]) -> Option<Stamp>) {
        self.charset = self.charset.and(Charset::of(lines, false));
        let mut start = 0;
        for feed in memchr::memchr_iter(b'\n', lines) {
            let line = lines.get(start..feed).unwrap_or_default();
            start = feed + 1;
            self.measured(line.len() as u64, line.ends_with(b"\r"));
            self.told(clean_line(line, line.len(), scratch), time_of);
        }
    }

    /// Looks at the head of a line that comes by itself; its length is [told](Self::measured) when it is known.
    fn head(&mut self, line: &[u8], is_cut: bool, time_of: &mut dyn FnMut(&[u8]) -> Option<Stamp>) {
        self.charset = self.charset.and(Charset::of(line, is_cut));
        self.told(clean_line(line, line.len(), &mut Vec::new()), time_of);
    }

    /// A line is so long, without its line feed.
    fn measured(&mut self, len: u64, has_return: bool) {
        self.lines = self.lines + LineCount::new(1);
        self.longest = self.longest.max(ByteLen::new(len - u64::from(has_return)));
    }

    /// What a line tells, by its text.
    fn told(&mut self, text: &[u8], time_of: &mut dyn FnMut(&[u8]) -> Option<Stamp>) {
        self.levels.add(Level::of(text), 1);
        if let Some(time) = time_of(text) {
            self.time(time);
        }
    }

    fn time(&mut self, time: Stamp) {
        self.times = Some(self.times.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
    }
}

/// Surveys what it visits.
struct Lines<'a> {
    source: &'a dyn Source,
    survey: Survey,
    /// How long the last head was, if it ends in a character that may be cut.
    cut: Option<u64>,
    failed: Option<io::Error>,
}

impl Visit for Lines<'_> {
    fn lines(
        &mut self,
        (piece, _): (&[u8], u64),
        text: &mut Vec<u8>,
        clock: &mut Clock<'_>,
    ) -> io::Result<Option<u64>> {
        self.survey.whole(piece, text, &mut |line| clock.own_time(line));
        clock.check()?;
        Ok(None)
    }

    fn line(&mut self, (line, _): (&[u8], u64), clock: &mut Clock<'_>) -> io::Result<bool> {
        self.survey.head(line, true, &mut |line| clock.own_time(line));
        self.cut = Charset::of(line, false).is_broken.then_some(line.len() as u64);
        clock.check()?;
        Ok(true)
    }

    fn ended(&mut self, line: Hit) -> ControlFlow<()> {
        let end = line.end.get() - u64::from(line.finished);
        if line.finished && self.cut == Some(end - line.start.get()) {
            self.survey.charset.is_broken = true;
        }
        let mut last = [0];
        match end.checked_sub(1).filter(|last| *last >= line.start.get()) {
            None => self.survey.measured(0, false),
            Some(at) => match read_full(self.source, &mut last, ByteOffset::new(at)) {
                Ok(0) => self.failed = Some(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => self.survey.measured(end - line.start.get(), last == *b"\r"),
                Err(error) => self.failed = Some(error),
            },
        }
        ControlFlow::Continue(())
    }
}
