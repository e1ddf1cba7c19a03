//! The answers to what a viewer asks: pages, more of a long line, going live and holding.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use taillight::ansi::Style;
use taillight::cursor::{Anchor, Generation};
use taillight::line::{ByteLen, ByteOffset};
use taillight::timestamp::{Stamp, TimeExpr};
use taillight::wire::{
    CLOSE_PROTOCOL, ClientMsg, Failure, Frame, FrameFlags, FrameKind, MAX_PAGE_BYTES, MAX_PAGE_ROWS, ServerMsg,
};

use super::codec::Message;
use super::connection::{End, Viewer, sent};
use super::outbox;
use super::socket::Socket;
use crate::dates;
use crate::pull::{RowFilter, style_after};
use crate::read::{self, Page, PageWant};
use crate::scan::page::{self, ANSWER, SparsePage};
use crate::scan::{Moment, moment};
use crate::state::AppState;
use crate::tail::{Epoch, TailTip};

/// How long a page by line number waits for the index before the place is estimated.
const INDEX_WAIT: Duration = Duration::from_millis(300);

/// The rows a viewer asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub(super) req: u32,
    pub(super) at: Anchor,
    pub(super) before: u32,
    pub(super) after: u32,
}

impl Viewer {
    /// Does what a message asks.
    pub(super) async fn answer(&mut self, socket: &mut Socket, message: ClientMsg) -> ControlFlow<End> {
        match message {
            ClientMsg::Pong | ClientMsg::Grant { .. } => ControlFlow::Continue(()),
            ClientMsg::Page { req, generation, at, before, after } => {
                self.send_page(socket, generation, Rows { req, at, before, after }, false).await
            }
            ClientMsg::More { req, generation, offset, len } => {
                self.send_more(socket, req, (generation, offset), len).await
            }
            ClientMsg::Live { req, from, rows } => self.go_live(socket, req, from, rows).await,
            ClientMsg::Hold { from } => {
                self.hold(from);
                ControlFlow::Continue(())
            }
            ClientMsg::Filter { req, filter, at, before, after, follow } => {
                self.show_rows(socket, filter, Rows { req, at, before, after }, follow).await
            }
            ClientMsg::Find { req, term } => self.find(socket, req, term).await,
            ClientMsg::Seek { req, generation, from, down, levels: None } => {
                self.seek(socket, req, (generation, from), down).await
            }
            ClientMsg::Seek { req, generation, from, down, levels: Some(levels) } => {
                self.seek_levels(socket, req, (generation, from), (levels, down)).await
            }
            ClientMsg::Continue => {
                self.go_on();
                ControlFlow::Continue(())
            }
            ClientMsg::Levels { on } => {
                self.watch_levels(on);
                ControlFlow::Continue(())
            }
            ClientMsg::Marks { req, generation, parts } => self.send_marks(socket, req, generation, parts).await,
            ClientMsg::Spans { req, generation, rows } => self.send_spans(socket, req, generation, rows).await,
            ClientMsg::Open { .. } => {
                ControlFlow::Break(End::Close(CLOSE_PROTOCOL, "'open' is only the first message"))
            }
        }
    }

    async fn go_live(
        &mut self,
        socket: &mut Socket,
        req: u32,
        from: Option<(Generation, ByteOffset)>,
        rows: u32,
    ) -> ControlFlow<End> {
        let is_held = |(generation, _): &(Generation, ByteOffset)| self.puller.tip().epoch(*generation).is_some();
        if from.is_some_and(|place| !is_held(&place)) {
            return gone(socket, req).await;
        }
        self.live = true;
        self.counter = None;
        self.moved();
        match from {
            Some(place) if place == self.puller.place() => {}
            Some((generation, offset)) => self.puller.jump(generation, offset, Style::PLAIN),
            None => {
                let tip = self.puller.tip();
                let generation = tip.current().generation;
                let want = Rows { req, at: Anchor::End, before: rows, after: 0 };
                return self.send_page(socket, generation, want, true).await;
            }
        }
        ControlFlow::Continue(())
    }

    /// Sends a page; with `go_on` the connection's place moves to the end of the page's last complete line.
    pub(super) async fn send_page(
        &mut self,
        socket: &mut Socket,
        generation: Generation,
        rows: Rows,
        go_on: bool,
    ) -> ControlFlow<End> {
        let tip = self.puller.tip();
        let Some(epoch) = tip.epoch(generation).cloned() else {
            return gone(socket, rows.req).await;
        };
        if epoch.is_archive() {
            // Nobody has counted its lines yet.
            self.state.tails.count_lines(&epoch);
        }
        let rows = match rows.at {
            Anchor::Time(time) => match land(&self.state, &tip, &epoch, time).await {
                Ok((wanted, Moment { at, time: found })) => {
                    let landed = ServerMsg::Landed { req: rows.req, generation, at, wanted, found };
                    sent(outbox::say(socket, &landed).await)?;
                    Rows { at: Anchor::Byte(at), ..rows }
                }
                Err(error) => return fail(socket, rows.req, Failure::ReadError, &error.to_string()).await,
            },
            _ => rows,
        };
        let answer = match self.search.filter().cloned() {
            Some(filter) => read_shown(&self.state, &tip, epoch, rows, filter).await.map(Answer::Some),
            None => read_page(&self.state, &tip, epoch, rows).await.map(Answer::All),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return fail(socket, rows.req, Failure::ReadError, &error.to_string()).await,
        };
        if go_on {
            self.introduce(socket, generation).await?;
            self.go_on_after(generation, &answer);
        }
        let mut frame = match answer {
            Answer::All(page) => page.into_frame(rows.req, generation),
            Answer::Some(page) => page.into_frame(FrameKind::Page, rows.req, generation),
        };
        frame.shorten(self.state.facts.line_bytes);
        sent(outbox::send(socket, Message::Binary(frame.encode())).await)
    }

