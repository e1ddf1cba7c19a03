//! Limits that are settings: what is as long as they say passes, one byte more does not.

use taillight::cursor::Anchor;
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{ClientMsg, Frame, FrameKind, ServerMsg};

use crate::socket::{PATIENCE, Said, filter_of, open};
use crate::support::TestServer;

const REFUSED: &str = "expected at most 12 bytes: that is limits.pattern_bytes";

async fn server(pattern_bytes: usize) -> TestServer {
    TestServer::changed(&[("app.log", "some line\n")], |config| config.limits.pattern_bytes = pattern_bytes).await
}

#[tokio::test]
async fn a_pattern_of_one_byte_too_many_is_refused_in_the_page_and_in_every_answer() {
    let server = server(12).await;
    for (text, is_long) in [("some-line-12", false), ("some-line-123", true), ("some-line-1%C3%A4", true)] {
        for address in ["/v/logs/app.log?q=", "/v/logs/app.log?find="] {
            let page = server.get(&format!("{address}{text}")).await;
            assert!(page.starts_with("HTTP/1.1 200"), "{address}{text}");
            assert_eq!(page.contains(REFUSED), is_long, "{address}{text}");
        }
        for address in ["api/v1/lines/logs/app.log", "api/v1/count/logs/app.log", "api/v1/search", "raw/logs/app.log"] {
            let answer = server.get(&format!("/{address}?q={text}")).await;
            let status = if is_long { "HTTP/1.1 400" } else { "HTTP/1.1 200" };
            assert!(answer.starts_with(status), "{address} {text}: {answer}");
            assert_eq!(answer.contains(REFUSED), is_long, "{address} {text}: {answer}");
            assert_eq!(answer.contains("\"position\":1"), is_long, "{address} {text}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_pattern_of_one_byte_too_many_is_refused_on_the_socket() {
    let server = server(12).await;
    // What a link says, and what is typed: the filters, then the find terms.
    for (q, term, of_link, typed) in [
        ("some-line-12", "some line 12", vec![], vec![]),
        ("some-line-123", "some line 12", vec![false], vec![false]),
        ("some-line-12", "some line 123", vec![true], vec![true]),
        ("some-line-1ä", "some line 1ä", vec![false, true], vec![false, true]),
    ] {
        let mut viewer = server.viewer().await;
        let mut message = open("logs/app.log", Anchor::End, false, None);
        if let ClientMsg::Open { filter, find, .. } = &mut message {
            (*filter, *find) = (filter_of((q, 0)), Some(term.to_owned()));
        }
        viewer.say(&message).await;
        viewer.say(&ClientMsg::Find { req: 1, term: Some(term.to_owned()) }).await;
        let filter = filter_of((q, 0));
        viewer.say(&ClientMsg::Filter { req: 2, filter, at: Anchor::End, before: 9, after: 0, follow: false }).await;
        viewer
            .say(&ClientMsg::Page { req: 3, generation: Default::default(), at: Anchor::End, before: 9, after: 0 })
            .await;
        let mut refused = [Vec::new(), Vec::new()];
        loop {
            match viewer.next().await {
                Said::Msg(ServerMsg::Refused { req, find, detail, .. }) => {
                    assert_eq!(detail, REFUSED);
                    refused[usize::from(req > 0)].push(find);
                }
                Said::Msg(ServerMsg::Failed { req: 3, .. }) => break,
                Said::Frame(frame) if frame.req == 3 => break,
                Said::Closed(code) => panic!("closed with {code}"),
                _ => {}
            }
        }
        refused[1].sort_unstable();
        assert_eq!(refused, [of_link, typed], "{q} {term}");
    }
}

#[tokio::test]
async fn a_page_has_room_for_the_two_longest_patterns_there_can_be() {
    let server = server(4096).await;
    let long = "%C3%A4".repeat(2048);
    let page = server.get(&format!("/v/logs/app.log?find={long}&q={long}")).await;
    assert!(page.starts_with("HTTP/1.1 200") && !page.contains("limits.pattern_bytes"), "{}", &page[..200]);
    let page = server.get(&format!("/v/logs/app.log?q={long}a")).await;
    assert!(page.contains("expected at most 4096 bytes: that is limits.pattern_bytes"));
}

/// Lines of these lengths, each of them a hit at its end.
fn lines(lens: &[usize]) -> String {
    lens.iter().map(|len| format!("{}hit\n", "x".repeat(len - 3))).collect()
}

const LENS: &[usize] = &[299, 300, 301, 5_000, 9];

/// What is sent of those lines, and what is left out.
const SHOWN: &[(usize, u64)] = &[(299, 0), (300, 0), (300, 1), (300, 4_700), (9, 0)];

fn shown(frame: &Frame) -> Vec<(usize, u64)> {
    frame.rows().map(|row| (row.bytes.len(), row.missing.get())).collect()
}

async fn server_of_lines(text: &str) -> TestServer {
    TestServer::changed(&[("app.log", text)], |config| config.limits.line_bytes = 300).await
}

#[tokio::test]
async fn of_a_line_of_one_byte_too_many_the_rest_comes_on_demand() {
    let text = lines(LENS);
    let server = server_of_lines(&text).await;
    for q in ["", "hit"] {
        let mut viewer = server.viewer().await;
        let page = viewer.open_filtered("logs/app.log", (q, 0), "", true).await;
        assert_eq!(shown(&page), SHOWN, "{q:?}");
        for row in page.rows().filter(|row| row.missing > ByteLen::ZERO) {
            let offset = row.offset + ByteLen::new(row.bytes.len() as u64);
            let len = row.missing.get() as u32;
            viewer.say(&ClientMsg::More { req: 5, generation: page.generation, offset, len }).await;
            let more = viewer.frame(|frame| frame.kind == FrameKind::More).await;
            let at = offset.get() as usize;
            assert_eq!(more.payload, text.as_bytes()[at..at + len as usize], "{q:?}");
        }
        let rows = page.rows().map(|row| row.offset).collect();
        viewer.say(&ClientMsg::Find { req: 6, term: Some("hit".to_owned()) }).await;
        viewer.say(&ClientMsg::Spans { req: 7, generation: page.generation, rows }).await;
        let spans = viewer.message(|msg| matches!(msg, ServerMsg::Spans { .. })).await;
        let ServerMsg::Spans { rows, .. } = spans else { panic!("{spans:?}") };
        assert_eq!(rows.len(), LENS.len());
        for (row, len) in rows.iter().zip(LENS) {
            assert_eq!(row.find, [(*len as u32 - 3, *len as u32)], "{q:?}: for when the rest has come");
        }
    }
}

#[tokio::test]
async fn the_document_says_how_much_more_a_line_has() {
    let server = server_of_lines(&lines(LENS)).await;
    for query in ["", "?q=hit", "?find=hit"] {
        let page = server.get(&format!("/v/logs/app.log{query}")).await;
        let more: Vec<&str> = page.split("class=\"more\">").skip(1).filter_map(|rest| rest.split('<').next()).collect();
        assert_eq!(more, ["… 1 B more", "… 4.7 KB more"], "{query}");
        assert!(page.contains(&format!(">{}hit</span>", "x".repeat(297))), "{query}: whole");
        let n_hits = page.matches("<div class=\"row hit\"").count();
        assert_eq!(n_hits, if query == "?find=hit" { LENS.len() } else { 0 }, "{query}: also where it is not shown");
    }
}

#[tokio::test]
async fn live_lines_are_cut_too_and_take_no_more_credit_than_they_hold() {
    for q in ["", "hit"] {
        let server = server_of_lines("").await;
        let mut viewer = server.viewer().await;
        let mut message = open("logs/app.log", Anchor::End, true, None);
        if let ClientMsg::Open { filter, credit, .. } = &mut message {
            (*filter, *credit) = (filter_of((q, 0)), 2_000);
        }
        viewer.say(&message).await;
        viewer.frame(|frame| frame.kind == FrameKind::Page).await;
        for len in LENS {
            server.append("app.log", &lines(&[*len]));
            let end = ByteOffset::new(std::fs::metadata(server.path("app.log")).unwrap().len());
            let come = async {
                while viewer.place.is_none_or(|(_, place)| place < end) {
                    viewer.next().await;
                }
            };
            // Pings go on whatever does not come.
            tokio::time::timeout(PATIENCE, come).await.expect("there is credit left");
        }
        let head = |len: &usize| format!("{}\n", &lines(&[*len])[..*len.min(&300)]);
        let heads: String = LENS.iter().map(head).collect();
        assert_eq!(String::from_utf8_lossy(&viewer.live), heads, "{q:?}");
        let last = lines(&[301]);
        server.append("app.log", last.trim_end());
        let frame = viewer.frame(|frame| frame.flags.unfinished).await;
        assert_eq!(shown(&frame), [(300, 1)], "{q:?}");
    }
}

#[tokio::test]
async fn scripts_have_lines_whole_whatever_is_shown_of_them() {
    let text = lines(LENS);
    let server = server_of_lines(&text).await;
    let mut seed = server.seed("app.log", "format=text").await.expect("accepted");
    assert_eq!(seed.texts_until(&lines(&LENS[4..])).await, text);
    let answer = server.get("/api/v1/lines/logs/app.log?at=start").await;
    assert!(answer.contains(&format!("\"text\":\"{}hit\"", "x".repeat(4_997))), "{answer}");
    assert!(server.get("/raw/logs/app.log").await.ends_with(&text));
}
