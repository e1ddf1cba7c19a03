//! Who gets past the door: `Host`, `Origin`, cookie, token and what the browser says, for requests and for upgrades.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/server.rs"]
mod common;

use common::{Scratch, TOKEN, TestServer};

/// The handshake reached the place behind the door: the stream's own answer, or the upgrade.
const IN: u16 = 0;

/// Headers of a case. `US` stands for our address, `COOKIE` and `TOKEN` for what logs in; `-` is no such header.
struct Case {
    host: &'static str,
    origin: &'static str,
    login: &'static str,
    fetch_site: &'static str,
    expected: u16,
}

const fn case(
    host: &'static str,
    origin: &'static str,
    login: &'static str,
    fetch_site: &'static str,
    expected: u16,
) -> Case {
    Case { host, origin, login, fetch_site, expected }
}

const UPGRADES: &[Case] = &[
    case("US", "http://US", "COOKIE", "-", IN),
    case("US", "http://US", "COOKIE", "same-origin", IN),
    case("US", "http://US", "COOKIE", "none", IN),
    case("US", "http://US", "COOKIE", "same-site", 403),
    case("US", "http://US", "COOKIE", "cross-site", 403),
    case("US", "http://US", "COOKIE", "nonsense", 403),
    case("US", "-", "COOKIE", "-", 403),
    case("US", "-", "COOKIE", "same-origin", 403),
    case("US", "null", "COOKIE", "-", 403),
    case("US", "null", "BEARER", "-", 403),
    case("US", "https://US", "COOKIE", "-", 403),
    case("US", "http://127.0.0.1", "COOKIE", "-", 403),
    case("US", "http://127.0.0.1:1", "COOKIE", "-", 403),
    case("US", "http://localhost:PORT", "COOKIE", "-", 403),
    case("US", "http://evil.example", "COOKIE", "-", 403),
    case("US", "http://evil.example:PORT", "BEARER", "-", 403),
    case("US", "http://US.evil.example", "COOKIE", "-", 403),
    case("US", "http://US@evil.example", "COOKIE", "-", 403),
    case("US", "http://US/", "COOKIE", "-", 403),
    case("US", "US", "COOKIE", "-", 403),
    case("US", "ws://US", "COOKIE", "-", 403),
    case("US", "", "COOKIE", "-", 403),
    case("US", "-", "BEARER", "-", IN),
    case("US", "http://US", "BEARER", "-", IN),
    case("US", "-", "BEARER", "cross-site", 403),
    case("US", "-", "-", "-", 401),
    case("US", "http://US", "-", "-", 401),
    case("US", "http://US", "WRONG COOKIE", "-", 401),
    case("US", "-", "WRONG BEARER", "-", 401),
    case("US", "http://US", "COOKIE OF ANOTHER PORT", "-", 401),
    case("US", "http://US", "COOKIE AND WRONG BEARER", "-", 401),
    case("localhost:PORT", "http://localhost:PORT", "COOKIE", "-", IN),
    case("LOCALHOST:PORT", "http://localhost:PORT", "COOKIE", "-", IN),
    case("[::1]:PORT", "http://[::1]:PORT", "COOKIE", "-", IN),
    case("localhost", "http://localhost", "COOKIE", "-", IN),
    case("localhost", "http://localhost:PORT", "COOKIE", "-", 403),
    case("localhost:1", "http://localhost:1", "COOKIE", "-", 403),
    case("evil.example", "http://evil.example", "COOKIE", "-", 403),
    case("evil.example:PORT", "http://evil.example:PORT", "BEARER", "-", 403),
    case("localhost.evil.example:PORT", "-", "BEARER", "-", 403),
    case("127.0.0.1.nip.example:PORT", "-", "BEARER", "-", 403),
    case("127.0.0.2:PORT", "-", "BEARER", "-", 403),
    case("0.0.0.0:PORT", "-", "BEARER", "-", 403),
    case("2130706433:PORT", "-", "BEARER", "-", 403),
    case("localhost.:PORT", "-", "BEARER", "-", 403),
    case("localhost:PORT:PORT", "-", "BEARER", "-", 403),
    case("user@localhost:PORT", "-", "BEARER", "-", 403),
    case("localhost:+1", "-", "BEARER", "-", 403),
    case("", "-", "BEARER", "-", 403),
    case("logs.example", "http://logs.example", "COOKIE", "-", IN),
    case("logs.example:PORT", "http://logs.example:PORT", "COOKIE", "-", IN),
    case("logs.example", "https://logs.example", "COOKIE", "-", 403),
    case("logs.example:9", "http://logs.example:9", "COOKIE", "-", 403),
    case("sub.logs.example", "http://sub.logs.example", "COOKIE", "-", 403),
    case("tls.example", "https://tls.example", "COOKIE", "-", IN),
    case("tls.example:443", "https://tls.example", "COOKIE", "-", IN),
    case("tls.example", "http://tls.example", "COOKIE", "-", 403),
    case("odd.example:9000", "http://odd.example:9000", "COOKIE", "-", IN),
    case("odd.example", "http://odd.example", "COOKIE", "-", 403),
];

