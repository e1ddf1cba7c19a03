//! Coming back after rotations that nobody followed: the rest of the old file, what came between, and the current one, each
//! once and in order; and never a wrong file.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use taillight::ansi::Style;
use taillight::cursor::{Anchor, Cursor, Generation};
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{FileEvent, Resume};

use super::{append, quick};
use crate::pull::{Pulled, Puller};
use crate::read::{self, PageWant, marker_at};
use crate::source::Source as _;
use crate::tail::chain::MAX_LINKS;
use crate::tail::{Found, Tails};
use crate::testing::{TempFolder, local, log_file, tasks};

/// Where a viewer stands that has read a file up to there.
fn cursor(path: &Path, offset: u64) -> Cursor {
    let source = local(path);
    let offset = ByteOffset::new(offset);
    Cursor { identity: source.identity().unwrap(), offset, marker: marker_at(source.as_ref(), offset).unwrap() }
}

/// What became of a cursor, and what comes in the stream from there: lines as they are, events in brackets.
async fn back_in(tails: &Tails, path: &Path, cursor: Cursor) -> (Found, String, Puller) {
    let file = log_file(path);
    let mut follower = tails.follow(file.clone()).unwrap();
    let found = follower.find(cursor, file, tails.tasks()).await.unwrap();
    let mut puller = Puller::new(follower, found.epoch.generation, found.offset, Style::PLAIN);
    let mut stream = String::new();
    loop {
        match puller.pull(tails.tasks()).await.unwrap() {
            Pulled::Lines(lines) | Pulled::Rest(lines) => {
                stream.push_str(std::str::from_utf8(&lines.lines.chunk.payload).unwrap());
            }
            Pulled::Event(event) => match event.event {
                FileEvent::Rotated => stream.push_str("[rotated]"),
                FileEvent::Gap { bytes } => stream.push_str(&format!("[gap {}]", bytes.get())),
                other => stream.push_str(&format!("[{other:?}]")),
            },
            Pulled::Rows(_) => panic!("nothing is filtered"),
            Pulled::Idle => return (found, stream, puller),
        }
    }
}

/// What happened to a cursor, in a word.
fn word(resume: Resume) -> &'static str {
    match resume {
        Resume::Resumed { .. } => "resumed",
        Resume::Rotated { .. } => "rotated",
        Resume::Truncated { .. } => "truncated",
        Resume::Gap { .. } => "gap",
    }
}

/// The same, in a server that starts now: it holds no lives.
async fn back(path: &Path, cursor: Cursor) -> (&'static str, String) {
    let tails = Tails::new(tasks(), quick(true));
    let (found, stream, _) = back_in(&tails, path, cursor).await;
    (word(found.resume), stream)
}

/// A log in a folder of its own, and what a rotation does with it.
struct Log {
    folder: TempFolder,
    path: PathBuf,
}

impl Log {
    fn new(text: &str) -> Self {
        let folder = TempFolder::new();
        let path = folder.file("app.log", text.as_bytes());
        Self { folder, path }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As logrotate with `create`: each name moves on by one, the oldest beyond `keep` is deleted.
    fn rotate(&self, keep: u32, new: &str) {
        self.move_on(keep);
        std::fs::rename(&self.path, self.at("app.log.1")).unwrap();
        self.create(new);
    }

    /// As logrotate with `copytruncate`.
    fn copy_and_truncate(&self, keep: u32, new: &str) {
        self.move_on(keep);
        std::fs::copy(&self.path, self.at("app.log.1")).unwrap();
        OpenOptions::new().write(true).open(&self.path).unwrap().set_len(0).unwrap();
        append(&self.path, new);
    }

    fn move_on(&self, keep: u32) {
        for number in (1..=keep).rev() {
            let old = self.at(&format!("app.log.{number}"));
            if number == keep {
                let _ = std::fs::remove_file(old);
            } else {
                let _ = std::fs::rename(old, self.at(&format!("app.log.{}", number + 1)));
            }
        }
    }

    /// As logrotate with `compress`; at most `len` bytes of the compressed file are there.
    fn compress(&self, number: u32, len: usize) {
        let plain = self.at(&format!("app.log.{number}"));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&std::fs::read(&plain).unwrap()).unwrap();
        let packed = encoder.finish().unwrap();
        std::fs::write(plain.with_extension(format!("{number}.gz")), &packed[..len.min(packed.len())]).unwrap();
        std::fs::remove_file(plain).unwrap();
    }

