//! A connection with its slot. The slot goes wherever the stream goes: a WebSocket takes the stream away from the HTTP
//! server, and must still count until it is closed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use crate::state::Facts;

/// An open connection: counted, and one of the limited number.
pub struct Held {
    stream: TcpStream,
    facts: Arc<Facts>,
    _slot: OwnedSemaphorePermit,
}

impl Held {
    /// Counts `stream` and holds its slot.
    pub fn new(stream: TcpStream, slot: OwnedSemaphorePermit, facts: &Arc<Facts>) -> Self {
        facts.n_connections.fetch_add(1, Ordering::Relaxed);
        Self { stream, facts: Arc::clone(facts), _slot: slot }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.facts.n_connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Held {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Held {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
