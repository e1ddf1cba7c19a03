//! Line numbers: how many line feeds each block of a file holds, counted in the background and extended by appends.
//!
//! # Why counts
//! Places would cost bytes per line; counts per 64 KiB block cost 0.03 to 0.06 MB per GB whatever the lines, and counting
//! is much faster than noting places. The exact place is found by reading one block again.

mod blocks;
mod counts;
mod kept;
mod resume;
mod sweep;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use taillight::line::{ByteLen, ByteOffset, LineCount, LineNo};
use taillight::wire::LineTotal;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::source::{Source, read_full};
use crate::tasks::Tasks;
pub(crate) use blocks::BlockCounts;
use counts::Counts;
pub(crate) use counts::Found;
pub use kept::KeptCounts;
use resume::Keeper;

/// The length of a block, in bytes.
pub const BLOCK_BYTES: u64 = 64 * 1024;

/// In how large pieces an index works, in bytes: other ones make tests sharp.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    block: u64,
    /// How much one step counts before it looks whether it is still wanted.
    step: u64,
    /// How much is read at once: fits a part of the second-level cache.
    read: u64,
}

impl Sizes {
    const USUAL: Self = Self { block: BLOCK_BYTES, step: 4 * 1024 * 1024, read: 256 * 1024 };
}

/// The line feeds of a source, block by block. Shared; all methods may be called from any thread. Those that read
/// block: [`LineIndex::select`], [`LineIndex::rank`], [`LineIndex::step`].
#[derive(Debug)]
pub struct LineIndex {
    source: Arc<dyn Source>,
    sizes: Sizes,
    counts: RwLock<Counts>,
    counting: Mutex<()>,
    has_builder: AtomicBool,
    total: watch::Sender<LineTotal>,
    keeper: Keeper,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Everything up to the known length is counted.
    Done,
    /// There is more to count.
    More,
    /// The source is shorter than its known length, or failed: waits for the follower to find out.
    Stalled,
}

impl LineIndex {
    /// The index of `source`, with nothing counted.
    pub fn new(source: Arc<dyn Source>) -> Self {
        Self::with_sizes(source, Sizes::USUAL)
    }

    /// As [`LineIndex::new`] with blocks of `block` bytes: small ones make tests sharp.
    #[cfg(test)]
    pub(crate) fn with_block(source: Arc<dyn Source>, block: u64) -> Self {
        Self::with_sizes(source, Sizes { block: block.max(1), ..Sizes::USUAL })
    }

    fn with_sizes(source: Arc<dyn Source>, sizes: Sizes) -> Self {
        let total = watch::Sender::new(LineTotal { count: LineCount::ZERO, exact: true });
        Self {
            source,
            sizes,
            counts: RwLock::new(Counts::new(sizes.block)),
            counting: Mutex::new(()),
            has_builder: AtomicBool::new(false),
            total,
            keeper: Keeper::default(),
        }
    }

    /// The source has grown to `len` bytes: they are to be counted. A smaller `len` than before is ignored.
    pub fn grow_to(&self, len: ByteOffset) {
        self.write(|counts| counts.grow_to(len.get()));
        self.publish();
    }

    /// How many bytes are known and not counted.
    pub fn behind(&self) -> ByteLen {
        self.read(|counts| ByteLen::new(counts.target() - counts.done()))
    }

    /// How many lines there are, an unfinished last one included.
    pub fn total(&self) -> LineTotal {
        self.read(Counts::total)
    }

    /// Changes of [`LineIndex::total`].
    pub fn changed(&self) -> watch::Receiver<LineTotal> {
        self.total.subscribe()
    }

    /// Where line `line` starts; `None` while that is not counted, or when there is no such line. Reads one block.
    pub fn select(&self, line: LineNo) -> Option<ByteOffset> {
        let (block, nth, limit) = match self.find(line)? {
            Found::Start => return Some(ByteOffset::ZERO),
            Found::After { block, nth, limit } => (block, nth, limit),
        };
        let bytes = self.block_bytes(block, limit)?;
        let feed = memchr::memchr_iter(b'\n', &bytes).nth(usize::try_from(nth).ok()?.checked_sub(1)?)?;
        let start = block.get() + feed as u64 + 1;
        // After the last line feed of all there is a line only if there are bytes.
        self.read(|counts| start < counts.target()).then_some(ByteOffset::new(start))
    }

    /// In which block to look for the start of line `line`, for who reads that block anyway. Reads nothing.
    pub(crate) fn find(&self, line: LineNo) -> Option<Found> {
        self.read(|counts| counts.find(line.lines_before().get()))
    }

    /// How many lines start before the line that holds `offset`: the line feeds before it. `None` where more than a block
    /// before it is not counted. Reads at most one block.
    pub fn rank(&self, offset: ByteOffset) -> Option<LineCount> {
        let in_block = self.rank_of_block(offset).map(|before| (self.block_of(offset), before));
        let counted = || {
            let (done, feeds) = self.read(|counts| (ByteOffset::new(counts.done()), LineCount::new(counts.feeds())));
            ((offset - done).get() <= self.sizes.block).then_some((done, feeds))
        };
        let (from, before) = in_block.or_else(counted)?;
        if from == offset {
            return Some(before);
        }
        let bytes = self.block_bytes(from, offset)?;
        Some(before + LineCount::new(memchr::memchr_iter(b'\n', &bytes).count() as u64))
    }

