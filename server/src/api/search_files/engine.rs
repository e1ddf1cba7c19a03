//! One search: the files one after another, a few side by side, each in steps on the scan threads.
//!
//! # Why a few files at a time, and large ones in pieces
//! Many small files keep all cores busy by themselves; one that is large would leave all but one idle, so its pieces are
//! judged side by side too ([`super::plain`]). Steps wait in order for the threads, so neither starves the other.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use taillight::line::ByteOffset;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::rows::MAX_ROWS;
use super::said::{self, Far, Matched, Progress};
use super::tally::Tally;
use super::{packed, plain};
use crate::auth::Principal;
use crate::catalog::{Catalog, Found, FoundFile, OpenError};
use crate::scan::{Budget, Filter};
use crate::source::packed::{Decoder, WINDOW_LOG};
use crate::source::{LocalFile, Source, TEXT_HEAD_BYTES, check_encoding, is_binary, read_full};
use crate::tasks::{Tasks, scan_threads};

/// How long a step may take.
const STEP_TIME: Duration = Duration::from_millis(50);

/// How much a step may look at, in bytes.
const STEP_BYTES: u64 = 16 * 1024 * 1024;

/// The time between two words on how far the search is.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// How long a client may take nothing before the search is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A search.
pub(super) struct Engine {
    pub(super) tasks: Tasks,
    pub(super) catalog: Catalog,
    pub(super) who: Principal,
    pub(super) filter: Filter,
    /// How much may be looked at, in bytes.
    pub(super) limit: u64,
    /// Turns at decoding.
    pub(super) decoders: Arc<Semaphore>,
    /// Ends the steps.
    pub(super) cancelled: Arc<AtomicBool>,
    /// Hears what is found.
    pub(super) out: mpsc::Sender<Bytes>,
    pub(super) done: Work,
}

/// How much was done.
#[derive(Default)]
pub(super) struct Work {
    /// What was looked at: counts against the limit.
    looked: AtomicU64,
    /// What was done of the files as they are stored.
    stored: AtomicU64,
    /// The file at which the limit was reached.
    stopped_at: Mutex<Option<String>>,
}

/// Why a file is not searched to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nobody takes what is found.
    Gone,
    /// The search has read as much as it may.
    Limit,
    /// It is no text.
    Binary,
    /// It cannot be opened.
    Closed(OpenError),
    /// It cannot be read, or not any more.
    Failed(io::Error),
    /// It cannot be decoded to its end.
    Damaged(&'static str),
}

/// A file that is being searched, and what came of it.
#[derive(Debug)]
pub(super) struct Searched {
    file: FoundFile,
    matched: u64,
    n_rows: usize,
    /// How much of it is done, as it is stored.
    stored: u64,
}

/// What a part of a file has.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Matching lines.
    pub(super) matched: u64,
    /// The rows of the first of them.
    pub(super) rows: Vec<Vec<u8>>,
    /// Bytes that were looked at.
    pub(super) looked: u64,
    /// Bytes of the file as it is stored.
    pub(super) stored: u64,
}

