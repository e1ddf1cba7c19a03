//! `cargo xtask dist`: one release binary with the page inside, and how large both are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::{self, run, with_path};
use crate::tools::{self, MUSL, MUSL_GCC};
use crate::workspace;

/// The WASM in brotli, as it goes over the wire: what we aim at, in bytes.
const WASM_AIM: u64 = 200_000;

/// The WASM in brotli: what we do not pass.
const WASM_STOP: u64 = 300_000;

/// What `dist` made, in bytes.
pub struct Sizes {
    binary: u64,
    wasm: u64,
    wasm_brotli: u64,
}

/// Builds the page, then the server with the page inside it, and prints the sizes.
pub fn dist() -> Result<Sizes> {
    let folders = tools::setup(&tools::FOR_DIST)?;
    step::timed("the page, for release", "1 min warm, 5 min cold", || page(&folders))?;
    step::timed("the server with the page inside", "1 min warm, 7 min cold", server)?;
    let sizes = Sizes::measure()?;
    sizes.print();
    Ok(sizes)
}

/// The page in `target/site`, optimised and compressed.
fn page(folders: &[PathBuf]) -> Result<()> {
    let line = "cargo leptos build --release --frontend-only --precompress --cargo-locked";
    run(with_path(&mut step::command(line), folders)?)
}

fn server() -> Result<()> {
    let folder = release("build", &["-p", "server", "--features", "embed"])?;
    let binary = workspace::dist_binary();
    fs::create_dir_all(binary.parent().context("the root has no target folder")?)?;
    // Removed first: a running binary cannot be written over, but its name can be given to another.
    let _ = fs::remove_file(&binary);
    fs::copy(folder.join("taillight"), &binary).context("the build left no binary")?;
    Ok(())
}

/// Runs `cargo COMMAND --release` as for the shipped binary: static where that is possible. Returns the folder with what
/// was built.
pub fn release(command: &str, words: &[&str]) -> Result<PathBuf> {
    let mut build = step::command(&format!("cargo {command} --release --locked"));
    let folder = as_shipped(build.args(words));
    run(&mut build)?;
    Ok(folder)
}

/// Adds to a release build what the shipped binary is built with; the folder where it puts what it builds.
pub fn as_shipped(build: &mut Command) -> PathBuf {
    let mut folder = workspace::target();
    if tools::is_there(&MUSL) && tools::is_there(&MUSL_GCC) {
        build.args(["--target", MUSL.name]);
        folder.push(MUSL.name);
    } else {
        println!("note: no {} here, so this binary needs the glibc of this machine or a newer one", MUSL.name);
    }
    folder.join("release")
}

impl Sizes {
    fn measure() -> Result<Self> {
        let package = workspace::site().join("pkg");
        Ok(Self {
            binary: length(&workspace::dist_binary())?,
            wasm: length(&package.join("taillight.wasm"))?,
            wasm_brotli: length(&package.join("taillight.wasm.br"))?,
        })
    }

    fn print(&self) {
        println!("binary: {} bytes ({})", self.binary, workspace::dist_binary().display());
        println!("WASM: {} bytes, {} in brotli (aim {WASM_AIM}, stop {WASM_STOP})", self.wasm, self.wasm_brotli);
    }

    /// Fails when the page is larger than we promise.
    pub fn check_budget(&self) -> Result<()> {
        if self.wasm_brotli > WASM_STOP {
            bail!("the WASM is {} bytes in brotli: more than the budget of {WASM_STOP}", self.wasm_brotli);
        }
        Ok(())
    }
}

fn length(file: &Path) -> Result<u64> {
    Ok(file.metadata().with_context(|| format!("{} is missing", file.display()))?.len())
}
