//! The program `taillight`.

use std::process::ExitCode;

#[cfg(target_env = "musl")]
use mimalloc::MiMalloc;

/// The allocator of musl gives each large buffer back to the system at once, which stops all threads for a moment: a page
/// took four times as long. Huge pages are off, for they doubled the memory of viewers.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    server::cli::run()
}