    /// The start of the block that holds `offset`.
    pub(crate) fn block_of(&self, offset: ByteOffset) -> ByteOffset {
        offset.align_down(self.sizes.block)
    }

    /// The line feeds before the block that holds `offset`; `None` while these are not counted. The block itself need not be:
    /// who has just written a line expects its number. Reads nothing.
    pub(crate) fn rank_of_block(&self, offset: ByteOffset) -> Option<LineCount> {
        let block = self.block_of(offset).get();
        self.read(|counts| (block <= counts.done()).then(|| LineCount::new(counts.before_block(block))))
    }

    /// From `from` on there is no line feed up to the place returned, as far as is counted: at least `from`.
    pub(crate) fn no_feed_until(&self, from: ByteOffset) -> ByteOffset {
        self.read(|counts| ByteOffset::new(counts.no_feed_until(from.get())))
    }

    /// From the place returned up to `to` there is no line feed, as far as is counted: at most `to`.
    pub(crate) fn no_feed_since(&self, to: ByteOffset) -> ByteOffset {
        self.read(|counts| ByteOffset::new(counts.no_feed_since(to.get())))
    }

    /// Waits until `line` can be selected, or, without one, until everything is counted; `false` when `deadline` comes
    /// first. A line that does not exist is waited for until everything is counted.
    pub async fn wait_for(&self, line: Option<LineNo>, deadline: Instant) -> bool {
        let mut totals = self.changed();
        loop {
            let total = self.total();
            if total.exact || line.is_some_and(|line| self.read(|counts| counts.reaches(line.lines_before().get()))) {
                return true;
            }
            match tokio::time::timeout_at(deadline, totals.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return false,
            }
        }
    }

    /// Counts the next few MiB; holes are skipped.
    pub fn step(&self) -> Progress {
        let _one_at_a_time = lock(&self.counting);
        let progress = self.count_step().unwrap_or(Progress::Stalled);
        self.publish();
        progress
    }

    /// Counts in the background until everything is counted, `tasks` end, or the index is held no more; goes on from
    /// counts that are kept, and keeps them at the end. Does nothing when that is happening already.
    pub fn build(self: &Arc<Self>, tasks: &Tasks) {
        if self.has_builder.swap(true, Ordering::AcqRel) {
            return;
        }
        let index = Arc::downgrade(self);
        let (scanning, stopping) = (tasks.clone(), tasks.stopping());
        tasks.spawn(async move {
            let resumed = Weak::clone(&index);
            scanning.scanning(move || resumed.upgrade().map(|index| index.take_up())).await;
            while !stopping.is_cancelled() {
                sweep::sweep(&index, &scanning).await;
                let index = Weak::clone(&index);
                let progress = scanning.scanning(move || index.upgrade().map(|index| index.background_step())).await;
                if progress != Some(Progress::More) {
                    return;
                }
            }
        });
    }

    fn background_step(&self) -> Progress {
        let progress = self.step();
        if progress == Progress::More {
            return progress;
        }
        if progress == Progress::Done {
            self.keep_when_worth();
        }
        self.has_builder.store(false, Ordering::Release);
        // What came meanwhile was left to this builder.
        let is_left = progress == Progress::Done && self.behind() > ByteLen::ZERO;
        if is_left && !self.has_builder.swap(true, Ordering::AcqRel) { Progress::More } else { progress }
    }

    fn count_step(&self) -> io::Result<Progress> {
        let (mut at, target) = self.read(|counts| (counts.done(), counts.target()));
        let stop = target.min(at.saturating_add(self.sizes.step));
        let mut buf = vec![0; self.sizes.read.min(stop - at) as usize];
        while at < stop {
            let data = self.source.next_data(ByteOffset::new(at))?.get().min(target);
            if data > at {
                self.write(|counts| counts.skip_to(data));
                at = data;
                continue;
            }
            let wanted = self.up_to_hole(at, (stop - at).min(self.sizes.read))?;
            let read = read_full(self.source.as_ref(), &mut buf[..wanted], ByteOffset::new(at))?;
            self.write(|counts| counts.extend(&buf[..read]));
            at += read as u64;
            if read < wanted {
                return Ok(Progress::Stalled);
            }
        }
        Ok(if at < target { Progress::More } else { Progress::Done })
    }

    /// How much of a read from `at` on is data. All of it where that is not known.
    fn up_to_hole(&self, at: u64, wanted: u64) -> io::Result<usize> {
        let data = self.source.next_hole(ByteOffset::new(at))?.get().saturating_sub(at);
        Ok(if data == 0 { wanted } else { wanted.min(data) } as usize)
    }

    /// The bytes of the block that begins at `block`, before `limit`.
    fn block_bytes(&self, block: ByteOffset, limit: ByteOffset) -> Option<Vec<u8>> {
        let len = self.sizes.block.min((limit - block).get());
        let mut buf = vec![0; usize::try_from(len).ok()?];
        let read = read_full(self.source.as_ref(), &mut buf, block).ok()?;
        (read == buf.len()).then_some(buf)
    }

    fn publish(&self) {
        let total = self.total();
        self.total.send_if_modified(|known| std::mem::replace(known, total) != total);
    }

    fn read<T>(&self, look: impl FnOnce(&Counts) -> T) -> T {
        look(&self.counts.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
