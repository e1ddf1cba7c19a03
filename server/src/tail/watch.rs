//! Events of the file system: hints that a look is worth while. One watcher for all files.
//!
//! A hint that is lost costs time, never lines: every follower also looks regularly.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use crate::catalog::LogFile;

/// The watcher and those who wait for it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Watches {
    /// Who waits for which path. Its own lock: the watcher's thread takes it while a call to the watcher waits for
    /// that thread.
    waiting: Arc<Mutex<HashMap<PathBuf, Vec<Weak<Notify>>>>>,
    watcher: Arc<Mutex<Folders>>,
}

#[derive(Debug, Default)]
struct Folders {
    watcher: Option<RecommendedWatcher>,
    /// How many watched names are in each folder.
    names: HashMap<PathBuf, usize>,
}

/// The watched places of one file; ends with the value.
#[derive(Debug)]
pub(super) struct Watch {
    watches: Watches,
    places: Vec<PathBuf>,
    hint: Arc<Notify>,
    complete: bool,
}

impl Watches {
    /// Watches where `file` has its name and, behind links, where it is. Blocks.
    pub(super) fn watch(&self, file: &LogFile, hint: &Arc<Notify>) -> Watch {
        let mut watch = Watch { watches: self.clone(), places: Vec::new(), hint: Arc::clone(hint), complete: true };
        watch.complete = !changes_elsewhere(file);
        for place in places(file) {
            watch.add(place);
        }
        watch
    }

    fn wake(&self, event: &notify::Result<notify::Event>) {
        let mut waiting = lock(&self.waiting);
        match event {
            Ok(event) if is_our_reading(event.kind) => {}
            Ok(event) if !event.need_rescan() && !event.paths.is_empty() => {
                for path in &event.paths {
                    wake_all(waiting.get(path).into_iter().flatten());
                }
            }
            // The queue has overflowed, or something failed: everybody looks.
            Ok(_) | Err(_) => wake_all(waiting.values().flatten()),
        }
        waiting.retain(|_, hints| hints.iter().any(|hint| hint.strong_count() > 0));
    }

    fn watch_folder(&self, folder: &Path) -> notify::Result<()> {
        let mut folders = lock(&self.watcher);
        if folders.watcher.is_none() {
            let watches = Self { waiting: Arc::clone(&self.waiting), watcher: Arc::default() };
            folders.watcher = Some(notify::recommended_watcher(move |event| watches.wake(&event))?);
        }
        let Some(watcher) = &mut folders.watcher else { return Ok(()) };
        // Again even when it is watched: the folder may have been replaced by another of the same name since.
        watcher.watch(folder, RecursiveMode::NonRecursive)
    }
}

impl Watch {
    /// Watches nothing.
    pub(super) fn none(hint: &Arc<Notify>) -> Self {
        Self { watches: Watches::default(), places: Vec::new(), hint: Arc::clone(hint), complete: false }
    }

    /// Watches no place: whoever changes the source notifies `hint`.
    pub(super) fn told(hint: &Arc<Notify>) -> Self {
        Self { watches: Watches::default(), places: Vec::new(), hint: Arc::clone(hint), complete: true }
    }

    /// Whether every place is watched; otherwise the file has to be polled.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    fn add(&mut self, place: PathBuf) {
        let Some(folder) = place.parent() else { return };
        lock(&self.watches.waiting).entry(place.clone()).or_default().push(Arc::downgrade(&self.hint));
        *lock(&self.watches.watcher).names.entry(folder.to_owned()).or_default() += 1;
        self.complete &= self.watches.watch_folder(folder).is_ok();
        self.places.push(place);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let ours = Arc::downgrade(&self.hint);
        for place in &self.places {
            let mut waiting = lock(&self.watches.waiting);
            if let Some(hints) = waiting.get_mut(place)
                && let Some(at) = hints.iter().position(|hint| hint.ptr_eq(&ours))
            {
                hints.swap_remove(at);
            }
            waiting.retain(|_, hints| !hints.is_empty());
            drop(waiting);
            let (Some(folder), mut folders) = (place.parent(), lock(&self.watches.watcher)) else { continue };
            if let Some(names) = folders.names.get_mut(folder) {
                *names -= 1;
                if *names == 0 {
                    folders.names.remove(folder);
                    if let Some(watcher) = &mut folders.watcher {
                        // It is gone already when the folder is.
                        let _ = watcher.unwatch(folder);
                    }
                }
            }
        }
    }
}

/// Opening, reading and closing change nothing, and are what we do ourselves.
fn is_our_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

/// Whether others can change the file without an event here: network file systems, and those of other processes.
fn changes_elsewhere(file: &LogFile) -> bool {
    const NFS: u32 = 0x6969;
    const CIFS: u32 = 0xff53_4d42;
    const SMB2: u32 = 0xfe53_4d42;
    const FUSE: u32 = 0x6573_5546;
    const NINE_P: u32 = 0x0102_1997;
    const CEPH: u32 = 0x00c3_6400;
    const AFS: u32 = 0x5346_414f;
    // The numbers are of 32 bits, whatever the width of the field.
    rustix::fs::fstatfs(file.handle())
        .is_ok_and(|fs| [NFS, CIFS, SMB2, FUSE, NINE_P, CEPH, AFS].contains(&(fs.f_type as u32)))
}

fn wake_all<'a>(hints: impl Iterator<Item = &'a Weak<Notify>>) {
    for hint in hints.filter_map(Weak::upgrade) {
        hint.notify_one();
    }
}

/// The name in its folder and, where a link leads elsewhere, the file's own place.
fn places(file: &LogFile) -> Vec<PathBuf> {
    use std::os::fd::AsRawFd as _;
    let name = file.watch_folder().join(OsStr::from_bytes(file.path().file_name()));
    let real = std::fs::read_link(format!("/proc/self/fd/{}", file.handle().as_raw_fd())).ok();
    let real = real.filter(|real| real.is_absolute() && *real != name && real.exists());
    std::iter::once(name).chain(real).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
