//! Levels, times and marks over the viewer's socket: what narrows a filter, what is counted, where a time is.

use taillight::cursor::{Anchor, Generation};
use taillight::level::{Level, LevelChoice, LevelCounts};
use taillight::line::{ByteOffset, LineCount};
use taillight::query::Narrow;
use taillight::timestamp::{Stamp, TimeExpr};
use taillight::wire::{ClientMsg, Failure, Filter, Levels, Marks, ServerMsg};

use crate::socket::ClientSocket;
use crate::support::TestServer;

/// 2026-11-22T00:00:00Z
const DAY: i64 = 1_795_305_600;

/// A line a second; every tenth an error, every hundredth with a line below it that has neither level nor time.
fn log(numbers: std::ops::Range<i64>) -> String {
    let line = |number: i64| {
        let stamp = Stamp::from_secs(DAY + number);
        let level = if number % 10 == 0 { "ERROR" } else { "INFO" };
        let below = if number % 100 == 0 { "    at somewhere\n" } else { "" };
        format!("{stamp} {level} number {number}\n{below}")
    };
    numbers.map(line).collect()
}

async fn page(viewer: &mut ClientSocket, req: u32, filter: Filter, at: Anchor) -> String {
    let message = ClientMsg::Filter { req, filter: Some(filter), at, before: 500, after: 500, follow: false };
    viewer.say(&message).await;
    let frame = viewer.frame(|frame| frame.req == req).await;
    String::from_utf8_lossy(&frame.payload).into_owned()
}

fn only(text: &str, wanted: impl Fn(&str) -> bool) -> String {
    text.split_inclusive('\n').filter(|line| wanted(line)).collect()
}

async fn levels_until(viewer: &mut ClientSocket, lines: u64) -> LevelCounts {
    let is_it = |msg: &ServerMsg| matches!(msg, ServerMsg::Levels(levels) if is_all(levels, lines));
    match viewer.message(is_it).await {
        ServerMsg::Levels(Levels { counts, .. }) => counts,
        other => panic!("no levels: {other:?}"),
    }
}

fn is_all(levels: &Levels, lines: u64) -> bool {
    let sum = levels.counts.levels.iter().map(|count| count.get()).sum::<u64>() + levels.counts.unknown.get();
    levels.exact && sum == lines
}

#[tokio::test]
async fn levels_and_times_narrow_what_is_shown_with_and_without_a_query() {
    let text = log(0..1_000);
    let server = TestServer::start(&[("app.log", &text)]).await;
    let mut viewer = server.viewer().await;
    viewer.open_filtered("logs/app.log", ("", 0), "", false).await;
    let narrow = |levels: &str, from: i64, to: i64| Narrow {
        levels: levels.parse().unwrap(),
        from: Stamp::from_secs(DAY + from).to_string(),
        to: Stamp::from_secs(DAY + to).to_string(),
    };
    let filter = |q: &str, narrow| Filter { q: q.to_owned(), ctx: 0, narrow };
    let is_between = |line: &str| {
        let number = line.rsplit(' ').next().and_then(|number| number.trim().parse::<i64>().ok());
        number.is_some_and(|number| (200..300).contains(&number))
    };
    let below_200 = |line: &str| line == "    at somewhere\n";
    let expected = only(&text, |line| line.contains("ERROR") && is_between(line));
    assert_eq!(page(&mut viewer, 1, filter("", narrow("error", 200, 300)), Anchor::End).await, expected);
    let expected = only(&text, |line| line.contains("number 25") && is_between(line));
    assert_eq!(page(&mut viewer, 2, filter("\"number 25\"", narrow("", 200, 300)), Anchor::End).await, expected);
    // A line without a time belongs to the one above it; its level is its own.
    let shown = page(&mut viewer, 3, filter("", narrow("unknown", 200, 300)), Anchor::End).await;
    assert_eq!(shown, only(&text, below_200)[..below_len()]);
    let refused = Filter { narrow: Narrow { from: "soon".into(), ..Narrow::default() }, ..Filter::default() };
    let message =
        ClientMsg::Filter { req: 4, filter: Some(refused), at: Anchor::End, before: 1, after: 0, follow: false };
    viewer.say(&message).await;
    let is_refused = |msg: &ServerMsg| matches!(msg, ServerMsg::Refused { req: 4, find: false, detail, .. } if detail.contains("'from'"));
    viewer.message(is_refused).await;
}

