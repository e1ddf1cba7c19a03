//! The views that are counted together: where each stands, what is to be done next, and what has come of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::super::super::span::Span;
use super::super::counts::Counts;
use super::super::group::{Group, Waiting};
use super::places::{Place, Places};
use crate::index::Progress;

/// How long counting waits after a read has failed, unless the source grows before.
const RETRY: Duration = Duration::from_secs(2);

/// The first span is this part of the longest, and the shortest that part. Long ones cost less, short ones are sooner
/// known.
const FIRST_SPAN: u64 = 4;
const SHORTEST_SPAN: u64 = 16;

/// How long a span may take, so that the next ones are longer, and shorter.
const SHORT: Duration = Duration::from_millis(2);
const LONG: Duration = Duration::from_millis(20);

/// How often counts are told while they grow.
const TELL_EVERY: Duration = Duration::from_millis(20);

/// Something to do on a thread that scans.
#[derive(Debug)]
pub(super) enum Work {
    /// To judge a part of the source.
    Span(Arc<Group>, Span),
    /// To count on in order, at the end of the source or over a line that is too long for a span.
    Step(Arc<Group>),
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Landed {
    /// The part, and how long it took.
    Span(Arc<Group>, io::Result<(Span, Duration)>),
    Step(Arc<Group>, Progress),
}

/// All views that are counted together.
#[derive(Debug)]
pub(super) struct Members {
    all: Vec<Member>,
    /// How many turns there were.
    turns: u64,
    told: Instant,
}

#[derive(Debug)]
struct Member {
    counts: Arc<Counts>,
    /// That of all work which is under way for it.
    is_void: Arc<AtomicBool>,
    n_under_way: usize,
    /// How many bytes the spans among it have.
    bytes_under_way: u64,
    next: Next,
    /// How much of the source was known when work was begun for it.
    known: u64,
    /// A read failed: until when it waits, unless more is known.
    stalled: Option<Instant>,
}

/// What is next for a view.
#[derive(Debug)]
enum Next {
    /// To see what is to be done: a sweep, a step or nothing.
    Look,
    /// Spans, one after the other, up to the last few lines, which may grow.
    Sweep(Sweep),
    /// A step, when nothing is under way any more.
    Step,
}

/// How a view is swept.
#[derive(Debug)]
struct Sweep {
    place: Place,
    /// Whether a line is known to start there.
    at_start: bool,
    /// How long its next span is.
    len: u64,
}

impl Members {
    pub(super) fn new() -> Self {
        Self { all: Vec::new(), turns: 0, told: Instant::now() }
    }

    /// These are counted too; those that were dropped no more. Whether there are any.
    pub(super) fn change(&mut self, new: impl Iterator<Item = Arc<Counts>>) -> bool {
        self.all.extend(new.map(|counts| Member {
            counts,
            is_void: Arc::default(),
            n_under_way: 0,
            bytes_under_way: 0,
            next: Next::Look,
            known: 0,
            stalled: None,
        }));
        self.all.retain(|member| !member.counts.is_dropped());
        !self.all.is_empty()
    }

    /// When there is something to do again, if that is a question of time.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.all.iter().filter_map(|member| member.stalled).min()
    }

    /// What can be done now.
    pub(super) fn next_work(&mut self) -> Option<Work> {
        let turn = self.turns;
        self.all.iter_mut().for_each(|member| member.look(turn));
        self.next_step().or_else(|| self.next_span())
    }

    /// What came of some work.
    pub(super) fn land(&mut self, landed: &Landed, on_counted: &impl Fn(&Counts)) {
        let (Landed::Span(group, _) | Landed::Step(group, _)) = landed;
        for (nth, waiting) in group.all().iter().enumerate() {
            // Of no use to one that is not found.
            let is_its = |member: &&mut Member| Arc::ptr_eq(&member.is_void, &waiting.is_void);
            let Some(member) = self.all.iter_mut().find(is_its) else { continue };
            member.n_under_way = member.n_under_way.saturating_sub(1);
            match landed {
                Landed::Span(_, Ok((span, time))) => member.take_over(span, nth, *time),
                Landed::Span(_, Err(_)) | Landed::Step(_, Progress::Stalled) => member.stall(),
                Landed::Step(_, progress) => {
                    member.next = Next::Look;
                    if *progress == Progress::Done {
                        on_counted(&member.counts);
                    }
                }
            }
        }
        if self.told.elapsed() > TELL_EVERY {
            self.all.iter().for_each(|member| member.counts.publish());
            self.told = Instant::now();
        }
    }

    /// A step for all that stand alike where one is to be done.
    fn next_step(&mut self) -> Option<Work> {
        let first = self.all.iter().find(|member| member.is_to_step())?.counts.standing();
        let group = self.all.iter_mut().filter(|member| member.is_to_step() && member.counts.standing() == first);
        Group::new(group.map(Member::waiting).collect()).map(Work::Step)
    }

    /// The next span of the views whose turn it is.
    fn next_span(&mut self) -> Option<Work> {
        let places = Places::new(self.all.iter().filter_map(Member::place));
        let (place, ahead) = places.whose_turn()?;
        let is_there = |member: &&mut Member| member.place().is_some_and(|its| its.at == place.at);
        let sweeps: Vec<&mut Member> = self.all.iter_mut().filter(is_there).collect();
        let (span, stop) = span_of(&sweeps, place.at, ahead)?;
        self.turns += 1;
        let mut group = Vec::new();
        for member in sweeps {
            member.go_on(Place { at: stop, turn: self.turns, ..place });
            member.bytes_under_way += span.len();
            group.push(member.waiting());
        }
        let (last, length) = (places.waiting_for(place.at), stop - place.at);
        for member in &mut self.all {
            member.wait_while(length, (stop, last));
        }
        Group::new(group).map(|group| Work::Span(group, span))
    }
}

