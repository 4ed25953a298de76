//! The `scorekeeper` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    scorekeeper::cli::run()
}
