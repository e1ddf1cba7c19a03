//! The bytes and the numbers of rows that do not follow each other.

use std::io;

use bytes::{Bytes, BytesMut};
use taillight::line::{ByteOffset, LineCount, LineNo};
use taillight::wire::{Cut, SparseRow};

use super::Row;
use crate::index::{BLOCK_BYTES, LineIndex};
use crate::read::blocks::Blocks;
use crate::read::{append, append_head, count_lines};
use crate::scan::rows::Rows;

/// How far a number is counted on where the index has not come yet, in bytes: the end of a live file.
const COUNT_ON_BYTES: u64 = 8 << 20;

/// The rows as they are sent.
pub(super) struct Copied {
    pub(super) rows: Vec<SparseRow>,
    pub(super) cuts: Vec<Cut>,
    pub(super) payload: Bytes,
    /// The number of the line at the place that was asked for.
    pub(super) next_line: Option<LineNo>,
}

/// Reads the rows, and numbers them and the line at `place`, as far as the index or a line whose number is known help.
pub(super) fn copy(
    rows: &Rows<'_>,
    index: &LineIndex,
    taken: &[Row],
    (place, known): (ByteOffset, Option<(ByteOffset, LineNo)>),
) -> io::Result<Copied> {
    let mut blocks = Blocks::new(rows.source, Some(index), rows.end, BLOCK_BYTES);
    let mut numbers = Numbers { rows, index, known };
    let mut payload = BytesMut::with_capacity(taken.iter().map(Row::cost).sum::<u64>() as usize);
    let mut out = Vec::with_capacity(taken.len());
    let mut cuts = Vec::new();
    for row in taken {
        let start = row.shown.start;
        let line = numbers.of(&mut blocks, start)?;
        if row.head < row.len {
            append_head(&mut blocks, (start.get(), row.len, row.head), &mut payload, &mut cuts)?;
        } else {
            append(&mut blocks, &mut payload, start.get(), start.get() + row.head)?;
        }
        if row.shown.finished {
            payload.extend_from_slice(b"\n");
        }
        numbers.known = line.map(|line| (row.shown.end, line + LineCount::new(1))).or(numbers.known);
        out.push(SparseRow { offset: start, line, context: row.shown.context });
    }
    // The line at the place of an unfinished last row is that row.
    let next_line = match out.last().filter(|row| row.offset == place) {
        Some(row) => row.line,
        None => numbers.of(&mut blocks, place)?,
    };
    Ok(Copied { rows: out, cuts, payload: payload.freeze(), next_line })
}

struct Numbers<'a> {
    rows: &'a Rows<'a>,
    index: &'a LineIndex,
    known: Option<(ByteOffset, LineNo)>,
}

impl Numbers<'_> {
    fn of(&self, blocks: &mut Blocks<'_>, start: ByteOffset) -> io::Result<Option<LineNo>> {
        if start == ByteOffset::ZERO {
            return Ok(Some(LineNo::FIRST));
        }
        if let Some((_, line)) = self.known.filter(|(place, _)| *place == start) {
            return Ok(Some(line));
        }
        if let Some(before) = self.index.rank_of_block(start) {
            return self.in_block(blocks, start.get(), before);
        }
        let Some((place, line)) = self.known.filter(|(place, _)| *place < start) else { return Ok(None) };
        if (start - place).get() > COUNT_ON_BYTES {
            return Ok(None);
        }
        Ok(Some(line + count_lines(self.rows.source, place, start)?))
    }

    /// The number of the line at `start`, when so many line feeds stand before its block.
    fn in_block(&self, blocks: &mut Blocks<'_>, start: u64, before: LineCount) -> io::Result<Option<LineNo>> {
        let block = blocks.start_of(start);
        if block == start {
            return Ok(Some(LineNo::after(before)));
        }
        let bytes = blocks.from(block)?;
        let bytes = bytes.get(..(start - block) as usize).ok_or(io::ErrorKind::UnexpectedEof)?;
        let feeds = memchr::memchr_iter(b'\n', bytes).count() as u64;
        Ok(Some(LineNo::after(before + LineCount::new(feeds))))
    }
}
