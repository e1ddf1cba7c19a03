//! Counts that outlive the index: believed only as long as the log is what it was.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode};

use super::super::kept::KeptCounts;
use super::super::resume::LEAST_BYTES;
use super::super::{BLOCK_BYTES, LineIndex, Progress};
use super::made::Made;
use super::*;

/// What the log is long, in bytes: ends within a block.
const LEN: u64 = LEAST_BYTES + 6 * 1024 * 1024 + 4_321;

const PLENTY: u64 = 1 << 30;

/// Less than this may be read of a log that is as it was.
const BUDGET: u64 = 1_000_000;

fn kept_in(folder: &TempFolder) -> KeptCounts {
    KeptCounts::new(folder.path().join("cache/lines"), PLENTY)
}

/// A new index, as after a restart, that has counted everything.
fn counted(source: &Arc<Made>, kept: &KeptCounts) -> LineIndex {
    let index = LineIndex::new(Arc::clone(source) as Arc<dyn Source>);
    index.keep_in(kept);
    index.grow_to(source.len().unwrap());
    index.take_up();
    while index.step() == Progress::More {}
    index
}

/// A log whose counts are kept.
fn kept_log(kept: &KeptCounts) -> Arc<Made> {
    let source = Made::lines(LEN);
    counted(&source, kept).keep();
    source.take_read();
    source
}

fn files(folder: &TempFolder) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder.path().join("cache/lines"))
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    files.sort();
    files
}

/// Whether a new index believed what is kept; its counts are right in any case.
fn is_believed(source: &Arc<Made>, kept: &KeptCounts) -> bool {
    source.take_read();
    let index = counted(source, kept);
    let n_read = source.take_read();
    assert_eq!(index.total().count.get(), source.n_lines());
    assert!(index.total().exact);
    let middle = LineNo::new(source.n_lines() / 2).unwrap();
    let start = index.select(middle).unwrap();
    assert_eq!(index.rank(start).unwrap().get() + 1, middle.get());
    assert!(!(BUDGET..LEAST_BYTES).contains(&n_read), "{n_read} bytes");
    n_read < BUDGET
}

#[test]
fn a_log_that_only_grew_is_counted_from_where_it_was_kept() {
    let folder = TempFolder::new();
    let kept = kept_in(&folder);
    let source = kept_log(&kept);
    assert!(is_believed(&source, &kept), "as it was");
    assert!(is_believed(&source, &kept), "once more");
    source.add(5_000);
    assert!(is_believed(&source, &kept), "grown");
    // Up to a block's end and a line's: nothing is left to count.
    let whole = source.len().unwrap().get().next_multiple_of(BLOCK_BYTES);
    source.write_over(whole - 1, b"\n");
    source.set_len(whole);
    counted(&source, &kept).keep();
    assert!(is_believed(&source, &kept), "whole blocks that end with a line");
}

/// What is done to a log.
type Deed = fn(&Made);

#[test]
fn a_log_that_is_not_what_it_was_is_counted_afresh() {
    let whole = LEN / BLOCK_BYTES * BLOCK_BYTES;
    let table: [(&str, Deed); 9] = [
        ("written over in place, as long as before", |log| log.write_over(LEN / 2 + 99, b"\n\n\n")),
        ("written again as it was", Made::touch),
        ("shorter", |log| log.set_len(LEN - 1)),
        ("cut to less than was counted", |log| log.set_len(LEN - 500_000)),
        ("cut, and grown again with another head", |log| {
            log.write_over(0, b"another\nhead\n");
            log.add(1_000);
        }),
        ("grown, and its last counted bytes written over", |log| {
            log.write_over(LEN / BLOCK_BYTES * BLOCK_BYTES - 4, b"\n\n\n");
            log.add(1_000);
        }),
        ("grown, and a sampled block written over", |log| {
            let n_blocks = LEN / BLOCK_BYTES;
            log.write_over(3 * n_blocks / 8 * BLOCK_BYTES + 1_000, b"\n\n\n\n\n\n\n\n");
            log.add(1_000);
        }),
        ("another file of that inode", |log| log.become_file(7, 1_800_000_000)),
        ("another file", |log| log.become_file(8, 1_700_000_000)),
    ];
    assert_ne!(whole, LEN);
    for (name, deed) in table {
        let folder = TempFolder::new();
        let kept = kept_in(&folder);
        let source = kept_log(&kept);
        deed(&source);
        assert!(!is_believed(&source, &kept), "{name}");
        // What is wrong once is not looked at again; the new counts are.
        counted(&source, &kept).keep();
        assert!(is_believed(&source, &kept), "{name}, kept anew");
    }
}

