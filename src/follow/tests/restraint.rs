//! Conversations about searches that stand stopped.

use super::*;
use crate::cursor::Marker;
use crate::level::LevelCounts;

const MIB: u64 = 1 << 20;

fn stands(count: u64, scanned: u64, stopped: bool) -> Option<Matched> {
    Some(Matched { count: LineCount::new(count), exact: false, scanned: ByteOffset::new(scanned), stopped })
}

fn counted(shown: Option<Matched>) -> Input {
    Input::Text(ServerMsg::Tip(Tip { shown, ..tip(900 * MIB, 0) }))
}

/// A page without a row, of that part of the file.
fn nothing(req: u32, offset: u64, end: u64) -> Input {
    let Input::Frame(frame) = frame(FrameKind::Page, req, offset, "") else { panic!("a frame") };
    let sparse = Some(Sparse { marker: Marker { len: 64, hash: end }, rows: Vec::new() });
    Input::Frame(Frame { end: ByteOffset::new(end), sparse, ..frame })
}

fn wanted(q: &str) -> Option<Filter> {
    Some(Filter { q: q.to_owned(), ..Filter::default() })
}

fn filter(q: &str) -> Input {
    Input::Filter { filter: wanted(q), at: Anchor::End, before: 400, after: 0 }
}

/// The number of the page that is asked for, and before where.
fn page_asked(effects: &[Effect]) -> Option<(u32, u64)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(ClientMsg::Page { req, at: Anchor::Byte(at), .. }) => Some((*req, at.get())),
        _ => None,
    })
}

/// A link with a filter, to the end of a file of 900 MiB: what the connection says, and the first page of it.
fn opened_link(shown: Option<Matched>) -> Follow {
    let mut follow = Follow::new(1);
    let Input::Start(start) = start(true) else { panic!("a start") };
    effects(&mut follow, Input::Start(Start { filter: wanted("x"), at: Anchor::End, ..start }), 0);
    let sent = effects(&mut follow, Input::SocketOpen, 0);
    assert!(
        matches!(
            sent.as_slice(),
            [Effect::Send(ClientMsg::Open { wished: Wished { filter: false, find: false }, .. })]
        ),
        "{sent:?}"
    );
    let tip = Tip { shown, ..tip(900 * MIB, 0) };
    let (generation, identity) = (FIRST, IDENTITY);
    let said = ServerMsg::Opened { version: VERSION, generation, identity, resume: None, heartbeat_secs: 20, tip };
    effects(&mut follow, Input::Text(said), 0);
    follow
}

/// The next connection is told that the user has asked for what is shown.
fn assert_opens_with_wish(follow: &mut Follow) {
    let sent = effects(follow, Input::SocketOpen, 0);
    assert!(
        matches!(sent.as_slice(), [Effect::Send(ClientMsg::Open { wished: Wished { filter: true, .. }, .. })]),
        "{sent:?}"
    );
}

#[test]
fn a_link_asks_for_a_first_screen_and_no_more_until_the_user_goes_on() {
    let mut follow = opened_link(stands(0, 0, true));
    assert!(follow.stopped().is_some_and(|matched| matched.scanned == ByteOffset::ZERO));
    let sent = effects(&mut follow, nothing(0, 880 * MIB, 900 * MIB), 0);
    let (req, at) = page_asked(&sent).expect("the first screen is not full");
    assert_eq!(at, 880 * MIB);
    assert_eq!(page_asked(&effects(&mut follow, nothing(req, 830 * MIB, 880 * MIB), 0)), None);
    assert!(!follow.is_filling());
    // Whatever is drawn of it is nobody's wish.
    for _ in 0..2 {
        assert_eq!(page_asked(&effects(&mut follow, Input::Looking { first: 0, last: 0 }, 0)), None);
    }
    let sent = effects(&mut follow, Input::Continue, 0);
    assert!(sent.contains(&Effect::Send(ClientMsg::Continue)), "{sent:?}");
    assert_eq!(page_asked(&sent).map(|(_, at)| at), Some(830 * MIB));
    effects(&mut follow, counted(stands(0, 0, false)), 0);
    assert_eq!((follow.stopped(), follow.is_filling()), (None, true));
    // A lost connection forgets nothing of what the user wished.
    effects(&mut follow, Input::SocketClosed { code: 1006 }, 0);
    effects(&mut follow, Input::Online, 0);
    assert_opens_with_wish(&mut follow);
}