fn below_len() -> usize {
    "    at somewhere\n".len()
}

#[tokio::test]
async fn levels_are_counted_for_who_asks_and_follow_the_file() {
    let server = TestServer::start(&[("app.log", &log(0..1_000))]).await;
    let mut viewer = server.viewer().await;
    let first = viewer.open_filtered("logs/app.log", ("", 0), "", true).await;
    viewer.say(&ClientMsg::Levels { on: true }).await;
    let counts = levels_until(&mut viewer, 1_010).await;
    assert_eq!((counts.of(Some(Level::Error)).get(), counts.of(Some(Level::Info)).get()), (100, 900));
    assert_eq!(counts.unknown, LineCount::new(10));
    // An unfinished line counts as it stands.
    server.append("app.log", "FATAL: out of");
    let counts = levels_until(&mut viewer, 1_011).await;
    assert_eq!(counts.of(Some(Level::Fatal)), LineCount::new(1));
    server.append("app.log", " order\n");
    viewer.live_until(" order\n").await;

    let len = log(0..1_000).len() as u64 + "FATAL: out of order\n".len() as u64;
    viewer.say(&ClientMsg::Find { req: 1, term: Some("number 77".into()) }).await;
    let is_found = |msg: &ServerMsg| matches!(msg, ServerMsg::Tip(tip) if tip.found.is_some_and(|f| f.matched.exact));
    viewer.message(is_found).await;
    viewer.say(&ClientMsg::Marks { req: 2, generation: first.generation, parts: 100 }).await;
    let marks = viewer.message(|msg| matches!(msg, ServerMsg::Marks { req: 2, .. })).await;
    let ServerMsg::Marks { marks: Marks { len: of, parts: 100, found, shown, levels }, .. } = marks else {
        panic!("no marks: {marks:?}")
    };
    assert_eq!((of, shown), (ByteOffset::new(len), vec![]));
    // Number 77, and 770 to 779.
    assert!(
        found.len() >= 2 && found.iter().all(|part| (7..=8).contains(part) || (75..=79).contains(part)),
        "{found:?}"
    );
    assert!(levels.len() >= 95, "an error in nearly each part: {levels:?}");
    assert_eq!(levels.last(), Some(&(99, Level::Fatal)));
    viewer.say(&ClientMsg::Marks { req: 3, generation: first.generation, parts: 100_000 }).await;
    assert_eq!(viewer.closed().await, taillight::wire::CLOSE_PROTOCOL);
}

#[tokio::test]
async fn a_page_can_be_asked_for_by_time_and_says_where_it_landed() {
    let server = TestServer::start(&[("app.log", &log(0..1_000))]).await;
    let mut viewer = server.viewer().await;
    let first = viewer.open_filtered("logs/app.log", ("", 0), "", false).await;
    let at = |secs: i64| Anchor::Time(TimeExpr::at(Stamp::from_secs(DAY + secs)));
    for (req, secs, line) in [(1, 500, "number 500"), (2, -10, "number 0"), (3, 5_000, "number 999")] {
        viewer.say(&ClientMsg::Page { req, generation: first.generation, at: at(secs), before: 0, after: 1 }).await;
        let landed = viewer.message(|msg| matches!(msg, ServerMsg::Landed { .. })).await;
        let frame = viewer.frame(|frame| frame.req == req).await;
        let text = String::from_utf8_lossy(&frame.payload).into_owned();
        assert!(text.trim_end().ends_with(line), "{secs}: {text:?}");
        let ServerMsg::Landed { req: of, at, wanted, found, .. } = landed else { panic!("{landed:?}") };
        assert_eq!((of, at, wanted), (req, frame.offset, Stamp::from_secs(DAY + secs)));
        assert!(text.starts_with(&found.unwrap().to_string()), "{found:?}");
    }
}