#[test]
fn a_log_that_is_written_over_while_it_is_counted_is_not_kept() {
    let folder = TempFolder::new();
    let kept = kept_in(&folder);
    let source = Made::lines(LEN);
    let index = counted(&source, &kept);
    source.write_over(10, b"\n\n\n\n\n\n\n\n");
    index.keep();
    assert_eq!(files(&folder), Vec::<PathBuf>::new());
    let source = Made::lines(LEN);
    let index = counted(&source, &kept);
    source.set_len(100);
    index.keep();
    assert_eq!(files(&folder), Vec::<PathBuf>::new());
}

#[test]
fn what_is_damaged_in_the_folder_is_not_believed() {
    let folder = TempFolder::new();
    let kept = kept_in(&folder);
    let source = kept_log(&kept);
    let path = files(&folder).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = vec![Vec::new(), whole[..7].to_vec(), whole[..whole.len() - 1].to_vec()];
    // Bits in the version, the numbers, the hash, the counts, the checksum.
    for at in [0, 7, 8, 16, 24, 26, 32, 40, 50, 80, 81, 200, 1_000, whole.len() - 33, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        damaged.push(bytes);
    }
    // Of another version, and right in itself.
    let mut other = whole[..whole.len() - 32].to_vec();
    other[7] += 1;
    let sum = <sha2::Sha256 as sha2::Digest>::digest(&other);
    other.extend_from_slice(&sum);
    damaged.push(other);
    for (nth, bytes) in damaged.iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        assert!(!is_believed(&source, &kept), "damage {nth}");
    }
    fs::write(&path, &whole).unwrap();
    assert!(is_believed(&source, &kept), "repaired");
}

#[test]
fn what_else_has_the_name_is_left_alone() {
    let folder = TempFolder::new();
    let kept = kept_in(&folder);
    let source = kept_log(&kept);
    let path = files(&folder).pop().unwrap();
    let whole = folder.file("elsewhere", &fs::read(&path).unwrap());
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&whole, &path).unwrap();
    assert!(!is_believed(&source, &kept), "a link");
    fs::remove_file(&path).unwrap();
    rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert!(!is_believed(&source, &kept), "a pipe that nobody writes to");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(!is_believed(&source, &kept), "a folder");
    counted(&source, &kept).keep();
    assert!(path.is_dir() && files(&folder).len() == 1, "nothing is left behind: {:?}", files(&folder));
}

#[test]
fn what_cannot_be_written_is_not_kept_and_nobody_hears_of_it() {
    let folder = TempFolder::new();
    let source = Made::lines(LEN);
    folder.file("file", b"");
    for (name, path) in [
        ("below a file", folder.path().join("file/lines")),
        ("a folder that takes no files", PathBuf::from("/proc/self/task")),
        ("a file", folder.path().join("file")),
    ] {
        let kept = KeptCounts::new(path, PLENTY);
        counted(&source, &kept).keep();
        assert!(!is_believed(&source, &kept), "{name}");
    }
    assert!(KeptCounts::new(folder.path().join("file/lines"), PLENTY).prepare().is_err());
    let small = KeptCounts::new(folder.path().join("cache/lines"), 100);
    counted(&source, &small).keep();
    assert_eq!(files(&folder), Vec::<PathBuf>::new(), "more than may be kept");
}

#[test]
fn the_counts_used_longest_ago_make_room_and_foreign_files_stay() {
    let folder = TempFolder::new();
    let lines = folder.path().join("cache/lines");
    // Each is said to take 4 KiB on the disk.
    let kept = KeptCounts::new(lines.clone(), 3 * 4_096);
    fs::create_dir_all(&lines).unwrap();
    let foreign = lines.join("notes.txt");
    fs::write(&foreign, vec![0; 100_000]).unwrap();
    let age = |name: &str, hours: u64| {
        let file = fs::File::options().write(true).open(lines.join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3_600)).unwrap();
    };
    fs::write(lines.join("1-1.0a.new"), b"left half-done").unwrap();
    fs::write(lines.join("1-1.0b.new"), b"being written").unwrap();
    age("1-1.0a.new", 2);
    let source = Made::lines(LEN);
    for inode in 1..=4 {
        source.become_file(inode, 1);
        counted(&source, &kept).keep();
        if inode <= 3 {
            age(&format!("{inode:x}-1.lines"), 10 - inode);
        }
        if inode == 3 {
            source.become_file(1, 1);
            assert!(is_believed(&source, &kept), "used again");
        }
    }
    let names: Vec<_> = files(&folder).iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["1-1.0b.new", "1-1.lines", "3-1.lines", "4-1.lines", "notes.txt"]);
}

