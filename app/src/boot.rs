//! What the server hands to the page beside the HTML: the facts of the first screen, so that hydration renders the same
//! page and the client goes on from where the server stopped.

use serde::{Deserialize, Serialize};
use taillight::cursor::{Cursor, Generation};
use taillight::line::{ByteOffset, LineNo};
use taillight::path::LogPath;
use taillight::wire::{Listing, Tip};

/// The id of the `<script type="application/json">` element that carries a [`Boot`].
pub const BOOT_ELEMENT_ID: &str = "boot";

/// The facts of the first screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    /// The base path: empty, or `/x` without a slash at its end.
    pub base: String,
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
    /// The counters when the page was made.
    pub tip: Tip,
    /// The links of reader mode, below the base.
    pub links: ReaderLinks,
    /// The rows as HTML from the core's `row` room: in the document already, so never sent twice.
    #[serde(skip)]
    pub rows_html: String,
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
