//! Find: the term in force, and going from hit to hit over the whole file, or from one row of some levels to the next.
//!
//! The server answers a seek after a bounded piece of work; it is asked on from where the answer ends. So a seek ends
//! when nothing asks on, and a lost connection costs one piece.

use super::pages::MAX_IDLE;
use super::{Effect, Follow, Notice, PAGE_ROWS, Stand};
use crate::cursor::{Anchor, Generation};
use crate::level::LevelChoice;
use crate::line::{ByteLen, ByteOffset};
use crate::window::{Item, Position};
use crate::wire::{ClientMsg, Failure, Found};

/// Steps that are remembered while the first one is on its way: on a slow line `n` `n` goes two hits.
const MAX_STEPS: u32 = 8;

/// Going to the next hit.
#[derive(Clone, Copy, Debug)]
struct Seek {
    /// Rows of these levels, and not those with the find term: there is no round then.
    levels: Option<LevelChoice>,
    down: bool,
    /// Where to look from next.
    from: Position,
    /// Where it began: a round ends there.
    origin: Position,
    wrapped: bool,
    /// Steps to go after this one.
    more: u32,
    /// Where the last of several steps has come to; it is not gone to while there is another.
    stepped_to: Option<Position>,
    /// Answers that came no further: the server has other work, too.
    n_idle: u32,
    req: Option<u32>,
}

/// What the server said to a seek.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought {
    pub(super) req: u32,
    pub(super) found: Option<ByteOffset>,
    pub(super) reached: ByteOffset,
    pub(super) at_end: bool,
}

#[derive(Debug, Default)]
pub(super) struct Finding {
    /// The term in force, as far as it is known.
    term: Option<String>,
    /// Terms sent after it that may still be refused, in order.
    sent: Vec<(u32, Option<String>)>,
    seek: Option<Seek>,
    hit: Option<Position>,
    /// The hit and the count of the term in force, and whether it was asked for, while what was sent after it may be
    /// refused.
    kept: Option<(Option<Position>, Option<Found>, bool)>,
    /// The hit is on its way into the window.
    is_coming: bool,
}

impl Finding {
    /// Begins with a term, before the connection.
    pub(super) fn begin(&mut self, term: Option<String>) {
        self.term = term;
    }

    /// The newest term.
    pub(super) fn term(&self) -> Option<&String> {
        self.sent.last().map_or(&self.term, |(_, term)| term).as_ref()
    }

    pub(super) fn current_hit(&self) -> Option<Position> {
        self.hit
    }

    pub(super) fn is_seeking(&self) -> bool {
        self.seek.is_some()
    }

    /// No answer will come any more: the next connection begins with the newest term, and the seek goes on.
    pub(super) fn forget(&mut self) {
        if let Some((_, term)) = self.sent.drain(..).next_back() {
            self.term = term;
        }
        self.kept = None;
        if let Some(seek) = &mut self.seek {
            (seek.req, seek.more) = (None, 0);
        }
    }

    /// Gives generations new numbers.
    pub(super) fn relabel(&mut self, new: impl Fn(Generation) -> Generation) {
        if let Some(seek) = &mut self.seek {
            let places = [&mut seek.from, &mut seek.origin];
            places.into_iter().chain(&mut seek.stepped_to).for_each(|place| place.0 = new(place.0));
        }
        if let Some(hit) = &mut self.hit {
            hit.0 = new(hit.0);
        }
    }

    /// Whether the newest term is in force.
    pub(super) fn is_settled(&self) -> bool {
        self.sent.is_empty()
    }

    /// An answer to a later request: the terms before it were not refused. Says whether the newest is in force now.
    fn accept_before(&mut self, req: u32) -> bool {
        let n_accepted = self.sent.iter().take_while(|(sent, _)| *sent < req).count();
        let Some((_, term)) = self.sent.drain(..n_accepted).next_back() else { return false };
        self.term = term;
        self.kept = None;
        self.sent.is_empty()
    }
}

impl Follow {
    /// Wants another term to be found.
    pub(super) fn set_find(&mut self, term: Option<String>, out: &mut Vec<Effect>) {
        let term = term.filter(|term| !term.trim().is_empty());
        if self.finding.term() == term.as_ref() {
            if self.finding.sent.is_empty() {
                out.push(Effect::Accepted { find: true });
            }
            return;
        }
        self.cancel_seek();
        let was_wished = self.wished().find;
        if term.is_some() {
            self.wish_find(true);
        }
        self.forget_counts(false);
        self.floors.forget(false);
        let hit = self.finding.hit.take();
        self.spans.clear();
        self.overview.clear_marks();
        let found = self.tip.as_mut().and_then(|tip| tip.found.take());
        if self.finding.sent.is_empty() {
            self.finding.kept = Some((hit, found, was_wished));
        }
        if self.link.is_listening() {
            let req = self.requests.next();
            out.push(Effect::Send(ClientMsg::Find { req, term: term.clone() }));
            self.finding.sent.push((req, term));
        } else {
            self.finding.term = term;
        }
        if self.finding.term().is_none() {
            self.find_accepted(u32::MAX, out);
        }
    }

