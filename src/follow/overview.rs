//! What is known of the file as a whole: how many lines there are of each level, and where in it there is something to
//! see. Both cost the server a look at all of the file, so they are asked for only while somebody wants them.

use super::{Effect, Follow};
use crate::cursor::Generation;
use crate::line::ByteOffset;
use crate::wire::{ClientMsg, Levels, MAX_MARKS, Marks, Matched};

/// How long after marks were asked for they are asked for again at the earliest, in milliseconds.
const MARKS_MS: u64 = 1_000;

#[derive(Debug, Default)]
pub(super) struct Overview {
    pub(super) wants_levels: bool,
    levels: Option<Levels>,
    /// Into how many parts the file is divided for marks; 0 while nobody wants any.
    pub(super) parts: u32,
    marks: Option<(Generation, Marks)>,
    /// Moves whenever the marks do.
    epoch: u32,
    /// What was asked about last.
    basis: Option<Basis>,
    /// The request that is on its way.
    req: Option<u32>,
    asked_ms: Option<u64>,
}

/// What marks depend on: while none of it changes, they are as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Basis {
    generation: Generation,
    len: ByteOffset,
    parts: u32,
    shown: Option<Matched>,
    found: Option<Matched>,
    leveled: Option<ByteOffset>,
}

impl Overview {
    /// What was on its way will not come. What is known stays until something newer is.
    pub(super) fn forget(&mut self) {
        (self.basis, self.req) = (None, None);
    }

    /// The connection is lost: the next one counts levels by itself, perhaps from 0 on.
    pub(super) fn lost(&mut self) {
        self.forget();
        if let Some(levels) = &mut self.levels {
            levels.stopped = false;
        }
    }

    /// Other rows are shown, or something else is found: the marks say nothing any more.
    pub(super) fn clear_marks(&mut self) {
        self.forget();
        if self.marks.take().is_some() {
            self.epoch = self.epoch.wrapping_add(1);
        }
    }

    /// Gives generations new numbers.
    pub(super) fn relabel(&mut self, new: impl Fn(Generation) -> Generation) {
        if let Some(levels) = &mut self.levels {
            levels.generation = new(levels.generation);
        }
        if let Some((generation, _)) = &mut self.marks {
            *generation = new(*generation);
        }
    }

    /// Whether that request was for marks: they come again when there is something new.
    pub(super) fn failed(&mut self, req: u32) -> bool {
        self.req.take_if(|asked| *asked == req).is_some()
    }
}

impl Follow {
    /// How many lines of the current file have which level; `None` until that is known, and while nobody wants it.
    pub fn levels(&self) -> Option<Levels> {
        self.overview.levels.filter(|levels| self.tip.is_some_and(|tip| tip.generation == levels.generation))
    }

    /// Where in the current file there is something to see, and a number that differs whenever that does.
    pub fn marks(&self) -> (Option<&Marks>, u32) {
        let is_current = |generation| self.tip.is_some_and(|tip| tip.generation == generation);
        let marks = self.overview.marks.as_ref().filter(|(generation, _)| is_current(*generation));
        (marks.map(|(_, marks)| marks), self.overview.epoch)
    }

    pub(super) fn want_levels(&mut self, on: bool, out: &mut Vec<Effect>) {
        if self.overview.wants_levels != on {
            self.overview.wants_levels = on;
            self.overview.levels = None;
            self.overview.clear_marks();
            self.forget_levels();
            if self.link.is_open() {
                out.push(Effect::Send(ClientMsg::Levels { on }));
            }
        }
    }

    /// A connection stands, and knows nothing of what is wanted.
    pub(super) fn ask_levels(&mut self, out: &mut Vec<Effect>) {
        if self.overview.wants_levels {
            out.push(Effect::Send(ClientMsg::Levels { on: true }));
        }
    }

    /// Counts of a file that is rotated away may come after those of the next one: they are not wanted any more.
    pub(super) fn take_levels(&mut self, levels: Levels) {
        let is_current = self.tip.is_some_and(|tip| tip.generation == levels.generation);
        if self.overview.wants_levels && (is_current || self.levels().is_none()) {
            self.overview.levels = Some(levels);
        }
    }

    pub(super) fn want_marks(&mut self, parts: u32) {
        self.overview.parts = parts.min(MAX_MARKS);
        if parts == 0 {
            self.overview.clear_marks();
        }
    }

    /// Asks for marks when they may be others than those that are known, and not too often.
    pub(super) fn ask_marks(&mut self, now_ms: u64, out: &mut Vec<Effect>) {
        let Some(basis) = self.new_basis() else { return };
        if self.marks_due_ms().is_some_and(|due_ms| now_ms < due_ms) {
            return;
        }
        let req = self.requests.next();
        let overview = &mut self.overview;
        (overview.basis, overview.req, overview.asked_ms) = (Some(basis), Some(req), Some(now_ms));
        out.push(Effect::Send(ClientMsg::Marks { req, generation: basis.generation, parts: basis.parts }));
    }

    /// When marks are to be asked for that cannot be yet.
    pub(super) fn marks_due_ms(&self) -> Option<u64> {
        self.new_basis().and(self.overview.asked_ms).map(|asked_ms| asked_ms + MARKS_MS)
    }

    /// What marks would depend on, when they are wanted and may be others than those that are known.
    fn new_basis(&self) -> Option<Basis> {
        let overview = &self.overview;
        let is_marked = overview.wants_levels || self.finding.term().is_some() || self.filters.in_force().is_some();
        let can_ask = self.link.is_open() && !self.requests.waits_for_first() && !self.filters.is_waiting();
        if overview.parts == 0 || overview.req.is_some() || !is_marked || !can_ask || self.hidden {
            return None;
        }
        let tip = self.tip?;
        let basis = Basis {
            generation: tip.generation,
            len: tip.len,
            parts: overview.parts,
            shown: tip.shown,
            found: tip.found.map(|found| found.matched),
            leveled: self.levels().map(|levels| levels.scanned),
        };
        Some(basis).filter(|basis| overview.basis != Some(*basis))
    }

    pub(super) fn take_marks(&mut self, req: u32, generation: Generation, marks: Marks) {
        let overview = &mut self.overview;
        if overview.failed(req)
            && overview.marks.as_ref().is_none_or(|(known, old)| (*known, old) != (generation, &marks))
        {
            overview.marks = Some((generation, marks));
            overview.epoch = overview.epoch.wrapping_add(1);
        }
    }
}
