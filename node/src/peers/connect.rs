//! Connecting to a peer.

use super::known::Attempt;
use super::{ConnectError, Connected, Peer};
use crate::Node;
use crate::config::PeerAddress;
use bitcoin::secp256k1::PublicKey;
use lightning::ln::msgs::SocketAddress;
use lightning::routing::gossip::NodeId;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);

/// Why one address is no way to a peer.
enum Failure {
    /// The peer is not there, or does not answer as it should.
    Unreached(String),
    /// The peer was there, and has gone again.
    Disconnected,
}

impl Node {
    /// Connects to a node: at the address given, else at the one it was last found at, else at those that it
    /// announces. A peer that is connected already is left as it is.
    ///
    /// # Errors
    /// [`ConnectError`], with the last address's failure.
    pub async fn connect(
        &self,
        node_id: PublicKey,
        address: Option<PeerAddress>,
    ) -> Result<Connected, ConnectError> {
        if node_id == self.id() {
            return Err(ConnectError::Ourselves);
        }
        let attempt = self.inner.attempts.of(node_id);
        let _one_at_a_time = attempt.turn.lock().await;
        if let Some(peer) = self.connected_peer(&node_id) {
            return Ok(Connected { peer });
        }
        let candidates = match address {
            Some(address) => vec![address],
            None => self.candidates(&node_id),
        };
        let mut last = None;
        for candidate in candidates {
            match self.connect_to(&candidate, &attempt).await {
                Ok(peer) => {
                    self.inner.known_peers.remember(candidate);
                    return Ok(Connected { peer });
                }
                Err(Failure::Disconnected) => return Err(ConnectError::Disconnected),
                Err(Failure::Unreached(why)) => {
                    last = Some(format!("{}:{}: {why}", candidate.host, candidate.port));
                }
            }
        }
        Err(last.map_or(ConnectError::NoAddress, ConnectError::AllFailed))
    }

    fn candidates(&self, node_id: &PublicKey) -> Vec<PeerAddress> {
        let known = self.inner.known_peers.address(node_id);
        let graph = self.inner.graph.read_only();
        let announced = graph
            .node(&NodeId::from_pubkey(node_id))
            .and_then(|node| node.announcement_info.as_ref())
            .map(|info| info.addresses().to_vec())
            .unwrap_or_default();
        let announced = announced
            .into_iter()
            .filter_map(|address| reachable(*node_id, &address));
        known.into_iter().chain(announced).collect()
    }

    async fn connect_to(&self, target: &PeerAddress, attempt: &Attempt) -> Result<Peer, Failure> {
        // The look-up runs on tokio's threads for blocking work.
        let addresses = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
        let mut last = "the name has no address".to_owned();
        for address in addresses.map_err(|error| Failure::Unreached(error.to_string()))? {
            let stream = match dial(address).await {
                Ok(stream) => stream,
                Err(why) => {
                    last = why;
                    continue;
                }
            };
            match self.greet(target.node_id, stream, attempt).await {
                Err(Failure::Unreached(why)) => last = why,
                outcome => return outcome,
            }
        }
        Err(Failure::Unreached(last))
    }

    /// Does the handshake of BOLT 8 and exchanges `init`s.
    async fn greet(
        &self,
        node_id: PublicKey,
        stream: std::net::TcpStream,
        attempt: &Attempt,
    ) -> Result<Peer, Failure> {
        let manager = Arc::clone(&self.inner.peer_manager);
        let closed = lightning_net_tokio::setup_outbound(manager, node_id, stream);
        let deadline = tokio::time::sleep(HANDSHAKE_TIMEOUT);
        tokio::pin!(closed, deadline);
        let mut was_there = false;
        loop {
            let is_closed = tokio::select! {
                () = &mut closed => true,
                () = attempt.greeted.notified() => false,
                () = &mut deadline => {
                    let why = "the peer did not finish the handshake";
                    return Err(Failure::Unreached(why.to_owned()));
                }
            };
            was_there |= !is_closed;
            // The peer itself may have connected to us meanwhile, and then this connection is the one too many.
            match self.connected_peer(&node_id) {
                Some(peer) => return Ok(peer),
                None if is_closed && was_there => return Err(Failure::Disconnected),
                None if is_closed => {
                    let why = "the peer closed the connection; is its id right?";
                    return Err(Failure::Unreached(why.to_owned()));
                }
                None => {}
            }
        }
    }
}

async fn dial(address: SocketAddr) -> Result<std::net::TcpStream, String> {
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address))
        .await
        .map_err(|_| "connection timed out".to_owned())?;
    stream.and_then(prepare).map_err(|error| error.to_string())
}

/// Small messages must not wait for more to come: a payment is a dozen of them, each waiting for the last.
pub(super) fn prepare(stream: TcpStream) -> std::io::Result<std::net::TcpStream> {
    stream.set_nodelay(true)?;
    stream.into_std()
}

/// An announced address as something that can be dialled; Tor is not, without a proxy.
pub(crate) fn reachable(node_id: PublicKey, address: &SocketAddress) -> Option<PeerAddress> {
    let (host, port) = match address {
        SocketAddress::TcpIpV4 { addr, port } => (std::net::Ipv4Addr::from(*addr).to_string(), *port),
        SocketAddress::TcpIpV6 { addr, port } => (std::net::Ipv6Addr::from(*addr).to_string(), *port),
        SocketAddress::Hostname { hostname, port } => (hostname.as_str().to_owned(), *port),
        SocketAddress::OnionV2(_) | SocketAddress::OnionV3 { .. } => return None,
    };
    Some(PeerAddress { node_id, host, port })
}
