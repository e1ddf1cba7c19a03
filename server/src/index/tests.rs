//! The index against a plain list of line starts.

mod kept;
mod made;
mod moving;

use std::io;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use taillight::cursor::Identity;
use taillight::line::{ByteOffset, LineCount, LineNo};
use tokio::sync::watch;

use super::counts::Counts;
use super::{LineIndex, Progress};
use crate::source::Source;
use crate::tasks::{BLOCKING_SLOTS, Tasks};
use crate::testing::{Counting, Memory, TempFolder, local};

fn starts(bytes: &[u8]) -> Vec<u64> {
    let feeds = memchr::memchr_iter(b'\n', bytes).map(|feed| feed as u64 + 1);
    std::iter::once(0).chain(feeds).filter(|&start| start < bytes.len() as u64).collect()
}

fn built(source: &Arc<dyn Source>, block: u64) -> LineIndex {
    let index = LineIndex::with_block(Arc::clone(source), block);
    index.grow_to(source.len().unwrap());
    while index.step() == Progress::More {}
    index
}

fn memory(bytes: &[u8]) -> Arc<dyn Source> {
    Arc::new(Memory(bytes.to_vec()))
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![3 => Just(b'\n'), 5 => Just(b'x'), 1 => Just(0)], 0..400)
}

proptest! {
    #[test]
    fn every_line_is_found_and_every_offset_ranked(bytes in text(), block in 1_u64..20) {
        let index = built(&memory(&bytes), block);
        let starts = starts(&bytes);
        prop_assert_eq!(index.total().count.get(), starts.len() as u64);
        prop_assert!(index.total().exact);
        for (n, start) in starts.iter().enumerate() {
            prop_assert_eq!(index.select(LineNo::new(n as u64 + 1).unwrap()), Some(ByteOffset::new(*start)));
        }
        prop_assert_eq!(index.select(LineNo::new(starts.len() as u64 + 1).unwrap()), None);
        for offset in 0..=bytes.len() {
            let feeds = memchr::memchr_iter(b'\n', &bytes[..offset]).count() as u64;
            prop_assert_eq!(index.rank(ByteOffset::new(offset as u64)), Some(LineCount::new(feeds)));
        }
        prop_assert_eq!(index.rank(ByteOffset::new(bytes.len() as u64 + 1)), None);
    }

    /// The rest has just been written.
    #[test]
    fn what_is_not_counted_yet_is_ranked_a_block_further(bytes in text(), block in 1_u64..20, counted in 0_usize..400) {
        let index = LineIndex::with_block(memory(&bytes), block);
        let counted = counted.min(bytes.len());
        index.grow_to(ByteOffset::new(counted as u64));
        while index.step() == Progress::More {}
        for offset in 0..=bytes.len() {
            let feeds = memchr::memchr_iter(b'\n', &bytes[..offset]).count() as u64;
            let is_known = offset as u64 / block <= counted as u64 / block || offset as u64 - counted as u64 <= block;
            let rank = index.rank(ByteOffset::new(offset as u64));
            prop_assert_eq!(rank, is_known.then_some(LineCount::new(feeds)));
        }
    }

    #[test]
    fn what_is_skipped_has_no_line_feed(bytes in text(), block in 1_u64..20, at in 0_usize..420) {
        let index = built(&memory(&bytes), block);
        let until = index.no_feed_until(ByteOffset::new(at as u64)).get() as usize;
        prop_assert!(until >= at);
        prop_assert!(!bytes.get(at..until).unwrap_or_default().contains(&b'\n'));
        let since = index.no_feed_since(ByteOffset::new(at as u64)).get() as usize;
        prop_assert!(since <= at);
        prop_assert!(!bytes.get(since..at.min(bytes.len())).unwrap_or_default().contains(&b'\n'));
    }

    #[test]
    fn appends_in_any_pieces_count_the_same(bytes in text(), cuts in prop::collection::vec(0_usize..400, 0..8)) {
        let mut counts = Counts::new(7);
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|&cut| cut < bytes.len()).collect();
        cuts.sort_unstable();
        let mut from = 0;
        for to in cuts.into_iter().chain([bytes.len()]) {
            counts.extend(&bytes[from..to]);
            from = to;
            prop_assert_eq!(counts.total().count.get(), starts(&bytes[..to]).len() as u64);
        }
    }
}

