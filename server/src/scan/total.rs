//! How many lines of a part of a source match, for who waits for nothing else: counted by all cores at once.

use std::io;
use std::ops::{ControlFlow, Range};

use taillight::line::ByteOffset;

use super::hits::Scan;
use super::sweep::Sweep;
use super::units::{Ground, Sizes};
use super::{Budget, Filter};
use crate::index::BLOCK_BYTES;
use crate::source::Source;

/// How many lines match that start `within`, which begins at a line's start and ends at the readable length or a line's
/// start.
///
/// # Errors
/// When reading fails; [`crate::source::is_gone`] when the source is shorter than was said.
pub fn total(source: &dyn Source, filter: &Filter, within: Range<ByteOffset>) -> io::Result<u64> {
    total_on(Ground { source, index: None, sizes: Sizes::USUAL }, filter, (within.start.get(), within.end.get()))
}

pub(super) fn total_on(ground: Ground<'_>, filter: &Filter, (from, to): (u64, u64)) -> io::Result<u64> {
    let (mut at, mut n) = (from, 0);
    let bulk_end = to.saturating_sub(ground.sizes.left);
    while at < bulk_end {
        let sweep = Sweep { ground, filter, render: None, from: at, stop: bulk_end, end: to };
        let swept = sweep.run(&mut |span, _| {
            n += span.n_hits();
            ControlFlow::Continue(())
        })?;
        at = swept.reached;
        if !swept.is_open {
            break;
        }
        (n, at) = in_order(ground, filter, (at, to), &Budget::new(1), n)?;
    }
    if at < to {
        (n, _) = in_order(ground, filter, (at, to), &Budget::unlimited(), n)?;
    }
    Ok(n)
}

/// Counts on from `n`; says how many there are, and how far it was looked.
fn in_order(
    ground: Ground<'_>,
    filter: &Filter,
    (from, to): (u64, u64),
    budget: &Budget,
    n: u64,
) -> io::Result<(u64, u64)> {
    let mut n = n;
    let mut on_hit = |_| {
        n += 1;
        ControlFlow::Continue(())
    };
    let mut scan = Scan::new(ground.source, filter, None, budget).with_ground(ground, BLOCK_BYTES);
    let reached = scan.down(from, to, &mut on_hit)?;
    Ok((n, reached))
}