/// The same with `--auth none`: nobody logs in, but other sites stay outside.
const OPEN_UPGRADES: &[Case] = &[
    case("US", "-", "-", "-", IN),
    case("US", "http://US", "-", "same-origin", IN),
    case("US", "http://evil.example", "-", "-", 403),
    case("US", "null", "-", "-", 403),
    case("US", "-", "-", "cross-site", 403),
    case("evil.example:PORT", "http://evil.example:PORT", "-", "-", 403),
];

async fn check(server: &TestServer, cases: &[Case], cookie: &str) {
    let (us, port) = (server.addr.to_string(), server.addr.port().to_string());
    let filled = |text: &str| text.replace("US", &us).replace("PORT", &port);
    for (idx, case) in cases.iter().enumerate() {
        let (host, origin) = (filled(case.host), filled(case.origin));
        let bearer = format!("Bearer {TOKEN}");
        let other_cookie = cookie.replacen(&port, "1", 1);
        let zeros = format!("taillight_{port}={}", "0".repeat(64));
        let login: Vec<(&str, &str)> = match case.login {
            "COOKIE" => vec![("Cookie", cookie)],
            "BEARER" => vec![("Authorization", &bearer)],
            "WRONG COOKIE" => vec![("Cookie", &zeros)],
            "WRONG BEARER" => vec![("Authorization", "Bearer nonsense")],
            "COOKIE OF ANOTHER PORT" => vec![("Cookie", &other_cookie)],
            "COOKIE AND WRONG BEARER" => vec![("Cookie", cookie), ("Authorization", "Bearer nonsense")],
            _ => vec![],
        };
        let upgrade = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Host", host.as_str()),
            ("Origin", origin.as_str()),
            ("Sec-Fetch-Site", case.fetch_site),
        ];
        // A file that is not there: whoever gets as far as the seed's stream hears 404.
        for path in ["/nowhere/x.log", "/login", "/pkg/taillight.js"] {
            let answer = server.get(path, &[&upgrade[..], &login].concat()).await;
            let got = if matches!(answer.status, 404 | 101) { IN } else { answer.status };
            let what = format!("case {idx} {path}: {host:?} {origin:?} {} {}", case.login, case.fetch_site);
            assert_eq!(got, case.expected, "{what}: {}", answer.body);
            assert!(got == IN || answer.header("content-type") == "application/problem+json", "{what}");
        }
    }
}

#[tokio::test]
async fn an_upgrade_needs_the_right_host_origin_and_login_whatever_its_path() {
    let scratch = Scratch::new();
    let server = TestServer::start(&scratch, &[]).await;
    let cookie = server.log_in().await;
    assert!(UPGRADES.len() + OPEN_UPGRADES.len() >= 40);
    check(&server, UPGRADES, &cookie).await;
    server.stop().await;
}

#[tokio::test]
async fn without_login_other_sites_still_stay_outside() {
    let scratch = Scratch::new();
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    check(&server, OPEN_UPGRADES, "").await;
    server.stop().await;
}

#[tokio::test]
async fn plain_requests_pass_the_same_host_and_origin_checks() {
    let scratch = Scratch::new();
    let server = TestServer::start(&scratch, &[]).await;
    let bearer = format!("Bearer {TOKEN}");
    let us = format!("http://{}", server.addr);
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[], 200),
        (&[("Origin", &us)], 200),
        (&[("Origin", "http://evil.example")], 403),
        (&[("Origin", "null")], 403),
        (&[("Host", "evil.example")], 403),
        (&[("Host", "-")], 403),
        (&[("Host", "localhost"), ("Host", "localhost")], 403),
        (&[("Origin", &us), ("Origin", &us)], 403),
        (&[("X-Forwarded-Host", "evil.example"), ("X-Forwarded-For", "1.2.3.4")], 200),
    ];
    for path in ["/api/v1/files", "/healthz", "/metrics", "/"] {
        for (headers, expected) in cases {
            let answer = server.get(path, &[headers, &[("Authorization", bearer.as_str())][..]].concat()).await;
            assert_eq!(answer.status, *expected, "{path} {headers:?}: {}", answer.body);
        }
    }
    let refused = server.get("/api/v1/files", &[("Host", "evil.example")]).await;
    assert!(refused.body.contains("'hosts'"), "the text names the setting: {}", refused.body);
    server.stop().await;
}
