//! One file, looked through from where it was left to where it can be read.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use taillight::line::{ByteLen, ByteOffset};

use super::Wanted;
use super::print::{FileRows, Name, Printer};
use crate::dates::Dates;
use crate::export::{Format, Lines, MAX_LINE_BYTES, Numbers, Row};
use crate::scan::rows::{Around, Rows, Shown};
use crate::scan::{Budget, Hit, Rendered, hits_down, rendered, total};
use crate::source::{Source, check_encoding_of, read_full};

/// How much of a long line is copied at once, in bytes.
const COPY_BYTES: u64 = 256 * 1024;

/// How much is looked through before what was found is written, in bytes.
const PIECE_BYTES: u64 = 64 * 1024 * 1024;

/// A file and how far it was looked through.
pub struct Search {
    wanted: Wanted,
    rows: FileRows,
    source: Arc<dyn Source>,
    lines: Lines,
    numbers: Numbers,
    done: ByteOffset,
    n_matched: u64,
    /// Rows that may still follow the last match that is wanted.
    after_left: u32,
    /// Whether lines may still come: those at the end wait for a match that they are context of.
    is_growing: bool,
}

/// Why a search ended early.
#[derive(Debug)]
pub enum Stop {
    /// The output takes no more.
    Output(io::Error),
    /// The file cannot be read.
    Input(io::Error),
}

impl Search {
    /// Nothing looked at yet.
    pub fn new(wanted: Wanted, name: Name, source: Arc<dyn Source>) -> Self {
        let rows = FileRows::new(name, wanted.format);
        let after_left = wanted.around.after;
        Self {
            wanted,
            rows,
            source,
            lines: Lines::default(),
            numbers: Numbers::default(),
            done: ByteOffset::ZERO,
            n_matched: 0,
            after_left,
            is_growing: false,
        }
    }

    /// Goes on at the start of another file that has the name.
    pub fn restart(&mut self, source: Arc<dyn Source>) {
        self.source = source;
        self.rows.restart();
        self.lines = Lines::default();
        self.numbers = Numbers::default();
        self.done = ByteOffset::ZERO;
    }

    /// How many lines matched, over all files that had the name.
    pub fn n_matched(&self) -> u64 {
        self.n_matched
    }

    /// Up to where it was looked through.
    pub fn done(&self) -> ByteOffset {
        self.done
    }

    /// Passes over what cannot be read any more.
    pub fn skip_to(&mut self, place: ByteOffset) {
        self.done = place;
    }

    /// What is read.
    pub fn source(&self) -> &Arc<dyn Source> {
        &self.source
    }

    /// Says whether lines may still come to this file.
    pub fn set_growing(&mut self, is_growing: bool) {
        self.is_growing = is_growing;
    }

    /// Whether all matches that are wanted were found, and the rows around them.
    pub fn is_full(&self) -> bool {
        self.has_all() && (self.after_left == 0 || self.n_matched == 0)
    }

    /// Looks on up to `to`: the length of the file, or after a line feed.
    pub fn advance(&mut self, to: ByteOffset, printer: &mut Printer<impl io::Write>) -> Result<(), Stop> {
        if self.is_full() {
            return Ok(());
        }
        if self.done == ByteOffset::ZERO {
            check_encoding_of(&*self.source).map_err(Stop::Input)?;
        }
        if self.wanted.count {
            return self.count(to);
        }
        if self.wanted.format == Format::Json {
            self.rows.set_dates(Dates::of(&*self.source).map_err(Stop::Input)?);
        }
        while self.bulk(to, printer)? {
            // A line that is left by those who work side by side.
            self.piece(to, 1, printer)?;
        }
        while self.piece(to, PIECE_BYTES, printer)? {
            printer.flush().map_err(Stop::Output)?;
        }
        Ok(())
    }

    /// Much at once, where rows are nothing but matching lines; whether it is worth while to go on so after the next line.
    fn bulk(&mut self, to: ByteOffset, printer: &mut Printer<impl io::Write>) -> Result<bool, Stop> {
        let Wanted { ref filter, format, max: None, around: Around { before: 0, after: 0 }, .. } = self.wanted else {
            return Ok(false);
        };
        let Some(write) = format.of_line() else { return Ok(false) };
        let prefix = self.rows.prefix();
        let render = |hit: Hit, line: &[u8], out: &mut Vec<u8>| {
            out.extend_from_slice(prefix);
            write(hit.start, line, out);
        };
        let mut failed = None;
        let (n_matched, done) = (&mut self.n_matched, &mut self.done);
        let from = *done;
        // What is printed is done, also when what comes after it cannot be read.
        let mut on_text = |Rendered { text, n_lines, reached }: Rendered<'_>| {
            *n_matched += n_lines;
            *done = reached;
            failed = printer.rows(text).err();
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let (reached, goes_on) =
            rendered(&*self.source, filter, from..to, &render, &mut on_text).map_err(Stop::Input)?;
        self.done = reached;
        failed.map_or(Ok(goes_on), |error| Err(Stop::Output(error)))
    }

