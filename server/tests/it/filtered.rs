//! Filter and find against a real server: pages, live frames, counts, seek, spans, and what goes wrong.

use std::time::Duration;

use taillight::cursor::{Anchor, Cursor, Generation, Marker};
use taillight::line::{ByteLen, ByteOffset, LineCount, LineNo};
use taillight::wire::{ClientMsg, FileEvent, Frame, FrameKind, Resume, ServerMsg, Tip};

use crate::socket::{ClientSocket, Said, filter_of, open, place_after};
use crate::support::TestServer;

/// Lines of which every seventh is a `hit` and every third of those a `deep hit`.
fn lines(numbers: std::ops::Range<u64>) -> String {
    let line = |number: u64| match (number % 7, number % 21) {
        (0, 0) => format!("deep hit {number}\n"),
        (0, _) => format!("hit {number}\n"),
        _ => format!("line {number}\n"),
    };
    numbers.map(line).collect()
}

fn only(text: &str, word: &str) -> String {
    text.split_inclusive('\n').filter(|line| line.contains(word)).collect()
}

/// The lines with a hit and `ctx` lines around them.
fn around(text: &str, word: &str, ctx: usize) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_hit = |nth: usize| lines[nth].contains(word);
    let is_shown = |nth: usize| (nth.saturating_sub(ctx)..(nth + ctx + 1).min(lines.len())).any(is_hit);
    (0..lines.len()).filter(|nth| is_shown(*nth)).map(|nth| lines[nth]).collect()
}

fn text_of(frame: &Frame) -> String {
    String::from_utf8_lossy(&frame.payload).into_owned()
}

fn page_at(req: u32, generation: Generation, at: Anchor, before: u32, after: u32) -> ClientMsg {
    ClientMsg::Page { req, generation, at, before, after }
}

/// Waits for counters that are exact and as wanted.
async fn tip_until(viewer: &mut ClientSocket, is_it: impl Fn(&Tip) -> bool) -> Tip {
    if let Some(tip) = viewer.tip.filter(&is_it) {
        return tip;
    }
    match viewer.message(|msg| matches!(msg, ServerMsg::Tip(tip) if is_it(tip))).await {
        ServerMsg::Tip(tip) => tip,
        other => panic!("not a tip: {other:?}"),
    }
}

fn shows(tip: &Tip, count: u64) -> bool {
    tip.shown.is_some_and(|shown| shown.exact && shown.count == LineCount::new(count))
}

fn finds(tip: &Tip, count: u64) -> bool {
    tip.found.is_some_and(|found| found.matched.exact && found.matched.count == LineCount::new(count))
}

#[tokio::test]
async fn pages_hold_the_matching_rows_with_their_numbers_and_lead_through_the_whole_file() {
    let text = lines(0..5_000);
    let server = TestServer::start(&[("app.log", &text)]).await;
    let mut viewer = server.viewer().await;
    let first = viewer.open_filtered("logs/app.log", ("hit", 0), "", false).await;
    assert!(first.flags.at_end && first.end.get() == text.len() as u64);
    let mut pages = vec![text_of(&first)];
    let mut offset = first.offset;
    tip_until(&mut viewer, |tip| tip.lines.exact).await;
    for req in 1.. {
        viewer.say(&page_at(req, first.generation, Anchor::Byte(offset), 100, 0)).await;
        let frame = viewer.frame(|frame| frame.req == req).await;
        assert_eq!(frame.end, offset, "pages adjoin");
        for row in frame.rows() {
            let before = &text.as_bytes()[..row.offset.get() as usize];
            let number = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
            assert_eq!(row.line, LineNo::new(number));
        }
        pages.push(text_of(&frame));
        offset = frame.offset;
        if frame.flags.at_start {
            break;
        }
    }
    pages.reverse();
    assert_eq!(pages.concat(), only(&text, "hit"));
}

