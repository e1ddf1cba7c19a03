//! Hits in both directions, in one go and in many small ones.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use taillight::line::ByteOffset;

use super::super::hits::Scan;
use super::super::units::{Ground, Sizes};
use super::super::{Budget, Filter, Hit, hits_down, hits_up};
use super::oracle::{Growing, file, matching, query_text, sizes};
use crate::source::is_gone;
use crate::testing::{Counting, TempFolder, local};

fn collect(hits: &mut Vec<Hit>) -> impl FnMut(Hit) -> ControlFlow<()> {
    |hit| {
        hits.push(hit);
        ControlFlow::Continue(())
    }
}

fn is_start(bytes: &[u8], at: u64) -> bool {
    at == 0 || at == bytes.len() as u64 || bytes[at as usize - 1] == b'\n'
}

proptest! {
    #[test]
    fn lines_that_match_are_found_in_both_directions(
        bytes in file(), text in query_text(), sizes in sizes(), block in 1_u64..20, few in 0_u64..20,
    ) {
        let source = Growing::new(&bytes);
        let filter = Filter::compile(&text).unwrap();
        let expected = matching(&text, &bytes, sizes);
        let ground = Ground { source: &source, index: None, sizes };
        let end = bytes.len() as u64;

        let mut hits = Vec::new();
        let budget = Budget::unlimited();
        let mut scan = Scan::new(&source, &filter, None, &budget).with_ground(ground, block);
        prop_assert_eq!(scan.down(0, end, &mut collect(&mut hits)).unwrap(), end);
        prop_assert_eq!(&hits, &expected, "down");

        hits.clear();
        prop_assert_eq!(scan.up(0, end, &mut collect(&mut hits)).unwrap(), 0);
        hits.reverse();
        prop_assert_eq!(&hits, &expected, "up");

        // A little at a time, each from where the last ended.
        let mut at = 0;
        hits.clear();
        while at < end {
            let budget = Budget::new(few);
            let mut scan = Scan::new(&source, &filter, None, &budget).with_ground(ground, block);
            let next = scan.down(at, end, &mut collect(&mut hits)).unwrap();
            prop_assert!(next > at && is_start(&bytes, next), "{at} to {next}");
            at = next;
        }
        prop_assert_eq!(&hits, &expected, "down in steps");

        let mut at = end;
        hits.clear();
        while at > 0 {
            let budget = Budget::new(few);
            let mut scan = Scan::new(&source, &filter, None, &budget).with_ground(ground, block);
            let next = scan.up(0, at, &mut collect(&mut hits)).unwrap();
            prop_assert!(next < at && is_start(&bytes, next), "{at} to {next}");
            at = next;
        }
        hits.reverse();
        prop_assert_eq!(&hits, &expected, "up in steps");
    }

    #[test]
    fn a_scan_that_breaks_goes_on_where_it_broke(
        bytes in file(), text in query_text(), sizes in sizes(), block in 1_u64..20,
    ) {
        let source = Growing::new(&bytes);
        let filter = Filter::compile(&text).unwrap();
        let expected = matching(&text, &bytes, sizes);
        let ground = Ground { source: &source, index: None, sizes };
        let end = bytes.len() as u64;
        let budget = Budget::unlimited();
        let mut scan = Scan::new(&source, &filter, None, &budget).with_ground(ground, block);
        let (mut at, mut hits) = (0, Vec::new());
        while at < end {
            at = scan.down(at, end, &mut |hit| { hits.push(hit); ControlFlow::Break(()) }).unwrap();
        }
        prop_assert_eq!(&hits, &expected);
        let (mut at, mut hits) = (end, Vec::new());
        while at > 0 {
            at = scan.up(0, at, &mut |hit| { hits.push(hit); ControlFlow::Break(()) }).unwrap();
        }
        hits.reverse();
        prop_assert_eq!(&hits, &expected);
    }

    #[test]
    fn a_part_of_a_file_has_the_lines_that_start_in_it(
        bytes in file(), text in query_text(), sizes in sizes(), block in 1_u64..20, from in 0_usize..10, to in 0_usize..10,
    ) {
        let starts: Vec<u64> = super::oracle::lines(&bytes).iter().map(|line| line.start.get()).chain([bytes.len() as u64]).collect();
        let (from, to) = (starts[from % starts.len()], starts[to % starts.len()]);
        let source = Growing::new(&bytes);
        let filter = Filter::compile(&text).unwrap();
        let within = |hit: &Hit| hit.start.get() >= from && hit.start.get() < to;
        let expected: Vec<Hit> = matching(&text, &bytes, sizes).into_iter().filter(within).collect();
        let budget = Budget::unlimited();
        let ground = Ground { source: &source, index: None, sizes };
        let mut scan = Scan::new(&source, &filter, None, &budget).with_ground(ground, block);
        let mut hits = Vec::new();
        prop_assert_eq!(scan.down(from, to, &mut collect(&mut hits)).unwrap(), to.max(from.min(to)));
        prop_assert_eq!(&hits, &expected);
        hits.clear();
        prop_assert_eq!(scan.up(from, to, &mut collect(&mut hits)).unwrap(), from);
        hits.reverse();
        prop_assert_eq!(&hits, &expected);
    }

    #[test]
    fn a_file_that_became_shorter_is_gone_and_never_a_panic(
        bytes in file(), text in query_text(), sizes in sizes(), block in 1_u64..20, more in 1_u64..40,
    ) {
        let source = Growing::new(&bytes);
        let filter = Filter::compile(&text).unwrap();
        let budget = Budget::unlimited();
        let ground = Ground { source: &source, index: None, sizes };
        let mut scan = Scan::new(&source, &filter, None, &budget).with_ground(ground, block);
        let end = bytes.len() as u64 + more;
        let mut on_hit = |_| ControlFlow::Continue(());
        prop_assert!(is_gone(&scan.down(0, end, &mut on_hit).unwrap_err()));
        prop_assert!(is_gone(&scan.up(0, end, &mut on_hit).unwrap_err()));
    }
}

