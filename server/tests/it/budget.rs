//! Searches that stop where their ration ends, and large ones of links that wait for a wish.

use taillight::cursor::Anchor;
use taillight::line::LineCount;
use taillight::wire::{ClientMsg, Filter, Levels, Matched, ServerMsg, Tip, Wished};

use crate::socket::{ClientSocket, PATIENCE, Said, filter_of, open};
use crate::support::TestServer;

const MIB: usize = 1 << 20;

/// `n` MiB of lines of 64 bytes, 16 hits in each.
fn lines(n: usize) -> String {
    let line =
        |nth: usize| format!("{nth:010} a line of a log {:>36}\n", if nth % 1024 == 9 { "needle" } else { "straw" });
    (0..MIB / 64).map(line).collect::<String>().repeat(n)
}

/// A server whose searches stop after so many bytes, and links begin none of more.
async fn server(n: usize, view_bytes: usize, link_bytes: usize) -> TestServer {
    TestServer::changed(&[("app.log", &lines(n))], |config| {
        config.limits.view_bytes = view_bytes as u64;
        config.limits.link_search_bytes = link_bytes as u64;
    })
    .await
}

/// A viewer of `?q=needle`, which somebody has typed or a link says.
async fn viewer(server: &TestServer, is_wished: bool) -> ClientSocket {
    viewer_of(server, None, Wished { filter: is_wished, find: is_wished }).await
}

/// The same with a find term.
async fn viewer_of(server: &TestServer, term: Option<&str>, of: Wished) -> ClientSocket {
    let mut viewer = server.viewer().await;
    let mut message = open("logs/app.log", Anchor::End, false, None);
    if let ClientMsg::Open { filter, find, wished, .. } = &mut message {
        (*filter, *find, *wished) = (filter_of(("needle", 0)), term.map(str::to_owned), of);
    }
    viewer.say(&message).await;
    viewer
}

/// What the filter has found, once that is so.
async fn shown(viewer: &mut ClientSocket, is_it: impl Fn(&Matched) -> bool) -> Matched {
    let of = |tip: &Tip| tip.shown.filter(&is_it);
    let told = viewer.message(|msg| match msg {
        ServerMsg::Opened { tip, .. } | ServerMsg::Tip(tip) => of(tip).is_some(),
        _ => false,
    });
    // Pings go on whatever is not told.
    match tokio::time::timeout(PATIENCE, told).await.expect("it is told") {
        ServerMsg::Opened { tip, .. } | ServerMsg::Tip(tip) => of(&tip).expect("it is so"),
        other => panic!("no tip: {other:?}"),
    }
}

fn is_all(matched: &Matched, count: u64) -> bool {
    matched.exact && !matched.stopped && matched.count == LineCount::new(count)
}

#[tokio::test]
async fn a_search_stops_and_goes_on_for_all_who_look_for_the_same() {
    let server = server(6, 2 * MIB, 9 * MIB).await;
    let (mut one, mut other) = (viewer(&server, true).await, viewer(&server, false).await);
    for (mib, count) in [(2, 32), (4, 64)] {
        let stands = |matched: &Matched| matched.stopped && matched.scanned.get() == (mib * MIB) as u64;
        for viewer in [&mut one, &mut other] {
            let matched = shown(viewer, stands).await;
            assert_eq!((matched.count.get(), matched.exact), (count, false));
        }
        one.say(&ClientMsg::Continue).await;
    }
    for viewer in [&mut one, &mut other] {
        shown(viewer, |matched| is_all(matched, 96)).await;
    }
    // What comes now is no search, and is told.
    server.append("app.log", "one more needle\n");
    shown(&mut other, |matched| is_all(matched, 97)).await;
}

