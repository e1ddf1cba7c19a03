//! The lines of a stream: each is seen once, in order.

use taillight::timestamp::Stamp;

use super::clean::clean_line;
use super::units::Sizes;
use super::{Filter, MAX_LINE_BYTES};
use crate::dates::Dates;

/// Says of one line after the other whether it matches.
#[derive(Debug)]
pub struct Sifter {
    filter: Filter,
    /// Made of the first line that is asked.
    dates: Option<Dates>,
    /// The last line with a time: where it starts, and its time.
    timed: Option<(u64, Stamp)>,
}

impl Sifter {
    /// By that filter.
    pub fn new(filter: Filter) -> Self {
        Self { filter, dates: None, timed: None }
    }

    /// By that filter, for a stream that begins with `head`: how its times are told is learned from there.
    pub fn with_head(filter: Filter, head: &[u8]) -> Self {
        Self { dates: Some(Dates::of_stream(head)), ..Self::new(filter) }
    }

    /// What it goes by.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether the next line matches: raw bytes, with its line feed or without, that start at `start` of the stream.
    pub fn is_match(&mut self, start: u64, line: &[u8]) -> bool {
        if !self.filter.asks_time() {
            return self.filter.is_match(line);
        }
        let mut scratch = Vec::new();
        let text = clean_line(line, MAX_LINE_BYTES, &mut scratch);
        let dates = self.dates.get_or_insert_with(|| Dates::of_stream(&[]));
        // Of every line: it may be the one above a line that matches.
        if let Some(stamp) = dates.time(text) {
            self.timed = Some((start, stamp));
        }
        let time =
            self.timed.filter(|(from, _)| start.saturating_sub(*from) <= Sizes::USUAL.reach).map(|(_, stamp)| stamp);
        self.filter.is_match_at(line, MAX_LINE_BYTES, |_| time)
    }
}
