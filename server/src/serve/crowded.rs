//! What becomes of connections that there is no room for: each is told so and closed, so that nobody waits in the dark.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::error::{ApiError, PROBLEM_JSON};

/// How long is waited for the connection that was announced; it may be gone.
const NEXT_LIMIT: Duration = Duration::from_millis(10);

/// A handle that is given back when there are no others, so that one connection at a time can be answered.
#[derive(Debug)]
pub struct Spare(Option<UnixDatagram>);

impl Spare {
    /// A handle to give back.
    pub fn new() -> Self {
        Self(UnixDatagram::unbound().ok())
    }

    /// Answers the next connection that waits, with the spare handle.
    pub async fn refuse_next(&mut self, listener: &TcpListener) {
        self.0 = None;
        if let Ok(Ok((stream, _))) = timeout(NEXT_LIMIT, listener.accept()).await {
            refuse(stream);
        }
        *self = Self::new();
    }
}

/// Whether an error says that there are no more handles, of the process or of the system.
pub fn is_out_of_handles(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

/// Tells a client that there is no room for it.
pub fn refuse(stream: TcpStream) {
    let body = serde_json::to_string(&ApiError::Busy.problem()).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\nretry-after: 1\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    // Neither waits: what a new connection takes at once is more than this, and what the client has said is of no use.
    if let Ok(mut stream) = stream.into_std()
        && stream.write_all(answer.as_bytes()).is_ok()
    {
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read(&mut [0; 4096]);
    }
}
