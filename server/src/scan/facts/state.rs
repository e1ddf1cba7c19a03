//! What is known of a source, and how much of it may still be looked through.

use taillight::level::{Level, LevelCounts};

use super::super::view::Leave;
use super::blocks::Blocks;
use super::tally::Told;

/// What is known.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) blocks: Blocks,
    pub(super) counts: LevelCounts,
    /// A line's start: all lines before it are counted, and have their line feed.
    pub(super) done: u64,
    /// The level of the line at `done`, when it has no line feed and was looked at.
    pub(super) last: Option<Option<Level>>,
    /// How far was looked: `done`, or the length that was known when the last line was looked at.
    pub(super) looked: u64,
    /// How much more may be.
    pub(super) leave: Leave,
}

impl State {
    /// Takes the facts of the next part over, of a source that is read up to `end`.
    pub(super) fn take(&mut self, told: Told, end: u64) {
        for (block, facts) in told.blocks {
            self.blocks.add(block, facts);
        }
        for (kind, n) in told.counts {
            self.counts.add(kind, n);
        }
        let done = told.open.map(|(at, _)| at).or(told.next).unwrap_or(self.done);
        self.done = self.done.max(done);
        self.last = told.open.and_then(|(_, kind)| kind);
        self.looked = if self.last.is_some() { end } else { self.done };
    }
}