#[tokio::test]
async fn a_filter_holds_on_the_live_end_under_rotation_and_truncation() {
    for ctx in [0, 2] {
        let server = TestServer::start(&[("app.log", &lines(1..1_000))]).await;
        let mut viewer = server.viewer().await;
        viewer.open_filtered("logs/app.log", ("hit", ctx), "", true).await;
        let old = lines(1_000..2_000) + "the last hit of the old file";
        server.append("app.log", &old);
        server.rename("app.log", "app.log.1");
        let new = lines(2_000..3_000) + "new hit\n";
        server.append("app.log", &new);
        viewer.live_until("new hit\n").await;
        let whole_old = lines(1..1_000) + &old;
        let shown_before = around(&lines(1..1_000), "hit", ctx as usize);
        let mut expected = around(&whole_old, "hit", ctx as usize).split_off(shown_before.len());
        // The rest of the old file has no line feed, and comes as it stands.
        let rest = "the last hit of the old file";
        assert!(expected.ends_with(rest));
        expected.truncate(expected.len() - rest.len());
        expected += &around(&new, "hit", ctx as usize);
        assert_eq!(String::from_utf8_lossy(&viewer.live), expected, "{ctx} rows around");
        assert!(matches!(viewer.events[..], [ServerMsg::Event { event: FileEvent::Rotated, .. }]));

        viewer.live.clear();
        server.write("app.log", "miss\nhit again\n");
        viewer.live_until("hit again\n").await;
        let expected = if ctx == 0 { "hit again\n" } else { "miss\nhit again\n" };
        assert_eq!(String::from_utf8_lossy(&viewer.live), expected);
        let last = viewer.events.last();
        assert!(matches!(last, Some(ServerMsg::Event { event: FileEvent::Truncated { .. }, .. })), "{last:?}");
    }
}

#[tokio::test]
async fn what_does_not_match_moves_the_place_with_few_frames() {
    let server = TestServer::start(&[("app.log", "hit\n")]).await;
    let mut viewer = server.viewer().await;
    viewer.open_filtered("logs/app.log", ("hit", 0), "", true).await;
    let miss = "nothing here\n".repeat(1_000);
    let mut end = ByteOffset::new(4);
    for _ in 0..50 {
        server.append("app.log", &miss);
        end = end + ByteLen::new(miss.len() as u64);
        tip_until(&mut viewer, |tip| tip.len == end).await;
    }
    while viewer.place.is_none_or(|(_, place)| place < end) {
        viewer.next().await;
    }
    assert!(viewer.live.is_empty());
    assert!(viewer.n_live < 20, "{} frames for nothing", viewer.n_live);
}

#[tokio::test]
async fn an_unfinished_line_is_shown_only_while_it_matches() {
    let server = TestServer::start(&[("app.log", "hit\n")]).await;
    let mut viewer = server.viewer().await;
    viewer.open_filtered("logs/app.log", ("hit", 1), "", true).await;
    server.append("app.log", "a\nb\nnot");
    tip_until(&mut viewer, |tip| tip.len.get() == 11).await;
    server.append("app.log", " yet a hit");
    let frame = viewer.frame(|frame| frame.kind == FrameKind::Live && frame.flags.unfinished).await;
    assert!(text_of(&frame).ends_with("b\nnot yet a hit"), "{frame:?}");
    server.append("app.log", "!\nmiss\n");
    viewer.live_until("hit!\nmiss\n").await;
    assert_eq!(String::from_utf8_lossy(&viewer.live), "a\nb\nnot yet a hit!\nmiss\n");
}

