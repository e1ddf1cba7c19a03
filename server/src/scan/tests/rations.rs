//! Passes that take no more than they were given, and go on when they are given more.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use taillight::level::LevelChoice;
use taillight::line::ByteOffset;
use tokio::time::Instant;

use super::super::{Census, Facts, Filter, Ration, Rations, View, Views};
use super::oracle::Growing;
use crate::index::LineIndex;
use crate::source::Source;
use crate::tail::{Pace, Tails};
use crate::tasks::Tasks;
use crate::testing::{Memory, TempFolder, log_file};

const MIB: u64 = 1024 * 1024;
const TIME: Duration = Duration::from_secs(3600);

/// The end of a part's last line is read with it, and the byte before its first.
const TAIL: u64 = 4 * 1024;

fn mib(n: u64) -> Ration {
    Ration { bytes: n * MIB, time: TIME }
}

/// `n` MiB of lines of 64 bytes, a hit in each MiB.
fn lines(n: u64) -> Vec<u8> {
    let line = |nth: u64| format!("{nth:010} a line of a log {:>36}\n", if nth == 9 { "needle" } else { "straw" });
    (0..MIB / 64).map(line).collect::<String>().into_bytes().repeat(usize::try_from(n).unwrap())
}

/// Tells from where to where was read. Not how much: what a short turn has read and not judged is read again.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn Source>,
    part: Mutex<Option<(u64, u64)>>,
}

impl Watched {
    /// The part that was read since this was asked last.
    fn take(&self) -> Option<(u64, u64)> {
        self.part.lock().unwrap().take()
    }
}

impl Source for Watched {
    fn len(&self) -> std::io::Result<ByteOffset> {
        self.inner.len()
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> std::io::Result<usize> {
        let n_read = self.inner.read_at(buf, at)?;
        let mut part = self.part.lock().unwrap();
        let (from, to) = part.unwrap_or((u64::MAX, 0));
        *part = Some((from.min(at.get()), to.max(at.get() + n_read as u64)));
        Ok(n_read)
    }

    fn identity(&self) -> std::io::Result<taillight::cursor::Identity> {
        self.inner.identity()
    }

    fn is_same(&self, seen: &taillight::cursor::Identity) -> std::io::Result<bool> {
        self.inner.is_same(seen)
    }

    fn lengths(&self) -> tokio::sync::watch::Receiver<ByteOffset> {
        self.inner.lengths()
    }
}

struct Ground {
    source: Arc<Watched>,
    views: Views,
    tasks: Tasks,
}

impl Ground {
    fn new(source: Arc<dyn Source>) -> Self {
        let source = Arc::new(Watched { inner: source, part: Mutex::default() });
        let shared = Arc::clone(&source) as Arc<dyn Source>;
        let views = Views::new(Arc::clone(&shared), Arc::new(LineIndex::new(shared)));
        views.grow_to(source.len().unwrap());
        Self { source, views, tasks: Tasks::default() }
    }

    fn of(n: u64) -> Self {
        Self::new(Arc::new(Memory(lines(n))))
    }

    fn view(&self, ration: Ration) -> Arc<View> {
        self.views.within(&Filter::compile("needle").unwrap(), |_| ration, &self.tasks)
    }
}

async fn stopped(view: &View) -> u64 {
    let mut changes = view.changed();
    let known = tokio::time::timeout(Duration::from_secs(60), changes.wait_for(|matched| matched.stopped)).await;
    known.expect("it stops").expect("it is held").scanned.get()
}

async fn exact(view: &View) -> u64 {
    assert!(view.wait(Instant::now() + Duration::from_secs(60)).await, "{:?}", view.matched());
    view.matched().count.get()
}

async fn wait_until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain");
        tokio::task::yield_now().await;
    }
}

/// Whoever could do something has its turn.
async fn let_go_on() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_pass_stops_where_its_ration_ends_and_reads_nothing_twice() {
    let ground = Ground::of(24);
    let view = ground.view(mib(8));
    let mut from = 0;
    for (count, until) in [(8, 8 * MIB), (16, 16 * MIB)] {
        assert_eq!(stopped(&view).await, until);
        let (first, last) = ground.source.take().unwrap();
        assert!(first + 1 >= from && last <= until + TAIL, "{first} to {last}, and not {from} to {until}");
        assert_eq!((view.matched().count.get(), view.matched().exact), (count, false));
        assert!(!view.wait(Instant::now() + TIME).await, "nobody waits for one that stands");
        let_go_on().await;
        assert_eq!(ground.source.take(), None, "nothing is done meanwhile");
        from = until;
        view.go_on(mib(8));
    }
    assert_eq!(exact(&view).await, 24);
    let (first, _) = ground.source.take().unwrap();
    assert!(first + 1 >= from, "{first}");
}

async fn levels(facts: &Facts, is_it: impl Fn(&Census) -> bool) -> (u64, u64) {
    let mut changes = facts.changed();
    let known = tokio::time::timeout(Duration::from_secs(60), changes.wait_for(is_it)).await;
    let known = *known.expect("it comes to that").expect("they are held");
    (known.counts.of(None).get(), known.scanned.get())
}

