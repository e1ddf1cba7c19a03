//! One viewer: a socket, where it stands in the stream, and some 300 bytes of memory.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use taillight::wire::ClientMsg;

use super::frames::{self, BINARY, CLOSE, Incoming, PING, PONG, Part, TEXT};
use super::scan::{Scan, Tally};
use super::speech::{HEAD_BYTES, Meaning, Speech};

/// Credit is returned in pieces of this size, as the page does.
const GRANT_BYTES: u64 = 32 * 1024;

/// How long the system may take for one connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// What a viewer does once it is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads and answers.
    Reads,
    /// Is connected and asks for no lines.
    Holds,
    /// Reads nothing any more.
    Stalls,
}

/// Why a viewer is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone(pub String);

/// One connection.
#[derive(Debug)]
pub struct Viewer {
    stream: TcpStream,
    role: Role,
    /// How much of the end of the upgrade's answer was seen; `None` when all of it was.
    upgrading: Option<u8>,
    incoming: Incoming,
    head: [u8; HEAD_BYTES],
    n_head: usize,
    meaning: Option<Meaning>,
    scan: Scan,
    /// Where the next frame must begin.
    end: Option<u64>,
    owed: u64,
    /// What the server has not taken yet.
    unsent: Vec<u8>,
    is_ready: bool,
}

impl Viewer {
    /// Connects and asks for the stream.
    ///
    /// # Errors
    /// When the server takes no connection.
    pub fn connect(addr: SocketAddr, speech: &Speech, role: Role, is_full: bool) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, CONNECT_LIMIT)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut viewer = Self {
            stream,
            role,
            upgrading: Some(0),
            incoming: Incoming::default(),
            head: [0; HEAD_BYTES],
            n_head: 0,
            meaning: None,
            scan: Scan::new(is_full),
            end: None,
            owed: 0,
            unsent: Vec::new(),
            is_ready: false,
        };
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {addr}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            speech.target()
        );
        viewer.send(request.as_bytes())?;
        Ok(viewer)
    }

    /// Its socket.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// What it does.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether the server has taken it in and its first lines have come.
    pub fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// The number of the line that it waits for.
    pub fn next_line(&self) -> u32 {
        self.scan.next()
    }

    /// Says a text.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.send(&frames::outgoing(TEXT, text.as_bytes()))
    }

    /// Reads once, as much as `buffer` holds, and takes what came at `now`.
    ///
    /// # Errors
    /// When the connection is gone, with the reason.
    pub fn read(&mut self, buffer: &mut [u8], speech: &Speech, tally: &mut Tally, now: u64) -> Result<(), Gone> {
        let n = match self.stream.read(buffer) {
            Ok(0) => return Err(Gone("closed without a word".to_owned())),
            Ok(n) => n,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = &buffer[..n];
        if self.upgrading.is_some() && !self.upgrade(&mut bytes, speech)? {
            return Ok(());
        }
        while let Some(part) = self.incoming.next(&mut bytes).map_err(|why| Gone(why.to_owned()))? {
            self.take(&part, speech, tally, now)?;
        }
        if self.owed >= GRANT_BYTES {
            let bytes = u32::try_from(self.owed).unwrap_or(u32::MAX);
            self.owed = 0;
            let grant = serde_json::to_string(&ClientMsg::Grant { bytes }).unwrap_or_default();
            self.say(&grant)?;
        }
        if !self.unsent.is_empty() {
            self.send(&[])?;
        }
        Ok(())
    }

    /// Reads on in the answer to the upgrade; whether it is complete.
    fn upgrade(&mut self, bytes: &mut &[u8], speech: &Speech) -> Result<bool, Gone> {
        while let (Some(n_end), Some((&byte, rest))) = (self.upgrading, bytes.split_first()) {
            *bytes = rest;
            if self.n_head < HEAD_BYTES {
                self.head[self.n_head] = byte;
                self.n_head += 1;
            }
            let n_end = match byte {
                b'\r' | b'\n' if (n_end % 2 == 0) == (byte == b'\r') => n_end + 1,
                _ => 0,
            };
            self.upgrading = (n_end < 4).then_some(n_end);
        }
        if self.upgrading.is_some() {
            return Ok(false);
        }
        let status = String::from_utf8_lossy(&self.head[..self.n_head.min(12)]).into_owned();
        if status != "HTTP/1.1 101" {
            return Err(Gone(format!("refused: {status}")));
        }
        if let Some(words) = speech.first_words(self.role == Role::Holds) {
            self.say(&words)?;
        }
        Ok(true)
    }

    fn take(&mut self, part: &Part<'_>, speech: &Speech, tally: &mut Tally, now: u64) -> Result<(), Gone> {
        if part.is_first {
            (self.n_head, self.meaning) = (0, None);
        }
        let mut bytes = part.bytes;
        if self.meaning.is_none() {
            let (head, rest) = bytes.split_at(bytes.len().min(HEAD_BYTES - self.n_head));
            self.head[self.n_head..self.n_head + head.len()].copy_from_slice(head);
            self.n_head += head.len();
            bytes = rest;
            if self.n_head < HEAD_BYTES && !part.is_last {
                return Ok(());
            }
            self.understand(part, speech, tally, now)?;
        }
        match self.meaning {
            Some(Meaning::Lines { is_one, .. }) => {
                self.scan.feed(bytes, now, tally);
                if part.is_last && is_one {
                    self.scan.end_line(tally);
                }
                self.is_ready |= part.is_last;
            }
            Some(Meaning::Frame(frame)) => {
                if !frame.is_unfinished {
                    self.scan.feed(bytes, now, tally);
                }
                self.is_ready |= part.is_last && !frame.is_live;
            }
            _ => {}
        }
        Ok(())
    }

    /// Decides what a message is, by its first bytes, and takes those.
    fn understand(&mut self, part: &Part<'_>, speech: &Speech, tally: &mut Tally, now: u64) -> Result<(), Gone> {
        let head = self.head;
        let head = &head[..self.n_head];
        let meaning = match part.opcode {
            TEXT | BINARY => speech.meaning(part.opcode, head),
            PING => {
                self.send(&frames::outgoing(PONG, head))?;
                Meaning::Other
            }
            CLOSE => {
                let code = head.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                return Err(Gone(format!("closed with {code}")));
            }
            _ => Meaning::Other,
        };
        self.meaning = Some(meaning);
        match meaning {
            Meaning::Lines { skip, .. } => self.scan.feed(head.get(skip..).unwrap_or_default(), now, tally),
            Meaning::Frame(frame) => {
                tally.misplaced += u64::from(frame.is_live && self.end.is_some_and(|end| end != frame.offset));
                self.end = (!frame.is_unfinished).then_some(frame.end);
                if frame.is_live {
                    self.owed += part.len.saturating_sub(HEAD_BYTES as u64);
                }
            }
            Meaning::Answer(text) => self.say(text)?,
            Meaning::Join => self.say(&speech.joining())?,
            Meaning::Break => self.end = None,
            Meaning::Refused => return Err(Gone("refused by the server".to_owned())),
            Meaning::Other => {}
        }
        Ok(())
    }

    /// Sends what is unsent and then these bytes, as far as the server takes them; the rest is kept.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unsent.extend_from_slice(bytes);
        match self.stream.write(&self.unsent) {
            Ok(n) if n == self.unsent.len() => self.unsent = Vec::new(),
            Ok(n) => drop(self.unsent.drain(..n)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl From<io::Error> for Gone {
    fn from(error: io::Error) -> Self {
        Self(error.kind().to_string())
    }
}
