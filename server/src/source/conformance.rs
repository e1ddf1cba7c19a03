//! What every source must do, whatever is behind it: one suite, given a way to make the source and to append to it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use taillight::line::ByteOffset;

use super::{LocalFile, Source, Spool, is_gone, read_data, read_full};
use crate::catalog;
use crate::testing::{TempFolder, local};

/// A source under test and what writes to it.
pub(crate) trait Subject {
    fn source(&self) -> Arc<dyn Source>;
    /// Appends, and has it looked at by whoever publishes the length.
    fn append(&mut self, bytes: &[u8]);
}

/// The suite.
pub(crate) fn holds(mut make: impl FnMut(&[u8]) -> Box<dyn Subject>) {
    reads_what_was_written(&mut make);
    grows_and_stays_the_same(&mut make);
    is_read_while_it_grows(&mut make);
    tells_its_length(&mut make);
    ends_quietly(&mut make);
    skips_only_zeros(&mut make);
}

fn reads_what_was_written(make: &mut impl FnMut(&[u8]) -> Box<dyn Subject>) {
    let text: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    let subject = make(&text);
    let source = subject.source();
    assert_eq!(source.len().unwrap().get(), 100_000);
    for (at, len) in [(0, 0), (0, 1), (0, 100_000), (65_535, 2), (99_999, 1), (12_345, 54_321)] {
        let mut buf = vec![0; len];
        assert_eq!(read_full(source.as_ref(), &mut buf, ByteOffset::new(at)).unwrap(), len);
        assert_eq!(buf, text[at as usize..at as usize + len], "{len} bytes at {at}");
    }
}

fn grows_and_stays_the_same(make: &mut impl FnMut(&[u8]) -> Box<dyn Subject>) {
    let mut subject = make(b"");
    let source = subject.source();
    let empty = source.identity().unwrap();
    assert!(source.is_empty().unwrap());
    subject.append(b"banner\n");
    let short = source.identity().unwrap();
    subject.append(&[b'x'; 5000]);
    let full = source.identity().unwrap();
    assert_eq!((empty.head_len, short.head_len, full.head_len), (0, 7, 1024));
    for seen in [empty, short, full] {
        assert!(source.is_same(&seen).unwrap(), "{seen}");
    }
    for other in [b"banner!".as_slice(), b"bannes\n and more"] {
        let stranger = make(other).source();
        assert!(!stranger.is_same(&full).unwrap());
        let head = stranger.identity().unwrap();
        let disguised = taillight::cursor::Identity { head_len: head.head_len, head_hash: head.head_hash, ..full };
        assert!(!source.is_same(&disguised).unwrap(), "another head is another file");
    }
}

/// How long nothing may come of what is written: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is read is what was written, at every moment, and never less than the length that was told before.
fn is_read_while_it_grows(make: &mut impl FnMut(&[u8]) -> Box<dyn Subject>) {
    const TOTAL: usize = 400_000;
    let text: Vec<u8> = (0..TOTAL).map(|n| (n % 253) as u8).collect();
    let mut subject = make(b"");
    let source = subject.source();
    std::thread::scope(|threads| {
        let reader = threads.spawn(|| {
            let mut buf = vec![0; TOTAL + 1];
            let (mut known, mut grown) = (0, Instant::now());
            while known < TOTAL {
                assert!(grown.elapsed() < PATIENCE, "{known} of {TOTAL} bytes were seen");
                let len = source.len().unwrap().get() as usize;
                assert!(len >= known, "{len} after {known}");
                let read = read_full(source.as_ref(), &mut buf, ByteOffset::ZERO).unwrap();
                assert!(read >= len, "{read} of {len}");
                assert_eq!(buf[..read], text[..read]);
                if read > known {
                    (known, grown) = (read, Instant::now());
                }
            }
        });
        for (n, piece) in text.chunks(997).enumerate() {
            subject.append(piece);
            if n % 16 == 0 {
                std::thread::yield_now();
            }
        }
        reader.join().unwrap();
    });
}

fn tells_its_length(make: &mut impl FnMut(&[u8]) -> Box<dyn Subject>) {
    let mut subject = make(b"abc");
    let mut lengths = subject.source().lengths();
    assert_eq!(lengths.borrow_and_update().get(), 3);
    assert!(!lengths.has_changed().unwrap());
    subject.append(b"de");
    subject.append(b"f");
    assert!(lengths.has_changed().unwrap());
    assert_eq!(lengths.borrow_and_update().get(), 6);
    assert!(!subject.source().is_cut());
}

fn ends_quietly(make: &mut impl FnMut(&[u8]) -> Box<dyn Subject>) {
    let subject = make(b"abc");
    let source = subject.source();
    for at in [3, 4, 1 << 40, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        assert_eq!(source.read_at(&mut [0; 8], ByteOffset::new(at)).unwrap(), 0, "at {at}");
        assert!(source.next_data(ByteOffset::new(at)).unwrap() >= ByteOffset::new(at));
        assert!(source.hole_before(ByteOffset::new(at)).unwrap() <= ByteOffset::new(at));
        assert!(source.next_hole(ByteOffset::new(at)).unwrap() >= ByteOffset::new(at));
    }
    let mut buf = [0; 8];
    assert_eq!(read_full(source.as_ref(), &mut buf, ByteOffset::new(1)).unwrap(), 2);
}

