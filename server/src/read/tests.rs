//! Pages and live lines against an oracle that holds the whole file.

use std::sync::Arc;

use proptest::prelude::*;
use taillight::cursor::{Anchor, Generation, Marker};
use taillight::line::{ByteLen, ByteOffset, LineNo};
use taillight::wire::{Frame, FrameKind, MAX_LINE_BYTES, MAX_LIVE_BYTES, MAX_PAGE_BYTES};

use super::blocks::Blocks;
use super::page::page_in_blocks;
use super::{Chunk, Page, PageWant, count_lines, end_of_lines, left_out, line_bytes, lines_from, page};
use crate::index::LineIndex;
use crate::source::{Source, is_gone};
use crate::testing::{Counting, Memory, TempFolder, local};

fn indexed(source: &Arc<dyn Source>, block: u64) -> LineIndex {
    let index = LineIndex::with_block(Arc::clone(source), block);
    index.grow_to(source.len().unwrap());
    while index.step() == crate::index::Progress::More {}
    index
}

/// Every line with its start, its line feed included.
fn lines(bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut at = 0;
    bytes
        .split_inclusive(|&byte| byte == b'\n')
        .map(|line| {
            let start = at;
            at += line.len() as u64;
            (start, line)
        })
        .collect()
}

/// The page as the client sees it.
fn frame(page: &Page) -> Frame {
    let frame = Frame {
        kind: FrameKind::Page,
        flags: page.flags,
        req: 1,
        generation: Generation::FIRST,
        style: page.style,
        offset: page.offset,
        end: page.end,
        first_line: page.first_line,
        cuts: page.cuts.clone(),
        sparse: None,
        payload: page.payload.clone(),
    };
    // Reading it back checks that offsets, cuts and payload tell one story.
    Frame::decode(&frame.encode()).unwrap()
}

fn line_at(lines: &[(u64, &[u8])], at: Anchor, len: u64) -> usize {
    match at {
        Anchor::Start => 0,
        Anchor::End => lines.len(),
        Anchor::Line(line) => (line.get() as usize - 1).min(lines.len()),
        Anchor::Byte(byte) if byte.get() >= len => lines.len(),
        Anchor::Byte(byte) => lines.iter().rposition(|(start, _)| *start <= byte.get()).unwrap_or(0),
        // See the tests of `scan::moment`.
        Anchor::Time(_) => unreachable!("none is made here"),
    }
}

