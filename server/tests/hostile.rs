//! Hostile patterns: each is refused with its place, or answered within what it may cost; meanwhile others are answered.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "common/server.rs"]
mod common;

use common::{DEADLINE, Scratch, TestServer};
use serde_json::Value;

/// Shapes of patterns that break engines, each with a number in its place; some are right, and costly.
const SHAPES: &[&str] = &[
    "/(a+)+$/",
    "/(a*)*{N}/",
    "/(a|aa)+$/",
    "/(.*)*{N}x/",
    "/((a{0,{N}}){0,{N}}){0,{N}}/",
    "/(x{{N}}){{N}}/",
    "/a{{N}000}/",
    "/(?:a?){{N}}a{{N}}/",
    "/\\pL{{N}0}/",
    "/(\\p{L}|\\p{Nd}|\\w){{N}}z/i",
    "/[^\\n]*[^\\n]*[^\\n]*=.{{N}}/",
    "/.*.*.*.*.*.*{N}/",
    "/(?=a{N})/",
    "/(a{N})\\1/",
    "/(?<!a)b{N}/",
    "/(?P<n>a{N}/",
    "/[[:alpha:{N}/",
    "/\\p{NoSuchClass}{N}/",
    "/a{9999999999{N}}/",
    "/\\x{110000{N}}/",
    "/(?s).*\\n.*{N}/",
    "/(?x) # {N}/",
    "/\\b{N}\\B\\b\\B/",
    "/(?i)[a-z\u{212a}]{{N}}\u{17f}/",
    "/^$|^{N}|$^/",
    "{OPEN}a{CLOSE}",
    "{OPEN}a",
    "{MINUS}a",
    "a {OR}",
    "\"{LONG}",
    "/{LONG}/",
    "{LONG} {LONG}",
    "-",
    "or{N} or",
    "level:error{N}",
    "time:{N}",
    "\\{N}\"\"",
    "/a/{N}/",
    "/(?u-u:\\xff){N}/",
    "/(?-u)[\\x80-\\xff]+{N}/",
];

/// 200 queries: each shape in five sizes.
fn patterns() -> Vec<String> {
    let sizes = [1, 7, 60, 100, 400];
    let fill = |shape: &str, size: usize| {
        shape
            .replace("{OPEN}", &"(".repeat(size))
            .replace("{CLOSE}", &")".repeat(size))
            .replace("{MINUS}", &"-".repeat(size))
            .replace("{OR}", &"or a ".repeat(size / 2))
            .replace("{LONG}", &"long".repeat(size))
            .replace("{N}", &size.to_string())
    };
    SHAPES.iter().flat_map(|shape| sizes.map(|size| fill(shape, size))).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_pattern_is_refused_or_answered_while_others_are_served() {
    let scratch = Scratch::new();
    // What makes such patterns slow: long runs of one letter, and lines without a match.
    let line = |n: usize| format!("{}!\n", "a".repeat(n));
    let lines: String = (0..100).map(|n| line(n * 7 % 1_000)).chain([line(70_000)]).collect();
    scratch.write("slow.log", lines.as_bytes());
    scratch.write("other.log", b"one\ntwo\n");
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    let (mut n_refused, mut n_answered) = (0, 0);
    let patterns = patterns();
    assert_eq!(patterns.len(), 200);
    for pattern in patterns {
        let q = encoded(&pattern);
        let (count, rows) =
            (format!("/api/v1/count/logs/slow.log?q={q}&wait=1"), format!("/api/v1/lines/logs/slow.log?q={q}&after=5"));
        // All three at once; each has its deadline in the client.
        let (count, rows, other) = tokio::join!(
            tokio::time::timeout(DEADLINE, server.get(&count, &[])),
            tokio::time::timeout(DEADLINE, server.get(&rows, &[])),
            tokio::time::timeout(DEADLINE, server.get("/api/v1/lines/logs/other.log", &[])),
        );
        let (count, rows, other) = (count.unwrap(), rows.unwrap(), other.unwrap());
        assert!(other.status == 200 && other.body.contains("\"text\":\"two\""), "{pattern}: {other:?}");
        assert_eq!(count.status, rows.status, "{pattern}: {} {}", count.body, rows.body);
        match count.status {
            200 => {
                assert!(rows.body.contains("\"done\":true"), "{pattern}: {}", rows.body);
                n_answered += 1;
            }
            400 => {
                let problem: Value = serde_json::from_str(&count.body).unwrap();
                let position = problem["position"].as_u64().unwrap();
                assert!(position <= pattern.len() as u64 && pattern.is_char_boundary(position as usize), "{pattern}");
                assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 5), "{pattern}: {problem}");
                n_refused += 1;
            }
            status => panic!("{pattern}: {status} {}", count.body),
        }
    }
    println!("{n_refused} refused, {n_answered} answered");
    assert!(n_refused >= 60 && n_answered >= 40, "{n_refused} refused, {n_answered} answered");
    server.stop().await;
}
