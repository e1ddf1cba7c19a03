//! Conversations with the server: inputs and the effects they must have.

mod model;
mod overview;
mod restraint;
mod search;

use bytes::Bytes;

use super::*;
use crate::ansi::Style;
use crate::cursor::{Anchor, Generation, Identity};
use crate::line::ByteOffset;
use crate::wire::*;

const FIRST: Generation = Generation::FIRST;
const IDENTITY: Identity = Identity { inode: 1, born_ns: 2, head_len: 0, head_hash: 3 };

fn tip(len: u64, new_lines: u64) -> Tip {
    Tip {
        generation: FIRST,
        len: ByteOffset::new(len),
        complete: ByteOffset::new(len),
        lines: LineTotal { count: LineCount::new(len / 2), exact: true },
        new_lines: LineCount::new(new_lines),
        shown: None,
        found: None,
        state: FileState::Live,
    }
}

fn opened(len: u64, resume: Option<Resume>) -> Input {
    let tip = tip(len, 0);
    let (generation, identity) = (FIRST, IDENTITY);
    Input::Text(ServerMsg::Opened { version: VERSION, generation, identity, resume, heartbeat_secs: 20, tip })
}

/// Lines of two bytes.
fn frame(kind: FrameKind, req: u32, offset: u64, payload: &'static str) -> Input {
    Input::Frame(Frame {
        kind,
        flags: FrameFlags::default(),
        req,
        generation: FIRST,
        style: Style::PLAIN,
        offset: ByteOffset::new(offset),
        end: ByteOffset::new(offset + payload.len() as u64),
        first_line: None,
        cuts: Vec::new(),
        sparse: None,
        payload: Bytes::from_static(payload.as_bytes()),
    })
}

fn start(follow: bool) -> Input {
    let path = "r/a.log".parse().unwrap();
    Input::Start(Start {
        path,
        at: Anchor::Byte(ByteOffset::new(4)),
        before: 0,
        after: 9,
        follow,
        boot: None,
        filter: None,
        find: None,
    })
}

/// One that follows, with the lines at 4 and 6 on the screen of a file of 8 bytes.
fn following() -> Follow {
    let mut follow = Follow::new(1);
    for input in [start(true), Input::SocketOpen, opened(8, None), frame(FrameKind::Page, 0, 4, "c\nd\n")] {
        follow.step(input, 0, &mut Vec::new());
    }
    follow
}

/// The effects of an input at a time, without wake-ups and changes of state.
fn effects(follow: &mut Follow, input: Input, now_ms: u64) -> Vec<Effect> {
    let mut out = Vec::new();
    follow.step(input, now_ms, &mut out);
    out.retain(|effect| !matches!(effect, Effect::WakeAt { .. } | Effect::StateChanged));
    out
}

fn check(conversation: impl IntoIterator<Item = (Input, Vec<Effect>)>) {
    let mut follow = following();
    for (input, expected) in conversation {
        let text = format!("{input:?}");
        assert_eq!(effects(&mut follow, input, 100), expected, "{text}");
    }
}

fn place(offset: u64) -> Position {
    (FIRST, ByteOffset::new(offset))
}

fn appended() -> Effect {
    Effect::Window(WindowChange::Appended)
}

fn live(req: u32, from: Option<Position>) -> Effect {
    Effect::Send(ClientMsg::Live { req, from, rows: PAGE_ROWS })
}

#[test]
fn hydration_opens_at_the_first_rendered_row_and_replaces_the_rows() {
    let mut follow = Follow::new(1);
    assert_eq!(effects(&mut follow, start(true), 0), [Effect::Connect]);
    assert_eq!(follow.state().text(""), "catching up", "no connection stands yet");
    let sent = effects(&mut follow, Input::SocketOpen, 0);
    assert_eq!(follow.state().text(""), "catching up", "nothing has come yet");
    let at = Anchor::Byte(ByteOffset::new(4));
    assert!(
        matches!(sent.as_slice(), [Effect::Send(ClientMsg::Open { at: asked, before: 0, after: 9, resume: None, follow: true, .. })] if *asked == at)
    );
    assert_eq!(effects(&mut follow, opened(8, None), 0), []);
    let page = effects(&mut follow, frame(FrameKind::Page, 0, 4, "c\nd\n"), 0);
    assert_eq!(page, [Effect::Window(WindowChange::Replaced { anchor: None })]);
    assert_eq!(follow.state().text(""), "live");
}

#[test]
fn a_ping_is_answered_at_once() {
    check([(Input::Text(ServerMsg::Ping), vec![Effect::Send(ClientMsg::Pong)])]);
}

#[test]
fn a_gap_is_never_shown_and_asked_for_once() {
    check([
        (frame(FrameKind::Live, 0, 10, "f\n"), vec![live(1, Some(place(8)))]),
        (frame(FrameKind::Live, 0, 12, "g\n"), vec![]),
        (frame(FrameKind::Live, 0, 8, "e\nf\n"), vec![appended()]),
    ]);
}

