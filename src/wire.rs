//! The viewer's messages: what the page and the server say to each other over the WebSocket, and their limits.
//!
//! Control messages are JSON, to be readable in the browser's tools. Lines travel in binary [`Frame`]s as the raw
//! bytes of the file. Golden-bytes tests hold both; a change of meaning moves [`VERSION`].
//!
//! # The conversation
//!
//! 1. The client sends [`ClientMsg::Open`]. The server answers [`ServerMsg::Opened`], then, without a cursor to resume,
//!    one page frame with request number 0.
//! 2. A connection is *live* or *held*. Live: the server sends live frames, in order and without a gap, from where the
//!    connection's position stands, as far as credit goes. Held: only [`ServerMsg::Tip`] counters. It opens live when
//!    `follow` is set and held otherwise; the position is the end of the first page, or the resumed cursor.
//! 3. [`ClientMsg::Live`] and [`ClientMsg::Hold`] switch. [`ClientMsg::Page`] and [`ClientMsg::More`] are answered at
//!    any time, outside credit, and move nothing.
//! 4. When a file is rotated, truncated or comes back, live frames of the old generation end, [`ServerMsg::Event`]
//!    follows in stream order, and frames of the new generation begin at offset 0.
//! 5. With a [`Filter`], pages and live frames hold the rows that it shows and nothing else: they are *sparse*, and say
//!    which part of the file they cover. A sparse page may cover less than was asked for, even nothing new: the server
//!    answers after a bounded piece of work, and the client asks again from where the answer ends. [`ClientMsg::Seek`]
//!    works the same way. So a client gives up a search by not asking on, and there is nothing to cancel.
//! 6. What a filter, a find term or the levels count over the whole file takes a ration of bytes and time, and stands stopped then
//!    ([`Matched::stopped`], [`Levels::stopped`]) until some viewer of the same says [`ClientMsg::Continue`]. In a large file, what only a link
//!    asks for stands from the beginning. Pages, seeks and live frames are as ever.
//! 7. The server sends [`ServerMsg::Ping`] at the heartbeat interval; any message from the client counts as life, and
//!    without one within [`PONG_SECS`] the connection is closed with [`CLOSE_NO_PONG`].

pub mod frame;
pub mod listing;
mod packed;
mod shorten;

use serde::{Deserialize, Serialize};

use crate::cursor::{Anchor, Cursor, Generation, Identity};
use crate::level::{Level, LevelChoice, LevelCounts};
use crate::line::{ByteLen, ByteOffset, LineCount};
use crate::path::LogPath;
use crate::query::Narrow;
use crate::timestamp::Stamp;

pub use frame::{BadFrame, Cut, Frame, FrameFlags, FrameKind, FrameRow, Sparse, SparseRow};
pub use listing::{Entry, EntryKind, Listing};
pub use packed::Unpacking;

/// The version of these messages. A client of another version is told to reload.
pub const VERSION: u32 = 7;

/// The path of the viewer's endpoint, below the base path.
pub const ENDPOINT: &str = "/api/v1/viewer";

/// The largest message a server takes from a client, in bytes.
pub const MAX_CLIENT_MSG_BYTES: usize = 16 * 1024;

/// How many bytes of live frames may be on the way to a client: the credit it grants when it opens.
pub const CREDIT_BYTES: u32 = 256 * 1024;

/// The payload of a live frame, in bytes, at most; one line longer than this is cut.
pub const MAX_LIVE_BYTES: usize = 64 * 1024;

/// The payload of a page, in bytes, at most.
pub const MAX_PAGE_BYTES: usize = 256 * 1024;

/// How much of a line is sent unasked, in bytes; a server may be set to send less.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// From how many NUL bytes in front of a long line on they are counted instead of sent.
pub const MIN_HOLE_BYTES: ByteLen = ByteLen::new(1024);

/// The rows of a page, at most, before and after together.
pub const MAX_PAGE_ROWS: u32 = 2_000;

/// How many lines one [`ClientMsg::Spans`] may name.
pub const MAX_SPAN_ROWS: usize = 200;

/// How many hits of a line are told.
pub const MAX_SPANS_PER_ROW: usize = 200;

/// The parts of a file that one [`ClientMsg::Marks`] may ask about, at most.
pub const MAX_MARKS: u32 = 2_000;

