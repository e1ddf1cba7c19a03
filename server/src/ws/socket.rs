//! A WebSocket: messages in, a bounded queue of frames out.
//!
//! What is sent is queued, and leaves when its task waits for something ([`Socket::poll_flush`]), so that a frame and the
//! counters that belong to it leave in one call. Whoever queues much waits until the kernel has taken most of it; while it
//! waits, what the client says is read all the same, and a slow client is judged by its progress.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use taillight::wire::PONG_SECS;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::codec::{Decoder, Message, Outgoing, Received, Violation};
use super::heartbeat::{Line, PAUSE};
use crate::serve::held::Held;
use crate::state::Facts;

/// Whoever has queued more than this waits.
const HIGH_BYTES: usize = 64 * 1024;

/// How much is read at once.
const READ_BYTES: usize = 4 * 1024;

/// How many messages are taken from a client while it is waited for.
const MAX_RECEIVED: usize = 64;

/// How many slices one call writes.
const MAX_SLICES: usize = 16;

/// Why nothing more comes from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It is gone.
    Gone,
    /// It broke the protocol, and is to be told.
    Rule(Violation),
}

/// A connection that became a WebSocket.
pub struct Socket {
    stream: Held,
    decoder: Decoder,
    received: VecDeque<Received>,
    /// What came after those.
    broken: Option<Broken>,
    queue: VecDeque<Outgoing>,
    /// How much of the first in the queue has left.
    written: usize,
    /// How many bytes of the queue have not left.
    pending: usize,
    is_blocked: bool,
    /// When the kernel took something last, or the queue was empty.
    progress: Instant,
    /// How many bytes have left since the client was heard last.
    unheard: u64,
    /// How long a client may take nothing and say nothing.
    patience: Duration,
    stopping: CancellationToken,
}

impl Socket {
    /// The socket on `stream`, of which `head` has been read already.
    pub fn new(stream: Held, head: &[u8], facts: &Facts, stopping: CancellationToken) -> Self {
        let mut decoder = Decoder::new(facts.message_bytes);
        decoder.push(head);
        Self {
            stream,
            decoder,
            received: VecDeque::new(),
            broken: None,
            queue: VecDeque::new(),
            written: 0,
            pending: 0,
            is_blocked: false,
            progress: Instant::now(),
            unheard: 0,
            patience: facts.heartbeat + Duration::from_secs(PONG_SECS),
            stopping,
        }
    }

    /// Whether more may be queued: the kernel takes what is sent, and little waits.
    pub fn has_room(&self) -> bool {
        !self.is_blocked && self.pending < HIGH_BYTES
    }

    /// What is known about the way to the client.
    pub fn line(&self) -> Line {
        Line { unheard: self.unheard, blocked_since: self.is_blocked.then_some(self.progress) }
    }

    /// Queues a message.
    pub fn push(&mut self, message: Message) {
        let frame = Outgoing::new(message);
        self.pending += frame.len();
        self.queue.push_back(frame);
    }

    /// Queues a message ahead of all that has not begun to leave.
    pub fn push_first(&mut self, message: Message) {
        let frame = Outgoing::new(message);
        self.pending += frame.len();
        self.queue.insert(usize::from(self.written > 0).min(self.queue.len()), frame);
    }

    /// Waits until little is queued.
    ///
    /// # Errors
    /// When the client is gone or takes nothing any more, and when the server ends.
    pub async fn room(&mut self) -> Result<(), Broken> {
        if self.pending <= HIGH_BYTES {
            return Ok(());
        }
        Box::pin(self.drain_to(HIGH_BYTES)).await
    }

    /// Waits until everything has left.
    ///
    /// # Errors
    /// As [`Socket::room`].
    pub async fn flush(&mut self) -> Result<(), Broken> {
        Box::pin(self.drain_to(0)).await
    }

    async fn drain_to(&mut self, most: usize) -> Result<(), Broken> {
        let stopping = self.stopping.clone();
        // Who is told that the server ends is told then.
        let is_told = stopping.is_cancelled();
        let mut deadline = Instant::now() + self.patience;
        loop {
            let progress = tokio::select! {
                biased;
                has_room = poll_fn(|cx| self.poll_progress(most, cx)) => Some(has_room?),
                () = stopping.cancelled(), if !is_told => None,
                () = sleep_until(deadline) => Some(false).filter(|_| deadline.elapsed() >= PAUSE),
            };
            match progress {
                Some(true) => return Ok(()),
                Some(false) => deadline = Instant::now() + self.patience,
                None => return Err(Broken::Gone),
            }
        }
    }

