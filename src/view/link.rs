//! Links: a [`ViewState`] as the raw text of an address below the base path, `path?query#fragment`, and back.
//!
//! Both sides read an address with this room, because routers and form readers decode it in their own ways: here every
//! part is percent-decoded exactly once, and a `+` is a plus, except in what a form without a program sends: in `q` and
//! `find` it is a blank. A plus is written `%2B`, which readers of either convention take as a plus.
//!
//! # Valid links
//!
//! Equal views have equal links: parameters are sorted, and defaults are not written. On the left what may come in, on
//! the right what the view prints.
//!
//! ```
//! for (link, printed) in [
//!     ("/", "/"),
//!     ("/?path=logs/nginx", "/?path=logs/nginx"),
//!     ("/?path=logs%2Fnginx", "/?path=logs/nginx"),
//!     // At the end, following.
//!     ("/v/logs/app.log", "/v/logs/app.log"),
//!     ("/v/logs/app.log?follow=1", "/v/logs/app.log"),
//!     ("/v/logs/a%20b/%FF.log", "/v/logs/a%20b/%FF.log"),
//!     // At a place, not following.
//!     ("/v/logs/app.log?at=start", "/v/logs/app.log?at=start"),
//!     ("/v/logs/app.log?at=end", "/v/logs/app.log?at=end"),
//!     ("/v/logs/app.log?at=line:120", "/v/logs/app.log?at=line:120"),
//!     ("/v/logs/app.log?at=line:140-120", "/v/logs/app.log?at=line:120-140"),
//!     ("/v/logs/app.log?at=byte:0", "/v/logs/app.log?at=byte:0"),
//!     ("/v/logs/app.log?at=byte:4096-8191", "/v/logs/app.log?at=byte:4096-8191"),
//!     ("/v/logs/app.log?at=time:2026-11-22T10:00:00+01:00", "/v/logs/app.log?at=time:2026-11-22T09:00:00Z"),
//!     ("/v/logs/app.log?at=time:-15m", "/v/logs/app.log?at=time:-15m"),
//!     // At a place, and following all the same.
//!     ("/v/logs/app.log?follow=1&at=line:120", "/v/logs/app.log?at=line:120&follow=1"),
//!     // Typed by hand: the fragment wins.
//!     ("/v/logs/app.log#L10", "/v/logs/app.log?at=line:10"),
//!     ("/v/logs/app.log?at=start#L10-L20", "/v/logs/app.log?at=line:10-20"),
//!     ("/v/logs/app.log#B512-1024", "/v/logs/app.log?at=byte:512-1024"),
//!     ("/v/logs/app.log#T10:00", "/v/logs/app.log?at=time:10:00"),
//!     // Shared: which file it was, and the version of the link.
//!     ("/v/logs/app.log?v=1&fid=1f.2a.400.9c&at=line:7", "/v/logs/app.log?at=line:7&fid=1f.2a.400.9c&v=1"),
//!     ("/v/logs/app.log?wrap=1", "/v/logs/app.log?wrap=1"),
//!     // Filtered, with rows around the matches; and what is marked.
//!     ("/v/logs/app.log?q=%22a%20b%22&ctx=3&find=x", "/v/logs/app.log?ctx=3&find=x&q=%22a%20b%22"),
//!     ("/v/logs/app.log?q=a+b%2Fc%2B&at=line:7", "/v/logs/app.log?at=line:7&q=a%20b/c%2B"),
//!     ("/v/logs/app.log?q=%20&find=&ctx=3", "/v/logs/app.log"),
//!     // Some levels only, and from when to when.
//!     ("/v/logs/app.log?lvl=WARN,unknown,error", "/v/logs/app.log?lvl=error,warn,unknown"),
//!     ("/v/logs/app.log?to=today+10:00&from=-1h&ctx=3", "/v/logs/app.log?ctx=3&from=-1h&to=today%2010:00"),
//!     ("/v/logs/app.log?from=2026-11-22T11:00:00+01:00", "/v/logs/app.log?from=2026-11-22T10:00:00Z"),
//!     ("/v/logs/app.log?lvl=fatal,error,warn,info,debug,trace,unknown&from=&to=", "/v/logs/app.log"),
//!     // What is not understood is kept as it is; what is wrong is dropped.
//!     ("/v/logs/app.log?tz=UTC%3A&lvl=loud&from=soon", "/v/logs/app.log?tz=UTC%3A"),
//!     ("/v/logs/app.log?&&debug&at=line:0&ctx=101&q=x", "/v/logs/app.log?debug&q=x"),
//! ] {
//!     let view: taillight::view::ViewState = link.parse()?;
//!     assert_eq!(view.to_string(), printed);
//! }
//! # Ok::<(), taillight::view::link::BadLink>(())
//! ```

mod params;

use std::fmt;
use std::str::FromStr;

use crate::path::{BadPath, LogPath, percent_decode, percent_encode, shown_name};
use crate::timestamp::TimeExpr;
use crate::view::{BadPlace, FileView, Page, Place, ViewState};
use crate::wire::MAX_CONTEXT;

pub use params::Extras;

/// The version of links, written as `v` where a link names the file it was made for.
pub const VERSION: u32 = 1;

