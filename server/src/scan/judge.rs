//! Which lines of a part of a source match: the one loop under pages, searches and views.

use std::io;
use std::ops::{ControlFlow, Range};
use std::time::Instant;

use taillight::line::ByteOffset;

use super::apart::Apart;
use super::clean::{Cleaned, first_unclean, has_mark};
use super::clock::{Clock, Piece};
use super::units::{Ground, Part, Passed, Portions, Scratch, Unit, Units};
use super::{Budget, Filter, Hit};

/// How much of a long line is passed over between two looks whether to go on, in bytes.
pub(super) const PASS_BYTES: u64 = 1024 * 1024;

/// Who is told of hits.
pub(super) type OnHit<'f> = dyn FnMut(Hit) -> ControlFlow<()> + 'f;

/// What came of judging a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// All of its lines. The first line after them starts there, where that is known, or the readable bytes end there.
    All(Option<u64>),
    /// Those that start before that line's start; the budget is spent, or the callback broke.
    Until(u64),
    /// It was cancelled before a line's start was found.
    Nothing,
}

/// One look at a part of a source. At least one line is judged whatever the budget says, unless it is cancelled.
pub(super) struct Judge<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) budget: &'a Budget,
    pub(super) part: Part,
    /// Ends at a line that is longer than what is looked at and goes on past the part.
    pub(super) leaves_long: bool,
}

/// What is done with the lines of a part, in their order.
pub(super) trait Visit {
    /// Some whole lines, and where they start. The end of the line at which it is enough, if it is.
    fn lines(&mut self, piece: (&[u8], u64), text: &mut Vec<u8>, clock: &mut Clock<'_>) -> io::Result<Option<u64>>;

    /// A line that comes by itself, as far as it is looked at, and where it starts: the last one, or a very long one.
    /// Whether [`Visit::ended`] is to be told of it.
    fn line(&mut self, line: (&[u8], u64), clock: &mut Clock<'_>) -> io::Result<bool>;

    /// Where that line ends.
    fn ended(&mut self, line: Hit) -> ControlFlow<()>;
}

/// Tells the lines that match.
struct Hits<'a, 'h, 'c> {
    filter: &'a Filter,
    limit: usize,
    on_hit: &'h mut OnHit<'c>,
}

impl Visit for Hits<'_, '_, '_> {
    fn lines(&mut self, piece: (&[u8], u64), text: &mut Vec<u8>, clock: &mut Clock<'_>) -> io::Result<Option<u64>> {
        judge_piece(self.filter, piece, text, clock, self.on_hit)
    }

    fn line(&mut self, line: (&[u8], u64), clock: &mut Clock<'_>) -> io::Result<bool> {
        is_match(self.filter, line, self.limit, clock)
    }

    fn ended(&mut self, line: Hit) -> ControlFlow<()> {
        (self.on_hit)(line)
    }
}

/// Where lines begin.
enum Begin {
    At(u64),
    Over(Judged),
}

