//! Incoming HTLCs, looked at as soon as they are there.
//!
//! LDK's background processor lets HTLCs lie for a random time, two seconds after a start and about 50 ms later on, so that an
//! observer cannot match what goes into a node with what comes out. That is the floor of every payment over it, and a payee has
//! nothing to hide that way: the last hop ends here. What is forwarded goes on without delay too, as Core Lightning does it; LDK
//! has no way to tell the two apart.

use crate::Node;
use crate::tasks::TaskResult;

/// Processes HTLCs whenever there are any, for as long as the node runs.
///
/// `Gatekeeper` tells of them, when messages have come in or a commit lets them go on. LDK's own wake-up would be the other way to learn
/// of them; but it wakes only those who wait just then, so that who else waits for it takes it from LDK's background processor,
/// and every event has to lie until its next tick, for 10 s or more.
pub(crate) async fn process(node: Node) -> TaskResult {
    let manager = &node.inner.channel_manager;
    let stopping = node.inner.tasks.stopping();
    loop {
        if manager.needs_pending_htlc_processing() {
            manager.process_pending_htlc_forwards();
            node.inner.peer_manager.process_events();
        }
        tokio::select! {
            () = node.inner.htlcs_ready.notified() => {}
            () = stopping.cancelled() => return Ok(()),
        }
    }
}
