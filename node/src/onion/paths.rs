//! Ways for others to find us: for their messages and for their payments.

use super::MessageTag;
use super::router::{GraphRouter, takes_messages};
use crate::Node;
use crate::ldk::Router;
use crate::logger::LdkLogger;
use bitcoin::secp256k1::schnorr::Signature;
use bitcoin::secp256k1::{Message, PublicKey};
use boltill_types::{Msat, PaymentSecret};
use lightning::blinded_path::message::BlindedMessagePath;
use lightning::blinded_path::payment::{
    BlindedPaymentPath, Bolt12RefundContext, PaymentConstraints, PaymentContext, UnauthenticatedReceiveTlvs,
};
use lightning::blinded_path::{Direction, IntroductionNode};
use lightning::offers::nonce::Nonce;
use lightning::routing::gossip::{NodeId, ReadOnlyNetworkGraph};
use lightning::routing::router::{Payee, Router as _};
use lightning::routing::scoring::ProbabilisticScoringFeeParameters;
use lightning::sign::NodeSigner;
use lightning::util::ser::Writeable;
use std::cmp::Reverse;
use std::sync::Arc;

/// How many paths are made where several start elsewhere: as many as LDK makes for payments. Each makes a printed code longer.
const MAX_PATHS: usize = 3;
/// What a payer may add to the expiry of an HTLC, in blocks: two weeks, as much as any route has, and some blocks that come meanwhile.
const LONGEST_ROUTE: u32 = 14 * 144 + 3;
/// Blocks may come faster than they should while an invoice waits.
const SECONDS_PER_BLOCK: u32 = 9 * 60;

/// Where a path to us starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Introduction {
    /// With us: whoever sends finds us by our id.
    Ourselves,
    /// With a peer.
    Peer(PublicKey),
}

/// Nobody could find us: the node is not announced and has no peer that would pass messages on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no peer is connected that could pass messages on to this node, which is not public")]
pub struct NoMessagePath;

/// Nobody could pay us: the node is not announced and has no usable channel that the amount fits into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no channel is usable for receiving a payment, and this node is not public")]
pub struct NoPaymentPath;

/// A blinded path for a payment to us, as BOLT 12 has it in invoices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentPath {
    /// The path in its binary form (`blinded_path`).
    pub path: Vec<u8>,
    /// What it costs and carries, in its binary form (`blinded_payinfo`).
    pub payinfo: Vec<u8>,
}

impl Node {
    /// Whether anybody can find the node by its id alone: it is announced, with an address. Invoice_requests and offers of other nodes carry paths.
    pub fn is_reachable_by_id(&self) -> bool {
        is_reachable(&self.inner.graph.read_only(), &self.id())
    }

    /// Blinded paths by which messages reach us, in their binary form (BOLT 4 `blinded_path`), the best first; they stay good as long as the peers do that
    /// they start with.
    ///
    /// # Errors
    /// [`NoMessagePath`].
    pub fn message_paths(&self, tag: MessageTag) -> Result<Vec<Vec<u8>>, NoMessagePath> {
        let with_channels: Vec<_> = {
            let channels = self.inner.channel_manager.list_usable_channels();
            channels
                .iter()
                .map(|channel| channel.counterparty.node_id)
                .collect()
        };
        let peers = self.message_peers();
        let lasting: Vec<_> = peers
            .iter()
            .copied()
            .filter(|peer| with_channels.contains(peer))
            .collect();
        let graph = self.inner.graph.read_only();
        let mut starts = introductions(&graph, &self.id(), &lasting);
        if starts.is_empty() {
            starts = introductions(&graph, &self.id(), &peers);
        }
        drop(graph);
        let paths = starts
            .into_iter()
            .map(|start| self.path_from(start, tag).encode());
        let paths: Vec<_> = paths.collect();
        if paths.is_empty() {
            Err(NoMessagePath)
        } else {
            Ok(paths)
        }
    }

    /// The path by which an answer comes back from there. From a node that is connected it comes the way the message went, unless the node is found by its id.
    pub(super) fn reply_path(&self, tag: MessageTag, from: &PublicKey) -> Option<BlindedMessagePath> {
        let peers = self.message_peers();
        let graph = self.inner.graph.read_only();
        let start = if peers.contains(from) && !is_reachable(&graph, &self.id()) {
            Introduction::Peer(*from)
        } else {
            introductions(&graph, &self.id(), &peers).into_iter().next()?
        };
        drop(graph);
        Some(self.path_from(start, tag))
    }

