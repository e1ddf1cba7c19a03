//! Stand-in for the branch `tail`, which owns this file.

use crate::tasks::Tasks;

/// Stand-in.
#[derive(Clone, Debug)]
pub struct Tails;

impl Tails {
    /// Stand-in.
    pub fn new(_tasks: &Tasks) -> Self {
        Self
    }
}
