//! The daemon.

use std::process::ExitCode;

fn main() -> ExitCode {
    boltilld::run(std::env::args_os())
}
