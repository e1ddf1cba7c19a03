//! The seed's stream: `ws://HOST/ABSOLUTE/PATH?tail=1`, a file followed as text or HTML by three lines of JavaScript.
//!
//! Lines come whole, each with its newline, at most 64 KiB a message unless one line is longer. The text message `ping`
//! has no newline, so no line can look like it. Host, Origin and login were checked before this room is reached.

mod render;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use crate::api::follow;
use crate::api::params::query_pairs;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse as _, Response};
use taillight::ansi::Style;
use taillight::cursor::Generation;
use taillight::line::ByteOffset;
use taillight::path::LogPath;
use taillight::wire::{CLOSE_GOING_AWAY, CLOSE_NO_PONG, CLOSE_POLICY, CLOSE_UNAUTHORIZED};

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use crate::auth::Principal;
use crate::auth::lasting::LastingLogin;
use crate::catalog::OpenError;
use crate::error::ApiError;
use crate::pull::{Lines, Pulled, Puller};
use crate::read::lines_back;
use crate::serve::crowded::is_out_of_handles;
use crate::source::read_full;
use crate::state::AppState;
use crate::tail::Follower;
use crate::ws::counts::Cause;
use crate::ws::flood::{Flood, TOO_MANY_MESSAGES};
use crate::ws::heartbeat::{Beat, Heartbeat};
use crate::ws::socket::{Broken, Socket};
use crate::ws::upgrade::Upgrade;
use crate::ws::{Message, Received, Violation, outbox, too_many};

use render::{Format, Renderer};

/// How many lines come first when the client does not say.
const DEFAULT_LINES: u32 = 1_000;

/// The most lines that may come first.
const MAX_LINES: u32 = 100_000;

/// How much of one line is sent, in bytes: here lines come whole, and memory has an end.
const MAX_WHOLE_BYTES: u64 = 128 * 1024 * 1024;

/// How long the stream of a compressed file waits for its end. Past that it begins where decoding has come to.
const WAIT_FOR_DECODING: Duration = Duration::from_secs(60);

/// What the client asked for in the query string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Options {
    tail: bool,
    lines: u32,
    format: Format,
}

