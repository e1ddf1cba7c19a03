//! What the operator names on the command line: opened with the user's own rights, under no rule of a root.
//!
//! The gate keeps readers from what they may not see; here whoever asks could open the file themselves.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FileType;
use taillight::path::LogPath;

use super::{FileStat, Gate, LogFile, OpenError, beneath, pseudo};
use crate::auth::Principal;

/// What a name on the command line turned out to be.
#[derive(Debug)]
pub enum Named {
    /// A regular file.
    File(LogFile),
    /// Something that can only be read from its start to its end: a pipe, a terminal, a file of the kernel.
    Stream(File),
}

impl Named {
    /// Opens what the operator named. Blocks, on a FIFO until somebody writes.
    ///
    /// # Errors
    /// See [`OpenError`]; what the operating system refuses is [`OpenError::Io`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => OpenError::NotFound,
            _ => OpenError::Io(error),
        })?;
        let stat = beneath::statx_of(&file)?;
        match FileType::from_raw_mode(stat.stx_mode.into()) {
            FileType::Directory => Err(OpenError::IsFolder),
            // Such files have no length to read up to.
            FileType::RegularFile if pseudo::is_on_pseudo(&file)? => Ok(Self::Stream(file)),
            FileType::RegularFile => log_file(path, file).map(Self::File),
            _ => Ok(Self::Stream(file)),
        }
    }
}

/// What has that name now.
pub(super) fn stat(path: &Path) -> Result<FileStat, OpenError> {
    let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
    let handle = rustix::fs::open(path, flags, rustix::fs::Mode::empty()).map_err(|errno| match errno {
        rustix::io::Errno::NOENT => OpenError::NotFound,
        errno => OpenError::Io(errno.into()),
    })?;
    let stat = beneath::statx_of(handle)?;
    match FileType::from_raw_mode(stat.stx_mode.into()) {
        FileType::RegularFile => Ok(beneath::file_stat(&stat)),
        FileType::Directory => Err(OpenError::IsFolder),
        // Said before it is opened: opening a FIFO waits for a writer.
        _ => Err(OpenError::NotAFile("a stream")),
    }
}

fn log_file(path: &Path, file: File) -> Result<LogFile, OpenError> {
    let absolute = absolute(path)?;
    let components = absolute.as_os_str().as_bytes().split(|&byte| byte == b'/').filter(|part| !part.is_empty());
    let log_path = LogPath::from_components(components).map_err(|_| io::Error::other("its path is too long"))?;
    let watch_folder = absolute.parent().unwrap_or(Path::new("/")).to_owned();
    Ok(LogFile {
        gate: Gate::Operator(Arc::from(absolute)),
        who: Principal::local(),
        path: log_path,
        handle: Arc::new(file),
        watch_folder,
        input: None,
    })
}

/// The name in its folder, without what depends on where we are. A link stays one: it may come to name another file.
fn absolute(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(folder.canonicalize()?.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TempFolder;

    fn file(path: &Path) -> LogFile {
        match Named::open(path).unwrap() {
            Named::File(file) => file,
            Named::Stream(_) => panic!("{path:?} is a file"),
        }
    }

    #[test]
    fn a_named_file_is_found_again_by_its_name_after_a_rotation() {
        let folder = TempFolder::new();
        let path = folder.file("a.log", b"old");
        let old = file(&path);
        assert_eq!(old.name_stat().unwrap(), old.stat().unwrap());
        std::fs::rename(&path, folder.path().join("a.log.1")).unwrap();
        assert!(matches!(old.name_stat(), Err(OpenError::NotFound)));
        folder.file("a.log", b"newer");
        assert_eq!(old.reopen().unwrap().stat().unwrap().len, 5);
        assert_ne!(old.name_stat().unwrap().inode, old.stat().unwrap().inode);
        assert_eq!(old.watch_folder(), folder.path());
    }

    #[test]
    fn a_link_is_followed_to_what_it_names_at_the_time() {
        let folder = TempFolder::new();
        let link = folder.path().join("current.log");
        std::os::unix::fs::symlink(folder.file("1.log", b"1"), &link).unwrap();
        let one = file(&link);
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(folder.file("2.log", b"22"), &link).unwrap();
        assert_eq!((one.stat().unwrap().len, one.reopen().unwrap().stat().unwrap().len), (1, 2));
    }

    #[test]
    fn what_is_no_file_says_so_and_what_has_no_length_is_a_stream() {
        let folder = TempFolder::new();
        assert!(matches!(Named::open(folder.path()), Err(OpenError::IsFolder)));
        assert!(matches!(Named::open(&folder.path().join("none")), Err(OpenError::NotFound)));
        for path in ["/dev/null", "/proc/self/status"] {
            assert!(matches!(Named::open(Path::new(path)), Ok(Named::Stream(_))), "{path}");
        }
    }
}