    fn path_from(&self, start: Introduction, tag: MessageTag) -> BlindedMessagePath {
        let keys = &self.inner.keys;
        let router = GraphRouter::new(Arc::clone(&self.inner.graph), Arc::clone(keys));
        router.path_from(
            start,
            self.id(),
            keys.get_receive_auth_key(),
            tag.context(),
            keys.secp_ctx(),
        )
    }

    /// The connected peers that take onion messages.
    fn message_peers(&self) -> Vec<PublicKey> {
        let peers = self.inner.peer_manager.list_peers().into_iter();
        let peers = peers.filter(|peer| peer.init_features.supports_onion_messages());
        peers.map(|peer| peer.counterparty_node_id).collect()
    }

    /// Blinded paths for a payment of this amount, the secret of which [`register_inbound`](Node::register_inbound) gave. LDK checks both when the payment
    /// comes, and that it came by such a path. It can come for an hour or so after the expiry, when blocks are slow.
    ///
    /// # Errors
    /// [`NoPaymentPath`].
    pub fn payment_paths(
        &self,
        amount: Msat,
        secret: PaymentSecret,
        expiry_seconds: u32,
    ) -> Result<Vec<PaymentPath>, NoPaymentPath> {
        let inner = &self.inner;
        let height = inner.channel_manager.current_best_block().height;
        let waiting = (expiry_seconds / SECONDS_PER_BLOCK).max(LONGEST_ROUTE);
        let tlvs = UnauthenticatedReceiveTlvs {
            payment_secret: secret,
            payment_constraints: PaymentConstraints {
                max_cltv_expiry: height.saturating_add(waiting),
                htlc_minimum_msat: 1,
            },
            // Which offer or request it is for is on file under the payment's hash; LDK needs to know only that it is for some.
            payment_context: PaymentContext::Bolt12Refund(Bolt12RefundContext {}),
        };
        let nonce = Nonce::from_entropy_source(&*inner.keys);
        let tlvs = tlvs.authenticate(nonce, &inner.keys.get_expanded_key());
        let router = Router::new(
            Arc::clone(&inner.graph),
            Arc::new(LdkLogger),
            Arc::clone(&inner.keys),
            Arc::clone(&inner.scorer),
            ProbabilisticScoringFeeParameters::default(),
        );
        let paths_for = |amount: Option<u64>| {
            let channels = inner.channel_manager.list_usable_channels();
            router.create_blinded_payment_paths(
                self.id(),
                channels,
                tlvs.clone(),
                amount,
                inner.keys.secp_ctx(),
            )
        };
        // Where no channel holds the amount, several may, together.
        let paths = paths_for(Some(amount.0)).or_else(|()| paths_for(None));
        let paths = paths.map_err(|()| NoPaymentPath)?;
        Ok(paths.iter().map(PaymentPath::of).collect())
    }

    /// Signs the digest of a BOLT 12 message with the node's key (BIP 340).
    pub fn sign_bolt12(&self, digest: &Message) -> Signature {
        self.inner.keys.sign_schnorr(digest)
    }

    /// The key that an invoice_request with that metadata is signed by when it answers an offer. Whoever sees it does not learn whose it is, unless the
    /// metadata can be guessed and the node's key is known.
    pub fn payer_id(&self, metadata: &[u8]) -> PublicKey {
        self.inner.keys.payer(metadata).public_key()
    }

    /// Signs the digest of a BOLT 12 message with that key.
    pub fn sign_as_payer(&self, metadata: &[u8], digest: &Message) -> Signature {
        self.inner.keys.sign_as_payer(metadata, digest)
    }

    /// Whoever pays from where a blinded path starts begins with the second node, since LDK finds no route from us to ourselves.
    pub(crate) fn start_behind_us(&self, payee: &mut Payee) {
        let Payee::Blinded { route_hints, .. } = payee else {
            return;
        };
        let (manager, us) = (&self.inner.channel_manager, self.id());
        let graph = self.inner.graph.read_only();
        for path in route_hints {
            let start = match path.introduction_node() {
                IntroductionNode::NodeId(node_id) => Some(*node_id == us),
                IntroductionNode::DirectedShortChannelId(..) => path
                    .public_introduction_node_id(&graph)
                    .map(|node_id| *node_id == NodeId::from_pubkey(&us)),
            };
            // A path that cannot be shortened leads nowhere, and the others may do.
            if start == Some(true)
                && path
                    .advance_path_by_one(&self.inner.keys, manager, self.inner.keys.secp_ctx())
                    .is_err()
            {
                tracing::debug!("a blinded path that starts here leads nowhere");
            }
        }
    }
}