/// How a connection ends.
enum End {
    Gone,
    Close(u16, &'static str),
}

/// Answers an upgrade on an absolute file path.
pub async fn stream(
    State(state): State<AppState>,
    who: Principal,
    OriginalUri(uri): OriginalUri,
    upgrade: Upgrade,
) -> Response {
    let options = match options(uri.query().unwrap_or_default()) {
        Ok(options) => options,
        Err(error) => return error.into_response(),
    };
    let Some(absolute) = absolute_path(uri.path()) else { return ApiError::NotFound.into_response() };
    let Some(path) = state.catalog.locate(&absolute) else { return ApiError::NotFound.into_response() };
    match follow(&state, who.clone(), path).await {
        Err(OpenError::Io(error)) if is_out_of_handles(&error) => ApiError::Busy.into_response(),
        // Before the upgrade every other refusal is a 404: a client of this stream can see nothing else.
        Err(_) => ApiError::NotFound.into_response(),
        Ok(follower) => {
            let Some(slot) = state.auth.sockets().take(&who) else { return too_many(&state) };
            upgrade.accept(&state.clone(), move |socket| async move {
                let _slot = slot;
                run(socket, state, (who, follower), options).await;
            })
        }
    }
}

/// The decoded absolute path of a raw request path; `None` when it is not plain.
fn absolute_path(raw: &str) -> Option<Vec<u8>> {
    let components: LogPath = raw.strip_prefix('/')?.parse().ok()?;
    Some(components.components().flat_map(|component| [b"/", component].concat()).collect())
}

fn options(query: &str) -> Result<Options, ApiError> {
    let mut options = Options { tail: false, lines: DEFAULT_LINES, format: Format::Html };
    for (name, value) in query_pairs(query) {
        match (name.as_str(), value.as_str()) {
            ("tail", "1") => options.tail = true,
            ("tail", "0" | "") => options.tail = false,
            ("tail", _) => return Err(bad("'tail' must be 0 or 1")),
            ("lines", number) => {
                let lines = number.parse().ok().filter(|&lines| lines <= MAX_LINES);
                options.lines = lines.ok_or_else(|| bad("'lines' must be a number from 0 to 100000"))?;
            }
            ("format", "html") => options.format = Format::Html,
            ("format", "text") => options.format = Format::Text,
            ("format", _) => return Err(bad("'format' must be html or text")),
            _ => {}
        }
    }
    Ok(options)
}

fn bad(detail: &str) -> ApiError {
    ApiError::BadRequest { detail: detail.to_owned() }
}

async fn run(mut socket: Socket, state: AppState, (who, mut follower): (Principal, Follower), options: Options) {
    let facts = state.facts.clone();
    let _viewer = facts.count_viewer();
    // Where a compressed file ends is known when it is decoded.
    let stopping = state.tasks.stopping();
    tokio::select! {
        () = stopping.cancelled() => {}
        _ = follower.decoded(None, Instant::now() + WAIT_FOR_DECODING) => {}
    }
    let heartbeat = Heartbeat::new(state.facts.heartbeat);
    let ended = match start(&state, &follower, options).await {
        Some((generation, offset)) => {
            let puller = Puller::new(follower, generation, offset, Style::PLAIN);
            let renderer = Renderer::new(options.format);
            let login = LastingLogin::new(state.auth.clone(), who);
            let mut stream = Stream { state, login, puller, heartbeat, flood: Flood::default(), options, renderer };
            stream.run(&mut socket).await
        }
        None => End::Close(1011, "the file cannot be read"),
    };
    let cause = match ended {
        End::Gone => Cause::Left,
        End::Close(1000, _) => Cause::Left,
        End::Close(code, _) => Cause::of_close(code),
    };
    facts.counters.count_end(cause);
    if let End::Close(code, reason) = ended {
        outbox::close(socket, code, reason).await;
    }
}

/// Where the last lines begin that are wanted. One without a line feed is the last of them, unless it waits for that.
async fn start(state: &AppState, follower: &Follower, options: Options) -> Option<(Generation, ByteOffset)> {
    let tip = follower.tip();
    let epoch = Arc::clone(tip.current());
    let generation = epoch.generation;
    let (complete, is_open) = (tip.complete, !options.tail && tip.len > tip.complete);
    match options.lines.checked_sub(u32::from(is_open)) {
        None => Some((generation, tip.len)),
        Some(0) => Some((generation, complete)),
        Some(lines) => {
            let first = state.tasks.blocking(move || lines_back(&*epoch.source, complete, lines)).await;
            first.ok().map(|(offset, _)| (generation, offset))
        }
    }
}

/// One open stream.
struct Stream {
    state: AppState,
    login: LastingLogin,
    puller: Puller,
    heartbeat: Heartbeat,
    flood: Flood,
    options: Options,
    renderer: Renderer,
}

impl Stream {
    async fn run(&mut self, socket: &mut Socket) -> End {
        let mut drained = false;
        loop {
            match self.turn(socket, &mut drained).await {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(end) => return end,
            }
        }
    }

    async fn turn(&mut self, socket: &mut Socket, drained: &mut bool) -> ControlFlow<End> {
        let stopping = self.state.tasks.stopping();
        tokio::select! {
            biased;
            () = stopping.cancelled() => {
                ControlFlow::Break(End::Close(CLOSE_GOING_AWAY, "the server is going away"))
            }
            received = socket.recv() => self.receive(received),
            () = sleep_until(self.heartbeat.next_at()) => self.beat(socket),
            () = self.login.ended() => {
                ControlFlow::Break(End::Close(CLOSE_UNAUTHORIZED, "the session has ended: log in again"))
            }
            () = self.puller.moved() => {
                *drained = false;
                ControlFlow::Continue(())
            }
            () = std::future::ready(()), if !*drained => self.pump(socket, drained).await,
        }
    }

    fn beat(&mut self, socket: &mut Socket) -> ControlFlow<End> {
        match self.heartbeat.due(socket.line()) {
            Some(Beat::Dead) => ControlFlow::Break(End::Close(CLOSE_NO_PONG, "no pong in time")),
            Some(Beat::Ping) => {
                socket.push_first(Message::Text(Bytes::from_static(b"ping")));
                self.heartbeat.pinged(socket.line());
                ControlFlow::Continue(())
            }
            None => ControlFlow::Continue(()),
        }
    }

