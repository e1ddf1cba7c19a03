//! Files of our own without a name: nobody else can open them, and they go with the process however it ends.

use std::fs::File;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;

use crate::auth::secret;

/// An empty one in the first of `folders` where one can be made; a folder that is missing is made.
///
/// # Errors
/// What the last folder refused.
pub fn file(folders: &[PathBuf]) -> io::Result<File> {
    let mut refused = io::Error::other("no folder for it");
    for folder in folders {
        match in_folder(folder) {
            Ok(file) => return Ok(file),
            Err(error) => refused = io::Error::new(error.kind(), format!("{}: {error}", super::shown_path(folder))),
        }
    }
    Err(refused)
}

fn in_folder(folder: &Path) -> io::Result<File> {
    // A folder that is there stays as it is; one that cannot be made fails below with its reason.
    let _ = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let owner_only = Mode::RUSR | Mode::WUSR;
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::openat(CWD, folder, flags | OFlags::TMPFILE | OFlags::EXCL, owner_only) {
        Ok(handle) => Ok(File::from(handle)),
        // Some network and older overlay file systems have no files without a name: one that loses it at once.
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOSYS) => {
            let path = folder.join(format!(".taillight-{}", secret::random_hex()?));
            let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
            let handle = rustix::fs::openat(CWD, &path, flags, owner_only)?;
            std::fs::remove_file(&path)?;
            Ok(File::from(handle))
        }
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

    use super::*;
    use crate::testing::TempFolder;

    #[test]
    fn a_file_has_no_name_and_only_its_owner_may_read_it() {
        let folder = TempFolder::new();
        let missing = folder.path().join("a/b");
        let mut made = file(std::slice::from_ref(&missing)).unwrap();
        made.write_all(b"secret").unwrap();
        let mut back = [0; 6];
        made.read_exact_at(&mut back, 0).unwrap();
        assert_eq!(&back, b"secret");
        assert_eq!(std::fs::read_dir(&missing).unwrap().count(), 0);
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&missing).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(super::super::stat(&made).unwrap().links, 0);
    }

    #[test]
    fn the_next_folder_serves_when_the_first_does_not() {
        let folder = TempFolder::new();
        let blocked = folder.file("file", b"").join("below");
        assert!(file(&[blocked.clone(), folder.path().to_owned()]).is_ok());
        let refused = file(&[blocked]).unwrap_err().to_string();
        assert!(refused.contains("/file/below"), "{refused}");
    }
}
