//! A local file as a source.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use rustix::fs::SeekFrom;
use rustix::io::Errno;
use taillight::cursor::Identity;
use taillight::line::ByteOffset;
use tokio::sync::watch;

use super::{Gone, Source, head};
use crate::catalog::LogFile;
use crate::dates::Learned;

/// How close to its exact start a hole is found, in bytes: no file system has smaller ones.
const HOLE_GRAIN: u64 = 512;

/// The unit that a file's blocks are counted in, in bytes.
const BLOCK_UNIT: u64 = 512;

/// The first step back in search of a hole's start, in bytes.
const FIRST_STEP: u64 = 64 * 1024;

/// One life of a local file: after a truncation the same open file gets a new one, and this one is [`LocalFile::cut`],
/// so that nobody takes the new bytes for the old, or goes on in the copy that was made of it before.
#[derive(Debug)]
pub struct LocalFile {
    file: Arc<LogFile>,
    copy: OnceLock<Arc<LogFile>>,
    learned: Learned,
    lengths: watch::Sender<ByteOffset>,
    /// Where it is known to have no hole. One punched since only costs reading it.
    dense: Mutex<Range<u64>>,
    cut: AtomicBool,
    #[cfg(test)]
    pub(crate) fails: AtomicBool,
}

impl LocalFile {
    /// Reads `file`.
    ///
    /// # Errors
    /// When the system cannot say how long it is.
    pub fn new(file: Arc<LogFile>) -> io::Result<Self> {
        let len = ByteOffset::new(file.stat()?.len);
        Ok(Self {
            file,
            copy: OnceLock::new(),
            learned: Learned::default(),
            lengths: watch::Sender::new(len),
            dense: Mutex::default(),
            cut: AtomicBool::new(false),
            #[cfg(test)]
            fails: AtomicBool::new(false),
        })
    }

    /// The file.
    pub fn file(&self) -> &Arc<LogFile> {
        &self.file
    }

    /// Tells those who wait that the file is that long.
    pub fn publish_len(&self, len: ByteOffset) {
        self.lengths.send_if_modified(|known| std::mem::replace(known, len) != len);
    }

    /// The file was truncated, and `copy` begins with the same bytes: they are read there from now on. Once only.
    pub(crate) fn go_on_in(&self, copy: Arc<LogFile>) {
        let _ = self.copy.set(copy);
    }

    /// Ends this life: from now on every read fails with [`Gone`].
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Release);
    }

    fn handle(&self) -> &File {
        self.copy.get().unwrap_or(&self.file).handle()
    }

    fn check(&self) -> io::Result<()> {
        if self.is_cut() { Err(io::Error::other(Gone)) } else { Ok(()) }
    }

    /// A stretch of data around `from`, or from there on; empty in a hole.
    fn dense_from(&self, from: u64) -> io::Result<Range<u64>> {
        let stat = self.handle().metadata()?;
        if stat.blocks().saturating_mul(BLOCK_UNIT) >= stat.len() {
            return Ok(0..stat.len());
        }
        match rustix::fs::seek(self.handle(), SeekFrom::Hole(from)) {
            Ok(hole) => Ok(from..hole),
            Err(Errno::NXIO) => Ok(from..from),
            // File systems that know no holes, and store less than there is.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(0..stat.len()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether everything from `from` up to `to` is a hole.
    fn is_hole(&self, from: u64, to: u64) -> io::Result<bool> {
        Ok(self.next_data(ByteOffset::new(from))?.get() >= to)
    }
}

impl Source for LocalFile {
    fn len(&self) -> io::Result<ByteOffset> {
        self.check()?;
        Ok(ByteOffset::new(self.handle().metadata()?.len()))
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        // The kernel refuses offsets beyond its signed range; there is nothing there to read.
        if i64::try_from(at.get().saturating_add(buf.len() as u64)).is_err() {
            return Ok(0);
        }
        #[cfg(test)]
        if self.fails.load(Ordering::Relaxed) {
            return Err(Errno::IO.into());
        }
        loop {
            let is_copy = self.copy.get().is_some();
            let read = self.handle().read_at(buf, at.get())?;
            // After the read: bytes that came after a truncation was noticed are of another life.
            self.check()?;
            if is_copy == self.copy.get().is_some() {
                return Ok(read);
            }
        }
    }

    fn identity(&self) -> io::Result<Identity> {
        let stat = self.file.stat()?;
        let (head_len, head_hash) = head::whole_head(self)?;
        Ok(Identity { inode: stat.inode, born_ns: stat.born_ns, head_len, head_hash })
    }

    fn is_same(&self, seen: &Identity) -> io::Result<bool> {
        let stat = self.file.stat()?;
        Ok(stat.inode == seen.inode && stat.born_ns == seen.born_ns && head::begins_with(self, seen)?)
    }

    fn next_data(&self, from: ByteOffset) -> io::Result<ByteOffset> {
        if i64::try_from(from.get()).is_err() {
            return Ok(from);
        }
        // This moves the position of the shared handle, which nobody uses: all reads are positional.
        match rustix::fs::seek(self.handle(), SeekFrom::Data(from.get())) {
            Ok(data) => Ok(ByteOffset::new(data)),
            Err(Errno::NXIO) => Ok(self.len()?.max(from)),
            // File systems that know no holes.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(from),
            Err(error) => Err(error.into()),
        }
    }

    fn hole_before(&self, to: ByteOffset) -> io::Result<ByteOffset> {
        let to = to.get();
        if to == 0 || !self.is_hole(to - 1, to)? {
            return Ok(ByteOffset::new(to));
        }
        // Steps back double while they land in the hole, then the start is bisected: a hole of any size costs
        // a few dozen questions and no read.
        let mut hole = to;
        let mut data = 0;
        let mut step = FIRST_STEP;
        while hole > 0 {
            let probe = to.saturating_sub(step);
            if !self.is_hole(probe, to)? {
                data = probe;
                break;
            }
            hole = probe;
            step = step.saturating_mul(2);
        }
        while hole - data > HOLE_GRAIN {
            let middle = data + (hole - data) / 2;
            if self.is_hole(middle, to)? { hole = middle } else { data = middle }
        }
        Ok(ByteOffset::new(if self.is_hole(data, to)? { data } else { hole }))
    }

    fn next_hole(&self, from: ByteOffset) -> io::Result<ByteOffset> {
        if i64::try_from(from.get()).is_err() {
            return Ok(from);
        }
        let mut dense = self.dense.lock().unwrap_or_else(PoisonError::into_inner);
        if !dense.contains(&from.get()) {
            *dense = self.dense_from(from.get())?;
        }
        self.check()?;
        Ok(ByteOffset::new(dense.end).max(from))
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        self.lengths.subscribe()
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    fn modified(&self) -> io::Result<SystemTime> {
        self.handle().metadata()?.modified()
    }

    fn learned(&self) -> Option<&Learned> {
        Some(&self.learned)
    }

    fn device(&self) -> u64 {
        self.file.stat().map_or(0, |stat| stat.dev)
    }

    fn modified_ns(&self) -> Option<u64> {
        Some(self.file.stat().ok()?.modified_ns)
    }
}