#[tokio::test]
async fn a_link_to_a_large_file_waits_and_what_is_typed_does_not() {
    let server = server(6, 9 * MIB, 2 * MIB).await;
    let mut linked = viewer(&server, false).await;
    let waits = shown(&mut linked, |_| true).await;
    assert_eq!((waits.stopped, waits.scanned.get(), waits.count), (true, 0, LineCount::ZERO), "from the first word on");
    let page = server.get("/v/logs/app.log?q=needle").await;
    assert!(page.contains("not searched: 6.3 MB"), "the document says so, too");
    assert!(!page.contains("0 % looked through"));
    assert!(
        server.get("/v/logs/app.log?find=straw").await.contains(">not counted<"),
        "and what is not found is not said"
    );
    assert!(page.contains("a line of a log"), "and shows a first screen");
    assert!(page.contains(r#"aria-describedby="limit""#), "and the button says what it is about");
    let plain = server.get("/v/logs/app.log").await;
    assert!(
        plain.contains(r#"role="status" aria-label="Search limit"><span id="limit">"#),
        "which is read aloud only where it stands before its text"
    );
    assert!(!plain.contains(">Continue<"));
    // Another filter, typed: its own search.
    let filter = Some(Filter { q: "line needle".to_owned(), ..Filter::default() });
    linked.say(&ClientMsg::Filter { req: 1, filter, at: Anchor::End, before: 9, after: 0, follow: false }).await;
    shown(&mut linked, |matched| is_all(matched, 96)).await;

    let mut linked = viewer(&server, false).await;
    assert!(shown(&mut linked, |_| true).await.stopped);
    linked.say(&ClientMsg::Continue).await;
    shown(&mut linked, |matched| is_all(matched, 96)).await;
    let mut late = viewer(&server, false).await;
    shown(&mut late, |matched| is_all(matched, 96)).await;
}

#[tokio::test]
async fn a_wish_for_a_filter_is_none_for_what_a_link_finds_and_the_other_way_round() {
    let none = Wished::default();
    // What the first message wishes, and what is typed then.
    let typed_filter = Some(Filter { q: "log needle".to_owned(), ..Filter::default() });
    let typed_filter =
        ClientMsg::Filter { req: 1, filter: typed_filter, at: Anchor::End, before: 9, after: 0, follow: false };
    let typed_find = ClientMsg::Find { req: 1, term: Some("of".to_owned()) };
    for (term, wished, typed, is_found) in [
        ("a", Wished { filter: true, ..none }, None, false),
        ("line", none, Some(typed_filter), false),
        ("log", none, Some(typed_find), true),
        ("needle", Wished { find: true, ..none }, None, true),
    ] {
        // Nobody else holds these counts.
        let server = server(6, 9 * MIB, 2 * MIB).await;
        let mut viewer = viewer_of(&server, Some(term), wished).await;
        if let Some(message) = &typed {
            viewer.say(message).await;
        }
        let is_one = |tip: &Tip| {
            let (shown, found) = (tip.shown?, tip.found?.matched);
            let (counted, waits) = if is_found { (found, shown) } else { (shown, found) };
            (counted.exact && waits.stopped && waits.scanned.get() == 0).then_some(())
        };
        let told = viewer.message(|msg| match msg {
            ServerMsg::Opened { tip, .. } | ServerMsg::Tip(tip) => is_one(tip).is_some(),
            _ => false,
        });
        tokio::time::timeout(PATIENCE, told).await.unwrap_or_else(|_| panic!("{term}"));
    }
}

#[tokio::test]
async fn levels_of_a_link_wait_with_its_search() {
    let server = server(3, 9 * MIB, MIB).await;
    let mut linked = viewer(&server, false).await;
    linked.say(&ClientMsg::Levels { on: true }).await;
    // Counters are told with the levels: those that come twice had none to tell.
    for nth in 1..3 {
        server.append("app.log", "straw\n");
        loop {
            match linked.next().await {
                Said::Msg(ServerMsg::Tip(tip)) if tip.len.get() == (3 * MIB + 6 * nth) as u64 => break,
                Said::Msg(ServerMsg::Levels(levels)) => panic!("nobody has wished them: {levels:?}"),
                _ => {}
            }
        }
    }
    linked.say(&ClientMsg::Continue).await;
    linked.message(|msg| matches!(msg, ServerMsg::Levels(levels) if levels.exact)).await;
}

#[tokio::test]
async fn levels_stop_and_go_on_for_all_who_count_them() {
    let server = server(6, 2 * MIB, 9 * MIB).await;
    let mut viewers = [server.viewer().await, server.viewer().await];
    for viewer in &mut viewers {
        viewer.say(&open("logs/app.log", Anchor::End, false, None)).await;
        viewer.say(&ClientMsg::Levels { on: true }).await;
    }
    for n in [2, 4, 6] {
        for viewer in &mut viewers {
            let stands = |levels: &Levels| levels.scanned.get() == (n * MIB) as u64 && levels.stopped == (n < 6);
            let told = viewer.message(|msg| matches!(msg, ServerMsg::Levels(levels) if stands(levels)));
            let ServerMsg::Levels(levels) = tokio::time::timeout(PATIENCE, told).await.expect("it is told") else {
                unreachable!("it was asked for")
            };
            assert_eq!((levels.counts.of(None).get(), levels.exact), ((n * MIB / 64) as u64, n == 6));
        }
        viewers[0].say(&ClientMsg::Continue).await;
    }
}

#[tokio::test]
async fn a_count_from_outside_is_whole_while_viewers_stand() {
    let server = server(6, MIB, MIB).await;
    let (mut typed, mut linked) = (viewer(&server, true).await, viewer(&server, false).await);
    for viewer in [&mut typed, &mut linked] {
        shown(viewer, |matched| matched.stopped).await;
    }
    let answer = server.get("/api/v1/count/logs/app.log?q=needle&wait=30").await;
    assert!(answer.contains(r#""matched":96"#) && answer.contains(r#""complete":true"#), "{answer}");
    for viewer in [&mut typed, &mut linked] {
        shown(viewer, |matched| is_all(matched, 96)).await;
    }
}

#[tokio::test]
async fn live_rows_come_while_a_search_stands_and_a_cut_file_is_searched_anew() {
    let server = server(4, MIB, 9 * MIB).await;
    let mut viewer = server.viewer().await;
    let page = viewer.open_filtered("logs/app.log", ("needle", 0), "", true).await;
    assert!(page.rows().count() > 9);
    shown(&mut viewer, |matched| matched.stopped).await;
    server.append("app.log", "one more needle\nand straw\nand a needle\n");
    viewer.live_until("and a needle\n").await;
    assert_eq!(String::from_utf8_lossy(&viewer.live), "one more needle\nand a needle\n");
    assert!(viewer.tip.is_none_or(|tip| tip.shown.is_none_or(|shown| shown.stopped)), "the rest still waits");
    viewer.live.clear();
    server.write("app.log", "a new needle\n");
    viewer.live_until("a new needle\n").await;
    shown(&mut viewer, |matched| is_all(matched, 1)).await;
}
