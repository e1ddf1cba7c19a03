//! G5, G6, F7, F15, F50, F58: connections that are lost in every way, and come back exactly where they were.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use taillight::wire::Resume;
use trial::check::{Viewer, Wish};
use trial::figures::percentile;
use trial::proxy::{Fate, Proxy};
use trial::rotate;
use trial::sizes::times;
use trial::storm::{Line, Plan, Storm};

use crate::support::{PATIENCE, Scene, all_came};

/// How a connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// The viewer goes.
    Gone,
    /// Closed on the way.
    Cut,
    /// Reset on the way.
    Reset,
    /// The viewer goes and the server is not told.
    HalfOpen,
    /// The server is killed and started again.
    Killed,
}

async fn lose(how: Loss, scene: &mut Scene, proxy: &Proxy, viewer: &mut Viewer) {
    let n_closed = viewer.closed.len();
    match how {
        Loss::Gone => viewer.drop_link(),
        Loss::Cut => proxy.all(Fate::Cut),
        Loss::Reset => proxy.all(Fate::Reset),
        Loss::HalfOpen => {
            proxy.all(Fate::Hold);
            viewer.drop_link();
        }
        Loss::Killed => {
            scene.server.kill().unwrap();
            scene.server.restart().unwrap();
        }
    }
    let is_lost = |viewer: &Viewer| viewer.closed.len() > n_closed;
    viewer.until("the loss", PATIENCE, is_lost).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_losses_at_5_mb_a_second_with_rotations_lose_nothing() {
    let mut scene = Scene::new(&[]);
    let proxy = Proxy::start(scene.server.addr()).await.unwrap();
    let mut viewer = scene.viewer_of(scene.through(&proxy)).await;
    let storm = scene.storm(5_000_000);
    viewer.until("lines", PATIENCE, |viewer| viewer.check.sums.lines > 0).await.unwrap();
    let n_losses = times(500);
    let (mut n_rotations, mut n_killed) = (0, 0);
    for nth in 0..n_losses {
        if nth % 25 == 12 {
            rotate::rename(&scene.log(), 40, true).unwrap();
            n_rotations += 1;
        }
        let how = match nth {
            _ if nth % 20 == 19 => Loss::Killed,
            _ => [Loss::Gone, Loss::Cut, Loss::Reset, Loss::HalfOpen][nth % 4],
        };
        n_killed += usize::from(how == Loss::Killed);
        let n_opened = viewer.opened.len();
        lose(how, &mut scene, &proxy, &mut viewer).await;
        let lines = viewer.check.sums.lines;
        let is_back = |viewer: &Viewer| viewer.opened.len() > n_opened && viewer.check.sums.lines > lines;
        viewer.until("lines after the loss", PATIENCE, is_back).await.unwrap();
        let answer = viewer.opened.last().unwrap().answer;
        assert!(answer.is_some(), "{how:?}: a cursor was sent");
    }
    let written = storm.finish().unwrap();
    all_came(&mut viewer, &written).await;
    assert_eq!((viewer.closed.len(), viewer.check.sums.rotated), (n_losses, n_rotations));
    let mut took: Vec<_> = viewer.opened.iter().skip(1).map(|opened| opened.took).collect();
    took.sort();
    let at = |share| percentile(&took, share);
    println!(
        "{n_losses} losses, {n_killed} of them kills, {n_rotations} rotations, {} MB; resumed in p50 {:?}, p99 {:?}, max {:?}",
        written[0].bytes / 1_000_000,
        at(0.5),
        at(0.99),
        at(1.0),
    );
    // The promise is half a second on a machine that does nothing else.
    assert!(at(0.99) < Duration::from_secs(5), "{:?}", at(0.99));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flapping_link_is_come_back_to_less_and_less_often() {
    let scene = Scene::new(&[]);
    let proxy = Proxy::start(scene.server.addr()).await.unwrap();
    let wish = Wish { hurry: false, ..scene.through(&proxy) };
    let mut viewer = scene.viewer_of(wish).await;
    let storm = scene.storm(100_000);
    for nth in 1..=4 {
        // As soon as it is back and has said something.
        let lines = viewer.check.sums.lines;
        let is_back = |viewer: &Viewer| viewer.opened.len() == nth && viewer.check.sums.lines > lines;
        viewer.until("the connection", PATIENCE, is_back).await.unwrap();
        proxy.all(Fate::Reset);
        viewer.until("the loss", PATIENCE, |viewer| viewer.closed.len() == nth).await.unwrap();
    }
    viewer.until("the connection", PATIENCE, |viewer| viewer.opened.len() == 5).await.unwrap();
    let away: Vec<_> = viewer.opened.iter().filter_map(|opened| opened.away).collect();
    // Half a second, doubled each time; half of each is drawn.
    for (nth, away) in away.iter().enumerate() {
        let full = Duration::from_millis(500 << nth);
        assert!(*away >= full / 2, "the {nth}. after {away:?}: {full:?} is usual");
    }
    all_came(&mut viewer, &storm.finish().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_again_and_again_costs_no_line() {
    let mut scene = Scene::new(&[]);
    let mut viewer = scene.viewer().await;
    let storm = Storm::start(&Plan { writers: 3, ..Plan::new(&scene.log(), 1_000_000) }).unwrap();
    viewer.until("lines", PATIENCE, |viewer| viewer.check.sums.lines > 0).await.unwrap();
    for nth in 0..times(15) {
        scene.server.kill().unwrap();
        if nth % 3 == 0 {
            rotate::rename(&scene.log(), 40, true).unwrap();
        }
        let lines = storm.lines() + 500;
        viewer.until("lines meanwhile", PATIENCE, |_| storm.lines() > lines).await.unwrap();
        scene.server.restart().unwrap();
        let opened = viewer.opened.len();
        let lines = viewer.check.sums.lines;
        let is_back = |viewer: &Viewer| viewer.opened.len() > opened && viewer.check.sums.lines > lines;
        viewer.until("the server", PATIENCE, is_back).await.unwrap();
    }
    all_came(&mut viewer, &storm.finish().unwrap()).await;
}

/// What all files of a set begin with: longer than what tells files apart by their heads.
fn banner() -> Vec<u8> {
    let mut bytes = Vec::new();
    (1..=60).for_each(|number| Line { writer: 90, number }.write(&mut bytes));
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_never_goes_on_in_a_file_that_got_the_old_ones_inode() {
    let mut scene = Scene::new(&[]);
    let n_files = times(500);
    let name = |nth: usize| format!("reused-{nth:04}.log");
    let write = |nth: usize, writer: u8, n_lines: u64| {
        let mut bytes = banner();
        (1..=n_lines).for_each(|number| Line { writer, number }.write(&mut bytes));
        fs::write(scene.folder.join(&name(nth)), bytes).unwrap();
        rotate::inode(&scene.folder.join(&name(nth))).unwrap()
    };
    let mut viewers = Vec::new();
    let mut old = HashSet::new();
    for nth in 0..n_files {
        old.insert(write(nth, 1, 40));
    }
    for nth in 0..n_files {
        let wish = Wish::every_line(scene.server.addr(), &format!("logs/{}", name(nth)));
        let mut viewer = scene.viewer_of(wish).await;
        viewer.until("the file", PATIENCE, |viewer| viewer.check.last(1) == Some(40)).await.unwrap();
        viewers.push(viewer);
    }
    // A server that holds the old files keeps their inodes from being used again.
    scene.server.kill().unwrap();
    let mut n_reused = 0;
    for nth in 0..n_files {
        fs::remove_file(scene.folder.join(&name(nth))).unwrap();
        // Shorter, as long, and longer than the place of the cursor.
        n_reused += usize::from(old.contains(&write(nth, 2, [10, 40, 90][nth % 3])));
    }
    scene.server.restart().unwrap();
    let mut n_resumed = 0;
    for (nth, viewer) in viewers.iter_mut().enumerate() {
        let is_all = |viewer: &Viewer| viewer.check.last(2) == Some([10, 40, 90][nth % 3]);
        viewer.until("the new file", PATIENCE, is_all).await.unwrap();
        assert_eq!((viewer.check.first(2), viewer.check.sums.torn), (Some(1), 0), "{}", viewer.summary());
        n_resumed += usize::from(matches!(viewer.opened.last().unwrap().answer, Some(Resume::Resumed { .. })));
    }
    println!("{n_reused} of {n_files} new files have an inode of an old one");
    // Whatever else writes files on this disk takes inodes that are free, too.
    assert!(n_reused * 10 > n_files, "{n_reused}: nothing was tried");
    assert_eq!(n_resumed, 0, "in a wrong file");
}