    /// Ready with `true` when no more than `most` bytes are queued, with `false` when the client took or said something.
    fn poll_progress(&mut self, most: usize, cx: &mut Context<'_>) -> Poll<Result<bool, Broken>> {
        let before = (self.pending, self.received.len());
        if self.poll_flush(cx)?.is_ready() || self.pending <= most {
            return Poll::Ready(Ok(true));
        }
        while self.received.len() < MAX_RECEIVED && self.broken.is_none() {
            match self.poll_read(cx) {
                Poll::Ready(Ok(received)) => self.received.push_back(received),
                Poll::Ready(Err(Broken::Gone)) => return Poll::Ready(Err(Broken::Gone)),
                Poll::Ready(Err(broken)) => self.broken = Some(broken),
                Poll::Pending => break,
            }
        }
        if before == (self.pending, self.received.len()) { Poll::Pending } else { Poll::Ready(Ok(false)) }
    }

    /// The next message of the client.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Received, Broken>> {
        match self.received.pop_front() {
            Some(received) => Poll::Ready(Ok(received)),
            None => match self.broken {
                Some(broken) => Poll::Ready(Err(broken)),
                None => self.poll_read(cx),
            },
        }
    }

    /// The next message of the client; what is queued leaves meanwhile. Nothing is lost when this is dropped before.
    ///
    /// # Errors
    /// When the client is gone or has broken the protocol.
    pub async fn recv(&mut self) -> Result<Received, Broken> {
        poll_fn(|cx| match self.poll_recv(cx) {
            Poll::Pending => match self.poll_flush(cx) {
                Poll::Ready(Err(broken)) => Poll::Ready(Err(broken)),
                // Whatever was sent: it is a message that is waited for.
                Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
            },
            received => received,
        })
        .await
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Received, Broken>> {
        loop {
            if let Some(received) = self.decoder.next().map_err(Broken::Rule)? {
                self.unheard = 0;
                if let Received::Ping(bytes) = &received {
                    self.answer_ping(bytes.clone());
                }
                return Poll::Ready(Ok(received));
            }
            let mut bytes = [0; READ_BYTES];
            let mut bytes = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut bytes));
            if read.is_err() || bytes.filled().is_empty() {
                return Poll::Ready(Err(Broken::Gone));
            }
            self.decoder.push(bytes.filled());
        }
    }

    /// Answers a ping of the protocol, unless an answer waits already: one is enough.
    fn answer_ping(&mut self, bytes: bytes::Bytes) {
        if self.pending < HIGH_BYTES {
            self.push_first(Message::Pong(bytes));
        }
    }

    /// Sends what is queued; ready when the kernel has taken all of it.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        while !self.queue.is_empty() {
            let Self { stream, queue, written, .. } = self;
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let mut n_slices = 0;
            for (idx, frame) in queue.iter().take(MAX_SLICES / 2).enumerate() {
                let (head, payload) = frame.rest(if idx == 0 { *written } else { 0 });
                for part in [head, payload].into_iter().filter(|part| !part.is_empty()) {
                    slices[n_slices] = IoSlice::new(part);
                    n_slices += 1;
                }
            }
            match Pin::new(stream).poll_write_vectored(cx, &slices[..n_slices]) {
                Poll::Ready(Ok(n)) if n > 0 => self.wrote(n),
                Poll::Ready(_) => return Poll::Ready(Err(Broken::Gone)),
                Poll::Pending => {
                    self.is_blocked = true;
                    return Poll::Pending;
                }
            }
        }
        self.is_blocked = false;
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, n: usize) {
        self.pending -= n;
        self.unheard += n as u64;
        self.progress = Instant::now();
        self.written += n;
        while let Some(first) = self.queue.front().filter(|first| first.len() <= self.written) {
            self.written -= first.len();
            self.queue.pop_front();
        }
    }

    /// Ends what we send, and waits until the client has ended too; what it still says is of no use.
    ///
    /// # Errors
    /// When the client is gone.
    pub async fn end(&mut self) -> Result<(), Broken> {
        poll_fn(|cx| Pin::new(&mut self.stream).poll_shutdown(cx)).await.map_err(|_| Broken::Gone)?;
        let mut bytes = [0; 512];
        poll_fn(|cx| {
            loop {
                let mut bytes = ReadBuf::new(&mut bytes);
                let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut bytes));
                if read.is_err() || bytes.filled().is_empty() {
                    return Poll::Ready(Ok(()));
                }
            }
        })
        .await
    }
}