/// The context rows on each side of a match, at most.
pub const MAX_CONTEXT: u32 = 100;

/// How long a client may be silent after a ping, in seconds.
pub const PONG_SECS: u64 = 5;

/// Close code: no pong in time.
pub const CLOSE_NO_PONG: u16 = 4408;

/// Close code: the messages are of another version; the page must be loaded again.
pub const CLOSE_VERSION: u16 = 4426;

/// Close code: the session has ended; the page must log in again.
pub const CLOSE_UNAUTHORIZED: u16 = 4401;

/// Close code: a message that breaks the protocol.
pub const CLOSE_PROTOCOL: u16 = 1002;

/// Close code: more messages than a client may send.
pub const CLOSE_POLICY: u16 = 1008;

/// How many messages a client may send at once, beside the answers to what it is sent.
pub const MAX_MESSAGE_BURST: u32 = 600;

/// How many messages a second a client may send in the long run.
pub const MAX_MESSAGES_PER_SEC: u32 = 20;

/// Close code: the server is going away; come back.
pub const CLOSE_GOING_AWAY: u16 = 1001;

/// What the page says to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientMsg {
    /// The first message, and only the first.
    Open {
        /// [`VERSION`] of the client.
        version: u32,
        /// The file.
        path: LogPath,
        /// Where the first page is read; not used when a cursor is resumed.
        at: Anchor,
        /// Rows of the first page before the anchor.
        before: u32,
        /// Rows of the first page from the anchor on.
        after: u32,
        /// Where a lost connection stood: the answer is a [`Resume`] and no page.
        resume: Option<Cursor>,
        /// Whether the connection opens live.
        follow: bool,
        /// Bytes of live frames that may be sent.
        credit: u32,
        /// Which rows to show; `None` for all of them. A query with a wrong term is refused
        /// ([`ServerMsg::Refused`] with number 0) and its other terms are in force.
        filter: Option<Filter>,
        /// What to find, as in [`ClientMsg::Find`]; one that is wrong is refused in the same way.
        find: Option<String>,
        /// Which of these the user has asked for in the page: more than a link that was opened.
        wished: Wished,
    },
    /// Shows other rows from here on. Answered by a page with the same request number, from which live frames go on when
    /// `follow` is set, or by [`ServerMsg::Refused`]: then everything stays as it was. Live frames that come before the
    /// answer are of the old filter.
    Filter {
        /// Chosen by the client, from 1.
        req: u32,
        /// Which rows; `None` for all of them.
        filter: Option<Filter>,
        /// Where the page is read, in the current generation.
        at: Anchor,
        /// Rows of the page before the anchor.
        before: u32,
        /// Rows of the page from the anchor on.
        after: u32,
        /// Whether the connection is live afterwards.
        follow: bool,
    },
    /// Sets what is found among the rows that the filter shows: [`Tip::found`] counts it from now on. Answered only by
    /// [`ServerMsg::Refused`], and then what was found before stays in force.
    Find {
        /// Chosen by the client, from 1.
        req: u32,
        /// One term of the query language; `None` for nothing.
        term: Option<String>,
    },
    /// Has the counts go on that stand stopped, with as much again as they were given.
    Continue,
    /// Looks for the next row that the find term is in, or one of some levels; answered by [`ServerMsg::Sought`].
    Seek {
        /// Chosen by the client, from 1.
        req: u32,
        /// The generation to look in.
        generation: Generation,
        /// Down: the first such row that starts at or after this. Up: the last one that starts before it.
        from: ByteOffset,
        /// Towards the end.
        down: bool,
        /// Looks for shown rows of these levels, whatever the find term is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        levels: Option<LevelChoice>,
    },
    /// Asks where the find term and the filter's terms stand in lines; answered by [`ServerMsg::Spans`].
    Spans {
        /// Chosen by the client, from 1.
        req: u32,
        /// The generation they are in.
        generation: Generation,
        /// Where the lines start, at most [`MAX_SPAN_ROWS`].
        rows: Vec<ByteOffset>,
    },
    /// Asks for a page; answered by a page frame or [`ServerMsg::Failed`] with the same request number.
    Page {
        /// Chosen by the client, from 1.
        req: u32,
        /// The generation to read; a recent old one is still there as long as the connection lives.
        generation: Generation,
        /// Where.
        at: Anchor,
        /// Rows before the anchor.
        before: u32,
        /// Rows from the anchor on.
        after: u32,
    },
    /// Asks for more of a long line; answered by a frame of kind [`FrameKind::More`].
    More {
        /// Chosen by the client, from 1.
        req: u32,
        /// The generation to read.
        generation: Generation,
        /// From where in the file, inside the line.
        offset: ByteOffset,
        /// How many bytes, at most [`MAX_PAGE_BYTES`].
        len: u32,
    },
    /// Whether [`ServerMsg::Levels`] is to be told from here on.
    Levels {
        /// Whether it is.
        on: bool,
    },
    /// Asks where there is something to see; answered by [`ServerMsg::Marks`].
    Marks {
        /// Chosen by the client, from 1.
        req: u32,
        /// The generation.
        generation: Generation,
        /// Into how many parts its bytes are divided, at most [`MAX_MARKS`].
        parts: u32,
    },
    /// Goes live.
    Live {
        /// Chosen by the client, from 1: the number of the page, where one is sent.
        req: u32,
        /// Live from there, exactly. `None`: a page of `rows` rows at the end is sent first, and live goes on from it.
        from: Option<(Generation, ByteOffset)>,
        /// Rows of the page at the end.
        rows: u32,
    },
    /// Stops live frames; counters count complete lines from there on.
    Hold {
        /// The end of the last line that the user has seen at the live end.
        from: (Generation, ByteOffset),
    },
    /// Returns credit for live bytes that were drawn or discarded.
    Grant {
        /// How many.
        bytes: u32,
    },
    /// Answers a ping.
    Pong,
}

