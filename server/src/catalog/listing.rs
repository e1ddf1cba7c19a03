//! Listings: what is served, folders first, in parts.
//!
//! A folder may hold millions of names, so a part keeps only its own entries in memory while the names go by.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{Dir, FileType, OFlags};
use taillight::path::{LogPath, percent_decode, percent_encode, shown_name};
use taillight::wire::listing::{Compression, Entry, EntryKind, Listing};

use super::beneath::{Root, below, file_stat};
use super::piped::Piped;
use super::{FileStat, LISTING_ENTRIES, OpenError};
use crate::source::Part;
use crate::source::packed::{MAGIC_BYTES, detect};

/// What the names of compressed files end with.
const PACKED_ENDS: [&[u8]; 4] = [b".gz", b".zst", b".xz", b".bz2"];

/// What a listing is ordered by: folders first, then names as bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    is_file: bool,
    name: Vec<u8>,
}

/// All roots, in the order they were configured, standard input at the end.
pub fn of_roots(roots: &[Root], piped: Option<&Piped>) -> Listing {
    let entries = roots.iter().map(|root| {
        let base = root.rules.family_base().and_then(|base| root.file(base).ok());
        let stat = base.map(|object| file_stat(&object.stat));
        entry(root.name.clone(), EntryKind::Root, stat)
    });
    let piped = piped.map(|piped| {
        let stat = piped.path(Part::Now).and_then(|path| piped.stat(&path)).ok();
        entry(piped.name.clone(), EntryKind::Root, stat)
    });
    Listing { entries: entries.chain(piped).collect(), next: None }
}

/// What is kept of standard input.
pub fn of_piped(piped: &Piped, folder: &LogPath, after: Option<&str>) -> Result<Listing, OpenError> {
    let after = after.map(|text| text.parse::<Key>().map_err(|()| OpenError::NotFound)).transpose()?;
    if *folder != piped.name {
        return Err(OpenError::NotFound);
    }
    let entries = Part::ALL.into_iter().filter_map(|part| {
        let key = Key { is_file: true, name: part.file_name().to_vec() };
        let path = piped.path(part).ok().filter(|_| after.as_ref().is_none_or(|after| key > *after))?;
        let stat = piped.stat(&path).ok()?;
        Some(entry(path, EntryKind::File, Some(stat)))
    });
    Ok(Listing { entries: entries.collect(), next: None })
}

/// A part of a folder.
pub fn of_folder(root: &Root, folder: &LogPath, after: Option<&str>) -> Result<Listing, OpenError> {
    let after = after.map(|text| text.parse().map_err(|()| OpenError::NotFound)).transpose()?;
    let folder_below = below(folder);
    let handle = root.open_folder(&folder_below)?;
    let (keys, is_all) = part(root, &folder_below, handle, after.as_ref())?;
    let next = if is_all { None } else { keys.last().map(Key::to_string) };
    let entries = keys.into_iter().filter_map(|key| {
        let path = folder.join(&key.name).ok()?;
        if !key.is_file {
            return Some(entry(path, EntryKind::Folder, None));
        }
        // Gone since, or refused: by its type, its links, or where it leads.
        let object = root.file(&below(&path)).ok()?;
        let packed = compression(root, &path);
        Some(Entry { packed, ..entry(path, EntryKind::File, Some(file_stat(&object.stat))) })
    });
    Ok(Listing { entries: entries.collect(), next })
}

/// The first names after `after` that can be served, and whether they are the last ones.
fn part(
    root: &Root,
    folder_below: &[u8],
    handle: OwnedFd,
    after: Option<&Key>,
) -> Result<(BTreeSet<Key>, bool), OpenError> {
    let mut keys = BTreeSet::new();
    let mut is_all = true;
    for found in Dir::new(handle).map_err(std::io::Error::from)? {
        let found = found.map_err(std::io::Error::from)?;
        let name = found.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        let Some(key) = key_of(root, folder_below, name, found.file_type()) else { continue };
        if after.is_some_and(|after| key <= *after) {
            continue;
        }
        keys.insert(key);
        if keys.len() > LISTING_ENTRIES {
            keys.pop_last();
            is_all = false;
        }
    }
    Ok((keys, is_all))
}

/// Where a name belongs in the listing; `None` when it is not served.
fn key_of(root: &Root, folder_below: &[u8], name: &[u8], kind: FileType) -> Option<Key> {
    let kind = served_kind(root, folder_below, name, kind)?;
    Some(Key { is_file: kind == FileType::RegularFile, name: name.to_vec() })
}

/// What a name stands for, behind links: a folder or a file; `None` when it is not served.
pub(super) fn served_kind(root: &Root, folder_below: &[u8], name: &[u8], kind: FileType) -> Option<FileType> {
    let path = if folder_below.is_empty() { name.to_vec() } else { [folder_below, name].join(&b'/') };
    let kind = match kind {
        FileType::Symlink | FileType::Unknown => {
            let object = root.object(&path, OFlags::empty()).ok()?;
            if object.kind() == FileType::Directory && !root.rules.allows_folder(&root.resolved(&object).ok()?) {
                return None;
            }
            object.kind()
        }
        kind => kind,
    };
    let is_served = match kind {
        FileType::Directory => root.rules.allows_folder(&path),
        FileType::RegularFile => root.rules.allows_file(&path),
        _ => false,
    };
    is_served.then_some(kind)
}

/// How a file is compressed. Its bytes tell; its name only says whether to look, so that a listing does not open every file.
fn compression(root: &Root, path: &LogPath) -> Option<Compression> {
    let name = path.file_name();
    PACKED_ENDS.iter().find(|end| name.ends_with(end))?;
    let mut head = [0; MAGIC_BYTES];
    let n_read = root.open_file(path).ok()?.read_at(&mut head, 0).ok()?;
    head.get(..n_read).and_then(detect)
}

fn entry(path: LogPath, kind: EntryKind, stat: Option<FileStat>) -> Entry {
    let modified = stat.and_then(|stat| jiff::Timestamp::from_second(stat.modified_unix_secs).ok());
    Entry {
        name: shown_name(path.file_name()),
        path,
        kind,
        size: stat.map(|stat| stat.len),
        modified: modified.map(|time| time.to_string()),
        packed: None,
    }
}

/// `d/NAME` or `f/NAME`, percent-encoded.
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut name = String::new();
        percent_encode(&self.name, b"", &mut name);
        write!(f, "{}/{name}", if self.is_file { 'f' } else { 'd' })
    }
}

impl std::str::FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (kind, name) = text.split_once('/').ok_or(())?;
        let is_file = match kind {
            "d" => false,
            "f" => true,
            _ => return Err(()),
        };
        Ok(Self { is_file, name: percent_decode(name).map_err(|_| ())?.into_owned() })
    }
}
