//! The ways to write a time, each with a reader of its own. No one of them looks for its place: see
//! [`find`](mod@super::find).

use super::civil::{DAY_SECS, Date};
use super::reader::{NANOS, Reader};
use super::{Day, Reading};

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `2026-11-22 10:00:00`: RFC 3339 and its kin, with `-`, `/` or `.` in the date, `T`, `_`, `:`, `-` or a blank behind
    /// it, with and without fraction, seconds and zone.
    YearFirst,
    /// `20261122T100000`, `20261122 10:00:00`, `20171223-22:15:29:606`
    Compact,
    /// `17/06/09 20:10:40`; the year comes first unless that is no date
    Short,
    /// `081109 203615`, `081109 20:36:15`
    Dense,
    /// `Nov 22 10:00:00`, `Nov 22 2026 10:00:00`, `Nov 22, 2026 10:00:00 AM`
    Syslog,
    /// `Sun Nov 22 10:00:00.123 2026`, `Sun 2026-11-22 10:00:00 UTC`, `Sun, 22 Nov 2026 10:00:00 +0000`
    Weekday,
    /// `22/Nov/2026:10:00:00 +0000`, `22-Nov-2026 10:00:00`, `22 Nov 2026 10:00:00`
    DayMonth,
    /// `11-22 10:00:00.123`, `10.30 16:49:06`, `11/22 10:00:00`
    MonthDay,
    /// `11/22/2026 10:00:00 AM`
    MonthFirst,
    /// `22.11.2026 10:00:00`
    DayFirst,
    /// `I1122 10:00:00.123456`
    Glog,
    /// `10:00:00.123`
    Clock,
    /// Seconds, milliseconds, microseconds or nanoseconds since 1970, told by their length; seconds also as `1.7953416e+09`
    Epoch,
}

/// A time in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) shape: Shape,
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) reading: Reading,
}

impl Shape {
    /// Its name, for people and `stat --json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::YearFirst => "iso 8601",
            Self::Compact => "iso 8601 without separators",
            Self::Short => "yy/mm/dd",
            Self::Dense => "yymmdd",
            Self::Syslog => "syslog",
            Self::Weekday => "weekday",
            Self::DayMonth => "clf",
            Self::MonthDay => "month and day",
            Self::MonthFirst => "mm/dd/yyyy",
            Self::DayFirst => "dd.mm.yyyy",
            Self::Glog => "glog",
            Self::Clock => "clock",
            Self::Epoch => "epoch",
        }
    }
}

/// The time of that shape that starts there.
pub(super) fn read(shape: Shape, line: &[u8], at: usize) -> Option<Found> {
    let mut reader = Reader::new(line, at);
    let r = &mut reader;
    let reading = match shape {
        Shape::YearFirst => year_first(r),
        Shape::Compact => compact(r),
        Shape::Short => short(r),
        Shape::Dense => dense(r),
        Shape::Syslog => syslog(r, false),
        Shape::Weekday => weekday(r),
        Shape::DayMonth => day_month(r),
        Shape::MonthDay => month_day(r),
        Shape::MonthFirst => numeric(r, false),
        Shape::DayFirst => numeric(r, true),
        Shape::Glog => glog(r),
        Shape::Clock => clock_only(r),
        Shape::Epoch => epoch(r),
    }?;
    Some(Found { shape, at, end: reader.at, reading })
}

/// The time that starts there, of whatever shape.
pub(super) fn read_any(line: &[u8], at: usize) -> Option<Found> {
    let r = Reader::new(line, at);
    let first_of = |shapes: &[Shape]| shapes.iter().find_map(|&shape| read(shape, line, at));
    match r.peek()? {
        b'0'..=b'9' => match (r.n_digits(), r.peek_at(1)?, r.peek_at(2)) {
            (4, ..) => first_of(&[Shape::YearFirst]),
            (2, _, Some(b':')) => first_of(&[Shape::Clock]),
            (1, b'.', _) if r.is_float_time() => first_of(&[Shape::Epoch]),
            (1 | 2, ..) => {
                // A day above 12 in front says that days come first here.
                let is_day = { r }.one_or_two()? > 12;
                let numeric = if is_day { Shape::DayFirst } else { Shape::MonthFirst };
                first_of(&[Shape::DayMonth, numeric, Shape::Short, Shape::MonthDay])
            }
            (6, ..) => first_of(&[Shape::Dense]),
            (8, ..) => first_of(&[Shape::Compact]),
            (9.., ..) => first_of(&[Shape::Epoch]),
            _ => None,
        },
        b'A'..=b'Z' => first_of(&[Shape::Syslog, Shape::Weekday, Shape::Glog]),
        _ => None,
    }
}

