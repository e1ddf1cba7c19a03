//! Dates of the Gregorian calendar to days and back.
//!
//! The two formulas are Howard Hinnant's `days_from_civil` and `civil_from_days`
//! (<https://howardhinnant.github.io/date_algorithms.html>, public domain).

/// Seconds of a day without leap seconds.
pub(super) const DAY_SECS: i64 = 86_400;

/// A date that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Date {
    pub(super) year: i32,
    /// From 1.
    pub(super) month: u8,
    /// From 1.
    pub(super) day: u8,
}

impl Date {
    /// `None` for a date that never was, such as February 30.
    pub(super) fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        (day >= 1 && day <= month_days(year, month)).then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01.
    pub(super) fn days(self) -> i32 {
        let (month, day) = (i32::from(self.month), i32::from(self.day));
        // Years begin in March here, so that the leap day is their last.
        let year = self.year - i32::from(month <= 2);
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The date that is so many days after 1970-01-01.
    pub(super) fn from_days(days: i32) -> Self {
        let days = days + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        Self { year, month: month as u8, day: day as u8 }
    }
}

/// Days of the month; 0 when there is no such month.
fn month_days(year: i32, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) => 29,
        2 => 28,
        _ => 0,
    }
}
