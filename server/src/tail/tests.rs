//! The follower against real files, in event and in poll mode.

mod chains;
mod faults;
mod logrotate;
mod model;
mod programs;

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use taillight::cursor::{Cursor, Generation, Marker};
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{FileEvent, FileState, MAX_LIVE_BYTES, Resume};

use super::{Follower, Pace, TailTip, Tails};
use crate::read::{lines_from, marker_at};
use crate::source::{is_gone, read_full};
use crate::testing::{TempFolder, log_file};

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(30);

fn quick(poll: bool) -> Pace {
    Pace {
        poll,
        reconcile: Duration::from_millis(50),
        poll_every: Duration::from_millis(10),
        busy_every: Duration::from_millis(5),
        publish_every: Duration::from_millis(1),
        quiet: Duration::from_millis(100),
        quiet_with_successor: Duration::from_millis(10),
        copy_grace: Duration::from_millis(10),
        missing_grace: Duration::from_millis(10),
        linger: Duration::from_millis(10),
    }
}

/// Reads as a viewer does: in order, from one life into the next.
struct Viewer {
    follower: Follower,
    generation: Generation,
    at: ByteOffset,
    marker: Marker,
    /// What was read of each life, from the first on.
    lives: Vec<Vec<u8>>,
    events: Vec<FileEvent>,
    told: u64,
}

impl Viewer {
    fn new(tails: &Tails, path: &Path) -> Self {
        Self {
            follower: tails.follow(log_file(path)).unwrap(),
            generation: Generation::FIRST,
            at: ByteOffset::ZERO,
            marker: Marker::of(&[]),
            lives: vec![Vec::new()],
            events: Vec::new(),
            told: 0,
        }
    }

    /// Reads what the tip allows.
    fn pull(&mut self) {
        let tip = self.follower.tip();
        loop {
            let Some(epoch) = tip.epoch(self.generation).cloned() else { panic!("life {:?} is lost", self.generation) };
            let ended = epoch.ended.get().copied();
            if epoch.is_readable() && !self.read(&tip, ended, epoch.source.as_ref()) {
                return self.follower.look();
            }
            let told = self.told;
            for notice in tip.notices.iter().filter(|notice| notice.seq > told) {
                self.events.push(notice.event);
                self.told = notice.seq;
            }
            if ended.is_none() {
                return;
            }
            // It has ended just now, and this tip is from before: the next one tells how it goes on.
            let Some(next) = tip.after(self.generation) else { return };
            self.events.push(next.began.unwrap().0);
            self.generation = next.generation;
            (self.at, self.marker) = (ByteOffset::ZERO, Marker::of(&[]));
            self.lives.push(Vec::new());
        }
    }

    /// Whether all could be read that the tip promised, or the life is over.
    fn read(&mut self, tip: &TailTip, ended: Option<ByteOffset>, source: &dyn crate::source::Source) -> bool {
        let text = self.lives.last_mut().unwrap();
        let to = ended.unwrap_or(tip.complete);
        loop {
            match lines_from(source, self.at, to, MAX_LIVE_BYTES) {
                Ok(chunk) if chunk.before != self.marker => return ended.is_some(),
                Ok(chunk) if chunk.end == self.at => break,
                Ok(chunk) => {
                    text.extend_from_slice(&chunk.payload);
                    (self.at, self.marker) = (chunk.end, chunk.after);
                }
                Err(error) if is_gone(&error) => return ended.is_some(),
                Err(error) => panic!("{error}"),
            }
        }
        if let Some(end) = ended {
            let mut rest = vec![0; (end - self.at).get() as usize];
            let read = read_full(source, &mut rest, self.at).unwrap();
            text.extend_from_slice(&rest[..read]);
            // The tip may not tell yet how it goes on: the next pull comes here again.
            self.at = self.at + ByteLen::new(read as u64);
        }
        true
    }

    async fn until(&mut self, what: &str, mut done: impl FnMut(&Self, &TailTip) -> bool) {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            self.pull();
            let tip = self.follower.tip();
            if done(self, &tip) {
                return;
            }
            let changed = tokio::time::timeout_at(deadline, self.follower.changed()).await;
            let (len, complete, state) = (tip.len, tip.complete, tip.state);
            assert!(
                matches!(changed, Ok(true)),
                "waited for {what}: {len} {complete} {state:?}, read {:?}, {:?}",
                self.shown(),
                self.events
            );
        }
    }

    async fn until_read(&mut self, life: usize, text: &str) {
        self.until(text, |viewer, _| viewer.lives.get(life).is_some_and(|read| read == text.as_bytes())).await;
    }

    fn shown(&self) -> Vec<String> {
        self.lives.iter().map(|life| String::from_utf8_lossy(&life[..life.len().min(200)]).into_owned()).collect()
    }
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

