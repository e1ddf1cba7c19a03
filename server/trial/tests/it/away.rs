//! F8 and F9: several rotations while nobody looks, compressed by the time somebody does.

use trial::rotate::{self, Logrotate};
use trial::storm::Storm;

use crate::support::{PATIENCE, Scene, all_came, until};

/// So many rotations, with lines before and after each.
async fn rotations(scene: &Scene, storm: &Storm, n: u64) {
    for rotation in 1..=n {
        let lines = storm.lines() + 2_000;
        until("lines", || storm.lines() > lines).await;
        rotate::rename(&scene.log(), 10, true).unwrap();
        until("the new file", || storm.reopened() == rotation).await;
    }
    let lines = storm.lines() + 2_000;
    until("lines", || storm.lines() > lines).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_rotations_while_the_server_stands_still_lose_nothing() {
    let scene = Scene::new(&[]);
    let mut viewer = scene.viewer().await;
    let storm = scene.storm(1_000_000);
    viewer.until("lines", PATIENCE, |viewer| viewer.check.sums.lines > 1_000).await.unwrap();
    scene.server.freeze().unwrap();
    // The viewer waits in vain meanwhile, as it does in the page.
    viewer.during(rotations(&scene, &storm, 3)).await.unwrap();
    scene.server.thaw().unwrap();
    all_came(&mut viewer, &storm.finish().unwrap()).await;
    assert_eq!(viewer.check.sums.rotated, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_rotations_while_the_viewer_is_away_lose_nothing() {
    let scene = Scene::new(&[]);
    let mut viewer = scene.viewer().await;
    let storm = scene.storm(1_000_000);
    viewer.until("lines", PATIENCE, |viewer| viewer.check.sums.lines > 1_000).await.unwrap();
    viewer.drop_link();
    rotations(&scene, &storm, 3).await;
    viewer.until("the connection", PATIENCE, |viewer| viewer.opened.len() == 2).await.unwrap();
    all_came(&mut viewer, &storm.finish().unwrap()).await;
    assert_eq!(viewer.check.sums.rotated, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_rotations_while_there_is_no_server_lose_nothing() {
    let mut scene = Scene::new(&[]);
    let mut viewer = scene.viewer().await;
    let storm = scene.storm(1_000_000);
    viewer.until("lines", PATIENCE, |viewer| viewer.check.sums.lines > 1_000).await.unwrap();
    scene.server.kill().unwrap();
    rotations(&scene, &storm, 3).await;
    scene.server.restart().unwrap();
    viewer.until("the connection", PATIENCE, |viewer| viewer.opened.len() == 2).await.unwrap();
    all_came(&mut viewer, &storm.finish().unwrap()).await;
    assert_eq!(viewer.check.sums.rotated, 3);
}

/// The server is gone while the real logrotate moves files on and compresses them; the viewer finds its place in one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotations_that_compress_while_there_is_no_server_lose_nothing() {
    for directives in [&["create", "compress"][..], &["create", "compress", "delaycompress"]] {
        let mut scene = Scene::new(&[]);
        let mut viewer = scene.viewer().await;
        let storm = scene.storm(1_000_000);
        viewer.until("lines", PATIENCE, |viewer| viewer.check.sums.lines > 1_000).await.unwrap();
        scene.server.kill().unwrap();
        let waits = rotate::once_writers_have_moved(&scene.log());
        let logrotate = Logrotate::new(&scene.log(), &[directives, &["rotate 100", &waits]].concat()).unwrap();
        for rotation in 1..=3 {
            let lines = storm.lines() + 2_000;
            until("lines", || storm.lines() > lines).await;
            logrotate.run().unwrap();
            until("the new file", || storm.reopened() == rotation).await;
        }
        let lines = storm.lines() + 2_000;
        until("lines", || storm.lines() > lines).await;
        let packed = rotate::archives(&scene.log()).unwrap();
        let packed = packed.iter().filter(|path| path.extension().is_some_and(|ending| ending == "gz")).count();
        assert!(packed >= 2, "{directives:?}: {packed} are compressed");
        scene.server.restart().unwrap();
        viewer.until("the connection", PATIENCE, |viewer| viewer.opened.len() == 2).await.unwrap();
        all_came(&mut viewer, &storm.finish().unwrap()).await;
        assert_eq!(viewer.check.sums.rotated, 3, "{directives:?}");
    }
}
