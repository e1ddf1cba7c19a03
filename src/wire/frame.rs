//! Binary frames: a fixed header, the places where long lines were cut, and the raw bytes of the file.
//!
//! All numbers are little-endian.
//!
//! | at | bytes | |
//! |---|---|---|
//! | 0 | 1 | kind |
//! | 1 | 1 | flags |
//! | 2 | 2 | number of cuts |
//! | 4 | 4 | request number, 0 for live frames |
//! | 8 | 4 | generation |
//! | 12 | 6 | style that the first line starts with |
//! | 18 | 6 | zero |
//! | 24 | 8 | offset of the first byte in the file |
//! | 32 | 8 | offset after the last byte covered |
//! | 40 | 8 | number of the first line, 0 when not known |
//! | 48 | 12 each | cuts: where in the payload (4), bytes of the file left out there (8) |
//! | | 16 | sparse frames (flag 8): marker of where lines go on: length (1), zero (3), hash (8); number of rows (4) |
//! | | 17 each | sparse frames: a row's offset (8), its line number or 0 (8), 1 when it is context (1) |
//! | | rest | payload |
//!
//! A frame covers whole lines, each with its line feed, except an unfinished last one (flag) and frames of kind
//! [`FrameKind::More`], which cover a part of one line. A sparse frame holds some of the lines of what it covers, and says
//! of each where it starts. It begins and ends at a line's start, or after its last row when that is unfinished: an
//! unfinished line that is not shown is not covered while it can grow, for it may be shown when it is whole.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::ansi::Style;
use crate::cursor::{Generation, Marker};
use crate::line::{ByteLen, ByteOffset, LineCount, LineNo};

/// The header's length in bytes.
pub const HEADER_BYTES: usize = 48;

const CUT_BYTES: usize = 12;
const SPARSE_BYTES: usize = 16;
const ROW_BYTES: usize = 17;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// The next lines of a live connection.
    Live,
    /// The answer to a request for a page.
    Page,
    /// The answer to a request for more of a long line.
    More,
}

/// What is true of a frame's ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameFlags {
    /// It begins at the start of the file.
    pub at_start: bool,
    /// It reaches the end of what was readable.
    pub at_end: bool,
    /// Its last line has no line feed yet. It is provisional: it comes again, whole, in a later frame.
    pub unfinished: bool,
}

/// A place where bytes of a long line were left out: at its end, or in front of its first byte when that is NUL, and then
/// what is left out is NUL bytes too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where in the payload, in bytes.
    pub at: u32,
    /// How many bytes of the file are left out there.
    pub missing: ByteLen,
}

/// What a frame of some lines says besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sparse {
    /// The marker of where lines go on after the frame, which is its end or the start of its unfinished last row: the
    /// client cannot make it from lines that it does not have.
    pub marker: Marker,
    /// The lines, in order: one for each of the payload.
    pub rows: Vec<SparseRow>,
}

/// A line of a sparse frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SparseRow {
    /// Where it starts in the file.
    pub offset: ByteOffset,
    /// Its number, where it is known.
    pub line: Option<LineNo>,
    /// Whether it is shown because of a match near it.
    pub context: bool,
}

/// Lines on their way to the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is for.
    pub kind: FrameKind,
    /// What is true of its ends.
    pub flags: FrameFlags,
    /// The request it answers; 0 for live frames and the first page.
    pub req: u32,
    /// The generation it is of.
    pub generation: Generation,
    /// The style that the first line it holds starts with. Below lines that it does not hold, a line starts plain.
    pub style: Style,
    /// The offset of its first byte in the file.
    pub offset: ByteOffset,
    /// The offset after the last byte it covers, bytes left out included.
    pub end: ByteOffset,
    /// The number of its first line, where it is known.
    pub first_line: Option<LineNo>,
    /// Where long lines were cut, in order.
    pub cuts: Vec<Cut>,
    /// Which lines of what it covers these are; `None` for all of them.
    pub sparse: Option<Sparse>,
    /// The bytes of the file, without those left out.
    pub payload: Bytes,
}

/// A line of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRow<'a> {
    /// Where it starts in the file.
    pub offset: ByteOffset,
    /// Its bytes that were sent, without the line feed; a carriage return before it is still there.
    pub bytes: &'a [u8],
    /// How many NUL bytes were left out in front of them.
    pub hole: ByteLen,
    /// How many bytes were left out at its end.
    pub missing: ByteLen,
    /// After it in the file, its line feed included.
    pub end: ByteOffset,
    /// Whether it has its line feed.
    pub finished: bool,
    /// Its number, where the frame says it.
    pub line: Option<LineNo>,
    /// Whether it is shown because of a match near it.
    pub context: bool,
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadFrame {
    /// Shorter than its header and cuts.
    Short,
    /// A kind that does not exist.
    Kind,
    /// Cuts out of order or beyond the payload, or lengths that do not add up.
    Cuts,
}