impl PaymentPath {
    fn of(path: &BlindedPaymentPath) -> PaymentPath {
        let mut bytes = Vec::new();
        match path.introduction_node() {
            IntroductionNode::NodeId(node_id) => bytes.extend(node_id.serialize()),
            IntroductionNode::DirectedShortChannelId(direction, short_channel_id) => {
                bytes.push(match direction {
                    Direction::NodeOne => 0,
                    Direction::NodeTwo => 1,
                });
                bytes.extend(short_channel_id.to_be_bytes());
            }
        }
        bytes.extend(path.blinding_point().serialize());
        // The peer and us: a path is never longer here.
        bytes.push(path.blinded_hops().len() as u8);
        for hop in path.blinded_hops() {
            bytes.extend(hop.blinded_node_id.serialize());
            bytes.extend((hop.encrypted_payload.len() as u16).to_be_bytes());
            bytes.extend(&hop.encrypted_payload);
        }
        PaymentPath {
            path: bytes,
            payinfo: path.payinfo.encode(),
        }
    }
}

fn is_reachable(graph: &ReadOnlyNetworkGraph<'_>, node_id: &PublicKey) -> bool {
    let node = graph.node(&NodeId::from_pubkey(node_id));
    let announcement = node.and_then(|node| node.announcement_info.as_ref());
    announcement.is_some_and(|info| !info.addresses().is_empty())
}

/// Where paths to us should start, the best first: with us if we are found by our id, else with peers that are; among them rather those that
/// can be reached without Tor and have many channels. Where there is neither, with whoever there is.
pub(super) fn introductions(
    graph: &ReadOnlyNetworkGraph<'_>,
    us: &PublicKey,
    peers: &[PublicKey],
) -> Vec<Introduction> {
    if is_reachable(graph, us) {
        return vec![Introduction::Ourselves];
    }
    let mut public: Vec<_> = peers
        .iter()
        .filter_map(|peer| {
            let node = graph.node(&NodeId::from_pubkey(peer))?;
            let rank = (
                !is_reachable(graph, peer),
                node.is_tor_only(),
                Reverse(node.channels.len()),
            );
            takes_messages(node).then_some((rank, *peer))
        })
        .collect();
    public.sort_unstable();
    let public: Vec<_> = public.into_iter().map(|(_, peer)| peer).collect();
    let we_are_public = graph.node(&NodeId::from_pubkey(us)).is_some_and(takes_messages);
    let peers = match (public.is_empty(), we_are_public) {
        (false, _) => &public,
        (true, true) => return vec![Introduction::Ourselves],
        (true, false) => peers,
    };
    peers
        .iter()
        .take(MAX_PATHS)
        .copied()
        .map(Introduction::Peer)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::map::node;
    use super::*;
    use lightning::blinded_path::BlindedHop;
    use lightning::blinded_path::payment::BlindedPayInfo;
    use lightning::types::features::BlindedHopFeatures;
    use lightning::util::ser::Readable;

    #[test]
    fn a_path_for_payments_has_the_form_that_bolt12_reads() {
        let hop = |number: u8| BlindedHop {
            blinded_node_id: node(number),
            encrypted_payload: vec![number; 300],
        };
        let payinfo = BlindedPayInfo {
            fee_base_msat: 1,
            fee_proportional_millionths: 2,
            cltv_expiry_delta: 3,
            htlc_minimum_msat: 4,
            htlc_maximum_msat: 5,
            features: BlindedHopFeatures::empty(),
        };
        let hops = vec![hop(3), hop(4)];
        let path = BlindedPaymentPath::from_blinded_path_and_payinfo(node(1), node(2), hops, payinfo.clone());
        let PaymentPath { path, payinfo: cost } = PaymentPath::of(&path);

        let read = boltill_bolt12::BlindedPath::parse_all(&path).unwrap();
        let [read] = &read[..] else {
            panic!("one path, not {}", read.len());
        };
        let start = boltill_bolt12::IntroductionNode::NodeId(node(1));
        assert_eq!((read.introduction_node(), read.path_key()), (start, node(2)));
        let hops = read.hops().iter();
        let hops: Vec<_> = hops
            .map(|hop| (hop.blinded_node_id, hop.encrypted_recipient_data.clone()))
            .collect();
        assert_eq!(hops, [(node(3), vec![3; 300]), (node(4), vec![4; 300])]);
        assert_eq!(BlindedPayInfo::read(&mut &cost[..]).unwrap(), payinfo);
    }
}
