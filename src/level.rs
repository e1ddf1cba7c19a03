//! Levels of lines: trace to fatal.
//!
//! [`Level::of`] says what a line itself tells, in a place where levels stand: in brackets, behind the time, in front of
//! the message with a colon, as a field. A word in the message is none. Where it is looked for is in
//! [`find`](mod@find), what makes a word one in [`judge`](mod@judge), which words and numbers mean what in [`words`].

mod choice;
mod find;
mod forms;
mod judge;
mod words;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::line::told_of;
pub use choice::{LevelChoice, LevelCounts};

/// How bad it is what a line tells, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// `trace`
    Trace,
    /// `debug`
    Debug,
    /// `info`
    Info,
    /// `warn`
    Warn,
    /// `error`
    Error,
    /// `fatal`
    Fatal,
}

/// Some levels, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LevelSet(u8);

impl Level {
    /// All, in order.
    pub const ALL: [Self; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// Its name in queries, links and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// The level of that name, in either case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(name))
    }

    /// The level of a line without its escapes (see [`ansi::plain`](crate::ansi::plain)).
    pub fn of(line: &[u8]) -> Option<Self> {
        find::find(told_of(line))
    }
}

impl LevelSet {
    /// None.
    pub const EMPTY: Self = Self(0);

    /// Every level.
    pub const ALL: Self = Self(0b11_1111);

    /// This one.
    pub const fn one(level: Level) -> Self {
        Self(1 << level as u8)
    }

    /// This one and those above it.
    pub const fn at_least(level: Level) -> Self {
        Self(Self::ALL.0 & !((1 << level as u8) - 1))
    }

    /// These and those.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is one of them.
    pub const fn contains(self, level: Level) -> bool {
        self.0 & Self::one(level).0 != 0
    }

    /// Whether there is one that both have.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// As a byte: bit 0 is trace, bit 5 fatal.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The levels of a byte, as [`Self::bits`] gives it; other bits are left out.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// They, in order.
    pub fn iter(self) -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(move |&level| self.contains(level))
    }

    /// The lowest, when they are that one and all above it and more than one.
    pub fn range(self) -> Option<Level> {
        let lowest = self.iter().next()?;
        (lowest != Level::Fatal && self == Self::at_least(lowest)).then_some(lowest)
    }

    /// Reads `error,warn` or `error`: one name at least.
    pub fn parse(names: &str) -> Option<Self> {
        names.split(',').try_fold(Self::EMPTY, |set, name| Some(set.and(Self::one(Level::named(name)?))))
    }

    /// The term of a query that these are: `level>=warn`, `level:error,trace`.
    pub const fn as_term(self) -> LevelTerm {
        LevelTerm(self)
    }
}

/// `trace,error`; nothing of no level.
impl fmt::Display for LevelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (idx, level) in self.iter().enumerate() {
            f.write_str(if idx == 0 { "" } else { "," })?;
            f.write_str(level.name())?;
        }
        Ok(())
    }
}

impl FromIterator<Level> for LevelSet {
    fn from_iter<I: IntoIterator<Item = Level>>(levels: I) -> Self {
        levels.into_iter().fold(Self::EMPTY, |set, level| set.and(Self::one(level)))
    }
}

/// Levels as the term of a query.
#[derive(Clone, Copy, Debug)]
pub struct LevelTerm(LevelSet);

impl fmt::Display for LevelTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.range() {
            Some(lowest) => write!(f, "level>={}", lowest.name()),
            None => write!(f, "level:{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests;
