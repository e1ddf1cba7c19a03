//! Faults of the system and of the files, one by one.

use std::time::Instant;

use super::*;
use crate::tail::watched::Watched;

/// A follower that is looked at by hand.
struct ByHand {
    folder: TempFolder,
    path: PathBuf,
    watched: Watched,
    now: Instant,
}

impl ByHand {
    fn new(text: &str) -> Self {
        let folder = TempFolder::new();
        let path = folder.file("app.log", text.as_bytes());
        let now = Instant::now();
        let watched = Watched::new(log_file(&path), Pace::default(), now).unwrap();
        Self { folder, path, watched, now }
    }

    fn look(&mut self) -> TailTip {
        self.watched.look(self.now);
        self.watched.tip()
    }

    fn look_after(&mut self, time: Duration) -> TailTip {
        self.now += time;
        self.look()
    }

    fn to(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// All bytes of the lives that have ended and of the current one.
fn lives(tip: &TailTip) -> Vec<String> {
    let read = |epoch: &std::sync::Arc<crate::tail::Epoch>| {
        let end = epoch.ended.get().copied().unwrap_or(tip.len);
        let mut bytes = vec![0; end.get() as usize];
        let read = read_full(&*epoch.source, &mut bytes, ByteOffset::ZERO).unwrap_or(0);
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    };
    tip.epochs.iter().map(read).collect()
}

fn began(tip: &TailTip) -> Vec<FileEvent> {
    tip.epochs.iter().filter_map(|epoch| Some(epoch.began?.0)).collect()
}

#[test]
fn a_copy_that_is_still_being_made_is_waited_for() {
    let mut hand = ByHand::new("one\ntwo\n");
    std::fs::write(hand.to("app.log.1"), "one\n").unwrap();
    File::create(&hand.path).unwrap();
    append(&hand.path, "new\n");
    assert_eq!(hand.look().epochs.len(), 1, "the copy is shorter than what was seen: {:?}", lives(&hand.watched.tip()));
    append(&hand.to("app.log.1"), "two\nthree\n");
    let tip = hand.look_after(Duration::from_millis(20));
    assert_eq!(lives(&tip), ["one\ntwo\nthree\n", "new\n"]);
    assert_eq!(began(&tip), [FileEvent::Truncated { was: ByteLen::new(14) }]);
    assert_eq!(tip.epochs[0].lost_after(ByteOffset::ZERO), ByteLen::ZERO);
}

#[test]
fn what_a_short_copy_does_not_have_is_told_to_the_byte() {
    let mut hand = ByHand::new("one\ntwo\n");
    std::fs::write(hand.to("app.log.1"), "one\n").unwrap();
    File::create(&hand.path).unwrap();
    hand.look();
    let tip = hand.look_after(Duration::from_millis(200));
    assert_eq!(lives(&tip), ["one\n", ""]);
    assert_eq!(tip.epochs[0].lost_after(ByteOffset::new(4)), ByteLen::new(4));
    assert_eq!(tip.epochs[0].lost_after(ByteOffset::new(8)), ByteLen::ZERO, "who read it has lost nothing");
}

#[test]
fn an_old_copy_with_the_same_start_is_not_taken_for_a_new_one() {
    let hand = ByHand::new("banner\n");
    // As rotation left it, long before this life.
    let old = hand.to("app.log.1");
    std::fs::write(&old, "banner\nolder\n").unwrap();
    let file = File::open(&old).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
    let mut hand = ByHand { watched: Watched::new(log_file(&hand.path), Pace::default(), hand.now).unwrap(), ..hand };
    // A moment that the clock of the file system can tell apart.
    let later = |path: &Path, than: &Path| {
        let (own, other) = (path.metadata().unwrap(), than.metadata().unwrap());
        own.modified().unwrap() > other.created().unwrap()
    };
    loop {
        std::fs::write(hand.to("clock"), "").unwrap();
        if later(&hand.to("clock"), &old) {
            break;
        }
    }
    append(&hand.path, "more\n");
    hand.look();
    File::create(&hand.path).unwrap();
    append(&hand.path, "x\n");
    let tip = hand.look();
    assert_eq!(lives(&tip)[1..], ["x\n"]);
    assert!(!tip.epochs[0].is_readable());
}

#[test]
fn several_rotations_between_two_looks_are_shown_in_order() {
    let mut hand = ByHand::new("one\n");
    for text in ["two\n", "three\n", "four\n"] {
        for number in (1..4).rev() {
            let from = hand.to(&format!("app.log.{number}"));
            if from.exists() {
                std::fs::rename(from, hand.to(&format!("app.log.{}", number + 1))).unwrap();
            }
        }
        std::fs::rename(&hand.path, hand.to("app.log.1")).unwrap();
        append(&hand.path, text);
    }
    hand.look();
    let tip = hand.look_after(Duration::from_secs(2));
    assert_eq!(lives(&tip), ["one\n", "two\n", "three\n", "four\n"]);
    assert_eq!(began(&tip), [FileEvent::Rotated; 3]);
}

#[test]
fn a_life_that_was_compressed_between_two_looks_is_told_as_a_gap() {
    let mut hand = ByHand::new("one\n");
    std::fs::rename(&hand.path, hand.to("app.log.2")).unwrap();
    std::fs::write(hand.to("app.log.1.gz"), b"\x1f\x8b\x08 as gzip writes").unwrap();
    append(&hand.path, "three\n");
    hand.look();
    let tip = hand.look_after(Duration::from_secs(2));
    assert_eq!(lives(&tip), ["one\n", "three\n"]);
    assert!(matches!(tip.notices[..], [crate::tail::Notice { event: FileEvent::Gap { bytes: ByteLen::ZERO }, .. }]));
}

#[test]
fn a_rewrite_in_place_and_a_save_by_an_editor_are_told() {
    let mut hand = ByHand::new("one\ntwo\n");
    let before = hand.path.metadata().unwrap().len();
    std::fs::write(hand.to("other"), "ONE\nTWO\n").unwrap();
    std::fs::copy(hand.to("other"), &hand.path).unwrap();
    assert_eq!(hand.path.metadata().unwrap().len(), before);
    assert_eq!(lives(&hand.look())[1], "ONE\nTWO\n");
    std::fs::write(hand.to("saved"), "ONE\nTWO\nTHREE\n").unwrap();
    std::fs::rename(hand.to("saved"), &hand.path).unwrap();
    hand.look();
    let tip = hand.look_after(Duration::from_secs(2));
    assert_eq!(lives(&tip)[2], "ONE\nTWO\nTHREE\n");
    assert_eq!(began(&tip), [FileEvent::Rewritten, FileEvent::Rewritten]);
}

#[test]
fn files_with_the_same_first_bytes_and_empty_ones_are_different_files() {
    let banner = "=".repeat(4096) + "\n";
    let mut hand = ByHand::new(&banner);
    for n in 0..3 {
        std::fs::rename(&hand.path, hand.to(&format!("app.log-2026112{n}"))).unwrap();
        append(&hand.path, &banner);
        hand.look();
        hand.look_after(Duration::from_secs(2));
    }
    assert_eq!(lives(&hand.look()), vec![banner; 4]);
}

#[test]
fn times_from_the_past_and_the_future_change_nothing() {
    let mut hand = ByHand::new("one\n");
    for secs in [0, 1 << 33] {
        File::open(&hand.path).unwrap().set_modified(std::time::UNIX_EPOCH + Duration::from_secs(secs)).unwrap();
        append(&hand.path, "more\n");
        File::open(&hand.path).unwrap().set_modified(std::time::UNIX_EPOCH + Duration::from_secs(secs)).unwrap();
        hand.look();
        // The copy has the odd time too, as `cp -p` gives it.
        std::fs::copy(&hand.path, hand.to(&format!("app.log.{secs}"))).unwrap();
        let copy = File::open(hand.to(&format!("app.log.{secs}"))).unwrap();
        copy.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(secs)).unwrap();
        File::create(&hand.path).unwrap();
        append(&hand.path, "two\n");
        hand.look();
    }
    let tip = hand.look();
    assert_eq!(lives(&tip), ["one\nmore\n", "two\nmore\n", "two\n"]);
}

#[test]
fn a_link_that_leads_out_of_the_root_is_not_followed() {
    let folder = TempFolder::new();
    let path = folder.file("app.log", b"one\n");
    let mut now = Instant::now();
    let mut watched = Watched::new(log_file(&path), Pace::default(), now).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("next")).unwrap();
    std::fs::rename(folder.path().join("next"), &path).unwrap();
    for _ in 0..3 {
        now += Duration::from_secs(2);
        watched.look(now);
    }
    let tip = watched.tip();
    assert_eq!((lives(&tip), tip.state), (vec!["one\n".to_owned()], FileState::Deleted));
}

