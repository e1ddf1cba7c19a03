//! What is in each block of a source besides its text: which levels its lines have, and between which times they are.
//!
//! Made in the background while anybody holds it, and extended by appends: with it levels are counted and marked, and a
//! filter passes over blocks that cannot have what it asks for.

mod blocks;
mod state;
mod tally;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesOrdered, StreamExt as _};
use taillight::level::{Level, LevelCounts};
use taillight::line::ByteOffset;
use tokio::sync::watch;

use super::units::{Ground, Scratch, Sizes};
use super::view::Leave;
use super::{Budget, Filter, Ration};
use crate::index::{BLOCK_BYTES, LineIndex};
use crate::source::Source;
use crate::tasks::{Tasks, scan_threads};
pub(super) use blocks::BlockFacts;
use state::State;
use tally::{Tally, Told};

/// How many parts each thread has before it, so that none waits for the order.
const AHEAD: usize = 2;

/// How long it waits after a read has failed, unless the source grows before.
const RETRY: Duration = Duration::from_secs(2);

/// The longest file whose marks are made of its lines and not of its blocks, in bytes.
pub(super) const EXACT_MARKS_BYTES: u64 = 4 * 1024 * 1024;

/// How many lines of each level there are, as far as that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// An unfinished last line counts as it stands.
    pub counts: LevelCounts,
    /// How far the source was looked through.
    pub scanned: ByteOffset,
    /// Whether that is all that is known of it.
    pub exact: bool,
    /// It was looked through as far as it may be, until somebody asks for more.
    pub stopped: bool,
}

/// The facts of a source, made while this is held. Methods may be called from any thread; [`Facts::marks`] reads, and
/// blocks.
#[derive(Debug)]
pub struct Facts {
    known: Arc<Known>,
}

/// What those share who hold it and who makes it.
#[derive(Debug)]
struct Known {
    source: Arc<dyn Source>,
    index: Arc<LineIndex>,
    sizes: Sizes,
    block: u64,
    state: RwLock<State>,
    target: watch::Sender<u64>,
    census: watch::Sender<Census>,
    is_dropped: Arc<AtomicBool>,
}

impl Facts {
    pub(super) fn new(source: Arc<dyn Source>, index: Arc<LineIndex>, sizes: Sizes, block: u64) -> Self {
        let known = Known {
            source,
            index,
            sizes,
            block: block.max(1),
            state: RwLock::default(),
            target: watch::Sender::new(0),
            census: watch::Sender::new(Census { exact: true, ..Census::default() }),
            is_dropped: Arc::default(),
        };
        Self { known: Arc::new(known) }
    }

    /// The usual facts of a source, made in the background from now on as far as `ration` goes.
    pub(super) fn begin(
        (source, index): (Arc<dyn Source>, Arc<LineIndex>),
        len: u64,
        ration: Ration,
        tasks: &Tasks,
    ) -> Self {
        let facts = Self::new(source, index, Sizes::USUAL, BLOCK_BYTES);
        facts.known.write(|state| state.leave = Leave::of(ration));
        facts.grow_to(len);
        tasks.spawn(keep_up(Arc::clone(&facts.known), tasks.clone()));
        facts
    }

    /// Makes all of them that are wanted.
    #[cfg(test)]
    pub(super) async fn finish(&self, tasks: &Tasks) {
        self.known.go_on(tasks).await.unwrap();
    }

    /// The source has grown to `len` bytes. A smaller `len` than before is ignored.
    pub(super) fn grow_to(&self, len: u64) {
        let has_grown = self.known.target.send_if_modified(|target| std::mem::replace(target, len.max(*target)) < len);
        if has_grown {
            self.known.publish();
        }
    }

    /// How many bytes are not looked through yet.
    pub(super) fn unread(&self) -> u64 {
        let target = *self.known.target.borrow();
        self.known.read(|state| target.saturating_sub(state.looked))
    }

    /// Where nothing was given yet, this is.
    pub(super) fn limit(&self, ration: Ration) {
        self.known.loosen(|leave| leave.begin(ration));
    }

    /// Has the making go on that stands stopped.
    pub fn go_on(&self, ration: Ration) {
        self.known.loosen(|leave| leave.give(ration));
    }

    /// Waits until it does not stand stopped, or has ended.
    pub fn goes_on(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut changes = self.changed();
        async move {
            // An error: it has ended.
            let _ = changes.wait_for(|census| !census.stopped).await;
        }
    }

