//! The files beside a log that may be older parts of it: rotated files and copies.
//!
//! A name only says where to look. Whether a file *is* an older part, its bytes and its identity have to tell.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Dir, FileType};
use taillight::path::LogPath;

use super::beneath::{Root, below, file_stat};
use super::{FileStat, Gate, LogFile, Named, OpenError, named};

/// How many names are gone through at most: a folder may hold millions.
const MAX_NAMES: usize = 20_000;

/// How many folders beside the log are looked into (`olddir`).
const MAX_FOLDERS: usize = 64;

/// How many siblings are told, the newest ones.
const MAX_SIBLINGS: usize = 1000;

/// A file beside a log, perhaps in a folder beside it, that has a name like the log's.
#[derive(Clone, Debug)]
pub struct Sibling {
    /// Whether its name is one that rotation gives: the log's name with a number or a date, perhaps compressed.
    pub is_archive: bool,
    /// What has the name.
    pub stat: FileStat,
    place: Place,
    /// What rotation put into the name: `.1`, `-20261122`.
    rotation: Vec<u8>,
}

/// How it is opened.
#[derive(Clone, Debug)]
enum Place {
    Catalog(LogPath),
    Operator(PathBuf),
}

impl Sibling {
    /// The last component of its path.
    pub fn name(&self) -> &[u8] {
        match &self.place {
            Place::Catalog(path) => path.file_name(),
            Place::Operator(path) => path.file_name().map_or(b"", OsStr::as_bytes),
        }
    }

    /// Whether it is in the same folder as another one.
    pub fn is_beside(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Place::Catalog(own), Place::Catalog(other)) => own.parent() == other.parent(),
            (Place::Operator(own), Place::Operator(other)) => own.parent() == other.parent(),
            _ => false,
        }
    }

    /// Its path, where readers can open it by one.
    pub fn path(&self) -> Option<&LogPath> {
        match &self.place {
            Place::Catalog(path) => Some(path),
            Place::Operator(_) => None,
        }
    }
}

/// A number with more digits than this is a date.
const MAX_NUMBER_DIGITS: usize = 5;

impl Sibling {
    /// The older one first, as far as rotation names tell: a higher number or an earlier date; else by birth.
    pub fn cmp_age(&self, other: &Self) -> Ordering {
        match (self.number(), other.number()) {
            (Some(own), Some(others)) => others.cmp(&own),
            (None, None) if self.is_archive && other.is_archive => self.rotation.cmp(&other.rotation),
            _ => self.stat.born_ns.cmp(&other.stat.born_ns),
        }
    }

    /// Puts the older ones first, by names where all are of one kind.
    pub fn sort_by_age<T>(found: &mut [T], sibling: impl Fn(&T) -> &Self) {
        let numbers = found.iter().filter(|one| sibling(one).number().is_some()).count();
        let is_of_one_kind =
            numbers == found.len() || (numbers == 0 && found.iter().all(|one| sibling(one).is_archive));
        found.sort_by(|a, b| {
            let (a, b) = (sibling(a), sibling(b));
            if is_of_one_kind { a.cmp_age(b) } else { (a.stat.born_ns, a.name()).cmp(&(b.stat.born_ns, b.name())) }
        });
    }

    fn number(&self) -> Option<u32> {
        let digits = self.rotation.get(1..).filter(|digits| digits.len() <= MAX_NUMBER_DIGITS)?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }
}

