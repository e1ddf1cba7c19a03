//! The counts of an index: line feeds per block, and how far they are counted.

use taillight::line::{ByteOffset, LineCount};
use taillight::wire::LineTotal;

use super::blocks::BlockCounts;
use super::kept::Kept;

/// Line feeds per block, from the start of a file up to `done`.
#[derive(Debug)]
pub(super) struct Counts {
    block: u64,
    feeds: BlockCounts,
    done: u64,
    target: u64,
    /// Whether the byte before `done` is in a line that has no line feed yet.
    open: bool,
}

/// Where a line starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// At the start of the file.
    Start,
    /// After the `nth` line feed, from 1, of the block that begins at `block`, which is counted up to `limit`.
    After { block: ByteOffset, nth: u64, limit: ByteOffset },
}

impl Counts {
    pub(super) fn new(block: u64) -> Self {
        Self { block: block.max(1), feeds: BlockCounts::default(), done: 0, target: 0, open: false }
    }

    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// The line feeds before `done`.
    pub(super) fn feeds(&self) -> u64 {
        self.feeds.sum()
    }

    pub(super) fn target(&self) -> u64 {
        self.target
    }

    pub(super) fn grow_to(&mut self, len: u64) {
        self.target = self.target.max(len);
    }

    pub(super) fn total(&self) -> LineTotal {
        let exact = self.done == self.target;
        let last = u64::from(self.open || !exact);
        LineTotal { count: LineCount::new(self.feeds.sum() + last), exact }
    }

    /// Whether the line that has `above` lines before it is counted.
    pub(super) fn reaches(&self, above: u64) -> bool {
        above <= self.feeds.sum()
    }

    /// Counts the bytes that follow `done`.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.block - self.done % self.block;
            let (part, after) = rest.split_at(usize::try_from(room).map_or(rest.len(), |room| room.min(rest.len())));
            let feeds = memchr::memchr_iter(b'\n', part).count();
            self.feeds.add(self.done / self.block, feeds as u64);
            self.done += part.len() as u64;
            rest = after;
        }
        self.target = self.target.max(self.done);
        self.open = bytes.last().map_or(self.open, |&last| last != b'\n');
    }

    /// Counts what was counted apart, from `done` up to `to`: line feeds in blocks, in order, and whether the last byte is
    /// none.
    pub(super) fn add(&mut self, feeds: &[(u64, u64)], to: u64, open: bool) {
        for (block, n) in feeds {
            self.feeds.add(*block, *n);
        }
        (self.done, self.open) = (to, open);
        self.target = self.target.max(to);
    }

    /// The counts of the whole blocks that are counted, and where those end.
    pub(super) fn whole_blocks(&self) -> (BlockCounts, u64) {
        let n_blocks = self.done / self.block;
        (self.feeds.up_to(n_blocks), n_blocks * self.block)
    }

    /// Goes on from what was counted before, when that is more.
    pub(super) fn take_up(&mut self, kept: Kept) {
        if kept.done > self.done {
            (self.feeds, self.done, self.open) = (kept.feeds, kept.done, kept.open);
            self.target = self.target.max(self.done);
        }
    }

    /// Everything up to `to` is a hole: zeros, no line feed.
    pub(super) fn skip_to(&mut self, to: u64) {
        if to > self.done {
            self.done = to;
            self.target = self.target.max(to);
            self.open = true;
        }
    }

    /// The line feeds before the block that holds `offset`.
    pub(super) fn before_block(&self, offset: u64) -> u64 {
        self.feeds.before(offset / self.block)
    }

    /// Where the line that has `above` lines before it starts; `None` when that is not counted.
    pub(super) fn find(&self, above: u64) -> Option<Found> {
        if above == 0 {
            return (self.target > 0).then_some(Found::Start);
        }
        let (block, nth) = self.feeds.find(above)?;
        let start = block * self.block;
        let limit = self.done.min(start + self.block);
        Some(Found::After { block: ByteOffset::new(start), nth, limit: ByteOffset::new(limit) })
    }

    /// The end of the run of blocks without line feeds that `from` is in, or `from`.
    pub(super) fn no_feed_until(&self, from: u64) -> u64 {
        // The block that is still growing is not known to be without.
        let counted = self.done / self.block;
        from.max(self.feeds.next_with_any(from / self.block, counted) * self.block)
    }

    /// The start of the run of blocks without line feeds that ends at `to`, or `to`.
    pub(super) fn no_feed_since(&self, to: u64) -> u64 {
        if to > self.done {
            return to;
        }
        to.min(self.feeds.last_with_any(to.div_ceil(self.block)) * self.block)
    }

    /// The memory held, in bytes.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.feeds.memory()
    }
}
