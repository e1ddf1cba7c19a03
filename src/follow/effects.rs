//! What a [`Follow`](super::Follow) wants done.

use crate::level::LevelChoice;
use crate::line::ByteLen;
use crate::timestamp::Stamp;
use crate::window::{Position, RowKey};
use crate::wire::{ClientMsg, Failure};

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a socket.
    Connect,
    /// Send a message.
    Send(ClientMsg),
    /// Close the socket with that code.
    Close(u16),
    /// The rows have changed.
    Window(WindowChange),
    /// State line, counters or pill have changed.
    StateChanged,
    /// Tell the user once.
    Notice(Notice),
    /// Bring that row into view: the seek has found it. It is [`Follow::current_hit`](super::Follow::current_hit).
    GoToRow(RowKey),
    /// What was typed is wrong: say so at its box. What was in force before stays in force.
    Refused {
        /// Whether it is the find term, and not the filter.
        find: bool,
        /// Where in the text, in bytes from 0.
        position: u32,
        /// For people: what is wrong there and what was expected.
        detail: String,
    },
    /// What was typed last is in force: an error at its box can go.
    Accepted {
        /// Whether it is the find term, and not the filter.
        find: bool,
    },
    /// Pass [`Input::Tick`](super::Input::Tick) at that time.
    WakeAt {
        /// In the milliseconds of `step`.
        ms: u64,
    },
}

/// How the rows have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowChange {
    /// All of them. Show `anchor` at the top, or the end when it is `None`.
    Replaced {
        /// Index of the item that was asked for.
        anchor: Option<usize>,
    },
    /// So many items were added in front.
    Prepended(usize),
    /// Items were added at the end, or the unfinished last one was replaced or is gone.
    Appended,
    /// So many items were removed in front.
    EvictedFront(usize),
    /// So many items were removed at the end.
    EvictedBack(usize),
    /// The item has more of its bytes.
    Extended(usize),
    /// Line numbers became known.
    Numbered,
    /// The generations of rows have new numbers, keys with them; the items are the same.
    Relabelled,
    /// Where hits stand in rows ([`Follow::spans`](super::Follow::spans)) has changed; the items are the same.
    Spans,
}

/// What to tell the user once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The page is of another version than the server: load it again.
    Reload,
    /// The session has ended: log in again.
    LogIn,
    /// So many bytes were skipped on screen to stay at the end; all of them are in the file.
    Skipped(ByteLen),
    /// The file went on while the connection was lost, and so many bytes cannot be had any more (`None`: not known).
    Lost(Option<ByteLen>),
    /// The file was cut while the connection was lost, and so many bytes cannot be had any more (`None`: not known).
    TruncatedMeanwhile(Option<ByteLen>),
    /// The rows that were shown are of a file that is gone; these are of the one that has its name now.
    Replaced,
    /// The seek went on from the other end of the file.
    Wrapped {
        /// Towards the end, so over the end and on from the start.
        down: bool,
    },
    /// Where what was asked for by time is: the page that comes next shows it.
    Landed {
        /// Where the line starts; the end when no line has a time.
        at: Position,
        /// What was asked for.
        wanted: Stamp,
        /// The time of the line; `None` when no line has a time.
        found: Option<Stamp>,
    },
    /// The find term is nowhere.
    NoMatch,
    /// There is no further row of these levels that way.
    NoMore {
        /// Which levels.
        levels: LevelChoice,
        /// Towards the end.
        down: bool,
    },
    /// A request for rows failed.
    Failed {
        /// Why.
        error: Failure,
        /// For people.
        detail: String,
    },
}
