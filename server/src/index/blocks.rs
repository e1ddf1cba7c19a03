//! A count per block of a file: 8 bits each, 16 or 17 in a group of blocks that needs them, and a 64-bit sum per group.

/// How many blocks share a sum.
const GROUP_BLOCKS: usize = 256;

/// How a group is written.
const EMPTY: u8 = 0;
const SMALL: u8 = 1;
const LARGE: u8 = 2;

/// The largest count: a block of 64 KiB has at most as many lines as bytes.
const MAX_COUNT: u64 = (1 << 17) - 1;

/// Counts of something per block, blocks numbered from 0. A group without any takes no memory: holes, endless lines and
/// rare hits are cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockCounts {
    groups: Vec<Group>,
    sum: u64,
}

#[derive(Clone, Debug)]
struct Group {
    before: u64,
    counts: Counts,
}

#[derive(Clone, Debug)]
enum Counts {
    Empty,
    /// Of hits in most cases.
    Tiny(Box<[u8; GROUP_BLOCKS]>),
    /// Of lines.
    Small(Box<[u16; GROUP_BLOCKS]>),
    Large(Box<Large>),
}

/// Counts with a 17th bit: a block of nothing but line feeds has one more than 16 bits hold.
#[derive(Clone, Debug)]
struct Large {
    low: [u16; GROUP_BLOCKS],
    /// The 17th bits of eight counts each, the first of them lowest.
    high: [u8; GROUP_BLOCKS / 8],
}

impl BlockCounts {
    /// All of them.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }

    /// Adds `n` to a block: the last that was added to, or a later one.
    pub(crate) fn add(&mut self, block: u64, n: u64) {
        let (group, slot) = place(block);
        while self.groups.len() <= group {
            self.groups.push(Group { before: self.sum, counts: Counts::Empty });
        }
        self.sum += n;
        if let Some(group) = self.groups.get_mut(group) {
            group.counts.add(slot, n);
        }
    }

    /// Those of one block.
    pub(crate) fn of(&self, block: u64) -> u64 {
        let (group, slot) = place(block);
        self.groups.get(group).map_or(0, |group| group.counts.get(slot))
    }

    /// Those of the blocks before one.
    pub(crate) fn before(&self, block: u64) -> u64 {
        let (group, slot) = place(block);
        match self.groups.get(group) {
            Some(group) => group.before + (0..slot).map(|slot| group.counts.get(slot)).sum::<u64>(),
            None => self.sum,
        }
    }

    /// The block that the `nth` is in, from 1, and which of that block's it is, from 1.
    pub(crate) fn find(&self, nth: u64) -> Option<(u64, u64)> {
        if nth == 0 || nth > self.sum {
            return None;
        }
        let at = self.groups.partition_point(|group| group.before < nth).checked_sub(1)?;
        let group = self.groups.get(at)?;
        let mut nth = nth - group.before;
        for slot in 0..GROUP_BLOCKS {
            let n = group.counts.get(slot);
            if nth <= n {
                return Some(((at * GROUP_BLOCKS + slot) as u64, nth));
            }
            nth -= n;
        }
        None
    }

    /// The first block from `block` on that has any, or `limit`.
    pub(crate) fn next_with_any(&self, block: u64, limit: u64) -> u64 {
        let mut block = block;
        while block < limit && self.of(block) == 0 {
            let (group, slot) = place(block);
            // All that is left of an empty group is passed at once.
            block += match self.groups.get(group).map(|group| &group.counts) {
                Some(Counts::Empty) => (GROUP_BLOCKS - slot) as u64,
                Some(_) => 1,
                None => return limit,
            };
        }
        block.min(limit)
    }

    /// The first block from `block` on that has none, or `limit`.
    pub(crate) fn next_without(&self, block: u64, limit: u64) -> u64 {
        (block..limit).find(|&block| self.of(block) == 0).unwrap_or(limit)
    }

