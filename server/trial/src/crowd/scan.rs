//! What arrives at one viewer, line by line, in whatever pieces it comes: how old it is, whether one is missing.

use memchr::memchr;

use super::histogram::Histogram;
use super::lines::{self, HEAD_BYTES, LINE_BYTES};

/// What all viewers together have received.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Whole lines.
    pub lines: u64,
    /// Lines whose checksum was compared.
    pub checked: u64,
    /// Places where a line was missing, came twice or out of order.
    pub gaps: u64,
    /// Lines that were not as they were written.
    pub broken: u64,
    /// Binary frames that did not begin where the one before ended.
    pub misplaced: u64,
    /// From the append to the arrival, once for each viewer and burst, of bursts written since measuring began.
    pub latency: Histogram,
    /// When measuring began; nothing before counts for `latency`.
    pub since: u64,
}

impl Tally {
    /// The lines of the log in bytes, as they are in the file: what protocols add is not counted.
    pub fn bytes(&self) -> u64 {
        self.lines * LINE_BYTES as u64
    }
}

/// Where one viewer stands.
#[derive(Debug)]
pub struct Scan {
    head: [u8; HEAD_BYTES],
    n_head: usize,
    /// The number that the next line must have; `None` before the first.
    next: Option<u32>,
    last_stamp: u64,
    /// The line so far, at a viewer that compares checksums.
    whole: Option<Vec<u8>>,
}

impl Scan {
    /// A viewer that has received nothing. `is_full`: it compares the checksum of every line.
    pub fn new(is_full: bool) -> Self {
        Self { head: [0; HEAD_BYTES], n_head: 0, next: None, last_stamp: 0, whole: is_full.then(Vec::new) }
    }

    /// The number of the line that comes next; 0 before the first.
    pub fn next(&self) -> u32 {
        self.next.unwrap_or(0)
    }

    /// Takes the next bytes, which arrived at `now`.
    pub fn feed(&mut self, mut bytes: &[u8], now: u64, tally: &mut Tally) {
        while !bytes.is_empty() {
            if self.n_head < HEAD_BYTES {
                let (head, rest) = bytes.split_at(bytes.len().min(HEAD_BYTES - self.n_head));
                self.head[self.n_head..self.n_head + head.len()].copy_from_slice(head);
                self.n_head += head.len();
                bytes = rest;
                if self.n_head == HEAD_BYTES {
                    self.begin_line(now, tally);
                }
                continue;
            }
            let feed = memchr(b'\n', bytes);
            let (line, rest) = bytes.split_at(feed.unwrap_or(bytes.len()));
            if let Some(whole) = &mut self.whole {
                whole.extend_from_slice(line);
            }
            if feed.is_some() {
                self.end_line(tally);
            }
            bytes = rest.get(1..).unwrap_or_default();
        }
    }

    /// A line ends here without a line feed, as where each message is one line.
    pub fn end_line(&mut self, tally: &mut Tally) {
        tally.lines += 1;
        if self.n_head < HEAD_BYTES {
            tally.broken += 1;
        } else if let Some(whole) = &mut self.whole {
            tally.checked += 1;
            // What follows the line in its message is not of the line.
            let is_whole = whole.get(..LINE_BYTES - 1).is_some_and(lines::is_whole);
            tally.broken += u64::from(!is_whole);
        }
        self.n_head = 0;
    }

    fn begin_line(&mut self, now: u64, tally: &mut Tally) {
        if let Some(whole) = &mut self.whole {
            whole.clear();
            whole.extend_from_slice(&self.head);
        }
        let Some((stamp, number)) = lines::head(&self.head) else {
            tally.broken += 1;
            return;
        };
        tally.gaps += u64::from(self.next.is_some_and(|next| next != number));
        self.next = Some(number.wrapping_add(1));
        if stamp != self.last_stamp && stamp >= tally.since && tally.since > 0 {
            tally.latency.add(now.saturating_sub(stamp));
        }
        self.last_stamp = stamp;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(bytes: &[u8], piece: usize) -> Tally {
        let mut tally = Tally { since: 1, ..Tally::default() };
        let mut scan = Scan::new(true);
        bytes.chunks(piece).for_each(|piece| scan.feed(piece, 500, &mut tally));
        tally
    }

    fn burst() -> Vec<u8> {
        let mut out = Vec::new();
        lines::write_lines(&mut out, 100, 7, 3);
        lines::write_lines(&mut out, 200, 10, 3);
        out
    }

    #[test]
    fn lines_are_counted_whatever_pieces_they_come_in() {
        for piece in [1, 7, 26, 99, 100, 101, 1000] {
            let tally = received(&burst(), piece);
            assert_eq!((tally.lines, tally.checked, tally.gaps, tally.broken), (6, 6, 0, 0), "pieces of {piece}");
            assert_eq!((tally.latency.count(), tally.latency.most().as_nanos()), (2, 400), "one sample a burst");
        }
    }

    #[test]
    fn a_missing_a_doubled_and_a_torn_line_are_noticed() {
        let burst = burst();
        let without_second = [&burst[..100], &burst[200..]].concat();
        let twice = [&burst[..200], &burst[100..]].concat();
        let mut torn = burst;
        torn[150] = b'!';
        let found = |bytes: &[u8]| {
            let tally = received(bytes, 64);
            (tally.gaps, tally.broken)
        };
        assert_eq!((found(&without_second), found(&twice), found(&torn)), ((1, 0), (1, 0), (0, 1)));
    }
}
