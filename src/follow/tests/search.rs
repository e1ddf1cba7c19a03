//! Conversations about filter and find.

use super::*;
use crate::cursor::Marker;
use crate::level::LevelChoice;
use crate::wire::{RowSpans, Sparse, SparseRow};

fn wanted(q: &str) -> Option<Filter> {
    Some(Filter { q: q.to_owned(), ..Filter::default() })
}

fn filter(q: &str) -> Input {
    Input::Filter { filter: wanted(q), at: Anchor::Byte(ByteOffset::new(4)), before: 1, after: 9 }
}

/// A page of rows of two bytes at these places.
fn page(req: u32, offset: u64, end: u64, rows: &[u64]) -> Input {
    let Input::Frame(frame) = frame(FrameKind::Page, req, offset, "") else { panic!("a frame") };
    let row = |at: &u64| SparseRow { offset: ByteOffset::new(*at), line: crate::line::LineNo::new(1), context: false };
    let sparse = Some(Sparse { marker: Marker { len: 64, hash: end }, rows: rows.iter().map(row).collect() });
    let flags = FrameFlags { at_end: true, ..FrameFlags::default() };
    let payload = "x\n".repeat(rows.len()).into();
    Input::Frame(Frame { flags, end: ByteOffset::new(end), sparse, payload, ..frame })
}

fn refused(req: u32, find: bool) -> Input {
    Input::Text(ServerMsg::Refused { req, find, position: 3, detail: "expected )".to_owned() })
}

fn told_refused(find: bool) -> Effect {
    Effect::Refused { find, position: 3, detail: "expected )".to_owned() }
}

/// Effects without those that ask for more rows, hits and numbers.
fn told(follow: &mut Follow, input: Input) -> Vec<Effect> {
    let mut told = effects(follow, input, 100);
    told.retain(|effect| !matches!(effect, Effect::Send(ClientMsg::Page { .. } | ClientMsg::Spans { .. })));
    told
}

fn replaced(anchor: Option<usize>) -> Effect {
    Effect::Window(WindowChange::Replaced { anchor })
}

#[test]
fn rows_stay_until_those_of_the_new_filter_come() {
    let mut follow = following();
    let sent = told(&mut follow, filter("x"));
    let [Effect::Send(ClientMsg::Filter { req: 1, at: Anchor::End, follow: true, .. })] = sent.as_slice() else {
        panic!("who follows goes on at the end: {sent:?}")
    };
    assert!(follow.is_filling());
    assert_eq!(told(&mut follow, frame(FrameKind::Live, 0, 8, "e\n")), [appended()]);
    assert_eq!((follow.window().len(), follow.filter()), (3, None));
    let shown = told(&mut follow, page(1, 2, 10, &[6]));
    assert_eq!(shown, [replaced(None), Effect::Accepted { find: false }]);
    assert_eq!((follow.window().len(), follow.filter()), (1, wanted("x").as_ref()));
    assert!(follow.is_following());
    // Live frames go on from the page, also those that have nothing to show.
    assert_eq!(told(&mut follow, page_live(10, 20, &[])), []);
    assert_eq!(follow.window().last(), place(20));
    assert_eq!(told(&mut follow, page_live(20, 30, &[24])), [appended()]);
    assert_eq!(told(&mut follow, page_live(32, 40, &[])), [live(follow.requests.next() - 1, Some(place(30)))]);
}

fn page_live(offset: u64, end: u64, rows: &[u64]) -> Input {
    let Input::Frame(frame) = page(0, offset, end, rows) else { panic!("a frame") };
    Input::Frame(Frame { kind: FrameKind::Live, ..frame })
}

#[test]
fn who_does_not_follow_keeps_the_place() {
    let mut follow = following();
    told(&mut follow, Input::Hold { seen: None });
    let sent = told(&mut follow, filter("x"));
    let asked = Anchor::Byte(ByteOffset::new(4));
    let [Effect::Send(ClientMsg::Filter { at, before: 1, after: 9, follow: false, .. })] = sent.as_slice() else {
        panic!("{sent:?}")
    };
    assert_eq!(*at, asked);
    let shown = told(&mut follow, page(1, 0, 8, &[0, 6]));
    let hold = Effect::Send(ClientMsg::Hold { from: place(8) });
    assert_eq!(shown, [replaced(Some(1)), Effect::Accepted { find: false }, hold]);
}

