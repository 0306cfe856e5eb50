//! Connections: listening, connecting, and staying connected to whoever we share a channel with.

mod connect;
mod gatekeeper;
mod known;
mod listen;
mod terms;
mod upkeep;

pub(crate) use connect::reachable;
pub(crate) use gatekeeper::Gatekeeper;
pub(crate) use known::{Attempts, KnownPeers};
pub(crate) use listen::listen;
pub(crate) use terms::Terms;
pub(crate) use upkeep::look_after;

use crate::Node;
use bitcoin::secp256k1::PublicKey;
use lightning::ln::msgs::SocketAddress;
use lightning::ln::peer_handler::PeerDetails;
use lightning::types::features::InitFeatures;

/// A connected peer.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Who it is.
    pub node_id: PublicKey,
    /// Where it is connected from or to.
    pub address: Option<SocketAddress>,
    /// What it offered in its `init`.
    pub features: InitFeatures,
    /// Whether it connected to us.
    pub inbound: bool,
}

impl From<PeerDetails> for Peer {
    fn from(details: PeerDetails) -> Peer {
        Peer {
            node_id: details.counterparty_node_id,
            address: details.socket_address,
            features: details.init_features,
            inbound: details.is_inbound_connection,
        }
    }
}

/// A connection that now exists.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The peer.
    pub peer: Peer,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No address was given and none is known.
    #[error("Unable to connect, no address known for peer")]
    NoAddress,
    /// No address answered, or none had that node's key; the last failure.
    #[error("All addresses failed: {0}")]
    AllFailed(String),
    /// The peer was reached and said who it is, and went away again at once.
    #[error("disconnected during connection")]
    Disconnected,
    /// The key is our own.
    #[error("that is this node itself")]
    Ourselves,
}

/// Why a peer stays connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisconnectError {
    /// There is no such connection.
    #[error("Peer not connected")]
    NotConnected,
    /// The peer shares a channel with us, and force was not asked for.
    #[error("Peer has (at least one) channel with us")]
    HasChannel,
}

impl Node {
    /// The connected peers.
    pub fn peers(&self) -> Vec<Peer> {
        let details = self.inner.peer_manager.list_peers();
        details.into_iter().map(Peer::from).collect()
    }

    /// One peer, if it is connected.
    pub fn connected_peer(&self, node_id: &PublicKey) -> Option<Peer> {
        self.inner.peer_manager.peer_by_node_id(node_id).map(Peer::from)
    }

    /// Ends a connection. A peer with a channel is left alone unless forced, because we would only reconnect.
    ///
    /// # Errors
    /// [`DisconnectError`].
    pub fn disconnect(&self, node_id: &PublicKey, force: bool) -> Result<(), DisconnectError> {
        if self.connected_peer(node_id).is_none() {
            return Err(DisconnectError::NotConnected);
        }
        let manager = &self.inner.channel_manager;
        if !force && !manager.list_channels_with_counterparty(node_id).is_empty() {
            return Err(DisconnectError::HasChannel);
        }
        self.inner.peer_manager.disconnect_by_node_id(*node_id);
        Ok(())
    }
}
