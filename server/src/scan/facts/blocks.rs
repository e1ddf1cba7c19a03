//! The facts of blocks: small, and nothing for blocks that no line starts in.

use taillight::level::{Level, LevelSet};
use taillight::timestamp::Stamp;

/// How many blocks share an allocation.
const GROUP_BLOCKS: usize = 256;

/// What the lines that start in a block are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) struct BlockFacts {
    /// The levels that they have.
    pub(in crate::scan) levels: LevelSet,
    /// Whether there is one without a level.
    pub(in crate::scan) has_unknown: bool,
    /// Whether there is one without a time, and none above it in reach.
    pub(in crate::scan) has_untimed: bool,
    /// The earliest and the latest time, those of lines above included; the wrong way round when there is none.
    pub(in crate::scan) times: (Stamp, Stamp),
}

/// The facts of the blocks of a source, from block 0 on.
#[derive(Debug, Default)]
pub(in crate::scan) struct Blocks {
    groups: Vec<Option<Box<[BlockFacts; GROUP_BLOCKS]>>>,
}

impl BlockFacts {
    /// Of a block that no line starts in.
    pub(in crate::scan) const NOTHING: Self =
        Self { levels: LevelSet::EMPTY, has_unknown: false, has_untimed: false, times: (Stamp::MAX, Stamp::MIN) };

    /// With one more line.
    pub(super) fn add(&mut self, kind: Option<Level>, time: Option<Stamp>) {
        match kind {
            Some(level) => self.levels = self.levels.and(LevelSet::one(level)),
            None => self.has_unknown = true,
        }
        match time {
            Some(time) => self.times = (self.times.0.min(time), self.times.1.max(time)),
            None => self.has_untimed = true,
        }
    }

    /// With the lines of another part of the block.
    fn join(&mut self, other: &Self) {
        self.levels = self.levels.and(other.levels);
        self.has_unknown |= other.has_unknown;
        self.has_untimed |= other.has_untimed;
        self.times = (self.times.0.min(other.times.0), self.times.1.max(other.times.1));
    }
}

impl Blocks {
    /// Adds the facts of some lines of a block.
    pub(super) fn add(&mut self, block: u64, facts: BlockFacts) {
        let (group, slot) = place(block);
        if self.groups.len() <= group {
            self.groups.resize_with(group + 1, || None);
        }
        let Some(group) = self.groups.get_mut(group) else { return };
        let group = group.get_or_insert_with(|| Box::new([BlockFacts::NOTHING; GROUP_BLOCKS]));
        if let Some(known) = group.get_mut(slot) {
            known.join(&facts);
        }
    }

    /// Those of a block.
    pub(super) fn of(&self, block: u64) -> &BlockFacts {
        let (group, slot) = place(block);
        let group = self.groups.get(group).and_then(Option::as_ref);
        group.and_then(|group| group.get(slot)).unwrap_or(&BlockFacts::NOTHING)
    }

    /// All blocks that lines start in, in order, by their number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &BlockFacts)> {
        let groups = self.groups.iter().enumerate().filter_map(|(nth, group)| Some((nth, group.as_ref()?)));
        groups.flat_map(|(nth, group)| {
            let first = (nth * GROUP_BLOCKS) as u64;
            group.iter().enumerate().map(move |(slot, facts)| (first + slot as u64, facts))
        })
    }
}

fn place(block: u64) -> (usize, usize) {
    let size = GROUP_BLOCKS as u64;
    (usize::try_from(block / size).unwrap_or(usize::MAX), (block % size) as usize)
}

/// Which parts have lines of level `warn` or worse, and the worst level there: blocks by where they begin, in order.
pub(super) fn marks(blocks: impl Iterator<Item = (u64, BlockFacts)>, (len, parts): (u64, u32)) -> Vec<(u32, Level)> {
    let mut marks: Vec<(u32, Level)> = Vec::new();
    for (at, facts) in blocks {
        let Some(worst) = facts.levels.iter().last().filter(|worst| *worst >= Level::Warn) else { continue };
        let Some(part) = super::super::view::part_of(at, (len, parts)) else { break };
        match marks.last_mut() {
            Some((last, known)) if *last == part => *known = worst.max(*known),
            _ => marks.push((part, worst)),
        }
    }
    marks
}