/// How much of a wrong value is said back to the user, in characters.
const MAX_NOTICE_CHARS: usize = 80;

/// A link that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it says. Its text may differ from what was read: the shell then rewrites the address.
    pub state: ViewState,
    /// What was wrong with it and is ignored. The page shows them.
    pub notices: Vec<LinkNotice>,
}

/// Something in a link that is wrong and ignored. `Display` is for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkNotice {
    /// Where: a parameter's name, or `#`.
    pub param: &'static str,
    /// The value as it was written, safe to show, cut where it is long.
    pub value: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Not a place.
    Place(BadPlace),
    /// Not a list of levels.
    Levels,
    /// Not a time.
    Time,
    /// A switch that is neither 1 nor 0.
    Switch,
    /// Not a number of rows around a match.
    Context,
    /// Not the identity of a file.
    Identity,
    /// A version of links that this program does not know.
    Version,
    /// Not a folder's path.
    Folder(BadPath),
    /// A fragment that is not a place.
    Fragment,
    /// Not percent-encoded text.
    Encoding,
    /// Said before; the first counts.
    Repeated,
}

/// Why an address is not that of a view: there is no such page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadLink {
    /// Neither `/` nor below `/v/`.
    NoSuchPage,
    /// What follows `/v/` is not the path of a log.
    Path(BadPath),
}

/// Reads the raw path, query and fragment of an address, below the base path. The query and the fragment are never an
/// error: what is wrong in them is dropped and told in the notices.
///
/// # Errors
/// When the path is not that of a page.
pub fn read(text: &str) -> Result<Link, BadLink> {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    if matches!(path, "" | "/") {
        Ok(params::read_files(query))
    } else {
        let path = path.strip_prefix("/v/").ok_or(BadLink::NoSuchPage)?;
        Ok(params::read_file(path.parse().map_err(BadLink::Path)?, query, fragment))
    }
}

/// The link to a file at a place, or at its end and following; below the base path, as are all links here.
pub fn file_link(path: &LogPath, place: Option<Place>) -> String {
    let view = match place {
        Some(place) => FileView::at(path.clone(), place),
        None => FileView::new(path.clone()),
    };
    ViewState::from(view).to_string()
}

/// The link to the entries of a folder, or to the roots.
pub fn folder_link(folder: Option<&LogPath>) -> String {
    ViewState::files(folder.cloned()).to_string()
}

/// The link to a file's bytes.
pub fn raw_link(path: &LogPath) -> String {
    format!("/raw/{path}")
}

/// The link to the lines of a file that match a query, as a download.
pub fn raw_query_link(path: &LogPath, query: &str) -> String {
    format!("/raw/{path}?q={}", encode_value(query))
}

impl LinkNotice {
    fn new(param: &'static str, value: &str, problem: Problem) -> Self {
        let decoded = percent_decode(value).map_or_else(|_| shown_name(value.as_bytes()), |bytes| shown_name(&bytes));
        let mut value: String = decoded.chars().take(MAX_NOTICE_CHARS).collect();
        if value.len() < decoded.len() {
            value.push('…');
        }
        Self { param, value, problem }
    }
}

impl fmt::Display for ViewState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.page {
            Page::Files { folder: None } => f.write_str("/"),
            Page::Files { folder: Some(folder) } => write!(f, "/?path={folder}"),
            Page::File(view) => {
                write!(f, "/v/{}", view.path)?;
                params::write(view, f)
            }
        }
    }
}

impl FromStr for ViewState {
    type Err = BadLink;

    fn from_str(text: &str) -> Result<Self, BadLink> {
        read(text).map(|link| link.state)
    }
}

impl fmt::Display for LinkNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { param, value, problem } = self;
        let equals = if *param == "#" { "" } else { "=" };
        write!(f, "'{param}{equals}{value}' in the link is ignored: {problem}")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(bad) => bad.fmt(f),
            Self::Levels => {
                f.write_str("expected some of fatal, error, warn, info, debug, trace, unknown with ',' between")
            }
            Self::Time => write!(f, "expected {}", TimeExpr::FORMS),
            Self::Switch => f.write_str("expected 1 or nothing"),
            Self::Context => write!(f, "expected a number of lines, at most {MAX_CONTEXT}"),
            Self::Identity => f.write_str("not the identity of a file; copy the link again"),
            Self::Version => write!(f, "this program knows version {VERSION}; the link may say more than is shown"),
            Self::Folder(bad) => bad.fmt(f),
            Self::Fragment => f.write_str("expected '#L10', '#L10-L20', '#B4096' or '#T' and a time"),
            Self::Encoding => f.write_str("not percent-encoded text"),
            Self::Repeated => f.write_str("said twice, the first counts"),
        }
    }
}

impl fmt::Display for BadLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchPage => f.write_str("no page has this address"),
            Self::Path(bad) => bad.fmt(f),
        }
    }
}

impl std::error::Error for BadLink {}

/// Percent-encodes a parameter's value. `keep` leaves readable what may stand in a query and means nothing there.
fn encode_value(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    percent_encode(value.as_bytes(), b":,@/", &mut out);
    out
}

#[cfg(test)]
mod tests;