struct Scene {
    folder: TempFolder,
    path: PathBuf,
    tails: Tails,
    viewer: Viewer,
}

impl Scene {
    fn new(poll: bool, text: &str) -> Self {
        let folder = TempFolder::new();
        let path = folder.file("app.log", text.as_bytes());
        let tails = Tails::new(crate::testing::tasks(), quick(poll));
        let viewer = Viewer::new(&tails, &path);
        Self { folder, path, tails, viewer }
    }

    fn rename_away(&self) -> PathBuf {
        let old = self.folder.path().join("app.log.1");
        std::fs::rename(&self.path, &old).unwrap();
        old
    }
}

/// Both modes.
macro_rules! in_both_modes {
    ($($name:ident($poll:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn by_events() {
                let $poll = false;
                $body
            }

            #[tokio::test]
            async fn by_polling() {
                let $poll = true;
                $body
            }
        }
    )*};
}

in_both_modes! {
    appended_lines_are_read_and_a_partial_one_when_it_is_finished(poll) {
        let mut scene = Scene::new(poll, "one\n");
        scene.viewer.until_read(0, "one\n").await;
        append(&scene.path, "two\nthr");
        scene.viewer.until("the length", |_, tip| tip.len.get() == 11).await;
        assert_eq!(scene.viewer.lives, [b"one\ntwo\n"]);
        assert_eq!(scene.viewer.follower.tip().current().index.total().count.get(), 3);
        append(&scene.path, "ee\n");
        scene.viewer.until_read(0, "one\ntwo\nthree\n").await;
        assert_eq!(scene.viewer.follower.tip().current().generation, Generation::FIRST);
    }

    a_rotated_file_is_read_to_its_end_then_the_new_one(poll) {
        let mut scene = Scene::new(poll, "one\n");
        let old = scene.rename_away();
        append(&old, "late\nopen end");
        append(&scene.path, "new\n");
        scene.viewer.until_read(1, "new\n").await;
        assert_eq!(scene.viewer.lives[0], b"one\nlate\nopen end");
        assert_eq!(scene.viewer.events, [FileEvent::Rotated]);
        let tip = scene.viewer.follower.tip();
        assert_ne!(tip.epochs[0].identity().unwrap().inode, tip.epochs[1].identity().unwrap().inode);
    }

    an_empty_new_file_is_taken_after_the_long_quiet(poll) {
        let mut scene = Scene::new(poll, "one\n");
        scene.rename_away();
        append(&scene.path, "");
        scene.viewer.until("the new life", |viewer, _| viewer.lives.len() == 2).await;
        assert_eq!(scene.viewer.events, [FileEvent::Rotated]);
    }

    rotations_in_a_row_are_all_read(poll) {
        let mut scene = Scene::new(poll, "0\n");
        for n in 1..6_usize {
            let generation = scene.folder.path().join(format!("app.log.old{n}"));
            std::fs::rename(&scene.path, generation).unwrap();
            append(&scene.path, &format!("{n}\n"));
            // Held, though not read yet: the next rotation may come at once.
            scene.viewer.until("it is held or read", |_, tip| tip.epochs.len() > n).await;
        }
        scene.viewer.until_read(5, "5\n").await;
        let expected: Vec<String> = (0..6).map(|n| format!("{n}\n")).collect();
        assert_eq!(scene.viewer.shown(), expected);
    }

    a_truncated_file_starts_a_new_generation(poll) {
        let mut scene = Scene::new(poll, "one\ntwo\n");
        scene.viewer.until_read(0, "one\ntwo\n").await;
        let old = std::sync::Arc::clone(scene.viewer.follower.tip().current());
        File::create(&scene.path).unwrap();
        append(&scene.path, "x\n");
        scene.viewer.until_read(1, "x\n").await;
        assert_eq!(scene.viewer.events, [FileEvent::Truncated { was: ByteLen::new(8) }]);
        assert!(!old.is_readable());
        assert!(is_gone(&old.source.read_at(&mut [0; 4], ByteOffset::ZERO).unwrap_err()));
    }

    a_file_that_was_truncated_and_grew_past_the_reader_starts_a_new_generation(poll) {
        let mut scene = Scene::new(poll, "one\ntwo\n");
        scene.viewer.until_read(0, "one\ntwo\n").await;
        // In one write into the truncated file, so that no look sees it short.
        std::fs::write(&scene.path, "this is longer than before\n").unwrap();
        scene.viewer.until_read(1, "this is longer than before\n").await;
        assert!(matches!(scene.viewer.events[..], [FileEvent::Truncated { .. }]));
    }

    a_hole_before_the_new_lines_is_a_truncation(poll) {
        let mut scene = Scene::new(poll, "");
        let mut writer = File::create(&scene.path).unwrap();
        writer.write_all(b"one\ntwo\n").unwrap();
        scene.viewer.until_read(0, "one\ntwo\n").await;
        // A writer that does not append goes on where it was.
        OpenOptions::new().write(true).open(&scene.path).unwrap().set_len(0).unwrap();
        writer.write_all(b"three\n").unwrap();
        scene.viewer.until_read(1, "\0\0\0\0\0\0\0\0three\n").await;
    }

    a_deleted_file_is_told_and_the_next_one_followed(poll) {
        let mut scene = Scene::new(poll, "one\n");
        std::fs::remove_file(&scene.path).unwrap();
        scene.viewer.until("deleted", |_, tip| tip.state == FileState::Deleted).await;
        assert_eq!(scene.viewer.lives, [b"one\n"], "it can still be read");
        assert_eq!(scene.viewer.events, [FileEvent::Deleted]);
        append(&scene.path, "back\n");
        scene.viewer.until_read(1, "back\n").await;
        assert_eq!(scene.viewer.events, [FileEvent::Deleted, FileEvent::Appeared]);
        assert_eq!(scene.viewer.follower.tip().state, FileState::Live);
    }

    a_name_without_a_file_is_waited_for(poll) {
        let mut scene = Scene::new(poll, "one\n");
        let old = scene.rename_away();
        scene.viewer.until("waiting", |_, tip| tip.state == FileState::Waiting).await;
        append(&old, "late\n");
        scene.viewer.until_read(0, "one\nlate\n").await;
        append(&scene.path, "back\n");
        scene.viewer.until_read(1, "back\n").await;
        assert_eq!(scene.viewer.events, [FileEvent::Appeared]);
        let mut again = Scene::new(poll, "one\n");
        let old = again.rename_away();
        again.viewer.until("waiting", |_, tip| tip.state == FileState::Waiting).await;
        std::fs::rename(old, &again.path).unwrap();
        again.viewer.until("live", |_, tip| tip.state == FileState::Live).await;
        assert_eq!(again.viewer.follower.tip().epochs.len(), 1, "the same file");
    }

    a_switched_link_is_followed_like_a_rotation(poll) {
        let folder = TempFolder::new();
        folder.file("a", b"in a\n");
        let b = folder.file("b", b"in b\n");
        let link = folder.path().join("current.log");
        std::os::unix::fs::symlink("a", &link).unwrap();
        let tails = Tails::new(crate::testing::tasks(), quick(poll));
        let mut viewer = Viewer::new(&tails, &link);
        viewer.until_read(0, "in a\n").await;
        std::os::unix::fs::symlink("b", folder.path().join("next")).unwrap();
        std::fs::rename(folder.path().join("next"), &link).unwrap();
        viewer.until_read(1, "in b\n").await;
        append(&b, "more in b\n");
        viewer.until_read(1, "in b\nmore in b\n").await;
        assert_eq!(viewer.events, [FileEvent::Rotated]);
    }

    a_folder_that_is_made_again_is_followed_again(poll) {
        let folder = TempFolder::new();
        let inner = folder.path().join("logs");
        std::fs::create_dir(&inner).unwrap();
        let path = inner.join("app.log");
        append(&path, "one\n");
        let tails = Tails::new(crate::testing::tasks(), quick(poll));
        let mut viewer = Viewer::new(&tails, &path);
        std::fs::remove_dir_all(&inner).unwrap();
        viewer.until("deleted", |_, tip| tip.state == FileState::Deleted).await;
        std::fs::create_dir(&inner).unwrap();
        append(&path, "two\n");
        viewer.until_read(1, "two\n").await;
        append(&path, "three\n");
        viewer.until_read(1, "two\nthree\n").await;
    }

    lines_that_come_to_a_left_file_are_told_as_a_gap(poll) {
        let mut scene = Scene::new(poll, "one\n");
        let old = scene.rename_away();
        append(&scene.path, "new\n");
        scene.viewer.until_read(1, "new\n").await;
        append(&old, "too late\n");
        scene.viewer.until("the gap", |viewer, _| viewer.events.len() == 2).await;
        assert_eq!(scene.viewer.events, [FileEvent::Rotated, FileEvent::Gap { bytes: ByteLen::new(9) }]);
    }
}

