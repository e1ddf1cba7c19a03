//! Events of the file system: hints that a look is worth while. One watcher for all files.
//!
//! A hint that is lost costs time, never lines: every follower also looks regularly.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
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
    is_told: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Folders {
    watcher: Option<RecommendedWatcher>,
    /// How many watched names are in each folder.
    names: HashMap<PathBuf, usize>,
    /// What a system without watches says.
    #[cfg(test)]
    refuses: Option<notify::ErrorKind>,
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

    /// Tells the administrator, once, that files are polled because the system gives no more watches.
    fn tell_once(&self, error: &notify::Error) {
        let is_limit = match &error.kind {
            notify::ErrorKind::MaxFilesWatch => true,
            notify::ErrorKind::Io(error) => error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()),
            _ => false,
        };
        if is_limit && !self.is_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the system gives no more file watches, so files are polled: \
                 raise fs.inotify.max_user_watches and fs.inotify.max_user_instances"
            );
        }
    }

    fn watch_folder(&self, folder: &Path) -> notify::Result<()> {
        let mut folders = lock(&self.watcher);
        #[cfg(test)]
        if let Some(kind) = folders.refuses.take() {
            return Err(notify::Error::new(kind));
        }
        if folders.watcher.is_none() {
            let watches = Self { waiting: Arc::clone(&self.waiting), ..Self::default() };
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
        if let Err(error) = self.watches.watch_folder(folder) {
            self.watches.tell_once(&error);
            self.complete = false;
        }
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

/// The file systems on which every change is seen here. On all others, those of networks and of other processes and those
/// that we do not know, others can change a file without an event.
const LOCAL: [u32; 20] = [
    0xef53,      // ext2, ext3, ext4
    0x5846_5342, // xfs
    0x9123_683e, // btrfs
    0x0102_1994, // tmpfs
    0x8584_58f6, // ramfs
    0x794c_7630, // overlayfs
    0x2fc1_2fc1, // zfs
    0xf2f5_2010, // f2fs
    0xca45_1a4e, // bcachefs
    0x4d44,      // vfat
    0x2011_bab0, // exfat
    0x7366_746e, // ntfs3
    0x7371_7368, // squashfs
    0xe0f5_e1e2, // erofs
    0x9660,      // iso9660
    0x1501_3346, // udf
    0x3153_464a, // jfs
    0x3434,      // nilfs
    0x5265_4973, // reiserfs
    0x137f,      // minix
];

fn changes_elsewhere(file: &LogFile) -> bool {
    // The numbers are of 32 bits, whatever the width of the field. Where the system does not say, events are no promise.
    !rustix::fs::fstatfs(file.handle()).is_ok_and(|fs| is_local(fs.f_type as u32))
}

fn is_local(magic: u32) -> bool {
    LOCAL.contains(&magic)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TempFolder, log_file};

    #[test]
    fn only_file_systems_that_tell_every_change_are_trusted() {
        for (magic, expected) in [(0xef53, true), (0x0102_1994, true), (0x6969, false), (0x6573_5546, false), (1, false)] {
            assert_eq!(is_local(magic), expected, "{magic:x}");
        }
    }

    #[test]
    fn where_the_system_gives_no_watch_the_file_is_polled() {
        let folder = TempFolder::new();
        let file = log_file(&folder.file("app.log", b"one\n"));
        let hint = Arc::new(Notify::new());
        let watches = Watches::default();
        assert!(watches.watch(&file, &hint).is_complete());
        for kind in [notify::ErrorKind::MaxFilesWatch, notify::ErrorKind::Io(rustix::io::Errno::MFILE.into())] {
            let watches = Watches::default();
            lock(&watches.watcher).refuses = Some(kind);
            assert!(!watches.watch(&file, &hint).is_complete());
            assert!(watches.is_told.load(Ordering::Relaxed));
        }
    }
}