#[tokio::test]
async fn levels_stop_where_their_ration_ends_and_go_on_for_all_who_hold_them() {
    let per_mib = MIB / 64;
    let ground = Ground::of(24);
    let facts = ground.views.facts(|unread| mib(unread / MIB / 3), &ground.tasks);
    let other = ground.views.facts(|_| Ration::UNLIMITED, &ground.tasks);
    for n in [8, 16] {
        let until = n * MIB;
        assert_eq!(levels(&facts, |census| census.stopped).await, (n * per_mib, until));
        assert!(!facts.census().exact);
        // The first lines are read for each part: they say what times stand for.
        let (_, last) = ground.source.take().unwrap();
        assert!(last <= until + TAIL, "to {last}, and not {until}");
        let_go_on().await;
        assert_eq!(ground.source.take(), None, "nothing is done meanwhile");
        let (going_on, filter) = (facts.goes_on(), Filter::of_levels(LevelChoice::ERRORS));
        assert_eq!(facts.next_part(&filter, 0, 24 * MIB), (until, 24 * MIB), "what is known is known");
        other.go_on(mib(8));
        tokio::time::timeout(Duration::from_secs(20), going_on).await.expect("everybody hears of it");
    }
    assert_eq!(levels(&facts, |census| census.exact).await, (24 * per_mib, 24 * MIB));
    assert!(!facts.census().stopped);
}

#[tokio::test]
async fn levels_that_nobody_has_wished_read_nothing_and_those_that_are_slow_stop() {
    let ground = Ground::of(6);
    let facts = ground.views.facts(|_| Ration::NONE, &ground.tasks);
    let_go_on().await;
    assert!(facts.census().stopped && ground.source.take().is_none());
    drop(ground.views.facts(|_| mib(2), &ground.tasks));
    assert_eq!(levels(&facts, |census| census.stopped && census.scanned > ByteOffset::ZERO).await.1, 2 * MIB);
    let ground = Ground::of(64);
    let short = Ration { bytes: u64::MAX, time: Duration::from_nanos(1) };
    let facts = ground.views.facts(|_| short, &ground.tasks);
    assert!(levels(&facts, |census| census.stopped).await.1 < 64 * MIB);
    drop(facts);
    wait_until(|| ground.tasks.n_running() == 0).await;
}

#[tokio::test]
async fn a_filter_of_levels_has_no_more_read_for_the_next_one_than_for_itself() {
    let ground = Ground::of(6);
    let filter = Filter::of_levels(LevelChoice::ERRORS);
    let view = ground.views.within(&filter, |_| mib(4), &ground.tasks);
    stopped(&view).await;
    view.go_on(mib(4));
    exact(&view).await;
    wait_until(|| ground.views.known_facts().is_some_and(|facts| facts.census().stopped)).await;
    assert_eq!(ground.views.known_facts().unwrap().census().scanned.get(), 4 * MIB);
}

#[tokio::test]
async fn levels_of_what_is_appended_are_no_search() {
    let bytes = lines(9);
    let growing = Arc::new(Growing::new(&bytes[..3 << 20]));
    let ground = Ground::new(Arc::clone(&growing) as Arc<dyn Source>);
    let facts = ground.views.facts(|_| mib(4), &ground.tasks);
    for n in [3, 6, 9] {
        growing.set(&bytes[..n << 20]);
        ground.views.grow_to(ByteOffset::new((n << 20) as u64));
        let all = (n << 20) as u64;
        levels(&facts, |census| census.exact && census.scanned.get() == all).await;
    }
}

#[tokio::test]
async fn a_slow_pass_stops_when_its_time_is_over() {
    let ground = Ground::of(24);
    let view = ground.view(Ration { bytes: u64::MAX, time: Duration::from_nanos(1) });
    assert!(stopped(&view).await < 24 * MIB);
    view.go_on(mib(24));
    assert_eq!(exact(&view).await, 24);
}

#[tokio::test]
async fn equal_viewers_stand_together_and_go_on_together() {
    let ground = Ground::of(12);
    let views: Vec<_> = (0..5).map(|_| ground.view(mib(4))).collect();
    for view in &views {
        assert_eq!(stopped(view).await, 4 * MIB);
    }
    assert!(ground.source.take().unwrap().1 <= 4 * MIB + TAIL, "five have one ration");
    let going_on: Vec<_> = views.iter().map(|view| view.goes_on()).collect();
    // The other press comes when it goes on already.
    views[3].go_on(mib(8));
    views[1].go_on(mib(8));
    for heard in going_on {
        tokio::time::timeout(Duration::from_secs(20), heard).await.expect("everybody hears of it");
    }
    for view in &views {
        assert_eq!(exact(view).await, 12);
    }
}

