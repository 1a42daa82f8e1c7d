//! Starts the program.

use std::process::ExitCode;

fn main() -> ExitCode {
    mailbeat_agent::commands::main()
}