impl Judge<'_> {
    /// Tells the lines that match `filter`; `first` becomes the start of the first line, matching or not, where it is not set.
    pub(super) fn run(
        &self,
        filter: &Filter,
        scratch: &mut Scratch,
        first: &mut Option<u64>,
        on_hit: &mut OnHit<'_>,
    ) -> io::Result<Judged> {
        self.visit(scratch, first, &mut Hits { filter, limit: self.ground.sizes.line, on_hit })
    }

    /// As [`Judge::run`], for who wants to know something else of the lines.
    pub(super) fn visit(
        &self,
        scratch: &mut Scratch,
        first: &mut Option<u64>,
        visit: &mut dyn Visit,
    ) -> io::Result<Judged> {
        let Scratch { buf, text } = scratch;
        let mut units = Units::new(self.ground, self.part, buf, self.budget);
        let mut portions = Portions::new(self.ground.sizes);
        let mut clock = Clock::new(self.ground.source, self.ground.sizes);
        let mut at = match self.begin(&mut units)? {
            Begin::At(at) => at,
            Begin::Over(judged) => return Ok(judged),
        };
        if at < self.part.stop {
            first.get_or_insert(at);
        }
        loop {
            match units.next()? {
                Unit::End => return Ok(Judged::All(Some(at))),
                Unit::Lines { start, bytes } => {
                    at = start;
                    let mut rest = bytes;
                    while !rest.is_empty() {
                        let began = Instant::now();
                        let (piece, after) = portions.cut(rest);
                        if let Some(end) = visit.lines((piece, at), text, &mut clock)? {
                            return Ok(Judged::Until(end));
                        }
                        at += piece.len() as u64;
                        rest = after;
                        portions.took(began.elapsed());
                        if self.is_over(at) {
                            return Ok(Judged::Until(at));
                        }
                    }
                }
                Unit::Last { start, bytes } => {
                    let is_wanted = visit.line((bytes, start), &mut clock)?;
                    at = self.part.end;
                    if is_wanted && visit.ended(hit(start, at, false)).is_break() {
                        return Ok(Judged::Until(at));
                    }
                }
                Unit::Head { start, bytes } => {
                    let is_wanted = visit.line((bytes, start), &mut clock)?;
                    let Some((end, finished)) = self.end_of_line(&mut units, start)? else {
                        return Ok(Judged::Until(start));
                    };
                    at = end;
                    if (is_wanted && visit.ended(hit(start, end, finished)).is_break()) || self.is_over(at) {
                        return Ok(Judged::Until(at));
                    }
                }
            }
        }
    }

    fn is_over(&self, at: u64) -> bool {
        at < self.part.stop && self.budget.is_spent()
    }

    /// The start of the first line.
    fn begin(&self, units: &mut Units<'_>) -> io::Result<Begin> {
        let Part { from, at_start, stop, end, .. } = self.part;
        if at_start || from == 0 {
            return Ok(Begin::At(from));
        }
        if from >= stop {
            return Ok(Begin::Over(Judged::All(None)));
        }
        loop {
            match units.pass(stop.saturating_sub(from))? {
                Passed::Feed(start) => return Ok(Begin::At(start)),
                Passed::NoFeed => return Ok(Begin::Over(Judged::All(Some(end)))),
                Passed::More(_) if self.budget.is_cancelled() => return Ok(Begin::Over(Judged::Nothing)),
                Passed::More(place) if place >= stop => return Ok(Begin::Over(Judged::All(None))),
                Passed::More(_) => {}
            }
        }
    }

    /// After the line that starts at `start` and whose head was given, and whether it has its line feed; `None` when the
    /// budget is spent before that is found.
    fn end_of_line(&self, units: &mut Units<'_>, start: u64) -> io::Result<Option<(u64, bool)>> {
        let Part { from, stop, end, next, .. } = self.part;
        // At the end of what is readable a line may lack its line feed.
        let next = next.filter(|next| *next < end);
        loop {
            match units.pass(PASS_BYTES.min(stop.saturating_sub(start)))? {
                Passed::Feed(end) => return Ok(Some((end, true))),
                Passed::NoFeed if self.leaves_long => return Ok(None),
                Passed::NoFeed => return Ok(Some((end, false))),
                Passed::More(place) if place >= stop && next.is_some() => return Ok(next.map(|next| (next, true))),
                Passed::More(place) if self.leaves_long && place >= stop => return Ok(None),
                Passed::More(_) if self.budget.is_cancelled() => return Ok(None),
                // Otherwise nobody would ever get past a line that is longer than the budget.
                Passed::More(_) if start > from && self.budget.is_spent() => return Ok(None),
                Passed::More(_) => {}
            }
        }
    }
}

/// Tells the matching lines of a piece and where it starts; the end of the line at which `on_hit` broke.
pub(super) fn judge_piece(
    filter: &Filter,
    piece: (&[u8], u64),
    text: &mut Vec<u8>,
    clock: &mut Clock<'_>,
    on_hit: &mut OnHit<'_>,
) -> io::Result<Option<u64>> {
    let mut broke = None;
    judge_seen(&std::iter::once((0, filter)), filter.sees_returns(), piece, text, clock, &mut |_, hit| {
        let flow = on_hit(hit);
        if flow.is_break() {
            broke = Some(hit.end.get());
        }
        flow
    });
    clock.check()?;
    Ok(broke)
}

