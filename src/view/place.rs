//! A place in a file as people name it: the value of `at` in a link.

use std::fmt;
use std::str::FromStr;

use crate::cursor::Anchor;
use crate::line::{ByteOffset, LineNo};
use crate::timestamp::TimeExpr;
use crate::wire::Tip;

/// Where the reader is, or which lines are selected.
///
/// Its text form is that of `at` in a link, before percent-encoding: `start`, `end`, `line:N`, `line:N-M`, `byte:N`,
/// `byte:N-M`, `time:T`. Ranges hold both ends; [`Place::lines`] and [`Place::bytes`] make them in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The first line.
    Start,
    /// After the last line.
    End,
    /// A line, or a range of lines.
    Lines {
        /// The line, or the first of the range.
        first: LineNo,
        /// The last of the range, later than `first`.
        last: Option<LineNo>,
    },
    /// The line that holds a byte, or the lines from there to the one that holds another.
    Bytes {
        /// A byte of the line, or of the first of the range.
        first: ByteOffset,
        /// A byte of the last of the range, later than `first`.
        last: Option<ByteOffset>,
    },
    /// The first line that is not before a time, else the last one; in the one way that such a time is printed.
    Time(String),
}

/// Why a text is not a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPlace {
    /// None of the forms.
    Form,
    /// Line 0.
    LineZero,
    /// Not a number, or a larger one than any file has.
    Number,
    /// Not a time.
    Time,
}

impl Place {
    /// The lines from one to the other, in either order; one line when they are the same.
    pub fn lines(one: LineNo, other: LineNo) -> Self {
        let (first, last) = (one.min(other), one.max(other));
        Self::Lines { first, last: (last > first).then_some(last) }
    }

    /// The lines from the one that holds a byte to the one that holds the other, in either order.
    pub fn bytes(one: ByteOffset, other: ByteOffset) -> Self {
        let (first, last) = (one.min(other), one.max(other));
        Self::Bytes { first, last: (last > first).then_some(last) }
    }

    /// Where a page for this place is read. For a range that is its first line.
    pub fn anchor(&self) -> Anchor {
        match self {
            Self::Start => Anchor::Start,
            Self::End => Anchor::End,
            Self::Time(text) => TimeExpr::parse(text).map_or(Anchor::End, Anchor::Time),
            Self::Lines { first, .. } => Anchor::Line(*first),
            Self::Bytes { first, .. } => Anchor::Byte(*first),
        }
    }

    /// Whether it is past the end of a file that has something; `None` until that is known.
    pub fn is_past_end(&self, tip: &Tip) -> Option<bool> {
        let (is_past, is_known) = match self {
            Self::Lines { first, .. } => (first.get() > tip.lines.count.get(), tip.lines.exact),
            Self::Bytes { first, .. } => (*first > tip.len, !tip.state.is_being_decoded()),
            Self::Start | Self::End | Self::Time(_) => (false, true),
        };
        let is_past = is_past && tip.len > ByteOffset::ZERO;
        (is_known || !is_past).then_some(is_past)
    }

    /// Reads a fragment that a person typed: `L10`, `L10-L20`, `L10-20`, `B…` likewise, `T…` a time.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_fragment(text: &str) -> Result<Self, BadPlace> {
        let mut rest = text.chars();
        let letter = rest.next().unwrap_or_default();
        let rest = rest.as_str();
        match letter {
            'L' | 'l' => lines(rest, Some('L')),
            'B' | 'b' => bytes(rest, Some('B')),
            'T' => time(rest),
            _ => Err(BadPlace::Form),
        }
    }
}

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        match text.split_once(':') {
            None if text == "start" => Ok(Self::Start),
            None if text == "end" => Ok(Self::End),
            Some(("line", range)) => lines(range, None),
            Some(("byte", range)) => bytes(range, None),
            Some(("time", text)) => time(text),
            _ => Err(BadPlace::Form),
        }
    }
}

fn lines(range: &str, letter: Option<char>) -> Result<Place, BadPlace> {
    let (one, other) = numbers(range, letter)?;
    let line = |number| LineNo::new(number).ok_or(BadPlace::LineZero);
    Ok(Place::lines(line(one)?, line(other)?))
}

fn bytes(range: &str, letter: Option<char>) -> Result<Place, BadPlace> {
    let (one, other) = numbers(range, letter)?;
    Ok(Place::bytes(ByteOffset::new(one), ByteOffset::new(other)))
}

fn time(text: &str) -> Result<Place, BadPlace> {
    TimeExpr::parse(text).map(|time| Place::Time(time.to_string())).ok_or(BadPlace::Time)
}

/// `N` or `N-M`; the second number may have the letter of a fragment in front.
fn numbers(range: &str, letter: Option<char>) -> Result<(u64, u64), BadPlace> {
    let Some((one, other)) = range.split_once('-') else {
        let only = number(range)?;
        return Ok((only, only));
    };
    let is_letter = |c: char| letter.is_some_and(|letter| letter.eq_ignore_ascii_case(&c));
    Ok((number(one)?, number(other.strip_prefix(is_letter).unwrap_or(other))?))
}

