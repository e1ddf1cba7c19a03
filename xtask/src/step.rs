//! Running one command: printed so that a person can run it by hand, timed, and with a clear error.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Announces a step and how long it usually takes.
pub fn announce(what: &str, takes: &str) {
    println!("\n==> {what} (usually {takes})");
}

/// Announces a step, runs it and prints how long it took.
pub fn timed<T>(what: &str, takes: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    announce(what, takes);
    let began = Instant::now();
    let done = run();
    let verdict = if done.is_ok() { "done" } else { "FAILED" };
    println!("<== {what}: {verdict} in {}", human(began.elapsed()));
    done
}

/// A duration for people.
pub fn human(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..120 => format!("{} s", time.as_secs()),
        long => format!("{} min {} s", long / 60, long % 60),
    }
}

/// A command in the root of the repository, from the words of a shell line (no quoting).
pub fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    // A backtrace of a tool that says what is wrong only hides it.
    command.args(words).current_dir(workspace::root()).env("RUST_BACKTRACE", "0");
    command
}

/// Puts folders in front of PATH for a command.
pub fn with_path<'a>(command: &'a mut Command, folders: &[PathBuf]) -> Result<&'a mut Command> {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(std::env::split_paths(&old));
    let path: OsString = std::env::join_paths(all).context("a tool folder has a colon in its name")?;
    Ok(command.env("PATH", path))
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("cannot start {}", program(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a command to its end, prints its standard output as it comes and hands every line to `line`.
pub fn run_read(command: &mut Command, mut line: impl FnMut(&str)) -> Result<()> {
    println!("$ {}", shown(command));
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {}", program(command)))?;
    let output = child.stdout.take().context("no standard output")?;
    for bytes in BufReader::new(output).split(b'\n') {
        let text = String::from_utf8_lossy(&bytes?).into_owned();
        println!("{text}");
        line(&text);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// What a command prints, or `None` when it is missing or fails.
pub fn output_of(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The full path of a program on PATH.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
