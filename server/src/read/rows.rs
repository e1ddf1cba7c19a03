//! Which lines go into an answer: measured first, then copied.

use std::io;

use bytes::{Bytes, BytesMut};
use taillight::wire::{Cut, MAX_LINE_BYTES};

use super::blocks::Blocks;
use super::hole::append_head;

/// A line, and how much of it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it starts.
    pub(super) start: u64,
    /// Its bytes without the line feed.
    pub(super) len: u64,
    /// Whether it has its line feed.
    pub(super) finished: bool,
    /// How many of its bytes are sent.
    pub(super) head: u64,
}

/// How much may still go into an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Lines.
    pub(super) rows: u32,
    /// Bytes of payload.
    pub(super) bytes: u64,
    /// A line longer than this is cut to it.
    pub(super) line: u64,
}

impl Row {
    /// After it in the file.
    pub(super) fn end(&self) -> u64 {
        self.start + self.len + u64::from(self.finished)
    }

    /// The bytes of payload that it takes.
    pub(super) fn cost(&self) -> u64 {
        self.head + u64::from(self.finished)
    }
}

impl Room {
    /// Room for whole lines as a page sends them; `max_bytes` is at least one byte and its line feed.
    pub(super) fn new(rows: u32, max_bytes: usize) -> Self {
        let bytes = (max_bytes as u64).max(2);
        Self { rows, bytes, line: (MAX_LINE_BYTES as u64).min(bytes - 1) }
    }

    /// Takes the room for a line; `first` lines get in even when their share is too small.
    fn take(&mut self, row: Row, first: bool) -> Option<Row> {
        let row = Row { head: row.len.min(self.line), ..row };
        if self.rows == 0 || (row.cost() > self.bytes && !first) {
            return None;
        }
        self.rows -= 1;
        self.bytes = self.bytes.saturating_sub(row.cost());
        Some(row)
    }
}

/// The lines from `from` on, a line's start, as far as there is room.
pub(super) fn forward(blocks: &mut Blocks<'_>, from: u64, room: &mut Room, rows: &mut Vec<Row>) -> io::Result<()> {
    let mut at = from;
    while room.rows > 0 && at < blocks.end() {
        let feed = blocks.feed_after(at)?;
        let row = Row { start: at, len: feed.unwrap_or(blocks.end()) - at, finished: feed.is_some(), head: 0 };
        let Some(row) = room.take(row, rows.is_empty()) else { break };
        at = row.end();
        rows.push(row);
    }
    Ok(())
}

/// The lines before `to`, a line's start or the end of all, nearest first, as far as there is room.
pub(super) fn backward(blocks: &mut Blocks<'_>, to: u64, room: &mut Room, must: bool) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut to = to;
    while room.rows > 0 && to > 0 {
        // Only at the end of all can the line before have no line feed.
        let finished = blocks.feed_before(to)? == Some(to - 1);
        let content_end = to - u64::from(finished);
        let start = blocks.line_start(content_end)?;
        let row = Row { start, len: content_end - start, finished, head: 0 };
        let Some(row) = room.take(row, must && rows.is_empty()) else { break };
        to = row.start;
        rows.push(row);
    }
    Ok(rows)
}

/// The bytes of `rows`, which follow each other, and where they were cut.
pub(super) fn copy(blocks: &mut Blocks<'_>, rows: &[Row]) -> io::Result<(Bytes, Vec<Cut>)> {
    let total: u64 = rows.iter().map(Row::cost).sum();
    let mut payload = BytesMut::with_capacity(total as usize);
    let mut cuts = Vec::new();
    let mut run = rows.first().map_or(0..0, |row| row.start..row.start);
    for row in rows {
        if row.head < row.len {
            append(blocks, &mut payload, run.start, row.start)?;
            append_head(blocks, (row.start, row.len, row.head), &mut payload, &mut cuts)?;
            run.start = row.start + row.len;
        }
        run.end = row.end();
    }
    append(blocks, &mut payload, run.start, run.end)?;
    Ok((payload.freeze(), cuts))
}

/// Appends the bytes from `from` to `to`.
pub(crate) fn append(blocks: &mut Blocks<'_>, payload: &mut BytesMut, from: u64, to: u64) -> io::Result<()> {
    let mut at = from;
    while at < to {
        let bytes = blocks.from(at)?;
        let wanted = usize::try_from(to - at).map_or(bytes.len(), |wanted| wanted.min(bytes.len()));
        if wanted == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        payload.extend_from_slice(&bytes[..wanted]);
        at += wanted as u64;
    }
    Ok(())
}
