//! Which levels are shown, and how many lines there are of each: the lines without a level are a kind of their own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Level, LevelSet};
use crate::line::LineCount;

/// The name of the lines that have no level.
const UNKNOWN: &str = "unknown";

/// The bit of the lines that have no level.
const UNKNOWN_BIT: u8 = 1 << 6;

/// The lines that are shown, by their level. Usually all.
///
/// Its text is that of `lvl` in a link: names from the worst level down, `unknown` for lines without one; nothing for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "u8", into = "u8")]
pub struct LevelChoice(u8);

/// How many lines there are of each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelCounts {
    /// In the order of [`Level::ALL`].
    pub levels: [LineCount; 6],
    /// Lines without a level.
    pub unknown: LineCount,
}

/// A text that names no levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLevels;

impl LevelChoice {
    /// All lines.
    pub const ALL: Self = Self(LevelSet::ALL.bits() | UNKNOWN_BIT);

    /// Errors and worse.
    pub const ERRORS: Self = Self(LevelSet::at_least(Level::Error).bits());

    /// Warnings alone.
    pub const WARNINGS: Self = Self::only(Some(Level::Warn));

    /// All kinds there are, the worst level first, lines without a level last.
    pub fn kinds() -> impl Iterator<Item = Option<Level>> {
        Level::ALL.into_iter().rev().map(Some).chain([None])
    }

    /// These levels, and lines without one or not. Nothing at all is all.
    pub const fn new(levels: LevelSet, unknown: bool) -> Self {
        let bits = levels.bits() | if unknown { UNKNOWN_BIT } else { 0 };
        if bits == 0 { Self::ALL } else { Self(bits) }
    }

    /// That kind of lines only.
    pub const fn only(kind: Option<Level>) -> Self {
        Self(bit(kind))
    }

    /// Whether all lines are shown.
    pub const fn is_all(self) -> bool {
        self.0 == Self::ALL.0
    }

    /// Whether that kind of lines is shown.
    pub const fn has(self, kind: Option<Level>) -> bool {
        self.0 & bit(kind) != 0
    }

    /// With that kind of lines turned on or off. The last one is not turned off: then all are shown again.
    #[must_use]
    pub const fn toggled(self, kind: Option<Level>) -> Self {
        let bits = self.0 ^ bit(kind);
        if bits == 0 { Self::ALL } else { Self(bits) }
    }

    /// The levels that are shown.
    pub const fn levels(self) -> LevelSet {
        LevelSet::from_bits(self.0)
    }

    /// Whether lines without a level are shown.
    pub const fn has_unknown(self) -> bool {
        self.0 & UNKNOWN_BIT != 0
    }

    /// The name of a kind of lines.
    pub const fn name(kind: Option<Level>) -> &'static str {
        match kind {
            Some(level) => level.name(),
            None => UNKNOWN,
        }
    }
}

const fn bit(kind: Option<Level>) -> u8 {
    match kind {
        Some(level) => LevelSet::one(level).bits(),
        None => UNKNOWN_BIT,
    }
}

impl LevelCounts {
    /// How many lines there are of that kind.
    pub fn of(&self, kind: Option<Level>) -> LineCount {
        match kind {
            Some(level) => self.levels.get(level as usize).copied().unwrap_or_default(),
            None => self.unknown,
        }
    }

    /// Adds `n` lines of that kind.
    pub fn add(&mut self, kind: Option<Level>, n: u64) {
        let count = match kind {
            Some(level) => self.levels.get_mut(level as usize),
            None => Some(&mut self.unknown),
        };
        if let Some(count) = count {
            *count = *count + LineCount::new(n);
        }
    }
}

impl Default for LevelChoice {
    fn default() -> Self {
        Self::ALL
    }
}

impl From<u8> for LevelChoice {
    fn from(bits: u8) -> Self {
        Self::new(LevelSet::from_bits(bits), bits & UNKNOWN_BIT != 0)
    }
}

impl From<LevelChoice> for u8 {
    fn from(choice: LevelChoice) -> Self {
        choice.0
    }
}

impl fmt::Display for LevelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return Ok(());
        }
        for (idx, kind) in Self::kinds().filter(|&kind| self.has(kind)).enumerate() {
            f.write_str(if idx == 0 { "" } else { "," })?;
            f.write_str(Self::name(kind))?;
        }
        Ok(())
    }
}

impl FromStr for LevelChoice {
    type Err = BadLevels;

    fn from_str(text: &str) -> Result<Self, BadLevels> {
        if text.is_empty() {
            return Ok(Self::ALL);
        }
        let bits = text.split(',').try_fold(0, |bits, name| {
            let is_kind = |kind: &Option<Level>| Self::name(*kind).eq_ignore_ascii_case(name);
            Some(bits | bit(Self::kinds().find(is_kind)?))
        });
        bits.map(Self).ok_or(BadLevels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_chosen_by_name_and_printed_in_one_way() {
        for (text, printed) in [
            ("", Some("")),
            ("error,warn", Some("error,warn")),
            ("WARN,error", Some("error,warn")),
            ("unknown,trace", Some("trace,unknown")),
            ("fatal,error,warn,info,debug,trace,unknown", Some("")),
            ("loud", None),
            ("error,", None),
            ("error, warn", None),
        ] {
            let choice = text.parse::<LevelChoice>();
            assert_eq!(choice.map(|choice| choice.to_string()).ok().as_deref(), printed, "{text:?}");
        }
    }

    #[test]
    fn a_choice_is_never_of_nothing() {
        let only = LevelChoice::only(Some(Level::Error));
        assert_eq!(only.to_string(), "error");
        assert!(only.has(Some(Level::Error)) && !only.has(None) && !only.is_all());
        assert_eq!(only.toggled(None).to_string(), "error,unknown");
        assert!(only.toggled(Some(Level::Error)).is_all());
        assert_eq!(LevelChoice::ALL.toggled(Some(Level::Debug)).to_string(), "fatal,error,warn,info,trace,unknown");
        assert_eq!(serde_json::from_str::<LevelChoice>("0").unwrap(), LevelChoice::ALL);
        assert_eq!(serde_json::to_string(&only).unwrap(), "16");
    }

    #[test]
    fn counts_are_kept_by_kind() {
        let mut counts = LevelCounts::default();
        counts.add(None, 2);
        counts.add(Some(Level::Fatal), 3);
        counts.add(Some(Level::Fatal), 1);
        assert_eq!(counts.of(Some(Level::Fatal)), LineCount::new(4));
        assert_eq!(counts.of(None), LineCount::new(2));
        assert_eq!(counts.of(Some(Level::Trace)), LineCount::ZERO);
    }
}