fn year_first(r: &mut Reader<'_>) -> Option<Reading> {
    let year = r.four()?;
    let separator = r.next().filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
    let month = r.two()?;
    r.eat(separator)?;
    let date = date(year, month, r.two()?)?;
    match r.next()? {
        b'T' | b't' | b'_' | b':' | b'-' | b'\t' => {}
        b' ' => {
            let _ = r.eat(b' ');
            // Gin's: 2026/11/22 - 10:00:00
            if r.peek() == Some(b'-') {
                r.eat(b'-')?;
                r.eat(b' ')?;
            }
        }
        b',' => r.eat(b' ')?,
        _ => return None,
    }
    // Blue Gene's: 2005-06-03-15.42.50.675872
    let clock = if r.peek_at(2) == Some(b'.') { r.clock_with(b'.', Reader::two) } else { r.clock_or_minutes() }?;
    Some(Reading::new(date, clock, r.zone()))
}

fn compact(r: &mut Reader<'_>) -> Option<Reading> {
    let date = date(r.four()?, r.two()?, r.two()?)?;
    let separator = r.next()?;
    if !matches!(separator, b'T' | b't' | b' ' | b'-' | b'_') {
        return None;
    }
    if separator != b'-' {
        let clock = if r.peek_at(2) == Some(b':') { r.clock() } else { r.dense_clock() }?;
        return Some(Reading::new(date, clock, r.zone()));
    }
    // Phones write 20171224-0:7:20:444 with their milliseconds as they come.
    let clock = r.clock_with(b':', Reader::one_or_two)?;
    let millis = if r.peek() == Some(b':') && r.is_digit(1) { r.millis()? } else { 0 };
    Some(Reading::new(date, clock + millis, r.zone()))
}

impl Reader<'_> {
    /// `:7` is 7 milliseconds, not 700.
    fn millis(&mut self) -> Option<i64> {
        self.eat(b':')?;
        let n_digits = self.n_digits();
        let mut millis = 0;
        for _ in 0..n_digits {
            millis = millis * 10 + i64::from(self.next()? - b'0');
        }
        (n_digits <= 3).then_some(millis * 1_000_000)
    }
}

fn short(r: &mut Reader<'_>) -> Option<Reading> {
    let first = r.two()?;
    r.eat(b'/')?;
    let second = r.two()?;
    r.eat(b'/')?;
    let third = r.two()?;
    r.blank()?;
    let date = date(century(first), second, third).or_else(|| date(century(third), first, second))?;
    Some(Reading::new(date, r.clock()?, r.zone()))
}

fn dense(r: &mut Reader<'_>) -> Option<Reading> {
    let date = date(century(r.two()?), r.two()?, r.two()?)?;
    r.blank()?;
    let clock = if r.n_digits() == 6 { r.dense_clock() } else { r.clock_with(b':', Reader::one_or_two) }?;
    Some(Reading::new(date, clock, None))
}

/// `Nov 22 …`; behind a weekday the year may come last.
fn syslog(r: &mut Reader<'_>, has_weekday: bool) -> Option<Reading> {
    let month = r.month()?;
    r.blank()?;
    let day = r.one_or_two()?;
    let _ = r.eat(b',');
    r.blank()?;
    let mut year = None;
    if r.n_digits() == 4 {
        year = Some(r.four()?);
        let _ = r.eat(b',');
        r.blank()?;
    }
    let clock = r.clock_with(b':', Reader::two)?;
    let clock = if year.is_some() { r.half_day(clock) } else { clock };
    // Behind a time without a year stands the name of a machine, which may look like a zone.
    let mut offset = if year.is_some() || has_weekday || r.peek() != Some(b' ') { r.zone() } else { None };
    if has_weekday && year.is_none() {
        let mut ahead = *r;
        if ahead.eat(b' ').is_some() && ahead.n_digits() == 4 {
            year = Some(ahead.four()?);
            *r = ahead;
            offset = offset.or_else(|| r.zone());
        }
    }
    let day = match year {
        Some(year) => Day::Known(date(year, month, day)?.days()),
        // The leap day is there in some year.
        None => Day::OfSomeYear(Date::new(2000, month, day)?),
    };
    Some(Reading { day, nanos: clock, offset_secs: offset })
}

fn weekday(r: &mut Reader<'_>) -> Option<Reading> {
    r.weekday()?;
    let _ = r.eat(b',');
    r.blank()?;
    match r.n_digits() {
        0 => syslog(r, true),
        4 => year_first(r),
        _ => day_month(r),
    }
}

