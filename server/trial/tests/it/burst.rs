//! F30: more than the link can carry.

use trial::check::{Viewer, Wish};
use trial::proxy::Proxy;

use crate::support::{PATIENCE, Scene};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_keep_up_is_told_and_jumps_to_the_end() {
    let scene = Scene::new(&[]);
    // 10 Mbit/s for 20 MB/s.
    let proxy = Proxy::with_rate(scene.server.addr(), 1_250_000).await.unwrap();
    let mut viewer = scene.viewer_of(Wish { every_line: false, ..scene.through(&proxy) }).await;
    let storm = scene.storm(20_000_000);
    let has_jumped = |viewer: &Viewer| viewer.n_behind > 1 && viewer.check.sums.jumps > 1;
    viewer.until("two jumps", PATIENCE, has_jumped).await.unwrap();
    let written = storm.finish().unwrap();
    viewer.until("the last line", PATIENCE, |viewer| viewer.check.has_all_of(&written)).await.unwrap();
    let sums = viewer.check.sums;
    assert!(viewer.check.is_clean() && sums.missing_told > 0 && viewer.closed.is_empty(), "{}", viewer.summary());
    println!("{} of {} lines shown, {} jumps, all told", sums.lines, written[0].last, sums.jumps);
}
