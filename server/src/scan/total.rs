//! How many lines of a part of a source match, for who waits for nothing else: counted by all cores at once.

use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use taillight::line::ByteOffset;

use super::hits::Scan;
use super::span::Span;
use super::units::{Ground, Sizes};
use super::{Budget, Filter};
use crate::index::BLOCK_BYTES;
use crate::source::Source;
use crate::tasks::scan_threads;

/// How many lines match that start `within`, which begins at a line's start and ends at the readable length or a line's
/// start.
///
/// # Errors
/// When reading fails; [`crate::source::is_gone`] when the source is shorter than was said.
pub fn total(source: &dyn Source, filter: &Filter, within: Range<ByteOffset>) -> io::Result<u64> {
    total_on(Ground { source, index: None, sizes: Sizes::USUAL }, filter, (within.start.get(), within.end.get()))
}

pub(super) fn total_on(ground: Ground<'_>, filter: &Filter, (from, to): (u64, u64)) -> io::Result<u64> {
    let (mut at, mut n) = (from, 0);
    let bulk_end = to.saturating_sub(ground.sizes.left);
    while at < bulk_end {
        let swept = Sweep { ground, filter, from: at, stop: bulk_end, end: to }.run()?;
        n += swept.n_hits;
        at = swept.reached;
        if at < bulk_end {
            // A line that is left by those who work side by side.
            (n, at) = in_order(ground, filter, (at, to), &Budget::new(1), n)?;
        }
    }
    if at < to {
        (n, _) = in_order(ground, filter, (at, to), &Budget::unlimited(), n)?;
    }
    Ok(n)
}

/// Counts on from `n`; says how many there are, and how far it was looked.
fn in_order(
    ground: Ground<'_>,
    filter: &Filter,
    (from, to): (u64, u64),
    budget: &Budget,
    n: u64,
) -> io::Result<(u64, u64)> {
    let mut n = n;
    let mut on_hit = |_| {
        n += 1;
        ControlFlow::Continue(())
    };
    let mut scan = Scan::new(ground.source, filter, None, budget).with_ground(ground, BLOCK_BYTES);
    let reached = scan.down(from, to, &mut on_hit)?;
    Ok((n, reached))
}

/// Lines that are judged side by side.
struct Sweep<'a> {
    ground: Ground<'a>,
    filter: &'a Filter,
    from: u64,
    stop: u64,
    end: u64,
}

/// What came of it.
#[derive(Default)]
struct Swept {
    n_hits: u64,
    /// All lines before it are counted; a line's start.
    reached: u64,
}

impl Sweep<'_> {
    fn run(&self) -> io::Result<Swept> {
        let (next, open) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        let has_failed = AtomicBool::new(false);
        let done = Mutex::new(Vec::new());
        let work = || {
            let mut spans = Vec::new();
            let worked = self.work(&next, &open, &has_failed, &mut spans);
            if worked.is_err() {
                has_failed.store(true, Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
            worked
        };
        thread::scope(|scope| {
            let helpers: Vec<_> = (1..scan_threads()).map(|_| scope.spawn(work)).collect();
            let mine = work();
            let theirs = helpers
                .into_iter()
                .map(|helper| helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            theirs.fold(mine, Result::and)
        })?;
        let open = open.into_inner();
        let spans = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        let counted = spans.iter().filter(|span: &&Span| span.from() < open);
        let swept = counted.fold(Swept::default(), |sum, span| Swept {
            n_hits: sum.n_hits + span.n_hits(),
            reached: sum.reached.max(span.next.unwrap_or(self.from)),
        });
        Ok(if open == u64::MAX { swept } else { Swept { reached: open, ..swept } })
    }

    /// Judges spans until there are no more; those before `open` count.
    fn work(&self, next: &AtomicU64, open: &AtomicU64, has_failed: &AtomicBool, out: &mut Vec<Span>) -> io::Result<()> {
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            let from = self.from.saturating_add(nth.saturating_mul(self.ground.sizes.span));
            if from >= self.stop || from >= open.load(Ordering::Relaxed) || has_failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            let stop = from.saturating_add(self.ground.sizes.span).min(self.stop);
            let mut span = Span::new((from, nth == 0), stop, self.end, BLOCK_BYTES);
            while !span.judge(self.ground, std::slice::from_ref(self.filter), &Budget::unlimited())? {}
            if let Some(left) = span.open {
                open.fetch_min(left, Ordering::Relaxed);
            }
            out.push(span);
        }
    }
}