#[test]
fn a_refused_filter_changes_nothing() {
    let mut follow = following();
    told(&mut follow, filter("(x"));
    assert_eq!(told(&mut follow, refused(1, false)), [told_refused(false)]);
    assert_eq!((follow.filter(), follow.is_filling()), (None, false));
    assert_eq!(told(&mut follow, frame(FrameKind::Live, 0, 8, "e\n")), [appended()]);
}

#[test]
fn only_the_newest_filter_is_told_of() {
    let mut follow = following();
    told(&mut follow, filter("(x"));
    told(&mut follow, filter("x"));
    told(&mut follow, filter("xy"));
    assert_eq!(told(&mut follow, refused(1, false)), []);
    // Live frames after it are of it, so it is shown.
    assert_eq!(told(&mut follow, page(2, 2, 10, &[6])), [replaced(None)]);
    assert!(follow.is_filling());
    assert_eq!(told(&mut follow, refused(3, false)), [told_refused(false)]);
    assert_eq!(follow.filter(), wanted("x").as_ref());
    assert_eq!(told(&mut follow, filter("x")), [Effect::Accepted { find: false }], "it is in force");
}

#[test]
fn pages_of_the_old_filter_are_not_mixed_with_the_new_rows() {
    let mut follow = following();
    told(&mut follow, Input::Hold { seen: None });
    let sent = effects(&mut follow, Input::Looking { first: 0, last: 1 }, 100);
    assert!(matches!(sent.as_slice(), [Effect::Send(ClientMsg::Page { req: 1, .. })]), "{sent:?}");
    told(&mut follow, filter("x"));
    let jump = Input::JumpTo { at: Anchor::Start, of: None, before: 0, after: 9 };
    assert_eq!(effects(&mut follow, jump, 100), [], "of which filter its answer is would not be known");
    assert_eq!(effects(&mut follow, frame(FrameKind::Page, 1, 0, "a\nb\n"), 100), []);
    let sent = effects(&mut follow, page(2, 0, 8, &[6]), 100);
    let asks = |effect: &Effect| matches!(effect, Effect::Send(ClientMsg::Page { at: Anchor::Start, .. }));
    assert!(sent.iter().any(asks), "{sent:?}");
}

#[test]
fn a_filter_that_finds_little_is_asked_on_to_the_start_of_the_file() {
    let mut follow = following();
    told(&mut follow, filter("x"));
    let mut out = effects(&mut follow, page(1, 600, 700, &[]), 100);
    let asked = |out: &[Effect]| {
        let above = out.iter().filter_map(|effect| match effect {
            Effect::Send(ClientMsg::Page { req, at: Anchor::Byte(at), before: PAGE_ROWS, after: 0, .. }) => {
                Some((*req, at.get()))
            }
            _ => None,
        });
        above.collect::<Vec<_>>()
    };
    for (offset, end, rows) in [(500, 600, &[][..]), (400, 500, &[410, 420]), (0, 400, &[])] {
        let above = asked(&out);
        let [(req, at)] = above.as_slice() else { panic!("one page on its way: {out:?}") };
        assert_eq!((*at, follow.is_filling()), (end, true));
        out = effects(&mut follow, page(*req, offset, end, rows), 100);
    }
    assert_eq!((asked(&out).len(), follow.is_filling()), (0, false));
    assert_eq!((follow.window().first(), follow.window().len()), (place(0), 2));
}

#[test]
fn a_lost_connection_begins_again_with_filter_and_find() {
    let mut follow = following();
    told(&mut follow, filter("x"));
    told(&mut follow, Input::Find(Some("y".to_owned())));
    told(&mut follow, page(1, 2, 10, &[6]));
    told(&mut follow, filter("on its way"));
    told(&mut follow, Input::SocketClosed { code: 1006 });
    told(&mut follow, Input::Online);
    let sent = told(&mut follow, Input::SocketOpen);
    let [Effect::Send(ClientMsg::Open { resume: Some(cursor), filter, find, .. })] = sent.as_slice() else {
        panic!("{sent:?}")
    };
    assert_eq!((filter, find.as_deref()), (&wanted("x"), Some("y")), "the rows that are there are of that filter");
    assert_eq!((cursor.offset, cursor.marker), (ByteOffset::new(10), Marker { len: 64, hash: 10 }));
    let sent = told(&mut follow, opened(8, Some(Resume::Resumed { generation: FIRST })));
    assert!(
        matches!(sent.as_slice(), [Effect::Send(ClientMsg::Filter { filter, .. })] if *filter == wanted("on its way"))
    );
}