#[test]
fn a_count_that_grows_is_never_below_what_is_here_or_was_known() {
    let rows = |req, at: &[u64]| {
        let Input::Frame(frame) = nothing(req, 0, 880 * MIB) else { panic!("a frame") };
        let row = |at: &u64| SparseRow { offset: ByteOffset::new(*at), line: None, context: false };
        let sparse = Some(Sparse { marker: Marker { len: 64, hash: 1 }, rows: at.iter().map(row).collect() });
        Input::Frame(Frame { sparse, payload: "x\n".repeat(at.len()).into(), ..frame })
    };
    let count = |follow: &Follow| follow.counted().unwrap().shown.map(|shown| (shown.count.get(), shown.exact));
    let mut follow = opened_link(stands(0, 0, true));
    effects(&mut follow, rows(0, &[2, 4, 6]), 0);
    let exact = Some(Matched { exact: true, ..stands(2, 900 * MIB, false).unwrap() });
    for (input, expected) in [
        (Input::Drawn, (3, false)),
        (Input::Continue, (3, false)),
        (counted(stands(1, 5 * MIB, false)), (3, false)),
        (counted(stands(7, 50 * MIB, false)), (7, false)),
        // Another connection begins again.
        (counted(stands(0, 0, false)), (7, false)),
        (counted(exact), (2, true)),
        (counted(stands(1, MIB, false)), (3, false)),
    ] {
        let text = format!("{input:?}");
        effects(&mut follow, input, 0);
        assert_eq!(count(&follow), Some(expected), "{text}");
    }
    // Of another filter nothing is known, and not while its rows are on their way.
    let sent = effects(&mut follow, filter("y"), 0);
    let [Effect::Send(ClientMsg::Filter { req, .. })] = sent.as_slice() else { panic!("{sent:?}") };
    effects(&mut follow, rows(*req, &[2]), 0);
    effects(&mut follow, counted(stands(0, 0, false)), 0);
    assert_eq!(count(&follow), Some((1, false)));
    // Nor of another file.
    let tip = Tip { generation: FIRST.next(), shown: stands(0, 0, false), ..tip(MIB, 0) };
    effects(&mut follow, Input::Text(ServerMsg::Tip(tip)), 0);
    assert_eq!(count(&follow), Some((0, false)));
}

#[test]
fn hits_on_the_screen_are_counted_before_the_server_has() {
    let mut follow = following();
    effects(&mut follow, Input::Looking { first: 0, last: 1 }, 0);
    let sent = effects(&mut follow, Input::Find(Some("c".to_owned())), 0);
    let asked = sent.iter().find_map(|effect| match effect {
        Effect::Send(ClientMsg::Spans { req, .. }) => Some(*req),
        _ => None,
    });
    let req = asked.expect("the visible rows are asked for");
    let row = RowSpans { offset: ByteOffset::new(4), find: vec![(0, 1)], filter: Vec::new() };
    effects(&mut follow, Input::Text(ServerMsg::Spans { req, generation: FIRST, rows: vec![row] }), 0);
    let found = |count| Some(Found { matched: stands(count, 0, false).unwrap(), rank: None });
    for (term, said, expected) in [(None, 0, 1), (None, 5, 5), (None, 2, 5), (Some("d"), 0, 0)] {
        if let Some(term) = term {
            effects(&mut follow, Input::Find(Some(term.to_owned())), 0);
        }
        effects(&mut follow, Input::Text(ServerMsg::Tip(Tip { found: found(said), ..tip(8, 0) })), 0);
        let counted = follow.counted().and_then(|tip| tip.found).map(|found| found.matched.count.get());
        assert_eq!(counted, Some(expected), "{term:?} {said}");
    }
}

