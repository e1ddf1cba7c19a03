//! Stand-in for the branch `door`, which owns this file.

/// Stand-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Stand-in.
    pub connections: usize,
    /// Stand-in.
    pub head_timeout: std::time::Duration,
}
