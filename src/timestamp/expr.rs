//! A time that a person typed: in a query, in a link, after `--from`.
//!
//! | Text | Means |
//! |---|---|
//! | `2026-11-22T10:00:00Z`, `2026-11-22 10:00:00.5+01:00` | this point in time |
//! | `2026-11-22 10:00`, `2026/11/22 10:00:00` | on the clocks of the reader's zone |
//! | `2026-11-22` | the beginning of that day there |
//! | `10:00`, `10:00:30` | today there; as a beginning it is yesterday's where today's is to come |
//! | `today`, `yesterday`, `yesterday 10:00` | the beginning of that day there, or that time on it |
//! | `now`, `-15m`, `-2h`, `-30s`, `-3d`, `-1w` | so long ago |

use std::fmt;

use serde::{Deserialize, Serialize};

use super::civil::{DAY_SECS, Date};
use super::print::{write_clock, write_date};
use super::reader::{NANOS, Reader};
use super::{Day, Reading, Stamp, Zone};

/// A time as it was typed. `Display` prints it in the one way that all texts of this time have, and reading that gives
/// the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TimeExpr(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    At(Stamp),
    /// Days since 1970-01-01 and nanoseconds since midnight.
    Local(i32, i64),
    /// Days before today, and nanoseconds since midnight; a bare clock is printed without a day.
    DaysAgo {
        days: i32,
        nanos: i64,
        is_bare: bool,
    },
    Ago {
        count: u32,
        unit: u8,
    },
}

/// No time is longer, in bytes.
const MAX_BYTES: usize = 100;

/// What can be meant by so long ago.
const UNITS: [(u8, i64); 5] = [(b's', 1), (b'm', 60), (b'h', 3_600), (b'd', DAY_SECS), (b'w', 7 * DAY_SECS)];

impl TimeExpr {
    /// How people write one, for messages that say what was expected.
    pub const FORMS: &str = "RFC 3339, \"2026-11-22 10:00\", 10:00, -15m, today or yesterday";

    /// This point in time.
    pub const fn at(stamp: Stamp) -> Self {
        Self(Kind::At(stamp))
    }

    /// Reads it. `None` for what is no time, for one that never was, and for text that is longer than any.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return None;
        }
        let (day, clock) = text.split_once(' ').unwrap_or((text, ""));
        let days = match day {
            "now" if clock.is_empty() => return Some(Self(Kind::Ago { count: 0, unit: b's' })),
            "today" => 0,
            "yesterday" => 1,
            _ if text.starts_with('-') => return ago(text),
            _ if text.as_bytes().get(2) == Some(&b':') => {
                return clock_of(text).map(|nanos| Self(Kind::DaysAgo { days: 0, nanos, is_bare: true }));
            }
            _ => return date_and_clock(text),
        };
        let nanos = if clock.is_empty() { 0 } else { clock_of(clock.trim_start())? };
        Some(Self(Kind::DaysAgo { days, nanos, is_bare: false }))
    }

    /// The point in time, when neither clock nor zone is needed to know it.
    pub const fn stamp(self) -> Option<Stamp> {
        match self.0 {
            Kind::At(stamp) => Some(stamp),
            _ => None,
        }
    }

    /// The point in time, as a place or the beginning of a span, for somebody whose clock says `now` in this zone: who says
    /// 23:00 at three in the night means the last one. Too far away is as far as a [`Stamp`] goes.
    pub fn resolve(self, now: Stamp, zone: &Zone) -> Stamp {
        let stamp = self.resolve_end(now, zone);
        match self.0 {
            Kind::DaysAgo { nanos, is_bare: true, .. } if stamp > now => {
                Self(Kind::DaysAgo { days: 1, nanos, is_bare: false }).resolve_end(now, zone)
            }
            _ => stamp,
        }
    }

    /// As [`resolve`](Self::resolve), as the end of a span: a bare clock is today's, which may be to come.
    pub fn resolve_end(self, now: Stamp, zone: &Zone) -> Stamp {
        let (days, nanos) = match self.0 {
            Kind::At(stamp) => return stamp,
            Kind::Ago { count, unit } => {
                let secs = UNITS.into_iter().find(|(name, _)| *name == unit).map_or(0, |(_, secs)| secs);
                let nanos = i64::from(count).checked_mul(secs).and_then(|secs| secs.checked_mul(NANOS));
                return nanos.and_then(|nanos| now.0.checked_sub(nanos)).map_or(Stamp::MIN, Stamp);
            }
            Kind::Local(days, nanos) => (days, nanos),
            Kind::DaysAgo { days, nanos, .. } => (now.local(zone.offset_at(now)).0 - days, nanos),
        };
        let reading = Reading { day: Day::Known(days), nanos, offset_secs: None };
        let too_far = if days < 0 { Stamp::MIN } else { Stamp::MAX };
        reading.on(days, zone).unwrap_or(too_far)
    }
}

