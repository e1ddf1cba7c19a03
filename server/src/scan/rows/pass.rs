//! One search for rows, in one direction: what each match shows, and what is settled after it.

use std::io;
use std::ops::ControlFlow;

use taillight::line::ByteOffset;

use super::walk::Walk;
use super::{Around, OnRow, Shown};
use crate::scan::Hit;

/// Keeps an error that comes up inside a search for hits.
pub(super) fn caught<T>(
    search: impl FnOnce(&mut dyn FnMut(io::Result<ControlFlow<()>>) -> ControlFlow<()>) -> io::Result<T>,
) -> io::Result<T> {
    let mut failed = None;
    let found = search(&mut |done| {
        done.unwrap_or_else(|error| {
            failed = Some(error);
            ControlFlow::Break(())
        })
    })?;
    failed.map_or(Ok(found), Err)
}

/// One search, in one direction.
pub(super) struct Pass<'a, 'b> {
    pub(super) walk: Walk<'a>,
    /// What is on the near side of this place is decided.
    pub(super) at: u64,
    /// So many lines from `at` on are shown because of the last match.
    pub(super) pending: u32,
    /// No more rows are wanted.
    pub(super) stopped: bool,
    pub(super) on_row: OnRow<'b>,
}

impl Pass<'_, '_> {
    /// A match, going down.
    pub(super) fn hit_below(&mut self, hit: Hit, around: Around) -> io::Result<ControlFlow<()>> {
        let start = hit.start.get();
        self.context_down_to(start)?;
        if !self.stopped && self.at < start {
            self.at = self.walk.above(start, self.at, around.before)?;
            self.pending = u32::MAX;
            self.context_down_to(start)?;
        }
        if self.stopped {
            return Ok(ControlFlow::Break(()));
        }
        self.pending = around.after;
        let flow = self.show(Shown { start: hit.start, end: hit.end, finished: hit.finished, context: false });
        self.at = hit.end.get();
        Ok(flow)
    }

    /// A match, going up.
    pub(super) fn hit_above(&mut self, hit: Hit, around: Around) -> io::Result<ControlFlow<()>> {
        let end = hit.end.get();
        self.context_up_to(end)?;
        if !self.stopped && self.at > end {
            self.at = self.walk.below(end, self.at, around.after)?;
            self.pending = u32::MAX;
            self.context_up_to(end)?;
        }
        if self.stopped {
            return Ok(ControlFlow::Break(()));
        }
        self.pending = around.before;
        let flow = self.show(Shown { start: hit.start, end: hit.end, finished: hit.finished, context: false });
        self.at = hit.start.get();
        Ok(flow)
    }

    /// The lines below the last match that it shows, as far as `limit`, where a line starts.
    pub(super) fn context_down_to(&mut self, limit: u64) -> io::Result<()> {
        while !self.stopped && self.pending > 0 && self.at < limit {
            let line = self.walk.line_at(self.at)?;
            self.pending -= 1;
            self.at = line.end.get();
            let _ = self.show(line);
        }
        Ok(())
    }

    /// The lines above the last match that it shows, as far as `limit`, where a line starts.
    pub(super) fn context_up_to(&mut self, limit: u64) -> io::Result<()> {
        while !self.stopped && self.pending > 0 && self.at > limit {
            let line = self.walk.line_above(self.at)?;
            self.pending -= 1;
            self.at = line.start.get();
            let _ = self.show(line);
        }
        Ok(())
    }

    fn show(&mut self, row: Shown) -> ControlFlow<()> {
        let flow = (self.on_row)(row);
        self.stopped |= flow.is_break();
        flow
    }

    /// What is settled when all lines above `judged` are judged and `before` of them may still be shown by one below.
    pub(super) fn settled_above(&mut self, judged: ByteOffset, before: u32) -> io::Result<ByteOffset> {
        let floor = self.at.min(judged.get());
        Ok(ByteOffset::new(self.walk.above(judged.get(), floor, before)?.max(self.at)))
    }

    /// The same, when all lines from `judged` on are judged.
    pub(super) fn settled_below(&mut self, judged: ByteOffset, after: u32) -> io::Result<ByteOffset> {
        Ok(ByteOffset::new(self.walk.below(judged.get(), self.at, after)?.min(self.at)))
    }
}
