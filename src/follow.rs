//! The client's side of the stream, without I/O: inputs in, effects out. It owns the [`LineWindow`].
//!
//! # How the page uses it
//!
//! One [`Follow`] per open file, in one non-reactive cell. Every cause becomes an [`Input`]: the socket's callbacks, a
//! timer, the user. `step` is called with the time in milliseconds (any monotonic origin, `performance.now()`) and
//! pushes [`Effect`]s into a buffer that the page then carries out in order:
//!
//! - [`Effect::Connect`]: drop any socket there is *together with its callbacks*, open a new one at
//!   [`wire::ENDPOINT`](crate::wire::ENDPOINT). Inputs of a dropped socket must not be passed on.
//! - [`Effect::Send`]: as JSON text. [`Effect::Close`]: close and drop the socket.
//! - [`Effect::Window`]: rows were replaced, added or removed ([`WindowChange`]); mark the list dirty, and shift the
//!   scroll place by what was added or removed in front. Draw once per animation frame from [`Follow::window`], then pass
//!   [`Input::Drawn`]: that is what returns credit. Without it the server stops after 256 KiB, which is the point.
//! - [`Effect::StateChanged`]: read [`Follow::state`], [`Follow::tip`], [`Follow::new_lines`] again.
//! - [`Effect::Notice`]: something to tell once. [`Effect::WakeAt`]: pass [`Input::Tick`] then; it replaces any
//!   earlier wake-up.
//!
//! The view is pinned to the end exactly while [`Follow::is_following`] and not [`Follow::is_paused`]. A scroll up, a
//! selection, a find jump: [`Input::Hold`]. The visible rows after every scroll: [`Input::Looking`]; pages above and below
//! are fetched from it, and what is far away from it is evicted. [`RowKey`]s stay the same while rows move.

mod history;
mod inbound;
mod intent;
mod link;
mod pages;
mod state;

use crate::cursor::{Anchor, Identity};
use crate::line::{ByteLen, LineCount};
use crate::path::LogPath;
use crate::window::{LineWindow, Position, RowKey, WINDOW_BYTES};
use crate::wire::{ClientMsg, Failure, FileState, Frame, ServerMsg, Tip};

use history::History;
use link::Link;
use pages::Requests;

pub use state::{LastEvent, StateKind, StreamState, byte_size, grouped, new_lines_text};

/// Rows asked for at a time.
pub const PAGE_ROWS: u32 = 400;

/// How near to an end of the window, in rows, the visible rows may come before a page is asked for there.
pub const EDGE_ROWS: usize = 150;

/// When following is further behind than this, in bytes, it jumps to the end and says so.
pub const JUMP_BYTES: ByteLen = ByteLen::new(2 << 20);

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin. Once, and first.
    Start(Start),
    /// The socket is open.
    SocketOpen,
    /// A text message came.
    Text(ServerMsg),
    /// A binary message came.
    Frame(Frame),
    /// The socket has closed, or could not be opened; the browser's close code, 1006 where there is none.
    SocketClosed {
        /// The close code.
        code: u16,
    },
    /// The time of [`Effect::WakeAt`] has come.
    Tick,
    /// The browser is online again.
    Online,
    /// The document became visible or hidden.
    Visible(bool),
    /// Go to the end and follow: `F`, the pill, End at the end.
    GoLive,
    /// Stop following, because the user looks elsewhere.
    Hold {
        /// The index of the last item the user has seen at the end; `None`: all there is.
        seen: Option<usize>,
    },
    /// Freeze the screen.
    Pause,
    /// End a pause and follow.
    Resume(Catch),
    /// These items are visible: the indexes of the first and the last.
    Looking {
        /// Index of the first visible item.
        first: usize,
        /// Index of the last visible item.
        last: usize,
    },
    /// Go to a place, and stop following. The newest jump wins.
    JumpTo {
        /// Where.
        at: Anchor,
        /// Rows before it.
        before: u32,
        /// Rows from it on.
        after: u32,
    },
    /// Fetch more of the long line of that row.
    More(RowKey),
    /// All that was applied so far is on the screen, or will never be.
    Drawn,
}

/// How to begin.
#[derive(Clone, Debug)]
pub struct Start {
    /// The file.
    pub path: LogPath,
    /// Where the first page is read. After hydration: [`Anchor::Byte`] of the first server-rendered row, so that the
    /// page replaces those rows by the same ones.
    pub at: Anchor,
    /// Rows of the first page before `at`.
    pub before: u32,
    /// Rows of the first page from `at` on: after hydration at least as many as were rendered.
    pub after: u32,
    /// Whether to follow.
    pub follow: bool,
    /// The counters, and the file that the server-rendered rows are of: if it is another one when the socket opens,
    /// the place `at` means nothing, and the end or the start is shown instead.
    pub boot: Option<(Identity, Tip)>,
}

/// How a pause ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catch {
    /// Every line from where it stood.
    Up,
    /// The end at once.
    Jump,
}

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
    /// Pass [`Input::Tick`] at that time.
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
    /// Items were added at the end, or the unfinished last one was replaced.
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
    /// The file was cut while the connection was lost.
    TruncatedMeanwhile,
    /// The rows that were shown are of a file that is gone; these are of the one that has its name now.
    Replaced,
    /// A request for rows failed.
    Failed {
        /// Why.
        error: Failure,
        /// For people.
        detail: String,
    },
}

