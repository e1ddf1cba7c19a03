//! One compressed file, decoded: what all its readers share.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use taillight::cursor::{Identity, Marker};
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::Unpacking;
use taillight::wire::listing::Compression;
use tokio::sync::{Notify, watch};

use crate::catalog;
use crate::read::marker_at;
use crate::source::{Gone, Source};

/// A file that is decoded, or was.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) stored: Arc<dyn Source>,
    pub(super) format: Compression,
    device: u64,
    /// Of the compressed bytes.
    identity: Identity,
    file: OnceLock<File>,
    /// What is readable: all of it is written.
    pub(super) lengths: watch::Sender<ByteOffset>,
    pub(super) state: watch::Sender<Unpacking>,
    /// What it takes of the budget.
    booked: AtomicU64,
    n_users: AtomicUsize,
    used_at: Mutex<Instant>,
    /// How far the stored bytes were used, and what stood before.
    seen: Mutex<(ByteOffset, Marker)>,
    /// Up to where the stored bytes were read: there is more when they are longer.
    read_to: AtomicU64,
    /// Wakes its job.
    pub(super) hint: Notify,
    gone: AtomicBool,
}

impl Decoded {
    pub(super) fn new(stored: Arc<dyn Source>, format: Compression, device: u64, identity: Identity) -> Self {
        Self {
            stored,
            format,
            device,
            identity,
            file: OnceLock::new(),
            lengths: watch::Sender::new(ByteOffset::ZERO),
            state: watch::Sender::new(Unpacking::Queued),
            booked: AtomicU64::new(0),
            n_users: AtomicUsize::new(0),
            used_at: Mutex::new(Instant::now()),
            seen: Mutex::new((ByteOffset::ZERO, Marker::of(&[]))),
            read_to: AtomicU64::new(0),
            hint: Notify::new(),
            gone: AtomicBool::new(false),
        }
    }

    /// Whether what is decoded here is what `stored` holds, as far as it was decoded.
    pub(super) fn is_of(&self, stored: &dyn Source, device: u64, identity: &Identity) -> bool {
        let is_file =
            (self.device, self.identity.inode, self.identity.born_ns) == (device, identity.inode, identity.born_ns);
        let (at, marker) = *lock(&self.seen);
        is_file
            && !self.stored.is_cut()
            && !self.is_gone()
            && !self.state.borrow().may_be_tried_again()
            && stored.is_same(&self.identity).unwrap_or(false)
            && marker_at(stored, at).is_ok_and(|now| now == marker)
    }

    /// Of the compressed file, with the head of the decoded one put in by the caller.
    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) fn len(&self) -> ByteOffset {
        *self.lengths.borrow()
    }

    pub(super) fn file(&self) -> Option<&File> {
        self.file.get()
    }

    pub(super) fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        // What is being written is not there yet.
        let there = self.len().get().saturating_sub(at.get());
        let wanted = buf.len().min(usize::try_from(there).unwrap_or(usize::MAX));
        let read = match self.file.get() {
            Some(file) if wanted > 0 => file.read_at(&mut buf[..wanted], at.get())?,
            _ => 0,
        };
        // After the read: what was read while it was given up is no end.
        if self.is_gone() { Err(io::Error::other(Gone)) } else { Ok(read) }
    }

    /// Adds decoded bytes. One caller at a time.
    pub(super) fn append(&self, folders: &[PathBuf], bytes: &[u8]) -> io::Result<()> {
        if self.file.get().is_none() {
            // Only one adds, so it is not set meanwhile.
            let _ = self.file.set(catalog::file_without_name(folders)?);
        }
        let file = self.file.get().ok_or(io::ErrorKind::NotFound)?;
        let at = self.len();
        file.write_all_at(bytes, at.get())?;
        self.lengths.send_replace(at + ByteLen::new(bytes.len() as u64));
        Ok(())
    }

    /// Tells how it stands.
    pub(super) fn set_state(&self, state: Unpacking) {
        self.state.send_if_modified(|known| std::mem::replace(known, state) != state);
    }

    /// Whether the stored bytes are more than were read.
    pub(super) fn has_more(&self) -> bool {
        self.stored.len().is_ok_and(|len| len.get() > self.read_to.load(Ordering::Acquire))
    }

    /// Notes that the stored bytes were used up to `at` and read up to `read_to`.
    pub(super) fn saw(&self, at: ByteOffset, read_to: ByteOffset) {
        self.read_to.store(read_to.get(), Ordering::Release);
        if let Ok(marker) = marker_at(&*self.stored, at) {
            *lock(&self.seen) = (at, marker);
        }
    }

    pub(super) fn add_booked(&self, n_bytes: u64) {
        self.booked.fetch_add(n_bytes, Ordering::Relaxed);
    }

    pub(super) fn use_it(&self) {
        self.n_users.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn leave_it(&self) {
        *lock(&self.used_at) = Instant::now();
        self.n_users.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn is_used(&self) -> bool {
        self.n_users.load(Ordering::Acquire) > 0
    }

    /// When the last reader left.
    pub(super) fn used_at(&self) -> Instant {
        *lock(&self.used_at)
    }

    /// Gives its room back; how much that was.
    pub(super) fn give_up(&self) -> u64 {
        self.gone.store(true, Ordering::Release);
        if let Some(Err(error)) = self.file.get().map(|file| file.set_len(0)) {
            tracing::warn!(%error, "the room of a decoded file is not given back");
        }
        self.booked.swap(0, Ordering::Relaxed)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
