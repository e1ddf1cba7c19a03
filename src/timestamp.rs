//! When a line was written: the time that stands in it, as a point in time.
//!
//! [`Format::find`] looks for the time of a line and gives a [`Reading`]: what the line tells, which may lack the zone,
//! the year or the whole date. [`Reading::stamp`] completes it from a [`Context`]. A [`Format`] has looked at the first
//! lines of a file and knows where their times stand, which makes it fast, and lets it see times that a line alone does
//! not show (a column of numbers that are all seconds since 1970).
//!
//! Lines come without their escapes (see [`ansi::plain`](crate::ansi::plain)); with them, a time behind a colour is not
//! found. Only what stands in front counts: a time in a message, in a stack trace or in an indented line is not the time
//! of the line.
//!
//! Zones are read as offsets, as `UTC` and as the few short names that mean one offset. A line that names its zone as a
//! place does (`Europe/Berlin`, as PHP writes) is read as one without a zone: the core knows no zone by name.
//!
//! What is there is written in [`shape`], where it is looked for in [`find`](mod@find). [`TimeExpr`] is a time that a
//! person typed, [`Stamp`]'s `Display` is RFC 3339 in UTC. Nothing here reads a clock or allocates per line.

mod civil;
mod expr;
mod find;
mod format;
mod print;
mod reader;
mod shape;
mod zone;

pub use expr::TimeExpr;
pub use format::Format;
pub use print::AtOffset;
pub use shape::Shape;
pub use zone::{Zone, ZoneStep};

use serde::{Deserialize, Serialize};

use civil::{DAY_SECS, Date};
use reader::NANOS;

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds. From 1677 to 2262.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(i64);

/// What a line tells of its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    day: Day,
    /// Since midnight; a second more than a day in a leap second.
    nanos: i64,
    /// East of Greenwich.
    offset_secs: Option<i32>,
}

/// What a line tells of its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// Days since 1970-01-01.
    Known(i32),
    /// Month and day; the year is a leap year that means nothing.
    OfSomeYear(Date),
    /// Nothing.
    Unknown,
}

/// What completes a time: what holds where a line does not say.
#[derive(Clone, Debug)]
pub struct Context {
    zone: Zone,
    modified: Stamp,
    /// The year in which `modified` is in the zone: it is needed for every line.
    year: i32,
}

/// What a line may be younger than the last change of its file, because clocks and zones differ: a day where only the
/// year is missing.
const YEAR_SLACK: i64 = DAY_SECS * NANOS;

/// The same where the date is missing.
const DATE_SLACK: i64 = 60 * NANOS;

impl Stamp {
    /// 1970-01-01T00:00:00Z
    pub const EPOCH: Self = Self(0);

    /// The first one.
    pub const MIN: Self = Self(i64::MIN);

    /// The last one.
    pub const MAX: Self = Self(i64::MAX);

    /// So many nanoseconds after 1970-01-01T00:00:00Z.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// So many seconds after 1970-01-01T00:00:00Z; the first or the last one when that is too far away.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(NANOS))
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Days since 1970-01-01 and nanoseconds since midnight on the clocks of a place.
    fn local(self, offset_secs: i32) -> (i32, i64) {
        let secs = self.0.div_euclid(NANOS) + i64::from(offset_secs);
        // It fits: 584 years have 213,504 days.
        (secs.div_euclid(DAY_SECS) as i32, secs.rem_euclid(DAY_SECS) * NANOS + self.0.rem_euclid(NANOS))
    }
}

impl Context {
    /// For a file whose times without a zone are of this one, and that was changed then: its lines are not younger, which
    /// gives years and dates to times without.
    pub fn new(zone: Zone, modified: Stamp) -> Self {
        let (today, _) = modified.local(zone.offset_at(modified));
        Self { zone, modified, year: Date::from_days(today).year }
    }

    /// The zone of times without one.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }
}

impl Reading {
    fn new(date: Date, nanos: i64, offset_secs: Option<i32>) -> Self {
        Self { day: Day::Known(date.days()), nanos, offset_secs }
    }

    /// So many nanoseconds later in its second; `None` for a second and more.
    fn later(self, nanos: u32) -> Option<Self> {
        let nanos = i64::from(nanos);
        (nanos < NANOS).then_some(Self { nanos: self.nanos + nanos, ..self })
    }

    /// Whether the line tells the year.
    pub const fn has_year(&self) -> bool {
        matches!(self.day, Day::Known(_))
    }

    /// Whether the line tells month and day.
    pub const fn has_date(&self) -> bool {
        !matches!(self.day, Day::Unknown)
    }

    /// Seconds east of Greenwich, if the line tells its zone.
    pub const fn offset_secs(&self) -> Option<i32> {
        self.offset_secs
    }

    /// The point in time. `None` outside of the years that a [`Stamp`] can tell.
    ///
    /// A missing year is that in which the time is the last one before the file was changed; the leap day looks for a
    /// year that has it. A missing date is that day or the one before.
    pub fn stamp(&self, context: &Context) -> Option<Stamp> {
        match self.day {
            Day::Known(days) => self.on(days, &context.zone),
            Day::OfSomeYear(date) => {
                let year = context.year;
                // New Year's Eve may be over here and not there. Leap years are at most 8 years apart.
                (year - 8..=year + 1).rev().find_map(|year| {
                    let date = Date::new(year, date.month.into(), date.day.into())?;
                    let stamp = self.on(date.days(), &context.zone)?;
                    (stamp.0 <= context.modified.0.saturating_add(YEAR_SLACK)).then_some(stamp)
                })
            }
            Day::Unknown => {
                let offset = self.offset_secs.unwrap_or_else(|| context.zone.offset_at(context.modified));
                let (today, _) = context.modified.local(offset);
                let stamp = self.on(today, &context.zone)?;
                let is_over = stamp.0 <= context.modified.0.saturating_add(DATE_SLACK);
                if is_over { Some(stamp) } else { self.on(today - 1, &context.zone) }
            }
        }
    }

    fn on(&self, days: i32, zone: &Zone) -> Option<Stamp> {
        // Midnight, or the time in UTC, may be farther away than a stamp can tell, and the other one not.
        let local = i128::from(days) * i128::from(DAY_SECS * NANOS) + i128::from(self.nanos);
        let offset = self.offset_secs.unwrap_or_else(|| {
            let nearest = if local < 0 { i64::MIN } else { i64::MAX };
            zone.offset_of_local(i64::try_from(local).unwrap_or(nearest))
        });
        i64::try_from(local - i128::from(i64::from(offset) * NANOS)).ok().map(Stamp)
    }
}

#[cfg(test)]
mod tests;
