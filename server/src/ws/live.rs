//! Live frames: what comes next leaves as far as credit goes.
//!
//! With a filter most of a file may have no row: what was looked through is told a few times a second, and with the next
//! row, so that the client's place moves with the connection's.

use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use taillight::line::ByteLen;
use taillight::wire::ServerMsg;
use tokio::time::Instant;

use super::codec::Message;
use super::connection::{End, Viewer, sent};
use super::outbox;
use super::socket::Socket;
use crate::pull::{Event, Lines, Pulled, ShownRows};

/// How old an unfinished last line gets before it is shown as it stands.
const UNFINISHED_AFTER: Duration = Duration::from_secs(1);

/// How often frames without a row are sent.
const COVER_INTERVAL: Duration = Duration::from_millis(250);

/// A live viewer that is further behind than this is told so.
const BEHIND_BYTES: u64 = 1024 * 1024;

impl Viewer {
    /// Queues the next lines or the next event.
    pub(super) async fn pump(&mut self, socket: &mut Socket) -> ControlFlow<End> {
        match self.puller.pull(&self.state.tasks).await {
            Ok(pulled) => self.deliver(socket, pulled),
            Err(error) => {
                tracing::debug!(%error, "a followed file could not be read");
                self.drained = true;
                ControlFlow::Continue(())
            }
        }
    }

    /// The same where it needs no reading; whether it did not.
    pub(super) fn pump_now(&mut self, socket: &mut Socket) -> ControlFlow<End, bool> {
        match self.puller.pull_now() {
            Some(pulled) => self.deliver(socket, pulled).map_continue(|()| true),
            None => ControlFlow::Continue(false),
        }
    }

    fn deliver(&mut self, socket: &mut Socket, pulled: Pulled) -> ControlFlow<End> {
        match pulled {
            Pulled::Lines(lines) => {
                self.send_live(socket, &lines, false);
                self.tell_behind(socket)
            }
            Pulled::Rest(lines) => {
                self.send_live(socket, &lines, true);
                ControlFlow::Continue(())
            }
            Pulled::Rows(rows) => {
                self.send_rows(socket, &rows);
                self.tell_behind(socket)
            }
            Pulled::Event(event) => {
                self.send_covered(socket);
                let next = event.next.map_or(self.introduced, |(generation, _)| generation);
                self.introduced = self.introduced.max(next);
                sent(outbox::queue(socket, &event_message(&event)))
            }
            Pulled::Idle => {
                self.at_the_end();
                ControlFlow::Continue(())
            }
        }
    }

    fn send_live(&mut self, socket: &mut Socket, lines: &Lines, unfinished: bool) {
        self.unfinished_at = None;
        self.shown_unfinished = None;
        let (frame, n_bytes) = lines.frame(unfinished);
        self.send_frame(socket, frame, n_bytes, lines.is_shared);
    }

    fn send_frame(&mut self, socket: &mut Socket, frame: Bytes, n_bytes: usize, is_shared: bool) {
        self.credit.spend(n_bytes);
        self.flood.expect_answer();
        self.state.facts.counters.count_frame(is_shared);
        socket.push(Message::Binary(frame));
    }

    /// Sends shown rows. Without one they wait for the next, or for a moment: they only say what was looked through.
    fn send_rows(&mut self, socket: &mut Socket, rows: &ShownRows) {
        let mut frame = rows.frame();
        frame.shorten(self.state.facts.line_bytes);
        if let Some(covered) = self.covered.take() {
            frame.offset = covered.offset;
            frame.flags.at_start = covered.flags.at_start;
        }
        if frame.payload.is_empty() {
            self.covered = Some(Box::new(frame));
            self.cover_at.get_or_insert_with(|| Instant::now() + COVER_INTERVAL);
            return;
        }
        self.unfinished_at = None;
        self.shown_unfinished = frame.flags.unfinished.then_some(frame.end);
        self.cover_at = None;
        self.send_frame(socket, rows.encode(&frame), frame.payload.len(), rows.is_shared);
    }

    /// Tells what was looked through without finding a row.
    pub(super) fn send_covered(&mut self, socket: &mut Socket) {
        self.cover_at = None;
        if let Some(frame) = self.covered.take() {
            socket.push(Message::Binary(frame.encode()));
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

    pub(super) async fn show_unfinished(&mut self, socket: &mut Socket) -> ControlFlow<End> {
        self.unfinished_at = None;
        if !self.live || !self.credit.is_left() {
            return ControlFlow::Continue(());
        }
        if self.search.filter().is_some() {
            self.shown_unfinished = Some(self.puller.tip().len);
            return match self.puller.unfinished_rows(&self.state.tasks).await {
                Ok(Some(rows)) => {
                    self.send_rows(socket, &rows);
                    ControlFlow::Continue(())
                }
                Ok(None) | Err(_) => ControlFlow::Continue(()),
            };
        }
        let Ok(Some(lines)) = self.puller.unfinished(&self.state.tasks).await else {
            return ControlFlow::Continue(());
        };
        let end = lines.lines.chunk.end;
        self.send_live(socket, &lines, true);
        self.shown_unfinished = Some(end);
        ControlFlow::Continue(())
    }

    fn tell_behind(&mut self, socket: &mut Socket) -> ControlFlow<End> {
        let bytes = self.puller.behind();
        let told_just_now = self.behind_told.is_some_and(|told| told.elapsed() < UNFINISHED_AFTER);
        if bytes <= ByteLen::new(BEHIND_BYTES) || told_just_now {
            return ControlFlow::Continue(());
        }
        self.behind_told = Some(Instant::now());
        sent(outbox::queue(socket, &ServerMsg::Behind { bytes }))
    }
}

fn event_message(event: &Event) -> ServerMsg {
    let Event { generation, at, unix_secs, event, next } = *event;
    ServerMsg::Event { generation, at, unix_secs, event, next }
}
