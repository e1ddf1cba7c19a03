//! The real logrotate, while a writer appends numbered lines.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use taillight::wire::FileEvent;

use super::{Scene, Viewer, quick};
use crate::tail::{Pace, Tails};

const ROTATIONS: usize = 6;

/// How far the writer may be ahead of the reader, in bytes.
const AHEAD: u64 = 500_000;

/// Appends numbered lines, opens the name again when another file has it, and waits when it is too far ahead.
struct Writer {
    stop: Arc<AtomicBool>,
    read: Arc<AtomicU64>,
    thread: JoinHandle<u64>,
}

impl Writer {
    fn start(path: PathBuf) -> Self {
        let (stop, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopping, reading) = (Arc::clone(&stop), Arc::clone(&read));
        let thread = std::thread::spawn(move || {
            let open = || OpenOptions::new().append(true).create(true).open(&path).unwrap();
            let inode = |path: &Path| path.metadata().map_or(0, |meta| meta.ino());
            let mut file: File = open();
            let mut written = 0;
            while !stopping.load(Ordering::Relaxed) {
                if file.metadata().unwrap().len() > reading.load(Ordering::Relaxed) + AHEAD {
                    std::thread::yield_now();
                    continue;
                }
                let mut batch = Vec::new();
                for _ in 0..20 {
                    written += 1;
                    writeln!(batch, "{written:09} and some text to make a line of it").unwrap();
                }
                file.write_all(&batch).unwrap();
                let current = inode(&path);
                if current != 0 && current != file.metadata().unwrap().ino() {
                    file = open();
                }
            }
            written
        });
        Self { stop, read, thread }
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn logrotate(scene: &Scene, how: &str) {
    let config = scene
        .folder
        .file("rotate.conf", format!("{} {{\n rotate 50\n nocompress\n {how}\n}}\n", scene.path.display()).as_bytes());
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&config, permissions).unwrap();
    let run = Command::new("/usr/sbin/logrotate")
        .args(["--force", "--state"])
        .arg(scene.folder.path().join("state"))
        .arg(&config)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

/// The numbers of the lines of one life; every line must be whole.
fn numbers(life: &[u8]) -> Vec<u64> {
    let text = std::str::from_utf8(life).unwrap();
    text.lines()
        .map(|line| {
            assert!(line.ends_with(" and some text to make a line of it"), "torn: {line:?}");
            line[..9].parse().unwrap()
        })
        .collect()
}

fn is_a_run(numbers: &[u64]) -> bool {
    numbers.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

fn last_number(viewer: &Viewer) -> u64 {
    let lines = viewer.lives.iter().rev().find(|life| life.ends_with(b"\n"));
    lines.map_or(0, |life| numbers(&life[life.len() - 45..]).last().copied().unwrap_or(0))
}

async fn rotate_while_written(how: &str, poll: bool) -> (Scene, u64) {
    let mut scene = Scene::new(poll, "");
    let slow = Pace { quiet: Duration::from_secs(3), quiet_with_successor: Duration::from_millis(100), ..quick(poll) };
    scene.tails = Tails::new(crate::testing::tasks(), slow);
    scene.viewer = Viewer::new(&scene.tails, &scene.path);
    let writer = Writer::start(scene.path.clone());
    for rotation in 1..=ROTATIONS {
        let before = last_number(&scene.viewer);
        let tell = |viewer: &Viewer| writer.read.store(viewer.at.get(), Ordering::Relaxed);
        scene
            .viewer
            .until("lines before the rotation", |viewer, _| {
                tell(viewer);
                viewer.lives.len() == rotation && last_number(viewer) > before + 1000
            })
            .await;
        logrotate(&scene, how);
        scene
            .viewer
            .until("the rotation", |viewer, _| {
                tell(viewer);
                viewer.lives.len() > rotation
            })
            .await;
    }
    // What logrotate cuts off before anyone could read it may be the last that was written: not the last of all.
    scene
        .viewer
        .until("lines after the last rotation", |viewer, _| {
            writer.read.store(viewer.at.get(), Ordering::Relaxed);
            viewer.lives.last().is_some_and(|life| !life.is_empty())
        })
        .await;
    let written = writer.end();
    scene.viewer.until("the last line", |viewer, _| last_number(viewer) == written).await;
    (scene, written)
}

async fn create_loses_nothing(poll: bool) {
    let (scene, written) = rotate_while_written("create", poll).await;
    let all: Vec<u64> = scene.viewer.lives.iter().flat_map(|life| numbers(life)).collect();
    assert!(is_a_run(&all), "every line once and in order");
    assert_eq!((all.first(), all.last(), all.len() as u64), (Some(&1), Some(&written), written));
    assert_eq!(scene.viewer.events, [FileEvent::Rotated; ROTATIONS]);
}

/// All whole lines of the archives and of the live file.
fn kept(scene: &Scene) -> Vec<u64> {
    let entries = std::fs::read_dir(scene.folder.path()).unwrap().flatten();
    let logs = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("app.log"));
    let mut all: Vec<u64> = logs.flat_map(|entry| numbers(whole_lines(&std::fs::read(entry.path()).unwrap()))).collect();
    all.sort_unstable();
    all
}

/// logrotate may copy a part of a line and cut off its rest.
fn whole_lines(life: &[u8]) -> &[u8] {
    &life[..life.iter().rposition(|&byte| byte == b'\n').map_or(0, |feed| feed + 1)]
}

async fn copytruncate_shows_all_that_is_kept(poll: bool) {
    let (scene, written) = rotate_while_written("copytruncate", poll).await;
    let lives: Vec<Vec<u64>> = scene.viewer.lives.iter().map(|life| numbers(whole_lines(life))).collect();
    for life in &lives {
        assert!(is_a_run(life), "a gap only where a truncation is told");
    }
    let all = lives.concat();
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "nothing twice");
    assert_eq!((all.first(), all.last()), (Some(&1), Some(&written)));
    let kept = kept(&scene);
    let missing: Vec<_> = kept.iter().filter(|number| all.binary_search(number).is_err()).collect();
    assert!(missing.is_empty(), "what an archive has was not shown: {missing:?}");
    let told = scene.viewer.events.iter().filter(|event| matches!(event, FileEvent::Truncated { .. })).count();
    assert_eq!(told, ROTATIONS, "{:?}", scene.viewer.events);
    println!(
        "copytruncate, {written} lines: {} destroyed by logrotate, {} of them shown",
        written - kept.len() as u64,
        all.len() - kept.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logrotate_create_loses_nothing_by_events() {
    create_loses_nothing(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logrotate_create_loses_nothing_by_polling() {
    create_loses_nothing(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logrotate_copytruncate_shows_all_that_is_kept_by_events() {
    copytruncate_shows_all_that_is_kept(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logrotate_copytruncate_shows_all_that_is_kept_by_polling() {
    copytruncate_shows_all_that_is_kept(true).await;
}
