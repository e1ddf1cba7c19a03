//! G12, F53, F57: the server ends, is there again, and everybody comes back.

use std::time::Duration;

use taillight::wire::CLOSE_GOING_AWAY;
use trial::check::{Viewer, Wish};
use trial::sizes::times;

use crate::support::{Crowd, PATIENCE, Scene, all_came, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_viewers_are_told_of_the_end_and_come_back_to_every_line() {
    let mut scene = Scene::new(&[]);
    let n_viewers = times(1_000);
    let wish = Wish { hurry: false, ..Wish::every_line(scene.server.addr(), "logs/app.log") };
    let crowd = Crowd::of(scene.viewers(n_viewers, &wish).await);
    assert_eq!(scene.n_viewers(), n_viewers as u64);
    let storm = scene.storm(500);
    until("lines", || storm.lines() > 5).await;

    scene.server.signal(trial::server::Signal::TERM).unwrap();
    let ready = scene.server.get("/readyz");
    assert!(ready.as_ref().is_err() || !ready.as_ref().unwrap().contains(" 200 "), "{ready:?}");
    let ended = tokio::task::block_in_place(|| scene.server.ended()).unwrap();
    println!("{n_viewers} viewers told, the process gone after {:?}", ended.took);
    assert!(ended.status.success(), "{}", scene.server.said());
    // The promise is 5 seconds on a machine that does nothing else.
    assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
    let lines = storm.lines() + 5;
    until("lines while there is no server", || storm.lines() > lines).await;
    scene.server.restart().unwrap();
    until("all of them", || scene.n_viewers() == n_viewers as u64).await;
    let written = storm.finish().unwrap();

    let mut away = Vec::new();
    for mut viewer in crowd.back().await {
        all_came(&mut viewer, &written).await;
        assert_eq!(viewer.byes.len(), 1, "{}", viewer.summary());
        assert_eq!(viewer.closed.first(), Some(&CLOSE_GOING_AWAY), "{}", viewer.summary());
        away.extend(viewer.opened.last().unwrap().away);
    }
    away.sort();
    let (first, last) = (away[0], away[away.len() - 1]);
    println!("back after {first:?} to {last:?}");
    assert!(first >= Duration::from_millis(500) && last > first + Duration::from_secs(1), "they come spread");
    assert!(last < PATIENCE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_loses_its_server_at_once_does_not_come_back_at_once() {
    let mut scene = Scene::new(&[]);
    let n_viewers = times(300);
    let wish = Wish { hurry: false, ..Wish::every_line(scene.server.addr(), "logs/app.log") };
    let crowd = Crowd::of(scene.viewers(n_viewers, &wish).await);
    let storm = scene.storm(500);
    scene.server.kill().unwrap();
    scene.server.restart().unwrap();
    // Whoever has no connection yet is let in beside those that come back.
    let mut newcomer = scene.viewer().await;
    until("all of them", || scene.n_viewers() == n_viewers as u64 + 1).await;
    let written = storm.finish().unwrap();
    newcomer.until("the last line", PATIENCE, |viewer| viewer.check.has_all_of(&written)).await.unwrap();
    let mut away = Vec::new();
    for mut viewer in crowd.back().await {
        all_came(&mut viewer, &written).await;
        away.extend(viewer.opened.last().unwrap().away);
    }
    away.sort();
    let middle = |viewers: &[Duration]| viewers[viewers.len() * 9 / 10] - viewers[viewers.len() / 10];
    println!("{n_viewers} back after {:?} to {:?}", away[0], away[away.len() - 1]);
    assert!(middle(&away) > Duration::from_millis(100), "they come spread: {away:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_under_load_takes_no_line() {
    let mut scene = Scene::new(&[]);
    let mut viewer = scene.viewer().await;
    let storm = scene.storm(5_000_000);
    for nth in 1..=times(3) {
        let lines = viewer.check.sums.lines + 10_000;
        viewer.until("lines", PATIENCE, |viewer| viewer.check.sums.lines > lines).await.unwrap();
        scene.server.signal(trial::server::Signal::TERM).unwrap();
        viewer.until("the end", PATIENCE, |viewer| viewer.closed.len() >= nth).await.unwrap();
        let ended = tokio::task::block_in_place(|| scene.server.ended()).unwrap();
        assert!(ended.status.success(), "{}", scene.server.said());
        let n_opened = viewer.opened.len();
        scene.server.restart().unwrap();
        let is_back = |viewer: &Viewer| viewer.opened.len() > n_opened;
        viewer.until("the connection", PATIENCE, is_back).await.unwrap();
    }
    all_came(&mut viewer, &storm.finish().unwrap()).await;
    assert_eq!(viewer.byes.len(), times(3));
}
