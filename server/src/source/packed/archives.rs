//! All compressed files that are decoded: each once, shared by its readers, within one budget.
//!
//! # What bounds them
//! - Four decoders at a time, of at most some 45 MB each; the rest wait and are told so.
//! - `limits.spool_bytes` on the disk for all of them together, and a part of the disk is always left free. Files that
//!   nobody reads make room first, the one that was used longest ago before the others.
//! - Up to [`UNQUESTIONED_BYTES`] a file may be anything; beyond that no log shrinks to a [`MAX_RATIO`]th, and a file that
//!   claims to is stopped.
//! - Steps of decoding take turns with scans, which always leave a core to pages.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore};

use super::Packed;
use super::decoded::Decoded;
use super::decoder::format_of;
use super::job::Job;
use crate::source::Source;
use crate::tasks::Tasks;

/// How many decoders run at once.
const DECODERS: usize = 4;

/// Up to so many decoded bytes nobody asks how small they were.
const UNQUESTIONED_BYTES: u64 = 1 << 30;

/// How many bytes may come of one, beyond [`UNQUESTIONED_BYTES`].
const MAX_RATIO: u64 = 500;

/// How long what nobody reads is kept, when nothing else needs its room.
pub(super) const KEEP: Duration = Duration::from_secs(600);

/// How much of the disk is left free at most, in bytes: a twentieth of a smaller one.
const MAX_FREE_BYTES: u64 = 1 << 30;

/// How much is decoded before [`Archives::open`] returns: most archives then are there at once.
const AT_ONCE: Duration = Duration::from_millis(100);

/// The decoded files. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Archives {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folders: Vec<PathBuf>,
    budget: u64,
    unquestioned: u64,
    slots: Arc<Semaphore>,
    n_waiting: AtomicUsize,
    /// Told when the budget or the disk is used up.
    room: Notify,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    files: Vec<Arc<Decoded>>,
    /// What they take on the disk together.
    bytes: u64,
}

/// Whether there is room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is.
    Free,
    /// The budget is used up, by this file alone.
    TooLarge,
    /// The budget or the disk is used up, by others too.
    Full,
}

