//! Counting side by side against counting in order, of logs that have holes, and grow, shrink and fail meanwhile.

use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tokio::runtime::Runtime;

use super::super::Sizes;
use super::made::Made;
use super::*;

/// Bytes with holes, of which as much is there as was said; something happens to it after so many reads.
#[derive(Debug, Default)]
struct Moving {
    bytes: Vec<u8>,
    holes: Vec<Range<u64>>,
    len: AtomicU64,
    reads_left: AtomicI64,
    /// What it is as long as then; without it, reads fail then.
    shrinks_to: Option<u64>,
}

impl Moving {
    fn new(parts: &[(bool, Vec<u8>)]) -> Self {
        let mut moving = Self { reads_left: AtomicI64::new(i64::MAX), ..Self::default() };
        for (is_hole, bytes) in parts {
            let from = moving.bytes.len() as u64;
            if *is_hole {
                moving.bytes.resize(moving.bytes.len() + bytes.len() * 3, 0);
                moving.holes.push(from..moving.bytes.len() as u64);
            } else {
                moving.bytes.extend_from_slice(bytes);
            }
        }
        moving.set_len(moving.bytes.len() as u64);
        moving
    }

    fn set_len(&self, len: u64) {
        self.len.store(len, Ordering::SeqCst);
    }

    fn there(&self) -> u64 {
        self.len.load(Ordering::SeqCst)
    }

    /// All is well again.
    fn recover(&self) {
        self.reads_left.store(i64::MAX, Ordering::SeqCst);
        self.set_len(self.bytes.len() as u64);
    }
}

impl Source for Moving {
    fn len(&self) -> io::Result<ByteOffset> {
        Ok(ByteOffset::new(self.there()))
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        if self.reads_left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            match self.shrinks_to {
                Some(len) => self.set_len(len),
                None => return Err(io::Error::other("as of a disk that fails")),
            }
        }
        Ok(crate::testing::copy_from(&self.bytes[..self.there() as usize], buf, at))
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Identity { inode: 0, born_ns: 0, head_len: 0, head_hash: 0 })
    }

    fn is_same(&self, _seen: &Identity) -> io::Result<bool> {
        Ok(true)
    }

    fn next_data(&self, from: ByteOffset) -> io::Result<ByteOffset> {
        let mut data = from.get();
        for hole in &self.holes {
            if hole.contains(&data) {
                data = hole.end;
            }
        }
        // As the system does: what is left is a hole, or there is nothing.
        Ok(if data >= self.there() { ByteOffset::new(self.there()).max(from) } else { ByteOffset::new(data) })
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        watch::Sender::new(ByteOffset::ZERO).subscribe()
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

fn in_time() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(30)
}

/// Everything that an index says, asked of two.
fn says_the_same(index: &LineIndex, other: &LineIndex, len: u64) -> Result<(), TestCaseError> {
    prop_assert_eq!(index.total(), other.total());
    for n in 1..=other.total().count.get() + 1 {
        let line = LineNo::new(n).unwrap();
        prop_assert_eq!(index.select(line), other.select(line), "line {}", n);
    }
    for at in (0..=len).map(ByteOffset::new) {
        prop_assert_eq!(index.rank(at), other.rank(at), "at {}", at.get());
        prop_assert_eq!(index.no_feed_until(at), other.no_feed_until(at));
        prop_assert_eq!(index.no_feed_since(at), other.no_feed_since(at));
    }
    Ok(())
}

fn parts() -> impl Strategy<Value = Vec<(bool, Vec<u8>)>> {
    let text = prop::collection::vec(prop_oneof![3 => Just(b'\n'), 5 => Just(b'x')], 0..90);
    prop::collection::vec((prop::bool::weighted(0.3), text), 0..9)
}

