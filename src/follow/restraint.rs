//! Searches that stand stopped: nothing is looked for by itself then beyond a first screen, until the user asks for it.

use super::{Effect, Follow};
use crate::cursor::Generation;
use crate::line::ByteOffset;
use crate::wire::{ClientMsg, Matched, Tip, Wished};

/// How much of the file the rows on hand are looked for in, in bytes, while nobody asks for more: as much as the server
/// looks through for the screen that a link opens with.
const FIRST_SCREEN_BYTES: u64 = 64 << 20;

/// How much more of it after each move of the user, in bytes: a second or two of waiting, and no whole file.
const MOVE_BYTES: u64 = 1 << 30;

#[derive(Debug)]
pub(super) struct Restraint {
    /// What the user has asked for: it is not only what a link says.
    wished: Wished,
    was_stopped: bool,
    /// The generation in which it stood stopped last.
    stopped_in: Option<Generation>,
    /// The user has had it go on since it stands stopped.
    goes_on: bool,
    /// How much of the file the rows on hand may cover.
    allowed: u64,
    /// The user has asked for the rows that come next.
    has_asked: bool,
    /// These rows have been seen: what is seen next is where the user went.
    has_looked: bool,
    continued: Continued,
}

/// The counts of what is shown and of what is found, by where they stand; `None` for one that does not.
type Stands = [Option<ByteOffset>; 2];

/// What the user has had go on. A lost connection may cost the server's counts: they begin at 0 again, and go on by
/// themselves up to where the user had them go on last, and once from there.
#[derive(Debug, Default)]
struct Continued {
    /// In this generation.
    of: Option<Generation>,
    /// From there, the farthest.
    from: Stands,
    /// Where they stood when this connection had them go on last.
    said: Stands,
    /// The counters that the user has answered.
    answered: Option<Tip>,
}

impl Continued {
    /// The user has those go on that stand stopped.
    fn go_on(&mut self, tip: &Tip) {
        if self.of.replace(tip.generation) != Some(tip.generation) {
            (self.from, self.said) = Default::default();
        }
        for (from, stand) in self.from.iter_mut().zip(stands(tip)) {
            *from = (*from).max(stand);
        }
        self.answered = Some(*tip);
    }

    /// Whether one stands where the user has had it go on already, and this connection has not said so.
    fn is_to_be_said(&self, tip: &Tip) -> bool {
        let mut stands = stands(tip).into_iter().zip(self.from).zip(self.said);
        self.of == Some(tip.generation)
            && stands.any(|((stand, from), said)| stand.is_some() && stand <= from && stand != said)
    }
}

/// Where counts stand stopped.
fn stands(tip: &Tip) -> Stands {
    let found = tip.found.map(|found| found.matched);
    [tip.shown, found].map(|matched| matched.filter(|matched| matched.stopped).map(|matched| matched.scanned))
}

impl Default for Restraint {
    fn default() -> Self {
        Self {
            wished: Wished::default(),
            was_stopped: false,
            stopped_in: None,
            goes_on: false,
            allowed: FIRST_SCREEN_BYTES,
            has_asked: false,
            has_looked: false,
            continued: Continued::default(),
        }
    }
}

impl Follow {
    /// The count that stands stopped until [`Input::Continue`](super::Input::Continue), if one does.
    pub fn stopped(&self) -> Option<Matched> {
        self.tip.filter(|tip| self.restraint.continued.answered != Some(*tip))?.stopped()
    }

    /// What the user has asked for of what is shown and found.
    pub(super) fn wished(&self) -> Wished {
        self.restraint.wished
    }

    /// What is shown now is what the user has asked for.
    pub(super) fn wish_shown(&mut self) {
        (self.restraint.wished.filter, self.restraint.goes_on) = (true, true);
    }

    /// Whether the find term is what the user has asked for.
    pub(super) fn wish_find(&mut self, is_wished: bool) {
        self.restraint.wished.find = is_wished;
    }

    /// The user wants rows that may not be here.
    pub(super) fn want_rows(&mut self) {
        self.restraint.has_asked = true;
        self.allow_more();
    }

    fn allow_more(&mut self) {
        self.restraint.allowed = self.covered().saturating_add(MOVE_BYTES);
    }

