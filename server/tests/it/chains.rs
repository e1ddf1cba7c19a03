//! Coming back to a real server after rotations: the answer on the wire, the stream after it, and links to old files.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use taillight::cursor::{Anchor, Cursor, Generation, Identity, Marker};
use taillight::line::ByteLen;
use taillight::wire::{ClientMsg, Failure, FileEvent, Resume, ServerMsg};

use crate::socket::{ClientSocket, open};
use crate::support::TestServer;

/// A viewer that has read all of `text` and is gone.
async fn left(server: &TestServer, text: &str) -> Cursor {
    let mut viewer = server.viewer().await;
    let (opened, page) = viewer.open("logs/app.log", true).await;
    let ServerMsg::Opened { identity, .. } = opened else { unreachable!() };
    assert_eq!(page.end.get() as usize, text.len());
    viewer.vanish();
    Cursor { identity, offset: page.end, marker: Marker::of(text.as_bytes()) }
}

/// The viewer again, and what it is told.
async fn back(server: &TestServer, cursor: Cursor) -> (ClientSocket, Generation, Resume) {
    let mut viewer = server.viewer().await;
    viewer.say(&open("logs/app.log", Anchor::End, true, Some(cursor))).await;
    let answer = viewer.message(|msg| matches!(msg, ServerMsg::Opened { .. })).await;
    let ServerMsg::Opened { generation, resume: Some(resume), .. } = answer else { panic!("{answer:?}") };
    (viewer, generation, resume)
}

/// Rotates as logrotate does.
fn rotate(server: &TestServer, numbers: std::ops::Range<u32>, new: &str) {
    for number in numbers.rev() {
        server.rename(&format!("app.log.{number}"), &format!("app.log.{}", number + 1));
    }
    server.rename("app.log", "app.log.1");
    server.append("app.log", new);
}

#[tokio::test]
async fn a_viewer_that_was_away_for_several_rotations_gets_each_file_in_order() {
    let first = "one\ntwo\n";
    let old = TestServer::start(&[("app.log", first)]).await;
    let cursor = left(&old, first).await;
    old.append("app.log", "two and a half\n");
    rotate(&old, 1..1, "three\n");
    rotate(&old, 1..2, "four\n");
    rotate(&old, 1..3, "five\n");
    // Another process: it has never seen the old files.
    let server = old.again().await;
    let (mut viewer, current, resume) = back(&server, cursor).await;
    let Resume::Rotated { generation } = resume else { panic!("{resume:?}") };
    assert_eq!(generation.get(), current.get() - 3);
    let told = viewer.message(|msg| matches!(msg, ServerMsg::Current { .. })).await;
    let ServerMsg::Current { generation: of, identity } = told else { unreachable!() };
    assert_eq!((of, identity.inode, identity.born_ns), (generation, cursor.identity.inode, cursor.identity.born_ns));
    viewer.place = Some((generation, cursor.offset));
    viewer.live_until("five\n").await;
    assert_eq!(viewer.live, b"two and a half\nthree\nfour\nfive\n");
    let are_rotations = viewer
        .events
        .iter()
        .all(|event| matches!(event, ServerMsg::Event { event: FileEvent::Rotated, next: Some(_), .. }));
    assert!(are_rotations && viewer.events.len() == 3, "{:?}", viewer.events);

    // Pages are read in the old files as anywhere.
    viewer.say(&ClientMsg::Page { req: 5, generation, at: Anchor::Start, before: 0, after: 9 }).await;
    let page = viewer.frame(|frame| frame.req == 5).await;
    assert_eq!(&page.payload[..], b"one\ntwo\ntwo and a half\n");
    server.append("app.log", "live\n");
    viewer.live_until("live\n").await;
}

#[tokio::test]
async fn each_answer_is_told_and_refusals_keep_the_door_closed() {
    let text = "one\ntwo\n";
    let server = TestServer::start(&[("app.log", text)]).await;
    let cursor = left(&server, text).await;
    let (_, current, resume) = back(&server, cursor).await;
    assert_eq!(resume, Resume::Resumed { generation: current });

    let stranger = Cursor { identity: Identity { born_ns: u64::MAX, head_len: 9, ..cursor.identity }, ..cursor };
    let (_, current, resume) = back(&server, stranger).await;
    assert_eq!(resume, Resume::Gap { generation: current, bytes: None });

    server.write("app.log", "x\n");
    let (mut viewer, _, resume) = back(&server, cursor).await;
    match resume {
        // It was looked at before: how much was there is known.
        Resume::Truncated { lost, .. } => assert!(lost.is_none_or(|lost| lost == ByteLen::ZERO)),
        // The cut is noticed a moment later, and told then.
        other => panic!("{other:?}"),
    }
    viewer.live_until("x\n").await;

    server.remove("app.log");
    let mut viewer = server.viewer().await;
    viewer.say(&open("logs/app.log", Anchor::End, true, Some(cursor))).await;
    let failed = viewer.message(|msg| matches!(msg, ServerMsg::Failed { .. })).await;
    assert!(matches!(failed, ServerMsg::Failed { req: 0, error: Failure::NotFound, .. }), "{failed:?}");
}

/// The status line and the location of an answer.
fn get(server: &TestServer, path: &str) -> (String, Option<String>, String) {
    let mut stream = TcpStream::connect(server.addr).expect("a connection");
    let host = server.addr;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.lines().next().unwrap_or_default().to_owned();
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).map(str::to_owned);
    (status, location, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_file_that_was_rotated_opens_it_under_its_name_now() {
    let text = "one\ntwo\n";
    let server = TestServer::start(&[("app.log", text)]).await;
    let fid = left(&server, text).await.identity;
    let link = format!("/v/logs/app.log?at=byte:4&fid={fid}&v=1");
    let ask = |path: String| {
        let server = &server;
        tokio::task::block_in_place(move || get(server, &path))
    };
    let (status, location, body) = ask(link.clone());
    assert_eq!((status.as_str(), location), ("HTTP/1.1 200 OK", None));
    assert!(body.contains(">two<"));
    rotate(&server, 1..1, "three\n");
    rotate(&server, 1..2, "four\n");
    let (status, location, _) = ask(link.clone());
    assert_eq!(status, "HTTP/1.1 303 See Other");
    let location = location.expect("a location");
    assert_eq!(location, format!("/v/logs/app.log.2?at=byte:4&fid={fid}&v=1"));
    let (status, _, body) = ask(location);
    assert!(status.contains("200") && body.contains(">two<"), "{status}");
    // Gone: what has the name is shown.
    server.remove("app.log.2");
    let later = server.again().await;
    let (status, location, body) = tokio::task::block_in_place(|| get(&later, &link));
    assert_eq!((status.as_str(), location), ("HTTP/1.1 200 OK", None));
    assert!(body.contains(">four<"));
}