fn day_month(r: &mut Reader<'_>) -> Option<Reading> {
    let day = r.one_or_two()?;
    let separator = r.next().filter(|byte| matches!(byte, b'/' | b'-' | b' '))?;
    let month = r.month()?;
    r.eat(separator)?;
    let date = date(r.four()?, month, day)?;
    if !matches!(r.next()?, b':' | b' ' | b'T') {
        return None;
    }
    // Erlang's: 22-Nov-2026::10:00:00
    let _ = r.eat(b':');
    Some(Reading::new(date, r.clock()?, r.zone()))
}

fn month_day(r: &mut Reader<'_>) -> Option<Reading> {
    let month = r.two()?;
    if !matches!(r.next()?, b'-' | b'.' | b'/') {
        return None;
    }
    let date = Date::new(2000, month, r.two()?)?;
    r.blank()?;
    let nanos = r.clock()?;
    // Behind a blank numbers follow, and zones as numbers.
    let has_zone = r.peek() != Some(b' ') || matches!(r.peek_at(1), Some(b'+' | b'-'));
    Some(Reading { day: Day::OfSomeYear(date), nanos, offset_secs: if has_zone { r.zone() } else { None } })
}

fn numeric(r: &mut Reader<'_>, is_day_first: bool) -> Option<Reading> {
    let first = r.one_or_two()?;
    let separator = r.next().filter(|byte| matches!(byte, b'/' | b'.' | b'-'))?;
    let second = r.one_or_two()?;
    r.eat(separator)?;
    let year = r.four()?;
    let _ = r.eat(b',');
    r.blank()?;
    // Only slashes are written with the month in front.
    let is_day_first = is_day_first || separator != b'/';
    let (day, month) = if is_day_first && second <= 12 { (first, second) } else { (second, first) };
    let date = date(year, month, day)?;
    let clock = r.clock_with(b':', Reader::one_or_two)?;
    let clock = r.half_day(clock);
    Some(Reading::new(date, clock, r.zone()))
}

fn glog(r: &mut Reader<'_>) -> Option<Reading> {
    r.next().filter(|byte| matches!(byte, b'I' | b'W' | b'E' | b'F' | b'D' | b'V'))?;
    let day = match r.n_digits() {
        4 => Day::OfSomeYear(Date::new(2000, r.two()?, r.two()?)?),
        8 => Day::Known(date(r.four()?, r.two()?, r.two()?)?.days()),
        _ => return None,
    };
    r.eat(b' ')?;
    Some(Reading { day, nanos: r.clock()?, offset_secs: None })
}

fn clock_only(r: &mut Reader<'_>) -> Option<Reading> {
    let nanos = r.clock()?;
    // Six pairs in a row are the address of a network card.
    if r.peek() == Some(b':') && r.is_digit(1) || r.is_word() && r.peek() != Some(b'Z') {
        return None;
    }
    Some(Reading { day: Day::Unknown, nanos, offset_secs: r.zone() })
}

/// Of the years 1990 to 2100: other numbers are not times.
fn epoch(r: &mut Reader<'_>) -> Option<Reading> {
    let n_digits = r.n_digits();
    if n_digits == 1 {
        let nanos = r.float()?;
        return since_1970(nanos / NANOS, nanos % NANOS, r);
    }
    let per_sec = match n_digits {
        9 | 10 => 1,
        13 => 1_000,
        16 => 1_000_000,
        19 => NANOS,
        _ => return None,
    };
    let mut number = 0_i64;
    for _ in 0..n_digits {
        number = number.checked_mul(10)?.checked_add(i64::from(r.next()? - b'0'))?;
    }
    let points: &[u8] = if per_sec == 1 { b".," } else { b"." };
    let nanos = number % per_sec * (NANOS / per_sec) + r.fraction(points) / per_sec;
    since_1970(number / per_sec, nanos, r)
}

fn since_1970(secs: i64, nanos: i64, r: &Reader<'_>) -> Option<Reading> {
    if !(631_152_000..4_102_444_800).contains(&secs) || r.is_word() {
        return None;
    }
    let days = i32::try_from(secs / DAY_SECS).ok()?;
    Some(Reading { day: Day::Known(days), nanos: secs % DAY_SECS * NANOS + nanos, offset_secs: Some(0) })
}

fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    Date::new(i32::try_from(year).ok()?, month, day)
}

/// The year of two digits: 1970 to 2069.
const fn century(year: u32) -> u32 {
    if year < 70 { 2_000 + year } else { 1_900 + year }
}
