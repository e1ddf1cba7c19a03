//! Line numbers of rows between which others are not shown: rows that came before the index knew their numbers are asked
//! for again once it does. (Where all lines are held, one number tells all.)

use super::{Effect, Follow, WindowChange};
use crate::cursor::Anchor;
use crate::window::{Item, Position};
use crate::wire::{ClientMsg, Frame};

impl Follow {
    /// Asks for the visible rows again when they can be numbered now.
    pub(super) fn ask_numbers(&mut self, out: &mut Vec<Effect>) {
        let Some(tip) = self.tip.filter(|tip| tip.lines.exact && self.window.is_sparse()) else { return };
        if !self.can_ask_side() || self.hidden || self.requests.waits_for_numbers() {
            return;
        }
        let (first, last) = self.visible();
        let is_unnumbered = |idx: usize| match self.window.get(idx)? {
            Item::Line { generation, offset, line: None, .. } if generation == tip.generation => {
                Some((idx, (generation, offset)))
            }
            _ => None,
        };
        let Some((idx, place)) = (first..=last).find_map(is_unnumbered) else { return };
        if self.requests.were_numbers_asked(place) {
            return;
        }
        let req = self.requests.next();
        self.requests.ask_numbers(req, place);
        let after = u32::try_from(last - idx + 1).unwrap_or(u32::MAX);
        let (generation, offset) = place;
        out.push(Effect::Send(ClientMsg::Page { req, generation, at: Anchor::Byte(offset), before: 0, after }));
    }

    pub(super) fn take_numbers(&mut self, frame: &Frame, place: Position, out: &mut Vec<Effect>) {
        if self.window.number_rows(frame) {
            out.push(Effect::Window(WindowChange::Numbered));
        } else if frame.end == place.1 && self.requests.may_come_further(frame) {
            self.requests.forget_numbers();
        }
    }
}