#[tokio::test]
async fn a_wrong_filter_is_refused_and_the_old_one_stays_in_force() {
    let text = lines(0..1_000);
    let server = TestServer::start(&[("app.log", &text)]).await;
    let mut viewer = server.viewer().await;
    let first = viewer.open_filtered("logs/app.log", ("deep", 0), "", true).await;
    let wrong = ClientMsg::Filter {
        req: 3,
        filter: filter_of(("a /(/", 0)),
        at: Anchor::End,
        before: 9,
        after: 0,
        follow: false,
    };
    viewer.say(&wrong).await;
    let refused = viewer.message(|msg| matches!(msg, ServerMsg::Refused { .. })).await;
    let ServerMsg::Refused { req: 3, find: false, position, detail } = refused else { panic!("{refused:?}") };
    assert!((2..=4).contains(&position) && !detail.is_empty(), "{position}: {detail}");
    viewer.say(&ClientMsg::Find { req: 4, term: Some("/[/".to_owned()) }).await;
    let refused = viewer.message(|msg| matches!(msg, ServerMsg::Refused { .. })).await;
    assert!(matches!(refused, ServerMsg::Refused { req: 4, find: true, .. }), "{refused:?}");
    server.append("app.log", "hit\ndeep\n");
    viewer.live_until("deep\n").await;
    assert_eq!(viewer.live, b"deep\n", "still live and still filtered");
    assert_eq!(text_of(&first), only(&text, "deep"));
}

#[tokio::test]
async fn a_wrong_term_of_a_link_is_told_and_the_rest_of_it_is_in_force() {
    let server = TestServer::start(&[("app.log", &lines(0..100))]).await;
    let mut viewer = server.viewer().await;
    let mut message = open("logs/app.log", Anchor::End, true, None);
    if let ClientMsg::Open { filter, find, .. } = &mut message {
        *filter = filter_of(("deep /(/", 0));
        *find = Some("/[/".to_owned());
    }
    viewer.say(&message).await;
    let mut refused = Vec::new();
    let page = loop {
        match viewer.next().await {
            Said::Msg(ServerMsg::Refused { req: 0, find, .. }) => refused.push(find),
            Said::Frame(frame) => break frame,
            Said::Closed(code) => panic!("closed with {code}"),
            _ => {}
        }
    };
    assert_eq!(refused, [false, true]);
    assert_eq!(text_of(&page), only(&lines(0..100), "deep"));
}

#[tokio::test]
async fn nothing_is_looked_for_in_a_text_in_utf_16_and_that_is_told() {
    let server = TestServer::start(&[]).await;
    let text: Vec<u8> = "\u{feff}an error\nfine\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(server.path("u.log"), &text).expect("written");
    let mut viewer = server.viewer().await;
    let mut message = open("logs/u.log", Anchor::End, false, None);
    if let ClientMsg::Open { filter, find, .. } = &mut message {
        *filter = filter_of(("error", 0));
        *find = Some("error".to_owned());
    }
    viewer.say(&message).await;
    let refusal = async |viewer: &mut ClientSocket| {
        let refused = viewer.message(|msg| matches!(msg, ServerMsg::Refused { .. })).await;
        let ServerMsg::Refused { req, find, detail, .. } = refused else { panic!("{refused:?}") };
        assert!(detail.contains("iconv -f UTF-16 -t UTF-8"), "{detail}");
        (req, find)
    };
    assert_eq!((refusal(&mut viewer).await, refusal(&mut viewer).await), ((0, false), (0, true)));
    let page = viewer.frame(|_| true).await;
    assert_eq!(page.payload.as_ref(), text, "all rows are shown as they are");
    let filter = filter_of(("fine", 0));
    viewer.say(&ClientMsg::Filter { req: 3, filter, at: Anchor::Start, before: 0, after: 9, follow: false }).await;
    assert_eq!(refusal(&mut viewer).await, (3, false));
    viewer.say(&ClientMsg::Find { req: 4, term: Some("fine".to_owned()) }).await;
    assert_eq!(refusal(&mut viewer).await, (4, true));
}

