//! The WebSocket protocol as far as a crowd needs it: messages in pieces as they arrive, and small ones to say.

/// A message that is text.
pub const TEXT: u8 = 1;

/// A message that is bytes.
pub const BINARY: u8 = 2;

/// The peer closes.
pub const CLOSE: u8 = 8;

/// The peer wants an answer.
pub const PING: u8 = 9;

/// An answer to a ping.
pub const PONG: u8 = 10;

/// A part of a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// What kind of message it is.
    pub opcode: u8,
    /// The length of the whole message.
    pub len: u64,
    /// Whether it is the first part.
    pub is_first: bool,
    /// Whether it is the last.
    pub is_last: bool,
    /// The part.
    pub bytes: &'a [u8],
}

/// Where one connection stands in the stream of messages.
#[derive(Debug, Default)]
pub struct Incoming {
    head: [u8; 10],
    n_head: usize,
    /// Length of the message, once its header is there.
    len: Option<u64>,
    left: u64,
}

impl Incoming {
    /// The next part in `bytes`, which moves on behind it; `None` when there is nothing more to tell yet.
    ///
    /// # Errors
    /// When a message comes in fragments or masked, which no server of ours or of our peers does.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<Part<'a>>, &'static str> {
        let is_first = self.len.is_none();
        if is_first && !self.header(bytes)? {
            return Ok(None);
        }
        let Some(len) = self.len else { return Ok(None) };
        if bytes.is_empty() && self.left > 0 && !is_first {
            return Ok(None);
        }
        let n = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let (part, rest) = bytes.split_at(n);
        *bytes = rest;
        self.left -= n as u64;
        let is_last = self.left == 0;
        let opcode = self.head[0] & 0x0f;
        if is_last {
            (self.len, self.n_head) = (None, 0);
        }
        Ok(Some(Part { opcode, len, is_first, is_last, bytes: part }))
    }

    /// Reads on in the header; whether it is complete.
    fn header(&mut self, bytes: &mut &[u8]) -> Result<bool, &'static str> {
        loop {
            let wanted = match self.head[1] {
                _ if self.n_head < 2 => 2,
                126 => 4,
                127 => 10,
                _ => 2,
            };
            if self.n_head == wanted {
                break;
            }
            let Some((&byte, rest)) = bytes.split_first() else { return Ok(false) };
            self.head[self.n_head] = byte;
            self.n_head += 1;
            *bytes = rest;
        }
        if self.head[0] & 0x80 == 0 || self.head[0] & 0x0f == 0 {
            return Err("a message in fragments");
        }
        let [_, short, a, b, rest @ ..] = self.head;
        let len = match short {
            0..126 => u64::from(short),
            126 => u64::from(u16::from_be_bytes([a, b])),
            127 => {
                let [c, d, e, f, g, h] = rest;
                u64::from_be_bytes([a, b, c, d, e, f, g, h])
            }
            _ => return Err("a masked message from a server"),
        };
        (self.len, self.left) = (Some(len), len);
        Ok(true)
    }
}

/// A message of a client. The mask is all zeros, which is a mask, and leaves the bytes as they are.
pub fn outgoing(opcode: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 14);
    out.push(0x80 | opcode);
    match (u8::try_from(body.len()), u16::try_from(body.len())) {
        (Ok(short @ 0..126), _) => out.push(0x80 | short),
        (_, Ok(long)) => {
            out.push(0x80 | 126);
            out.extend_from_slice(&long.to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(body.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server's message: without a mask.
    fn message(opcode: u8, body: &[u8]) -> Vec<u8> {
        let mut out = outgoing(opcode, body);
        out[1] &= 0x7f;
        let mask_at = out.len() - body.len() - 4;
        out.drain(mask_at..mask_at + 4);
        out
    }

    #[test]
    fn messages_come_whole_in_whatever_pieces_they_arrive() {
        let bodies = [vec![], vec![b'a'; 5], vec![b'b'; 125], vec![b'c'; 126], vec![b'd'; 70_000]];
        let stream: Vec<u8> = bodies.iter().flat_map(|body| message(BINARY, body)).collect();
        for piece in [1, 2, 3, 1000, stream.len()] {
            let mut incoming = Incoming::default();
            let (mut found, mut current) = (Vec::new(), Vec::new());
            for mut bytes in stream.chunks(piece) {
                while let Some(part) = incoming.next(&mut bytes).unwrap() {
                    current.extend_from_slice(part.bytes);
                    if part.is_last {
                        assert_eq!(part.len, current.len() as u64);
                        found.push(std::mem::take(&mut current));
                    }
                }
                assert!(bytes.is_empty());
            }
            assert_eq!(found, bodies, "pieces of {piece}");
        }
    }

    #[test]
    fn what_no_server_sends_is_an_error() {
        for head in [[0x02, 1], [0x80, 1], [0x82, 0x81]] {
            let mut bytes = head.as_slice();
            assert!(Incoming::default().next(&mut bytes).is_err(), "{head:?}");
        }
    }
}
