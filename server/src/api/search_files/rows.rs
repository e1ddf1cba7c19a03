//! Lines that were found, as the rows of an answer: what `/api/v1/lines` says of them, and where in the text the terms
//! stand.

use std::io;

use taillight::ansi;
use taillight::line::{ByteLen, ByteOffset, text_at};

use crate::dates::Dates;
use crate::export::{Exporter, Format, Row};
use crate::scan::{Filter, Hit};
use crate::source::{Source, read_full};

/// How many rows of a file are shown.
pub(super) const MAX_ROWS: usize = 5;

/// How much of a line is shown, in bytes.
const MAX_ROW_BYTES: u64 = 4096;

/// How many places in a row are marked.
const MAX_MARKS: usize = 8;

/// The rows of `hits`.
pub(super) fn rows(source: &dyn Source, filter: &Filter, hits: &[Hit]) -> io::Result<Vec<Vec<u8>>> {
    let mut rows = Vec::new();
    if hits.is_empty() {
        return Ok(rows);
    }
    let mut exporter = Exporter::new(Format::Json, None);
    exporter.set_dates(Dates::of(source)?);
    for hit in hits {
        let mut bytes = vec![0; (hit.end - hit.start).get().min(MAX_ROW_BYTES) as usize];
        if read_full(source, &mut bytes, hit.start)? < bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        rows.push(row(&mut exporter, filter, hit.start, &bytes));
    }
    Ok(rows)
}

/// A row as an object.
fn row(exporter: &mut Exporter, filter: &Filter, offset: ByteOffset, bytes: &[u8]) -> Vec<u8> {
    let end = offset + ByteLen::new(bytes.len() as u64);
    let mut row = Vec::new();
    exporter.row(&Row { line: None, offset, end, bytes }, &mut row);
    row.truncate(row.trim_ascii_end().len().saturating_sub(1));
    row.extend_from_slice(b",\"marks\":");
    // Numbers always serialize.
    row.extend(serde_json::to_vec(&marks(filter, text_at(offset, bytes))).unwrap_or_default());
    row.push(b'}');
    row
}

/// Where terms stand: bytes of the row's text.
fn marks(filter: &Filter, line: &[u8]) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    filter.spans(line, MAX_MARKS, &mut spans);
    let mut plain = Vec::new();
    ansi::plain(line.strip_suffix(b"\n").unwrap_or(line), &mut plain);
    // Bytes that are no text take more room in the row than in the line.
    let place = |at: u32| plain.get(..at as usize).map(|before| String::from_utf8_lossy(before).len());
    spans.iter().filter_map(|&(from, to)| Some((place(from)?, place(to)?))).collect()
}
