//! The facts of a part of a source, line by line.

use std::collections::HashMap;
use std::io;
use std::ops::ControlFlow;

use taillight::level::Level;
use taillight::timestamp::Stamp;

use super::super::clean::{Cleaned, clean_line};
use super::super::clock::{Clock, Piece};
use super::super::judge::{Judge, Judged, Visit};
use super::super::units::{Ground, Part, Scratch};
use super::super::{Budget, Hit};
use super::BlockFacts;

/// Takes the facts of lines together.
#[derive(Debug)]
pub(super) struct Tally {
    block: u64,
    leaves_long: bool,
    /// Those that lines start in, in order.
    pub(super) blocks: Vec<(u64, BlockFacts)>,
    counts: HashMap<Option<Level>, u64>,
    /// What is known of a line whose end is not.
    line: (Option<Level>, Option<Stamp>),
    /// A line that is left, and its level where it was found to be the last, without line feed.
    open: Option<(u64, Option<Option<Level>>)>,
    next: Option<u64>,
    limit: usize,
}

/// What came of a part.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) blocks: Vec<(u64, BlockFacts)>,
    pub(super) counts: HashMap<Option<Level>, u64>,
    /// As in [`Tally::open`].
    pub(super) open: Option<(u64, Option<Option<Level>>)>,
    /// The start of the first line after the part.
    pub(super) next: Option<u64>,
}

impl Tally {
    /// By blocks of that many bytes.
    pub(super) fn new(block: u64) -> Self {
        Self {
            block: block.max(1),
            leaves_long: false,
            blocks: Vec::new(),
            counts: HashMap::new(),
            line: (None, None),
            open: None,
            next: None,
            limit: 0,
        }
    }

    /// Leaves a line that is longer than what is looked at and goes on past the part.
    pub(super) fn leaving_long(self) -> Self {
        Self { leaves_long: true, ..self }
    }

    pub(super) fn told(self) -> Told {
        Told { blocks: self.blocks, counts: self.counts, open: self.open, next: self.next }
    }

    /// Takes the lines that start in `[from, stop)` of a source that is read up to `end`.
    pub(super) fn run(
        &mut self,
        mut ground: Ground<'_>,
        (from, at_start): (u64, bool),
        (stop, end): (u64, u64),
        budget: &Budget,
        scratch: &mut Scratch,
    ) -> io::Result<()> {
        ground.sizes.first_read = ground.sizes.read;
        self.limit = ground.sizes.line;
        let part = Part { from, at_start, stop, end, next: None };
        let judge = Judge { ground, budget, part, leaves_long: self.leaves_long };
        match judge.visit(scratch, &mut None, self)? {
            _ if self.open.is_some() => {}
            Judged::All(next) => self.next = next,
            Judged::Until(at) if at >= stop => self.next = Some(at),
            // Nobody else ends it before the part does.
            Judged::Until(at) => self.open = Some((at, None)),
            Judged::Nothing => {}
        }
        Ok(())
    }

    fn add(&mut self, start: u64, kind: Option<Level>, time: Option<Stamp>) {
        let block = start / self.block;
        if self.blocks.last().is_none_or(|(last, _)| *last != block) {
            self.blocks.push((block, BlockFacts::NOTHING));
        }
        if let Some((_, facts)) = self.blocks.last_mut() {
            facts.add(kind, time);
        }
        *self.counts.entry(kind).or_default() += 1;
    }
}

impl Visit for Tally {
    fn lines(
        &mut self,
        (piece, at): (&[u8], u64),
        text: &mut Vec<u8>,
        clock: &mut Clock<'_>,
    ) -> io::Result<Option<u64>> {
        let mut cleaned = Cleaned::new((piece, at), true, text);
        let (text, lines) = (cleaned.text(), Piece::new(at, piece, &cleaned));
        cleaned.each_line(|line, raw| {
            let kind = text.get(line.clone()).and_then(Level::of);
            let time = clock.in_piece(&lines, line);
            self.add(at + raw.start as u64, kind, time);
            ControlFlow::Continue(())
        });
        clock.check()?;
        Ok(None)
    }

    fn line(&mut self, (line, start): (&[u8], u64), clock: &mut Clock<'_>) -> io::Result<bool> {
        let mut scratch = Vec::new();
        let text = clean_line(line, self.limit, &mut scratch);
        self.line = (Level::of(text), clock.of_line(start, text));
        clock.check()?;
        Ok(true)
    }

    fn ended(&mut self, line: Hit) -> ControlFlow<()> {
        let (kind, time) = self.line;
        if line.finished {
            self.add(line.start.get(), kind, time);
            return ControlFlow::Continue(());
        }
        self.open = Some((line.start.get(), Some(kind)));
        ControlFlow::Break(())
    }
}
