//! The counters: told when they have changed, at most twenty times a second, and exactly in the end.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use taillight::cursor::{Generation, Identity};
use taillight::line::LineCount;
use taillight::wire::{ServerMsg, Tip};
use tokio::time::Instant;

use super::codec::Message;
use super::connection::{End, Viewer, sent};
use super::outbox;
use super::socket::Socket;
use crate::pull::Counter;
use crate::source::HEAD_BYTES;

/// Counters are told at most this often.
const TIP_INTERVAL: Duration = Duration::from_millis(50);

/// How much later counters are told by themselves than with lines that come anyway.
const TIP_SLACK: Duration = Duration::from_millis(20);

/// How often counters are looked at while the index still runs.
const INDEX_INTERVAL: Duration = Duration::from_millis(250);

/// How long new lines are counted before messages are looked at again.
const COUNT_LIMIT: Duration = Duration::from_millis(40);

impl Viewer {
    /// The counters are told as soon as their interval allows.
    pub(super) fn tell_soon(&mut self) {
        let soonest = self.told_at + TIP_INTERVAL;
        self.tell_at.get_or_insert_with(|| soonest.max(Instant::now()));
    }

    /// The counters are told with the next lines, as soon as their interval allows: one call to the kernel for both.
    pub(super) fn tell_with_the_lines(&mut self) {
        let soonest = self.told_at + TIP_INTERVAL;
        let now = Instant::now();
        let at = if soonest <= now { now } else { soonest + TIP_SLACK };
        self.tell_at = Some(self.tell_at.map_or(at, |told| if soonest <= now { now } else { told.min(at) }));
    }

    /// Tells the counters where that needs no reading and no waiting; whether it did not.
    pub(super) fn tell_now(&mut self, socket: &mut Socket) -> ControlFlow<End, bool> {
        self.tell_what_happened(socket)?;
        let of = self.puller.tip();
        let current = of.current();
        let is_counted = self.counter.as_mut().is_none_or(|counter| counter.step_now(&of));
        if !is_counted
            || self.levels.is_some()
            || !self.search.is_plain()
            || self.is_introduction_due(current.generation)
        {
            return ControlFlow::Continue(false);
        }
        let tip = self.tip_now();
        self.tell_at = (!tip.lines.exact).then(|| Instant::now() + INDEX_INTERVAL);
        if self.told != Some(tip) {
            self.remember(tip);
            // Whoever looks at all lines is told the same.
            let Some(text) = current.frames.tip_text(&tip, || outbox::text(&ServerMsg::Tip(tip)).ok()) else {
                return ControlFlow::Break(End::Gone);
            };
            socket.push(Message::Text(text));
        }
        ControlFlow::Continue(true)
    }

    /// Tells the counters, if they have changed.
    pub(super) async fn tell(&mut self, socket: &mut Socket) -> ControlFlow<End> {
        self.tell_at = None;
        self.tell_what_happened(socket)?;
        self.hold_views();
        let is_counted = self.count_new_lines().await;
        self.search.rank(&self.state.tasks).await;
        let mut going_on = self.search.going_on();
        let n_stood = going_on.len();
        going_on.extend(self.levels.as_mut().and_then(|watch| watch.going_on()));
        self.waiting.wait_for(going_on);
        let tip = self.tip_now();
        // One that has just stopped is waited for the next time.
        if !is_counted || is_searching(&tip) || n_stopped(&tip) > n_stood || self.search.waits_for_rank() {
            self.tell_at = Some(Instant::now() + TIP_INTERVAL);
        } else if !tip.lines.exact {
            self.tell_at = Some(Instant::now() + INDEX_INTERVAL);
        }
        if self.told == Some(tip) {
            return self.tell_levels(socket).await;
        }
        self.remember(tip);
        self.introduce(socket, tip.generation).await?;
        sent(outbox::say(socket, &ServerMsg::Tip(tip)).await)?;
        self.tell_levels(socket).await
    }

    /// Tells the identity of the current generation where no event has told it, because without it the client could not
    /// resume there; and once more when its head is whole: a copy of the file is known by its head.
    pub(super) async fn introduce(&mut self, socket: &mut Socket, generation: Generation) -> ControlFlow<End> {
        if !self.is_introduction_due(generation) {
            return ControlFlow::Continue(());
        }
        if self.is_head_whole() {
            self.has_head = Some(generation);
        }
        self.identify(socket, generation).await
    }

    fn is_introduction_due(&self, generation: Generation) -> bool {
        generation > self.introduced || (self.is_head_whole() && self.has_head != Some(generation))
    }

    fn is_head_whole(&self) -> bool {
        self.puller.tip().len.get() >= HEAD_BYTES as u64
    }

    /// Tells the identity of a generation.
    pub(super) async fn identify(&mut self, socket: &mut Socket, generation: Generation) -> ControlFlow<End> {
        let tip = self.puller.tip();
        let Some(epoch) = tip.epoch(generation) else { return ControlFlow::Continue(()) };
        let source = Arc::clone(&epoch.source);
        let Ok(identity) = self.state.tasks.blocking(move || source.identity()).await else {
            return ControlFlow::Continue(());
        };
        self.introduced_as(generation, &identity);
        sent(outbox::say(socket, &ServerMsg::Current { generation, identity }).await)
    }

    /// The client knows that identity.
    pub(super) fn introduced_as(&mut self, generation: Generation, identity: &Identity) {
        self.introduced = self.introduced.max(generation);
        if usize::from(identity.head_len) == HEAD_BYTES {
            self.has_head = Some(generation);
        }
    }

    /// Counts what came while held, for a moment; whether all of it is counted.
    async fn count_new_lines(&mut self) -> bool {
        let Some(counter) = &mut self.counter else { return true };
        let tip = self.puller.tip();
        let view = self.search.filter().and_then(|filter| filter.view.as_ref());
        let started = Instant::now();
        // A read error leaves the count where it is; the follower's next change tries again.
        while let Ok(false) = counter.step(&tip, view, &self.state.tasks).await {
            if started.elapsed() >= COUNT_LIMIT || self.state.tasks.stopping().is_cancelled() {
                return false;
            }
        }
        true
    }

    /// The counters as they are now.
    pub(super) fn tip_now(&self) -> Tip {
        let tip = self.puller.tip();
        let current = tip.current();
        Tip {
            generation: current.generation,
            len: tip.len,
            complete: tip.complete,
            lines: current.index.total(),
            new_lines: self.counter.as_ref().map_or(LineCount::ZERO, Counter::lines),
            shown: self.search.shown(&tip),
            found: self.search.found(&tip),
            state: tip.state,
        }
    }

    /// Holds the counting views of the current generation: a search that was superseded ends when its view is let go.
    pub(super) fn hold_views(&mut self) {
        let tip = self.puller.tip();
        if self.search.hold_views(&tip, self.state.facts.rations, &self.state.tasks) {
            self.puller.show_only(self.search.filter().cloned());
        }
    }

    /// The client has been told these counters.
    pub(super) fn remember(&mut self, tip: Tip) {
        self.told = Some(tip);
        self.told_at = Instant::now();
    }
}

/// How many counts stand stopped.
fn n_stopped(tip: &Tip) -> usize {
    tip.counts().filter(|matched| matched.stopped).count()
}

/// Whether a count still grows.
fn is_searching(tip: &Tip) -> bool {
    tip.counts().any(|matched| !matched.exact && !matched.stopped)
}
