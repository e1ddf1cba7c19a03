//! Bytes that came from elsewhere and are kept in a file without a name.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use taillight::cursor::Identity;
use taillight::line::{ByteLen, ByteOffset};
use tokio::sync::watch;

use super::{Gone, Source, head};
use crate::catalog;
use crate::dates::Learned;

/// A file that one writer appends to and that has no name, so that nobody else opens it and it goes with the process.
#[derive(Debug)]
pub struct Spool {
    file: File,
    number: u32,
    base: ByteOffset,
    began: SystemTime,
    /// What is readable: all of it is written.
    lengths: watch::Sender<ByteOffset>,
    cut: AtomicBool,
    learned: Learned,
}

impl Spool {
    /// An empty one in `file`: the `number`th of its stream, from 1, of which `base` bytes went to those before.
    pub(super) fn new(file: File, number: u32, base: ByteOffset) -> Self {
        let lengths = watch::Sender::new(ByteOffset::ZERO);
        let learned = Learned::default();
        Self { file, number, base, began: SystemTime::now(), lengths, cut: AtomicBool::new(false), learned }
    }

    /// The so-manyth of its stream, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Where its first byte stands in the stream.
    pub fn base(&self) -> ByteOffset {
        self.base
    }

    /// Where its end stands in the stream.
    pub fn end(&self) -> ByteOffset {
        self.base + (self.readable() - ByteOffset::ZERO)
    }

    /// When it was begun.
    pub fn began(&self) -> SystemTime {
        self.began
    }

    /// The file, for positional reads only.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// How much of it can be read: also when it was given up.
    pub(crate) fn readable(&self) -> ByteOffset {
        *self.lengths.borrow()
    }

    /// Adds bytes. When that fails nothing was added. One caller at a time.
    pub(super) fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let at = self.readable();
        self.file.write_all_at(bytes, at.get())?;
        self.lengths.send_replace(at + ByteLen::new(bytes.len() as u64));
        Ok(())
    }

    /// Gives its bytes up and their room on the disk back, whoever still holds it.
    pub(super) fn give_up(&self) -> io::Result<()> {
        self.cut.store(true, Ordering::Release);
        self.file.set_len(0)
    }

    fn check(&self) -> io::Result<()> {
        if self.is_cut() { Err(io::Error::other(Gone)) } else { Ok(()) }
    }
}

impl Source for Spool {
    fn len(&self) -> io::Result<ByteOffset> {
        self.check()?;
        Ok(self.readable())
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        // What is being written is not there yet.
        let there = self.readable().get().saturating_sub(at.get());
        let wanted = buf.len().min(usize::try_from(there).unwrap_or(usize::MAX));
        let read = if wanted == 0 { 0 } else { self.file.read_at(&mut buf[..wanted], at.get())? };
        // After the read: what was read while it was given up is no end.
        self.check()?;
        Ok(read)
    }

    fn identity(&self) -> io::Result<Identity> {
        let stat = catalog::stat(&self.file)?;
        let (head_len, head_hash) = head::whole_head(self)?;
        Ok(Identity { inode: stat.inode, born_ns: stat.born_ns, head_len, head_hash })
    }

    fn is_same(&self, seen: &Identity) -> io::Result<bool> {
        let stat = catalog::stat(&self.file)?;
        Ok(stat.inode == seen.inode && stat.born_ns == seen.born_ns && head::begins_with(self, seen)?)
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        self.lengths.subscribe()
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    fn learned(&self) -> Option<&Learned> {
        Some(&self.learned)
    }
}
