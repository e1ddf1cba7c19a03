//! The benchmarks by name. Adding one is a file in `bench/` and a line in [`BENCHMARKS`].

mod scan;
mod server;
mod size;
mod stream;

use anyhow::{Result, bail};

use crate::step;

/// One benchmark: it prints its figures, with the aim beside each.
pub struct Benchmark {
    /// The name on the command line.
    pub name: &'static str,
    /// What it measures, and how long it usually takes.
    pub about: &'static str,
    /// How long it usually takes.
    pub takes: &'static str,
    /// Measures and prints; an error where a stop figure is passed.
    pub run: fn() -> Result<()>,
}

const BENCHMARKS: [&Benchmark; 5] =
    [&server::FIRST_SCREEN, &server::LATENCY, &scan::SCAN, &stream::STREAM, &size::SIZE];

/// Runs the named benchmarks, or all.
pub fn bench(names: &[String]) -> Result<()> {
    for name in names {
        if !BENCHMARKS.iter().any(|bench| bench.name == name) {
            let known: Vec<_> = BENCHMARKS.iter().map(|bench| bench.name).collect();
            bail!("no benchmark `{name}`; there is: {}", known.join(", "));
        }
    }
    let wanted = |bench: &&&Benchmark| names.is_empty() || names.iter().any(|name| name == bench.name);
    for bench in BENCHMARKS.iter().filter(wanted) {
        step::timed(&format!("bench {}: {}", bench.name, bench.about), bench.takes, bench.run)?;
    }
    Ok(())
}
