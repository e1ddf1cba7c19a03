//! The scan room against plain definitions: line by line, term by term.

mod counts;
mod hits;
mod hostile;
pub(super) mod oracle;
mod semantics;
mod shared;
