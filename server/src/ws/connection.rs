//! One viewer's life: opened, live or held, ended. One task, one place in the file, one loop.

use std::convert::Infallible;
use std::ops::ControlFlow;

use axum::extract::ws::{Message, WebSocket};
use rand::Rng as _;
use taillight::ansi::Style;
use taillight::cursor::Generation;
use taillight::line::ByteOffset;
use taillight::wire::{
    CLOSE_GOING_AWAY, CLOSE_NO_PONG, CLOSE_PROTOCOL, CLOSE_UNAUTHORIZED, ClientMsg, Frame, ServerMsg, Tip,
};
use tokio::time::{Instant, sleep_until};

use super::heartbeat::{Beat, Heartbeat};
use super::opening::{self, Wanted};
use super::outbox::{self, Credit, PeerGone};
use super::search::Search;
use crate::auth::Principal;
use crate::auth::lasting::LastingLogin;
use crate::pull::{Counter, Puller};
use crate::state::AppState;
use crate::tail::Follower;

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
    login: LastingLogin,
    pub(super) told: Option<Tip>,
    pub(super) told_at: Instant,
    /// The newest generation that the client knows the identity of.
    pub(super) introduced: Generation,
    /// The generation that it knows the whole head of.
    pub(super) has_head: Option<Generation>,
    /// When counters may be told again; `None` when there is nothing to tell.
    pub(super) tell_at: Option<Instant>,
    /// When the unfinished last line is shown as it stands.
    pub(super) unfinished_at: Option<Instant>,
    /// How far the unfinished line was shown last.
    pub(super) shown_unfinished: Option<ByteOffset>,
    pub(super) behind_told: Option<Instant>,
    /// What is shown and found.
    pub(super) search: Search,
    /// A frame without a row that was not sent yet: it says what was looked through.
    pub(super) covered: Option<Frame>,
    /// When it is sent.
    pub(super) cover_at: Option<Instant>,
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
            login: LastingLogin::new(state.auth.clone(), who),
            told: None,
            told_at: now,
            introduced,
            has_head: None,
            tell_at: Some(now),
            unfinished_at: None,
            shown_unfinished: None,
            behind_told: None,
            search: Search::default(),
            covered: None,
            cover_at: None,
            state,
        }
    }

    /// Waits for whatever comes first and does it.
    async fn turn(&mut self, socket: &mut WebSocket) -> ControlFlow<End> {
        let stopping = self.state.tasks.stopping();
        // Where a file is decoded to now is no end: lines from there on are nothing that anybody waits for.
        let can_pull =
            self.live && !self.drained && self.credit.is_left() && !self.puller.tip().state.is_being_decoded();
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
            () = self.login.ended() => {
                ControlFlow::Break(End::Close(CLOSE_UNAUTHORIZED, "the session has ended: log in again"))
            }
            () = at(self.tell_at) => self.tell(socket).await,
            () = at(self.unfinished_at) => self.show_unfinished(socket).await,
            () = at(self.cover_at) => self.send_covered(socket).await,
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

    /// Stops live frames, and counts what comes after `place`.
    pub(super) fn hold(&mut self, (generation, offset): (Generation, ByteOffset)) {
        self.live = false;
        self.counter = Some(Counter::new(generation, offset).only(self.search.filter()));
        // The client waits for the first count, even when nothing has changed.
        self.told = None;
        self.moved();
    }

    /// The position has moved by a request: what is still to send is looked at afresh.
    pub(super) fn moved(&mut self) {
        self.drained = false;
        self.unfinished_at = None;
        // The client says where it goes on, and that is not past what it was told.
        (self.covered, self.cover_at) = (None, None);
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
