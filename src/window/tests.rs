//! What a window holds after each way in and out.

mod sparse;

use bytes::Bytes;

use super::*;
use crate::ansi::Color;
use crate::wire::{Cut, Frame, FrameFlags, FrameKind};

const BUDGET: usize = 1 << 20;

fn place(generation: u32, offset: u64) -> Position {
    (Generation::new(generation), ByteOffset::new(offset))
}

/// A frame of generation 1 whose first line is not numbered.
fn frame(offset: u64, payload: &'static str) -> Frame {
    Frame {
        kind: FrameKind::Live,
        flags: FrameFlags::default(),
        req: 0,
        generation: Generation::new(1),
        style: Style::PLAIN,
        offset: ByteOffset::new(offset),
        end: ByteOffset::new(offset + payload.len() as u64),
        first_line: None,
        cuts: Vec::new(),
        sparse: None,
        payload: Bytes::from_static(payload.as_bytes()),
    }
}

fn divider(at: u64, event: FileEvent, next: Option<u32>) -> Divider {
    Divider {
        generation: Generation::new(1),
        at: ByteOffset::new(at),
        unix_secs: 5,
        event,
        next: next.map(Generation::new),
        unread: ByteLen::ZERO,
        nth: 0,
    }
}

fn window(page: &Frame) -> LineWindow {
    let mut window = LineWindow::new(BUDGET);
    window.replace(page);
    window
}

/// The window as text: `number@offset:bytes`, `~` after an unfinished line, `--` for a divider.
fn shown(window: &LineWindow) -> String {
    let items = window.iter().map(|item| match item {
        Item::Line { offset, bytes, line, finished, missing, .. } => {
            let number = line.map_or("?".to_owned(), |line| line.to_string());
            let missing = if missing > ByteLen::ZERO { format!("+{missing}") } else { String::new() };
            let end = if finished { "" } else { "~" };
            format!("{number}@{offset}:{}{missing}{end}", String::from_utf8_lossy(bytes))
        }
        Item::Divider(divider) if divider.unread > ByteLen::ZERO => format!("--{}", divider.unread),
        Item::Divider(_) => "--".to_owned(),
    });
    items.collect::<Vec<_>>().join(" ")
}

#[test]
fn only_what_joins_the_end_is_taken() {
    let page = frame(10, "a\nb\n");
    for (live, expected) in [
        (frame(14, "c\n"), Ok((1, "?@10:a ?@12:b ?@14:c"))),
        (frame(12, "b\nc\n"), Ok((1, "?@10:a ?@12:b ?@14:c"))),
        (frame(10, "a\nb\n"), Ok((0, "?@10:a ?@12:b"))),
        (frame(4, "x\n"), Ok((0, "?@10:a ?@12:b"))),
        (frame(15, "c\n"), Err(15)),
    ] {
        let mut window = window(&page);
        match (window.append(&live), expected) {
            (Ok(taken), Ok((n_added, text))) => {
                assert_eq!((taken.added, shown(&window).as_str()), (n_added, text));
            }
            (Err(gap), Err(got)) => assert_eq!(gap, Gap { expected: place(1, 14), got: place(1, got) }),
            (taken, expected) => panic!("{taken:?} but {expected:?}"),
        }
    }
}

#[test]
fn a_line_across_the_end_is_refused() {
    let mut window = window(&frame(10, "a\nb\n"));
    assert!(window.append(&frame(13, "bc\n")).is_err());
    assert_eq!(shown(&window), "?@10:a ?@12:b");
}

#[test]
fn an_unfinished_line_is_replaced_by_the_whole_one() {
    let mut window = window(&frame(10, "a\nun"));
    assert_eq!((window.last(), window.end()), (place(1, 12), place(1, 14)));
    let key = window.key(1);
    assert_eq!(window.append(&frame(12, "unfin")), Ok(Appended { added: 1, replaced: true }));
    assert_eq!(window.append(&frame(12, "un")), Ok(Appended::default()));
    assert_eq!(window.append(&frame(12, "unfinished\nb\n")), Ok(Appended { added: 2, replaced: true }));
    assert_eq!(shown(&window), "?@10:a ?@12:unfinished ?@23:b");
    assert_eq!(window.key(1), key);
}

#[test]
fn an_unfinished_line_comes_whole_below_what_happened_meanwhile() {
    let mut window = window(&frame(0, "a\nun"));
    window.push_divider(divider(4, FileEvent::Deleted, None));
    window.append(&frame(2, "unfinished\nb\n")).unwrap();
    assert_eq!(shown(&window), "1@0:a -- 2@2:unfinished 3@13:b");
}