/// What a file is, open.
enum Opened {
    Plain(Arc<dyn Source>, ByteOffset),
    Packed(Box<Decoder>),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Engine {
    /// Searches the files; ends early when nobody listens.
    pub(super) async fn run(self, mut found: Found) {
        let mut tally = Tally::new(&found);
        let total_bytes = found.files.iter().map(|file| file.len).sum();
        let files = std::mem::take(&mut found.files);
        let searched = stream::iter(files).map(|file| self.file(file)).buffer_unordered(scan_threads());
        let mut searched = pin!(searched);
        let mut ticks = interval_at(Instant::now() + PROGRESS_EVERY, PROGRESS_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // How much there is to do is told before anything is found.
        let mut is_due = true;
        loop {
            if is_due && self.say(self.far(&tally, total_bytes)).await.is_err() {
                return;
            }
            is_due = false;
            let next = tokio::select! {
                next = searched.next() => next,
                _ = ticks.tick() => {
                    is_due = true;
                    continue;
                }
            };
            match next {
                Some((_, Err(Stop::Gone))) => return,
                Some((searched, outcome)) => tally.add(&searched.file.path, searched.matched, &outcome),
                None => break,
            }
        }
        let bytes = self.done.looked.load(Ordering::Relaxed);
        // Whoever has gone needs no end.
        let _ = self.say(said::line(&tally.done(bytes, self.stopped()))).await;
    }

    fn far(&self, tally: &Tally, total_bytes: u64) -> Bytes {
        let (files, of) = tally.files();
        let bytes = self.done.stored.load(Ordering::Relaxed);
        said::line(&Progress { progress: Far { files, of, bytes, total_bytes } })
    }

    /// Searches one file and says what it has.
    async fn file(&self, file: FoundFile) -> (Searched, Result<(), Stop>) {
        let mut searched = Searched::new(file);
        let mut outcome = self.search(&mut searched).await;
        if !matches!(outcome, Err(Stop::Limit | Stop::Gone)) {
            let rest = searched.file.len.saturating_sub(searched.stored);
            self.done.stored.fetch_add(rest, Ordering::Relaxed);
        }
        if searched.matched > 0 && !matches!(outcome, Err(Stop::Gone)) {
            let (file, matched, complete) = (&searched.file.path, searched.matched, outcome.is_ok());
            if let Err(gone) = self.say(said::line(&Matched { file, matched, complete })).await {
                outcome = Err(gone);
            }
        }
        (searched, outcome)
    }

    async fn search(&self, searched: &mut Searched) -> Result<(), Stop> {
        self.check_limit(searched)?;
        match self.open(searched).await? {
            Opened::Plain(source, len) => plain::search(self, searched, &source, len).await,
            Opened::Packed(decoder) => packed::search(self, searched, *decoder).await,
        }
    }

    async fn open(&self, searched: &Searched) -> Result<Opened, Stop> {
        let (catalog, who, path) = (self.catalog.clone(), self.who.clone(), searched.file.path.clone());
        let open = move || {
            let file = catalog.open(&who, &path).map_err(Stop::Closed)?;
            let source: Arc<dyn Source> = Arc::new(LocalFile::new(Arc::new(file))?);
            if let Some(decoder) = Decoder::of(Arc::clone(&source), WINDOW_LOG)? {
                return Ok(Opened::Packed(Box::new(decoder)));
            }
            let mut head = [0; TEXT_HEAD_BYTES];
            let n_read = read_full(&*source, &mut head, ByteOffset::ZERO)?;
            check_encoding(head.get(..n_read).unwrap_or_default())?;
            if is_binary(head.get(..n_read).unwrap_or_default()) {
                return Err(Stop::Binary);
            }
            let len = source.len()?;
            Ok(Opened::Plain(source, len))
        };
        self.tasks.blocking(open).await
    }

    /// Runs a step on a scan thread, within a budget.
    pub(super) async fn step<T: Send + 'static>(&self, work: impl FnOnce(&Budget) -> T + Send + 'static) -> T {
        let cancelled = Arc::clone(&self.cancelled);
        let step = move || {
            // From when it is its turn.
            work(&Budget::new(STEP_BYTES).until(std::time::Instant::now() + STEP_TIME).cancelled_by(cancelled))
        };
        self.tasks.scanning(step).await
    }

    /// Takes what a part of the file has, and says the rows that are to be shown.
    pub(super) async fn add(&self, searched: &mut Searched, mut part: Part) -> Result<(), Stop> {
        searched.matched += part.matched;
        searched.stored += part.stored;
        self.done.stored.fetch_add(part.stored, Ordering::Relaxed);
        self.done.looked.fetch_add(part.looked, Ordering::Relaxed);
        part.rows.truncate(searched.rows_left());
        searched.n_rows += part.rows.len();
        if !part.rows.is_empty() {
            self.say(said::rows(&searched.file.path, searched.file.modified_ns, &part.rows)).await?;
        }
        Ok(())
    }

    /// Whether somebody still waits for it: steps do nothing when not.
    pub(super) fn check_wanted(&self) -> Result<(), Stop> {
        if self.cancelled.load(Ordering::Relaxed) { Err(Stop::Gone) } else { Ok(()) }
    }

    /// Whether the search may go on in that file.
    pub(super) fn check_limit(&self, searched: &Searched) -> Result<(), Stop> {
        self.check_wanted()?;
        if self.done.looked.load(Ordering::Relaxed) < self.limit {
            return Ok(());
        }
        let mut at = self.done.stopped_at.lock().unwrap_or_else(PoisonError::into_inner);
        at.get_or_insert_with(|| searched.file.path.shown());
        Err(Stop::Limit)
    }

    /// Waits for the client to take what was said before.
    async fn say(&self, line: Bytes) -> Result<(), Stop> {
        match timeout(PATIENCE, self.out.send(line)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Stop::Gone),
        }
    }

    fn stopped(&self) -> Option<String> {
        let at = self.done.stopped_at.lock().unwrap_or_else(PoisonError::into_inner).take();
        at.map(|at| format!("at {at}, after {} bytes: that is limits.search_bytes", self.limit))
    }
}

impl Searched {
    /// Nothing yet.
    pub(super) fn new(file: FoundFile) -> Self {
        Self { file, matched: 0, n_rows: 0, stored: 0 }
    }

    /// How many lines match so far.
    #[cfg(test)]
    pub(super) fn matched(&self) -> u64 {
        self.matched
    }

    /// When it was changed last.
    pub(super) fn modified(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.file.modified_ns)
    }

    /// How many rows may still be shown.
    pub(super) fn rows_left(&self) -> usize {
        MAX_ROWS.saturating_sub(self.n_rows)
    }
}
