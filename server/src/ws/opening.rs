//! How a viewer's connection begins: its first message, the file, and where the connection stands.

use std::convert::Infallible;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use taillight::cursor::{Anchor, Cursor, Identity};
use taillight::path::LogPath;
use taillight::wire::{self, CLOSE_PROTOCOL, CLOSE_VERSION, ClientMsg, Failure, ServerMsg, VERSION, Wished};
use tokio::time::{Instant, timeout};

use super::codec::Received;
use super::connection::{End, Viewer, sent};
use super::finding::refuse as refuse_term;
use super::outbox;
use super::requests::Rows;
use super::socket::Socket;
use crate::api::{follow_opened, look_again};
use crate::auth::Principal;
use crate::catalog::{LogFile, OpenError};
use crate::serve::crowded::is_out_of_handles;
use crate::source::is_gone;
use crate::state::AppState;
use crate::tail::{Follower, Found, TailTip};
use crate::tasks::Tasks;

/// How long a new connection may take to say what it wants.
const OPEN_LIMIT: Duration = Duration::from_secs(10);

/// How long a cursor in a compressed file waits for it to be decoded up to there.
const WAIT_FOR_DECODING: Duration = Duration::from_secs(10);

/// How long a file that turns out to be cut may take to be looked at again.
const WAIT_FOR_LOOK: Duration = Duration::from_secs(5);

/// What a client asked for when it opened.
pub(super) struct Wanted {
    path: LogPath,
    at: Anchor,
    before: u32,
    after: u32,
    resume: Option<Cursor>,
    pub(super) follow: bool,
    pub(super) credit: u32,
    filter: Option<wire::Filter>,
    find: Option<String>,
    wished: Wished,
}

/// Waits for the first message and answers it: a connection that has begun.
pub(super) async fn begin(socket: &mut Socket, state: AppState, who: Principal) -> ControlFlow<End, Viewer> {
    let wanted = match timeout(OPEN_LIMIT, first_message(socket)).await {
        Ok(wanted) => wanted?,
        Err(_) => return ControlFlow::Break(End::Close(CLOSE_PROTOCOL, "no open message in time")),
    };
    match follow_opened(&state, who.clone(), wanted.path.clone()).await {
        Ok((follower, file)) => open(socket, state, (who, follower, file), wanted).await,
        Err(error) => match refuse(socket, &error).await {
            ControlFlow::Break(end) => ControlFlow::Break(end),
            ControlFlow::Continue(never) => match never {},
        },
    }
}

async fn first_message(socket: &mut Socket) -> ControlFlow<End, Wanted> {
    loop {
        let text = match socket.recv().await {
            Ok(Received::Text(text)) => text,
            Ok(Received::Ping(_) | Received::Pong) => continue,
            Ok(Received::Close(_)) => return ControlFlow::Break(End::Closed),
            Ok(Received::Binary) => {
                return ControlFlow::Break(End::Close(CLOSE_PROTOCOL, "binary messages are not understood"));
            }
            Err(broken) => return ControlFlow::Break(broken.into()),
        };
        return match serde_json::from_str(&text) {
            Ok(ClientMsg::Open { version, path, at, before, after, resume, follow, credit, filter, find, wished })
                if version == VERSION =>
            {
                ControlFlow::Continue(Wanted { path, at, before, after, resume, follow, credit, filter, find, wished })
            }
            Ok(ClientMsg::Open { .. }) => ControlFlow::Break(End::Close(CLOSE_VERSION, "another version: reload")),
            Ok(_) | Err(_) => ControlFlow::Break(End::Close(CLOSE_PROTOCOL, "the first message must be 'open'")),
        };
    }
}

/// Says why the file cannot be opened, and ends.
async fn refuse(socket: &mut Socket, error: &OpenError) -> ControlFlow<End, Infallible> {
    let kind = match error {
        OpenError::NotFound => Failure::NotFound,
        OpenError::IsFolder | OpenError::NotAFile(_) => Failure::NotAFile,
        OpenError::Denied { .. } => Failure::Denied,
        OpenError::Io(error) if is_out_of_handles(error) => Failure::Busy,
        OpenError::Io(_) => Failure::ReadError,
    };
    let _ = outbox::say(socket, &ServerMsg::Failed { req: 0, error: kind, detail: error.to_string() }).await;
    ControlFlow::Break(End::Close(1000, "the file cannot be opened"))
}

/// Where a connection stands.
struct Standing {
    tip: Arc<TailTip>,
    /// Of the current life.
    identity: Identity,
    /// The place of the cursor, if there is one.
    found: Option<Found>,
}

/// Where a connection stands, once it is known: a life that is cut meanwhile is followed by another.
async fn stand(follower: &mut Follower, file: &LogFile, resume: Option<Cursor>, tasks: &Tasks) -> io::Result<Standing> {
    let deadline = Instant::now() + WAIT_FOR_LOOK;
    loop {
        let stood = async {
            let found = match resume {
                Some(cursor) => Some(follower.find(cursor, file.clone(), tasks).await?),
                None => None,
            };
            let tip = follower.tip();
            let source = Arc::clone(&tip.current().source);
            let identity = tasks.blocking(move || source.identity()).await?;
            Ok(Standing { tip, identity, found })
        };
        match stood.await {
            Err(error) if is_gone(&error) && look_again(follower, deadline).await => {}
            stood => return stood,
        }
    }
}

/// Answers the first message: where the connection stands, and the first page unless a cursor is resumed.
async fn open(
    socket: &mut Socket,
    state: AppState,
    (who, mut follower, file): (Principal, Follower, LogFile),
    wanted: Wanted,
) -> ControlFlow<End, Viewer> {
    if let Some(cursor) = wanted.resume {
        // After a restart, what is not decoded again yet is not gone.
        follower.decoded(Some(cursor.offset), Instant::now() + WAIT_FOR_DECODING).await;
    }
    let Ok(Standing { tip, identity, found }) = stand(&mut follower, &file, wanted.resume, &state.tasks).await else {
        return ControlFlow::Break(End::Close(1000, "the file cannot be read"));
    };
    let current = Arc::clone(tip.current());
    let (generation, offset) =
        found.as_ref().map_or((current.generation, tip.complete), |found| (found.epoch.generation, found.offset));
    let resume = found.map(|found| found.resume);
    let heartbeat_secs = u32::try_from(state.facts.heartbeat.as_secs()).unwrap_or(u32::MAX);
    let mut viewer = Viewer::new(state, (who, follower), &wanted, (generation, offset));
    let refused = viewer.set_up_search((wanted.filter, wanted.find), wanted.wished).await;
    let told = viewer.tip_now();
    let opened = ServerMsg::Opened {
        version: VERSION,
        generation: current.generation,
        identity,
        resume,
        heartbeat_secs,
        tip: told,
    };
    viewer.remember(told);
    sent(outbox::say(socket, &opened).await)?;
    viewer.introduced_as(current.generation, &identity);
    if generation != current.generation {
        // It may be another file than the cursor says: a copy, or what comes after a file that is gone.
        viewer.identify(socket, generation).await?;
    }
    for refusal in refused {
        refuse_term(socket, 0, refusal).await?;
    }
    if resume.is_none() {
        let want = Rows { req: 0, at: wanted.at, before: wanted.before, after: wanted.after };
        viewer.send_page(socket, current.generation, want, wanted.follow).await?;
    }
    if !wanted.follow {
        viewer.hold(viewer.puller.place());
    }
    ControlFlow::Continue(viewer)
}
