//! The counts of an index: 16 bits per block, 32 for a group of blocks that needs them, and a 64-bit sum per group.

use taillight::line::{ByteOffset, LineCount};
use taillight::wire::LineTotal;

/// How many blocks share a sum.
const GROUP_BLOCKS: usize = 256;

/// Line feeds per block, from the start of a file up to `done`.
#[derive(Debug)]
pub(super) struct Counts {
    block: u64,
    groups: Vec<Group>,
    feeds: u64,
    done: u64,
    target: u64,
    /// Whether the byte before `done` is in a line that has no line feed yet.
    open: bool,
}

#[derive(Debug)]
struct Group {
    before: u64,
    counts: Blocks,
}

/// A group without line feeds takes no memory: holes and endless lines are cheap.
#[derive(Debug)]
enum Blocks {
    Empty,
    Small(Box<[u16; GROUP_BLOCKS]>),
    Large(Box<[u32; GROUP_BLOCKS]>),
}

/// Where a line starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// At the start of the file.
    Start,
    /// After the `nth` line feed, from 1, of the block that begins at `block`, which is counted up to `limit`.
    After { block: ByteOffset, nth: u64, limit: ByteOffset },
}

impl Counts {
    pub(super) fn new(block: u64) -> Self {
        Self { block: block.max(1), groups: Vec::new(), feeds: 0, done: 0, target: 0, open: false }
    }

    pub(super) fn block(&self) -> u64 {
        self.block
    }

    pub(super) fn done(&self) -> u64 {
        self.done
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
        LineTotal { count: LineCount::new(self.feeds + last), exact }
    }

    /// Whether the line that has `above` lines before it is counted.
    pub(super) fn reaches(&self, above: u64) -> bool {
        above <= self.feeds
    }

    /// Counts the bytes that follow `done`.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.block - self.done % self.block;
            let (part, after) = rest.split_at(usize::try_from(room).map_or(rest.len(), |room| room.min(rest.len())));
            let feeds = memchr::memchr_iter(b'\n', part).count();
            self.add(feeds as u64);
            self.done += part.len() as u64;
            rest = after;
        }
        self.target = self.target.max(self.done);
        self.open = bytes.last().map_or(self.open, |&last| last != b'\n');
    }

    /// Everything up to `to` is a hole: zeros, no line feed.
    pub(super) fn skip_to(&mut self, to: u64) {
        if to > self.done {
            self.done = to;
            self.target = self.target.max(to);
            self.open = true;
        }
    }

    /// Adds to the block that holds `done`.
    fn add(&mut self, feeds: u64) {
        let block = (self.done / self.block) as usize;
        let (group, slot) = (block / GROUP_BLOCKS, block % GROUP_BLOCKS);
        while self.groups.len() <= group {
            self.groups.push(Group { before: self.feeds, counts: Blocks::Empty });
        }
        self.feeds += feeds;
        if let Some(group) = self.groups.get_mut(group) {
            group.counts.add(slot, feeds);
        }
    }

    /// The line feeds before the block that holds `offset`.
    pub(super) fn before_block(&self, offset: u64) -> u64 {
        let block = (offset / self.block) as usize;
        match self.groups.get(block / GROUP_BLOCKS) {
            Some(group) => group.before + (0..block % GROUP_BLOCKS).map(|slot| group.counts.get(slot)).sum::<u64>(),
            None => self.feeds,
        }
    }

    /// Where the line that has `above` lines before it starts; `None` when that is not counted.
    pub(super) fn find(&self, above: u64) -> Option<Found> {
        if above == 0 {
            return (self.target > 0).then_some(Found::Start);
        }
        if above > self.feeds {
            return None;
        }
        let at = self.groups.partition_point(|group| group.before < above).checked_sub(1)?;
        let group = self.groups.get(at)?;
        let mut nth = above - group.before;
        for slot in 0..GROUP_BLOCKS {
            let feeds = group.counts.get(slot);
            if nth <= feeds {
                let block = (at * GROUP_BLOCKS + slot) as u64 * self.block;
                let limit = self.done.min(block + self.block);
                return Some(Found::After { block: ByteOffset::new(block), nth, limit: ByteOffset::new(limit) });
            }
            nth -= feeds;
        }
        None
    }

    /// The end of the run of blocks without line feeds that `from` is in, or `from`.
    pub(super) fn no_feed_until(&self, from: u64) -> u64 {
        let mut block = from / self.block;
        // The block that is still growing is not known to be without.
        let counted = self.done / self.block;
        while block < counted && self.feeds_of(block) == 0 {
            block += self.empty_group_rest(block);
        }
        from.max(block.min(counted) * self.block)
    }

    /// The start of the run of blocks without line feeds that ends at `to`, or `to`.
    pub(super) fn no_feed_since(&self, to: u64) -> u64 {
        if to > self.done {
            return to;
        }
        let mut block = to.div_ceil(self.block);
        while block > 0 && self.feeds_of(block - 1) == 0 {
            block -= 1;
        }
        to.min(block * self.block)
    }

    /// How many blocks from `block` to the end of its group may be skipped at once: all of an empty group.
    fn empty_group_rest(&self, block: u64) -> u64 {
        let slot = block % GROUP_BLOCKS as u64;
        match self.groups.get((block / GROUP_BLOCKS as u64) as usize).map(|group| &group.counts) {
            Some(Blocks::Empty) => GROUP_BLOCKS as u64 - slot,
            _ => 1,
        }
    }

    fn feeds_of(&self, block: u64) -> u64 {
        let block = block as usize;
        self.groups.get(block / GROUP_BLOCKS).map_or(0, |group| group.counts.get(block % GROUP_BLOCKS))
    }

    /// The memory held, in bytes.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let blocks: usize = self.groups.iter().map(|group| group.counts.memory()).sum();
        blocks + self.groups.capacity() * size_of::<Group>()
    }
}

impl Blocks {
    fn get(&self, slot: usize) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Small(counts) => counts.get(slot).copied().map_or(0, u64::from),
            Self::Large(counts) => counts.get(slot).copied().map_or(0, u64::from),
        }
    }

    fn add(&mut self, slot: usize, feeds: u64) {
        if feeds == 0 {
            return;
        }
        if matches!(self, Self::Empty) {
            *self = Self::Small(Box::new([0; GROUP_BLOCKS]));
        }
        let sum = self.get(slot) + feeds;
        match self {
            Self::Small(counts) if sum > u64::from(u16::MAX) => {
                *self = Self::Large(Box::new(counts.map(u32::from)));
                self.set(slot, sum);
            }
            Self::Empty | Self::Small(_) | Self::Large(_) => self.set(slot, sum),
        }
    }

    /// A block has at most as many line feeds as bytes, so that what is set fits; a larger number is held at the top.
    fn set(&mut self, slot: usize, sum: u64) {
        match self {
            Self::Empty => {}
            Self::Small(counts) => {
                if let Some(count) = counts.get_mut(slot) {
                    *count = u16::try_from(sum).unwrap_or(u16::MAX);
                }
            }
            Self::Large(counts) => {
                if let Some(count) = counts.get_mut(slot) {
                    *count = u32::try_from(sum).unwrap_or(u32::MAX);
                }
            }
        }
    }

    #[cfg(test)]
    fn memory(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Small(_) => size_of::<[u16; GROUP_BLOCKS]>(),
            Self::Large(_) => size_of::<[u32; GROUP_BLOCKS]>(),
        }
    }
}
