//! Counting views of one source together: what is read is judged by the filters of all that stand at the same place, while
//! it is in the cache.
//!
//! # How
//! One task counts for all. Most of a source is counted in spans, which threads judge side by side and which are taken over
//! in order; each is judged for all views that go on from where it begins (a [`Group`]). A view that comes later begins at
//! its own place; when it is near one ahead, that one waits for it ([`places`]), and from then on they are one group. One
//! that is far behind is waited for by nobody: the two take turns. The last few lines, which may grow, and lines that are too
//! long for a span are counted in steps, in order: those too for all views that stand alike, so that an append is read once.
//!
//! A view that is dropped is looked for no more from the next 64 KiB on, the others go on. When a read fails, all that waited
//! for it try again later from where they stand.
//!
//! # Who
//! Only quick filters are worth it ([`Filter::is_quick`](super::super::Filter::is_quick)): for them reading is a good part
//! of the work. The others are each counted in the same way by a task of their own, so that nobody waits for a slow one;
//! and so is one that asks for levels or times: it passes over blocks by its facts, which others have to look at. If a
//! group held facts, it would pass over what all of its filters pass over.

mod members;
mod places;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesOrdered, StreamExt as _};
use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::super::span::Span;
use super::super::{Budget, Facts, Ration};
use super::count::{STEP_TIME, step};
use super::counts::Counts;
use super::group::Group;
use crate::tasks::{Tasks, scan_threads};
use members::{Landed, Members, Work};

/// How many spans each thread has before it, so that none waits for the order.
const AHEAD: usize = 3;

/// Views of one source that are counted together.
#[derive(Debug, Default)]
pub(in crate::scan) struct Together {
    roster: Mutex<Roster>,
    bell: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Roster {
    /// Who counts has not seen them yet.
    new: Vec<Arc<Counts>>,
    is_counted: bool,
}

impl Together {
    /// Takes a view in. Whether nobody counts for the views: then [`keep_counting`] is to be begun.
    pub(in crate::scan) fn join(&self, counts: &Arc<Counts>) -> bool {
        counts.wakes(&self.bell);
        let mut roster = self.roster.lock().unwrap_or_else(PoisonError::into_inner);
        roster.new.push(Arc::clone(counts));
        self.bell.notify_one();
        !std::mem::replace(&mut roster.is_counted, true)
    }

    /// Takes over who is new, and lets go of who was dropped. Whether there is anybody to count for: if not, it is over.
    fn attend(&self, members: &mut Members) -> bool {
        let mut roster = self.roster.lock().unwrap_or_else(PoisonError::into_inner);
        roster.is_counted = members.change(std::mem::take(&mut roster.new).into_iter());
        roster.is_counted
    }
}

/// Counts until all views are dropped or the server ends. Those that ask for facts hold them when they are counted.
pub(in crate::scan) async fn keep_counting(
    together: Arc<Together>,
    facts: impl Fn(Ration) -> Arc<Facts> + Send + 'static,
    tasks: Tasks,
) {
    let on_counted = move |counts: &Counts| {
        if counts.filter().asks_facts() {
            // Not before: who asked waits for these counts, and the next one like it will be quicker. They are no reason
            // to read more than he may.
            counts.hold_facts(facts(counts.given()));
        }
    };
    let stopping = tasks.stopping();
    let mut members = Members::new();
    let most = scan_threads() * AHEAD;
    let mut flight = FuturesOrdered::new();
    while together.attend(&mut members) {
        while flight.len() < most
            && let Some(work) = members.next_work()
        {
            flight.push_back(done(work, tasks.clone()));
        }
        let retry = members.retry_at().filter(|_| flight.len() < most);
        tokio::select! {
            () = stopping.cancelled() => return,
            Some(landed) = flight.next() => members.land(&landed, &on_counted),
            () = together.bell.notified() => {}
            () = sleep_until(retry.unwrap_or_else(tokio::time::Instant::now)), if retry.is_some() => {}
        }
    }
}

async fn done(work: Work, tasks: Tasks) -> Landed {
    match work {
        Work::Span(group, span) => Landed::Span(Arc::clone(&group), judged(group, span, tasks).await),
        Work::Step(group) => {
            let stopping = tasks.stopping();
            let turn = move || (step(&group, &|| stopping.is_cancelled()), group);
            let (progress, group) = tasks.scanning(turn).await;
            Landed::Step(group, progress)
        }
    }
}

/// Judges a span in short turns, so that others get theirs; how long that took in all.
async fn judged(group: Arc<Group>, span: Span, tasks: Tasks) -> io::Result<(Span, Duration)> {
    let (mut span, mut time) = (span, Duration::ZERO);
    loop {
        let (group, stopping) = (Arc::clone(&group), tasks.stopping());
        let turn = move || {
            let began = Instant::now();
            let budget = Budget::unlimited().until(began + STEP_TIME).cancelled_when(Arc::<Group>::clone(&group));
            let is_judged = budget.is_cancelled() || span.judge(group.ground(), group.all(), &budget)?;
            let is_unwanted = budget.is_cancelled() || stopping.is_cancelled();
            io::Result::Ok((span, is_judged || is_unwanted, began.elapsed()))
        };
        let (judged, is_over, took) = tasks.scanning(turn).await?;
        time += took;
        if is_over {
            return Ok((judged, time));
        }
        span = judged;
    }
}