#[tokio::test]
async fn the_newest_filter_wins_and_a_blank_one_shows_all() {
    let text = lines(0..20_000);
    let server = TestServer::start(&[("app.log", &text)]).await;
    let mut viewer = server.viewer().await;
    viewer.open_filtered("logs/app.log", ("", 0), "", true).await;
    let wanted = [("h", 0), ("hi", 0), ("hit", 0), ("deep", 0)];
    for (req, filter) in (1..).zip(wanted) {
        let filter = filter_of(filter);
        viewer.say(&ClientMsg::Filter { req, filter, at: Anchor::End, before: 9, after: 0, follow: true }).await;
    }
    let last = viewer.frame(|frame| frame.req == 4).await;
    let expected = only(&text, "deep");
    assert!(expected.ends_with(&text_of(&last)) && last.rows().count() == 9, "{last:?}");
    viewer.place = Some(place_after(&last));
    tip_until(&mut viewer, |tip| shows(tip, expected.lines().count() as u64)).await;
    server.append("app.log", "hit\ndeep\n");
    viewer.live_until("deep\n").await;
    assert_eq!(viewer.live, b"deep\n");

    let all = ClientMsg::Filter { req: 9, filter: None, at: Anchor::End, before: 2, after: 0, follow: true };
    viewer.say(&all).await;
    let page = viewer.frame(|frame| frame.req == 9).await;
    assert_eq!((text_of(&page).as_str(), page.sparse.is_some()), ("hit\ndeep\n", false));
    tip_until(&mut viewer, |tip| tip.shown.is_none()).await;
}

/// Asks on until a row is found or there is none that way.
async fn seek(viewer: &mut ClientSocket, generation: Generation, from: u64, down: bool) -> Option<u64> {
    let mut from = ByteOffset::new(from);
    for req in 100.. {
        viewer.say(&ClientMsg::Seek { req, generation, from, down, levels: None }).await;
        let sought = viewer.message(|msg| matches!(msg, ServerMsg::Sought { .. } | ServerMsg::Failed { .. })).await;
        let ServerMsg::Sought { found, reached, at_end, .. } = sought else { panic!("{sought:?}") };
        if found.is_some() || at_end {
            return found.map(ByteOffset::get);
        }
        assert_ne!(from, reached, "no progress");
        from = reached;
    }
    None
}

#[tokio::test]
async fn next_and_previous_go_through_all_hits_among_the_shown_rows() {
    let text = lines(0..2_000) + "a hit at the end, deep";
    let server = TestServer::start(&[("app.log", &text)]).await;
    let mut viewer = server.viewer().await;
    let generation = viewer.open_filtered("logs/app.log", ("hit", 0), "deep", false).await.generation;
    let deep: Vec<u64> = only(&text, "deep")
        .lines()
        .map(|line| text.find(&format!("{line}\n")).unwrap_or(text.len() - line.len()) as u64)
        .collect();
    assert_eq!(deep.len(), 97);
    tip_until(&mut viewer, |tip| finds(tip, 97) && shows(tip, 287)).await;
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(row) = seek(&mut viewer, generation, from, true).await {
        found.push(row);
        from = row + 1;
    }
    assert_eq!(found, deep);
    let rank = |tip: &Tip| tip.found.and_then(|found| found.rank) == Some(LineCount::new(97));
    tip_until(&mut viewer, rank).await;
    let mut back = Vec::new();
    let mut from = text.len() as u64;
    while let Some(row) = seek(&mut viewer, generation, from, false).await {
        back.push(row);
        from = row;
    }
    back.reverse();
    assert_eq!(back, deep);
    assert_eq!(seek(&mut viewer, generation, u64::MAX, true).await, None);
    viewer.say(&ClientMsg::Find { req: 5, term: Some("nowhere".to_owned()) }).await;
    tip_until(&mut viewer, |tip| finds(tip, 0)).await;
    assert_eq!(seek(&mut viewer, generation, 0, true).await, None);
}

