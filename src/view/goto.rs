//! What a person types at the `:` prompt: a line, a time, a share of the file, a byte, an end.

use std::fmt;

use super::Place;
use crate::line::{ByteLen, ByteOffset, LineCount, LineNo};
use crate::timestamp::TimeExpr;
use crate::wire::LineTotal;

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goto {
    /// A line.
    Line(LineNo),
    /// The line that holds a byte.
    Byte(ByteOffset),
    /// A share of the file's bytes.
    Percent(Percent),
    /// The first line that is not before a time, else the last one.
    Time(TimeExpr),
    /// The first line.
    Start,
    /// The end.
    End,
}

/// A share, in thousandths of a percent, at most 100 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

/// Why a text names no place. `Display` is for the user and says what would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GotoError {
    /// Nothing was typed.
    Empty,
    /// None of the forms.
    Form,
    /// Line 0.
    LineZero,
    /// A larger number than any file has.
    TooLarge,
    /// More than 100 %.
    Above100,
    /// The file ends before that line.
    PastEnd {
        /// How many lines it has.
        lines: LineCount,
    },
    /// What looks like a time, and is none.
    Time,
}

/// Reads what was typed at the prompt: `1200`, `1,200`, `line 1200`, `50%`, `byte 4096`, `start`, `end`, and the
/// times of [`TimeExpr`]; letters in either case. A line after the last is told when `total` is exact.
///
/// # Errors
/// What is wrong, and what is expected.
pub fn parse(text: &str, total: Option<LineTotal>) -> Result<Goto, GotoError> {
    let text = text.trim().to_ascii_lowercase();
    match text.as_str() {
        "" => Err(GotoError::Empty),
        "start" | "top" => Ok(Goto::Start),
        "end" | "bottom" => Ok(Goto::End),
        text => {
            if let Some(share) = text.strip_suffix('%') {
                return Percent::parse(share.trim_end()).map(Goto::Percent);
            }
            let (unit, digits) = split_unit(text);
            match unit {
                "" | "l" | "line" => line(digits, text, total),
                "b" | "byte" => number(digits).ok_or(GotoError::Form)?.map(ByteOffset::new).map(Goto::Byte),
                _ => time(text),
            }
        }
    }
}

impl Goto {
    /// The place to go to in a file of that length.
    pub fn place(self, len: ByteLen) -> Place {
        match self {
            Self::Line(line) => Place::lines(line, line),
            Self::Byte(offset) => Place::bytes(offset, offset),
            Self::Percent(percent) => percent.place(len),
            Self::Time(time) => Place::Time(time.to_string()),
            Self::Start => Place::Start,
            Self::End => Place::End,
        }
    }
}

impl Percent {
    const WHOLE: u32 = 100_000;

    /// That many percent, at most 100: the count before `%`.
    pub fn whole(percent: u64) -> Self {
        Self(u32::try_from(percent.min(100)).map_or(Self::WHOLE, |percent| percent * 1_000))
    }

    /// The place at this share of a file of that length.
    pub fn place(self, len: ByteLen) -> Place {
        match self.0 {
            0 => Place::Start,
            Self::WHOLE => Place::End,
            thousandths => {
                let offset = u128::from(len.get()) * u128::from(thousandths) / u128::from(Self::WHOLE);
                let offset = ByteOffset::new(u64::try_from(offset).unwrap_or(len.get()));
                Place::bytes(offset, offset)
            }
        }
    }

    fn parse(text: &str) -> Result<Self, GotoError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return Err(GotoError::Form);
        }
        let whole: u32 = whole.parse().map_err(|_| GotoError::Above100)?;
        let thousandths =
            fraction.bytes().chain(*b"00").take(3).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        match whole.saturating_mul(1_000).saturating_add(thousandths) {
            percent @ 0..=Self::WHOLE => Ok(Self(percent)),
            _ => Err(GotoError::Above100),
        }
    }
}

/// The word in front of a number, and the rest: `byte 7`, `byte:7`, `b7`.
fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len());
    let (unit, rest) = text.split_at(end);
    let rest = if unit.is_empty() { rest } else { rest.strip_prefix(':').unwrap_or(rest) };
    (unit, rest.trim_start())
}

fn line(digits: &str, text: &str, total: Option<LineTotal>) -> Result<Goto, GotoError> {
    let Some(number) = number(digits) else { return time(text) };
    let number = number?;
    let line = LineNo::new(number).ok_or(GotoError::LineZero)?;
    match total {
        Some(LineTotal { count, exact: true }) if line.get() > count.get() => Err(GotoError::PastEnd { lines: count }),
        _ => Ok(Goto::Line(line)),
    }
}

/// Digits, with `,`, `_` or blanks between. `None` when it is no number at all.
fn number(text: &str) -> Option<Result<u64, GotoError>> {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    if !is_digit(text.chars().next()) || !is_digit(text.chars().next_back()) {
        return None;
    }
    let is_separator = |c: char| matches!(c, ',' | '_' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}');
    let digits: String = text.chars().filter(|&c| !is_separator(c)).collect();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().map_err(|_| GotoError::TooLarge))
}

/// What is no number may be a time: `10:00`, `time:-15m`.
fn time(text: &str) -> Result<Goto, GotoError> {
    let written = text.strip_prefix("time").map_or(text, |rest| rest.strip_prefix(':').unwrap_or(rest));
    // `T` and `Z` of RFC 3339 are read in lower case, too.
    TimeExpr::parse(written).map(Goto::Time).ok_or_else(|| form_or_time(text))
}

