//! What leaves through one socket: messages, and the credit for live frames.

use std::time::Duration;

use bytes::Bytes;
use taillight::wire::{CREDIT_BYTES, ServerMsg};
use tokio::time::timeout;

use super::codec::Message;
use super::socket::Socket;

/// How long a peer may take to read the close frame.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// The peer is gone, or takes nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer is gone")]
pub struct PeerGone;

/// Sends one message: queues it, and waits when much is queued.
///
/// # Errors
/// When the connection is gone, or the peer took nothing for too long.
pub async fn send(socket: &mut Socket, message: Message) -> Result<(), PeerGone> {
    socket.push(message);
    socket.room().await.map_err(|_| PeerGone)
}

/// Sends a control message.
///
/// # Errors
/// As [`send`].
pub async fn say(socket: &mut Socket, message: &ServerMsg) -> Result<(), PeerGone> {
    send(socket, Message::Text(text(message)?)).await
}

/// Queues a control message.
///
/// # Errors
/// When the message cannot be written.
pub fn queue(socket: &mut Socket, message: &ServerMsg) -> Result<(), PeerGone> {
    socket.push(Message::Text(text(message)?));
    Ok(())
}

/// Sends a control message ahead of all that has not begun to leave.
///
/// # Errors
/// When the message cannot be written.
pub fn say_first(socket: &mut Socket, message: &ServerMsg) -> Result<(), PeerGone> {
    socket.push_first(Message::Text(text(message)?));
    Ok(())
}

/// A control message as its text.
///
/// # Errors
/// When the message cannot be written.
pub fn text(message: &ServerMsg) -> Result<Bytes, PeerGone> {
    serde_json::to_vec(message).map(Bytes::from).map_err(|_| PeerGone)
}

/// Ends the connection with a code and a reason, as far as the peer still listens.
pub async fn close(mut socket: Socket, code: u16, reason: &'static str) {
    let farewell = async {
        socket.push(Message::Close(code, reason));
        socket.flush().await?;
        // The peer's own end ends the stream; dropping the socket before it would reset the connection and could take the
        // code with it.
        socket.end().await
    };
    let _ = timeout(CLOSE_LIMIT, farewell).await;
}
/// How many bytes of live frames may still leave.
#[derive(Clone, Copy, Debug)]
pub struct Credit(i64);

impl Credit {
    /// What a client grants when it opens; never more than [`CREDIT_BYTES`].
    pub fn granted(bytes: u32) -> Self {
        Self(i64::from(bytes.min(CREDIT_BYTES)))
    }

    /// Returned by the client; more than it ever held counts for nothing.
    pub fn grant(&mut self, bytes: u32) {
        self.0 = (self.0 + i64::from(bytes)).min(i64::from(CREDIT_BYTES));
    }

    /// Takes what a frame uses. The last frame may overdraw; the debt is kept, so that the window holds in the long run.
    pub fn spend(&mut self, bytes: usize) {
        self.0 -= i64::try_from(bytes).unwrap_or(i64::from(u32::MAX));
    }

    /// Whether anything may leave.
    pub fn is_left(self) -> bool {
        self.0 > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_never_grows_past_its_window() {
        let window = CREDIT_BYTES as usize;
        let mut credit = Credit::granted(u32::MAX);
        credit.grant(u32::MAX);
        credit.spend(window);
        assert!(!credit.is_left());
    }

    #[test]
    fn an_overdraft_is_paid_back_first() {
        let mut credit = Credit::granted(1000);
        credit.spend(1500);
        credit.grant(500);
        assert!(!credit.is_left());
        credit.grant(1);
        assert!(credit.is_left());
    }
}
