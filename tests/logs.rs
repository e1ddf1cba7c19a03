//! Times and levels of the real logs in `../shared/logs`, against expectations that were made without this code: facts
//! about each file, and for each line a reader that knows where its file has them. Where the logs are not there, nothing
//! is tested, and that is said.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "logs/facts.rs"]
mod facts;

use std::fs;
use std::path::Path;

use facts::{FACTS, Facts, N_LINES};
use taillight::ansi;
use taillight::level::{Level, LevelSet};
use taillight::timestamp::{Context, Format, Stamp, TimeExpr, Zone};

/// Lines whose time or level may be wrong, of a thousand.
const MAX_WRONG: usize = 5;

struct Line {
    text: Vec<u8>,
    millis: i64,
    level: Option<Level>,
}

/// The lines without escapes and line ends; `None` where the logs are not.
fn lines_of(facts: &Facts) -> Option<Vec<Vec<u8>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/logs").join(facts.file);
    let Ok(bytes) = fs::read(&path) else {
        println!("SKIPPED: {} is not there", path.display());
        return None;
    };
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let lines = bytes.split(|&byte| byte == b'\n').map(|line| {
        let mut text = Vec::new();
        ansi::plain(line, &mut text);
        text
    });
    Some(lines.collect())
}

fn stamp(text: &str) -> Stamp {
    TimeExpr::parse(text).and_then(TimeExpr::stamp).unwrap_or_else(|| panic!("{text}"))
}

fn context(facts: &Facts) -> Context {
    Context::new(Zone::UTC, stamp(facts.modified))
}

/// What the program reads.
fn read(facts: &Facts, lines: &[Vec<u8>]) -> Vec<(Option<Stamp>, Option<Level>)> {
    let format = Format::learn(lines.iter().map(Vec::as_slice));
    let context = context(facts);
    let time = |line: &[u8]| format.find(line).and_then(|reading| reading.stamp(&context));
    lines.iter().map(|line| (time(line), Level::of(line))).collect()
}

#[test]
fn the_facts_about_the_real_logs_hold() {
    for facts in &FACTS {
        let Some(lines) = lines_of(facts) else { continue };
        let read = read(facts, &lines);
        let times: Vec<Stamp> = read.iter().filter_map(|(time, _)| *time).collect();
        assert_eq!((read.len(), times.len()), (N_LINES, N_LINES), "{}", facts.file);
        let seen =
            [times.first(), times.last(), times.iter().min(), times.iter().max()].map(|time| time.unwrap().to_string());
        assert_eq!(seen, [facts.first, facts.last, facts.earliest, facts.latest], "{}", facts.file);
        let millis_sum: i64 = times.iter().map(|time| time.nanos() / 1_000_000).sum();
        assert_eq!(millis_sum, facts.millis_sum, "{}", facts.file);
        let levels = Level::ALL.map(|level| read.iter().filter(|(_, seen)| *seen == Some(level)).count());
        assert_eq!(levels, facts.levels, "{}", facts.file);
        for &(number, time, level) in facts.samples {
            let (seen_time, seen_level) = read[number - 1];
            let level = Level::named(level);
            assert_eq!((seen_time, seen_level), (Some(stamp(time)), level), "{} line {number}", facts.file);
        }
    }
}

#[test]
fn of_every_real_log_at_least_995_lines_of_1000_have_the_right_time_and_level() {
    for facts in &FACTS {
        let Some(lines) = lines_of(facts) else { continue };
        let read = read(facts, &lines);
        let expected: Vec<Line> = lines.iter().map(|line| expected(facts, line)).collect();
        assert_eq!(expected.iter().map(|line| line.millis).sum::<i64>(), facts.millis_sum, "{}", facts.file);
        let is_time_wrong = |(line, read): &(&Line, &(Option<Stamp>, Option<Level>))| {
            read.0 != Some(Stamp::from_nanos(line.millis * 1_000_000))
        };
        let is_level_wrong = |(line, read): &(&Line, &(Option<Stamp>, Option<Level>))| read.1 != line.level;
        let pairs: Vec<_> = expected.iter().zip(&read).collect();
        let wrong_times = pairs.iter().filter(|pair| is_time_wrong(pair)).count();
        let wrong_levels = pairs.iter().filter(|pair| is_level_wrong(pair)).count();
        let share = |wrong: usize| 100.0 * (N_LINES - wrong) as f64 / N_LINES as f64;
        println!("{:18} times {:7.3} %, levels {:7.3} %", facts.file, share(wrong_times), share(wrong_levels));
        for (line, read) in pairs.iter().filter(|pair| is_time_wrong(pair) || is_level_wrong(pair)).take(5) {
            println!("  {read:?} instead of {:?}: {}", (line.millis, line.level), String::from_utf8_lossy(&line.text));
        }
        let max_wrong = N_LINES * MAX_WRONG / 1_000;
        assert!(wrong_times <= max_wrong && wrong_levels <= max_wrong, "{}", facts.file);
    }
}

