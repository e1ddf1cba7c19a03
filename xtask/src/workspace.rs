//! Where things are: the repository and its target folders.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    // As cargo says now, not as it was when this was compiled: clones that share a target folder share this program.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    // The manifest folder is `xtask/`, always one below the root.
    manifest.parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The page as `cargo leptos build` leaves it.
pub fn site() -> PathBuf {
    root().join("target/site")
}

/// The one binary of `dist`.
pub fn dist_binary() -> PathBuf {
    root().join("target/dist/taillight")
}

/// The folder of the browser tests.
pub fn end2end() -> PathBuf {
    root().join("end2end")
}
