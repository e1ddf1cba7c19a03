//! What is measured through the library, as the server does it: the line index, views, pages, and what they hold.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::time::{ClockId, clock_gettime};
use server::auth::Principal;
use server::catalog::Catalog;
use server::config::Config;
use server::index::{KeptCounts, LineIndex};
use server::read::{self, PageWant};
use server::scan::page::{self, ANSWER, Work};
use server::scan::rows::{Around, Rows};
use server::scan::{Filter, View, Views};
use server::source::{LocalFile, Source};
use server::tasks::{Tasks, scan_threads};
use taillight::cursor::Anchor;
use taillight::line::{ByteOffset, LineNo};
use tokio::runtime::Runtime;

use super::contest::Way;
use crate::figures;

/// Rows and bytes of a page, as a screen asks for them.
const ROWS: u32 = 60;
const PAGE_BYTES: usize = 256 * 1024;

/// Nothing takes longer.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a scan runs before it is superseded.
const BEFORE_CANCEL: Duration = Duration::from_millis(15);

/// When a superseded scan must be idle, and for how long it is watched from then on.
const IDLE_WITHIN: Duration = Duration::from_millis(5);
const WATCHED: Duration = Duration::from_millis(40);

/// How often a page is asked for while a scan runs.
const PAGE_EVERY: Duration = Duration::from_millis(1);

/// How many structures are held at once to weigh one of them, and how many before these, by which time everything that
/// is not theirs is there.
const WEIGHED: usize = 40;
const BEFORE_WEIGHED: usize = 10;

/// How much of counts may be kept, in bytes: more than there are.
const KEPT_BYTES: u64 = 1 << 30;

/// The parts of a server over one file.
pub struct Inside {
    runtime: Runtime,
    tasks: Tasks,
    source: Arc<dyn Source>,
    len: ByteOffset,
}

/// What became of superseded queries, one of each.
#[derive(Clone, Debug, Default)]
pub struct Cancelled {
    /// Until all threads that scan would take other work.
    pub free: Vec<Duration>,
    /// Processor time that this process took between [`IDLE_WITHIN`] and [`WATCHED`] later.
    pub after: Vec<Duration>,
}

/// Bytes for each gigabyte of log.
#[derive(Clone, Copy, Debug)]
pub struct Weight {
    /// Of the line index.
    pub index: f64,
    /// Of a view.
    pub view: f64,
}

