//! A file that is searched as it is stored: its pieces side by side, and in order what they leave.

use std::io;
use std::ops::{ControlFlow, Range};
use std::pin::pin;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use taillight::line::ByteOffset;

use super::engine::{Engine, Part, Searched, Stop};
use super::rows::{MAX_ROWS, rows};
use crate::scan::{Budget, Filter, Hit, Piece, hits_down};
use crate::source::Source;
use crate::tasks::scan_threads;

/// A piece, judged.
struct Judged {
    part: Part,
    /// The first line after it, where it has one.
    next: Option<ByteOffset>,
    /// The line at which it ended early.
    open: Option<ByteOffset>,
}

/// Searches the first `len` bytes of a file.
pub(super) async fn search(
    engine: &Engine,
    searched: &mut Searched,
    source: &Arc<dyn Source>,
    len: ByteOffset,
) -> Result<(), Stop> {
    let bulk_end = len.get().saturating_sub(Piece::LEFT_BYTES);
    let mut at = 0;
    while at < bulk_end {
        at = side_by_side(engine, searched, source, (at..bulk_end, len)).await?;
        if at < bulk_end {
            at = in_order(engine, searched, source, (at..len.get(), true)).await?;
        }
    }
    while at < len.get() {
        at = in_order(engine, searched, source, (at..len.get(), false)).await?;
    }
    Ok(())
}

/// Searches `within`, which begins at a line's start, of a source that is read up to `len`. Says where to go on: a line's
/// start, before the end of `within` when a piece has left that line.
async fn side_by_side(
    engine: &Engine,
    searched: &mut Searched,
    source: &Arc<dyn Source>,
    (within, len): (Range<u64>, ByteOffset),
) -> Result<u64, Stop> {
    let Range { start, end } = within;
    let starts = std::iter::successors(Some(start), |at| at.checked_add(Piece::BYTES)).take_while(|at| *at < end);
    let rows_left = searched.rows_left();
    let judged = starts.map(|at| {
        let piece = Piece::new(at..at.saturating_add(Piece::BYTES).min(end), at == start, len);
        judge(engine, piece, Arc::clone(source), rows_left)
    });
    let mut judged = pin!(stream::iter(judged).buffered(scan_threads()));
    let mut reached = start;
    while let Some(Judged { part, next, open }) = judged.next().await.transpose()? {
        engine.add(searched, part).await?;
        if let Some(open) = open {
            return Ok(open.get());
        }
        reached = next.map_or(reached, ByteOffset::get);
        engine.check_limit(searched)?;
    }
    Ok(reached)
}

/// Judges a piece, a step after the other.
async fn judge(engine: &Engine, piece: Piece, source: Arc<dyn Source>, rows_left: usize) -> Result<Judged, Stop> {
    let mut piece = piece;
    loop {
        let (filter, source) = (engine.filter.clone(), Arc::clone(&source));
        let step = move |budget: &Budget| -> io::Result<(Piece, Option<Vec<Vec<u8>>>)> {
            let is_done = piece.judge(&*source, &filter, budget)?;
            let first = piece.first().get(..rows_left.min(piece.first().len())).unwrap_or_default();
            let rows = is_done.then(|| rows(&*source, &filter, first)).transpose()?;
            Ok((piece, rows))
        };
        let rows;
        (piece, rows) = engine.step(step).await?;
        if let Some(rows) = rows {
            let (matched, n_bytes) = (piece.n_hits(), piece.len());
            let part = Part { matched, rows, looked: n_bytes, stored: n_bytes };
            return Ok(Judged { part, next: piece.next(), open: piece.open() });
        }
        engine.check_wanted()?;
    }
}

/// Searches on in order, for a step or for one line; says how far it came.
async fn in_order(
    engine: &Engine,
    searched: &mut Searched,
    source: &Arc<dyn Source>,
    (within, one_line): (Range<u64>, bool),
) -> Result<u64, Stop> {
    let (filter, source, from) = (engine.filter.clone(), Arc::clone(source), within.start);
    let rows_left = searched.rows_left();
    let step = move |budget: &Budget| {
        let one = Budget::new(1);
        let budget = if one_line { &one } else { budget };
        part(&*source, &filter, within, (budget, rows_left))
    };
    let (part, reached) = engine.step(step).await?;
    engine.add(searched, Part { stored: reached - from, ..part }).await?;
    engine.check_limit(searched)?;
    Ok(reached)
}

/// What the lines of a source have that start `within`, as far as the budget lets it look; and how far that is.
pub(super) fn part(
    source: &dyn Source,
    filter: &Filter,
    within: Range<u64>,
    (budget, rows_left): (&Budget, usize),
) -> io::Result<(Part, u64)> {
    let from = within.start;
    let (mut first, mut matched): (Vec<Hit>, u64) = (Vec::new(), 0);
    let mut on_hit = |hit: Hit| {
        matched += 1;
        if first.len() < rows_left.min(MAX_ROWS) {
            first.push(hit);
        }
        ControlFlow::Continue(())
    };
    let within = ByteOffset::new(within.start)..ByteOffset::new(within.end);
    let reached = hits_down(source, filter, None, within, budget, &mut on_hit)?.get();
    let rows = rows(source, filter, &first)?;
    Ok((Part { matched, rows, looked: reached.saturating_sub(from), stored: 0 }, reached))
}