impl LogFile {
    /// Opens a sibling, with all checks, as an older part of this log: it keeps this log's name. Blocks.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_older(&self, sibling: &Sibling) -> Result<Self, OpenError> {
        let older = self.open_sibling(sibling)?;
        Ok(Self { handle: older.handle, ..self.clone() })
    }

    /// The files that are served for the same reader beside this one, or in a folder beside it, and have a name like
    /// it; the newest first, by when they were written last. The file that has the name itself is not among them. Blocks.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn siblings(&self) -> Result<Vec<Sibling>, OpenError> {
        if self.input.is_some() {
            return Ok(Vec::new());
        }
        let like = Like::new(self.path.file_name());
        let mut names_left = MAX_NAMES;
        let mut found = match &self.gate {
            Gate::Catalog(catalog) => in_root(catalog.root_of(&self.path)?, &self.path, &like, &mut names_left)?,
            Gate::Operator(path) => in_folder(path, &like, &mut names_left)?,
        };
        found.sort_by_key(|sibling| std::cmp::Reverse((sibling.stat.modified_ns, sibling.stat.born_ns)));
        found.truncate(MAX_SIBLINGS);
        Ok(found)
    }

    /// Opens a sibling for the same reader, with all checks. Blocks.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_sibling(&self, sibling: &Sibling) -> Result<Self, OpenError> {
        match (&self.gate, &sibling.place) {
            (Gate::Catalog(catalog), Place::Catalog(path)) => catalog.open(&self.who, path),
            (Gate::Operator(_), Place::Operator(path)) => match Named::open(path)? {
                Named::File(file) => Ok(file),
                Named::Stream(_) => Err(OpenError::NotAFile("a stream")),
            },
            _ => Err(OpenError::NotFound),
        }
    }
}

fn in_root(root: &Root, path: &LogPath, like: &Like, names_left: &mut usize) -> Result<Vec<Sibling>, OpenError> {
    let Some(folder) = path.parent() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut folders = vec![folder];
    let mut is_beside = true;
    while let Some(folder) = folders.pop() {
        let names = match names(root, &folder, names_left) {
            Ok(names) => names,
            Err(error) if is_beside => return Err(error),
            Err(_) => continue,
        };
        for (name, kind) in names {
            let Ok(own) = folder.join(&name) else { continue };
            if is_beside && kind == FileType::Directory && folders.len() < MAX_FOLDERS {
                folders.push(own);
            } else if kind == FileType::RegularFile && own != *path && like.is_like(&name) {
                let Ok(object) = root.file(&below(&own)) else { continue };
                found.push(like.sibling(&name, file_stat(&object.stat), Place::Catalog(own)));
            }
        }
        is_beside = false;
    }
    Ok(found)
}

fn names(root: &Root, folder: &LogPath, left: &mut usize) -> Result<Vec<(Vec<u8>, FileType)>, OpenError> {
    let handle = root.open_folder(&below(folder))?;
    let mut names = Vec::new();
    for found in Dir::new(handle).map_err(io::Error::from)? {
        if *left == 0 {
            break;
        }
        *left -= 1;
        let found = found.map_err(io::Error::from)?;
        let name = found.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push((name.to_vec(), found.file_type()));
        }
    }
    Ok(names)
}

/// For who named the file on the command line: what they may list themselves.
fn in_folder(path: &Arc<Path>, like: &Like, left: &mut usize) -> Result<Vec<Sibling>, OpenError> {
    let Some(folder) = path.parent() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)?.take(*left).flatten() {
        let name = entry.file_name().into_vec();
        let own = entry.path();
        if own == **path || !like.is_like(&name) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(stat) = named::stat(&own) else { continue };
        found.push(like.sibling(&name, stat, Place::Operator(own)));
    }
    Ok(found)
}

/// A log's name, taken apart.
struct Like<'a> {
    name: &'a [u8],
    /// Up to its first dot.
    stem: &'a [u8],
    /// From there on.
    extension: &'a [u8],
}

impl<'a> Like<'a> {
    fn new(name: &'a [u8]) -> Self {
        // A dot at the start hides the file, it ends no stem.
        let dot = name.iter().skip(1).position(|&byte| byte == b'.').map_or(name.len(), |at| at + 1);
        let (stem, extension) = name.split_at(dot);
        Self { name, stem, extension }
    }