#[test]
fn an_unfinished_line_is_no_distance_however_long_it_is() {
    let mut follow = following();
    effects(&mut follow, Input::Text(ServerMsg::Tip(Tip { len: ByteOffset::new(9 << 20), ..tip(8, 0) })), 0);
    assert_eq!(follow.state().kind, StateKind::Live);
    effects(&mut follow, Input::Text(ServerMsg::Tip(tip(9 << 20, 0))), 0);
    assert_eq!(follow.state().kind, StateKind::CatchingUp);
}

#[test]
fn who_catches_up_from_far_behind_may_jump_to_the_end() {
    let behind = |bytes| Input::Text(ServerMsg::Behind { bytes: ByteLen::new(bytes) });
    let mut follow = following();
    for (input, can_jump) in [(Input::Pause, false), (Input::Resume(Catch::Up), false), (behind(9 << 20), true)] {
        effects(&mut follow, input, 0);
        assert_eq!(follow.can_jump(), can_jump);
    }
    assert_eq!(effects(&mut follow, Input::Resume(Catch::Jump), 0), [live(2, None)]);
    assert_eq!(effects(&mut follow, Input::Resume(Catch::Jump), 0), [], "once");
}

#[test]
fn far_behind_it_jumps_to_the_end_and_says_what_was_skipped() {
    let behind = |bytes| Input::Text(ServerMsg::Behind { bytes: ByteLen::new(bytes) });
    check([
        (behind(1 << 20), vec![]),
        (behind(3 << 20), vec![live(1, None)]),
        (behind(4 << 20), vec![]),
        (
            frame(FrameKind::Page, 1, 1_008, "x\n"),
            vec![
                Effect::Window(WindowChange::Replaced { anchor: None }),
                Effect::Notice(Notice::Skipped(ByteLen::new(1_000))),
            ],
        ),
    ]);
}

#[test]
fn the_end_of_a_compressed_file_is_gone_to_when_it_is_known() {
    let lines = LineTotal { count: LineCount::ZERO, exact: false };
    let packed =
        |len, unpacking| Input::Text(ServerMsg::Tip(Tip { state: FileState::Packed(unpacking), lines, ..tip(len, 0) }));
    let decoding = |len, percent| packed(len, Unpacking::Decoding { percent });
    check([
        (decoding(8, 7), vec![]),
        (decoding(5_000_000, 60), vec![]),
        (packed(9_000_000, Unpacking::Whole), vec![live(1, None)]),
        (packed(9_000_002, Unpacking::Whole), vec![]),
    ]);
    check([(decoding(8, 7), vec![]), (packed(12, Unpacking::Whole), vec![live(1, Some(place(8)))])]);
    let hold = Effect::Send(ClientMsg::Hold { from: place(8) });
    check([(decoding(8, 7), vec![]), (Input::Pause, vec![hold]), (packed(9_000_000, Unpacking::Damaged), vec![])]);
}

#[test]
fn a_pause_freezes_and_resumes_in_two_ways() {
    let hold = Effect::Send(ClientMsg::Hold { from: place(8) });
    let far = Input::Text(ServerMsg::Tip(tip(9_000_000, 7)));
    check([
        (Input::Pause, vec![hold.clone()]),
        (far.clone(), vec![]),
        (Input::Resume(Catch::Up), vec![live(1, Some(place(8)))]),
        (Input::Text(ServerMsg::Behind { bytes: ByteLen::new(9_000_000) }), vec![]),
    ]);
    check([(Input::Pause, vec![hold]), (far, vec![]), (Input::Resume(Catch::Jump), vec![live(1, None)])]);
}

#[test]
fn a_pause_that_ends_further_up_leaves_the_ordinary_state_and_the_count() {
    let hold = Input::Hold { seen: Some(0) };
    let jump = || Input::JumpTo { at: Anchor::Start, of: None, before: 0, after: 9 };
    let came = |new| Input::Text(ServerMsg::Tip(tip(8 + 2 * new, new)));
    // Paused and then scrolled up, scrolled up and then paused, paused and gone elsewhere.
    for (way, while_paused) in
        [([Input::Pause, hold.clone()], "paused"), ([hold, Input::Pause], "paused"), ([Input::Pause, jump()], "paused")]
    {
        let mut follow = following();
        let text = format!("{way:?}");
        for input in way {
            effects(&mut follow, input, 0);
        }
        effects(&mut follow, came(7), 0);
        assert_eq!((follow.state().text("").as_str(), follow.new_lines().get()), (while_paused, 7), "{text}");
        assert_eq!(effects(&mut follow, Input::Unpause, 0), [], "{text}");
        assert_eq!((follow.state().text("").as_str(), follow.new_lines().get()), ("live", 7), "{text}");
        effects(&mut follow, came(9), 0);
        assert_eq!((follow.is_following(), follow.new_lines().get()), (false, 9), "{text}");
    }
    // Who follows all the same goes on with every line.
    let hold = Effect::Send(ClientMsg::Hold { from: place(8) });
    check([(Input::Pause, vec![hold]), (Input::Unpause, vec![live(1, Some(place(8)))])]);
}