/// Asks on until a row of these levels is found, or there is none that way.
async fn seek(
    viewer: &mut ClientSocket,
    (generation, from): (Generation, u64),
    levels: LevelChoice,
    down: bool,
) -> Option<u64> {
    let mut from = ByteOffset::new(from);
    for req in 1_000.. {
        viewer.say(&ClientMsg::Seek { req, generation, from, down, levels: Some(levels) }).await;
        let sought = viewer.message(|msg| matches!(msg, ServerMsg::Sought { .. } | ServerMsg::Failed { .. })).await;
        let ServerMsg::Sought { req: of, found, reached, at_end, .. } = sought else { panic!("{sought:?}") };
        assert_eq!(of, req);
        if found.is_some() || at_end {
            return found.map(ByteOffset::get);
        }
        assert_ne!(from, reached, "no progress");
        from = reached;
    }
    None
}

/// Where the lines start that are wanted.
fn starts(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<u64> {
    let mut start = 0;
    let mut starts = Vec::new();
    for line in text.split_inclusive('\n') {
        if wanted(line) {
            starts.push(start);
        }
        start += line.len() as u64;
    }
    starts
}

#[tokio::test]
async fn errors_and_warnings_are_gone_through_among_the_shown_rows() {
    // Warnings and worse are far apart: an answer looks through less than what is between.
    let quiet = "2026-11-22T00:00:00Z INFO nothing to see\n".repeat(60_000);
    let loud = "WARN: one\nERROR: two, shown\nERROR three\nWARN: four, shown\nFATAL: five, shown\nINFO: an error?\n";
    let text = format!("{loud}{quiet}{loud}{quiet}{loud}ERROR: at the end");
    let server = TestServer::start(&[("app.log", &text)]).await;
    let mut viewer = server.viewer().await;
    let generation = viewer.open_filtered("logs/app.log", ("", 0), "", false).await.generation;
    let is_error = |line: &str| line.starts_with("ERROR") || line.starts_with("FATAL");
    let is_warning = |line: &str| line.starts_with("WARN");
    for (filter, has_levels) in [("", false), ("", true), ("shown or end", true), ("shown or end", false)] {
        viewer.say(&ClientMsg::Levels { on: has_levels }).await;
        if has_levels {
            levels_until(&mut viewer, text.lines().count() as u64).await;
        }
        let q = Filter { q: filter.to_owned(), ctx: 2, ..Filter::default() };
        page(&mut viewer, 7, q, Anchor::Start).await;
        let is_shown = |line: &str| filter.is_empty() || line.contains("shown") || line.contains("end");
        for (levels, expected) in [
            (LevelChoice::ERRORS, starts(&text, |line| is_error(line) && is_shown(line))),
            (LevelChoice::WARNINGS, starts(&text, |line| is_warning(line) && is_shown(line))),
        ] {
            let (mut found, mut from) = (Vec::new(), 0);
            while let Some(row) = seek(&mut viewer, (generation, from), levels, true).await {
                found.push(row);
                from = row + 1;
            }
            assert_eq!(found, expected, "{levels} down in {filter:?}");
            let (mut found, mut from) = (Vec::new(), text.len() as u64);
            while let Some(row) = seek(&mut viewer, (generation, from), levels, false).await {
                found.insert(0, row);
                from = row;
            }
            assert_eq!(found, expected, "{levels} up in {filter:?}");
        }
    }
}

#[tokio::test]
async fn of_a_file_that_was_cut_nothing_more_is_found() {
    let server = TestServer::start(&[("app.log", "ERROR: old\nINFO: old\n")]).await;
    let mut viewer = server.viewer().await;
    let (_, page) = viewer.open("logs/app.log", true).await;
    server.write("app.log", "ERROR: new\n");
    viewer.live_until("ERROR: new\n").await;
    let next = viewer.place.expect("a place").0;
    assert_ne!(next, page.generation);
    assert_eq!(seek(&mut viewer, (next, 100), LevelChoice::ERRORS, false).await, Some(0));
    for levels in [None, Some(LevelChoice::ERRORS)] {
        let from = ByteOffset::new(11);
        viewer.say(&ClientMsg::Find { req: 1, term: Some("old".to_owned()) }).await;
        viewer.say(&ClientMsg::Seek { req: 2, generation: page.generation, from, down: false, levels }).await;
        viewer.message(|msg| matches!(msg, ServerMsg::Failed { req: 2, error: Failure::Gone, .. })).await;
    }
}