    fn is_like(&self, name: &[u8]) -> bool {
        name.strip_prefix(self.stem).is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
    }

    fn sibling(&self, name: &[u8], stat: FileStat, place: Place) -> Sibling {
        let rotation = self.rotation(name);
        Sibling { is_archive: rotation.is_some(), stat, place, rotation: rotation.unwrap_or_default().to_vec() }
    }

    /// What rotation put into the name, if it did.
    fn rotation<'n>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        let plain = without_packing(name);
        let inside = plain.strip_prefix(self.stem).and_then(|rest| rest.strip_suffix(self.extension));
        let after = plain.strip_prefix(self.name);
        after.into_iter().chain(inside).find(|text| is_rotation(text))
    }
}

/// The name without the ending of a compressed file.
pub(crate) fn without_packing(name: &[u8]) -> &[u8] {
    let packed = [&b".gz"[..], b".xz", b".zst", b".bz2", b".Z"];
    packed.iter().find_map(|end| name.strip_suffix(*end)).unwrap_or(name)
}

/// `.1`, `-20261122`, `.2026-11-22T10:00`, `.old`.
fn is_rotation(text: &[u8]) -> bool {
    let [b'.' | b'-' | b'_', rest @ ..] = text else { return false };
    let is_stamp = rest.iter().all(|byte| byte.is_ascii_digit() || b".-_:TZ+".contains(byte));
    rest == b"old" || (is_stamp && rest.iter().any(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TempFolder, log_file};

    #[test]
    fn a_name_that_rotation_gives_is_told_from_others() {
        let like = Like::new(b"app.log");
        let table: &[(&[u8], bool, bool)] = &[
            (b"app.log.1", true, true),
            (b"app.log.12.gz", true, true),
            (b"app.log-20261122", true, true),
            (b"app.log.2026-11-22T10:00", true, true),
            (b"app-20261122.log", true, true),
            (b"app.1.log.zst", true, true),
            (b"app.log.old", true, true),
            (b"app.log.tmp", true, false),
            (b"app.err.log", true, false),
            (b"app.log.lock", true, false),
            (b"apple.log", false, false),
            (b"app2.log", false, false),
            (b"other.log.1", false, false),
        ];
        for (name, is_like, is_archive) in table {
            let shown = name.escape_ascii();
            assert_eq!(
                (like.is_like(name), *is_like & like.rotation(name).is_some()),
                (*is_like, *is_archive),
                "{shown}"
            );
        }
        assert!(Like::new(b"syslog").rotation(b"syslog.1").is_some());
        assert!(Like::new(b".hidden.log").is_like(b".hidden.log.1"));
    }

    #[test]
    fn siblings_come_newest_first_also_from_a_folder_beside() {
        let folder = TempFolder::new();
        let log = log_file(&folder.file("app.log", b"now"));
        let old = folder.path().join("old");
        std::fs::create_dir(&old).unwrap();
        folder.file("other.log.1", b"x");
        std::os::unix::fs::symlink("other.log.1", folder.path().join("app.log.9")).unwrap();
        for (name, day) in [("app.log.1", 3), ("old/app.log.2", 2), ("app.log.tmp", 1)] {
            let file = std::fs::File::create(folder.file(name, name.as_bytes())).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(day)).unwrap();
        }
        let siblings = log.siblings().unwrap();
        let told: Vec<_> = siblings.iter().map(|sibling| (sibling.name(), sibling.is_archive)).collect();
        assert_eq!(told, [(&b"app.log.1"[..], true), (b"app.log.2", true), (b"app.log.tmp", false)]);
        let opened = log.open_sibling(&siblings[1]).unwrap();
        assert_eq!(opened.stat().unwrap(), siblings[1].stat);
        assert_eq!(
            opened.path().to_string(),
            log.path().parent().unwrap().join(b"old").unwrap().join(b"app.log.2").unwrap().to_string()
        );
    }
}