#[test]
fn a_place_of_an_old_file_is_asked_for_in_that_one() {
    for (of, asked) in [(None, FIRST), (Some(FIRST.next()), FIRST.next())] {
        let jump = Input::JumpTo { at: Anchor::Start, of, before: 0, after: 9 };
        let sent = effects(&mut following(), jump, 0);
        let is_asked = |effect: &Effect| matches!(effect, Effect::Send(ClientMsg::Page { generation, .. }) if *generation == asked);
        assert!(sent.iter().any(is_asked), "{of:?}: {sent:?}");
    }
}

#[test]
fn a_superseded_jump_is_dropped() {
    let jump = |line| Input::JumpTo {
        at: Anchor::Line(crate::line::LineNo::new(line).unwrap()),
        of: None,
        before: 0,
        after: 9,
    };
    let mut follow = following();
    effects(&mut follow, jump(1), 0);
    effects(&mut follow, jump(3), 0);
    assert_eq!(effects(&mut follow, frame(FrameKind::Page, 1, 0, "a\n"), 0), []);
    let shown = effects(&mut follow, frame(FrameKind::Page, 2, 4, "c\n"), 0);
    assert_eq!(shown, [Effect::Window(WindowChange::Replaced { anchor: Some(0) })]);
}

#[test]
fn a_page_that_slept_waits_for_what_is_still_on_its_way() {
    let mut follow = following();
    assert_eq!(effects(&mut follow, Input::Tick, 90_000), []);
    assert_eq!(effects(&mut follow, Input::Tick, 95_000), [Effect::Close(1000)]);
}

#[test]
fn close_codes_that_cannot_be_mended_end_it() {
    for (code, notice) in [(CLOSE_UNAUTHORIZED, Notice::LogIn), (CLOSE_VERSION, Notice::Reload)] {
        let mut follow = following();
        assert_eq!(effects(&mut follow, Input::SocketClosed { code }, 0), [Effect::Notice(notice)]);
        assert_eq!(effects(&mut follow, Input::Tick, 1_000_000), []);
    }
}

#[test]
fn a_silent_server_is_left_and_a_lost_place_resumed() {
    let mut follow = following();
    assert_eq!(effects(&mut follow, Input::Tick, 29_999), []);
    assert_eq!(effects(&mut follow, Input::Text(ServerMsg::Ping), 29_999).len(), 1);
    assert_eq!(effects(&mut follow, Input::Tick, 30_000), []);
    assert_eq!(effects(&mut follow, Input::Tick, 59_999), [Effect::Close(1000)]);
    assert_eq!(follow.state().text(""), "reconnecting");
    assert_eq!(effects(&mut follow, Input::Online, 60_000), [Effect::Connect]);
    let sent = effects(&mut follow, Input::SocketOpen, 60_000);
    let [Effect::Send(ClientMsg::Open { resume: Some(cursor), .. })] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((cursor.identity, cursor.offset), (IDENTITY, ByteOffset::new(8)));
    assert_eq!(cursor.marker, crate::cursor::Marker::of(b"c\nd\n"));
}

#[test]
fn what_became_of_the_file_meanwhile_is_told() {
    let lost = Some(ByteLen::new(9));
    for (resume, notice) in [
        (Resume::Resumed { generation: FIRST }, None),
        (Resume::Rotated { generation: FIRST }, None),
        (Resume::Truncated { generation: FIRST, lost }, Some(Notice::TruncatedMeanwhile(lost))),
        (Resume::Gap { generation: FIRST, bytes: lost }, Some(Notice::Lost(lost))),
    ] {
        let mut follow = following();
        for input in [Input::SocketClosed { code: 1006 }, Input::Online, Input::SocketOpen] {
            effects(&mut follow, input, 0);
        }
        let told = effects(&mut follow, opened(8, Some(resume)), 0);
        let notices: Vec<_> = told.iter().filter(|effect| matches!(effect, Effect::Notice(_))).cloned().collect();
        assert_eq!(notices, notice.clone().map(Effect::Notice).into_iter().collect::<Vec<_>>());
        // Lines go on: at the same place, or from the start of the file below a divider.
        let offset = if notice.is_none() { 8 } else { 0 };
        assert_eq!(effects(&mut follow, frame(FrameKind::Live, 0, offset, "z\n"), 0), [appended()], "{resume:?}");
    }
}

#[test]
fn a_server_that_goes_away_says_when_to_come_back() {
    let mut follow = following();
    effects(&mut follow, Input::Text(ServerMsg::Bye { retry_ms: 4_000 }), 0);
    let mut out = Vec::new();
    follow.step(Input::SocketClosed { code: CLOSE_GOING_AWAY }, 0, &mut out);
    let wake = out.iter().find_map(|effect| if let Effect::WakeAt { ms } = effect { Some(*ms) } else { None });
    assert!(wake.is_some_and(|ms| (4_000..4_500).contains(&ms)), "{out:?}");
}
