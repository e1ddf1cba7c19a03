//! The listing of a folder, as `/api/v1/files` answers it and the page reads it.

use serde::{Deserialize, Serialize};

use crate::path::LogPath;

/// A part of a folder's entries: folders first, then files, each by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The entries.
    pub entries: Vec<Entry>,
    /// What to pass as `after` for the rest; `None` when this is all.
    pub next: Option<String>,
}

/// A file, a folder or a root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name, made safe to show.
    pub name: String,
    /// Its path for links and requests, percent-encoded.
    pub path: LogPath,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes; `None` for folders.
    pub size: Option<u64>,
    /// When it was last written, RFC 3339 in UTC, where that is known.
    pub modified: Option<String>,
    /// How it is compressed, where it is; its size is that of the compressed bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<Compression>,
}

/// How a file is compressed: told by its first bytes, never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
}

impl Compression {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }
}

/// What a listed entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A configured root that is a folder, or a file with its rotated siblings.
    Root,
    /// A folder.
    Folder,
    /// A regular file.
    File,
}