#[tokio::test]
async fn the_rank_of_a_row_goes_with_it_when_other_rows_are_shown() {
    let text = lines(0..2_000);
    let server = TestServer::start(&[("app.log", &text)]).await;
    let mut viewer = server.viewer().await;
    let generation = viewer.open_filtered("logs/app.log", ("", 0), "hit", false).await.generation;
    let hits: Vec<u64> =
        only(&text, "hit").lines().map(|line| text.find(&format!("{line}\n")).unwrap() as u64).collect();
    let is_deep = |row: u64| text[row as usize..].lines().next().is_some_and(|line| line.contains("deep"));
    let rank = |tip: &Tip| tip.found.and_then(|found| found.rank).map(LineCount::get);
    let deep: Vec<u64> = hits.iter().copied().filter(|row| is_deep(*row)).collect();
    let show = |req, q| ClientMsg::Filter {
        req,
        filter: Some(q).filter(|q: &&str| !q.is_empty()).and_then(|q| filter_of((q, 0))),
        at: Anchor::Start,
        before: 0,
        after: 9,
        follow: false,
    };
    let both = deep[40];
    let nth = |rows: &[u64], row: u64| rows.iter().position(|other| *other == row).map(|nth| nth as u64 + 1);
    assert_eq!(seek(&mut viewer, generation, both, true).await, Some(both));
    viewer.say(&show(1, "deep")).await;
    tip_until(&mut viewer, |tip| finds(tip, deep.len() as u64) && rank(tip) == nth(&deep, both)).await;
    viewer.say(&show(2, "")).await;
    tip_until(&mut viewer, |tip| finds(tip, hits.len() as u64) && rank(tip) == nth(&hits, both)).await;
    // One that the filter hides has no place among those shown.
    let hidden = hits.iter().copied().rfind(|row| !is_deep(*row)).unwrap();
    assert_eq!(seek(&mut viewer, generation, hidden, true).await, Some(hidden));
    viewer.say(&show(3, "deep")).await;
    let tip = tip_until(&mut viewer, |tip| shows(tip, deep.len() as u64) && finds(tip, deep.len() as u64)).await;
    assert_eq!(rank(&tip), None);
}

#[tokio::test]
async fn spans_say_where_hits_stand_in_clean_text() {
    let text = "a \x1b[31mred\x1b[0m hit and a hit\nnothing\nHIT red\n";
    let server = TestServer::start(&[("app.log", text)]).await;
    let mut viewer = server.viewer().await;
    let generation = viewer.open_filtered("logs/app.log", ("red", 0), "hit", false).await.generation;
    let rows = [0, 29, 37, 9_999].map(ByteOffset::new).to_vec();
    viewer.say(&ClientMsg::Spans { req: 2, generation, rows }).await;
    let ServerMsg::Spans { req: 2, rows, .. } = viewer.message(|msg| matches!(msg, ServerMsg::Spans { .. })).await
    else {
        panic!("spans");
    };
    let told: Vec<_> = rows.iter().map(|row| (row.offset.get(), row.find.clone(), row.filter.clone())).collect();
    let first = (0, vec![(6, 9), (16, 19)], vec![(2, 5)]);
    assert_eq!(told, [first, (29, vec![], vec![]), (37, vec![(0, 3)], vec![(4, 7)])]);
}

#[tokio::test]
async fn counts_are_exact_at_the_end_of_a_file_that_grows_fast() {
    let server = TestServer::start(&[("app.log", &lines(0..50_000))]).await;
    let mut viewer = server.viewer().await;
    viewer.open_filtered("logs/app.log", ("hit", 0), "deep", true).await;
    let text = lines(0..60_000);
    let last = only(&text, "hit");
    let last = format!("{}\n", last.lines().last().expect("a hit"));
    let writer = async {
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        for nth in 0..100 {
            pace.tick().await;
            let from = 50_000 + nth * 100;
            server.append("app.log", &lines(from..from + 100));
        }
    };
    tokio::join!(writer, viewer.live_until(&last));
    assert_eq!(String::from_utf8_lossy(&viewer.live), only(&lines(50_000..60_000), "hit"));
    let count = |word: &str| only(&text, word).lines().count() as u64;
    let (hits, deep) = (count("hit"), count("deep"));
    tip_until(&mut viewer, |tip| tip.len.get() == text.len() as u64 && shows(tip, hits) && finds(tip, deep)).await;
}

