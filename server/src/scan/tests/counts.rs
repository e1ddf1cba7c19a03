//! Views: counts, ranks and places, while files grow.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use taillight::level::LevelChoice;
use taillight::line::ByteOffset;
use tokio::time::Instant;

use super::super::hits::Scan;
use super::super::judge::count_by_blocks;
use super::super::sweep::rendered_on;
use super::super::total::total_on;
use super::super::units::{Ground, Sizes};
use super::super::view::{Group, Together, Waiting, keep_counting, step};
use super::super::{Budget, Facts, Filter, Hit, View, Views, hits_by_facts, hits_down, hits_up};
use super::oracle::{Growing, file, matching, query_text, sizes};
use crate::index::{BLOCK_BYTES, LineIndex, Progress};
use crate::source::Source;
use crate::tasks::Tasks;
use crate::testing::{Counting, TempFolder, local};

fn view(source: &Arc<dyn Source>, filter: &Filter, sizes: Sizes, block: u64) -> View {
    let index = Arc::new(LineIndex::with_block(Arc::clone(source), block));
    View::new(Arc::clone(source), index, filter.clone(), sizes, block)
}

fn count_on(view: &View) -> Progress {
    let alone = Group::new(vec![Waiting::new(view.counts(), &Arc::default())]);
    step(&alone.unwrap(), &|| false)
}

