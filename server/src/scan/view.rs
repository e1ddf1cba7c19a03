//! The counts of all lines of a source that match one filter, block by block.

use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant as StdInstant};

use taillight::line::{ByteOffset, LineCount, LineNo};
use taillight::wire::Matched;
use tokio::sync::watch;
use tokio::time::Instant;

use super::hits::{Judged, Pieces, Scan, judge_piece};
use super::units::{Ground, Part, Passed, Scratch, Sizes, Unit, Units};
use super::{Budget, Filter, Hit};
use crate::index::{BLOCK_BYTES, BlockCounts, LineIndex, Progress};
use crate::source::Source;

/// How much one step reads, in bytes, at most.
const STEP_BYTES: u64 = 8 * 1024 * 1024;

/// How long one step takes, about, at most: others wait for their turn.
const STEP_TIME: Duration = Duration::from_millis(20);

/// How much of a long line is passed over between two looks whether to go on, in bytes.
const PASS_BYTES: u64 = 1024 * 1024;

/// The matching lines of a source, counted in the background while anybody holds this. Methods may be called from any
/// thread; [`View::rank`] and [`View::select`] read a block, and block.
#[derive(Debug)]
pub struct View {
    counts: Arc<Counts>,
}

/// What a view and its counting share.
#[derive(Debug)]
pub(super) struct Counts {
    source: Arc<dyn Source>,
    index: Arc<LineIndex>,
    filter: Filter,
    sizes: Sizes,
    block: u64,
    state: RwLock<State>,
    scratch: Mutex<Scratch>,
    matched: watch::Sender<Matched>,
    target: watch::Sender<u64>,
    is_dropped: Arc<AtomicBool>,
}

/// What is counted.
#[derive(Debug, Default)]
struct State {
    /// Hits per block among the lines that start before `done`: all of those are judged, and have their line feed.
    hits: BlockCounts,
    /// A line's start.
    done: u64,
    /// Whether the line at `done`, which has no line feed yet, matches as far as it was known then.
    last: bool,
    /// That line is longer than what is looked at: nothing that follows changes whether it matches.
    is_long: bool,
    /// There is no line feed between `done` and this.
    looked: u64,
    target: u64,
}

impl View {
    /// With `block` bytes per block: small ones make tests sharp.
    pub(super) fn new(
        source: Arc<dyn Source>,
        index: Arc<LineIndex>,
        filter: Filter,
        sizes: Sizes,
        block: u64,
    ) -> Self {
        let matched = Matched { count: LineCount::ZERO, exact: true, scanned: ByteOffset::ZERO };
        let counts = Counts {
            source,
            index,
            filter,
            sizes,
            block: block.max(1),
            state: RwLock::default(),
            scratch: Mutex::default(),
            matched: watch::Sender::new(matched),
            target: watch::Sender::new(0),
            is_dropped: Arc::default(),
        };
        Self { counts: Arc::new(counts) }
    }

    /// The usual view of a source.
    pub(super) fn usual(source: Arc<dyn Source>, index: Arc<LineIndex>, filter: Filter) -> Self {
        Self::new(source, index, filter, Sizes::USUAL, BLOCK_BYTES)
    }

    /// How many lines match, as far as is known. The unfinished last line counts as it stands.
    pub fn matched(&self) -> Matched {
        self.counts.matched()
    }

    /// Changes of [`View::matched`], a few per second and more.
    pub fn changed(&self) -> watch::Receiver<Matched> {
        self.counts.matched.subscribe()
    }

    /// How many matching lines start before `offset`; `None` while that is not counted. Reads at most one block.
    pub fn rank(&self, offset: ByteOffset) -> Option<LineCount> {
        self.counts.rank(offset.get()).map(LineCount::new)
    }

    /// Where the matching line starts that has `n` matching lines before it; `None` while that is not counted, or when
    /// there are fewer. Reads about one block.
    pub fn select(&self, n: u64) -> Option<ByteOffset> {
        self.counts.select(n).map(ByteOffset::new)
    }

    /// Waits until everything that is known of the source is counted; `false` when `deadline` comes first.
    pub async fn wait(&self, deadline: Instant) -> bool {
        let mut changes = self.changed();
        loop {
            if self.matched().exact {
                return true;
            }
            match tokio::time::timeout_at(deadline, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return false,
            }
        }
    }

    pub(super) fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    pub(super) fn index(&self) -> Option<&LineIndex> {
        Some(&self.counts.index)
    }

    pub(super) fn block(&self) -> u64 {
        self.counts.block
    }