    /// A new file, born later than all that are there: file systems count time in ticks.
    fn create(&self, text: &str) {
        let newest = std::fs::read_dir(self.folder.path()).unwrap();
        let newest = newest.map(|entry| local_born(&entry.unwrap().path())).max().unwrap_or(0);
        loop {
            append(&self.path, text);
            if local_born(&self.path) > newest {
                return;
            }
            std::fs::remove_file(&self.path).unwrap();
        }
    }
}

fn local_born(path: &Path) -> u64 {
    if path.is_dir() { 0 } else { log_file(path).stat().unwrap().born_ns }
}

#[tokio::test]
async fn after_several_rotations_all_that_was_missed_comes_in_order() {
    let log = Log::new("one\ntwo\n");
    let place = cursor(&log.path, 4);
    log.rotate(9, "three\nopen end");
    log.rotate(9, "");
    log.rotate(9, "four\n");
    let expected = "two\n[rotated]three\nopen end[rotated][rotated]four\n";
    assert_eq!(back(&log.path, place).await, ("rotated", expected.to_owned()));
}

#[tokio::test]
async fn every_naming_of_rotation_is_followed() {
    // What the old files are called, oldest first.
    for names in [
        ["app.log.3", "app.log.2", "app.log.1"],
        ["app.log.11", "app.log.10", "app.log.9"],
        ["app.3.log", "app.2.log", "app.1.log"],
        ["app.log-20261120", "app.log-20261121", "app.log-20261122"],
        ["app.log.2026-11-22-9", "app.log.2026-11-22-10", "app.log.2026-11-22-11"],
        ["app-20261231.log", "app-20270101.log", "app-20270102.log"],
        ["app.log.1795000000", "app.log.1795000001", "app.log.1795000002"],
        ["old/app.log.3", "old/app.log.2", "old/app.log.1"],
        // Counted up: the times tell.
        ["app.log.1", "app.log.2", "app.log.3"],
    ] {
        let log = Log::new("one\ntwo\n");
        std::fs::create_dir(log.at("old")).unwrap();
        let place = cursor(&log.path, 4);
        for (name, new) in names.iter().zip(["three\n", "four\n", "five\n"]) {
            std::fs::rename(&log.path, log.at(name)).unwrap();
            log.create(new);
        }
        let (resume, stream) = back(&log.path, place).await;
        let stream = if names[0] == "app.log.11" { stream.replace("[gap 0]", "[rotated]") } else { stream };
        let expected = "two\n[rotated]three\n[rotated]four\n[rotated]five\n";
        assert_eq!((resume, stream.as_str()), ("rotated", expected), "{names:?}");
    }
}

#[tokio::test]
async fn a_file_with_any_name_like_the_logs_is_known_by_its_identity() {
    let log = Log::new("one\ntwo\n");
    let place = cursor(&log.path, 4);
    std::fs::rename(&log.path, log.at("app.log.save")).unwrap();
    log.create("three\n");
    log.rotate(9, "four\n");
    let expected = "two\n[rotated]three\n[rotated]four\n".to_owned();
    assert_eq!(back(&log.path, place).await, ("rotated", expected));
}

