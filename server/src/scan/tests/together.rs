//! Views of one file that are counted in one pass.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use taillight::line::ByteOffset;
use tokio::time::Instant;

use super::super::{Budget, Filter, View, Views, hits_down};
use super::oracle::Growing;
use crate::index::LineIndex;
use crate::source::Source;
use crate::tasks::Tasks;
use crate::testing::{Counting, Memory, TempFolder, local};

const MIB: u64 = 1024 * 1024;

fn views(source: &Arc<dyn Source>) -> Views {
    let index = Arc::new(LineIndex::new(Arc::clone(source)));
    let views = Views::new(Arc::clone(source), Arc::clone(&index));
    let len = source.len().unwrap();
    index.grow_to(len);
    views.grow_to(len);
    views
}

fn get(views: &Views, texts: &[&str], tasks: &Tasks) -> Vec<Arc<View>> {
    texts.iter().map(|text| views.get(&Filter::compile(text).unwrap(), tasks)).collect()
}

async fn counted(views: &[Arc<View>]) -> Vec<u64> {
    let mut counts = Vec::new();
    for view in views {
        assert!(view.wait(Instant::now() + Duration::from_secs(60)).await);
        counts.push(view.matched().count.get());
    }
    counts
}

async fn wait_until(is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain");
        tokio::task::yield_now().await;
    }
}

/// `n` MiB of lines, and in each MiB some with words. Not many: tests are compiled so that hits take long, and what a turn
/// has read and not judged is read again.
fn lines(n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for nth in 0..16 * 1024 {
        let word = match nth {
            0 => "Alpha",
            1..3 => "Beta",
            3..7 => "Gamma",
            7..15 => "Delta",
            _ => "other",
        };
        bytes.extend_from_slice(format!("{nth:010} a line of a log that has the word {word:>18}\n").as_bytes());
    }
    assert_eq!(bytes.len() as u64, MIB);
    bytes.repeat(n as usize)
}

const WORDS: [&str; 4] = ["Alpha", "Beta", "Gamma", "Delta"];

fn per_mib(n: u64) -> Vec<u64> {
    [1, 2, 4, 8].map(|per_mib| per_mib * n).to_vec()
}

/// Lets nobody read from a place on until it is opened.
#[derive(Debug)]
struct Gated {
    inner: Arc<dyn Source>,
    from: u64,
    is_open: Mutex<bool>,
    opened: Condvar,
    is_reached: AtomicBool,
}

impl Gated {
    fn new(inner: Arc<dyn Source>, from: u64) -> Arc<Self> {
        let (is_open, opened) = (Mutex::new(false), Condvar::new());
        Arc::new(Self { inner, from, is_open, opened, is_reached: AtomicBool::new(false) })
    }

