//! The answers about filter and find: other rows, the next hit, where hits stand in lines.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use taillight::cursor::Generation;
use taillight::level::LevelChoice;
use taillight::line::{ByteOffset, text_at};
use taillight::wire::{self, Failure, MAX_LINE_BYTES, MAX_SPAN_ROWS, MAX_SPANS_PER_ROW, RowSpans, ServerMsg, Wished};

use super::connection::{End, Viewer, sent};
use super::outbox;
use super::requests::{Rows, fail, gone};
use super::search::{self, Ground, Refusal, Search};
use super::socket::Socket;
use crate::pull::Counter;
use crate::read;
use crate::scan::page::ANSWER;
use crate::scan::{Budget, Facts, Filter, Hit, View, hits_by_facts, hits_down, hits_up};
use crate::source::{Source, is_gone};
use crate::tail::{Epoch, TailTip};

/// A row that was looked for.
struct Sought {
    found: Option<ByteOffset>,
    reached: ByteOffset,
    at_end: bool,
}

impl Viewer {
    /// What the first message asks to show and to find, and what of that a user has asked for; what of it is wrong.
    pub(super) async fn set_up_search(
        &mut self,
        (filter, find): (Option<wire::Filter>, Option<String>),
        wished: Wished,
    ) -> Vec<Refusal> {
        let (search, refused) = Search::of_link(filter, find, self.ground()).await;
        self.search = search;
        self.search.wish(wished);
        self.puller.show_only(self.search.filter().cloned());
        self.hold_views();
        refused
    }

    fn ground(&self) -> Ground {
        let source = Arc::clone(&self.puller.tip().current().source);
        (self.state.tasks.clone(), source, self.state.facts.pattern_bytes)
    }

    /// Shows other rows from here on.
    pub(super) async fn show_rows(
        &mut self,
        socket: &mut Socket,
        filter: Option<wire::Filter>,
        rows: Rows,
        follow: bool,
    ) -> ControlFlow<End> {
        let filter = match search::compile(filter, self.ground()).await {
            Ok(filter) => filter,
            Err(wrong) => return refuse(socket, rows.req, (false, wrong)).await,
        };
        let counter = match self.counter.take() {
            Some(counter) => counter,
            None => {
                let (generation, offset) = self.puller.place();
                Counter::new(generation, offset)
            }
        };
        self.counter = (!follow).then(|| counter.only(filter.as_ref()));
        self.live = follow;
        self.search.wish(Wished { filter: filter.is_some(), find: false });
        self.search.show(filter);
        // Told even where the same rows match: the client knows of no count of this filter.
        self.told = None;
        self.tell_soon();
        self.puller.show_only(self.search.filter().cloned());
        self.hold_views();
        self.moved();
        let generation = self.puller.tip().current().generation;
        self.send_page(socket, generation, rows, follow).await
    }

    /// Finds something else.
    pub(super) async fn find(&mut self, socket: &mut Socket, req: u32, term: Option<String>) -> ControlFlow<End> {
        match search::compile_find(term, self.ground()).await {
            Ok(term) => {
                self.search.wish(Wished { filter: false, find: term.is_some() });
                self.search.find(term);
                self.told = None;
                self.hold_views();
                self.tell_soon();
                ControlFlow::Continue(())
            }
            Err(wrong) => refuse(socket, req, (true, wrong)).await,
        }
    }

    /// Has searches go on that stand stopped.
    pub(super) fn go_on(&mut self) {
        let rations = self.state.facts.rations;
        self.search.go_on(rations);
        if let Some(watch) = &self.levels {
            watch.go_on(rations.pass);
        }
        self.tell_soon();
    }

    /// Looks for the next row with the find term.
    pub(super) async fn seek(
        &mut self,
        socket: &mut Socket,
        req: u32,
        (generation, from): (Generation, ByteOffset),
        down: bool,
    ) -> ControlFlow<End> {
        let tip = self.puller.tip();
        let Some(epoch) = tip.epoch(generation).cloned() else {
            return gone(socket, req).await;
        };
        let end = readable_end(&tip, &epoch);
        let sought = match self.search.sought_for(generation) {
            Some((filter, view)) => {
                let look = move || seek(&epoch, &filter, view.as_deref(), (from, end), down);
                self.state.tasks.blocking(look).await
            }
            None => Ok(Sought { found: None, reached: if down { end } else { ByteOffset::ZERO }, at_end: true }),
        };
        if let Ok(Sought { found: Some(row), .. }) = sought {
            self.search.found_row((generation, row));
            self.tell_soon();
        }
        say_sought(socket, (req, generation), sought).await
    }

    /// Looks for the next shown row of some levels.
    pub(super) async fn seek_levels(
        &mut self,
        socket: &mut Socket,
        req: u32,
        (generation, from): (Generation, ByteOffset),
        (levels, down): (LevelChoice, bool),
    ) -> ControlFlow<End> {
        let tip = self.puller.tip();
        let Some(epoch) = tip.epoch(generation).cloned() else {
            return gone(socket, req).await;
        };
        let end = readable_end(&tip, &epoch);
        let filter = self.search.sought_levels(levels, &self.state.tasks).await;
        let (looked_in, facts) = (Arc::clone(&epoch), epoch.views.known_facts());
        let look = move || seek_by_facts(&looked_in, &filter, facts.as_deref(), (from, end), down);
        let sought = self.state.tasks.blocking(look).await;
        if matches!(sought, Ok(Sought { found: None, at_end: false, .. })) {
            self.search.hold_facts(&epoch, self.state.facts.rations, &self.state.tasks);
        }
        say_sought(socket, (req, generation), sought).await
    }