#[test]
fn a_block_of_line_feeds_is_counted_in_17_bits() {
    let bytes = [vec![b'\n'; 65_535], vec![b'\n'; 200_000], vec![b'x'; 70_000], b"\nend".to_vec()].concat();
    let index = built(&memory(&bytes), super::BLOCK_BYTES);
    let starts = starts(&bytes);
    assert_eq!(index.total().count.get(), starts.len() as u64);
    for n in [1, 65_535, 65_536, 65_537, 131_073, 265_535, 265_536, 265_537] {
        assert_eq!(
            index.select(LineNo::new(n).unwrap()).map(ByteOffset::get),
            starts.get(n as usize - 1).copied(),
            "line {n}"
        );
    }
}

#[test]
fn an_append_reads_only_the_new_bytes_and_a_line_one_block() {
    let folder = TempFolder::new();
    let path = folder.file("a.log", &b"0123456789\n".repeat(100_000));
    let source = Counting::new(local(&path));
    let index = built(&(Arc::clone(&source) as Arc<dyn Source>), super::BLOCK_BYTES);
    assert_eq!(source.take(), 1_100_000);
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut f| io::Write::write_all(&mut f, b"more\nand"))
        .unwrap();
    index.grow_to(source.len().unwrap());
    assert_eq!(index.total().count.get(), 100_001, "at least");
    assert!(!index.total().exact);
    assert_eq!(index.step(), Progress::Done);
    assert_eq!(source.take(), 8);
    assert_eq!(index.total().count.get(), 100_002);
    for line in [1, 2, 60_000, 100_002] {
        assert_eq!(
            index.select(LineNo::new(line).unwrap()).map(ByteOffset::get),
            Some(if line == 100_002 { 1_100_005 } else { (line - 1) * 11 })
        );
        assert!(source.take() <= super::BLOCK_BYTES);
    }
    assert_eq!(index.rank(ByteOffset::new(600_000)).map(LineCount::get), Some(54_545));
    assert!(source.take() <= super::BLOCK_BYTES);
}

#[test]
fn the_memory_stays_within_its_share_of_the_file() {
    const GB: u64 = 1 << 30;
    for (line, limit) in [(&b"x\n".repeat(40)[..], 36_000), (&b"\n".repeat(80)[..], 40_000)] {
        let mut counts = Counts::new(super::BLOCK_BYTES);
        let block = line.repeat(super::BLOCK_BYTES as usize / line.len() + 1);
        // A sixteenth of a GB: the test has to count it.
        for _ in 0..GB / 16 / super::BLOCK_BYTES {
            counts.extend(&block[..super::BLOCK_BYTES as usize]);
        }
        let per_gb = counts.memory() * 16;
        assert!(per_gb <= limit, "{per_gb} bytes per GB");
    }
    let mut sparse = Counts::new(super::BLOCK_BYTES);
    sparse.skip_to(100 * GB);
    sparse.extend(b"end\n");
    assert!(sparse.memory() < 500_000, "{} bytes for a hole of 100 GB", sparse.memory());
    assert_eq!(sparse.total().count.get(), 1);
}

#[test]
fn a_hole_costs_no_reading() {
    let folder = TempFolder::new();
    let path = folder.sparse("sparse.log", 100 << 30, &[(0, b"a\nb\n"), (50 << 30, b"c\n"), ((100 << 30) - 2, b"d\n")]);
    let source = Counting::new(local(&path));
    let index = built(&(Arc::clone(&source) as Arc<dyn Source>), super::BLOCK_BYTES);
    assert!(source.take() < 1 << 20);
    assert_eq!(index.total().count.get(), 4);
    assert_eq!(index.select(LineNo::new(4).unwrap()), Some(ByteOffset::new((50 << 30) + 2)));
}

