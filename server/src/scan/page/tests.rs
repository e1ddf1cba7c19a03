//! Pages of shown rows: walking through a file with little work each, limits of rows and bytes, numbers.

use std::sync::Arc;

use taillight::line::{ByteLen, LineCount};
use taillight::wire::MAX_PAGE_BYTES;

use super::*;
use crate::index::{BLOCK_BYTES, Progress};
use crate::scan::Filter;
use crate::scan::rows::Around;
use crate::testing::Memory;

const MUCH: Work = Work { bytes: u64::MAX, time: Duration::from_secs(60), enough: Duration::from_secs(60) };

/// The work is over before it begins: what is done all the same is the least that gets on.
const NOTHING: Work = Work { bytes: 0, time: Duration::ZERO, enough: Duration::ZERO };

struct Log {
    source: Arc<Memory>,
    index: LineIndex,
    filter: Filter,
    around: Around,
}

impl Log {
    fn new(text: &str, filter: &str, ctx: u32) -> Self {
        let source = Arc::new(Memory(text.into()));
        let index = LineIndex::with_block(source.clone(), BLOCK_BYTES);
        index.grow_to(ByteOffset::new(text.len() as u64));
        while index.step() == Progress::More {}
        let filter = Filter::compile(filter).unwrap();
        Self { source, index, filter, around: Around { before: ctx, after: ctx } }
    }

    fn rows(&self, is_growing: bool) -> Rows<'_> {
        let text = &self.source.0;
        let complete = memchr::memrchr(b'\n', text).map_or(0, |feed| feed as u64 + 1);
        Rows {
            source: &*self.source,
            index: Some(&self.index),
            filter: &self.filter,
            view: None,
            around: self.around,
            end: ByteOffset::new(text.len() as u64),
            growing: is_growing.then_some(ByteOffset::new(complete)),
        }
    }

    fn page(&self, at: Anchor, before: u32, after: u32, work: Work) -> SparsePage {
        let want = PageWant { at, before, after, max_bytes: MAX_PAGE_BYTES };
        self.page_of(&want, work)
    }

    fn page_of(&self, want: &PageWant, work: Work) -> SparsePage {
        let page = page(&self.rows(true), &self.index, want, work).unwrap();
        let frame = page.clone().into_frame(FrameKind::Page, 1, Generation::FIRST);
        assert_eq!(Frame::decode(&frame.encode()).unwrap(), frame, "the frame is in order");
        assert_eq!(page.marker, marker_at(&*self.source, page.place).unwrap());
        page
    }
}

fn text(n_lines: usize) -> String {
    (1..=n_lines)
        .map(|number| format!("{} {number}\n", if number.is_multiple_of(10) { "hit" } else { "miss" }))
        .collect()
}

fn text_of(page: &SparsePage) -> String {
    String::from_utf8(page.payload.to_vec()).unwrap()
}

#[test]
fn pages_with_hardly_any_work_lead_through_the_whole_file_both_ways() {
    for ctx in [0, 3] {
        let log = Log::new(&text(500), "hit", ctx);
        let whole = log.page(Anchor::End, MAX_PAGE_ROWS, 0, MUCH);
        assert!(whole.is_full && whole.flags.at_start && whole.flags.at_end);
        let (mut up, mut at) = (Vec::new(), Anchor::End);
        loop {
            let page = log.page(at, 7, 0, NOTHING);
            assert!(page.offset < page.end, "it gets on");
            up.push(text_of(&page));
            at = Anchor::Byte(page.offset);
            if page.flags.at_start {
                break;
            }
        }
        up.reverse();
        let (mut down, mut at) = (Vec::new(), Anchor::Start);
        loop {
            let page = log.page(at, 0, 7, NOTHING);
            down.push(text_of(&page));
            at = Anchor::Byte(page.end);
            if page.flags.at_end {
                break;
            }
        }
        assert_eq!((up.concat(), down.concat()), (text_of(&whole), text_of(&whole)), "{ctx} rows around");
    }
}

