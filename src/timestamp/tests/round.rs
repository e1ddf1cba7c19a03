//! What is printed is read: every date, every shape, and any bytes at all.

use proptest::prelude::*;

use super::super::civil::Date;
use super::super::find;
use super::*;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[test]
fn every_day_of_eight_centuries_is_counted_and_counted_back() {
    let mut expected = Date::new(1600, 1, 1).unwrap().days();
    assert_eq!(Date::new(1970, 1, 1).unwrap().days(), 0);
    for year in 1600..2400 {
        for month in 1..=13 {
            for day in 0..=32 {
                let Some(date) = Date::new(year, month, day) else { continue };
                assert_eq!((date.days(), Date::from_days(expected)), (expected, date));
                expected += 1;
            }
        }
    }
    assert_eq!(expected, Date::new(2400, 1, 1).unwrap().days());
}

/// A time of the years 1990 to 2069, which all shapes can tell.
fn times() -> impl Strategy<Value = i64> {
    631_152_000_000_000_000..3_155_760_000_000_000_000_i64
}

/// The time in every shape, with how much of its fraction that holds (in nanoseconds) and how much of its date: all of
/// it, no year, or no date.
fn shapes(nanos: i64) -> Vec<(String, i64, usize)> {
    const SEC: i64 = 1_000_000_000;
    let (days, of_day) = Stamp(nanos).local(0);
    let Date { year, month, day } = Date::from_days(days);
    let (secs, fraction) = (of_day / SEC, of_day % SEC);
    let (h, m, s) = (secs / 3_600, secs / 60 % 60, secs % 60);
    let (short, name) = (year % 100, MONTHS[usize::from(month) - 1]);
    let (millis, micros) = (fraction / 1_000_000, fraction / 1_000);
    let (half, noon) = (if h % 12 == 0 { 12 } else { h % 12 }, if h < 12 { "AM" } else { "PM" });
    let (epoch_secs, epoch) = (nanos / SEC, nanos);
    let mut all = vec![
        (Stamp(nanos).to_string(), 1, 0),
        (Stamp(nanos).at_offset(19_800).to_string(), 1, 0),
        (Stamp(nanos).at_offset(-12_600).to_string(), 1, 0),
        (format!("{year:04}-{month:02}-{day:02} {h:02}:{m:02}:{s:02},{millis:03} - x"), 1_000_000, 0),
        (format!("{year:04}/{month:02}/{day:02} {h:02}:{m:02}:{s:02} x"), SEC, 0),
        (format!("{year:04}-{month:02}-{day:02}-{h:02}.{m:02}.{s:02}.{micros:06} x"), 1_000, 0),
        (format!("{year:04}{month:02}{day:02}T{h:02}{m:02}{s:02}Z x"), SEC, 0),
        (format!("{year:04}{month:02}{day:02}-{h}:{m}:{s}:{millis}|x"), 1_000_000, 0),
        (format!("{short:02}/{month:02}/{day:02} {h:02}:{m:02}:{s:02} x"), SEC, 0),
        (format!("{short:02}{month:02}{day:02} {h:02}{m:02}{s:02} x"), SEC, 0),
        (format!("1.2.3.4 - - [{day:02}/{name}/{year}:{h:02}:{m:02}:{s:02} +0000] x"), SEC, 0),
        (format!("{day} {name} {year} {h:02}:{m:02}:{s:02}.{micros:06} x"), 1_000, 0),
        (format!("[Sun {name} {day:02} {h:02}:{m:02}:{s:02}.{micros:06} {year}] x"), 1_000, 0),
        (format!("Sun, {day:02} {name} {year} {h:02}:{m:02}:{s:02} GMT x"), SEC, 0),
        (format!("{name} {day}, {year} {half:02}:{m:02}:{s:02} {noon} x"), SEC, 0),
        (format!("{month}/{day}/{year} {half}:{m:02}:{s:02} {noon} x"), SEC, 0),
        (format!("{day:02}.{month:02}.{year} {h:02}:{m:02}:{s:02} x"), SEC, 0),
        (format!("{name} {day:2} {h:02}:{m:02}:{s:02} host x"), SEC, 1),
        (format!("{month:02}-{day:02} {h:02}:{m:02}:{s:02}.{millis:03}  1  2 I x"), 1_000_000, 1),
        (format!("[{month:02}.{day:02} {h:02}:{m:02}:{s:02}] x"), SEC, 1),
        (format!("I{month:02}{day:02} {h:02}:{m:02}:{s:02}.{micros:06} 1 x.cc:1] x"), 1_000, 1),
        (format!("{h:02}:{m:02}:{s:02}.{millis:03} [main] x"), 1_000_000, 2),
        (format!("{{\"time\":\"{}\"}}", Stamp(nanos)), 1, 0),
        (format!("level=info time=\"{}\"", Stamp(nanos)), 1, 0),
    ];
    // Shorter numbers are not told from other things.
    if epoch_secs >= 1_000_000_000 {
        all.extend([
            (format!("{epoch_secs} x"), SEC, 0),
            (format!("- {epoch_secs} 2005.06.03 x"), SEC, 0),
            (format!("{{\"ts\":{}}}", epoch / 1_000_000), 1_000_000, 0),
            (format!("{{\"ts\":{}}}", epoch / 1_000), 1_000, 0),
            (format!("{{\"ts\":{epoch}}}"), 1, 0),
            (format!("{{\"ts\":{epoch_secs}.{fraction:09}}}"), 1, 0),
        ]);
    }
    all
}

