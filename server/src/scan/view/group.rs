//! Views that a piece of work is done for: one, or several that stand at the same place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::Filter;
use super::super::budget::Cancel;
use super::super::span::Asker;
use super::super::units::Ground;
use super::counts::Counts;

/// A view that something is found out for.
#[derive(Clone, Debug)]
pub(in crate::scan) struct Waiting {
    pub(super) counts: Arc<Counts>,
    /// Set when what is found out is of no use to it any more.
    pub(super) is_void: Arc<AtomicBool>,
}

/// Views of one source, with blocks of one size, all counted up to the same place. Never none.
#[derive(Debug)]
pub(in crate::scan) struct Group {
    first: Waiting,
    all: Vec<Waiting>,
}

impl Group {
    /// Those views; `None` without any.
    pub(in crate::scan) fn new(all: Vec<Waiting>) -> Option<Arc<Self>> {
        let first = all.first()?.clone();
        Some(Arc::new(Self { first, all }))
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> &[Waiting] {
        &self.all
    }

    /// One that knows what all know alike.
    pub(super) fn first(&self) -> &Counts {
        &self.first.counts
    }

    /// What they are counted on.
    pub(super) fn ground(&self) -> Ground<'_> {
        self.first.counts.ground()
    }

    /// How much of the source all of them know of.
    pub(super) fn target(&self) -> u64 {
        let targets = self.all.iter().map(|waiting| waiting.counts.target());
        targets.min().unwrap_or(0)
    }

    /// How many bytes may be looked through for all of them.
    pub(super) fn may_read(&self) -> u64 {
        self.all.iter().map(|waiting| waiting.counts.may_read()).min().unwrap_or(0)
    }
}

/// Nobody waits any more.
impl Cancel for Group {
    fn is_set(&self) -> bool {
        self.all.iter().all(Asker::is_gone)
    }
}

impl Waiting {
    /// A view, until `is_void` is set.
    pub(in crate::scan) fn new(counts: &Arc<Counts>, is_void: &Arc<AtomicBool>) -> Self {
        Self { counts: Arc::clone(counts), is_void: Arc::clone(is_void) }
    }
}

impl Asker for Waiting {
    fn filter(&self) -> &Filter {
        self.counts.filter()
    }

    fn is_gone(&self) -> bool {
        self.counts.is_dropped() || self.is_void.load(Ordering::Relaxed)
    }
}
