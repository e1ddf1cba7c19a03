//! Matching lines over HTTP: parameters, formats, headers, and what is told when something is wrong or not all there.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/server.rs"]
mod common;

use std::io::Write as _;
use std::time::Instant;

use common::{DEADLINE, Scratch, TestServer};
use serde_json::Value;

async fn logs() -> (Scratch, TestServer) {
    let scratch = Scratch::new();
    let text = b"1 \x1b[31merr\x1b[0mor <b>\r\n2\n3 error \"x\"\n=cmd() error\n5\n6 error";
    scratch.write("app.log", text);
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    (scratch, server)
}

/// The body of an answer that came in chunks.
fn unchunked(body: &str) -> String {
    let (mut rest, mut whole) = (body, String::new());
    while let Some((len, after)) = rest.split_once("\r\n") {
        let len = usize::from_str_radix(len, 16).unwrap();
        whole.push_str(&after[..len]);
        rest = after[len..].trim_start_matches("\r\n");
        if len == 0 {
            break;
        }
    }
    whole
}

#[tokio::test]
async fn a_download_of_matching_lines_fits_its_format() {
    let (_scratch, server) = logs().await;
    let html = "<pre>\n1 <span style='color:var(--red,#a00)'>err</span>or &lt;b&gt;\n3 error &quot;x&quot;\n";
    let csv = "line,offset,time,level,text\r\n1,0,,,\"1 error <b>\"\r\n3,24,,,\"3 error \"\"x\"\"\"\r\n\
        4,36,,,\"'=cmd() error\"\r\n";
    for (format, name, content_type, part) in [
        ("raw", "app.log", "text/plain; charset=utf-8", "1 \x1b[31merr\x1b[0mor <b>\r\n3 error \"x\"\n"),
        ("text", "app.log.txt", "text/plain; charset=utf-8", "1 error <b>\n3 error \"x\"\n=cmd() error\n6 error\n"),
        ("ndjson", "app.log.ndjson", "application/x-ndjson", "{\"line\":6,\"offset\":51,\"time\":null,"),
        ("csv", "app.log.csv", "text/csv; charset=utf-8; header=present", csv),
        ("html", "app.log.html", "text/html; charset=utf-8", html),
    ] {
        let path = format!("/raw/logs/app.log?q=error&format={format}&ctx=x&wrap=1");
        let answer = server.get(&path, &[("Range", "bytes=0-1")]).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{format}");
        assert_eq!(
            answer.header("content-disposition"),
            format!("attachment; filename=\"{name}\"; filename*=UTF-8''{name}"),
            "{format}"
        );
        assert_eq!((answer.header("accept-ranges"), answer.header("content-range")), ("none", ""), "{format}");
        assert!(answer.header("content-security-policy").contains("sandbox"), "{format}");
        let body = unchunked(&answer.body);
        assert!(body.contains(part), "{format}: {body}");
        let squeezed = server.get(&path, &[("Accept-Encoding", "gzip")]).await;
        assert_eq!((squeezed.status, squeezed.header("content-encoding")), (200, "gzip"), "{format}");
        assert_eq!(server.send("HEAD", &path, &[], "").await.status, 200, "{format}");
    }
    let all = server.get("/raw/logs/app.log?format=text", &[]).await;
    assert_eq!(unchunked(&all.body).lines().count(), 6, "without a query every line is in the download");
    let part = server.get("/raw/logs/app.log?q=&format=raw", &[("Range", "bytes=0-0")]).await;
    assert_eq!((part.status, part.body.as_str()), (206, "1"), "an empty query is none");
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let (_scratch, server) = logs().await;
    for kind in ["raw/logs/app.log", "api/v1/lines/logs/app.log", "api/v1/count/logs/app.log"] {
        for (params, detail, position) in [
            ("q=%28a", "", Some(0)),
            ("q=ok%20%2Fa%28%2F", "", Some(4)),
            ("q=has%3Aerror", "yet", Some(0)),
            ("from=soon", "'from' is no time: write RFC 3339", None),
            ("q=a&to=25%3A00", "'to' is no time: write RFC 3339", None),
            ("lvl=loud", "'lvl' must be names of levels", None),
        ] {
            let answer = server.get(&format!("/{kind}?{params}"), &[]).await;
            let type_of = answer.header("content-type");
            assert_eq!((answer.status, type_of), (400, "application/problem+json"), "{kind} {params}: {}", answer.body);
            let problem: Value = serde_json::from_str(&answer.body).unwrap();
            assert!(problem["detail"].as_str().unwrap().contains(detail), "{kind} {params}: {problem}");
            match position {
                None => assert!(problem.get("position").is_none(), "{kind} {params}: {problem}"),
                // Inside of a regular expression the engine says where, as well as it can.
                Some(least) => assert!(problem["position"].as_u64().unwrap() >= least, "{kind} {params}: {problem}"),
            }
        }
        assert_eq!(server.get(&format!("/{}?q=a", kind.replace("app.log", "none.log")), &[]).await.status, 404);
    }
    for path in [
        "/raw/logs/app.log?format=pdf",
        "/api/v1/count/logs/app.log?wait=31",
        "/api/v1/lines/logs/app.log?after=x",
        "/api/v1/lines/logs/app.log?at=time:soon",
    ] {
        assert_eq!(server.get(path, &[]).await.status, 400, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_count_goes_on_between_one_who_asks_and_asks_again() {
    let scratch = Scratch::new();
    scratch.write("large.log", &b"straw straw straw straw needle\n".repeat(1_000_000));
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let count = server.get("/api/v1/count/logs/large.log?q=needle&wait=0", &[]).await;
        let count: Value = serde_json::from_str(&count.body).unwrap();
        if count["complete"] == true {
            assert_eq!(count["matched"], 1_000_000);
            break;
        }
        assert!(Instant::now() < deadline, "it begins anew each time: {count}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_could_not_be_decoded_to_its_end_is_nowhere_called_complete() {
    let scratch = Scratch::new();
    let text: String = (0..9_000).map(|nth| format!("needle {} and some more text\n", nth * 7919 % 10_007)).collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    scratch.write("whole.gz", &packed);
    scratch.write("cut.gz", &packed[..packed.len() / 2]);
    scratch.write("damaged.gz", &[&packed[..packed.len() / 2], &[0xff; 4096][..]].concat());
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    for (name, expected) in [("whole.gz", true), ("cut.gz", false), ("damaged.gz", false)] {
        let get = async |path: String| server.get(&path, &[]).await;
        let count = get(format!("/api/v1/count/logs/{name}?q=needle&wait=20")).await;
        let count: Value = serde_json::from_str(&count.body).unwrap();
        assert_eq!(count["complete"], expected, "{name}: {count}");
        for q in ["", "q=needle&"] {
            let rows = get(format!("/api/v1/lines/logs/{name}?{q}after=10000")).await;
            let rows = unchunked(&rows.body);
            let done: Value = serde_json::from_str(rows.lines().last().unwrap()).unwrap();
            assert_eq!((&done["done"], &done["complete"]), (&true.into(), &expected.into()), "{name}: {done}");
        }
        // A few rows of it are all that was asked for.
        let rows = unchunked(&get(format!("/api/v1/lines/logs/{name}?q=needle&after=2")).await.body);
        assert!(rows.trim_end().ends_with("}") && rows.contains("\"complete\":true"), "{name}: {rows}");
        let download = get(format!("/raw/logs/{name}?q=needle")).await;
        assert_eq!(download.body.ends_with("\r\n0\r\n\r\n"), expected, "{name}: a download that breaks off");
    }
    server.stop().await;
}

#[tokio::test]
async fn levels_and_times_select_lines_at_every_address() {
    let scratch = Scratch::new();
    let text = "x\n2026-11-22T10:00:00Z ERROR a\n at b\n2026-11-22T10:01:00Z INFO c\n2026-11-22T10:02:00Z ERROR d\n";
    scratch.write("t.log", text.as_bytes());
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    let get = async |path: String| {
        let answer = server.get(&path, &[]).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        if answer.header("transfer-encoding") == "chunked" { unchunked(&answer.body) } else { answer.body }
    };
    for (params, expected) in [
        ("from=2026-11-22T10:00:00Z", &[2, 3, 4, 5][..]),
        ("to=2026-11-22T10:01:00Z", &[2, 3]),
        ("from=2026-11-22T10:00:30Z&to=2026-11-22T11:01:30%2B01:00&q=", &[4]),
        ("q=level:error+after:2026-11-22T10:00:01Z", &[5]),
        ("lvl=error", &[2, 5]),
        ("lvl=unknown&from=", &[1, 3]),
        ("lvl=info,unknown&from=2026-11-22T10:00:00Z", &[3, 4]),
        ("q=a&from=-9000w", &[2, 3]),
    ] {
        let numbers = |body: &str| -> Vec<i64> {
            let rows = body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            rows.filter_map(|row| row["line"].as_i64()).collect()
        };
        assert_eq!(numbers(&get(format!("/api/v1/lines/logs/t.log?{params}")).await), expected, "lines {params}");
        assert_eq!(numbers(&get(format!("/raw/logs/t.log?format=ndjson&{params}")).await), expected, "raw {params}");
        let count: Value =
            serde_json::from_str(&get(format!("/api/v1/count/logs/t.log?wait=20&{params}")).await).unwrap();
        assert_eq!(
            (count["matched"].as_u64(), &count["complete"]),
            (Some(expected.len() as u64), &true.into()),
            "{params}"
        );
    }
    for (at, expected) in [
        (
            "2026-11-22T10:00:30Z",
            "{\"line\":4,\"offset\":37,\"time\":\"2026-11-22T10:01:00Z\",\"level\":\"info\",\"text\"",
        ),
        ("2020-01-01", "{\"line\":2,\"offset\":2,\"time\":\"2026-11-22T10:00:00Z\",\"level\":\"error\","),
        ("2026-11-22T10:02:30Z", "{\"line\":5,"),
    ] {
        let rows = get(format!("/api/v1/lines/logs/t.log?at=time:{at}&after=1")).await;
        assert!(rows.starts_with(expected) && rows.lines().count() == 2, "{at}: {rows}");
        let rows = get(format!("/api/v1/lines/logs/t.log?at=time:{at}&after=1&lvl=info,error")).await;
        assert!(rows.starts_with(expected), "{at}: {rows}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_count_includes_the_line_that_was_just_written() {
    let (scratch, server) = logs().await;
    let path = "/api/v1/count/logs/app.log?q=error&wait=20";
    let mut expected = 4;
    for (text, added) in [("", 0), (" goes on\n", 0), ("7 error\n", 1), ("8\n9 error\n", 1)] {
        let mut file = std::fs::OpenOptions::new().append(true).open(scratch.logs().join("app.log")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        expected += added;
        let answer = server.get(path, &[]).await;
        let count: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((&count["matched"], &count["complete"]), (&expected.into(), &true.into()), "{text:?}: {count}");
    }
    let all = server.get("/api/v1/count/logs/app.log", &[]).await;
    assert_eq!(all.body, "{\"matched\":9,\"lines\":9,\"complete\":true}");
    let now = server.get("/api/v1/count/logs/app.log?q=error&wait=0", &[]).await;
    assert_eq!(now.status, 200, "{}", now.body);
    server.stop().await;
}

#[tokio::test]
async fn a_line_of_any_length_is_in_the_download_as_it_is_and_judged_by_its_head() {
    let scratch = Scratch::new();
    let long = [b"head ".as_slice(), &vec![b'x'; 3 << 20], b" tail"].concat();
    scratch.write("long.log", &[b"head\n", long.as_slice(), b"\nhead end"].concat());
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    let raw = unchunked(&server.get("/raw/logs/long.log?q=head", &[]).await.body);
    assert_eq!(raw.len(), 5 + long.len() + 1 + 8);
    assert!(raw.ends_with("x tail\nhead end"));
    assert_eq!(unchunked(&server.get("/raw/logs/long.log?q=tail", &[]).await.body), "", "past what is looked at");
    let rows = unchunked(&server.get("/api/v1/lines/logs/long.log?q=head&at=end&before=2&after=0", &[]).await.body);
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let texts: Vec<usize> = rows.iter().filter_map(|row| row["text"].as_str()).map(str::len).collect();
    assert_eq!(texts, [1 << 20, 8]);
    server.stop().await;
}
