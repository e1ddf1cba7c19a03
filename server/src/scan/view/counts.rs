//! What a view knows, and what it shares with those who count for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use taillight::line::{ByteOffset, LineCount};
use taillight::wire::Matched;
use tokio::sync::{Notify, watch};

use super::super::span::Span;
use super::super::units::{Ground, Sizes};
use super::super::{Facts, Filter};
use super::ration::{Leave, Ration};
use crate::index::{BlockCounts, LineIndex};
use crate::source::Source;

/// What a view and its counting share.
#[derive(Debug)]
pub(in crate::scan) struct Counts {
    source: Arc<dyn Source>,
    index: Arc<LineIndex>,
    filter: Filter,
    sizes: Sizes,
    block: u64,
    state: RwLock<State>,
    matched: watch::Sender<Matched>,
    is_dropped: AtomicBool,
    /// Wakes who counts.
    bell: OnceLock<Arc<Notify>>,
    /// Held where they help.
    facts: OnceLock<Arc<Facts>>,
}

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Hits per block among the lines that start before `done`: all of those are judged, and have their line feed.
    pub(super) hits: BlockCounts,
    /// A line's start.
    pub(super) done: u64,
    /// Whether the line at `done`, which has no line feed yet, matches as far as it was known then.
    pub(super) last: bool,
    /// That line is longer than what is looked at: nothing that follows changes whether it matches.
    pub(super) is_long: bool,
    /// There is no line feed between `done` and this.
    pub(super) looked: u64,
    pub(super) target: u64,
    /// How much more may be looked through.
    leave: Leave,
}

impl Counts {
    pub(super) fn new(
        source: Arc<dyn Source>,
        index: Arc<LineIndex>,
        filter: Filter,
        sizes: Sizes,
        block: u64,
    ) -> Self {
        let (count, scanned) = (LineCount::ZERO, ByteOffset::ZERO);
        let matched = Matched { count, exact: true, scanned, stopped: false };
        Self {
            source,
            index,
            filter,
            sizes,
            block: block.max(1),
            state: RwLock::default(),
            matched: watch::Sender::new(matched),
            is_dropped: AtomicBool::new(false),
            bell: OnceLock::new(),
            facts: OnceLock::new(),
        }
    }

    pub(in crate::scan) fn index(&self) -> &LineIndex {
        &self.index
    }

    pub(in crate::scan) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// With these facts, blocks that cannot match are not read.
    pub(in crate::scan) fn hold_facts(&self, facts: Arc<Facts>) {
        // The same for all of a source.
        let _ = self.facts.set(facts);
    }

    /// From `from` on, the start of the first block in which lines may match, or `from`.
    pub(super) fn pass_over(&self, from: u64) -> u64 {
        self.facts.get().map_or(from, |facts| facts.pass_over(&self.filter, from))
    }

    /// Takes the counts of the next span over, those of the one that asked as the `nth`; whether the span after it can
    /// follow.
    pub(super) fn take_over(&self, span: &Span, nth: usize) -> bool {
        self.write(|state| {
            let done = span.open.or(span.next).unwrap_or(state.done).max(state.done);
            state.add(span.told.get(nth).map_or(&[], |told| &told.blocks), done);
        });
        span.open.is_none()
    }

    pub(super) fn block(&self) -> u64 {
        self.block
    }

