//! The viewer's protocol against a real server: pages, live frames, hold, credit, resume, rotation, the end.

use crate::socket::{Said, open};
use crate::support::TestServer;
use taillight::cursor::{Anchor, Cursor, Marker};
use taillight::line::{ByteOffset, LineCount};
use taillight::wire::{
    CLOSE_GOING_AWAY, CLOSE_NO_PONG, CLOSE_PROTOCOL, CLOSE_VERSION, CREDIT_BYTES, ClientMsg, Failure, FileEvent, Frame,
    FrameKind, MAX_LINE_BYTES, MAX_LIVE_BYTES, Resume, ServerMsg, VERSION,
};

fn lines(numbers: std::ops::Range<u64>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}

fn rows(frame: &Frame) -> Vec<String> {
    frame.rows().map(|row| String::from_utf8_lossy(row.bytes).into_owned()).collect()
}

#[tokio::test]
async fn the_end_is_shown_and_what_is_appended_follows() {
    let server = TestServer::start(&[("app.log", &lines(0..1000))]).await;
    let mut viewer = server.viewer().await;
    let (_, page) = viewer.open("logs/app.log", true).await;
    assert_eq!(page.rows().count(), 100);
    assert_eq!(rows(&page).last().map(String::as_str), Some("line 999"));
    assert!(page.flags.at_end);
    server.append("app.log", &lines(1000..1010));
    viewer.live_until("line 1009\n").await;
    assert_eq!(viewer.live, lines(1000..1010).as_bytes());
}

#[tokio::test]
async fn a_held_viewer_counts_exactly_and_goes_on_where_it_stood() {
    let server = TestServer::start(&[("app.log", "first\n")]).await;
    let mut viewer = server.viewer().await;
    let (_, page) = viewer.open("logs/app.log", true).await;
    let from = (page.generation, page.end);
    viewer.say(&ClientMsg::Hold { from }).await;
    // The first count is told even when nothing has changed: it shows that the server holds now.
    viewer.message(|msg| matches!(msg, ServerMsg::Tip(_))).await;
    server.append("app.log", &lines(0..1204));
    viewer.message(|msg| matches!(msg, ServerMsg::Tip(tip) if tip.new_lines == LineCount::new(1204))).await;
    assert!(viewer.live.is_empty(), "nothing is sent to a held viewer");
    viewer.say(&ClientMsg::Live { req: 7, from: Some(from), rows: 0 }).await;
    viewer.live_until("line 1203\n").await;
    assert_eq!(viewer.live, lines(0..1204).as_bytes());
}

#[tokio::test]
async fn going_live_without_a_place_begins_with_a_page_at_the_end() {
    let server = TestServer::start(&[("app.log", &lines(0..50))]).await;
    let mut viewer = server.viewer().await;
    let (_, page) = viewer.open("logs/app.log", false).await;
    server.append("app.log", &lines(50..60));
    viewer.message(|msg| matches!(msg, ServerMsg::Tip(tip) if tip.complete > page.end)).await;
    viewer.say(&ClientMsg::Live { req: 3, from: None, rows: 5 }).await;
    let page = viewer.frame(|frame| frame.req == 3).await;
    assert_eq!(rows(&page), ["line 55", "line 56", "line 57", "line 58", "line 59"]);
    viewer.place = Some((page.generation, page.end));
    server.append("app.log", "more\n");
    viewer.live_until("more\n").await;
    assert_eq!(viewer.live, b"more\n");
}

