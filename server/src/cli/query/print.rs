//! Standard output: rows in their format, with file names and separators, written in large pieces.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use taillight::line::ByteOffset;

use crate::dates::Dates;
use crate::export::{Exporter, Format, Row};

/// How much waits to be written, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// What stands between groups of neighbours, as grep has it.
const SEPARATOR: &[u8] = b"--\n";

/// The output.
pub struct Printer<W> {
    out: W,
    format: Format,
    /// Whether there are rows around matches: groups are kept apart then.
    has_groups: bool,
    buf: Vec<u8>,
    /// Whether a row was printed.
    has_rows: bool,
    /// Whether the last one had no line end, which only the raw format leaves so.
    is_open: bool,
}

/// How the rows of one file are named.
#[derive(Clone, Debug)]
pub struct Name {
    /// What stands before a row that is no JSON.
    prefix: Vec<u8>,
    /// The name in JSON.
    json: String,
}

/// The rows of one file.
#[derive(Debug)]
pub struct FileRows {
    name: Name,
    exporter: Exporter,
    /// After the last row printed.
    end: Option<ByteOffset>,
}

impl Name {
    /// As it was given; in front of rows when `in_front`.
    pub fn new(path: &Path, in_front: bool) -> Self {
        let bytes = path.as_os_str().as_encoded_bytes();
        let prefix = if in_front { [bytes, b":"].concat() } else { Vec::new() };
        Self { prefix, json: String::from_utf8_lossy(bytes).into_owned() }
    }
}

impl FileRows {
    /// None yet.
    pub fn new(name: Name, format: Format) -> Self {
        let exporter = Exporter::new(format, Some(name.json.clone()));
        Self { name, exporter, end: None }
    }

    /// What stands before each row that is no JSON.
    pub fn prefix(&self) -> &[u8] {
        &self.name.prefix
    }

    /// After the last row printed.
    pub fn end(&self) -> Option<ByteOffset> {
        self.end
    }

    /// From here on the times of lines are told that way.
    pub fn set_dates(&mut self, dates: Arc<Dates>) {
        self.exporter.set_dates(dates);
    }

    /// Another file has the name: no row of it is a neighbour of those before.
    pub fn restart(&mut self) {
        self.end = None;
    }
}

impl<W: Write> Printer<W> {
    /// Prints to `out`.
    pub fn new(out: W, format: Format, has_groups: bool) -> Self {
        Self { out, format, has_groups, buf: Vec::new(), has_rows: false, is_open: false }
    }

    /// Prints a row of a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn row(&mut self, file: &mut FileRows, row: &Row<'_>) -> io::Result<()> {
        self.close();
        let is_apart = self.has_rows && file.end != Some(row.offset);
        if is_apart && self.has_groups && self.format == Format::Text {
            self.buf.extend_from_slice(SEPARATOR);
        }
        if self.format != Format::Json {
            self.buf.extend_from_slice(&file.name.prefix);
        }
        file.exporter.row(row, &mut self.buf);
        file.end = Some(row.end);
        self.has_rows = true;
        self.is_open = self.format == Format::Raw && !row.bytes.ends_with(b"\n");
        self.written()
    }

    /// Prints rows that are written already, each with its line end, and all that waits.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn rows(&mut self, rows: &[u8]) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.close();
        self.has_rows = true;
        self.flush()?;
        self.out.write_all(rows)?;
        self.out.flush()
    }

    /// More of the bytes of the row that was printed last.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn more(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buf.extend_from_slice(bytes);
        self.is_open = !bytes.ends_with(b"\n");
        self.written()
    }

    /// Prints a line that is no row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        self.buf.extend_from_slice(line.as_bytes());
        self.buf.push(b'\n');
        self.written()
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.buf);
        // Not twice: when this fails, the part that was written is not known.
        self.buf.clear();
        written?;
        self.out.flush()
    }

    fn written(&mut self) -> io::Result<()> {
        if self.buf.len() < BUFFER_BYTES { Ok(()) } else { self.flush() }
    }

    /// What comes after an unfinished line begins a line of its own.
    fn close(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.buf.push(b'\n');
        }
    }
}
