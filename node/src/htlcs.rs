//! Incoming HTLCs, looked at as soon as they are there.
//!
//! LDK's background processor lets HTLCs lie for a random time, two seconds after a start and about 50 ms later on, so that an
//! observer cannot match what goes into a node with what comes out. That is the floor of every payment over it, and a payee has
//! nothing to hide that way: the last hop ends here. What is forwarded goes on without delay too, as Core Lightning does it; LDK
//! has no way to tell the two apart.

use crate::Node;
use crate::tasks::TaskResult;

/// Processes HTLCs whenever there are any, for as long as the node runs.
pub(crate) async fn process(node: Node) -> TaskResult {
    let manager = &node.inner.channel_manager;
    let stopping = node.inner.tasks.stopping();
    loop {
        // Asked for before looking, so that an HTLC that comes in between is not waited for in vain. Should LDK's own processor
        // take the wake-up for itself, it also does the work.
        let changed = manager.get_event_or_persistence_needed_future();
        if manager.needs_pending_htlc_processing() {
            manager.process_pending_htlc_forwards();
            node.inner.peer_manager.process_events();
        }
        tokio::select! {
            () = changed => {}
            () = stopping.cancelled() => return Ok(()),
        }
    }
}