#[tokio::test]
async fn a_lost_connection_goes_on_at_the_exact_byte() {
    let server = TestServer::start(&[("app.log", &lines(0..10))]).await;
    let mut viewer = server.viewer().await;
    let (opened, page) = viewer.open("logs/app.log", true).await;
    let ServerMsg::Opened { identity, .. } = opened else { unreachable!() };
    server.append("app.log", &lines(10..20));
    viewer.live_until("line 19\n").await;
    let (generation, offset) = viewer.place.expect("a place");
    viewer.vanish();
    server.append("app.log", &lines(20..30));

    let whole = lines(0..20);
    let marker = Marker::of(&whole.as_bytes()[whole.len() - 64..]);
    let cursor = Cursor { identity, offset, marker };
    let mut viewer = server.viewer().await;
    viewer.say(&open("logs/app.log", Anchor::End, true, Some(cursor))).await;
    let answer = viewer.message(|msg| matches!(msg, ServerMsg::Opened { .. })).await;
    let ServerMsg::Opened { resume, .. } = answer else { unreachable!() };
    assert_eq!(resume, Some(Resume::Resumed { generation }));
    assert_eq!(generation, page.generation);
    viewer.place = Some((generation, offset));
    viewer.live_until("line 29\n").await;
    assert_eq!(viewer.live, lines(20..30).as_bytes());
}

#[tokio::test]
async fn rotation_is_told_between_the_last_old_line_and_the_first_new_one() {
    let server = TestServer::start(&[("app.log", "old 1\n")]).await;
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.log", true).await;
    server.append("app.log", "old 2\n");
    server.rename("app.log", "app.log.1");
    server.append("app.log", "new 1\n");
    viewer.live_until("new 1\n").await;
    assert_eq!(viewer.live, b"old 2\nnew 1\n");
    assert!(matches!(viewer.events[..], [ServerMsg::Event { event: FileEvent::Rotated, .. }]), "{:?}", viewer.events);
}

#[tokio::test]
async fn who_is_held_hears_at_once_what_happened_and_sees_where_when_live_again() {
    let server = TestServer::start(&[("app.log", "old\n")]).await;
    let mut viewer = server.viewer().await;
    let (_, page) = viewer.open("logs/app.log", true).await;
    let from = (page.generation, page.end);
    viewer.say(&ClientMsg::Hold { from }).await;
    viewer.message(|msg| matches!(msg, ServerMsg::Tip(_))).await;
    server.rename("app.log", "app.log.1");
    server.append("app.log", "new\n");
    viewer.message(|msg| matches!(msg, ServerMsg::Happened { event: FileEvent::Rotated, .. })).await;
    server.write("app.log", "");
    viewer.message(|msg| matches!(msg, ServerMsg::Happened { event: FileEvent::Truncated { .. }, .. })).await;
    assert!(viewer.events.is_empty() && viewer.live.is_empty(), "{:?}", viewer.events);
    viewer.say(&ClientMsg::Live { req: 7, from: Some(from), rows: 0 }).await;
    server.append("app.log", "after\n");
    viewer.live_until("after\n").await;
    // The line that was cut before anybody read it.
    let [ServerMsg::Event { event: FileEvent::Gap { bytes }, .. }] = viewer.events[..] else {
        panic!("{:?}", viewer.events)
    };
    assert_eq!(bytes.get(), 4);
}

#[tokio::test]
async fn truncation_is_told_and_reading_starts_again() {
    let server = TestServer::start(&[("app.log", &lines(0..100))]).await;
    let mut viewer = server.viewer().await;
    let (_, page) = viewer.open("logs/app.log", true).await;
    server.write("app.log", "again\n");
    viewer.live_until("again\n").await;
    assert_eq!(viewer.live, b"again\n");
    let [ServerMsg::Event { event: FileEvent::Truncated { was }, .. }] = viewer.events[..] else {
        panic!("{:?}", viewer.events)
    };
    assert_eq!(was.get(), page.end.get());
}

