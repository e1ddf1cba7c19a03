//! Stand-in for the room of "gate": the only maker of [`LogFile`].

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxFlags};
use taillight::path::LogPath;

/// A log that may be read.
#[derive(Debug)]
pub struct LogFile {
    path: LogPath,
    name: PathBuf,
    handle: File,
}

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No such file.
    #[error("no such file")]
    NotFound,
    /// A folder.
    #[error("it is a folder")]
    IsFolder,
    /// Something else.
    #[error("not a regular file: {0}")]
    NotAFile(&'static str),
    /// Refused.
    #[error("permission denied")]
    Denied {},
    /// The system failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What the system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// Device number.
    pub dev: u64,
    /// Inode number.
    pub inode: u64,
    /// Birth time in nanoseconds since 1970, 0 when not known.
    pub born_ns: u64,
    /// Length in bytes.
    pub len: u64,
    /// Seconds since 1970.
    pub modified_unix_secs: u64,
    /// Hard links.
    pub links: u64,
}

impl LogFile {
    /// Opens without any check: stand-in only.
    pub fn open_unchecked(root: &str, name: &Path) -> Result<Self, OpenError> {
        let base = name.file_name().ok_or(OpenError::NotFound)?;
        let path = LogPath::from_components([root.as_bytes(), base.as_bytes()]).map_err(|_| OpenError::NotFound)?;
        let handle = File::open(name).map_err(open_error)?;
        Ok(Self { path, name: name.to_owned(), handle })
    }

    /// Its path in requests.
    pub fn path(&self) -> &LogPath {
        &self.path
    }

    pub(crate) fn handle(&self) -> &File {
        &self.handle
    }

    /// Of the open file.
    pub fn stat(&self) -> io::Result<FileStat> {
        let stat = rustix::fs::statx(&self.handle, c"", AtFlags::EMPTY_PATH, flags())?;
        Ok(file_stat(&stat))
    }

    /// Opens the name again, with all checks.
    pub fn reopen(&self) -> Result<Self, OpenError> {
        let handle = File::open(&self.name).map_err(open_error)?;
        Ok(Self { path: self.path.clone(), name: self.name.clone(), handle })
    }

    /// What has the name now.
    pub fn name_stat(&self) -> Result<FileStat, OpenError> {
        let stat = rustix::fs::statx(CWD, &self.name, AtFlags::empty(), flags()).map_err(|e| open_error(e.into()))?;
        Ok(file_stat(&stat))
    }

    /// The folder the name is in.
    pub fn watch_folder(&self) -> &Path {
        self.name.parent().unwrap_or(Path::new("/"))
    }
}

fn flags() -> StatxFlags {
    StatxFlags::BASIC_STATS | StatxFlags::BTIME
}

fn open_error(error: io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::NotFound => OpenError::NotFound,
        io::ErrorKind::PermissionDenied => OpenError::Denied {},
        _ => OpenError::Io(error),
    }
}

fn file_stat(stat: &rustix::fs::Statx) -> FileStat {
    let born = stat.stx_btime;
    let known = stat.stx_mask & StatxFlags::BTIME.bits() != 0;
    FileStat {
        dev: rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
        inode: stat.stx_ino,
        born_ns: if known { born.tv_sec as u64 * 1_000_000_000 + u64::from(born.tv_nsec) } else { 0 },
        len: stat.stx_size,
        modified_unix_secs: stat.stx_mtime.tv_sec as u64,
        links: u64::from(stat.stx_nlink),
    }
}
