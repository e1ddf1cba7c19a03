//! Many viewers of one file: what one of them has read, the others are sent.

use taillight::wire::{ClientMsg, Frame, FrameKind, ServerMsg};

use crate::socket::{ClientSocket, Said};
use crate::support::TestServer;

/// How many viewers are in step.
const N_VIEWERS: u64 = 40;

/// How many times the file grows.
const N_TICKS: u64 = 20;

/// Reads one live frame.
async fn live_frame(viewer: &mut ClientSocket) -> Frame {
    loop {
        match viewer.next().await {
            Said::Frame(frame) if frame.kind == FrameKind::Live => return frame,
            Said::Closed(code) => panic!("closed with {code}"),
            _ => {}
        }
    }
}

/// How many live frames were read for one viewer, and how many were shared.
async fn frames_read(server: &TestServer) -> (u64, u64) {
    (
        server.metric("taillight_live_frames_total{read=\"own\"}").await,
        server.metric("taillight_live_frames_total{read=\"shared\"}").await,
    )
}

/// Viewers that follow the file, all of whom have had their first live frame.
async fn in_step(server: &TestServer, filter: Option<&str>) -> Vec<ClientSocket> {
    let mut viewers = Vec::new();
    for _ in 0..N_VIEWERS {
        let mut viewer = server.viewer().await;
        match filter {
            Some(filter) => drop(viewer.open_filtered("logs/app.log", (filter, 0), "", true).await),
            None => drop(viewer.open("logs/app.log", true).await),
        }
        viewers.push(viewer);
    }
    server.append("app.log", "hit before\n");
    for viewer in &mut viewers {
        live_frame(viewer).await;
    }
    viewers
}

async fn reads_do_not_grow_with_viewers(filter: Option<&str>) {
    let server = TestServer::start(&[("app.log", "hit first\n")]).await;
    let mut viewers = in_step(&server, filter).await;
    let before = frames_read(&server).await;
    for tick in 0..N_TICKS {
        let line = format!("hit {tick}\n");
        server.append("app.log", &line);
        let mut frames = Vec::new();
        for viewer in &mut viewers {
            frames.push(live_frame(viewer).await);
        }
        assert_eq!(frames[0].payload, line.as_bytes());
        assert!(frames.iter().all(|frame| frame.encode() == frames[0].encode()), "not the same frame for all");
    }
    let after = frames_read(&server).await;
    let (own, shared) = (after.0 - before.0, after.1 - before.1);
    assert_eq!((own, shared), (N_TICKS, N_TICKS * (N_VIEWERS - 1)));
}

#[tokio::test]
async fn viewers_in_step_are_sent_the_same_frames_and_one_of_them_reads() {
    reads_do_not_grow_with_viewers(None).await;
}

#[tokio::test]
async fn viewers_with_equal_filters_share_one_evaluation() {
    reads_do_not_grow_with_viewers(Some("hit")).await;
}

#[tokio::test]
async fn a_flood_of_messages_ends_with_a_reason_and_grants_are_none() {
    let server = TestServer::start(&[("app.log", "first\n")]).await;
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.log", true).await;
    for _ in 0..taillight::wire::MAX_MESSAGE_BURST + 100 {
        if !viewer.try_say(&ClientMsg::Pong).await {
            break;
        }
    }
    assert_eq!(viewer.closed().await, taillight::wire::CLOSE_POLICY);
    assert_eq!(server.metric("taillight_sockets_ended_total{cause=\"refused\"}").await, 1);
    // Who grants what it is sent says as much as it is sent.
    let mut viewer = server.viewer().await;
    viewer.open("logs/app.log", true).await;
    for number in 0..taillight::wire::MAX_MESSAGE_BURST + 100 {
        server.append("app.log", "x\n");
        let frame = live_frame(&mut viewer).await;
        let bytes = u32::try_from(frame.payload.len()).expect("small");
        viewer.say(&ClientMsg::Grant { bytes }).await;
        if number == 10 {
            viewer.say(&ClientMsg::Pong).await;
        }
    }
    server.append("app.log", "the end\n");
    viewer.live_until("the end\n").await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_dropped_in_time_and_others_are_not_held_up() {
    let server = TestServer::with_heartbeat(1, &[("app.log", "")]).await;
    let text = format!("{}\n", "z".repeat(99)).repeat(2_500);
    server.write("app.log", &text);
    let mut stalled = server.viewer().await;
    stalled.open("logs/app.log", false).await;
    // Pages of 250 KB that nobody reads: more than the kernel holds.
    for req in 1..60 {
        let page = ClientMsg::Page {
            req,
            generation: stalled.place.expect("opened").0,
            at: taillight::cursor::Anchor::Start,
            before: 0,
            after: 2_000,
        };
        if !stalled.try_say(&page).await {
            break;
        }
    }
    let mut healthy = server.viewer().await;
    healthy.open("logs/app.log", true).await;
    let since = std::time::Instant::now();
    while server.metric("taillight_viewers").await > 1 {
        server.append("app.log", "next\n");
        healthy.live_until("next\n").await;
        assert!(since.elapsed().as_secs() < 15, "the stalled client is still there");
    }
    healthy.say(&ClientMsg::Find { req: 1, term: None }).await;
    healthy.message(|msg| matches!(msg, ServerMsg::Tip(_))).await;
}