#[tokio::test]
async fn live_bytes_stop_at_the_credit_and_go_on_when_it_returns() {
    let server = TestServer::start(&[("app.log", "")]).await;
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.log", true).await;
    let text = lines(0..100_000);
    server.append("app.log", &text);
    let limit = CREDIT_BYTES as usize + MAX_LIVE_BYTES;
    while viewer.live.len() < CREDIT_BYTES as usize {
        viewer.next().await;
    }
    // A page is outside credit. When it comes, every live frame that left before it has come too.
    let generation = viewer.place.expect("a place").0;
    let page = ClientMsg::Page { req: 9, generation, at: Anchor::Start, before: 0, after: 1 };
    viewer.say(&page).await;
    viewer.frame(|frame| frame.req == 9).await;
    assert!(viewer.live.len() <= limit, "{} bytes on a credit of {CREDIT_BYTES}", viewer.live.len());
    let bytes = u32::try_from(viewer.live.len()).expect("bounded");
    viewer.say(&ClientMsg::Grant { bytes }).await;
    viewer.live_until("line 99999\n").await;
    assert_eq!(viewer.live, text.as_bytes());
}

#[tokio::test]
async fn an_unfinished_line_is_shown_as_it_stands_and_comes_again_whole() {
    let server = TestServer::start(&[("app.log", "")]).await;
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.log", true).await;
    server.append("app.log", "half");
    let half = viewer.frame(|frame| frame.kind == FrameKind::Live).await;
    assert!(half.flags.unfinished);
    assert_eq!(&half.payload[..], b"half");
    server.append("app.log", " a line\n");
    viewer.live_until("half a line\n").await;
    assert_eq!(viewer.live, b"half a line\n");
}

#[tokio::test]
async fn a_long_line_is_cut_and_its_rest_comes_on_demand() {
    let long = "x".repeat(300_000);
    let server = TestServer::start(&[("app.log", "")]).await;
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.log", true).await;
    server.append("app.log", &format!("{long}\nshort\n"));
    let frame = viewer.frame(|frame| frame.kind == FrameKind::Live).await;
    let row = frame.rows().next().expect("a row");
    let head = row.bytes.len();
    assert!((MAX_LINE_BYTES - 1..=MAX_LINE_BYTES).contains(&head), "{head} bytes unasked");
    assert_eq!(row.missing.get(), (300_000 - head) as u64);
    let offset = ByteOffset::new(head as u64);
    viewer.say(&ClientMsg::More { req: 5, generation: frame.generation, offset, len: 1 << 20 }).await;
    let more = viewer.frame(|frame| frame.req == 5).await;
    assert_eq!(more.kind, FrameKind::More);
    assert_eq!(more.payload.len(), 300_000 - head);
}

