//! `cargo xtask test` and `check`: the same steps for a person and for CI.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::step::{self, command, human, run, run_read, with_path};
use crate::tally::Tally;
use crate::{dist, tools, workspace};

/// One native dependency build for all packages: `-p` of each, never `--workspace`, which would unify `ssr` with
/// `hydrate` and test a program nobody ships.
const NATIVE: &str = "-p taillight -p app -p server -p needle -p trial -p xtask --features app/ssr --locked";

/// The same for the page's side.
const PAGE: &str = "-p app -p frontend --features app/hydrate --target wasm32-unknown-unknown --locked";

/// What has been done so far.
#[derive(Default)]
struct Suite {
    tally: Tally,
    failures: Vec<String>,
}

/// Every test and lint. Goes on after a failure, so that one run tells all.
pub fn test() -> Result<()> {
    let began = Instant::now();
    let folders = tools::setup(&tools::ALL)?;
    let mut suite = Suite::default();
    suite.lints();
    suite.step("licences and origins", "10 s", || {
        let mut deny = command("cargo deny --locked --workspace check bans licenses sources");
        run(with_path(&mut deny, &folders)?)
    });
    suite.tests("tests of core, app, server and house", "2 min warm, 8 min cold", &mut command(&cargo_test()));
    if let Some(sizes) = suite.step("the binary", "2 min warm, 12 min cold", dist::dist) {
        suite.step("size budget", "nothing", || sizes.check_budget());
        let mut browser = command("npx --no-install playwright test");
        browser.current_dir(workspace::end2end()).env("TAILLIGHT_BIN", workspace::dist_binary());
        suite.tests("browser tests", "5 min", &mut browser);
    }
    suite.end(began)
}

/// Format, house rules, lints and the quick tests.
pub fn check() -> Result<()> {
    let began = Instant::now();
    tools::setup(&tools::FOR_CHECK)?;
    let mut suite = Suite::default();
    suite.lints();
    suite.tests("house rules", "5 s", &mut command("cargo test --locked -p xtask"));
    suite.tests("tests of the core", "10 s", &mut command("cargo test --locked -p taillight"));
    suite.end(began)
}

fn cargo_test() -> String {
    format!("cargo test --no-fail-fast {NATIVE}")
}

impl Suite {
    /// What the compiler and its friends say.
    fn lints(&mut self) {
        self.step("format", "2 s", || run(&mut command("cargo fmt --check")));
        self.step("lints", "10 s warm, 5 min cold", || {
            run(&mut command(&format!("cargo clippy {NATIVE} --all-targets -- -D warnings")))
        });
        self.step("lints of the page", "5 s warm, 3 min cold", || {
            run(&mut command(&format!("cargo clippy {PAGE} -- -D warnings")))
        });
        self.step("documentation", "10 s", || {
            let mut doc = command(
                "cargo doc --no-deps --locked -p taillight -p app -p server -p needle -p trial --features app/ssr",
            );
            run(doc.env("RUSTDOCFLAGS", "-D warnings"))
        });
    }

    /// A step that passes or fails as a whole.
    fn step<T>(&mut self, what: &str, takes: &str, run: impl FnOnce() -> Result<T>) -> Option<T> {
        match step::timed(what, takes, run) {
            Ok(value) => {
                self.tally.passed += 1;
                Some(value)
            }
            Err(why) => {
                eprintln!("{why:#}");
                self.tally.failed += 1;
                self.failures.push(what.to_owned());
                None
            }
        }
    }

    /// A test runner: its own counts are added. One that fails without a count (it did not build) counts as one.
    fn tests(&mut self, what: &str, takes: &str, runner: &mut std::process::Command) {
        let mut counted = Tally::default();
        let done = step::timed(what, takes, || run_read(runner, |line| counted.read(line)));
        if let Err(why) = done {
            eprintln!("{why:#}");
            counted.failed = counted.failed.max(1);
            self.failures.push(what.to_owned());
        }
        self.tally = self.tally.and(counted);
    }

    /// The closing lines.
    fn end(self, began: Instant) -> Result<()> {
        let Tally { passed, failed } = self.tally;
        println!("\nall of it took {}\ntest-suite: {passed} passed, {failed} failed", human(began.elapsed()));
        if !self.failures.is_empty() {
            bail!("failed: {}", self.failures.join(", "));
        }
        Ok(())
    }
}
