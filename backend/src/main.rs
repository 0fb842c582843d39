//! The `cairn` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    backend::cli::run(std::env::args_os())
}