#[tokio::test]
async fn a_large_search_of_a_link_reads_nothing_until_somebody_wishes_it() {
    let ground = Ground::of(6);
    let rations = Rations { pass: mib(100), link_bytes: 5 * MIB };
    let filter = Filter::compile("needle").unwrap();
    let view = |is_wished| ground.views.within(&filter, |unread| rations.of(is_wished, unread), &ground.tasks);
    let linked = view(false);
    assert!(linked.matched().stopped, "known at once");
    let_go_on().await;
    let again = view(false);
    let_go_on().await;
    assert_eq!((ground.source.take(), again.matched().scanned.get()), (None, 0));
    let typed = view(true);
    assert_eq!((exact(&typed).await, exact(&linked).await), (6, 6));
    // What is counted need not be read.
    assert!(!view(false).matched().stopped);
    let small = Ground::of(5);
    let linked = small.views.within(&filter, |unread| rations.of(false, unread), &small.tasks);
    assert_eq!(exact(&linked).await, 5);
}

#[tokio::test]
async fn who_needs_the_whole_answer_gets_it_from_a_view_that_stands() {
    for ration in [Ration::NONE, mib(1)] {
        let ground = Ground::of(6);
        let view = ground.view(ration);
        stopped(&view).await;
        let whole = ground.views.whole(&Filter::compile("needle").unwrap(), &ground.tasks);
        assert!(Arc::ptr_eq(&view, whole.view()));
        assert_eq!(exact(whole.view()).await, 6);
        drop(whole);
        assert_eq!(exact(&view).await, 6, "it is the same for all");
    }
    // Who asks for more meanwhile has it when that one leaves.
    let ground = Ground::of(64);
    let view = ground.view(mib(1));
    stopped(&view).await;
    let whole = ground.views.whole(&Filter::compile("needle").unwrap(), &ground.tasks);
    view.go_on(mib(100));
    drop(whole);
    assert_eq!(exact(&view).await, 64);
    // One that leaves before has nobody else go on.
    let ground = Ground::of(64);
    let view = ground.view(mib(1));
    stopped(&view).await;
    drop(ground.views.whole(&Filter::compile("needle").unwrap(), &ground.tasks));
    assert!(stopped(&view).await < 64 * MIB);
}

#[tokio::test]
async fn one_that_is_dropped_while_it_stands_leaves_nothing() {
    let ground = Ground::of(6);
    let view = ground.view(mib(1));
    stopped(&view).await;
    drop(view);
    wait_until(|| ground.tasks.n_running() == 0).await;
    let held = [ground.view(mib(1)), ground.view(Ration::NONE)];
    drop(held);
    wait_until(|| ground.tasks.n_running() == 0).await;
}

#[tokio::test]
async fn what_is_appended_is_no_search() {
    let bytes = lines(9);
    let growing = Arc::new(Growing::new(&bytes[..3 << 20]));
    let ground = Ground::new(Arc::clone(&growing) as Arc<dyn Source>);
    let view = ground.view(mib(4));
    for n in [3, 6, 9] {
        growing.set(&bytes[..n << 20]);
        ground.views.grow_to(ByteOffset::new((n << 20) as u64));
        assert_eq!(exact(&view).await, n as u64, "it never stops at the end");
    }
}

#[tokio::test]
async fn a_file_that_grows_under_one_that_stands_is_counted_when_it_goes_on() {
    let bytes = lines(9);
    let growing = Arc::new(Growing::new(&bytes[..6 << 20]));
    let ground = Ground::new(Arc::clone(&growing) as Arc<dyn Source>);
    let view = ground.view(mib(2));
    assert_eq!(stopped(&view).await, 2 * MIB);
    ground.source.take();
    growing.set(&bytes);
    ground.views.grow_to(ByteOffset::new(bytes.len() as u64));
    let_go_on().await;
    assert_eq!((ground.source.take(), view.matched().stopped, view.matched().count.get()), (None, true, 2));
    view.go_on(mib(7));
    assert_eq!(exact(&view).await, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_under_one_that_stands_begins_anew() {
    let tasks = Tasks::default();
    let pace = Pace { poll: true, poll_every: Duration::from_millis(5), ..Pace::default() };
    let tails = Tails::new(tasks.clone(), pace);
    let folder = TempFolder::new();
    let path = folder.file("a.log", &lines(6));
    let mut follower = tails.follow(log_file(&path)).unwrap();
    let filter = Filter::compile("needle").unwrap();
    let old = Arc::clone(follower.tip().current());
    let view = old.views.within(&filter, |_| mib(2), &tasks);
    assert_eq!(stopped(&view).await, 2 * MIB);
    std::fs::write(&path, b"a needle\n").unwrap();
    while follower.tip().current().generation == old.generation {
        assert!(follower.changed().await);
    }
    let next = follower.tip().current().views.within(&filter, |_| mib(2), &tasks);
    assert_eq!(exact(&next).await, 1);
    assert_eq!(view.matched().count.get(), 2, "what was counted stays");
    // There is nothing to read any more.
    view.go_on(mib(2));
    let counting = Arc::downgrade(view.counts());
    drop(view);
    wait_until(|| counting.strong_count() == 0).await;
}
