//! Counts that still grow, as they are shown: never below what is here, or was known before of the same.
//!
//! The server begins to count where somebody has it go on, and after a lost connection from the start: what it says then
//! is right, and less than what everybody sees.

use super::Follow;
use crate::cursor::Generation;
use crate::line::{ByteOffset, LineCount};
use crate::wire::{Matched, Tip};

/// How many lines are shown and found in a generation at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Floors {
    pub(super) of: Option<Generation>,
    shown: LineCount,
    found: LineCount,
}

impl Floors {
    /// Something else is found, or shown and found.
    pub(super) fn forget(&mut self, is_shown: bool) {
        *self = Self { shown: if is_shown { LineCount::ZERO } else { self.shown }, found: LineCount::ZERO, ..*self };
    }
}

impl Follow {
    /// The counters as they are to be shown.
    pub fn counted(&self) -> Option<Tip> {
        let mut tip = self.tip?;
        let floors = Some(self.floors).filter(|floors| floors.of == Some(tip.generation)).unwrap_or_default();
        if let Some(shown) = &mut tip.shown {
            raise(shown, floors.shown);
        }
        if let Some(found) = &mut tip.found {
            raise(&mut found.matched, floors.found);
        }
        Some(tip)
    }

    /// Learns from what is here now; and from the counters if they `are_told` now, since those from before may be of
    /// another filter or term.
    pub(super) fn raise_floors(&mut self, are_told: bool) {
        let Some(tip) = self.tip else { return };
        let mut floors = Some(self.floors).filter(|floors| floors.of == Some(tip.generation)).unwrap_or_default();
        floors.of = Some(tip.generation);
        // Until the rows of a newer filter are here, a count may be of those.
        if !self.filters.is_waiting() {
            learn(&mut floors.shown, tip.shown.map(|shown| (shown, are_told)), || {
                self.window.lines_from(self.window.first().max((tip.generation, ByteOffset::ZERO)))
            });
            // Hits in the rows around the matches of a filter do not count.
            let has_context = self.filter().is_some_and(|filter| filter.ctx > 0);
            // What is told while a term is on its way may be of the one before.
            let are_told = are_told && self.finding.is_settled();
            learn(&mut floors.found, tip.found.map(|found| (found.matched, are_told)), || match has_context {
                true => LineCount::ZERO,
                false => self.spans.n_found(tip.generation),
            });
        }
        self.floors = floors;
    }
}

fn raise(matched: &mut Matched, floor: LineCount) {
    if !matched.exact {
        matched.count = matched.count.max(floor);
    }
}

/// `matched`: what the counter says, and whether it is to be learnt from.
fn learn(floor: &mut LineCount, matched: Option<(Matched, bool)>, here: impl FnOnce() -> LineCount) {
    match matched {
        Some((Matched { exact: true, count, .. }, true)) => *floor = count,
        Some((Matched { exact: true, .. }, false)) | None => {}
        Some((Matched { count, .. }, is_told)) => {
            let told = if is_told { count } else { LineCount::ZERO };
            *floor = (*floor).max(told).max(here());
        }
    }
}
