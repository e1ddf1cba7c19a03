//! The scan room: which lines of a source match a query, found by engine over whole units, and counted per block.
//!
//! Read [`Filter`] first (a query, compiled), then [`hits_down`] and [`hits_up`] (bounded work over a part of a
//! source), then [`View`] (the counts of all matching lines, shared and kept up to date).
//!
//! # What a line is to a query
//! Its bytes without line feed, of those the first [`MAX_LINE_BYTES`], of those without escapes and without a carriage
//! return at the end ([`taillight::ansi::plain`]). The engine never sees lines one by one where it can be helped: it
//! runs over units of many lines, and patterns are rewritten so that they mean the same there (`pattern`).

mod apart;
mod budget;
mod clean;
mod clock;
mod driver;
mod facts;
mod filter;
mod hits;
mod judge;
mod moment;
mod needle;
mod node;
pub mod page;
mod pattern;
mod piece;
pub mod rows;
mod searcher;
mod sifter;
mod span;
mod survey;
mod sweep;
#[cfg(test)]
pub(in crate::scan) mod tests;
mod total;
mod units;
mod view;
mod views;

use taillight::line::ByteOffset;

pub use budget::Budget;
pub use facts::{Census, Facts};
pub use filter::{BadQuery, Filter, has_regex};
pub use hits::{hits_by_facts, hits_down, hits_up};
pub use moment::{Moment, moment};
pub use piece::{Piece, REACH_BYTES};
pub use sifter::Sifter;
pub use span::Render;
pub use survey::{Charset, Survey, survey, survey_stream};
pub use sweep::{Rendered, rendered};
pub use total::total;
pub use view::{Ration, Rations, View, Whole};
pub use views::Views;

/// How much of a line is looked at, in bytes.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;

/// A line that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where it starts.
    pub start: ByteOffset,
    /// After its line feed, or the end of what is readable.
    pub end: ByteOffset,
    /// Whether it has its line feed.
    pub finished: bool,
}
