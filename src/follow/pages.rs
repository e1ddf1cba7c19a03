//! Asking for rows: at most one page on its way for each side, and only the newest jump counts.

use super::{Effect, Follow, Notice, PAGE_ROWS, WindowChange};
use crate::cursor::{Anchor, Generation};
use crate::line::{ByteOffset, LineNo};
use crate::timestamp::Stamp;
use crate::window::{Position, RowKey};
use crate::wire::{ClientMsg, Frame, MAX_PAGE_BYTES};

/// How often an answer may come no further than the one before it, for a server that is busy, until it is taken as having
/// no more.
pub(super) const MAX_IDLE: u32 = 100;

/// A jump that has not arrived: it is asked for again after a lost connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jump {
    at: Anchor,
    before: u32,
    after: u32,
    /// In which generation; otherwise in the current one.
    of: Option<Generation>,
    req: Option<u32>,
}

/// What was sent to go live.
#[derive(Clone, Copy, Debug)]
pub(super) struct GoingLive {
    req: u32,
    /// Whether a page at the end comes first.
    pub(super) has_page: bool,
    /// Whether the user is to hear what was skipped.
    pub(super) is_told: bool,
}

/// What a page frame answers.
pub(super) enum Answer {
    First,
    Jump(Jump),
    Live(GoingLive),
    Above,
    Below,
    /// Asked for again from there, for its numbers.
    Numbers(Position),
    /// Superseded, or never asked for.
    None,
}

#[derive(Debug, Default)]
pub(super) struct Requests {
    last_req: u32,
    /// The first page of a connection is on its way.
    first: bool,
    jump: Option<Jump>,
    live: Option<GoingLive>,
    above: Option<u32>,
    below: Option<u32>,
    /// Rows from there on, for their numbers; the request while it is on its way.
    numbers: Option<(Position, Option<u32>)>,
    /// Answers in a row that a filter's server gave without coming further.
    n_idle: u32,
    /// Where an answer brought nothing: not asked for again from there.
    above_stuck: Option<Position>,
    /// The same, and the file's length then.
    below_stuck: Option<(Position, ByteOffset)>,
}

impl Requests {
    pub(super) fn next(&mut self) -> u32 {
        self.last_req = self.last_req.checked_add(1).unwrap_or(1);
        self.last_req
    }

    pub(super) fn wait_for_first(&mut self, waits: bool) {
        self.first = waits;
    }

    /// Whether the first page is on its way: there is no place yet to hold or to go on from.
    pub(super) fn waits_for_first(&self) -> bool {
        self.first
    }

    pub(super) fn going_live(&mut self, has_page: bool, is_told: bool) -> u32 {
        let req = self.next();
        self.live = Some(GoingLive { req, has_page, is_told });
        req
    }

    pub(super) fn waits_for_live_page(&self) -> bool {
        self.live.is_some_and(|live| live.has_page)
    }

    /// Whether that request is the newest that names a place.
    fn waits_for(&self, req: u32) -> bool {
        if req == 0 { self.first } else { self.jump.is_some_and(|jump| jump.req == Some(req)) }
    }

    /// Whether rows are on their way that replace those shown.
    pub(super) fn waits_for_rows(&self) -> bool {
        self.first || self.jump.is_some() || self.waits_for_live_page()
    }

    pub(super) fn waits_for_above(&self) -> bool {
        self.above.is_some()
    }

    pub(super) fn waits_for_below(&self) -> bool {
        self.below.is_some()
    }

    pub(super) fn waits_for_numbers(&self) -> bool {
        self.numbers.is_some_and(|(_, req)| req.is_some())
    }

    pub(super) fn were_numbers_asked(&self, place: Position) -> bool {
        self.numbers.is_some_and(|(asked, _)| asked == place)
    }

    pub(super) fn ask_numbers(&mut self, req: u32, place: Position) {
        self.numbers = Some((place, Some(req)));
    }

    pub(super) fn forget_numbers(&mut self) {
        self.numbers = None;
    }

    pub(super) fn drop_live(&mut self) {
        self.live = None;
    }

    pub(super) fn drop_jump(&mut self) {
        self.jump = None;
    }

    /// Other rows are wanted: pages on their way are of no use, and a jump is asked for again among those.
    pub(super) fn drop_pages(&mut self) {
        self.drop_sides();
        if let Some(jump) = &mut self.jump {
            jump.req = None;
        }
    }

    /// Gives generations new numbers.
    pub(super) fn relabel(&mut self, new: impl Fn(Generation) -> Generation) {
        if let Some(jump) = &mut self.jump {
            jump.of = jump.of.map(new);
        }
    }

    /// What was on its way will not come; a jump is still wanted.
    pub(super) fn forget(&mut self) {
        *self =
            Self { last_req: self.last_req, jump: self.jump.map(|jump| Jump { req: None, ..jump }), ..Self::default() };
    }

