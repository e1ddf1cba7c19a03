//! F43, F54, F55: messages that break the protocol, heads that do not end, and no handles left.

use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use trial::bad::{self, Ended, Piece, Raw};
use trial::figures;
use trial::rotate;
use trial::sizes::times;

use crate::support::{PATIENCE, Scene, all_came, until};

/// Larger than any message may be.
const LARGE: [u8; 40_000] = [b'x'; 40_000];

fn text(payload: &[u8]) -> Piece<'_> {
    Piece::text(payload)
}

/// Wrong pieces, and the code that ends the connection.
fn wrong() -> Vec<(&'static str, Vec<Piece<'static>>, u16)> {
    let first = Piece { is_last: false, ..text(&LARGE[..9_000]) };
    let next = Piece { opcode: 0, ..first };
    vec![
        ("a large message", vec![text(&LARGE)], 1009),
        ("a claim of a terabyte", vec![Piece { claims: Some(1 << 40), ..text(b"x") }], 1009),
        ("parts that are large together", vec![first, next, next], 1009),
        ("bad UTF-8", vec![text(b"\"\xff\xfe\"")], 1007),
        (
            "bad UTF-8 over two parts",
            vec![Piece { is_last: false, ..text(b"\xc3") }, Piece { opcode: 0, ..text(b"(") }],
            1007,
        ),
        ("without a mask", vec![Piece { is_masked: false, ..text(b"\"pong\"") }], 1002),
        ("reserved bits", vec![Piece { reserved: 4, ..text(b"\"pong\"") }], 1002),
        ("an opcode that does not exist", vec![Piece { opcode: 3, ..text(b"x") }], 1002),
        ("a control frame in parts", vec![Piece { opcode: 9, is_last: false, ..text(b"x") }], 1002),
        ("a long control frame", vec![Piece { opcode: 9, ..text(&LARGE[..200]) }], 1002),
        ("going on with nothing", vec![Piece { opcode: 0, ..text(b"x") }], 1002),
        ("beginning twice", vec![Piece { is_last: false, ..text(b"x") }, text(b"y")], 1002),
        ("bytes", vec![Piece { opcode: 2, ..text(b"x") }], 1002),
        ("no message of the protocol", vec![text(b"{\"unheard-of\":1}")], 1002),
        ("nesting", vec![text(&[b'['; 10_000])], 1002),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_the_protocol_ends_its_own_connection_with_the_right_code() {
    let scene = Scene::new(&[]);
    let mut viewer = scene.viewer().await;
    let storm = scene.storm(100_000);
    let mut others = Vec::new();
    let mut before = 0;
    for round in 0..times(10) {
        for (what, pieces, code) in wrong() {
            let trying = async {
                let mut raw = Raw::connect(scene.server.addr(), None).await.unwrap();
                raw.say(&bad::open("logs/app.log").unwrap()).await.unwrap();
                for piece in pieces {
                    // It may be closed already after the first of them.
                    let _ = raw.send(&piece).await;
                }
                raw.ended(PATIENCE).await.unwrap()
            };
            let ended = viewer.during(trying).await.unwrap();
            if ended != Ended::Closed(code) && round == 0 {
                others.push(format!("{what}: {ended:?} instead of {code}"));
            }
        }
        if round == 0 {
            before = figures::memory(scene.server.pid()).unwrap().rss;
        }
    }
    let grown = figures::memory(scene.server.pid()).unwrap().rss.saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes more");
    all_came(&mut viewer, &storm.finish().unwrap()).await;
    assert!(viewer.closed.is_empty());
    assert!(others.is_empty(), "{others:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_messages_ends_itself_and_holds_up_nobody() {
    let scene = Scene::new(&[]);
    let mut viewer = scene.viewer().await;
    let storm = scene.storm(100_000);
    let flooding = bad::flood(scene.server.addr(), "logs/app.log", "\"pong\"", PATIENCE);
    let (ended, n_sent) = viewer.during(flooding).await.unwrap().unwrap();
    println!("a flood ended with {ended:?} after {n_sent} messages");
    assert!(matches!(ended, Ended::Closed(1008) | Ended::Reset), "{ended:?}");
    all_came(&mut viewer, &storm.finish().unwrap()).await;
    assert!(viewer.closed.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_do_not_end_are_cut_and_block_nobody() {
    let scene = Scene::new(&[]);
    let mut viewer = scene.viewer().await;
    let storm = scene.storm(100_000);
    let addr = scene.server.addr();
    let n_slow = times(100);
    let mut slow = Vec::new();
    for nth in 0..n_slow {
        slow.push(tokio::spawn(async move {
            match nth % 2 {
                0 => bad::trickle(addr, Duration::from_millis(200), PATIENCE).await,
                _ => bad::silent(addr, PATIENCE).await,
            }
        }));
    }
    let held = || scene.server.metric("taillight_connections").unwrap() > n_slow as u64;
    viewer.during(until("all of them", held)).await.unwrap();
    let begun = Instant::now();
    let mut newcomer = viewer.during(scene.viewer()).await.unwrap();
    println!("a viewer beside {n_slow} slow heads came in after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    for peer in slow {
        let took = viewer.during(peer).await.unwrap().unwrap().unwrap();
        assert!((8..30).contains(&took.as_secs()), "cut after {took:?}, the limit is ten seconds");
    }
    let written = storm.finish().unwrap();
    all_came(&mut viewer, &written).await;
    newcomer.until("the last line", PATIENCE, |viewer| viewer.check.has_all_of(&written)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_handles_tails_live_on_and_newcomers_come_in_when_there_are_some_again() {
    let scene = Scene::start_by(&["prlimit", "--nofile=64:64"], &[]);
    let mut viewer = scene.viewer().await;
    let storm = scene.storm(500_000);
    let mut taken = Vec::new();
    for _ in 0..80 {
        taken.push(TcpStream::connect(scene.server.addr()).await.unwrap());
    }
    let pid = scene.server.pid();
    let none_left = || figures::handles(pid).unwrap() >= 63;
    viewer.during(until("the last handle", none_left)).await.unwrap();
    let lines = viewer.check.sums.lines + 5_000;
    viewer.until("lines without handles", PATIENCE, |viewer| viewer.check.sums.lines > lines).await.unwrap();
    // The new file cannot be opened now.
    rotate::rename(&scene.log(), 5, true).unwrap();
    let written = storm.lines() + 2_000;
    viewer.during(until("lines in the new file", || storm.lines() > written)).await.unwrap();
    drop(taken);
    let mut newcomer = viewer.during(scene.viewer()).await.unwrap();
    let written = storm.finish().unwrap();
    all_came(&mut viewer, &written).await;
    newcomer.until("the last line", PATIENCE, |viewer| viewer.check.has_all_of(&written)).await.unwrap();
    assert!(viewer.closed.is_empty(), "{}", viewer.summary());
}
