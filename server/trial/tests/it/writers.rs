//! F18, F19: writers that die in the middle of a line, and lines that take their time.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::process::{Command, Stdio};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use trial::check::{Viewer, Wish};
use trial::sizes::times;
use trial::storm::Line;

use crate::support::{PATIENCE, Scene, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_killed_in_the_middle_of_lines_leave_what_they_wrote_once() {
    let scene = Scene::new(&[]);
    let wish = Wish { keep: true, ..Wish::every_line(scene.server.addr(), "logs/app.log") };
    let mut viewer = scene.viewer_of(wish).await;
    let mut random = SmallRng::seed_from_u64(18);
    let len = || scene.log().metadata().unwrap().len();
    let mut n_broken = 0;
    for life in 0..times(100) {
        let first = (life * 10_000 + 1).to_string();
        let mut writer = Command::new(env!("CARGO_BIN_EXE_trial"))
            .args(["storm", "--partial", "--rate", "2000000", "--first", &first])
            .arg(scene.log())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let enough = len() + random.random_range(1..5_000);
        viewer.during(until("bytes", || len() >= enough)).await.unwrap();
        writer.kill().unwrap();
        assert!(!writer.wait().unwrap().success(), "it was killed");
        n_broken += usize::from(!fs::read(scene.log()).unwrap().ends_with(b"\n"));
    }
    let mut log = OpenOptions::new().append(true).open(scene.log()).unwrap();
    log.write_all(b" the end\n").unwrap();
    viewer.until("the end", PATIENCE, |viewer| viewer.kept.ends_with(b" the end\n")).await.unwrap();
    let file = fs::read(scene.log()).unwrap();
    println!("{} bytes, {n_broken} of {} writers died within a line", file.len(), times(100));
    assert!(n_broken > 0, "nothing was tried");
    assert!(viewer.kept == file, "what was shown is not what stands in the file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_stays_open_is_shown_and_replaced_by_the_whole_one() {
    let scene = Scene::new(&[]);
    let mut viewer = scene.viewer().await;
    let mut log = OpenOptions::new().append(true).open(scene.log()).unwrap();
    let mut line = Vec::new();
    Line { writer: 1, number: 1 }.write(&mut line);
    let (half, rest) = line.split_at(12);
    for (piece, shown) in [(half, Some(half)), (&rest[..5], Some(&line[..17])), (&rest[5..], None)] {
        log.write_all(piece).unwrap();
        let is_shown = |viewer: &Viewer| viewer.unfinished().as_deref() == shown;
        viewer.until("the piece", PATIENCE, is_shown).await.unwrap();
    }
    viewer.until("the line", PATIENCE, |viewer| viewer.check.sums.lines == 1).await.unwrap();
    assert_eq!((viewer.check.sums.torn, viewer.follow().window().len()), (0, 1));
}
