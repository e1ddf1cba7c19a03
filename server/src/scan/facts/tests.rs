//! Facts against plain definitions, in whatever parts they are made.

use std::sync::Arc;

use proptest::prelude::*;
use taillight::level::{Level, LevelCounts};
use taillight::line::ByteOffset;

use super::super::Filter;
use super::super::tests::oracle::{Growing, file, lines, matching, plain, query_text, sizes};
use super::super::units::Sizes;
use super::Facts;
use crate::index::LineIndex;
use crate::source::Source;
use crate::tasks::Tasks;

fn facts(source: &Arc<Growing>, sizes: Sizes, block: u64) -> Facts {
    let source = Arc::clone(source) as Arc<dyn Source>;
    let index = Arc::new(LineIndex::with_block(Arc::clone(&source), block));
    Facts::new(source, index, sizes, block)
}

fn counted(bytes: &[u8], sizes: Sizes) -> LevelCounts {
    let mut counts = LevelCounts::default();
    for line in lines(bytes) {
        let raw = &bytes[line.start.get() as usize..line.end.get() as usize];
        counts.add(Level::of(&plain(raw, sizes.line)), 1);
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn levels_are_counted_and_blocks_without_a_match_are_passed_over_while_a_file_grows(
        bytes in file(), sizes in sizes(), block in 1_u64..20, cuts in prop::collection::vec(0_usize..300, 0..4),
        text in query_text(),
    ) {
        let growing = Arc::new(Growing::new(b""));
        let facts = facts(&growing, sizes, block);
        let filter = Filter::compile(&text).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let tasks = Tasks::default();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([bytes.len()]).collect();
        cuts.sort_unstable();
        for cut in cuts {
            let now = &bytes[..cut];
            growing.set(now);
            facts.grow_to(cut as u64);
            runtime.block_on(facts.known.go_on(&tasks)).unwrap();
            let census = facts.census();
            prop_assert!(census.exact, "{:?} of {}", census, cut);
            prop_assert_eq!(census.counts, counted(now, sizes));
            let hits = matching(&text, now, sizes);
            for from in 0..cut as u64 {
                let next = facts.pass_over(&filter, from);
                prop_assert!(next >= from);
                let missed = hits.iter().find(|hit| (from..next).contains(&hit.start.get()) && hit.finished);
                prop_assert_eq!(missed, None, "from {} to {}", from, next);
            }
        }
    }
}

#[test]
fn marks_say_where_the_worst_lines_are() {
    let mut bytes = b"INFO all is well\n".repeat(100);
    let at = bytes.len();
    bytes.extend_from_slice(b"[warn] careful\n[ERROR] broken\n");
    bytes.extend_from_slice(&b"DEBUG x\n".repeat(100));
    let len = bytes.len() as u64;
    let source = Arc::new(Growing::new(&bytes));
    let facts = facts(&source, Sizes::USUAL, 16);
    let part = |at: usize, parts: u64| u32::try_from(at as u64 * parts / len).unwrap();
    assert_eq!(facts.marks(ByteOffset::new(len), 10).unwrap(), [(part(at, 10), Level::Error)]);
    let fine = facts.marks(ByteOffset::new(len), 1_000).unwrap();
    assert_eq!(fine.iter().map(|(_, level)| *level).collect::<Vec<_>>(), [Level::Warn, Level::Error]);
    assert!(fine[0].0.abs_diff(part(at, 1_000)) <= 1 && fine[1].0 > fine[0].0, "{fine:?}");
}

#[test]
fn a_filter_that_asks_no_facts_is_not_helped_by_them() {
    for (text, expected) in [
        ("a", false),
        ("-a", false),
        ("level:error", true),
        ("level:error a", true),
        ("level:error or a", false),
        ("-level:error", true),
        ("after:2026-01-01 or before:2025-01-01", true),
        ("", false),
    ] {
        assert_eq!(Filter::compile(text).unwrap().asks_facts(), expected, "{text}");
    }
}
