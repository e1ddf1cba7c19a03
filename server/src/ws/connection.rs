//! One viewer's life: opened, live or held, ended. One task, one place in the file, one loop.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use rand::Rng as _;
use taillight::ansi::Style;
use taillight::cursor::Generation;
use taillight::line::{ByteLen, ByteOffset, LineCount};
use taillight::wire::{
    CLOSE_GOING_AWAY, CLOSE_NO_PONG, CLOSE_PROTOCOL, CLOSE_UNAUTHORIZED, ClientMsg, Frame, FrameFlags, FrameKind,
    ServerMsg, Tip,
};
use tokio::time::{Instant, sleep_until};

use super::heartbeat::{Beat, Heartbeat};
use super::opening::{self, Wanted};
use super::outbox::{self, Credit, PeerGone};
use crate::auth::Principal;
use crate::pull::{Counter, Event, Lines, Pulled, Puller};
use crate::state::AppState;
use crate::tail::Follower;

/// Counters are told at most this often.
const TIP_INTERVAL: Duration = Duration::from_millis(50);

/// How often counters are looked at while the index still runs.
const INDEX_INTERVAL: Duration = Duration::from_millis(250);

/// How old an unfinished last line gets before it is shown as it stands.
const UNFINISHED_AFTER: Duration = Duration::from_secs(1);

/// A live viewer that is further behind than this is told so.
const BEHIND_BYTES: u64 = 1024 * 1024;

/// How often the login of an open connection is looked at.
pub const RECHECK_INTERVAL: Duration = Duration::from_secs(30);

/// A client is told to come back within this spread, so that thousands do not come at once.
const RETRY_MS: std::ops::RangeInclusive<u32> = 500..=3_000;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The peer closed it, or takes nothing any more.
    Gone,
    /// We close it.
    Close(u16, &'static str),
    /// The server stops.
    GoingAway,
}

impl From<PeerGone> for End {
    fn from(_: PeerGone) -> Self {
        Self::Gone
    }
}

/// One open connection.
pub(super) struct Viewer {
    pub(super) state: AppState,
    pub(super) puller: Puller,
    pub(super) credit: Credit,
    pub(super) live: bool,
    /// Counts what comes while the connection is held.
    pub(super) counter: Option<Counter>,
    heartbeat: Heartbeat,
    /// Whether everything up to the tip has been sent; cleared when the tip moves.
    pub(super) drained: bool,
    who: Principal,
    /// When the login is looked at again.
    recheck_at: Instant,
    told: Option<Tip>,
    told_at: Instant,
    /// The newest generation that the client knows the identity of.
    introduced: Generation,
    /// When counters may be told again; `None` when there is nothing to tell.
    tell_at: Option<Instant>,
    /// When the unfinished last line is shown as it stands.
    unfinished_at: Option<Instant>,
    /// How far the unfinished line was shown last.
    shown_unfinished: Option<ByteOffset>,
    behind_told: Option<Instant>,
}

/// Serves one connection until it ends.
pub async fn run(mut socket: WebSocket, state: AppState, who: Principal) {
    let _viewer = state.facts.count_viewer();
    let end = match serve(&mut socket, state, who).await {
        ControlFlow::Break(end) => end,
        ControlFlow::Continue(never) => match never {},
    };
    match end {
        End::Gone => {}
        End::Close(code, reason) => outbox::close(socket, code, reason).await,
        End::GoingAway => {
            let retry_ms = rand::rng().random_range(RETRY_MS);
            let _ = outbox::say(&mut socket, &ServerMsg::Bye { retry_ms }).await;
            outbox::close(socket, CLOSE_GOING_AWAY, "the server is going away").await;
        }
    }
}

async fn serve(socket: &mut WebSocket, state: AppState, who: Principal) -> ControlFlow<End, Infallible> {
    let mut viewer = opening::begin(socket, state, who).await?;
    loop {
        viewer.turn(socket).await?;
    }
}

