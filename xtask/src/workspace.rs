//! Where things are: the repository and its target folders.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    // The manifest folder is `xtask/`, always one below the root.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
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