#[test]
fn only_what_joins_the_start_is_prepended() {
    for (page, expected) in [
        (frame(6, "x\ny\n"), Some((2, "?@6:x ?@8:y ?@10:a"))),
        (frame(8, "y\na\n"), Some((1, "?@8:y ?@10:a"))),
        (frame(10, "a\n"), Some((0, "?@10:a"))),
        (frame(6, "x\n"), None),
        (frame(7, "x\nyz\n"), None),
    ] {
        let mut window = window(&frame(10, "a\n"));
        let taken = window.prepend(&page);
        assert_eq!(taken.ok().map(|n_added| (n_added, shown(&window))), expected.map(|(n, text)| (n, text.to_owned())));
    }
}

#[test]
fn numbers_come_from_any_side() {
    let numbered = |offset, payload, line| Frame { first_line: LineNo::new(line), ..frame(offset, payload) };
    let mut above = window(&frame(10, "a\n"));
    above.prepend(&numbered(8, "z\n", 7)).unwrap();
    assert_eq!(shown(&above), "7@8:z 8@10:a");

    let mut below = window(&frame(10, "a\n"));
    below.append(&numbered(12, "b\n", 9)).unwrap();
    below.append(&frame(14, "c\n")).unwrap();
    below.prepend(&frame(8, "z\n")).unwrap();
    assert_eq!(shown(&below), "7@8:z 8@10:a 9@12:b 10@14:c");

    let mut told = window(&frame(10, "a\nb\n"));
    assert!(told.learn(place(1, 14), LineNo::new(9).unwrap()));
    assert!(!told.learn(place(1, 14), LineNo::new(9).unwrap()));
    assert_eq!(shown(&told), "7@10:a 8@12:b");
    assert_eq!(told.find_line(Generation::new(1), LineNo::new(8).unwrap()), Some(1));

    let mut started = window(&frame(2, "b\n"));
    started.prepend(&frame(0, "a\n")).unwrap();
    assert_eq!(shown(&started), "1@0:a 2@2:b");
}

#[test]
fn lines_go_on_in_the_next_generation_below_a_divider() {
    let mut window = window(&frame(0, "a\nend"));
    window.push_divider(divider(5, FileEvent::Rotated, Some(2)));
    let next = Frame { generation: Generation::new(2), ..frame(0, "b\n") };
    window.append(&next).unwrap();
    assert_eq!(shown(&window), "1@0:a 2@2:end~ -- 1@0:b");
    assert_eq!(window.find(Generation::new(2), ByteOffset::ZERO), Some(3));
    assert_eq!(window.append(&frame(0, "a\n")), Ok(Appended::default()), "an old frame comes again");
    for idx in 0..window.len() {
        assert_eq!(window.index_of(window.key(idx).unwrap()), Some(idx));
    }
}

#[test]
fn a_divider_says_what_was_never_read() {
    let mut window = window(&frame(0, "a\n"));
    window.push_divider(divider(9, FileEvent::Rotated, Some(2)));
    assert_eq!(shown(&window), "1@0:a --7");
}

#[test]
fn scrolling_up_goes_on_in_the_generation_before() {
    let mut window = window(&Frame { generation: Generation::new(2), ..frame(0, "b\n") });
    assert!(window.prepend_divider(divider(4, FileEvent::Rotated, Some(2))));
    assert_eq!(window.first(), place(1, 4));
    window.prepend(&frame(2, "y\n")).unwrap();
    window.prepend(&frame(0, "x\n")).unwrap();
    assert_eq!(shown(&window), "1@0:x 2@2:y -- 1@0:b");
}

#[test]
fn eviction_takes_the_end_that_is_farther_from_what_is_looked_at() {
    let line = "x".repeat(1_000) + "\n";
    for (looked_at, keeps) in [(0, "front"), (50, "both"), (99, "back")] {
        let mut window = LineWindow::new(60_000);
        window.replace(&Frame { payload: line.repeat(100).into(), end: ByteOffset::new(100_100), ..frame(0, "") });
        let key = window.key(looked_at).unwrap();
        let gone = window.evict(looked_at, looked_at);
        assert!(window.bytes() <= 60_000);
        assert_eq!(window.len(), 100 - gone.front - gone.back);
        assert_eq!(window.index_of(key), Some(looked_at - gone.front));
        assert_eq!((gone.front == 0, gone.back == 0), (keeps == "front", keeps == "back"), "{looked_at}");
        // What was evicted joins again.
        let (first, last) = (window.first(), window.last());
        assert_eq!(first.1.get(), 1_001 * gone.front as u64);
        assert_eq!(last.1.get(), 1_001 * (100 - gone.back as u64));
        let Some(Item::Line { line: Some(number), .. }) = window.get(0) else { panic!("a numbered line") };
        assert_eq!(number.get(), gone.front as u64 + 1);
    }
}

