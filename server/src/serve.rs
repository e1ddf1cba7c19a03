//! The accept loop. It is our own because axum's has no time limit for a request's head: a client that trickles bytes, or
//! connects and says nothing, would hold its connection for ever.

pub(crate) mod crowded;
pub(crate) mod held;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tower::util::Oneshot;

use crate::auth::door::ReachedAddr;
use crate::router::{self, Service};
use crate::state::AppState;
use crowded::Spare;
use held::Held;

/// The kernel's receive buffer of a connection: requests are small, and a client that floods fills its own side.
const RECEIVE_BUFFER_BYTES: usize = 64 * 1024;

/// How much the kernel takes that it has not sent: what waits longer waits with us, where a ping can overtake it.
const NOT_SENT_BYTES: u32 = 16 * 1024;

/// The kernel's send buffer of a connection: small, so that pings overtake data that a slow client has not read.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// How long sent bytes may stay unacknowledged before the kernel gives the connection up, in milliseconds.
const USER_TIMEOUT_MS: u32 = 15_000;

/// The head of a request, in bytes, at most.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// How long to wait before the next try when the system has no more handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long to wait after a connection was refused: who knocks all the time costs little.
const REFUSE_PAUSE: Duration = Duration::from_millis(1);

/// What clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections; more are refused.
    pub connections: usize,
    /// How long the head of a request may take, and the pause before it on a connection that is kept.
    pub head_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 20_000, head_timeout: Duration::from_secs(10) }
    }
}

/// Takes connections until the tasks are told to stop. Returns when no more are taken; those that are open go on as
/// tracked tasks and end after the request they are in.
///
/// # Errors
/// When the listener is unusable.
pub async fn run(listener: TcpListener, state: AppState, limits: Limits) -> io::Result<()> {
    // Accepted sockets inherit it; set later, the kernel could have sized the buffer already.
    sockopt::set_socket_send_buffer_size(&listener, SEND_BUFFER_BYTES)?;
    sockopt::set_socket_recv_buffer_size(&listener, RECEIVE_BUFFER_BYTES)?;
    // A backstop: without it more waits in the kernel.
    let _ = socket2::SockRef::from(&listener).set_tcp_notsent_lowat(NOT_SENT_BYTES);
    let slots = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
    let service = router::service(state.clone());
    let stopping = state.tasks.stopping();
    let mut stopped = pin!(stopping.cancelled());
    let mut spare = Spare::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stopped => return Ok(()),
            accepted = accept(&listener, &slots, &mut spare) => accepted,
        };
        if let Some((stream, peer, slot)) = accepted {
            let Ok(reached) = stream.local_addr() else { continue };
            // Without these the connection still works, only less well.
            let _ = stream.set_nodelay(true);
            let _ = sockopt::set_tcp_user_timeout(&stream, USER_TIMEOUT_MS);
            let stream = Held::new(stream, slot, &state.facts);
            let service = Addressed { peer, reached, service: service.clone() };
            state.tasks.spawn(connection(stream, service, state.tasks.stopping(), limits.head_timeout));
        }
    }
}

/// The next connection, when there is a slot for it. `None` when it failed or was refused: the next one may not be.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    spare: &mut Spare,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let error = match listener.accept().await {
        Ok((stream, peer)) => match Arc::clone(slots).try_acquire_owned() {
            Ok(slot) => return Some((stream, peer, slot)),
            Err(_) => {
                crowded::refuse(stream);
                tokio::time::sleep(REFUSE_PAUSE).await;
                return None;
            }
        },
        Err(error) => error,
    };
    if is_of_the_connection(&error) {
        return None;
    }
    tracing::warn!(%error, "cannot accept connections: trying again");
    if crowded::is_out_of_handles(&error) {
        spare.refuse_next(listener).await;
    }
    tokio::time::sleep(ACCEPT_PAUSE).await;
    None
}

/// Whether an accept failed because the client was gone already; everything else, such as no free handle, stays for a
/// while and must not spin.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// One connection's life, until it ends or becomes a WebSocket.
async fn connection(stream: Held, service: Addressed, stopping: CancellationToken, head_timeout: Duration) {
    let answer = service_fn(move |request| service.answer(request));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), answer)
            .with_upgrades()
    );
    // An error here is the client's: it went away, was too slow, or does not speak HTTP.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// The routes, for the requests of one connection.
#[derive(Clone)]
struct Addressed {
    peer: SocketAddr,
    reached: SocketAddr,
    service: Service,
}

impl Addressed {
    fn answer(&self, mut request: Request<Incoming>) -> Oneshot<Service, Request<Body>> {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        request.extensions_mut().insert(ReachedAddr(self.reached));
        self.service.clone().oneshot(request.map(Body::new))
    }
}
