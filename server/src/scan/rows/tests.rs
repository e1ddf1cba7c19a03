//! Rows against an oracle that sees all lines at once: any place, any budget, both directions, and a file that grows.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::testing::Memory;

const AROUND: std::ops::Range<u32> = 0..5;

/// Where each line starts and ends, and the rows that are shown of it: `None`, or whether it is context.
fn oracle(text: &[u8], around: Around) -> Vec<Shown> {
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        lines.push((at, line));
        at += line.len();
    }
    let matches: BTreeSet<usize> = (0..lines.len()).filter(|&nth| lines[nth].1.contains(&b'x')).collect();
    let is_near = |nth: usize| {
        let from = nth.saturating_sub(around.after as usize);
        matches.range(from..=nth + around.before as usize).next().is_some()
    };
    let place = |at: usize| ByteOffset::new(at as u64);
    let shown = (0..lines.len()).filter(|nth| is_near(*nth)).map(|nth| Shown {
        start: place(lines[nth].0),
        end: place(lines[nth].0 + lines[nth].1.len()),
        finished: lines[nth].1.ends_with(b"\n"),
        context: !matches.contains(&nth),
    });
    shown.collect()
}

fn starts(text: &[u8]) -> Vec<u64> {
    let feeds = memchr::memchr_iter(b'\n', text).map(|feed| feed as u64 + 1);
    std::iter::once(0).chain(feeds).filter(|&start| start < text.len() as u64).collect()
}

fn complete(text: &[u8]) -> ByteOffset {
    ByteOffset::new(memchr::memrchr(b'\n', text).map_or(0, |feed| feed as u64 + 1))
}

/// A search that goes on in small pieces; the rows, and where it ended.
fn search(rows: &Rows<'_>, down: bool, from: u64, bytes: u64) -> (Vec<Shown>, u64) {
    let mut found = Vec::new();
    let mut at = ByteOffset::new(from);
    for _ in 0..10_000 {
        let budget = Budget::new(bytes);
        let mut on_row = |row| {
            found.push(row);
            ControlFlow::Continue(())
        };
        let reached = match down {
            true => rows.down(at, &budget, &mut on_row).unwrap(),
            false => rows.up(at, &budget, &mut on_row).unwrap(),
        };
        let goes_on = if down { reached.place > at } else { reached.place < at };
        assert!(reached.is_end || goes_on, "no progress at {at:?}");
        at = reached.place;
        if reached.is_end {
            return (found, at.get());
        }
    }
    panic!("the search does not end");
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let line =
        prop_oneof![3 => Just(""), 3 => Just("a"), 2 => Just("x"), 2 => Just("a longer line"), 1 => Just("ax\r")];
    (proptest::collection::vec(line, 0..40), any::<bool>()).prop_map(|(lines, finished)| {
        let mut text = lines.join("\n").into_bytes();
        if finished {
            text.push(b'\n');
        }
        text
    })
}

fn around() -> impl Strategy<Value = Around> {
    (AROUND, AROUND).prop_map(|(before, after)| Around { before, after })
}

fn rows<'a>(source: &'a Memory, filter: &'a Filter, around: Around, is_growing: bool) -> Rows<'a> {
    let growing = is_growing.then(|| complete(&source.0));
    Rows { source, index: None, filter, view: None, around, end: source.len().unwrap(), growing }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn rows_below_and_above_any_place_are_those_of_the_whole_file(
        text in text(), around in around(), nth in any::<proptest::sample::Index>(), bytes in 1_u64..60,
    ) {
        let filter = Filter::compile("x").unwrap();
        let source = Memory(text.clone());
        let rows = rows(&source, &filter, around, false);
        let mut places = starts(&text);
        places.push(text.len() as u64);
        let place = *nth.get(&places);
        let expected = oracle(&text, around);
        let (below, end) = search(&rows, true, place, bytes);
        let (mut above, start) = search(&rows, false, place, bytes);
        above.reverse();
        prop_assert_eq!((start, end), (0, text.len() as u64));
        prop_assert_eq!([above, below].concat(), expected);
    }

    #[test]
    fn a_reader_of_a_growing_file_gets_every_row_once(
        parts in proptest::collection::vec(text(), 1..5), around in around(), bytes in 1_u64..60,
    ) {
        let filter = Filter::compile("x").unwrap();
        let mut whole = Vec::new();
        let (mut seen, mut place) = (Vec::new(), 0);
        for part in &parts {
            whole.extend_from_slice(part);
            let source = Memory(whole.clone());
            let limit = complete(&whole);
            let rows = Rows { end: limit, ..rows(&source, &filter, around, true) };
            let (found, at) = search(&rows, true, place, bytes);
            // What was told is what stands there when a search from the start is asked now, and the place is the same.
            prop_assert_eq!(at, rows.settled().unwrap().get());
            seen.extend(found);
            place = at;
            if around.before == 0 {
                prop_assert_eq!(place, limit.get());
            }
        }
        let source = Memory(whole.clone());
        seen.extend(search(&rows(&source, &filter, around, false), true, place, bytes).0);
        prop_assert_eq!(seen, oracle(&whole, around));
    }

    #[test]
    fn stopping_after_a_row_loses_none(text in text(), around in around(), down in any::<bool>()) {
        let filter = Filter::compile("x").unwrap();
        let source = Memory(text.clone());
        let rows = rows(&source, &filter, around, false);
        let budget = Budget::unlimited();
        let mut at = if down { ByteOffset::ZERO } else { source.len().unwrap() };
        let mut seen = Vec::new();
        loop {
            let mut on_row = |row| {
                seen.push(row);
                ControlFlow::Break(())
            };
            let reached = match down {
                true => rows.down(at, &budget, &mut on_row).unwrap(),
                false => rows.up(at, &budget, &mut on_row).unwrap(),
            };
            if reached.is_end {
                break;
            }
            prop_assert_ne!(reached.place, at);
            at = reached.place;
        }
        if !down {
            seen.reverse();
        }
        prop_assert_eq!(seen, oracle(&text, around));
    }
}

#[test]
fn the_last_lines_of_a_growing_file_are_settled_by_what_is_shown_of_them() {
    let filter = Filter::compile("x").unwrap();
    let before = Around { before: 2, after: 1 };
    for (text, around, expected) in [
        ("a\na\na\na\n", Around::default(), 8),
        ("a\na\na\na\n", before, 4),
        ("a\na\na\nx\n", before, 8),
        ("a\na\nx\na\n", before, 8),
        ("a\nx\na\na\n", before, 6),
        // An unfinished line is provisional: it is covered only while it is shown.
        ("a\na\na\na", Around::default(), 6),
        ("a\na\na\nx", Around::default(), 7),
        ("a\na\na\nx", before, 7),
        ("a\na\na\na", before, 2),
        ("", before, 0),
    ] {
        let source = Memory(text.into());
        assert_eq!(rows(&source, &filter, around, true).settled().unwrap().get(), expected, "{text:?} {around:?}");
    }
}
