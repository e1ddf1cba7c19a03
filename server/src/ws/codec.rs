//! The WebSocket protocol's frames (RFC 6455) as a server reads and writes them.
//!
//! It is our own for what a viewer costs: the usual codec holds a read buffer for each connection, copies each message
//! into a buffer of its own that never shrinks, and cannot read while it writes. Here an idle connection holds no buffer,
//! a frame that many viewers get is written from one memory, and whoever breaks the protocol is told how.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use taillight::wire::CLOSE_PROTOCOL as PROTOCOL;

/// The longest head of a frame that we write.
const MAX_HEAD_BYTES: usize = 10;

/// The payload of a control frame, in bytes, at most.
const MAX_CONTROL_BYTES: usize = 125;

/// Close code: a message that is too long.
pub const TOO_LONG: u16 = 1009;

/// Close code: a text that is not UTF-8.
pub const NOT_TEXT: u16 = 1007;

const CONTINUE: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A text message.
    Text(String),
    /// A binary message, which nobody here understands.
    Binary,
    /// A ping of the protocol, to be answered with these bytes.
    Ping(Bytes),
    /// A pong of the protocol.
    Pong,
    /// The client closes: with that code, where it said one.
    Close(Option<u16>),
}

/// How a client broke the protocol: the close code and the reason that it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{1} ({0})")]
pub struct Violation(pub u16, pub &'static str);

/// What is sent to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message: the caller has made it of text.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A pong of the protocol.
    Pong(Bytes),
    /// The end, with a code and a reason.
    Close(u16, &'static str),
}

/// A frame on its way out: a head of its own, and a payload that may be shared.
#[derive(Clone, Debug)]
pub struct Outgoing {
    head: [u8; MAX_HEAD_BYTES],
    head_len: u8,
    payload: Bytes,
}

/// Makes messages of the bytes that a client sends. Holds nothing between messages.
#[derive(Debug)]
pub struct Decoder {
    /// The longest message.
    max: usize,
    /// What came and was not decoded yet; decoded up to `at`.
    bytes: Vec<u8>,
    at: usize,
    /// A message whose last part has not come: whether it is text, and its parts.
    parts: Option<(bool, Vec<u8>)>,
}

/// The head of a frame from a client.
struct Head {
    is_final: bool,
    opcode: u8,
    key: [u8; 4],
    len: usize,
    head_len: usize,
}

impl Outgoing {
    /// One message as one frame.
    pub fn new(message: Message) -> Self {
        let (opcode, payload) = match message {
            Message::Text(text) => (TEXT, text),
            Message::Binary(bytes) => (BINARY, bytes),
            Message::Pong(bytes) => (PONG, bytes),
            Message::Close(code, reason) => {
                let mut payload = code.to_be_bytes().to_vec();
                payload.extend_from_slice(&reason.as_bytes()[..reason.len().min(MAX_CONTROL_BYTES - 2)]);
                (CLOSE, Bytes::from(payload))
            }
        };
        let mut head = [0; MAX_HEAD_BYTES];
        head[0] = 0x80 | opcode;
        let head_len = match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
            (Ok(len @ 0..=125), _) => {
                head[1] = len;
                2
            }
            (_, Ok(len)) => {
                head[1] = 126;
                head[2..4].copy_from_slice(&len.to_be_bytes());
                4
            }
            _ => {
                head[1] = 127;
                head[2..10].copy_from_slice(&(payload.len() as u64).to_be_bytes());
                10
            }
        };
        Self { head, head_len, payload }
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        usize::from(self.head_len) + self.payload.len()
    }

    /// The bytes that are left after the first `written`: of the head and of the payload.
    pub fn rest(&self, written: usize) -> (&[u8], &[u8]) {
        let head = &self.head[..usize::from(self.head_len)];
        let of_payload = written.saturating_sub(head.len()).min(self.payload.len());
        (&head[written.min(head.len())..], &self.payload[of_payload..])
    }
}

impl Decoder {
    /// Takes messages of at most `max` bytes.
    pub fn new(max: usize) -> Self {
        Self { max, bytes: Vec::new(), at: 0, parts: None }
    }

    /// Takes what came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, when all of it has come.
    ///
    /// # Errors
    /// When the client has broken the protocol; nothing more can be decoded then.
    pub fn next(&mut self) -> Result<Option<Received>, Violation> {
        loop {
            let Some((head, payload)) = self.frame()? else { return Ok(None) };
            let received = match head.opcode {
                CONTINUE | TEXT | BINARY => self.data(&head, payload)?,
                _ => Some(control(&head, payload)?),
            };
            if let Some(received) = received {
                return Ok(Some(received));
            }
        }
    }