/// While a term or a filter is on its way, and in the step that brings it into force, counters are of what was before.
#[test]
fn what_was_found_of_another_term_or_under_another_filter_is_no_floor() {
    let tip = |count| {
        let found = Some(Found { matched: stands(count, 0, false).unwrap(), rank: None });
        Input::Text(ServerMsg::Tip(Tip { found, ..tip(8, 0) }))
    };
    let found = |follow: &Follow| follow.counted().unwrap().found.map(|found| found.matched.count.get());
    let spans = |req| Input::Text(ServerMsg::Spans { req, generation: FIRST, rows: Vec::new() });
    let spans_asked = |sent: &[Effect]| {
        sent.iter().find_map(|effect| match effect {
            Effect::Send(ClientMsg::Spans { req, .. }) => Some(*req),
            _ => None,
        })
    };
    let mut follow = following();
    effects(&mut follow, Input::Looking { first: 0, last: 1 }, 0);
    let sent = effects(&mut follow, Input::Find(Some("c".to_owned())), 0);
    effects(&mut follow, spans(spans_asked(&sent).expect("rows are asked for")), 0);
    effects(&mut follow, tip(5_000), 0);
    assert_eq!(found(&follow), Some(5_000));
    let sent = effects(&mut follow, Input::Find(Some("d".to_owned())), 0);
    effects(&mut follow, tip(5_001), 0);
    effects(&mut follow, spans(spans_asked(&sent).expect("rows are asked for")), 0);
    effects(&mut follow, tip(7), 0);
    assert_eq!(found(&follow), Some(7), "of another term");
    let sent = effects(&mut follow, filter("y"), 0);
    let [Effect::Send(ClientMsg::Filter { req, .. })] = sent.as_slice() else { panic!("{sent:?}") };
    effects(&mut follow, tip(8), 0);
    effects(&mut follow, nothing(*req, 0, 8), 0);
    effects(&mut follow, tip(0), 0);
    assert_eq!(found(&follow), Some(0), "under another filter");
}

#[test]
fn a_screen_without_a_row_is_all_there_is_only_of_the_whole_file() {
    for (page, is_all) in [((0, 900), true), ((800, 900), false), ((0, 880), false)] {
        let mut follow = opened_link(stands(0, 0, true));
        effects(&mut follow, nothing(0, page.0 * MIB, page.1 * MIB), 0);
        assert_eq!((follow.is_all_here(), follow.window().is_empty()), (is_all, true), "{page:?}");
    }
}

#[test]
fn rows_are_looked_for_again_when_another_viewer_goes_on() {
    let mut follow = opened_link(stands(0, 0, true));
    assert_eq!(page_asked(&effects(&mut follow, nothing(0, 800 * MIB, 900 * MIB), 0)), None);
    let sent = effects(&mut follow, counted(stands(0, 5 * MIB, false)), 0);
    let (req, at) = page_asked(&sent).expect("it goes on");
    assert_eq!(at, 800 * MIB);
    // And stops once more where that one's ration ends.
    effects(&mut follow, counted(stands(0, 70 * MIB, true)), 0);
    assert_eq!(page_asked(&effects(&mut follow, nothing(req, 700 * MIB, 800 * MIB), 0)), None);
    assert_eq!(follow.stopped(), stands(0, 70 * MIB, true));
}

#[test]
fn what_the_user_goes_to_is_read_while_a_search_stands() {
    let mut follow = opened_link(stands(0, 0, true));
    effects(&mut follow, nothing(0, 800 * MIB, 900 * MIB), 0);
    let jump = Input::JumpTo { at: Anchor::Byte(ByteOffset::new(9 * MIB)), of: None, before: 9, after: 9 };
    let (req, _) = page_asked(&effects(&mut follow, jump, 0)).expect("a jump");
    let sent = effects(&mut follow, nothing(req, 9 * MIB, 90 * MIB), 0);
    assert!(page_asked(&sent).is_some(), "the screen is filled there: {sent:?}");
    assert_eq!(follow.stopped(), stands(0, 0, true), "the rest still waits");
}

#[test]
fn no_move_reads_the_whole_file_while_a_search_stands() {
    let mut follow = opened_link(stands(0, 0, true));
    effects(&mut follow, nothing(0, 800 * MIB, 900 * MIB), 0);
    let jump = Input::JumpTo { at: Anchor::Byte(ByteOffset::new(9 * MIB)), of: None, before: 9, after: 9 };
    let (req, _) = page_asked(&effects(&mut follow, jump, 0)).expect("a jump");
    let sent = effects(&mut follow, nothing(req, 9 * MIB, 1_100 * MIB), 0);
    assert_eq!(page_asked(&sent), None, "more than a gigabyte was looked through for it");
}

