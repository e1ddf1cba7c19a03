//! Places of times in files that are in order, nearly in order, and not.

use std::io;

use taillight::cursor::Identity;
use taillight::line::ByteOffset;
use taillight::timestamp::Stamp;
use tokio::sync::watch;

use super::super::{Moment, moment};
use crate::source::Source;
use crate::testing::{Counting, Memory, TempFolder, local};

/// 2026-11-22T00:00:00Z
const DAY: i64 = 1_795_305_600;

fn line(secs: i64, text: &str) -> String {
    format!("{} {text}\n", Stamp::from_secs(DAY + secs))
}

fn find(bytes: &[u8], secs: i64) -> (u64, Option<i64>) {
    let found = moment(&Memory(bytes.to_vec()), ByteOffset::new(bytes.len() as u64), Stamp::from_secs(DAY + secs));
    let Moment { at, time } = found.unwrap();
    (at.get(), time.map(|time| time.nanos() / 1_000_000_000 - DAY))
}

#[test]
fn in_a_file_in_order_the_first_line_that_is_not_before_is_found() {
    // Every other second, three lines each, some megabytes; and a record of several lines now and then.
    let mut bytes = Vec::new();
    let mut starts = Vec::new();
    for nth in 0..20_002 {
        starts.push(bytes.len() as u64);
        for _ in 0..3 {
            bytes.extend_from_slice(line(nth * 2, "a line of a usual length, about so long or longer").as_bytes());
        }
        if nth % 7 == 0 {
            bytes.extend_from_slice(b"    at some.function(file:12)\n    at another(file:13)\n");
        }
    }
    for secs in [-5, 0, 1, 2, 17, 9_999, 10_000, 20_001, 40_001, 40_002] {
        let nth = ((secs.max(0) + 1) / 2) as usize;
        assert_eq!(find(&bytes, secs), (starts[nth], Some(nth as i64 * 2)), "{secs}");
    }
    let last = bytes.len() as u64 - line(40_002, "a line of a usual length, about so long or longer").len() as u64;
    assert_eq!(find(&bytes, 50_000), (last, Some(40_002)), "after all: the last line with a time");
}

#[test]
fn a_line_that_is_out_of_order_alone_misleads_nobody() {
    let mut lines: Vec<String> = (0..40_000).map(|secs| line(secs, "text of a line")).collect();
    for nth in (50..40_000).step_by(97) {
        // A wrong clock, far in the future or long ago.
        lines[nth] = line(if nth % 2 == 0 { 10_000_000 } else { -10_000_000 }, "out of order");
    }
    let starts: Vec<u64> = lines
        .iter()
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len() as u64;
            Some(start)
        })
        .collect();
    let bytes = lines.concat();
    for secs in [0, 1_000, 12_345, 30_000, 39_990] {
        assert_eq!(find(bytes.as_bytes(), secs), (starts[secs as usize], Some(secs)), "{secs}");
    }
}

#[test]
fn files_in_disorder_or_without_times_have_some_answer() {
    let run = |from: i64| (from..from + 9_000).map(|secs| line(secs, "x")).collect::<String>();
    let untimed = "no time in here at all, only words and words\n".repeat(60_000);
    for (bytes, secs, expected) in [
        (String::new(), 5, None),
        ("only words\n".repeat(100_000), 5, None),
        (format!("{}{untimed}{}", run(0), run(20_000)), 21_000, Some(21_000)),
        (format!("{}{untimed}{}", run(0), run(20_000)), 4_000, Some(4_000)),
        (format!("{}{untimed}", run(0)), 4_000, Some(4_000)),
        (format!("{untimed}{}", run(0)), 4_000, Some(4_000)),
    ] {
        let (at, time) = find(bytes.as_bytes(), secs);
        assert_eq!(time, expected, "{secs} in {} bytes", bytes.len());
        assert!(time.is_some() || at == bytes.len() as u64);
    }
    // Set back by hours in the middle: either place where the time passes is right.
    let bytes = format!("{}{}", run(10_000), run(5_000));
    let (at, time) = find(bytes.as_bytes(), 11_000);
    assert!(time.is_some_and(|time| time >= 11_000), "{at}");
}

