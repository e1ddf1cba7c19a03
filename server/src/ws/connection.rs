//! One viewer's life: opened, live or held, ended. One task, one place in the file, one loop.

use std::convert::Infallible;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::task::Poll;

use rand::Rng as _;
use taillight::ansi::Style;
use taillight::cursor::Generation;
use taillight::line::ByteOffset;
use taillight::wire::{
    CLOSE_GOING_AWAY, CLOSE_NO_PONG, CLOSE_POLICY, CLOSE_PROTOCOL, CLOSE_UNAUTHORIZED, ClientMsg, Frame, ServerMsg, Tip,
};
use tokio::time::Instant;

use super::codec::{Received, Violation};
use super::counts::Cause;
use super::flood::{Flood, TOO_MANY_MESSAGES};
use super::happened::Heard;
use super::heartbeat::{Beat, Heartbeat};
use super::levels::LevelWatch;
use super::opening::{self, Wanted};
use super::outbox::{self, Credit, PeerGone};
use super::search::Search;
use super::socket::{Broken, Socket};
use super::waiting::Waiting;
use crate::auth::Principal;
use crate::auth::lasting::LastingLogin;
use crate::pull::{Counter, Puller};
use crate::state::AppState;
use crate::tail::Follower;

/// Close code: all is said.
const CLOSE_DONE: u16 = 1000;

/// A client is told to come back within this spread, so that thousands do not come at once.
const RETRY_MS: std::ops::RangeInclusive<u32> = 500..=10_000;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The peer is gone, or takes nothing any more.
    Gone,
    /// The peer closed it.
    Closed,
    /// We close it.
    Close(u16, &'static str),
    /// The server stops.
    GoingAway,
}

impl End {
    /// Why, for the metrics.
    fn cause(self) -> Cause {
        match self {
            Self::Gone | Self::Closed => Cause::Left,
            Self::GoingAway => Cause::GoingAway,
            Self::Close(code, _) => Cause::of_close(code),
        }
    }
}

/// What a connection was woken by.
enum Wake {
    Stopping,
    Received(Result<Received, Broken>),
    Alarm,
    /// The file is another than it was.
    Moved,
    /// There may be something to send, and it may be sent.
    Ready,
    /// A search goes on that stood stopped.
    GoesOn,
    /// Everything has left that the kernel did not take before.
    Flushed,
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Gone => Self::Gone,
            Broken::Rule(Violation(code, reason)) => Self::Close(code, reason),
        }
    }
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
    pub(super) waiting: Waiting,
    pub(super) flood: Flood,
    /// Whether everything up to the tip has been sent; cleared when the tip moves.
    pub(super) drained: bool,
    login: LastingLogin,
    pub(super) told: Option<Tip>,
    pub(super) told_at: Instant,
    /// The newest generation that the client knows the identity of.
    pub(super) introduced: Generation,
    /// What it has heard of what happened.
    pub(super) heard: Heard,
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
    /// What is told of levels, if anything.
    pub(super) levels: Option<Box<LevelWatch>>,
    /// A frame without a row that was not sent yet: it says what was looked through.
    pub(super) covered: Option<Box<Frame>>,
    /// When it is sent.
    pub(super) cover_at: Option<Instant>,
}

/// Serves one connection until it ends.
pub async fn run(mut socket: Socket, state: AppState, who: Principal) {
    let facts = state.facts.clone();
    let _viewer = facts.count_viewer();
    let end = match serve(&mut socket, state, who).await {
        ControlFlow::Break(end) => end,
        ControlFlow::Continue(never) => match never {},
    };
    facts.counters.count_end(end.cause());
    match end {
        End::Gone => {}
        End::Closed => outbox::close(socket, CLOSE_DONE, "").await,
        End::Close(code, reason) => outbox::close(socket, code, reason).await,
        End::GoingAway => {
            let retry_ms = rand::rng().random_range(RETRY_MS);
            let _ = outbox::say(&mut socket, &ServerMsg::Bye { retry_ms }).await;
            outbox::close(socket, CLOSE_GOING_AWAY, "the server is going away").await;
        }
    }
}