#[tokio::test]
async fn after_a_rotation_the_new_file_is_counted() {
    let server = TestServer::start(&[("app.log", &lines(0..700))]).await;
    let mut viewer = server.viewer().await;
    viewer.open_filtered("logs/app.log", ("hit", 0), "deep", true).await;
    tip_until(&mut viewer, |tip| shows(tip, 100)).await;
    server.rename("app.log", "app.log.1");
    server.append("app.log", &lines(0..70));
    tip_until(&mut viewer, |tip| shows(tip, 10) && finds(tip, 4)).await;
}

#[tokio::test]
async fn a_lost_connection_goes_on_with_its_filter_at_the_exact_byte() {
    for ctx in [0, 2] {
        let text = lines(0..1_001);
        let server = TestServer::start(&[("app.log", &text)]).await;
        let mut viewer = server.viewer().await;
        let page = viewer.open_filtered("logs/app.log", ("hit", ctx), "", true).await;
        let (generation, offset) = place_after(&page);
        let marker = page.sparse.as_ref().expect("a sparse page").marker;
        let before = &text.as_bytes()[..offset.get() as usize];
        assert_eq!(marker, Marker::of(&before[before.len() - 64..]));
        let ServerMsg::Opened { identity, .. } = opened(&server).await else { unreachable!() };
        viewer.vanish();
        server.append("app.log", &(lines(1_001..1_100) + "hit\n"));

        let mut viewer = server.viewer().await;
        let cursor = Cursor { identity, offset, marker };
        let mut message = open("logs/app.log", Anchor::End, true, Some(cursor));
        if let ClientMsg::Open { filter, .. } = &mut message {
            *filter = filter_of(("hit", ctx));
        }
        viewer.say(&message).await;
        let answer = viewer.message(|msg| matches!(msg, ServerMsg::Opened { .. })).await;
        let ServerMsg::Opened { resume, .. } = answer else { unreachable!() };
        assert_eq!(resume, Some(Resume::Resumed { generation }));
        viewer.place = Some((generation, offset));
        viewer.live_until("\nhit\n").await;
        let whole = text.clone() + &lines(1_001..1_100) + "hit\n";
        let shown = around(&whole, "hit", ctx as usize);
        let live = String::from_utf8_lossy(&viewer.live).into_owned();
        assert!(shown.ends_with(&live));
        let n_shown_before = around(&text, "hit", ctx as usize).len();
        assert_eq!(shown.len() - live.len(), n_shown_before, "{ctx} rows around");
    }
}

async fn opened(server: &TestServer) -> ServerMsg {
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.log", false).await.0
}

#[tokio::test]
async fn a_held_viewer_counts_the_matching_lines_that_come() {
    let server = TestServer::start(&[("app.log", &lines(0..100))]).await;
    let mut viewer = server.viewer().await;
    let first = viewer.open_filtered("logs/app.log", ("hit", 0), "", true).await;
    let from = (first.generation, first.end);
    viewer.say(&ClientMsg::Hold { from }).await;
    // The answer shows that the server holds now.
    viewer.say(&page_at(1, first.generation, Anchor::Start, 0, 1)).await;
    viewer.frame(|frame| frame.req == 1).await;
    server.append("app.log", &lines(105..175));
    tip_until(&mut viewer, |tip| tip.new_lines == LineCount::new(10)).await;
    // Another filter counts from the same place.
    let filter = filter_of(("deep", 0));
    viewer.say(&ClientMsg::Filter { req: 2, filter, at: Anchor::End, before: 5, after: 0, follow: false }).await;
    tip_until(&mut viewer, |tip| tip.new_lines == LineCount::new(4)).await;
    server.rename("app.log", "app.log.1");
    server.append("app.log", &lines(0..43));
    tip_until(&mut viewer, |tip| tip.new_lines == LineCount::new(7)).await;
    assert!(viewer.live.is_empty(), "nothing is sent to a held viewer");
}
