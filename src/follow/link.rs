//! The connection's life: connecting, being alive, and coming back.

use super::{Effect, Follow, Notice, PAGE_ROWS, Start};
use crate::cursor::{Anchor, Cursor};
use crate::wire::{CLOSE_GOING_AWAY, CLOSE_UNAUTHORIZED, CLOSE_VERSION, CREDIT_BYTES, ClientMsg, VERSION};

/// The close code for a connection that the page gives up.
pub(super) const CLOSE_NORMAL: u16 = 1000;

/// How long the server may be silent beyond its heartbeat.
const SILENCE_MS: u64 = 10_000;

/// How long connecting may take.
const CONNECT_MS: u64 = 15_000;

/// A connection that lived that long was a good one: the next loss starts with short delays again.
const GOOD_MS: u64 = 5_000;

/// The first delay before coming back, doubled each time up to the longest.
const FIRST_DELAY_MS: u64 = 500;
const LONGEST_DELAY_MS: u64 = 20_000;

/// A wake-up that comes so late means that the page was asleep: what the server said meanwhile is still on its way.
const LATE_MS: u64 = 2_000;
const GRACE_MS: u64 = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Connecting {
        since_ms: u64,
    },
    /// The socket is open and the server has not answered yet.
    Opening,
    Open {
        since_ms: u64,
    },
    Waiting {
        until_ms: u64,
    },
    /// Over for good: the page must be loaded again.
    Ended,
}

#[derive(Debug)]
pub(super) struct Link {
    phase: Phase,
    n_losses: u32,
    was_open: bool,
    heard_ms: u64,
    heartbeat_ms: u64,
    /// When the server has asked us to come back.
    retry_ms: Option<u64>,
    /// The wake-up that was asked for.
    wake_ms: Option<u64>,
    random: u64,
}

impl Link {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            phase: Phase::Idle,
            n_losses: 0,
            was_open: false,
            heard_ms: 0,
            heartbeat_ms: 20_000,
            retry_ms: None,
            wake_ms: None,
            random: seed,
        }
    }

    /// Whether the server has answered: requests can be sent.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// Whether messages of the socket are listened to.
    pub(super) fn is_listening(&self) -> bool {
        matches!(self.phase, Phase::Opening | Phase::Open { .. })
    }

    /// Whether a connection was there before, or could not be made: not the first try.
    pub(super) fn is_reconnecting(&self) -> bool {
        !self.is_open() && (self.was_open || self.n_losses > 0)
    }

    /// Until when it waits before it connects again.
    pub(super) fn retry_at_ms(&self) -> Option<u64> {
        match self.phase {
            Phase::Waiting { until_ms } => Some(until_ms),
            _ => None,
        }
    }

    pub(super) fn heard(&mut self, now_ms: u64) {
        self.heard_ms = now_ms;
    }

    pub(super) fn opened(&mut self, heartbeat_secs: u32, now_ms: u64) {
        self.phase = Phase::Open { since_ms: now_ms };
        self.was_open = true;
        self.heartbeat_ms = u64::from(heartbeat_secs) * 1_000;
    }

    pub(super) fn come_back_after(&mut self, retry_ms: u32) {
        self.retry_ms = Some(u64::from(retry_ms));
    }

    fn silent_limit_ms(&self) -> u64 {
        self.heard_ms + self.heartbeat_ms + SILENCE_MS
    }

    fn deadline_ms(&self) -> Option<u64> {
        match self.phase {
            Phase::Idle | Phase::Ended => None,
            Phase::Connecting { since_ms } => Some(since_ms + CONNECT_MS),
            Phase::Opening | Phase::Open { .. } => Some(self.silent_limit_ms()),
            Phase::Waiting { until_ms } => Some(until_ms),
        }
    }

    /// Half of it fixed, half of it drawn: pages that lost the same server do not come back together.
    fn next_delay_ms(&mut self, code: u16) -> u64 {
        let doubled = FIRST_DELAY_MS << self.n_losses.min(10);
        let usual = doubled.min(LONGEST_DELAY_MS);
        // A server that goes away without saying when is restarting, and all its pages know at the same moment.
        let spread = if code == CLOSE_GOING_AWAY { usual.max(5_000) } else { usual };
        match self.retry_ms.take() {
            Some(retry_ms) => retry_ms + self.draw(FIRST_DELAY_MS),
            None => usual / 2 + self.draw(spread / 2),
        }
    }

    /// A number below `limit` (SplitMix64).
    fn draw(&mut self, limit: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }
}

impl Follow {
    pub(super) fn connect(&mut self, now_ms: u64, out: &mut Vec<Effect>) {
        self.link.phase = Phase::Connecting { since_ms: now_ms };
        out.push(Effect::Connect);
    }

    /// Connects at once if it was going to wait.
    pub(super) fn hurry(&mut self, now_ms: u64, out: &mut Vec<Effect>) {
        if matches!(self.link.phase, Phase::Waiting { .. }) {
            self.connect(now_ms, out);
        }
    }

