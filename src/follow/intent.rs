//! What the user wants, and telling the server: live while following on a visible screen, held otherwise.

use super::{Catch, Effect, Follow, Input, PAGE_ROWS};
use crate::line::{ByteLen, LineCount};
use crate::window::{Item, Position};
use crate::wire::{CREDIT_BYTES, ClientMsg};

/// Credit is returned in amounts worth a message. The server sends at most 64 KiB at a time, so that what is kept back
/// can never stop it.
const GRANT_BYTES: u32 = 32 * 1024;

/// From where to go live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From where the window ends: no line is left out.
    Exact,
    /// From a page at the end.
    End {
        /// Whether the user is to hear what was skipped.
        is_told: bool,
    },
}

impl Follow {
    /// Applies an intention of the user.
    pub(super) fn intend(&mut self, input: &Input, out: &mut Vec<Effect>) {
        if matches!(input, Input::GoLive | Input::Resume(_) | Input::JumpTo { .. }) {
            self.want_rows();
        }
        match *input {
            Input::GoLive => {
                self.cancel_seek();
                self.follow_again(self.shortest_way(), out);
            }
            Input::Resume(Catch::Up) => {
                self.catching_up = true;
                self.follow_again(Way::Exact, out);
            }
            Input::Resume(Catch::Jump) => self.follow_again(Way::End { is_told: false }, out),
            Input::Hold { seen } => {
                let seen = seen.and_then(|idx| self.end_of_item(idx));
                self.stop(seen, out);
            }
            Input::Pause => {
                self.paused = true;
                self.hold(None, out);
            }
            Input::Unpause => {
                self.paused = false;
                self.go_live(Way::Exact, out);
            }
            Input::Visible(is_visible) => {
                self.hidden = !is_visible;
                if self.wants_live() {
                    self.go_live(Way::Exact, out);
                } else {
                    self.hold(None, out);
                }
            }
            Input::Looking { first, last } => self.looking(first, last, out),
            Input::JumpTo { at, of, before, after } => {
                self.cancel_seek();
                self.stop(None, out);
                self.jump_to(at, of, (before, after), out);
            }
            Input::More(key) => {
                let req = self.requests.next();
                out.extend(self.ask_more(req, key).map(Effect::Send));
            }
            Input::Seek { down, from } => self.seek(down, from, out),
            Input::SeekLevels { levels, down, from } => self.seek_levels(levels, down, from, out),
            Input::CancelSeek => self.cancel_seek(),
            Input::Drawn => self.return_credit(GRANT_BYTES, out),
            _ => {}
        }
    }

    /// Whether live frames are wanted now.
    pub(super) fn wants_live(&self) -> bool {
        self.following && !self.paused && !self.hidden
    }

    /// Whether the view stands at the end and moves with it.
    pub(super) fn is_pinned(&self) -> bool {
        self.following && !self.paused
    }

    /// Every line from where the window ends, or the end when that is far.
    pub(super) fn shortest_way(&self) -> Way {
        let is_near = self.distance().is_some_and(|bytes| bytes.get() <= u64::from(CREDIT_BYTES));
        if is_near { Way::Exact } else { Way::End { is_told: false } }
    }

    fn follow_again(&mut self, way: Way, out: &mut Vec<Effect>) {
        self.following = true;
        self.paused = false;
        self.seen = None;
        self.requests.drop_jump();
        if !self.live {
            self.go_live(way, out);
        } else if matches!(way, Way::End { .. }) && self.can_jump() && !self.requests.waits_for_live_page() {
            self.send_live(way, out);
        }
    }

    pub(super) fn stop(&mut self, seen: Option<Position>, out: &mut Vec<Effect>) {
        self.following = false;
        self.catching_up = false;
        self.hold(seen, out);
    }

