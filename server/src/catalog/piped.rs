//! Standard input as a root: what is kept of it, by name.

use std::fs::File;
use std::sync::Arc;

use taillight::path::LogPath;

use super::{FileStat, OpenError, stat};
use crate::source::{Part, Spool, Stdin};

/// The root of standard input.
#[derive(Debug)]
pub struct Piped {
    /// Its path: the name.
    pub name: LogPath,
    /// What has come.
    pub stdin: Arc<Stdin>,
}

impl Piped {
    /// The path of a part, whether there is one or not.
    pub fn path(&self, part: Part) -> Result<LogPath, OpenError> {
        self.name.join(part.file_name()).map_err(|_| OpenError::NotFound)
    }

    /// A handle of what is kept under a path of this root, for positional reads only.
    pub fn open(&self, path: &LogPath) -> Result<(File, Part), OpenError> {
        let (part, spool) = self.find(path)?;
        Ok((spool.file().try_clone()?, part))
    }

    /// What is kept under a path of this root.
    pub fn stat(&self, path: &LogPath) -> Result<FileStat, OpenError> {
        let (_, spool) = self.find(path)?;
        Ok(stat(spool.file())?)
    }

    fn find(&self, path: &LogPath) -> Result<(Part, Arc<Spool>), OpenError> {
        if *path == self.name {
            return Err(OpenError::IsFolder);
        }
        let part = Part::ALL.into_iter().find(|part| path.below_root().eq([part.file_name()]));
        let part = part.ok_or(OpenError::NotFound)?;
        Ok((part, self.stdin.part(part).ok_or(OpenError::NotFound)?))
    }
}
