//! A WebSocket made by hand, so that it can be made wrong.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use taillight::wire::ENDPOINT;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// The head of the server's answer, in bytes, at most.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// How long a handshake or a message may take.
const LIMIT: Duration = Duration::from_secs(20);

const CLOSE: u8 = 8;

/// A WebSocket that sends whatever it is told to.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
}

/// A frame to send.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// 0 goes on, 1 text, 2 bytes, 8 close, 9 ping, 10 pong; others do not exist.
    pub opcode: u8,
    /// Whether the message ends with it.
    pub is_last: bool,
    /// Whether it is masked, as a client's frames must be.
    pub is_masked: bool,
    /// The reserved bits, 0 to 7.
    pub reserved: u8,
    /// The length it claims to have; `None` for the true one.
    pub claims: Option<u64>,
    /// What is in it.
    pub payload: &'a [u8],
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a close frame of that code; 1005 when it had none.
    Closed(u16),
    /// Without a close frame.
    Eof,
    /// Reset.
    Reset,
}

impl<'a> Piece<'a> {
    /// A whole text message.
    pub fn text(payload: &'a [u8]) -> Self {
        Self { opcode: 1, is_last: true, is_masked: true, reserved: 0, claims: None, payload }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = vec![u8::from(self.is_last) << 7 | self.reserved << 4 | self.opcode];
        let mask = u8::from(self.is_masked) << 7;
        match self.claims.unwrap_or(self.payload.len() as u64) {
            len @ 0..126 => out.push(mask | len as u8),
            len @ 126..=0xffff => {
                out.push(mask | 126);
                out.extend_from_slice(&(len as u16).to_be_bytes());
            }
            len => {
                out.push(mask | 127);
                out.extend_from_slice(&len.to_be_bytes());
            }
        }
        let key: [u8; 4] = if self.is_masked { [0x5a, 0x13, 0xc7, 0x88] } else { [0; 4] };
        if self.is_masked {
            out.extend_from_slice(&key);
        }
        out.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        out
    }
}

impl Raw {
    /// Connects to the viewer's endpoint, with a receive buffer of so many bytes.
    ///
    /// # Errors
    /// When the server does not accept.
    pub async fn connect(addr: SocketAddr, buffer: Option<u32>) -> anyhow::Result<Self> {
        timeout(LIMIT, Self::shake_hands(addr, buffer)).await.context("no answer")?
    }

    async fn shake_hands(addr: SocketAddr, buffer: Option<u32>) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let mut stream = socket.connect(addr).await?;
        stream.set_nodelay(true)?;
        let head = format!(
            "GET {ENDPOINT} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut answer = Vec::new();
        // Byte by byte: what comes after the head is not ours to take.
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await?);
            if answer.len() > MAX_HEAD_BYTES {
                bail!("the head of the answer does not end");
            }
        }
        if !answer.starts_with(b"HTTP/1.1 101") {
            bail!("refused: {}", String::from_utf8_lossy(&answer).lines().next().unwrap_or_default());
        }
        Ok(Self { stream })
    }

    /// Sends a text message as it should be.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        self.send(&Piece::text(text.as_bytes())).await
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the connection is gone, or takes nothing.
    pub async fn send(&mut self, piece: &Piece<'_>) -> anyhow::Result<()> {
        Ok(timeout(LIMIT, self.stream.write_all(&piece.encode())).await.context("nothing is taken")??)
    }

    /// Reads until the connection ends.
    ///
    /// # Errors
    /// When it is still open after `limit`.
    pub async fn ended(&mut self, limit: Duration) -> anyhow::Result<Ended> {
        let (mut reader, _writer) = self.stream.split();
        let ending = async {
            loop {
                match frame(&mut reader).await {
                    Ok((CLOSE, payload)) => return closed(&payload),
                    Ok(_) => {}
                    Err(error) => return ended_by(&error),
                }
            }
        };
        timeout(limit, ending).await.with_context(|| format!("still open after {limit:?}"))
    }

    /// Sends a text again and again until the connection ends; how, and how many were sent.
    pub(super) async fn flood(self, text: &str, limit: Duration) -> anyhow::Result<(Ended, u64)> {
        let (reader, writer) = self.stream.into_split();
        let reading = tokio::spawn(read_to_end(reader));
        let n_sent = send_on(writer, Piece::text(text.as_bytes()).encode(), limit).await;
        let ended = timeout(limit, reading).await.with_context(|| format!("still open after {n_sent} messages"))??;
        Ok((ended, n_sent))
    }
}

async fn send_on(mut writer: OwnedWriteHalf, bytes: Vec<u8>, limit: Duration) -> u64 {
    let begun = Instant::now();
    let mut n_sent = 0;
    while begun.elapsed() < limit {
        match timeout(limit, writer.write_all(&bytes)).await {
            Ok(Ok(())) => n_sent += 1,
            Ok(Err(_)) | Err(_) => break,
        }
    }
    n_sent
}

async fn read_to_end(mut reader: OwnedReadHalf) -> Ended {
    loop {
        match frame(&mut reader).await {
            Ok((CLOSE, payload)) => return closed(&payload),
            Ok(_) => {}
            Err(error) => return ended_by(&error),
        }
    }
}

/// The next frame of the server: its opcode and what is in it.
async fn frame(reader: &mut (impl tokio::io::AsyncRead + Unpin)) -> io::Result<(u8, Vec<u8>)> {
    let opcode = reader.read_u8().await? & 15;
    let len = match reader.read_u8().await? & 127 {
        126 => u64::from(reader.read_u16().await?),
        127 => reader.read_u64().await?,
        len => u64::from(len),
    };
    let mut payload = vec![0; usize::try_from(len).unwrap_or(0)];
    reader.read_exact(&mut payload).await?;
    Ok((opcode, payload))
}

fn closed(payload: &[u8]) -> Ended {
    Ended::Closed(payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code)))
}

fn ended_by(error: &io::Error) -> Ended {
    if error.kind() == io::ErrorKind::UnexpectedEof { Ended::Eof } else { Ended::Reset }
}
