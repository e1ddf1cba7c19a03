//! Line counts that outlive the server: a small file per log in the cache folder, so that the next start does not read
//! the log again.
//!
//! # Why it can be believed
//! A log may have been replaced, cut and grown again, or written over in place. So what is kept says what the log looked
//! like: its identity, how long it was and when it was written, its head, the bytes before the place up to which it was
//! counted, and [`N_SAMPLES`] blocks spread over it with their counts. All of that is compared, which costs less than
//! 1 MB of reading whatever the size. A log that is as long as it was must also have been written last when it was then;
//! one that is shorter is never believed. Anything else, a wrong checksum or another version included, and the log is
//! counted afresh. Keeping never fails for anyone: what cannot be written is not kept.
//!
//! # What cannot be seen
//! A log that grew, and whose older bytes were changed in place as well, outside of all samples: line numbers after that
//! place may be wrong until the log is rotated. The same for a change by a program that puts length and time of writing
//! back. Lines themselves are always read from the log.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Access, OFlags};
use sha2::{Digest as _, Sha256};
use taillight::cursor::Identity;
use taillight::line::ByteOffset;

use super::BLOCK_BYTES;
use super::blocks::BlockCounts;
use crate::source::{Source, read_full};

/// What every file begins with: the name of the format and its version.
const MAGIC: [u8; 8] = *b"TLlines2";

/// How much of the log's start, and before the counted place, is compared, in bytes.
const EDGE_BYTES: usize = 4 * 1024;

/// How many blocks are compared.
const N_SAMPLES: u64 = 8;

/// The length of a checksum.
const HASH_BYTES: usize = 32;

/// What a file of ours takes on the disk, at least.
const LEAST_ON_DISK: u64 = 4 * 1024;

/// How old a file that is still being written can be: writing takes milliseconds.
const WRITING: Duration = Duration::from_secs(60 * 60);

/// How the names of files with counts end, and of those that are still being written.
const KEPT: &str = "lines";
const HALF_DONE: &str = "new";

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
    /// Whether the byte before that is no line feed.
    pub(super) open: bool,
}

/// What is said of a log in front of its counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    inode: u64,
    born_ns: u64,
    done: u64,
    len: u64,
    modified_ns: u64,
}

/// What a log looks like up to a place.
#[derive(Debug)]
struct Look {
    hash: [u8; HASH_BYTES],
    /// Whether the sampled blocks have as many line feeds as are counted.
    is_counted_so: bool,
    /// Whether the byte before the place is no line feed.
    open: bool,
}

impl KeptCounts {
    /// In `folder`, which is made when something is kept; `budget` bytes at most.
    pub fn new(folder: PathBuf, budget: u64) -> Self {
        Self { folder, budget }
    }

    /// Makes the folder. Blocks.
    ///
    /// # Errors
    /// When nothing can be kept in it; that is to be told once, and nothing more.
    pub fn prepare(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        rustix::fs::access(&self.folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)?;
        Ok(())
    }

    /// What is kept of that log, if it is still so as it was then. Reads less than 1 MB of the log. Blocks.
    pub(super) fn load(&self, source: &dyn Source) -> Option<Kept> {
        let path = self.path_of(source.identity().ok()?);
        let bytes = self.bytes_of(&path)?;
        // A log that cannot be read now may be again.
        let kept = read(&bytes, source).ok()?;
        match kept {
            // When it was used last is when it was written, as far as the budget goes.
            Some(_) => drop(opened(&path, true).and_then(|file| file.set_modified(SystemTime::now()))),
            // It will not be right again.
            None => drop(fs::remove_file(&path)),
        }
        kept
    }

    /// Keeps the counts of that log up to `done`, a block's end. Blocks.
    pub(super) fn save(&self, source: &dyn Source, feeds: &BlockCounts, done: u64) {
        // Nobody waits for it, and it is made again at the next chance.
        let _ = self.try_save(source, feeds, done);
    }

    fn try_save(&self, source: &dyn Source, feeds: &BlockCounts, done: u64) -> io::Result<()> {
        let identity = source.identity()?;
        let path = self.path_of(identity);
        let bytes = written(source, identity, feeds, done)?;
        if bytes.len() as u64 > self.budget {
            return Ok(());
        }
        self.prepare()?;
        self.make_room(bytes.len() as u64, &path)?;
        // A name of its own: another server may keep counts of the same log here.
        let half_done = path.with_extension(format!("{:016x}.{HALF_DONE}", rand::random::<u64>()));
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&half_done)?;
        let kept = file.write_all(&bytes).and_then(|()| fs::rename(&half_done, &path));
        if kept.is_err() {
            let _ = fs::remove_file(&half_done);
        }
        kept
    }

    /// The bytes of one of our files.
    fn bytes_of(&self, path: &Path) -> Option<Vec<u8>> {
        let file = opened(path, false).ok()?;
        let meta = file.metadata().ok()?;
        // Larger ones are not ours, or of a server that may keep more.
        if !meta.is_file() || meta.len() > self.budget {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(meta.len()).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Removes what was used longest ago until `n_bytes` more fit, and what somebody left half-done.
    fn make_room(&self, n_bytes: u64, path: &Path) -> io::Result<()> {
        let mut files = Vec::new();
        let now = SystemTime::now();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let (other, Ok(meta)) = (entry.path(), entry.metadata()) else { continue };
            let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let ending = other.extension().and_then(|ending| ending.to_str());
            match ending {
                // What else is there is not ours.
                _ if !meta.is_file() => {}
                Some(KEPT) if other != path => files.push((modified, meta.len().max(LEAST_ON_DISK), other)),
                Some(HALF_DONE) if now.duration_since(modified).is_ok_and(|age| age > WRITING) => removed(&other)?,
                _ => {}
            }
        }
        files.sort_unstable();
        let mut held: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if held.saturating_add(n_bytes.max(LEAST_ON_DISK)) <= self.budget {
                break;
            }
            removed(&path)?;
            held -= len;
        }
        Ok(())
    }

    fn path_of(&self, identity: Identity) -> PathBuf {
        self.folder.join(format!("{:x}-{:x}.{KEPT}", identity.inode, identity.born_ns))
    }
}

