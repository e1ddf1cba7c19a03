//! Standard input and other streams: line by line, as they come, with the last few lines kept for context.

use std::collections::VecDeque;
use std::io;

use taillight::line::{ByteLen, ByteOffset, LineCount, LineNo};

use super::Wanted;
use super::print::{FileRows, Name, Printer};
use super::search::Stop;
use crate::export::{Format, MAX_LINE_BYTES, Row};

/// How much is read at once, in bytes.
const READ_BYTES: usize = 64 * 1024;

/// How much of one line is kept, in bytes; the rest cannot be read again.
const MAX_STREAM_LINE_BYTES: usize = 64 * 1024 * 1024;

/// A line of the stream.
struct Line {
    number: Option<LineNo>,
    offset: ByteOffset,
    end: ByteOffset,
    bytes: Vec<u8>,
}

/// What was seen of the stream.
struct Sifter<'a, W> {
    wanted: &'a Wanted,
    rows: FileRows,
    printer: &'a mut Printer<W>,
    /// The lines before this one that were not printed.
    above: VecDeque<Line>,
    after_left: u32,
    n_matched: u64,
    n_lines: u64,
    offset: ByteOffset,
}

/// Prints what matches until the stream ends; how many lines matched. `on_cut` hears where a line was cut.
pub fn run(
    wanted: &Wanted,
    name: &Name,
    mut file: impl io::Read,
    printer: &mut Printer<impl io::Write>,
    mut on_cut: impl FnMut(u64),
) -> Result<u64, Stop> {
    let rows = FileRows::new(name.clone(), wanted.format);
    let mut sifter = Sifter {
        wanted,
        rows,
        printer,
        above: VecDeque::new(),
        after_left: 0,
        n_matched: 0,
        n_lines: 0,
        offset: ByteOffset::ZERO,
    };
    let mut buf = vec![0; READ_BYTES];
    let mut line = Vec::new();
    let mut missing = 0_u64;
    while !sifter.is_full() {
        let n_read = match file.read(&mut buf) {
            Ok(n_read) => n_read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Input(error)),
        };
        if n_read == 0 {
            if !line.is_empty() {
                sifter.line(&mut line, missing)?;
            }
            break;
        }
        for part in buf[..n_read].split_inclusive(|&byte| byte == b'\n') {
            let room = MAX_STREAM_LINE_BYTES.saturating_sub(line.len()).min(part.len());
            line.extend_from_slice(&part[..room]);
            if missing == 0 && room < part.len() {
                on_cut(sifter.offset.get());
            }
            missing += (part.len() - room) as u64;
            if part.ends_with(b"\n") {
                sifter.line(&mut line, std::mem::take(&mut missing))?;
            }
        }
        // Nothing waits for the next line of a slow writer.
        sifter.printer.flush().map_err(Stop::Output)?;
    }
    Ok(sifter.n_matched)
}

impl<W: io::Write> Sifter<'_, W> {
    fn has_all(&self) -> bool {
        self.wanted.max.is_some_and(|max| self.n_matched >= max)
    }

    fn is_full(&self) -> bool {
        self.has_all() && self.after_left == 0
    }

    /// Takes a line, of which `missing` bytes were not kept, and leaves `bytes` empty.
    fn line(&mut self, bytes: &mut Vec<u8>, missing: u64) -> Result<(), Stop> {
        let offset = self.offset;
        let end = offset + ByteLen::new(bytes.len() as u64 + missing);
        let number = Some(LineNo::after(LineCount::new(self.n_lines)));
        let line = Line { number, offset, end, bytes: std::mem::take(bytes) };
        self.offset = end;
        self.n_lines += 1;
        let returned = self.sift(line).map_err(Stop::Output)?;
        if let Some(mut returned) = returned {
            // The memory stays for the next line.
            returned.bytes.clear();
            *bytes = returned.bytes;
        }
        Ok(())
    }

    /// Prints or keeps a line; gives it back if it is done with.
    fn sift(&mut self, line: Line) -> io::Result<Option<Line>> {
        let is_match = !self.has_all() && self.wanted.filter.is_match(&line.bytes);
        if is_match {
            self.n_matched += 1;
            while let Some(above) = self.above.pop_front() {
                self.print(&above)?;
            }
            self.after_left = self.wanted.around.after;
            self.print(&line)?;
            return Ok(Some(line));
        }
        if self.after_left > 0 {
            self.after_left -= 1;
            self.print(&line)?;
            return Ok(Some(line));
        }
        let keep = self.wanted.around.before as usize;
        if keep == 0 {
            return Ok(Some(line));
        }
        let oldest = if self.above.len() >= keep { self.above.pop_front() } else { None };
        self.above.push_back(line);
        Ok(oldest)
    }

    fn print(&mut self, line: &Line) -> io::Result<()> {
        if self.wanted.count {
            return Ok(());
        }
        let len = match self.wanted.format {
            Format::Raw => line.bytes.len(),
            _ => line.bytes.len().min(MAX_LINE_BYTES as usize),
        };
        let row = Row { line: line.number, offset: line.offset, end: line.end, bytes: &line.bytes[..len] };
        self.printer.row(&mut self.rows, &row)
    }
}
