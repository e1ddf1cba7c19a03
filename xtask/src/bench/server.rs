//! The benchmarks of `server/benches`: a real server, real files, real sockets.

use anyhow::Result;

use super::Benchmark;
use crate::step::{command, run};

/// The first screen of a huge file beside that of a small one.
pub const FIRST_SCREEN: Benchmark = Benchmark {
    name: "first-screen",
    about: "time of the first screen, 100 GB beside 1 MB",
    takes: "10 s warm, 5 min cold",
    run: || cargo_bench("first_screen"),
};

/// From an append to its frame.
pub const LATENCY: Benchmark = Benchmark {
    name: "latency",
    about: "from an append to its frame, on a server at rest",
    takes: "20 s warm, 5 min cold",
    run: || cargo_bench("latency"),
};

fn cargo_bench(name: &str) -> Result<()> {
    run(&mut command(&format!("cargo bench --locked -p server --bench {name}")))
}