#[test]
fn stretches_without_times_hide_nothing_that_is_behind_them() {
    let run = |from: i64| (from..from + 3_000).map(|secs| line(secs, "x")).collect::<String>();
    let untimed = "    at some.function(file:12) of a trace that has no end, and no time either\n".repeat(400_000);
    let long = format!("{}\n", "y".repeat(40_000_000));
    for stretch in [&untimed, &long] {
        let between = format!("{}{stretch}{}", run(0), run(20_000));
        let before = format!("{stretch}{}", run(20_000));
        for (bytes, secs, expected) in [
            (&between, 0, 0),
            (&between, 2_999, 2_999),
            (&between, 3_000, 20_000),
            (&between, 20_000, 20_000),
            (&between, 20_001, 20_001),
            (&between, 22_998, 22_998),
            (&before, 5, 20_000),
            (&before, 20_000, 20_000),
            (&before, 21_500, 21_500),
        ] {
            let (at, time) = find(bytes.as_bytes(), secs);
            let text = bytes.get(at as usize..).and_then(|rest| rest.lines().next()).unwrap_or_default();
            assert_eq!((time, text), (Some(expected), line(expected, "x").trim_end()), "{secs}");
        }
    }
}

#[test]
fn holes_hide_nothing_that_is_behind_them_and_are_not_read() {
    const APART: u64 = 20 << 30;
    let folder = TempFolder::new();
    let runs: Vec<String> = (0..3)
        .map(|nth| (nth * 10_000..nth * 10_000 + 3_000).map(|secs| line(secs, "x")).collect::<String>())
        .map(|run| format!("\n{run}"))
        .collect();
    let islands: Vec<(u64, &[u8])> = (1..).zip(&runs).map(|(nth, run)| (nth * APART, run.as_bytes())).collect();
    let end = 4 * APART;
    let source = Counting::new(local(&folder.sparse("holes.log", end, &islands)));
    for (secs, expected) in
        [(-5, 0), (0, 0), (2_999, 2_999), (3_000, 10_000), (10_000, 10_000), (12_999, 12_999), (21_000, 21_000)]
    {
        let found = moment(&*source, ByteOffset::new(end), Stamp::from_secs(DAY + secs)).unwrap();
        assert_eq!(found.time, Some(Stamp::from_secs(DAY + expected)), "{secs}");
        let read = source.take();
        assert!(read < 16 << 20, "{secs}: {read} bytes");
    }
}

/// A log of 100 GB in order, a line a second, made as it is read.
#[derive(Debug)]
struct Huge;

const LINE: u64 = 64;
const LINES: u64 = 100_000_000_000 / LINE;

impl Source for Huge {
    fn len(&self) -> io::Result<ByteOffset> {
        Ok(ByteOffset::new(LINES * LINE))
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        let mut done = 0;
        while done < buf.len() && at.get() + (done as u64) < LINES * LINE {
            let place = at.get() + done as u64;
            let text = format!("{:<63}\n", Stamp::from_secs((place / LINE) as i64).to_string());
            let rest = &text.as_bytes()[(place % LINE) as usize..];
            let n = rest.len().min(buf.len() - done);
            buf[done..done + n].copy_from_slice(&rest[..n]);
            done += n;
        }
        Ok(done)
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Identity { inode: 0, born_ns: 0, head_len: 0, head_hash: 0 })
    }

    fn is_same(&self, _seen: &Identity) -> io::Result<bool> {
        Ok(true)
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        watch::Sender::new(ByteOffset::new(LINES * LINE)).subscribe()
    }
}

#[test]
fn a_time_in_100_gb_costs_a_few_megabytes_of_reading() {
    let source = Counting::new(std::sync::Arc::new(Huge));
    let end = source.len().unwrap();
    for nth in [0, 1, 777_777_777, LINES - 1] {
        let found = moment(&*source, end, Stamp::from_secs(nth as i64)).unwrap();
        assert_eq!(found.at.get(), nth * LINE);
        let n_read = source.take();
        assert!(n_read < 4 * 1024 * 1024, "{n_read} bytes");
    }
}
