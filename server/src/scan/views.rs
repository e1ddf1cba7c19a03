//! The views of one life of a file: whoever asks for the same filter gets the same view.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use taillight::line::ByteOffset;
use tokio::sync::watch;

use super::view::{Counts, sweep};
use super::{Filter, View};
use crate::index::{LineIndex, Progress};
use crate::source::Source;
use crate::tasks::Tasks;

/// How long counting waits after a read has failed, unless the source grows before.
const RETRY: Duration = Duration::from_secs(2);

/// The views of a source that somebody holds.
#[derive(Debug)]
pub struct Views {
    source: Arc<dyn Source>,
    index: Arc<LineIndex>,
    len: AtomicU64,
    views: Mutex<HashMap<String, Weak<View>>>,
}

impl Views {
    /// No views yet; `index` is of the same source.
    pub fn new(source: Arc<dyn Source>, index: Arc<LineIndex>) -> Self {
        Self { source, index, len: AtomicU64::new(0), views: Mutex::default() }
    }

    /// The view of `filter`, shared with everybody who holds one of an equal filter. It is counted in the background from
    /// now on and kept up to date, until the last holder drops it.
    pub fn get(&self, filter: &Filter, tasks: &Tasks) -> Arc<View> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = views.get(filter.key()).and_then(Weak::upgrade) {
            return view;
        }
        views.retain(|_, view| view.strong_count() > 0);
        let view = View::usual(Arc::clone(&self.source), Arc::clone(&self.index), filter.clone());
        let view = Arc::new(view);
        let targets = view.counts().targets();
        view.counts().grow_to(self.len.load(Ordering::Acquire));
        tasks.spawn(keep_counting(Arc::clone(view.counts()), filter.is_everything(), targets, tasks.clone()));
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
        self.len.fetch_max(len.get(), Ordering::AcqRel);
        for view in views.values().filter_map(Weak::upgrade) {
            view.counts().grow_to(len.get());
        }
    }
}

/// Counts until the view is dropped or the server ends.
async fn keep_counting(counts: Arc<Counts>, is_everything: bool, mut targets: watch::Receiver<u64>, tasks: Tasks) {
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
        let retry = if progress == Progress::Stalled { RETRY } else { Duration::MAX };
        tokio::select! {
            () = stopping.cancelled() => {}
            _ = targets.changed() => {}
            _ = totals.changed(), if is_everything => {}
            () = tokio::time::sleep(retry), if progress == Progress::Stalled => {}
        }
    }
}
