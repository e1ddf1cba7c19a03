//! How much work a scan may do.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// How much a scan may read and how long it may take. One budget can be spent by several calls. Tested every 64 KiB.
#[derive(Clone, Debug)]
pub struct Budget {
    left: Cell<u64>,
    until: Option<Instant>,
    cancel: Option<Arc<dyn Cancel>>,
}

/// What tells a scan that nobody wants it any more. Once set, it stays so.
pub(super) trait Cancel: fmt::Debug + Send + Sync {
    /// Whether it is not wanted.
    fn is_set(&self) -> bool;
}

impl Cancel for AtomicBool {
    fn is_set(&self) -> bool {
        self.load(Ordering::Relaxed)
    }
}

impl Budget {
    /// At most about so many bytes read.
    pub fn new(bytes: u64) -> Self {
        Self { left: Cell::new(bytes), until: None, cancel: None }
    }

    /// No limit.
    pub fn unlimited() -> Self {
        Self::new(u64::MAX)
    }

    /// Not past that time.
    #[must_use]
    pub fn until(mut self, until: Instant) -> Self {
        self.until = Some(until);
        self
    }

    /// Not after that flag is set.
    #[must_use]
    pub fn cancelled_by(self, cancel: Arc<AtomicBool>) -> Self {
        self.cancelled_when(cancel)
    }

    /// As [`Budget::cancelled_by`], when that says so.
    pub(super) fn cancelled_when(mut self, cancel: Arc<dyn Cancel>) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// How many bytes may still be read.
    pub fn left(&self) -> u64 {
        self.left.get()
    }

    /// Whether there is nothing left of it.
    pub fn is_spent(&self) -> bool {
        self.left.get() == 0 || self.is_cancelled() || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Whether its flag is set.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|cancel| cancel.is_set())
    }

    /// Takes `bytes` from it.
    pub fn spend(&self, bytes: u64) {
        self.left.set(self.left.get().saturating_sub(bytes));
    }
}