    /// Tells where hits stand in lines.
    pub(super) async fn send_spans(
        &mut self,
        socket: &mut Socket,
        req: u32,
        generation: Generation,
        rows: Vec<ByteOffset>,
    ) -> ControlFlow<End> {
        let tip = self.puller.tip();
        let Some(epoch) = tip.epoch(generation).cloned() else {
            return gone(socket, req).await;
        };
        let end = readable_end(&tip, &epoch);
        let filter = self.search.filter().map(|rows| rows.filter.clone());
        let term = self.search.term().cloned();
        let look = move || {
            let rows = rows.into_iter().take(MAX_SPAN_ROWS).filter(|offset| *offset < end);
            rows.filter_map(|offset| row_spans(&epoch, offset, term.as_ref(), filter.as_ref())).collect()
        };
        let rows = self.state.tasks.blocking(look).await;
        sent(outbox::say(socket, &ServerMsg::Spans { req, generation, rows }).await)
    }
}

/// Says that a term is not in force, and why.
pub(super) async fn refuse(socket: &mut Socket, req: u32, (find, wrong): Refusal) -> ControlFlow<End> {
    let refused = ServerMsg::Refused { req, find, position: wrong.position, detail: wrong.detail };
    sent(outbox::say(socket, &refused).await)
}

async fn say_sought(
    socket: &mut Socket,
    (req, generation): (u32, Generation),
    sought: io::Result<Sought>,
) -> ControlFlow<End> {
    match sought {
        Ok(Sought { found, reached, at_end }) => {
            sent(outbox::say(socket, &ServerMsg::Sought { req, generation, found, reached, at_end }).await)
        }
        // A life that was cut: its end that way is not to be had.
        Err(error) if is_gone(&error) => gone(socket, req).await,
        Err(error) => fail(socket, req, Failure::ReadError, &error.to_string()).await,
    }
}

fn readable_end(tip: &TailTip, epoch: &Epoch) -> ByteOffset {
    epoch.ended.get().copied().unwrap_or(tip.len)
}

/// The next matching row from `from` on, or the last one that starts before it (blocking, bounded).
fn seek(
    epoch: &Arc<Epoch>,
    filter: &Filter,
    view: Option<&View>,
    (from, end): (ByteOffset, ByteOffset),
    down: bool,
) -> io::Result<Sought> {
    let source = &*epoch.source;
    let from = read::next_line_start(source, &epoch.index, end, from)?;
    first_hit(end, down, |budget, on_hit| match down {
        true => hits_down(source, filter, view, from..end, budget, on_hit),
        false => hits_up(source, filter, view, ByteOffset::ZERO..from, budget, on_hit),
    })
}

/// The same, where facts tell of blocks that are without.
fn seek_by_facts(
    epoch: &Epoch,
    filter: &Filter,
    facts: Option<&Facts>,
    (from, end): (ByteOffset, ByteOffset),
    down: bool,
) -> io::Result<Sought> {
    let source = &*epoch.source;
    let from = read::next_line_start(source, &epoch.index, end, from)?;
    let within = if down { from..end } else { ByteOffset::ZERO..from };
    first_hit(end, down, |budget, on_hit| hits_by_facts(source, filter, facts, (within, down), budget, on_hit))
}

/// The first row that a bounded search tells, in a file that is read up to `end`.
fn first_hit(
    end: ByteOffset,
    down: bool,
    search: impl FnOnce(&Budget, &mut dyn FnMut(Hit) -> ControlFlow<()>) -> io::Result<ByteOffset>,
) -> io::Result<Sought> {
    let budget = Budget::new(ANSWER.bytes).until(Instant::now() + ANSWER.time);
    let mut found = None;
    let reached = search(&budget, &mut |hit| {
        found = Some(hit.start);
        ControlFlow::Break(())
    })?;
    let at_end = found.is_none() && if down { reached >= end } else { reached == ByteOffset::ZERO };
    Ok(Sought { found, reached: found.unwrap_or(reached), at_end })
}

/// Where hits stand in the shown part of a line; `None` when it cannot be read.
fn row_spans(epoch: &Epoch, offset: ByteOffset, term: Option<&Filter>, filter: Option<&Filter>) -> Option<RowSpans> {
    let (line, left_out) = shown_part(&*epoch.source, offset).ok()?;
    let spans = |of: Option<&Filter>| {
        let mut spans = Vec::new();
        if let Some(of) = of {
            of.spans(&line, MAX_SPANS_PER_ROW, &mut spans);
            spans.iter_mut().for_each(|(from, to)| (*from, *to) = (*from + left_out, *to + left_out));
        }
        spans
    };
    Some(RowSpans { offset, find: spans(term), filter: spans(filter) })
}

/// What of a line is on the screen, and how many bytes of it before that are not: those of a hole, or a byte order mark.
fn shown_part(source: &dyn Source, offset: ByteOffset) -> io::Result<(Bytes, u32)> {
    let line = read::line_bytes(source, offset, MAX_LINE_BYTES as u32)?;
    let text = text_at(offset, &line);
    if text.len() < line.len() {
        return Ok((line.slice_ref(text), (line.len() - text.len()) as u32));
    }
    if line.len() < MAX_LINE_BYTES || line.iter().any(|byte| *byte != 0) {
        return Ok((line, 0));
    }
    let hole = read::left_out(source, offset, source.len()? - offset)?;
    // Far behind a hole nothing is found: spans there could not even be said.
    let Some(left_out) = u32::try_from(hole.get()).ok().filter(|bytes| *bytes < 1 << 30) else { return Ok((line, 0)) };
    Ok((read::line_bytes(source, offset + hole, MAX_LINE_BYTES as u32)?, left_out))
}
