//! The bytes and the numbers of lines that were found, in file order.

use std::io;

use taillight::line::{ByteOffset, LineCount, LineNo};

use super::MAX_LINE_BYTES;
use crate::read::count_lines;
use crate::source::{Source, read_full};

/// How much is read at once when a line is shorter: its neighbours are often wanted too.
const READ_BYTES: u64 = 16 * 1024;

/// Reads lines whose places are known; those near each other with one read.
#[derive(Debug, Default)]
pub struct Lines {
    at: u64,
    buf: Vec<u8>,
}

/// Counts line numbers along a file.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    at: ByteOffset,
    before: LineCount,
}

impl Lines {
    /// The bytes from `start` to `end`, which must be readable, at most [`MAX_LINE_BYTES`] of them. `limit` is how far
    /// the source can be read.
    ///
    /// # Errors
    /// When reading fails, or the source has become shorter ([`crate::source::is_gone`]).
    pub fn read(
        &mut self,
        source: &dyn Source,
        line: (ByteOffset, ByteOffset),
        limit: ByteOffset,
    ) -> io::Result<&[u8]> {
        let (start, end) = (line.0.get(), line.1.get());
        let len = end.saturating_sub(start).min(MAX_LINE_BYTES);
        if start < self.at || start + len > self.at + self.buf.len() as u64 {
            let wanted = len.max(READ_BYTES.min(limit.get().saturating_sub(start)));
            self.at = start;
            self.buf.resize(wanted as usize, 0);
            let n_read = read_full(source, &mut self.buf, line.0)?;
            self.buf.truncate(n_read);
        }
        let from = (start - self.at) as usize;
        self.buf.get(from..from + len as usize).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Numbers {
    /// So many lines start before the one at `at`.
    pub fn new(at: ByteOffset, before: LineCount) -> Self {
        Self { at, before }
    }

    /// The place that was counted to.
    pub fn at(&self) -> ByteOffset {
        self.at
    }

    /// The number of the line that starts at `start`, which is not before those asked for earlier. Reads what is between.
    ///
    /// # Errors
    /// When reading fails.
    pub fn of(&mut self, source: &dyn Source, start: ByteOffset) -> io::Result<LineNo> {
        self.before = self.before + count_lines(source, self.at, start)?;
        self.at = start;
        Ok(LineNo::after(self.before))
    }

    /// As [`Numbers::of`] for the line after it, which starts at `end`, is asked next: saves the read.
    pub fn passed(&mut self, end: ByteOffset) {
        if end > self.at {
            self.at = end;
            self.before = self.before + LineCount::new(1);
        }
    }
}

/// The start of the file is line 1.
impl Default for Numbers {
    fn default() -> Self {
        Self::new(ByteOffset::ZERO, LineCount::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Memory;

    #[test]
    fn numbers_are_counted_over_what_is_left_out() {
        let source = Memory(b"a\nb\n\nc\nd".to_vec());
        let mut numbers = Numbers::default();
        for (start, end, expected) in [(0, 2, 1), (4, 5, 3), (5, 7, 4), (7, 8, 5)] {
            assert_eq!(numbers.of(&source, ByteOffset::new(start)).unwrap().get(), expected, "{start}");
            numbers.passed(ByteOffset::new(end));
        }
    }

    #[test]
    fn a_line_is_read_to_its_end_or_to_the_limit() {
        let long = vec![b'x'; 2 * MAX_LINE_BYTES as usize];
        let source = Memory([b"a\nbc\n", long.as_slice(), b"\nd"].concat());
        let len = source.len().unwrap();
        let mut lines = Lines::default();
        let end_of_long = 5 + long.len() as u64 + 1;
        for (start, end, expected) in [
            (0, 2, &b"a\n"[..]),
            (2, 5, b"bc\n"),
            (5, end_of_long, &long[..MAX_LINE_BYTES as usize]),
            (end_of_long, len.get(), b"d"),
            (2, 5, b"bc\n"),
        ] {
            let line = (ByteOffset::new(start), ByteOffset::new(end));
            assert_eq!(lines.read(&source, line, len).unwrap(), expected, "{start}");
        }
        let beyond = (end_of_long, len.get() + 5);
        assert!(lines.read(&source, (ByteOffset::new(beyond.0), ByteOffset::new(beyond.1)), len).is_err());
    }
}
