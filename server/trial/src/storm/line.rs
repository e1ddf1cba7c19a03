//! The lines: `07 000000123 fill fill fill 89abcdef`.

use std::io::Write as _;

/// What lines are filled with; where it starts depends on the line, so that a piece of another line does not fit.
const FILL: &[u8] =
    b"the quick brown fox jumps over the lazy dog while sphinx of black quartz judges my vow and pack my box \
with five dozen liquor jugs then how vexingly quick daft zebras jump before the five boxing wizards arrive ";

/// Writer and number before the fill, the checksum after it, in bytes: without the line feed.
const AROUND: usize = 13 + 9;

/// A line that has proved itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who wrote it.
    pub writer: u8,
    /// Which of that writer's lines it is.
    pub number: u64,
}

impl Line {
    /// Appends the line with its line feed. Lengths vary, most between 40 and 160 bytes, some much longer.
    pub fn write(self, out: &mut Vec<u8>) {
        let start = out.len();
        // Writing to memory cannot fail.
        let _ = write!(out, "{:02} {:09} ", self.writer, self.number);
        let mixed = self.number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(u32::from(self.writer)) >> 32;
        let len = match mixed % 500 {
            0 => 3_000,
            other => 20 + other as usize % 120,
        };
        let from = mixed as usize % FILL.len();
        out.extend(FILL.iter().cycle().skip(from).take(len));
        out.push(b' ');
        let sum = crc32fast::hash(out.get(start..).unwrap_or_default());
        let _ = writeln!(out, "{sum:08x}");
    }

    /// Reads a line without its line feed; `None` when it is not one, or not whole.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (proven, sum) = bytes.split_at_checked(bytes.len().checked_sub(8)?)?;
        if bytes.len() < AROUND || number(sum, 16)? != u64::from(crc32fast::hash(proven)) {
            return None;
        }
        let (writer, rest) = proven.split_at_checked(2)?;
        let number_text = rest.strip_prefix(b" ")?.get(..9)?;
        Some(Self { writer: u8::try_from(number(writer, 10)?).ok()?, number: number(number_text, 10)? })
    }
}

fn number(text: &[u8], radix: u32) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_and_no_part_or_change_of_it_does() {
        for number in [1, 2, 500, 999_999_999] {
            let line = Line { writer: 7, number };
            let mut bytes = Vec::new();
            line.write(&mut bytes);
            assert_eq!(bytes.pop(), Some(b'\n'));
            assert_eq!(Line::parse(&bytes), Some(line));
            for end in 0..bytes.len() {
                assert_eq!(Line::parse(&bytes[..end]), None, "cut at {end}");
                assert_eq!(Line::parse(&bytes[end + 1..]), None, "begun after {end}");
            }
            for at in 0..bytes.len() {
                let mut other = bytes.clone();
                other[at] ^= 1;
                assert_eq!(Line::parse(&other), None, "changed at {at}");
            }
        }
    }

    #[test]
    fn two_lines_in_one_are_none() {
        let mut bytes = Vec::new();
        Line { writer: 1, number: 1 }.write(&mut bytes);
        bytes.pop();
        Line { writer: 1, number: 2 }.write(&mut bytes);
        bytes.pop();
        assert_eq!(Line::parse(&bytes), None);
    }
}