fn sizes() -> impl Strategy<Value = Sizes> {
    (1_u64..30, 1_u64..70, 1_u64..40).prop_map(|(block, step, read)| Sizes { block, step, read })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn side_by_side_is_counted_as_in_order_while_the_log_grows(
        parts in parts(),
        sizes in sizes(),
        grows in prop::collection::vec(0.0_f64..1.0, 0..5),
    ) {
        let source = Arc::new(Moving::new(&parts));
        let whole = source.there();
        let mut lens: Vec<u64> = grows.iter().map(|part| (whole as f64 * part) as u64).chain([whole]).collect();
        lens.sort_unstable();
        let index = Arc::new(LineIndex::with_sizes(Arc::clone(&source) as Arc<dyn Source>, sizes));
        let runtime = runtime();
        let is_counted = runtime.block_on(async {
            let tasks = Tasks::default();
            for len in lens {
                source.set_len(len);
                index.grow_to(ByteOffset::new(len));
                index.build(&tasks);
                tokio::task::yield_now().await;
            }
            // Nobody asks again: what came last is counted by who was counting, if there was one.
            index.wait_for(None, in_time()).await
        });
        prop_assert!(is_counted);
        let in_order = LineIndex::with_sizes(Arc::clone(&source) as Arc<dyn Source>, sizes);
        in_order.grow_to(ByteOffset::new(whole));
        while in_order.step() == Progress::More {}
        prop_assert_eq!(in_order.total().count.get(), starts(&source.bytes).len() as u64);
        says_the_same(&index, &in_order, whole)?;
    }
}

/// F28: whatever happens to the log while it is counted, what is counted is right, and nothing more is said to be.
#[test]
fn a_log_that_shrinks_or_fails_a_thousand_times_while_it_is_counted_is_counted_as_far_as_it_is_there() {
    let text: Vec<(bool, Vec<u8>)> =
        (0..40).map(|nth| (nth % 7 == 3, format!("line {nth}\n").repeat(nth % 5 + 1).into_bytes())).collect();
    let runtime = runtime();
    let mut n_partial = 0;
    for round in 0_u64..1_000 {
        let mut source = Moving::new(&text);
        let len = source.there();
        source.reads_left = AtomicI64::new((round % 90) as i64);
        source.shrinks_to = (round % 3 > 0).then_some(round * 7_919 % len);
        let source = Arc::new(source);
        let sizes = Sizes { block: 16, step: 48, read: 1 + round % 40 };
        let index = Arc::new(LineIndex::with_sizes(Arc::clone(&source) as Arc<dyn Source>, sizes));
        runtime.block_on(async {
            let tasks = Tasks::default();
            index.grow_to(ByteOffset::new(len));
            index.build(&tasks);
            let deadline = in_time();
            while index.has_builder.load(Ordering::Acquire) {
                assert!(tokio::time::Instant::now() < deadline, "round {round}: the counting does not end");
                tokio::task::yield_now().await;
            }
            let counted = len - index.behind().get();
            n_partial += u32::from(counted < len);
            assert_eq!(index.total().exact, counted == len);
            let feeds = index.read(|counts| counts.whole_blocks()).0.sum();
            let whole = counted / sizes.block * sizes.block;
            let real = memchr::memchr_iter(b'\n', &source.bytes[..whole as usize]).count() as u64;
            assert_eq!(feeds, real, "round {round}: up to {whole} of {len}");
            for line in (1..60).map(|n| LineNo::new(n).unwrap()) {
                // Neither may ask for what is not there any more.
                index.select(line);
                index.rank(ByteOffset::new(line.lines_before().get() * 11));
            }
            source.recover();
            index.build(&tasks);
            assert!(index.wait_for(None, deadline).await, "round {round}");
        });
        assert_eq!(index.total().count.get(), starts(&source.bytes).len() as u64, "round {round}");
    }
    assert!(n_partial > 500, "only {n_partial} were in the middle");
}

/// F25.
#[tokio::test]
async fn a_hundred_million_empty_lines_cost_little_and_are_found() {
    const N_LINES: u64 = 100_000_000;
    let source = Made::of(vec![b'\n'; 1 << 20], N_LINES);
    let index = Arc::new(LineIndex::new(Arc::clone(&source) as Arc<dyn Source>));
    let tasks = crate::testing::tasks();
    index.grow_to(source.len().unwrap());
    index.build(&tasks);
    assert!(index.wait_for(None, in_time()).await);
    assert_eq!(index.total().count.get(), N_LINES);
    let memory = index.read(Counts::memory) as u64;
    assert!(memory <= N_LINES / 1_000 * 65 / 1_000, "{memory} bytes");
    source.take_read();
    for n in [1, 2, 65_536, 65_537, 50_000_000, N_LINES] {
        assert_eq!(index.select(LineNo::new(n).unwrap()), Some(ByteOffset::new(n - 1)), "line {n}");
        assert!(source.take_read() <= super::super::BLOCK_BYTES);
        assert_eq!(index.rank(ByteOffset::new(n)), Some(LineCount::new(n)));
        assert!(source.take_read() <= super::super::BLOCK_BYTES);
    }
    assert_eq!(index.select(LineNo::new(N_LINES + 1).unwrap()), None);
}
