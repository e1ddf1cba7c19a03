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

    /// Learns from what is here now.
    pub(super) fn raise_floors(&mut self) {
        let Some(tip) = self.tip else { return };
        let mut floors = Some(self.floors).filter(|floors| floors.of == Some(tip.generation)).unwrap_or_default();
        floors.of = Some(tip.generation);
        // Until the rows of a newer filter are here, a count may be of those.
        if !self.filters.is_waiting() {
            learn(&mut floors.shown, tip.shown, || {
                self.window.lines_from(self.window.first().max((tip.generation, ByteOffset::ZERO)))
            });
            // Hits in the rows around the matches of a filter do not count.
            let has_context = self.filter().is_some_and(|filter| filter.ctx > 0);
            learn(&mut floors.found, tip.found.map(|found| found.matched), || match has_context {
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

fn learn(floor: &mut LineCount, matched: Option<Matched>, here: impl FnOnce() -> LineCount) {
    match matched {
        Some(matched) if matched.exact => *floor = matched.count,
        Some(matched) => *floor = (*floor).max(matched.count).max(here()),
        None => {}
    }
}
