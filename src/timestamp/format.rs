//! What the first lines of a file teach about its times.

use super::Reading;
use super::find::{find, is_blank, is_delimiter};
use super::reader::Reader;
use super::shape::{Found, Shape, read};
use crate::line::told_of;

/// How many lines are enough to learn from.
const SAMPLE_LINES: usize = 100;

/// How many lines in a row a column of numbers must have before they are times.
const COLUMN_LINES: usize = 4;

/// Columns that may hold times, from the left.
const COLUMNS: usize = 12;

/// How the times of a file are written, and where in their lines. The default knows nothing and finds what a line alone
/// shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Format {
    shape: Option<Shape>,
    anchor: Anchor,
}

/// Where times stand. What is tried first; then the line is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Anchor {
    #[default]
    Anywhere,
    /// At this byte.
    At(usize),
    /// Behind the first of these bytes.
    Behind(u8),
    /// The word with this number, from 0: seconds since 1970 among other numbers.
    Column(usize),
}

impl Format {
    /// Learns from the first lines of a file, 100 at most.
    pub fn learn<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let lines: Vec<&[u8]> = lines
            .into_iter()
            .map(told_of)
            .filter(|line| line.iter().any(|&byte| !is_blank(byte)))
            .take(SAMPLE_LINES)
            .collect();
        let found: Vec<(&[u8], Found)> = lines.iter().filter_map(|&line| Some((line, find(line)?))).collect();
        if found.len() * 2 < lines.len()
            && let Some(column) = epoch_column(&lines)
        {
            return Self { shape: Some(Shape::Epoch), anchor: Anchor::Column(column) };
        }
        let Some(shape) = most_common(&found) else { return Self::default() };
        let of_shape: Vec<&(&[u8], Found)> = found.iter().filter(|(_, found)| is_alike(found.shape, shape)).collect();
        let anchors = of_shape.first().map_or([Anchor::Anywhere; 3], |(_, found)| {
            [Anchor::At(found.at), Anchor::Behind(b'['), Anchor::Behind(b' ')]
        });
        let is_right = |anchor: &Anchor| {
            let n_right = of_shape.iter().filter(|(line, found)| anchor.place(line) == Some(found.at)).count();
            n_right * 10 >= of_shape.len() * 9
        };
        let anchor = anchors.into_iter().find(is_right).unwrap_or_default();
        Self { shape: Some(shape), anchor }
    }

    /// How times are written in most lines.
    pub const fn shape(&self) -> Option<Shape> {
        self.shape
    }

    /// What a line, without its escapes, tells of its time.
    pub fn find(&self, line: &[u8]) -> Option<Reading> {
        let line = told_of(line);
        let Some(shape) = self.shape else { return find(line).map(|found| found.reading) };
        if let Some(at) = self.anchor.place(line)
            && let Some(found) = read(shape, line, at)
        {
            return Some(found.reading);
        }
        // Where times stand in known places, indented lines continue the one above.
        if self.anchor != Anchor::Anywhere && line.first().copied().is_some_and(is_blank) {
            return None;
        }
        let found = find(line)?;
        if is_alike(found.shape, shape) && found.shape != shape {
            return read(shape, line, found.at).map(|found| found.reading);
        }
        Some(found.reading)
    }
}

impl Anchor {
    /// Where the time of this line is, if it has one there.
    fn place(self, line: &[u8]) -> Option<usize> {
        let at = match self {
            Self::Anywhere => return None,
            Self::At(0) => return Some(0),
            Self::At(at) => at,
            Self::Behind(byte) => memchr::memchr(byte, line)? + 1,
            Self::Column(column) => return words(line).nth(column),
        };
        line.get(at - 1).copied().filter(|&byte| is_delimiter(byte)).map(|_| at)
    }
}

/// Where words between blanks begin.
fn words(line: &[u8]) -> impl Iterator<Item = usize> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let rest = line.get(next..)?;
        let start = next + rest.iter().position(|&byte| !is_blank(byte))?;
        next = start + memchr::memchr2(b' ', b'\t', line.get(start..)?).unwrap_or(line.len() - start);
        Some(start)
    })
}

/// The column that is a plausible time in all of the lines but a few.
fn epoch_column(lines: &[&[u8]]) -> Option<usize> {
    let is_epoch = |line: &[u8], column: usize| {
        let is_whole = |at: &usize| Reader::new(line, *at).n_digits() > 1;
        let found = words(line).nth(column).filter(is_whole).and_then(|at| read(Shape::Epoch, line, at));
        found.is_some_and(|found| line.get(found.end).is_none_or(|&byte| is_blank(byte)))
    };
    (0..COLUMNS).find(|&column| {
        let n_times = lines.iter().filter(|line| is_epoch(line, column)).count();
        n_times >= COLUMN_LINES && n_times * 10 >= lines.len() * 9
    })
}

/// Days in front of months win where any line shows that they are.
fn most_common(found: &[(&[u8], Found)]) -> Option<Shape> {
    let count = |shape: Shape| found.iter().filter(|(_, found)| found.shape == shape).count();
    let shape = found.iter().map(|(_, found)| found.shape).max_by_key(|&shape| count(shape))?;
    Some(if shape == Shape::MonthFirst && count(Shape::DayFirst) > 0 { Shape::DayFirst } else { shape })
}

/// Whether two shapes are told apart by the number of the day only.
fn is_alike(one: Shape, other: Shape) -> bool {
    let is_numeric = |shape| matches!(shape, Shape::MonthFirst | Shape::DayFirst);
    one == other || is_numeric(one) && is_numeric(other)
}
