//! How large the binary and the page are.

use super::Benchmark;
use crate::dist;

/// Builds the binary of `dist` and prints its sizes.
pub const SIZE: Benchmark = Benchmark {
    name: "size",
    about: "bytes of the binary and of the page on the wire",
    takes: "1 min warm, 12 min cold",
    run: || dist::dist()?.check_budget(),
};