#[test]
fn a_file_that_was_rotated_while_its_search_stands_is_not_read_for_that() {
    let mut follow = opened_link(stands(0, 0, true));
    effects(&mut follow, nothing(0, 800 * MIB, 900 * MIB), 0);
    let generation = Generation::new(FIRST.get() + 1);
    let tip = Tip { shown: stands(0, 5, false), generation, ..tip(5, 0) };
    let sent = effects(&mut follow, Input::Text(ServerMsg::Tip(tip)), 0);
    assert_eq!(page_asked(&sent), None, "{sent:?}");
    assert!(page_asked(&effects(&mut follow, Input::Continue, 0)).is_some());
}

/// What the next connection is told that the user has asked for.
fn told_wishes(follow: &mut Follow) -> Wished {
    effects(follow, Input::SocketClosed { code: 1006 }, 0);
    effects(follow, Input::Online, 0);
    let sent = effects(follow, Input::SocketOpen, 0);
    let Some(Effect::Send(ClientMsg::Open { wished, .. })) = sent.first() else { panic!("{sent:?}") };
    *wished
}

#[test]
fn a_filter_and_a_find_have_each_their_own_wish() {
    let (typed_filter, typed_find) = (filter("y"), Input::Find(Some("y".to_owned())));
    let refused = |req, find| Input::Text(ServerMsg::Refused { req, find, position: 0, detail: String::new() });
    let no_filter = Input::Filter { filter: None, at: Anchor::End, before: 9, after: 0 };
    for (inputs, filter, find) in [
        (vec![], false, false),
        (vec![typed_filter.clone(), nothing(2, 800 * MIB, 900 * MIB)], true, false),
        (vec![typed_find.clone()], false, true),
        (vec![Input::Continue], true, true),
        // Not in force yet, or never.
        (vec![typed_filter.clone()], false, false),
        (vec![typed_filter, refused(2, false)], false, false),
        (vec![typed_find, refused(2, true)], false, false),
        // What is taken away wishes for nothing.
        (vec![Input::Find(Some(" ".to_owned())), no_filter], false, false),
    ] {
        let mut follow = opened_link(stands(0, 0, true));
        // The first screen is as far as a link goes, and asks once.
        effects(&mut follow, nothing(0, 880 * MIB, 900 * MIB), 0);
        let text = format!("{inputs:?}");
        for input in inputs {
            effects(&mut follow, input, 0);
        }
        assert_eq!(told_wishes(&mut follow), Wished { filter, find }, "{text}");
    }
}

#[test]
fn a_scroll_is_a_wish_for_rows_and_drawing_them_is_none() {
    let mut follow = Follow::new(1);
    let Input::Start(start) = start(false) else { panic!("a start") };
    let at = Anchor::Byte(ByteOffset::new(150 * MIB));
    effects(&mut follow, Input::Start(Start { filter: wanted("x"), at, ..start }), 0);
    effects(&mut follow, Input::SocketOpen, 0);
    effects(&mut follow, opened(900 * MIB, None), 0);
    effects(&mut follow, counted(stands(0, 0, true)), 0);
    let Input::Frame(page) = nothing(0, 100 * MIB, 200 * MIB) else { panic!("a frame") };
    let line = crate::line::LineNo::new;
    let row = |nth: u64| SparseRow { offset: ByteOffset::new((100 + nth) * MIB), line: line(nth + 1), context: false };
    let sparse = Some(Sparse { marker: Marker { len: 64, hash: 1 }, rows: (0..100).map(row).collect() });
    let page = Frame { payload: "x\n".repeat(100).into(), sparse, ..page };
    let sent = effects(&mut follow, Input::Frame(page), 0);
    assert_eq!(page_asked(&sent), None, "{sent:?}");
    // The line of the link is in the middle of the screen.
    for (first, is_asked) in [(40, false), (40, false), (30, true)] {
        let sent = effects(&mut follow, Input::Looking { first, last: first + 20 }, 0);
        assert_eq!(page_asked(&sent).is_some(), is_asked, "{first}: {sent:?}");
    }
}

