//! The seed's stream against a real server.

use std::time::Instant;

use crate::support::TestServer;
use taillight::wire::{CLOSE_GOING_AWAY, CLOSE_NO_PONG};

fn lines(numbers: std::ops::Range<u64>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}

#[tokio::test]
async fn the_last_thousand_lines_come_first_and_then_what_is_appended() {
    let server = TestServer::start(&[("app.log", &lines(0..3000))]).await;
    let mut seed = server.seed("app.log", "tail=1").await.expect("accepted");
    assert_eq!(seed.texts_until("line 2999\n").await, lines(2000..3000));
    server.append("app.log", "\x1b[31mred\x1b[0m <b>\nhalf");
    assert_eq!(seed.texts_until("\n").await, "<span style='color:var(--red,#a00)'>red</span> &lt;b&gt;\n");
    server.append("app.log", " and whole\n");
    assert_eq!(seed.texts_until("\n").await, "half and whole\n");
}

#[tokio::test]
async fn without_tail_the_lines_come_and_the_stream_ends() {
    let server = TestServer::start(&[("app.log", "a\r\nb\n\x1b[1mc\x1b[0m & d")]).await;
    for (query, expected) in [
        ("format=text", "a\nb\nc & d\n"),
        ("tail=0&format=html", "a\nb\n<b>c</b> &amp; d\n"),
        ("format=text&lines=2", "b\nc & d\n"),
        ("format=text&lines=1", "c & d\n"),
        ("format=text&lines=0", ""),
    ] {
        let mut seed = server.seed("app.log", query).await.expect("accepted");
        assert_eq!(seed.texts_until(expected).await, expected, "{query}");
        assert_eq!(seed.closed().await, 1000, "{query}");
    }
}

#[tokio::test]
async fn a_long_line_comes_whole_in_one_message() {
    let long = "y".repeat(300_000);
    let server = TestServer::start(&[("app.log", &format!("a\n{long}\nb\n"))]).await;
    let mut seed = server.seed("app.log", "format=text").await.expect("accepted");
    assert_eq!(seed.texts_until("\nb\n").await, format!("a\n{long}\nb\n"));
}

#[tokio::test]
async fn rotation_and_truncation_are_followed() {
    let server = TestServer::start(&[("app.log", "one\n")]).await;
    let mut seed = server.seed("app.log", "tail=1&format=text").await.expect("accepted");
    seed.texts_until("one\n").await;
    server.rename("app.log", "app.log.1");
    server.append("app.log", "two\n");
    assert_eq!(seed.texts_until("two\n").await, "two\n");
    server.write("app.log", "3\n");
    assert_eq!(seed.texts_until("3\n").await, "3\n");
}

#[tokio::test]
async fn pings_are_answered_with_pong_or_the_stream_is_closed_within_six_seconds() {
    let server = TestServer::with_heartbeat(1, &[("app.log", "x\n")]).await;
    let mut answering = server.seed("app.log", "tail=1").await.expect("accepted");
    let mut silent = server.seed("app.log", "tail=1").await.expect("accepted");
    silent.answers_pings = false;
    silent.texts_until("ping").await;
    let pinged = Instant::now();
    let closing = async {
        assert_eq!(silent.closed().await, CLOSE_NO_PONG);
        assert!(pinged.elapsed().as_secs_f64() < 6.0);
        server.append("app.log", "y\n");
    };
    tokio::join!(closing, answering.texts_until("y\n"));
}

#[tokio::test]
async fn what_is_not_a_file_in_a_root_is_404_before_the_upgrade() {
    let server = TestServer::start(&[("app.log", "x\n")]).await;
    for path in ["missing.log", "", ".", "..", "app.log/", "../../etc/passwd", "%2e%2e/x", "app.log%00"] {
        assert_eq!(server.seed(path, "tail=1").await.err(), Some(404), "{path:?}");
    }
    assert_eq!(server.seed("app.log", "lines=x").await.err(), Some(400));
}

#[tokio::test]
async fn the_end_of_the_server_closes_the_stream() {
    let server = TestServer::start(&[("app.log", "x\n")]).await;
    let mut seed = server.seed("app.log", "tail=1").await.expect("accepted");
    seed.texts_until("x\n").await;
    server.stop();
    assert_eq!(seed.closed().await, CLOSE_GOING_AWAY);
}
