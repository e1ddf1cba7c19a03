//! Opening beneath a root: the kernel keeps the way inside, the object is looked at before it is opened for reading.
//!
//! # Why
//! Checking a path and then opening it leaves a gap that a writer of the folder can use. So the check is on a handle
//! (`O_PATH`: no effect on FIFOs and devices), and what is opened for reading is the object behind that handle.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Statx, StatxFlags, StatxTimestamp};
use rustix::io::Errno;
use taillight::path::{LogPath, shown_name};

use super::rules::Rules;
use super::{FileStat, OpenError, RootError, denied, pseudo};
use crate::config::{RootConfig, SymlinkRule};

/// How often a look-up is tried again when folders were moved during it.
const MOVED_TRIES: u32 = 32;

/// A root, open.
#[derive(Debug)]
pub struct Root {
    /// Its path: the name.
    pub name: LogPath,
    /// Which names are served.
    pub rules: Rules,
    folder: PathBuf,
    given: PathBuf,
    resolve: ResolveFlags,
    allow_hardlinks: bool,
    /// Replaced when the folder was removed and made again.
    handle: RwLock<Arc<OwnedFd>>,
}

/// Something that exists beneath a root, not open for reading.
pub struct Object {
    /// The `O_PATH` handle.
    pub handle: OwnedFd,
    /// What the file system says about it.
    pub stat: Statx,
}

impl Object {
    /// What it is.
    pub fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.stx_mode.into())
    }
}

