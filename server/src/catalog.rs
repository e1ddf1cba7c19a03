//! The gate: which files exist for readers, and the only maker of [`LogFile`].
//!
//! Roots are held as directory handles; everything below is opened beneath them by the kernel, looked at without
//! being opened for reading, and only then opened, as that very object. Refused by rule, outside a root and missing
//! are one answer.
//!
//! All calls block on the file system.

mod beneath;
mod denied;
mod listing;
mod named;
mod piped;
mod pseudo;
mod rules;
mod siblings;
mod unnamed;
mod walk;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use taillight::path::LogPath;
use taillight::wire::listing::Listing;

use crate::auth::Principal;
use crate::config::RootConfig;
use crate::source::{Part, Stdin};
use beneath::Root;
use piped::Piped;

pub(crate) use beneath::{shown_path, stat};
pub use named::Named;
pub use siblings::Sibling;
pub(crate) use siblings::without_packing;
pub(crate) use unnamed::file as file_without_name;
pub use walk::{Found, FoundFile};

/// The entries a listing holds at most; the rest comes with `after`.
pub const LISTING_ENTRIES: usize = 1000;

/// The roots and what may be opened in them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Catalog {
    roots: Arc<[Root]>,
    piped: Option<Arc<Piped>>,
}

/// A regular file that was authorized and opened for reading. Whoever holds one may read it.
#[derive(Clone, Debug)]
pub struct LogFile {
    gate: Gate,
    who: Principal,
    path: LogPath,
    handle: Arc<File>,
    watch_folder: PathBuf,
    input: Option<(Arc<Stdin>, Part)>,
}

/// Through what a file was opened, and is opened again.
#[derive(Clone, Debug)]
enum Gate {
    /// A root, for a reader.
    Catalog(Catalog),
    /// The user's own rights, for who named it on the command line: its absolute path.
    Operator(Arc<Path>),
}

/// What the file system says about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// The device it is on; differs between mounts and restarts.
    pub dev: u64,
    /// The inode number; used again soon after a file is removed.
    pub inode: u64,
    /// Birth time in nanoseconds since 1970, 0 where the file system does not say.
    pub born_ns: u64,
    /// Length in bytes.
    pub len: u64,
    /// When it was last written, in seconds since 1970.
    pub modified_unix_secs: i64,
    /// When it was last written, in nanoseconds since 1970; anybody may set it.
    pub modified_ns: u64,
    /// When it was last written, renamed or given other rights, in nanoseconds since 1970; nobody can set it.
    pub changed_ns: u64,
    /// How many names it has; 0 when it is deleted.
    pub links: u64,
}

