//! What an index does with kept counts: goes on from those of an earlier start, and keeps its own from time to time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use super::kept::KeptCounts;
use super::{BLOCK_BYTES, LineIndex, lock};

/// Logs shorter than this are counted as quickly as what is kept of them is compared.
pub(super) const LEAST_BYTES: u64 = 64 * 1024 * 1024;

/// A growing log's counts are kept again when so much came, or this part of what is kept: at most a fifth of what they
/// cover is to be counted after a server that was killed.
const MORE_BYTES: u64 = LEAST_BYTES;
const MORE_PART: u64 = 4;

/// At the end, less than this is not worth it: it is read as quickly as it was compared.
const LAST_BYTES: u64 = 4 * BLOCK_BYTES;

/// Where an index keeps its counts.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    folder: OnceLock<KeptCounts>,
    has_looked: AtomicBool,
    /// How far the counts are kept. Held while they are being kept.
    kept_to: Mutex<u64>,
}

impl LineIndex {
    /// Goes on from counts that are kept there, and keeps them there: those of files, which outlive the server. Once only.
    pub fn keep_in(&self, folder: &KeptCounts) {
        if self.keeper.folder.get().is_none() && self.source.modified_ns().is_some() {
            // Somebody else may have been faster, with the same.
            let _ = self.keeper.folder.set(folder.clone());
        }
    }

    /// Whether [`LineIndex::build`] has something to do: to count or to keep.
    pub fn has_work(&self) -> bool {
        self.behind().get() > 0 || self.is_worth_keeping()
    }

    /// Keeps what is counted, because the index may be held no more soon. Blocks.
    pub fn keep(&self) {
        self.keep_if_more(LAST_BYTES);
    }

    /// Goes on from what is kept, once, before anything is counted. Blocks.
    pub(super) fn take_up(&self) {
        let Some(folder) = self.keeper.folder.get() else { return };
        let (done, target) = self.read(|counts| (counts.done(), counts.target()));
        if self.sizes.block != BLOCK_BYTES || done > 0 || target < LEAST_BYTES {
            return;
        }
        if self.keeper.has_looked.swap(true, Ordering::Relaxed) {
            return;
        }
        let Some(kept) = folder.load(self.source.as_ref()) else { return };
        *lock(&self.keeper.kept_to) = kept.done;
        let _one_at_a_time = lock(&self.counting);
        self.write(|counts| counts.take_up(kept));
        self.publish();
    }

    /// Keeps what is counted, when enough came since it was kept. Blocks.
    pub(super) fn keep_when_worth(&self) {
        self.keep_if_more(self.worth());
    }

    fn keep_if_more(&self, least: u64) {
        let Some(folder) = self.keeper.folder.get() else { return };
        let mut kept_to = lock(&self.keeper.kept_to);
        let done = self.read(super::counts::Counts::done);
        if self.sizes.block != BLOCK_BYTES || done < LEAST_BYTES || done < kept_to.saturating_add(least) {
            return;
        }
        let (feeds, whole) = self.read(super::counts::Counts::whole_blocks);
        folder.save(self.source.as_ref(), &feeds, whole);
        // Also when it failed: it is not tried again with every line.
        *kept_to = whole;
    }

    fn is_worth_keeping(&self) -> bool {
        // While they are being kept they need not be kept.
        let Ok(kept_to) = self.keeper.kept_to.try_lock().map(|kept_to| *kept_to) else { return false };
        let done = self.read(super::counts::Counts::done);
        self.keeper.folder.get().is_some() && done >= LEAST_BYTES && done >= kept_to.saturating_add(more_than(kept_to))
    }

    fn worth(&self) -> u64 {
        more_than(*lock(&self.keeper.kept_to))
    }
}

fn more_than(kept_to: u64) -> u64 {
    MORE_BYTES.max(kept_to / MORE_PART)
}