/// What the server says to the page, besides frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerMsg {
    /// Answers [`ClientMsg::Open`].
    Opened {
        /// [`VERSION`] of the server.
        version: u32,
        /// The generation that is current now.
        generation: Generation,
        /// Its identity.
        identity: Identity,
        /// What became of the cursor to resume, where one was sent.
        resume: Option<Resume>,
        /// Seconds between pings.
        heartbeat_secs: u32,
        /// The counters now.
        tip: Tip,
    },
    /// The counters have changed. At most 20 a second.
    Tip(Tip),
    /// Something happened to the file, in stream order: it stands between the lines before and after it.
    Event {
        /// The generation that ended, or that the event is in.
        generation: Generation,
        /// Where in that generation.
        at: ByteOffset,
        /// Seconds since 1970 when the server noticed.
        unix_secs: u64,
        /// What.
        event: FileEvent,
        /// The generation that goes on after it, with its identity, where a new one begins.
        next: Option<(Generation, Identity)>,
    },
    /// Another generation is current now. Comes before the first tip or frame of a generation that no
    /// [`ServerMsg::Event`] has told this connection about: while held, or when live skips to the end.
    Current {
        /// The generation.
        generation: Generation,
        /// Its identity: without it a client could not resume there.
        identity: Identity,
    },
    /// Something happened to the file while the connection is held, for the state line. It comes again as
    /// [`ServerMsg::Event`], in stream order, to who goes live above it.
    Happened {
        /// Seconds since 1970 when the server noticed.
        unix_secs: u64,
        /// What.
        event: FileEvent,
    },
    /// The client is further behind the end than its credit; frames go on coming, and it may jump.
    Behind {
        /// Bytes between the connection's position and the end.
        bytes: ByteLen,
    },
    /// Wants a [`ClientMsg::Pong`] within [`PONG_SECS`].
    Ping,
    /// A query or find term is wrong, and is not in force.
    Refused {
        /// The number of the request; 0 for [`ClientMsg::Open`].
        req: u32,
        /// Whether it is the find term, and not the filter.
        find: bool,
        /// Where in the text, in bytes from 0.
        position: u32,
        /// For people: what is wrong there and what was expected.
        detail: String,
    },
    /// Answers [`ClientMsg::Seek`].
    Sought {
        /// The number of the request.
        req: u32,
        /// The generation that was looked in.
        generation: Generation,
        /// Where the row starts; `None` when there is none up to `reached`.
        found: Option<ByteOffset>,
        /// How far was looked: a line's start, to go on from there with another request. The end (looking down) or 0
        /// (looking up): there is nothing more that way.
        reached: ByteOffset,
        /// Whether `reached` is the end that way.
        at_end: bool,
    },
    /// Answers [`ClientMsg::Spans`].
    Spans {
        /// The number of the request.
        req: u32,
        /// The generation.
        generation: Generation,
        /// A row for each line that was asked for and that can be read.
        rows: Vec<RowSpans>,
    },
    /// How many lines there are of each level: a few times a second while that changes.
    Levels(Levels),
    /// Answers [`ClientMsg::Marks`].
    Marks {
        /// The number of the request.
        req: u32,
        /// The generation.
        generation: Generation,
        /// Where there is something to see.
        marks: Marks,
    },
    /// Where a page that was asked for by time is: comes just before it.
    Landed {
        /// The number of the request.
        req: u32,
        /// The generation.
        generation: Generation,
        /// Where the line starts; the end when there is none.
        at: ByteOffset,
        /// The time that was asked for, as a point in time.
        wanted: Stamp,
        /// The time of that line; `None` when the file has no times.
        found: Option<Stamp>,
    },
    /// A request could not be answered.
    Failed {
        /// Its number; 0 for [`ClientMsg::Open`].
        req: u32,
        /// Why.
        error: Failure,
        /// For people: what happened and what to do.
        detail: String,
    },
    /// The server ends the connection and asks the client to come back.
    Bye {
        /// Not before that many milliseconds.
        retry_ms: u32,
    },
}

