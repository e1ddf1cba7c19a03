//! How each kind of tool is found and installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{How, Tool};
use crate::step::{self, on_path, output_of, run};
use crate::workspace;

/// Building tools at full optimisation would take more than twice as long, for programs that run seconds.
const FAST_BUILD: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

/// Whether a tool is not there in its version.
pub fn is_missing(tool: &Tool) -> Result<bool> {
    Ok(match &tool.how {
        How::Target => {
            let installed = step::command("rustup target list --installed").output().context("cannot run rustup")?;
            !String::from_utf8_lossy(&installed.stdout).lines().any(|line| line == tool.name)
        }
        How::Cargo { program, .. } | How::Npm { program } => {
            !on_path_in_version(program, tool.version) && !home(tool)?.join(bin(tool)).join(program).exists()
        }
        How::Debian { proof } => !Path::new(proof).exists(),
        How::EndToEnd => {
            let folder = workspace::end2end();
            let modified = |name: &str| folder.join(name).metadata().and_then(|facts| facts.modified()).ok();
            // npm writes this file last; a lock file that is newer was changed since.
            modified("node_modules/.package-lock.json") < modified("package-lock.json")
        }
    })
}

/// The folder that must be on PATH for a tool, if it is one of ours.
pub fn folder(tool: &Tool) -> Result<Option<PathBuf>> {
    Ok(match &tool.how {
        How::Cargo { program, .. } | How::Npm { program } if !on_path_in_version(program, tool.version) => {
            Some(home(tool)?.join(bin(tool)))
        }
        _ => None,
    })
}

/// Where a tool's program is: in its folder, or on PATH.
pub fn program(tool: &Tool) -> Result<PathBuf> {
    let name = match &tool.how {
        How::Cargo { program, .. } | How::Npm { program } => program,
        How::Debian { proof } => return Ok(PathBuf::from(proof)),
        How::Target | How::EndToEnd => bail!("{} is no program", tool.name),
    };
    match folder(tool)? {
        Some(folder) => Ok(folder.join(name)),
        None => on_path(name).with_context(|| format!("no {name} on PATH")),
    }
}

/// Installs a tool.
pub fn install(tool: &Tool) -> Result<()> {
    match &tool.how {
        How::Target => run(step::command("rustup target add").arg(tool.name)),
        How::Cargo { flags, measured, .. } => cargo_install(tool, flags, *measured),
        How::Npm { .. } => {
            let home = home(tool)?;
            fs::create_dir_all(&home)?;
            let package = format!("{}@{}", tool.name, tool.version);
            run(npm()?.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&home).arg(package))
        }
        How::Debian { .. } => debian_install(tool.name),
        How::EndToEnd => run(npm()?
            .args(["ci", "--no-audit", "--no-fund"])
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
            .current_dir(workspace::end2end())),
    }
}

fn cargo_install(tool: &Tool, flags: &[&str], measured: bool) -> Result<()> {
    let home = home(tool)?;
    // A target folder of its own: the repository's would be locked by, and filled for, this build.
    let build = home.with_file_name(format!("{}-{}.build", tool.name, tool.version));
    fs::create_dir_all(&build)?;
    let mut install = Command::new("cargo");
    install.args(["install", "--quiet", tool.name, "--version", &format!("={}", tool.version)]).args(flags);
    install.arg("--root").arg(&home);
    if !measured {
        install.envs(FAST_BUILD);
    }
    // Outside the repository, whose cargo settings are not for tools. No dependency may need a newer rustc than ours.
    install.current_dir(&build).env("CARGO_TARGET_DIR", &build).env_remove("RUSTFLAGS");
    install.env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback");
    let done = run(&mut install);
    fs::remove_dir_all(&build)?;
    done
}

fn debian_install(package: &str) -> Result<()> {
    let Some(apt) = on_path("apt-get") else { bail!("there is no apt-get here: install `{package}` by hand") };
    let is_root = output_of(Path::new("id"), "-u").is_some_and(|id| id.trim() == "0");
    let apt_get = || {
        let mut command = if is_root { Command::new(&apt) } else { Command::new("sudo") };
        if !is_root {
            command.arg("-n").arg(&apt);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run(apt_get().args(["update", "-qq"]))
        .and_then(|()| run(apt_get().args(["install", "-y", "-qq", "--no-install-recommends", package])))
        .with_context(|| format!("run as root: apt-get install {package}"))
}

/// npm, with a clear word when it is missing.
fn npm() -> Result<Command> {
    let npm = on_path("npm").context("npm is missing: install Node 20 or newer")?;
    Ok(Command::new(npm))
}

/// The folder of one tool and version.
fn home(tool: &Tool) -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = match cache {
        Some(cache) => cache,
        None => {
            PathBuf::from(std::env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?).join(".cache")
        }
    };
    Ok(cache.join("taillight/tools").join(format!("{}-{}", tool.name, tool.version)))
}

/// Where the programs are in a tool's folder.
fn bin(tool: &Tool) -> &'static str {
    if matches!(tool.how, How::Npm { .. }) { "node_modules/.bin" } else { "bin" }
}

/// Whether PATH has the program, and it says the version we pin. `wasm-opt` says only the first part of it.
fn on_path_in_version(program: &str, version: &str) -> bool {
    let short = version.strip_suffix(".0.0").unwrap_or(version);
    let said = on_path(program).and_then(|file| output_of(&file, "--version")).unwrap_or_default();
    said.split_whitespace().any(|word| word == short)
}