    fn receive(&mut self, received: Result<Received, Broken>) -> ControlFlow<End> {
        if received.is_ok() && self.flood.is_too_much() {
            return ControlFlow::Break(End::Close(CLOSE_POLICY, TOO_MANY_MESSAGES));
        }
        match received {
            Ok(Received::Text(text)) => {
                if text == "pong" {
                    self.heartbeat.alive();
                }
                ControlFlow::Continue(())
            }
            Ok(Received::Binary | Received::Ping(_) | Received::Pong) => ControlFlow::Continue(()),
            Ok(Received::Close(_)) => ControlFlow::Break(End::Close(1000, "")),
            Err(Broken::Gone) => ControlFlow::Break(End::Gone),
            Err(Broken::Rule(Violation(code, reason))) => ControlFlow::Break(End::Close(code, reason)),
        }
    }

    async fn pump(&mut self, socket: &mut Socket, drained: &mut bool) -> ControlFlow<End> {
        match self.puller.pull(&self.state.tasks).await {
            Ok(Pulled::Lines(lines) | Pulled::Rest(lines)) => self.send_lines(socket, lines).await,
            // Rows come to those who have a filter.
            Ok(Pulled::Event(_) | Pulled::Rows(_)) => ControlFlow::Continue(()),
            Ok(Pulled::Idle) if self.options.tail => {
                *drained = true;
                ControlFlow::Continue(())
            }
            Ok(Pulled::Idle) => self.finish(socket).await,
            Err(error) => {
                tracing::debug!(%error, "a followed file could not be read");
                *drained = true;
                ControlFlow::Continue(())
            }
        }
    }

    /// Without `tail`: the unfinished last line as it stands, then the end.
    async fn finish(&mut self, socket: &mut Socket) -> ControlFlow<End> {
        if let Ok(Some(rest)) = self.puller.unfinished(&self.state.tasks).await {
            self.send_lines(socket, rest).await?;
        }
        ControlFlow::Break(End::Close(1000, "that is all"))
    }

    /// Sends lines; where one was cut, the rest of it is read, because here lines come whole.
    async fn send_lines(&mut self, socket: &mut Socket, lines: Lines) -> ControlFlow<End> {
        let bytes = match whole(&self.state, lines).await {
            Ok(bytes) => bytes,
            Err(_) => return ControlFlow::Break(End::Close(1011, "the file cannot be read")),
        };
        for message in self.renderer.messages(&bytes) {
            send(socket, Message::Text(message.into())).await?;
        }
        // The next lines are read when these have left: a slow client costs its place and nothing else.
        if socket.flush().await.is_err() {
            return ControlFlow::Break(End::Gone);
        }
        self.heartbeat.progressed();
        ControlFlow::Continue(())
    }
}

async fn send(socket: &mut Socket, message: Message) -> ControlFlow<End> {
    match outbox::send(socket, message).await {
        Ok(()) => ControlFlow::Continue(()),
        Err(outbox::PeerGone) => ControlFlow::Break(End::Gone),
    }
}

/// The bytes of lines, with what was left out of a long one put back.
async fn whole(state: &AppState, lines: Lines) -> std::io::Result<Vec<u8>> {
    let Lines { from, lines, source, .. } = lines;
    let chunk = &lines.chunk;
    if chunk.cuts.is_empty() {
        return Ok(chunk.payload.to_vec());
    }
    let len = usize::try_from((chunk.end - from).get().min(MAX_WHOLE_BYTES)).unwrap_or(usize::MAX);
    let read = move || {
        let mut bytes = vec![0; len];
        let n_read = read_full(&*source, &mut bytes, from)?;
        bytes.truncate(n_read);
        Ok(bytes)
    };
    state.tasks.blocking(read).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_refused_with_what_was_expected() {
        let html = Options { tail: false, lines: 1000, format: Format::Html };
        for (query, expected) in [
            ("", Some(html)),
            ("tail=1", Some(Options { tail: true, ..html })),
            ("tail=0", Some(html)),
            ("tail=1&lines=0", Some(Options { tail: true, lines: 0, ..html })),
            ("lines=100000", Some(Options { lines: 100_000, ..html })),
            ("format=text&other=x", Some(Options { format: Format::Text, ..html })),
            ("lines=100001", None),
            ("lines=-1", None),
            ("tail=yes", None),
            ("format=xml", None),
        ] {
            assert_eq!(options(query).ok(), expected, "{query:?}");
        }
    }

    #[test]
    fn only_plain_absolute_paths_are_paths() {
        assert_eq!(absolute_path("/var/log/a%20b").as_deref(), Some(&b"/var/log/a b"[..]));
        for raw in ["", "var/log", "/", "//var", "/var/../etc", "/var/%2e%2e/etc", "/var%2Flog", "/var/", "/%00"] {
            assert_eq!(absolute_path(raw), None, "{raw:?}");
        }
    }
}
