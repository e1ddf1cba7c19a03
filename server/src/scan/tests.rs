//! The scan room against plain definitions: line by line, term by term.

mod counts;
mod hits;
mod hostile;
mod moment;
pub(in crate::scan) mod oracle;
mod rations;
mod semantics;
mod shared;
mod together;
