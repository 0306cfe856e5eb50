//! Where the peer of a channel is to be found, for whoever must look for it later.

use crate::Node;
use bitcoin::secp256k1::PublicKey;
use lightning::ln::msgs::SocketAddress;
use lightning::routing::gossip::NodeId;
use std::str::FromStr;

impl Node {
    /// Where a peer was last reached by us, else what it announces, else where it is connected from.
    pub fn address_of(&self, peer: &PublicKey) -> Option<SocketAddress> {
        let known = self.inner.known_peers.address(peer).and_then(|known| {
            let host_and_port = match known.host.contains(':') {
                true => format!("[{}]:{}", known.host, known.port),
                false => format!("{}:{}", known.host, known.port),
            };
            SocketAddress::from_str(&host_and_port).ok()
        });
        let announced = || {
            let graph = self.inner.graph.read_only();
            let node = graph.node(&NodeId::from_pubkey(peer))?;
            node.announcement_info.as_ref()?.addresses().first().cloned()
        };
        known
            .or_else(announced)
            .or_else(|| self.connected_peer(peer)?.address)
    }
}
