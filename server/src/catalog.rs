//! Stand-in for the branch `gate`, which owns this file.

use std::io;

use taillight::path::LogPath;
use taillight::wire::Listing;

use crate::auth::Principal;

/// Stand-in.
#[derive(Clone, Debug, Default)]
pub struct Catalog;

/// Stand-in.
#[derive(Debug)]
pub struct LogFile;

/// Stand-in.
#[derive(Debug, thiserror::Error)]
#[error("stand-in")]
pub enum OpenError {
    /// Stand-in.
    NotFound,
    /// Stand-in.
    IsFolder,
    /// Stand-in.
    NotAFile(&'static str),
    /// Stand-in.
    Denied {
        /// Stand-in.
        user: String,
    },
    /// Stand-in.
    Io(io::Error),
}

impl Catalog {
    /// Stand-in.
    ///
    /// # Errors
    /// Always.
    pub fn open(&self, _who: &Principal, _path: &LogPath) -> Result<LogFile, OpenError> {
        Err(OpenError::NotFound)
    }

    /// Stand-in.
    ///
    /// # Errors
    /// For every folder.
    pub fn list(&self, _who: &Principal, folder: Option<&LogPath>, _after: Option<&str>) -> Result<Listing, OpenError> {
        if folder.is_some() { Err(OpenError::NotFound) } else { Ok(Listing::default()) }
    }
}
