//! Connections: listening, connecting, and staying connected to whoever we share a channel with.

use crate::Node;
use crate::config::PeerAddress;
use crate::tasks::TaskResult;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{StateKey, StateStore, StoreError};
use lightning::ln::msgs::SocketAddress;
use lightning::routing::gossip::NodeId;
use lightning::types::features::InitFeatures;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);
/// LDK does not tell when a handshake is over, so it is looked for this often.
const HANDSHAKE_CHECK: Duration = Duration::from_millis(10);
const RECONNECT_CHECK: Duration = Duration::from_millis(500);
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// How many peers may be connected to us, those included that have not said yet who they are. LDK drops who does not finish
/// its handshake.
const MAX_INBOUND: usize = 500;
/// How long the listener rests when the system has no more file descriptors for it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

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

/// Where peers with channels were last reached; survives a restart.
pub(crate) struct KnownPeers {
    store: Arc<dyn StateStore>,
    addresses: Mutex<HashMap<PublicKey, PeerAddress>>,
    /// One attempt at a time for each peer.
    attempts: Mutex<HashMap<PublicKey, Arc<tokio::sync::Mutex<()>>>>,
    outbound: Mutex<HashSet<PublicKey>>,
}

const NAMESPACE: &str = "boltill";
const GROUP: &str = "peers";

fn peer_key(node_id: &PublicKey) -> StateKey {
    StateKey {
        primary_namespace: NAMESPACE.to_owned(),
        secondary_namespace: GROUP.to_owned(),
        key: node_id.to_string(),
    }
}

impl KnownPeers {
    /// Reads what an earlier run has learnt; an entry that cannot be read is left out and said.
    pub(crate) fn load(store: Arc<dyn StateStore>) -> Result<KnownPeers, StoreError> {
        let mut addresses = HashMap::new();
        for name in store.list(NAMESPACE, GROUP)? {
            let Ok(node_id) = PublicKey::from_str(&name) else {
                continue;
            };
            let value = store.read(&peer_key(&node_id))?.unwrap_or_default();
            match parse_address(node_id, &value) {
                Some(address) => drop(addresses.insert(node_id, address)),
                None => tracing::warn!("the address on file for peer {node_id} is not readable"),
            }
        }
        Ok(KnownPeers {
            store,
            addresses: Mutex::new(addresses),
            attempts: Mutex::default(),
            outbound: Mutex::default(),
        })
    }

    fn remember(&self, address: PeerAddress) {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.get(&address.node_id) == Some(&address) {
            return;
        }
        let value = format!("{} {}", address.port, address.host).into_bytes();
        // Losing an address to a power cut costs a look into the graph, so nobody waits for this write.
        drop(self.store.write(peer_key(&address.node_id), value));
        addresses.insert(address.node_id, address);
    }

    fn address(&self, node_id: &PublicKey) -> Option<PeerAddress> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(node_id)
            .cloned()
    }

    fn attempt(&self, node_id: PublicKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever holds a lock holds a count of it, so what only the map holds is of no use to anybody.
        attempts.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(attempts.entry(node_id).or_default())
    }

    fn set_outbound(&self, node_id: PublicKey, outbound: bool) {
        let mut set = self.outbound.lock().unwrap_or_else(PoisonError::into_inner);
        if outbound {
            set.insert(node_id)
        } else {
            set.remove(&node_id)
        };
    }

    fn is_outbound(&self, node_id: &PublicKey) -> bool {
        self.outbound
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(node_id)
    }
}

fn parse_address(node_id: PublicKey, value: &[u8]) -> Option<PeerAddress> {
    let (port, host) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    Some(PeerAddress {
        node_id,
        host: host.to_owned(),
        port: port.parse().ok()?,
    })
}

impl Node {
    /// The connected peers.
    pub fn peers(&self) -> Vec<Peer> {
        let details = self.inner.peer_manager.list_peers();
        details.into_iter().map(|details| self.peer(details)).collect()
    }

    /// One peer, if it is connected.
    pub fn connected_peer(&self, node_id: &PublicKey) -> Option<Peer> {
        self.inner
            .peer_manager
            .peer_by_node_id(node_id)
            .map(|details| self.peer(details))
    }

    fn peer(&self, details: lightning::ln::peer_handler::PeerDetails) -> Peer {
        let node_id = details.counterparty_node_id;
        Peer {
            node_id,
            address: details.socket_address,
            features: details.init_features,
            inbound: !self.inner.known_peers.is_outbound(&node_id),
        }
    }

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
        let attempt = self.inner.known_peers.attempt(node_id);
        let _one_at_a_time = attempt.lock().await;
        if let Some(peer) = self.connected_peer(&node_id) {
            return Ok(Connected { peer });
        }
        let candidates = match address {
            Some(address) => vec![address],
            None => self.candidates(&node_id),
        };
        let mut failure = None;
        for candidate in candidates {
            match self.connect_to(&candidate).await {
                Ok(peer) => {
                    self.inner.known_peers.remember(candidate);
                    return Ok(Connected { peer });
                }
                Err(why) => failure = Some(format!("{}:{}: {why}", candidate.host, candidate.port)),
            }
        }
        Err(failure.map_or(ConnectError::NoAddress, ConnectError::AllFailed))
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