    /// The server has answered request `req`, or counts what is found: terms sent before are in force.
    pub(super) fn find_accepted(&mut self, req: u32, out: &mut Vec<Effect>) {
        if self.finding.accept_before(req) {
            out.push(Effect::Accepted { find: true });
        }
    }

    /// A count of hits can be of an older term; without an older one, and where nothing else would tell, it is an answer.
    pub(super) fn find_counted(&mut self, out: &mut Vec<Effect>) {
        if self.finding.term.is_none() || self.window.is_empty() {
            self.find_accepted(u32::MAX, out);
        }
    }

    /// A term is not in force, the one before it is. Says whether it was the newest.
    pub(super) fn find_failed(&mut self, req: u32) -> bool {
        self.spans.clear();
        self.overview.clear_marks();
        self.cancel_seek();
        if req == 0 {
            self.finding.term = None;
            return self.finding.sent.is_empty();
        }
        let is_newest = self.finding.sent.last().is_some_and(|(sent, _)| *sent == req);
        self.finding.sent.retain(|(sent, _)| *sent != req);
        if self.finding.sent.is_empty()
            && let Some((hit, found, was_wished)) = self.finding.kept.take()
        {
            self.finding.hit = hit;
            self.wish_find(was_wished);
            if let Some(tip) = self.tip.as_mut().filter(|tip| tip.found.is_none()) {
                tip.found = found;
            }
        }
        is_newest
    }

    /// Goes to the next hit.
    pub(super) fn seek(&mut self, down: bool, from: Option<Position>, out: &mut Vec<Effect>) {
        if self.finding.term().is_none() {
            return;
        }
        if self.has_stepped(None, down) {
            return;
        }
        let from = match self.finding.hit {
            Some(hit) if down => self.below(hit),
            Some(hit) => hit,
            None => match (from, self.tip) {
                (Some(from), _) => from,
                // Nothing is shown yet.
                (None, Some(tip)) if !self.has_page => (tip.generation, ByteOffset::ZERO),
                (None, _) => self.window.first(),
            },
        };
        self.begin_seek(None, down, from, out);
    }

    /// Goes to the next row of some levels.
    pub(super) fn seek_levels(&mut self, levels: LevelChoice, down: bool, from: Stand, out: &mut Vec<Effect>) {
        if self.has_stepped(Some(levels), down) {
            return;
        }
        let from = match (from, self.finding.hit.filter(|_| self.finding.is_coming)) {
            // On the way there.
            (_, Some(hit)) if down => self.below(hit),
            (_, Some(hit)) => hit,
            (Stand::On(row), None) if down => self.below(row),
            (Stand::On(row) | Stand::At(row), None) => row,
        };
        self.begin_seek(Some(levels), down, from, out);
    }

    /// Whether this is what is looked for already: then it is one more step.
    fn has_stepped(&mut self, levels: Option<LevelChoice>, down: bool) -> bool {
        let seek = self.finding.seek.as_mut().filter(|seek| (seek.levels, seek.down) == (levels, down));
        if let Some(seek) = seek {
            seek.more = (seek.more + 1).min(MAX_STEPS);
            return true;
        }
        false
    }

    fn begin_seek(&mut self, levels: Option<LevelChoice>, down: bool, from: Position, out: &mut Vec<Effect>) {
        let (origin, wrapped, stepped_to) = (from, false, None);
        let seek = Seek { levels, down, from, origin, wrapped, more: 0, stepped_to, n_idle: 0, req: None };
        self.finding.seek = Some(seek);
        self.ask_seek(out);
    }

    pub(super) fn cancel_seek(&mut self) {
        self.finding.seek = None;
        self.finding.is_coming = false;
    }

    /// Sends the next piece of a seek, if none is on its way.
    pub(super) fn ask_seek(&mut self, out: &mut Vec<Effect>) {
        if !self.link.is_open() || self.requests.waits_for_first() {
            return;
        }
        let Some(seek) = self.finding.seek.as_mut().filter(|seek| seek.req.is_none()) else { return };
        let req = self.requests.next();
        seek.req = Some(req);
        let (generation, from) = seek.from;
        out.push(Effect::Send(ClientMsg::Seek { req, generation, from, down: seek.down, levels: seek.levels }));
    }