/// Stops the loop when a send failed.
pub(super) fn sent(result: Result<(), PeerGone>) -> ControlFlow<End> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(gone) => ControlFlow::Break(gone.into()),
    }
}

impl Viewer {
    /// A connection that stands at `place` and has said nothing yet.
    pub(super) fn new(
        state: AppState,
        (who, follower): (Principal, Follower),
        wanted: &Wanted,
        (generation, offset): (Generation, ByteOffset),
    ) -> Self {
        let introduced = follower.tip().current().generation;
        let now = Instant::now();
        Self {
            puller: Puller::new(follower, generation, offset, Style::PLAIN),
            credit: Credit::granted(wanted.credit),
            live: wanted.follow,
            counter: None,
            heartbeat: Heartbeat::new(state.facts.heartbeat),
            drained: false,
            who,
            recheck_at: now + RECHECK_INTERVAL,
            told: None,
            told_at: now,
            introduced,
            tell_at: Some(now),
            unfinished_at: None,
            shown_unfinished: None,
            behind_told: None,
            state,
        }
    }

    /// Waits for whatever comes first and does it.
    async fn turn(&mut self, socket: &mut WebSocket) -> ControlFlow<End> {
        let stopping = self.state.tasks.stopping();
        let can_pull = self.live && !self.drained && self.credit.is_left();
        tokio::select! {
            biased;
            () = stopping.cancelled() => ControlFlow::Break(End::GoingAway),
            message = socket.recv() => self.receive(socket, message).await,
            beat = self.heartbeat.due() => self.beat(socket, beat).await,
            () = self.puller.moved() => {
                self.drained = false;
                self.tell_soon();
                ControlFlow::Continue(())
            }
            () = sleep_until(self.recheck_at) => self.recheck(),
            () = at(self.tell_at) => self.tell(socket).await,
            () = at(self.unfinished_at) => self.show_unfinished(socket).await,
            () = std::future::ready(()), if can_pull => self.pump(socket).await,
        }
    }

    async fn beat(&mut self, socket: &mut WebSocket, beat: Beat) -> ControlFlow<End> {
        if beat == Beat::Dead {
            return ControlFlow::Break(End::Close(CLOSE_NO_PONG, "no pong in time"));
        }
        sent(outbox::say(socket, &ServerMsg::Ping).await)?;
        self.heartbeat.pinged();
        ControlFlow::Continue(())
    }