impl Frame {
    /// The frame as one message.
    pub fn encode(&self) -> Bytes {
        let n_rows = self.sparse.as_ref().map_or(0, |sparse| sparse.rows.len());
        let tables = self.cuts.len() * CUT_BYTES + SPARSE_BYTES + n_rows * ROW_BYTES;
        let mut out = BytesMut::with_capacity(HEADER_BYTES + tables + self.payload.len());
        out.put_u8(match self.kind {
            FrameKind::Live => 1,
            FrameKind::Page => 2,
            FrameKind::More => 3,
        });
        let FrameFlags { at_start, at_end, unfinished } = self.flags;
        let sparse = u8::from(self.sparse.is_some());
        out.put_u8(u8::from(at_start) | u8::from(at_end) << 1 | u8::from(unfinished) << 2 | sparse << 3);
        // A page has at most 2,000 rows, so the count fits; a frame that has more is cut off rather than torn.
        let n_cuts = u16::try_from(self.cuts.len()).unwrap_or(u16::MAX);
        out.put_u16_le(n_cuts);
        out.put_u32_le(self.req);
        out.put_u32_le(self.generation.get());
        out.put_slice(&self.style.to_bytes());
        out.put_bytes(0, 6);
        out.put_u64_le(self.offset.get());
        out.put_u64_le(self.end.get());
        out.put_u64_le(self.first_line.map_or(0, LineNo::get));
        for cut in self.cuts.iter().take(usize::from(n_cuts)) {
            out.put_u32_le(cut.at);
            out.put_u64_le(cut.missing.get());
        }
        if let Some(sparse) = &self.sparse {
            sparse.encode(&mut out);
        }
        out.put_slice(&self.payload);
        out.freeze()
    }

    /// Reads a message; the payload shares its memory.
    ///
    /// # Errors
    /// When the bytes are not a frame.
    pub fn decode(message: &Bytes) -> Result<Self, BadFrame> {
        let header: &[u8; HEADER_BYTES] = message.first_chunk().ok_or(BadFrame::Short)?;
        let kind = match header[0] {
            1 => FrameKind::Live,
            2 => FrameKind::Page,
            3 => FrameKind::More,
            _ => return Err(BadFrame::Kind),
        };
        let flags =
            FrameFlags { at_start: header[1] & 1 != 0, at_end: header[1] & 2 != 0, unfinished: header[1] & 4 != 0 };
        let body_at = HEADER_BYTES + usize::from(u16::from_le_bytes(field(header, 2))) * CUT_BYTES;
        let cut_bytes = message.get(HEADER_BYTES..body_at).ok_or(BadFrame::Short)?;
        let cuts: Vec<Cut> = cut_bytes.as_chunks::<CUT_BYTES>().0.iter().map(decode_cut).collect();
        let (sparse, payload_at) = match header[1] & 8 {
            0 => (None, body_at),
            _ => Sparse::decode(message, body_at).map(|(sparse, at)| (Some(sparse), at))?,
        };
        let frame = Self {
            kind,
            flags,
            req: u32::from_le_bytes(field(header, 4)),
            generation: Generation::new(u32::from_le_bytes(field(header, 8))),
            style: Style::from_bytes(field(header, 12)),
            offset: ByteOffset::new(u64::from_le_bytes(field(header, 24))),
            end: ByteOffset::new(u64::from_le_bytes(field(header, 32))),
            first_line: LineNo::new(u64::from_le_bytes(field(header, 40))),
            cuts,
            sparse,
            payload: message.slice(payload_at..),
        };
        if frame.adds_up() { Ok(frame) } else { Err(BadFrame::Cuts) }
    }

    /// What a live frame takes of the credit, in bytes: its payload. Both sides count by this.
    pub fn credit(&self) -> u32 {
        u32::try_from(self.payload.len()).unwrap_or(u32::MAX)
    }

    /// Whether its first line starts where it starts: it holds all lines, or that one.
    pub fn starts_with_a_row(&self) -> bool {
        self.sparse.as_ref().is_none_or(|sparse| sparse.rows.first().is_some_and(|row| row.offset == self.offset))
    }

