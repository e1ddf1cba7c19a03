//! Whether what a viewer saw is what was written: every line whole, each writer's numbers in order, nothing twice, and
//! nothing missing but where the viewer was told that something is.

mod socket;
mod viewer;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use taillight::wire::FileEvent;

use crate::storm::{Line, Written};

pub use viewer::{Resumed, Viewer, Wish};

/// How many wrong lines are remembered word for word.
const MAX_KEPT: usize = 5;

/// What was seen so far, judged as it comes.
#[derive(Clone, Debug, Default)]
pub struct Check {
    writers: BTreeMap<u8, Run>,
    /// The figures.
    pub sums: Sums,
    /// The first wrong lines, for people.
    pub wrong: Vec<String>,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Lines that proved themselves.
    pub lines: u64,
    /// Lines that are missing where nothing was told.
    pub lost: u64,
    /// Lines that are missing where the viewer was told that some may be.
    pub missing_told: u64,
    /// Lines that had come before.
    pub duplicated: u64,
    /// Lines that came after later ones of the same writer, and had not come before.
    pub reordered: u64,
    /// Rows that are not a line, or not a whole one.
    pub torn: u64,
    /// Rotations told.
    pub rotated: u64,
    /// Truncations told.
    pub truncated: u64,
    /// Gaps told.
    pub gaps: u64,
    /// Bytes that were told to be missing: those of gaps, and those between the last row and a divider.
    pub bytes_told: u64,
    /// How often the view was replaced by another place of the file.
    pub jumps: u64,
}

/// The numbers of one writer.
#[derive(Clone, Debug)]
struct Run {
    first: u64,
    last: u64,
    /// Whether something was told since the last line, so that lines may be missing here.
    told: bool,
    missing: Vec<RangeInclusive<u64>>,
}

impl Check {
    /// A row with its line feed in the file, without it here.
    pub fn line(&mut self, bytes: &[u8]) {
        let Some(Line { writer, number }) = Line::parse(bytes) else {
            self.sums.torn += 1;
            return self.keep(|| format!("torn: {:?}", String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes))));
        };
        self.sums.lines += 1;
        let new = Run { first: number, last: number, told: false, missing: Vec::new() };
        let Some(run) = self.writers.get_mut(&writer) else {
            self.writers.insert(writer, new);
            return;
        };
        let told = std::mem::take(&mut run.told);
        let expected = run.last + 1;
        if number > expected {
            run.missing.push(expected..=number - 1);
            let missing = number - expected;
            if told { self.sums.missing_told += missing } else { self.sums.lost += missing }
        }
        if number < expected {
            let late = run.missing.iter().any(|range| range.contains(&number));
            if late { self.sums.reordered += 1 } else { self.sums.duplicated += 1 }
        } else {
            run.last = number;
        }
        if number < expected || (number > expected && !told) {
            self.keep(|| format!("writer {writer}: {number} came where {expected} was to come"));
        }
    }

    /// A row without its line feed, after which it is told that bytes are missing: they may be the rest of it.
    pub fn last_line(&mut self, bytes: &[u8]) {
        if Line::parse(bytes).is_some() {
            self.line(bytes);
        }
    }

    /// Something happened to the file here. `unread`: bytes of the file between the last row and this place.
    pub fn event(&mut self, event: FileEvent, unread: u64) {
        self.sums.bytes_told += unread;
        let may_miss = match event {
            FileEvent::Rotated => {
                self.sums.rotated += 1;
                unread > 0
            }
            FileEvent::Truncated { .. } => {
                self.sums.truncated += 1;
                true
            }
            FileEvent::Gap { bytes } => {
                self.sums.gaps += 1;
                self.sums.bytes_told += bytes.get();
                true
            }
            _ => unread > 0,
        };
        if may_miss {
            self.writers.values_mut().for_each(|run| run.told = true);
        }
    }

    /// The view shows another place of the file from here on; `told`: the user was told what was skipped.
    pub fn jump(&mut self, told: bool) {
        self.sums.jumps += 1;
        self.writers.values_mut().for_each(|run| run.told |= told);
    }

    /// Whether nothing is torn, twice, out of order, or missing without a word.
    pub fn is_clean(&self) -> bool {
        let Sums { lost, duplicated, reordered, torn, .. } = self.sums;
        (lost, duplicated, reordered, torn) == (0, 0, 0, 0)
    }

    /// The number of a writer's first line.
    pub fn first(&self, writer: u8) -> Option<u64> {
        self.writers.get(&writer).map(|run| run.first)
    }

    /// The highest number of a writer.
    pub fn last(&self, writer: u8) -> Option<u64> {
        self.writers.get(&writer).map(|run| run.last)
    }

    /// Whether a writer's line came.
    pub fn has(&self, line: Line) -> bool {
        self.writers.get(&line.writer).is_some_and(|run| {
            (run.first..=run.last).contains(&line.number) && !run.missing.iter().any(|gap| gap.contains(&line.number))
        })
    }

    /// Whether the last line of each writer has come.
    pub fn has_all_of(&self, written: &[Written]) -> bool {
        written.iter().all(|done| done.last < done.first || self.last(done.writer) >= Some(done.last))
    }

    /// What is wrong, for people; `None` when every line that was written came, once, whole and in order.
    pub fn faults(&self, written: &[Written]) -> Option<String> {
        let mut faults = self.wrong.clone();
        for done in written.iter().filter(|done| done.last >= done.first) {
            if (self.first(done.writer), self.last(done.writer)) != (Some(done.first), Some(done.last)) {
                let seen = (self.first(done.writer), self.last(done.writer));
                faults.push(format!("{done:?}, but {seen:?} came"));
            }
        }
        let is_whole = faults.is_empty() && self.is_clean() && self.sums.missing_told == 0;
        (!is_whole).then(|| format!("{:?}\n  {}", self.sums, faults.join("\n  ")))
    }

    fn keep(&mut self, text: impl FnOnce() -> String) {
        if self.wrong.len() < MAX_KEPT {
            self.wrong.push(text());
        }
    }
}

