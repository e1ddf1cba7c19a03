//! Golden bytes of every message and frame: a change here is a change of the protocol, and moves [`VERSION`].

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::ansi::Style;
use crate::cursor::Marker;
use crate::line::LineNo;
use crate::timestamp::TimeExpr;

const GENERATION: Generation = Generation::new(3);
const AT: ByteOffset = ByteOffset::new(70);
const IDENTITY: Identity = Identity { inode: 11, born_ns: 12, head_len: 13, head_hash: u64::MAX };
const TIP: Tip = Tip {
    generation: GENERATION,
    len: ByteOffset::new(99),
    complete: ByteOffset::new(90),
    lines: LineTotal { count: LineCount::new(7), exact: true },
    new_lines: LineCount::new(2),
    shown: None,
    found: None,
    state: FileState::ReadError,
};

fn check<T>(messages: impl IntoIterator<Item = (T, &'static str)>)
where
    T: Serialize + for<'a> Deserialize<'a> + PartialEq + std::fmt::Debug,
{
    for (message, expected) in messages {
        assert_eq!(serde_json::to_string(&message).unwrap(), expected);
        assert_eq!(serde_json::from_str::<T>(expected).unwrap(), message);
    }
}

#[test]
fn client_messages_have_these_bytes() {
    let path: LogPath = "r/a.log".parse().unwrap();
    let resume = Some(Cursor { identity: IDENTITY, offset: AT, marker: Marker { len: 2, hash: 5 } });
    let open = |resume| ClientMsg::Open {
        version: VERSION,
        path: path.clone(),
        at: Anchor::End,
        before: 40,
        after: 0,
        resume,
        follow: true,
        credit: CREDIT_BYTES,
        filter: None,
        find: None,
        wished: Wished::default(),
    };
    let page = |at| ClientMsg::Page { req: 1, generation: GENERATION, at, before: 2, after: 4 };
    check([
        (
            open(None),
            r#"{"open":{"version":7,"path":"r/a.log","at":"end","before":40,"after":0,"resume":null,"follow":true,"credit":262144,"filter":null,"find":null,"wished":{"filter":false,"find":false}}}"#,
        ),
        (
            open(resume),
            r#"{"open":{"version":7,"path":"r/a.log","at":"end","before":40,"after":0,"resume":{"identity":{"inode":11,"born_ns":12,"head_len":13,"head_hash":18446744073709551615},"offset":70,"marker":{"len":2,"hash":5}},"follow":true,"credit":262144,"filter":null,"find":null,"wished":{"filter":false,"find":false}}}"#,
        ),
        (page(Anchor::Start), r#"{"page":{"req":1,"generation":3,"at":"start","before":2,"after":4}}"#),
        (
            page(Anchor::Line(LineNo::FIRST)),
            r#"{"page":{"req":1,"generation":3,"at":{"line":1},"before":2,"after":4}}"#,
        ),
        (page(Anchor::Byte(AT)), r#"{"page":{"req":1,"generation":3,"at":{"byte":70},"before":2,"after":4}}"#),
        (
            ClientMsg::More { req: 1, generation: GENERATION, offset: AT, len: 9 },
            r#"{"more":{"req":1,"generation":3,"offset":70,"len":9}}"#,
        ),
        (
            ClientMsg::Live { req: 1, from: Some((GENERATION, AT)), rows: 5 },
            r#"{"live":{"req":1,"from":[3,70],"rows":5}}"#,
        ),
        (ClientMsg::Live { req: 1, from: None, rows: 5 }, r#"{"live":{"req":1,"from":null,"rows":5}}"#),
        (ClientMsg::Hold { from: (GENERATION, AT) }, r#"{"hold":{"from":[3,70]}}"#),
        (ClientMsg::Grant { bytes: 8 }, r#"{"grant":{"bytes":8}}"#),
        (ClientMsg::Pong, r#""pong""#),
    ]);
}

#[test]
fn messages_of_levels_times_and_marks_have_these_bytes() {
    let narrow = Narrow { levels: "error,unknown".parse().unwrap(), from: "-15m".to_owned(), to: String::new() };
    let filter = Filter { q: String::new(), ctx: 0, narrow };
    let at = Anchor::Time(TimeExpr::parse("yesterday 10:00").unwrap());
    check([
        (
            ClientMsg::Filter { req: 1, filter: Some(filter), at, before: 2, after: 4, follow: false },
            r#"{"filter":{"req":1,"filter":{"q":"","ctx":0,"narrow":{"levels":80,"from":"-15m","to":""}},"at":{"time":"yesterday 10:00"},"before":2,"after":4,"follow":false}}"#,
        ),
        (ClientMsg::Levels { on: true }, r#"{"levels":{"on":true}}"#),
        (
            ClientMsg::Marks { req: 2, generation: GENERATION, parts: 800 },
            r#"{"marks":{"req":2,"generation":3,"parts":800}}"#,
        ),
    ]);
    let mut counts = LevelCounts::default();
    counts.add(Some(Level::Error), 5);
    counts.add(None, 6);
    let marks = Marks { len: AT, parts: 9, found: vec![1, 2], shown: Vec::new(), levels: vec![(8, Level::Fatal)] };
    let stamp = Stamp::from_secs(1);
    check([
        (
            ServerMsg::Levels(Levels { generation: GENERATION, counts, scanned: AT, exact: false, stopped: true }),
            r#"{"levels":{"generation":3,"counts":{"levels":[0,0,0,0,5,0],"unknown":6},"scanned":70,"exact":false,"stopped":true}}"#,
        ),
        (
            ServerMsg::Marks { req: 2, generation: GENERATION, marks },
            r#"{"marks":{"req":2,"generation":3,"marks":{"len":70,"parts":9,"found":[1,2],"shown":[],"levels":[[8,"fatal"]]}}}"#,
        ),
        (
            ServerMsg::Landed { req: 2, generation: GENERATION, at: AT, wanted: stamp, found: None },
            r#"{"landed":{"req":2,"generation":3,"at":70,"wanted":1000000000,"found":null}}"#,
        ),
    ]);
}

#[test]
fn messages_of_filter_and_find_have_these_bytes() {
    let filter = Some(Filter { q: "error -\"a b\"".to_owned(), ctx: 3, ..Filter::default() });
    let filtered = |filter| ClientMsg::Filter { req: 1, filter, at: Anchor::End, before: 2, after: 4, follow: true };
    let open = ClientMsg::Open {
        version: VERSION,
        path: "r/a.log".parse().unwrap(),
        at: Anchor::Start,
        before: 0,
        after: 9,
        resume: None,
        follow: false,
        credit: 7,
        filter: filter.clone(),
        find: Some("/x/i".to_owned()),
        wished: Wished { filter: true, find: false },
    };
    check([
        (
            open,
            r#"{"open":{"version":7,"path":"r/a.log","at":"start","before":0,"after":9,"resume":null,"follow":false,"credit":7,"filter":{"q":"error -\"a b\"","ctx":3},"find":"/x/i","wished":{"filter":true,"find":false}}}"#,
        ),
        (
            filtered(filter),
            r#"{"filter":{"req":1,"filter":{"q":"error -\"a b\"","ctx":3},"at":"end","before":2,"after":4,"follow":true}}"#,
        ),
        (filtered(None), r#"{"filter":{"req":1,"filter":null,"at":"end","before":2,"after":4,"follow":true}}"#),
        (ClientMsg::Find { req: 2, term: Some("x".to_owned()) }, r#"{"find":{"req":2,"term":"x"}}"#),
        (ClientMsg::Find { req: 2, term: None }, r#"{"find":{"req":2,"term":null}}"#),
        (ClientMsg::Continue, r#""continue""#),
        (
            ClientMsg::Seek { req: 3, generation: GENERATION, from: AT, down: true, levels: None },
            r#"{"seek":{"req":3,"generation":3,"from":70,"down":true}}"#,
        ),
        (
            ClientMsg::Seek {
                req: 3,
                generation: GENERATION,
                from: AT,
                down: false,
                levels: Some(LevelChoice::ERRORS),
            },
            r#"{"seek":{"req":3,"generation":3,"from":70,"down":false,"levels":48}}"#,
        ),
        (
            ClientMsg::Spans { req: 4, generation: GENERATION, rows: vec![AT, ByteOffset::new(80)] },
            r#"{"spans":{"req":4,"generation":3,"rows":[70,80]}}"#,
        ),
    ]);
    let matched = |exact| Matched { count: LineCount::new(5), exact, scanned: AT, stopped: !exact };
    let found = |rank| Some(Found { matched: matched(true), rank });
    let sought = |found, at_end| ServerMsg::Sought { req: 3, generation: GENERATION, found, reached: AT, at_end };
    let spans = RowSpans { offset: AT, find: vec![(0, 2), (5, 6)], filter: Vec::new() };
    check([
        (
            ServerMsg::Tip(Tip { shown: Some(matched(false)), found: found(None), ..TIP }),
            r#"{"tip":{"generation":3,"len":99,"complete":90,"lines":{"count":7,"exact":true},"new_lines":2,"shown":{"count":5,"exact":false,"scanned":70,"stopped":true},"found":{"matched":{"count":5,"exact":true,"scanned":70,"stopped":false},"rank":null},"state":"read-error"}}"#,
        ),
        (
            ServerMsg::Tip(Tip { found: found(Some(LineCount::new(4))), ..TIP }),
            r#"{"tip":{"generation":3,"len":99,"complete":90,"lines":{"count":7,"exact":true},"new_lines":2,"shown":null,"found":{"matched":{"count":5,"exact":true,"scanned":70,"stopped":false},"rank":4},"state":"read-error"}}"#,
        ),
        (
            ServerMsg::Refused { req: 2, find: true, position: 1, detail: "expected )".to_owned() },
            r#"{"refused":{"req":2,"find":true,"position":1,"detail":"expected )"}}"#,
        ),
        (sought(Some(AT), false), r#"{"sought":{"req":3,"generation":3,"found":70,"reached":70,"at_end":false}}"#),
        (sought(None, true), r#"{"sought":{"req":3,"generation":3,"found":null,"reached":70,"at_end":true}}"#),
        (
            ServerMsg::Spans { req: 4, generation: GENERATION, rows: vec![spans] },
            r#"{"spans":{"req":4,"generation":3,"rows":[{"offset":70,"find":[[0,2],[5,6]],"filter":[]}]}}"#,
        ),
    ]);
}

#[test]
fn server_messages_have_these_bytes() {
    let opened = |resume| ServerMsg::Opened {
        version: VERSION,
        generation: GENERATION,
        identity: IDENTITY,
        resume,
        heartbeat_secs: 20,
        tip: TIP,
    };
    let event = |event, next| ServerMsg::Event { generation: GENERATION, at: AT, unix_secs: 8, event, next };
    check([
        (
            opened(None),
            r#"{"opened":{"version":7,"generation":3,"identity":{"inode":11,"born_ns":12,"head_len":13,"head_hash":18446744073709551615},"resume":null,"heartbeat_secs":20,"tip":{"generation":3,"len":99,"complete":90,"lines":{"count":7,"exact":true},"new_lines":2,"shown":null,"found":null,"state":"read-error"}}}"#,
        ),
        (
            opened(Some(Resume::Resumed { generation: GENERATION })),
            r#"{"opened":{"version":7,"generation":3,"identity":{"inode":11,"born_ns":12,"head_len":13,"head_hash":18446744073709551615},"resume":{"resumed":{"generation":3}},"heartbeat_secs":20,"tip":{"generation":3,"len":99,"complete":90,"lines":{"count":7,"exact":true},"new_lines":2,"shown":null,"found":null,"state":"read-error"}}}"#,
        ),
        (
            ServerMsg::Tip(TIP),
            r#"{"tip":{"generation":3,"len":99,"complete":90,"lines":{"count":7,"exact":true},"new_lines":2,"shown":null,"found":null,"state":"read-error"}}"#,
        ),
        (
            event(FileEvent::Rotated, Some((GENERATION.next(), IDENTITY))),
            r#"{"event":{"generation":3,"at":70,"unix_secs":8,"event":"rotated","next":[4,{"inode":11,"born_ns":12,"head_len":13,"head_hash":18446744073709551615}]}}"#,
        ),
        (
            event(FileEvent::Truncated { was: ByteLen::new(6) }, None),
            r#"{"event":{"generation":3,"at":70,"unix_secs":8,"event":{"truncated":{"was":6}},"next":null}}"#,
        ),
        (
            ServerMsg::Current { generation: GENERATION, identity: IDENTITY },
            r#"{"current":{"generation":3,"identity":{"inode":11,"born_ns":12,"head_len":13,"head_hash":18446744073709551615}}}"#,
        ),
        (
            ServerMsg::Happened { unix_secs: 5, event: FileEvent::Rotated },
            r#"{"happened":{"unix_secs":5,"event":"rotated"}}"#,
        ),
        (ServerMsg::Behind { bytes: ByteLen::new(6) }, r#"{"behind":{"bytes":6}}"#),
        (ServerMsg::Ping, r#""ping""#),
        (
            ServerMsg::Failed { req: 4, error: Failure::NotAFile, detail: "it is a folder".to_owned() },
            r#"{"failed":{"req":4,"error":"not-a-file","detail":"it is a folder"}}"#,
        ),
        (ServerMsg::Bye { retry_ms: 900 }, r#"{"bye":{"retry_ms":900}}"#),
    ]);
    check([
        (Resume::Rotated { generation: GENERATION }, r#"{"rotated":{"generation":3}}"#),
        (Resume::Truncated { generation: GENERATION, lost: None }, r#"{"truncated":{"generation":3,"lost":null}}"#),
        (Resume::Gap { generation: GENERATION, bytes: None }, r#"{"gap":{"generation":3,"bytes":null}}"#),
        (Resume::Gap { generation: GENERATION, bytes: Some(ByteLen::new(6)) }, r#"{"gap":{"generation":3,"bytes":6}}"#),
    ]);
    check([
        (FileEvent::Gap { bytes: ByteLen::new(6) }, r#"{"gap":{"bytes":6}}"#),
        (FileEvent::Deleted, r#""deleted""#),
        (FileEvent::Appeared, r#""appeared""#),
    ]);
    check([
        (FileState::Live, r#""live""#),
        (FileState::Waiting, r#""waiting""#),
        (FileState::Deleted, r#""deleted""#),
        (FileState::Denied, r#""denied""#),
        (FileState::Ended, r#""ended""#),
        (FileState::Packed(Unpacking::Decoding { percent: 7 }), r#"{"packed":{"decoding":{"percent":7}}}"#),
        (FileState::Packed(Unpacking::Queued), r#"{"packed":"queued"}"#),
        (FileState::Packed(Unpacking::Whole), r#"{"packed":"whole"}"#),
        (FileState::Packed(Unpacking::Incomplete), r#"{"packed":"incomplete"}"#),
        (FileState::Packed(Unpacking::Damaged), r#"{"packed":"damaged"}"#),
        (FileState::Packed(Unpacking::TooLarge), r#"{"packed":"too-large"}"#),
        (FileState::Packed(Unpacking::Window), r#"{"packed":"window"}"#),
        (FileState::Packed(Unpacking::NoRoom), r#"{"packed":"no-room"}"#),
    ]);
    check([
        (Failure::NotFound, r#""not-found""#),
        (Failure::Denied, r#""denied""#),
        (Failure::Gone, r#""gone""#),
        (Failure::ReadError, r#""read-error""#),
        (Failure::Busy, r#""busy""#),
    ]);
}

#[test]
fn frames_have_these_bytes() {
    for (kind, number) in [(FrameKind::Live, 1), (FrameKind::Page, 2), (FrameKind::More, 3)] {
        let frame = Frame {
            kind,
            flags: FrameFlags { at_start: false, at_end: true, unfinished: true },
            req: 0x0403_0201,
            generation: GENERATION,
            style: Style::from_bytes([1, 0, 2, 0, 1, 0]),
            offset: ByteOffset::new(0x100),
            end: ByteOffset::new(0x10a),
            first_line: LineNo::new(5),
            cuts: vec![Cut { at: 2, missing: ByteLen::new(5) }],
            sparse: None,
            payload: Bytes::from_static(b"ab\ncd"),
        };
        let mut expected = vec![number, 6, 1, 0, 1, 2, 3, 4, 3, 0, 0, 0, 1, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        expected.extend([0, 1, 0, 0, 0, 0, 0, 0, 0x0a, 1, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend([2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        expected.extend(b"ab\ncd");
        assert_eq!(frame.encode(), expected);
        assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }
}

/// Two rows of what stands from 0x100 to 0x200; the second is context, unnumbered and cut.
fn sparse_frame() -> Frame {
    let row = |offset, line, context| SparseRow { offset: ByteOffset::new(offset), line: LineNo::new(line), context };
    Frame {
        kind: FrameKind::Live,
        flags: FrameFlags { at_start: true, at_end: false, unfinished: false },
        req: 7,
        generation: GENERATION,
        style: Style::PLAIN,
        offset: ByteOffset::new(0x100),
        end: ByteOffset::new(0x200),
        first_line: None,
        cuts: vec![Cut { at: 5, missing: ByteLen::new(9) }],
        sparse: Some(Sparse {
            marker: Marker { len: 64, hash: 0x0807_0605_0403_0201 },
            rows: vec![row(0x110, 4, false), row(0x120, 0, true)],
        }),
        payload: Bytes::from_static(b"ab\ncd\n"),
    }
}

#[test]
fn sparse_frames_have_these_bytes() {
    let frame = sparse_frame();
    let mut expected = vec![1, 9, 1, 0, 7, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    expected.extend([0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([5, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([64, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 0, 0]);
    expected.extend([0x10, 1, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expected.extend(b"ab\ncd\n");
    assert_eq!(frame.encode(), expected);
    assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
}

#[test]
fn rows_of_a_sparse_frame_say_their_own_places_and_numbers() {
    let frame = sparse_frame();
    let rows: Vec<_> = frame
        .rows()
        .map(|row| {
            (row.offset.get(), row.end.get(), row.bytes, row.missing.get(), row.line.map(LineNo::get), row.context)
        })
        .collect();
    assert_eq!(
        rows,
        [(0x110, 0x113, b"ab".as_slice(), 0, Some(4), false), (0x120, 0x12c, b"cd".as_slice(), 9, None, true)]
    );
    let nothing = Frame {
        cuts: Vec::new(),
        sparse: Some(Sparse { marker: Marker::of(b""), rows: Vec::new() }),
        payload: Bytes::new(),
        ..sparse_frame()
    };
    assert_eq!(Frame::decode(&nothing.encode()).map(|frame| frame.rows().count()), Ok(0));
}

#[test]
fn rows_of_a_sparse_frame_stand_in_order_inside_what_it_covers() {
    type Change = fn(&mut Frame, &mut Sparse);
    let changes: [(Change, bool); 8] = [
        (|_, _| {}, true),
        (|frame, _| frame.end = ByteOffset::new(0x12c), true),
        (|frame, _| frame.end = ByteOffset::new(0x12b), false),
        (|_, sparse| sparse.rows[0].offset = ByteOffset::new(0xff), false),
        (|_, sparse| sparse.rows[1].offset = ByteOffset::new(0x112), false),
        (|_, sparse| sparse.rows[1].offset = ByteOffset::new(u64::MAX), false),
        (|_, sparse| sparse.rows.truncate(1), false),
        (|_, sparse| sparse.rows.push(SparseRow { offset: ByteOffset::new(0x130), line: None, context: false }), false),
    ];
    for (nth, (change, is_frame)) in changes.into_iter().enumerate() {
        let mut frame = sparse_frame();
        let mut sparse = frame.sparse.take().unwrap();
        change(&mut frame, &mut sparse);
        frame.sparse = Some(sparse);
        assert_eq!(Frame::decode(&frame.encode()).is_ok(), is_frame, "change {nth}");
    }
}

#[test]
fn a_cut_stands_only_where_a_line_ends() {
    for (at, payload, is_frame) in [
        (2, "ab\ncd\n", true),
        (5, "ab\ncd\n", true),
        (5, "ab\ncd", true),
        (1, "ab\ncd\n", false),
        (3, "ab\ncd\n", false),
        (6, "ab\ncd\n", false),
        (7, "ab\ncd\n", false),
        (0, "", false),
        // In front of a line that begins with NUL.
        (0, "\0b\n", true),
        (2, "a\n\0b", true),
        (1, "a\0\n", false),
        (1, "\0\0\n", false),
    ] {
        let frame = frame_of(0, payload.as_bytes(), vec![Cut { at, missing: ByteLen::new(1) }]);
        assert_eq!(Frame::decode(&frame.encode()).is_ok(), is_frame, "{at} in {payload:?}");
    }
}

/// A page of these bytes; its end follows from them.
fn frame_of(offset: u64, payload: &[u8], cuts: Vec<Cut>) -> Frame {
    let missing: u64 = cuts.iter().map(|cut| cut.missing.get()).sum();
    Frame {
        kind: FrameKind::Page,
        flags: FrameFlags::default(),
        req: 1,
        generation: GENERATION,
        style: Style::PLAIN,
        offset: ByteOffset::new(offset),
        end: ByteOffset::new(offset + payload.len() as u64 + missing),
        first_line: None,
        cuts,
        sparse: None,
        payload: Bytes::copy_from_slice(payload),
    }
}

#[test]
fn nul_bytes_in_front_of_a_line_are_left_out_at_its_start_and_the_rest_at_its_end() {
    let cuts = [(0, 100), (2, 7)].map(|(at, missing)| Cut { at, missing: ByteLen::new(missing) });
    let frame = frame_of(50, b"\0a\n\0\nb\n", cuts.to_vec());
    let frame = Frame::decode(&frame.encode()).unwrap();
    let rows = |frame: &Frame| -> Vec<_> {
        frame.rows().map(|row| (row.offset.get(), row.hole.get(), row.missing.get(), row.end.get())).collect()
    };
    assert_eq!(rows(&frame), [(50, 100, 7, 160), (160, 0, 0, 162), (162, 0, 0, 164)]);
    let holes = [(0, 100), (3, 9)].map(|(at, missing)| Cut { at, missing: ByteLen::new(missing) });
    let frame = Frame::decode(&frame_of(50, b"\0a\n\0", holes.to_vec()).encode()).unwrap();
    assert_eq!(rows(&frame), [(50, 100, 0, 153), (153, 9, 0, 163)]);
}

proptest! {
    #[test]
    fn counts_come_back_as_they_were_sent(
        shown: Option<(u64, bool, u64, bool)>, found: Option<((u64, bool, u64, bool), Option<u64>)>,
    ) {
        let matched = |(count, exact, scanned, stopped)| {
            Matched { count: LineCount::new(count), exact, scanned: ByteOffset::new(scanned), stopped }
        };
        let found = found.map(|(of, rank)| Found { matched: matched(of), rank: rank.map(LineCount::new) });
        let said = ServerMsg::Tip(Tip { shown: shown.map(matched), found, ..TIP });
        let text = serde_json::to_string(&said).unwrap();
        prop_assert_eq!(serde_json::from_str::<ServerMsg>(&text).unwrap(), said);
    }

    #[test]
    fn lines_come_back_as_they_were_sent(
        lines in prop::collection::vec(("[a-z\r\u{1b}]{0,9}", prop::option::of(1..1_000_000_u64)), 0..20),
        offset in 0..1_u64 << 60,
        is_finished: bool,
    ) {
        let (mut payload, mut cuts) = (Vec::new(), Vec::new());
        for (idx, (text, missing)) in lines.iter().enumerate() {
            payload.extend_from_slice(text.as_bytes());
            let has_feed = is_finished || idx + 1 < lines.len();
            // An unfinished line of which nothing was sent is no line.
            if let Some(missing) = missing.filter(|_| has_feed || !text.is_empty()) {
                cuts.push(Cut { at: payload.len() as u32, missing: ByteLen::new(missing) });
            }
            if has_feed {
                payload.push(b'\n');
            }
        }
        let frame = frame_of(offset, &payload, cuts);
        let decoded = Frame::decode(&frame.encode());
        prop_assert_eq!(decoded.as_ref(), Ok(&frame));
        let mut at = frame.offset;
        let mut rows = 0;
        for (row, (text, missing)) in frame.rows().zip(&lines) {
            prop_assert_eq!((row.offset, row.bytes, row.missing.get()), (at, text.as_bytes(), missing.unwrap_or(0)));
            at = row.end;
            rows += 1;
        }
        prop_assert_eq!(at, frame.end);
        let last_is_no_line = !is_finished && lines.last().is_some_and(|(text, _)| text.is_empty());
        prop_assert_eq!(rows, lines.len() - usize::from(last_is_no_line));
    }

    #[test]
    fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0..5_u8, n_cuts in 0..4_u8) {
        for (at, byte) in [(0, kind), (2, n_cuts), (3, 0)] {
            if let Some(field) = bytes.get_mut(at) {
                *field = byte;
            }
        }
        if let Ok(frame) = Frame::decode(&Bytes::from(bytes)) {
            let end = frame.rows().last().map_or(frame.offset, |row| row.end);
            prop_assert!(end == frame.end || (frame.sparse.is_some() && end < frame.end));
        }
    }

    /// A good sparse frame with some of its bytes changed: many of these still decode.
    #[test]
    fn no_sparse_bytes_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), len: prop::sample::Index) {
        let mut bytes = sparse_frame().encode().to_vec();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if changes.len() == 5 {
            bytes.truncate(len.index(bytes.len()));
        }
        if let Ok(frame) = Frame::decode(&Bytes::from(bytes)) {
            prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame.clone()));
            let mut from = frame.offset;
            for row in frame.rows() {
                prop_assert!(row.offset >= from && row.end >= row.offset);
                from = row.end;
            }
            prop_assert!(from <= frame.end);
            // A window takes it, or refuses it, and stays whole.
            let mut window = crate::window::LineWindow::new(1 << 20);
            window.replace(&sparse_frame());
            let _ = (window.append(&frame), window.prepend(&frame), window.marker(), window.lines_from(window.first()));
            prop_assert!(window.first() <= window.last() && window.last() <= window.end());
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,60}") {
        let _ = (serde_json::from_str::<ClientMsg>(&text), serde_json::from_str::<ServerMsg>(&text));
    }
}
