//! A public graph to be drawn.

use crate::ldk::Graph;
use crate::logger::LdkLogger;
use bitcoin::Network;
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use boltill_types::UnixSeconds;
use lightning::ln::msgs::{
    SocketAddress, UnsignedChannelAnnouncement, UnsignedChannelUpdate, UnsignedNodeAnnouncement,
};
use lightning::routing::gossip::{NodeAlias, NodeId};
use lightning::routing::utxo::UtxoLookup;
use lightning::types::features::{ChannelFeatures, NodeFeatures};
use std::sync::Arc;

pub(in super::super) fn node(number: u8) -> PublicKey {
    SecretKey::from_slice(&[number; 32])
        .unwrap()
        .public_key(&Secp256k1::new())
}

pub(in super::super) struct Map {
    pub(in super::super) graph: Arc<Graph>,
}

fn now() -> u32 {
    u32::try_from(UnixSeconds::now().0).unwrap()
}

impl Map {
    pub(in super::super) fn new() -> Map {
        Map {
            graph: Arc::new(Graph::new(Network::Regtest, Arc::new(LdkLogger))),
        }
    }

    pub(in super::super) fn channel(&self, short_channel_id: u64, one: &PublicKey, other: &PublicKey) {
        let [one, other] = [one, other].map(NodeId::from_pubkey);
        let (node_id_1, node_id_2) = (one.min(other), one.max(other));
        let announcement = UnsignedChannelAnnouncement {
            features: ChannelFeatures::empty(),
            chain_hash: ChainHash::REGTEST,
            short_channel_id,
            node_id_1,
            node_id_2,
            bitcoin_key_1: node_id_1,
            bitcoin_key_2: node_id_2,
            excess_data: Vec::new(),
        };
        let unchecked = None::<Arc<dyn UtxoLookup>>;
        self.graph
            .update_channel_from_unsigned_announcement(&announcement, &unchecked)
            .unwrap();
    }

    /// What the lesser of a channel's two nodes says of it.
    pub(in super::super) fn update(&self, short_channel_id: u64, is_enabled: bool) {
        let update = UnsignedChannelUpdate {
            chain_hash: ChainHash::REGTEST,
            short_channel_id,
            timestamp: now(),
            message_flags: 1,
            channel_flags: if is_enabled { 0 } else { 2 },
            cltv_expiry_delta: 40,
            htlc_minimum_msat: 1,
            htlc_maximum_msat: 1_000_000,
            fee_base_msat: 0,
            fee_proportional_millionths: 0,
            excess_data: Vec::new(),
        };
        self.graph.update_channel_unsigned(&update).unwrap();
    }

    pub(in super::super) fn announce(&self, node: &PublicKey, takes_messages: bool, has_address: bool) {
        let mut features = NodeFeatures::empty();
        if takes_messages {
            features.set_onion_messages_optional();
        }
        let address = SocketAddress::TcpIpV4 {
            addr: [127, 0, 0, 1],
            port: 9735,
        };
        let announcement = UnsignedNodeAnnouncement {
            features,
            timestamp: now(),
            node_id: NodeId::from_pubkey(node),
            rgb: [0; 3],
            alias: NodeAlias([0; 32]),
            addresses: has_address.then_some(address).into_iter().collect(),
            excess_address_data: Vec::new(),
            excess_data: Vec::new(),
        };
        self.graph
            .update_node_from_unsigned_announcement(&announcement)
            .unwrap();
    }
}
