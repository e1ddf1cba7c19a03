//! A part of a source, judged by itself: what several threads do side by side, each with its own, to be put together in
//! order. Whoever asks for the same part is told of one look at it, each by a filter of its own: what was read for one is
//! in the cache for the others.
//!
//! A line belongs to the span that it starts in. One that is longer than what is looked at of a line and goes on past its
//! span is left to whoever puts them together: it may have no end, and nobody should look for it in vain.

use std::cell::RefCell;
use std::io;
use std::ops::ControlFlow;

use super::clock::Clock;
use super::judge::{Judge, Judged, Visit, count_by_blocks, is_match, judge_piece_for};
use super::units::{Ground, Part, Scratch};
use super::{Budget, Filter, Hit};

/// Memory that a thread keeps between spans, at most, in bytes.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// What is told to one who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// How many matching lines start in each block that has any, in order.
    pub(super) blocks: Vec<(u64, u64)>,
    /// The first of them, as many as are wanted.
    pub(super) first: Vec<Hit>,
    n_first: usize,
    /// What was rendered of them, if that is wanted.
    pub(super) text: Vec<u8>,
}

/// Appends what is kept of a matching line: where it stands, and its bytes with its line feed.
pub type Render<'r> = dyn Fn(Hit, &[u8], &mut Vec<u8>) + Sync + 'r;

/// Who asks which lines match.
pub(super) trait Asker {
    /// What they are to match.
    fn filter(&self) -> &Filter;

    /// Whether it asks no more. Once gone, it stays so: what is told of its lines may lack some.
    fn is_gone(&self) -> bool;
}

/// Asks to the end.
impl Asker for Filter {
    fn filter(&self) -> &Filter {
        self
    }

    fn is_gone(&self) -> bool {
        false
    }
}

/// The lines that start in a part, as far as they are judged.
#[derive(Debug)]
pub(super) struct Span {
    from: u64,
    /// What is left of it.
    part: Part,
    block: u64,
    /// The matching lines, all with their line feeds, of each who asks, in the order of asking.
    pub(super) told: Vec<Told>,
    /// The start of the first line after it, when it is judged and has a line.
    pub(super) next: Option<u64>,
    /// The line that it is judged up to: one that is left to others.
    pub(super) open: Option<u64>,
}

impl Span {
    /// The lines that start in `[from, stop)` of a source that is read up to `end`, counted in blocks of so many bytes.
    pub(super) fn new((from, at_start): (u64, bool), stop: u64, end: u64, block: u64) -> Self {
        let part = Part { from, at_start, stop, end, next: None };
        Self { from, part, block, told: Vec::new(), next: None, open: None }
    }

    /// The first so many matching lines are told by their places to the one who asks first.
    pub(super) fn with_first(mut self, n_first: usize) -> Self {
        self.told = vec![Told { n_first, ..Told::default() }];
        self
    }

    /// With memory for what is rendered for the first who asks.
    pub(super) fn with_text(mut self, text: Vec<u8>) -> Self {
        self.told = vec![Told { text, ..Told::default() }];
        self
    }

    /// That memory, empty.
    pub(super) fn take_text(&mut self) -> Vec<u8> {
        let mut text = self.told.first_mut().map(|told| std::mem::take(&mut told.text)).unwrap_or_default();
        text.clear();
        text
    }