    /// How many lines of each level there are.
    pub fn census(&self) -> Census {
        self.known.census()
    }

    /// Changes of [`Facts::census`].
    pub fn changed(&self) -> watch::Receiver<Census> {
        self.known.census.subscribe()
    }

    /// In which of `parts` parts of the first `len` bytes lines of level `warn` or worse start, and the worst level there.
    /// Reads when the file is small.
    ///
    /// # Errors
    /// When reading fails.
    pub fn marks(&self, len: ByteOffset, parts: u32) -> io::Result<Vec<(u32, Level)>> {
        let len = len.get();
        if len <= EXACT_MARKS_BYTES {
            // Blocks as small as the parts.
            let block = (len / u64::from(parts.max(1))).max(1);
            let mut tally = Tally::new(block);
            self.known.tally((0, true), (len, len), &mut tally, &self.known.budget())?;
            let blocks = tally.blocks.into_iter().map(|(at, facts)| (at * block, facts));
            return Ok(blocks::marks(blocks, (len, parts)));
        }
        let block = self.known.block;
        self.known
            .read(|state| Ok(blocks::marks(state.blocks.iter().map(|(at, facts)| (at * block, *facts)), (len, parts))))
    }

    /// The next part of `[at, to)` in which `filter` may match lines: where it begins, and where the next part that is known
    /// to be without begins.
    pub(super) fn next_part(&self, filter: &Filter, at: u64, to: u64) -> (u64, u64) {
        let size = self.known.block;
        self.known.read(|state| {
            if at >= state.done {
                return (at, to);
            }
            // The blocks that lines before `done` start in: after the last of them nothing is known.
            let limit = state.done.div_ceil(size);
            let may_match = |block: &u64| filter.may_match(state.blocks.of(*block));
            let Some(block) = (at / size..limit).find(may_match) else { return (state.done.min(to), to) };
            let after = (block..limit).find(|block| !may_match(block));
            (at.max(block * size).min(to), after.map_or(to, |after| (after * size).min(to)))
        })
    }

    /// Below which place, in `[from, high]`, the last line that `filter` may match starts.
    pub(super) fn part_before(&self, filter: &Filter, high: u64, from: u64) -> u64 {
        let size = self.known.block;
        self.known.read(|state| {
            if high > state.done {
                return high;
            }
            let blocks = from / size..high.div_ceil(size);
            let last = blocks.rev().find(|&block| filter.may_match(state.blocks.of(block)));
            last.map_or(from, |last| high.min((last + 1) * size).max(from))
        })
    }

    /// From `from` on, the start of the first block that may have lines that `filter` matches, as far as facts are known;
    /// `from` itself when that is in such a block.
    pub(super) fn pass_over(&self, filter: &Filter, from: u64) -> u64 {
        let block = self.known.block;
        self.known.read(|state| {
            let (first, end) = (from / block, state.done / block);
            let next = (first..end).find(|&nth| filter.may_match(state.blocks.of(nth))).unwrap_or(end.max(first));
            from.max(next * block)
        })
    }
}

/// Ends the making.
impl Drop for Facts {
    fn drop(&mut self) {
        self.known.is_dropped.store(true, Ordering::Relaxed);
        // Wakes it where it waits for more.
        self.known.target.send_modify(|_| {});
    }
}

/// Makes facts until they are dropped or the server ends.
async fn keep_up(known: Arc<Known>, tasks: Tasks) {
    let stopping = tasks.stopping();
    let mut targets = known.target.subscribe();
    while !known.is_dropped.load(Ordering::Relaxed) && !stopping.is_cancelled() {
        targets.borrow_and_update();
        let went = known.go_on(&tasks).await;
        known.rest();
        known.publish();
        tokio::select! {
            () = stopping.cancelled() => {}
            _ = targets.changed() => {}
            () = tokio::time::sleep(RETRY), if went.is_err() => {}
        }
    }
}

impl Known {
    /// Goes on to the end of what is known, or of what it was given. Fails when reading does, or it is wanted no more.
    async fn go_on(self: &Arc<Self>, tasks: &Tasks) -> io::Result<()> {
        let end = *self.target.borrow();
        loop {
            let done = self.read(|state| state.done);
            let bulk_end = end.saturating_sub(self.sizes.left) / self.block * self.block;
            if done < bulk_end {
                self.sweep((done, bulk_end), end, tasks).await?;
            }
            if self.may_read() == 0 {
                return Ok(());
            }
            // What is left at the end, or a line that is too long to be passed by those who work side by side.
            let from = self.read(|state| state.done);
            let to = if from < bulk_end { from + 1 } else { end };
            let known = Arc::clone(self);
            let (told, time) = tasks.scanning(move || timed(|| known.part((from, true), (to, end)))).await?;
            let is_over = told.open.is_some() || from >= bulk_end;
            self.take(told, end);
            let reached = self.read(|state| state.looked);
            self.write(|state| state.leave.spend(reached.saturating_sub(from), time));
            if is_over {
                return Ok(());
            }
        }
    }

