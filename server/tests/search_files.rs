//! The search over files from outside: what it answers, to whom, how many at a time, and that it agrees with ripgrep and
//! with the command.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/server.rs"]
mod common;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use common::{DEADLINE, Scratch, TOKEN, TestServer};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// The objects of an answer without progress, the last one apart.
async fn search(server: &TestServer, query: &str) -> (Vec<Value>, Value) {
    let bearer = format!("Bearer {TOKEN}");
    let answer = server.get(&format!("/api/v1/search?{query}"), &[("Authorization", &bearer)]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-ndjson"), "{}", answer.body);
    // Chunks have their lengths on lines of their own.
    let mut objects: Vec<Value> = answer
        .body
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let done = objects.pop().unwrap();
    assert_eq!(done["done"], true, "{done}");
    assert!(
        objects.first().is_some_and(|first| first.get("progress").is_some()),
        "how much there is to do comes first"
    );
    objects.retain(|object| object.get("progress").is_none());
    (objects, done)
}

/// How many lines of each file match.
fn counts(objects: &[Value]) -> BTreeMap<String, u64> {
    let count = |object: &Value| Some((object["file"].as_str()?.to_owned(), object.get("matched")?.as_u64()?));
    objects.iter().filter_map(count).collect()
}

#[tokio::test]
async fn files_come_newest_first_with_their_rows_and_counts() {
    let scratch = Scratch::new();
    let lines: String = (1..=9).map(|nth| format!("error {nth}\nfine\n")).collect();
    for (age, (name, text)) in
        [("old.log", "an ERROR\n"), ("sub/é \".log", &lines), ("core", "\0error\n"), ("none.log", "fine\n")]
            .into_iter()
            .enumerate()
    {
        scratch.write(name, text.as_bytes());
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + age as u64 * 60);
        std::fs::File::options().append(true).open(scratch.logs().join(name)).unwrap().set_modified(time).unwrap();
    }
    let server = TestServer::start(&scratch, &[]).await;
    let (objects, done) = search(&server, "q=error").await;
    assert_eq!(counts(&objects), [("logs/old.log".to_owned(), 1), ("logs/sub/%C3%A9%20%22.log".to_owned(), 9)].into());
    let newer = objects.iter().find(|object| object["file"] == "logs/sub/%C3%A9%20%22.log").unwrap();
    assert_eq!(newer["modified"], "2001-09-09T01:47:40Z");
    let rows = newer["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 5, "{rows:?}");
    let row = serde_json::json!({"line": null, "offset": 13, "time": null, "level": null, "text": "error 2", "marks": [[0, 5]]});
    assert_eq!(rows[1], row);
    assert_eq!((&done["complete"], &done["files"], &done["of"]), (&true.into(), &4.into(), &4.into()), "{done}");
    assert_eq!((&done["matched_files"], &done["matched"], &done["stopped"]), (&2.into(), &10.into(), &Value::Null));
    assert_eq!(
        done["unread"],
        serde_json::json!([{"file": "logs/core", "why": "binary file: it has a NUL byte near its start"}])
    );
    let (objects, done) = search(&server, "path=logs/sub&q=error+-5").await;
    assert_eq!((counts(&objects).into_values().collect::<Vec<_>>(), &done["of"]), (vec![8], &1.into()));
    let (objects, done) = search(&server, "path=logs%2Fsub&q=zzz").await;
    assert_eq!((objects, &done["matched"]), (vec![], &0.into()));
    let bearer = format!("Bearer {TOKEN}");
    let answer = server.get("/api/v1/search?q=(a", &[("Authorization", &bearer)]).await;
    assert!(answer.status == 400 && answer.body.contains("\"position\":0"), "{}", answer.body);
    let [refused, missing] = ["logs/old.log", "logs/nowhere"].map(|path| format!("/api/v1/search?path={path}&q=a"));
    let refused = server.get(&refused, &[("Authorization", &bearer)]).await;
    let missing = server.get(&missing, &[("Authorization", &bearer)]).await;
    assert_eq!((refused.status, &refused.body), (404, &missing.body));
    server.stop().await;
}

#[tokio::test]
async fn levels_and_times_narrow_a_search_and_rows_tell_theirs() {
    let scratch = Scratch::new();
    let text = b"Nov 22 10:00:00 web a: ERROR one\n  at two\nNov 22 10:01:00 web a: INFO three\nNov 22 10:02:00 web a: ERROR four\n";
    scratch.write("a.log", text);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    scratch.write("b.gz", &encoder.finish().unwrap());
    let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_650_000); // 2023-11-22
    for name in ["a.log", "b.gz"] {
        std::fs::File::options().append(true).open(scratch.logs().join(name)).unwrap().set_modified(written).unwrap();
    }
    let server = TestServer::start(&scratch, &[]).await;
    for (query, expected) in [
        ("q=level:error", &["one", "four"][..]),
        ("lvl=error", &["one", "four"]),
        ("lvl=error&q=-four", &["one"]),
        ("to=2023-11-22T10:01:00", &["one", "two"]),
        ("from=2023-11-22T10:01:00&to=2023-11-22T10:02:00", &["three"]),
        ("q=after:2023-11-22T10:01:00", &["three", "four"]),
        ("from=2024-01-01", &[]),
    ] {
        let (objects, done) = search(&server, query).await;
        for name in ["logs/a.log", "logs/b.gz"] {
            let of_file = objects.iter().filter(|object| object["file"] == name);
            let rows: Vec<&Value> = of_file.filter_map(|object| object["rows"].as_array()).flatten().collect();
            let last_words: Vec<&str> =
                rows.iter().filter_map(|row| row["text"].as_str()?.rsplit(' ').next()).collect();
            assert_eq!(last_words, expected, "{query} {name}: {done}");
            for row in rows.iter().filter(|row| row["text"].as_str().unwrap().ends_with("one")) {
                // The day is that of the zone of this machine.
                let time = row["time"].as_str().unwrap();
                assert!(time.starts_with("2023-11-2") && row["level"] == "error", "{name}: {row}");
            }
        }
    }
    let bearer = format!("Bearer {TOKEN}");
    let refused = server.get("/api/v1/search?q=a&lvl=loud", &[("Authorization", &bearer)]).await;
    assert!(refused.status == 400 && refused.body.contains("names of levels"), "{}", refused.body);
    server.stop().await;
}