#[test]
fn what_is_typed_is_a_wish_and_rows_appended_are_shown_while_it_stands() {
    let mut follow = following();
    effects(&mut follow, filter("x"), 0);
    effects(&mut follow, nothing(1, 800 * MIB, 900 * MIB), 0);
    effects(&mut follow, counted(stands(3, 20 * MIB, true)), 0);
    assert_eq!(follow.stopped(), stands(3, 20 * MIB, true));
    let Input::Frame(live) = nothing(0, 900 * MIB, 900 * MIB + 2) else { panic!("a frame") };
    let row = SparseRow { offset: live.offset, line: None, context: false };
    let sparse = Some(Sparse { marker: Marker { len: 64, hash: 1 }, rows: vec![row] });
    let live = Frame { kind: FrameKind::Live, payload: Bytes::from_static(b"x\n"), sparse, ..live };
    assert!(effects(&mut follow, Input::Frame(live), 0).contains(&appended()));
    effects(&mut follow, Input::SocketClosed { code: 1006 }, 0);
    effects(&mut follow, Input::Online, 0);
    assert_opens_with_wish(&mut follow);
    // Another filter is another search.
    effects(&mut follow, opened(900 * MIB, Some(Resume::Resumed { generation: FIRST })), 0);
    let sent = effects(&mut follow, filter("y"), 0);
    let Some(Effect::Send(ClientMsg::Filter { req, .. })) = sent.first() else { panic!("{sent:?}") };
    effects(&mut follow, nothing(*req, 800 * MIB, 900 * MIB + 2), 0);
    assert_eq!((follow.stopped(), follow.is_filling()), (None, true));
}

/// How many times it is said that counts go on.
fn n_continued(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| **effect == Effect::Send(ClientMsg::Continue)).count()
}

/// The connection is lost, and there again: what is said of a count in the first word of the new one.
fn reconnected(follow: &mut Follow, generation: Generation, shown: Option<Matched>) -> Vec<Effect> {
    for input in [Input::SocketClosed { code: 1006 }, Input::Online, Input::SocketOpen] {
        effects(follow, input, 0);
    }
    let tip = Tip { generation, shown, ..tip(900 * MIB, 0) };
    let (identity, resume) = (IDENTITY, Some(Resume::Resumed { generation }));
    let said = ServerMsg::Opened { version: VERSION, generation, identity, resume, heartbeat_secs: 20, tip };
    effects(follow, Input::Text(said), 0)
}

/// A viewer who has typed a filter whose count stands there.
fn typed(scanned: u64) -> Follow {
    let mut follow = following();
    effects(&mut follow, filter("x"), 0);
    effects(&mut follow, nothing(1, 800 * MIB, 900 * MIB), 0);
    effects(&mut follow, counted(stands(3, scanned * MIB, true)), 0);
    follow
}

#[test]
fn what_was_continued_is_continued_after_a_lost_connection() {
    // Where the counts of the next connection stand one after the other, and how often it has them go on.
    for (stops, continued) in [
        // From 0 on, by rations as long as before, shorter or longer.
        (&[20, 40, 60][..], &[1, 1, 0][..]),
        (&[15, 30, 45], &[1, 1, 0]),
        (&[50, 100], &[0, 0]),
        // Held by somebody else: where it stood, or further.
        (&[40, 60], &[1, 0]),
        (&[60], &[0]),
        // Said once, whatever is told meanwhile.
        (&[40, 40, 60], &[1, 0, 0]),
    ] {
        let mut follow = typed(20);
        assert_eq!(n_continued(&effects(&mut follow, Input::Continue, 0)), 1);
        effects(&mut follow, counted(stands(3, 40 * MIB, true)), 0);
        assert_eq!(n_continued(&effects(&mut follow, Input::Continue, 0)), 1);
        effects(&mut follow, counted(stands(3, 50 * MIB, false)), 0);
        // A server that was started again numbers generations anew.
        let generation = Generation::new(9);
        assert_eq!(n_continued(&reconnected(&mut follow, generation, stands(0, 0, false))), 0);
        for (scanned, n) in stops.iter().zip(continued) {
            let tip = Tip { generation, shown: stands(1, scanned * MIB, true), ..tip(900 * MIB, 0) };
            let sent = effects(&mut follow, Input::Text(ServerMsg::Tip(tip)), 0);
            assert_eq!(n_continued(&sent), *n, "{stops:?} {scanned}");
        }
        assert_eq!(follow.stopped(), stands(1, stops.last().unwrap() * MIB, true));
    }
}