#[tokio::test]
async fn an_event_is_enough_without_any_regular_look() {
    let folder = TempFolder::new();
    let path = folder.file("app.log", b"one\n");
    let hour = Duration::from_secs(3600);
    let tails = Tails::new(crate::testing::tasks(), Pace { reconcile: hour, ..quick(false) });
    let mut viewer = Viewer::new(&tails, &path);
    viewer.until_read(0, "one\n").await;
    for n in 0..20 {
        append(&path, "more\n");
        viewer.until_read(0, &format!("one\n{}", "more\n".repeat(n + 1))).await;
    }
}

#[tokio::test]
async fn followers_of_one_path_share_an_actor_that_ends_after_the_last() {
    let folder = TempFolder::new();
    let path = folder.file("app.log", b"one\n");
    let tails = Tails::new(crate::testing::tasks(), quick(false));
    let first = tails.follow(log_file(&path)).unwrap();
    let second = tails.follow(log_file(&path)).unwrap();
    assert!(std::sync::Arc::ptr_eq(first.tip().current(), second.tip().current()));
    assert_eq!(tails.count(), 1);
    drop(first);
    drop(second);
    let ended = async {
        while tails.count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, ended).await.unwrap();
}

#[tokio::test]
async fn a_follower_hears_that_the_server_ends() {
    let folder = TempFolder::new();
    let tasks = crate::testing::tasks();
    let tails = Tails::new(tasks.clone(), quick(true));
    let mut follower = tails.follow(log_file(&folder.file("app.log", b"one\n"))).unwrap();
    tasks.stopping().cancel();
    let ended = async { while follower.changed().await {} };
    tokio::time::timeout(DEADLINE, ended).await.unwrap();
}