#[test]
fn a_filter_before_the_connection_opens_with_it() {
    let mut follow = Follow::new(1);
    told(&mut follow, start(false));
    assert_eq!(told(&mut follow, filter("x")), []);
    let sent = told(&mut follow, Input::SocketOpen);
    assert!(
        matches!(sent.as_slice(), [Effect::Send(ClientMsg::Open { filter, before: 1, .. })] if *filter == wanted("x"))
    );
    assert_eq!(told(&mut follow, opened(8, None)), []);
    assert_eq!(told(&mut follow, refused(0, false)), [told_refused(false)]);
}

#[test]
fn a_wrong_find_term_leaves_the_one_before_in_force() {
    let mut follow = following();
    let find = |term: &str| Input::Find(Some(term.to_owned()));
    assert_eq!(told(&mut follow, find("x")), [Effect::Send(ClientMsg::Find { req: 1, term: Some("x".to_owned()) })]);
    // Hits of the visible rows are asked for; the answer says that the term is in force.
    let spans = |req, at: u64| {
        let row = RowSpans { offset: ByteOffset::new(at), find: vec![(0, 1)], filter: Vec::new() };
        Input::Text(ServerMsg::Spans { req, generation: FIRST, rows: vec![row] })
    };
    let changed = Effect::Window(WindowChange::Spans);
    assert_eq!(told(&mut follow, spans(2, 4)), [Effect::Accepted { find: true }, changed]);
    let hits = |follow: &Follow, idx| follow.spans(follow.window().key(idx).unwrap()).map(|row| row.find.len());
    assert_eq!((hits(&follow, 0), hits(&follow, 1)), (Some(1), Some(0)));
    told(&mut follow, find("(x"));
    assert_eq!(hits(&follow, 0), None, "they were of another term");
    assert_eq!(told(&mut follow, refused(3, true)), [told_refused(true)]);
    assert_eq!(follow.finding.term().map(String::as_str), Some("x"));
    // No term: nothing is asked for.
    assert_eq!(
        effects(&mut follow, Input::Find(None), 100),
        [Effect::Send(ClientMsg::Find { req: 6, term: None }), Effect::Accepted { find: true }]
    );
    assert_eq!(effects(&mut follow, frame(FrameKind::Live, 0, 8, "e\n"), 100), [appended()]);
}

#[test]
fn a_hit_on_the_screen_is_gone_to_and_another_is_jumped_to() {
    let mut follow = following();
    told(&mut follow, Input::Find(Some("x".to_owned())));
    let sought = |req, found: Option<u64>, reached, at_end| {
        let (found, reached) = (found.map(ByteOffset::new), ByteOffset::new(reached));
        Input::Text(ServerMsg::Sought { req, generation: FIRST, found, reached, at_end })
    };
    let seek = |req, from, down| {
        Effect::Send(ClientMsg::Seek { req, generation: FIRST, from: ByteOffset::new(from), down, levels: None })
    };
    let n = || Input::Seek { down: true, from: Some(place(4)) };
    assert_eq!(told(&mut follow, n()), [seek(3, 4, true)]);
    let key = follow.window().key(1).unwrap();
    let hold = Effect::Send(ClientMsg::Hold { from: place(8) });
    let gone = told(&mut follow, sought(3, Some(6), 6, false));
    assert_eq!(gone, [Effect::Accepted { find: true }, hold, Effect::GoToRow(key)]);
    assert_eq!((follow.current_hit(), follow.is_following()), (Some(place(6)), false));
    // On from the hit, in pieces, over the end.
    assert_eq!(told(&mut follow, n()), [seek(4, 8, true)]);
    assert_eq!(told(&mut follow, sought(4, None, 8, true)), [seek(5, 0, true)]);
    assert!(follow.is_seeking());
    let jumped = effects(&mut follow, sought(5, Some(0), 0, false), 100);
    let [Effect::Notice(Notice::Wrapped { down: true }), Effect::Send(ClientMsg::Page { req: 6, at, .. })] =
        jumped.as_slice()
    else {
        panic!("{jumped:?}")
    };
    assert_eq!(*at, Anchor::Byte(ByteOffset::ZERO));
    let shown = told(&mut follow, frame(FrameKind::Page, 6, 0, "a\nb\n"));
    assert_eq!(shown, [replaced(Some(0)), Effect::GoToRow(follow.window().key(0).unwrap())]);
}

