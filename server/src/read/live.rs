//! The next finished lines for a live view, and more of a long line.

use std::io;

use bytes::{Bytes, BytesMut};
use taillight::cursor::Marker;
use taillight::line::{ByteLen, ByteOffset, LineCount};
use taillight::wire::{MAX_LIVE_BYTES, MAX_PAGE_BYTES};

use super::Chunk;
use super::blocks::Blocks;
use super::rows::{Room, copy, forward};
use crate::index::BLOCK_BYTES;
use crate::source::{Source, read_full};

/// The longest line that is not cut in a live frame, in bytes: with its line feed it fills one.
const LIVE_LINE_BYTES: usize = MAX_LIVE_BYTES - 1;

/// Whole finished lines from `from`, a line's start, and not beyond `to`, at most `max_bytes` of payload.
///
/// Nothing comes (`end` is `from`) when no line is finished, and when the next one does not fit `max_bytes`: it is cut
/// only when it does not fit [`MAX_LIVE_BYTES`]. With that much room there is always progress.
///
/// # Errors
/// When reading fails, or the file is shorter than `to` by now ([`crate::source::is_gone`]).
pub fn lines_from(source: &dyn Source, from: ByteOffset, to: ByteOffset, max_bytes: usize) -> io::Result<Chunk> {
    let marked = from - ByteLen::new(Marker::MAX_BYTES as u64);
    let before_len = (from - marked).get() as usize;
    let wanted = max_bytes.min(MAX_LIVE_BYTES).min(usize::try_from((to - from).get()).unwrap_or(usize::MAX));
    let mut buf = BytesMut::zeroed(before_len + wanted);
    if read_full(source, &mut buf, marked)? < buf.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut buf = buf.freeze();
    let before = Marker::of(&buf[..before_len]);
    match memchr::memrchr(b'\n', &buf[before_len..]) {
        Some(feed) => {
            buf.truncate(before_len + feed + 1);
            let after = Marker::of(&buf);
            let payload = buf.slice(before_len..);
            Ok(Chunk { before, end: from + ByteLen::new(payload.len() as u64), after, cuts: Vec::new(), payload })
        }
        None if wanted == MAX_LIVE_BYTES => long_line(source, from, to, before),
        None => Ok(Chunk { before, end: from, after: before, cuts: Vec::new(), payload: Bytes::new() }),
    }
}

/// The head of a line that is longer than a live frame, if it is finished.
fn long_line(source: &dyn Source, from: ByteOffset, to: ByteOffset, before: Marker) -> io::Result<Chunk> {
    let mut blocks = Blocks::new(source, None, to, BLOCK_BYTES);
    let mut room = Room { line: LIVE_LINE_BYTES as u64, ..Room::new(1, MAX_LIVE_BYTES) };
    let mut rows = Vec::new();
    forward(&mut blocks, from.get(), &mut room, &mut rows)?;
    rows.retain(|row| row.finished);
    let Some(end) = rows.last().map(|row| ByteOffset::new(row.end())) else {
        return Ok(Chunk { before, end: from, after: before, cuts: Vec::new(), payload: Bytes::new() });
    };
    let (payload, cuts) = copy(&mut blocks, &rows)?;
    Ok(Chunk { before, end, after: marker_at(source, end)?, cuts, payload })
}

/// Up to `len` bytes, at most [`MAX_PAGE_BYTES`], of the line that holds `offset`, from there on and without its line
/// feed. Empty at the line's end.
///
/// # Errors
/// When reading fails.
pub fn line_bytes(source: &dyn Source, offset: ByteOffset, len: u32) -> io::Result<Bytes> {
    let mut buf = BytesMut::zeroed((len as usize).min(MAX_PAGE_BYTES));
    let read = read_full(source, &mut buf, offset)?;
    buf.truncate(memchr::memchr(b'\n', &buf[..read]).unwrap_or(read));
    Ok(buf.freeze())
}

/// The marker of `offset`, for a cursor.
///
/// # Errors
/// When reading fails, or the file is shorter than `offset` by now ([`crate::source::is_gone`]).
pub fn marker_at(source: &dyn Source, offset: ByteOffset) -> io::Result<Marker> {
    marker_of(source, offset, Marker::MAX_BYTES as u8)
}

/// The marker of `offset` over `len` bytes, for comparing with one that covers no more; at most
/// [`Marker::MAX_BYTES`].
///
/// # Errors
/// As [`marker_at`].
pub fn marker_of(source: &dyn Source, offset: ByteOffset, len: u8) -> io::Result<Marker> {
    let from = offset - ByteLen::new(u64::from(len).min(Marker::MAX_BYTES as u64));
    let mut buf = [0; Marker::MAX_BYTES];
    let buf = &mut buf[..(offset - from).get() as usize];
    if read_full(source, buf, from)? < buf.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Marker::of(buf))
}

/// After the last line feed between two places; `None` when there is none. Reads back from `to`, past holes.
///
/// # Errors
/// When reading fails, or the file is shorter than `to` by now ([`crate::source::is_gone`]).
pub fn end_of_lines(source: &dyn Source, from: ByteOffset, to: ByteOffset) -> io::Result<Option<ByteOffset>> {
    let mut buf = vec![0; (BLOCK_BYTES as usize).min(usize::try_from((to - from).get()).unwrap_or(usize::MAX))];
    let mut to = to;
    while to > from {
        let start = (to - ByteLen::new(buf.len() as u64)).max(from);
        let wanted = (to - start).get() as usize;
        if read_full(source, &mut buf[..wanted], start)? < wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(feed) = memchr::memrchr(b'\n', &buf[..wanted]) {
            return Ok(Some(start + ByteLen::new(feed as u64 + 1)));
        }
        to = source.hole_before(start)?;
    }
    Ok(None)
}

/// How many lines end between two places: for counters where the index has not come yet. Reads all of it.
///
/// # Errors
/// When reading fails, or the file is shorter than `to` by now ([`crate::source::is_gone`]).
pub fn count_lines(source: &dyn Source, from: ByteOffset, to: ByteOffset) -> io::Result<LineCount> {
    let mut at = source.next_data(from)?;
    let mut buf = vec![0; (BLOCK_BYTES as usize).min(usize::try_from((to - from).get()).unwrap_or(usize::MAX))];
    let mut lines = 0;
    while at < to {
        let wanted = usize::try_from((to - at).get()).map_or(buf.len(), |rest| rest.min(buf.len()));
        let read = read_full(source, &mut buf[..wanted], at)?;
        if read < wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        lines += memchr::memchr_iter(b'\n', &buf[..read]).count() as u64;
        at = source.next_data(at + ByteLen::new(read as u64))?;
    }
    Ok(LineCount::new(lines))
}