/// The end of a file, as far as the server knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tip {
    /// The current generation.
    pub generation: Generation,
    /// Its readable length.
    pub len: ByteOffset,
    /// After its last complete line.
    pub complete: ByteOffset,
    /// How many lines it has, an unfinished last one included.
    pub lines: LineTotal,
    /// Complete lines that the filter shows after the place that a held connection named, over all generations; 0 while
    /// it is live.
    pub new_lines: LineCount,
    /// What the filter has found in the current generation; `None` without one.
    pub shown: Option<Matched>,
    /// What the find term has found among those; `None` without one.
    pub found: Option<Found>,
    /// The state of the file.
    pub state: FileState,
}

impl Tip {
    /// What is counted of the current generation: what is found among what is shown, and that.
    pub fn counts(&self) -> impl Iterator<Item = Matched> + use<> {
        self.found.map(|found| found.matched).into_iter().chain(self.shown)
    }

    /// The first of these that stands stopped.
    pub fn stopped(&self) -> Option<Matched> {
        self.counts().find(|matched| matched.stopped)
    }
}

/// Which rows are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The query, as the user wrote it.
    pub q: String,
    /// How many rows around a match are shown too, at most [`MAX_CONTEXT`].
    pub ctx: u32,
    /// What else a line must be.
    #[serde(default, skip_serializing_if = "Narrow::is_nothing")]
    pub narrow: Narrow,
}

impl Filter {
    /// Whether it leaves out nothing.
    pub fn shows_all(&self) -> bool {
        self.q.trim().is_empty() && self.narrow.is_nothing()
    }
}

/// Whose count over the whole file the user has asked for in the page: typed there, or had go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wished {
    /// That of the rows that are shown.
    pub filter: bool,
    /// That of the find term among them.
    pub find: bool,
}

impl Wished {
    /// Both.
    pub const ALL: Self = Self { filter: true, find: true };
}

/// How many lines of a generation have which level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Levels {
    /// The generation.
    pub generation: Generation,
    /// Among the lines that start before `scanned`; an unfinished last line included.
    pub counts: LevelCounts,
    /// How far the file was looked through.
    pub scanned: ByteOffset,
    /// Whether that is all of it.
    pub exact: bool,
    /// It was looked through as far as it may be, until somebody asks for more.
    pub stopped: bool,
}

/// Where there is something to see, by parts of equal length of a generation's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The length that was divided.
    pub len: ByteOffset,
    /// Into so many parts.
    pub parts: u32,
    /// The parts in which the find term is, in order; as far as it was counted.
    pub found: Vec<u32>,
    /// The parts that the filter shows lines of, in order; as far as they were counted. Empty without a filter.
    pub shown: Vec<u32>,
    /// The parts with lines of a level from `warn` on, in order, with the worst level there; as far as levels are known.
    pub levels: Vec<(u32, Level)>,
}