impl Archives {
    /// Keeps at most `budget` decoded bytes, in the first of `folders` that can be written.
    pub fn new(folders: Vec<PathBuf>, budget: u64) -> Self {
        let inner = Inner {
            folders,
            budget,
            unquestioned: UNQUESTIONED_BYTES,
            slots: Arc::new(Semaphore::new(DECODERS)),
            n_waiting: AtomicUsize::new(0),
            room: Notify::new(),
            held: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// What `stored` stands for when it is compressed; `None` when it is to be read as it is. Blocks, for a short file
    /// until it is decoded, and needs the runtime.
    ///
    /// # Errors
    /// When `stored` cannot be read.
    pub fn open(&self, stored: Arc<dyn Source>, tasks: &Tasks) -> io::Result<Option<Arc<Packed>>> {
        let Some(format) = format_of(&*stored)? else { return Ok(None) };
        let identity = stored.identity()?;
        let device = stored.device();
        let (packed, is_new) = {
            let mut held = self.held();
            let known = held.files.iter().find(|file| file.is_of(&*stored, device, &identity)).cloned();
            let file = known.clone().unwrap_or_else(|| Arc::new(Decoded::new(stored, format, device, identity)));
            if known.is_none() {
                held.files.push(Arc::clone(&file));
            }
            (Arc::new(Packed::new(file)), known.is_none())
        };
        if is_new {
            let mut job = Job::new(self.clone(), Arc::clone(packed.decoded()));
            if let Ok(slot) = Arc::clone(&self.inner.slots).try_acquire_owned() {
                job.run_for(AT_ONCE, slot);
            }
            tasks.spawn(job.run(tasks.clone()));
        }
        Ok(Some(packed))
    }

    /// How many files are decoded or kept.
    pub fn count(&self) -> usize {
        self.held().files.len()
    }

    /// What they take on the disk together, in bytes.
    pub fn bytes(&self) -> u64 {
        self.held().bytes
    }

    /// Asks how small they were from fewer bytes on.
    #[cfg(test)]
    pub(super) fn asking_from(folders: Vec<PathBuf>, unquestioned: u64) -> Self {
        let Self { inner } = Self::new(folders, u64::MAX);
        let slots = Arc::clone(&inner.slots);
        let folders = inner.folders.clone();
        let (n_waiting, room, held) = (AtomicUsize::new(0), Notify::new(), Mutex::default());
        Self { inner: Arc::new(Inner { folders, budget: u64::MAX, unquestioned, slots, n_waiting, room, held }) }
    }

    /// Whether `n_stored` bytes may stand for `n_bytes`.
    pub(super) fn may_stand_for(&self, n_stored: u64, n_bytes: u64) -> bool {
        n_bytes <= self.inner.unquestioned || is_plausible(n_stored, n_bytes)
    }

    pub(super) fn folders(&self) -> &[PathBuf] {
        &self.inner.folders
    }

    pub(super) fn slots(&self) -> Arc<Semaphore> {
        Arc::clone(&self.inner.slots)
    }

    /// How many wait for a decoder. Whoever has one and nothing to do gives it back then.
    pub(super) fn n_waiting(&self) -> &AtomicUsize {
        &self.inner.n_waiting
    }

    pub(super) fn is_waited_for(&self) -> bool {
        self.inner.n_waiting.load(Ordering::Relaxed) > 0
    }

    /// Books `n_bytes` for `file`; files that nobody reads make room.
    pub(super) fn book(&self, file: &Arc<Decoded>, n_bytes: u64) -> Room {
        let mut held = self.held();
        while held.bytes.saturating_add(n_bytes) > self.inner.budget || !has_free_room(file, n_bytes) {
            let oldest = held.files.iter().filter(|other| !other.is_used() && !Arc::ptr_eq(other, file));
            let Some(oldest) = oldest.min_by_key(|other| other.used_at()).cloned() else {
                let alone = file.len().get().saturating_add(n_bytes) > self.inner.budget;
                if alone {
                    return Room::TooLarge;
                }
                self.inner.room.notify_waiters();
                return Room::Full;
            };
            held.remove(&oldest);
        }
        held.bytes = held.bytes.saturating_add(n_bytes);
        file.add_booked(n_bytes);
        Room::Free
    }

    /// Ends when somebody has no room: who holds a file that nobody reads lets it go then.
    pub async fn wants_room(&self) {
        self.inner.room.notified().await;
    }

    /// Forgets `file` if nobody reads it; whether it is forgotten, now or before. `old_enough` is how long it must have
    /// been unused.
    pub(super) fn forget(&self, file: &Arc<Decoded>, old_enough: Duration) -> bool {
        let mut held = self.held();
        if !held.files.iter().any(|other| Arc::ptr_eq(other, file)) {
            return true;
        }
        let is_old = Instant::now().saturating_duration_since(file.used_at()) >= old_enough;
        if file.is_used() || !is_old {
            return false;
        }
        held.remove(file);
        true
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.inner.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a log of `n_bytes` may have been compressed to `n_stored`, however long it is.
fn is_plausible(n_stored: u64, n_bytes: u64) -> bool {
    n_bytes / MAX_RATIO <= n_stored
}

/// Whether `n_stored` bytes may stand for `n_bytes`.
pub fn may_stand_for(n_stored: u64, n_bytes: u64) -> bool {
    n_bytes <= UNQUESTIONED_BYTES || is_plausible(n_stored, n_bytes)
}

impl Held {
    /// Its room on the disk is given back: nobody reads it, and its job ends when it sees this.
    fn remove(&mut self, file: &Arc<Decoded>) {
        self.files.retain(|other| !Arc::ptr_eq(other, file));
        self.bytes = self.bytes.saturating_sub(file.give_up());
    }
}

/// Whether the disk stays free enough.
fn has_free_room(file: &Decoded, n_bytes: u64) -> bool {
    let Some(stat) = file.file().and_then(|file| rustix::fs::fstatvfs(file).ok()) else { return true };
    let reserve = (stat.f_blocks.saturating_mul(stat.f_frsize) / 20).min(MAX_FREE_BYTES);
    stat.f_bavail.saturating_mul(stat.f_frsize) >= reserve.saturating_add(n_bytes)
}
