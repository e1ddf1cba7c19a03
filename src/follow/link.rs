//! The connection.
#[derive(Debug)]
pub(super) struct Link;
impl Link {
    pub(super) fn new(_seed: u64) -> Self {
        Self
    }
}
