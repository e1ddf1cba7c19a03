//! The few commands of the README: `cargo xtask setup | serve | test | check | bench | soak | dist`.

// Printing is what these commands are for.
#![expect(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod dist;
mod sample;
mod serve;
mod soak;
mod step;
mod suite;
mod tally;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask COMMAND

  setup             install what is missing: the pinned tools, the browser, the test runner
  serve [PATH...]   build and run; without a PATH it writes sample logs that grow; options go to `taillight serve`
  test              every test, the browser ones included, and the lints: what CI runs
  check             format, house rules, lints and the quick tests
  bench [NAME...]   benchmarks, all of them or those named
  soak [MINUTES]    the trials of the server, larger than in `test`, and an hour (or MINUTES) of mixed load and of the page
  dist              one release binary with the page inside: target/dist/taillight";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let (command, rest) = args.split_first().map_or(("help", args), |(first, rest)| (first.as_str(), rest));
    match command {
        "serve" => return serve::serve(rest),
        "bench" => return bench::bench(rest),
        "soak" => return soak::soak(rest),
        sample::GROW_COMMAND => return sample::grow(rest),
        _ => {}
    }
    if let Some(extra) = rest.first() {
        bail!("`{command}` takes no argument, but got `{extra}`");
    }
    match command {
        "setup" => tools::setup(&tools::ALL).map(|_| println!("everything is there")),
        "test" => suite::test(),
        "check" => suite::check(),
        "dist" => dist::dist().map(drop),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("no command `{other}`; `cargo xtask help` lists them"),
    }
}
