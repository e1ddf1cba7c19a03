//! The zone of times that do not tell theirs.

use super::Stamp;
use super::reader::NANOS;

/// What the clocks of a place were ahead of UTC, and since when. The core knows no zone by name: the server makes one
/// of the zones that it knows, the page of the browser's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Seconds east of Greenwich before the first step.
    first: i32,
    /// In their order.
    steps: Vec<ZoneStep>,
}

/// A change of a zone's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneStep {
    /// From when on.
    pub from: Stamp,
    /// Seconds east of Greenwich since then.
    pub offset_secs: i32,
}

impl Zone {
    /// Always UTC.
    pub const UTC: Self = Self::fixed(0);

    /// Always this many seconds east of Greenwich.
    pub const fn fixed(offset_secs: i32) -> Self {
        Self { first: offset_secs, steps: Vec::new() }
    }

    /// With changes: what holds before the first of them, and all of them in their order.
    pub fn with_steps(first_offset_secs: i32, mut steps: Vec<ZoneStep>) -> Self {
        steps.sort_by_key(|step| step.from);
        Self { first: first_offset_secs, steps }
    }

    /// Seconds east of Greenwich then.
    pub fn offset_at(&self, stamp: Stamp) -> i32 {
        self.steps.iter().rev().find(|step| step.from <= stamp).map_or(self.first, |step| step.offset_secs)
    }

    /// Seconds east of Greenwich when the clocks show this, in nanoseconds as if it were UTC. Of an hour that comes twice
    /// it is the first; an hour that is left out is counted from before.
    pub(super) fn offset_of_local(&self, local_nanos: i64) -> i32 {
        for (idx, step) in self.steps.iter().enumerate().rev() {
            let before = idx.checked_sub(1).and_then(|idx| self.steps.get(idx)).map_or(self.first, |s| s.offset_secs);
            let ahead = i64::from(before.max(step.offset_secs)) * NANOS;
            if local_nanos >= step.from.nanos().saturating_add(ahead) {
                return step.offset_secs;
            }
        }
        self.first
    }
}
