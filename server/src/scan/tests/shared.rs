//! Views that several hold, counted in the background.

use std::sync::Arc;
use std::time::Duration;

use taillight::line::ByteOffset;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::{Filter, Views};
use super::oracle::Growing;
use crate::index::LineIndex;
use crate::source::Source;
use crate::tail::{Pace, Tails};
use crate::tasks::Tasks;
use crate::testing::{TempFolder, local, log_file};

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn views(source: Arc<dyn Source>) -> Views {
    let len = source.len().unwrap();
    let index = Arc::new(LineIndex::new(Arc::clone(&source)));
    index.grow_to(len);
    let views = Views::new(source, index);
    views.grow_to(len);
    views
}

#[tokio::test]
async fn equal_filters_share_one_view_that_ends_with_its_last_holder() {
    let tasks = Tasks::default();
    let folder = TempFolder::new();
    let source = local(&folder.file("big.log", &b"0123456789 foo\n".repeat(200_000)));
    let views = views(source);
    let first = views.get(&Filter::compile("foo  bar").unwrap(), &tasks);
    let second = views.get(&Filter::compile("(foo bar)").unwrap(), &tasks);
    let other = views.get(&Filter::compile("foo").unwrap(), &tasks);
    assert!(Arc::ptr_eq(&first, &second));
    assert!(!Arc::ptr_eq(&first, &other));
    assert_eq!(views.count(), 2);
    let counting = Arc::downgrade(first.counts());
    drop(first);
    assert_eq!(views.count(), 2);
    drop(second);
    assert_eq!(views.count(), 1);
    wait_until(|| counting.strong_count() == 0).await;
    assert!(other.wait(deadline()).await);
    assert_eq!(other.matched().count.get(), 200_000);
    let counting = Arc::downgrade(other.counts());
    drop(other);
    // A view that has nothing to count ends too.
    wait_until(|| counting.strong_count() == 0).await;
    wait_until(|| tasks.n_running() == 0).await;
}

#[tokio::test]
async fn counting_stops_within_a_step_when_the_view_is_dropped() {
    let source: Arc<dyn Source> = Arc::new(Endless);
    let tasks = Tasks::default();
    let views = Views::new(Arc::clone(&source), Arc::new(LineIndex::new(source)));
    views.grow_to(ByteOffset::new(1 << 44));
    let view = views.get(&Filter::compile("foo").unwrap(), &tasks);
    let mut changes = view.changed();
    assert!(changes.wait_for(|matched| matched.count.get() > 0).await.is_ok());
    let counting = Arc::downgrade(view.counts());
    drop(view);
    wait_until(|| counting.strong_count() == 0).await;
}

#[tokio::test]
async fn counting_stops_with_the_server() {
    let stop = CancellationToken::new();
    let tasks = Tasks::new(stop.clone());
    let source: Arc<dyn Source> = Arc::new(Endless);
    let views = Views::new(Arc::clone(&source), Arc::new(LineIndex::new(source)));
    views.grow_to(ByteOffset::new(1 << 44));
    let _held =
        [views.get(&Filter::compile("foo").unwrap(), &tasks), views.get(&Filter::compile("-foo").unwrap(), &tasks)];
    stop.cancel();
    assert!(tasks.drain(Duration::from_secs(20)).await);
}

#[tokio::test]
async fn several_views_get_on_side_by_side() {
    let tasks = Tasks::default();
    let source: Arc<dyn Source> = Arc::new(Endless);
    let views = Views::new(Arc::clone(&source), Arc::new(LineIndex::new(source)));
    views.grow_to(ByteOffset::new(1 << 44));
    let held: Vec<_> =
        ["foo", "-foo", "/o+/", "bar"].iter().map(|text| views.get(&Filter::compile(text).unwrap(), &tasks)).collect();
    for view in &held {
        let mut changes = view.changed();
        assert!(changes.wait_for(|matched| matched.scanned.get() > 0).await.is_ok());
    }
    assert!(held.iter().all(|view| !view.matched().exact));
}