    async fn is_reached(&self) {
        wait_until(|| self.is_reached.load(Ordering::Relaxed)).await;
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Source for Gated {
    fn len(&self) -> std::io::Result<ByteOffset> {
        self.inner.len()
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> std::io::Result<usize> {
        if at.get() + buf.len() as u64 > self.from {
            self.is_reached.store(true, Ordering::Relaxed);
            let is_open = self.is_open.lock().unwrap();
            drop(self.opened.wait_while(is_open, |is_open| !*is_open).unwrap());
        }
        self.inner.read_at(buf, at)
    }

    fn identity(&self) -> std::io::Result<taillight::cursor::Identity> {
        self.inner.identity()
    }

    fn is_same(&self, seen: &taillight::cursor::Identity) -> std::io::Result<bool> {
        self.inner.is_same(seen)
    }

    fn next_data(&self, from: ByteOffset) -> std::io::Result<ByteOffset> {
        self.inner.next_data(from)
    }

    fn lengths(&self) -> tokio::sync::watch::Receiver<ByteOffset> {
        self.inner.lengths()
    }
}

#[tokio::test]
async fn several_views_of_a_file_read_it_once() {
    let tasks = Tasks::default();
    let source = Counting::new(Arc::new(Memory(lines(64))));
    let views = views(&(Arc::clone(&source) as Arc<dyn Source>));
    let held = get(&views, &WORDS, &tasks);
    assert_eq!(counted(&held).await, per_mib(64));
    let read = source.take();
    assert!((64 * MIB..83 * MIB).contains(&read), "{read} bytes");
}

#[tokio::test]
async fn views_that_come_a_little_later_share_the_pass_too() {
    let tasks = Tasks::default();
    let gate = Gated::new(Arc::new(Memory(lines(128))), 3 * MIB / 2);
    let source = Counting::new(Arc::clone(&gate) as Arc<dyn Source>);
    let views = views(&(Arc::clone(&source) as Arc<dyn Source>));
    let mut held = get(&views, &WORDS[..1], &tasks);
    gate.is_reached().await;
    held.extend(get(&views, &WORDS[1..], &tasks));
    gate.open();
    assert_eq!(counted(&held).await, per_mib(128));
    let read = source.take();
    assert!((129 * MIB..166 * MIB).contains(&read), "{read} bytes");
}

#[tokio::test]
async fn an_append_is_read_once_for_all_views() {
    let tasks = Tasks::default();
    let growing = Arc::new(Growing::new(b"Alpha Beta\nGam"));
    let source = Counting::new(Arc::clone(&growing) as Arc<dyn Source>);
    let views = views(&(Arc::clone(&source) as Arc<dyn Source>));
    let held = get(&views, &WORDS, &tasks);
    assert_eq!(counted(&held).await, [1, 1, 0, 0]);
    source.take();
    for (bytes, counts, read) in [
        (&b"Alpha Beta\nGamma del"[..], [1, 1, 1, 0], 9),
        (b"Alpha Beta\nGamma Delta\nAlpha\n", [2, 1, 1, 1], 18),
        (b"Alpha Beta\nGamma Delta\nAlpha\nBeta\n", [2, 2, 1, 1], 5),
    ] {
        growing.set(bytes);
        views.grow_to(ByteOffset::new(bytes.len() as u64));
        assert_eq!(counted(&held).await, counts);
        assert_eq!(source.take(), read);
    }
}

#[tokio::test]
async fn each_counts_what_it_would_count_alone() {
    let tasks = Tasks::default();
    let folder = TempFolder::new();
    let long = [&b"\nAlpha "[..], &b"x".repeat(6 << 20), b" Beta\r\nAlpha\r\n"].concat();
    let plain = b"Alpha\nBeta \x1b[1mGam\x1b[0mma\r\nDelta\r\n\n\x1b[31mDel\x1b[mta end\nBeta\r\n".repeat(6_000);
    let texts: [(u64, &[u8]); 6] = [
        (0, &plain),
        (9 << 20, &plain),
        (20 << 20, &long),
        (30 << 20, b"\nBeta\n"),
        (34 << 20, &plain),
        (50 << 20, b"Beta"),
    ];
    let path = folder.sparse("mixed.log", (50 << 20) + 4, &texts);
    let gate = Gated::new(local(&path), 12 * MIB);
    let source = Arc::clone(&gate) as Arc<dyn Source>;
    let views = views(&source);
    let texts =
        ["Alpha", "Beta", "-Alpha", "Gamma -Delta", "/^Delta$/", "/ta$/", "Alpha or Beta", "\"ta end\"", "/x{3}/"];
    let dropped = get(&views, &["\"end\""], &tasks);
    let mut held = get(&views, &texts[..4], &tasks);
    gate.is_reached().await;
    held.extend(get(&views, &texts[4..], &tasks));
    drop(dropped);
    gate.open();
    // While they count, or when they have.
    let added = b" Alpha\nGamma\n\x1b[1mBe\x1b[0mta\r\n";
    std::io::Write::write_all(&mut std::fs::OpenOptions::new().append(true).open(&path).unwrap(), added).unwrap();
    let end = source.len().unwrap();
    views.grow_to(end);
    let counts = counted(&held).await;
    for ((text, view), n) in texts.iter().zip(&held).zip(counts) {
        let mut starts = Vec::new();
        let filter = Filter::compile(text).unwrap();
        hits_down(&*source, &filter, None, ByteOffset::ZERO..end, &Budget::unlimited(), &mut |hit| {
            starts.push(hit.start);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(n, starts.len() as u64, "{text}");
        assert!(n > 0, "{text}");
        for nth in [0, starts.len() / 3, starts.len() / 2, starts.len() - 1] {
            assert_eq!(view.select(nth as u64), Some(starts[nth]), "{text}");
            assert_eq!(view.rank(starts[nth]).map(|n| n.get()), Some(nth as u64), "{text}");
        }
    }
}

#[tokio::test]
async fn one_that_is_dropped_does_not_end_the_others() {
    let tasks = Tasks::default();
    let gate = Gated::new(Arc::new(Memory(lines(64))), 8 * MIB);
    let source = Counting::new(Arc::clone(&gate) as Arc<dyn Source>);
    let views = views(&(Arc::clone(&source) as Arc<dyn Source>));
    let mut held = get(&views, &WORDS, &tasks);
    gate.is_reached().await;
    let counting = Arc::downgrade(held.remove(1).counts());
    let counting_too = Arc::downgrade(held.remove(0).counts());
    gate.open();
    assert_eq!(counted(&held).await, per_mib(64)[2..]);
    wait_until(|| counting.strong_count() + counting_too.strong_count() == 0).await;
    let read = source.take();
    assert!(read < 83 * MIB, "{read} bytes");
    drop(held);
    wait_until(|| tasks.n_running() == 0).await;
}

#[tokio::test]
async fn a_read_that_fails_is_tried_again_by_all_when_the_file_grows() {
    let tasks = Tasks::default();
    let bytes = lines(8);
    let growing = Arc::new(Growing::new(&bytes[..4 << 20]));
    let source = Counting::new(Arc::clone(&growing) as Arc<dyn Source>);
    let views = views(&(Arc::clone(&source) as Arc<dyn Source>));
    // Not all that is said to be there.
    views.grow_to(ByteOffset::new(bytes.len() as u64 - 64));
    let held = get(&views, &WORDS, &tasks);
    wait_until(|| held.iter().all(|view| view.matched().scanned.get() >= 2 << 20)).await;
    assert!(held.iter().all(|view| !view.matched().exact));
    growing.set(&bytes);
    views.grow_to(ByteOffset::new(bytes.len() as u64));
    assert_eq!(counted(&held).await, per_mib(8));
    let read = source.take();
    assert!(read < 16 * MIB, "{read} bytes");
}

#[test]
fn only_filters_that_leap_are_worth_it() {
    for (text, expected) in [
        ("alpha", true),
        ("Alpha", true),
        ("\"Alpha Beta\"", true),
        ("-Alpha", true),
        ("Alpha or Beta", true),
        ("Alpha /[a-z]+[0-9]+/", true),
        ("/Alpha[0-9]+/", true),
        ("ok or Alpha", false),
        ("ok Alpha", true),
        ("a", false),
        ("/a[^b]*c/", false),
        ("/[a-z]+ [0-9]+/", false),
        ("Alpha or /[a-z]+ [0-9]+/", false),
        ("level:error", false),
        ("Alpha level:error", false),
        ("Alpha or level:error", false),
        ("Alpha after:2026-01-01", false),
        ("Alpha (Beta or after:2026-01-01)", false),
        ("", false),
    ] {
        assert_eq!(Filter::compile(text).unwrap().is_quick(), expected, "{text}");
    }
}