#[tokio::test]
async fn what_is_missing_between_is_told() {
    let scene = || {
        let log = Log::new("one\ntwo\n");
        let place = cursor(&log.path, 4);
        log.rotate(9, "three\n");
        log.rotate(9, "four\n");
        log.rotate(9, "five\n");
        (log, place)
    };
    let (log, place) = scene();
    std::fs::remove_file(log.at("app.log.2")).unwrap();
    let expected = "two\n[gap 0]four\n[rotated]five\n".to_owned();
    assert_eq!(back(&log.path, place).await, ("rotated", expected), "deleted between");

    let (log, place) = scene();
    std::fs::remove_file(log.at("app.log.1")).unwrap();
    let expected = "two\n[rotated]three\n[gap 0]five\n".to_owned();
    assert_eq!(back(&log.path, place).await, ("rotated", expected), "the youngest deleted");

    let (log, place) = scene();
    std::fs::write(log.at("app.log.2"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03 broken").unwrap();
    let expected = "two\n[rotated][gap 0]four\n[rotated]five\n".to_owned();
    assert_eq!(back(&log.path, place).await, ("rotated", expected), "compressed and damaged");
}

#[tokio::test]
async fn after_the_file_itself_is_gone_all_that_is_younger_comes_below_a_gap() {
    let log = Log::new("zero\n");
    log.rotate(3, "one\ntwo\n");
    let place = cursor(&log.path, 4);
    for new in ["three\n", "four\n", "five\n", "six\n"] {
        log.rotate(3, new);
    }
    let expected = "three\n[rotated]four\n[rotated]five\n[rotated]six\n".to_owned();
    assert_eq!(back(&log.path, place).await, ("gap", expected));
    // One that is no younger is not shown again.
    let log = Log::new("older\n");
    log.rotate(9, "one\ntwo\n");
    let place = cursor(&log.path, 4);
    std::fs::remove_file(&log.path).unwrap();
    log.create("new\n");
    assert_eq!(back(&log.path, place).await, ("gap", "new\n".to_owned()));
}

#[tokio::test]
async fn a_copy_is_known_by_its_bytes() {
    let log = Log::new("one\ntwo\n");
    let place = cursor(&log.path, 4);
    log.copy_and_truncate(9, "three\n");
    log.copy_and_truncate(9, "four\n");
    let expected = "two\n[rotated]three\n[rotated]four\n".to_owned();
    assert_eq!(back(&log.path, place).await, ("rotated", expected));
    // A backup elsewhere is no second file.
    std::fs::create_dir(log.at("backup")).unwrap();
    std::fs::copy(log.at("app.log.2"), log.at("backup/app.log.2")).unwrap();
    assert_eq!(back(&log.path, place).await.0, "rotated");
    std::fs::remove_dir_all(log.at("backup")).unwrap();
    std::fs::remove_file(log.at("app.log.2")).unwrap();
    assert_eq!(back(&log.path, place).await, ("truncated", "four\n".to_owned()), "the copy is gone");
}

#[tokio::test]
async fn a_copy_that_is_being_made_is_not_shown_twice() {
    let log = Log::new("one\ntwo\n");
    let place = cursor(&log.path, 4);
    log.copy_and_truncate(9, "three\nfour\n");
    log.move_on(9);
    std::fs::write(log.at("app.log.1"), b"three\nfo").unwrap();
    let (resume, stream) = back(&log.path, place).await;
    assert_eq!((resume, stream.as_str()), ("rotated", "two\n[rotated]three\nfour\n"));
}

#[tokio::test]
async fn beside_its_compressed_form_the_original_is_read() {
    let log = Log::new("one\ntwo\n");
    let place = cursor(&log.path, 4);
    log.rotate(9, "three\n");
    log.rotate(9, "four\n");
    for packed in ["app.log.1.gz", "app.log.2.gz"] {
        std::fs::write(log.at(packed), b"\x1f\x8b\x08 half of it").unwrap();
    }
    let expected = "two\n[rotated]three\n[rotated]four\n".to_owned();
    assert_eq!(back(&log.path, place).await, ("rotated", expected));
}

#[tokio::test]
async fn what_was_compressed_meanwhile_is_gone_on_in_as_the_log_that_it_was() {
    let log = Log::new("one\ntwo\n");
    let place = cursor(&log.path, 4);
    for new in ["three\n", "four\n", "five\n"] {
        log.rotate(9, new);
    }
    // As `compress` with `delaycompress`: all but the youngest.
    for number in [2, 3] {
        log.compress(number, usize::MAX);
    }
    let expected = "two\n[rotated]three\n[rotated]four\n[rotated]five\n".to_owned();
    assert_eq!(back(&log.path, place).await, ("rotated", expected));
}

#[tokio::test]
async fn an_archive_whose_compression_was_cut_short_is_read_as_far_as_it_goes_and_the_rest_is_told() {
    let text: String = (0..50_000).map(|number| format!("line {number} of a log\n")).collect();
    let log = Log::new(&text);
    let place = cursor(&log.path, 7);
    log.rotate(9, "next\n");
    log.compress(1, 20_000);
    let (resume, stream) = back(&log.path, place).await;
    let (shown, rest) = stream.split_once("[gap 0]").expect("a gap");
    assert_eq!((resume, rest), ("rotated", "next\n"));
    assert!(shown.len() > 20_000 && text[7..].starts_with(shown), "{}", shown.len());
}

#[tokio::test]
async fn files_that_begin_with_the_same_banner_are_not_taken_for_each_other() {
    let banner = "*** the same banner in each file ***\n".repeat(200);
    let with = |text: &str| format!("{banner}{text}");
    let log = Log::new(&with("one\n"));
    let in_banner = cursor(&log.path, 1_000);
    let behind = cursor(&log.path, banner.len() as u64 + 4);
    for new in ["two\n", "three\n", "four\n"] {
        log.rotate(3, &with(new));
    }
    let rest = format!("[rotated]{}[rotated]{}[rotated]{}", with("two\n"), with("three\n"), with("four\n"));
    assert_eq!(back(&log.path, behind).await, ("rotated", rest.clone()));
    let expected = format!("{}one\n{rest}", &banner[1_000..]);
    assert_eq!(back(&log.path, in_banner).await, ("rotated", expected));
    // Now the file is gone, and all that is left has its first bytes, and the bytes before the cursor.
    log.rotate(3, &with("five\n"));
    let (resume, stream) = back(&log.path, in_banner).await;
    assert_eq!(resume, "gap");
    assert!(stream.starts_with(&with("two\n")) && stream.ends_with(&with("five\n")), "{}", stream.len());

    // Copies: the bytes are all there is to tell them by, and two have them.
    let log = Log::new(&with("one\n"));
    let in_banner = cursor(&log.path, 1_000);
    let behind = cursor(&log.path, banner.len() as u64 + 4);
    log.copy_and_truncate(9, &with("two\n"));
    assert_eq!(back(&log.path, behind).await, ("rotated", format!("[rotated]{}", with("two\n"))));
    log.copy_and_truncate(9, "");
    assert_eq!(back(&log.path, in_banner).await, ("truncated", String::new()));
}

#[tokio::test]
async fn tiny_and_empty_files_are_different_files() {
    // A cursor in an empty file proves nothing but the file itself.
    let log = Log::new("");
    let empty = cursor(&log.path, 0);
    append(&log.path, "late\n");
    log.rotate(9, "x\n");
    log.rotate(9, "");
    assert_eq!(back(&log.path, empty).await, ("rotated", "late\n[rotated]x\n[rotated]".to_owned()));
    let other =
        Cursor { identity: taillight::cursor::Identity { inode: 1, born_ns: u64::MAX, ..empty.identity }, ..empty };
    assert_eq!(back(&log.path, other).await, ("gap", String::new()));

    // Two lives with the same few bytes, as copies.
    let log = Log::new("a\n");
    let place = cursor(&log.path, 2);
    log.copy_and_truncate(9, "a\nb\n");
    log.copy_and_truncate(9, "c\n");
    assert_eq!(back(&log.path, place).await, ("truncated", "c\n".to_owned()), "either could be it");
    std::fs::remove_file(log.at("app.log.1")).unwrap();
    let (resume, stream) = back(&log.path, place).await;
    assert_eq!((resume, stream.as_str()), ("rotated", "[gap 0]c\n"), "only one has them");
}

#[tokio::test]
async fn an_inode_that_is_used_again_is_never_the_old_file() {
    let text = "the same line\nthe same line\n";
    let log = Log::new(text);
    let mut reused = 0;
    for round in 0..500 {
        let place = if round % 2 == 0 {
            let place = cursor(&log.path, 14);
            std::fs::remove_file(&log.path).unwrap();
            log.create(text);
            place
        } else {
            log.rotate(1, text);
            let place = cursor(&log.at("app.log.1"), 14);
            log.rotate(1, text);
            place
        };
        reused += u32::from(local(&log.path).identity().unwrap().inode == place.identity.inode);
        let younger = if round % 2 == 0 { String::new() } else { format!("{text}[rotated]") };
        assert_eq!(back(&log.path, place).await, ("gap", younger + text), "round {round}");
        let _ = std::fs::remove_file(log.at("app.log.1"));
    }
    // Not every file system does it; ext4 does. Said, so that a run tells what it proved.
    println!("the inode number was used again {reused} times of 500");
}

#[tokio::test]
async fn a_chain_longer_than_is_held_tells_what_it_leaves_out() {
    let log = Log::new("one\ntwo\n");
    let place = cursor(&log.path, 4);
    let n_files = MAX_LINKS + 10;
    for number in 0..n_files {
        std::fs::rename(&log.path, log.at(&format!("app.log-{}", 20_270_000 + number))).unwrap();
        log.create(&format!("{number:04}\n"));
    }
    let (resume, stream) = back(&log.path, place).await;
    let kept: Vec<String> = (10..n_files).map(|number| format!("{number:04}\n")).collect();
    assert_eq!((resume, stream), ("rotated", format!("two\n[gap 50]{}", kept.join("[rotated]"))));
}

#[tokio::test]
async fn archives_are_held_with_their_numbers_as_long_as_somebody_is_in_them() {
    let log = Log::new("one\ntwo\n");
    let first = cursor(&log.path, 4);
    log.rotate(9, "three\n");
    let second = cursor(&log.path, 0);
    log.rotate(9, "four\n");
    let tails = Tails::new(tasks(), quick(true));
    let (found, stream, viewer) = back_in(&tails, &log.path, second).await;
    assert_eq!(found.resume, Resume::Rotated { generation: Generation::FIRST.before() });
    assert_eq!(stream, "three\n[rotated]four\n");
    let (older, stream, other) = back_in(&tails, &log.path, first).await;
    assert_eq!(stream, "two\n[rotated]three\n[rotated]four\n");
    let tip = viewer.tip();
    let numbers: Vec<_> = tip.epochs.iter().map(|epoch| epoch.generation).collect();
    let before = Generation::FIRST.before();
    assert_eq!(numbers, [before.before(), before, Generation::FIRST]);
    assert!(std::sync::Arc::ptr_eq(&tip.epochs[1], &found.epoch), "shared");

    // Pages of it are as those of any life.
    let want = PageWant { at: Anchor::Start, before: 0, after: 9, max_bytes: 1_000 };
    let end = *older.epoch.ended.get().unwrap();
    let page = read::page(older.epoch.source.as_ref(), &older.epoch.index, end, &want).unwrap();
    assert_eq!((&page.payload[..], page.first_line.map(|line| line.get())), (&b"one\ntwo\n"[..], Some(1)));

    drop(viewer);
    let mut watcher = tails.follow(log_file(&log.path)).unwrap();
    watcher.look();
    assert_eq!(watcher.tip().epochs.len(), 3, "one is still there");
    drop(other);
    while watcher.tip().epochs.len() > 1 {
        watcher.look();
        tokio::time::timeout(super::DEADLINE, watcher.changed()).await.unwrap();
    }
    // The numbers are not used again.
    let (found, _, _viewer) = back_in(&tails, &log.path, first).await;
    assert_eq!(found.epoch.generation.get(), Generation::FIRST.get() - 4);
}

#[tokio::test]
async fn lines_that_come_late_to_the_youngest_archive_are_told() {
    let log = Log::new("one\ntwo\n");
    let place = cursor(&log.path, 4);
    log.rotate(9, "three\n");
    let tails = Tails::new(tasks(), quick(true));
    let (_, stream, mut viewer) = back_in(&tails, &log.path, place).await;
    assert_eq!(stream, "two\n[rotated]three\n");
    append(&log.at("app.log.1"), "too late\n");
    let deadline = tokio::time::Instant::now() + super::DEADLINE;
    loop {
        if let Pulled::Event(event) = viewer.pull(tails.tasks()).await.unwrap() {
            assert_eq!(event.event, FileEvent::Gap { bytes: ByteLen::new(9) });
            break;
        }
        tokio::time::timeout_at(deadline, viewer.moved()).await.unwrap();
    }
}

#[tokio::test]
async fn a_life_that_was_cut_tells_how_much_of_it_is_lost() {
    let log = Log::new("one\ntwo\nthree\n");
    let place = cursor(&log.path, 4);
    let tails = Tails::new(tasks(), quick(true));
    let mut follower = tails.follow(log_file(&log.path)).unwrap();
    std::fs::write(&log.path, "new\n").unwrap();
    while follower.tip().epochs.len() < 2 {
        tokio::time::timeout(super::DEADLINE, follower.changed()).await.unwrap();
    }
    let (found, stream, _) = back_in(&tails, &log.path, place).await;
    let generation = Generation::FIRST.next();
    assert_eq!(found.resume, Resume::Truncated { generation, lost: Some(ByteLen::new(10)) });
    assert_eq!(stream, "new\n");
}

/// What happens while the viewer is away.
#[derive(Clone, Copy, Debug)]
enum Act {
    Append(u8),
    /// Without a line feed.
    Part,
    Rotate,
}

#[derive(Clone, Copy, Debug)]
enum Naming {
    Numbers,
    Dates,
    Copies,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![3 => (1_u8..6).prop_map(Act::Append), 1 => Just(Act::Part), 2 => Just(Act::Rotate)]
}

/// Writes, rotates and comes back, against a list of the lives as they were written.
async fn away(naming: Naming, keep: usize, before: &[Act], leave: u8, after: &[Act]) {
    let log = Log::new("");
    let mut lives = vec![String::new()];
    let mut written = 0_u32;
    let mut dated = 0;
    let mut play = |lives: &mut Vec<String>, act: Act| match act {
        Act::Append(count) => {
            for _ in 0..count {
                written += 1;
                let line = format!("line {written:05}\n");
                append(&log.path, &line);
                lives.last_mut().unwrap().push_str(&line);
            }
        }
        Act::Part => {
            written += 1;
            let part = format!("part {written:05}");
            append(&log.path, &part);
            lives.last_mut().unwrap().push_str(&part);
        }
        Act::Rotate => {
            match naming {
                Naming::Numbers => log.rotate(keep as u32, ""),
                Naming::Copies => log.copy_and_truncate(keep as u32, ""),
                Naming::Dates => {
                    dated += 1;
                    std::fs::rename(&log.path, log.at(&format!("app.log-{}", 20_260_000 + dated))).unwrap();
                    log.create("");
                    let _ = std::fs::remove_file(log.at(&format!("app.log-{}", 20_260_000 + dated - keep)));
                }
            }
            lives.push(String::new());
        }
    };
    for act in before {
        play(&mut lives, *act);
    }
    let own = lives.len() - 1;
    let ends: Vec<usize> = std::iter::once(0).chain(lives[own].match_indices('\n').map(|(at, _)| at + 1)).collect();
    let offset = ends[usize::from(leave) % ends.len()];
    let place = cursor(&log.path, offset as u64);
    for act in after {
        play(&mut lives, *act);
    }

    let current = lives.len() - 1;
    let rotations = current - own;
    let complete = |life: &str| life.rfind('\n').map_or(String::new(), |feed| life[..=feed].to_owned());
    let shown = |from: usize, offset: usize| {
        let mut stream = lives[from][offset..].to_owned();
        for life in &lives[from + 1..] {
            stream.push_str("[rotated]");
            stream.push_str(life);
        }
        stream.truncate(stream.len() - (lives[current].len() - complete(&lives[current]).len()));
        stream
    };
    let is_kept = rotations <= keep;
    // Nothing but the identity tells an empty file from others.
    let has_proof = !matches!(naming, Naming::Copies) || rotations == 0 || place.identity.head_len > 0;
    let expected = match naming {
        _ if is_kept && has_proof => (if rotations == 0 { "resumed" } else { "rotated" }, shown(own, offset)),
        Naming::Copies => ("truncated", shown(current, 0)),
        Naming::Numbers | Naming::Dates => ("gap", shown(current - keep, 0)),
    };
    let mut came = back(&log.path, place).await;
    if matches!(naming, Naming::Copies) && rotations > 0 && !has_proof {
        // It was empty, and then it was empty again: the same file as far as anyone can see.
        assert!(matches!(came.0, "resumed" | "truncated"));
        came.0 = expected.0;
    }
    assert_eq!(came, expected, "{naming:?}, {keep} kept, {rotations} rotations, left at {offset} of {:?}", lives[own]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn who_comes_back_gets_what_was_written_since(
        naming in prop_oneof![Just(Naming::Numbers), Just(Naming::Dates), Just(Naming::Copies)],
        keep in 1..5_usize,
        before in prop::collection::vec(act(), 0..8),
        leave: u8,
        after in prop::collection::vec(act(), 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(away(naming, keep, &before, leave, &after));
    }
}