#[tokio::test]
async fn a_view_follows_what_is_appended_and_so_does_that_of_the_empty_filter() {
    let tasks = Tasks::default();
    let growing = Arc::new(Growing::new(b"foo\nbar\nfo"));
    let source = Arc::clone(&growing) as Arc<dyn Source>;
    let index = Arc::new(LineIndex::new(Arc::clone(&source)));
    let views = Views::new(source, Arc::clone(&index));
    let foo = views.get(&Filter::compile("foo").unwrap(), &tasks);
    let all = views.get(&Filter::everything(), &tasks);
    for (bytes, n_foo, n_all) in
        [(&b"foo\nbar\nfo"[..], 1, 3), (b"foo\nbar\nfoo", 2, 3), (b"foo\nbar\nfoo\nfoo\n", 3, 4)]
    {
        growing.set(bytes);
        let len = ByteOffset::new(bytes.len() as u64);
        index.grow_to(len);
        views.grow_to(len);
        index.step();
        assert!(foo.wait(deadline()).await);
        assert_eq!(foo.matched().count.get(), n_foo);
        assert!(all.changed().wait_for(|all| all.count.get() == n_all && all.exact).await.is_ok());
        assert_eq!(all.matched().scanned, len);
    }
    assert_eq!(all.select(2).map(ByteOffset::get), Some(8));
    assert_eq!(all.select(4), None);
    let ranks: Vec<_> = [0, 1, 4, 5, 8, 16].iter().map(|&at| all.rank(ByteOffset::new(at)).map(|n| n.get())).collect();
    assert_eq!(ranks, [Some(0), Some(1), Some(1), Some(2), Some(2), Some(4)]);
}

#[tokio::test]
async fn waiting_ends_at_its_deadline() {
    let tasks = Tasks::default();
    let growing: Arc<dyn Source> = Arc::new(Growing::new(b"short"));
    let views = Views::new(Arc::clone(&growing), Arc::new(LineIndex::new(growing)));
    views.grow_to(ByteOffset::new(100));
    let view = views.get(&Filter::compile("foo").unwrap(), &tasks);
    assert!(!view.wait(Instant::now() + Duration::from_millis(20)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_of_a_followed_file_grow_with_it_and_end_with_its_life() {
    let tasks = Tasks::default();
    let pace = Pace { poll: true, poll_every: Duration::from_millis(5), ..Pace::default() };
    let tails = Tails::new(tasks.clone(), pace);
    let folder = TempFolder::new();
    let path = folder.file("a.log", b"foo\nbar\n");
    let mut follower = tails.follow(log_file(&path)).unwrap();
    let filter = Filter::compile("foo").unwrap();
    let old = Arc::clone(follower.tip().current());
    let view = old.views.get(&filter, &tasks);
    let mut changes = view.changed();
    assert!(changes.wait_for(|matched| matched.exact && matched.count.get() == 1).await.is_ok());
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, b"foo\nfo").unwrap();
    std::io::Write::write_all(&mut file, b"o").unwrap();
    assert!(changes.wait_for(|matched| matched.exact && matched.count.get() == 3).await.is_ok());
    // Truncated: what was counted stands, and the next life has its own.
    std::fs::write(&path, b"foo\n").unwrap();
    while follower.tip().current().generation == old.generation {
        assert!(follower.changed().await);
    }
    let next = follower.tip().current().views.get(&filter, &tasks);
    assert!(next.wait(deadline()).await);
    assert_eq!((next.matched().count.get(), view.matched().count.get()), (1, 3));
    assert_eq!(view.select(0), None, "its bytes are gone");
    assert_eq!(next.select(0), Some(ByteOffset::ZERO));
}

async fn wait_until(is_so: impl Fn() -> bool) {
    let end = deadline();
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain");
        tokio::task::yield_now().await;
    }
}

/// Lines for hours of counting.
#[derive(Debug)]
struct Endless;

impl Source for Endless {
    fn len(&self) -> std::io::Result<ByteOffset> {
        Ok(ByteOffset::new(1 << 44))
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> std::io::Result<usize> {
        buf.fill(b'x');
        for (n, byte) in buf.iter_mut().enumerate() {
            if let Some(part) = b"foo\n".get(((at.get() + n as u64) % 64) as usize) {
                *byte = *part;
            }
        }
        Ok(buf.len())
    }

    fn identity(&self) -> std::io::Result<taillight::cursor::Identity> {
        Ok(taillight::cursor::Identity { inode: 0, born_ns: 0, head_len: 0, head_hash: 0 })
    }

    fn is_same(&self, _seen: &taillight::cursor::Identity) -> std::io::Result<bool> {
        Ok(true)
    }

    fn lengths(&self) -> tokio::sync::watch::Receiver<ByteOffset> {
        tokio::sync::watch::Sender::new(ByteOffset::new(1 << 44)).subscribe()
    }
}