#[test]
fn a_read_error_is_told_and_ends_when_reading_works_again() {
    let mut hand = ByHand::new("one\n");
    append(&hand.path, "two\n");
    hand.watched.fail_reads(true);
    for failures in 1..4 {
        assert_eq!(hand.look().state, FileState::ReadError);
        assert_eq!(hand.watched.failures(), failures);
    }
    hand.watched.fail_reads(false);
    let tip = hand.look();
    assert_eq!((tip.state, lives(&tip)), (FileState::Live, vec!["one\ntwo\n".to_owned()]));
    assert_eq!(hand.watched.failures(), 0);
}

#[tokio::test]
async fn an_overflow_of_events_loses_nothing() {
    let limit: usize = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    let folder = TempFolder::new();
    let path = folder.file("app.log", b"one\n");
    let hour = Duration::from_secs(3600);
    let tails = Tails::new(crate::testing::tasks(), Pace { reconcile: hour, ..quick(false) });
    let mut viewer = Viewer::new(&tails, &path);
    viewer.until_read(0, "one\n").await;
    // In one go, and more than fit: creating and removing are two events each.
    let junk = folder.path().join("junk");
    let overflow = std::thread::spawn(move || {
        for _ in 0..limit {
            drop(File::create(&junk).unwrap());
            std::fs::remove_file(&junk).unwrap();
        }
    });
    append(&path, "two\n");
    viewer.until_read(0, "one\ntwo\n").await;
    overflow.join().unwrap();
    append(&path, "three\n");
    viewer.until_read(0, "one\ntwo\nthree\n").await;
}

#[tokio::test]
async fn a_deleted_file_is_given_back_when_nobody_follows_any_more() {
    let mut scene = Scene::new(true, "one\n");
    scene.viewer.until_read(0, "one\n").await;
    let name = scene.path.to_str().unwrap().to_owned() + " (deleted)";
    std::fs::remove_file(&scene.path).unwrap();
    scene.viewer.until("deleted", |_, tip| tip.state == FileState::Deleted).await;
    let is_open = || {
        let handles = std::fs::read_dir("/proc/self/fd").unwrap();
        handles.flatten().any(|one| std::fs::read_link(one.path()).is_ok_and(|target| target.to_str() == Some(&name)))
    };
    assert!(is_open());
    let Scene { folder, tails, viewer, .. } = scene;
    drop(viewer);
    let given_back = async {
        while tails.count() > 0 || is_open() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(DEADLINE, given_back).await.unwrap();
    drop(folder);
}
