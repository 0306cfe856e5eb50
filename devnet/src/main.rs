//! An embedded regtest chain and small networks of nodes on it.
fn main() {}
