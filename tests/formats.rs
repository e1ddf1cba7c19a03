//! Lines as programs write them that people on call meet, each with its time and its level as a person reads them.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "formats/lines.rs"]
mod lines;

use lines::{LINES, NEITHER};
use taillight::level::Level;
use taillight::timestamp::{Context, Format, TimeExpr, Zone};

/// Of a file changed at noon on 2026-11-23, on clocks in Greenwich.
fn read(line: &str) -> (String, &'static str) {
    let modified = TimeExpr::parse("2026-11-23T12:00:00Z").and_then(TimeExpr::stamp).unwrap();
    let context = Context::new(Zone::UTC, modified);
    let time = Format::default().find(line.as_bytes()).and_then(|reading| reading.stamp(&context));
    let level = Level::of(line.as_bytes());
    (time.map_or("-".to_owned(), |time| time.to_string()), level.map_or("-", Level::name))
}

#[test]
fn every_format_is_read_as_a_person_reads_it() {
    let mut wrong = Vec::new();
    for (program, line, time, level) in LINES {
        let expected = match *time {
            "-" => "-".to_owned(),
            // Lines without a date are of the day on which the file was changed.
            time => match time.strip_prefix("today ") {
                Some(time) => format!("2026-11-23T{time}Z"),
                None => format!("2026-11-22T{time}Z"),
            },
        };
        let (seen_time, seen_level) = read(line);
        if (seen_time.as_str(), seen_level) != (expected.as_str(), *level) {
            wrong.push(format!("{program}: {seen_time} {seen_level} instead of {expected} {level}: {line}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn ordinary_prose_has_neither() {
    let wrong: Vec<_> =
        NEITHER.iter().map(|line| (read(line), line)).filter(|(seen, _)| seen.0 != "-" || seen.1 != "-").collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_a_line_alone_tells_its_file_tells_too() {
    for (program, line, ..) in LINES {
        let learnt = Format::learn([line.as_bytes(); 8]);
        assert_eq!(learnt.find(line.as_bytes()), Format::default().find(line.as_bytes()), "{program}: {line}");
    }
}
