//! What every address answers, to whom, and with which headers; and that nothing in a name, a line or a parameter becomes
//! markup.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/server.rs"]
mod common;

use common::{DEADLINE, Scratch, TOKEN, TestServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Address, answer to a stranger, answer to who is logged in.
const ADDRESSES: &[(&str, u16, u16)] = &[
    ("/", 303, 200),
    ("/?path=logs", 303, 200),
    ("/?path=nowhere", 303, 404),
    ("/v/logs/app.log", 303, 200),
    ("/v/logs/app.log?at=start", 303, 200),
    ("/v/logs/app.log?at=line:2", 303, 200),
    ("/v/logs/app.log?at=byte:4", 303, 200),
    ("/v/logs/app.log?at=nonsense&x=1", 303, 200),
    ("/v/logs/empty.log", 303, 200),
    ("/v/logs/missing.log", 303, 404),
    ("/v/other/app.log", 303, 404),
    ("/v/logs/sub", 303, 303),
    ("/v/logs/../app.log", 303, 404),
    ("/v/logs/%2e%2e/app.log", 303, 404),
    ("/v/logs/sub%2Fin.log", 303, 404),
    ("/v/logs//app.log", 303, 404),
    ("/v/logs/%00", 303, 404),
    ("/v/logs/%zz", 303, 404),
    ("/v/", 303, 404),
    ("/nowhere", 303, 404),
    ("//", 303, 404),
    ("/api/v1/files", 401, 200),
    ("/api/v1/files?path=logs/sub", 401, 200),
    ("/api/v1/files?path=logs/app.log", 401, 404),
    ("/api/v1/files?path=../etc", 401, 404),
    ("/api/v1/search?q=one", 401, 200),
    ("/api/v1/search?path=logs/sub&q=one", 401, 200),
    ("/api/v1/search?q=(a", 401, 400),
    ("/api/v1/search?path=nowhere&q=one", 401, 404),
    ("/api/v1/search?path=logs/app.log&q=one", 401, 404),
    ("/api/v1/search?path=logs/../etc&q=one", 401, 404),
    ("/api/v1/nothing", 401, 404),
    ("/raw/logs/nothing", 401, 404),
    ("/metrics", 401, 200),
    ("/healthz", 200, 200),
    ("/readyz", 200, 200),
    ("/login", 200, 303),
    ("/plain.css", 200, 200),
    ("/pkg/taillight.js", 404, 404),
    ("/pkg/../../../etc/passwd", 404, 404),
    ("/robots.txt", 404, 404),
];

async fn logs() -> (Scratch, TestServer) {
    let scratch = Scratch::new();
    scratch.write("app.log", b"one\ntwo\nthree\n");
    scratch.write("empty.log", b"");
    scratch.write("sub/in.log", b"deep\n");
    let server = TestServer::start(&scratch, &[]).await;
    (scratch, server)
}

#[tokio::test]
async fn every_address_answers_strangers_and_users_as_the_contract_says() {
    let (_scratch, server) = logs().await;
    let bearer = format!("Bearer {TOKEN}");
    for &(path, stranger, user) in ADDRESSES {
        for (headers, expected) in [(&[][..], stranger), (&[("Authorization", bearer.as_str())][..], user)] {
            let answer = server.get(path, headers).await;
            assert_eq!(answer.status, expected, "{path} {headers:?}: {}", answer.body);
            let head = server.send("HEAD", path, headers, "").await;
            assert_eq!((head.status, head.body.as_str()), (expected, ""), "HEAD {path}");
            let is_program = path.starts_with("/api/") || path.starts_with("/raw/") || path == "/metrics";
            if is_program && expected >= 400 {
                assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
                assert!(answer.body.contains(&format!("\"status\":{expected}")), "{path}: {}", answer.body);
            }
        }
    }
    let navigation = server.get("/raw/logs/app.log", &[("Sec-Fetch-Mode", "navigate")]).await;
    assert_eq!(navigation.status, 303, "a person who follows a link to a download logs in first");
    let folder = server.get("/v/logs/sub", &[("Authorization", &bearer)]).await;
    assert_eq!(folder.header("location"), "/?path=logs/sub");
    for (method, path) in [("POST", "/api/v1/files"), ("DELETE", "/healthz"), ("PUT", "/v/logs/app.log")] {
        let answer = server.send(method, path, &[("Authorization", &bearer)], "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method} {path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_every_page_its_own_nonce() {
    let (_scratch, server) = logs().await;
    let bearer = format!("Bearer {TOKEN}");
    let mut nonces = std::collections::HashSet::new();
    for &(path, ..) in ADDRESSES {
        for headers in [&[][..], &[("Authorization", bearer.as_str())][..], &[("Host", "evil.example")][..]] {
            let answer = server.get(path, headers).await;
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'; "), "{path}: {}", answer.head);
            assert!(
                policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"),
                "{path}: {policy}"
            );
            assert!(!policy.contains("'unsafe-"), "{path}: {policy}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
            assert!(!answer.header("cache-control").is_empty(), "{path}");
            if answer.header("content-type").starts_with("text/html") {
                assert_eq!(answer.header("cache-control"), "no-store", "{path}");
                assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
                let (_, rest) = policy.split_once("'nonce-").expect("a page has a nonce");
                let nonce = rest.split_once('\'').unwrap().0.to_owned();
                assert_eq!(nonce.len(), 64);
                for script in answer.body.match_indices("<script").map(|(at, _)| &answer.body[at..]) {
                    assert!(script.split('>').next().unwrap().contains(&nonce), "{path}: a script without the nonce");
                }
                assert!(nonces.insert(nonce), "{path}: a nonce is used once");
            } else {
                assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
                assert!(policy.contains("sandbox") || !policy.contains("script-src"), "{path}: {policy}");
            }
        }
    }
    server.stop().await;
}

/// Texts that become markup where somebody forgets to escape. No slash: they are file names too.
const PAYLOADS: &[&str] = &[
    "<script>hit()<script>",
    "<img src=x onerror=hit()>",
    "\"><svg onload=hit()>",
    "'><b onclick=hit()>",
    "\" autofocus onfocus=hit() x=\"",
    "<!--<script>",
    "]]><script>hit()",
    "&lt;script&gt;",
    "\u{1b}[31m<u>red<u>\u{1b}[0m",
    "{{7*7}}${7*7}<%= 7 %>",
    "<style>*{display:none}",
    "<base href=x>",
];

#[tokio::test]
async fn no_name_line_or_parameter_becomes_markup() {
    let scratch = Scratch::new();
    for payload in PAYLOADS {
        scratch.write(payload, format!("{payload}\n</script>{payload}</div>\n").as_bytes());
    }
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    for payload in PAYLOADS {
        let encoded: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let paths = [
            "/?path=logs".to_owned(),
            format!("/?path={encoded}"),
            format!("/v/logs/{encoded}"),
            format!("/v/logs/{encoded}?at={encoded}&q={encoded}&{encoded}={encoded}"),
            format!("/v/{encoded}/{encoded}"),
            format!("/{encoded}"),
            format!("/login?next=/{encoded}"),
        ];
        for path in paths {
            let page = server.get(&path, &[]).await;
            for markup in [
                "<script>",
                "<img",
                "<svg onload",
                "<u>",
                "<u ",
                "<style",
                "<base",
                "<!--<script",
                "x=\"\"",
                " onfocus",
            ] {
                assert!(
                    !page.body.contains(markup) || escaped_only(&page.body, markup),
                    "{path}: {markup} in {}",
                    page.body
                );
            }
            let n_ends = page.body.matches("</script").count();
            assert_eq!(n_ends, page.body.matches("<script").count(), "{path}: a script ends where we end it");
        }
    }
    let page = server.get("/v/logs/%3Cbase%20href%3Dx%3E", &[]).await;
    assert!(page.body.contains("&lt;base href=x&gt;"), "the line is readable: {}", page.body);
    server.stop().await;
}

/// Whether a hit is inside escaped text: `onfocus` may be read by people, not by the parser.
fn escaped_only(body: &str, markup: &str) -> bool {
    // An attribute can only begin inside a tag: between an opening bracket and the next closing one.
    !markup.starts_with('<')
        && body.split('<').skip(1).all(|tag| {
            let tag = tag.split('>').next().unwrap_or_default();
            // Quoted values are data.
            let outside: String = tag.split('"').step_by(2).collect();
            !outside.contains(markup.trim_end_matches("=\"\""))
        })
}

#[tokio::test]
async fn below_a_base_path_everything_is_there_and_nothing_outside_it() {
    let scratch = Scratch::new();
    scratch.write("app.log", b"one\n");
    let server = TestServer::start(&scratch, &[("base_path", "/tl")]).await;
    assert!(server.url.ends_with(&format!("/tl/#token={TOKEN}")), "{}", server.url);
    let bearer = format!("Bearer {TOKEN}");
    let login = [("Authorization", bearer.as_str())];
    for (path, expected) in [
        ("/tl/", 200),
        ("/tl", 200),
        ("/tl/v/logs/app.log", 200),
        ("/tl/healthz", 200),
        ("/tl/api/v1/files", 200),
        ("/", 404),
        ("/v/logs/app.log", 404),
        ("/tlx/v/logs/app.log", 404),
    ] {
        assert_eq!(server.get(path, &login).await.status, expected, "{path}");
    }
    let page = server.get("/tl/v/logs/app.log", &login).await;
    assert!(page.body.contains("href=\"/tl/pkg/taillight.css"), "{}", page.body);
    let turned_away = server.get("/tl/v/logs/app.log", &[]).await;
    assert_eq!(turned_away.header("location"), "/tl/login?next=/tl/v/logs/app.log");
    assert!(server.get("/tl/login", &[]).await.body.contains("action=\"/tl/login\""));
    server.stop().await;
}

#[tokio::test]
async fn the_page_and_its_reader_links_walk_through_the_whole_file() {
    let scratch = Scratch::new();
    let lines: String = (1..=1000).map(|number| format!("line {number:04}\n")).collect();
    scratch.write("app.log", lines.as_bytes());
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    let page = server.get("/v/logs/app.log", &[]).await;
    assert!(page.body.contains("line 1000<") && page.body.contains("line 0801<") && !page.body.contains("line 0800<"));
    assert!(page.body.contains("<title>app.log · Taillight</title>"));
    let mut seen = std::collections::BTreeSet::new();
    let mut path = "/v/logs/app.log".to_owned();
    for _ in 0..20 {
        let page = server.get(&path, &[]).await;
        assert_eq!(page.status, 200, "{path}");
        seen.extend((1..=1000).filter(|number| page.body.contains(&format!("line {number:04}<"))));
        let boot = page.body.split_once("id=\"boot\"").unwrap().1.split_once('>').unwrap().1;
        let boot: serde_json::Value = serde_json::from_str(boot.split_once("</script>").unwrap().0).unwrap();
        match boot["screen"]["file"]["links"]["older"].as_str() {
            Some(older) => path = older.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 1000, "every line was on some page");
    server.stop().await;
}

/// The facts in a page.
fn boot_of(page: &str) -> serde_json::Value {
    let boot = page.split_once("id=\"boot\"").unwrap().1.split_once('>').unwrap().1;
    let boot: serde_json::Value = serde_json::from_str(boot.split_once("</script>").unwrap().0).unwrap();
    boot["screen"]["file"].clone()
}

/// The classes and the texts of the rows of a page.
fn rows_of(page: &str) -> Vec<(String, String)> {
    let rows = page.split("<div class=\"row").skip(1).filter_map(|row| row.split_once("</span></div>"));
    rows.filter_map(|(row, _)| {
        let (class, rest) = row.split_once('"')?;
        let text = rest.split_once("class=\"tx\" role=\"gridcell\">")?.1;
        (class.is_empty() || class.starts_with(' ')).then(|| (class.trim().to_owned(), text.to_owned()))
    })
    .collect()
}

#[tokio::test]
async fn a_filtered_link_opens_filtered_with_the_rows_in_the_html() {
    let scratch = Scratch::new();
    let line = |number: u32| match number % 100 {
        0 => format!("ERROR number {number:04} <b>\n"),
        50 => format!("error too, number {number:04}\n"),
        _ => format!("info number {number:04}\n"),
    };
    scratch.write("app.log", (1..=1000).map(line).collect::<String>().as_bytes());
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;

    let page = server.get("/v/logs/app.log?q=ERROR", &[]).await;
    let rows = rows_of(&page.body);
    let texts: Vec<&str> = rows.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts.len(), 10, "{texts:?}");
    assert_eq!((texts[0], texts[9]), ("ERROR number 0100 &lt;b&gt;", "ERROR number 1000 &lt;b&gt;"));
    assert!(page.body.contains("data-line=\"900\""), "rows keep their numbers");
    let boot = boot_of(&page.body);
    assert_eq!(boot["tip"]["shown"]["count"], 10);
    assert_eq!(boot["tip"]["shown"]["exact"], true);
    assert_eq!(boot["filtering"]["complete"], true);
    assert_eq!(boot["filtering"]["looked_through"], boot["filtering"]["of"]);
    assert_eq!((&boot["covers"][0], &boot["covers"][1]), (&serde_json::json!(0), &boot["tip"]["len"]));
    assert_eq!(boot["refused"], serde_json::json!([]));

    let page = server.get("/v/logs/app.log?q=ERROR&ctx=1&find=number%201000", &[]).await;
    let rows = rows_of(&page.body);
    let row = |class: &str, text: &str| (class.to_owned(), text.to_owned());
    assert_eq!(rows.len(), 29);
    assert_eq!(rows[0], row("ctx", "info number 0099"));
    assert_eq!(rows[3], row("ctx gap", "info number 0199"));
    assert_eq!(rows[28], row("hit error", "ERROR number 1000 &lt;b&gt;"));
    assert_eq!(rows.iter().filter(|(class, _)| class.contains("hit")).count(), 1);
    let boot = boot_of(&page.body);
    assert_eq!((&boot["tip"]["shown"]["count"], &boot["tip"]["found"]["matched"]["count"]), (&10.into(), &1.into()));

    // A wrong term is told, and the rest of the query is in force.
    let page = server.get("/v/logs/app.log?q=ERROR%20/(/&find=/[/", &[]).await;
    assert_eq!((page.status, rows_of(&page.body).len()), (200, 10));
    let boot = boot_of(&page.body);
    let refused = boot["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert_eq!((&refused[0]["find"], &refused[1]["find"]), (&false.into(), &true.into()));
    assert!(refused[0]["position"].as_u64().unwrap() >= 6 && !refused[0]["detail"].as_str().unwrap().is_empty());

    let page = server.get("/v/logs/app.log?q=nowhere", &[]).await;
    let boot = boot_of(&page.body);
    assert_eq!((rows_of(&page.body).len(), &boot["filtering"]["complete"]), (0, &true.into()));
    server.stop().await;
}

#[tokio::test]
async fn text_in_utf_16_is_said_to_be_not_read_wherever_it_is_asked_for() {
    let scratch = Scratch::new();
    let text: Vec<u8> = "\u{feff}an error\nfine\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    scratch.write("u.log", &text);
    scratch.write("plain.log", b"an error\n");
    let server = TestServer::start(&scratch, &[]).await;
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str())];
    for (path, status, said) in [
        ("/api/v1/lines/logs/u.log", 422, "iconv -f UTF-16 -t UTF-8"),
        ("/api/v1/lines/logs/u.log?q=error", 422, "iconv -f UTF-16 -t UTF-8"),
        ("/api/v1/count/logs/u.log?q=error", 422, "iconv -f UTF-16 -t UTF-8"),
        ("/raw/logs/u.log?q=error", 422, "iconv -f UTF-16 -t UTF-8"),
        ("/raw/logs/u.log?format=text", 422, "iconv -f UTF-16 -t UTF-8"),
        ("/v/logs/u.log?at=start", 200, "⟨text in UTF-16 is not read: convert it, as with iconv -f UTF-16 -t UTF-8⟩"),
        ("/v/logs/u.log", 200, "its text is in UTF-16, which is not read"),
        ("/v/logs/u.log?q=error", 200, "its text is in UTF-16, which is not read"),
        ("/v/logs/u.log?find=error", 200, "its text is in UTF-16, which is not read"),
        ("/api/v1/search?q=error", 200, "its text is in UTF-16, which is not read"),
        ("/api/v1/count/logs/plain.log?q=error", 200, "\"matched\":1"),
    ] {
        let answer = server.get(path, &headers).await;
        assert!(answer.status == status && answer.body.contains(said), "{path}: {} {}", answer.status, answer.body);
    }
    assert_eq!(server.get("/raw/logs/u.log", &headers).await.status, 200, "the bytes as they are");
    server.stop().await;
}

#[tokio::test]
async fn the_reader_links_of_a_filtered_page_keep_the_filter_and_miss_no_row() {
    let scratch = Scratch::new();
    let line = |number: u32| format!("{} {number:04}\n", if number.is_multiple_of(3) { "hit" } else { "miss" });
    scratch.write("app.log", (1..=3000).map(line).collect::<String>().as_bytes());
    let server = TestServer::start(&scratch, &[("auth", "none")]).await;
    let mut seen = std::collections::BTreeSet::new();
    let mut path = "/v/logs/app.log?q=hit".to_owned();
    for _ in 0..40 {
        let page = server.get(&path, &[]).await;
        let rows = rows_of(&page.body);
        assert!(rows.iter().all(|(_, text)| text.starts_with("hit")), "{path}");
        seen.extend(rows.into_iter().map(|(_, text)| text));
        match boot_of(&page.body)["links"]["older"].as_str() {
            Some(older) => path = older.to_owned(),
            None => break,
        }
        assert!(path.contains("q=hit"), "{path}");
    }
    assert_eq!(seen.len(), 1000, "every row was on some page");
    let page = server.get("/v/logs/app.log?q=hit&at=start", &[]).await;
    let newer = boot_of(&page.body)["links"]["newer"].as_str().unwrap().to_owned();
    assert!(newer.contains("q=hit"));
    let next = rows_of(&server.get(&newer, &[]).await.body);
    let last = rows_of(&page.body).pop().unwrap();
    let at = next.iter().position(|row| *row == last).expect("pages overlap by the rows before the place");
    assert!(at + 1 < next.len());
    server.stop().await;
}

#[tokio::test]
async fn the_program_is_sent_compressed_with_its_type_and_kept_by_its_version() {
    let scratch = Scratch::new();
    let site = scratch.path().join("site");
    std::fs::create_dir_all(site.join("pkg")).unwrap();
    for (name, bytes) in [
        ("pkg/taillight.js", "export default 1;"),
        ("pkg/taillight.js.br", "BROTLI"),
        ("pkg/taillight.js.gz", "GZIP"),
        ("pkg/taillight.wasm", "wasm"),
        ("pkg/taillight.css", "body{}"),
        ("robots.txt", "User-agent: *\nDisallow: /\n"),
        ("secret.txt", "x"),
    ] {
        std::fs::write(site.join(name), bytes).unwrap();
    }
    let server = TestServer::start(&scratch, &[]).await;
    let cases = [
        ("/pkg/taillight.js?v=1", "br, gzip", "BROTLI", "br", "text/javascript; charset=utf-8"),
        ("/pkg/taillight.js", "gzip", "GZIP", "gzip", "text/javascript; charset=utf-8"),
        ("/pkg/taillight.js", "identity", "export default 1;", "", "text/javascript; charset=utf-8"),
        ("/pkg/taillight.wasm", "br", "wasm", "", "application/wasm"),
        ("/robots.txt", "", "User-agent: *\nDisallow: /\n", "", "text/plain; charset=utf-8"),
    ];
    for (path, accepted, body, encoding, content_type) in cases {
        let answer = server.get(path, &[("Accept-Encoding", accepted)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path} {accepted}");
        assert_eq!(answer.header("content-encoding"), encoding, "{path} {accepted}");
        assert_eq!(answer.header("content-type"), content_type, "{path}");
        let is_versioned = path.contains("?v=");
        assert_eq!(answer.header("cache-control").contains("immutable"), is_versioned, "{path}");
        let tag = answer.header("etag").to_owned();
        let known = server.get(path, &[("Accept-Encoding", accepted), ("If-None-Match", &tag)]).await;
        assert_eq!((known.status, known.body.as_str()), (304, ""), "{path}");
    }
    let page = server.get("/", &[("Authorization", &format!("Bearer {TOKEN}"))]).await;
    assert!(page.body.contains("/pkg/taillight.wasm?v="), "{}", page.body);
    assert!(!page.body.contains("not built"));
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_does_not_come_is_cut_and_others_are_served_meanwhile() {
    let scratch = Scratch::new();
    let short = std::time::Duration::from_millis(300);
    let server = TestServer::start_at(&scratch, &[], "127.0.0.1:0", |server| server.with_head_timeout(short)).await;
    let mut slow = Vec::new();
    for text in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        slow.push((text, stream));
    }
    assert_eq!(server.get("/healthz", &[]).await.status, 200);
    for (text, mut stream) in slow {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "{text:?} is still open");
    }
    server.stop().await;
}

#[tokio::test]
async fn past_the_limit_a_connection_is_told_so_until_another_ends() {
    let scratch = Scratch::new();
    let server = TestServer::start(&scratch, &[("limits.connections", "2")]).await;
    let first = TcpStream::connect(server.addr).await.unwrap();
    let _second = TcpStream::connect(server.addr).await.unwrap();
    let mut third = TcpStream::connect(server.addr).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(DEADLINE, third.read_to_string(&mut answer)).await.expect("answered in time").unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(body.contains("server busy") && answer.contains(&format!("content-length: {}", body.len())), "{answer}");
    drop(first);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.addr);
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let mut next = TcpStream::connect(server.addr).await.unwrap();
        let mut buf = [0; 1024];
        let _ = next.write_all(request.as_bytes()).await;
        let n = tokio::time::timeout(DEADLINE, next.read(&mut buf)).await.expect("answered in time").unwrap_or(0);
        if buf[..n].starts_with(b"HTTP/1.1 200") {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "the slot never came back");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_end_takes_no_new_connections_and_waits_for_none_that_is_idle() {
    let (_scratch, server) = logs().await;
    let mut idle = TcpStream::connect(server.addr).await.unwrap();
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {}\r\n\r\n", server.addr);
    idle.write_all(request.as_bytes()).await.unwrap();
    let mut buf = [0; 1024];
    let n = idle.read(&mut buf).await.unwrap();
    assert!(buf[..n].starts_with(b"HTTP/1.1 200"));
    let addr = server.addr;
    server.stop().await;
    assert!(TcpStream::connect(addr).await.is_err());
    assert_eq!(idle.read(&mut buf).await.unwrap_or(0), 0, "the kept connection was closed");
}
