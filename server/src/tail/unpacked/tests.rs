//! Compressed files as a follower sees them.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use taillight::cursor::Generation;
use taillight::wire::{FileEvent, Unpacking};

use super::*;
use crate::source::read_full;
use crate::tail::{Follower, Pace, Tails};
use crate::testing::{TempFolder, log_file, tasks};

/// Longer than any wait that succeeds.
const DEADLINE: Duration = Duration::from_secs(60);

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn append(path: &Path, bytes: &[u8]) {
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn follow(path: &Path) -> Follower {
    let pace = Pace {
        quiet: Duration::from_millis(100),
        quiet_with_successor: Duration::from_millis(10),
        missing_grace: Duration::from_millis(10),
        ..Pace::default()
    };
    Tails::new(tasks(), pace).follow(log_file(path)).unwrap()
}

/// What can be read of the life of the tip.
fn text(tip: &TailTip) -> String {
    let mut bytes = vec![0; usize::try_from(tip.len.get()).unwrap()];
    assert_eq!(read_full(&*tip.current().source, &mut bytes, ByteOffset::ZERO).unwrap(), bytes.len());
    String::from_utf8(bytes).unwrap()
}

async fn until(follower: &mut Follower, expected: &str, state: FileState) -> Arc<TailTip> {
    let wait = async {
        loop {
            let tip = follower.tip();
            if tip.state == state && text(&tip) == expected {
                return tip;
            }
            assert!(follower.changed().await);
        }
    };
    match tokio::time::timeout(DEADLINE, wait).await {
        Ok(tip) => tip,
        Err(_) => panic!("{:?}, {:?}", follower.tip().state, text(&follower.tip())),
    }
}

const WHOLE: FileState = FileState::Packed(Unpacking::Whole);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_file_is_there_at_once_and_what_is_appended_comes() {
    let folder = TempFolder::new();
    let path = folder.file("a.log.1", &gzip(b"one\ntwo"));
    let mut follower = follow(&path);
    let tip = follower.tip();
    assert_eq!((text(&tip).as_str(), tip.state), ("one\ntwo", WHOLE));
    assert_eq!((tip.complete.get(), tip.current().generation), (4, Generation::FIRST));
    append(&path, &gzip(b" and more\nthree\n"));
    let tip = until(&mut follower, "one\ntwo and more\nthree\n", WHOLE).await;
    assert_eq!((tip.complete.get(), tip.epochs.len()), (23, 1));
    let half = gzip(b"four\n");
    append(&path, &half[..half.len() - 4]);
    until(&mut follower, "one\ntwo and more\nthree\nfour\n", FileState::Packed(Unpacking::Incomplete)).await;
    append(&path, &half[half.len() - 4..]);
    until(&mut follower, "one\ntwo and more\nthree\nfour\n", WHOLE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decoded_for_somebody_who_has_gone_makes_room_at_once() {
    let folder = TempFolder::new();
    let lines: String = (0..50_000).map(|number| format!("{number} of the lines\n")).collect();
    let path = |number: u32| folder.file(&format!("{number}.gz"), &gzip(format!("{number}\n{lines}").as_bytes()));
    // For one of them, and not for two.
    let archives = Archives::new(vec![folder.path().to_owned()], lines.len() as u64 * 3 / 2);
    let pace = Pace { linger: Duration::from_secs(3600), reconcile: Duration::from_secs(3600), ..Pace::default() };
    let tails = Tails::with_archives(tasks(), pace, archives);
    for number in 0..3 {
        let mut follower = tails.follow(log_file(&path(number))).unwrap();
        until(&mut follower, &format!("{number}\n{lines}"), WHOLE).await;
    }
    // What somebody follows stays.
    let mut held = tails.follow(log_file(&path(3))).unwrap();
    until(&mut held, &format!("3\n{lines}"), WHOLE).await;
    let mut cut = tails.follow(log_file(&path(4))).unwrap();
    assert!(cut.decoded(None, tokio::time::Instant::now() + DEADLINE).await);
    assert_eq!(cut.tip().state, FileState::Packed(Unpacking::NoRoom));
    assert_eq!(text(&held.tip()).len(), lines.len() + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_of_compressed_files_is_one() {
    let folder = TempFolder::new();
    let path = folder.file("a.log.2.gz", &gzip(b"older\n"));
    let mut follower = follow(&path);
    assert_eq!(text(&follower.tip()), "older\n");
    let newer = folder.file("a.log.1.gz", &gzip(b"newer, and longer\n"));
    std::fs::rename(newer, &path).unwrap();
    let tip = until(&mut follower, "newer, and longer\n", WHOLE).await;
    assert_eq!(tip.epochs.len(), 2);
    assert_eq!(tip.epochs[0].ended.get(), Some(&ByteOffset::new(6)), "in what it stands for");
    assert!(matches!(tip.current().began, Some((FileEvent::Rotated, _))));
    assert!(tip.current().generation > tip.epochs[0].generation);
    // From compressed to plain and back.
    std::fs::rename(folder.file("b", b"plain\n"), &path).unwrap();
    until(&mut follower, "plain\n", FileState::Live).await;
    std::fs::rename(folder.file("b", &gzip(b"last\n")), &path).unwrap();
    let tip = until(&mut follower, "last\n", WHOLE).await;
    assert_eq!(tip.epochs.len(), 4);
    std::fs::remove_file(&path).unwrap();
    until(&mut follower, "last\n", FileState::Deleted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_just_begun_becomes_compressed() {
    let folder = TempFolder::new();
    let path = folder.file("a.gz", b"");
    let mut follower = follow(&path);
    assert_eq!(follower.tip().state, FileState::Live);
    let bytes = gzip(&b"a line\n".repeat(100_000));
    append(&path, &bytes[..3]);
    append(&path, &bytes[3..]);
    until(&mut follower, &"a line\n".repeat(100_000), WHOLE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_file_is_followed_as_it_is_whatever_its_name() {
    let folder = TempFolder::new();
    let path = folder.file("a.gz", b"plain\n");
    let mut follower = follow(&path);
    append(&path, b"more of it, long enough to tell\n");
    until(&mut follower, "plain\nmore of it, long enough to tell\n", FileState::Live).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncation_of_a_compressed_file_begins_another_life() {
    let folder = TempFolder::new();
    let path = folder.file("a.gz", &gzip(&b"the first\n".repeat(1000)));
    let mut follower = follow(&path);
    assert_eq!(follower.tip().len.get(), 10_000);
    std::fs::write(&path, gzip(b"the second\n")).unwrap();
    let tip = until(&mut follower, "the second\n", WHOLE).await;
    assert_eq!(tip.epochs[0].ended.get(), Some(&ByteOffset::new(10_000)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_real_logrotate_compresses_is_the_log_that_was() {
    let folder = TempFolder::new();
    let lines: String = (0..50_000).map(|number| format!("{number} of the lines\n")).collect();
    let path = folder.file("app.log", lines.as_bytes());
    let plain = follow(&path).tip().current().identity().unwrap();
    for number in 0..2 {
        let text = format!("{} {{\n rotate 5\n compress\n create\n}}\n", path.display());
        let config = folder.file("rotate.conf", text.as_bytes());
        std::fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let run = std::process::Command::new("/usr/sbin/logrotate")
            .args(["--force", "--state"])
            .arg(folder.path().join("state"))
            .arg(&config)
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        let archive = folder.path().join(format!("app.log.{}.gz", number + 1));
        let mut follower = follow(&archive);
        let tip = until(&mut follower, &lines, WHOLE).await;
        let identity = tip.current().identity().unwrap();
        assert_eq!((identity.head_len, identity.head_hash), (plain.head_len, plain.head_hash));
        std::fs::write(&path, b"what came after\n").unwrap();
    }
}
