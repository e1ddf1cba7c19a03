//! Delivery of live lines beside the programs that do the same. What is measured and how is in `server/trial/src/bench.rs`.

use std::process::Command;

use anyhow::Result;

use super::Benchmark;
use crate::step::run;
use crate::tools::{self, FRONTAIL, WEBSOCKETD};
use crate::{dist, workspace};

/// Latency, cost and memory of delivery, from 1 to 10,000 viewers.
pub const STREAM: Benchmark = Benchmark {
    name: "stream",
    about: "live lines to 1 to 10,000 viewers, beside frontail, websocketd and the seed's way",
    takes: "6 min warm, 20 min cold",
    run: stream,
};

/// The server is the release build of this tree inside `trial`, or `TAILLIGHT_BIN`.
fn stream() -> Result<()> {
    let trial = dist::release("build", &["-p", "trial"])?.join("trial");
    let mut bench = Command::new(trial);
    bench.arg("bench-stream").current_dir(workspace::root());
    for (tool, option) in [(&FRONTAIL, "--frontail"), (&WEBSOCKETD, "--websocketd")] {
        match tools::installed(tool) {
            Ok(program) => drop(bench.arg(option).arg(program)),
            Err(why) => println!("NOT COMPARED with {}: {why:#}", tool.name),
        }
    }
    run(&mut bench)
}
