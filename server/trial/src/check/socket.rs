//! The socket of a viewer: connecting without holding up whoever waits, messages in, messages out.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use anyhow::Context as _;
use futures_util::{SinkExt as _, StreamExt as _};
use taillight::wire::{ClientMsg, Frame, ServerMsg};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

type Connecting = Pin<Box<dyn Future<Output = Result<WebSocketStream<TcpStream>, Error>> + Send>>;

/// No socket, one that is being opened, or an open one.
pub(super) enum Socket {
    /// None.
    None,
    /// Being opened.
    Connecting(Connecting),
    /// Open.
    Open(Box<WebSocketStream<TcpStream>>),
}

/// What comes out of a socket.
#[derive(Debug)]
pub(super) enum Came {
    /// It is open.
    Opened,
    /// It could not be opened.
    Refused,
    /// A control message.
    Text(ServerMsg),
    /// Lines.
    Frame(Frame),
    /// It was closed; 1006 without a code.
    Closed(u16),
}

impl Socket {
    /// Begins to connect. Whatever there was is dropped.
    pub(super) fn connect(&mut self, addr: SocketAddr, url: String) {
        *self = Self::Connecting(Box::pin(async move {
            let stream = TcpStream::connect(addr).await?;
            stream.set_nodelay(true)?;
            Ok(client_async(url, stream).await?.0)
        }));
    }

    /// The next thing. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// When the server says what is not of the protocol.
    pub(super) async fn next(&mut self) -> anyhow::Result<Came> {
        match self {
            Self::None => std::future::pending().await,
            Self::Connecting(connecting) => match connecting.await {
                Ok(stream) => {
                    *self = Self::Open(Box::new(stream));
                    Ok(Came::Opened)
                }
                Err(_) => {
                    *self = Self::None;
                    Ok(Came::Refused)
                }
            },
            Self::Open(stream) => loop {
                let came = match stream.next().await {
                    Some(Ok(Message::Text(text))) => {
                        Came::Text(serde_json::from_str(&text).with_context(|| format!("not understood: {text}"))?)
                    }
                    Some(Ok(Message::Binary(bytes))) => {
                        Came::Frame(Frame::decode(&bytes).map_err(|bad| anyhow::anyhow!("not a frame: {bad:?}"))?)
                    }
                    Some(Ok(Message::Close(frame))) => Came::Closed(frame.map_or(1006, |frame| frame.code.into())),
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => Came::Closed(1006),
                };
                if let Came::Closed(_) = came {
                    // The answer to the peer's close; it may be gone already.
                    let _ = stream.flush().await;
                    *self = Self::None;
                }
                return Ok(came);
            },
        }
    }

    /// Sends a message. A failure shows when the next one is read.
    pub(super) async fn say(&mut self, message: &ClientMsg) -> anyhow::Result<()> {
        let text = serde_json::to_string(message)?;
        if let Self::Open(stream) = self {
            let _ = stream.send(Message::text(text)).await;
        }
        Ok(())
    }

    /// Closes with a code, as far as the peer still listens, and drops.
    pub(super) async fn close(&mut self, code: u16) {
        if let Self::Open(mut stream) = std::mem::replace(self, Self::None) {
            let frame = CloseFrame { code: code.into(), reason: "".into() };
            let _ = stream.send(Message::Close(Some(frame))).await;
        }
    }
}
