//! Searches that stand stopped: nothing is looked for by itself then beyond a first screen, until the user asks for it.

use super::{Effect, Follow};
use crate::wire::{ClientMsg, Matched};

/// How much of the file the rows on hand are looked for in, in bytes, while nobody asks for more: as much as the server
/// looks through for the screen that a link opens with.
const FIRST_SCREEN_BYTES: u64 = 64 << 20;

#[derive(Debug, Default)]
pub(super) struct Restraint {
    /// The user has asked for what is shown and found: it is not only what a link says.
    is_wished: bool,
    was_stopped: bool,
    /// The user has gone on since it stands stopped: rows are wanted that are not here.
    goes_on: bool,
    /// These rows have been seen: what is seen next is where the user went.
    has_looked: bool,
}

impl Follow {
    /// The count that stands stopped until [`Input::Continue`](super::Input::Continue), if one does.
    pub fn stopped(&self) -> Option<Matched> {
        let found = self.found().map(|found| found.matched);
        found.into_iter().chain(self.shown()).find(|matched| matched.stopped)
    }

    /// Whether the user has asked for what is shown and found.
    pub(super) fn is_wished(&self) -> bool {
        self.restraint.is_wished
    }

    /// The user asks for what is shown and found.
    pub(super) fn wish(&mut self) {
        (self.restraint.is_wished, self.restraint.goes_on) = (true, true);
    }

    /// The user wants rows that may not be here.
    pub(super) fn want_rows(&mut self) {
        self.restraint.goes_on = true;
    }

    /// Has the counts go on that stand stopped.
    pub(super) fn go_on(&mut self, out: &mut Vec<Effect>) {
        self.wish();
        if self.link.is_open() {
            out.push(Effect::Send(ClientMsg::Continue));
        }
        self.fill(out);
    }

    /// Whether no rows are asked for but those that the user goes to.
    pub(super) fn is_restrained(&self) -> bool {
        let (first, end) = (self.window.first(), self.window.end());
        let covered = if first.0 == end.0 { end.1 - first.1 } else { end.1 - crate::line::ByteOffset::ZERO };
        let is_stopped = self.shown().is_some_and(|shown| shown.stopped);
        is_stopped && !self.restraint.goes_on && covered.get() >= FIRST_SCREEN_BYTES
    }

    /// Other rows are shown.
    pub(super) fn forget_look(&mut self) {
        self.restraint.has_looked = false;
    }

    /// The rows from `first` on to `last` are visible now: the user has moved when they were others before, and there are
    /// more than the screen takes.
    pub(super) fn note_move(&mut self, first: usize, last: usize) {
        let is_first_look = !std::mem::replace(&mut self.restraint.has_looked, true);
        let is_other = self.window.key(first) != self.looking.map(|(first, _)| first);
        let is_more = self.window.len() > last.saturating_sub(first) + 1;
        self.restraint.goes_on |= !is_first_look && is_other && is_more && !self.is_pinned();
    }

    /// Rows that are missing are looked for again when a count does not stand stopped any more, whoever has it go on.
    pub(super) fn settle_restraint(&mut self, out: &mut Vec<Effect>) {
        let is_stopped = self.shown().is_some_and(|shown| shown.stopped);
        match (std::mem::replace(&mut self.restraint.was_stopped, is_stopped), is_stopped) {
            (false, true) => self.restraint.goes_on = false,
            (true, false) => self.fill(out),
            _ => {}
        }
    }
}
