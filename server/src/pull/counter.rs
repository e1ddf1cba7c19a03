//! Counting what comes while nobody looks.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use taillight::cursor::Generation;
use taillight::line::{ByteLen, ByteOffset, LineCount};

use super::shared::{CountKey, FilterKey};
use super::{RowFilter, readable_end};
use crate::read;
use crate::scan::{Budget, Filter, View, hits_down};
use crate::source::{Source, is_gone};
use crate::tail::TailTip;
use crate::tasks::Tasks;

/// Counts the complete lines between a place and the end, those that a filter matches where there is one, going over each
/// byte once at most.
#[derive(Debug)]
pub struct Counter {
    start: (Generation, ByteOffset),
    generation: Generation,
    offset: ByteOffset,
    lines: LineCount,
    filter: Option<Filter>,
}

/// How many bytes one step of counting reads at most.
const COUNT_STEP_BYTES: u64 = 8 * 1024 * 1024;

impl Counter {
    /// Counts from that place on.
    pub fn new(generation: Generation, offset: ByteOffset) -> Self {
        Self { start: (generation, offset), generation, offset, lines: LineCount::ZERO, filter: None }
    }

    /// The same place, and only the lines that `filter` matches are counted.
    #[must_use]
    pub fn only(self, filter: Option<&RowFilter>) -> Self {
        let (generation, offset) = self.start;
        Self { filter: filter.map(|rows| rows.filter.clone()), ..Self::new(generation, offset) }
    }

    /// The complete lines counted so far.
    pub fn lines(&self) -> LineCount {
        self.lines
    }

    /// Goes on counting where that needs no reading; whether the end for now is reached.
    pub fn step_now(&mut self, tip: &TailTip) -> bool {
        let current = tip.epochs.last().filter(|epoch| epoch.generation == self.generation);
        let Some(epoch) = current.filter(|epoch| epoch.ended.get().is_none()) else { return false };
        if self.offset < tip.complete
            && let Some((lines, to)) = epoch.frames.counted(&self.key(tip.complete))
        {
            self.lines = self.lines + lines;
            self.offset = to;
        }
        self.offset >= tip.complete
    }

    fn key(&self, limit: ByteOffset) -> CountKey {
        (self.offset, limit, self.filter.clone().map(FilterKey))
    }

    /// Goes on counting; `true` when it has reached the end for now. `view` has the counts of the filter in one generation.
    ///
    /// # Errors
    /// When the file cannot be read now.
    pub async fn step(
        &mut self,
        tip: &TailTip,
        view: Option<&(Generation, Arc<View>)>,
        tasks: &Tasks,
    ) -> io::Result<bool> {
        let Some(idx) = tip.epochs.iter().position(|epoch| epoch.generation == self.generation) else {
            // The generation is gone: what is left to count starts with the oldest that is held.
            if let Some(oldest) = tip.epochs.first() {
                self.generation = oldest.generation;
                self.offset = ByteOffset::ZERO;
            }
            return Ok(tip.epochs.is_empty());
        };
        let Some(epoch) = tip.epochs.get(idx) else { return Ok(true) };
        let limit = readable_end(tip, epoch);
        if self.offset < limit {
            let view = view.filter(|(generation, _)| *generation == self.generation).map(|(_, view)| Arc::clone(view));
            let (source, filter, from) = (Arc::clone(&epoch.source), self.filter.clone(), self.offset);
            let count = move || match filter {
                Some(filter) => count_matching(&*source, &filter, view.as_deref(), (from, limit)),
                None => {
                    let to = (from + ByteLen::new(COUNT_STEP_BYTES)).min(limit);
                    Ok((read::count_lines(&*source, from, to)?, to))
                }
            };
            match epoch.frames.count(self.key(limit), tasks.blocking(count)).await {
                Ok((lines, to)) => {
                    self.lines = self.lines + lines;
                    self.offset = to;
                }
                // Nobody can read them any more.
                Err(error) if is_gone(&error) && epoch.ended.get().is_some() => self.offset = limit,
                Err(error) => return Err(error),
            }
            return Ok(false);
        }
        match tip.epochs.get(idx + 1).filter(|_| epoch.ended.get().is_some()) {
            Some(next) => {
                self.generation = next.generation;
                self.offset = ByteOffset::ZERO;
                Ok(false)
            }
            None => Ok(true),
        }
    }
}

/// How many finished lines match between two places, and how far they were counted.
fn count_matching(
    source: &dyn Source,
    filter: &Filter,
    view: Option<&View>,
    (from, to): (ByteOffset, ByteOffset),
) -> io::Result<(LineCount, ByteOffset)> {
    let mut lines = 0;
    let budget = Budget::new(COUNT_STEP_BYTES);
    let reached = hits_down(source, filter, view, from..to, &budget, &mut |hit| {
        lines += u64::from(hit.finished);
        ControlFlow::Continue(())
    })?;
    Ok((LineCount::new(lines), reached))
}
