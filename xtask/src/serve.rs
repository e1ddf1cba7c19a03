//! `cargo xtask serve`: set up what is missing, build, run.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::step::{self, run, with_path};
use crate::{sample, tools, workspace};

/// The options of `taillight serve` that take a value in the next word. It must not be taken for a PATH.
const WITH_VALUE: [&str; 8] =
    ["--listen", "--config", "--base-path", "--auth", "--log-format", "--heartbeat", "--data-dir", "--cache-dir"];

/// Builds page and server and becomes the server. `args` are those of `taillight serve`.
pub fn serve(args: &[String]) -> Result<()> {
    let folders = tools::setup(&tools::FOR_SERVE)?;
    step::timed("page and server, for development", "10 s warm, 6 min cold", || {
        run(with_path(&mut step::command("cargo leptos build --cargo-locked"), &folders)?)
    })?;
    let mut server = Command::new(workspace::target().join("debug/taillight"));
    server.arg("serve").args(args.iter().filter(|arg| *arg != "--")).env("LEPTOS_SITE_ROOT", workspace::site());
    if !names_something(args) {
        server.arg(sample::write_and_grow()?);
    }
    println!();
    // In place of this process: signals then reach the server and nothing else.
    Err(server.exec()).context("cannot start the server")
}

/// Whether the arguments say what to serve: a path, or a configuration that may.
fn names_something(args: &[String]) -> bool {
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let option = word.split('=').next().unwrap_or_default();
        if option == "--config" || word == "-" || !word.starts_with('-') {
            return true;
        }
        if WITH_VALUE.contains(&word.as_str()) {
            words.next();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_logs_are_for_arguments_that_name_nothing_to_serve() {
        let table: [(&[&str], bool); 8] = [
            (&[], false),
            (&["--listen", "127.0.0.1:0"], false),
            (&["--listen=127.0.0.1:0", "--poll"], false),
            (&["--auth", "none", "/var/log"], true),
            (&["web=/var/log"], true),
            (&["-"], true),
            (&["--config", "taillight.toml"], true),
            (&["--config=taillight.toml"], true),
        ];
        for (args, expected) in table {
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            assert_eq!(names_something(&args), expected, "{args:?}");
        }
    }
}