#[test]
fn a_scan_that_is_cancelled_ends_and_says_nothing_wrong() {
    let source = Growing::new(&b"foo\n".repeat(100));
    let filter = Filter::compile("foo").unwrap();
    let budget = Budget::unlimited().cancelled_by(Arc::new(AtomicBool::new(true)));
    let all = ByteOffset::ZERO..ByteOffset::new(400);
    let mut on_hit = |_| ControlFlow::Continue(());
    let down = hits_down(&source, &filter, None, all.clone(), &budget, &mut on_hit).unwrap();
    assert!(down.get() <= 400 && down.get().is_multiple_of(4));
    assert_eq!(hits_up(&source, &filter, None, all, &budget, &mut on_hit).unwrap().get(), 400);
}

#[test]
fn the_rest_of_a_long_line_is_passed_over_and_holes_are_not_read() {
    const END: u64 = 40 << 30;
    let folder = TempFolder::new();
    let texts: [(u64, &[u8]); 4] =
        [(0, b"foo\nfoo hole"), (20 << 30, b"foo\nno\nfoo"), ((30 << 30) + 5, b"foo\n"), (END - 4, b"foo\n")];
    let path = folder.sparse("holes.log", END, &texts);
    let source = Counting::new(local(&path));
    let filter = Filter::compile("foo").unwrap();
    let all = ByteOffset::ZERO..ByteOffset::new(END);
    // What stands behind the first MiB of a line does not make it match.
    let expected = [(0, 4), (4, (20 << 30) + 4), ((20 << 30) + 7, (30 << 30) + 9)];
    let mut hits = Vec::new();
    hits_down(source.as_ref(), &filter, None, all.clone(), &Budget::unlimited(), &mut collect(&mut hits)).unwrap();
    let found: Vec<(u64, u64)> = hits.iter().map(|hit| (hit.start.get(), hit.end.get())).collect();
    assert_eq!(found, expected);
    assert!(source.take() < 16 << 20);
    let down = hits.clone();
    hits.clear();
    hits_up(source.as_ref(), &filter, None, all, &Budget::unlimited(), &mut collect(&mut hits)).unwrap();
    hits.reverse();
    assert_eq!(hits, down);
    assert!(source.take() < 32 << 20);
}

#[test]
fn a_page_reads_a_page() {
    let folder = TempFolder::new();
    let path = folder.file("a.log", &b"a line that has foo in it, as all have\n".repeat(200_000));
    let source = Counting::new(local(&path));
    let filter = Filter::compile("foo").unwrap();
    let end = ByteOffset::new(39 * 200_000);
    for up in [false, true] {
        let mut n = 0;
        let mut on_hit = |_| {
            n += 1;
            if n == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let hits = if up { hits_up } else { hits_down };
        hits(source.as_ref(), &filter, None, ByteOffset::ZERO..end, &Budget::unlimited(), &mut on_hit).unwrap();
        assert!(source.take() <= 2 * Sizes::USUAL.first_read as u64);
    }
}