impl Inside {
    /// Over the file `path`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn new(path: &Path) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let path = path.canonicalize()?;
        let folder = path.parent().context("the file is in no folder")?;
        let catalog = Catalog::new(&Config::local(&[folder])?.roots)?;
        let log = catalog.locate(OsStr::new(&path).as_bytes()).context("the file is in no root")?;
        let source = LocalFile::new(Arc::new(catalog.open(&Principal::local(), &log)?))?;
        let len = source.len()?;
        Ok(Self { runtime, tasks: Tasks::default(), source: Arc::new(source), len })
    }

    /// The line index, made anew; the count is that of the lines.
    pub fn index_way(&self) -> Way<'_> {
        Way::new("taillight", || {
            let index = self.index()?;
            Ok(index.total().count.get())
        })
    }

    /// The line index as a second start makes it: the counts of the first one are kept in `folder`.
    ///
    /// # Errors
    /// When the first one cannot be made.
    pub fn second_start_way(&self, folder: &Path) -> anyhow::Result<Way<'_>> {
        let kept = KeptCounts::new(folder.to_owned(), KEPT_BYTES);
        kept.prepare()?;
        self.index_kept_in(Some(&kept))?.keep();
        Ok(Way::new("taillight, second start", move || Ok(self.index_kept_in(Some(&kept))?.total().count.get())))
    }

    /// A view of the query, made anew and counted to the end.
    pub fn view_way(&self, name: &str, query: &str) -> Way<'_> {
        let query = query.to_owned();
        Way::new(name, move || {
            let views = self.views();
            let view = self.view(&views, &Filter::compile(&query)?);
            ensure!(self.runtime.block_on(view.wait(deadline())), "a view took longer than {LIMIT:?}");
            Ok(view.matched().count.get())
        })
    }

    /// From asking for a query that nobody asked for before to its first screen, from the middle of the file on when
    /// `middle`: each time by itself.
    ///
    /// # Errors
    /// When the screen is not full.
    pub fn first_screens(&self, query: &str, middle: bool, times: usize) -> anyhow::Result<Vec<Duration>> {
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            let views = self.views();
            let at = if middle { Anchor::Byte(ByteOffset::new(self.len.get() / 2)) } else { Anchor::Start };
            let began = Instant::now();
            let filter = Filter::compile(query)?;
            let view = self.view(&views, &filter);
            let (source, counts, end) = (Arc::clone(&self.source), Arc::clone(&view), self.len);
            let page = self.runtime.block_on(self.tasks.blocking(move || {
                let index = LineIndex::new(Arc::clone(&source));
                let around = Around::default();
                let view = Some(&*counts);
                let rows = Rows { source: &*source, index: None, filter: &filter, view, around, end, growing: None };
                let want = PageWant { at, before: 0, after: ROWS, max_bytes: PAGE_BYTES };
                // The server answers with fewer rows after 5 ms; here all of them are waited for.
                page::page(&rows, &index, &want, Work { enough: ANSWER.time, ..ANSWER })
            }))?;
            took.push(began.elapsed());
            ensure!(page.rows.len() == ROWS as usize, "the first screen has {} rows", page.rows.len());
            drop(view);
            self.settle();
        }
        took.sort_unstable();
        Ok(took)
    }

    /// Drops the only holder of a view in the middle of its scan, so often.
    ///
    /// # Errors
    /// When the scan was over before.
    pub fn cancel(&self, query: &str, times: usize) -> anyhow::Result<Cancelled> {
        let filter = Filter::compile(query)?;
        let mut cancelled = Cancelled::default();
        for _ in 0..times {
            let views = self.views();
            let view = self.view(&views, &filter);
            std::thread::sleep(BEFORE_CANCEL);
            ensure!(!view.matched().exact, "a scan was over before it could be superseded");
            let began = Instant::now();
            drop(view);
            std::thread::sleep(IDLE_WITHIN.saturating_sub(began.elapsed()));
            let cpu = process_cpu();
            std::thread::sleep(WATCHED);
            cancelled.after.push(process_cpu().saturating_sub(cpu));
            let view = self.view(&views, &filter);
            std::thread::sleep(BEFORE_CANCEL);
            let began = Instant::now();
            drop(view);
            self.settle();
            cancelled.free.push(began.elapsed());
        }
        cancelled.free.sort_unstable();
        cancelled.after.sort_unstable();
        Ok(cancelled)
    }

    /// Pages at places all over the file while a scan of the query runs, or without one.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub fn pages(&self, scanned: Option<&str>, times: usize) -> anyhow::Result<Vec<Duration>> {
        let index = self.index()?;
        let filter = scanned.map(Filter::compile).transpose()?;
        let views = self.views();
        let mut view = filter.as_ref().map(|filter| self.view(&views, filter));
        let mut took = Vec::with_capacity(times);
        for n in 0..times as u64 {
            if let (Some(filter), Some(running)) = (&filter, &view)
                && running.matched().exact
            {
                // Dropped first: otherwise the same would come back.
                drop(view.take());
                view = Some(self.view(&views, filter));
            }
            let place = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % self.len.get().max(1);
            took.push(self.page(&index, Anchor::Byte(ByteOffset::new(place)))?);
            std::thread::sleep(PAGE_EVERY);
        }
        took.sort_unstable();
        Ok(took)
    }

    /// Pages at lines all over the file.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub fn lines(&self, times: usize) -> anyhow::Result<Vec<Duration>> {
        let index = self.index()?;
        let n_lines = index.total().count.get().max(1);
        let mut took = Vec::with_capacity(times);
        for n in 0..times as u64 {
            let line = LineNo::new(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % n_lines + 1).context("no line")?;
            took.push(self.page(&index, Anchor::Line(line))?);
        }
        took.sort_unstable();
        Ok(took)
    }

    /// What the structures hold in memory, by how the process grows with many of them.
    ///
    /// # Errors
    /// When the process cannot be weighed.
    pub fn weigh(&self, query: &str) -> anyhow::Result<Weight> {
        let filter = Filter::compile(query)?;
        let gigabytes = self.len.get() as f64 / 1e9 * WEIGHED as f64;
        let rss = || figures::memory(std::process::id()).map(|memory| memory.rss as f64);
        let growth = |make: &mut dyn FnMut() -> anyhow::Result<()>| -> anyhow::Result<f64> {
            (0..BEFORE_WEIGHED).try_for_each(|_| make())?;
            self.settle();
            let before = rss()?;
            (0..WEIGHED).try_for_each(|_| make())?;
            self.settle();
            Ok((rss()? - before) / gigabytes)
        };
        let (mut indexes, mut views) = (Vec::new(), Vec::new());
        let index = growth(&mut || {
            indexes.push(self.index()?);
            Ok(())
        })?;
        let view = growth(&mut || {
            let all = self.views();
            let view = self.view(&all, &filter);
            ensure!(self.runtime.block_on(view.wait(deadline())), "a view took longer than {LIMIT:?}");
            views.push((all, view));
            Ok(())
        })?;
        Ok(Weight { index, view })
    }

    fn page(&self, index: &Arc<LineIndex>, at: Anchor) -> anyhow::Result<Duration> {
        let (source, index, end) = (Arc::clone(&self.source), Arc::clone(index), self.len);
        let began = Instant::now();
        let page = self.runtime.block_on(self.tasks.blocking(move || {
            read::page(&*source, &index, end, &PageWant { at, before: 0, after: ROWS, max_bytes: PAGE_BYTES })
        }))?;
        let took = began.elapsed();
        ensure!(page.rows > 0, "a page without rows");
        Ok(took)
    }

    fn index(&self) -> anyhow::Result<Arc<LineIndex>> {
        self.index_kept_in(None)
    }

    fn index_kept_in(&self, kept: Option<&KeptCounts>) -> anyhow::Result<Arc<LineIndex>> {
        let index = Arc::new(LineIndex::new(Arc::clone(&self.source)));
        kept.into_iter().for_each(|kept| index.keep_in(kept));
        index.grow_to(self.len);
        let _in_runtime = self.runtime.enter();
        index.build(&self.tasks);
        ensure!(self.runtime.block_on(index.wait_for(None, deadline())), "the index took longer than {LIMIT:?}");
        Ok(index)
    }

    fn view(&self, views: &Views, filter: &Filter) -> Arc<View> {
        let _in_runtime = self.runtime.enter();
        views.get(filter, &self.tasks)
    }

    /// Views of the file, none made yet.
    fn views(&self) -> Views {
        let views = Views::new(Arc::clone(&self.source), Arc::new(LineIndex::new(Arc::clone(&self.source))));
        views.grow_to(self.len);
        views
    }

    /// Waits until all threads that scan are free.
    fn settle(&self) {
        self.runtime.block_on(async {
            let gate = Arc::new(std::sync::Barrier::new(scan_threads()));
            let each = (0..scan_threads()).map(|_| {
                let gate = Arc::clone(&gate);
                self.tasks.scanning(move || {
                    gate.wait();
                })
            });
            futures_util::future::join_all(each).await;
        });
    }
}

/// Drops the file from the page cache.
///
/// # Errors
/// When the system refuses.
pub fn forget(path: &Path) -> anyhow::Result<()> {
    let file = fs::File::open(path)?;
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    Ok(())
}

fn deadline() -> tokio::time::Instant {
    tokio::time::Instant::now() + LIMIT
}

fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
