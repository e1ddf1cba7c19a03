//! Counting, finding and filtering lines beside the programs that do the same. What is measured and how is in
//! `server/trial/src/bench_scan.rs`.

use std::process::Command;

use anyhow::Result;

use super::Benchmark;
use crate::step::run;
use crate::tools::{self, LNAV, NEWEST_RIPGREP, RIPGREP};
use crate::{dist, workspace};

/// The line index, searches and views, over 2 GB in memory.
pub const SCAN: Benchmark = Benchmark {
    name: "scan",
    about: "lines counted, found and filtered in 2 GB, beside ripgrep, GNU grep, wc, sed and lnav",
    takes: "5 min warm, 20 min cold",
    run: scan,
};

/// The server is the release build of this tree inside `trial`, or `TAILLIGHT_BIN`.
fn scan() -> Result<()> {
    let trial = dist::release("build", &["-p", "trial"])?.join("trial");
    let mut bench = Command::new(trial);
    bench.arg("bench-scan").current_dir(workspace::root());
    for tool in [&RIPGREP, &NEWEST_RIPGREP] {
        let version = if tool.version.is_empty() { "of Debian" } else { tool.version };
        match tools::installed(tool) {
            Ok(program) => drop(bench.arg("--ripgrep").arg(format!("ripgrep {version}={}", program.display()))),
            Err(why) => println!("NOT COMPARED with ripgrep {version}: {why:#}"),
        }
    }
    match tools::installed(&LNAV) {
        Ok(program) => drop(bench.arg("--lnav").arg(program)),
        Err(why) => println!("NOT COMPARED with lnav: {why:#}"),
    }
    run(&mut bench)
}
