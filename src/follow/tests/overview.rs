//! Levels and marks: asked for while somebody wants them, and never too often.

use super::*;
use crate::level::{Level, LevelCounts};

const OLD: Generation = Generation::new(7);

fn levels(generation: Generation, n_errors: u64) -> Input {
    let mut counts = LevelCounts::default();
    counts.add(Some(Level::Error), n_errors);
    Input::Text(ServerMsg::Levels(Levels {
        generation,
        counts,
        scanned: ByteOffset::new(8),
        exact: true,
        stopped: false,
    }))
}

fn marks(req: u32, generation: Generation, found: u32) -> Input {
    let marks = Marks { len: ByteOffset::new(8), parts: 4, found: vec![found], shown: Vec::new(), levels: Vec::new() };
    Input::Text(ServerMsg::Marks { req, generation, marks })
}

fn asked(req: u32) -> Effect {
    Effect::Send(ClientMsg::Marks { req, generation: FIRST, parts: 4 })
}

fn n_errors(follow: &Follow) -> Option<u64> {
    follow.levels().map(|levels| levels.counts.of(Some(Level::Error)).get())
}

fn found(follow: &Follow) -> Option<u32> {
    follow.marks().0.and_then(|marks| marks.found.first().copied())
}

#[test]
fn levels_are_wanted_by_a_connection_and_by_the_next_one() {
    let mut follow = following();
    let on = |on| Effect::Send(ClientMsg::Levels { on });
    assert_eq!(effects(&mut follow, levels(FIRST, 1), 0), []);
    assert_eq!(n_errors(&follow), None, "nobody wants them");
    assert_eq!(effects(&mut follow, Input::Levels(true), 0), [on(true)]);
    assert_eq!(effects(&mut follow, Input::Levels(true), 0), []);
    effects(&mut follow, levels(FIRST, 2), 0);
    effects(&mut follow, levels(OLD, 9), 0);
    assert_eq!(n_errors(&follow), Some(2), "those of another file are not these");

    effects(&mut follow, Input::SocketClosed { code: 1006 }, 0);
    assert_eq!(n_errors(&follow), Some(2));
    effects(&mut follow, Input::Online, 0);
    effects(&mut follow, Input::SocketOpen, 0);
    let resumed = opened(8, Some(Resume::Resumed { generation: FIRST }));
    assert!(effects(&mut follow, resumed, 0).contains(&on(true)));
    assert_eq!(effects(&mut follow, Input::Levels(false), 0), [on(false)]);
    assert_eq!(n_errors(&follow), None);
}

#[test]
fn marks_are_asked_for_when_there_is_something_to_mark_and_once_a_second() {
    let mut follow = following();
    assert_eq!(effects(&mut follow, Input::Marks(4), 0), []);
    let sent = effects(&mut follow, Input::Find(Some("x".to_owned())), 0);
    assert!(
        matches!(sent.as_slice(), [_, Effect::Send(ClientMsg::Spans { .. }), mark] if *mark == asked(3)),
        "{sent:?}"
    );
    assert_eq!(effects(&mut follow, Input::Text(ServerMsg::Tip(tip(10, 0))), 100), [], "one is on its way");
    let mut out = Vec::new();
    follow.step(marks(3, FIRST, 1), 200, &mut out);
    assert!(out.contains(&Effect::WakeAt { ms: 1_000 }), "{out:?}");
    assert_eq!(found(&follow), Some(1));
    assert_eq!(effects(&mut follow, Input::Text(ServerMsg::Tip(tip(12, 0))), 300), []);
    assert_eq!(effects(&mut follow, Input::Tick, 1_000), [asked(4)]);
    effects(&mut follow, marks(9, FIRST, 9), 1_000);
    assert_eq!(found(&follow), Some(1), "nobody has asked for those");
    effects(&mut follow, marks(4, FIRST, 2), 1_100);
    assert_eq!(found(&follow), Some(2));
    assert_eq!(effects(&mut follow, Input::Tick, 5_000), [], "nothing has changed");
    effects(&mut follow, Input::Find(None), 6_000);
    assert_eq!(found(&follow), None);
}
