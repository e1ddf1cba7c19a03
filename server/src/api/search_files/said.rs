//! The objects that a search answers with, one a line.

use bytes::Bytes;
use serde::Serialize;
use taillight::path::LogPath;

/// How many lines of a file match; of those with any.
#[derive(Serialize)]
pub(super) struct Matched<'a> {
    pub(super) file: &'a LogPath,
    pub(super) matched: u64,
    pub(super) complete: bool,
}

/// How far the search is.
#[derive(Serialize)]
pub(super) struct Progress {
    pub(super) progress: Far,
}

/// Files and bytes that are done, and all.
#[derive(Serialize)]
pub(super) struct Far {
    pub(super) files: u64,
    pub(super) of: u64,
    pub(super) bytes: u64,
    pub(super) total_bytes: u64,
}

/// A file that was not searched, or not to its end.
#[derive(Serialize)]
pub(super) struct Unread {
    pub(super) file: LogPath,
    pub(super) why: String,
}

/// The end.
#[derive(Serialize)]
pub(super) struct Done {
    pub(super) done: bool,
    /// Whether every file was searched to its end, but for those that are no text.
    pub(super) complete: bool,
    pub(super) files: u64,
    pub(super) of: u64,
    pub(super) matched_files: u64,
    pub(super) matched: u64,
    pub(super) bytes: u64,
    /// Why not all files were searched.
    pub(super) stopped: Option<String>,
    pub(super) unread: Vec<Unread>,
    /// Those that are not listed above: there are too many.
    pub(super) more_unread: u64,
}

/// The first rows of a file, or more of them, each an object already.
pub(super) fn rows(file: &LogPath, modified_ns: u64, rows: &[Vec<u8>]) -> Bytes {
    #[derive(Serialize)]
    struct Head<'a> {
        file: &'a LogPath,
        modified: Option<String>,
    }
    let mut line = serde_json::to_vec(&Head { file, modified: time(modified_ns) }).unwrap_or_default();
    line.pop();
    line.extend_from_slice(b",\"rows\":[");
    line.extend(rows.join(&b','));
    line.extend_from_slice(b"]}\n");
    line.into()
}

/// As a line.
pub(super) fn line(object: &impl Serialize) -> Bytes {
    // Numbers and texts always serialize.
    let mut line = serde_json::to_vec(object).unwrap_or_default();
    line.push(b'\n');
    line.into()
}

/// Seconds since 1970 as RFC 3339.
fn time(modified_ns: u64) -> Option<String> {
    let secs = i64::try_from(modified_ns / 1_000_000_000).ok()?;
    jiff::Timestamp::from_second(secs).ok().map(|time| time.to_string())
}