fn ago(text: &str) -> Option<TimeExpr> {
    let (&unit, digits) = text.as_bytes().strip_prefix(b"-")?.split_last()?;
    UNITS.iter().find(|(name, _)| *name == unit)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // A time before all times is before all times.
    let count = digits.iter().fold(0_u32, |n, digit| n.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
    let unit = if count == 0 { b's' } else { unit };
    Some(TimeExpr(Kind::Ago { count, unit }))
}

fn clock_of(text: &str) -> Option<i64> {
    let mut reader = Reader::new(text.as_bytes(), 0);
    let nanos = reader.clock_or_minutes()?;
    (reader.at == text.len()).then_some(nanos)
}

fn date_and_clock(text: &str) -> Option<TimeExpr> {
    let mut reader = Reader::new(text.as_bytes(), 0);
    let year = i32::try_from(reader.four()?).ok()?;
    let separator = reader.next().filter(|byte| matches!(byte, b'-' | b'/'))?;
    let month = reader.two()?;
    reader.eat(separator)?;
    let days = Date::new(year, month, reader.two()?)?.days();
    let mut nanos = 0;
    let mut offset_secs = None;
    if reader.at < text.len() {
        reader.next().filter(|byte| matches!(byte, b'T' | b't' | b' ' | b'_'))?;
        nanos = reader.clock_or_minutes()?;
        offset_secs = reader.zone();
    }
    if reader.at < text.len() {
        return None;
    }
    if offset_secs.is_none() {
        return Some(TimeExpr(Kind::Local(days, nanos)));
    }
    let stamp = Reading { day: Day::Known(days), nanos, offset_secs }.on(days, &Zone::UTC);
    Some(TimeExpr::at(stamp.unwrap_or(if year < 1970 { Stamp::MIN } else { Stamp::MAX })))
}

impl From<TimeExpr> for String {
    fn from(time: TimeExpr) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for TimeExpr {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a time")
    }
}

impl fmt::Display for TimeExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::At(stamp) => stamp.fmt(f),
            Kind::Local(days, 0) => write_date(f, days),
            Kind::Local(days, nanos) => {
                write_date(f, days)?;
                f.write_str(" ")?;
                short_clock(f, nanos)
            }
            Kind::DaysAgo { nanos, is_bare: true, .. } => short_clock(f, nanos),
            Kind::DaysAgo { days, nanos, .. } => {
                f.write_str(if days == 0 { "today" } else { "yesterday" })?;
                if nanos == 0 {
                    return Ok(());
                }
                f.write_str(" ")?;
                short_clock(f, nanos)
            }
            Kind::Ago { count: 0, .. } => f.write_str("now"),
            Kind::Ago { count, unit } => write!(f, "-{count}{}", unit as char),
        }
    }
}

/// Without seconds where they are zero.
fn short_clock(f: &mut fmt::Formatter<'_>, nanos: i64) -> fmt::Result {
    let minutes = nanos / (60 * NANOS);
    if nanos % (60 * NANOS) == 0 { write!(f, "{:02}:{:02}", minutes / 60, minutes % 60) } else { write_clock(f, nanos) }
}