/// The span from `place` on that is judged for these views, and where it stops; it ends where others stand `ahead`.
fn span_of(sweeps: &[&mut Member], place: u64, ahead: Option<u64>) -> Option<(Span, u64)> {
    let counts = || sweeps.iter().map(|member| &member.counts);
    let block = counts().next()?.block();
    let (limit, end) = counts().map(|counts| bounds(counts)).min()?;
    let limit = limit.min(ahead.unwrap_or(limit));
    // What none of them has to look at. The last block is looked at in any case: it says where the first line after it
    // starts.
    let passed = counts().map(|counts| counts.pass_over(place)).min()?;
    let from = passed.min(limit.saturating_sub(block)).max(place);
    let at_start = from == place && sweeps.iter().any(|member| member.at_start());
    let len = sweeps.iter().filter_map(|member| member.sweep()).map(|sweep| sweep.len).min()?;
    let may_read = sweeps.iter().map(|member| member.may_read()).min()?;
    let stop = ((from + len) / block * block).max(from + 1).min(limit).min(from.saturating_add(may_read));
    Some((Span::new((from, at_start), stop, end, block), stop))
}

/// Up to where a view is counted in spans, and how much of the source is known then.
fn bounds(counts: &Counts) -> (u64, u64) {
    let (target, block) = (counts.target(), counts.block());
    (target.saturating_sub(counts.ground().sizes.left) / block * block, target)
}

impl Member {
    /// Finds out what is next, in that turn.
    fn look(&mut self, turn: u64) {
        if self.n_under_way > 0 {
            return;
        }
        if self.counts.is_behind() && self.may_read() == 0 {
            // Nobody is to come back for what could not be read.
            self.stalled = None;
            return self.counts.stop();
        }
        match &self.next {
            Next::Sweep(sweep) if sweep.place.at >= bounds(&self.counts).0 => self.next = Next::Step,
            Next::Look if self.counts.is_behind() && !self.is_stalled() => {
                self.stalled = None;
                self.next = Sweep::of(&self.counts, turn).map_or(Next::Step, Next::Sweep);
            }
            _ => {}
        }
    }

    fn is_stalled(&self) -> bool {
        self.stalled.is_some_and(|until| self.counts.target() == self.known && Instant::now() < until)
    }

    fn is_to_step(&self) -> bool {
        matches!(self.next, Next::Step) && self.n_under_way == 0 && self.may_read() > 0
    }

    /// How many bytes may be looked through beyond those that are.
    fn may_read(&self) -> u64 {
        self.counts.may_read().saturating_sub(self.bytes_under_way)
    }

    fn sweep(&self) -> Option<&Sweep> {
        if let Next::Sweep(sweep) = &self.next { Some(sweep) } else { None }
    }

    fn at_start(&self) -> bool {
        self.sweep().is_some_and(|sweep| sweep.at_start)
    }

    /// Where its next span begins, when there is one.
    fn place(&self) -> Option<Place> {
        let is_due = |place: &Place| place.at < bounds(&self.counts).0 && self.may_read() > 0;
        self.sweep().map(|sweep| sweep.place).filter(is_due)
    }

    /// As one that some work is done for from now on.
    fn waiting(&mut self) -> Waiting {
        self.n_under_way += 1;
        self.known = self.counts.target();
        Waiting::new(&self.counts, &self.is_void)
    }

    /// Its next span begins there.
    fn go_on(&mut self, place: Place) {
        if let Next::Sweep(sweep) = &mut self.next {
            (sweep.place, sweep.at_start) = (place, false);
        }
    }

    /// So much is counted up to a place: it waits for that when it stands after it, and not after the last that does.
    fn wait_while(&mut self, length: u64, (place, last): (u64, u64)) {
        if let Next::Sweep(sweep) = &mut self.next
            && sweep.place.at > place
            && sweep.place.at <= last
        {
            sweep.place.patience = sweep.place.patience.saturating_sub(length);
        }
    }

    /// Takes over what is counted of the next span.
    fn take_over(&mut self, span: &Span, nth: usize, time: Duration) {
        self.bytes_under_way = self.bytes_under_way.saturating_sub(span.len());
        self.counts.spend(span.looked_through(), time);
        if !self.counts.take_over(span, nth) {
            self.leave(Next::Step);
            return;
        }
        let longest = self.counts.ground().sizes.span;
        if let Next::Sweep(sweep) = &mut self.next {
            sweep.took(time, longest);
        }
    }

    fn stall(&mut self) {
        self.stalled = Some(Instant::now() + RETRY);
        self.leave(Next::Look);
        self.counts.publish();
    }

    /// Does something else: what is under way is void.
    fn leave(&mut self, next: Next) {
        self.is_void.store(true, Ordering::Relaxed);
        (self.is_void, self.n_under_way, self.bytes_under_way, self.next) = (Arc::default(), 0, 0, next);
    }
}

impl Sweep {
    /// From where the view is counted on; `None` when the rest is to be counted in steps. It comes after those that wait
    /// for their turn: otherwise those who come would keep the others.
    fn of(counts: &Counts, turn: u64) -> Option<Self> {
        let ((done, _, is_long), sizes) = (counts.standing(), counts.ground().sizes);
        let place = Place { at: done, patience: sizes.near, turn };
        (!is_long && done < bounds(counts).0).then_some(Self { place, at_start: true, len: sizes.span / FIRST_SPAN })
    }

    fn took(&mut self, time: Duration, longest: u64) {
        self.len = match time {
            time if time < SHORT => (self.len * 2).min(longest),
            time if time > LONG => (self.len / 2).max(longest / SHORTEST_SPAN),
            _ => self.len,
        };
    }
}

#[cfg(test)]
mod tests;
