//! Golden bytes of every message and frame: a change here is a change of the protocol, and moves [`VERSION`].

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::ansi::Style;
use crate::cursor::Marker;
use crate::line::LineNo;

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
    };
    let page = |at| ClientMsg::Page { req: 1, generation: GENERATION, at, before: 2, after: 4 };
    check([
        (
            open(None),
            r#"{"t":"open","version":1,"path":"r/a.log","at":"end","before":40,"after":0,"resume":null,"follow":true,"credit":262144}"#,
        ),
        (
            open(resume),
            r#"{"t":"open","version":1,"path":"r/a.log","at":"end","before":40,"after":0,"resume":{"identity":{"inode":11,"born_ns":12,"head_len":13,"head_hash":18446744073709551615},"offset":70,"marker":{"len":2,"hash":5}},"follow":true,"credit":262144}"#,
        ),
        (page(Anchor::Start), r#"{"t":"page","req":1,"generation":3,"at":"start","before":2,"after":4}"#),
        (
            page(Anchor::Line(LineNo::FIRST)),
            r#"{"t":"page","req":1,"generation":3,"at":{"line":1},"before":2,"after":4}"#,
        ),
        (page(Anchor::Byte(AT)), r#"{"t":"page","req":1,"generation":3,"at":{"byte":70},"before":2,"after":4}"#),
        (
            ClientMsg::More { req: 1, generation: GENERATION, offset: AT, len: 9 },
            r#"{"t":"more","req":1,"generation":3,"offset":70,"len":9}"#,
        ),
        (
            ClientMsg::Live { req: 1, from: Some((GENERATION, AT)), rows: 5 },
            r#"{"t":"live","req":1,"from":[3,70],"rows":5}"#,
        ),
        (ClientMsg::Live { req: 1, from: None, rows: 5 }, r#"{"t":"live","req":1,"from":null,"rows":5}"#),
        (ClientMsg::Hold { from: (GENERATION, AT) }, r#"{"t":"hold","from":[3,70]}"#),
        (ClientMsg::Grant { bytes: 8 }, r#"{"t":"grant","bytes":8}"#),
        (ClientMsg::Pong, r#"{"t":"pong"}"#),
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
            r#"{"t":"opened","version":1,"generation":3,"identity":{"inode":11,"born_ns":12,"head_len":13,"head_hash":18446744073709551615},"resume":null,"heartbeat_secs":20,"tip":{"generation":3,"len":99,"complete":90,"lines":{"count":7,"exact":true},"new_lines":2,"state":"read-error"}}"#,
        ),
        (
            opened(Some(Resume::Resumed { generation: GENERATION })),
            r#"{"t":"opened","version":1,"generation":3,"identity":{"inode":11,"born_ns":12,"head_len":13,"head_hash":18446744073709551615},"resume":{"kind":"resumed","generation":3},"heartbeat_secs":20,"tip":{"generation":3,"len":99,"complete":90,"lines":{"count":7,"exact":true},"new_lines":2,"state":"read-error"}}"#,
        ),
        (
            ServerMsg::Tip(TIP),
            r#"{"t":"tip","generation":3,"len":99,"complete":90,"lines":{"count":7,"exact":true},"new_lines":2,"state":"read-error"}"#,
        ),
        (
            event(FileEvent::Rotated, Some((GENERATION.next(), IDENTITY))),
            r#"{"t":"event","generation":3,"at":70,"unix_secs":8,"event":{"kind":"rotated"},"next":[4,{"inode":11,"born_ns":12,"head_len":13,"head_hash":18446744073709551615}]}"#,
        ),
        (
            event(FileEvent::Truncated { was: ByteLen::new(6) }, None),
            r#"{"t":"event","generation":3,"at":70,"unix_secs":8,"event":{"kind":"truncated","was":6},"next":null}"#,
        ),
        (
            ServerMsg::Current { generation: GENERATION, identity: IDENTITY },
            r#"{"t":"current","generation":3,"identity":{"inode":11,"born_ns":12,"head_len":13,"head_hash":18446744073709551615}}"#,
        ),
        (ServerMsg::Behind { bytes: ByteLen::new(6) }, r#"{"t":"behind","bytes":6}"#),
        (ServerMsg::Ping, r#"{"t":"ping"}"#),
        (
            ServerMsg::Failed { req: 4, error: Failure::NotAFile, detail: "it is a folder".to_owned() },
            r#"{"t":"failed","req":4,"error":"not-a-file","detail":"it is a folder"}"#,
        ),
        (ServerMsg::Bye { retry_ms: 900 }, r#"{"t":"bye","retry_ms":900}"#),
    ]);
    check([
        (Resume::Truncated, r#"{"kind":"truncated"}"#),
        (Resume::Gap { bytes: None }, r#"{"kind":"gap","bytes":null}"#),
        (Resume::Gap { bytes: Some(ByteLen::new(6)) }, r#"{"kind":"gap","bytes":6}"#),
    ]);
    check([
        (FileEvent::Gap { bytes: ByteLen::new(6) }, r#"{"kind":"gap","bytes":6}"#),
        (FileEvent::Deleted, r#"{"kind":"deleted"}"#),
        (FileEvent::Appeared, r#"{"kind":"appeared"}"#),
    ]);
    check([
        (FileState::Live, r#""live""#),
        (FileState::Waiting, r#""waiting""#),
        (FileState::Deleted, r#""deleted""#),
        (FileState::Denied, r#""denied""#),
        (FileState::Ended, r#""ended""#),
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

proptest! {
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
            prop_assert_eq!(frame.rows().last().map_or(frame.offset, |row| row.end), frame.end);
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,60}") {
        let _ = (serde_json::from_str::<ClientMsg>(&text), serde_json::from_str::<ServerMsg>(&text));
    }
}