    /// The server has looked for the next hit.
    pub(super) fn sought(&mut self, sought: Sought, out: &mut Vec<Effect>) {
        self.find_accepted(sought.req, out);
        let Some(seek) = self.finding.seek.take_if(|seek| seek.req == Some(sought.req)) else { return };
        let Some(offset) = sought.found else { return self.seek_on(seek, sought, out) };
        let hit = (seek.from.0, offset);
        self.finding.hit = Some(hit);
        if seek.wrapped {
            out.push(Effect::Notice(Notice::Wrapped { down: seek.down }));
        }
        match seek.more.checked_sub(1) {
            Some(more) => {
                let from = if seek.down { self.below(hit) } else { hit };
                let (wrapped, stepped_to) = (false, Some(hit));
                self.finding.seek = Some(Seek { from, origin: from, wrapped, more, stepped_to, req: None, ..seek });
                self.ask_seek(out);
            }
            None => self.go_to_hit(hit, out),
        }
    }

    /// Nothing was found up to there: looks on, also from the other end, until the round is over.
    fn seek_on(&mut self, seek: Seek, sought: Sought, out: &mut Vec<Effect>) {
        // Steps that were asked for while the file is being looked through are impatience.
        let mut seek = Seek { req: None, more: 0, ..seek };
        seek.n_idle = if sought.reached == seek.from.1 { seek.n_idle + 1 } else { 0 };
        if !sought.at_end && seek.n_idle <= MAX_IDLE {
            seek.from.1 = sought.reached;
            let is_back = if seek.down { seek.from.1 >= seek.origin.1 } else { seek.from.1 <= seek.origin.1 };
            if !(seek.wrapped && seek.from.0 == seek.origin.0 && is_back) {
                self.finding.seek = Some(seek);
                return self.ask_seek(out);
            }
        } else if let Some(next) = self.place_after(&mut seek) {
            (seek.from, seek.n_idle) = (next, 0);
            self.finding.seek = Some(seek);
            return self.ask_seek(out);
        }
        if let Some(levels) = seek.levels {
            // What was gone to before is current still.
            out.push(Effect::Notice(Notice::NoMore { levels, down: seek.down }));
            if let Some(hit) = seek.stepped_to {
                self.go_to_hit(hit, out);
            }
            return;
        }
        self.finding.hit = None;
        out.push(Effect::Notice(Notice::NoMatch));
    }

    /// Where a seek goes on that has come to an end of a generation; `None` when it was there before.
    fn place_after(&self, seek: &mut Seek) -> Option<Position> {
        let (current, len) = self.tip.map(|tip| (tip.generation, tip.len))?;
        let generation = seek.from.0;
        if seek.down && generation < current {
            let next = self.history.end_of(generation).and_then(|ended| ended.next);
            return Some((next.unwrap_or(current), ByteOffset::ZERO));
        }
        if seek.levels.is_some() {
            let before = self.history.before(generation).filter(|_| !seek.down)?;
            return Some((before.generation, before.at));
        }
        if std::mem::replace(&mut seek.wrapped, true) {
            return None;
        }
        Some((current, if seek.down { ByteOffset::ZERO } else { len }))
    }

    /// A seek could not be answered: a generation that is gone has no hits.
    pub(super) fn seek_failed(&mut self, req: u32, error: Failure, out: &mut Vec<Effect>) -> bool {
        let Some(seek) = self.finding.seek.filter(|seek| seek.req == Some(req)) else { return false };
        if error == Failure::Gone && self.tip.is_some_and(|tip| tip.generation != seek.from.0) {
            self.sought(Sought { req, found: None, reached: seek.from.1, at_end: true }, out);
            return true;
        }
        self.cancel_seek();
        false
    }

    fn go_to_hit(&mut self, (generation, offset): Position, out: &mut Vec<Effect>) {
        self.paused = false;
        self.stop(None, out);
        self.requests.drop_jump();
        self.finding.is_coming = true;
        self.show_hit(out);
        if self.finding.is_coming {
            self.jump_to(Anchor::Byte(offset), Some(generation), (PAGE_ROWS / 2, PAGE_ROWS), out);
        }
    }

    /// Brings the hit that is wanted into view, once the window holds it: a page of a busy server may not have it yet.
    pub(super) fn show_hit(&mut self, out: &mut Vec<Effect>) {
        if !self.finding.is_coming || self.requests.waits_for_rows() {
            return;
        }
        let idx = self.finding.hit.and_then(|(generation, offset)| self.window.find(generation, offset));
        let Some(key) = idx.and_then(|idx| self.window.key(idx)) else { return };
        self.finding.is_coming = false;
        out.push(Effect::GoToRow(key));
    }

    /// The place below a row: after it where the window holds it.
    fn below(&self, (generation, offset): Position) -> Position {
        let item = self.window.find(generation, offset).and_then(|idx| self.window.get(idx));
        match item {
            Some(Item::Line { end, finished: true, .. }) => (generation, end),
            _ => (generation, offset + ByteLen::new(1)),
        }
    }
}
