//! The pinned tools: one table, and how each is found or installed.
//!
//! Tools go to `${XDG_CACHE_HOME:-~/.cache}/taillight/tools/NAME-VERSION`, outside the repository, so that a fresh
//! clone on the same machine finds them. What PATH has in the right version is used as it is.

mod install;

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::step;

/// One pinned tool.
pub struct Tool {
    /// What a person calls it, and the first part of its folder's name.
    pub name: &'static str,
    /// The exact version; for Debian packages and targets there is none of ours.
    pub version: &'static str,
    /// How long installing usually takes on two cores.
    pub takes: &'static str,
    /// How it is installed and found.
    pub how: How,
}

/// How a tool is installed and found.
pub enum How {
    /// A compilation target of rustup.
    Target,
    /// A program from crates.io.
    Cargo {
        /// The program, where its name is not the crate's.
        program: &'static str,
        /// More words for `cargo install`.
        flags: &'static [&'static str],
        /// Whether it is built as its makers mean it to be, because its speed is measured; else quickly.
        measured: bool,
    },
    /// A program from the npm registry.
    Npm {
        /// The program, where its name is not the package's.
        program: &'static str,
    },
    /// A Debian package, there when this file is.
    Debian {
        /// The file that shows that it is installed.
        proof: &'static str,
    },
    /// The browser tests' own packages, from the lock file beside them.
    EndToEnd,
}

/// The page's compilation target.
pub const WASM: Tool = Tool { name: "wasm32-unknown-unknown", version: "", takes: "5 s", how: How::Target };

/// The target of the static binary.
pub const MUSL: Tool = Tool { name: "x86_64-unknown-linux-musl", version: "", takes: "5 s", how: How::Target };

/// Makes the JavaScript side of the page. Its version must equal the one in `Cargo.lock`; a test holds that. Without
/// `--locked`: a dependency of its own lock file was withdrawn.
pub const WASM_BINDGEN: Tool = Tool {
    name: "wasm-bindgen-cli",
    version: "0.2.130",
    takes: "3 min",
    how: How::Cargo { program: "wasm-bindgen", flags: &[], measured: false },
};

/// Builds page and server together. 0.3.10 and later need rustc 1.96.
pub const CARGO_LEPTOS: Tool = Tool {
    name: "cargo-leptos",
    version: "0.3.9",
    takes: "12 min",
    how: How::Cargo { program: "cargo-leptos", flags: &["--locked", "--features", "no_downloads"], measured: false },
};

/// Checks the licences and origins of what we depend on.
pub const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    takes: "5 min",
    how: How::Cargo { program: "cargo-deny", flags: &["--locked"], measured: false },
};

/// Has `wasm-opt`, which makes the shipped page smaller.
pub const BINARYEN: Tool =
    Tool { name: "binaryen", version: "132.0.0", takes: "20 s", how: How::Npm { program: "wasm-opt" } };

/// The browser of the tests.
pub const CHROMIUM: Tool =
    Tool { name: "chromium", version: "", takes: "1 min", how: How::Debian { proof: "/usr/bin/chromium" } };

/// The real thing, for the rotation tests.
pub const LOGROTATE: Tool =
    Tool { name: "logrotate", version: "", takes: "10 s", how: How::Debian { proof: "/usr/sbin/logrotate" } };

/// The peer that plain words are compared with.
pub const RIPGREP: Tool =
    Tool { name: "ripgrep", version: "", takes: "10 s", how: How::Debian { proof: "/usr/bin/rg" } };

/// The compiler and linker of the static binary.
pub const MUSL_GCC: Tool =
    Tool { name: "musl-tools", version: "", takes: "10 s", how: How::Debian { proof: "/usr/bin/musl-gcc" } };

/// A font with wide coverage, so that screenshots and row heights do not depend on chance.
pub const FONTS: Tool = Tool {
    name: "fonts-dejavu-core",
    version: "",
    takes: "10 s",
    how: How::Debian { proof: "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf" },
};

/// The browser tests' runner.
pub const END_TO_END: Tool = Tool { name: "end2end/node_modules", version: "", takes: "15 s", how: How::EndToEnd };

/// A peer that delivery is compared with: one socket.io event a line.
pub const FRONTAIL: Tool =
    Tool { name: "frontail", version: "4.9.2", takes: "15 s", how: How::Npm { program: "frontail" } };

/// A peer that delivery is compared with: one process a viewer, here `tail -F`.
pub const WEBSOCKETD: Tool =
    Tool { name: "websocketd", version: "", takes: "10 s", how: How::Debian { proof: "/usr/bin/websocketd" } };

/// The peer that scanning is compared with, in its newest version: [`RIPGREP`] is several years older.
pub const NEWEST_RIPGREP: Tool = Tool {
    name: "ripgrep",
    version: "15.2.0",
    takes: "2 min",
    how: How::Cargo { program: "rg", flags: &["--locked"], measured: true },
};

/// A peer that the line index is compared with.
pub const LNAV: Tool = Tool { name: "lnav", version: "", takes: "15 s", how: How::Debian { proof: "/usr/bin/lnav" } };

/// What building and serving needs: no `wasm-opt`, no browser.
pub const FOR_SERVE: [&Tool; 3] = [&WASM, &WASM_BINDGEN, &CARGO_LEPTOS];

/// What the one binary needs.
pub const FOR_DIST: [&Tool; 6] = [&WASM, &WASM_BINDGEN, &CARGO_LEPTOS, &BINARYEN, &MUSL, &MUSL_GCC];

/// What `check` needs.
pub const FOR_CHECK: [&Tool; 1] = [&WASM];

/// Everything, as `test` needs it.
pub const ALL: [&Tool; 12] = [
    &WASM,
    &MUSL,
    &CHROMIUM,
    &LOGROTATE,
    &RIPGREP,
    &MUSL_GCC,
    &FONTS,
    &BINARYEN,
    &END_TO_END,
    &WASM_BINDGEN,
    &CARGO_LEPTOS,
    &CARGO_DENY,
];

/// Installs what is missing of these tools and returns the folders to put in front of PATH.
pub fn setup(tools: &[&Tool]) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for tool in tools {
        let label = [tool.name, tool.version].join(" ");
        let label = label.trim_end();
        if install::is_missing(tool)? {
            step::timed(&format!("install {label}"), tool.takes, || install::install(tool))
                .with_context(|| format!("cannot install {label}"))?;
        }
        folders.extend(install::folder(tool)?);
    }
    Ok(folders)
}

/// The program of a tool, which is installed when it is missing.
pub fn installed(tool: &Tool) -> Result<PathBuf> {
    setup(&[tool])?;
    install::program(tool)
}

/// Whether a tool is there. For what a command can do without.
pub fn is_there(tool: &Tool) -> bool {
    matches!(install::is_missing(tool), Ok(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wasm_bindgen_has_the_version_of_the_lock_file() {
        let lock = std::fs::read_to_string(crate::workspace::root().join("Cargo.lock")).unwrap();
        let wanted = format!("name = \"wasm-bindgen\"\nversion = \"{}\"\n", WASM_BINDGEN.version);
        assert!(lock.contains(&wanted), "Cargo.lock and WASM_BINDGEN in tools.rs differ");
    }
}