    fn count(&mut self, to: ByteOffset) -> Result<(), Stop> {
        let source = Arc::clone(&self.source);
        let filter = self.wanted.filter.clone();
        let Some(max) = self.wanted.max else {
            self.n_matched += total(&*source, &filter, self.done..to).map_err(Stop::Input)?;
            self.done = to;
            return Ok(());
        };
        let n_matched = &mut self.n_matched;
        let mut on_hit = |_| {
            *n_matched += 1;
            if *n_matched < max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        hits_down(&*source, &filter, None, self.done..to, &Budget::unlimited(), &mut on_hit).map_err(Stop::Input)?;
        self.done = to;
        Ok(())
    }

    /// One piece of work, of about so many bytes; whether there is more before `to`.
    fn piece(&mut self, to: ByteOffset, bytes: u64, printer: &mut Printer<impl io::Write>) -> Result<bool, Stop> {
        let source = Arc::clone(&self.source);
        let (filter, around) = (self.wanted.filter.clone(), self.wanted.around);
        let growing = self.is_growing.then_some(to);
        let rows = Rows { source: &*source, index: None, filter: &filter, view: None, around, end: to, growing };
        let (from, budget) = (self.done, Budget::new(bytes));
        let mut failed = None;
        let mut on_row = |row: Shown| match self.shown(&row, to, printer) {
            Ok(flow) => flow,
            Err(stop) => {
                failed = Some(stop);
                ControlFlow::Break(())
            }
        };
        let reached = rows.down(from, &budget, &mut on_row).map_err(Stop::Input)?;
        if let Some(stop) = failed {
            return Err(stop);
        }
        self.done = reached.place;
        if self.has_all() && self.rows.end().is_none_or(|end| end < self.done) {
            self.after_left = 0;
        }
        Ok(!reached.is_end && !self.is_full())
    }

    fn has_all(&self) -> bool {
        self.wanted.max.is_some_and(|max| self.n_matched >= max)
    }

    fn shown(
        &mut self,
        row: &Shown,
        to: ByteOffset,
        printer: &mut Printer<impl io::Write>,
    ) -> Result<ControlFlow<()>, Stop> {
        if self.has_all() {
            // A line that matches is context too.
            if self.rows.end() != Some(row.start) || self.after_left == 0 {
                self.after_left = 0;
                return Ok(ControlFlow::Break(()));
            }
            self.after_left -= 1;
        }
        self.n_matched += u64::from(!row.context && !self.has_all());
        self.write(row, to, printer)?;
        Ok(if self.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn write(&mut self, row: &Shown, to: ByteOffset, printer: &mut Printer<impl io::Write>) -> Result<(), Stop> {
        let source = &*self.source;
        let mut line = None;
        if self.wanted.format == Format::Json {
            line = Some(self.numbers.of(source, row.start).map_err(Stop::Input)?);
            if row.finished {
                self.numbers.passed(row.end);
            }
        }
        let bytes = self.lines.read(source, (row.start, row.end), to).map_err(Stop::Input)?;
        let export = Row { line, offset: row.start, end: row.end, bytes };
        printer.row(&mut self.rows, &export).map_err(Stop::Output)?;
        if self.wanted.format == Format::Raw {
            copy(source, row.start + ByteLen::new(MAX_LINE_BYTES), row.end, printer)?;
        }
        Ok(())
    }
}

/// The rest of a line that is longer than what is looked at.
fn copy(
    source: &dyn Source,
    from: ByteOffset,
    to: ByteOffset,
    printer: &mut Printer<impl io::Write>,
) -> Result<(), Stop> {
    let mut at = from;
    let mut buf = Vec::new();
    while at < to {
        buf.resize((to - at).get().min(COPY_BYTES) as usize, 0);
        if read_full(source, &mut buf, at).map_err(Stop::Input)? < buf.len() {
            return Err(Stop::Input(io::ErrorKind::UnexpectedEof.into()));
        }
        printer.more(&buf).map_err(Stop::Output)?;
        at = at + ByteLen::new(buf.len() as u64);
    }
    Ok(())
}
