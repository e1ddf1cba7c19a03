//! What a window holds that shows some lines of a file.

use super::*;
use crate::wire::{Sparse, SparseRow};

/// A frame of generation 1 that covers `offset` to `end` and holds these lines, with their numbers: context lines begin
/// with a `.`, and the last one is unfinished when it ends with `~`.
fn sparse(offset: u64, end: u64, lines: &[(u64, &str)]) -> Frame {
    let mut payload = Vec::new();
    let mut rows = Vec::new();
    for (at, text) in lines {
        let line = LineNo::new(at / 10 + 1);
        rows.push(SparseRow { offset: ByteOffset::new(*at), line, context: text.starts_with('.') });
        payload.extend_from_slice(text.trim_end_matches('~').as_bytes());
        if !text.ends_with('~') {
            payload.push(b'\n');
        }
    }
    let marker = Marker { len: 64, hash: end };
    let sparse = Some(Sparse { marker, rows });
    Frame { sparse, payload: payload.into(), end: ByteOffset::new(end), ..frame(offset, "") }
}

fn covered(window: &LineWindow) -> (u64, u64) {
    (window.first().1.get(), window.last().1.get())
}

fn gaps(window: &LineWindow) -> Vec<bool> {
    let gap = |item| match item {
        Item::Line { gap, .. } => gap,
        Item::Divider(_) => false,
    };
    window.iter().map(gap).collect()
}

#[test]
fn frames_without_rows_move_both_ends() {
    let mut window = window(&sparse(100, 200, &[]));
    assert_eq!(covered(&window), (100, 200));
    assert_eq!(window.append(&sparse(200, 300, &[])), Ok(Appended::default()));
    assert_eq!(window.prepend(&sparse(50, 100, &[])), Ok(0));
    assert_eq!((covered(&window), window.len()), ((50, 300), 0));
    assert_eq!(window.append(&sparse(300, 400, &[(310, "a")])), Ok(Appended { added: 1, replaced: false }));
    assert_eq!(window.prepend(&sparse(0, 50, &[(10, "b"), (20, ".c")])), Ok(2));
    assert_eq!((covered(&window), shown(&window).as_str()), ((0, 400), "2@10:b 3@20:.c 32@310:a"));
}

#[test]
fn only_coverage_that_joins_is_taken() {
    for (frame, joins) in [
        (sparse(201, 300, &[(210, "a")]), false),
        (sparse(200, 300, &[(210, "a")]), true),
        (sparse(150, 300, &[(190, "z"), (210, "a")]), true),
        (sparse(150, 300, &[(185, "across the end of it"), (210, "a")]), false),
    ] {
        let mut window = window(&sparse(100, 200, &[(190, "z")]));
        assert_eq!(window.append(&frame).is_ok(), joins, "{frame:?}");
        let expected = if joins { ("20@190:z 22@210:a", (100, 300)) } else { ("20@190:z", (100, 200)) };
        assert_eq!((shown(&window).as_str(), covered(&window)), expected);
    }
    for (frame, joins) in [
        (sparse(50, 99, &[(60, "a")]), false),
        (sparse(50, 100, &[(60, "a")]), true),
        (sparse(50, 150, &[(60, "a"), (110, "z")]), true),
        (sparse(50, 150, &[(60, "a"), (95, "across the start")]), false),
    ] {
        let mut window = window(&sparse(100, 200, &[(110, "z")]));
        assert_eq!(window.prepend(&frame).is_ok(), joins, "{frame:?}");
        let expected = if joins { ("7@60:a 12@110:z", (50, 200)) } else { ("12@110:z", (100, 200)) };
        assert_eq!((shown(&window).as_str(), covered(&window)), expected);
    }
    let mut dense = window(&frame(0, "a\n"));
    assert!(dense.append(&sparse(2, 9, &[])).is_err(), "rows of a filter are not mixed with all rows");
}

#[test]
fn an_unfinished_row_is_replaced_goes_or_stays() {
    let page = sparse(0, 35, &[(10, "a"), (30, "unfin~")]);
    for (next, expected) in [
        // It is whole, and matches.
        (sparse(30, 60, &[(30, "unfinished"), (50, "b")]), ("2@10:a 4@30:unfinished 6@50:b", (0, 60))),
        // It has grown.
        (sparse(30, 38, &[(30, "unfinish~")]), ("2@10:a 4@30:unfinish~", (0, 30))),
        // The same again, and an older one.
        (sparse(30, 35, &[(30, "unfin~")]), ("2@10:a 4@30:unfin~", (0, 30))),
        (sparse(30, 32, &[(30, "un~")]), ("2@10:a 4@30:unfin~", (0, 30))),
        // It is whole, and does not match.
        (sparse(30, 60, &[(50, "b")]), ("2@10:a 6@50:b", (0, 60))),
        (sparse(30, 41, &[]), ("2@10:a", (0, 41))),
        // It was asked for and does not match any more.
        (sparse(30, 30, &[]), ("2@10:a", (0, 30))),
        // What came before says nothing of it.
        (sparse(10, 30, &[(10, "a")]), ("2@10:a 4@30:unfin~", (0, 30))),
    ] {
        let mut window = window(&page);
        assert_eq!((covered(&window), window.end()), ((0, 30), place(1, 35)));
        window.append(&next).unwrap();
        assert_eq!((shown(&window).as_str(), covered(&window)), expected, "{next:?}");
        for idx in 0..window.len() {
            assert_eq!(window.index_of(window.key(idx).unwrap()), Some(idx));
        }
    }
}