    /// The next whole frame, unmasked.
    fn frame(&mut self) -> Result<Option<(Head, Vec<u8>)>, Violation> {
        let waiting = self.bytes.get(self.at..).unwrap_or_default();
        let Some(head) = Head::read(waiting, self.room())? else {
            self.forget();
            return Ok(None);
        };
        let end = head.head_len + head.len;
        let Some(masked) = waiting.get(head.head_len..end) else {
            self.forget();
            return Ok(None);
        };
        let payload = masked.iter().zip(head.key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        self.at += end;
        Ok(Some((head, payload)))
    }

    /// How long the next frame may be.
    fn room(&self) -> usize {
        self.max.saturating_sub(self.parts.as_ref().map_or(0, |(_, parts)| parts.len()))
    }

    /// Gives the memory of what was decoded back.
    fn forget(&mut self) {
        if self.at == self.bytes.len() {
            self.bytes = Vec::new();
        } else {
            self.bytes.drain(..self.at);
        }
        self.at = 0;
    }

    /// A part of a message, or all of it.
    fn data(&mut self, head: &Head, payload: Vec<u8>) -> Result<Option<Received>, Violation> {
        let (is_text, bytes) = match (self.parts.take(), head.opcode) {
            (None, CONTINUE) => return Err(Violation(PROTOCOL, "a message goes on that has not begun")),
            (None, opcode) => (opcode == TEXT, payload),
            (Some((is_text, mut parts)), CONTINUE) => {
                parts.extend_from_slice(&payload);
                (is_text, parts)
            }
            (Some(_), _) => return Err(Violation(PROTOCOL, "a message begins inside another")),
        };
        if !head.is_final {
            self.parts = Some((is_text, bytes));
            return Ok(None);
        }
        match is_text {
            true => String::from_utf8(bytes).map(|text| Some(Received::Text(text))).map_err(|_| not_text()),
            false => Ok(Some(Received::Binary)),
        }
    }
}

impl Head {
    /// The head at the start of `bytes`, when all of it has come; its payload may have `room` bytes.
    fn read(bytes: &[u8], room: usize) -> Result<Option<Self>, Violation> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let opcode = first & 0x0f;
        let is_final = first & 0x80 != 0;
        if first & 0x70 != 0 {
            return Err(Violation(PROTOCOL, "a reserved bit is set"));
        }
        if !matches!(opcode, CONTINUE | TEXT | BINARY | CLOSE | PING | PONG) {
            return Err(Violation(PROTOCOL, "a frame of an unknown kind"));
        }
        if second & 0x80 == 0 {
            return Err(Violation(PROTOCOL, "a client's frames must be masked"));
        }
        let short = usize::from(second & 0x7f);
        if opcode >= CLOSE && (!is_final || short > MAX_CONTROL_BYTES) {
            return Err(Violation(PROTOCOL, "a control frame is too long or in parts"));
        }
        let (len, len_bytes) = match short {
            126 => (rest.first_chunk().map(|len| u64::from(u16::from_be_bytes(*len))), 2),
            127 => (rest.first_chunk().map(|len| u64::from_be_bytes(*len)), 8),
            _ => (Some(short as u64), 0),
        };
        let Some(len) = len else { return Ok(None) };
        let fits = usize::try_from(len).ok().filter(|len| opcode >= CLOSE || *len <= room);
        let len = fits.ok_or(Violation(TOO_LONG, "the message is too long"))?;
        let Some(key) = rest.get(len_bytes..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
        Ok(Some(Self { is_final, opcode, key: *key, len, head_len: 2 + len_bytes + key.len() }))
    }
}

fn control(head: &Head, payload: Vec<u8>) -> Result<Received, Violation> {
    match (head.opcode, payload.as_slice()) {
        (PING, _) => Ok(Received::Ping(Bytes::from(payload))),
        (PONG, _) => Ok(Received::Pong),
        (_, []) => Ok(Received::Close(None)),
        (_, [high, low, reason @ ..]) => {
            let code = u16::from_be_bytes([*high, *low]);
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(Violation(PROTOCOL, "a close code that must not be sent"));
            }
            std::str::from_utf8(reason).map_err(|_| not_text())?;
            Ok(Received::Close(Some(code)))
        }
        _ => Err(Violation(PROTOCOL, "half a close code")),
    }
}

fn not_text() -> Violation {
    Violation(NOT_TEXT, "a text is not UTF-8")
}
