//! Standard input and other streams: line by line, as they come, with the last few lines kept for context.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use taillight::line::{ByteLen, ByteOffset, LineCount, LineNo};

use super::Wanted;
use super::print::{FileRows, Name, Printer};
use super::search::Stop;
use crate::dates::{Dates, HEAD_BYTES};
use crate::export::{Format, MAX_LINE_BYTES, Row};
use crate::scan::Sifter;
use crate::source::check_encoding;

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
struct Stream<'a, W, C> {
    wanted: &'a Wanted,
    sifter: Sifter,
    rows: FileRows,
    printer: &'a mut Printer<W>,
    /// The lines before this one that were not printed.
    above: VecDeque<Line>,
    after_left: u32,
    n_matched: u64,
    n_lines: u64,
    offset: ByteOffset,
    on_cut: C,
}

/// What is known of a stream before it is read.
#[derive(Clone, Copy, Debug)]
pub enum Head {
    /// It comes as somebody writes it: nothing waits.
    Live,
    /// It is stored, and was changed then.
    Stored {
        /// When.
        modified: SystemTime,
    },
}

/// Prints what matches until the stream ends; how many lines matched, if any was read, and why it ended early, if it did. `on_cut` hears
/// where a line was cut.
pub fn run(
    wanted: &Wanted,
    name: &Name,
    (mut file, head): (impl io::Read, Head),
    printer: &mut Printer<impl io::Write>,
    on_cut: impl FnMut(u64),
) -> (Option<u64>, Result<(), Stop>) {
    if wanted.max == Some(0) {
        return (Some(0), Ok(()));
    }
    let mut buf = vec![0; HEAD_BYTES];
    let Begin { len, dates, failed } = match begin(&mut file, head, &mut buf) {
        Ok(begin) => begin,
        Err(stop) => return (None, Err(stop)),
    };
    if let Err(error) = check_encoding(&buf[..len]) {
        return (None, Err(Stop::Input(error)));
    }
    let mut rows = FileRows::new(name.clone(), wanted.format);
    rows.set_dates(Arc::clone(&dates));
    let mut stream = Stream {
        wanted,
        sifter: Sifter::new(wanted.filter.clone(), dates),
        rows,
        printer,
        above: VecDeque::new(),
        after_left: 0,
        n_matched: 0,
        n_lines: 0,
        offset: ByteOffset::ZERO,
        on_cut,
    };
    let done = stream.read(&mut file, (&mut buf, len), failed);
    (Some(stream.n_matched), done)
}

/// The head of a stream.
struct Begin {
    /// How many bytes of it there are.
    len: usize,
    /// How its times are told.
    dates: Arc<Dates>,
    /// Why there is no more.
    failed: Option<Stop>,
}

fn begin(file: &mut impl io::Read, head: Head, buf: &mut [u8]) -> Result<Begin, Stop> {
    let mut len = read(file, buf)?;
    let Head::Stored { modified } = head else {
        let dates = Arc::new(Dates::of_stream((&buf[..len], true), None));
        return Ok(Begin { len, dates, failed: None });
    };
    let mut failed = None;
    // As much as of a file that is not compressed.
    while len < buf.len() {
        match read(file, &mut buf[len..]) {
            Ok(0) => break,
            Ok(more) => len += more,
            // What comes before is searched first.
            Err(stop) => {
                failed = Some(stop);
                break;
            }
        }
    }
    let dates = Arc::new(Dates::of_stream((&buf[..len], len == buf.len()), Some(modified)));
    Ok(Begin { len, dates, failed })
}

fn read(file: &mut impl io::Read, buf: &mut [u8]) -> Result<usize, Stop> {
    loop {
        match file.read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read.map_err(Stop::Input),
        }
    }
}

impl<W: io::Write, C: FnMut(u64)> Stream<'_, W, C> {
    fn has_all(&self) -> bool {
        self.wanted.max.is_some_and(|max| self.n_matched >= max)
    }

    fn is_full(&self) -> bool {
        self.has_all() && self.after_left == 0
    }

    /// Takes the stream, of which `buf` has the first `n_read` bytes; `failed` says why there are no more, if so.
    fn read(
        &mut self,
        file: &mut impl io::Read,
        (buf, mut n_read): (&mut [u8], usize),
        mut failed: Option<Stop>,
    ) -> Result<(), Stop> {
        let (mut line, mut missing) = (Vec::new(), 0);
        while n_read > 0 && !self.is_full() {
            self.part(&buf[..n_read], (&mut line, &mut missing))?;
            // Nothing waits for the next line of a slow writer.
            self.printer.flush().map_err(Stop::Output)?;
            if !self.is_full() {
                n_read = failed.take().map_or_else(|| read(file, buf), Err)?;
            }
        }
        if n_read == 0 && !line.is_empty() {
            self.line(&mut line, missing)?;
        }
        Ok(())
    }

    /// Takes what was read; the unfinished line at its end is kept in `line`, with how many bytes of it are missing.
    fn part(&mut self, bytes: &[u8], (line, missing): (&mut Vec<u8>, &mut u64)) -> Result<(), Stop> {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            let room = MAX_STREAM_LINE_BYTES.saturating_sub(line.len()).min(part.len());
            line.extend_from_slice(&part[..room]);
            if *missing == 0 && room < part.len() {
                (self.on_cut)(self.offset.get());
            }
            *missing += (part.len() - room) as u64;
            if part.ends_with(b"\n") {
                self.line(line, std::mem::take(missing))?;
            }
        }
        Ok(())
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
        let is_match = !self.has_all() && self.sifter.is_match(line.offset.get(), &line.bytes);
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