#[test]
fn rows_of_levels_are_gone_to_one_by_one_and_the_ends_are_told() {
    let mut follow = following();
    let levels = LevelChoice::ERRORS;
    let sought = |req, found: Option<u64>, reached, at_end| {
        let (found, reached) = (found.map(ByteOffset::new), ByteOffset::new(reached));
        Input::Text(ServerMsg::Sought { req, generation: FIRST, found, reached, at_end })
    };
    let ask = |req, from, down| {
        let from = ByteOffset::new(from);
        Effect::Send(ClientMsg::Seek { req, generation: FIRST, from, down, levels: Some(levels) })
    };
    let step = |down, from| Input::SeekLevels { levels, down, from };
    let no_more = |down| Effect::Notice(Notice::NoMore { levels, down });
    let row = |follow: &Follow, idx| Effect::GoToRow(follow.window().key(idx).unwrap());
    // Without a find term; the row at the edge of what is seen counts.
    assert_eq!(told(&mut follow, step(true, Stand::At(place(4)))), [ask(1, 4, true)]);
    let hold = Effect::Send(ClientMsg::Hold { from: place(8) });
    assert_eq!(told(&mut follow, sought(1, Some(4), 4, false)), [hold, row(&follow, 0)]);
    assert_eq!((follow.current_hit(), follow.is_following()), (Some(place(4)), false));
    // On from that row, in pieces, and no round.
    assert_eq!(told(&mut follow, step(true, Stand::On(place(4)))), [ask(2, 6, true)]);
    assert_eq!(told(&mut follow, sought(2, None, 7, false)), [ask(3, 7, true)]);
    assert_eq!(told(&mut follow, sought(3, None, 8, true)), [no_more(true)]);
    assert_eq!((follow.current_hit(), follow.is_seeking()), (Some(place(4)), false), "where the user is");
    // Two steps up, of which one has somewhere to go.
    assert_eq!(told(&mut follow, step(false, Stand::At(place(8)))), [ask(4, 8, false)]);
    assert_eq!(told(&mut follow, step(false, Stand::At(place(8)))), []);
    assert_eq!(told(&mut follow, sought(4, Some(6), 6, false)), [ask(5, 6, false)]);
    assert_eq!(told(&mut follow, sought(5, None, 0, true)), [no_more(false), row(&follow, 1)]);
    assert_eq!(follow.current_hit(), Some(place(6)));
    // Another kind, or the other way, is another search.
    told(&mut follow, step(true, Stand::On(place(6))));
    let warnings = Input::SeekLevels { levels: LevelChoice::WARNINGS, down: true, from: Stand::On(place(6)) };
    let sent = told(&mut follow, warnings);
    assert!(matches!(sent.as_slice(), [Effect::Send(ClientMsg::Seek { levels: Some(LevelChoice::WARNINGS), .. })]));
}

#[test]
fn context_rows_that_are_not_settled_are_no_catching_up() {
    let mut follow = following();
    let with_context = Some(Filter { q: "x".to_owned(), ctx: 100, ..Filter::default() });
    told(&mut follow, Input::Filter { filter: with_context, at: Anchor::End, before: 9, after: 0 });
    told(&mut follow, page(1, 2, 10, &[6]));
    told(&mut follow, Input::Text(ServerMsg::Tip(tip(100_000, 0))));
    assert_eq!(follow.state().text(""), "live");
    told(&mut follow, Input::Text(ServerMsg::Tip(tip(100_000_000, 0))));
    assert_eq!(follow.state().text(""), "catching up");
}
