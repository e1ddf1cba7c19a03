//! The lines of a stream: each is seen once, in order.

use std::sync::Arc;

use taillight::line::ByteOffset;
use taillight::timestamp::Stamp;

use super::clean::clean_line;
use super::units::Sizes;
use super::{Filter, MAX_LINE_BYTES};
use crate::dates::Dates;

/// Says of one line after the other whether it matches.
#[derive(Debug)]
pub struct Sifter {
    filter: Filter,
    dates: Arc<Dates>,
    /// The last line with a time: where it starts, and its time.
    timed: Option<(u64, Stamp)>,
}

impl Sifter {
    /// By that filter, for a stream whose times are told that way.
    pub fn new(filter: Filter, dates: Arc<Dates>) -> Self {
        Self { filter, dates, timed: None }
    }

    /// What it goes by.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether the next line matches: raw bytes, with its line feed or without, that start at `start` of the stream.
    pub fn is_match(&mut self, start: u64, line: &[u8]) -> bool {
        if !self.filter.asks_time() {
            return self.filter.is_match(ByteOffset::new(start), line);
        }
        let mut scratch = Vec::new();
        let text = clean_line(line, MAX_LINE_BYTES, &mut scratch);
        // Of every line: it may be the one above a line that matches.
        if let Some(stamp) = self.dates.time(text) {
            self.timed = Some((start, stamp));
        }
        let time =
            self.timed.filter(|(from, _)| start.saturating_sub(*from) <= Sizes::USUAL.reach).map(|(_, stamp)| stamp);
        self.filter.is_match_at((line, start), MAX_LINE_BYTES, |_| time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract's: 1 MiB.
    const REACH: u64 = 1024 * 1024;

    #[test]
    fn a_line_has_the_time_of_the_one_above_it_as_far_as_that_is_in_reach() {
        let dates = Arc::new(Dates::of_stream((b"", false), None));
        let mut sifter = Sifter::new(Filter::compile("after:2026-11-22T10:00:00Z").unwrap(), dates);
        for (start, line, expected) in [
            (0, "x\n", false),
            (2, "2026-11-22T10:00:00Z a\r\n", true),
            (30, " b", true),
            (2 + REACH, " c", true),
            (3 + REACH, " d", false),
            (9 + REACH, "\x1b[1m2026-11-22T09:59:59Z e", false),
            (50 + REACH, " f", false),
        ] {
            assert_eq!(sifter.is_match(start, line.as_bytes()), expected, "{line:?}");
        }
    }
}
