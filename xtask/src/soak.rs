//! `cargo xtask soak`: the trials of CI with larger numbers, and what takes an hour.
//!
//! Every part runs, whatever became of the one before; the summary has the figures that the parts printed. Ctrl+C reaches
//! whatever runs, for it is all in one group of processes; folders it leaves are cleared away by the next run.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::step::{self, command, human, run_read, with_path};
use crate::{dist, tools, workspace};

/// How long the mixed load and the page are left alone, unless said otherwise.
const MINUTES: u64 = 60;

/// How much larger than in CI the trials are.
const SCALE: &str = "10";

/// How many random programs the model of the follower is tried with.
const MODEL_PROGRAMS: &str = "1000000";

/// Words of lines that are figures, for the summary.
const FIGURES: [&str; 9] = ["test result", "programs in", "aim", " lost", "MB", "slope", "p99", "passed", "FAILED"];

/// What came of one part.
struct Part {
    name: &'static str,
    took: Duration,
    /// Why it failed.
    failure: Option<String>,
    figures: Vec<String>,
}

/// Runs all parts. `args`: how many minutes the long ones take.
pub fn soak(args: &[String]) -> Result<()> {
    let minutes = match args {
        [] => MINUTES,
        [one] => one.parse().ok().filter(|minutes| *minutes > 0).with_context(|| format!("not minutes: `{one}`"))?,
        _ => bail!("`soak` takes one argument: how many minutes"),
    };
    let folders = tools::setup(&tools::ALL)?;
    let folder = workspace::target().join("soak");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    dist::dist()?;
    let began = Instant::now();
    let mut parts = Vec::new();
    for (name, takes, mut command) in plan(minutes) {
        with_path(&mut command, &folders)?;
        command.env("TRIAL_FOLDER", &folder);
        parts.push(part(name, &takes, &mut command));
    }
    let _ = fs::remove_dir_all(&folder);
    summary(&parts, began.elapsed())
}

/// The parts in their order: those that find most come first.
fn plan(minutes: u64) -> Vec<(&'static str, String, Command)> {
    let release = |words: &str| {
        let mut test = command("cargo test --release --locked --no-fail-fast");
        dist::as_shipped(&mut test);
        test.args(words.split_whitespace());
        test
    };
    // One at a time: their figures are of one server and the whole machine.
    let mut trials = release("-p trial -- --test-threads=1 --nocapture");
    trials.env("TRIAL_SCALE", SCALE);
    let mut model = release("-p server --lib tail:: -- --nocapture");
    model.env("TRIAL_SCALE", SCALE).env("TAILLIGHT_MODEL_CASES", MODEL_PROGRAMS);
    let mut load = command("cargo run --release --locked -p trial");
    dist::as_shipped(&mut load);
    load.args(["--", "leak", "--minutes", &minutes.to_string()]);
    let mut page = command("npx --no-install playwright test soak reconnect");
    page.current_dir(workspace::end2end()).env("TAILLIGHT_BIN", workspace::dist_binary());
    page.env("SOAK_MINUTES", minutes.to_string()).env("FREEZE_SECS", "60");
    let long = format!("{minutes} min");
    vec![
        ("trials of the server, 10 times CI's size", "60 min".to_owned(), trials),
        ("model of the follower, 1,000,000 programs", "30 min".to_owned(), model),
        ("mixed load: memory and handles", long.clone(), load),
        ("the page left alone, and a frozen tab", long, page),
    ]
}

fn part(name: &'static str, takes: &str, command: &mut Command) -> Part {
    let began = Instant::now();
    let mut figures = Vec::new();
    let done = step::timed(name, takes, || {
        run_read(command, |line| {
            if FIGURES.iter().any(|word| line.contains(word)) {
                figures.push(line.trim().to_owned());
            }
        })
    });
    Part { name, took: began.elapsed(), failure: done.err().map(|why| format!("{why:#}")), figures }
}

fn summary(parts: &[Part], took: Duration) -> Result<()> {
    println!("\n==> summary");
    for Part { name, took, failure, figures } in parts {
        let verdict = if failure.is_some() { "FAILED" } else { "done" };
        println!("\n{name}: {verdict} in {}", human(*took));
        figures.iter().for_each(|line| println!("    {line}"));
        failure.iter().for_each(|why| println!("    {why}"));
    }
    let failed: Vec<_> = parts.iter().filter(|part| part.failure.is_some()).map(|part| part.name).collect();
    println!("\nsoak: {} of {} parts without a fault, in {}", parts.len() - failed.len(), parts.len(), human(took));
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}
