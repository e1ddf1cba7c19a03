//! Live frames: what comes next leaves as far as credit goes.
//!
//! With a filter most of a file may have no row: what was looked through is told a few times a second, and with the next
//! row, so that the client's place moves with the connection's.

use std::ops::ControlFlow;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{Frame, FrameFlags, FrameKind, ServerMsg};
use tokio::time::Instant;

use super::connection::{End, Viewer, sent};
use super::outbox;
use crate::pull::{Event, Lines, Pulled, ShownRows};

/// How old an unfinished last line gets before it is shown as it stands.
const UNFINISHED_AFTER: Duration = Duration::from_secs(1);

/// How often frames without a row are sent.
const COVER_INTERVAL: Duration = Duration::from_millis(250);

/// A live viewer that is further behind than this is told so.
const BEHIND_BYTES: u64 = 1024 * 1024;

impl Viewer {
    /// Sends the next lines or the next event.
    pub(super) async fn pump(&mut self, socket: &mut WebSocket) -> ControlFlow<End> {
        match self.puller.pull(&self.state.tasks).await {
            Ok(Pulled::Lines(lines)) => {
                self.send_live(socket, lines, false).await?;
                self.tell_behind(socket).await
            }
            Ok(Pulled::Rest(lines)) => self.send_live(socket, lines, true).await,
            Ok(Pulled::Rows(rows)) => {
                self.send_rows(socket, rows).await?;
                self.tell_behind(socket).await
            }
            Ok(Pulled::Event(event)) => {
                self.send_covered(socket).await?;
                let next = event.next.map_or(self.introduced, |(generation, _)| generation);
                self.introduced = self.introduced.max(next);
                sent(outbox::say(socket, &event_message(&event)).await)
            }
            Ok(Pulled::Idle) => {
                self.at_the_end();
                ControlFlow::Continue(())
            }
            Err(error) => {
                tracing::debug!(%error, "a followed file could not be read");
                self.drained = true;
                ControlFlow::Continue(())
            }
        }
    }

    async fn send_live(&mut self, socket: &mut WebSocket, lines: Lines, unfinished: bool) -> ControlFlow<End> {
        self.credit.spend(lines.chunk.payload.len());
        self.unfinished_at = None;
        self.shown_unfinished = None;
        let frame = live_frame(lines, unfinished);
        sent(outbox::send(socket, Message::Binary(frame.encode())).await)
    }

    /// Sends shown rows. Without one they wait for the next, or for a moment: they only say what was looked through.
    async fn send_rows(&mut self, socket: &mut WebSocket, rows: ShownRows) -> ControlFlow<End> {
        let mut frame = rows.into_frame();
        if let Some(covered) = self.covered.take() {
            frame.offset = covered.offset;
            frame.flags.at_start = covered.flags.at_start;
        }
        if frame.payload.is_empty() {
            self.covered = Some(frame);
            self.cover_at.get_or_insert_with(|| Instant::now() + COVER_INTERVAL);
            return ControlFlow::Continue(());
        }
        self.credit.spend(frame.payload.len());
        self.unfinished_at = None;
        self.shown_unfinished = frame.flags.unfinished.then_some(frame.end);
        self.cover_at = None;
        sent(outbox::send(socket, Message::Binary(frame.encode())).await)
    }

    /// Tells what was looked through without finding a row.
    pub(super) async fn send_covered(&mut self, socket: &mut WebSocket) -> ControlFlow<End> {
        self.cover_at = None;
        match self.covered.take() {
            Some(frame) => sent(outbox::send(socket, Message::Binary(frame.encode())).await),
            None => ControlFlow::Continue(()),
        }
    }

    /// Everything finished has been sent: what is left is an unfinished line.
    fn at_the_end(&mut self) {
        self.drained = true;
        let tip = self.puller.tip();
        if tip.len > tip.complete && self.shown_unfinished != Some(tip.len) {
            self.unfinished_at.get_or_insert_with(|| Instant::now() + UNFINISHED_AFTER);
        }
    }

    pub(super) async fn show_unfinished(&mut self, socket: &mut WebSocket) -> ControlFlow<End> {
        self.unfinished_at = None;
        if !self.live || !self.credit.is_left() {
            return ControlFlow::Continue(());
        }
        if self.search.filter().is_some() {
            self.shown_unfinished = Some(self.puller.tip().len);
            return match self.puller.unfinished_rows(&self.state.tasks).await {
                Ok(Some(rows)) => self.send_rows(socket, rows).await,
                Ok(None) | Err(_) => ControlFlow::Continue(()),
            };
        }
        let Ok(Some(lines)) = self.puller.unfinished(&self.state.tasks).await else {
            return ControlFlow::Continue(());
        };
        let end = lines.chunk.end;
        self.send_live(socket, lines, true).await?;
        self.shown_unfinished = Some(end);
        ControlFlow::Continue(())
    }

    async fn tell_behind(&mut self, socket: &mut WebSocket) -> ControlFlow<End> {
        let bytes = self.puller.behind();
        let told_just_now = self.behind_told.is_some_and(|told| told.elapsed() < UNFINISHED_AFTER);
        if bytes <= ByteLen::new(BEHIND_BYTES) || told_just_now {
            return ControlFlow::Continue(());
        }
        self.behind_told = Some(Instant::now());
        sent(outbox::say(socket, &ServerMsg::Behind { bytes }).await)
    }
}

fn event_message(event: &Event) -> ServerMsg {
    let Event { generation, at, unix_secs, event, next } = *event;
    ServerMsg::Event { generation, at, unix_secs, event, next }
}

fn live_frame(lines: Lines, unfinished: bool) -> Frame {
    let Lines { generation, style, from, chunk, .. } = lines;
    Frame {
        kind: FrameKind::Live,
        flags: FrameFlags { at_start: from == ByteOffset::ZERO, at_end: false, unfinished },
        req: 0,
        generation,
        style,
        offset: from,
        end: chunk.end,
        first_line: None,
        cuts: chunk.cuts,
        sparse: None,
        payload: chunk.payload,
    }
}