impl Root {
    /// Opens a root's folder.
    pub fn open(config: &RootConfig) -> Result<Self, RootError> {
        let handle = open_folder(&config.folder).map_err(|cause| RootError::Folder {
            root: shown_name(config.name.root_name()),
            path: shown_path(&config.folder),
            cause: cause.into(),
        })?;
        let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        if config.follow_symlinks == SymlinkRule::No {
            resolve |= ResolveFlags::NO_SYMLINKS;
        }
        // Old container runtimes answer EPERM where the kernel would say ENOSYS.
        if let Err(Errno::NOSYS | Errno::PERM) =
            rustix::fs::openat2(&handle, ".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)
        {
            return Err(RootError::Kernel);
        }
        Ok(Self {
            name: config.name.clone(),
            rules: Rules::new(config)?,
            folder: config.folder.clone(),
            given: config.given.clone(),
            resolve,
            allow_hardlinks: config.allow_hardlinks,
            handle: RwLock::new(Arc::new(handle)),
        })
    }

    /// Opens a file for reading.
    pub fn open_file(&self, path: &LogPath) -> Result<File, OpenError> {
        let below = below(path);
        let object = self.file(&below)?;
        let reopened = rustix::fs::open(
            format!("/proc/self/fd/{}", object.handle.as_raw_fd()),
            OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK,
            Mode::empty(),
        );
        match reopened {
            Ok(handle) => Ok(File::from(handle)),
            Err(Errno::ACCESS | Errno::PERM) => Err(denied::file(&self.absolute(&below), &object.stat)),
            Err(Errno::NOENT) => Err(io::Error::other("/proc is not mounted, the server needs it").into()),
            Err(errno) => Err(io::Error::from(errno).into()),
        }
    }

    /// What has the name, without opening it.
    pub fn stat_file(&self, path: &LogPath) -> Result<FileStat, OpenError> {
        Ok(file_stat(&self.file(&below(path))?.stat))
    }

    /// Opens a folder for listing, if its name is served.
    pub fn open_folder(&self, below: &[u8]) -> Result<OwnedFd, OpenError> {
        if !self.rules.allows_folder(below) {
            return Err(OpenError::NotFound);
        }
        let object = self.object(below, OFlags::DIRECTORY)?;
        if !self.rules.allows_folder(&self.resolved(&object)?) || pseudo::is_on_pseudo(&object.handle)? {
            return Err(OpenError::NotFound);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::openat(&object.handle, ".", flags, Mode::empty()) {
            Err(Errno::ACCESS | Errno::PERM) => Err(denied::folder(&self.absolute(below))),
            opened => opened.map_err(|errno| io::Error::from(errno).into()),
        }
    }

    /// A regular file that is served, by requested and by resolved name.
    pub fn file(&self, below: &[u8]) -> Result<Object, OpenError> {
        let is_file_name = self.rules.allows_file(below);
        if !is_file_name && !self.rules.allows_folder(below) {
            return Err(OpenError::NotFound);
        }
        let object = match self.object(below, OFlags::empty()) {
            Err(OpenError::Denied { .. }) if !is_file_name => return Err(OpenError::NotFound),
            found => found?,
        };
        let resolved = self.resolved(&object)?;
        if object.kind() == FileType::Directory {
            let is_served = self.rules.allows_folder(below) && self.rules.allows_folder(&resolved);
            return Err(if is_served { OpenError::IsFolder } else { OpenError::NotFound });
        }
        if !is_file_name || !self.rules.allows_resolved(below, &resolved) {
            return Err(OpenError::NotFound);
        }
        self.check_file(&object)?;
        Ok(object)
    }

    /// What has the name beneath the root, of any kind and under no name rule yet.
    pub fn object(&self, below: &[u8], flags: OFlags) -> Result<Object, OpenError> {
        let opened = match self.open_beneath(below, flags) {
            Err(Errno::NOENT) if self.was_made_again() => self.open_beneath(below, flags),
            opened => opened,
        };
        opened.map_err(|errno| match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV | Errno::NAMETOOLONG => OpenError::NotFound,
            Errno::ACCESS | Errno::PERM => denied::folder(&self.absolute(below)),
            errno => io::Error::from(errno).into(),
        })
    }

    /// The object's own name below the root, after links.
    pub fn resolved(&self, object: &Object) -> Result<Vec<u8>, OpenError> {
        let root = self.handle();
        let (root, own) = (name_of(&root)?, name_of(&object.handle)?);
        let rest = own.strip_prefix(root.strip_suffix(b"/").unwrap_or(&root)).ok_or(OpenError::NotFound)?;
        match rest {
            [] => Ok(Vec::new()),
            [b'/', below @ ..] => Ok(below.to_vec()),
            _ => Err(OpenError::NotFound),
        }
    }

    /// The absolute path of something in the root.
    pub fn absolute(&self, below: &[u8]) -> PathBuf {
        self.folder.join(Path::new(std::ffi::OsStr::from_bytes(below)))
    }

    /// The absolute path of the folder that holds a path.
    pub fn folder_of(&self, path: &LogPath) -> PathBuf {
        let inside = path.parent().map_or_else(|| self.folder.clone(), |parent| self.absolute(&below(&parent)));
        // Joining nothing leaves a slash at the end.
        inside.components().collect()
    }

    /// The path of an absolute path's components, and how deep the root is, if it can be in this root.
    pub fn locate(&self, components: &[&[u8]]) -> Option<(usize, LogPath)> {
        [&self.folder, &self.given].into_iter().find_map(|folder| {
            let folder: Vec<&[u8]> =
                folder.as_os_str().as_bytes().split(|&byte| byte == b'/').filter(|part| !part.is_empty()).collect();
            let rest = components.strip_prefix(folder.as_slice())?;
            let path =
                LogPath::from_components(std::iter::once(self.name.root_name()).chain(rest.iter().copied())).ok()?;
            let below = below(&path);
            (self.rules.allows_file(&below) || self.rules.allows_folder(&below)).then_some((folder.len(), path))
        })
    }

    /// The same root, said to be elsewhere.
    #[cfg(test)]
    pub fn moved_to(self, folder: PathBuf, given: PathBuf) -> Self {
        Self { folder, given, ..self }
    }

    fn check_file(&self, object: &Object) -> Result<(), OpenError> {
        match object.kind() {
            FileType::RegularFile => {}
            FileType::Fifo => return Err(OpenError::NotAFile("a FIFO")),
            FileType::Socket => return Err(OpenError::NotAFile("a socket")),
            FileType::CharacterDevice | FileType::BlockDevice => return Err(OpenError::NotAFile("a device")),
            _ => return Err(OpenError::NotAFile("a special file")),
        }
        let links = object.stat.stx_nlink;
        if (links > 1 && !self.allow_hardlinks) || pseudo::is_on_pseudo(&object.handle)? {
            return Err(OpenError::NotFound);
        }
        Ok(())
    }

    fn open_beneath(&self, below: &[u8], flags: OFlags) -> Result<Object, Errno> {
        let handle = self.open_path(below, flags)?;
        let stat = statx(&handle)?;
        // A removed folder still opens as itself.
        if stat.stx_nlink == 0 { Err(Errno::NOENT) } else { Ok(Object { handle, stat }) }
    }

    fn open_path(&self, below: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let root = self.handle();
        let name = if below.is_empty() { b"." } else { below };
        let flags = flags | OFlags::PATH | OFlags::CLOEXEC;
        for _ in 1..MOVED_TRIES {
            match rustix::fs::openat2(&root, name, flags, Mode::empty(), self.resolve) {
                Err(Errno::AGAIN) => {}
                opened => return opened,
            }
        }
        rustix::fs::openat2(&root, name, flags, Mode::empty(), self.resolve)
    }

    /// Whether the root's folder was removed and is there again, in which case its handle is now the new one.
    fn was_made_again(&self) -> bool {
        let root = self.handle();
        if rustix::fs::fstat(&root).is_ok_and(|stat| stat.st_nlink > 0) {
            return false;
        }
        let Ok(handle) = open_folder(&self.folder) else { return false };
        *self.handle.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(handle);
        true
    }

    fn handle(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.handle.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The components below the root, joined with slashes; empty for the root itself.
pub fn below(path: &LogPath) -> Vec<u8> {
    path.below_root().collect::<Vec<_>>().join(&b'/')
}

/// What the file system says about an open file.
pub fn stat(handle: impl AsFd) -> io::Result<FileStat> {
    Ok(file_stat(&statx(handle)?))
}

/// A path for messages.
pub fn shown_path(path: &Path) -> String {
    shown_name(path.as_os_str().as_bytes())
}

/// The facts of a `statx` that others use.
pub fn file_stat(stat: &Statx) -> FileStat {
    let has_birth = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::BTIME);
    let nanos = |time: StatxTimestamp| {
        let secs = u64::try_from(time.tv_sec).unwrap_or(0);
        secs.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec.into())
    };
    FileStat {
        dev: rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
        inode: stat.stx_ino,
        born_ns: if has_birth { nanos(stat.stx_btime) } else { 0 },
        len: stat.stx_size,
        modified_unix_secs: stat.stx_mtime.tv_sec,
        modified_ns: nanos(stat.stx_mtime),
        changed_ns: nanos(stat.stx_ctime),
        links: stat.stx_nlink.into(),
    }
}

/// Everything the file system says about an open file.
pub fn statx_of(handle: impl AsFd) -> io::Result<Statx> {
    Ok(statx(handle)?)
}

fn statx(handle: impl AsFd) -> Result<Statx, Errno> {
    rustix::fs::statx(handle, "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS | StatxFlags::BTIME)
}

/// A root's folder, whose path holds no links: it was resolved when the settings were read.
fn open_folder(folder: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat2(CWD, folder, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
}

/// The name the kernel has for what a handle is open on.
fn name_of(handle: &OwnedFd) -> Result<Vec<u8>, OpenError> {
    let link = format!("/proc/self/fd/{}", handle.as_raw_fd());
    match rustix::fs::readlink(link, Vec::new()) {
        Ok(name) => Ok(name.into_bytes()),
        Err(Errno::NAMETOOLONG) => Err(OpenError::NotFound),
        Err(Errno::NOENT) => Err(io::Error::other("/proc is not mounted, the server needs it").into()),
        Err(errno) => Err(io::Error::from(errno).into()),
    }
}