    /// The next part of `[at, to)` in which lines may match: where it begins, and where the next part that is known to
    /// be without begins.
    pub(super) fn next_part(&self, at: u64, to: u64) -> (u64, u64) {
        self.counts.next_part(at, to)
    }

    /// Below which place, in `[from, high]`, the last line that may match starts.
    pub(super) fn part_before(&self, high: u64, from: u64) -> u64 {
        self.counts.part_before(high, from)
    }
}

/// Ends the counting.
impl Drop for View {
    fn drop(&mut self) {
        self.counts.is_dropped.store(true, Ordering::Relaxed);
        // Wakes it where it waits for more.
        self.counts.target.send_modify(|_| {});
    }
}

impl Counts {
    pub(super) fn index(&self) -> &LineIndex {
        &self.index
    }

    pub(super) fn is_dropped(&self) -> bool {
        self.is_dropped.load(Ordering::Relaxed)
    }

    /// Changes when there is more to count, or the view is dropped.
    pub(super) fn targets(&self) -> watch::Receiver<u64> {
        self.target.subscribe()
    }

    /// The source has grown to `len` bytes. A smaller `len` than before is ignored.
    pub(super) fn grow_to(&self, len: u64) {
        let has_grown = self.target.send_if_modified(|target| {
            let has_grown = len > *target;
            *target = len.max(*target);
            has_grown
        });
        if has_grown {
            self.write(|state| state.target = state.target.max(len));
            self.publish();
        }
    }

    pub(super) fn matched(&self) -> Matched {
        if self.filter.is_everything() {
            let total = self.index.total();
            let scanned = self.read(|state| state.target) - self.index.behind().get();
            return Matched { count: total.count, exact: total.exact, scanned: ByteOffset::new(scanned) };
        }
        self.read(|state| Matched {
            count: LineCount::new(state.hits.sum() + u64::from(state.last)),
            exact: state.looked == state.target,
            scanned: ByteOffset::new(state.looked),
        })
    }

    pub(super) fn publish(&self) {
        let matched = self.matched();
        self.matched.send_if_modified(|known| std::mem::replace(known, matched) != matched);
    }

    /// Counts the next few MiB, for a short time; ends early when `is_stopping` says so.
    pub(super) fn step(&self, is_stopping: &dyn Fn() -> bool) -> Progress {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let budget =
            Budget::new(STEP_BYTES).until(StdInstant::now() + STEP_TIME).cancelled_by(Arc::clone(&self.is_dropped));
        let progress = self.count(&mut scratch, &budget, is_stopping).unwrap_or(Progress::Stalled);
        if progress != Progress::More {
            // A view that waits holds no buffers.
            *scratch = Scratch::default();
        }
        drop(scratch);
        self.publish();
        progress
    }

    fn count(&self, scratch: &mut Scratch, budget: &Budget, is_stopping: &dyn Fn() -> bool) -> io::Result<Progress> {
        let Scratch { buf, text } = scratch;
        let (done, looked, is_long, target) = self.read(|s| (s.done, s.looked, s.is_long, s.target));
        if looked == target {
            return Ok(Progress::Done);
        }
        let is_over = || budget.is_spent() || is_stopping();
        let from = if is_long { looked } else { done };
        let part = Part { from, at_start: true, stop: target, end: target };
        let mut units = Units::new(self.ground(), part, buf, budget);
        let mut in_long = is_long;
        loop {
            if in_long {
                match units.pass(PASS_BYTES)? {
                    Passed::Feed(end) => self.write(|state| state.finish_long(end, self.block)),
                    Passed::NoFeed => {
                        self.write(|state| state.looked = target);
                        return Ok(Progress::Done);
                    }
                    Passed::More(place) => {
                        self.write(|state| state.looked = place);
                        if is_over() {
                            return Ok(Progress::More);
                        }
                        continue;
                    }
                }
                in_long = false;
            }
            match units.next()? {
                Unit::Lines { start, bytes } => {
                    let mut at = start;
                    for piece in (Pieces { rest: bytes, piece: self.sizes.piece }) {
                        let hits = self.hits_in(piece, at, text);
                        at += piece.len() as u64;
                        self.write(|state| state.add(&hits, at));
                        if is_over() {
                            return Ok(if at < target { Progress::More } else { Progress::Done });
                        }
                    }
                }
                Unit::Head { start, bytes } => {
                    let last = self.filter.is_match_within(bytes, self.sizes.line);
                    let looked = start + bytes.len() as u64;
                    self.write(|state| (state.last, state.is_long, state.looked) = (last, true, looked));
                    in_long = true;
                }
                Unit::Last { bytes, .. } => {
                    let last = self.filter.is_match_within(bytes, self.sizes.line);
                    self.write(|state| (state.last, state.looked) = (last, target));
                    return Ok(Progress::Done);
                }
                Unit::End => return Ok(Progress::Done),
            }
        }
    }

