//! Pages by anchor.

use std::io;

use taillight::cursor::Anchor;
use taillight::line::{ByteOffset, LineCount, LineNo};
use taillight::wire::FrameFlags;

use super::blocks::Blocks;
use super::rows::{Room, Row, backward, copy, forward};
use super::{Page, PageWant, style};
use crate::dates;
use crate::index::{BLOCK_BYTES, LineIndex};
use crate::scan::moment;
use crate::source::Source;

/// The lines around an anchor, as the file is up to `end`.
///
/// A line number that the index has not come to yet gives the page at the furthest line that is counted: wait for it
/// first ([`LineIndex::wait_for`]).
///
/// # Errors
/// When reading fails, or the file is shorter than `end` by now ([`crate::source::is_gone`]).
pub fn page(source: &dyn Source, index: &LineIndex, end: ByteOffset, want: &PageWant) -> io::Result<Page> {
    page_in_blocks(&mut Blocks::new(source, Some(index), end, BLOCK_BYTES), index, want)
}

pub(super) fn page_in_blocks(blocks: &mut Blocks<'_>, index: &LineIndex, want: &PageWant) -> io::Result<Page> {
    let anchor = find_anchor(blocks, index, want.at)?;
    let (before, after) = measure(blocks, anchor, want)?;
    let rows: Vec<Row> = before.iter().rev().chain(&after).copied().collect();
    let (payload, cuts) = copy(blocks, &rows)?;
    let offset = rows.first().map_or(anchor, |row| row.start);
    let end = rows.last().map_or(anchor, Row::end);
    Ok(Page {
        offset: ByteOffset::new(offset),
        end: ByteOffset::new(end),
        first_line: rows.first().and_then(|_| line_number(blocks, index, offset)),
        style: style::at(blocks, offset),
        rows: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        cuts,
        payload,
        flags: FrameFlags {
            at_start: offset == 0,
            at_end: end == blocks.end(),
            unfinished: rows.last().is_some_and(|row| !row.finished),
        },
        anchor: ByteOffset::new(anchor),
    })
}

/// Where the line at the anchor starts, or the end.
fn find_anchor(blocks: &mut Blocks<'_>, index: &LineIndex, at: Anchor) -> io::Result<u64> {
    let end = blocks.end();
    match at {
        Anchor::Start => Ok(0),
        Anchor::End => Ok(end),
        Anchor::Byte(byte) if byte.get() >= end => Ok(end),
        Anchor::Byte(byte) => blocks.line_start(byte.get()),
        // From the blocks that the page is in: going to a line reads nothing else.
        Anchor::Line(line) => Ok(nearest_line(index, line, |line| blocks.line(index, line)).unwrap_or(end)),
        Anchor::Time(time) => {
            let time = time.resolve(dates::now(), dates::zone());
            Ok(moment(blocks.source(), ByteOffset::new(end), time)?.at.get())
        }
    }
}

/// Where a line starts; the furthest counted one while the index runs; `None` past the last.
pub(crate) fn find_line(index: &LineIndex, line: LineNo) -> Option<ByteOffset> {
    nearest_line(index, line, |line| index.select(line))
}

fn nearest_line<T>(index: &LineIndex, line: LineNo, mut select: impl FnMut(LineNo) -> Option<T>) -> Option<T> {
    let total = index.total();
    if let Some(start) = select(line) {
        return Some(start);
    }
    let last = LineNo::new(total.count.get()).filter(|_| !total.exact)?;
    select(last.min(line)).or_else(|| select(last - LineCount::new(1)))
}

/// The lines before, nearest first, and after the anchor. They share the bytes as they share the rows; what one side
/// leaves goes to the other.
fn measure(blocks: &mut Blocks<'_>, anchor: u64, want: &PageWant) -> io::Result<(Vec<Row>, Vec<Row>)> {
    let all = Room::new(want.after, want.max_bytes);
    let wanted = u64::from(want.before).saturating_add(u64::from(want.after)).max(1);
    let share = u128::from(all.bytes) * u128::from(want.after) / u128::from(wanted);
    let share = u64::try_from(share).unwrap_or(all.bytes);

    let mut after = Vec::new();
    let mut room = Room { bytes: share, ..all };
    forward(blocks, anchor, &mut room, &mut after)?;
    let used: u64 = after.iter().map(Row::cost).sum();
    let rows_left = room.rows;

    let mut room = Room { rows: want.before, bytes: all.bytes.saturating_sub(used), ..all };
    let before = backward(blocks, anchor, &mut room, after.is_empty())?;

    if rows_left > 0 && !after.is_empty() {
        let mut room = Room { rows: rows_left, bytes: room.bytes, ..all };
        let from = after.last().map_or(anchor, Row::end);
        forward(blocks, from, &mut room, &mut after)?;
    }
    Ok((before, after))
}

/// The number of the line that starts at `offset`: from the index and the block in hand, so that nothing more is read.
fn line_number(blocks: &Blocks<'_>, index: &LineIndex, offset: u64) -> Option<LineNo> {
    let block = index.block_of(ByteOffset::new(offset)).get();
    let kept = blocks.kept(offset).filter(|_| blocks.start_of(offset) == block);
    let bytes = kept.and_then(|bytes| bytes.get(..(offset - block) as usize));
    let before = match bytes.zip(index.rank_of_block(ByteOffset::new(offset))) {
        Some((bytes, before)) => before + LineCount::new(memchr::memchr_iter(b'\n', bytes).count() as u64),
        None => index.rank(ByteOffset::new(offset))?,
    };
    Some(LineNo::after(before))
}
