//! What the server says.

use super::counted::Floors;
use super::intent::Way;
use super::link::CLOSE_NORMAL;
use super::pages::Answer;
use super::seek::Sought;
use super::{Effect, Follow, JUMP_BYTES, LastEvent, Notice, WindowChange};
use crate::cursor::{Generation, Identity};
use crate::line::{ByteLen, LineCount, LineNo};
use crate::window::Divider;
use crate::wire::{
    CREDIT_BYTES, ClientMsg, Failure, FileEvent, Frame, FrameKind, MAX_CONTEXT, MAX_LIVE_BYTES, Resume, ServerMsg, Tip,
    VERSION,
};

impl Follow {
    pub(super) fn text(&mut self, msg: ServerMsg, now_ms: u64, out: &mut Vec<Effect>) {
        if !self.link.is_listening() {
            return;
        }
        self.link.heard(now_ms);
        match msg {
            ServerMsg::Opened { version, .. } if version != VERSION => {
                out.push(Effect::Close(CLOSE_NORMAL));
                self.end(Notice::Reload, out);
            }
            ServerMsg::Opened { generation, identity, resume, heartbeat_secs, tip, .. } => {
                self.link.opened(heartbeat_secs, now_ms);
                self.failure = None;
                self.tip = Some(tip);
                self.opened(resume, (generation, identity), out);
            }
            ServerMsg::Tip(tip) => self.tip_moved(tip, out),
            ServerMsg::Event { generation, at, unix_secs, event, next } => {
                if let Some((next, identity)) = next {
                    self.history.identify(next, identity);
                }
                let next = next.map(|(next, _)| next);
                self.happened(Divider { generation, at, unix_secs, event, next, unread: ByteLen::ZERO, nth: 0 }, out);
            }
            ServerMsg::Current { generation, identity } => self.history.identify(generation, identity),
            ServerMsg::Happened { unix_secs, event } => self.last_event = Some(LastEvent { event, unix_secs }),
            ServerMsg::Behind { bytes } => self.fell_behind(bytes, out),
            ServerMsg::Ping => out.push(Effect::Send(ClientMsg::Pong)),
            ServerMsg::Failed { req: 0, error, detail } => {
                // It is tried again and again: told once.
                if self.failure.replace(error) != Some(error) {
                    out.push(Effect::Notice(Notice::Failed { error, detail }));
                }
                self.give_up(now_ms, out);
            }
            ServerMsg::Failed { req, error, detail } => self.request_failed(req, error, detail, out),
            ServerMsg::Refused { req, find, position, detail } => self.refused((req, find), position, detail, out),
            ServerMsg::Sought { req, found, reached, at_end, .. } => {
                self.sought(Sought { req, found, reached, at_end }, out);
            }
            ServerMsg::Levels(levels) => self.take_levels(levels),
            ServerMsg::Marks { req, generation, marks } => self.take_marks(req, generation, marks),
            ServerMsg::Landed { req, generation, at, wanted, found } => {
                self.landed(req, (generation, at), (wanted, found), out);
            }
            ServerMsg::Spans { req, rows, .. } => self.take_spans(req, &rows, out),
            ServerMsg::Bye { retry_ms } => self.link.come_back_after(retry_ms),
        }
    }

    pub(super) fn frame(&mut self, frame: &Frame, now_ms: u64, out: &mut Vec<Effect>) {
        if !self.link.is_listening() {
            return;
        }
        self.link.heard(now_ms);
        match frame.kind {
            FrameKind::Live => self.live_frame(frame, out),
            FrameKind::Page => self.page_frame(frame, out),
            FrameKind::More => {
                let extended = self.window.extend(frame).map(WindowChange::Extended);
                out.extend(extended.map(Effect::Window));
            }
        }
    }

    /// A connection stands. Generations are numbered anew by each server process, so those of the window follow it.
    fn opened(&mut self, resume: Option<Resume>, current: (Generation, Identity), out: &mut Vec<Effect>) {
        let (generation, identity) = current;
        let tail = self.window.last();
        let resumed_identity = self.history.identity(tail.0);
        match resume {
            None => {
                self.requests.wait_for_first(true);
                self.history.begin(generation);
                // Places of another connection: in this file at best.
                self.finding.relabel(|_| generation);
                self.requests.relabel(|_| generation);
                self.floors = Floors::default();
                self.spans.clear();
                self.check_boot(identity, out);
            }
            Some(Resume::Resumed { generation: resumed } | Resume::Rotated { generation: resumed }) => {
                self.relabel(resumed, out);
                self.history.begin(resumed);
                if let Some(identity) = resumed_identity {
                    self.history.identify(resumed, identity);
                }
            }
            Some(Resume::Truncated { generation: next, lost }) => {
                let was = ByteLen::new(tail.1.get()) + lost.unwrap_or(ByteLen::ZERO);
                self.went_on(FileEvent::Truncated { was }, next, Notice::TruncatedMeanwhile(lost), out);
            }
            Some(Resume::Gap { generation: next, bytes }) => {
                let event = FileEvent::Gap { bytes: bytes.unwrap_or(ByteLen::ZERO) };
                self.went_on(event, next, Notice::Lost(bytes), out);
            }
        }
        if resume.is_none_or(|resume| !matches!(resume, Resume::Resumed { generation: of } if of == generation)) {
            self.history.identify(generation, identity);
        } else if resumed_identity.is_none_or(|known| known.head_len < identity.head_len) {
            // The head has grown: a longer hash tells more files apart.
            self.history.identify(generation, identity);
        }
        if resume.is_some() {
            self.switch(out);
        }
        self.ask_levels(out);
    }

