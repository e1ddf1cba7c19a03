//! Who is counted when, and with whom: nothing is read here.

use super::*;
use crate::index::LineIndex;
use crate::scan::tests::oracle::Growing;
use crate::scan::units::Sizes;
use crate::scan::{Filter, Ration, View};
use crate::source::Source;

/// The first spans have 16 bytes.
const SIZES: Sizes = Sizes { span: 64, near: 100, left: 10, ..Sizes::USUAL };

/// A view of a kilobyte that is counted up to `done`.
fn view(done: u64) -> View {
    let source: Arc<dyn Source> = Arc::new(Growing::new(b""));
    let index = Arc::new(LineIndex::new(Arc::clone(&source)));
    let view = View::new(source, index, Filter::compile("x").unwrap(), SIZES, 1);
    view.counts().grow_to(1_000);
    view.counts().write(|state| state.add(&[], done));
    view
}

fn join(members: &mut Members, view: &View) {
    members.change(std::iter::once(Arc::clone(view.counts())));
}

/// Where the next spans begin, and for how many each is judged.
fn spans(members: &mut Members, n: usize) -> Vec<(u64, usize)> {
    let mut next = || match members.next_work() {
        Some(Work::Span(group, span)) => (span.from(), group.all().len()),
        other => panic!("{other:?}"),
    };
    (0..n).map(|_| next()).collect()
}

#[test]
fn a_view_ahead_waits_for_one_that_comes_soon_and_they_go_on_as_one() {
    let (mut members, first, second, third) = (Members::new(), view(5), view(0), view(30));
    join(&mut members, &first);
    assert_eq!(spans(&mut members, 3), [(5, 1), (21, 1), (37, 1)]);
    join(&mut members, &second);
    assert_eq!(spans(&mut members, 1), [(0, 1)]);
    join(&mut members, &third);
    assert_eq!(spans(&mut members, 6), [(16, 1), (30, 2), (46, 2), (53, 3), (69, 3), (85, 3)]);
}

#[test]
fn a_view_far_ahead_takes_turns_with_those_behind() {
    let (mut members, first, second) = (Members::new(), view(200), view(0));
    join(&mut members, &first);
    assert_eq!(spans(&mut members, 1), [(200, 1)]);
    join(&mut members, &second);
    assert_eq!(spans(&mut members, 5), [(0, 1), (216, 1), (16, 1), (232, 1), (32, 1)]);
}

#[test]
fn nobody_is_kept_by_a_stream_of_others() {
    let (mut members, first) = (Members::new(), view(60));
    join(&mut members, &first);
    assert_eq!(spans(&mut members, 1), [(60, 1)]);
    let mut later = Vec::new();
    let mut waited = 0;
    loop {
        later.push(view(0));
        join(&mut members, later.last().unwrap());
        match spans(&mut members, 1)[..] {
            [(0, _)] => waited += 16,
            [(place, n)] => {
                assert_eq!((place, n), (76, 1));
                break;
            }
            _ => unreachable!(),
        }
    }
    // What was counted for others meanwhile: not more than how far one may be behind.
    assert!((16..=100).contains(&waited), "{waited}");
}

#[test]
fn one_that_is_dropped_is_not_waited_for() {
    let (mut members, first, second) = (Members::new(), view(50), view(0));
    join(&mut members, &first);
    join(&mut members, &second);
    assert_eq!(spans(&mut members, 2), [(0, 1), (16, 1)]);
    drop(second);
    assert!(members.change(std::iter::empty()));
    assert_eq!(spans(&mut members, 2), [(50, 1), (66, 1)]);
    drop(first);
    assert!(!members.change(std::iter::empty()));
}

