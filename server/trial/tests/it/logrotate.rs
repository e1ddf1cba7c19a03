//! G1, G2, F1, F4, F9, F10: the real logrotate while lines are written, in each way that it rotates.

use std::sync::Arc;

use trial::check::Viewer;
use trial::rotate::{Logrotate, archives, content};
use trial::sizes::times;
use trial::storm::{Line, Storm};

use crate::support::{PATIENCE, Scene, all_came};

/// One configuration, at 5 and at 20 MB/s, with so many rotations each.
async fn rotates(directives: &'static [&'static str], n_rotations: usize, rates: &[u64]) {
    for &rate in rates {
        let scene = Scene::new(&[]);
        let mut viewer = scene.viewer().await;
        let storm = scene.storm(rate);
        let logrotate = Arc::new(Logrotate::new(&scene.log(), &[directives, &["rotate 100"]].concat()).unwrap());
        let copies = directives.contains(&"copytruncate");
        for rotation in 1..=times(n_rotations) as u64 {
            between_rotations(&mut viewer, &storm, rate).await;
            let rotate = Arc::clone(&logrotate);
            viewer.during_blocking(move || rotate.run()).await.unwrap().unwrap();
            let is_told = |viewer: &Viewer| {
                let sums = viewer.check.sums;
                if copies { sums.truncated >= rotation } else { sums.rotated >= rotation }
            };
            viewer.until("the rotation", PATIENCE, is_told).await.unwrap();
        }
        between_rotations(&mut viewer, &storm, rate).await;
        let written = storm.finish().unwrap();
        if copies {
            all_that_is_left_was_shown(&scene, &mut viewer, written[0].last).await;
        } else {
            all_came(&mut viewer, &written).await;
        }
        println!(
            "{directives:?} at {} MB/s, {} MB: {:?}",
            rate / 1_000_000,
            written[0].bytes / 1_000_000,
            viewer.check.sums
        );
    }
}

/// A fifth of a second of lines is written, and the viewer is in the newest file.
async fn between_rotations(viewer: &mut Viewer, storm: &Storm, rate: u64) {
    let (bytes, lines) = (storm.bytes() + rate / 5, storm.lines());
    let goes_on = |viewer: &Viewer| storm.bytes() >= bytes && viewer.check.last(1) >= Some(lines);
    viewer.until("lines between two rotations", PATIENCE, goes_on).await.unwrap();
}

/// What logrotate has cut off between its copy and the truncation is nowhere; all else was shown.
async fn all_that_is_left_was_shown(scene: &Scene, viewer: &mut Viewer, last: u64) {
    let mut left = Vec::new();
    for path in archives(&scene.log()).unwrap().into_iter().chain([scene.log()]) {
        let content = content(&path).unwrap();
        left.extend(content.split(|&byte| byte == b'\n').filter_map(|line| Some((Line::parse(line)?, line.len()))));
    }
    let newest = left.iter().map(|(line, _)| line.number).max().unwrap();
    viewer.until("the newest line", PATIENCE, |viewer| viewer.check.last(1) >= Some(newest)).await.unwrap();
    let check = &viewer.check;
    assert!(check.is_clean(), "{}", viewer.summary());
    let unseen: Vec<_> = left.iter().filter(|(line, _)| !check.has(*line)).collect();
    let n_bytes: usize = unseen.iter().map(|(_, len)| len + 1).sum();
    assert_eq!(n_bytes, 0, "{} lines of {last}, told: {} bytes", unseen.len(), check.sums.bytes_told);
    let destroyed = check.sums.missing_told;
    println!("{destroyed} of {last} lines were cut off by logrotate before anybody could read them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create() {
    rotates(&["create", "nocompress"], 4, &[5_000_000, 20_000_000]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_and_compress() {
    rotates(&["create", "compress"], 3, &[5_000_000, 20_000_000]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_and_compress_later() {
    rotates(&["create", "compress", "delaycompress"], 3, &[5_000_000, 20_000_000]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn create_with_dates_in_the_names() {
    rotates(&["create", "nocompress", "dateext", "dateformat -%Y%m%d-%s"], 3, &[5_000_000, 20_000_000]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copy_and_truncate() {
    rotates(&["copytruncate", "nocompress"], 20, &[5_000_000]).await;
    rotates(&["copytruncate", "nocompress"], 4, &[20_000_000]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copy_and_truncate_and_compress() {
    rotates(&["copytruncate", "compress"], 3, &[5_000_000, 20_000_000]).await;
}