#[test]
fn lines_alone_tell_what_their_file_does_but_columns_of_numbers() {
    for facts in &FACTS {
        let Some(lines) = lines_of(facts) else { continue };
        let (learnt, alone) = (Format::learn(lines.iter().map(Vec::as_slice)), Format::default());
        for (idx, line) in lines.iter().enumerate() {
            let expected = if facts.file.starts_with("HPC") { None } else { learnt.find(line) };
            assert_eq!(alone.find(line), expected, "{} line {}", facts.file, idx + 1);
        }
    }
}

/// A line read by its columns.
fn expected(facts: &Facts, line: &[u8]) -> Line {
    let text = String::from_utf8_lossy(line);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let columns = |at: [usize; 6], century: i64| {
        let year = if century == 0 { number(at[0]..at[0] + 4) } else { century + number(at[0]..at[0] + 2) };
        let [month, day, hour, minute, second] = [1, 2, 3, 4, 5].map(|idx| number(at[idx]..at[idx] + 2));
        secs([year, month, day, hour, minute, second]) * 1_000
    };
    let syslog = |year: i64| {
        let clock: Vec<i64> = words[2].split(':').map(|part| part.parse().unwrap()).collect();
        secs([year, month(words[0]), words[1].parse().unwrap(), clock[0], clock[1], clock[2]]) * 1_000
    };
    let (millis, word) = match facts.file.split('_').next().unwrap() {
        "Apache" => {
            let clock = [number(12..14), number(15..17), number(18..20)];
            let millis = secs([number(21..25), month(words[1]), number(9..11), clock[0], clock[1], clock[2]]) * 1_000;
            (millis, words[5].trim_matches(['[', ']']))
        }
        "BGL" => (words[1].parse::<i64>().unwrap() * 1_000, words[8]),
        "HDFS" => (columns([0, 2, 4, 7, 9, 11], 2_000), words[3]),
        "HPC" => (words[4].parse::<i64>().unwrap() * 1_000, ""),
        "Hadoop" => (columns([0, 5, 8, 11, 14, 17], 0) + number(20..23), words[2]),
        "Zookeeper" => (columns([0, 5, 8, 11, 14, 17], 0) + number(20..23), words[3]),
        "Spark" => (columns([0, 3, 6, 9, 12, 15], 2_000), words[2]),
        "OpenStack" => {
            let start = words[0].len() + 1;
            let at = [0, 5, 8, 11, 14, 17].map(|at| start + at);
            (columns(at, 0) + number(start + 20..start + 23), words[4])
        }
        "Linux" => (syslog(2005), text.split(": ").nth(1).map_or("", |message| message.split(' ').next().unwrap())),
        "OpenSSH" => (syslog(2016), words[5]),
        other => panic!("{other}"),
    };
    let level = match word {
        "INFO" | "notice" => Some(Level::Info),
        "WARN" | "WARNING" | "warning" => Some(Level::Warn),
        "ERROR" | "SEVERE" | "error" | "error:" => Some(Level::Error),
        "FATAL" | "fatal:" | "ALERT" => Some(Level::Fatal),
        _ => None,
    };
    Line { text: line.to_vec(), millis, level }
}

fn month(name: &str) -> i64 {
    "JanFebMarAprMayJunJulAugSepOctNovDec".find(name).unwrap() as i64 / 3 + 1
}

/// Seconds since 1970, counted year by year and month by month.
fn secs([year, month, day, hour, minute, second]: [i64; 6]) -> i64 {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = lengths[..month as usize - 1].iter().sum();
    (((years + months + day - 1) * 24 + hour) * 60 + minute) * 60 + second
}

#[test]
fn the_levels_of_a_file_are_a_set() {
    for facts in &FACTS {
        let Some(lines) = lines_of(facts) else { continue };
        let set: LevelSet = lines.iter().filter_map(|line| Level::of(line)).collect();
        let expected: LevelSet = Level::ALL.into_iter().filter(|&level| facts.levels[level as usize] > 0).collect();
        assert_eq!(set, expected, "{}", facts.file);
    }
}
