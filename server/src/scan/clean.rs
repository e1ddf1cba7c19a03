//! Lines as a query sees them, and the way back from there to the bytes of the file.

use std::ops::{ControlFlow, Range};

use taillight::ansi;
use taillight::line::{ByteOffset, text_at};

const ESC: u8 = 0x1b;

/// The text of one line: without line feed, its first `limit` bytes, without escapes and carriage return at the end.
pub(super) fn clean_line<'a>(line: &'a [u8], limit: usize, scratch: &'a mut Vec<u8>) -> &'a [u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.get(..limit).unwrap_or(line);
    if first_unclean(line, true).is_none() {
        return line;
    }
    scratch.clear();
    ansi::plain(line, scratch);
    scratch
}

/// Whole lines as a query sees them: line k of the text is line k of the bytes.
#[derive(Debug)]
pub(super) struct Cleaned<'a> {
    raw: &'a [u8],
    text: &'a [u8],
    is_same: bool,
    /// A line's start in the text, and in the bytes.
    place: (usize, usize),
}

impl<'a> Cleaned<'a> {
    /// Cleans `raw`, which starts at `at` of its source, into `scratch` where that is needed: of carriage returns only when
    /// `returns` are seen.
    pub(super) fn new((raw, at): (&'a [u8], u64), returns: bool, scratch: &'a mut Vec<u8>) -> Self {
        let is_same = !has_mark(raw, at) && first_unclean(raw, returns).is_none();
        if is_same {
            return Self { raw, text: raw, is_same: true, place: (0, 0) };
        }
        scratch.clear();
        let mut rest = text_at(ByteOffset::new(at), raw);
        while let Some(feed) = memchr::memchr(b'\n', rest) {
            ansi::plain(&rest[..feed], scratch);
            scratch.push(b'\n');
            rest = &rest[feed + 1..];
        }
        ansi::plain(rest, scratch);
        Self { raw, text: scratch, is_same: false, place: (0, 0) }
    }

    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Calls `on_line` for each line that has its line feed: where it stands in the text, without that, and in the bytes,
    /// with it. Where the line ends in the bytes at which it broke, if it did.
    pub(super) fn each_line(
        &mut self,
        mut on_line: impl FnMut(Range<usize>, Range<usize>) -> ControlFlow<()>,
    ) -> Option<usize> {
        let mut start = 0;
        for feed in memchr::memchr_iter(b'\n', self.text) {
            let (line, raw) = (start..feed, self.raw_line(&(start..feed)));
            start = feed + 1;
            if on_line(line, raw.clone()).is_break() {
                return Some(raw.end);
            }
        }
        None
    }

    /// Lines are asked for from the first on again.
    pub(super) fn rewind(&mut self) {
        self.place = (0, 0);
    }

    /// Where the line at `line` of the text, without line feed, stands in the bytes, with its line feed. Lines must be
    /// asked for in order.
    pub(super) fn raw_line(&mut self, line: &Range<usize>) -> Range<usize> {
        if self.is_same {
            return line.start..(line.end + 1).min(self.raw.len());
        }
        let (mut text, mut raw) = self.place;
        for feed in memchr::memchr_iter(b'\n', self.text.get(text..line.start).unwrap_or_default()) {
            let rest = self.raw.get(raw..).unwrap_or_default();
            raw += memchr::memchr(b'\n', rest).map_or(rest.len(), |feed| feed + 1);
            text = self.place.0 + feed + 1;
        }
        self.place = (text, raw);
        let rest = self.raw.get(raw..).unwrap_or_default();
        raw..raw + memchr::memchr(b'\n', rest).map_or(rest.len(), |feed| feed + 1)
    }
}

/// Whether the bytes, which start at `at` of their source, begin with a byte order mark that is no text.
pub(super) fn has_mark(bytes: &[u8], at: u64) -> bool {
    text_at(ByteOffset::new(at), bytes).len() < bytes.len()
}

/// Where the first byte is that cleaning may take away: of carriage returns only when `returns` are seen.
pub(super) fn first_unclean(bytes: &[u8], returns: bool) -> Option<usize> {
    if returns { memchr::memchr2(ESC, b'\r', bytes) } else { memchr::memchr(ESC, bytes) }
}