#[test]
fn two_servers_with_one_folder_do_not_spoil_each_others_counts() {
    let folder = TempFolder::new();
    let kept = kept_in(&folder);
    let source = Made::lines(LEN + 20 * BLOCK_BYTES);
    let begun = Arc::new(Barrier::new(4));
    std::thread::scope(|scope| {
        for nth in 0..4 {
            let (kept, source, begun) = (&kept, &source, Arc::clone(&begun));
            scope.spawn(move || {
                let index = counted(source, kept);
                let (feeds, done) = index.read(Counts::whole_blocks);
                begun.wait();
                for round in 0..20 {
                    let to = done - (round * 4 + nth) % 16 * BLOCK_BYTES;
                    kept.save(source.as_ref(), &feeds.up_to(to / BLOCK_BYTES), to);
                    if let Some(loaded) = kept.load(source.as_ref()) {
                        let same = feeds.before(loaded.done / BLOCK_BYTES);
                        assert_eq!(loaded.feeds.sum(), same, "up to {}", loaded.done);
                    }
                }
            });
        }
    });
    // Whoever was last may have kept less.
    counted(&source, &kept).keep();
    assert!(is_believed(&source, &kept));
    assert_eq!(files(&folder).len(), 1, "{:?}", files(&folder));
}

#[test]
fn a_growing_log_is_kept_again_when_much_came_and_at_the_end() {
    let folder = TempFolder::new();
    let kept = kept_in(&folder);
    let source = Made::lines(LEN);
    let kept_to = || kept.load(source.as_ref()).map(|kept| kept.done);
    let index = counted(&source, &kept);
    assert!(index.has_work(), "nothing is kept");
    index.keep_when_worth();
    let first = kept_to();
    assert_eq!(first, Some(LEN / BLOCK_BYTES * BLOCK_BYTES));
    let grow = |n| {
        source.add(n);
        index.grow_to(source.len().unwrap());
        while index.step() == Progress::More {}
        let has_work = index.has_work();
        index.keep_when_worth();
        has_work
    };
    assert!(!grow(1_000_000));
    assert_eq!(kept_to(), first, "too little came");
    index.keep();
    let at_the_end = kept_to();
    assert!(at_the_end > first);
    grow(100_000);
    index.keep();
    assert_eq!(kept_to(), at_the_end, "hardly anything came");
    assert!(grow(LEAST_BYTES));
    assert!(kept_to() > at_the_end);
    assert!(is_believed(&source, &kept));
}

#[test]
fn small_logs_and_what_has_no_file_are_not_kept() {
    let folder = TempFolder::new();
    let kept = kept_in(&folder);
    counted(&Made::lines(LEAST_BYTES - 1), &kept).keep();
    let piped = LineIndex::new(Arc::new(Memory(b"a\n".repeat(LEAST_BYTES as usize / 2 + 1))));
    piped.keep_in(&kept);
    piped.grow_to(ByteOffset::new(LEAST_BYTES + 2));
    while piped.step() == Progress::More {}
    assert!(!piped.has_work());
    piped.keep();
    assert_eq!(files(&folder), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn the_second_start_counts_two_gigabytes_by_reading_less_than_one_megabyte() {
    const N_BYTES: u64 = 2_000_000_000;
    let folder = TempFolder::new();
    let kept = kept_in(&folder);
    let source = Made::lines(N_BYTES);
    let deadline = || tokio::time::Instant::now() + Duration::from_secs(120);
    let tasks = crate::testing::tasks();
    let start = || {
        let index = Arc::new(LineIndex::new(Arc::clone(&source) as Arc<dyn Source>));
        index.keep_in(&kept);
        index.grow_to(source.len().unwrap());
        index.build(&tasks);
        index
    };
    let first = start();
    assert!(first.wait_for(None, deadline()).await);
    assert!(source.take_read() >= N_BYTES);
    // The last step ends after the last count is told.
    first.keep();
    source.take_read();
    let second = start();
    assert!(second.wait_for(None, deadline()).await);
    let n_read = source.take_read();
    assert!(n_read < BUDGET, "{n_read} bytes");
    assert_eq!(second.total(), first.total());
    assert_eq!(second.total().count.get(), source.n_lines());
    for n in [1, 2, 1_000_000, source.n_lines() - 1, source.n_lines()] {
        let line = LineNo::new(n).unwrap();
        assert_eq!(second.select(line), first.select(line), "line {n}");
    }
}