    /// Moves the connection's place to the end of a page's last complete line.
    fn go_on_after(&mut self, generation: Generation, answer: &Answer) {
        let line_bytes = self.state.facts.line_bytes;
        let style_of = |page: &Page| style_after((&page.payload, &page.cuts), page.style, line_bytes);
        let (place, style, flags, end) = match answer {
            Answer::All(page) => (complete_end(page), style_of(page), page.flags, page.end),
            Answer::Some(page) => (page.place, Style::PLAIN, page.flags, page.end),
        };
        self.puller.jump(generation, place, style);
        if let Answer::Some(page) = answer {
            self.puller.number_from(page.next_line);
        }
        self.moved();
        self.showed_unfinished(flags.unfinished.then_some(end));
    }

    async fn send_more(
        &mut self,
        socket: &mut Socket,
        req: u32,
        (generation, offset): (Generation, ByteOffset),
        len: u32,
    ) -> ControlFlow<End> {
        let tip = self.puller.tip();
        let Some(epoch) = tip.epoch(generation) else {
            return gone(socket, req).await;
        };
        let source = Arc::clone(&epoch.source);
        let bytes = match self.state.tasks.blocking(move || read::line_bytes(&*source, offset, len)).await {
            Ok(bytes) => bytes,
            Err(error) => return fail(socket, req, Failure::ReadError, &error.to_string()).await,
        };
        let frame = more_frame(req, generation, offset, bytes);
        sent(outbox::send(socket, Message::Binary(frame.encode())).await)
    }
}

/// The rows of an answer: all of a part of the file, or those that the filter shows.
enum Answer {
    All(Page),
    Some(SparsePage),
}

/// Says that a request cannot be answered.
pub(super) async fn fail(socket: &mut Socket, req: u32, error: Failure, detail: &str) -> ControlFlow<End> {
    sent(outbox::say(socket, &ServerMsg::Failed { req, error, detail: detail.to_owned() }).await)
}

/// Says that the generation of a request is not there any more.
pub(super) async fn gone(socket: &mut Socket, req: u32) -> ControlFlow<End> {
    fail(socket, req, Failure::Gone, "that part of the file is no longer held").await
}

impl Rows {
    /// What is read, once the index has come to it: a line that is not indexed in time is estimated, and the number is
    /// left out.
    async fn want(self, epoch: &Epoch) -> PageWant {
        if let Anchor::Line(line) = self.at {
            epoch.index.wait_for(Some(line), tokio::time::Instant::now() + INDEX_WAIT).await;
        }
        let before = self.before.min(MAX_PAGE_ROWS);
        let after = self.after.min(MAX_PAGE_ROWS - before);
        PageWant { at: self.at, before, after, max_bytes: MAX_PAGE_BYTES }
    }
}

/// Where a time is in a file.
async fn land(state: &AppState, tip: &TailTip, epoch: &Epoch, time: TimeExpr) -> std::io::Result<(Stamp, Moment)> {
    let source = Arc::clone(&epoch.source);
    let end = epoch.ended.get().copied().unwrap_or(tip.len);
    let wanted = time.resolve(dates::now(), dates::zone());
    let found = state.tasks.blocking(move || moment(&*source, end, wanted)).await?;
    Ok((wanted, found))
}

async fn read_shown(
    state: &AppState,
    tip: &TailTip,
    epoch: Arc<Epoch>,
    rows: Rows,
    filter: RowFilter,
) -> std::io::Result<SparsePage> {
    let want = rows.want(&epoch).await;
    let ended = epoch.ended.get().copied();
    let (end, growing) = (ended.unwrap_or(tip.len), ended.is_none().then_some(tip.complete));
    let read = move || page::page(&filter.rows(&epoch, end, growing), &epoch.index, &want, ANSWER);
    state.tasks.blocking(read).await
}

async fn read_page(state: &AppState, tip: &TailTip, epoch: Arc<Epoch>, rows: Rows) -> std::io::Result<Page> {
    let want = rows.want(&epoch).await;
    let end = epoch.ended.get().copied().unwrap_or(tip.len);
    state.tasks.blocking(move || read::page(&*epoch.source, &epoch.index, end, &want)).await
}

/// After the last line of a page that has its line feed.
fn complete_end(page: &Page) -> ByteOffset {
    if !page.flags.unfinished {
        return page.end;
    }
    let after_feed = memchr::memrchr(b'\n', &page.payload).map_or(0, |at| at + 1);
    let missing = page.cuts.iter().filter(|cut| (cut.at as usize) < after_feed);
    let missing = missing.fold(ByteLen::ZERO, |sum, cut| sum + cut.missing);
    page.offset + ByteLen::new(after_feed as u64) + missing
}

/// A part of one line.
fn more_frame(req: u32, generation: Generation, offset: ByteOffset, payload: Bytes) -> Frame {
    Frame {
        kind: FrameKind::More,
        flags: FrameFlags::default(),
        req,
        generation,
        style: Style::PLAIN,
        offset,
        end: offset + ByteLen::new(payload.len() as u64),
        first_line: None,
        cuts: Vec::new(),
        sparse: None,
        payload,
    }
}