#[tokio::test]
async fn a_cursor_is_resumed_only_where_its_bytes_still_stand() {
    let mut scene = Scene::new(false, "one\ntwo\n");
    let cursor = |viewer: &Viewer, offset: u64| {
        let tip = viewer.follower.tip();
        let offset = ByteOffset::new(offset);
        let marker = marker_at(tip.current().source.as_ref(), offset).unwrap();
        Cursor { identity: tip.current().identity().unwrap(), offset, marker }
    };
    let found = |viewer: &Viewer, cursor: &Cursor| {
        let found = viewer.follower.tip().find(cursor).unwrap();
        (found.resume, found.epoch.generation.get() - Generation::FIRST.get() + 1, found.offset.get())
    };
    let old = cursor(&scene.viewer, 4);
    let first = Generation::FIRST.get();
    let nth = |n: u32| Generation::new(first + n - 1);
    let cut = |n| Resume::Truncated { generation: nth(n), lost: None };
    assert_eq!(found(&scene.viewer, &old), (Resume::Resumed { generation: nth(1) }, 1, 4));
    let beyond = Cursor { offset: ByteOffset::new(9), ..old };
    assert_eq!(found(&scene.viewer, &beyond), (cut(1), 1, 0));
    let other = Cursor { marker: Marker::of(b"else"), ..old };
    assert_eq!(found(&scene.viewer, &other), (cut(1), 1, 0));

    scene.rename_away();
    append(&scene.path, "new\n");
    scene.viewer.until_read(1, "new\n").await;
    assert_eq!(
        found(&scene.viewer, &old),
        (Resume::Rotated { generation: nth(1) }, 1, 4),
        "the rest of the old file comes first"
    );

    let new = cursor(&scene.viewer, 4);
    std::fs::write(&scene.path, "after the cut\n").unwrap();
    scene.viewer.until_read(2, "after the cut\n").await;
    let lost = Some(ByteLen::ZERO);
    assert_eq!(found(&scene.viewer, &new).0, Resume::Truncated { generation: nth(3), lost });

    // A server that starts now holds the current file only.
    let later = Tails::new(crate::testing::tasks(), quick(true));
    let viewer = Viewer::new(&later, &scene.path);
    assert_eq!(found(&viewer, &old).0, Resume::Gap { generation: nth(1), bytes: None });
    let mut stranger = cursor(&viewer, 14);
    stranger.identity.born_ns ^= 1;
    assert_eq!(
        found(&viewer, &stranger).0,
        Resume::Gap { generation: nth(1), bytes: None },
        "the inode number alone proves nothing"
    );
    drop(scene.tails);
}

#[tokio::test]
async fn lives_are_held_up_to_a_limit_and_the_last_ones_stay() {
    let mut scene = Scene::new(true, "0\n");
    for n in 1..20_u32 {
        File::create(&scene.path).unwrap();
        append(&scene.path, &format!("{n}{}\n", "x".repeat(n as usize)));
        scene
            .viewer
            .until("the next life", |_, tip| tip.current().generation.get() >= Generation::FIRST.get() + n)
            .await;
    }
    let tip = scene.viewer.follower.tip();
    assert_eq!(tip.epochs.len(), super::MAX_EPOCHS);
    assert!(tip.epoch(Generation::FIRST).is_none());
    assert_eq!(
        tip.after(Generation::FIRST).map(|epoch| epoch.generation),
        tip.epochs.first().map(|epoch| epoch.generation)
    );
}