#[test]
fn more_of_a_long_line_joins_where_it_was_cut() {
    let cuts = vec![Cut { at: 3, missing: ByteLen::new(4) }];
    let mut window = window(&Frame { cuts, end: ByteOffset::new(12), ..frame(0, "abc\nnext") });
    assert_eq!(shown(&window), "1@0:abc+4 2@8:next~");
    assert_eq!(window.extend(&frame(4, "ef")), None);
    assert_eq!(window.extend(&frame(3, "de")), Some(0));
    assert_eq!(window.extend(&frame(5, "fg\nnext")), Some(0));
    assert_eq!(shown(&window), "1@0:abcdefg 2@8:next~");
}

#[test]
fn a_hole_in_front_of_a_line_counts_in_its_place_and_in_what_is_missing() {
    let cuts = [(0, 100), (3, 4)].map(|(at, missing)| Cut { at, missing: ByteLen::new(missing) });
    let mut window = window(&Frame { cuts: cuts.to_vec(), end: ByteOffset::new(112), ..frame(0, "\0bc\nnext") });
    assert_eq!(window.marker(), Marker::of(b"\n"), "what was left out stands between");
    assert_eq!(window.extend(&frame(3, "de")), None);
    assert_eq!(window.extend(&frame(103, "defg\nnext")), Some(0));
    let Some(Item::Line { end, bytes, hole, missing, .. }) = window.get(0) else { panic!("a line") };
    assert_eq!((end.get(), bytes, hole.get(), missing), (108, b"\0bcdefg".as_slice(), 100, ByteLen::ZERO));
    assert_eq!(window.marker(), Marker::of(b"\0bcdefg\n"));
    assert_eq!(window.last().1.get(), 108);
}

#[test]
fn a_colour_reaches_the_lines_below_until_it_ends() {
    let mut window = window(&frame(0, "\x1b[31mred\nstill\n"));
    window.append(&frame(15, "live\x1b[0m\nplain\n")).unwrap();
    let red = Style { fg: Color::indexed(1), ..Style::PLAIN };
    let styles: Vec<Style> = window
        .iter()
        .filter_map(|item| match item {
            Item::Line { style_in, .. } => Some(style_in),
            Item::Divider(_) => None,
        })
        .collect();
    assert_eq!(styles, [Style::PLAIN, red, red, Style::PLAIN]);
}

#[test]
fn a_colour_reaches_no_line_below_one_that_was_cut() {
    let cuts = vec![Cut { at: 8, missing: ByteLen::new(4) }];
    let window = window(&Frame { cuts, end: ByteOffset::new(18), ..frame(0, "\x1b[31mred\nplain") });
    let styles = window.iter().map(|item| match item {
        Item::Line { style_in, .. } => style_in.is_plain(),
        Item::Divider(_) => false,
    });
    assert_eq!(styles.collect::<Vec<_>>(), [true, true]);
}

#[test]
fn the_marker_covers_the_bytes_before_the_end() {
    let window_of = |payload| window(&frame(0, payload));
    assert_eq!(window_of("one\ntwo\nunfin").marker(), Marker::of(b"one\ntwo\n"));
    let long = "0123456789012345678901234567890123456789012345678901234567890123456789\n";
    assert_eq!(window_of(long).marker(), Marker::of(long.as_bytes()));
    assert_eq!(window_of(long).marker().len, 64);
    let cuts = vec![Cut { at: 3, missing: ByteLen::new(4) }];
    let cut = window(&Frame { cuts, end: ByteOffset::new(8), ..frame(0, "abc\n") });
    assert_eq!(cut.marker(), Marker::of(b"\n"), "what was left out stands between");
}

#[test]
fn generations_take_the_numbers_of_a_new_connection() {
    let mut window = window(&frame(0, "a\n"));
    window.push_divider(divider(2, FileEvent::Rotated, Some(2)));
    window.relabel(|old| Generation::new(old.get() + 6));
    assert_eq!(window.last(), place(8, 0));
    assert_eq!(window.find(Generation::new(7), ByteOffset::ZERO), Some(0));
}
