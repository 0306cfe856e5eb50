//! What a node is told at its start.

use bitcoin::secp256k1::PublicKey;
use bitcoin::{Amount, Network};
use boltill_onchain::{ForcedFeerates, Rescan};
use lightning::ln::msgs::SocketAddress;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Everything the node needs to know; the daemon makes it from options and the configuration file.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Which chain the money is on.
    pub network: Network,
    /// The folder of this network's files; the seed lives here.
    pub network_dir: PathBuf,
    /// The name shown to other nodes, at most 32 bytes; derived from the node's id when absent.
    pub alias: Option<String>,
    /// The colour shown to other nodes; derived from the node's id when absent.
    pub rgb: Option<[u8; 3]>,
    /// Where to listen for peers; none means that nobody can connect to us.
    pub bind: Vec<SocketAddr>,
    /// What the node_announcement tells others to connect to.
    pub announce: Vec<SocketAddress>,
    /// How to reach bitcoind.
    pub bitcoind: boltill_onchain::BitcoindConfig,
    /// How often the chain is polled.
    pub poll_interval: Duration,
    /// From where on to look for the wallet's coins once more; only those blocks that it has not seen when absent.
    pub rescan: Option<Rescan>,
    /// The feerates to use whatever bitcoind estimates.
    pub force_feerates: Option<ForcedFeerates>,
    /// The fixed part of the forwarding fee, in msat.
    pub fee_base_msat: u32,
    /// The proportional part of the forwarding fee, in millionths of the amount.
    pub fee_per_satoshi: u32,
    /// How many blocks a forwarded HTLC leaves between its incoming and its outgoing deadline.
    pub cltv_delta: u16,
    /// The smallest channel that others may open to us, in sat.
    pub min_capacity_sat: u64,
    /// Connect to nobody unless told to.
    pub offline: bool,
    /// Peers to connect to only when asked: nothing connects by itself for the sake of an onion message.
    pub fetchinvoice_noconnect: bool,
}

/// Which node to connect to, and where it is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// The node's public key.
    pub node_id: PublicKey,
    /// A name or an IP address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// What stays reserved in the wallet for every channel with anchors, so that its commitment can be bumped into a block.
/// The figure is the one that LDK's own accounting and Core Lightning's `min-emergency-msat` both come to.
pub const ANCHOR_RESERVE: Amount = Amount::from_sat(25_000);