/// What looks like a time deserves a better answer.
fn form_or_time(text: &str) -> GotoError {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let is_clock_or_date = has_digit && (text.contains([':', '/']) || text.matches('-').count() == 2);
    let is_ago = text.starts_with('-') && has_digit && text.ends_with(['s', 'm', 'h', 'd', 'w']);
    const WORDS: [&str; 20] = [
        "now",
        "today",
        "yesterday",
        "time",
        "noon",
        "midnight",
        "ago",
        "am",
        "pm",
        "jan",
        "feb",
        "mar",
        "apr",
        "may",
        "jun",
        "jul",
        "aug",
        "sep",
        "oct",
        "nov",
    ];
    let is_word = text.split(|c: char| !c.is_ascii_alphabetic()).any(|word| WORDS.contains(&word) || word == "dec");
    if is_clock_or_date || is_ago || is_word { GotoError::Time } else { GotoError::Form }
}

impl fmt::Display for GotoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty | Self::Form => {
                f.write_str("expected a line such as 1200, a time such as 10:00, a share such as 50%, 'byte 4096', 'start' or 'end'")
            }
            Self::LineZero => f.write_str("lines are counted from 1; 'start' goes to the first"),
            Self::TooLarge => f.write_str("no file has that many; 'end' goes to the last line"),
            Self::Above100 => f.write_str("expected a share from 0% to 100%"),
            Self::PastEnd { lines } => write!(f, "the file has {lines} lines; 'end' goes to the last"),
            Self::Time => f.write_str("expected a time as RFC 3339, 2026-11-22 10:00, 10:00, -15m or yesterday 10:00"),
        }
    }
}

impl std::error::Error for GotoError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEN: ByteLen = ByteLen::new(1_000_000);

    fn check(text: &str, expected: Result<&str, GotoError>) {
        let place = parse(text, None).map(|goto| goto.place(LEN).to_string());
        assert_eq!(place, expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn lines_shares_bytes_and_ends_are_places() {
        for text in ["1234", " 1,234 ", "1_234", "1 234", "1\u{202f}234", "line 1234", "Line:1234", "L1234", "line1234"]
        {
            check(text, Ok("line:1234"));
        }
        for (text, place) in [
            ("50%", "byte:500000"),
            ("50 %", "byte:500000"),
            ("12.5%", "byte:125000"),
            ("0.0019%", "byte:10"),
            ("0%", "start"),
            ("100%", "end"),
            ("99.999%", "byte:999990"),
            ("byte 0", "byte:0"),
            ("BYTE 4,096", "byte:4096"),
            ("byte:7", "byte:7"),
            ("b7", "byte:7"),
            ("start", "start"),
            ("End", "end"),
        ] {
            check(text, Ok(place));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for text in
            ["foo", "-5", "+5", "5-6", "1,", ",1", "byte", "byte x", "%", "x%", "1.2.3%", "-1%", "1.%", "lines 5", "é"]
        {
            check(text, Err(GotoError::Form));
        }
        check(" ", Err(GotoError::Empty));
        check("0", Err(GotoError::LineZero));
        check("18446744073709551616", Err(GotoError::TooLarge));
        for text in ["101%", "100.001%", "99999999999%"] {
            check(text, Err(GotoError::Above100));
        }
    }

    #[test]
    fn times_are_places_and_what_only_looks_like_one_is_told() {
        for (text, place) in [
            ("14:02", "time:14:02"),
            ("14:02:30 ", "time:14:02:30"),
            ("-15m", "time:-15m"),
            ("now", "time:now"),
            ("Yesterday 10:00", "time:yesterday 10:00"),
            ("today", "time:today"),
            ("2026-11-22", "time:2026-11-22"),
            ("2026-11-22 10:00", "time:2026-11-22 10:00"),
            ("2026-11-22T10:00:00Z", "time:2026-11-22T10:00:00Z"),
            ("2026-11-22T11:00:00.5+01:00", "time:2026-11-22T10:00:00.500Z"),
            ("time:10:00", "time:10:00"),
            ("time 10:00", "time:10:00"),
        ] {
            check(text, Ok(place));
        }
        for text in ["now-15m", "yesterday 3pm", "25:00", "time:5", "22/Nov/2026", "Nov 22", "2026-13-01", "noon"] {
            check(text, Err(GotoError::Time));
        }
    }

    #[test]
    fn a_line_after_the_last_is_told_once_the_lines_are_counted() {
        let total = |exact| Some(LineTotal { count: LineCount::new(10), exact });
        let past_end = Err(GotoError::PastEnd { lines: LineCount::new(10) });
        assert_eq!(parse("11", total(true)), past_end);
        assert!(parse("11", total(false)).is_ok());
        assert!(parse("10", total(true)).is_ok());
    }

    #[test]
    fn a_count_before_the_percent_key_is_a_share() {
        for (count, place) in [(0, "start"), (50, "byte:500000"), (100, "end"), (u64::MAX, "end")] {
            assert_eq!(Percent::whole(count).place(LEN).to_string(), place);
        }
        assert_eq!(Percent::whole(99).place(ByteLen::new(u64::MAX)).to_string(), "byte:18262276632972456098");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(.|[0-9%.,: -]|line|byte){0,12}") {
            let _ = parse(&text, None);
        }
    }
}
