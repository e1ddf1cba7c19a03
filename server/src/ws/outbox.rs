//! What leaves through one socket: a time limit for each message, and the credit for live frames.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use taillight::wire::{CREDIT_BYTES, ServerMsg};
use tokio::time::timeout;

/// How long one message of at most 256 KiB may take: 10 s is 0.2 Mbit/s.
const SEND_LIMIT: Duration = Duration::from_secs(10);

/// How long a peer may take to read the close frame.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// The peer is gone, or takes nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the peer is gone")]
pub struct PeerGone;

/// Sends one message.
///
/// # Errors
/// When the connection is gone, or the message did not leave within [`SEND_LIMIT`].
pub async fn send(socket: &mut WebSocket, message: Message) -> Result<(), PeerGone> {
    match timeout(SEND_LIMIT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(PeerGone),
    }
}

/// Sends a control message.
///
/// # Errors
/// As [`send`].
pub async fn say(socket: &mut WebSocket, message: &ServerMsg) -> Result<(), PeerGone> {
    let text = serde_json::to_string(message).map_err(|_| PeerGone)?;
    send(socket, Message::Text(text.into())).await
}

/// Ends the connection with a code and a reason, as far as the peer still listens.
pub async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    let farewell = async {
        socket.send(Message::Close(Some(frame))).await.ok()?;
        // The peer's own close frame ends the stream; dropping the socket before it would reset the connection and
        // could take the code with it.
        while let Some(Ok(_)) = socket.recv().await {}
        Some(())
    };
    let _ = timeout(CLOSE_LIMIT, farewell).await;
}

/// How many bytes of live frames may still leave.
#[derive(Clone, Copy, Debug)]
pub struct Credit(u32);

impl Credit {
    /// What a client grants when it opens; never more than [`CREDIT_BYTES`].
    pub fn granted(bytes: u32) -> Self {
        Self(bytes.min(CREDIT_BYTES))
    }

    /// Returned by the client; more than it ever held counts for nothing.
    pub fn grant(&mut self, bytes: u32) {
        self.0 = self.0.saturating_add(bytes).min(CREDIT_BYTES);
    }

    /// Takes what a frame uses. A frame may overdraw: one long line is larger than what is left.
    pub fn spend(&mut self, bytes: usize) {
        self.0 = self.0.saturating_sub(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// The bytes that may leave.
    pub fn left(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_never_grows_past_its_window() {
        let mut credit = Credit::granted(u32::MAX);
        assert_eq!(credit.left(), CREDIT_BYTES as usize);
        credit.spend(1000);
        credit.grant(u32::MAX);
        assert_eq!(credit.left(), CREDIT_BYTES as usize);
        credit.spend(usize::MAX);
        assert_eq!(credit.left(), 0);
        credit.grant(7);
        assert_eq!(credit.left(), 7);
    }
}
