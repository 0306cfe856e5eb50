//! What the program and the microbenchmarks have in common.

pub mod cpu;
pub mod process;
pub mod sample;
