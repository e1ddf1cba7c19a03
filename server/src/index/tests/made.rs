//! A source without a file: any length, written over, cut and grown by tests, and read by nobody unnoticed.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use taillight::cursor::Identity;
use taillight::line::ByteOffset;
use tokio::sync::watch;

use crate::source::Source;

/// Text that begins anew after so many bytes, a number that no block length is a multiple of.
const PERIOD: usize = 1_000_003;

#[derive(Debug)]
pub(super) struct Made {
    text: Vec<u8>,
    edits: Mutex<Vec<(u64, Vec<u8>)>>,
    len: AtomicU64,
    identity: Mutex<Identity>,
    modified_ns: AtomicU64,
    n_read: AtomicU64,
}

impl Made {
    /// Lines of different lengths.
    pub(super) fn lines(len: u64) -> Arc<Self> {
        let mut text = Vec::with_capacity(PERIOD + 100);
        for number in 0_usize.. {
            if text.len() >= PERIOD {
                break;
            }
            text.extend_from_slice(format!("{number} {}\n", "x".repeat(number * 7_919 % 83)).as_bytes());
        }
        text.truncate(PERIOD);
        Self::of(text, len)
    }

    /// Such text, again and again.
    pub(super) fn of(text: Vec<u8>, len: u64) -> Arc<Self> {
        let identity = Identity { inode: 7, born_ns: 1_700_000_000, head_len: 0, head_hash: 0 };
        Arc::new(Self {
            text,
            edits: Mutex::default(),
            len: AtomicU64::new(len),
            identity: Mutex::new(identity),
            modified_ns: AtomicU64::new(1),
            n_read: AtomicU64::new(0),
        })
    }

    /// How much was read since this was asked last.
    pub(super) fn take_read(&self) -> u64 {
        self.n_read.swap(0, Ordering::Relaxed)
    }

    pub(super) fn set_len(&self, len: u64) {
        self.len.store(len, Ordering::SeqCst);
        self.touch();
    }

    pub(super) fn add(&self, n: u64) {
        self.set_len(self.len.load(Ordering::SeqCst) + n);
    }

    pub(super) fn touch(&self) {
        self.modified_ns.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn write_over(&self, at: u64, bytes: &[u8]) {
        self.edits.lock().unwrap().push((at, bytes.to_vec()));
        self.touch();
    }

    pub(super) fn become_file(&self, inode: u64, born_ns: u64) {
        *self.identity.lock().unwrap() = Identity { inode, born_ns, head_len: 0, head_hash: 0 };
    }

    /// How many lines there are, counted plainly.
    pub(super) fn n_lines(&self) -> u64 {
        let len = self.len.load(Ordering::SeqCst);
        let (mut buf, mut at, mut n, mut last) = (vec![0; 1 << 20], 0, 0, b'\n');
        while at < len {
            let read = self.fill(&mut buf, at);
            n += memchr::memchr_iter(b'\n', &buf[..read]).count() as u64;
            last = buf[read - 1];
            at += read as u64;
        }
        n + u64::from(last != b'\n')
    }

    fn fill(&self, buf: &mut [u8], at: u64) -> usize {
        let left = self.len.load(Ordering::SeqCst).saturating_sub(at);
        let n = buf.len().min(usize::try_from(left).unwrap());
        let mut filled = 0;
        while filled < n {
            let from = ((at + filled as u64) % self.text.len() as u64) as usize;
            let part = (self.text.len() - from).min(n - filled);
            buf[filled..filled + part].copy_from_slice(&self.text[from..from + part]);
            filled += part;
        }
        for (place, bytes) in self.edits.lock().unwrap().iter() {
            for (byte, place) in bytes.iter().zip(*place..) {
                if (at..at + n as u64).contains(&place) {
                    buf[(place - at) as usize] = *byte;
                }
            }
        }
        n
    }
}

impl Source for Made {
    fn len(&self) -> io::Result<ByteOffset> {
        Ok(ByteOffset::new(self.len.load(Ordering::SeqCst)))
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        let n = self.fill(buf, at.get());
        self.n_read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(*self.identity.lock().unwrap())
    }

    fn is_same(&self, seen: &Identity) -> io::Result<bool> {
        Ok(*seen == *self.identity.lock().unwrap())
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        watch::Sender::new(ByteOffset::ZERO).subscribe()
    }

    fn modified_ns(&self) -> Option<u64> {
        Some(self.modified_ns.load(Ordering::Relaxed))
    }
}
