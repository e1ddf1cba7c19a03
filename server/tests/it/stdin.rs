//! `COMMAND | taillight -`: the program itself, with a pipe into it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use taillight::cursor::{Anchor, Generation};
use taillight::wire::{ClientMsg, ENDPOINT, FileEvent, FileState, LineTotal, ServerMsg};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::socket::{ClientSocket, PATIENCE};
use crate::support::fresh_folder;

/// The running program. It ends with the value.
struct Piped {
    child: Child,
    input: Option<ChildStdin>,
    address: String,
    folder: PathBuf,
}

impl Piped {
    fn start(variables: &[(&str, &str)]) -> Self {
        let folder = fresh_folder();
        fs::write(folder.join("app.log"), "a file\n").expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_taillight"))
            .args(["--listen", "127.0.0.1:0", "--auth", "none", "-", "app.log"])
            .current_dir(&folder)
            .env_clear()
            .env("HOME", &folder)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("an output")).read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("listening on http://").expect("the address").trim_end_matches('/');
        let (address, input) = (address.to_owned(), child.stdin.take());
        Self { child, input, address, folder }
    }

    fn write(&mut self, text: &str) {
        self.input.as_mut().expect("an open input").write_all(text.as_bytes()).expect("written");
    }

    fn end_input(&mut self) {
        self.input = None;
    }

    async fn viewer(&self) -> ClientSocket {
        ClientSocket::connect(&format!("ws://{}{ENDPOINT}", self.address), &[]).await.expect("accepted")
    }

    /// Status, head and body of a GET.
    async fn get(&self, path: &str, header: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).await.expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{header}\r\n", self.address);
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        read.expect("an answer in time").expect("an answer");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head.to_owned(), body.to_owned())
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn lines(numbers: std::ops::Range<u64>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}

/// Waits until the counters are so.
async fn tip_until(viewer: &mut ClientSocket, is_it: impl Fn(&taillight::wire::Tip) -> bool) {
    while !viewer.tip.as_ref().is_some_and(&is_it) {
        viewer.message(|msg| matches!(msg, ServerMsg::Tip(_))).await;
    }
}

#[tokio::test]
async fn what_is_piped_is_shown_followed_and_served_on_after_its_end() {
    let mut piped = Piped::start(&[]);
    piped.write(&lines(0..1000));
    let whole = lines(0..1000).len() as u64;
    let mut viewer = piped.viewer().await;
    viewer.open("stdin/stdin", true).await;
    tip_until(&mut viewer, |tip| tip.complete.get() == whole).await;
    let mut viewer = piped.viewer().await;
    let (_, page) = viewer.open("stdin/stdin", true).await;
    let rows: Vec<_> = page.rows().map(|row| String::from_utf8_lossy(row.bytes).into_owned()).collect();
    assert_eq!((rows.len(), rows[99].as_str(), page.flags.at_end), (100, "line 999", true));

    for number in 1000..1020 {
        piped.write(&lines(number..number + 1));
        viewer.live_until(&format!("line {number}\n")).await;
    }
    assert_eq!(viewer.live, lines(1000..1020).as_bytes());

    let at = Anchor::Line(taillight::line::LineNo::new(501).expect("from 1"));
    viewer.say(&ClientMsg::Page { req: 7, generation: Generation::new(1), at, before: 0, after: 1 }).await;
    let page = viewer.frame(|frame| frame.req == 7).await;
    assert_eq!(page.payload, b"line 500\n"[..]);

    piped.write("no newline");
    piped.end_input();
    let rest = viewer.frame(|frame| frame.flags.unfinished).await;
    assert_eq!(rest.payload, b"no newline"[..]);
    tip_until(&mut viewer, |tip| tip.state == FileState::Ended).await;
    let total = viewer.tip.expect("counters").lines;
    assert_eq!(total, LineTotal { count: taillight::line::LineCount::new(1021), exact: true });

    // All of it is there for whoever comes later.
    let all = lines(0..1020) + "no newline";
    let (head, body) = piped.get("/raw/stdin/stdin", "").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body, all);
    let (head, body) = piped.get("/raw/stdin/stdin", "Range: bytes=5-11\r\n").await;
    assert!(head.starts_with("HTTP/1.1 206"), "{head}");
    assert_eq!(body, all[5..12]);
    let (_, body) = piped.get("/api/v1/lines/stdin/stdin?at=line:1020", "").await;
    assert!(body.contains("line 1019") && body.contains("no newline") && body.contains(r#""done":true"#), "{body}");
    let (_, body) = piped.get("/v/stdin/stdin", "").await;
    assert!(body.contains(">line 1019<") && body.contains("no newline"), "the first screen is in the page");
    let (_, body) = piped.get("/api/v1/files", "").await;
    assert!(body.contains(r#""path":"stdin""#) && body.contains(r#""path":"app.log""#), "{body}");
    let (_, body) = piped.get("/api/v1/files?path=stdin", "").await;
    assert!(body.contains(&format!(r#""size":{}"#, all.len())), "{body}");
    let mut late = piped.viewer().await;
    let (opened, _) = late.open("stdin/stdin", true).await;
    assert!(matches!(opened, ServerMsg::Opened { tip, .. } if tip.state == FileState::Ended), "{opened:?}");
}

#[tokio::test]
async fn the_seeds_stream_follows_what_is_piped() {
    let mut piped = Piped::start(&[]);
    let url = format!("ws://{}/dev/stdin?tail=1&format=text", piped.address);
    let mut seed = ClientSocket::connect(&url, &[]).await.expect("accepted");
    piped.write("one\ntw");
    assert_eq!(seed.texts_until("\n").await, "one\n");
    piped.write("o\nthree");
    assert_eq!(seed.texts_until("\n").await, "two\n");
    piped.end_input();
    assert_eq!(seed.texts_until("three\n").await, "three\n");
}

#[tokio::test]
async fn beyond_its_limit_the_oldest_goes_and_viewers_hear_how_much() {
    const PART: usize = 8 << 20;
    let mut piped = Piped::start(&[("TAILLIGHT_LIMITS_STDIN_BYTES", &(2 * PART).to_string())]);
    let mut viewer = piped.viewer().await;
    viewer.open("stdin/stdin", true).await;
    let line = format!("{}\n", "x".repeat(1023));
    let mut n_bytes = 0;
    // The writer never waits for a reader: it writes all of it before anybody reads.
    for _ in 0..3 * PART / line.len() {
        piped.write(&line);
        n_bytes += line.len();
    }
    piped.write("last\n");
    viewer.live_until("last\n").await;
    let lost: u64 = viewer.events.iter().map(gap).sum();
    assert_eq!(viewer.live.len() as u64 + lost, n_bytes as u64 + 5, "what was not read is told to the byte");
    let (_, body) = piped.get("/api/v1/files?path=stdin", "").await;
    assert!(body.contains(r#""path":"stdin/stdin.1""#), "{body}");
    let (head, _) = piped.get("/raw/stdin/stdin.1", "Range: bytes=0-0\r\n").await;
    assert!(head.starts_with("HTTP/1.1 206"), "{head}");
}

fn gap(event: &ServerMsg) -> u64 {
    match event {
        ServerMsg::Event { event: FileEvent::Gap { bytes }, .. } => bytes.get(),
        _ => 0,
    }
}