    pub(super) fn ground(&self) -> Ground<'_> {
        Ground { source: self.source.as_ref(), index: Some(&self.index), sizes: self.sizes }
    }

    /// The source has grown to `len` bytes. A smaller `len` than before is ignored. Who counts hears of it by
    /// [`Counts::ring`].
    pub(in crate::scan) fn grow_to(&self, len: u64) {
        if len > self.target() {
            self.write(|state| state.target = state.target.max(len));
            self.publish();
        }
    }

    /// How much of the source is known.
    pub(super) fn target(&self) -> u64 {
        self.read(|state| state.target)
    }

    /// Whether there is something to count.
    pub(super) fn is_behind(&self) -> bool {
        self.read(|state| state.looked < state.target)
    }

    /// Where a step begins, and how: the line's start, how far it was looked from there, and whether its line is long.
    pub(super) fn standing(&self) -> (u64, u64, bool) {
        self.read(|state| (state.done, state.looked, state.is_long))
    }

    /// From now on `bell` wakes who counts.
    pub(in crate::scan) fn wakes(&self, bell: &Arc<Notify>) {
        let _ = self.bell.set(Arc::clone(bell));
    }

    /// There is more to count, or the view is dropped.
    pub(in crate::scan) fn ring(&self) {
        if let Some(bell) = self.bell.get() {
            bell.notify_one();
        }
    }

    /// It may take this; only before it is counted.
    pub(in crate::scan) fn limit(&self, ration: Ration) {
        self.write(|state| state.leave = Leave::of(ration));
        self.publish();
    }

    /// One that was given nothing yet gets this.
    pub(in crate::scan) fn begin(&self, ration: Ration) {
        self.loosen(|leave| leave.begin(ration));
    }

    /// One that stands stopped gets as much again.
    pub(super) fn give(&self, ration: Ration) {
        self.loosen(|leave| leave.give(ration));
    }

    /// It goes on whatever is left, until [`Counts::bind`].
    pub(super) fn unbind(&self) {
        self.loosen(Leave::unbind);
    }

    pub(super) fn bind(&self) {
        self.loosen(Leave::bind);
    }

    fn loosen(&self, change: impl FnOnce(&mut Leave)) {
        self.write(|state| change(&mut state.leave));
        self.publish();
        self.ring();
    }

    /// How many bytes are not looked through yet.
    pub(in crate::scan) fn unread(&self) -> u64 {
        self.read(|state| state.target.saturating_sub(state.looked))
    }

    /// How many of them may be, before somebody has to ask for more.
    pub(super) fn may_read(&self) -> u64 {
        self.read(|state| state.leave.bytes())
    }

    /// What it was given last.
    pub(super) fn given(&self) -> Ration {
        self.read(|state| state.leave.given())
    }

    /// So much was looked through for it.
    pub(super) fn spend(&self, bytes: u64, time: Duration) {
        self.write(|state| state.leave.spend(bytes, time));
    }

    /// Nothing is left, and nothing is under way.
    pub(super) fn stop(&self) {
        if !self.read(|state| state.leave.is_stopped()) {
            self.write(|state| state.leave.stop());
            self.publish();
        }
    }

    /// Everything is looked through: what comes now is no search.
    pub(super) fn refill(&self) {
        self.write(|state| state.leave.refill());
    }

    pub(in crate::scan) fn is_dropped(&self) -> bool {
        self.is_dropped.load(Ordering::Relaxed)
    }

    /// Ends the counting, wherever it is.
    pub(super) fn end(&self) {
        self.is_dropped.store(true, Ordering::Relaxed);
        self.ring();
    }

    pub(super) fn matched(&self) -> Matched {
        if self.filter.is_everything() {
            // In this order: what is behind now is behind a length that is known by then.
            let behind = self.index.behind().get();
            let total = self.index.total();
            let scanned = self.read(|state| state.target).saturating_sub(behind);
            let (exact, scanned) = (total.exact, ByteOffset::new(scanned));
            return Matched { count: total.count, exact, scanned, stopped: false };
        }
        self.read(|state| Matched {
            count: LineCount::new(state.hits.sum() + u64::from(state.last)),
            exact: state.looked == state.target,
            scanned: ByteOffset::new(state.looked),
            stopped: state.leave.is_stopped() && state.looked < state.target,
        })
    }

    pub(super) fn changed(&self) -> watch::Receiver<Matched> {
        self.matched.subscribe()
    }

    pub(in crate::scan) fn publish(&self) {
        // Inside: what is told last is what is true last.
        self.matched.send_if_modified(|known| {
            let matched = self.matched();
            std::mem::replace(known, matched) != matched
        });
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn write(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl State {
    /// The lines up to `done` are judged: so many hits in these blocks.
    pub(super) fn add(&mut self, hits: &[(u64, u64)], done: u64) {
        for (block, n) in hits {
            self.hits.add(*block, *n);
        }
        (self.done, self.looked, self.last, self.is_long) = (done, done, false, false);
    }
}
