//! An onion message that needs a connection first.

use super::EventHandler;
use crate::peers::reachable;
use bitcoin::secp256k1::PublicKey;
use lightning::ln::msgs::SocketAddress;

impl EventHandler {
    /// Connects, as an errand: LDK tells this once and sends the message as soon as the peer is there.
    pub(super) fn on_connection_needed(&self, node_id: PublicKey, addresses: Vec<SocketAddress>) {
        let node = self.node.clone();
        if node.config().fetchinvoice_noconnect {
            tracing::debug!("an onion message for {node_id} is not sent: fetchinvoice-noconnect is set");
            return;
        }
        node.inner.tasks.clone().spawn_errand(async move {
            let targets = addresses.iter().filter_map(|address| reachable(node_id, address));
            for target in targets.map(Some).chain([None]) {
                match node.connect(node_id, target).await {
                    Ok(_) => return,
                    Err(error) => tracing::debug!("no connection to {node_id} for an onion message: {error}"),
                }
            }
        });
    }
}
