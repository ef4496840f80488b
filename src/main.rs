//! The `backstory` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    backstory::engine::exit_on_panic();
    backstory::cli::main()
}