fn anchor() -> impl Strategy<Value = Anchor> {
    prop_oneof![
        Just(Anchor::Start),
        Just(Anchor::End),
        (1_u64..40).prop_map(|n| Anchor::Line(LineNo::new(n).unwrap())),
        (0_u64..420).prop_map(|n| Anchor::Byte(ByteOffset::new(n))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_page_is_the_lines_around_its_anchor(
        bytes in prop::collection::vec(prop_oneof![1 => Just(b'\n'), 6 => b'a'..=b'z', 1 => Just(b'\r')], 0..400),
        at in anchor(),
        (before, after) in (0_u32..12, 0_u32..12),
        block in 1_u64..30,
    ) {
        let source: Arc<dyn Source> = Arc::new(Memory(bytes.clone()));
        let index = indexed(&source, block);
        let want = PageWant { at, before, after, max_bytes: MAX_PAGE_BYTES };
        let mut blocks = Blocks::new(source.as_ref(), Some(&index), ByteOffset::new(bytes.len() as u64), block);
        let page = page_in_blocks(&mut blocks, &index, &want).unwrap();

        let lines = lines(&bytes);
        let here = line_at(&lines, at, bytes.len() as u64);
        let first = here.saturating_sub(before as usize);
        let last = (here + after as usize).min(lines.len());
        let expected = &lines[first..last];
        let text: Vec<u8> = expected.iter().flat_map(|(_, line)| line.iter().copied()).collect();
        let anchor = lines.get(here).map_or(bytes.len() as u64, |(start, _)| *start);
        prop_assert_eq!(&page.payload[..], &text[..]);
        prop_assert_eq!(page.rows as usize, expected.len());
        prop_assert_eq!(page.anchor.get(), anchor);
        prop_assert_eq!(page.offset.get(), expected.first().map_or(anchor, |(start, _)| *start));
        prop_assert_eq!(page.first_line, expected.first().and(LineNo::new(first as u64 + 1)));
        prop_assert_eq!(page.flags.at_start, page.offset.get() == 0);
        prop_assert_eq!(page.flags.at_end, page.end.get() == bytes.len() as u64);
        prop_assert_eq!(page.flags.unfinished, expected.last().is_some_and(|(_, line)| !line.ends_with(b"\n")));
        prop_assert_eq!(frame(&page).rows().count(), expected.len());
    }

    #[test]
    fn a_small_budget_is_held_and_keeps_the_line_at_the_anchor(
        bytes in prop::collection::vec(prop_oneof![1 => Just(b'\n'), 6 => b'a'..=b'z'], 1..400),
        at in anchor(),
        (before, after) in (0_u32..12, 0_u32..12),
        max_bytes in 2_usize..60,
    ) {
        let source: Arc<dyn Source> = Arc::new(Memory(bytes.clone()));
        let index = indexed(&source, 16);
        let page = page(source.as_ref(), &index, ByteOffset::new(bytes.len() as u64), &PageWant { at, before, after, max_bytes }).unwrap();
        prop_assert!(page.payload.len() <= max_bytes);
        let lines = lines(&bytes);
        let here = line_at(&lines, at, bytes.len() as u64);
        let frame = frame(&page);
        for row in frame.rows() {
            let (_, line) = lines.iter().find(|(start, _)| *start == row.offset.get()).unwrap();
            prop_assert!(line.starts_with(row.bytes));
            prop_assert_eq!(row.end.get() - row.offset.get(), line.len() as u64);
            prop_assert_eq!(row.finished, line.ends_with(b"\n"));
        }
        if after > 0 && here < lines.len() {
            prop_assert!(frame.rows().any(|row| row.offset == page.anchor));
        } else if before > 0 && here > 0 {
            prop_assert!(page.rows > 0);
        }
    }

    #[test]
    fn live_lines_follow_each_other_to_the_last_finished_one(
        bytes in prop::collection::vec(prop_oneof![1 => Just(b'\n'), 6 => b'a'..=b'z'], 0..400),
        max_bytes in 1_usize..80,
    ) {
        let source = Memory(bytes.clone());
        let to = ByteOffset::new(bytes.len() as u64);
        let mut at = ByteOffset::ZERO;
        let mut marker = Marker::of(&[]);
        loop {
            let Chunk { before, end, after, cuts, payload } = lines_from(&source, at, to, max_bytes).unwrap();
            prop_assert_eq!(before, marker);
            prop_assert_eq!(after, Marker::of(&bytes[..end.get() as usize]));
            prop_assert!(cuts.is_empty() && payload.len() <= max_bytes);
            prop_assert_eq!(&payload[..], &bytes[at.get() as usize..end.get() as usize]);
            if end == at {
                break;
            }
            prop_assert_eq!(payload.last(), Some(&b'\n'));
            (at, marker) = (end, after);
        }
        // Nothing more came: no line is finished, or the next does not fit.
        let next = memchr::memchr(b'\n', &bytes[at.get() as usize..]);
        prop_assert!(next.is_none_or(|feed| feed + 1 > max_bytes));
        let complete = end_of_lines(&source, ByteOffset::ZERO, to).unwrap();
        prop_assert_eq!(complete.map(ByteOffset::get), memchr::memrchr(b'\n', &bytes).map(|feed| feed as u64 + 1));
        let feeds = memchr::memchr_iter(b'\n', &bytes).count() as u64;
        prop_assert_eq!(count_lines(&source, ByteOffset::ZERO, to).unwrap().get(), feeds);
    }
}

#[test]
fn a_page_costs_the_same_in_a_file_of_100_gb_as_in_one_of_1_mb() {
    let text: Vec<u8> = (0..6000).flat_map(|n| format!("line {n:>6} of some text\n").into_bytes()).collect();
    let folder = TempFolder::new();
    let costs = |name: &str, len: u64| {
        let middle = (len / 2).next_multiple_of(64 * 1024) + 1000;
        let end = len - text.len() as u64;
        // The text at the start and in the middle ends in a line feed before the hole and begins one after it.
        let path = folder.sparse(
            name,
            len,
            &[(0, &text), (middle - 1, b"\n"), (middle, &text), (end - 1, b"\n"), (end, &text)],
        );
        let source = Counting::new(local(&path));
        let dynamic: Arc<dyn Source> = Arc::clone(&source) as Arc<dyn Source>;
        let index = indexed(&dynamic, crate::index::BLOCK_BYTES);
        let lines_above = index.rank(ByteOffset::new(middle)).unwrap().get();
        source.take();
        let anchors = [
            Anchor::Start,
            Anchor::End,
            Anchor::Byte(ByteOffset::new(middle + 70_000)),
            Anchor::Byte(ByteOffset::new(len - 100_000)),
            Anchor::Line(LineNo::new(lines_above + 3000).unwrap()),
        ];
        anchors.map(|at| {
            let want = PageWant { at, before: 100, after: 100, max_bytes: MAX_PAGE_BYTES };
            let page = page(source.as_ref(), &index, ByteOffset::new(len), &want).unwrap();
            let rows = if matches!(at, Anchor::Start | Anchor::End) { 100 } else { 200 };
            assert_eq!(page.rows, rows, "{at:?}");
            assert!(page.first_line.is_some());
            assert!(frame(&page).rows().all(|row| row.bytes.starts_with(b"line ")), "{at:?}");
            source.take()
        })
    };
    let small = costs("small.log", 1 << 20);
    let large = costs("large.log", 100 << 30);
    println!("bytes read per page at start, end, middle, near the end, line: {small:?} of 1 MB, {large:?} of 100 GB");
    assert_eq!(small, large);
    assert!(large.iter().all(|&bytes| bytes <= 3 * 64 * 1024));
}

#[test]
fn going_to_a_line_reads_at_most_two_blocks() {
    const BLOCK: u64 = crate::index::BLOCK_BYTES;
    let text: Vec<u8> =
        (0..40_000).flat_map(|n| format!("line {n:>6} {}\n", "x".repeat(n % 97)).into_bytes()).collect();
    let lines = lines(&text);
    let source = Counting::new(Arc::new(Memory(text.clone())));
    let dynamic: Arc<dyn Source> = Arc::clone(&source) as Arc<dyn Source>;
    let index = indexed(&dynamic, BLOCK);
    // Also the lines around the edges of blocks.
    let edges = (1..text.len() as u64 / BLOCK).flat_map(|block| {
        let nth = lines.partition_point(|(start, _)| *start < block * BLOCK);
        nth - 3..nth + 4
    });
    for nth in edges.chain((0..lines.len()).step_by(977)).chain([lines.len() - 1]) {
        source.take();
        let line = LineNo::new(nth as u64 + 1).unwrap();
        let want = PageWant { at: Anchor::Line(line), before: 100, after: 100, max_bytes: MAX_PAGE_BYTES };
        let page = page(source.as_ref(), &index, ByteOffset::new(text.len() as u64), &want).unwrap();
        assert_eq!(page.anchor.get(), lines[nth].0, "line {line:?}");
        let first = page.first_line.unwrap().lines_before().get() as usize;
        assert_eq!(page.offset.get(), lines[first].0);
        let n_read = source.take();
        assert!(n_read <= 2 * BLOCK, "{n_read} bytes for line {line:?}");
    }
}

#[test]
fn a_huge_line_is_sent_as_its_head_and_its_length() {
    let folder = TempFolder::new();
    for (name, len) in [("1mb.log", 1 << 20), ("100gb.log", 100_u64 << 30)] {
        let path = folder.sparse(name, len, &[(0, b"before\nhead"), (len - 10, b"\nafter\nend")]);
        let source = Counting::new(local(&path));
        let dynamic: Arc<dyn Source> = Arc::clone(&source) as Arc<dyn Source>;
        for index in [LineIndex::new(Arc::clone(&dynamic)), indexed(&dynamic, crate::index::BLOCK_BYTES)] {
            source.take();
            let want = |at, before, after| PageWant { at, before, after, max_bytes: MAX_PAGE_BYTES };
            for want in
                [want(Anchor::End, 9, 0), want(Anchor::Start, 0, 9), want(Anchor::Byte(ByteOffset::new(len / 2)), 9, 9)]
            {
                let page = page(source.as_ref(), &index, ByteOffset::new(len), &want).unwrap();
                let frame = frame(&page);
                let rows: Vec<_> =
                    frame.rows().map(|row| (row.offset.get(), row.bytes.len(), row.missing.get())).collect();
                let head = MAX_LINE_BYTES as u64;
                assert_eq!(
                    rows,
                    [(0, 6, 0), (7, MAX_LINE_BYTES, len - 17 - head), (len - 9, 5, 0), (len - 3, 3, 0)],
                    "{want:?}"
                );
                assert!(source.take() < 1 << 20);
            }
        }
        assert_eq!(line_bytes(source.as_ref(), ByteOffset::new(7), 4).unwrap(), "head");
        assert_eq!(line_bytes(source.as_ref(), ByteOffset::new(len - 9), 100).unwrap(), "after");
        assert_eq!(line_bytes(source.as_ref(), ByteOffset::new(len - 10), 100).unwrap(), "");
    }
}

#[test]
fn a_hole_in_front_of_a_line_is_counted_and_the_line_is_sent() {
    let folder = TempFolder::new();
    for (name, len) in [("100kb.log", 100_001_u64), ("100gb.log", 100 << 30)] {
        let hole = len - 20;
        let path = folder.sparse(name, len, &[(0, b"before\n"), (hole, b"behind the hole\nend\n")]);
        let source = Counting::new(local(&path));
        let dynamic: Arc<dyn Source> = Arc::clone(&source) as Arc<dyn Source>;
        let index = indexed(&dynamic, crate::index::BLOCK_BYTES);
        source.take();
        let want = PageWant { at: Anchor::End, before: 9, after: 0, max_bytes: MAX_PAGE_BYTES };
        let page = page(source.as_ref(), &index, ByteOffset::new(len), &want).unwrap();
        let frame = frame(&page);
        let rows: Vec<_> = frame.rows().map(|row| (row.hole.get(), row.bytes, row.missing.get())).collect();
        let behind: &[u8] = b"\0behind the hole";
        assert_eq!(rows, [(0, b"before".as_slice(), 0), (hole - 8, behind, 0), (0, b"end", 0)], "{name}");
        assert!(source.take() < 1 << 20);
        let live = lines_from(source.as_ref(), ByteOffset::new(7), ByteOffset::new(len), MAX_LIVE_BYTES).unwrap();
        assert_eq!(live.payload, [behind, b"\n"].concat(), "{name}");
        assert_eq!(live.end.get(), len - 4);
    }
    // Nothing but a hole: its last byte is sent, so that there is a row.
    let path = folder.sparse("empty.log", 1 << 30, &[]);
    let source = local(&path);
    assert_eq!(left_out(source.as_ref(), ByteOffset::ZERO, ByteLen::new(1 << 30)).unwrap().get(), (1 << 30) - 1);
    // A few NUL bytes are bytes like others.
    let few = Memory([vec![0; 1_023], b"text".to_vec()].concat());
    assert_eq!(left_out(&few, ByteOffset::ZERO, ByteLen::new(1_027)).unwrap(), ByteLen::ZERO);
}

#[test]
fn a_line_is_cut_exactly_past_its_limit() {
    for (len, missing) in [(MAX_LINE_BYTES - 1, 0), (MAX_LINE_BYTES, 0), (MAX_LINE_BYTES + 1, 1)] {
        let bytes = [b"a\n".to_vec(), vec![b'x'; len], b"\nb\n".to_vec()].concat();
        let source: Arc<dyn Source> = Arc::new(Memory(bytes.clone()));
        let index = indexed(&source, crate::index::BLOCK_BYTES);
        let want = PageWant { at: Anchor::Start, before: 0, after: 9, max_bytes: MAX_PAGE_BYTES };
        let page = page(source.as_ref(), &index, ByteOffset::new(bytes.len() as u64), &want).unwrap();
        let cut: Vec<u64> = frame(&page).rows().map(|row| row.missing.get()).collect();
        assert_eq!(cut, [0, missing, 0], "{len}");
    }
}

#[test]
fn a_live_line_is_cut_only_when_no_frame_holds_it() {
    for (len, missing) in [(MAX_LIVE_BYTES - 1, 0), (MAX_LIVE_BYTES, 1), (300_000, 300_001 - MAX_LIVE_BYTES as u64)] {
        let bytes = [vec![b'x'; len], b"\nb\n".to_vec()].concat();
        let to = ByteOffset::new(bytes.len() as u64);
        let source = Memory(bytes.clone());
        let none = lines_from(&source, ByteOffset::ZERO, to, 1000).unwrap();
        assert_eq!((none.end, none.payload.len()), (ByteOffset::ZERO, 0), "it waits for room");
        let first = lines_from(&source, ByteOffset::ZERO, to, MAX_LIVE_BYTES).unwrap();
        assert_eq!(first.cuts.first().map_or(0, |cut| cut.missing.get()), missing);
        assert_eq!(first.end.get(), len as u64 + 1);
        assert_eq!(first.after, Marker::of(&bytes[..=len]));
        assert_eq!(first.payload.len() as u64 + missing, len as u64 + 1);
        assert_eq!(lines_from(&source, first.end, to, MAX_LIVE_BYTES).unwrap().payload, "b\n");
        let open = lines_from(&source, ByteOffset::ZERO, ByteOffset::new(len as u64), MAX_LIVE_BYTES).unwrap();
        assert_eq!(open.end, ByteOffset::ZERO, "an unfinished line is not for the live end");
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_gone_not_wrong() {
    let source: Arc<dyn Source> = Arc::new(Memory(b"a\nb\n".to_vec()));
    let index = indexed(&source, crate::index::BLOCK_BYTES);
    let want = PageWant { at: Anchor::End, before: 5, after: 5, max_bytes: MAX_PAGE_BYTES };
    assert!(is_gone(&page(source.as_ref(), &index, ByteOffset::new(9), &want).unwrap_err()));
    assert!(is_gone(&lines_from(source.as_ref(), ByteOffset::ZERO, ByteOffset::new(9), 100).unwrap_err()));
}