    /// The end of the last block before `block` that has any: the number of the block after it. 0 when there is none.
    pub(crate) fn last_with_any(&self, block: u64) -> u64 {
        let mut block = block;
        while block > 0 && self.of(block - 1) == 0 {
            let (group, slot) = place(block - 1);
            block -= match self.groups.get(group).map(|group| &group.counts) {
                Some(Counts::Empty) | None => slot as u64 + 1,
                Some(_) => 1,
            };
        }
        block
    }

    /// Those of the blocks before one.
    pub(super) fn up_to(&self, block: u64) -> Self {
        let (last, slot) = place(block);
        let mut groups: Vec<Group> = self.groups.iter().take(last + 1).cloned().collect();
        if let Some(group) = groups.get_mut(last) {
            (slot..GROUP_BLOCKS).for_each(|slot| group.counts.set(slot, 0));
        }
        Self { groups, sum: self.before(block) }
    }

    /// Appends them as bytes, for [`BlockCounts::read`].
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for group in &self.groups {
            match &group.counts {
                Counts::Empty => out.push(EMPTY),
                Counts::Tiny(_) | Counts::Small(_) => {
                    out.push(SMALL);
                    (0..GROUP_BLOCKS)
                        .for_each(|slot| out.extend_from_slice(&(group.counts.get(slot) as u16).to_le_bytes()));
                }
                Counts::Large(counts) => {
                    out.push(LARGE);
                    counts.low.iter().for_each(|count| out.extend_from_slice(&count.to_le_bytes()));
                    out.extend_from_slice(&counts.high);
                }
            }
        }
    }

    /// Those that were written so; `None` when the bytes are none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (mut counts, mut rest) = (Self::default(), bytes);
        while let [kind, after @ ..] = rest {
            let (low, high) = match *kind {
                EMPTY => (0, 0),
                SMALL => (size_of::<u16>() * GROUP_BLOCKS, 0),
                LARGE => (size_of::<u16>() * GROUP_BLOCKS, GROUP_BLOCKS / 8),
                _ => return None,
            };
            let (low, after) = after.split_at_checked(low)?;
            let (high, after) = after.split_at_checked(high)?;
            let first = (counts.groups.len() * GROUP_BLOCKS) as u64;
            counts.groups.push(Group { before: counts.sum, counts: Counts::Empty });
            for (slot, low) in low.as_chunks().0.iter().enumerate() {
                let high = high.get(slot / 8).map_or(0, |bits| u64::from(bits >> (slot % 8) & 1));
                counts.add(first + slot as u64, u64::from(u16::from_le_bytes(*low)) | high << 16);
            }
            rest = after;
        }
        Some(counts)
    }

    /// The memory held, in bytes.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        let counts = |group: &Group| match group.counts {
            Counts::Empty => 0,
            Counts::Tiny(_) => size_of::<[u8; GROUP_BLOCKS]>(),
            Counts::Small(_) => size_of::<[u16; GROUP_BLOCKS]>(),
            Counts::Large(_) => size_of::<Large>(),
        };
        self.groups.iter().map(counts).sum::<usize>() + self.groups.capacity() * size_of::<Group>()
    }
}

fn place(block: u64) -> (usize, usize) {
    let block = block as usize;
    (block / GROUP_BLOCKS, block % GROUP_BLOCKS)
}