/// How many lines of a generation match, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// How many were found, an unfinished last line included.
    pub count: LineCount,
    /// Whether that is all of them; otherwise it is "at least".
    pub exact: bool,
    /// How far the file was looked through.
    pub scanned: ByteOffset,
    /// It was looked through as far as it may be, until somebody asks for more.
    pub stopped: bool,
}

/// How many rows the find term is in, and which of them is the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The count.
    pub matched: Matched,
    /// The last row with the term that a [`ServerMsg::Sought`] named is the so-manyth; `None` while that is not known.
    pub rank: Option<LineCount>,
}

/// Where hits stand in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowSpans {
    /// Where the line starts.
    pub offset: ByteOffset,
    /// Hits of the find term, in order: first byte and byte after the last, in the line without its escapes
    /// ([`crate::ansi::plain`]).
    pub find: Vec<(u32, u32)>,
    /// Hits of the filter's terms that a line must have, in order.
    pub filter: Vec<(u32, u32)>,
}

/// A number of lines that may still grow as the index runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTotal {
    /// How many lines were counted.
    pub count: LineCount,
    /// Whether that is all of them; otherwise it is "at least".
    pub exact: bool,
}

/// How a followed path stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// There, and followed.
    Live,
    /// No file has that name now; following goes on when one appears.
    Waiting,
    /// Deleted, but still open: what was there can still be read.
    Deleted,
    /// The system or the rules refuse it now.
    Denied,
    /// Reading fails; it is tried again.
    ReadError,
    /// Standard input has ended: nothing more comes, what came can still be read.
    Ended,
    /// There, and compressed: what is decoded of it is read. Its length is that of what is decoded so far.
    Packed(Unpacking),
}

impl FileState {
    /// Whether the file is compressed and more of it is being decoded: its end is not its end.
    pub const fn is_being_decoded(self) -> bool {
        matches!(self, Self::Packed(unpacking) if unpacking.is_under_way())
    }
}

/// What can happen to a followed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileEvent {
    /// Another file has the name now; the old one was read to its end.
    Rotated,
    /// The file was cut; it goes on from its start.
    Truncated {
        /// Its length before.
        was: ByteLen,
    },
    /// The same bytes do not stand there any more, though it did not get shorter: it was written anew, in place or by
    /// an editor that saved it. It goes on from its start.
    Rewritten,
    /// Bytes that were not read are gone.
    Gap {
        /// How many.
        bytes: ByteLen,
    },
    /// The name is gone; the open file can still be read.
    Deleted,
    /// The file came back, or appeared, after it was missing.
    Appeared,
}

/// What became of a cursor. Who resumes is authorized again before it is looked for: a file that is gone, or that is
/// refused now, answers with [`ServerMsg::Failed`] and number 0, of kind [`Failure::NotFound`] or [`Failure::Denied`];
/// the client keeps what it shows and its cursor, and tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resume {
    /// Frames go on exactly there, in the current generation.
    Resumed {
        /// The generation the cursor is in.
        generation: Generation,
    },
    /// Frames go on exactly there, in an older generation: its rest comes first, then those after it, each with its
    /// [`ServerMsg::Event`].
    Rotated {
        /// The generation the cursor is in.
        generation: Generation,
    },
    /// The file of the cursor was cut and no copy of it was found: frames go on from the start of `generation`.
    Truncated {
        /// The generation that goes on.
        generation: Generation,
        /// How many bytes after the cursor were lost, where that is known.
        lost: Option<ByteLen>,
    },
    /// The file of the cursor was replaced and its rest is not there any more: frames go on from the start of
    /// `generation`, the oldest that is known to come after it.
    Gap {
        /// The generation that goes on.
        generation: Generation,
        /// How many bytes are missing, where that is known.
        bytes: Option<ByteLen>,
    },
}

/// Why a request could not be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// No such file, or not for this user: the same answer.
    NotFound,
    /// There and allowed, but the system refuses it.
    Denied,
    /// Not a regular file.
    NotAFile,
    /// The generation is no longer held.
    Gone,
    /// Reading failed.
    ReadError,
    /// The server is at a limit; try again.
    Busy,
}

#[cfg(test)]
mod tests;
