//! The archive chain: the rotated files that a cursor's stream goes through before the lives that are held.
//!
//! Who was away while a log was rotated, or comes back to another server process, left off in a file that has another
//! name now, or is a copy, or compressed. It is looked for among the siblings of the name, and what was written between
//! it and the lives that are held is put in order.
//!
//! # What proves a file
//! Inode and birth time, with the head and the bytes before the cursor. Without them (a copy, a compressed file) the head
//! and those bytes alone, and only when no other file has them too: files that begin with the same banner are different
//! files, and a wrong one is worse than a gap that is told.
//!
//! # What is not found
//! A file that was given a name unlike the log's, or moved to a folder that is not served. Among files named by dates
//! nothing tells that one is missing.

mod order;
mod search;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use taillight::cursor::{Cursor, Generation, Identity, Marker};
use taillight::line::{ByteLen, ByteOffset};
use taillight::path::LogPath;
use taillight::wire::{FileEvent, Unpacking};
use tokio::runtime::Handle;

use super::TailTip;
use crate::catalog::{FileStat, LogFile, OpenError, Sibling};
use crate::source::{Archives, LocalFile, Source, packed};
use crate::tasks::Tasks;

use search::{Search, Seen};

/// How many archives a chain has at most: each is an open file.
pub(super) const MAX_LINKS: usize = 64;

/// How often siblings are listed again while they are being renamed, and how long that may take each time.
const TRIES: u32 = 5;
const RENAMING: Duration = Duration::from_millis(20);

/// How long somebody who comes back waits for a compressed archive.
const UNPACKING: Duration = Duration::from_secs(10);

/// Archives in stream order, and the held life that comes after them.
#[derive(Debug)]
pub(super) struct Chain {
    /// Oldest first, never empty.
    pub(super) links: Vec<Link>,
    /// The held life that goes on after the last of them.
    pub(super) next: Generation,
    /// Whether the cursor stands in the first of them; otherwise its file is lost and they come after it.
    pub(super) has_cursor: bool,
}

/// An archive.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Its bytes.
    pub(super) source: Arc<dyn Source>,
    /// What it is.
    pub(super) stat: FileStat,
    /// How long it is: nothing is expected to come to it.
    pub(super) len: ByteOffset,
    /// What stands between it and what comes after it, and when that happened.
    pub(super) then: (FileEvent, u64),
    /// The open file, where it is read as it is.
    pub(super) local: Option<Arc<LocalFile>>,
}

/// Where is looked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The log, opened for who asks.
    pub(super) file: &'a LogFile,
    /// The lives that are held.
    pub(super) tip: &'a TailTip,
    /// Where compressed files are decoded.
    pub(super) archives: &'a Archives,
    /// By what they are decoded.
    pub(super) tasks: &'a Tasks,
}

/// Looks for the file of a cursor that is in no held life. `None`: neither it nor what came after it is there. Blocks.
///
/// # Errors
/// When reading fails.
pub(super) fn find(place: Place<'_>, cursor: &Cursor) -> io::Result<Option<Chain>> {
    for _ in 1..TRIES {
        match Search::new(place)?.find(cursor)? {
            Seen::Still(chain) => return Ok(chain),
            // The names are being moved on: in a moment they stand still.
            Seen::Moving(_) => std::thread::sleep(RENAMING),
        }
    }
    let (Seen::Still(chain) | Seen::Moving(chain)) = Search::new(place)?.find(cursor)?;
    Ok(chain)
}

/// The path of the file of that identity, when it is not the current one but beside it. Blocks.
///
/// # Errors
/// When reading fails.
pub(super) fn path_of(place: Place<'_>, identity: &Identity) -> io::Result<Option<LogPath>> {
    let file = place.file;
    if file.input().is_some() || LocalFile::new(Arc::new(file.clone()))?.is_same(identity)? {
        return Ok(None);
    }
    let start = Cursor { identity: *identity, offset: ByteOffset::ZERO, marker: Marker::of(&[]) };
    let found = Search::new(place)?.file_of(&start)?;
    Ok(found.and_then(|(archive, _)| archive.sibling.path().cloned()))
}

/// Opens a sibling as what is read of it: its bytes, or what they decode to. A compressed one only if it begins like
/// `head`, where that is given, so that not every archive is decoded to find one. Blocks until it is decoded.
fn open_sibling(place: Place<'_>, sibling: &Sibling, head: Option<&Identity>) -> Result<Link, Unreadable> {
    let opened = place.file.open_sibling(sibling).map_err(|error| match error {
        OpenError::NotFound => Unreadable::Moved,
        _ => Unreadable::For(sibling.stat.len),
    })?;
    let stat = opened.stat().map_err(|_| Unreadable::For(sibling.stat.len))?;
    if (stat.inode, stat.born_ns) != (sibling.stat.inode, sibling.stat.born_ns) {
        return Err(Unreadable::Moved);
    }
    let local = Arc::new(LocalFile::new(Arc::new(opened)).map_err(|_| Unreadable::For(stat.len))?);
    let then = (FileEvent::Rotated, u64::try_from(stat.modified_unix_secs).unwrap_or(0));
    let stored = Arc::clone(&local) as Arc<dyn Source>;
    let is_packed = packed::format_of(&*stored).map_err(|_| Unreadable::For(stat.len))?.is_some();
    if is_packed {
        let begins_alike =
            |head: &Identity| packed::head_hash(&stored, head.head_len).is_ok_and(|hash| hash == Some(head.head_hash));
        if !head.is_none_or(begins_alike) {
            return Err(Unreadable::Packed);
        }
        return unpacked(
            place,
            stored,
            Link { source: Arc::clone(&local) as _, stat, len: ByteOffset::ZERO, then, local: None },
        );
    }
    let len = local.len().map_err(|_| Unreadable::For(stat.len))?;
    Ok(Link { source: stored, stat, len, then, local: Some(local) })
}

/// The link of a compressed file, decoded as far as it can be.
fn unpacked(place: Place<'_>, stored: Arc<dyn Source>, link: Link) -> Result<Link, Unreadable> {
    let opened = place.archives.open(stored, place.tasks);
    let Some(source) = opened.map_err(|_| Unreadable::For(link.stat.len))? else { return Err(Unreadable::Moved) };
    // On a thread that may block, as all of this is.
    if !Handle::current().block_on(source.reaches(None, UNPACKING)) {
        return Err(Unreadable::Packed);
    }
    let len = source.len().map_err(|_| Unreadable::Packed)?;
    let is_whole = source.state() == Unpacking::Whole;
    // How much is missing of what is damaged or cut short nobody knows.
    let what = if is_whole { link.then.0 } else { FileEvent::Gap { bytes: ByteLen::ZERO } };
    Ok(Link { source, len, then: (what, link.then.1), ..link })
}

/// Why a sibling cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unreadable {
    /// Another file has its name by now, or none.
    Moved,
    /// It is compressed, and not what is looked for or not decoded in time: how long it is cannot be told.
    Packed,
    /// The system refuses it; it has that many bytes.
    For(u64),
}
