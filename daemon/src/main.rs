//! The daemon.

use std::panic;
use std::process::{ExitCode, abort};

fn main() -> ExitCode {
    end_at_a_panic();
    boltilld::run(std::env::args_os())
}

/// A panic is a fault of ours, and nobody knows what it has left half done: the process ends as at a power cut, which everything
/// here is made for, and says why. Without this a client whose command panics would wait for ever.
fn end_at_a_panic() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        tracing::error!("boltilld has a fault and ends: {panic}");
        report(panic);
        abort()
    }));
}