    async fn receive(
        &mut self,
        socket: &mut WebSocket,
        message: Option<Result<Message, axum::Error>>,
    ) -> ControlFlow<End> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return ControlFlow::Continue(()),
            Some(Ok(Message::Binary(_))) => {
                return ControlFlow::Break(End::Close(CLOSE_PROTOCOL, "binary messages are not understood"));
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return ControlFlow::Break(End::Gone),
        };
        let Ok(message) = serde_json::from_str::<ClientMsg>(&text) else {
            return ControlFlow::Break(End::Close(CLOSE_PROTOCOL, "the message is not understood"));
        };
        self.heartbeat.alive();
        self.answer(socket, message).await
    }

    /// Sends the next lines or the next event.
    async fn pump(&mut self, socket: &mut WebSocket) -> ControlFlow<End> {
        match self.puller.pull(&self.state.tasks).await {
            Ok(Pulled::Lines(lines)) => {
                self.send_live(socket, lines, false).await?;
                self.tell_behind(socket).await
            }
            Ok(Pulled::Rest(lines)) => self.send_live(socket, lines, true).await,
            Ok(Pulled::Event(event)) => {
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

    /// Everything finished has been sent: what is left is an unfinished line.
    fn at_the_end(&mut self) {
        self.drained = true;
        let tip = self.puller.tip();
        if tip.len > tip.complete && self.shown_unfinished != Some(tip.len) {
            self.unfinished_at.get_or_insert_with(|| Instant::now() + UNFINISHED_AFTER);
        }
    }

    async fn show_unfinished(&mut self, socket: &mut WebSocket) -> ControlFlow<End> {
        self.unfinished_at = None;
        if !self.live || !self.credit.is_left() {
            return ControlFlow::Continue(());
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

    /// Ends the connection when the login it was made with has ended.
    fn recheck(&mut self) -> ControlFlow<End> {
        self.recheck_at = Instant::now() + RECHECK_INTERVAL;
        if self.state.auth.still_valid(&self.who) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(End::Close(CLOSE_UNAUTHORIZED, "the session has ended: log in again"))
        }
    }

    /// The counters are told as soon as their interval allows.
    fn tell_soon(&mut self) {
        let soonest = self.told_at + TIP_INTERVAL;
        self.tell_at.get_or_insert_with(|| soonest.max(Instant::now()));
    }

    /// Tells the counters, if they have changed.
    async fn tell(&mut self, socket: &mut WebSocket) -> ControlFlow<End> {
        self.tell_at = None;
        self.count_new_lines().await;
        let tip = self.tip_now();
        if !tip.lines.exact {
            self.tell_at = Some(Instant::now() + INDEX_INTERVAL);
        }
        if self.told == Some(tip) {
            return ControlFlow::Continue(());
        }
        self.remember(tip);
        self.introduce(socket, tip.generation).await?;
        sent(outbox::say(socket, &ServerMsg::Tip(tip)).await)
    }

    /// Tells the identity of a generation that no event has told: without it the client could not resume there.
    pub(super) async fn introduce(&mut self, socket: &mut WebSocket, generation: Generation) -> ControlFlow<End> {
        let tip = self.puller.tip();
        let Some(epoch) = tip.epoch(generation).filter(|_| generation > self.introduced) else {
            return ControlFlow::Continue(());
        };
        let source = Arc::clone(&epoch.source);
        let Ok(identity) = self.state.tasks.blocking(move || source.identity()).await else {
            return ControlFlow::Continue(());
        };
        self.introduced = generation;
        sent(outbox::say(socket, &ServerMsg::Current { generation, identity }).await)
    }

    async fn count_new_lines(&mut self) {
        let Some(counter) = &mut self.counter else { return };
        let tip = self.puller.tip();
        // A read error leaves the count where it is; the follower's next change tries again.
        while let Ok(false) = counter.step(&tip, &self.state.tasks).await {
            if self.state.tasks.stopping().is_cancelled() {
                return;
            }
        }
    }

    /// The counters as they are now.
    pub(super) fn tip_now(&self) -> Tip {
        let tip = self.puller.tip();
        let current = tip.current();
        Tip {
            generation: current.generation,
            len: tip.len,
            complete: tip.complete,
            lines: current.index.total(),
            new_lines: self.counter.as_ref().map_or(LineCount::ZERO, Counter::lines),
            shown: None,
            found: None,
            state: tip.state,
        }
    }

    /// The client has been told these counters.
    pub(super) fn remember(&mut self, tip: Tip) {
        self.told = Some(tip);
        self.told_at = Instant::now();
    }

    /// Stops live frames, and counts what comes after `place`.
    pub(super) fn hold(&mut self, (generation, offset): (Generation, ByteOffset)) {
        self.live = false;
        self.counter = Some(Counter::new(generation, offset));
        // The client waits for the first count, even when nothing has changed.
        self.told = None;
        self.moved();
    }

    /// The position has moved by a request: what is still to send is looked at afresh.
    pub(super) fn moved(&mut self) {
        self.drained = false;
        self.unfinished_at = None;
        self.tell_soon();
    }

    /// Remembers how far an unfinished last line was shown by a page.
    pub(super) fn showed_unfinished(&mut self, end: Option<ByteOffset>) {
        self.shown_unfinished = end;
    }
}

/// Waits until then, or for ever.
async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
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