#[test]
fn an_unfinished_line_that_was_covered_unseen_comes_when_it_matches() {
    let mut window = window(&sparse(0, 35, &[(10, "a")]));
    window.append(&sparse(30, 60, &[(30, "whole"), (50, "b")])).unwrap();
    assert_eq!((shown(&window).as_str(), covered(&window)), ("2@10:a 4@30:whole 6@50:b", (0, 60)));
}

#[test]
fn places_between_rows_are_found_and_counted() {
    let window = window(&sparse(0, 100, &[(10, "a"), (12, ".b"), (50, "c"), (70, "d")]));
    assert_eq!(gaps(&window), [false, false, true, true]);
    for (at, holding, from, counted) in [
        (0, None, Some(0), 3),
        (10, Some(0), Some(0), 3),
        (11, Some(0), Some(0), 3),
        (12, Some(1), Some(1), 2),
        (20, None, Some(2), 2),
        (51, Some(2), Some(2), 2),
        (52, None, Some(3), 1),
        (72, None, None, 0),
        (100, None, None, 0),
        (101, None, None, 0),
    ] {
        let found = window.find_holding(Generation::new(1), ByteOffset::new(at));
        let counts = window.lines_from(place(1, at)).get();
        assert_eq!((found, window.find_from(place(1, at)), counts), (holding, from, counted), "{at}");
    }
    for (number, idx) in [(1, Some(0)), (2, Some(0)), (3, Some(2)), (8, Some(3)), (9, None)] {
        assert_eq!(window.find_line(Generation::new(1), LineNo::new(number).unwrap()), idx, "{number}");
    }
}

#[test]
fn the_marker_of_the_end_is_what_the_frame_says() {
    let mut window = window(&sparse(0, 100, &[(10, "a")]));
    assert_eq!(window.marker(), Marker { len: 64, hash: 100 });
    window.append(&sparse(100, 200, &[])).unwrap();
    assert_eq!(window.marker(), Marker { len: 64, hash: 200 });
    // Also of a place before an unfinished row.
    window.append(&sparse(200, 307, &[(290, "0123456789"), (301, "unfin~")])).unwrap();
    assert_eq!((window.last(), window.marker()), (place(1, 301), Marker { len: 64, hash: 307 }));
    // Without that: what is known to stand there, which may be nothing.
    let mut window = LineWindow::new(150);
    window.replace(&sparse(200, 320, &[(290, "0123456789"), (301, "a"), (310, "b")]));
    assert_eq!(window.evict(0, 0).back, 2);
    assert_eq!((window.last(), window.marker()), (place(1, 301), Marker::of(b"0123456789\n")));
    let mut window = LineWindow::new(150);
    window.replace(&sparse(200, 320, &[(290, "0123456789"), (305, "a"), (310, "b")]));
    window.evict(0, 0);
    assert_eq!((window.last(), window.marker()), (place(1, 305), Marker::of(b"")));
}

#[test]
fn a_rotation_in_a_sparse_window_is_where_the_rows_of_a_file_end() {
    let mut window = window(&sparse(0, 100, &[(10, "a")]));
    window.push_divider(divider(100, FileEvent::Rotated, Some(2)));
    assert_eq!(window.last(), place(2, 0));
    window.append(&Frame { generation: Generation::new(2), ..sparse(0, 50, &[(20, "b")]) }).unwrap();
    assert_eq!((shown(&window).as_str(), window.last()), ("2@10:a -- 3@20:b", place(2, 50)));
    assert_eq!(window.lines_from(place(1, 30)).get(), 1);
}

#[test]
fn what_is_evicted_leaves_coverage_that_pages_join() {
    let text = "x".repeat(1_000);
    let lines: Vec<(u64, &str)> = (0..100).map(|nth| (nth * 5_000 + 2_000, text.as_str())).collect();
    for looked_at in [0, 50, 99] {
        let mut window = LineWindow::new(60_000);
        window.replace(&sparse(0, 500_000, &lines));
        let gone = window.evict(looked_at, looked_at);
        assert!(window.bytes() <= 60_000);
        let first = if gone.front == 0 { 0 } else { gone.front as u64 * 5_000 - 5_000 + 3_001 };
        let last = if gone.back == 0 { 500_000 } else { (100 - gone.back as u64) * 5_000 + 2_000 };
        assert_eq!(covered(&window), (first, last), "{looked_at}");
        let (front, back) = (gone.front, 100 - gone.back);
        assert_eq!(window.prepend(&sparse(0, first, &lines[..front])), Ok(front));
        assert_eq!(window.append(&sparse(last, 500_000, &lines[back..])).map(|taken| taken.added), Ok(gone.back));
        assert_eq!((window.len(), covered(&window)), (100, (0, 500_000)));
    }
    let mut window = LineWindow::new(0);
    window.replace(&sparse(0, 100, &[(10, "a"), (30, "un~")]));
    window.evict(0, 0);
    assert!(window.first() <= window.last());
}

/// 50,000 rows and as many lookups of each kind: a scan per lookup would take minutes.
#[test]
fn lookups_do_not_scan_the_rows() {
    let lines: Vec<(u64, &str)> = (0..50_000).map(|nth| (nth * 10, "x")).collect();
    let mut window = LineWindow::new(1 << 30);
    window.replace(&sparse(0, 500_000, &lines));
    for idx in 0..window.len() {
        assert_eq!(window.index_of(window.key(idx).unwrap()), Some(idx));
        assert_eq!(window.find_from(place(1, idx as u64 * 10 + 1)), Some(idx));
        assert!(matches!(window.get(idx), Some(Item::Line { line: Some(line), .. }) if line.get() == idx as u64 + 1));
    }
}
