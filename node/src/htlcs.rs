//! Incoming HTLCs, looked at as soon as they are there.
//!
//! LDK's background processor lets HTLCs lie for a random time, two seconds after a start and about 50 ms later on, so that an
//! observer cannot match what goes into a node with what comes out. That is the floor of every payment over it, and a payee has
//! nothing to hide that way: the last hop ends here. What is forwarded goes on without delay too, as Core Lightning does it; LDK
//! has no way to tell the two apart.
//!
//! Only after a start they lie for a moment, until the peers are back: what cannot be forwarded to a peer goes back to the payer, who
//! would learn of a failure where there is a restart.

use crate::Node;
use crate::tasks::TaskResult;
use std::time::Duration;

/// How long the peers are waited for after a start, as in LDK's background processor.
const PEERS_BACK_WITHIN: Duration = Duration::from_secs(2);
const PEERS_CHECK: Duration = Duration::from_millis(50);

/// Processes HTLCs whenever there are any, for as long as the node runs.
///
/// Nothing can become of an HTLC before what the peer said of it is committed, so each commit tells when there is something to be
/// done. That LDK says so is not enough to do it again and again: it does for as long as a payment of ours is under way, and a task
/// that never rests keeps those from running that wait behind it. LDK's own wake-up would be the other way to learn of HTLCs; but it
/// wakes only those who wait just then, so that who else waits for it takes it from LDK's background processor.
pub(crate) async fn process(node: Node) -> TaskResult {
    let inner = &node.inner;
    let stopping = inner.tasks.stopping();
    tokio::select! {
        // Whoever is not back by then is not waited for.
        _ = tokio::time::timeout(PEERS_BACK_WITHIN, peers_back(&node)) => {}
        () = stopping.cancelled() => return Ok(()),
    }
    loop {
        // What cannot go on is put in line to go back, and goes in the second round.
        inner.channel_manager.process_pending_htlc_forwards();
        inner.channel_manager.process_pending_htlc_forwards();
        inner.peer_manager.process_events();
        tokio::select! {
            () = inner.htlcs_ready.notified() => {}
            () = stopping.cancelled() => return Ok(()),
        }
    }
}

/// Waits until every channel can be used that could be used before.
async fn peers_back(node: &Node) {
    let is_away = |node: &Node| {
        let channels = node.channels();
        channels
            .iter()
            .any(|channel| channel.is_channel_ready && !channel.is_usable)
    };
    while is_away(node) {
        tokio::time::sleep(PEERS_CHECK).await;
    }
}
