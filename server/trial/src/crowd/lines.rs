//! Lines that say when they were written, which one they are, and whether they are whole.
//!
//! All have the same length, so that a generator can count bytes by counting lines: a stamp and a number in hexadecimal,
//! filling without a character that JSON or HTML would escape, and a checksum.

use std::time::Instant;

/// The length of a line with its line feed.
pub const LINE_BYTES: usize = 100;

/// The stamp, a blank, the number, a blank.
pub const HEAD_BYTES: usize = 26;

/// Where the checksum begins: it covers everything before the blank in front of it.
const SUM_AT: usize = LINE_BYTES - 9;

const FILL: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.,";

/// The one clock of writer and viewers. Its stamps are nanoseconds since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that starts now, a little after zero: zero is the stamp of lines that are not measured.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Now, in nanoseconds; never zero.
    pub fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }
}

/// Appends `n_lines` lines to `out`, numbered from `first`, all written at `stamp`.
pub fn write_lines(out: &mut Vec<u8>, stamp: u64, first: u32, n_lines: usize) {
    for number in (first..).take(n_lines) {
        let start = out.len();
        out.extend_from_slice(format!("{stamp:016x} {number:08x} ").as_bytes());
        let turn = number as usize % FILL.len();
        let n_fill = SUM_AT - 1 - HEAD_BYTES;
        out.extend(FILL.iter().cycle().skip(turn).take(n_fill));
        let sum = sum(&out[start..]);
        out.extend_from_slice(format!(" {sum:08x}\n").as_bytes());
    }
}

/// The stamp and the number of a line that begins with these bytes.
pub fn head(bytes: &[u8; HEAD_BYTES]) -> Option<(u64, u32)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let stamp = u64::from_str_radix(text.get(..16)?, 16).ok()?;
    let number = u32::from_str_radix(text.get(17..25)?, 16).ok()?;
    Some((stamp, number))
}

/// Whether a line without its line feed is as it was written.
pub fn is_whole(line: &[u8]) -> bool {
    let Some((text, told)) = line.split_at_checked(SUM_AT - 1) else { return false };
    let told = told.strip_prefix(b" ").and_then(|told| std::str::from_utf8(told).ok());
    told.and_then(|told| u32::from_str_radix(told, 16).ok()) == Some(sum(text))
}

/// FNV-1a with 32 bits: it finds accidents, and costs less than what it checks.
fn sum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_its_stamp_and_number_and_that_it_is_whole() {
        let mut out = Vec::new();
        write_lines(&mut out, 0x1234, 41, 2);
        assert_eq!(out.len(), 2 * LINE_BYTES);
        let line = &out[LINE_BYTES..2 * LINE_BYTES - 1];
        assert_eq!(head(line.first_chunk().unwrap()), Some((0x1234, 42)));
        assert!(is_whole(line));
        for at in 0..line.len() {
            let mut torn = line.to_vec();
            torn[at] ^= 1;
            assert!(!is_whole(&torn), "a change at {at} is noticed");
            assert!(!is_whole(&line[..at]), "a line cut at {at} is noticed");
        }
    }
}
