//! Logging in and out, and how long that holds.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/server.rs"]
mod common;

use common::{Scratch, TOKEN, TestServer};

#[tokio::test]
async fn the_printed_address_leads_to_the_login_page_and_its_token_to_the_page_asked_for() {
    let scratch = Scratch::new();
    scratch.write("app.log", b"first line\n");
    let server = TestServer::start(&scratch, &[]).await;
    assert_eq!(server.url, format!("http://{}/#token={TOKEN}", server.addr));

    let turned_away = server.get("/v/logs/app.log?at=line:1&wrap=1", &[]).await;
    assert_eq!(turned_away.status, 303);
    let login = "/login?next=/v/logs/app.log%3Fat%3Dline%3A1%26wrap%3D1";
    assert_eq!(turned_away.header("location"), login);

    let form = server.get(login, &[]).await;
    assert_eq!(form.status, 200);
    assert!(form.body.contains(r#"name="next" value="/v/logs/app.log?at=line:1&amp;wrap=1""#), "{}", form.body);
    assert!(form.body.contains(r#"method="post" action="/login""#));
    assert!(!form.body.contains(TOKEN));

    let wrong = server.post_form("/login", "token=nonsense&next=%2F", &[]).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.body.contains("not the token"));
    assert_eq!(wrong.header("set-cookie"), "");

    let right = server.post_form("/login", &format!("token={TOKEN}&next=%2Fv%2Flogs%2Fapp.log"), &[]).await;
    assert_eq!((right.status, right.header("location")), (303, "/v/logs/app.log"));
    let cookie = right.header("set-cookie");
    assert!(cookie.starts_with(&format!("taillight_{}=", server.addr.port())), "{cookie}");
    for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=86400"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");

    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = server.get("/v/logs/app.log", &[("Cookie", &cookie)]).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("first line"), "{}", page.body);
    let again = server.get("/login?next=/v/logs/app.log", &[("Cookie", &cookie)]).await;
    assert_eq!((again.status, again.header("location")), (303, "/v/logs/app.log"));
    server.stop().await;
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_after_login() {
    let scratch = Scratch::new();
    let server = TestServer::start(&scratch, &[]).await;
    for next in ["//evil.example", "https://evil.example", "/\\evil.example", "%0d%0aX: y", "javascript:alert(1)"] {
        let next: String = next.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer = server.post_form("/login", &format!("token={TOKEN}&next={next}"), &[]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{next}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_session_survives_a_restart_and_ends_with_logout() {
    let scratch = Scratch::new();
    let server = TestServer::start(&scratch, &[]).await;
    let (addr, cookie) = (server.addr.to_string(), server.log_in().await);
    assert_eq!(server.get("/", &[("Cookie", &cookie)]).await.status, 200);
    let id = cookie.split_once('=').unwrap().1.to_owned();
    server.stop().await;
    let kept = std::fs::read_to_string(scratch.path().join("data/sessions.json")).unwrap();
    assert!(!kept.contains(&id), "only the hash of the id is kept");
    assert!(!kept.contains(TOKEN));

    let server = TestServer::start_at(&scratch, &[], &addr, |server| server).await;
    assert_eq!(server.get("/", &[("Cookie", &cookie)]).await.status, 200, "after the restart");
    let foreign = [("Cookie", cookie.as_str()), ("Origin", "http://evil.example")];
    assert_eq!(server.send("POST", "/logout", &foreign, "").await.status, 403);
    let foreign = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(server.send("POST", "/logout", &foreign, "").await.status, 403);
    assert_eq!(server.get("/", &[("Cookie", &cookie)]).await.status, 200, "still there");
    let out = server.send("POST", "/logout", &[("Cookie", &cookie)], "").await;
    assert_eq!((out.status, out.header("location")), (303, "/login"));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(server.get("/", &[("Cookie", &cookie)]).await.status, 303, "after logout");
    server.stop().await;

    let server = TestServer::start_at(&scratch, &[], &addr, |server| server).await;
    assert_eq!(server.get("/", &[("Cookie", &cookie)]).await.status, 303, "after logout and a restart");
    server.stop().await;
}

#[tokio::test]
async fn guessing_is_stopped_for_a_while_and_scripts_do_not_lock_people_out() {
    let scratch = Scratch::new();
    let server = TestServer::start(&scratch, &[]).await;
    for _ in 0..15 {
        server.get("/api/v1/files", &[("Authorization", "Bearer nonsense")]).await;
    }
    let script = server.get("/api/v1/files", &[("Authorization", "Bearer nonsense")]).await;
    assert_eq!(script.status, 429);
    let cookie = server.log_in().await;
    for attempt in 0..10 {
        let answer = server.post_form("/login", "token=guess", &[]).await;
        assert_eq!(answer.status, 401, "attempt {attempt}");
    }
    let answer = server.post_form("/login", &format!("token={TOKEN}"), &[]).await;
    assert_eq!(answer.status, 429, "even the right one is not looked at");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() <= 61);
    assert_eq!(server.get("/", &[("Cookie", &cookie)]).await.status, 200, "who is in stays in");
    server.stop().await;
}

#[tokio::test]
async fn a_login_from_another_site_or_of_another_form_is_refused() {
    let scratch = Scratch::new();
    let server = TestServer::start(&scratch, &[]).await;
    let form = format!("token={TOKEN}");
    for headers in [("Origin", "http://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")] {
        assert_eq!(server.post_form("/login", &form, &[headers]).await.status, 403, "{headers:?}");
    }
    let json = server.send("POST", "/login", &[("Content-Type", "application/json")], "{}").await;
    assert_eq!(json.status, 400);
    let large = format!("token={}", "a".repeat(64 * 1024));
    assert_eq!(server.post_form("/login", &large, &[]).await.status, 400);
    server.stop().await;
}

#[tokio::test]
async fn behind_tls_the_cookie_is_secure() {
    let scratch = Scratch::new();
    let server = TestServer::start(&scratch, &[]).await;
    let headers = [("Host", "tls.example"), ("Origin", "https://tls.example")];
    let answer = server.post_form("/login", &format!("token={TOKEN}"), &headers).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("set-cookie").contains("; Secure"), "{}", answer.head);
    server.stop().await;
}