    /// Does `[from, to)` side by side, up to a line that is left, or to where what it was given ends.
    async fn sweep(self: &Arc<Self>, (from, to): (u64, u64), end: u64, tasks: &Tasks) -> io::Result<()> {
        let mut flight = FuturesOrdered::new();
        let (mut next, to) = (from, to.min(from.saturating_add(self.may_read())));
        loop {
            // The time that it was given may be over before the bytes are.
            while flight.len() < scan_threads() * AHEAD && next < to && self.may_read() > 0 {
                let (start, stop) = (next, ((next + self.sizes.span) / self.block * self.block).max(next + 1).min(to));
                let known = Arc::clone(self);
                let span = move || timed(|| known.span((start, start == from), (stop, end)));
                let span = tasks.scanning(span);
                flight.push_back(async move { (stop - start, span.await) });
                next = stop;
            }
            let Some((len, told)) = flight.next().await else { return Ok(()) };
            let (told, time) = told?;
            let is_left = self.take(told, end);
            self.write(|state| state.leave.spend(len, time));
            self.publish();
            if is_left {
                return Ok(());
            }
            if self.is_dropped.load(Ordering::Relaxed) || tasks.stopping().is_cancelled() {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
    }

    /// A part by itself: lines that go on past it are left when they are too long.
    fn span(&self, from: (u64, bool), (stop, end): (u64, u64)) -> io::Result<Told> {
        let mut tally = Tally::new(self.block).leaving_long();
        self.tally(from, (stop, end), &mut tally, &self.budget())?;
        Ok(tally.told())
    }

    /// A part in its order.
    fn part(&self, from: (u64, bool), (stop, end): (u64, u64)) -> io::Result<Told> {
        let mut tally = Tally::new(self.block);
        self.tally(from, (stop, end), &mut tally, &self.budget())?;
        Ok(tally.told())
    }

    fn tally(&self, from: (u64, bool), to: (u64, u64), tally: &mut Tally, budget: &Budget) -> io::Result<()> {
        let ground = Ground { source: self.source.as_ref(), index: Some(&self.index), sizes: self.sizes };
        tally.run(ground, from, to, budget, &mut Scratch::default())?;
        if budget.is_cancelled() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    fn budget(&self) -> Budget {
        Budget::unlimited().cancelled_by(Arc::clone(&self.is_dropped))
    }

    /// Takes the facts of the next part over; whether a line is left that the one after it cannot follow.
    fn take(&self, told: Told, end: u64) -> bool {
        let is_left = told.open.is_some();
        self.write(|state| state.take(told, end));
        is_left
    }

    fn census(&self) -> Census {
        let target = *self.target.borrow();
        self.read(|state| {
            let mut counts = state.counts;
            if let Some(kind) = state.last {
                counts.add(kind, 1);
            }
            let exact = state.looked >= target;
            let stopped = !exact && state.leave.is_stopped();
            Census { counts, scanned: ByteOffset::new(state.looked), exact, stopped }
        })
    }

    fn publish(&self) {
        let census = self.census();
        self.census.send_if_modified(|known| std::mem::replace(known, census) != census);
    }

    /// How many bytes may still be looked through.
    fn may_read(&self) -> u64 {
        self.read(|state| state.leave.bytes())
    }

    /// Nothing is under way: what comes after the end is no search, and what was given may be used up.
    fn rest(&self) {
        let target = *self.target.borrow();
        self.write(|state| match state.looked >= target {
            true => state.leave.refill(),
            false => state.leave.stop(),
        });
    }

    fn loosen(&self, change: impl FnOnce(&mut Leave)) {
        self.write(|state| change(&mut state.leave));
        self.publish();
        // Wakes who makes them.
        self.target.send_modify(|_| {});
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// With how long it took.
fn timed<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<(T, Duration)> {
    let began = Instant::now();
    Ok((work()?, began.elapsed()))
}

#[cfg(test)]
mod tests;
