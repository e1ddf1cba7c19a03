//! Peers that misbehave: they stall, trickle, flood, say nothing, or do not speak the protocol.

mod raw;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use taillight::cursor::Anchor;
use taillight::wire::{CREDIT_BYTES, ClientMsg, VERSION, Wished};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub use raw::{Ended, Piece, Raw};

/// The receive buffer of a peer that stalls, in bytes: small, so that what the server sends piles up at the server.
const STALLED_BUFFER_BYTES: u32 = 4 * 1024;

/// How a peer misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Follows a file and never reads.
    Stall,
    /// Follows a file, reads, and never answers a ping.
    Frozen,
    /// Sends messages as fast as they are taken.
    Flood,
    /// Sends the head of a request byte by byte.
    Trickle,
    /// Connects and says nothing.
    Silent,
}

/// A peer that follows a file and reads nothing. It is there until it is dropped.
///
/// # Errors
/// When the server does not let it in.
pub async fn stall(addr: SocketAddr, path: &str) -> anyhow::Result<Raw> {
    let mut raw = Raw::connect(addr, Some(STALLED_BUFFER_BYTES)).await?;
    raw.say(&open(path)?).await?;
    Ok(raw)
}

/// A peer that follows a file, reads all and answers no ping: how it ended, and when after the first ping.
///
/// # Errors
/// When the server does not let it in, or lets it stay for longer than `limit`.
pub async fn frozen(addr: SocketAddr, path: &str, limit: Duration) -> anyhow::Result<(Ended, Duration)> {
    let mut raw = Raw::connect(addr, None).await?;
    raw.say(&open(path)?).await?;
    let begun = Instant::now();
    let ended = raw.ended(limit).await?;
    Ok((ended, begun.elapsed()))
}

/// A peer that sends `message` again and again until the server ends it: how, and after how many messages.
///
/// # Errors
/// When the server does not let it in, or lets it go on for longer than `limit`.
pub async fn flood(addr: SocketAddr, path: &str, message: &str, limit: Duration) -> anyhow::Result<(Ended, u64)> {
    let mut raw = Raw::connect(addr, None).await?;
    raw.say(&open(path)?).await?;
    raw.flood(message, limit).await
}

/// A peer that sends the head of a request a byte every `pause`: how long it took until the server cut it.
///
/// # Errors
/// When there is no connection, or it is still open after `limit`.
pub async fn trickle(addr: SocketAddr, pause: Duration, limit: Duration) -> anyhow::Result<Duration> {
    let mut stream = TcpStream::connect(addr).await?;
    let begun = Instant::now();
    let head = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".iter().chain(std::iter::repeat(&b'x'));
    let mut byte = [0];
    for sent in head {
        if begun.elapsed() > limit {
            anyhow::bail!("still open after {limit:?}");
        }
        if stream.write_all(&[*sent]).await.is_err() {
            break;
        }
        // An answer, such as 408, may come before the end.
        if let Ok(Ok(0) | Err(_)) = tokio::time::timeout(pause, stream.read(&mut byte)).await {
            break;
        }
    }
    Ok(begun.elapsed())
}

/// A peer that connects and says nothing: how long it took until the server cut it.
///
/// # Errors
/// When there is no connection, or it is still open after `limit`.
pub async fn silent(addr: SocketAddr, limit: Duration) -> anyhow::Result<Duration> {
    let mut stream = TcpStream::connect(addr).await?;
    let begun = Instant::now();
    // The end, or an error: both are one.
    let _ = tokio::time::timeout(limit, stream.read_to_end(&mut Vec::new())).await?;
    Ok(begun.elapsed())
}

/// The first message of a viewer that follows `path` at its end.
///
/// # Errors
/// When the path is none.
pub fn open(path: &str) -> anyhow::Result<String> {
    let path = path.parse().map_err(|_| anyhow::anyhow!("not a path: {path}"))?;
    Ok(serde_json::to_string(&ClientMsg::Open {
        version: VERSION,
        path,
        at: Anchor::End,
        before: 100,
        after: 0,
        resume: None,
        follow: true,
        credit: CREDIT_BYTES,
        filter: None,
        find: None,
        wished: Wished::default(),
    })?)
}
