//! Limits that are settings: what is as long as they say passes, one byte more does not.

use taillight::cursor::Anchor;
use taillight::wire::{ClientMsg, ServerMsg};

use crate::socket::{Said, filter_of, open};
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
