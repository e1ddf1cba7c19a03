//! What is visible, and rows around it: asking on until the screen and a margin are full, and dropping what is far away.

use super::{EDGE_ROWS, Effect, Follow, WindowChange};
use crate::wire::MAX_SPAN_ROWS;

/// The rows of a screen, while the page has not said more.
const SCREEN_ROWS: usize = 60;

impl Follow {
    pub(super) fn looking(&mut self, first: usize, last: usize, out: &mut Vec<Effect>) {
        self.note_move(first, last);
        self.looking = self.window.key(first).zip(self.window.key(last));
        self.screen_rows = self.screen_rows.max(last.saturating_sub(first) + 1);
        if !self.following {
            self.seen_down_to(last, out);
        }
        if self.is_restrained() {
            return;
        }
        if first < EDGE_ROWS {
            self.ask_above(out);
        }
        if last.saturating_add(EDGE_ROWS) >= self.window.len() {
            self.ask_below(out);
        }
    }

    /// Asks on where a filter's page has brought less than the screen and its margins take. Not when these rows alone
    /// would evict one another.
    pub(super) fn fill(&mut self, out: &mut Vec<Effect>) {
        if self.filters.in_force().is_none() || !self.window.has_room() || self.is_restrained() {
            return;
        }
        let (first, last) = self.visible();
        if first < EDGE_ROWS {
            self.ask_above(out);
        }
        if last.saturating_add(EDGE_ROWS) >= self.window.len() {
            self.ask_below(out);
        }
    }

    /// Whether rows that are missing on the screen are still being looked for.
    pub fn is_filling(&self) -> bool {
        if self.filters.is_waiting() {
            return true;
        }
        if self.filters.in_force().is_none() {
            return false;
        }
        let (len, (first, _)) = (self.window.len(), self.visible());
        self.requests.waits_for_rows()
            || (self.requests.waits_for_above() && len < self.screen())
            || (self.requests.waits_for_below() && len - first.min(len) < self.screen())
    }

    /// The indexes of the first and the last visible item, as far as they are known; the last may be beyond the end.
    pub(super) fn visible(&self) -> (usize, usize) {
        let (len, screen) = (self.window.len(), self.screen());
        if self.is_pinned() {
            return (len.saturating_sub(screen), len.saturating_sub(1));
        }
        let looked_at = self.looking.and_then(|(first, last)| {
            self.window.index_of(first).zip(self.window.index_of(last)).filter(|(first, last)| first <= last)
        });
        looked_at.unwrap_or((0, screen - 1))
    }

    fn screen(&self) -> usize {
        self.screen_rows.clamp(SCREEN_ROWS, MAX_SPAN_ROWS)
    }

    /// Brings the window into its budget, away from what the user looks at.
    pub(super) fn evict(&mut self, out: &mut Vec<Effect>) {
        let len = self.window.len();
        let visible = self.looking.and_then(|(first, last)| {
            self.window.index_of(first).zip(self.window.index_of(last)).filter(|(first, last)| first <= last)
        });
        let (first, last) = match visible {
            Some(visible) if !self.is_pinned() => visible,
            None if !self.is_pinned() => (0, 0),
            _ => (len.saturating_sub(EDGE_ROWS), len),
        };
        let gone = self.window.evict(first, last);
        if gone.front > 0 {
            out.push(Effect::Window(WindowChange::EvictedFront(gone.front)));
        }
        if gone.back > 0 {
            out.push(Effect::Window(WindowChange::EvictedBack(gone.back)));
        }
    }
}