#[tokio::test]
async fn the_first_message_must_be_open_and_of_this_version() {
    let server = TestServer::start(&[("app.log", "x\n")]).await;
    let other_version = serde_json::to_string(&open("logs/app.log", Anchor::End, true, None))
        .expect("json")
        .replace(&format!("\"version\":{VERSION}"), "\"version\":0");
    let cases = [
        ("\"pong\"", CLOSE_PROTOCOL),
        ("nonsense", CLOSE_PROTOCOL),
        ("{}", CLOSE_PROTOCOL),
        (other_version.as_str(), CLOSE_VERSION),
    ];
    for (text, code) in cases {
        let mut viewer = server.viewer().await;
        viewer.send_text(text).await;
        assert_eq!(viewer.closed().await, code, "{text}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_refused_with_a_reason() {
    let server = TestServer::start(&[("app.log", "x\n")]).await;
    for (path, expected) in
        [("logs/missing.log", Failure::NotFound), ("elsewhere/app.log", Failure::NotFound), ("logs", Failure::NotAFile)]
    {
        let mut viewer = server.viewer().await;
        viewer.say(&open(path, Anchor::End, true, None)).await;
        let failed = viewer.message(|msg| matches!(msg, ServerMsg::Failed { .. })).await;
        let ServerMsg::Failed { req: 0, error, detail } = failed else { panic!("{failed:?}") };
        assert_eq!(error, expected, "{path}");
        assert!(!detail.is_empty());
    }
}

#[tokio::test]
async fn a_silent_client_is_closed_and_an_answering_one_stays() {
    let server = TestServer::with_heartbeat(1, &[("app.log", "x\n")]).await;
    let mut silent = server.viewer().await;
    let mut answering = server.viewer().await;
    silent.answers_pings = false;
    silent.open("logs/app.log", true).await;
    answering.open("logs/app.log", true).await;
    let closing = async {
        assert_eq!(silent.closed().await, CLOSE_NO_PONG);
        server.append("app.log", "still here\n");
    };
    tokio::join!(closing, answering.live_until("still here\n"));
}

#[tokio::test]
async fn a_flood_of_bytes_from_a_client_ends_its_connection_only() {
    let server = TestServer::start(&[("app.log", "x\n")]).await;
    let mut viewer = server.viewer().await;
    let mut hostile = server.viewer().await;
    viewer.open("logs/app.log", true).await;
    hostile.send_text(&"x".repeat(100_000)).await;
    hostile.closed().await;
    server.append("app.log", "fine\n");
    viewer.live_until("fine\n").await;
}

#[tokio::test]
async fn the_end_of_the_server_is_told_with_a_time_to_come_back() {
    let server = TestServer::start(&[("app.log", "x\n")]).await;
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.log", true).await;
    server.stop();
    viewer.message(|msg| matches!(msg, ServerMsg::Bye { .. })).await;
    assert_eq!(viewer.closed().await, CLOSE_GOING_AWAY);
    server.stopped().await;
}

#[tokio::test]
async fn deletion_and_late_appearance_are_told() {
    let server = TestServer::start(&[("app.log", "one\n")]).await;
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.log", true).await;
    server.remove("app.log");
    viewer.message(|msg| matches!(msg, ServerMsg::Event { event: FileEvent::Deleted, .. })).await;
    server.write("app.log", "two\n");
    viewer.live_until("two\n").await;
    assert_eq!(viewer.live, b"two\n");
    let last = viewer.events.last();
    assert!(matches!(last, Some(ServerMsg::Event { event: FileEvent::Appeared | FileEvent::Rotated, .. })), "{last:?}");
}

#[tokio::test]
async fn pages_by_every_anchor() {
    let server = TestServer::start(&[("app.log", &lines(0..1000))]).await;
    let mut viewer = server.viewer().await;
    let (_, page) = viewer.open("logs/app.log", true).await;
    let generation = page.generation;
    let line = |number| Anchor::Line(taillight::line::LineNo::new(number).expect("from 1"));
    for (req, at, before, after, first, n_rows) in [
        (1, Anchor::Start, 0, 3, "line 0", 3),
        (2, Anchor::Start, 5, 3, "line 0", 3),
        (3, line(501), 0, 2, "line 500", 2),
        (4, line(501), 2, 2, "line 498", 4),
        (5, Anchor::Byte(ByteOffset::new(9)), 0, 1, "line 1", 1),
        (6, Anchor::End, 2, 0, "line 998", 2),
        (7, Anchor::Byte(ByteOffset::new(u64::MAX)), 2, 5, "line 998", 2),
    ] {
        viewer.say(&ClientMsg::Page { req, generation, at, before, after }).await;
        let Said::Frame(frame) = viewer.next().await else { panic!("no page for {at:?}") };
        let rows = rows(&frame);
        assert_eq!((frame.req, rows.len(), rows[0].as_str()), (req, n_rows, first), "{at:?}");
    }
    let gone = taillight::cursor::Generation::new(99);
    viewer.say(&ClientMsg::Page { req: 8, generation: gone, at: Anchor::Start, before: 0, after: 1 }).await;
    let failed = viewer.message(|msg| matches!(msg, ServerMsg::Failed { .. })).await;
    assert!(matches!(failed, ServerMsg::Failed { req: 8, error: Failure::Gone, .. }));
}
