//! Compressed files from outside: everything that works on a log works on them.

use std::cell::Cell;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Output};

use taillight::cursor::{Anchor, Cursor, Marker};
use taillight::wire::{ClientMsg, FileState, Resume, ServerMsg, Unpacking};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::socket::{filter_of, open};
use crate::support::TestServer;

fn lines(numbers: std::ops::Range<u64>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 1).expect("memory")
}

fn xz(text: &str) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

fn bzip2(text: &str) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// Head and body of a GET.
async fn get(server: &TestServer, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(server.addr).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", server.addr);
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let body = answer.split_off(head);
    (String::from_utf8(answer).expect("a text"), body)
}

async fn get_text(server: &TestServer, path: &str) -> String {
    let (head, body) = get(server, path).await;
    assert!(head.starts_with("HTTP/1.0 200"), "{path}: {head}");
    String::from_utf8(body).expect("a text")
}

#[tokio::test]
async fn a_compressed_file_is_read_everywhere_as_what_it_stands_for() {
    let text = lines(0..50_000);
    let server = TestServer::start(&[]).await;
    for (name, bytes) in [
        ("app.log.1.gz", gzip(&text)),
        ("app.log.2.zst", zstd(&text)),
        ("app.log.3.xz", xz(&text)),
        ("app.log.4.bz2", bzip2(&text)),
        ("odd name", gzip(&text)),
    ] {
        let url = name.replace(' ', "%20");
        fs::write(server.path(name), &bytes).expect("a file");
        let page = get_text(&server, &format!("/v/logs/{url}")).await;
        assert!(page.contains("line 49999"), "{name}");
        let page = get_text(&server, &format!("/v/logs/{url}?at=line%3A20000")).await;
        assert!(page.contains("line 19999<"), "{name}");
        let rows = get_text(&server, &format!("/api/v1/lines/logs/{url}?at=end&before=1&after=0")).await;
        assert!(rows.contains(r#""text":"line 49999""#) && rows.contains(r#""done":true,"complete":true"#), "{rows}");
        let count = get_text(&server, &format!("/api/v1/count/logs/{url}?q=4999")).await;
        assert_eq!(count, r#"{"matched":15,"lines":50000,"complete":true}"#, "{name}");
        let matching = get_text(&server, &format!("/raw/logs/{url}?q=49998")).await;
        assert_eq!(matching, "line 49998\n", "{name}");
        let (head, stored) = get(&server, &format!("/raw/logs/{url}")).await;
        assert!(head.starts_with("HTTP/1.0 200") && stored == bytes, "{name}: the stored bytes");
        let mut viewer = server.viewer().await;
        let (opened, page) = viewer.open(&format!("logs/{url}"), true).await;
        let ServerMsg::Opened { tip, .. } = opened else { unreachable!() };
        assert_eq!((tip.state, tip.len.get()), (FileState::Packed(Unpacking::Whole), text.len() as u64), "{name}");
        assert_eq!(page.rows().last().map(|row| row.bytes.to_vec()), Some(b"line 49999".to_vec()), "{name}");
        let mut seed = server.seed(&url, "format=text&lines=2").await.expect("accepted");
        assert_eq!(seed.texts_until("line 49999\n").await, "line 49998\nline 49999\n", "{name}");
    }
    let listing = get_text(&server, "/api/v1/files?path=logs").await;
    for packed in ["gzip", "zstd", "xz", "bzip2"] {
        assert!(listing.contains(&format!(r#""packed":"{packed}""#)), "{listing}");
    }
}

#[tokio::test]
async fn what_is_appended_to_a_compressed_file_comes_live() {
    let server = TestServer::start(&[]).await;
    fs::write(server.path("app.gz"), gzip(&lines(0..1000))).expect("a file");
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.gz", true).await;
    let mut file = fs::OpenOptions::new().append(true).open(server.path("app.gz")).expect("a file");
    file.write_all(&gzip(&lines(1000..1010))).expect("written");
    viewer.live_until("line 1009\n").await;
    assert_eq!(viewer.live, lines(1000..1010).as_bytes());
}

#[tokio::test]
async fn what_is_wrong_with_a_compressed_file_is_its_state() {
    let server = TestServer::start(&[]).await;
    let whole = gzip(&lines(0..1000));
    let mut damaged = whole.clone();
    let at = damaged.len() - 6;
    damaged[at] ^= 1;
    for (name, bytes, expected) in [
        ("short.gz", &whole[..whole.len() - 2], Unpacking::Incomplete),
        ("damaged.gz", &damaged[..], Unpacking::Damaged),
    ] {
        fs::write(server.path(name), bytes).expect("a file");
        let mut viewer = server.viewer().await;
        let (opened, page) = viewer.open(&format!("logs/{name}"), true).await;
        let ServerMsg::Opened { tip, .. } = opened else { unreachable!() };
        assert_eq!(tip.state, FileState::Packed(expected), "{name}");
        assert_eq!(page.rows().last().map(|row| row.bytes.to_vec()), Some(b"line 999".to_vec()), "{name}");
    }
}

/// So many that a fast machine is seen at decoding them more than once: with 30 it had sometimes done the rest before it told
/// more.
const PARTS: usize = 150;

/// The end is not known yet: nothing is live, and who follows is taken to the end when it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_takes_a_while_can_be_read_meanwhile() {
    let server = TestServer::start(&[]).await;
    let part = bzip2(&lines(0..100_000));
    fs::write(server.path("long.bz2"), part.repeat(PARTS)).expect("a file");
    let mut viewer = server.viewer().await;
    viewer.say(&open("logs/long.bz2", Anchor::Start, true, None)).await;
    let opened = viewer.message(|msg| matches!(msg, ServerMsg::Opened { .. })).await;
    let ServerMsg::Opened { tip, .. } = opened else { unreachable!() };
    assert!(tip.state.is_being_decoded(), "{:?}: the test means to see it under way", tip.state);
    let generation = tip.generation;
    viewer.say(&ClientMsg::Page { req: 7, generation, at: Anchor::Start, before: 0, after: 2 }).await;
    let page = viewer.frame(|frame| frame.req == 7).await;
    assert_eq!(page.payload, b"line 0\nline 1\n"[..]);
    let moves = |before: u64| move |msg: &ServerMsg| matches!(msg, ServerMsg::Tip(tip) if tip.len.get() > before && tip.state.is_being_decoded());
    viewer.message(moves(tip.len.get())).await;
    assert!(viewer.live.is_empty(), "nothing is live before the end is known");
    let (head, _) = get(&server, "/api/v1/count/logs/long.bz2?wait=0").await;
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    let rows = get_text(&server, "/api/v1/lines/logs/long.bz2?after=2").await;
    assert!(rows.starts_with(r#"{"line":1,"#), "{rows}");
    viewer.say(&ClientMsg::Hold { from: (generation, page.end) }).await;
    let is_whole =
        |msg: &ServerMsg| matches!(msg, ServerMsg::Tip(tip) if tip.state == FileState::Packed(Unpacking::Whole));
    viewer.message(is_whole).await;
    assert_eq!(viewer.tip.map(|tip| tip.len.get()), Some(lines(0..100_000).len() as u64 * PARTS as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_a_file_that_is_being_decoded_waits_until_it_is_known_how_much_there_is_to_search() {
    let part = bzip2(&lines(0..100_000));
    for (link_bytes, is_begun) in [(8 << 20, false), (1 << 30, true)] {
        let server = TestServer::changed(&[], |config| config.limits.link_search_bytes = link_bytes).await;
        fs::write(server.path("long.bz2"), part.repeat(PARTS)).expect("a file");
        let mut viewer = server.viewer().await;
        let mut message = open("logs/long.bz2", Anchor::Start, false, None);
        if let ClientMsg::Open { filter, .. } = &mut message {
            *filter = filter_of(("99999", 0));
        }
        viewer.say(&message).await;
        let n_decoding = Cell::new(0);
        let is_whole = |msg: &ServerMsg| {
            let (ServerMsg::Opened { tip, .. } | ServerMsg::Tip(tip)) = msg else { return false };
            if tip.state.is_being_decoded() {
                n_decoding.set(n_decoding.get() + 1);
                assert!(tip.shown.is_some_and(|shown| shown.scanned.get() == 0), "{tip:?}");
            }
            tip.state == FileState::Packed(Unpacking::Whole)
                && tip.shown.is_some_and(|shown| if is_begun { shown.exact } else { shown.stopped })
        };
        let (ServerMsg::Opened { tip, .. } | ServerMsg::Tip(tip)) = viewer.message(is_whole).await else {
            unreachable!()
        };
        assert!(n_decoding.get() > 0, "the test means to see it under way");
        let count = tip.shown.map(|shown| shown.count.get());
        assert_eq!(count, Some(if is_begun { PARTS as u64 } else { 0 }));
    }
}

fn query(server: &TestServer, args: &[&str]) -> Output {
    let folder = server.path("");
    Command::new(env!("CARGO_BIN_EXE_taillight")).arg("query").args(args).current_dir(folder).output().expect("it runs")
}

#[tokio::test]
async fn the_command_reads_compressed_files_too() {
    let server = TestServer::start(&[]).await;
    let text = lines(0..50_000);
    let mut cut = gzip(&text);
    cut.truncate(cut.len() - 4);
    for (name, bytes) in [("a.gz", gzip(&text)), ("a.zst", zstd(&text)), ("a.xz", xz(&text)), ("a.bz2", bzip2(&text))] {
        fs::write(server.path(name), bytes).expect("a file");
        let found = query(&server, &["--count", "4999", name]);
        assert_eq!((found.stdout.as_slice(), found.status.code()), (&b"15\n"[..], Some(0)), "{name}");
        let found = query(&server, &["--format", "json", "49998", name]);
        let found = String::from_utf8(found.stdout).expect("a text");
        assert!(found.contains(r#""line":49999,"offset":538868,"#) && found.contains("line 49998"), "{found}");
    }
    fs::write(server.path("cut.gz"), cut).expect("a file");
    let found = query(&server, &["49999", "cut.gz"]);
    assert_eq!((found.stdout.as_slice(), found.status.code()), (&b"line 49999\n"[..], Some(2)));
    assert!(String::from_utf8_lossy(&found.stderr).contains("incomplete"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_far_in_a_compressed_file_is_found_again_by_a_server_that_decodes_it_anew() {
    let server = TestServer::start(&[]).await;
    let part = lines(0..100_000);
    fs::write(server.path("long.bz2"), bzip2(&part).repeat(10)).expect("a file");
    let mut viewer = server.viewer().await;
    let (_, page) = viewer.open("logs/long.bz2", false).await;
    viewer.message(|msg| matches!(msg, ServerMsg::Tip(tip) if tip.state == FileState::Packed(Unpacking::Whole))).await;
    viewer.vanish();
    let mut viewer = server.viewer().await;
    let (opened, end) = viewer.open("logs/long.bz2", false).await;
    let ServerMsg::Opened { identity, .. } = opened else { unreachable!() };
    assert_eq!(end.end.get(), part.len() as u64 * 10);
    let marker = Marker::of(&part.as_bytes()[part.len() - 64..]);
    let cursor = Cursor { identity, offset: end.end, marker };
    // Another server knows nothing of it.
    let other = TestServer::start(&[]).await;
    fs::rename(server.path("long.bz2"), other.path("long.bz2")).expect("the same file");
    let mut viewer = other.viewer().await;
    viewer.say(&open("logs/long.bz2", Anchor::End, false, Some(cursor))).await;
    let answer = viewer.message(|msg| matches!(msg, ServerMsg::Opened { .. })).await;
    let ServerMsg::Opened { resume, .. } = answer else { unreachable!() };
    assert_eq!(resume, Some(Resume::Resumed { generation: page.generation }));
}
