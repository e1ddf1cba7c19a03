//! Who is counted when, and with whom: nothing is read here.

use super::*;
use crate::index::LineIndex;
use crate::scan::tests::oracle::Growing;
use crate::scan::units::Sizes;
use crate::scan::{Filter, View};
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