    /// The lines, in order. A cut stands where the bytes of a long line end, just before its line feed, or where they begin.
    pub fn rows(&self) -> impl Iterator<Item = FrameRow<'_>> {
        let mut at = 0;
        let mut offset = self.offset;
        let mut cuts = self.cuts.iter().peekable();
        let mut sparse = self.sparse.as_ref().map(|sparse| sparse.rows.iter());
        let mut number = self.first_line;
        std::iter::from_fn(move || {
            let rest = self.payload.get(at..).filter(|rest| !rest.is_empty())?;
            let feed = memchr::memchr(b'\n', rest);
            let bytes = &rest[..feed.unwrap_or(rest.len())];
            let line_end = at + bytes.len();
            let begun = cuts.next_if(|cut| (cut.at as usize) < line_end);
            let hole = begun.map_or(ByteLen::ZERO, |cut| cut.missing);
            let cut = cuts.next_if(|cut| cut.at as usize <= line_end);
            let missing = cut.map_or(ByteLen::ZERO, |cut| cut.missing);
            let covered = bytes.len() + usize::from(feed.is_some());
            let mut context = false;
            if let Some(rows) = &mut sparse {
                let row = rows.next()?;
                (offset, number, context) = (row.offset, row.line, row.context);
            }
            let end = offset + hole + ByteLen::new(covered as u64) + missing;
            let row = FrameRow { offset, bytes, hole, missing, end, finished: feed.is_some(), line: number, context };
            at += covered;
            offset = end;
            number = number.map(|number| number + LineCount::new(1));
            Some(row)
        })
    }

    /// Whether offsets, cuts and payload tell the same story.
    fn adds_up(&self) -> bool {
        let in_order = self.cuts.is_sorted_by(|a, b| a.at < b.at);
        // Before a line feed, or after the last byte of an unfinished line, or before the NUL that begins a line: so each
        // line has at most one at either end.
        let begins_a_line = |at: usize| at.checked_sub(1).is_none_or(|before| self.payload.get(before) == Some(&b'\n'));
        let is_at_line_end = |cut: &Cut| match self.payload.get(cut.at as usize) {
            Some(0) => begins_a_line(cut.at as usize),
            Some(byte) => *byte == b'\n',
            None => cut.at as usize == self.payload.len() && self.payload.last().is_some_and(|byte| *byte != b'\n'),
        };
        let inside = self.cuts.iter().all(is_at_line_end);
        if self.sparse.is_some() {
            return in_order && inside && self.rows_are_in_order();
        }
        let missing = self.cuts.iter().try_fold(0_u64, |sum, cut| sum.checked_add(cut.missing.get()));
        let covered = missing.and_then(|missing| missing.checked_add(self.payload.len() as u64));
        let expected = covered.and_then(|covered| self.offset.get().checked_add(covered));
        in_order && inside && expected == Some(self.end.get())
    }
}

impl Frame {
    /// Whether each row of a sparse frame has its line, after the row before it and inside what is covered.
    fn rows_are_in_order(&self) -> bool {
        let Some(sparse) = &self.sparse else { return true };
        let n_feeds = memchr::memchr_iter(b'\n', &self.payload).count();
        let n_lines = n_feeds + usize::from(self.payload.last().is_some_and(|byte| *byte != b'\n'));
        let mut from = self.offset;
        let offsets_fit = self.rows().all(|row| {
            let fits = row.offset >= from && row.end >= row.offset;
            from = row.end;
            fits
        });
        n_lines == sparse.rows.len() && offsets_fit && from <= self.end
    }
}

impl Sparse {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(self.marker.len);
        out.put_bytes(0, 3);
        out.put_u64_le(self.marker.hash);
        out.put_u32_le(u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
        for row in &self.rows {
            out.put_u64_le(row.offset.get());
            out.put_u64_le(row.line.map_or(0, LineNo::get));
            out.put_u8(u8::from(row.context));
        }
    }

    /// What stands at `at`, and where the payload begins after it.
    fn decode(message: &Bytes, at: usize) -> Result<(Self, usize), BadFrame> {
        let rest = message.get(at..).ok_or(BadFrame::Short)?;
        let head: &[u8; SPARSE_BYTES] = rest.first_chunk().ok_or(BadFrame::Short)?;
        let marker = Marker { len: head[0], hash: u64::from_le_bytes(field(head, 4)) };
        let n_rows = u32::from_le_bytes(field(head, 12)) as usize;
        let n_bytes = n_rows.checked_mul(ROW_BYTES).ok_or(BadFrame::Short)?;
        let rows_end = SPARSE_BYTES.checked_add(n_bytes).ok_or(BadFrame::Short)?;
        let rows = rest.get(SPARSE_BYTES..rows_end).ok_or(BadFrame::Short)?;
        let rows = rows.as_chunks::<ROW_BYTES>().0.iter().map(|row| SparseRow {
            offset: ByteOffset::new(u64::from_le_bytes(field(row, 0))),
            line: LineNo::new(u64::from_le_bytes(field(row, 8))),
            context: row[16] != 0,
        });
        Ok((Self { marker, rows: rows.collect() }, at + rows_end))
    }
}

fn field<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}

fn decode_cut(bytes: &[u8; CUT_BYTES]) -> Cut {
    let [a, b, c, d, rest @ ..] = *bytes;
    Cut { at: u32::from_le_bytes([a, b, c, d]), missing: ByteLen::new(u64::from_le_bytes(rest)) }
}

impl std::fmt::Display for BadFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Short => "the frame is shorter than its header says",
            Self::Kind => "the frame is of an unknown kind",
            Self::Cuts => "the frame's offsets do not add up",
        })
    }
}

impl std::error::Error for BadFrame {}
