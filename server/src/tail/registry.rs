//! All followed files: one actor per path, shared by everybody who follows it.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use taillight::cursor::{Cursor, Identity};
use taillight::line::ByteOffset;
use taillight::path::LogPath;
use taillight::wire::Resume;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::actor::{Actor, Command};
use super::archives::{Lease, Leases};
use super::chain::{self, Chain, Place};
use super::followed::Followed;
use super::watch::Watches;
use super::{Epoch, Found, Pace, TailTip};
use crate::catalog::LogFile;
use crate::config::Limits;
use crate::index::KeptCounts;
use crate::source::Archives;
use crate::tasks::Tasks;

/// Wishes that may wait: one is as good as many.
const WAITING_COMMANDS: usize = 4;

/// How often a cursor is looked for again when the file is rotated meanwhile.
const FIND_TRIES: u32 = 3;

/// The followed files. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tails {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tasks: Tasks,
    pace: Pace,
    archives: Archives,
    watches: Watches,
    kept: Option<KeptCounts>,
    files: Mutex<HashMap<LogPath, Arc<Shared>>>,
}

/// What an actor and its followers share.
#[derive(Debug)]
pub(super) struct Shared {
    path: LogPath,
    archives: Archives,
    pub(super) tip: watch::Sender<Arc<TailTip>>,
    commands: mpsc::Sender<Command>,
    pub(super) leases: Arc<Leases>,
}

/// One who follows a file. The file is followed as long as there is one, and a little longer.
#[derive(Debug)]
pub struct Follower {
    archives: Archives,
    commands: mpsc::Sender<Command>,
    tip: watch::Receiver<Arc<TailTip>>,
    leases: Arc<Leases>,
    /// Held by who came back through archives.
    lease: Option<Arc<Lease>>,
}

impl Tails {
    /// No files yet. Compressed ones are decoded into the system's temporary folder.
    pub fn new(tasks: Tasks, pace: Pace) -> Self {
        let archives = Archives::new(vec![std::env::temp_dir()], Limits::default().spool_bytes);
        Self::with_archives(tasks, pace, archives)
    }

    /// No files yet, and where compressed ones are decoded.
    pub fn with_archives(tasks: Tasks, pace: Pace, archives: Archives) -> Self {
        Self::with_kept(tasks, pace, archives, None)
    }