    /// Where it begins.
    #[cfg(test)]
    pub(super) fn from(&self) -> u64 {
        self.from
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> u64 {
        self.part.stop.saturating_sub(self.from)
    }

    /// How many of them were looked through, once it is judged.
    pub(super) fn looked_through(&self) -> u64 {
        self.open.map_or(self.len(), |open| open.saturating_sub(self.from).min(self.len()))
    }

    /// How many lines match.
    pub(super) fn n_hits(&self) -> u64 {
        self.told.iter().map(Told::n_hits).sum()
    }

    /// The start of the line up to which all are judged that start in it, when it has the start of one.
    pub(super) fn reached(&self) -> Option<u64> {
        self.open.or(self.next)
    }

    /// Judges on for `askers`, always the same ones; whether it has come to the end of the span or to a line that is left.
    /// `false` when the budget is spent before.
    pub(super) fn judge<A: Asker>(&mut self, ground: Ground<'_>, askers: &[A], budget: &Budget) -> io::Result<bool> {
        with_scratch(|scratch| self.judge_with(ground, (askers, None), budget, scratch))
    }

    /// As [`Span::judge`] for one who asks to the end, and may want what is rendered of the lines. A line that comes in
    /// parts is left then.
    pub(super) fn judge_alone(
        &mut self,
        ground: Ground<'_>,
        filter: &Filter,
        render: Option<&Render<'_>>,
        budget: &Budget,
    ) -> io::Result<bool> {
        with_scratch(|scratch| self.judge_with(ground, (std::slice::from_ref(filter), render), budget, scratch))
    }

    fn judge_with<A: Asker>(
        &mut self,
        mut ground: Ground<'_>,
        (askers, render): (&[A], Option<&Render<'_>>),
        budget: &Budget,
        scratch: &mut Scratch,
    ) -> io::Result<bool> {
        ground.sizes.first_read = ground.sizes.read;
        self.told.resize(askers.len(), Told::default());
        let part = self.part;
        let mut tell = Tell::new(askers, &mut self.told, (self.block, ground.sizes.line), render);
        let judged = Judge { ground, budget, part, leaves_long: true }.visit(scratch, &mut None, &mut tell)?;
        match judged {
            _ if tell.unfinished.is_some() => self.open = tell.unfinished,
            Judged::All(next) => self.next = next,
            Judged::Until(at) if at >= part.stop => self.next = Some(at),
            // Nothing came of it: the line at its start is left.
            Judged::Until(at) if at == part.from && part.at_start && !budget.is_cancelled() => self.open = Some(at),
            Judged::Until(at) => {
                (self.part.from, self.part.at_start) = (at, true);
                return Ok(false);
            }
            Judged::Nothing => return Ok(false),
        }
        Ok(true)
    }
}

/// Lends the memory that this thread keeps for scans.
pub(super) fn with_scratch<T>(scan: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(|scratch| {
        let scanned = scan(scratch);
        if scratch.buf.capacity() + scratch.text.capacity() > MAX_KEPT_BYTES {
            *scratch = Scratch::default();
        }
        scanned
    })
}

/// The hits of some whole lines, for each of `askers` that still asks: added to theirs.
pub(super) fn count_piece<A: Asker>(
    askers: &[A],
    told: &mut [Told],
    piece: (&[u8], u64),
    (block, text, clock): (u64, &mut Vec<u8>, &mut Clock<'_>),
    render: Option<&Render<'_>>,
) -> io::Result<()> {
    if let ([asker], [told], None) = (askers, &mut *told, render)
        && told.first.len() == told.n_first
    {
        let (n_blocks, last) = (told.blocks.len(), told.blocks.last().copied());
        if count_by_blocks(asker.filter(), piece, block, &mut |block, n_lines| told.count(block, n_lines)) {
            return Ok(());
        }
        told.blocks.truncate(n_blocks);
        if let (Some(counted), Some(before)) = (told.blocks.last_mut(), last) {
            *counted = before;
        }
    }
    let asking = askers.iter().enumerate().filter(|(_, asker)| !asker.is_gone());
    let filters = asking.map(|(nth, asker)| (nth, asker.filter()));
    judge_piece_for(&filters, piece, text, clock, &mut |nth, hit| {
        if let Some(told) = told.get_mut(nth) {
            told.add(hit, block);
            if let Some(render) = render {
                let [from, to] = [hit.start, hit.end].map(|place| (place.get() - piece.1) as usize);
                render(hit, piece.0.get(from..to).unwrap_or_default(), &mut told.text);
            }
        }
    })
}

impl Told {
    /// How many lines match.
    pub(super) fn n_hits(&self) -> u64 {
        self.blocks.iter().map(|(_, n)| n).sum()
    }

    fn add(&mut self, hit: Hit, block: u64) {
        if self.first.len() < self.n_first {
            self.first.push(hit);
        }
        self.count(hit.start.get() / block, 1);
    }

    fn count(&mut self, block: u64, n_lines: u64) {
        match self.blocks.last_mut() {
            Some(last) if last.0 == block => last.1 += n_lines,
            _ => self.blocks.push((block, n_lines)),
        }
    }
}

/// Counts the hits of all who ask.
struct Tell<'a, A> {
    askers: &'a [A],
    told: &'a mut [Told],
    render: Option<&'a Render<'a>>,
    block: u64,
    limit: usize,
    /// Who is to be told of the line that comes by itself.
    matching: Vec<usize>,
    /// A line that is left: one without a line feed may grow.
    unfinished: Option<u64>,
}

impl<'a, A> Tell<'a, A> {
    fn new(
        askers: &'a [A],
        told: &'a mut [Told],
        (block, limit): (u64, usize),
        render: Option<&'a Render<'a>>,
    ) -> Self {
        Self { askers, told, render, block, limit, matching: Vec::new(), unfinished: None }
    }
}

impl<A: Asker> Visit for Tell<'_, A> {
    fn lines(&mut self, piece: (&[u8], u64), text: &mut Vec<u8>, clock: &mut Clock<'_>) -> io::Result<Option<u64>> {
        count_piece(self.askers, self.told, piece, (self.block, text, clock), self.render)?;
        Ok(None)
    }

    fn line(&mut self, line: (&[u8], u64), clock: &mut Clock<'_>) -> io::Result<bool> {
        self.matching.clear();
        for (nth, asker) in self.askers.iter().enumerate() {
            if !asker.is_gone() && is_match(asker.filter(), line, self.limit, clock)? {
                self.matching.push(nth);
            }
        }
        Ok(true)
    }

    fn ended(&mut self, line: Hit) -> ControlFlow<()> {
        // Of one that is longer than what is looked at, only that is there to be rendered.
        if !line.finished || self.render.is_some() {
            self.unfinished = Some(line.start.get());
            return ControlFlow::Break(());
        }
        for nth in &self.matching {
            if let Some(told) = self.told.get_mut(*nth) {
                told.add(line, self.block);
            }
        }
        ControlFlow::Continue(())
    }
}
