//! What viewers of each server say and hear: Taillight's protocol, and those of the programs it is compared with.

use taillight::cursor::Anchor;
use taillight::wire::{CREDIT_BYTES, ClientMsg, ENDPOINT, VERSION, Wished};

use super::frames::{BINARY, TEXT};

/// So many bytes of a message tell what it is.
pub const HEAD_BYTES: usize = taillight::wire::frame::HEADER_BYTES;

/// A server's protocol.
#[derive(Clone, Debug)]
pub enum Speech {
    /// Ours: binary frames with offsets, credit, pings that must be answered.
    Taillight {
        /// The file, as in a link: `ROOT/PATH`.
        path: String,
    },
    /// socket.io 2 over engine.io 3, as frontail 4 speaks it: one event a line, the client pings.
    Frontail {
        /// The name of its stream, which is in its page.
        namespace: String,
    },
    /// One text message a line, and nothing else: websocketd.
    Plain,
    /// Lines in text messages of any size, and `ping` that must be answered: the seed.
    Seed {
        /// The file's absolute path.
        path: String,
    },
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Lines of the log from the byte `skip` of the message on.
    Lines {
        /// Where they begin.
        skip: usize,
        /// It is one line, without its line feed.
        is_one: bool,
    },
    /// Lines in one of our frames.
    Frame(FrameHead),
    /// Answer with that text.
    Answer(&'static str),
    /// The server takes us in: join the stream.
    Join,
    /// Frames need not adjoin here: something happened to the file.
    Break,
    /// The server says no, or good-bye.
    Refused,
    /// Nothing that matters here.
    Other,
}

/// What one of our frames says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Live, and not a page.
    pub is_live: bool,
    /// Its last line comes again.
    pub is_unfinished: bool,
    /// Where it begins.
    pub offset: u64,
    /// Where it ends.
    pub end: u64,
}

impl Speech {
    /// What is asked for in the upgrade.
    pub fn target(&self) -> String {
        match self {
            Self::Taillight { .. } => ENDPOINT.to_owned(),
            Self::Frontail { .. } => "/socket.io/?EIO=3&transport=websocket".to_owned(),
            Self::Plain => "/".to_owned(),
            Self::Seed { path } => format!("{path}?tail=1"),
        }
    }

    /// What a viewer says first, if anything. `is_held`: it wants no lines, only to be connected.
    pub fn first_words(&self, is_held: bool) -> Option<String> {
        let Self::Taillight { path } = self else { return None };
        let open = ClientMsg::Open {
            version: VERSION,
            path: path.parse().ok()?,
            at: Anchor::End,
            before: 1,
            after: 0,
            resume: None,
            follow: !is_held,
            credit: CREDIT_BYTES,
            filter: None,
            find: None,
            wished: Wished::default(),
        };
        serde_json::to_string(&open).ok()
    }

    /// What a viewer says when the server takes it in.
    pub fn joining(&self) -> String {
        match self {
            Self::Frontail { namespace } => format!("40/{namespace},"),
            _ => String::new(),
        }
    }

    /// What a viewer says now and then, so that the server keeps it.
    pub fn sign_of_life(&self) -> Option<&'static str> {
        matches!(self, Self::Frontail { .. }).then_some("2")
    }

    /// What a message is that begins with `head`: [`HEAD_BYTES`] of it, or all.
    pub fn meaning(&self, opcode: u8, head: &[u8]) -> Meaning {
        match (self, opcode) {
            (Self::Taillight { .. }, BINARY) => frame(head).map_or(Meaning::Other, Meaning::Frame),
            (Self::Taillight { .. }, TEXT) => told(head),
            (Self::Frontail { namespace }, TEXT) => event(head, namespace),
            (Self::Plain, TEXT) => Meaning::Lines { skip: 0, is_one: true },
            (Self::Seed { .. }, TEXT) if head == b"ping" => Meaning::Answer("pong"),
            (Self::Seed { .. }, TEXT) => Meaning::Lines { skip: 0, is_one: false },
            _ => Meaning::Other,
        }
    }
}