    /// Which request `req` was, and that it is answered.
    pub(super) fn take(&mut self, req: u32) -> Answer {
        if req == 0 {
            return if std::mem::take(&mut self.first) { Answer::First } else { Answer::None };
        }
        if let Some(jump) = self.jump.take_if(|jump| jump.req == Some(req)) {
            return Answer::Jump(jump);
        }
        if let Some(live) = self.live.take_if(|live| live.req == req) {
            return Answer::Live(live);
        }
        if self.above.take_if(|above| *above == req).is_some() {
            return Answer::Above;
        }
        if self.below.take_if(|below| *below == req).is_some() {
            return Answer::Below;
        }
        if let Some((place, asked)) = &mut self.numbers
            && asked.take_if(|asked| *asked == req).is_some()
        {
            return Answer::Numbers(*place);
        }
        Answer::None
    }

    /// Whether a frame that brought nothing may be followed by one that does.
    pub(super) fn may_come_further(&mut self, frame: &Frame) -> bool {
        self.n_idle += 1;
        frame.sparse.is_some() && self.n_idle <= MAX_IDLE
    }

    /// The rows that pages would join are gone.
    fn drop_sides(&mut self) {
        (self.above, self.below, self.above_stuck, self.below_stuck) = (None, None, None, None);
        self.numbers = None;
    }
}

impl Follow {
    /// Jumps to a place in a generation, or in the current one.
    pub(super) fn jump_to(
        &mut self,
        at: Anchor,
        of: Option<Generation>,
        (before, after): (u32, u32),
        out: &mut Vec<Effect>,
    ) {
        self.requests.jump = Some(Jump { at, before, after, of, req: None });
        self.ask_jump(out);
    }

    /// Sends the jump that is wanted, if it was not. Not while another filter is on its way: it would not be known of
    /// which one the answer is.
    pub(super) fn ask_jump(&mut self, out: &mut Vec<Effect>) {
        let can_ask = self.link.is_open() && !self.requests.waits_for_first() && !self.filters.is_waiting();
        let current = self.tip.map_or(self.window.last().0, |tip| tip.generation);
        let Some(jump) = self.requests.jump.filter(|jump| can_ask && jump.req.is_none()) else { return };
        let req = self.requests.next();
        self.requests.jump = Some(Jump { req: Some(req), ..jump });
        self.requests.drop_sides();
        let Jump { at, before, after, .. } = jump;
        let generation = jump.of.unwrap_or(current);
        out.push(Effect::Send(ClientMsg::Page { req, generation, at, before, after }));
    }

    pub(super) fn ask_more(&self, req: u32, key: RowKey) -> Option<ClientMsg> {
        let idx = self.window.index_of(key).filter(|_| self.link.is_open())?;
        let crate::window::Item::Line { generation, offset, bytes, hole, missing, .. } = self.window.get(idx)? else {
            return None;
        };
        let len = u32::try_from(missing.get().min(MAX_PAGE_BYTES as u64)).ok().filter(|len| *len > 0)?;
        let offset = offset + hole + crate::line::ByteLen::new(bytes.len() as u64);
        Some(ClientMsg::More { req, generation, offset, len })
    }

    pub(super) fn can_ask_side(&self) -> bool {
        let waits = self.requests.first || self.requests.jump.is_some() || self.filters.is_waiting();
        self.link.is_open() && self.has_page && !waits
    }

    pub(super) fn ask_above(&mut self, out: &mut Vec<Effect>) {
        if !self.can_ask_side() || self.requests.above.is_some() {
            return;
        }
        let (generation, offset) = self.window.first();
        if offset == ByteOffset::ZERO
            && let Some(ended) = self.history.before(generation)
            && self.window.prepend_divider(ended)
        {
            out.push(Effect::Window(WindowChange::Prepended(1)));
        }
        let place = self.window.first();
        if self.requests.above_stuck == Some(place) || !self.history.can_read_above(place) {
            return;
        }
        let req = self.requests.next();
        self.requests.above = Some(req);
        let (generation, offset) = place;
        let at = Anchor::Byte(offset);
        out.push(Effect::Send(ClientMsg::Page { req, generation, at, before: PAGE_ROWS, after: 0 }));
    }

    /// Asks for rows below; while live they come unasked.
    pub(super) fn ask_below(&mut self, out: &mut Vec<Effect>) {
        let Some(tip) = self.tip.filter(|_| !self.live && self.can_ask_side()) else { return };
        if self.requests.below.is_some() {
            return;
        }
        self.pass_generation_end(out);
        let end = self.window.end();
        let is_more = end.0 != tip.generation || end.1 < tip.len;
        if !is_more || self.requests.below_stuck == Some((end, tip.len)) {
            return;
        }
        let req = self.requests.next();
        self.requests.below = Some(req);
        let (generation, offset) = self.window.last();
        let at = Anchor::Byte(offset);
        out.push(Effect::Send(ClientMsg::Page { req, generation, at, before: 0, after: PAGE_ROWS }));
    }

