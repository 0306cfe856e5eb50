//! Sending money along a way that somebody else has chosen. LDK tries it once.

use crate::Node;
use crate::payments::SendError;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{Msat, PaymentHash};
use lightning::ln::channel_state::ChannelDetails;
use lightning::ln::channelmanager::{PaymentId, RecipientOnionFields};
use lightning::routing::gossip::NodeId;
use lightning::routing::router::{Path, Route, RouteHop};
use lightning::types::features::{ChannelFeatures, NodeFeatures};

/// A payment along a given way.
#[derive(Clone, Debug)]
pub struct GivenPayment {
    /// Names this attempt; LDK refuses a second payment under the same name.
    pub payment_id: PaymentId,
    /// What is paid.
    pub payment_hash: PaymentHash,
    /// The payment secret and what else the payee's onion holds.
    pub onion: RecipientOnionFields,
    /// The channels, from us on.
    pub hops: Vec<GivenHop>,
}

/// A channel on a given way. Amounts and delays never grow from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenHop {
    /// The node at its end.
    pub node: PublicKey,
    /// Its short channel id.
    pub channel: u64,
    /// What arrives at its end.
    pub amount: Msat,
    /// How many blocks are left at its end.
    pub delay: u32,
}

/// Why a payment cannot leave us by a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstHopError {
    /// We have no such channel with the node, or it is not connected.
    NoConnection,
    /// The channel has not so much to send.
    TooMuch {
        /// Its short channel id.
        channel: u64,
    },
    /// The node takes nothing so small.
    TooLittle {
        /// Its short channel id.
        channel: u64,
    },
}

impl Node {
    /// By which of our channels so much can be sent to that node: the one that is named, or any when none is.
    ///
    /// # Errors
    /// [`FirstHopError`].
    pub fn first_channel(
        &self,
        node: &PublicKey,
        named: Option<u64>,
        amount: Msat,
    ) -> Result<u64, FirstHopError> {
        let mut channels = self.inner.channel_manager.list_usable_channels();
        channels.retain(|channel| channel.counterparty.node_id == *node);
        channels.retain(|channel| named.is_none_or(|named| goes_by(channel, named)));
        // The smallest that is enough, so that larger ones stay what they are.
        channels.sort_by_key(|channel| channel.next_outbound_htlc_limit_msat);
        let enough = channels
            .iter()
            .find(|channel| channel.next_outbound_htlc_limit_msat >= amount.0)
            .or(channels.last())
            .ok_or(FirstHopError::NoConnection)?;
        let channel = enough
            .get_outbound_payment_scid()
            .ok_or(FirstHopError::NoConnection)?;
        if enough.next_outbound_htlc_limit_msat < amount.0 {
            return Err(FirstHopError::TooMuch { channel });
        }
        if enough.next_outbound_htlc_minimum_msat > amount.0 {
            return Err(FirstHopError::TooLittle { channel });
        }
        Ok(channel)
    }

    /// Sends a payment along its way. `Ok` means that an event will tell its end, even after a restart.
    ///
    /// # Errors
    /// [`SendError`]: nothing has been sent and no event will come.
    pub fn send_along(&self, payment: GivenPayment) -> Result<(), SendError> {
        let route = Route {
            paths: vec![self.path(&payment.hops)],
            route_params: None,
        };
        self.inner.channel_manager.send_payment_with_route(
            route,
            payment.payment_hash,
            payment.onion,
            payment.payment_id,
        )?;
        Ok(())
    }

    /// LDK counts from hop to hop: what each node keeps of the amount and of the blocks, and the last one all the rest.
    fn path(&self, hops: &[GivenHop]) -> Path {
        let graph = self.graph().read_only();
        let nexts = hops.iter().skip(1).map(Some).chain([None]);
        let hops = hops.iter().zip(nexts).map(|(hop, next)| {
            let (amount, delay) = next.map_or((Msat::ZERO, 0), |next| (next.amount, next.delay));
            let announced = graph.channel(hop.channel);
            let node = graph.node(&NodeId::from_pubkey(&hop.node));
            RouteHop {
                pubkey: hop.node,
                node_features: node
                    .and_then(|node| node.announcement_info.as_ref())
                    .map_or_else(NodeFeatures::empty, |info| info.features().clone()),
                short_channel_id: hop.channel,
                channel_features: announced
                    .map_or_else(ChannelFeatures::empty, |channel| channel.features.clone()),
                fee_msat: hop.amount.saturating_sub(amount).0,
                cltv_expiry_delta: hop.delay.saturating_sub(delay),
                maybe_announced_channel: announced.is_some(),
            }
        });
        Path {
            hops: hops.collect(),
            blinded_tail: None,
        }
    }
}

/// Whether that is one of the channel's names: where it was funded, or what either end calls it.
fn goes_by(channel: &ChannelDetails, name: u64) -> bool {
    let names = [
        channel.short_channel_id,
        channel.outbound_scid_alias,
        channel.inbound_scid_alias,
    ];
    names.contains(&Some(name))
}
