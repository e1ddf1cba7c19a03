//! Points in time as RFC 3339.

use std::fmt;

use super::Stamp;
use super::civil::Date;
use super::reader::NANOS;

/// A point in time as the clocks of a place show it; its `Display` is RFC 3339 with that offset.
#[derive(Clone, Copy, Debug)]
pub struct AtOffset {
    stamp: Stamp,
    offset_secs: i32,
}

impl Stamp {
    /// As clocks show it that are so many seconds east of Greenwich. Odd seconds are left out: RFC 3339 has none.
    pub const fn at_offset(self, offset_secs: i32) -> AtOffset {
        AtOffset { stamp: self, offset_secs: offset_secs - offset_secs % 60 }
    }
}

/// RFC 3339 in UTC, with as much of a fraction as there is: none, 3, 6 or 9 digits.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at_offset(0).fmt(f)
    }
}

impl fmt::Display for AtOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, nanos) = self.stamp.local(self.offset_secs);
        write_date(f, days)?;
        f.write_str("T")?;
        write_clock(f, nanos)?;
        if self.offset_secs == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset_secs < 0 { '-' } else { '+' };
        let minutes = self.offset_secs.abs() / 60;
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

pub(super) fn write_date(f: &mut fmt::Formatter<'_>, days: i32) -> fmt::Result {
    let Date { year, month, day } = Date::from_days(days);
    write!(f, "{year:04}-{month:02}-{day:02}")
}

pub(super) fn write_clock(f: &mut fmt::Formatter<'_>, nanos_of_day: i64) -> fmt::Result {
    let (secs, nanos) = (nanos_of_day / NANOS, nanos_of_day % NANOS);
    write!(f, "{:02}:{:02}:{:02}", secs / 3_600, secs / 60 % 60, secs % 60)?;
    match nanos {
        0 => Ok(()),
        _ if nanos % 1_000_000 == 0 => write!(f, ".{:03}", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => write!(f, ".{:06}", nanos / 1_000),
        _ => write!(f, ".{nanos:09}"),
    }
}
