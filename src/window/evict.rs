//! How lines leave a window: from the end that is farther from what the user looks at.

use super::LineWindow;
use super::rows::Entry;
use crate::line::LineCount;

/// How many items left, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evicted {
    /// In front: all indexes move down by it.
    pub front: usize,
    /// At the end.
    pub back: usize,
}

impl LineWindow {
    /// Brings the window back into its budget without touching items `first` to `last`, from the end that is farther
    /// from them. It goes an eighth below the budget, so that not every frame evicts.
    pub fn evict(&mut self, first: usize, last: usize) -> Evicted {
        let mut gone = Evicted::default();
        if self.bytes <= self.budget {
            return gone;
        }
        let goal = self.budget - self.budget / 8;
        let last = last.min(self.len().saturating_sub(1));
        let mut above = first.min(last);
        let mut below = self.len().saturating_sub(1) - last;
        while self.bytes > goal && (above > 0 || below > 0) {
            if above >= below {
                self.pop_front();
                above -= 1;
                gone.front += 1;
            } else {
                self.pop_back();
                below -= 1;
                gone.back += 1;
            }
        }
        gone
    }

    fn pop_front(&mut self) {
        let Some(entry) = self.entries.pop_front() else { return };
        self.bytes -= entry.cost();
        self.origin += 1;
        // Up to the line that goes nothing is shown, so a page above needs to be read from its end only.
        let after = match &entry {
            Entry::Line(line) => (line.generation, line.end),
            Entry::Divider { after, .. } => *after,
        };
        self.head = after.min(self.tail);
        if matches!(entry, Entry::Line(_))
            && let Some(run) = self.runs.front_mut()
        {
            run.first += 1;
            run.first_line = run.first_line.map(|line| line + LineCount::new(1));
        }
        while self.runs.get(1).is_some_and(|run| run.first <= self.origin) {
            self.runs.pop_front();
        }
    }

    fn pop_back(&mut self) {
        let Some(entry) = self.entries.pop_back() else { return };
        self.bytes -= entry.cost();
        let end = self.origin + self.entries.len() as i64;
        while self.runs.back().is_some_and(|run| run.first >= end) {
            self.runs.pop_back();
        }
        self.tail = match (entry, self.entries.back()) {
            (Entry::Line(line), _) => (line.generation, line.offset),
            (Entry::Divider { .. }, Some(Entry::Line(above))) if !above.finished => (above.generation, above.offset),
            (Entry::Divider { before, .. }, _) => before,
        };
    }
}