    /// Tells the server to send live frames, if that is wanted and it does not. While another filter is on its way, the
    /// place where the window ends means nothing: then it is told with the answer.
    pub(super) fn go_live(&mut self, way: Way, out: &mut Vec<Effect>) {
        let is_placeless = way == Way::Exact && self.filters.is_waiting();
        if !self.can_switch() || !self.wants_live() || self.live || is_placeless {
            return;
        }
        self.send_live(way, out);
    }

    /// Tells the server where to send live frames from.
    pub(super) fn send_live(&mut self, way: Way, out: &mut Vec<Effect>) {
        let (from, is_told) = match way {
            Way::Exact => (Some(self.window.last()), false),
            Way::End { is_told } => (None, is_told),
        };
        let req = self.requests.going_live(from.is_none(), is_told);
        out.push(Effect::Send(ClientMsg::Live { req, from, rows: PAGE_ROWS }));
        self.live = true;
        self.seen = None;
    }

    /// Tells the server to stop live frames, if it sends them. What was received counts as seen unless told otherwise.
    pub(super) fn hold(&mut self, seen: Option<Position>, out: &mut Vec<Effect>) {
        if self.seen.is_none() && self.has_page {
            self.seen = Some(seen.unwrap_or_else(|| self.window.last()));
        }
        if !self.can_switch() || !self.live {
            return;
        }
        self.live = false;
        self.requests.drop_live();
        self.resync = None;
        self.behind = ByteLen::ZERO;
        self.send_hold(out);
        // Nothing is drawn from now on that would return it.
        self.return_credit(1, out);
    }

    /// Names what was seen, from where the server is to count.
    pub(super) fn send_hold(&mut self, out: &mut Vec<Effect>) {
        let Some(from) = self.seen.map(|seen| self.history.known(seen)) else { return };
        // The count so far was from another place; until the next one, the window's own lines count.
        if let Some(tip) = &mut self.tip {
            tip.new_lines = LineCount::ZERO;
        }
        out.push(Effect::Send(ClientMsg::Hold { from }));
    }

    /// The user has read on, below what was seen before.
    pub(super) fn seen_down_to(&mut self, last: usize, out: &mut Vec<Effect>) {
        let Some((seen, read)) = self.seen.zip(self.end_of_item(last)) else { return };
        if read <= seen || !self.can_switch() || self.live {
            return;
        }
        let newly = self.window.lines_from(seen) - self.window.lines_from(read);
        let left = self.tip.map_or(LineCount::ZERO, |tip| tip.new_lines - newly);
        self.seen = Some(read);
        self.send_hold(out);
        if let Some(tip) = &mut self.tip {
            tip.new_lines = left;
        }
    }

    /// Returns credit for what was received, when it is at least `worth` bytes.
    pub(super) fn return_credit(&mut self, worth: u32, out: &mut Vec<Effect>) {
        if self.owed >= worth && self.owed > 0 && self.link.is_open() {
            out.push(Effect::Send(ClientMsg::Grant { bytes: self.owed }));
            self.owed = 0;
        }
    }

    /// Bytes of whole lines between the window's end and the file's, where it is known: an unfinished line stands after
    /// the window's end however long it is.
    pub(super) fn distance(&self) -> Option<ByteLen> {
        let tip = self.tip.filter(|_| self.has_page)?;
        let (generation, offset) = self.window.last();
        if tip.generation == generation {
            return Some(tip.complete - offset);
        }
        let ended = self.history.end_of(generation).filter(|ended| ended.next == Some(tip.generation))?;
        Some((ended.at - offset) + ByteLen::new(tip.complete.get()))
    }

    /// Before the first page there is no place to hold or to go on from.
    fn can_switch(&self) -> bool {
        self.link.is_open() && !self.requests.waits_for_first()
    }

    fn end_of_item(&self, idx: usize) -> Option<Position> {
        Some(match self.window.get(idx)? {
            Item::Line { generation, end, finished: true, .. } => (generation, end),
            Item::Line { generation, offset, .. } => (generation, offset),
            Item::Divider(divider) => {
                divider.next.map_or((divider.generation, divider.at), |next| (next, crate::line::ByteOffset::ZERO))
            }
        })
    }
}