    /// The matching lines of a piece that starts at `at`: how many start in each block.
    fn hits_in(&self, piece: &[u8], at: u64, text: &mut Vec<u8>) -> Vec<(u64, u64)> {
        let mut hits: Vec<(u64, u64)> = Vec::new();
        judge_piece(&self.filter, piece, at, text, &mut |hit| {
            let block = hit.start.get() / self.block;
            match hits.last_mut() {
                Some(last) if last.0 == block => last.1 += 1,
                _ => hits.push((block, 1)),
            }
            ControlFlow::Continue(())
        });
        hits
    }

    fn rank(&self, offset: u64) -> Option<u64> {
        if self.filter.is_everything() {
            // The line feeds before the byte before, and the line at the start of the file.
            let Some(before) = offset.checked_sub(1) else { return Some(0) };
            return self.index.rank(ByteOffset::new(before)).map(|feeds| feeds.get() + 1);
        }
        let start = offset - offset % self.block;
        let before = self.read(|state| {
            if offset <= state.done {
                return Some((state.hits.before(offset / self.block), state.hits.of(offset / self.block)));
            }
            let is_known = state.looked == state.target;
            is_known.then(|| (state.hits.sum() + u64::from(state.last), 0))
        });
        let (before, in_block) = before?;
        if in_block == 0 || start == offset {
            return Some(before);
        }
        let mut n = 0;
        self.in_block(start, offset, &mut |_| {
            n += 1;
            ControlFlow::Continue(())
        })?;
        Some(before + n)
    }

    fn select(&self, n: u64) -> Option<u64> {
        if self.filter.is_everything() {
            return self.index.select(LineNo::new(n.checked_add(1)?)?).map(ByteOffset::get);
        }
        let (found, done, is_last) = self.read(|state| {
            let is_last = n == state.hits.sum() && state.last;
            (state.hits.find(n + 1), state.done, is_last)
        });
        let Some((block, nth)) = found else { return is_last.then_some(done) };
        let start = block * self.block;
        let (mut left, mut place) = (nth, None);
        self.in_block(start, done.min(start + self.block), &mut |hit| {
            left -= 1;
            if left == 0 {
                place = Some(hit.start.get());
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        place
    }

    /// The matching lines that start in `[from, stop)` of a block that is counted.
    fn in_block(&self, from: u64, stop: u64, on_hit: &mut dyn FnMut(Hit) -> ControlFlow<()>) -> Option<()> {
        let end = self.read(|state| state.target);
        let budget = Budget::unlimited();
        let mut scan =
            Scan::new(self.source.as_ref(), &self.filter, None, &budget).with_ground(self.ground(), self.block);
        let part = Part { from, at_start: from == 0, stop, end };
        match scan.judge(part, on_hit).ok()? {
            Judged::All(_) | Judged::Until(_) => Some(()),
            Judged::Nothing => None,
        }
    }

    fn ground(&self) -> Ground<'_> {
        Ground { source: self.source.as_ref(), index: Some(&self.index), sizes: self.sizes }
    }

    fn next_part(&self, at: u64, to: u64) -> (u64, u64) {
        if self.filter.is_everything() {
            return (at, to);
        }
        self.read(|state| {
            if at >= state.done {
                return (at, to);
            }
            // The blocks that lines before `done` start in: after the last of them nothing is known.
            let limit = state.done.div_ceil(self.block);
            let block = state.hits.next_with_any(at / self.block, limit);
            if block >= limit {
                return (state.done.min(to), to);
            }
            let after = state.hits.next_without(block, limit);
            (at.max(block * self.block), if after < limit { (after * self.block).min(to) } else { to })
        })
    }

    fn part_before(&self, high: u64, from: u64) -> u64 {
        if self.filter.is_everything() {
            return high;
        }
        self.read(|state| {
            if high > state.done {
                return high;
            }
            let after = state.hits.last_with_any(high.div_ceil(self.block)) * self.block;
            high.min(after).max(from)
        })
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl State {
    /// The lines up to `done` are judged.
    fn add(&mut self, hits: &[(u64, u64)], done: u64) {
        for (block, n) in hits {
            self.hits.add(*block, *n);
        }
        (self.done, self.looked, self.last, self.is_long) = (done, done, false, false);
    }

    /// The long line at `done` ends before `end`.
    fn finish_long(&mut self, end: u64, block: u64) {
        let hits = [(self.done / block, u64::from(self.last))];
        self.add(&hits, end);
    }
}