    /// Goes on to the next generation where the lines of one end.
    fn pass_generation_end(&mut self, out: &mut Vec<Effect>) {
        while let Some(ended) = self.history.at(self.window.end()).or_else(|| self.history.at(self.window.last())) {
            self.window.push_divider(ended);
            out.push(Effect::Window(WindowChange::Appended));
        }
    }

    pub(super) fn take_above(&mut self, frame: &Frame, out: &mut Vec<Effect>) {
        let before = self.window.first();
        let n_added = self.window.prepend(frame).unwrap_or(0);
        if self.window.first() == before {
            if !self.requests.may_come_further(frame) {
                self.above_failed();
            }
            return self.fill(out);
        }
        self.requests.n_idle = 0;
        if n_added > 0 {
            out.push(Effect::Window(WindowChange::Prepended(n_added)));
            self.evict(out);
        }
        self.fill(out);
    }

    pub(super) fn above_failed(&mut self) {
        self.requests.above_stuck = Some(self.window.first());
    }

    pub(super) fn take_below(&mut self, frame: &Frame, out: &mut Vec<Effect>) {
        let place = |follow: &Self| (follow.window.last(), follow.window.end());
        let before = place(self);
        let taken = self.window.append(frame);
        if taken.is_ok_and(|taken| taken.added > 0 || taken.replaced) {
            out.push(Effect::Window(WindowChange::Appended));
        }
        self.pass_generation_end(out);
        if place(self) == before {
            if frame.flags.at_end || !self.requests.may_come_further(frame) {
                self.below_failed();
            }
            return self.fill(out);
        }
        self.requests.n_idle = 0;
        self.evict(out);
        // At the end: what is written from now on is asked for when the user looks there.
        if !frame.flags.at_end {
            self.fill(out);
        }
    }

    pub(super) fn below_failed(&mut self) {
        self.requests.below_stuck = self.tip.map(|tip| (self.window.end(), tip.len));
    }

    /// The rest of a generation cannot be had: goes on after it, where it is known how it ended.
    pub(super) fn below_gone(&mut self, out: &mut Vec<Effect>) {
        match self.history.end_of(self.window.last().0) {
            Some(ended) => {
                self.window.push_divider(ended);
                out.push(Effect::Window(WindowChange::Appended));
            }
            None => self.below_failed(),
        }
    }

    /// Shows a page and nothing else; `at` is what was asked for, `None` the end.
    pub(super) fn show(&mut self, frame: &Frame, at: Option<(Anchor, u32)>, out: &mut Vec<Effect>) {
        self.window.replace(frame);
        self.forget_look();
        self.requests.drop_sides();
        self.resync = None;
        self.has_page = true;
        let anchor = at.and_then(|(at, before)| self.anchor_item(frame, at, before));
        let shown = anchor.filter(|_| frame.sparse.is_some()).and_then(|idx| self.window.key(idx));
        self.looking = shown.map(|key| (key, key));
        out.push(Effect::Window(WindowChange::Replaced { anchor }));
    }

    /// Where the page will be that was asked for by time. Of one that nobody waits for any more, nothing is told.
    pub(super) fn landed(
        &mut self,
        req: u32,
        at: Position,
        (wanted, found): (Stamp, Option<Stamp>),
        out: &mut Vec<Effect>,
    ) {
        self.landed = Some((req, at.1));
        if self.requests.waits_for(req) || self.filters.waits_for(req) {
            out.push(Effect::Notice(Notice::Landed { at, wanted, found }));
        }
    }

    /// The item that was asked for. A frame does not say it: rows are counted where numbers are not known.
    fn anchor_item(&self, frame: &Frame, at: Anchor, before: u32) -> Option<usize> {
        let last = self.window.len().checked_sub(1)?;
        let counted = if frame.flags.at_start { 0 } else { before as usize };
        match at {
            Anchor::End => None,
            Anchor::Start => Some(0),
            Anchor::Byte(offset) => Some(self.window.find_from((frame.generation, offset)).unwrap_or(last)),
            Anchor::Line(number) => Some(self.line_item(frame, number).unwrap_or(counted).min(last)),
            Anchor::Time(_) => {
                let at = self.landed.filter(|(req, _)| *req == frame.req).map(|(_, at)| (frame.generation, at));
                Some(at.and_then(|at| self.window.find_from(at)).unwrap_or(last))
            }
        }
    }

    fn line_item(&self, frame: &Frame, number: LineNo) -> Option<usize> {
        self.window.find_line(frame.generation, number)
    }
}

impl Jump {
    pub(super) fn place(self) -> (Anchor, u32) {
        (self.at, self.before)
    }
}