async fn serve(socket: &mut Socket, state: AppState, who: Principal) -> ControlFlow<End, Infallible> {
    let mut viewer = Box::pin(opening::begin(socket, state, who)).await?;
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
        let (introduced, heard) = (follower.tip().current().generation, Heard::of(&follower.tip()));
        let now = Instant::now();
        Self {
            puller: Puller::new(follower, generation, offset, Style::PLAIN).showing(state.facts.line_bytes),
            credit: Credit::granted(wanted.credit),
            live: wanted.follow,
            counter: None,
            heartbeat: Heartbeat::new(state.facts.heartbeat),
            flood: Flood::default(),
            waiting: Waiting::new(state.tasks.stopping()),
            drained: false,
            login: LastingLogin::new(state.auth.clone(), who),
            told: None,
            told_at: now,
            introduced,
            heard,
            has_head: None,
            tell_at: Some(now),
            unfinished_at: None,
            shown_unfinished: None,
            behind_told: None,
            search: Search::default(),
            levels: None,
            covered: None,
            cover_at: None,
            state,
        }
    }

    /// Waits for whatever comes first and does it. What is done rarely is boxed: it would be most of an idle viewer.
    async fn turn(&mut self, socket: &mut Socket) -> ControlFlow<End> {
        match self.wake(socket).await {
            Wake::Stopping => ControlFlow::Break(End::GoingAway),
            Wake::Received(Ok(received)) => self.receive(socket, received).await,
            Wake::Received(Err(broken)) => ControlFlow::Break(broken.into()),
            Wake::Alarm => self.do_what_is_due(socket).await,
            Wake::Moved => {
                self.drained = false;
                self.tell_with_the_lines();
                ControlFlow::Continue(())
            }
            Wake::Ready => match self.pump_now(socket)? {
                true => ControlFlow::Continue(()),
                false => Box::pin(self.pump(socket)).await,
            },
            Wake::GoesOn => {
                self.tell_soon();
                ControlFlow::Continue(())
            }
            Wake::Flushed => {
                self.heartbeat.progressed();
                ControlFlow::Continue(())
            }
        }
    }

    async fn wake(&mut self, socket: &mut Socket) -> Wake {
        let is_full = !socket.has_room();
        // Where a file is decoded to now is no end: lines from there on are nothing that anybody waits for.
        let is_decoding = || self.puller.tip().state.is_being_decoded();
        let can_pull = !is_full && self.live && !self.drained && self.credit.is_left() && !is_decoding();
        let alarm = self.next_alarm(is_full);
        let Self { waiting, puller, .. } = self;
        waiting.set_alarm(alarm);
        let mut moved = pin!(puller.moved());
        poll_fn(|cx| {
            if waiting.poll_stopped(cx).is_ready() {
                return Poll::Ready(Wake::Stopping);
            }
            if let Poll::Ready(received) = socket.poll_recv(cx) {
                return Poll::Ready(Wake::Received(received));
            }
            if waiting.poll_alarm(cx).is_ready() {
                return Poll::Ready(Wake::Alarm);
            }
            if moved.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Wake::Moved);
            }
            if waiting.poll_going_on(cx).is_ready() {
                return Poll::Ready(Wake::GoesOn);
            }
            if can_pull {
                // What can be read without waiting leaves in one call.
                return Poll::Ready(Wake::Ready);
            }
            match socket.poll_flush(cx) {
                Poll::Ready(Err(broken)) => Poll::Ready(Wake::Received(Err(broken))),
                Poll::Ready(Ok(())) if is_full => Poll::Ready(Wake::Flushed),
                Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// When something is due, besides what the socket and the file bring. While the peer takes nothing, nothing is said.
    fn next_alarm(&self, is_full: bool) -> Instant {
        let always = self.heartbeat.next_at().min(self.login.next_at());
        let said = [self.tell_at, self.unfinished_at, self.cover_at].into_iter().flatten().min();
        said.filter(|_| !is_full).map_or(always, |said| said.min(always))
    }

    async fn do_what_is_due(&mut self, socket: &mut Socket) -> ControlFlow<End> {
        if let Some(beat) = self.heartbeat.due(socket.line()) {
            self.beat(socket, beat)?;
        }
        if self.login.has_ended() {
            return ControlFlow::Break(End::Close(CLOSE_UNAUTHORIZED, "the session has ended: log in again"));
        }
        if !socket.has_room() {
            return ControlFlow::Continue(());
        }
        let now = Instant::now();
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.tell_at) && !self.tell_now(socket)? {
            Box::pin(self.tell(socket)).await?;
        }
        if is_due(self.unfinished_at) {
            Box::pin(self.show_unfinished(socket)).await?;
        }
        if is_due(self.cover_at) {
            self.send_covered(socket);
        }
        ControlFlow::Continue(())
    }

    fn beat(&mut self, socket: &mut Socket, beat: Beat) -> ControlFlow<End> {
        if beat == Beat::Dead {
            return ControlFlow::Break(End::Close(CLOSE_NO_PONG, "no pong in time"));
        }
        sent(outbox::say_first(socket, &ServerMsg::Ping))?;
        self.heartbeat.pinged(socket.line());
        ControlFlow::Continue(())
    }

    async fn receive(&mut self, socket: &mut Socket, received: Received) -> ControlFlow<End> {
        self.heartbeat.alive();
        if self.flood.is_too_much() {
            return ControlFlow::Break(End::Close(CLOSE_POLICY, TOO_MANY_MESSAGES));
        }
        let text = match received {
            Received::Text(text) => text,
            Received::Ping(_) | Received::Pong => return ControlFlow::Continue(()),
            Received::Binary => {
                return ControlFlow::Break(End::Close(CLOSE_PROTOCOL, "binary messages are not understood"));
            }
            Received::Close(_) => return ControlFlow::Break(End::Closed),
        };
        let Ok(message) = serde_json::from_str::<ClientMsg>(&text) else {
            return ControlFlow::Break(End::Close(CLOSE_PROTOCOL, "the message is not understood"));
        };
        match message {
            ClientMsg::Pong => {}
            ClientMsg::Grant { bytes } => self.credit.grant(bytes),
            request => return Box::pin(self.answer(socket, request)).await,
        }
        ControlFlow::Continue(())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the task of one viewer holds, in bytes, without its boxes: ten thousand of them wait.
    const TASK_BUDGET: usize = 3 * 1024;

    fn size_of_future<Run>(_: impl FnOnce(Socket, AppState, Principal) -> Run) -> usize {
        size_of::<Run>()
    }

    #[test]
    fn a_viewer_that_waits_is_small() {
        let bytes = size_of_future(run);
        assert!(bytes <= TASK_BUDGET, "{bytes} bytes");
    }
}
