//! All files below a folder that are served: for who searches them.
//!
//! Under the same rules as listings. A folder is visited once, however many links lead to it, so there are no loops; a
//! link to a file that was found by its own name, or by another link, is passed over.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use rustix::fs::{Dir, FileType, Statx};
use taillight::path::LogPath;

use super::beneath::{Root, below, file_stat, statx_of};
use super::listing::served_kind;
use super::piped::Piped;
use super::{Catalog, OpenError};
use crate::auth::Principal;
use crate::source::Part;

/// The names that are looked at, at most: bounds the time and the memory of a walk.
const MAX_NAMES: usize = 200_000;

/// The folders and files that are told not to be readable, at most.
const MAX_UNREAD: usize = 1000;

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Its path.
    pub path: LogPath,
    /// Its length in bytes.
    pub len: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified_ns: u64,
}

/// What a walk came to.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, the one that was written last first.
    pub files: Vec<FoundFile>,
    /// How many there are; more than those above when that was too many.
    pub n_files: usize,
    /// Whether the walk went everywhere.
    pub is_all: bool,
    /// What is there and allowed, but refused by the operating system.
    pub unread: Vec<(LogPath, OpenError)>,
}

/// When a file was written, its path and its length: of two that were written at once, the first by name is the larger.
type Age = (u64, Reverse<LogPath>, u64);

/// A walk under way.
struct Walk<'a> {
    root: &'a Root,
    most: usize,
    /// The newest files, the oldest of them on top.
    newest: BinaryHeap<Reverse<Age>>,
    found: Found,
    n_names: usize,
    folders: HashSet<(u32, u32, u64)>,
    files: HashSet<(u32, u32, u64)>,
    /// Folders to visit.
    own: Vec<LogPath>,
    /// Links to folders, visited when all others are.
    linked: Vec<LogPath>,
    /// Links to files.
    links: Vec<(LogPath, Statx)>,
}

impl Catalog {
    /// The newest `most` files below `folder`, or below all roots, that `who` may see. Ends early, with what it has, when
    /// `is_over` says so. Blocks.
    ///
    /// # Errors
    /// As [`Catalog::list`], for `folder` itself.
    pub fn files_below(
        &self,
        who: &Principal,
        folder: Option<&LogPath>,
        most: usize,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Found, OpenError> {
        let starts = match folder {
            Some(folder) => vec![folder.clone()],
            None => self.list(who, None, None)?.entries.into_iter().map(|entry| entry.path).collect(),
        };
        let mut all = Found { is_all: true, ..Found::default() };
        for start in starts {
            let found = match self.piped(&start) {
                Some(piped) => of_piped(piped, &start)?,
                None => {
                    let mut walk = Walk::new(self.root_of(&start)?, most);
                    match walk.run(&start, is_over) {
                        Ok(()) => walk.found(),
                        // One root of many that cannot be read is told as everything else is.
                        Err(error) if folder.is_none() => Found { unread: vec![(start, error)], ..Found::default() },
                        Err(error) => return Err(error),
                    }
                }
            };
            all.files.extend(found.files);
            all.n_files += found.n_files;
            all.is_all &= found.is_all;
            all.unread.extend(found.unread);
        }
        all.files.sort_by_cached_key(|file| (Reverse(file.modified_ns), file.path.clone()));
        all.files.truncate(most);
        all.unread.truncate(MAX_UNREAD);
        Ok(all)
    }
}

fn of_piped(piped: &Piped, folder: &LogPath) -> Result<Found, OpenError> {
    if *folder != piped.name {
        return Err(OpenError::NotFound);
    }
    let file = |part| {
        let path = piped.path(part).ok()?;
        let stat = piped.stat(&path).ok()?;
        Some(FoundFile { path, len: stat.len, modified_ns: stat.modified_ns })
    };
    let files: Vec<FoundFile> = Part::ALL.into_iter().filter_map(file).collect();
    Ok(Found { n_files: files.len(), files, is_all: true, unread: Vec::new() })
}

impl<'a> Walk<'a> {
    fn new(root: &'a Root, most: usize) -> Self {
        Self {
            root,
            most,
            newest: BinaryHeap::new(),
            found: Found { is_all: true, ..Found::default() },
            n_names: 0,
            folders: HashSet::new(),
            files: HashSet::new(),
            own: Vec::new(),
            linked: Vec::new(),
            links: Vec::new(),
        }
    }

    fn run(&mut self, start: &LogPath, is_over: &dyn Fn() -> bool) -> Result<(), OpenError> {
        self.folder(start, is_over)?;
        while let Some(folder) = self.own.pop().or_else(|| self.linked.pop()) {
            match self.folder(&folder, is_over) {
                Ok(()) => {}
                // Gone since, or not to be seen.
                Err(OpenError::NotFound | OpenError::IsFolder | OpenError::NotAFile(_)) => {}
                Err(error) => self.cannot_read(folder, error),
            }
        }
        for (path, stat) in std::mem::take(&mut self.links) {
            if self.files.insert(identity(&stat)) {
                self.keep(path, &stat);
            }
        }
        Ok(())
    }

    fn folder(&mut self, folder: &LogPath, is_over: &dyn Fn() -> bool) -> Result<(), OpenError> {
        let folder_below = below(folder);
        let handle = self.root.open_folder(&folder_below)?;
        if !self.folders.insert(identity(&statx_of(&handle)?)) {
            return Ok(());
        }
        for found in Dir::new(handle).map_err(std::io::Error::from)? {
            let found = found.map_err(std::io::Error::from)?;
            let name = found.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            if self.n_names >= MAX_NAMES || is_over() {
                self.found.is_all = false;
                return Ok(());
            }
            self.n_names += 1;
            let kind = served_kind(self.root, &folder_below, name, found.file_type());
            let Some((kind, path)) = kind.and_then(|kind| Some((kind, folder.join(name).ok()?))) else { continue };
            let is_link = !matches!(found.file_type(), FileType::Directory | FileType::RegularFile);
            match (kind, is_link) {
                (FileType::Directory, false) => self.own.push(path),
                (FileType::Directory, true) => self.linked.push(path),
                _ => self.file(path, is_link),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: LogPath, is_link: bool) {
        match self.root.file(&below(&path)) {
            Ok(object) if is_link => self.links.push((path, object.stat)),
            Ok(object) => {
                self.files.insert(identity(&object.stat));
                self.keep(path, &object.stat);
            }
            Err(error @ (OpenError::Denied { .. } | OpenError::Io(_))) => self.cannot_read(path, error),
            Err(_) => {}
        }
    }

    fn keep(&mut self, path: LogPath, stat: &Statx) {
        let stat = file_stat(stat);
        self.found.n_files += 1;
        self.newest.push(Reverse((stat.modified_ns, Reverse(path), stat.len)));
        if self.newest.len() > self.most {
            self.newest.pop();
        }
    }

    fn cannot_read(&mut self, path: LogPath, error: OpenError) {
        if self.found.unread.len() < MAX_UNREAD {
            self.found.unread.push((path, error));
        }
    }

    fn found(self) -> Found {
        let file = |Reverse((modified_ns, Reverse(path), len))| FoundFile { path, len, modified_ns };
        Found { files: self.newest.into_iter().map(file).collect(), ..self.found }
    }
}

fn identity(stat: &Statx) -> (u32, u32, u64) {
    (stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino)
}
