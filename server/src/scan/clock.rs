//! The times of lines: their own, or that of the nearest line with a time above them, not too far up.

use std::cell::OnceCell;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use taillight::line::ByteOffset;
use taillight::timestamp::Stamp;

use super::clean::{Cleaned, clean_line};
use super::units::Sizes;
use crate::dates::Dates;
use crate::source::{Source, read_data};

/// What part of all that is in reach is read to look for a time above: more and more until there is one.
const LOOKS: [u64; 4] = [128, 16, 4, 1];

/// A line with a time: where it starts, and its time.
type Timed = (u64, Stamp);

/// Tells the times of the lines of a source, in any order; in file order it reads nothing twice.
pub(super) struct Clock<'a> {
    source: &'a dyn Source,
    sizes: Sizes,
    /// Made when it is asked first.
    dates: Option<Arc<Dates>>,
    /// A line's start, and the nearest line with a time from there upwards; `None` when none is in reach.
    known: Option<(u64, Option<Timed>)>,
    failed: Option<io::Error>,
}

/// Some lines of a source, cleaned.
pub(super) struct Piece<'p> {
    /// Where they start in the source.
    at: u64,
    raw: &'p [u8],
    text: &'p [u8],
    /// Where each line starts, in the text and in the bytes; only where the two differ.
    starts: OnceCell<Vec<(usize, usize)>>,
}

impl<'p> Piece<'p> {
    pub(super) fn new(at: u64, raw: &'p [u8], cleaned: &Cleaned<'p>) -> Self {
        Self { at, raw, text: cleaned.text(), starts: OnceCell::new() }
    }

    /// Where the line starts in the source that starts at `text` of the text.
    fn start_of(&self, text: usize) -> u64 {
        if std::ptr::eq(self.raw, self.text) {
            return self.at + text as u64;
        }
        let starts = self.starts.get_or_init(|| {
            let after_feeds = |bytes: &'p [u8]| memchr::memchr_iter(b'\n', bytes).map(|feed| feed + 1);
            std::iter::once((0, 0)).chain(after_feeds(self.text).zip(after_feeds(self.raw))).collect()
        });
        let nth = starts.partition_point(|(start, _)| *start <= text).saturating_sub(1);
        self.at + starts.get(nth).map_or(0, |(_, raw)| *raw as u64)
    }

    /// The lines above the one that starts at `start` of the text, from the nearest on.
    fn above(&self, start: usize) -> impl Iterator<Item = Range<usize>> {
        let mut end = start;
        std::iter::from_fn(move || {
            let last = end.checked_sub(1)?;
            let begin = memchr::memrchr(b'\n', self.text.get(..last)?).map_or(0, |feed| feed + 1);
            end = begin;
            Some(begin..last)
        })
    }
}

impl<'a> Clock<'a> {
    pub(super) fn new(source: &'a dyn Source, sizes: Sizes) -> Self {
        Self { source, sizes, dates: None, known: None, failed: None }
    }

    /// The time of a line of the piece: its bytes in the text, without line feed.
    pub(super) fn in_piece(&mut self, piece: &Piece<'_>, line: Range<usize>) -> Option<Stamp> {
        let start = piece.start_of(line.start);
        let own = self.own_time(piece.text.get(line.clone())?);
        let timed = own.map(|stamp| (start, stamp)).or_else(|| self.above_in(piece, line.start));
        self.know(start, timed)
    }

    /// The time of the line at `start`, by its text.
    pub(super) fn of_line(&mut self, start: u64, text: &[u8]) -> Option<Stamp> {
        let own = self.own_time(text);
        let timed = own.map(|stamp| (start, stamp)).or_else(|| self.above(start));
        self.know(start, timed)
    }

    /// Fails when a time could not be found out because reading failed: what was said since is not to be believed.
    pub(super) fn check(&mut self) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn know(&mut self, start: u64, timed: Option<Timed>) -> Option<Stamp> {
        let timed = timed.filter(|(from, _)| start - from <= self.sizes.reach);
        self.known = Some((start, timed));
        timed.map(|(_, stamp)| stamp)
    }

    /// The time that a line has itself, by its text.
    pub(super) fn own_time(&mut self, text: &[u8]) -> Option<Stamp> {
        self.dates()?.time(text)
    }

    fn dates(&mut self) -> Option<&Dates> {
        if self.dates.is_none() {
            match Dates::of(self.source) {
                Ok(dates) => self.dates = Some(dates),
                Err(error) => self.failed = Some(error),
            }
        }
        self.dates.as_deref()
    }

    fn above_in(&mut self, piece: &Piece<'_>, start: usize) -> Option<Timed> {
        for line in piece.above(start) {
            let place = piece.start_of(line.start);
            if let Some((at, timed)) = self.known
                && at == place
            {
                return timed;
            }
            if let Some(stamp) = self.own_time(piece.text.get(line)?) {
                return Some((place, stamp));
            }
        }
        self.above(piece.at)
    }

    /// The nearest line with a time that starts before `place`, where a line starts.
    fn above(&mut self, place: u64) -> Option<Timed> {
        let mut checked = place;
        for part in LOOKS {
            if checked == 0 || place - checked > self.sizes.reach {
                break;
            }
            // With the byte before, which says whether a line starts there.
            let from = place.saturating_sub(self.sizes.reach / part + 1);
            match self.look(from, place, checked) {
                Ok(Looked::Found(timed)) => return timed,
                Ok(Looked::Down(to)) => checked = to,
                Err(error) => {
                    self.failed = Some(error);
                    return None;
                }
            }
        }
        None
    }

    /// Looks at the lines that start in `[from, checked)`, the last one first; `place` is where a line starts.
    fn look(&mut self, from: u64, place: u64, checked: u64) -> io::Result<Looked> {
        let mut bytes = vec![0; usize::try_from(place - from).unwrap_or(0)];
        if read_data(self.source, &mut bytes, ByteOffset::new(from))? < bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut end = bytes.len();
        let mut down_to = checked;
        let mut scratch = Vec::new();
        while let Some(last) = end.checked_sub(1) {
            let feed = memchr::memrchr(b'\n', bytes.get(..last).unwrap_or_default());
            let begin = match feed {
                Some(feed) => feed + 1,
                None if from == 0 => 0,
                // It begins before what was read.
                None => break,
            };
            let start = from + begin as u64;
            if start < checked {
                if let Some((at, timed)) = self.known
                    && at == start
                {
                    return Ok(Looked::Found(timed));
                }
                let text = clean_line(bytes.get(begin..last).unwrap_or_default(), self.sizes.line, &mut scratch);
                if let Some(stamp) = self.own_time(text) {
                    return Ok(Looked::Found(Some((start, stamp))));
                }
                down_to = start;
            }
            end = begin;
        }
        Ok(Looked::Down(down_to))
    }
}

/// What a look above came to.
enum Looked {
    /// That is the nearest; `None` where it is known that none is in reach.
    Found(Option<Timed>),
    /// None of the lines from there on has a time.
    Down(u64),
}
