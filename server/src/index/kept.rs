//! Line counts that outlive the server: a small file per log in the cache folder, so that the next start does not read
//! the log again.
//!
//! # Why it can be believed
//! A log may have been replaced, cut and grown again, or written over in place. So what is kept says what the log looked
//! like: its identity, its head, the bytes before the place up to which it was counted, and [`N_SAMPLES`] blocks spread
//! over it. All of that is compared, which costs less than 1 MB of reading whatever the size; anything else, a wrong
//! checksum or another version included, and the log is counted afresh. Keeping never fails for anyone: what cannot be
//! written is not kept.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use taillight::line::ByteOffset;

use super::BLOCK_BYTES;
use super::blocks::BlockCounts;
use crate::source::{Source, read_full};

/// What every file begins with: the name of the format and its version.
const MAGIC: [u8; 8] = *b"TLlines1";

/// Logs shorter than this are counted as quickly as what is kept of them is compared.
pub(super) const LEAST_BYTES: u64 = 64 * 1024 * 1024;

/// How much of the log's start, and before the counted place, is compared, in bytes.
const EDGE_BYTES: usize = 4 * 1024;

/// How many blocks are compared.
const N_SAMPLES: u64 = 8;

/// The length of a file's head: the format, inode, birth, how far it is counted, and what the log looked like.
const HEAD_BYTES: usize = 8 + 8 + 8 + 8 + 32;

/// The largest file that is read: the counts of some 30 TB.
const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// A folder of kept counts.
#[derive(Clone, Debug)]
pub struct KeptCounts {
    folder: PathBuf,
    /// What all files together may take, in bytes; the longest unused go first.
    budget: u64,
}

/// Counts that were kept: valid for the log as it is now.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) feeds: BlockCounts,
    /// How far the log is counted: a block's end.
    pub(super) done: u64,
}

impl KeptCounts {
    /// In `folder`, which is made when something is kept; `budget` bytes at most.
    pub fn new(folder: PathBuf, budget: u64) -> Self {
        Self { folder, budget }
    }

    /// What is kept of that log, if it is still so as it was then. Reads less than 1 MB of the log. Blocks.
    pub(super) fn load(&self, source: &dyn Source) -> Option<Kept> {
        let path = self.path_of(source).ok()?;
        let file = File::open(&path).ok()?;
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).ok()?;
        let kept = read(&bytes, source);
        match kept {
            // When it was used last is when it was written, as far as the budget goes.
            Some(_) => drop(File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()))),
            // It will not be right again.
            None => drop(fs::remove_file(&path)),
        }
        kept
    }

    /// Keeps the counts of that log up to `done`, a block's end. Blocks.
    pub(super) fn save(&self, source: &dyn Source, feeds: &BlockCounts, done: u64) {
        if self.budget == 0 {
            return;
        }
        // Nobody waits for it, and it is made again at the next chance.
        let _ = self.try_save(source, feeds, done);
    }

    fn try_save(&self, source: &dyn Source, feeds: &BlockCounts, done: u64) -> io::Result<()> {
        let path = self.path_of(source)?;
        let bytes = written(source, feeds, done)?;
        if bytes.len() as u64 > self.budget {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        self.make_room(bytes.len() as u64, &path)?;
        let half_done = path.with_extension("new");
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&half_done)?;
        let kept = file.write_all(&bytes).and_then(|()| fs::rename(&half_done, &path));
        if kept.is_err() {
            let _ = fs::remove_file(&half_done);
        }
        kept
    }

    /// Removes what was used longest ago until `n_bytes` more fit.
    fn make_room(&self, n_bytes: u64, path: &Path) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            if entry.path() != path {
                files.push((meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len(), entry.path()));
            }
        }
        files.sort_unstable();
        let mut held: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if held.saturating_add(n_bytes) <= self.budget {
                break;
            }
            fs::remove_file(path)?;
            held -= len;
        }
        Ok(())
    }

    fn path_of(&self, source: &dyn Source) -> io::Result<PathBuf> {
        let identity = source.identity()?;
        Ok(self.folder.join(format!("{:x}-{:x}.lines", identity.inode, identity.born_ns)))
    }
}

/// The bytes of a file that keeps these counts.
fn written(source: &dyn Source, feeds: &BlockCounts, done: u64) -> io::Result<Vec<u8>> {
    let identity = source.identity()?;
    let mut bytes = Vec::with_capacity(HEAD_BYTES);
    bytes.extend_from_slice(&MAGIC);
    for number in [identity.inode, identity.born_ns, done] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&look_of(source, feeds, done)?.ok_or(io::ErrorKind::InvalidData)?);
    feeds.write(&mut bytes);
    let sum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&sum);
    Ok(bytes)
}

/// What such bytes keep, if the log is as they say.
fn read(bytes: &[u8], source: &dyn Source) -> Option<Kept> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    let (head, counts) = body.split_at_checked(HEAD_BYTES)?;
    let identity = source.identity().ok()?;
    let number = |at: usize| head.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let (inode, born_ns, done) = (number(8)?, number(16)?, number(24)?);
    let is_ours = head.starts_with(&MAGIC) && Sha256::digest(body).as_slice() == sum;
    let is_of_it = (inode, born_ns) == (identity.inode, identity.born_ns) && done % BLOCK_BYTES == 0;
    if !is_ours || !is_of_it || done > source.len().ok()?.get() {
        return None;
    }
    let feeds = BlockCounts::read(counts)?;
    let look = look_of(source, &feeds, done).ok()??;
    (head.get(32..64)? == look.as_slice()).then_some(Kept { feeds, done })
}

/// A hash of what the log looks like up to `done`; `None` when a block has not as many line feeds as are counted.
fn look_of(source: &dyn Source, feeds: &BlockCounts, done: u64) -> io::Result<Option<[u8; 32]>> {
    let mut hash = Sha256::new();
    let mut buf = vec![0; BLOCK_BYTES as usize];
    for at in [0, done.saturating_sub(EDGE_BYTES as u64)] {
        let n = read_full(source, &mut buf[..EDGE_BYTES], ByteOffset::new(at))?;
        hash.update(&buf[..n]);
    }
    let n_blocks = done / BLOCK_BYTES;
    for nth in 0..N_SAMPLES.min(n_blocks) {
        let block = nth * n_blocks / N_SAMPLES.min(n_blocks);
        let n = read_full(source, &mut buf, ByteOffset::new(block * BLOCK_BYTES))?;
        if memchr::memchr_iter(b'\n', &buf[..n]).count() as u64 != feeds.of(block) {
            return Ok(None);
        }
        hash.update(&buf[..n]);
    }
    Ok(Some(hash.finalize().into()))
}