/// What is skipped must read as zeros.
fn skips_only_zeros(make: &mut impl FnMut(&[u8]) -> Box<dyn Subject>) {
    let text = [vec![b'a'; 10_000], vec![0; 300_000], vec![b'b'; 10_000]].concat();
    let subject = make(&text);
    let source = subject.source();
    for at in [0, 9_999, 10_000, 150_000, 309_999, 310_000, 319_999] {
        let next = source.next_data(ByteOffset::new(at)).unwrap().get() as usize;
        assert!(text[at as usize..next].iter().all(|&byte| byte == 0), "from {at} to {next}");
        let start = source.hole_before(ByteOffset::new(at)).unwrap().get() as usize;
        assert!(text[start..at as usize].iter().all(|&byte| byte == 0), "from {start} to {at}");
        let hole = source.next_hole(ByteOffset::new(at)).unwrap();
        let end = source.next_data(hole).unwrap().get().min(text.len() as u64) as usize;
        let hole = (hole.get() as usize).min(end);
        assert!(text[hole..end].iter().all(|&byte| byte == 0), "from {hole} to {end}");
        let mut read = vec![1; text.len()];
        let n_read = read_data(source.as_ref(), &mut read, ByteOffset::new(at)).unwrap();
        assert!(read[..n_read] == text[at as usize..], "what is read from {at}");
    }
}

struct LocalSubject {
    _folder: TempFolder,
    path: PathBuf,
    source: Arc<LocalFile>,
}

impl Subject for LocalSubject {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source) as _
    }

    fn append(&mut self, bytes: &[u8]) {
        OpenOptions::new().append(true).open(&self.path).unwrap().write_all(bytes).unwrap();
        self.source.publish_len(self.source.len().unwrap());
    }
}

struct SpoolSubject {
    spool: Arc<Spool>,
}

impl Subject for SpoolSubject {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.spool) as _
    }

    fn append(&mut self, bytes: &[u8]) {
        self.spool.append(bytes).unwrap();
    }
}

#[test]
fn a_local_file_is_a_source() {
    holds(|bytes| {
        let folder = TempFolder::new();
        let path = folder.file("a.log", bytes);
        let source = local(&path);
        Box::new(LocalSubject { _folder: folder, path, source })
    });
}

#[test]
fn what_is_kept_of_standard_input_is_a_source() {
    let folder = TempFolder::new();
    holds(|bytes| {
        let file = catalog::file_without_name(&[folder.path().to_owned()]).unwrap();
        let spool = Arc::new(Spool::new(file, 1, ByteOffset::ZERO));
        spool.append(bytes).unwrap();
        Box::new(SpoolSubject { spool })
    });
}

#[test]
fn a_hole_of_any_size_is_found_from_both_ends() {
    let folder = TempFolder::new();
    const GB: u64 = 1 << 30;
    for len in [GB / 1024, GB, 100 * GB, 4000 * GB] {
        let path = folder.sparse("sparse.log", len, &[(0, b"first\n"), (len - 5, b"last\n")]);
        let source = local(&path);
        let data = source.next_data(ByteOffset::new(64 * 1024)).unwrap().get();
        assert!(data > len - 70_000 && data <= len - 5, "{data} of {len}");
        let hole = source.hole_before(ByteOffset::new(data)).unwrap().get();
        assert!((6..70_000).contains(&hole), "{hole} of {len}");
        let all = source.hole_before(ByteOffset::new(data / 2)).unwrap().get();
        assert!((6..70_000).contains(&all), "{all} of {len}");
        let mut read = vec![1; 300_000];
        assert_eq!(read_data(source.as_ref(), &mut read, ByteOffset::new(len - 299_000)).unwrap(), 299_000);
        assert!(read[..299_000].ends_with(b"\0last\n") && read[..298_995].iter().all(|&byte| byte == 0), "{len}");
        // Up and down, so that what was learned of one stretch is not taken for another.
        for _ in 0..2 {
            let begins = source.next_hole(ByteOffset::ZERO).unwrap();
            assert!((6..70_000).contains(&begins.get()), "{begins:?} of {len}");
            assert_eq!(source.next_hole(ByteOffset::new(3)).unwrap(), begins, "{len}");
            assert_eq!(source.next_hole(begins).unwrap(), begins, "{len}");
            assert_eq!(source.next_hole(ByteOffset::new(data)).unwrap().get(), len);
        }
    }
}

#[test]
fn a_life_that_was_cut_reads_no_more() {
    let folder = TempFolder::new();
    let source = local(&folder.file("a.log", b"old\n"));
    source.cut();
    reads_no_more(source.as_ref());
    let file = catalog::file_without_name(&[folder.path().to_owned()]).unwrap();
    let spool = Spool::new(file, 1, ByteOffset::ZERO);
    spool.append(b"old\n").unwrap();
    spool.give_up().unwrap();
    reads_no_more(&spool);
    assert_eq!(spool.file().metadata().unwrap().len(), 0, "the room is given back");
}

fn reads_no_more(source: &dyn Source) {
    assert!(source.is_cut());
    assert!(is_gone(&source.read_at(&mut [0; 4], ByteOffset::ZERO).unwrap_err()));
    assert!(is_gone(&source.len().unwrap_err()));
    assert!(is_gone(&source.identity().unwrap_err()));
}

#[test]
fn a_new_file_with_the_old_inode_is_another_file() {
    let folder = TempFolder::new();
    let old = local(&folder.file("a.log", b"same banner\n")).identity().unwrap();
    let mut reused = 0;
    for _ in 0..20 {
        std::fs::remove_file(folder.path().join("a.log")).unwrap();
        let new = local(&folder.file("a.log", b"same banner\n"));
        reused += u32::from(new.identity().unwrap().inode == old.inode);
        assert!(!new.is_same(&old).unwrap());
    }
    // Not every file system does it; ext4 does. Said, so that a run tells what it proved.
    println!("the inode number was used again {reused} times of 20");
}