impl Head {
    const BYTES: usize = 5 * size_of::<u64>();

    /// Of a log that is counted up to `done`; `None` for what has no file.
    fn of(source: &dyn Source, identity: Identity, done: u64) -> io::Result<Option<Self>> {
        // In this order: what comes between makes the log longer than is said, and then its samples decide.
        let len = source.len()?.get();
        let Identity { inode, born_ns, .. } = identity;
        Ok(source.modified_ns().map(|modified_ns| Self { inode, born_ns, done, len, modified_ns }))
    }

    fn bytes(self) -> impl Iterator<Item = u8> {
        [self.inode, self.born_ns, self.done, self.len, self.modified_ns].into_iter().flat_map(u64::to_le_bytes)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut numbers = bytes.as_chunks().0.iter().map(|number| u64::from_le_bytes(*number));
        let mut number = || numbers.next();
        let (inode, born_ns, done) = (number()?, number()?, number()?);
        Some(Self { inode, born_ns, done, len: number()?, modified_ns: number()? })
    }

    /// Whether a log that is `now` can be the one that this was said of.
    fn may_be(self, now: Self) -> bool {
        let is_untouched = now.len > self.len || now.modified_ns == self.modified_ns;
        (self.inode, self.born_ns) == (now.inode, now.born_ns) && now.len >= self.len && is_untouched
    }
}

/// One of our files. Whatever has its name: no link is followed, and a pipe is not waited for.
fn opened(path: &Path, to_write: bool) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    File::options().read(true).write(to_write).custom_flags(flags.bits().cast_signed()).open(path)
}

/// Removes a file, unless another server was faster.
fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The bytes of a file that keeps these counts.
fn written(source: &dyn Source, identity: Identity, feeds: &BlockCounts, done: u64) -> io::Result<Vec<u8>> {
    let head = Head::of(source, identity, done)?.ok_or(io::ErrorKind::Unsupported)?;
    let look = Look::at(source, feeds, done)?;
    // It was written over since it was counted, or cut and grown again.
    if !look.is_counted_so || done > head.len {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes: Vec<u8> = MAGIC.into_iter().chain(head.bytes()).chain(look.hash).collect();
    feeds.write(&mut bytes);
    let sum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&sum);
    Ok(bytes)
}

/// What such bytes keep, if the log is as they say.
fn read(bytes: &[u8], source: &dyn Source) -> io::Result<Option<Kept>> {
    let Some((head, hash, feeds)) = parts(bytes) else { return Ok(None) };
    let now = Head::of(source, source.identity()?, head.done)?;
    let n_blocks = head.done / BLOCK_BYTES;
    let is_of_it = now.is_some_and(|now| head.may_be(now)) && head.done.is_multiple_of(BLOCK_BYTES);
    if !is_of_it || head.done > head.len || feeds.before(n_blocks) != feeds.sum() {
        return Ok(None);
    }
    let look = Look::at(source, &feeds, head.done)?;
    let is_same = look.is_counted_so && look.hash == hash;
    Ok(is_same.then_some(Kept { feeds, done: head.done, open: look.open }))
}

/// Head, hash of the look and counts, when the bytes are what we wrote.
fn parts(bytes: &[u8]) -> Option<(Head, &[u8], BlockCounts)> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(HASH_BYTES)?)?;
    let rest = body.strip_prefix(&MAGIC)?;
    let (head, rest) = rest.split_at_checked(Head::BYTES)?;
    let (hash, feeds) = rest.split_at_checked(HASH_BYTES)?;
    let is_ours = Sha256::digest(body).as_slice() == sum;
    Some((Head::read(head)?, hash, is_ours.then(|| BlockCounts::read(feeds)).flatten()?))
}

impl Look {
    fn at(source: &dyn Source, feeds: &BlockCounts, done: u64) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let mut buf = vec![0; BLOCK_BYTES as usize];
        let mut open = false;
        for at in [0, done.saturating_sub(EDGE_BYTES as u64)] {
            let n = read_full(source, &mut buf[..EDGE_BYTES], ByteOffset::new(at))?;
            hash.update(&buf[..n]);
            open = buf[..n].last() != Some(&b'\n');
        }
        let n_blocks = done / BLOCK_BYTES;
        let n_samples = N_SAMPLES.min(n_blocks);
        let mut is_counted_so = true;
        for block in (0..n_samples).map(|nth| nth * n_blocks / n_samples) {
            let n = read_full(source, &mut buf, ByteOffset::new(block * BLOCK_BYTES))?;
            is_counted_so &= memchr::memchr_iter(b'\n', &buf[..n]).count() as u64 == feeds.of(block);
            hash.update(&buf[..n]);
        }
        Ok(Self { hash: hash.finalize().into(), is_counted_so, open })
    }
}
