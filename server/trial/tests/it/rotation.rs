//! G1, F1: rotation by renaming while lines are written.

use trial::rotate;
use trial::sizes::times;
use trial::storm::{Plan, Storm};

use crate::support::{PATIENCE, Scene, all_came};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_renames_at_5_mb_a_second_lose_nothing() {
    let scene = Scene::new(&[]);
    let mut viewer = scene.viewer().await;
    let storm = Storm::start(&Plan { creates: true, ..Plan::new(&scene.log(), 5_000_000) }).unwrap();
    let n_rotations = times(100);
    for rotation in 0..n_rotations {
        // Far enough for the writer to have found the new file, and for the reader to be in it.
        let goal = storm.lines() + 9_000;
        let reopened = rotation as u64;
        let going_on = |_: &_| storm.lines() >= goal && storm.reopened() >= reopened;
        viewer.until("lines between two rotations", PATIENCE, going_on).await.unwrap();
        rotate::rename(&scene.log(), 30, rotation % 2 == 0).unwrap();
    }
    let reopened = n_rotations as u64;
    viewer.until("the last file", PATIENCE, |_| storm.reopened() >= reopened).await.unwrap();
    let written = storm.finish().unwrap();
    all_came(&mut viewer, &written).await;
    assert_eq!(viewer.check.sums.rotated, n_rotations as u64);
    println!("{n_rotations} rotations, {} MB: {:?}", written[0].bytes / 1_000_000, viewer.check.sums);
}