#[test]
fn those_that_stand_alike_at_the_end_take_one_step() {
    let (mut members, views) = (Members::new(), [view(995), view(995), view(1_000)]);
    for view in &views {
        join(&mut members, view);
    }
    let Some(Work::Step(group)) = members.next_work() else { panic!("a step is next") };
    assert_eq!(group.all().len(), 2);
    assert!(members.next_work().is_none(), "they wait for it");
    members.land(&Landed::Step(group, Progress::Stalled), &|_| {});
    assert!(members.next_work().is_none() && members.retry_at().is_some());
    for view in &views {
        view.counts().grow_to(1_005);
    }
    let steps: Vec<usize> = std::iter::from_fn(|| members.next_work())
        .map(|work| if let Work::Step(group) = work { group.all().len() } else { 0 })
        .collect();
    assert_eq!(steps, [2, 1]);
}

/// Gives it no more than so many bytes, and an hour.
fn limit(view: &View, bytes: u64) -> Ration {
    let ration = Ration { bytes, time: Duration::from_secs(3600) };
    view.counts().limit(ration);
    ration
}

/// The spans that can be judged now, with where they end.
fn works(members: &mut Members) -> Vec<(Arc<Group>, Span)> {
    let works = std::iter::from_fn(|| members.next_work());
    works.map(|work| if let Work::Span(group, span) = work { (group, span) } else { panic!("{work:?}") }).collect()
}

/// They are judged, each in so much time; from where to where they go.
fn land(members: &mut Members, works: Vec<(Arc<Group>, Span)>, time: Duration) -> Vec<(u64, u64)> {
    let mut places = Vec::new();
    for (group, mut span) in works {
        places.push((span.from(), span.from() + span.len()));
        span.next = Some(span.from() + span.len());
        members.land(&Landed::Span(group, Ok((span, time))), &|_| {});
    }
    places
}

#[test]
fn spans_end_with_the_ration_and_go_on_from_there() {
    let (mut members, view) = (Members::new(), view(0));
    let ration = limit(&view, 40);
    join(&mut members, &view);
    let first = works(&mut members);
    assert!(!view.matched().stopped, "they are under way");
    assert_eq!(land(&mut members, first, Duration::ZERO), [(0, 16), (16, 32), (32, 40)]);
    assert!(works(&mut members).is_empty() && members.retry_at().is_none());
    assert!(view.matched().stopped);
    assert_eq!(view.matched().scanned.get(), 40);
    view.go_on(ration);
    assert!(!view.matched().stopped);
    // Short spans so far: the next ones are longer.
    let next = works(&mut members);
    assert_eq!(land(&mut members, next, Duration::ZERO), [(40, 80)]);
    assert!(works(&mut members).is_empty() && view.matched().stopped);
}

#[test]
fn spans_end_with_the_time() {
    let (mut members, view) = (Members::new(), view(0));
    limit(&view, u64::MAX);
    join(&mut members, &view);
    let mut take = |time| {
        let Some(Work::Span(group, span)) = members.next_work() else { panic!("a span is next") };
        land(&mut members, vec![(group, span)], time);
        view.matched().stopped || members.next_work().is_none()
    };
    assert!(!take(Duration::from_secs(3599)));
    assert!(take(Duration::from_secs(2) * u32::try_from(crate::tasks::scan_threads()).unwrap() * 3600));
}

#[test]
fn one_that_stands_keeps_nobody() {
    let (mut members, first, second) = (Members::new(), view(0), view(0));
    limit(&first, 20);
    join(&mut members, &first);
    join(&mut members, &second);
    let next =
        (0..2).map(|_| if let Some(Work::Span(group, span)) = members.next_work() { (group, span) } else { panic!() });
    let next: Vec<_> = next.collect();
    assert_eq!(next.iter().map(|(group, _)| group.all().len()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(land(&mut members, next, Duration::ZERO), [(0, 16), (16, 20)]);
    let (from, n) = spans(&mut members, 1)[0];
    assert_eq!((from, n), (20, 1), "the other goes on");
    assert!(first.matched().stopped && !second.matched().stopped);
}