    pub(super) fn socket_open(&mut self, now_ms: u64, out: &mut Vec<Effect>) {
        let Some(start) = self.start.as_ref().filter(|_| matches!(self.link.phase, Phase::Connecting { .. })) else {
            return;
        };
        let resume = self.cursor();
        let (at, before, after) = self.first_place(start);
        let follow = self.wants_live();
        out.push(Effect::Send(ClientMsg::Open {
            version: VERSION,
            path: start.path.clone(),
            at,
            before,
            after,
            resume,
            follow,
            credit: CREDIT_BYTES,
            filter: self.filters.in_force().cloned(),
            find: self.finding.term().cloned(),
            wished: self.wished(),
        }));
        self.requests.wait_for_first(resume.is_none());
        self.live = follow;
        if follow {
            self.seen = None;
        }
        self.owed = 0;
        self.link.phase = Phase::Opening;
        self.link.heard(now_ms);
    }

    pub(super) fn socket_closed(&mut self, code: u16, now_ms: u64, out: &mut Vec<Effect>) {
        match code {
            _ if !self.link.is_listening() && !matches!(self.link.phase, Phase::Connecting { .. }) => {}
            CLOSE_UNAUTHORIZED => self.end(Notice::LogIn, out),
            CLOSE_VERSION => self.end(Notice::Reload, out),
            _ => self.lost(code, now_ms),
        }
    }

    pub(super) fn tick(&mut self, now_ms: u64, out: &mut Vec<Effect>) {
        let was_due = self.link.wake_ms.take().unwrap_or(now_ms);
        if now_ms.saturating_sub(was_due) > LATE_MS && self.link.is_listening() {
            let grace = now_ms + GRACE_MS;
            self.link.heard_ms = self.link.heard_ms.max(grace.saturating_sub(self.link.heartbeat_ms + SILENCE_MS));
        }
        if self.link.deadline_ms().is_none_or(|deadline| now_ms < deadline) {
            return;
        }
        match self.link.phase {
            Phase::Waiting { .. } => self.connect(now_ms, out),
            Phase::Connecting { .. } | Phase::Opening | Phase::Open { .. } => self.give_up(now_ms, out),
            Phase::Idle | Phase::Ended => {}
        }
    }

    /// Asks for the next wake-up, unless an earlier one is on its way: each message moves the deadline.
    pub(super) fn plan_wake(&mut self, now_ms: u64, out: &mut Vec<Effect>) {
        let due = [self.link.deadline_ms(), self.marks_due_ms()].into_iter().flatten().min();
        let Some(deadline) = due else { return };
        if self.link.wake_ms.is_none_or(|wake| deadline < wake || wake <= now_ms) {
            self.link.wake_ms = Some(deadline);
            out.push(Effect::WakeAt { ms: deadline });
        }
    }

    /// Drops a connection that is of no use, and comes back later.
    pub(super) fn give_up(&mut self, now_ms: u64, out: &mut Vec<Effect>) {
        out.push(Effect::Close(CLOSE_NORMAL));
        self.lost(CLOSE_NORMAL, now_ms);
    }

    /// No connection any more, for good.
    pub(super) fn end(&mut self, notice: Notice, out: &mut Vec<Effect>) {
        self.link.phase = Phase::Ended;
        self.forget_connection();
        out.push(Effect::Notice(notice));
    }

    fn lost(&mut self, code: u16, now_ms: u64) {
        if let Phase::Open { since_ms } = self.link.phase
            && now_ms.saturating_sub(since_ms) >= GOOD_MS
        {
            self.link.n_losses = 0;
        }
        let until_ms = now_ms + self.link.next_delay_ms(code);
        self.link.n_losses = self.link.n_losses.saturating_add(1);
        self.link.phase = Phase::Waiting { until_ms };
        self.forget_connection();
    }

    fn forget_connection(&mut self) {
        self.requests.forget();
        self.filters.forget();
        self.finding.forget();
        self.spans.forget();
        self.overview.lost();
        self.forget_continued();
        self.live = false;
        self.resync = None;
        self.behind = crate::line::ByteLen::ZERO;
        self.owed = 0;
    }

    /// Where the first page is read. After a lost connection that cannot be resumed it is what was on the screen.
    fn first_place(&self, start: &Start) -> (Anchor, u32, u32) {
        match self.looking {
            _ if !self.has_page => (start.at, start.before, start.after),
            Some((first, _)) if !self.following => (Anchor::Byte(first.offset), PAGE_ROWS, PAGE_ROWS),
            _ => (Anchor::End, PAGE_ROWS, 0),
        }
    }

    /// Where the window ends, for the server to go on from: known once a first page was there.
    fn cursor(&self) -> Option<Cursor> {
        let (generation, offset) = self.window.last();
        let identity = self.history.identity(generation).filter(|_| self.has_page)?;
        Some(Cursor { identity, offset, marker: self.window.marker() })
    }
}
