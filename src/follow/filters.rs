//! Which rows are shown: the filter in force, and those on their way to the server.
//!
//! What is shown is always of the filter in force, and that is the one whose page was shown last: answers come in the
//! order of the requests, and live frames before an answer are of the filter before it. So an answer that a newer filter
//! has overtaken is shown, too, for live frames go on from it; only errors of overtaken filters are not told.

use super::intent::Way;
use super::{Effect, Follow, PAGE_ROWS};
use crate::cursor::Anchor;
use crate::wire::{ClientMsg, Filter, Frame};

/// A filter that is not in force yet.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    filter: Option<Filter>,
    at: Anchor,
    before: u32,
    after: u32,
    /// The request, once it is sent.
    req: Option<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Filters {
    in_force: Option<Filter>,
    /// In the order of the requests; only the last one is still wanted, and only it can be unsent.
    asked: Vec<Asked>,
}

impl Filters {
    /// Begins with a filter, before any page.
    pub(super) fn begin(&mut self, filter: Option<Filter>) {
        self.in_force = filter;
    }

    /// The filter of the rows that are shown.
    pub(super) fn in_force(&self) -> Option<&Filter> {
        self.in_force.as_ref()
    }

    /// Whether another filter is on its way.
    pub(super) fn is_waiting(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Whether that request is for the newest filter.
    pub(super) fn waits_for(&self, req: u32) -> bool {
        self.asked.last().is_some_and(|asked| asked.req == Some(req))
    }

    /// What was on its way will not come; the newest filter is still wanted.
    pub(super) fn forget(&mut self) {
        self.asked.drain(..self.asked.len().saturating_sub(1));
        if let Some(asked) = self.asked.last_mut() {
            asked.req = None;
        }
    }

    /// The filter that is answered by that number; those before it will not be.
    fn take(&mut self, req: u32) -> Option<Asked> {
        let idx = self.asked.iter().position(|asked| asked.req == Some(req))?;
        self.asked.drain(..=idx).next_back()
    }
}

impl Follow {
    /// Wants other rows.
    pub(super) fn set_filter(
        &mut self,
        filter: Option<Filter>,
        (at, before, after): (Anchor, u32, u32),
        out: &mut Vec<Effect>,
    ) {
        let filter = filter.filter(|filter| !filter.shows_all());
        let newest = self.filters.asked.last().map_or(&self.filters.in_force, |asked| &asked.filter);
        if *newest == filter {
            if !self.filters.is_waiting() {
                out.push(Effect::Accepted { find: false });
            }
            return;
        }
        self.cancel_seek();
        if !self.has_page
            && !self.link.is_listening()
            && let Some(start) = &mut self.start
        {
            (start.at, start.before, start.after) = (at, before, after);
            self.filters.begin(filter);
            return self.is_shown_anew();
        }
        self.filters.asked.retain(|asked| asked.req.is_some());
        self.filters.asked.push(Asked { filter, at, before, after, req: None });
        self.ask_filter(out);
    }

    /// The filter in force is the one that the user has asked for: not before, for it may be refused.
    fn is_shown_anew(&mut self) {
        self.forget_counts(true);
        self.floors.forget(true);
        if self.filters.in_force.is_some() {
            self.wish_shown();
        }
    }

    /// Sends the filter that is wanted, if it was not.
    pub(super) fn ask_filter(&mut self, out: &mut Vec<Effect>) {
        let can_ask = self.link.is_open() && !self.requests.waits_for_first();
        let (is_pinned, follow) = (self.is_pinned(), self.wants_live());
        let Some(asked) = self.filters.asked.last_mut().filter(|asked| can_ask && asked.req.is_none()) else { return };
        if is_pinned {
            (asked.at, asked.before, asked.after) = (Anchor::End, asked.before.max(PAGE_ROWS), 0);
        }
        let req = self.requests.next();
        asked.req = Some(req);
        let Asked { filter, at, before, after, .. } = asked.clone();
        self.requests.drop_pages();
        out.push(Effect::Send(ClientMsg::Filter { req, filter, at, before, after, follow }));
    }

    /// Shows the page that answers a filter; `false` when it answers something else.
    pub(super) fn take_filtered(&mut self, frame: &Frame, out: &mut Vec<Effect>) -> bool {
        let Some(asked) = self.filters.take(frame.req) else { return false };
        self.filters.in_force = asked.filter;
        self.spans.clear();
        self.overview.clear_marks();
        self.is_shown_anew();
        if let Some(tip) = &mut self.tip {
            tip.shown = None;
        }
        self.show(frame, Some((asked.at, asked.before)), out);
        if !self.filters.is_waiting() {
            out.push(Effect::Accepted { find: false });
        }
        if self.wants_live() {
            self.go_live(self.shortest_way(), out);
        } else {
            self.send_hold(out);
        }
        self.ask_jump(out);
        true
    }

    /// A filter is not in force; what is shown goes on. Says whether it was the newest.
    pub(super) fn filter_failed(&mut self, req: u32, out: &mut Vec<Effect>) -> Option<bool> {
        self.filters.take(req)?;
        let is_newest = !self.filters.is_waiting();
        if is_newest {
            self.go_live(Way::Exact, out);
            self.ask_jump(out);
            self.fill(out);
        }
        Some(is_newest)
    }

    /// A query or a find term is wrong.
    pub(super) fn refused(&mut self, (req, find): (u32, bool), position: u32, detail: String, out: &mut Vec<Effect>) {
        let is_newest = match (find, req) {
            (true, _) => self.find_failed(req),
            (false, 0) => !self.filters.is_waiting(),
            (false, _) => self.filter_failed(req, out).unwrap_or(false),
        };
        if is_newest {
            out.push(Effect::Refused { find, position, detail });
        }
    }
}
