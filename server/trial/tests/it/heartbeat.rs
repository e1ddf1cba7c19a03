//! G11, F46, F47, F48, F49, F59: who is dropped for being silent, and who is not.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use trial::bad;
use trial::check::Wish;
use trial::figures;
use trial::proxy::{Fate, Proxy};
use trial::sizes::times;

use crate::support::{Crowd, PATIENCE, Scene, all_came, until, until_within};

/// A heartbeat of one second, five for the pong, one for the farewell; and half as much again for a busy machine.
const GONE: Duration = Duration::from_millis(10_500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_peers_are_dropped_in_time_and_the_healthy_one_beside_them_is_not() {
    let scene = Scene::new(&["--heartbeat", "1"]);
    let proxy = Proxy::start(scene.server.addr()).await.unwrap();
    let mut healthy = scene.viewer().await;
    let n_peers = times(50);
    let wish = scene.through(&proxy);
    let mut peers = scene.viewers(n_peers, &wish).await;
    for peer in &mut peers {
        peer.until("a ping", PATIENCE, |peer| peer.n_pings > 0).await.unwrap();
    }
    healthy.during(until("all of them", || scene.n_viewers() == n_peers as u64 + 1)).await.unwrap();
    let passed = (proxy.up(), proxy.down());
    proxy.always(Fate::Hold);
    let gone = until_within(GONE, "end of the half-open", || scene.n_viewers() == 1);
    let took = healthy.during(gone).await.unwrap();
    println!("{n_peers} half-open peers gone after {took:?}");
    assert_eq!((proxy.up(), proxy.down()), passed, "nothing was passed on");
    assert_eq!((healthy.closed.len(), scene.n_viewers()), (0, 1));
}

/// `trial check` as a process.
struct Checker(Child, BufReader<std::process::ChildStdout>);

impl Checker {
    fn start(scene: &Scene) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_trial"))
            .args(["check", &scene.server.addr().to_string(), "logs/app.log"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut checker = Self(child, out);
        assert_eq!(checker.line(), "following\n");
        checker
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        line
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_client_is_dropped_and_finds_every_line_when_it_wakes() {
    let scene = Scene::new(&["--heartbeat", "1"]);
    let storm = scene.storm(100_000);
    until("lines", || storm.lines() > 100).await;
    let mut checker = Checker::start(&scene);
    until("the client", || scene.n_viewers() == 1).await;
    checker.signal(Signal::STOP);
    let took = until_within(GONE, "end of the frozen", || scene.n_viewers() == 0).await;
    println!("a frozen client is gone after {took:?}");
    let lines = storm.lines() + 1_000;
    until("lines meanwhile", || storm.lines() > lines).await;
    checker.signal(Signal::CONT);
    until("the client again", || scene.n_viewers() == 1).await;
    let written = storm.finish().unwrap();
    // It says that it has come to the last line, every five seconds.
    let last = written[0].last;
    let mut summary = String::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(12) {
        summary = checker.line();
        if summary.contains("2 connections") {
            break;
        }
    }
    checker.signal(Signal::TERM);
    let end = checker.line();
    assert!(checker.0.wait().unwrap().success(), "{summary}{end}");
    let lines: u64 = end.split("lines: ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    assert!(lines > 1_000 && lines <= last, "{end}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_link_with_a_full_queue_is_never_dropped() {
    let scene = Scene::new(&["--heartbeat", "1"]);
    // 1 Mbit/s.
    let proxy = Proxy::with_rate(scene.server.addr(), 125_000).await.unwrap();
    let wish = Wish { hurry: false, ..scene.through(&proxy) };
    let viewers = scene.viewers(4, &wish).await;
    let storm = scene.storm(2_000_000);
    let crowd = Crowd::of(viewers);
    // Long enough for a peer to be dropped twice.
    let uptime = scene.server.metric("taillight_uptime_seconds").unwrap();
    until("time", || scene.server.metric("taillight_uptime_seconds").unwrap() > uptime + times(14) as u64).await;
    let viewers = crowd.back().await;
    let written = storm.finish().unwrap();
    for viewer in &viewers {
        assert!(viewer.closed.is_empty() && viewer.check.is_clean(), "{}", viewer.summary());
        assert!(viewer.n_behind > 0 && viewer.live_bytes < written[0].bytes / 4, "the queue was full all the time");
        assert!(viewer.n_pings >= 2, "{} pings", viewer.n_pings);
    }
    println!("slow: {} of {} bytes, {} pings", viewers[0].live_bytes, written[0].bytes, viewers[0].n_pings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_of_the_server_is_charged_to_nobody() {
    let scene = Scene::new(&["--heartbeat", "1"]);
    let proxy = Proxy::start(scene.server.addr()).await.unwrap();
    let n_viewers = times(30);
    let wish = Wish { hurry: false, ..scene.through(&proxy) };
    let crowd = Crowd::of(scene.viewers(n_viewers, &wish).await);
    until("all of them", || scene.n_viewers() == n_viewers as u64).await;
    // Pings are on their way, and their answers do not come, when the server is paused.
    proxy.all(Fate::Hold);
    let uptime = scene.server.metric("taillight_uptime_seconds").unwrap();
    until("pings", || scene.server.metric("taillight_uptime_seconds").unwrap() > uptime + 2).await;
    assert_eq!(scene.n_viewers(), n_viewers as u64);
    scene.server.freeze().unwrap();
    proxy.all(Fate::Forward);
    tokio::task::block_in_place(|| scene.server.pause(Duration::from_secs(7))).unwrap();
    let uptime = scene.server.metric("taillight_uptime_seconds").unwrap();
    until("heartbeats", || scene.server.metric("taillight_uptime_seconds").unwrap() > uptime + 3).await;
    assert_eq!(scene.n_viewers(), n_viewers as u64);
    for viewer in crowd.back().await {
        assert!(viewer.closed.is_empty() && viewer.n_pings > 1, "{}", viewer.summary());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_read_nothing_cost_little_and_are_dropped() {
    let scene = Scene::new(&["--heartbeat", "1"]);
    let mut viewer = scene.viewer().await;
    let storm = scene.storm(2_000_000);
    viewer.until("lines", PATIENCE, |viewer| viewer.check.sums.lines > 1_000).await.unwrap();
    let before = figures::memory(scene.server.pid()).unwrap().rss;
    let n_stalled = times(40);
    let mut stalled = Vec::new();
    for _ in 0..n_stalled {
        stalled.push(viewer.during(bad::stall(scene.server.addr(), "logs/app.log")).await.unwrap().unwrap());
    }
    viewer.during(until("all of them", || scene.n_viewers() == n_stalled as u64 + 1)).await.unwrap();
    let most = figures::memory(scene.server.pid()).unwrap().rss;
    let took = until_within(GONE, "end of the stalled", || scene.n_viewers() == 1);
    let took = viewer.during(took).await.unwrap();
    let grown = most.max(figures::memory(scene.server.pid()).unwrap().rss).saturating_sub(before);
    println!("{n_stalled} that read nothing: {} KB more, gone after {took:?}", grown / 1024);
    assert!(grown < 64 << 20, "{grown} bytes more");
    all_came(&mut viewer, &storm.finish().unwrap()).await;
    assert!(viewer.closed.is_empty());
}