#[tokio::test]
async fn colours_and_bytes_that_are_no_text_are_marked_where_they_stand_in_the_row() {
    let scratch = Scratch::new();
    scratch.write("a.log", b"\xff\xfe \x1b[31mre\x1b[0md \xc3\xa9 red\n");
    let server = TestServer::start(&scratch, &[]).await;
    let (objects, _) = search(&server, "q=red").await;
    let row = &objects[0]["rows"][0];
    let text = row["text"].as_str().unwrap();
    let marked: Vec<&str> = row["marks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mark| &text[mark[0].as_u64().unwrap() as usize..mark[1].as_u64().unwrap() as usize])
        .collect();
    assert_eq!((text, marked), ("\u{fffd}\u{fffd} red é red", vec!["red", "red"]));
    server.stop().await;
}

/// Asks and reads nothing but the head of the answer: its status.
async fn begin(server: &TestServer, query: &str) -> (TcpStream, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(server.addr).await.unwrap();
    let request = format!(
        "GET /api/v1/search?{query} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n",
        server.addr
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = vec![0; 256];
    let n_read = stream.read(&mut head).await.unwrap();
    (stream, String::from_utf8_lossy(&head[..n_read]).into_owned())
}

#[tokio::test]
async fn two_searches_run_for_a_user_and_end_when_their_client_goes() {
    let scratch = Scratch::new();
    // More than all buffers on the way hold: a client that reads nothing keeps its search waiting.
    let line = format!("error {}\n", "x".repeat(4000));
    for nth in 0..400 {
        scratch.write(&format!("{nth}.log"), line.repeat(5).as_bytes());
    }
    let server = TestServer::start(&scratch, &[]).await;
    let first = begin(&server, "q=error").await;
    let second = begin(&server, "q=error").await;
    assert!(first.1.starts_with("HTTP/1.1 200") && second.1.starts_with("HTTP/1.1 200"), "{first:?} {second:?}");
    let third = begin(&server, "q=error").await.1;
    assert!(third.starts_with("HTTP/1.1 429"), "{third}");
    let bearer = format!("Bearer {TOKEN}");
    let refused = server.get("/api/v1/search?q=a", &[("Authorization", &bearer)]).await;
    assert!(refused.body.contains("2 searches over files are running for you"), "{}", refused.body);
    // Another user is another matter.
    let cookie = server.log_in().await;
    let other = server.get("/api/v1/search?q=zzz", &[("Cookie", &cookie)]).await;
    assert_eq!(other.status, 200, "{}", other.body);
    drop(first);
    let deadline = Instant::now() + DEADLINE;
    while begin(&server, "q=error").await.1.starts_with("HTTP/1.1 429") {
        assert!(Instant::now() < deadline, "a search goes on for a client that has gone");
        tokio::task::yield_now().await;
    }
    drop(second);
    server.stop().await;
}

#[tokio::test]
async fn the_limit_of_bytes_is_a_setting_and_the_answer_says_where_it_ended() {
    let scratch = Scratch::new();
    for nth in 0..8 {
        scratch.write(&format!("{nth}.log"), &b"needle\n".repeat(200_000));
    }
    let server = TestServer::start(&scratch, &[("limits.search_bytes", "1048576")]).await;
    let (_, done) = search(&server, "q=needle").await;
    assert_eq!(done["complete"], false, "{done}");
    assert!(done["stopped"].as_str().unwrap().starts_with("at logs/"), "{done}");
    server.stop().await;
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

const WORDS: [&str; 12] =
    ["error", "ERROR", "Connection", "timeout", "user=42", "a.b.c", "(x)", "GET /", "naïve", "10:30", "0x1f", "retry"];

/// Some of a generated folder's files, by name and content.
fn generated(scratch: &Scratch) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for nth in 0..60 {
        let mut text = Vec::new();
        for _ in 0..dice.roll(300) {
            for _ in 0..dice.roll(6) {
                text.extend(WORDS[dice.roll(12) as usize].bytes());
                text.push(b' ');
            }
            text.extend(if dice.roll(9) == 0 { &b"\xff\r\n"[..] } else { b"\n" });
        }
        if dice.roll(4) == 0 {
            text.pop();
        }
        if dice.roll(8) == 0 {
            text.insert(0, 0);
        }
        let folder = ["", "a/", "a/b/", "z/", "a-/"][dice.roll(5) as usize];
        scratch.write(&format!("{folder}{nth}.log"), &text);
    }
    scratch.write(".hidden/x.log", b"error\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_the_command_and_ripgrep_count_the_same_in_each_file_of_a_folder() {
    if Command::new("rg").arg("--version").output().is_err() {
        println!("left out: ripgrep is not installed");
        return;
    }
    let scratch = Scratch::new();
    generated(&scratch);
    let server = TestServer::start(&scratch, &[]).await;
    for word in WORDS {
        let rg = ["--no-config", "-c", "--no-ignore", "--sort", "path", "-F", "-S", "-E", "none", "-e", word];
        let rg = Command::new("rg").args(rg).arg("logs").current_dir(scratch.path()).output().unwrap();
        let expected = String::from_utf8(rg.stdout).unwrap();
        assert!(expected.lines().count() > 20, "{word}: too easy");
        let expr = format!("\"{word}\"");
        let q = if word.chars().any(char::is_uppercase) { &expr } else { word };
        let q = if word == "(x)" || word.contains(' ') { &expr } else { q };
        let ours = Command::new(env!("CARGO_BIN_EXE_taillight"));
        let mut ours = ours;
        let ours = ours.args(["query", "--count", "--", q, "logs"]).current_dir(scratch.path()).output().unwrap();
        assert_eq!(String::from_utf8(ours.stdout).unwrap(), expected, "{word}");
        assert!(String::from_utf8_lossy(&ours.stderr).contains("1 hidden"), "{word}");
        let encoded: String = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let (objects, done) = search(&server, &format!("q={encoded}")).await;
        let found: Vec<String> = counts(&objects)
            .into_iter()
            .filter(|(file, _)| !file.contains("/.hidden/"))
            .map(|(file, n)| format!("{file}:{n}"))
            .collect();
        let mut lines: Vec<&str> = expected.lines().collect();
        lines.sort_unstable();
        let mut sorted = found.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, lines, "{word}");
        assert_eq!(done["complete"], true, "{done}");
    }
    server.stop().await;
}
