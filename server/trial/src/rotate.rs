//! Rotation: our own renames, and the real logrotate.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::folder::Folder;

/// The inode number of what has that name.
///
/// # Errors
/// When nothing has it.
pub fn inode(path: &Path) -> io::Result<u64> {
    Ok(path.metadata()?.ino())
}

/// The name of the `nth` archive.
pub fn archive(path: &Path, nth: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{nth}"));
    name.into()
}

/// Renames the file to its first archive, older archives one further, and deletes what is beyond `keep`. With `create`
/// a new empty file takes the name at once; otherwise the writer makes it.
///
/// # Errors
/// When there is no such file, or the name has the same file as before.
pub fn rename(path: &Path, keep: usize, create: bool) -> anyhow::Result<()> {
    let before = inode(path)?;
    match fs::remove_file(archive(path, keep)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    for nth in (1..keep).rev() {
        match fs::rename(archive(path, nth), archive(path, nth + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    fs::rename(path, archive(path, 1)).context("cannot rename the log")?;
    if create {
        File::options().append(true).create(true).open(path).context("cannot make the new log")?;
    }
    match inode(path) {
        Ok(after) if after == before => bail!("the name has the same file as before"),
        _ => Ok(()),
    }
}

/// The real logrotate over one file.
#[derive(Debug)]
pub struct Logrotate {
    config: PathBuf,
    state: PathBuf,
    path: PathBuf,
    copies: bool,
    _own: Folder,
}

impl Logrotate {
    /// With these directives, `create` or `copytruncate` among them.
    ///
    /// # Errors
    /// When its configuration cannot be written.
    pub fn new(path: &Path, directives: &[&str]) -> anyhow::Result<Self> {
        let own = Folder::new()?;
        let config = own.join("logrotate.conf");
        fs::write(&config, format!("{} {{\n  {}\n}}\n", path.display(), directives.join("\n  ")))?;
        // It refuses one that others may write.
        fs::set_permissions(&config, fs::Permissions::from_mode(0o644))?;
        let copies = directives.contains(&"copytruncate");
        Ok(Self { config, state: own.join("state"), path: path.to_owned(), copies, _own: own })
    }

    /// Rotates once, and makes sure that it did.
    ///
    /// # Errors
    /// When it failed, or the file is as it was.
    pub fn run(&self) -> anyhow::Result<()> {
        let before = self.path.metadata()?;
        let n_before = archives(&self.path)?.len();
        let run = Command::new("/usr/sbin/logrotate")
            .args(["--force", "--state"])
            .arg(&self.state)
            .arg(&self.config)
            .output()
            .context("cannot run logrotate")?;
        let said = String::from_utf8_lossy(&run.stderr);
        if !run.status.success() {
            bail!("logrotate failed: {said}");
        }
        let after = self.path.metadata()?;
        let has_happened = if self.copies {
            after.ino() == before.ino() && archives(&self.path)?.len() > n_before
        } else {
            after.ino() != before.ino()
        };
        if !has_happened {
            bail!("logrotate has not rotated: {said}");
        }
        Ok(())
    }
}

/// A directive that waits, before anything is compressed, until this process writes the new file: what a writer adds to an
/// old one that is being compressed is lost by logrotate, and nobody who comes later can read it.
pub fn once_writers_have_moved(path: &Path) -> String {
    let (name, own) = (path.display(), std::process::id());
    format!(
        "postrotate\n    for n in $(seq 1 3000); do\n      \
         ls -l /proc/{own}/fd | grep -F -- '-> {name}' | grep -qv -- '{name}$' || break\n      sleep 0.01\n    done\n  endscript"
    )
}

/// The archives of a log, whatever they are called: what begins with its name.
///
/// # Errors
/// When the folder cannot be read.
pub fn archives(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let name = path.file_name().and_then(|name| name.to_str()).context("no name")?;
    let mut found = Vec::new();
    for entry in fs::read_dir(path.parent().context("no folder")?)? {
        let entry = entry?;
        let other = entry.file_name();
        if other.to_str().is_some_and(|other| other.len() > name.len() && other.starts_with(name)) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// What is in a log or an archive, decompressed.
///
/// # Errors
/// When it cannot be read.
pub fn content(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Ok(fs::read(path)?);
    }
    let run = Command::new("gzip").arg("-dc").arg(path).output()?;
    if !run.status.success() {
        bail!("cannot decompress {}: {}", path.display(), String::from_utf8_lossy(&run.stderr));
    }
    Ok(run.stdout)
}