impl Counts {
    fn get(&self, slot: usize) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Tiny(counts) => counts.get(slot).copied().map_or(0, u64::from),
            Self::Small(counts) => counts.get(slot).copied().map_or(0, u64::from),
            Self::Large(counts) => {
                let low = counts.low.get(slot).copied().map_or(0, u64::from);
                let high = counts.high.get(slot / 8).map_or(0, |bits| u64::from(bits >> (slot % 8) & 1));
                low | high << 16
            }
        }
    }

    fn add(&mut self, slot: usize, n: u64) {
        if n == 0 {
            return;
        }
        let sum = self.get(slot) + n;
        self.make_room_for(sum);
        self.set(slot, sum);
    }

    /// Takes as many bits for each as a sum needs.
    fn make_room_for(&mut self, sum: u64) {
        if matches!(self, Self::Empty) {
            *self = Self::Tiny(Box::new([0; GROUP_BLOCKS]));
        }
        if let Self::Tiny(counts) = self
            && sum > u64::from(u8::MAX)
        {
            *self = Self::Small(Box::new(counts.map(u16::from)));
        }
        if let Self::Small(low) = self
            && sum > u64::from(u16::MAX)
        {
            *self = Self::Large(Box::new(Large { low: **low, high: [0; GROUP_BLOCKS / 8] }));
        }
    }

    /// What is set fits; a larger number is held at the top.
    fn set(&mut self, slot: usize, sum: u64) {
        let sum = sum.min(MAX_COUNT);
        match self {
            Self::Empty => {}
            Self::Small(counts) => {
                if let Some(count) = counts.get_mut(slot) {
                    *count = u16::try_from(sum).unwrap_or(u16::MAX);
                }
            }
            Self::Tiny(counts) => {
                if let Some(count) = counts.get_mut(slot) {
                    *count = u8::try_from(sum).unwrap_or(u8::MAX);
                }
            }
            Self::Large(counts) => {
                if let (Some(low), Some(bits)) = (counts.low.get_mut(slot), counts.high.get_mut(slot / 8)) {
                    *low = sum as u16;
                    let bit = 1 << (slot % 8);
                    *bits = if sum >> 16 == 0 { *bits & !bit } else { *bits | bit };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Counts beside where the numbers for them become longer.
    fn count() -> impl Strategy<Value = u64> {
        prop_oneof![0_u64..4, 250_u64..260, 65_530_u64..65_540, Just(65_536 + 65_535)]
    }

    fn filled(added: &[(u64, u64)]) -> (BlockCounts, Vec<u64>) {
        let (mut counts, mut block) = (BlockCounts::default(), 0);
        let mut model = vec![0; 2_000];
        for (step, n) in added {
            block += step;
            if model[block as usize] + n <= MAX_COUNT {
                counts.add(block, *n);
                model[block as usize] += n;
            }
        }
        (counts, model)
    }

    fn assert_same(counts: &BlockCounts, model: &[u64]) {
        assert_eq!(counts.sum(), model.iter().sum::<u64>());
        let mut before = 0;
        for (block, &n) in (0..).zip(model) {
            assert_eq!((counts.of(block), counts.before(block)), (n, before), "block {block}");
            if n > 0 {
                assert_eq!(counts.find(before + 1), Some((block, 1)));
                assert_eq!(counts.find(before + n), Some((block, n)));
            }
            before += n;
        }
        assert_eq!(counts.find(before + 1), None);
    }

    proptest! {
        #[test]
        fn counts_of_any_size_are_kept(added in prop::collection::vec((0_u64..20, count()), 0..60), cut in 0_u64..1_300) {
            let (counts, mut model) = filled(&added);
            assert_same(&counts, &model);
            let mut bytes = Vec::new();
            counts.write(&mut bytes);
            assert_same(&BlockCounts::read(&bytes).unwrap(), &model);
            model[cut as usize..].fill(0);
            assert_same(&counts.up_to(cut), &model);
        }
    }

    #[test]
    fn hits_take_a_byte_for_each_block() {
        const BLOCKS_OF_A_GB: u64 = 1_000_000_000 / 65_536;
        let memory = |n: u64| {
            let mut counts = BlockCounts::default();
            (0..BLOCKS_OF_A_GB).for_each(|block| counts.add(block, n));
            counts.memory()
        };
        for (n, limit) in [(1, 20_000), (60, 20_000), (255, 20_000), (256, 36_000), (65_535, 36_000), (65_536, 38_000)]
        {
            assert!(memory(n) <= limit, "{} bytes for blocks of {n}", memory(n));
        }
    }
}
