//! A part of a file as one of several threads judges it, for who has threads of its own to share among many files.

use std::io;
use std::ops::Range;

use taillight::line::ByteOffset;

use super::span::Span;
use super::units::{Ground, Sizes};
use super::{Budget, Filter, Hit};
use crate::index::BLOCK_BYTES;
use crate::source::Source;

/// How far above a line its time may stand, in bytes: what a source that is read in order has to keep.
pub const REACH_BYTES: u64 = Sizes::USUAL.reach;

/// How many of the matching lines of a piece are told by their places.
const FIRST_HITS: usize = 5;

/// The matching lines that start in a part of a file. All but the last [`Piece::LEFT_BYTES`] of a file can be judged in
/// pieces side by side; those are left to [`super::hits_down`], as is each line at which a piece ends early.
#[derive(Debug)]
pub struct Piece {
    span: Span,
    len: u64,
}

impl Piece {
    /// How long a piece should be.
    pub const BYTES: u64 = Sizes::USUAL.span;
    /// What is left at the end of a file: more than is looked at of a line.
    pub const LEFT_BYTES: u64 = Sizes::USUAL.left;

    /// The lines that start in `within` of a source that is read up to `end`; `at_start` when a line is known to start
    /// where it begins.
    pub fn new(within: Range<u64>, at_start: bool, end: ByteOffset) -> Self {
        let len = within.end.saturating_sub(within.start);
        let span = Span::new((within.start, at_start), within.end, end.get(), BLOCK_BYTES);
        Self { span: span.with_first(FIRST_HITS), len }
    }

    /// Judges on; whether it is done. `false` when the budget is spent before.
    ///
    /// # Errors
    /// When reading fails; [`crate::source::is_gone`] when the source is shorter than was said.
    pub fn judge(&mut self, source: &dyn Source, filter: &Filter, budget: &Budget) -> io::Result<bool> {
        self.span.judge(Ground { source, index: None, sizes: Sizes::USUAL }, std::slice::from_ref(filter), budget)
    }

    /// How many bytes it is of.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it is of no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many lines match.
    pub fn n_hits(&self) -> u64 {
        self.span.n_hits()
    }

    /// The first of them, a few.
    pub fn first(&self) -> &[Hit] {
        self.span.told.first().map_or(&[], |told| &told.first)
    }

    /// The start of the first line after it, when it is judged and has a line.
    pub fn next(&self) -> Option<ByteOffset> {
        self.span.next.map(ByteOffset::new)
    }

    /// The start of the line at which it ends early: that line is to be judged by itself, what comes after it anew.
    pub fn open(&self) -> Option<ByteOffset> {
        self.span.open.map(ByteOffset::new)
    }
}
