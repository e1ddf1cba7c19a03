//! Decodes one file beside everything else, as long as somebody wants it, and keeps it a while after.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use taillight::line::ByteOffset;
use taillight::wire::Unpacking;
use tokio::sync::OwnedSemaphorePermit;

use super::archives::{Archives, KEEP, Room};
use super::codec::WINDOW_LOG;
use super::decoded::Decoded;
use super::decoder::{Decoder, Next, Place};
use crate::source::is_gone;
use crate::tasks::Tasks;

/// How much is decoded in one step, in bytes.
const STEP_BYTES: usize = 1024 * 1024;

/// The time between two looks for what has changed: more bytes, no more readers, others that wait.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How often a file that finds no room is tried again, after [`LOOK_EVERY`] each.
const MAX_FULL: u32 = 4;

/// The work on one file.
#[derive(Debug)]
pub(super) struct Job {
    archives: Archives,
    file: Arc<Decoded>,
    decoder: Option<Decoder>,
    /// Where to begin without a decoder.
    from: Place,
    /// How many of the next decoded bytes are there already.
    discard: u64,
    slot: Option<OwnedSemaphorePermit>,
    buf: Vec<u8>,
    /// What was decoded and finds no room.
    unkept: Option<Unkept>,
    /// How often it found none, one time after the other.
    n_full: u32,
    now: Now,
}

/// Decoded bytes, how far the stored ones were used for them, and what comes next.
#[derive(Debug)]
struct Unkept {
    bytes: Vec<u8>,
    used: ByteOffset,
    next: Next,
}

/// How the work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Now {
    /// There is work.
    Works,
    /// There is when the stored file grows.
    Waits,
    /// Reading fails, or there is no room; it is tried again.
    Fails,
    /// There is none any more.
    Over,
}

impl Job {
    pub(super) fn new(archives: Archives, file: Arc<Decoded>) -> Self {
        Self {
            archives,
            file,
            decoder: None,
            from: Place::default(),
            discard: 0,
            slot: None,
            buf: Vec::new(),
            unkept: None,
            n_full: 0,
            now: Now::Works,
        }
    }

    /// Works for about `time`. Blocks.
    pub(super) fn run_for(&mut self, time: Duration, slot: OwnedSemaphorePermit) {
        let began = Instant::now();
        self.slot = Some(slot);
        while self.now == Now::Works && began.elapsed() < time {
            self.step();
        }
        self.rest();
    }