#[tokio::test]
async fn waiting_ends_when_the_line_is_counted_or_the_time_is_over() {
    let soon = || tokio::time::Instant::now() + Duration::from_millis(20);
    let index = LineIndex::with_block(Arc::new(Memory(b"a\nb\nc".to_vec())), 4);
    index.grow_to(ByteOffset::new(5));
    assert!(!index.wait_for(LineNo::new(3), soon()).await);
    assert_eq!(index.step(), Progress::Done);
    assert!(index.wait_for(LineNo::new(3), soon()).await);
    assert!(index.wait_for(None, soon()).await);
}

#[tokio::test]
async fn the_background_counts_to_the_end() {
    let tasks = crate::testing::tasks();
    let folder = TempFolder::new();
    let source = local(&folder.file("big.log", &b"0123456789\n".repeat(1_000_000)));
    let index = Arc::new(LineIndex::new(Arc::clone(&source) as Arc<dyn Source>));
    index.grow_to(source.len().unwrap());
    index.build(&tasks);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    assert!(index.wait_for(None, deadline).await);
    assert_eq!(index.total().count.get(), 1_000_000);
}

/// A source that is read when a test says so.
#[derive(Debug)]
struct Gated {
    inner: Memory,
    reached: SyncSender<()>,
    open: Mutex<Receiver<()>>,
}

impl Source for Gated {
    fn len(&self) -> io::Result<ByteOffset> {
        self.inner.len()
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        self.reached.send(()).unwrap();
        self.open.lock().unwrap().recv().unwrap();
        self.inner.read_at(buf, at)
    }

    fn identity(&self) -> io::Result<Identity> {
        self.inner.identity()
    }

    fn is_same(&self, seen: &Identity) -> io::Result<bool> {
        self.inner.is_same(seen)
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        self.inner.lengths()
    }
}

#[test]
fn an_index_that_is_built_leaves_all_slots_to_pages() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let _entered = runtime.enter();
    let tasks = Tasks::default();
    let (reached, is_reached) = mpsc::sync_channel(1);
    let (let_read, open) = mpsc::sync_channel(1);
    let source = Arc::new(Gated { inner: Memory(b"a\nb\n".to_vec()), reached, open: Mutex::new(open) });
    let index = Arc::new(LineIndex::new(source));
    index.grow_to(ByteOffset::new(4));
    index.build(&tasks);
    let deadline = Duration::from_secs(30);
    is_reached.recv_timeout(deadline).unwrap();
    // All slots at once, while the index is in the middle of a read.
    let all = Arc::new(Barrier::new(BLOCKING_SLOTS));
    let pages = (0..BLOCKING_SLOTS).map(|_| {
        let all = Arc::clone(&all);
        tasks.blocking(move || {
            all.wait();
        })
    });
    let mut pages = futures_util::future::join_all(pages);
    let in_time = runtime.block_on(async { tokio::time::timeout(deadline, &mut pages).await }).is_ok();
    let_read.send(()).unwrap();
    if !in_time {
        runtime.block_on(pages);
    }
    assert!(in_time, "a page waited for the index");
    assert!(runtime.block_on(index.wait_for(None, tokio::time::Instant::now() + deadline)));
    assert_eq!(index.total().count, LineCount::new(2));
}

#[test]
fn what_comes_at_the_very_end_of_the_counting_is_counted_too() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let _entered = runtime.enter();
    let tasks = Tasks::default();
    let (reached, is_reached) = mpsc::sync_channel(2);
    let (let_read, open) = mpsc::sync_channel(2);
    let source = Arc::new(Gated { inner: Memory(b"a\nb\n".to_vec()), reached, open: Mutex::new(open) });
    let index = Arc::new(LineIndex::new(source));
    index.grow_to(ByteOffset::new(2));
    index.build(&tasks);
    is_reached.recv_timeout(Duration::from_secs(30)).unwrap();
    // It is reading what it takes for the last bytes.
    index.grow_to(ByteOffset::new(4));
    index.build(&tasks);
    let_read.send(()).unwrap();
    let_read.send(()).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    assert!(runtime.block_on(index.wait_for(None, deadline)), "nobody counts the rest");
    assert_eq!(index.total().count, LineCount::new(2));
}
