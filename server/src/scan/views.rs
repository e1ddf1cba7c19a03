//! The views of one life of a file: whoever asks for the same filter gets the same view.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use taillight::line::ByteOffset;
use tokio::sync::Notify;

use super::view::{Counts, Together, keep_counting};
use super::{Facts, Filter, Ration, View, Whole};
use crate::index::LineIndex;
use crate::source::Source;
use crate::tasks::Tasks;

/// The views of a source that somebody holds.
#[derive(Debug)]
pub struct Views {
    shelf: Arc<Shelf>,
    views: Mutex<HashMap<String, Weak<View>>>,
}

/// What all views of a source share.
#[derive(Debug)]
struct Shelf {
    source: Arc<dyn Source>,
    index: Arc<LineIndex>,
    len: AtomicU64,
    facts: Mutex<Weak<Facts>>,
    /// The views of quick filters.
    together: Arc<Together>,
}

impl Views {
    /// No views yet; `index` is of the same source.
    pub fn new(source: Arc<dyn Source>, index: Arc<LineIndex>) -> Self {
        let shelf = Shelf { source, index, len: AtomicU64::new(0), facts: Mutex::default(), together: Arc::default() };
        Self { shelf: Arc::new(shelf), views: Mutex::default() }
    }

    /// The facts of the source, shared with everybody who holds them. They are made in the background from now on and kept
    /// up to date, until the last holder drops them; as far as `ration` says for so many bytes that are not looked through
    /// yet, as with [`Views::within`].
    pub fn facts(&self, ration: impl FnOnce(u64) -> Ration, tasks: &Tasks) -> Arc<Facts> {
        self.shelf.facts(ration, tasks)
    }

    /// The facts of the source while somebody holds them.
    pub fn known_facts(&self) -> Option<Arc<Facts>> {
        self.shelf.known_facts()
    }

    /// The view of `filter`, shared with everybody who holds one of an equal filter. It is counted in the background from
    /// now on and kept up to date, until the last holder drops it. Without a limit, where nobody holds it with one.
    pub fn get(&self, filter: &Filter, tasks: &Tasks) -> Arc<View> {
        self.within(filter, |_| Ration::UNLIMITED, tasks)
    }

    /// The same view, counted to the end as long as what is returned is held.
    pub fn whole(&self, filter: &Filter, tasks: &Tasks) -> Whole {
        Whole::new(self.within(filter, |_| Ration::NONE, tasks))
    }

    /// The same view. Its pass takes what `ration` says for so many bytes that are not looked through yet, and stands
    /// stopped then; where it has begun, it goes on with what it was given.
    pub fn within(&self, filter: &Filter, ration: impl FnOnce(u64) -> Ration, tasks: &Tasks) -> Arc<View> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = views.get(filter.key()).and_then(Weak::upgrade) {
            view.counts().begin(ration(view.counts().unread()));
            return view;
        }
        views.retain(|_, view| view.strong_count() > 0);
        let view = View::usual(Arc::clone(&self.shelf.source), Arc::clone(&self.shelf.index), filter.clone());
        if let Some(facts) = self.shelf.known_facts().filter(|_| filter.asks_facts()) {
            view.counts().hold_facts(facts);
        }
        let view = Arc::new(view);
        view.counts().grow_to(self.shelf.len.load(Ordering::Acquire));
        view.counts().limit(ration(view.counts().unread()));
        self.begin(view.counts(), tasks);
        views.insert(filter.key().to_owned(), Arc::downgrade(&view));
        view
    }

    /// Begins to count a view: together with others where that is worth it.
    fn begin(&self, counts: &Arc<Counts>, tasks: &Tasks) {
        if counts.filter().is_everything() {
            let bell = Arc::default();
            counts.wakes(&bell);
            return tasks.spawn(keep_telling(Arc::clone(counts), bell, tasks.clone()));
        }
        let is_quick = counts.filter().is_quick();
        let together = if is_quick { Arc::clone(&self.shelf.together) } else { Arc::default() };
        if together.join(counts) {
            let (shelf, for_facts) = (Arc::clone(&self.shelf), tasks.clone());
            tasks.spawn(keep_counting(together, move |ration| shelf.facts(|_| ration, &for_facts), tasks.clone()));
        }
    }

    /// How many are held.
    pub fn count(&self) -> usize {
        let views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.values().filter(|view| view.strong_count() > 0).count()
    }

    /// The source has grown to `len`: what is new is counted in the background.
    pub fn grow_to(&self, len: ByteOffset) {
        let views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        self.shelf.len.fetch_max(len.get(), Ordering::AcqRel);
        if let Some(facts) = self.shelf.known_facts() {
            facts.grow_to(len.get());
        }
        let held: Vec<_> = views.values().filter_map(Weak::upgrade).collect();
        for view in &held {
            view.counts().grow_to(len.get());
        }
        // Only now: those that are counted together are to know the same.
        for view in &held {
            view.counts().ring();
        }
    }
}

impl Shelf {
    fn known_facts(&self) -> Option<Arc<Facts>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).upgrade()
    }

    fn facts(&self, ration: impl FnOnce(u64) -> Ration, tasks: &Tasks) -> Arc<Facts> {
        let mut held = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = held.upgrade() {
            facts.limit(ration(facts.unread()));
            return facts;
        }
        let len = self.len.load(Ordering::Acquire);
        let of = (Arc::clone(&self.source), Arc::clone(&self.index));
        let facts = Arc::new(Facts::begin(of, len, ration(len), tasks));
        *held = Arc::downgrade(&facts);
        facts
    }
}

/// Tells what the index counts, for the view of all lines, until it is dropped or the server ends.
async fn keep_telling(counts: Arc<Counts>, bell: Arc<Notify>, tasks: Tasks) {
    let stopping = tasks.stopping();
    let mut totals = counts.index().changed();
    while !counts.is_dropped() {
        counts.publish();
        tokio::select! {
            () = stopping.cancelled() => return,
            () = bell.notified() => {}
            _ = totals.changed() => {}
        }
    }
}