    /// Works until the server ends or nobody has wanted the file for a while.
    pub(super) async fn run(mut self, tasks: Tasks) {
        let stopping = tasks.stopping();
        while !stopping.is_cancelled() && !self.is_forgotten() {
            if self.now == Now::Works && self.file.is_used() {
                if self.slot.is_none() && !self.wait_for_slot(&tasks).await {
                    continue;
                }
                self = tasks
                    .scanning(move || {
                        self.step();
                        self.rest();
                        self
                    })
                    .await;
                continue;
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = self.file.hint.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            self.look();
        }
    }

    /// Nobody reads it: what is not decoded to its end is of no use, the rest is kept a while.
    fn is_forgotten(&self) -> bool {
        let is_done = matches!(self.now, Now::Waits | Now::Over);
        self.archives.forget(&self.file, if is_done { KEEP } else { Duration::ZERO })
    }

    /// Takes a slot, if there is one soon.
    async fn wait_for_slot(&mut self, tasks: &Tasks) -> bool {
        if self.file.len() == ByteOffset::ZERO {
            self.file.set_state(Unpacking::Queued);
        }
        let _waiting = Waiting::new(self.archives.n_waiting());
        let stopping = tasks.stopping();
        tokio::select! {
            () = stopping.cancelled() => false,
            slot = self.archives.slots().acquire_owned() => {
                self.slot = slot.ok();
                self.slot.is_some()
            }
            () = tokio::time::sleep(LOOK_EVERY) => false,
        }
    }

    /// Whether there is something to do now that there was not.
    fn look(&mut self) {
        match self.now {
            Now::Fails => self.now = Now::Works,
            Now::Waits if self.file.has_more() => self.now = Now::Works,
            Now::Waits | Now::Works | Now::Over => {}
        }
        self.rest();
    }

    /// Gives back what is not needed. Inside a member the decoder is held, so that a file that is just being compressed
    /// is not decoded again for every piece of it, until others wait for it.
    fn rest(&mut self) {
        let is_between = *self.file.state.borrow() == Unpacking::Whole;
        let is_idle = match self.now {
            Now::Works => false,
            Now::Over => true,
            Now::Waits | Now::Fails => is_between || self.archives.is_waited_for() || !self.file.is_used(),
        };
        if !is_idle {
            return;
        }
        if let Some(decoder) = self.decoder.take() {
            self.from = decoder.member();
            self.discard = self.file.len().get().saturating_sub(self.from.decoded.get());
        }
        // It is not counted in the length: it is decoded again.
        self.unkept = None;
        self.slot = None;
        self.buf = Vec::new();
    }

    /// Decodes a little. Blocks.
    fn step(&mut self) {
        if let Some(Unkept { bytes, used, next }) = self.unkept.take() {
            return self.keep(&bytes, used, next);
        }
        let mut buf = std::mem::take(&mut self.buf);
        buf.resize(STEP_BYTES, 0);
        let (stored, format, from) = (&self.file.stored, self.file.format, self.from);
        let decoder = self.decoder.get_or_insert_with(|| Decoder::new(Arc::clone(stored), format, WINDOW_LOG, from));
        match decoder.step(&mut buf) {
            Ok(step) => {
                let used = decoder.used();
                self.file.saw(used, decoder.read_to());
                let (kept, next) = (&buf[..step.n_out], step.next);
                let skipped = self.discard.min(kept.len() as u64);
                self.discard -= skipped;
                // At most what the buffer holds.
                self.keep(&kept[skipped as usize..], used, next);
            }
            Err(error) if is_gone(&error) => self.end(Unpacking::Incomplete),
            Err(error) => {
                tracing::debug!(%error, "a compressed file could not be read");
                // What this step had decoded is lost: it is decoded again.
                self.from = decoder.member();
                self.decoder = None;
                self.discard = self.file.len().get().saturating_sub(self.from.decoded.get());
                self.now = Now::Fails;
            }
        }
        self.buf = buf;
    }

    fn keep(&mut self, bytes: &[u8], used: ByteOffset, next: Next) {
        if !bytes.is_empty() {
            let len = self.file.len().get() + bytes.len() as u64;
            if !self.archives.may_stand_for(used.get(), len) {
                return self.end(Unpacking::TooLarge);
            }
            match self.archives.book(&self.file, bytes.len() as u64) {
                Room::Free => {}
                Room::TooLarge => return self.end(Unpacking::TooLarge),
                // Who holds what nobody reads has just been told.
                Room::Full if self.n_full < MAX_FULL => {
                    self.n_full += 1;
                    self.unkept = Some(Unkept { bytes: bytes.to_owned(), used, next });
                    self.now = Now::Fails;
                    return;
                }
                Room::Full => return self.end(Unpacking::NoRoom),
            }
            self.n_full = 0;
            if let Err(error) = self.file.append(self.archives.folders(), bytes) {
                tracing::warn!(%error, "a compressed file cannot be decoded: what it stands for cannot be kept");
                return self.end(Unpacking::NoRoom);
            }
        }
        match next {
            Next::More => self.file.set_state(Unpacking::Decoding { percent: self.percent(used) }),
            Next::Whole => self.wait(Unpacking::Whole),
            Next::Incomplete => self.wait(Unpacking::Incomplete),
            Next::Damaged => self.end(Unpacking::Damaged),
            Next::Window => self.end(Unpacking::Window),
        }
    }

    /// Never 100 while there is more.
    fn percent(&self, used: ByteOffset) -> u8 {
        let whole = self.file.stored.len().map_or(u64::MAX, ByteOffset::get).max(1);
        u8::try_from(u128::from(used.get()) * 100 / u128::from(whole)).unwrap_or(99).min(99)
    }

    fn wait(&mut self, state: Unpacking) {
        self.now = Now::Waits;
        self.file.set_state(state);
    }

    fn end(&mut self, state: Unpacking) {
        self.now = Now::Over;
        self.file.set_state(state);
    }
}

/// Counts itself as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