#[test]
fn a_row_that_is_there_does_not_wait_for_those_far_away() {
    let text = format!("hit 1\n{}hit 2\n", "miss\n".repeat(100_000));
    let log = Log::new(&text, "hit", 0);
    let hasty = Work { enough: Duration::ZERO, ..MUCH };
    let page = log.page(Anchor::End, 10, 0, hasty);
    assert!(!page.is_full && page.offset > ByteOffset::ZERO);
    assert_eq!(text_of(&page), "hit 2\n");
    // Without a row it goes on, in the same answer.
    let above = log.page(Anchor::Byte(page.offset), 10, 0, hasty);
    assert_eq!((text_of(&above).as_str(), above.is_full), ("hit 1\n", true));
}

#[test]
fn a_page_says_when_the_work_was_not_enough() {
    let log = Log::new(&text(100_000), "nowhere", 0);
    let page = log.page(Anchor::End, 10, 0, Work { bytes: 1, ..MUCH });
    assert!(!page.is_full && !page.flags.at_start && page.rows.is_empty());
    assert!(log.page(Anchor::End, 10, 0, MUCH).is_full);
}

#[test]
fn a_page_around_a_place_has_rows_of_both_sides_with_their_numbers() {
    let log = Log::new(&text(500), "hit", 0);
    let at = Anchor::Line(LineNo::new(255).unwrap());
    let page = log.page(at, 2, 3, MUCH);
    let numbers: Vec<u64> = page.rows.iter().filter_map(|row| row.line).map(LineNo::get).collect();
    assert_eq!(numbers, [240, 250, 260, 270, 280]);
    assert_eq!(text_of(&page), "hit 240\nhit 250\nhit 260\nhit 270\nhit 280\n");
    assert_eq!(page.next_line, LineNo::new(281));
    assert!(page.is_full && !page.flags.at_start && !page.flags.at_end);
}

#[test]
fn long_lines_are_cut_and_a_page_ends_where_its_bytes_do() {
    let long = format!("hit {}\n", "x".repeat(100_000));
    let log = Log::new(&long.repeat(10), "hit", 0);
    let page = log.page(Anchor::Start, 0, 100, MUCH);
    assert_eq!((page.rows.len(), page.cuts.len()), (3, 3));
    let missing = ByteLen::new(long.len() as u64 - 1 - MAX_LINE_BYTES as u64);
    assert!(page.cuts.iter().all(|cut| cut.missing == missing));
    assert_eq!(page.end.get(), 3 * long.len() as u64);
    let want = PageWant { at: Anchor::Start, before: 0, after: 5, max_bytes: 100 };
    let page = log.page_of(&want, MUCH);
    assert_eq!((page.rows.len(), page.payload.len()), (1, 100), "the first row always gets in");
}

#[test]
fn an_unfinished_last_line_is_on_the_page_only_when_it_is_shown() {
    let log = Log::new("hit\nmiss\nno", "hit", 0);
    let page = log.page(Anchor::End, 9, 0, MUCH);
    assert_eq!((text_of(&page).as_str(), page.end.get(), page.flags.unfinished), ("hit\n", 9, false));
    assert!(page.flags.at_end);
    let log = Log::new("hit\nmiss\na hit", "hit", 0);
    let page = log.page(Anchor::End, 9, 0, MUCH);
    assert_eq!((text_of(&page).as_str(), page.end.get(), page.place.get()), ("hit\na hit", 14, 9));
    assert!(page.flags.at_end && page.flags.unfinished);
}

#[test]
fn live_rows_are_numbered_before_the_index_has_come_to_them() {
    let text = text(100);
    let log = Log::new(&text, "hit", 0);
    let uncounted = LineIndex::with_block(log.source.clone(), 16);
    uncounted.grow_to(ByteOffset::new(text.len() as u64));
    let from = ByteOffset::new(text.find("miss 51\n").unwrap() as u64);
    let rows = log.rows(true);
    let known = next(&rows, &uncounted, (from, LineNo::new(51)), MUCH).unwrap();
    let numbers: Vec<u64> = known.rows.iter().filter_map(|row| row.line).map(LineNo::get).collect();
    assert_eq!(numbers, [60, 70, 80, 90, 100]);
    assert_eq!(known.next_line, Some(LineNo::after(LineCount::new(100))));
    let unknown = next(&rows, &uncounted, (from, None), MUCH).unwrap();
    assert!(unknown.rows.iter().all(|row| row.line.is_none()));
}