    async fn connect_to(&self, target: &PeerAddress) -> Result<Peer, String> {
        // The look-up runs on tokio's threads for blocking work.
        let addresses = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
        let addresses: Vec<SocketAddr> = addresses.map_err(|error| error.to_string())?.collect();
        let mut failure = "the name has no address".to_owned();
        for address in addresses {
            match self.connect_socket(target.node_id, address).await {
                Ok(peer) => return Ok(peer),
                Err(why) => failure = why,
            }
        }
        Err(failure)
    }

    async fn connect_socket(&self, node_id: PublicKey, address: SocketAddr) -> Result<Peer, String> {
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address))
            .await
            .map_err(|_| "connection timed out".to_owned())?
            .map_err(|error| error.to_string())?;
        let stream = prepare(stream).map_err(|error| error.to_string())?;
        let manager = Arc::clone(&self.inner.peer_manager);
        let closed = lightning_net_tokio::setup_outbound(manager, node_id, stream);
        tokio::pin!(closed);
        let deadline = Instant::now() + HANDSHAKE_TIMEOUT;
        loop {
            tokio::select! {
                () = &mut closed => return Err("the peer closed the connection; is its id right?".to_owned()),
                () = tokio::time::sleep(HANDSHAKE_CHECK) => {}
            }
            if let Some(mut peer) = self.connected_peer(&node_id) {
                self.inner.known_peers.set_outbound(node_id, true);
                peer.inbound = false;
                return Ok(peer);
            }
            if Instant::now() >= deadline {
                return Err("the peer did not finish the handshake".to_owned());
            }
        }
    }

    fn peers_to_reconnect(&self) -> HashSet<PublicKey> {
        let channels = self.channels();
        let wanted = channels.iter().map(|channel| channel.counterparty.node_id);
        wanted
            .filter(|node_id| self.connected_peer(node_id).is_none())
            .collect()
    }
}

/// Small messages must not wait for more to come: a payment is a dozen of them, each waiting for the last.
fn prepare(stream: TcpStream) -> std::io::Result<std::net::TcpStream> {
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

/// Accepts whoever connects, for as long as the node runs.
pub(crate) async fn listen(node: Node, listener: TcpListener) -> TaskResult {
    let stopping = node.inner.tasks.stopping();
    let places = Arc::new(Semaphore::new(MAX_INBOUND));
    loop {
        let accepted = async {
            // Never closed, so there is always a place in the end.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            let (stream, _) = listener.accept().await?;
            Ok::<_, std::io::Error>((prepare(stream)?, place))
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = stopping.cancelled() => return Ok(()),
        };
        match accepted {
            Ok((stream, place)) => {
                let manager = Arc::clone(&node.inner.peer_manager);
                // The connection runs by itself; the future tells its end.
                let closed = lightning_net_tokio::setup_inbound(manager, stream);
                node.inner.tasks.spawn_errand(async move {
                    closed.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("could not accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Keeps every peer that has a channel connected, with longer and longer pauses while it cannot be reached.
pub(crate) async fn reconnect(node: Node) -> TaskResult {
    let stopping = node.inner.tasks.stopping();
    let mut waiting: HashMap<PublicKey, (Instant, Duration)> = HashMap::new();
    let (reached, mut has_reached) = mpsc::unbounded_channel();
    let mut ticks = tokio::time::interval(RECONNECT_CHECK);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopping.cancelled() => return Ok(()),
        }
        let gone = node.peers_to_reconnect();
        waiting.retain(|node_id, _| gone.contains(node_id));
        // A peer that was reached and is gone again already begins with the shortest pause.
        while let Ok(node_id) = has_reached.try_recv() {
            waiting.remove(&node_id);
        }
        for node_id in gone {
            let now = Instant::now();
            let (next, pause) = waiting.entry(node_id).or_insert((now, FIRST_BACKOFF));
            if *next > now {
                continue;
            }
            *next = now + *pause;
            *pause = (*pause * 2).min(LONGEST_BACKOFF);
            node.inner.known_peers.set_outbound(node_id, false);
            let (node, reached) = (node.clone(), reached.clone());
            node.inner.tasks.clone().spawn_errand(async move {
                match node.connect(node_id, None).await {
                    // Nobody listens any more only when the node stops.
                    Ok(_) => drop(reached.send(node_id)),
                    Err(error) => tracing::debug!("peer {node_id} is out of reach: {error}"),
                }
            });
        }
    }
}
