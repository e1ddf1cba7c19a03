//! Surveys against the plain definition, however the work is cut.

use std::sync::Arc;

use proptest::prelude::*;
use taillight::ansi;

use super::super::tests::oracle::{file, lines, sizes};
use super::*;
use crate::dates::Dates;
use crate::testing::{Memory, TempFolder, local};

/// A stream that gives a few bytes at a time.
struct Dripping<'a>(&'a [u8], usize);

impl io::Read for Dripping<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n_read = self.1.min(self.0.len()).min(buf.len());
        let (given, rest) = self.0.split_at(n_read);
        buf[..n_read].copy_from_slice(given);
        self.0 = rest;
        Ok(n_read)
    }
}

fn plainly(bytes: &[u8], limit: usize) -> Survey {
    let dates = Dates::of(&Memory(bytes.to_vec())).unwrap();
    let mut survey = Survey { bytes: ByteLen::new(bytes.len() as u64), ..Survey::default() };
    for hit in lines(bytes) {
        let line = &bytes[hit.start.get() as usize..hit.end.get() as usize];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let seen = &line[..limit.min(line.len())];
        let mut text = Vec::new();
        ansi::plain(seen, &mut text);
        let is_cut = seen.len() < line.len() || !hit.finished;
        let is_broken = std::str::from_utf8(seen).is_err_and(|error| error.error_len().is_some() || !is_cut);
        let behind = seen.iter().skip_while(|byte| **byte == 0);
        survey = survey.and(&Survey {
            bytes: ByteLen::ZERO,
            lines: LineCount::new(1),
            longest: ByteLen::new(line.strip_suffix(b"\r").unwrap_or(line).len() as u64),
            times: dates.time(&text).map(|time| (time, time)),
            levels: {
                let mut levels = LevelCounts::default();
                levels.add(Level::of(&text), 1);
                levels
            },
            charset: Charset { has_nul: behind.into_iter().any(|b| *b == 0), has_high: !seen.is_ascii(), is_broken },
        });
    }
    survey
}

fn of_stream(bytes: &[u8], head: usize, step: usize) -> Survey {
    let dates = Arc::new(Dates::of_stream((bytes, false), None));
    let (head, rest) = bytes.split_at(head.min(bytes.len()));
    survey_stream(head, dates, Dripping(rest, step.max(1))).unwrap()
}

/// Lines with levels and times among nasty ones.
fn told() -> impl Strategy<Value = Vec<u8>> {
    let lines = prop::collection::vec((0_u8..6, 0_u32..60, file()), 0..8);
    lines.prop_map(|lines| {
        lines.into_iter().fold(Vec::new(), |mut all, (level, second, rest)| {
            let level = ["INFO", "\x1b[31mERROR\x1b[0m", "[warn]", "", "FATAL", "DEBUG"][usize::from(level)];
            all.extend_from_slice(format!("2026-11-22T10:00:{second:02}Z {level} ").as_bytes());
            all.extend_from_slice(&rest);
            all
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_survey_is_the_sum_of_all_lines(
        bytes in prop_oneof![file(), told()], sizes in sizes(), head in 0_usize..50, step in 1_usize..40,
    ) {
        let source = Memory(bytes.clone());
        let surveyed = survey_on(Ground { source: &source, index: None, sizes }, bytes.len() as u64).unwrap();
        prop_assert_eq!(&surveyed, &plainly(&bytes, sizes.line));
        prop_assert_eq!(&survey(&source, ByteOffset::new(bytes.len() as u64)).unwrap(), &plainly(&bytes, MAX_LINE_BYTES));
        prop_assert_eq!(&of_stream(&bytes, head, step), &plainly(&bytes, MAX_LINE_BYTES));
    }
}

#[test]
fn lines_longer_than_what_is_looked_at_are_measured() {
    let long = |len: usize, end: &str| [vec![b'x'; len], end.as_bytes().to_vec()].concat();
    for (bytes, n_lines, longest) in [
        (long(3 << 20, "\r\nb\n"), 2, 3 << 20),
        (long(3 << 20, ""), 1, 3 << 20),
        (long(MAX_LINE_BYTES, "\n"), 1, MAX_LINE_BYTES),
        ([b"a\n".to_vec(), long(9 << 20, "\nb")].concat(), 3, 9 << 20),
    ] {
        let source = Memory(bytes.clone());
        for surveyed in [survey(&source, source.len().unwrap()).unwrap(), of_stream(&bytes, 65_536, 100_000)] {
            let expected = (LineCount::new(n_lines), ByteLen::new(longest as u64));
            assert_eq!((surveyed.lines, surveyed.longest), expected);
        }
    }
}

#[test]
fn holes_are_passed_over() {
    let folder = TempFolder::new();
    let len = 100 << 30;
    let path = folder.sparse("holes.log", len, &[(0, b"a\n"), (50 << 30, b"\nINFO: b\nc\n"), (len - 2, b"d\n")]);
    let source = local(&path);
    let surveyed = survey(&*source, source.len().unwrap()).unwrap();
    assert_eq!((surveyed.lines.get(), surveyed.bytes.get()), (5, len));
    assert_eq!(surveyed.levels.of(Some(Level::Info)).get(), 1);
}

#[test]
fn a_source_that_became_shorter_is_an_error() {
    let source = Memory(b"a\nb\n".to_vec());
    assert!(survey(&source, ByteOffset::new(9)).is_err());
}