    /// No files yet, where compressed ones are decoded, and where line counts are kept.
    pub fn with_kept(tasks: Tasks, pace: Pace, archives: Archives, kept: Option<KeptCounts>) -> Self {
        let inner = Inner { tasks, pace, archives, watches: Watches::default(), kept, files: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Counts the lines of a life in the background, as far as they are not counted.
    pub fn count_lines(&self, epoch: &Epoch) {
        if let Some(kept) = &self.inner.kept {
            epoch.index.keep_in(kept);
        }
        if epoch.index.has_work() {
            epoch.index.build(&self.inner.tasks);
        }
    }

    /// Where compressed files are decoded.
    pub fn archives(&self) -> &Archives {
        &self.inner.archives
    }

    pub(super) fn pace(&self) -> Pace {
        self.inner.pace
    }

    /// Follows `file`; whoever follows the same path shares the work, and then `file` itself is only proof that it may
    /// be read. Blocks (a first look), and needs the runtime: call it in [`Tasks::blocking`].
    ///
    /// # Errors
    /// When the system does not tell about the open file.
    pub fn follow(&self, file: LogFile) -> io::Result<Follower> {
        if let Some(follower) = self.join(file.path()) {
            return Ok(follower);
        }
        // The first look reads: nobody else waits for it. When another was faster, ours is dropped.
        let path = file.path().clone();
        let pace = self.inner.pace;
        let followed = Followed::new(file, self, Instant::now())?;
        let hint = Arc::new(Notify::new());
        let watch = followed.watch(&self.inner.watches, pace, &hint);
        let (commands_in, commands) = mpsc::channel(WAITING_COMMANDS);
        let tip = watch::Sender::new(Arc::new(followed.tip()));
        let archives = self.archives().clone();
        let shared = Shared { path: path.clone(), archives, tip, commands: commands_in, leases: Arc::default() };
        let shared = Arc::new(shared);
        let follower = {
            let mut files = self.files();
            if let Some(other) = files.get(&path).filter(|other| !other.commands.is_closed()) {
                return Ok(Follower::of(other));
            }
            files.insert(path, Arc::clone(&shared));
            Follower::of(&shared)
        };
        let actor = Actor { tails: self.clone(), shared, commands, followed, watch, hint, pace };
        self.inner.tasks.spawn(actor.run());
        Ok(follower)
    }

    /// By which path a file beside `file` is read now; `None` when it is `file` itself, or is not there. Blocks, and needs
    /// the runtime, as [`Tails::follow`].
    ///
    /// # Errors
    /// When reading fails.
    pub fn path_of(&self, file: &LogFile, identity: &Identity) -> io::Result<Option<LogPath>> {
        let follower = self.follow(file.clone())?;
        let tip = follower.tip();
        chain::path_of(Place { file, tip: &tip, archives: self.archives(), tasks: self.tasks() }, identity)
    }

    /// How many files are followed.
    pub fn count(&self) -> usize {
        self.files().len()
    }

    pub(super) fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    pub(super) fn watches(&self) -> &Watches {
        &self.inner.watches
    }

    fn join(&self, path: &LogPath) -> Option<Follower> {
        let files = self.files();
        let shared = files.get(path).filter(|shared| !shared.commands.is_closed())?;
        let follower = Follower::of(shared);
        follower.look();
        Some(follower)
    }

    /// Takes an actor off the list if nobody follows; whether it may end. Under the lock that [`Tails::follow`] takes, so
    /// that nobody joins an actor that is ending.
    pub(super) fn retire(&self, shared: &Arc<Shared>) -> bool {
        let mut files = self.files();
        if shared.tip.receiver_count() > 0 {
            return false;
        }
        remove(&mut files, shared);
        true
    }

    /// Takes an actor that has ended off the list.
    pub(super) fn forget(&self, shared: &Arc<Shared>) {
        remove(&mut self.files(), shared);
    }

    fn files(&self) -> MutexGuard<'_, HashMap<LogPath, Arc<Shared>>> {
        self.inner.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
    fn of(shared: &Arc<Shared>) -> Self {
        let (commands, tip) = (shared.commands.clone(), shared.tip.subscribe());
        Self { archives: shared.archives.clone(), commands, tip, leases: Arc::clone(&shared.leases), lease: None }
    }

    /// Where a cursor goes on: in a life that is held, or in a rotated file beside `file`, the log that is followed, opened
    /// anew for who resumes. Rotated files from there on are held as lives as long as this follower.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn find(&mut self, cursor: Cursor, file: LogFile, tasks: &Tasks) -> io::Result<Found> {
        let lease = self.leases.take();
        let mut found = self.find_held(cursor, tasks).await?;
        for _ in 0..FIND_TRIES {
            if found.is_exact() {
                break;
            }
            let (tip, file, archives, on) = (self.tip(), file.clone(), self.archives.clone(), tasks.clone());
            let find = move || chain::find(Place { file: &file, tip: &tip, archives: &archives, tasks: &on }, &cursor);
            let Some(chain) = tasks.blocking(find).await? else { break };
            let has_cursor = chain.has_cursor;
            if let Some(epoch) = self.hold(chain).await {
                found = found_in_archive(epoch, has_cursor, cursor.offset);
                break;
            }
            // It was rotated meanwhile.
            found = self.find_held(cursor, tasks).await?;
        }
        self.lease = Some(lease).filter(|_| found.epoch.is_archive());
        Ok(found)
    }

    async fn find_held(&self, cursor: Cursor, tasks: &Tasks) -> io::Result<Found> {
        let tip = self.tip();
        tasks.blocking(move || tip.find(&cursor)).await
    }

    async fn hold(&self, chain: Chain) -> Option<Arc<Epoch>> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Hold(chain, answer)).await.ok()?;
        answered.await.ok().flatten()
    }

    /// What the file is now. [`Follower::changed`] then waits for what is newer than this.
    pub fn tip(&self) -> Arc<TailTip> {
        Arc::clone(&self.tip.borrow())
    }

    /// Waits until the tip is another than when this returned last; the first time, than when the file was followed.
    /// `false` when it will not change any more, because the server ends.
    pub async fn changed(&mut self) -> bool {
        self.tip.changed().await.is_ok()
    }

    /// Waits until a compressed file is decoded up to `to`, or as far as it can be, at most until `deadline`; whether it
    /// is. Other files are there at once.
    pub async fn decoded(&mut self, to: Option<ByteOffset>, deadline: tokio::time::Instant) -> bool {
        loop {
            let tip = self.tip();
            if !tip.state.is_being_decoded() || to.is_some_and(|to| tip.len >= to) {
                return true;
            }
            if !matches!(tokio::time::timeout_at(deadline, self.changed()).await, Ok(true)) {
                return false;
            }
        }
    }

    /// Asks for a look at once: when a reader finds that a file is not as the tip says.
    pub fn look(&self) {
        // When wishes wait already, one of them will do.
        let _ = self.commands.try_send(Command::Look);
    }
}

fn found_in_archive(epoch: Arc<Epoch>, has_cursor: bool, offset: ByteOffset) -> Found {
    let generation = epoch.generation;
    if has_cursor {
        Found { resume: Resume::Rotated { generation }, epoch, offset }
    } else {
        Found { resume: Resume::Gap { generation, bytes: None }, epoch, offset: ByteOffset::ZERO }
    }
}

fn remove(files: &mut HashMap<LogPath, Arc<Shared>>, shared: &Arc<Shared>) {
    if files.get(&shared.path).is_some_and(|held| Arc::ptr_eq(held, shared)) {
        files.remove(&shared.path);
    }
}