/// Why a file is not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Missing, outside every root, or refused by rule: the reader cannot tell which.
    #[error("no such file")]
    NotFound,
    /// A folder.
    #[error("this is a folder")]
    IsFolder,
    /// Not a regular file; the field says what it is, with its article.
    #[error("this is {0}, not a regular file")]
    NotAFile(&'static str),
    /// Allowed by our rules, not by the operating system.
    #[error("the server runs as user '{user}' (uid {uid}), which may not read '{path}': {fix}")]
    Denied {
        /// Name of the user the server runs as; the number again where it has none.
        user: String,
        /// Number of that user.
        uid: u32,
        /// The path on the server, safe to show.
        path: String,
        /// What to do about it.
        fix: String,
    },
    /// The operating system failed.
    #[error("cannot open the file: {0}")]
    Io(#[from] io::Error),
}

/// Why a root cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The folder cannot be opened.
    #[error("cannot open the folder '{path}' of root '{root}': {cause}")]
    Folder {
        /// The root's name, safe to show.
        root: String,
        /// The folder, safe to show.
        path: String,
        /// What the operating system said.
        cause: io::Error,
    },
    /// The kernel cannot open a file beneath a folder.
    #[error(
        "this kernel does not offer openat2, without which folders cannot be served safely: use Linux 5.6 or newer, and a container runtime that allows the call"
    )]
    Kernel,
    /// A glob of `include` or `exclude` does not read.
    #[error("bad glob '{glob}' of root '{root}': {why}")]
    Glob {
        /// The root's name, safe to show.
        root: String,
        /// The glob.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Catalog {
    /// Opens the roots.
    ///
    /// # Errors
    /// When one cannot be served.
    pub fn new(roots: &[RootConfig]) -> Result<Self, RootError> {
        Ok(Self { roots: roots.iter().map(Root::open).collect::<Result<_, _>>()?, piped: None })
    }

    /// Serves standard input too, under the root `name`, which no other root has.
    #[must_use]
    pub fn with_stdin(self, name: LogPath, stdin: Arc<Stdin>) -> Self {
        Self { piped: Some(Arc::new(Piped { name, stdin })), ..self }
    }

    /// Opens a file for a reader, with all checks.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(&self, who: &Principal, path: &LogPath) -> Result<LogFile, OpenError> {
        let (handle, watch_folder, input) = match self.piped(path) {
            Some(piped) => {
                let (handle, part) = piped.open(path)?;
                (handle, PathBuf::new(), Some((Arc::clone(&piped.stdin), part)))
            }
            None => {
                let root = self.root_of(path)?;
                (root.open_file(path)?, root.folder_of(path), None)
            }
        };
        Ok(LogFile {
            gate: Gate::Catalog(self.clone()),
            who: who.clone(),
            path: path.clone(),
            handle: Arc::new(handle),
            watch_folder,
            input,
        })
    }

    /// Lists a folder, or the roots: folders first, then files, each by name. `after` is `next` of the part before.
    ///
    /// # Errors
    /// [`OpenError::NotFound`] also for what is no folder, and for an `after` that we did not make.
    pub fn list(&self, _who: &Principal, folder: Option<&LogPath>, after: Option<&str>) -> Result<Listing, OpenError> {
        match folder {
            None => Ok(listing::of_roots(&self.roots, self.piped.as_deref())),
            Some(folder) => match self.piped(folder) {
                Some(piped) => listing::of_piped(piped, folder, after),
                None => listing::of_folder(self.root_of(folder)?, folder, after),
            },
        }
    }

    /// The path of an absolute path of this host, decoded; `None` where no root holds it. Whether the file exists is
    /// not asked. Standard input, when it is served, has the path that the system gives it.
    pub fn locate(&self, absolute: &[u8]) -> Option<LogPath> {
        if let Some(piped) = self.piped.as_deref().filter(|_| absolute == b"/dev/stdin") {
            return piped.path(Part::Now).ok();
        }
        let components: Vec<&[u8]> = absolute.strip_prefix(b"/")?.split(|&byte| byte == b'/').collect();
        let found = self.roots.iter().filter_map(|root| root.locate(&components));
        found.max_by_key(|(depth, _)| *depth).map(|(_, path)| path)
    }

    fn piped(&self, path: &LogPath) -> Option<&Piped> {
        self.piped.as_deref().filter(|piped| piped.name.root_name() == path.root_name())
    }

    fn root_of(&self, path: &LogPath) -> Result<&Root, OpenError> {
        self.roots.iter().find(|root| root.name.root_name() == path.root_name()).ok_or(OpenError::NotFound)
    }
}

impl LogFile {
    /// The path it was opened by.
    pub fn path(&self) -> &LogPath {
        &self.path
    }

    /// For whom it was opened.
    pub fn who(&self) -> &Principal {
        &self.who
    }

    /// The open file, for positional reads only: the position is shared with every clone.
    pub(crate) fn handle(&self) -> &File {
        &self.handle
    }

    /// What the file system says about the open file, which may have lost its name since.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn stat(&self) -> io::Result<FileStat> {
        stat(&*self.handle)
    }

    /// Opens the name again, with all checks: another file after a rotation.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn reopen(&self) -> Result<Self, OpenError> {
        match &self.gate {
            Gate::Catalog(catalog) => catalog.open(&self.who, &self.path),
            Gate::Operator(path) => match Named::open(path)? {
                Named::File(file) => Ok(file),
                Named::Stream(_) => Err(OpenError::NotAFile("a stream")),
            },
        }
    }

    /// What has the name now, with all checks and without opening it for reading.
    ///
    /// # Errors
    /// See [`OpenError`]; unreadable files are not found out here.
    pub fn name_stat(&self) -> Result<FileStat, OpenError> {
        match &self.gate {
            Gate::Catalog(catalog) => match catalog.piped(&self.path) {
                Some(piped) => piped.stat(&self.path),
                None => catalog.root_of(&self.path)?.stat_file(&self.path),
            },
            Gate::Operator(path) => named::stat(path),
        }
    }

    /// The part of standard input that it is, if it is one.
    pub(crate) fn input(&self) -> Option<(&Arc<Stdin>, Part)> {
        self.input.as_ref().map(|(stdin, part)| (stdin, *part))
    }

    /// The folder that holds the name: where to watch for a rotation. Empty for standard input.
    pub fn watch_folder(&self) -> &Path {
        &self.watch_folder
    }
}

#[cfg(test)]
mod tests;
