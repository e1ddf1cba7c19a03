//! What the server hands to the page beside the HTML: the facts of the first screen, so that hydration renders the same
//! page and the client goes on from where the server stopped.

use serde::{Deserialize, Serialize};
use taillight::cursor::{Cursor, Generation};
use taillight::line::{ByteLen, ByteOffset, LineNo};
use taillight::path::LogPath;
use taillight::timestamp::Stamp;
use taillight::wire::{Listing, Tip};

/// The id of the `<script type="application/json">` element that carries a [`Boot`].
pub const BOOT_ELEMENT_ID: &str = "boot";

/// The facts of the first screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    /// The base path: empty, or `/x` without a slash at its end.
    pub base: String,
    /// The longest filter or find term that the server takes, in bytes.
    pub pattern_bytes: usize,
    /// The raw path and query of the request below the base, as the core's `view::link` reads it.
    pub address: String,
    /// What is on the screen.
    pub screen: Screen,
}

/// What is on the first screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Screen {
    /// Choose a file.
    Files {
        /// The folder, `None` for the roots.
        folder: Option<LogPath>,
        /// Its entries.
        listing: Listing,
    },
    /// The viewer.
    File(Box<FileScreen>),
    /// What went wrong, and what to do.
    Problem {
        /// The HTTP status.
        status: u16,
        /// What happened, in a few words.
        title: String,
        /// Why, and the next action.
        detail: String,
    },
}

/// The first screen of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileScreen {
    /// The file.
    pub path: LogPath,
    /// The generation its rows are of.
    pub generation: Generation,
    /// The place after the last complete row, to go on from.
    pub cursor: Cursor,
    /// The offset of the first row.
    pub first: ByteOffset,
    /// The number of the first row, where it is known.
    pub first_line: Option<LineNo>,
    /// After the last row.
    pub end: ByteOffset,
    /// The part of the file that the rows are of: with a filter, what was looked through for them, from a line's start.
    pub covers: (ByteOffset, ByteOffset),
    /// Where the time of the link is; `None` when it names another place.
    pub landed: Option<Landed>,
    /// What filtering came to; `None` when all rows are shown.
    pub filtering: Option<Filtering>,
    /// What is wrong in the filter or in the find term of the link: what is right of them is in force.
    pub refused: Vec<RefusedTerm>,
    /// The counters when the page was made.
    pub tip: Tip,
    /// The links of reader mode, below the base.
    pub links: ReaderLinks,
    /// The rows as HTML from the core's `row` room: in the document already, so never sent twice.
    #[serde(skip)]
    pub rows_html: String,
}

/// Where a page that was asked for by time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landed {
    /// Where the line starts; the end when no line has a time.
    pub at: ByteOffset,
    /// The time that was asked for, as a point in time.
    pub wanted: Stamp,
    /// The time of that line; `None` when no line has one.
    pub found: Option<Stamp>,
}

/// What the filtering of a first screen came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filtering {
    /// Whether these are all the rows that fit, or all there are. Otherwise the time for a first screen was over before:
    /// it was still filtering.
    pub complete: bool,
    /// How many bytes of the file were looked through, for these rows or for the count of matches so far.
    pub looked_through: ByteLen,
    /// How many there were.
    pub of: ByteLen,
}

/// A wrong term of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedTerm {
    /// Whether it is the find term, and not in the filter.
    pub find: bool,
    /// Where in its text, in bytes from 0.
    pub position: u32,
    /// For people: what is wrong there and what was expected.
    pub detail: String,
}

/// Plain links that page through the file without JavaScript; `None` where there is nothing to go to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReaderLinks {
    /// The first rows.
    pub start: Option<String>,
    /// The rows before these.
    pub older: Option<String>,
    /// The rows after these.
    pub newer: Option<String>,
    /// The last rows.
    pub end: Option<String>,
}