#[test]
fn continue_that_is_asked_for_without_a_connection_is_said_when_it_is_there() {
    for (stands_now, n) in [(stands(3, 20 * MIB, true), 1), (stands(3, 30 * MIB, true), 0), (stands(0, 0, false), 0)] {
        let mut follow = typed(20);
        effects(&mut follow, Input::SocketClosed { code: 1006 }, 0);
        assert!(follow.stopped().is_some(), "it can be asked for");
        let mut out = Vec::new();
        follow.step(Input::Continue, 0, &mut out);
        assert_eq!((n_continued(&out), follow.stopped()), (0, None), "it was asked for");
        assert!(out.contains(&Effect::StateChanged), "and that is to be seen");
        assert_eq!(n_continued(&reconnected(&mut follow, FIRST, stands_now)), n, "{stands_now:?}");
    }
    // A link's that nobody had begun.
    let mut follow = opened_link(stands(0, 0, true));
    effects(&mut follow, nothing(0, 800 * MIB, 900 * MIB), 0);
    effects(&mut follow, Input::SocketClosed { code: 1006 }, 0);
    effects(&mut follow, Input::Continue, 0);
    effects(&mut follow, Input::Online, 0);
    assert_opens_with_wish(&mut follow);
}

#[test]
fn levels_that_were_continued_are_continued_too() {
    let said = |scanned: u64, stopped: bool| {
        let scanned = ByteOffset::new(scanned * MIB);
        Input::Text(ServerMsg::Levels(Levels {
            generation: FIRST,
            counts: LevelCounts::default(),
            scanned,
            exact: false,
            stopped,
        }))
    };
    let mut follow = following();
    effects(&mut follow, Input::Levels(true), 0);
    effects(&mut follow, said(20, true), 0);
    assert!(follow.stopped_levels().is_some());
    assert_eq!(n_continued(&effects(&mut follow, Input::Continue, 0)), 1);
    assert_eq!(follow.stopped_levels(), None, "it was asked for");
    effects(&mut follow, said(40, true), 0);
    assert!(follow.stopped_levels().is_some());
    assert_eq!(n_continued(&reconnected(&mut follow, FIRST, None)), 0);
    assert_eq!(follow.stopped_levels(), None, "they are counted anew");
    for (scanned, n) in [(20, 1), (40, 0)] {
        assert_eq!(n_continued(&effects(&mut follow, said(scanned, true), 0)), n, "{scanned}");
    }
    // Who looks away and back has asked for nothing.
    effects(&mut follow, Input::Levels(false), 0);
    effects(&mut follow, Input::Levels(true), 0);
    assert_eq!(n_continued(&effects(&mut follow, said(20, true), 0)), 0);
}

#[test]
fn what_was_continued_is_no_wish_for_something_else() {
    // Another filter, then another file.
    for (is_other_filter, of) in [(true, FIRST), (false, Generation::new(FIRST.get() + 1))] {
        let mut follow = typed(20);
        effects(&mut follow, Input::Continue, 0);
        if is_other_filter {
            let sent = effects(&mut follow, filter("y"), 0);
            let Some(Effect::Send(ClientMsg::Filter { req, .. })) = sent.first() else { panic!("{sent:?}") };
            effects(&mut follow, nothing(*req, 800 * MIB, 900 * MIB), 0);
        }
        let tip = Tip { shown: stands(0, 9 * MIB, true), generation: of, ..tip(900 * MIB, 0) };
        assert_eq!(n_continued(&effects(&mut follow, Input::Text(ServerMsg::Tip(tip)), 0)), 0, "{of:?}");
    }
}
