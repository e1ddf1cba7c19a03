//! What everything reads: a growing sequence of bytes with an identity and a length.
//!
//! Positional reads only, so that any number of readers share one source. Every kind of source passes the suite in
//! `source/conformance.rs`.

#[cfg(test)]
pub(crate) mod conformance;
mod head;
mod local;
pub mod packed;
mod spool;
mod stdin;

use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use taillight::cursor::Identity;
use taillight::line::ByteOffset;
use tokio::sync::watch;

use crate::dates::Learned;
pub(crate) use head::{HEAD_BYTES, begins_with};
pub use local::LocalFile;
pub use packed::{Archives, Packed};
pub use spool::Spool;
pub use stdin::{InputState, Intake, Part, Stdin};

/// A growing sequence of bytes. All methods but [`Source::lengths`] may block.
pub trait Source: Send + Sync + Debug {
    /// How many bytes can be read now.
    ///
    /// # Errors
    /// When the system cannot say, or the source is [gone](is_gone).
    fn len(&self) -> io::Result<ByteOffset>;

    /// Whether there is nothing to read now.
    ///
    /// # Errors
    /// As [`Source::len`].
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == ByteOffset::ZERO)
    }

    /// Reads from `at` on; fewer bytes than asked only at the end, 0 at or past it.
    ///
    /// # Errors
    /// When reading fails, or the source is [gone](is_gone).
    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize>;

    /// Which bytes these are, with as much of their head as there is now.
    ///
    /// # Errors
    /// When reading fails, or the source is [gone](is_gone).
    fn identity(&self) -> io::Result<Identity>;

    /// Whether these are the bytes that were `seen` before, perhaps grown since.
    ///
    /// # Errors
    /// When reading fails, or the source is [gone](is_gone).
    fn is_same(&self, seen: &Identity) -> io::Result<bool>;

    /// The first place at or after `from` where there may be data: skips holes, which read as zeros. The length when
    /// only a hole is left.
    ///
    /// # Errors
    /// When the system cannot say.
    fn next_data(&self, from: ByteOffset) -> io::Result<ByteOffset> {
        Ok(from)
    }

    /// The start of the hole that ends at `to`, or `to` where there is none.
    ///
    /// # Errors
    /// When the system cannot say.
    fn hole_before(&self, to: ByteOffset) -> io::Result<ByteOffset> {
        Ok(to)
    }

    /// Where the next hole at or after `from` may begin: up to there everything is data. Far past the length where no hole
    /// is known. Asking again and again costs nothing where there are none.
    ///
    /// # Errors
    /// When the system cannot say, or the source is [gone](is_gone).
    fn next_hole(&self, from: ByteOffset) -> io::Result<ByteOffset> {
        let _ = from;
        Ok(ByteOffset::new(u64::MAX))
    }

    /// The length as the follower last saw it, and its changes.
    fn lengths(&self) -> watch::Receiver<ByteOffset>;

    /// Whether its bytes are gone for good: from then on every read fails with [`Gone`].
    fn is_cut(&self) -> bool {
        false
    }

    /// The device its file is on; 0 where it has none of its own.
    fn device(&self) -> u64 {
        0
    }

    /// When its file was last written, in nanoseconds since 1970; `None` when it has none that outlives the server.
    fn modified_ns(&self) -> Option<u64> {
        None
    }

    /// Whether its end is the end of the log: not so for a compressed file that could not be decoded to its end.
    fn is_whole(&self) -> bool {
        true
    }

    /// The bytes as they are stored, where these are decoded from others.
    fn stored(&self) -> Option<Arc<dyn Source>> {
        None
    }

    /// When they were changed last; now, where nobody knows.
    ///
    /// # Errors
    /// When the system cannot say.
    fn modified(&self) -> io::Result<SystemTime> {
        Ok(SystemTime::now())
    }

    /// Where what was [learned](crate::dates::Dates::of) of its times is kept; `None` where it is learned each time.
    fn learned(&self) -> Option<&Learned> {
        None
    }
}

/// The bytes are not there any more: their file was truncated, or its handle was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are gone: the file was truncated or is held no more")]
pub struct Gone;

/// Whether a read failed because the bytes are [`Gone`], or ended before the length that was promised.
pub fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof || error.get_ref().is_some_and(|inner| inner.is::<Gone>())
}

/// How much of the start of a file, or of what it stands for, tells whether it is text, in bytes.
pub const TEXT_HEAD_BYTES: usize = 1024;

/// Whether what begins like this is no text, for who searches whatever a folder holds: it has a NUL near its start.
pub fn is_binary(head: &[u8]) -> bool {
    head.iter().take(TEXT_HEAD_BYTES).any(|&byte| byte == 0)
}

/// The lines of a file are in UTF-16: no query matches them as they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its text is in UTF-16, which is not read: convert it, as with iconv -f UTF-16 -t UTF-8")]
pub struct Utf16;

/// Fails when what begins like this is in UTF-16 by its byte order mark.
///
/// # Errors
/// With [`Utf16`].
pub fn check_encoding(head: &[u8]) -> io::Result<()> {
    if taillight::line::is_utf_16(head) { Err(io::Error::other(Utf16)) } else { Ok(()) }
}

/// As [`check_encoding`], of a source.
///
/// # Errors
/// With [`Utf16`], or when it cannot be read.
pub fn check_encoding_of(source: &dyn Source) -> io::Result<()> {
    let mut head = [0; TEXT_HEAD_BYTES];
    let n_read = read_full(source, &mut head, ByteOffset::ZERO)?;
    check_encoding(head.get(..n_read).unwrap_or_default())
}

/// Why nothing is looked for in the text of a source, and what to do; `None` where it can be, or where reading its lines
/// will tell what else is wrong.
pub fn unread(source: &dyn Source) -> Option<String> {
    check_encoding_of(source).err().filter(is_utf_16).map(|error| error.to_string())
}

/// Whether a read failed because the text is in [`Utf16`].
fn is_utf_16(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Utf16>())
}

/// As [`read_full`], but the zeros of holes are not read.
///
/// # Errors
/// As [`Source::read_at`].
pub fn read_data(source: &dyn Source, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buf.len() {
        let place = ByteOffset::new(at.get().saturating_add(filled as u64));
        let rest = &mut buf[filled..];
        let part = |to: ByteOffset| usize::try_from((to - place).get()).unwrap_or(usize::MAX).min(rest.len());
        let (data, hole) = match part(source.next_hole(place)?) {
            0 => (0, part(source.next_data(place)?)),
            data => (data, 0),
        };
        if hole > 0 {
            rest[..hole].fill(0);
            filled += hole;
            continue;
        }
        // Where neither is told, the read finds out.
        let wanted = if data > 0 { data } else { rest.len() };
        let n_read = read_full(source, &mut rest[..wanted], place)?;
        filled += n_read;
        if n_read < wanted {
            break;
        }
    }
    Ok(filled)
}

/// Reads until `buf` is full or the source ends; says how many bytes came.
///
/// # Errors
/// As [`Source::read_at`].
pub fn read_full(source: &dyn Source, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buf.len() {
        let place = ByteOffset::new(at.get().saturating_add(filled as u64));
        match source.read_at(&mut buf[filled..], place) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
