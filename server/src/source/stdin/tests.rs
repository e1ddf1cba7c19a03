//! What is kept of a pipe, within its budget.

use super::*;
use crate::source::{Source as _, is_gone, read_full};
use crate::testing::{PipedInput, TempFolder};

fn bytes_of(spool: &Spool) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(spool.readable().get()).unwrap()];
    assert_eq!(read_full(spool, &mut bytes, ByteOffset::ZERO).unwrap(), bytes.len());
    bytes
}

fn lines(numbers: std::ops::Range<u32>) -> Vec<u8> {
    numbers.flat_map(|number| format!("line {number}\n").into_bytes()).collect()
}

#[test]
fn what_comes_is_kept_and_the_end_is_known() {
    let folder = TempFolder::new();
    let mut input = PipedInput::new(&folder, 1 << 20);
    assert_eq!(input.stdin.state(), InputState::Open);
    input.write(b"one\ntwo");
    let now = input.stdin.part(Part::Now).unwrap();
    assert_eq!(bytes_of(&now), b"one\ntwo");
    input.write(b" three\n");
    assert_eq!(bytes_of(&now), b"one\ntwo three\n");
    input.end();
    assert_eq!(input.stdin.state(), InputState::Ended);
    assert_eq!(bytes_of(&now), b"one\ntwo three\n");
    assert!(input.stdin.part(Part::Before).is_none());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no name is left behind");
}

#[test]
fn everything_that_comes_is_told() {
    let folder = TempFolder::new();
    let mut input = PipedInput::new(&folder, 1 << 20);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let hint = Arc::new(Notify::new());
    input.stdin.tell(&hint);
    let told =
        || runtime.block_on(async { tokio::time::timeout(std::time::Duration::from_secs(30), hint.notified()).await });
    input.write(b"one\n");
    assert!(told().is_ok());
    input.end();
    assert!(told().is_ok());
}

#[test]
fn a_reader_that_is_stopped_leaves_an_open_pipe() {
    let folder = TempFolder::new();
    let mut input = PipedInput::new(&folder, 1 << 20);
    input.write(b"one\n");
    input.stop();
    assert_eq!(input.stdin.state(), InputState::Open);
}

#[test]
fn beyond_its_budget_the_oldest_is_given_up_at_line_ends() {
    const BUDGET: u64 = 64 * 1024;
    let folder = TempFolder::new();
    let mut input = PipedInput::new(&folder, BUDGET);
    let first = input.stdin.part(Part::Now).unwrap();
    let mut all = Vec::new();
    for from in (0..20_000).step_by(1000) {
        let piece = lines(from..from + 1000);
        input.write(&piece);
        all.extend(piece);
        let kept: u64 = input.stdin.lives(Part::Now).iter().map(|spool| spool.readable().get()).sum();
        assert!(kept <= BUDGET, "{kept}");
    }
    let [before, now] = input.stdin.lives(Part::Now).try_into().unwrap();
    assert!(Arc::ptr_eq(&before, &input.stdin.part(Part::Before).unwrap()));
    assert_eq!(before.end(), now.base());
    assert_eq!(now.end().get(), all.len() as u64);
    assert!(before.readable().get() > BUDGET * 2 / 5, "{:?}", before.readable());
    let kept = [bytes_of(&before), bytes_of(&now)].concat();
    assert!(all.ends_with(&kept));
    assert!(kept.starts_with(b"line ") && bytes_of(&now).starts_with(b"line "));
    assert!(first.number() == 1 && now.number() > 3);
    assert!(is_gone(&first.len().unwrap_err()));
    assert_eq!(first.file().metadata().unwrap().len(), 0);
}

#[test]
fn a_line_longer_than_a_part_goes_on_in_the_next() {
    let folder = TempFolder::new();
    let mut input = PipedInput::new(&folder, 8192);
    input.write(&[b'x'; 6000]);
    let [before, now] = input.stdin.lives(Part::Now).try_into().unwrap();
    assert_eq!((before.readable().get(), now.readable().get()), (4096, 1904));
}

#[test]
fn a_part_takes_its_share() {
    let folder = TempFolder::new();
    let mut input = PipedInput::new(&folder, 2000);
    // A part holds 1000 bytes; from byte 875 on a line end ends it.
    let table: &[(u64, &[u8], (usize, bool))] = &[
        (0, b"a\nb\n", (4, false)),
        (0, &[b'\n'; 875], (875, false)),
        (0, &[b'\n'; 876], (876, true)),
        (0, &[b'\n'; 2000], (876, true)),
        (900, b"a\nb\n", (2, true)),
        (900, b"ab", (2, false)),
        (998, b"ab", (2, true)),
        (998, b"abc\n", (2, true)),
        (1000, b"abc\n", (0, true)),
    ];
    for (len, bytes, expected) in table {
        assert_eq!(input.stdin.share(*len, bytes), *expected, "{} bytes at {len}", bytes.len());
    }
    input.stop();
}

#[test]
fn a_writer_waits_while_nothing_can_be_kept_and_goes_on_after() {
    let folder = TempFolder::new();
    let (input, mut writer) = io::pipe().unwrap();
    let (stopped, _stop) = io::pipe().unwrap();
    let parts = folder.path().join("parts");
    let (stdin, intake) = Stdin::new(input.into(), vec![parts.clone()], 2000).unwrap();
    // The next part has no folder to be in.
    std::fs::remove_dir(&parts).unwrap();
    std::fs::write(&parts, b"").unwrap();
    let reading = std::thread::spawn(move || intake.run(&stopped));
    io::Write::write_all(&mut writer, &[b'x'; 1500]).unwrap();
    let until = |state| {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while stdin.state() != state {
            assert!(std::time::Instant::now() < deadline, "{:?}", stdin.state());
            std::thread::yield_now();
        }
    };
    until(InputState::Failing);
    assert_eq!(stdin.part(Part::Now).unwrap().readable().get(), 1000);
    std::fs::remove_file(&parts).unwrap();
    until(InputState::Open);
    drop(writer);
    reading.join().unwrap();
    assert_eq!(stdin.lives(Part::Now).iter().map(|spool| spool.readable().get()).collect::<Vec<_>>(), [1000, 500]);
}