/// As [`judge_piece`] for several filters, each with a number that its hits are told with: the piece is cleaned once for
/// all that see it alike.
pub(super) fn judge_piece_for<'f>(
    filters: &(impl Iterator<Item = (usize, &'f Filter)> + Clone),
    piece: (&[u8], u64),
    text: &mut Vec<u8>,
    clock: &mut Clock<'_>,
    on_hit: &mut dyn FnMut(usize, Hit),
) -> io::Result<()> {
    for returns in [false, true] {
        let seeing = filters.clone().filter(|(_, filter)| filter.sees_returns() == returns);
        if seeing.clone().next().is_some() {
            judge_seen(&seeing, returns, piece, text, clock, &mut |nth, hit| {
                on_hit(nth, hit);
                ControlFlow::Continue(())
            });
        }
    }
    clock.check()
}

/// How many lines of a piece match that start in each block: as [`judge_piece`] would tell, but without the places of
/// lines. `false` where it is not easily so: what was told then is of no worth.
pub(super) fn count_by_blocks(
    filter: &Filter,
    (piece, at): (&[u8], u64),
    block: u64,
    on_block: &mut dyn FnMut(u64, u64),
) -> bool {
    let is_unclean = || has_mark(piece, at) || filter.sees_returns() && first_unclean(piece, true).is_some();
    let Some(counter) = filter.counter().filter(|_| !is_unclean()) else {
        return false;
    };
    let (mut rest, mut at) = (piece, at);
    while !rest.is_empty() {
        let nth = at / block;
        // The line that has the last byte of the block is the last that starts in it.
        let last = usize::try_from((nth + 1) * block - at - 1).unwrap_or(usize::MAX);
        let feed = rest.get(last..).and_then(|beyond| memchr::memchr(b'\n', beyond));
        let (lines, after) = rest.split_at(feed.map_or(rest.len(), |feed| last + feed + 1));
        let Some(n_lines) = counter.count(lines) else { return false };
        if n_lines > 0 {
            on_block(nth, n_lines);
        }
        at += lines.len() as u64;
        rest = after;
    }
    true
}

/// Tells the lines of a piece that each of the filters matches, until `on_hit` breaks; all of them see `returns`, or none.
fn judge_seen<'f>(
    filters: &(impl Iterator<Item = (usize, &'f Filter)> + Clone),
    returns: bool,
    (piece, at): (&[u8], u64),
    text: &mut Vec<u8>,
    clock: &mut Clock<'_>,
    on_hit: &mut dyn FnMut(usize, Hit) -> ControlFlow<()>,
) {
    let raw_hit = |raw: Range<usize>| hit(at + raw.start as u64, at + raw.end as u64, true);
    let is_timed = filters.clone().any(|(_, filter)| filter.asks_time());
    let apart = if is_timed || has_mark(piece, at) { None } else { Apart::of(piece, returns, text) };
    // What becomes of it, `on_hit` knows.
    if let Some(apart) = apart {
        for (nth, filter) in filters.clone() {
            let judge = |text: &[u8], on_line: &mut dyn FnMut(Range<usize>) -> ControlFlow<()>| {
                filter.lines(text, &mut |_| None, on_line)
            };
            let _ = apart.lines(judge, |raw| on_hit(nth, raw_hit(raw)));
        }
    } else {
        let mut cleaned = Cleaned::new((piece, at), returns, text);
        let lines = Piece::new(at, piece, &cleaned);
        for (nth, filter) in filters.clone() {
            cleaned.rewind();
            let mut time_of = |line| clock.in_piece(&lines, line);
            let _ = filter.lines(cleaned.text(), &mut time_of, |line| on_hit(nth, raw_hit(cleaned.raw_line(&line))));
        }
    }
}

/// Whether the line matches that starts there and of which `limit` bytes are looked at.
pub(super) fn is_match(
    filter: &Filter,
    (line, start): (&[u8], u64),
    limit: usize,
    clock: &mut Clock<'_>,
) -> io::Result<bool> {
    let is_match = filter.is_match_at((line, start), limit, |text| clock.of_line(start, text));
    clock.check()?;
    Ok(is_match)
}

fn hit(start: u64, end: u64, finished: bool) -> Hit {
    Hit { start: ByteOffset::new(start), end: ByteOffset::new(end), finished }
}
