//! How many lines there are of each level, for whoever wants to know; and where in the file there is something to see.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use taillight::cursor::Generation;
use taillight::line::ByteOffset;
use taillight::wire::{CLOSE_PROTOCOL, Failure, Levels, MAX_MARKS, Marks, ServerMsg};
use tokio::time::Instant;

use super::connection::{End, Viewer, sent};
use super::outbox;
use super::requests::{fail, gone};
use super::socket::Socket;
use crate::scan::{Facts, Ration, View};

/// How often levels are told while they are counted.
const INTERVAL: Duration = Duration::from_millis(200);

/// What a connection that wants to know holds and was told.
#[derive(Debug, Default)]
pub(super) struct LevelWatch {
    facts: Option<(Generation, Arc<Facts>)>,
    told: Option<Levels>,
    /// Whether it is waited for that they go on.
    is_waited_for: bool,
}

impl LevelWatch {
    /// Where they stand stopped: waits until they go on.
    pub(super) fn going_on(&mut self) -> Option<BoxFuture<'static, ()>> {
        let stopped = self.facts.as_ref().filter(|(_, facts)| facts.census().stopped);
        self.is_waited_for = stopped.is_some();
        stopped.map(|(_, facts)| facts.goes_on().boxed())
    }

    /// Has them go on where they stand stopped.
    pub(super) fn go_on(&self, ration: Ration) {
        if let Some((_, facts)) = &self.facts {
            facts.go_on(ration);
        }
    }
}

impl Viewer {
    /// Tells levels from here on, or no more.
    pub(super) fn watch_levels(&mut self, on: bool) {
        self.levels = on.then(Box::default);
        self.tell_soon();
    }

    /// Tells how many lines there are of each level, if somebody wants to know and it has changed.
    pub(super) async fn tell_levels(&mut self, socket: &mut Socket) -> ControlFlow<End> {
        let tip = self.puller.tip();
        // They take a look at all of the file, too.
        let waits = self.search.waits_for_wish();
        let Some(watch) = self.levels.as_mut().filter(|_| !waits) else { return ControlFlow::Continue(()) };
        let current = tip.current();
        let generation = current.generation;
        if watch.facts.as_ref().is_none_or(|(of, _)| *of != generation) {
            let (rations, is_wished) = (self.state.facts.rations, self.search.is_wished());
            let facts = current.views.facts(|unread| rations.of(is_wished, unread), &self.state.tasks);
            watch.facts = Some((generation, facts));
        }
        let Some((_, facts)) = &watch.facts else { return ControlFlow::Continue(()) };
        let census = facts.census();
        let exact = census.exact && census.scanned >= tip.len;
        let stopped = census.stopped;
        let levels = Levels { generation, counts: census.counts, scanned: census.scanned, exact, stopped };
        // Those that have just stopped are waited for the next time.
        let rests = exact || (stopped && watch.is_waited_for);
        if !rests {
            let at = Instant::now() + INTERVAL;
            self.tell_at = Some(self.tell_at.map_or(at, |told| told.min(at)));
        }
        if watch.told.replace(levels) == Some(levels) {
            return ControlFlow::Continue(());
        }
        sent(outbox::say(socket, &ServerMsg::Levels(levels)).await)
    }

    /// Says where there is something to see.
    pub(super) async fn send_marks(
        &mut self,
        socket: &mut Socket,
        req: u32,
        generation: Generation,
        parts: u32,
    ) -> ControlFlow<End> {
        if parts == 0 || parts > MAX_MARKS {
            return ControlFlow::Break(End::Close(CLOSE_PROTOCOL, "too many marks"));
        }
        let tip = self.puller.tip();
        let Some(epoch) = tip.epoch(generation) else { return gone(socket, req).await };
        let is_current = generation == tip.current().generation;
        let len = epoch.ended.get().copied().unwrap_or(if is_current { tip.len } else { ByteOffset::ZERO });
        let (shown, found) = self.search.views_of(generation);
        let facts = self.levels.as_ref().and_then(|watch| watch.facts.clone());
        let facts = facts.filter(|(of, _)| *of == generation).map(|(_, facts)| facts);
        let look = move || marks(len, parts, (shown, found), facts);
        match self.state.tasks.blocking(look).await {
            Ok(marks) => sent(outbox::say(socket, &ServerMsg::Marks { req, generation, marks }).await),
            Err(error) => fail(socket, req, Failure::ReadError, &error.to_string()).await,
        }
    }
}

fn marks(
    len: ByteOffset,
    parts: u32,
    (shown, found): (Option<Arc<View>>, Option<Arc<View>>),
    facts: Option<Arc<Facts>>,
) -> io::Result<Marks> {
    let of = |view: Option<Arc<View>>| view.map_or(Ok(Vec::new()), |view| view.marks(len, parts));
    let levels = facts.map_or(Ok(Vec::new()), |facts| facts.marks(len, parts))?;
    Ok(Marks { len, parts, found: of(found)?, shown: of(shown)?, levels })
}