fn number(text: &str) -> Result<u64, BadPlace> {
    // `u64` reads a sign too, which would give one place two texts.
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| BadPlace::Number)
    } else {
        Err(BadPlace::Number)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::End => f.write_str("end"),
            Self::Lines { first, last: None } => write!(f, "line:{first}"),
            Self::Lines { first, last: Some(last) } => write!(f, "line:{first}-{last}"),
            Self::Bytes { first, last: None } => write!(f, "byte:{first}"),
            Self::Bytes { first, last: Some(last) } => write!(f, "byte:{first}-{last}"),
            Self::Time(time) => write!(f, "time:{time}"),
        }
    }
}

impl fmt::Display for BadPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = match self {
            Self::Form => "expected 'start', 'end', 'line:N', 'line:N-M', 'byte:N', 'byte:N-M' or 'time:T'",
            Self::LineZero => "lines are counted from 1",
            Self::Number => "expected a number, or two with '-' between",
            Self::Time => return write!(f, "expected {} after 'time:'", TimeExpr::FORMS),
        };
        f.write_str(expected)
    }
}

impl std::error::Error for BadPlace {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::Generation;
    use crate::line::LineCount;
    use crate::wire::{FileState, LineTotal, Unpacking};

    fn check(text: &str, expected: Result<&str, BadPlace>) {
        let place = text.parse::<Place>().map(|place| place.to_string());
        assert_eq!(place, expected.map(str::to_owned), "{text:?}");
    }

    fn check_fragment(text: &str, expected: Result<&str, BadPlace>) {
        let place = Place::from_fragment(text).map(|place| place.to_string());
        assert_eq!(place, expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn a_place_has_one_text() {
        for text in
            ["start", "end", "line:1", "line:3-9", "byte:0", "byte:18446744073709551615", "byte:0-1", "time:-15m"]
        {
            check(text, Ok(text));
        }
        check("line:007", Ok("line:7"));
        check("line:5-5", Ok("line:5"));
        check("line:9-3", Ok("line:3-9"));
        check("time: 2026-11-22t11:00+01:00", Ok("time:2026-11-22T10:00:00Z"));
        check("byte:9-3", Ok("byte:3-9"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for text in ["", "foo", "line", "Line:3", "start:", "end:1", "column:3", ":5"] {
            check(text, Err(BadPlace::Form));
        }
        for text in
            ["line:", "line:x", "line:-3", "line:+3", "line:3-", "line:3-4-5", "line: 3", "byte:18446744073709551616"]
        {
            check(text, Err(BadPlace::Number));
        }
        for text in ["line:0", "line:0-5", "line:5-0"] {
            check(text, Err(BadPlace::LineZero));
        }
        for text in ["time:", "time:soon", "time:25:00"] {
            check(text, Err(BadPlace::Time));
        }
        check(&format!("time:{}", "1".repeat(101)), Err(BadPlace::Time));
    }

    #[test]
    fn a_place_past_the_end_is_told_once_the_end_is_known() {
        let tip = |exact, state| Tip {
            generation: Generation::FIRST,
            len: ByteOffset::new(90),
            complete: ByteOffset::new(90),
            lines: LineTotal { count: LineCount::new(9), exact },
            new_lines: LineCount::ZERO,
            shown: None,
            found: None,
            state,
        };
        let (counted, counting) = (tip(true, FileState::Live), tip(false, FileState::Live));
        let decoding = tip(false, FileState::Packed(Unpacking::Decoding { percent: 7 }));
        for (place, tip, expected) in [
            ("line:9", counted, Some(false)),
            ("line:10", counted, Some(true)),
            ("line:9-99", counted, Some(false)),
            ("line:9", counting, Some(false)),
            ("line:10", counting, None),
            ("byte:90", counting, Some(false)),
            ("byte:91", counting, Some(true)),
            ("byte:91", decoding, None),
            ("end", counting, Some(false)),
            ("time:10:00", counting, Some(false)),
        ] {
            assert_eq!(place.parse::<Place>().unwrap().is_past_end(&tip), expected, "{place} {tip:?}");
        }
    }

    #[test]
    fn fragments_typed_by_hand_are_places() {
        for (text, expected) in [
            ("L10", "line:10"),
            ("L10-L20", "line:10-20"),
            ("L10-20", "line:10-20"),
            ("l10-l20", "line:10-20"),
            ("B0", "byte:0"),
            ("B5-B9", "byte:5-9"),
            ("B5-9", "byte:5-9"),
            ("T2026-11-22T10:00:00Z", "time:2026-11-22T10:00:00Z"),
        ] {
            check_fragment(text, Ok(expected));
        }
        for (text, err) in [
            ("", BadPlace::Form),
            ("top", BadPlace::Form),
            ("T", BadPlace::Time),
            ("x", BadPlace::Form),
            ("L", BadPlace::Number),
            ("L0", BadPlace::LineZero),
            ("L5-B6", BadPlace::Number),
            ("é", BadPlace::Form),
        ] {
            check_fragment(text, Err(err));
        }
    }
}