#[cfg(test)]
mod tests {
    use taillight::line::ByteLen;

    use super::*;

    fn seen(check: &mut Check, writer: u8, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            let mut bytes = Vec::new();
            Line { writer, number }.write(&mut bytes);
            check.line(&bytes[..bytes.len() - 1]);
        }
    }

    #[test]
    fn a_run_is_whole_and_what_breaks_it_is_counted() {
        let written = [Written { writer: 1, first: 1, last: 9, bytes: 0 }];
        for (numbers, lost, duplicated, reordered, is_whole) in [
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9][..], 0, 0, 0, true),
            (&[1, 2, 3, 6, 7, 8, 9], 2, 0, 0, false),
            (&[1, 2, 3, 3, 4, 5, 6, 7, 8, 9], 0, 1, 0, false),
            (&[1, 2, 4, 3, 5, 6, 7, 8, 9], 1, 0, 1, false),
            (&[2, 3, 4, 5, 6, 7, 8, 9], 0, 0, 0, false),
            (&[1, 2, 3, 4, 5, 6, 7, 8], 0, 0, 0, false),
        ] {
            let mut check = Check::default();
            seen(&mut check, 1, numbers.iter().copied());
            let sums = check.sums;
            assert_eq!((sums.lost, sums.duplicated, sums.reordered), (lost, duplicated, reordered), "{numbers:?}");
            assert_eq!(check.faults(&written).is_none(), is_whole, "{numbers:?}");
        }
    }

    #[test]
    fn what_is_told_is_not_lost_but_is_missing() {
        let mut check = Check::default();
        seen(&mut check, 1, 1..4);
        seen(&mut check, 2, 1..2);
        check.event(FileEvent::Gap { bytes: ByteLen::new(100) }, 20);
        seen(&mut check, 1, 6..8);
        assert_eq!((check.sums.missing_told, check.sums.lost, check.sums.bytes_told), (2, 0, 120));
        seen(&mut check, 2, [4]);
        assert_eq!((check.sums.missing_told, check.sums.lost), (4, 0));
        seen(&mut check, 1, [9]);
        assert_eq!(check.sums.lost, 1, "what was told excuses one place only");
        assert!(!check.has(Line { writer: 1, number: 5 }) && check.has(Line { writer: 1, number: 6 }));
    }

    #[test]
    fn a_line_that_was_cut_off_where_it_is_told_is_not_torn() {
        let mut check = Check::default();
        seen(&mut check, 1, 1..3);
        check.last_line(b"01 000000003 the qui");
        check.event(FileEvent::Gap { bytes: ByteLen::new(100) }, 0);
        seen(&mut check, 1, 6..8);
        assert_eq!((check.sums.torn, check.sums.missing_told, check.sums.lost), (0, 3, 0));
        check.line(b"01 000000008 the qui");
        assert_eq!(check.sums.torn, 1, "nothing is told here");
    }

    #[test]
    fn a_rotation_excuses_nothing() {
        let mut check = Check::default();
        seen(&mut check, 1, 1..4);
        check.event(FileEvent::Rotated, 0);
        seen(&mut check, 1, 5..6);
        assert_eq!(check.sums.lost, 1);
    }
}