    /// How much of the file the rows on hand cover, in bytes; more than any file is long where they are of several.
    fn covered(&self) -> u64 {
        let (first, end) = (self.window.first(), self.window.end());
        if first.0 == end.0 { (end.1 - first.1).get() } else { u64::MAX }
    }

    /// Whether the rows on hand are all that the filter shows of the file: no count knows more.
    pub fn is_all_here(&self) -> bool {
        let (first, end) = (self.window.first(), self.window.end());
        let is_all = |tip: Tip| first == (tip.generation, ByteOffset::ZERO) && end >= (tip.generation, tip.complete);
        self.tip.is_some_and(is_all)
    }

    /// Whether what is above the rows on hand was not looked through to its end: where a file was rotated meanwhile, that
    /// is the old one.
    fn is_stopped(&self) -> bool {
        let (first, current) = (self.window.first().0, self.tip.map(|tip| tip.generation));
        let is_above = self.restraint.stopped_in == Some(first) && current.is_some_and(|current| current != first);
        is_above || self.shown().is_some_and(|shown| shown.stopped)
    }

    /// Generations are numbered anew.
    pub(super) fn relabel_restraint(&mut self, moved: impl Fn(Generation) -> Generation) {
        self.restraint.stopped_in = self.restraint.stopped_in.map(&moved);
        self.restraint.continued.of = self.restraint.continued.of.map(moved);
    }

    /// Has the counts go on that stand stopped: as soon as the connection is there.
    pub(super) fn go_on(&mut self, out: &mut Vec<Effect>) {
        (self.restraint.wished, self.restraint.goes_on) = (Wished::ALL, true);
        if let Some(tip) = &self.tip {
            self.restraint.continued.go_on(tip);
        }
        self.say_go_on(out);
        self.fill(out);
    }

    fn say_go_on(&mut self, out: &mut Vec<Effect>) {
        if let Some(tip) = self.tip.filter(|_| self.link.is_open()) {
            let continued = &mut self.restraint.continued;
            (continued.said, continued.answered) = (stands(&tip), Some(tip));
            out.push(Effect::Send(ClientMsg::Continue));
        }
    }

    /// The next connection has been told nothing.
    pub(super) fn forget_continued(&mut self) {
        self.restraint.continued.said = Stands::default();
    }

    /// Something else is found, or shown and found: nobody has had that go on.
    pub(super) fn forget_counts(&mut self, is_shown: bool) {
        let [shown, found] = &mut self.restraint.continued.from;
        (*shown, *found) = (shown.filter(|_| !is_shown), None);
    }

    /// Whether no rows are asked for but those that the user goes to.
    pub(super) fn is_restrained(&self) -> bool {
        self.is_stopped() && !self.restraint.goes_on && self.covered() >= self.restraint.allowed
    }

    /// Other rows are shown.
    pub(super) fn forget_look(&mut self) {
        self.restraint.has_looked = false;
        let has_asked = std::mem::take(&mut self.restraint.has_asked);
        self.restraint.allowed = if has_asked { MOVE_BYTES } else { FIRST_SCREEN_BYTES };
    }

    /// The rows from `first` on to `last` are visible now: the user has moved when they were others before, and there are
    /// more than the screen takes.
    pub(super) fn note_move(&mut self, first: usize, last: usize) {
        let is_first_look = !std::mem::replace(&mut self.restraint.has_looked, true);
        let is_other = self.window.key(first) != self.looking.map(|(first, _)| first);
        let is_more = self.window.len() > last.saturating_sub(first) + 1;
        if !is_first_look && is_other && is_more && !self.is_pinned() {
            self.allow_more();
        }
    }

    /// Rows that are missing are looked for again when a count does not stand stopped any more, whoever has it go on.
    pub(super) fn settle_restraint(&mut self, out: &mut Vec<Effect>) {
        if let Some(tip) = self.tip.filter(|_| self.shown().is_some_and(|shown| shown.stopped)) {
            self.restraint.stopped_in = Some(tip.generation);
        }
        let is_stopped = self.is_stopped();
        match (std::mem::replace(&mut self.restraint.was_stopped, is_stopped), is_stopped) {
            (false, true) => self.restraint.goes_on = false,
            (true, false) => self.fill(out),
            _ => {}
        }
        if self.link.is_open() && self.tip.is_some_and(|tip| self.restraint.continued.is_to_be_said(&tip)) {
            self.restraint.goes_on = true;
            self.say_go_on(out);
            self.fill(out);
        }
    }
}