    /// Tells the server what is wanted now: it may have changed while the connection was not there.
    fn switch(&mut self, out: &mut Vec<Effect>) {
        match (self.wants_live(), self.live) {
            (true, false) => self.go_live(Way::Exact, out),
            (false, true) => self.hold(None, out),
            (false, false) => self.send_hold(out),
            (true, true) => {}
        }
        self.ask_filter(out);
        self.ask_jump(out);
        self.ask_seek(out);
        self.fill(out);
    }

    /// The file was replaced between the server's rendering and the connection: the place that was asked for is
    /// another one, so following starts at the end.
    fn check_boot(&mut self, identity: Identity, out: &mut Vec<Effect>) {
        let Some((boot, _)) = self.start.as_mut().and_then(|start| start.boot.take()) else { return };
        if (boot.inode, boot.born_ns) != (identity.inode, identity.born_ns) {
            out.push(Effect::Notice(Notice::Replaced));
            if self.wants_live() {
                self.send_live(Way::End { is_told: false }, out);
            }
        }
    }

    /// The window's file has ended while nobody listened; lines go on at the start of another generation.
    fn went_on(&mut self, event: FileEvent, next: Generation, notice: Notice, out: &mut Vec<Effect>) {
        let ended = next.before();
        self.relabel(ended, out);
        self.history.begin(next);
        let (generation, at) = self.window.end();
        // The core has no clock: 0 says that nobody saw when.
        self.last_event = Some(LastEvent { event, unix_secs: 0 });
        let divider = Divider { generation, at, unix_secs: 0, event, next: Some(next), unread: ByteLen::ZERO, nth: 0 };
        self.window.push_divider(divider);
        out.push(Effect::Window(WindowChange::Appended));
        out.push(Effect::Notice(notice));
    }

    /// The newest generation of the window has the number `now`; older ones keep their distance from it.
    fn relabel(&mut self, now: Generation, out: &mut Vec<Effect>) {
        let newest = self.window.last().0;
        if newest == now {
            return;
        }
        let shift = now.get().wrapping_sub(newest.get());
        let moved = |old: Generation| Generation::new(old.get().wrapping_add(shift));
        self.window.relabel(moved);
        self.seen = self.seen.map(|(generation, offset)| (moved(generation), offset));
        let key = |key: crate::window::RowKey| crate::window::RowKey { generation: moved(key.generation), ..key };
        self.looking = self.looking.map(|(first, last)| (key(first), key(last)));
        self.finding.relabel(moved);
        self.overview.relabel(moved);
        self.requests.relabel(moved);
        self.relabel_restraint(moved);
        self.floors.of = self.floors.of.map(moved);
        self.spans.clear();
        out.push(Effect::Window(WindowChange::Relabelled));
    }

    fn tip_moved(&mut self, tip: Tip, out: &mut Vec<Effect>) {
        let is_decoded = !tip.state.is_being_decoded();
        let was_decoded = !self.tip.replace(tip).is_some_and(|before| before.state.is_being_decoded());
        if is_decoded && !was_decoded && self.live && self.has_page && !self.requests.waits_for_live_page() {
            // The end is known only now: whoever follows wants that, and not all that came before it.
            self.send_live(self.shortest_way(), out);
        }
        if tip.found.is_some() {
            self.find_counted(out);
        }
        let n_complete = tip.lines.count.get().saturating_sub(u64::from(tip.len > tip.complete));
        let next = LineNo::after(LineCount::new(n_complete));
        if tip.lines.exact && self.window.learn((tip.generation, tip.complete), next) {
            out.push(Effect::Window(WindowChange::Numbered));
        }
        self.settle();
    }

    fn happened(&mut self, event: Divider, out: &mut Vec<Effect>) {
        let is_new = self.history.note(event);
        let place = (event.generation, event.at);
        let is_at_end = self.window.end() == place || self.window.last() == place;
        // In stream order, what is below the window's end is what happened; otherwise it is shown when it is reached.
        let is_next = self.live && self.resync.is_none() && self.window.last().0 == event.generation;
        self.last_event = Some(LastEvent { event: event.event, unix_secs: event.unix_secs });
        if self.has_page && (is_at_end || is_next) && (is_new || event.next.is_some()) {
            self.window.push_divider(event);
            out.push(Effect::Window(WindowChange::Appended));
        }
    }

    fn fell_behind(&mut self, bytes: ByteLen, out: &mut Vec<Effect>) {
        if !self.live || self.requests.waits_for_first() {
            return;
        }
        self.behind = bytes;
        if bytes > JUMP_BYTES && !self.catching_up && !self.requests.waits_for_live_page() {
            self.send_live(Way::End { is_told: true }, out);
        }
    }