fn count_all(view: &View) {
    while count_on(view) == Progress::More {}
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_view_of_a_growing_file_counts_what_matches(
        bytes in file(), text in query_text(), sizes in sizes(), block in 1_u64..20,
        cuts in prop::collection::vec((0_usize..200, 0_usize..4), 0..6),
    ) {
        let growing = Arc::new(Growing::new(b""));
        let source = Arc::clone(&growing) as Arc<dyn Source>;
        let filter = Filter::compile(&text).unwrap();
        let view = view(&source, &filter, sizes, block);
        let mut cuts: Vec<(usize, usize)> = cuts.into_iter().map(|(cut, n)| (cut.min(bytes.len()), n)).collect();
        cuts.sort_unstable();
        for (cut, n_steps) in cuts.into_iter().chain([(bytes.len(), usize::MAX)]) {
            let now = &bytes[..cut];
            growing.set(now);
            view.counts().grow_to(cut as u64);
            // The index is behind the view, or before it.
            view.index().unwrap().grow_to(ByteOffset::new(cut as u64));
            if n_steps > 1 {
                view.index().unwrap().step();
            }
            let expected = matching(&text, now, sizes);
            let mut n = 0;
            while n < n_steps && count_on(&view) == Progress::More {
                n += 1;
            }
            check_hits_with(&view, &growing, &filter, sizes, &expected);
            if !view.matched().exact {
                continue;
            }
            prop_assert_eq!(view.matched().count.get(), expected.len() as u64);
            prop_assert_eq!(view.matched().scanned.get(), cut as u64);
            for (n, hit) in expected.iter().enumerate() {
                prop_assert_eq!(view.select(n as u64), Some(hit.start));
            }
            prop_assert_eq!(view.select(expected.len() as u64), None);
            for offset in 0..=cut as u64 {
                let before = expected.iter().filter(|hit| hit.start.get() < offset).count() as u64;
                prop_assert_eq!(view.rank(ByteOffset::new(offset)).map(|n| n.get()), Some(before), "rank of {}", offset);
            }
        }
        prop_assert!(view.matched().exact);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Whatever they ask, whenever they come or go, and however the file grows.
    #[test]
    fn views_that_are_counted_together_count_what_matches(
        bytes in file(), cut in 0_usize..300, sizes in sizes(), block in 1_u64..20,
        asked in prop::collection::vec((query_text(), 0_usize..6, prop::bool::weighted(0.2), any::<bool>()), 1..6),
    ) {
        let cut = cut.min(bytes.len());
        let growing = Arc::new(Growing::new(&bytes[..cut]));
        let source = Arc::clone(&growing) as Arc<dyn Source>;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let tasks = Tasks::default();
        let facts = Arc::new(Facts::new(Arc::clone(&source), Arc::new(LineIndex::with_block(Arc::clone(&source), block)), sizes, block));
        facts.grow_to(cut as u64);
        runtime.block_on(facts.finish(&tasks));
        let views = runtime.block_on(async {
            let together = Arc::new(Together::default());
            let mut views = Vec::new();
            for (text, wait, is_dropped, has_facts) in &asked {
                let view = view(&source, &Filter::compile(text).unwrap(), sizes, block);
                view.counts().grow_to(cut as u64);
                if *has_facts && view.counts().filter().asks_facts() {
                    view.counts().hold_facts(Arc::clone(&facts));
                }
                if together.join(view.counts()) {
                    let facts = Arc::clone(&facts);
                    tasks.spawn(keep_counting(Arc::clone(&together), move |_| Arc::clone(&facts), tasks.clone()));
                }
                for _ in 0..*wait {
                    tokio::task::yield_now().await;
                }
                if !is_dropped {
                    views.push((view, text));
                }
            }
            growing.set(&bytes);
            for (view, _) in &views {
                view.counts().grow_to(bytes.len() as u64);
                view.counts().ring();
            }
            for (view, text) in &views {
                assert!(view.wait(Instant::now() + Duration::from_secs(20)).await, "{text}");
            }
            views
        });
        for (view, text) in &views {
            let expected = matching(text, &bytes, sizes);
            prop_assert_eq!(view.matched().count.get(), expected.len() as u64, "{}", text);
            let filter = Filter::compile(text).unwrap();
            check_hits_with(view, &growing, &filter, sizes, &expected);
            if cut == bytes.len() {
                check_hits_by_facts(&facts, &growing, &filter, (sizes, block), &expected);
            }
            let ground = Ground { source: &*source, index: None, sizes };
            prop_assert_eq!(total_on(ground, &filter, (0, bytes.len() as u64)).unwrap(), expected.len() as u64);
            check_rendered(ground, &filter, &bytes, &expected);
        }
        let counting: Vec<_> = views.iter().map(|(view, _)| Arc::downgrade(view.counts())).collect();
        drop(views);
        prop_assert!(runtime.block_on(tasks.drain(Duration::from_secs(20))), "who counts ends with the last view");
        // Work that is over was perhaps not let go of yet.
        let deadline = Instant::now() + Duration::from_secs(20);
        while counting.iter().any(|counts| counts.strong_count() > 0) {
            prop_assert!(Instant::now() < deadline, "who counts lets go of them");
            std::thread::yield_now();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn counting_by_blocks_is_telling_each_line(
        bytes in file(), text in query_text(), block in 1_u64..20, at in 0_u64..50,
    ) {
        let piece = &bytes[..memchr::memrchr(b'\n', &bytes).map_or(0, |feed| feed + 1)];
        let filter = Filter::compile(&text).unwrap();
        let mut counted = Vec::new();
        let is_counted = count_by_blocks(&filter, (piece, at), block, &mut |nth, n| counted.push((nth, n)));
        let mut expected: Vec<(u64, u64)> = Vec::new();
        for hit in matching(&text, piece, Sizes::USUAL) {
            let nth = (at + hit.start.get()) / block;
            match expected.last_mut() {
                Some(last) if last.0 == nth => last.1 += 1,
                _ => expected.push((nth, 1)),
            }
        }
        prop_assert!(!is_counted || counted == expected, "{counted:?} and not {expected:?}");
    }
}

#[test]
fn what_was_rendered_before_an_error_is_told_with_its_place() {
    let bytes: Vec<u8> = (0..5_000).flat_map(|nth| format!("line {nth}\n").into_bytes()).collect();
    let source = Growing::new(&bytes);
    let sizes = Sizes { span: 1_000, read: 1_000, left: 2_000, line: 500, ..Sizes::USUAL };
    let ground = Ground { source: &source, index: None, sizes };
    let render = |_: Hit, raw: &[u8], out: &mut Vec<u8>| out.extend_from_slice(raw);
    let (mut text, mut reached) = (Vec::new(), 0);
    let filter = Filter::compile("line").unwrap();
    // It was longer a moment ago.
    let failed = rendered_on(ground, &filter, (0, bytes.len() as u64 + 9_000), &render, &mut |part| {
        text.extend_from_slice(part.text);
        reached = part.reached.get() as usize;
        assert_eq!(text, bytes[..reached]);
        ControlFlow::Continue(())
    });
    assert!(crate::source::is_gone(&failed.unwrap_err()));
    assert!(reached > bytes.len() / 2, "{reached}");
}

/// What is rendered by all cores, and what they leave in order, is each matching line once, in order, with its bytes.
fn check_rendered(ground: Ground<'_>, filter: &Filter, bytes: &[u8], expected: &[Hit]) {
    let line = |hit: &Hit| bytes[hit.start.get() as usize..hit.end.get() as usize].to_vec();
    let end = bytes.len() as u64;
    let render = |hit: Hit, raw: &[u8], out: &mut Vec<u8>| {
        assert_eq!(raw, line(&hit));
        out.extend_from_slice(raw);
    };
    let (mut at, mut goes_on, mut text, mut n_told) = (0, true, Vec::new(), 0);
    while at < end {
        if goes_on {
            (at, goes_on) = rendered_on(ground, filter, (at, end), &render, &mut |part| {
                text.extend_from_slice(part.text);
                n_told += part.n_lines;
                ControlFlow::Continue(())
            })
            .unwrap();
        }
        let budget = if goes_on { Budget::new(1) } else { Budget::unlimited() };
        let mut on_hit = |hit| {
            text.extend(line(&hit));
            n_told += 1;
            ControlFlow::Continue(())
        };
        let mut scan = Scan::new(ground.source, filter, None, &budget).with_ground(ground, BLOCK_BYTES);
        at = scan.down(at, end, &mut on_hit).unwrap();
    }
    assert_eq!(n_told, expected.len() as u64);
    assert_eq!(text, expected.iter().flat_map(line).collect::<Vec<u8>>());
}

/// With facts of what may match, the same lines are found.
fn check_hits_by_facts(
    facts: &Facts,
    source: &Growing,
    filter: &Filter,
    (sizes, block): (Sizes, u64),
    expected: &[Hit],
) {
    let end = source.len().unwrap().get();
    for (down, budget) in [(true, u64::MAX), (true, 1), (false, u64::MAX), (false, 1)] {
        let (mut at, mut found) = (if down { 0 } else { end }, Vec::new());
        while at != if down { end } else { 0 } {
            let budget = Budget::new(budget);
            let ground = Ground { source, index: None, sizes };
            let mut scan = Scan::new(source, filter, None, &budget).with_ground(ground, block).with_facts(facts);
            let mut on_hit = |hit| {
                found.push(hit);
                ControlFlow::Continue(())
            };
            let next = if down { scan.down(at, end, &mut on_hit) } else { scan.up(0, at, &mut on_hit) };
            assert_ne!(next.as_ref().ok(), Some(&at));
            at = next.unwrap();
        }
        if !down {
            found.reverse();
        }
        assert_eq!(found, expected, "down: {down}");
    }
}

/// With a view in whatever state, the same lines are found.
fn check_hits_with(view: &View, source: &Growing, filter: &Filter, sizes: Sizes, expected: &[Hit]) {
    let budget = Budget::unlimited();
    let ground = Ground { source, index: view.index(), sizes };
    let (end, block) = (source.len().unwrap().get() as usize, view.block());
    let mut scan = Scan::new(source, filter, Some(view), &budget).with_ground(ground, block);
    let mut hits = Vec::new();
    let mut on_hit = |hit| {
        hits.push(hit);
        ControlFlow::Continue(())
    };
    assert_eq!(scan.down(0, end as u64, &mut on_hit).unwrap(), end as u64);
    assert_eq!(hits, expected, "down with a view");
    let mut hits = Vec::new();
    let mut on_hit = |hit| {
        hits.push(hit);
        ControlFlow::Continue(())
    };
    assert_eq!(scan.up(0, end as u64, &mut on_hit).unwrap(), 0);
    hits.reverse();
    assert_eq!(hits, expected, "up with a view");
    // And from any line on, a little at a time.
    let (mut at, mut found) = (0, Vec::new());
    while at < end as u64 {
        let budget = Budget::new(1);
        let mut scan = Scan::new(source, filter, Some(view), &budget).with_ground(ground, block);
        let next = scan
            .down(at, end as u64, &mut |hit| {
                found.push(hit);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(next > at);
        at = next;
    }
    assert_eq!(found, expected, "down with a view in steps");
    let (mut at, mut found) = (end as u64, Vec::new());
    while at > 0 {
        let budget = Budget::new(1);
        let mut scan = Scan::new(source, filter, Some(view), &budget).with_ground(ground, block);
        let next = scan
            .up(0, at, &mut |hit| {
                found.push(hit);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(next < at);
        at = next;
    }
    found.reverse();
    assert_eq!(found, expected, "up with a view in steps");
}

#[test]
fn a_line_that_grows_is_judged_again() {
    let growing = Arc::new(Growing::new(b""));
    let source = Arc::clone(&growing) as Arc<dyn Source>;
    let filter = Filter::compile("foo -bar").unwrap();
    let view = view(&source, &filter, Sizes::USUAL, BLOCK_BYTES);
    for (bytes, expected) in [
        (&b"foo\nf"[..], 1),
        (b"foo\nfo", 1),
        (b"foo\nfoo", 2),
        (b"foo\nfoo ba", 2),
        (b"foo\nfoo bar", 1),
        (b"foo\nfoo bar\n", 1),
        (b"foo\nfoo bar\nfoo\n", 2),
    ] {
        growing.set(bytes);
        view.counts().grow_to(bytes.len() as u64);
        assert!(!view.matched().exact);
        count_all(&view);
        assert!(view.matched().exact);
        assert_eq!(view.matched().count.get(), expected, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn an_append_reads_the_new_bytes_and_the_unfinished_line() {
    let folder = TempFolder::new();
    let path = folder.file("a.log", &[&b"a line with foo in it\n".repeat(100_000)[..], b"unfinished"].concat());
    let source = Counting::new(local(&path));
    let shared = Arc::clone(&source) as Arc<dyn Source>;
    let view = view(&shared, &Filter::compile("foo").unwrap(), Sizes::USUAL, BLOCK_BYTES);
    view.counts().grow_to(source.len().unwrap().get());
    count_all(&view);
    // A step reads again what the one before had read and not judged.
    let read = source.take();
    assert!((2_200_010..4_400_000).contains(&read), "{read}");
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, b" foo\nnext").unwrap();
    view.counts().grow_to(source.len().unwrap().get());
    count_all(&view);
    assert_eq!(source.take(), 19);
    assert_eq!(view.matched().count.get(), 100_001);
}

#[test]
fn with_a_view_only_blocks_with_hits_are_read() {
    let folder = TempFolder::new();
    let mut bytes = b"nothing is in this line\n".repeat(1_000_000);
    let places = [5_000_016, 12_000_000, 12_000_240, 23_000_016];
    for at in places {
        bytes[at as usize..at as usize + 3].copy_from_slice(b"foo");
    }
    let path = folder.file("a.log", &bytes);
    let source = Counting::new(local(&path));
    let shared = Arc::clone(&source) as Arc<dyn Source>;
    let filter = Filter::compile("foo").unwrap();
    let view = view(&shared, &filter, Sizes::USUAL, BLOCK_BYTES);
    let end = source.len().unwrap();
    view.counts().grow_to(end.get());
    count_all(&view);
    assert_eq!(view.matched().count.get(), 4);
    source.take();
    for up in [false, true] {
        let mut hits = Vec::new();
        let mut on_hit = |hit: Hit| {
            hits.push(hit);
            ControlFlow::Continue(())
        };
        let scan = if up { hits_up } else { hits_down };
        scan(source.as_ref(), &filter, Some(&view), ByteOffset::ZERO..end, &Budget::new(1 << 20), &mut on_hit).unwrap();
        if up {
            hits.reverse();
        }
        let found: Vec<u64> = hits.iter().map(|hit| hit.start.get()).collect();
        assert_eq!(found, places);
        let read = source.take();
        assert!(read <= 3 * (BLOCK_BYTES + 8 * 1024), "{read} bytes");
    }
    assert_eq!(view.select(3).map(ByteOffset::get), Some(23_000_016));
    assert_eq!(view.rank(ByteOffset::new(12_000_240)).map(|n| n.get()), Some(2));
    assert!(source.take() <= 2 * (BLOCK_BYTES + 8 * 1024));
}

#[test]
fn with_facts_only_blocks_that_have_the_level_are_read() {
    let folder = TempFolder::new();
    let mut bytes = b"INFO: nothing is wrong\n".repeat(200_000);
    let places = [23 * 50_000, 23 * 120_000, 23 * 120_010];
    for at in places {
        bytes[at..at + 5].copy_from_slice(b"WARN:");
    }
    let source = Counting::new(local(&folder.file("a.log", &bytes)));
    let shared = Arc::clone(&source) as Arc<dyn Source>;
    let index = Arc::new(LineIndex::new(Arc::clone(&shared)));
    let facts = Facts::new(Arc::clone(&shared), index, Sizes::USUAL, BLOCK_BYTES);
    let end = source.len().unwrap();
    facts.grow_to(end.get());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(facts.finish(&Tasks::default()));
    let filter = Filter::of_levels(LevelChoice::WARNINGS);
    source.take();
    for down in [true, false] {
        let mut found = Vec::new();
        let mut on_hit = |hit: Hit| {
            found.push(hit.start.get() as usize);
            ControlFlow::Continue(())
        };
        let within = (ByteOffset::ZERO..end, down);
        hits_by_facts(&*source, &filter, Some(&facts), within, &Budget::unlimited(), &mut on_hit).unwrap();
        if !down {
            found.reverse();
        }
        assert_eq!(found, places);
        let read = source.take();
        assert!(read <= 3 * (BLOCK_BYTES + 8 * 1024), "{read} bytes");
    }
}

#[test]
fn a_source_that_became_shorter_stalls_the_view() {
    let growing = Arc::new(Growing::new(b"foo\nfoo\n"));
    let source = Arc::clone(&growing) as Arc<dyn Source>;
    let view = view(&source, &Filter::compile("foo").unwrap(), Sizes::USUAL, BLOCK_BYTES);
    view.counts().grow_to(100);
    assert_eq!(count_on(&view), Progress::Stalled);
    assert!(!view.matched().exact);
    assert_eq!(view.rank(ByteOffset::new(100)), None);
    assert_eq!(view.select(0), None);
}

#[test]
fn a_hole_is_counted_without_reading_it() {
    let folder = TempFolder::new();
    let path = folder.sparse(
        "holes.log",
        40 << 30,
        &[(0, b"foo\nfoo hole"), (20 << 30, b"foo\nno\nfoo"), ((40 << 30) - 4, b"foo\n")],
    );
    let source = Counting::new(local(&path));
    let shared = Arc::clone(&source) as Arc<dyn Source>;
    let view = view(&shared, &Filter::compile("foo").unwrap(), Sizes::USUAL, BLOCK_BYTES);
    view.counts().grow_to(40 << 30);
    count_all(&view);
    assert!(view.matched().exact);
    assert_eq!(view.matched().count.get(), 3);
    assert!(source.take() < 16 << 20);
    assert_eq!(view.select(2).map(ByteOffset::get), Some((20 << 30) + 7));
    assert_eq!(view.rank(ByteOffset::new(30 << 30)).map(|n| n.get()), Some(3));
}

#[test]
fn of_islands_in_holes_only_what_is_near_them_is_read() {
    const N: u64 = 12;
    const APART: u64 = 16 << 20;
    let folder = TempFolder::new();
    let islands: Vec<(u64, &[u8])> = (0..N).map(|nth| (nth * APART + 4096, &b"\na needle\nstraw\n"[..])).collect();
    let path = folder.sparse("islands.log", N * APART, &islands);
    let source = Counting::new(local(&path));
    let shared = Arc::clone(&source) as Arc<dyn Source>;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let most = N * 64 * 1024;
    // A hole is zeros of the line that it is in.
    for (text, expected) in [("needle", N), ("-needle", 2 * N + 1), (r"/\x00/", N + 1), (r"straw -/\x00{9}/", N)] {
        let filter = Filter::compile(text).unwrap();
        let views = Views::new(Arc::clone(&shared), Arc::new(LineIndex::new(Arc::clone(&shared))));
        views.grow_to(ByteOffset::new(N * APART));
        let counted = runtime.block_on(async {
            let view = views.get(&filter, &Tasks::default());
            assert!(view.wait(Instant::now() + Duration::from_secs(20)).await, "{text}");
            view.matched().count.get()
        });
        assert_eq!(counted, expected, "{text}");
        let read = source.take();
        assert!(read < most, "{text}: {read} bytes by spans and steps");
        let ground = Ground { source: &*source, index: None, sizes: Sizes::USUAL };
        assert_eq!(total_on(ground, &filter, (0, N * APART)).unwrap(), expected, "{text}");
        let read = source.take();
        assert!(read < most, "{text}: {read} bytes by all cores");
    }
    // No line has a time, and none above it: that is looked up, too.
    let facts =
        Facts::new(Arc::clone(&shared), Arc::new(LineIndex::new(Arc::clone(&shared))), Sizes::USUAL, BLOCK_BYTES);
    facts.grow_to(N * APART);
    runtime.block_on(facts.finish(&Tasks::default()));
    assert_eq!(facts.census().counts.unknown.get(), 3 * N + 1);
    let read = source.take();
    assert!(read < most, "{read} bytes for the facts");
    let index = LineIndex::new(shared);
    index.grow_to(ByteOffset::new(N * APART));
    while index.step() == Progress::More {}
    assert_eq!(index.total().count.get(), 3 * N + 1);
    let read = source.take();
    assert!(read < most, "{read} bytes for the index");
}
