//! Peers that mean no good: what they send is refused and written down with their names, nothing of it stays, and others do not
//! notice. The attacker is alice's neighbour; bob is the one who is attacked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod attacked;
mod channels;
mod connections;
mod messages;
mod noise;
mod words;

/// How many try the same thing where one alone would not be noticed.
const MANY: usize = 300;