    fn live_frame(&mut self, frame: &Frame, out: &mut Vec<Effect>) {
        self.owed = self.owed.saturating_add(frame.credit());
        if !self.has_page || self.requests.waits_for_first() {
            return self.return_credit(1, out);
        }
        let before = self.window.last();
        match self.window.append(frame) {
            Ok(taken) => {
                if taken.added > 0 || taken.replaced {
                    out.push(Effect::Window(WindowChange::Appended));
                    self.evict(out);
                }
                if taken.added > 0 || self.window.last() != before {
                    self.resync = None;
                }
            }
            Err(_) => self.missed(out),
        }
        self.settle();
        if !self.wants_live() {
            self.return_credit(1, out);
        }
    }

    /// A live frame does not go on where the window ends: never shown; asked for again from there, once.
    fn missed(&mut self, out: &mut Vec<Effect>) {
        let tail = self.window.last();
        let waits = self.requests.waits_for_live_page() || self.filters.is_waiting();
        if self.live && self.resync != Some(tail) && !waits {
            self.resync = Some(tail);
            self.send_live(Way::Exact, out);
        }
    }

    /// Ends what is over once the window is near the end.
    fn settle(&mut self) {
        if self.is_within(u64::from(CREDIT_BYTES)) {
            self.behind = ByteLen::ZERO;
        }
        if self.is_near() {
            self.catching_up = false;
        }
    }

    fn page_frame(&mut self, frame: &Frame, out: &mut Vec<Effect>) {
        if self.take_filtered(frame, out) {
            self.settle();
            return self.fill(out);
        }
        match self.requests.take(frame.req) {
            Answer::First => {
                let at = self.start.as_ref().map(|start| (start.at, start.before));
                self.show(frame, at.filter(|_| !self.following), out);
                if !self.following {
                    // New is what comes from now on, not what stands below the place that was asked for.
                    let at_opening = self.tip.filter(|tip| tip.generation == frame.generation);
                    self.seen = Some(at_opening.map_or(self.window.last(), |tip| (tip.generation, tip.complete)));
                }
                self.switch(out);
            }
            Answer::Jump(jump) => {
                self.show(frame, Some(jump.place()), out);
                self.fill(out);
            }
            Answer::Live(live) if live.has_page => {
                let before = self.window.last();
                let skipped = if before.0 == frame.generation { frame.offset - before.1 } else { self.behind };
                self.show(frame, None, out);
                self.behind = ByteLen::ZERO;
                self.catching_up = false;
                if live.is_told && skipped > ByteLen::ZERO {
                    out.push(Effect::Notice(Notice::Skipped(skipped)));
                }
                self.fill(out);
            }
            Answer::Above => self.take_above(frame, out),
            Answer::Below => self.take_below(frame, out),
            Answer::Numbers(place) => self.take_numbers(frame, place, out),
            Answer::Live(_) | Answer::None => {}
        }
        self.settle();
    }

    fn request_failed(&mut self, req: u32, error: Failure, detail: String, out: &mut Vec<Effect>) {
        if self.spans_failed(req, out) || self.seek_failed(req, error, out) || self.overview.failed(req) {
            return;
        }
        if self.filter_failed(req, out).is_some() {
            out.push(Effect::Notice(Notice::Failed { error, detail }));
            return;
        }
        match self.requests.take(req) {
            // What stood between cannot be had any more: the end can.
            Answer::Live(live) if !live.has_page => {
                out.push(Effect::Notice(Notice::Lost(None)));
                self.send_live(Way::End { is_told: false }, out);
            }
            Answer::Above => self.above_failed(),
            Answer::Below if error == Failure::Gone => self.below_gone(out),
            Answer::Below => self.below_failed(),
            Answer::Numbers(_) => {}
            Answer::First | Answer::Jump(_) | Answer::Live(_) | Answer::None => {
                out.push(Effect::Notice(Notice::Failed { error, detail }));
            }
        }
    }

    /// Whether the window's end is so far from the file's that lines are on their way.
    pub(super) fn is_catching_up(&self) -> bool {
        !self.is_near() || self.requests.waits_for_first() || self.requests.waits_for_live_page()
    }

    /// Whether the window's end is as near to the file's as it comes while lines are written.
    fn is_near(&self) -> bool {
        self.is_within(MAX_LIVE_BYTES as u64)
    }

    /// Whether the window's end is no more than `usual` bytes from the file's, or as near as a filter lets it come: where
    /// there is nothing to show the server tells now and then how far it is, and the last lines before the end wait until
    /// it is known whether they are context.
    fn is_within(&self, usual: u64) -> bool {
        let limit = match self.filters.in_force() {
            Some(filter) => JUMP_BYTES.get() + u64::from(filter.ctx.min(MAX_CONTEXT)) * MAX_LIVE_BYTES as u64,
            None => usual,
        };
        self.distance().is_some_and(|bytes| bytes.get() <= limit)
    }
}
