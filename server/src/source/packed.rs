//! Compressed files as sources: what they stand for, decoded once into a file without a name, for all who read it.
//!
//! What is decoded can be read while the rest still is: to readers it is a file that grows. The compressed file may grow
//! too, while it is being written, and then there is more. [`Archives::open`] makes one; a [`Packed`] is the proof that
//! somebody reads it, and when the last is dropped, decoding stops and what is decoded is kept for a while.

mod archives;
mod codec;
mod decoded;
mod decoder;
mod format;
mod job;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use taillight::cursor::Identity;
use taillight::line::ByteOffset;
use taillight::wire::Unpacking;
use taillight::wire::listing::Compression;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::{Source, head, read_full};
use crate::dates::Learned;
use decoded::Decoded;

pub use archives::{Archives, may_stand_for};
pub use codec::{OWN_WINDOW_LOG, WINDOW_LOG};
pub use decoder::{Decoder, Next, Place, Step, Unpacking as UnpackingReader, format_of};
pub use format::{MAGIC_BYTES, detect};

/// What a compressed file stands for, as far as it is decoded.
#[derive(Debug)]
pub struct Packed {
    decoded: Arc<Decoded>,
    learned: Learned,
}

/// The hash of the first `len` bytes that `stored` stands for, as [`Identity::head_hash`] has it, without decoding more
/// than those; `None` when it is not compressed or has fewer. Blocks for a moment.
///
/// # Errors
/// When the file cannot be read.
pub fn head_hash(stored: &Arc<dyn Source>, len: u16) -> io::Result<Option<u64>> {
    let Some(mut decoder) = Decoder::of(Arc::clone(stored), WINDOW_LOG)? else { return Ok(None) };
    let mut bytes = vec![0; usize::from(len).min(head::HEAD_BYTES)];
    let mut n_bytes = 0;
    while n_bytes < bytes.len() {
        let step = decoder.step(&mut bytes[n_bytes..])?;
        n_bytes += step.n_out;
        if step.next != Next::More && n_bytes < bytes.len() {
            return Ok(None);
        }
    }
    Ok(Some(head::hash(&bytes)))
}

impl Packed {
    fn new(decoded: Arc<Decoded>) -> Self {
        decoded.use_it();
        Self { decoded, learned: Learned::default() }
    }

    fn decoded(&self) -> &Arc<Decoded> {
        &self.decoded
    }

    /// How it is compressed.
    pub fn format(&self) -> Compression {
        self.decoded.format
    }

    /// How far it is decoded. [`Source::len`] asked after this is at least what belongs to it.
    pub fn state(&self) -> Unpacking {
        *self.decoded.state.borrow()
    }

    /// How far it is decoded, and its changes.
    pub fn states(&self) -> watch::Receiver<Unpacking> {
        self.decoded.state.subscribe()
    }

    /// Looks whether the compressed file has grown, and has it decoded on then; whether more comes.
    pub fn look(&self) -> bool {
        let may_grow = matches!(self.state(), Unpacking::Whole | Unpacking::Incomplete);
        if may_grow && self.decoded.has_more() {
            self.decoded.hint.notify_one();
            return true;
        }
        self.state().is_under_way()
    }

    /// Waits until nothing more comes, or what there is of it reaches `to`, at most `time`; whether it is so.
    pub async fn reaches(&self, to: Option<ByteOffset>, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let mut lengths = self.decoded.lengths.subscribe();
        let mut states = self.states();
        loop {
            let is_there = to.is_some_and(|to| *lengths.borrow_and_update() >= to);
            if is_there || !states.borrow_and_update().is_under_way() {
                return true;
            }
            let changed = async {
                tokio::select! {
                    // Its sender lives as long as this does.
                    _ = lengths.changed() => {}
                    _ = states.changed() => {}
                }
            };
            if timeout_at(deadline, changed).await.is_err() {
                return false;
            }
        }
    }

    /// The hash of its first `len` bytes, as [`Identity::head_hash`] has it; `None` while there are fewer.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn head_hash(&self, len: u16) -> io::Result<Option<u64>> {
        let mut bytes = vec![0; usize::from(len).min(head::HEAD_BYTES)];
        let n_read = read_full(self, &mut bytes, ByteOffset::ZERO)?;
        Ok((n_read == bytes.len()).then(|| head::hash(&bytes)))
    }
}

impl Drop for Packed {
    fn drop(&mut self) {
        self.decoded.leave_it();
    }
}

impl Source for Packed {
    fn len(&self) -> io::Result<ByteOffset> {
        Ok(self.decoded.len())
    }

    fn is_whole(&self) -> bool {
        !self.state().is_cut_short()
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        self.decoded.read_at(buf, at)
    }

    /// The compressed file's, with the head of what it stands for: the same after a restart, and the head is that of the
    /// log that was compressed.
    fn identity(&self) -> io::Result<Identity> {
        let (head_len, head_hash) = head::whole_head(self)?;
        Ok(Identity { head_len, head_hash, ..self.decoded.identity() })
    }

    fn is_same(&self, seen: &Identity) -> io::Result<bool> {
        let file = self.decoded.identity();
        Ok((file.inode, file.born_ns) == (seen.inode, seen.born_ns) && head::begins_with(self, seen)?)
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        self.decoded.lengths.subscribe()
    }

    fn is_cut(&self) -> bool {
        self.decoded.is_gone()
    }

    fn device(&self) -> u64 {
        self.decoded.stored.device()
    }

    fn stored(&self) -> Option<Arc<dyn Source>> {
        Some(Arc::clone(&self.decoded.stored))
    }

    fn learned(&self) -> Option<&Learned> {
        Some(&self.learned)
    }
}
