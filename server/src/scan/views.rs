//! The views of one life of a file: whoever asks for the same filter gets the same view.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use taillight::line::ByteOffset;
use tokio::sync::watch;

use super::view::{Counts, sweep};
use super::{Facts, Filter, View};
use crate::index::{LineIndex, Progress};
use crate::source::Source;
use crate::tasks::Tasks;

/// How long counting waits after a read has failed, unless the source grows before.
const RETRY: Duration = Duration::from_secs(2);

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
}

impl Views {
    /// No views yet; `index` is of the same source.
    pub fn new(source: Arc<dyn Source>, index: Arc<LineIndex>) -> Self {
        let shelf = Shelf { source, index, len: AtomicU64::new(0), facts: Mutex::default() };
        Self { shelf: Arc::new(shelf), views: Mutex::default() }
    }

    /// The facts of the source, shared with everybody who holds them. They are made in the background from now on and kept
    /// up to date, until the last holder drops them.
    pub fn facts(&self, tasks: &Tasks) -> Arc<Facts> {
        self.shelf.facts(tasks)
    }

    /// The facts of the source while somebody holds them.
    pub fn known_facts(&self) -> Option<Arc<Facts>> {
        self.shelf.known_facts()
    }

    /// The view of `filter`, shared with everybody who holds one of an equal filter. It is counted in the background from
    /// now on and kept up to date, until the last holder drops it.
    pub fn get(&self, filter: &Filter, tasks: &Tasks) -> Arc<View> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = views.get(filter.key()).and_then(Weak::upgrade) {
            return view;
        }
        views.retain(|_, view| view.strong_count() > 0);
        let view = View::usual(Arc::clone(&self.shelf.source), Arc::clone(&self.shelf.index), filter.clone());
        if let Some(facts) = self.shelf.known_facts().filter(|_| filter.asks_facts()) {
            view.counts().hold_facts(facts);
        }
        let view = Arc::new(view);
        let targets = view.counts().targets();
        view.counts().grow_to(self.shelf.len.load(Ordering::Acquire));
        let shelf = Arc::clone(&self.shelf);
        tasks.spawn(keep_counting(Arc::clone(view.counts()), shelf, targets, tasks.clone()));
        views.insert(filter.key().to_owned(), Arc::downgrade(&view));
        view
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
        for view in views.values().filter_map(Weak::upgrade) {
            view.counts().grow_to(len.get());
        }
    }
}

impl Shelf {
    fn known_facts(&self) -> Option<Arc<Facts>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).upgrade()
    }

    fn facts(&self, tasks: &Tasks) -> Arc<Facts> {
        let mut held = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = held.upgrade() {
            return facts;
        }
        let len = self.len.load(Ordering::Acquire);
        let facts = Arc::new(Facts::begin(Arc::clone(&self.source), Arc::clone(&self.index), len, tasks));
        *held = Arc::downgrade(&facts);
        facts
    }
}

/// Counts until the view is dropped or the server ends.
async fn keep_counting(counts: Arc<Counts>, shelf: Arc<Shelf>, mut targets: watch::Receiver<u64>, tasks: Tasks) {
    let is_everything = counts.filter().is_everything();
    let stopping = tasks.stopping();
    let mut totals = counts.index().changed();
    while !counts.is_dropped() && !stopping.is_cancelled() {
        let progress = if is_everything {
            counts.publish();
            Progress::Done
        } else {
            match sweep(&counts, &tasks).await {
                Progress::Stalled => Progress::Stalled,
                _ => {
                    let (counts, stopping) = (Arc::clone(&counts), stopping.clone());
                    tasks.scanning(move || counts.step(&|| stopping.is_cancelled())).await
                }
            }
        };
        if progress == Progress::More {
            continue;
        }
        if progress == Progress::Done && counts.filter().asks_facts() {
            // Not before: who asked waits for these counts, and the next one like it will be quicker.
            counts.hold_facts(shelf.facts(&tasks));
        }
        let retry = if progress == Progress::Stalled { RETRY } else { Duration::MAX };
        tokio::select! {
            () = stopping.cancelled() => {}
            _ = targets.changed() => {}
            _ = totals.changed(), if is_everything => {}
            () = tokio::time::sleep(retry), if progress == Progress::Stalled => {}
        }
    }
}