proptest! {
    #[test]
    fn a_time_in_any_shape_is_read_as_it_was(nanos in times(), ahead in 0_i64..40_000_000_000_000) {
        for (line, unit, missing) in shapes(nanos) {
            // What is missing is inferred from a change of the file soon after.
            let ahead = if missing == 2 { ahead } else { ahead * 700 };
            let context = Context::new(Zone::UTC, Stamp(nanos + ahead));
            let expected = Stamp(nanos - nanos.rem_euclid(unit));
            for format in [Format::default(), Format::learn([line.as_bytes()])] {
                let reading = format.find(line.as_bytes());
                prop_assert_eq!(reading.and_then(|reading| reading.stamp(&context)), Some(expected), "{}", line);
            }
        }
    }

    #[test]
    fn a_typed_time_is_printed_as_it_is_read(text in "(20[0-9]{2}-[01][0-9]-[0-3][0-9]([T ][012][0-9]:[0-5][0-9](:[0-5][0-9])?([.][0-9]{1,9})?(Z|[+-][01][0-9]:[03]0)?)?|[012][0-9]:[0-5][0-9](:[0-5][0-9])?|-[0-9]{1,12}[smhdw]|(today|yesterday)( [012][0-9]:[0-5][0-9])?|now)") {
        if let Some(time) = TimeExpr::parse(&text) {
            prop_assert_eq!(TimeExpr::parse(&time.to_string()), Some(time), "{}", time);
        }
    }

    #[test]
    fn a_stamp_is_printed_as_it_is_read(nanos in prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)], offset in -1_000..1_000_i32) {
        let stamp = Stamp(nanos);
        for text in [stamp.to_string(), stamp.at_offset(offset * 60).to_string()] {
            let read = TimeExpr::parse(&text).and_then(TimeExpr::stamp);
            prop_assert_eq!(read, Some(stamp), "{}", text);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic_and_a_time_lies_in_them(
        line in prop::collection::vec(prop_oneof![
            Just("2026-11-22".to_owned()), Just("10:00:00".to_owned()), Just("Nov".to_owned()), Just("22".to_owned()),
            Just("1795341600".to_owned()), Just("{\"time\":".to_owned()), Just("I1122 ".to_owned()), "[0-9]{1,19}",
            "[ :,./TZ+\"={}\\[\\]\\\\-]{1,2}", "\\PC{1,3}",
        ], 0..12).prop_map(|parts| parts.concat()),
        modified in any::<i64>(),
        offset in any::<i32>(),
    ) {
        let context = Context::new(Zone::fixed(offset % 100_000), Stamp(modified));
        if let Some(found) = find::find(line.as_bytes()) {
            prop_assert!(found.at < found.end && found.end <= line.len(), "{:?}", found);
        }
        for format in [Format::default(), Format::learn([line.as_bytes()])] {
            if let Some(reading) = format.find(line.as_bytes()) {
                let _ = reading.stamp(&context);
            }
        }
        if let Some(time) = TimeExpr::parse(&line) {
            let _ = time.resolve(Stamp(modified), &context.zone);
        }
    }

    #[test]
    fn raw_bytes_are_read_without_a_panic(line in prop::collection::vec(any::<u8>(), 0..300)) {
        let format = Format::learn(line.split(|&byte| byte == b'\n'));
        let _ = format.find(&line).map(|reading| reading.stamp(&Context::new(Zone::UTC, Stamp::MAX)));
    }
}
