//! The program `trial`: the parts of the library as processes, to be killed, stopped and limited one by one. As `trial
//! taillight …` it is the server itself, so that a test always runs the server of its own build.

mod program;

use std::process::ExitCode;

#[cfg(target_env = "musl")]
use mimalloc::MiMalloc;

/// As the server's.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    if args.peek().is_some_and(|command| command == "taillight") {
        return server::cli::run_with(args);
    }
    match args.peek().and_then(|command| command.to_str()) {
        Some("bench-stream") => trial::bench::main(args),
        Some("bench-scan") => trial::bench_scan::main(args),
        Some("leak") => trial::bench::leak::main(args),
        Some("seed") => trial::bench::seed::main(),
        _ => program::run(),
    }
}