/// One of our control messages.
fn told(head: &[u8]) -> Meaning {
    let begins = |with: &str| head.starts_with(with.as_bytes());
    match () {
        () if begins("\"ping\"") => Meaning::Answer("\"pong\""),
        () if begins("{\"event\"") || begins("{\"current\"") => Meaning::Break,
        () if begins("{\"failed\"") || begins("{\"bye\"") => Meaning::Refused,
        () => Meaning::Other,
    }
}

/// A message of engine.io: `0` opens, `40` connects, `42/NAMESPACE,[NAME,ARGUMENT]` is an event.
fn event(head: &[u8], namespace: &str) -> Meaning {
    if head == b"40" {
        return Meaning::Join;
    }
    let prefix = format!("42/{namespace},[\"line\",\"");
    match head.starts_with(prefix.as_bytes()) {
        true => Meaning::Lines { skip: prefix.len(), is_one: true },
        false => Meaning::Other,
    }
}

/// The header of one of our frames that holds all lines of what it covers, none of them cut: others are no frames of a
/// crowd's log.
fn frame(head: &[u8]) -> Option<FrameHead> {
    let head: &[u8; HEAD_BYTES] = head.first_chunk()?;
    let number = |at: usize| head.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let (is_sparse, n_cuts) = (head[1] & 8 != 0, u16::from_le_bytes([head[2], head[3]]));
    if is_sparse || n_cuts > 0 || !matches!(head[0], 1 | 2) {
        return None;
    }
    let (is_live, is_unfinished) = (head[0] == 1, head[1] & 4 != 0);
    Some(FrameHead { is_live, is_unfinished, offset: number(24)?, end: number(32)? })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use taillight::ansi::Style;
    use taillight::cursor::Generation;
    use taillight::line::ByteOffset;
    use taillight::wire::{Frame, FrameFlags, FrameKind, ServerMsg};

    use super::*;

    fn ours() -> Speech {
        Speech::Taillight { path: "logs/app.log".to_owned() }
    }

    #[test]
    fn a_frame_tells_where_it_stands() {
        let frame = Frame {
            kind: FrameKind::Live,
            flags: FrameFlags::default(),
            req: 0,
            generation: Generation::FIRST,
            style: Style::PLAIN,
            offset: ByteOffset::new(100),
            end: ByteOffset::new(105),
            first_line: None,
            cuts: Vec::new(),
            sparse: None,
            payload: Bytes::from_static(b"line\n"),
        };
        let expected = FrameHead { is_live: true, is_unfinished: false, offset: 100, end: 105 };
        assert_eq!(ours().meaning(BINARY, &frame.encode()[..HEAD_BYTES]), Meaning::Frame(expected));
        assert_eq!(ours().meaning(BINARY, b"short"), Meaning::Other);
    }

    #[test]
    fn messages_are_told_apart_by_their_beginning() {
        let ping = serde_json::to_string(&ServerMsg::Ping).unwrap();
        let bye = serde_json::to_string(&ServerMsg::Bye { retry_ms: 5 }).unwrap();
        let frontail = Speech::Frontail { namespace: "ab".to_owned() };
        let seed = Speech::Seed { path: "/a".to_owned() };
        let table = [
            (ours(), ping.as_str(), Meaning::Answer("\"pong\"")),
            (ours(), &bye, Meaning::Refused),
            (ours(), "{\"event\":{", Meaning::Break),
            (ours(), "{\"tip\":{", Meaning::Other),
            (frontail.clone(), "40", Meaning::Join),
            (frontail.clone(), "40/ab,", Meaning::Other),
            (frontail.clone(), "42/ab,[\"line\",\"x\"]", Meaning::Lines { skip: 15, is_one: true }),
            (frontail, "42/ab,[\"options:lines\",2000]", Meaning::Other),
            (Speech::Plain, "a line", Meaning::Lines { skip: 0, is_one: true }),
            (seed.clone(), "ping", Meaning::Answer("pong")),
            (seed, "a line\n", Meaning::Lines { skip: 0, is_one: false }),
        ];
        for (speech, head, expected) in table {
            assert_eq!(speech.meaning(TEXT, head.as_bytes()), expected, "{speech:?}: {head}");
        }
        assert_eq!(serde_json::to_string(&ClientMsg::Pong).unwrap(), "\"pong\"");
    }
}
