//! The program `taillight`.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::run()
}
