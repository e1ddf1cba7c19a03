//! What a [`Follow`](super::Follow) is told.

use crate::cursor::{Anchor, Generation, Identity};
use crate::level::LevelChoice;
use crate::path::LogPath;
use crate::window::{Position, RowKey};
use crate::wire::{Filter, Frame, ServerMsg, Tip};

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
    /// The time of [`Effect::WakeAt`](super::Effect::WakeAt) has come.
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
    /// End a pause where the screen stands: who has scrolled up stays there.
    Unpause,
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
        /// In which generation; `None`: in the current one.
        of: Option<Generation>,
        /// Rows before it.
        before: u32,
        /// Rows from it on.
        after: u32,
    },
    /// Fetch more of the long line of that row.
    More(RowKey),
    /// Show other rows: what is shown stays until rows of the new filter come. Who follows goes on following; the place
    /// is for who does not. The newest filter wins.
    Filter {
        /// Which rows; `None` for all of them.
        filter: Option<Filter>,
        /// Where, in the current generation.
        at: Anchor,
        /// Rows before it.
        before: u32,
        /// Rows from it on.
        after: u32,
    },
    /// Find that term from now on; `None` for nothing. Ends a seek.
    Find(Option<String>),
    /// Go on with a search that stands stopped: [`Follow::stopped`](super::Follow::stopped).
    Continue,
    /// Go to the next row that the find term is in, over the end and on from the start (or the other way round).
    Seek {
        /// Towards the end.
        down: bool,
        /// Where to look from when there is no current hit: the top visible row.
        from: Option<Position>,
    },
    /// Go to the next row of some levels, up to the end that way.
    SeekLevels {
        /// Which levels.
        levels: LevelChoice,
        /// Towards the end.
        down: bool,
        /// Where to look from.
        from: Stand,
    },
    /// Whether the lines of each level are to be counted: [`Follow::levels`](super::Follow::levels).
    Levels(bool),
    /// Into how many parts the file is divided for [`Follow::marks`](super::Follow::marks); 0: none are wanted.
    Marks(u32),
    /// Stop looking for the next hit.
    CancelSeek,
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
    /// Which rows to show.
    pub filter: Option<Filter>,
    /// What to find: one term.
    pub find: Option<String>,
}

/// Where the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// On that row: the next one is another.
    On(Position),
    /// At the edge of what is seen: that row counts when it is looked for towards the end.
    At(Position),
}

/// How a pause ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catch {
    /// Every line from where it stood.
    Up,
    /// The end at once.
    Jump,
}