/// The client's side of a stream.
#[derive(Debug)]
pub struct Follow {
    window: LineWindow,
    start: Option<Start>,
    link: Link,
    requests: Requests,
    history: History,
    tip: Option<Tip>,
    /// What the user wants: the end, as it comes.
    following: bool,
    paused: bool,
    hidden: bool,
    /// What the server was last told: whether it sends live frames.
    live: bool,
    /// The end of the last line that was seen at the live end, while not live.
    seen: Option<Position>,
    /// Following from far behind because the user wants every line: no jump to the end.
    catching_up: bool,
    /// What the server says is between its position and the end.
    behind: ByteLen,
    /// Live bytes received, for which credit was not returned yet.
    owed: u32,
    /// A live frame did not fit there, and it was asked for again.
    resync: Option<Position>,
    /// Whether a page was shown: before it, the window's place means nothing.
    has_page: bool,
    last_event: Option<LastEvent>,
    /// Why the server refused to open.
    failure: Option<Failure>,
    /// The keys of the first and last visible rows.
    looking: Option<(RowKey, RowKey)>,
    told: Option<Told>,
}

/// What the page has last been told to read, so that a change is announced once.
type Told = (StreamState, LineCount, Option<Tip>);

impl Follow {
    /// Nothing yet. `seed` spreads reconnects: any number that differs between pages.
    pub fn new(seed: u64) -> Self {
        Self::with_budget(seed, WINDOW_BYTES)
    }

    /// The same, with a window of `budget` bytes.
    pub fn with_budget(seed: u64, budget: usize) -> Self {
        Self {
            window: LineWindow::new(budget),
            start: None,
            link: Link::new(seed),
            requests: Requests::default(),
            history: History::default(),
            tip: None,
            following: false,
            paused: false,
            hidden: false,
            live: false,
            seen: None,
            catching_up: false,
            behind: ByteLen::ZERO,
            owed: 0,
            resync: None,
            has_page: false,
            last_event: None,
            failure: None,
            looking: None,
            told: None,
        }
    }

    /// The rows.
    pub fn window(&self) -> &LineWindow {
        &self.window
    }

    /// Whether the view belongs at the end: the user follows. It stays so over lost connections.
    pub fn is_following(&self) -> bool {
        self.following
    }

    /// Whether the screen is frozen.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// The counters, as far as they are known.
    pub fn tip(&self) -> Option<&Tip> {
        self.tip.as_ref()
    }

    /// Complete lines below what the user has seen; the pill shows it while it is not zero. Zero while live. Exact as
    /// soon as the server has counted from there; until then, those in the window.
    pub fn new_lines(&self) -> LineCount {
        let Some(seen) = self.seen.filter(|_| !self.wants_live()) else { return LineCount::ZERO };
        let counted = self.tip.map_or(LineCount::ZERO, |tip| tip.new_lines);
        counted.max(self.window.lines_from(seen))
    }

    /// What the state line says.
    pub fn state(&self) -> StreamState {
        StreamState { kind: self.kind(), last_event: self.last_event }
    }

    /// Applies one input at `now_ms` and pushes what is to be done, in order.
    pub fn step(&mut self, input: Input, now_ms: u64, out: &mut Vec<Effect>) {
        match input {
            Input::Start(start) => {
                self.following = start.follow;
                self.tip = start.boot.map(|(_, tip)| tip);
                self.start = Some(start);
                self.connect(now_ms, out);
            }
            Input::SocketOpen => self.socket_open(now_ms, out),
            Input::Text(msg) => self.text(msg, now_ms, out),
            Input::Frame(frame) => self.frame(&frame, now_ms, out),
            Input::SocketClosed { code } => self.socket_closed(code, now_ms, out),
            Input::Tick => self.tick(now_ms, out),
            Input::Online => self.hurry(now_ms, out),
            Input::Visible(true) => {
                self.hurry(now_ms, out);
                self.intend(&Input::Visible(true), out);
            }
            intent => self.intend(&intent, out),
        }
        let told = Some((self.state(), self.new_lines(), self.tip));
        if self.told != told {
            self.told = told;
            out.push(Effect::StateChanged);
        }
        self.plan_wake(now_ms, out);
    }

    fn kind(&self) -> StateKind {
        if let Some(failure) = self.failure {
            return match failure {
                Failure::NotFound | Failure::Gone => StateKind::Waiting,
                Failure::Denied | Failure::NotAFile => StateKind::Denied,
                Failure::ReadError => StateKind::ReadError,
                Failure::Busy => StateKind::Reconnecting,
            };
        }
        if self.link.is_reconnecting() {
            return StateKind::Reconnecting;
        }
        match self.tip.map_or(FileState::Live, |tip| tip.state) {
            FileState::Waiting => StateKind::Waiting,
            FileState::Deleted => StateKind::Deleted,
            FileState::Denied => StateKind::Denied,
            FileState::ReadError => StateKind::ReadError,
            FileState::Live => self.kind_of_live(StateKind::Live),
            FileState::Ended => self.kind_of_live(StateKind::Ended),
        }
    }

    /// What holds lines back, or `idle` when nothing does.
    fn kind_of_live(&self, idle: StateKind) -> StateKind {
        if self.paused {
            StateKind::Paused
        } else if !self.is_pinned() {
            // Looking elsewhere stops nothing but the scrolling: the pill counts what comes.
            idle
        } else if self.behind > ByteLen::ZERO {
            StateKind::Behind(self.behind)
        } else if !self.hidden && self.is_catching_up() {
            StateKind::CatchingUp
        } else {
            idle
        }
    }
}

#[cfg(test)]
mod tests;
