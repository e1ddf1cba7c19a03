//! Searches that stand stopped: nothing is looked for by itself then beyond a first screen, until the user asks for it.

use super::{Effect, Follow};
use crate::cursor::Generation;
use crate::line::ByteOffset;
use crate::wire::{ClientMsg, Levels, Matched, Tip, Wished};

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

/// The counts of what is shown, of what is found and of the levels, by where they stand; `None` for one that does not.
type Stands = [Option<ByteOffset>; 3];

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
    /// The counters that were answered.
    answered: (Option<Tip>, Option<Levels>),
}

impl Continued {
    /// The user has those go on that stand there.
    fn go_on(&mut self, of: Generation, stands: Stands) {
        if self.of.replace(of) != Some(of) {
            (self.from, self.said) = Default::default();
        }
        for (from, stand) in self.from.iter_mut().zip(stands) {
            *from = (*from).max(stand);
        }
    }

    /// Whether one stands where the user has had it go on already, and this connection has not said so.
    fn is_to_be_said(&self, of: Generation, stands: Stands) -> bool {
        let mut stands = stands.into_iter().zip(self.from).zip(self.said);
        self.of == Some(of) && stands.any(|((stand, from), said)| stand.is_some() && stand <= from && stand != said)
    }
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
        self.tip.filter(|_| self.restraint.continued.answered.0 != self.tip)?.stopped()
    }

    /// The counts of levels, where they stand stopped in the same way.
    pub fn stopped_levels(&self) -> Option<Levels> {
        let levels = self.levels().filter(|levels| levels.stopped);
        levels.filter(|_| self.restraint.continued.answered.1 != levels)
    }

    /// Where counts stand stopped, and of which generation they are.
    fn stands(&self) -> Option<(Generation, Stands)> {
        let tip = self.tip?;
        let at = |matched: Matched| matched.stopped.then_some(matched.scanned);
        let levels = self.levels().filter(|levels| levels.stopped).map(|levels| levels.scanned);
        Some((tip.generation, [tip.shown.and_then(at), tip.found.and_then(|found| at(found.matched)), levels]))
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
        if let Some((of, stands)) = self.stands() {
            self.restraint.continued.go_on(of, stands);
        }
        self.say_go_on(out);
        self.fill(out);
    }

    fn say_go_on(&mut self, out: &mut Vec<Effect>) {
        self.restraint.continued.answered = (self.tip, self.levels());
        if let Some((_, stands)) = self.stands().filter(|_| self.link.is_open()) {
            self.restraint.continued.said = stands;
            out.push(Effect::Send(ClientMsg::Continue));
        }
    }

    /// The next connection has been told nothing.
    pub(super) fn forget_continued(&mut self) {
        self.restraint.continued.said = Stands::default();
    }

    /// Something else is found, or shown and found: nobody has had that go on.
    pub(super) fn forget_counts(&mut self, is_shown: bool) {
        let [shown, found, _] = &mut self.restraint.continued.from;
        (*shown, *found) = (shown.filter(|_| !is_shown), None);
    }

    /// Nobody looks at levels any more, or somebody begins to.
    pub(super) fn forget_levels(&mut self) {
        let [.., levels] = &mut self.restraint.continued.from;
        *levels = None;
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
        let is_to_be_said = |(of, stands)| self.restraint.continued.is_to_be_said(of, stands);
        if self.link.is_open() && self.stands().is_some_and(is_to_be_said) {
            self.restraint.goes_on = true;
            self.say_go_on(out);
            self.fill(out);
        }
    }
}
