//! Ways through the network, for whoever wants to see one before paying, or to choose it.
//!
//! LDK looks for them in the public graph, with what the scorer has learnt; what is weighed beside that is in `routes/weights.rs`.

mod weights;

pub use weights::Avoid;
use weights::Weights;

use crate::Node;
use crate::ldk::Scorer;
use bitcoin::secp256k1::PublicKey;
use boltill_types::Msat;
use lightning::ln::channel_state::ChannelDetails;
use lightning::routing::gossip::NodeId;
use lightning::routing::router::{Path, PaymentParameters, Route, RouteParameters, find_route};
use lightning::routing::scoring::ProbabilisticScoringFeeParameters;
use std::sync::PoisonError;

/// Between whom a way is looked for, and what it must be like.
#[derive(Clone, Debug)]
pub struct RouteQuery {
    /// Where it begins.
    pub source: PublicKey,
    /// Where it ends.
    pub destination: PublicKey,
    /// What arrives. Zero stands for an amount so small that no channel refuses it.
    pub amount: Msat,
    /// How many blocks the destination wants to have left.
    pub final_cltv: u32,
    /// What it may cost at most.
    pub max_fee: Option<Msat>,
    /// For how many blocks the money may be under way at most, those of the destination included.
    pub max_delay: u32,
    /// Over how many channels a path may go at most.
    pub max_hops: u8,
    /// How many paths may share the amount.
    pub max_parts: u8,
    /// What a year's delay costs, in percent of the amount; weighed like a fee.
    pub risk_percent: f64,
    /// What to keep out of.
    pub avoid: Vec<Avoid>,
    /// Whether to use our own channels as they are, unannounced ones as well; matters only where we are the source.
    pub local_channels: bool,
    /// Whether the source takes no fee and no delay for its own channel.
    pub source_free: bool,
}

/// One path of a way.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPath {
    /// Its channels, from the source on; never empty.
    pub hops: Vec<FoundHop>,
    /// How likely it is that the amount goes through, from 0 to 1.
    pub probability: f64,
}

/// A channel on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundHop {
    /// Its short channel id.
    pub channel: u64,
    /// Which end the money enters.
    pub from: PublicKey,
    /// Which end it leaves.
    pub to: PublicKey,
    /// What `from` has to be given to send the amount on.
    pub amount_in: Msat,
    /// What arrives at `to`.
    pub amount_out: Msat,
    /// How many blocks `from` has to be given.
    pub cltv_in: u32,
    /// How many blocks are left at `to`.
    pub cltv_out: u32,
}

impl FoundHop {
    /// Which way through the channel: 0 from the lesser key to the greater, otherwise 1.
    pub fn direction(&self) -> u8 {
        direction(&self.from, &self.to)
    }
}

/// Which way through a channel from one end to the other: 0 from the lesser key to the greater, otherwise 1 (BOLT 7).
pub fn direction(from: &PublicKey, to: &PublicKey) -> u8 {
    u8::from(from.serialize() > to.serialize())
}

/// Why no way was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Nobody has announced a channel of the source.
    #[error("{0}: unknown source node_id (no public channels?)")]
    UnknownSource(PublicKey),
    /// Nobody has announced a channel of the destination.
    #[error("{0}: unknown destination node_id (no public channels?)")]
    UnknownDestination(PublicKey),
    /// There is none.
    #[error("Could not find a route")]
    NotFound,
    /// There is one, which costs too much or takes too long.
    #[error("Could not find route without excessive cost or delays")]
    TooExpensive,
}

impl Node {
    /// Looks for a way. Nothing is sent, and nothing is set aside for it.
    ///
    /// # Errors
    /// [`RouteError`].
    pub fn find_paths(&self, query: &RouteQuery) -> Result<Vec<FoundPath>, RouteError> {
        // Plain computation, tens of milliseconds on a full graph: let the others go on meanwhile.
        tokio::task::block_in_place(|| {
            let ours = self.first_hops(query);
            self.check_known(query, &ours)?;
            let route = self
                .route(query, &ours)
                .map_err(|error| self.too_expensive(query, &ours).unwrap_or(error))?;
            let paths = route.paths.iter();
            Ok(paths.map(|path| self.found(path, query, &ours)).collect())
        })
    }

    /// Why there is no way, if without the limits there is one.
    fn too_expensive(&self, query: &RouteQuery, ours: &[ChannelDetails]) -> Option<RouteError> {
        let unlimited = RouteQuery {
            max_fee: None,
            max_delay: u32::MAX,
            ..query.clone()
        };
        let limited = query.max_fee.is_some() || query.max_delay < u32::MAX;
        let way = limited.then(|| self.route(&unlimited, ours).ok()).flatten();
        way.map(|_| RouteError::TooExpensive)
    }

    /// Our channels, where the way begins with us.
    fn first_hops(&self, query: &RouteQuery) -> Vec<ChannelDetails> {
        if query.local_channels && query.source == self.id() {
            self.inner.channel_manager.list_usable_channels()
        } else {
            Vec::new()
        }
    }

    fn check_known(&self, query: &RouteQuery, ours: &[ChannelDetails]) -> Result<(), RouteError> {
        let graph = self.graph().read_only();
        let known = |node: &PublicKey| {
            let announced = graph.node(&NodeId::from_pubkey(node));
            announced.is_some_and(|node| !node.channels.is_empty())
                || ours.iter().any(|channel| channel.counterparty.node_id == *node)
                || (!ours.is_empty() && *node == query.source)
        };
        if !known(&query.source) {
            return Err(RouteError::UnknownSource(query.source));
        }
        if !known(&query.destination) {
            return Err(RouteError::UnknownDestination(query.destination));
        }
        Ok(())
    }

    fn route(&self, query: &RouteQuery, ours: &[ChannelDetails]) -> Result<Route, RouteError> {
        let scorer = self.inner.scorer.read().unwrap_or_else(PoisonError::into_inner);
        let weights = Weights::new(&scorer, query);
        let first_hops: Vec<_> = ours.iter().collect();
        let local = query.local_channels && query.source == self.id();
        let route = find_route(
            &query.source,
            &self.parameters(query),
            self.graph(),
            local.then_some(first_hops.as_slice()),
            &crate::logger::LdkLogger,
            &weights,
            &ProbabilisticScoringFeeParameters::default(),
            // Only chooses by how much the last delay is lengthened, which is undone below.
            &[0; 32],
        );
        let route = route.map_err(|why| {
            tracing::debug!("no route to {}: {why}", query.destination);
            RouteError::NotFound
        })?;
        // Where the amount is below what a channel wants, LDK would have the payee get more.
        if query.amount > Msat::ZERO && route.get_total_amount() != query.amount.0 {
            return Err(RouteError::NotFound);
        }
        Ok(route)
    }

    fn parameters(&self, query: &RouteQuery) -> RouteParameters {
        let mut payee = PaymentParameters::from_node_id(query.destination, query.final_cltv)
            .with_max_path_count(query.max_parts)
            .with_max_total_cltv_expiry_delta(query.max_delay)
            .with_max_channel_saturation_power_of_half(0);
        payee.max_path_length = query.max_hops;
        // In how many parts the destination takes a payment is in its invoice, which we do not see; whoever asks for parts knows.
        if let Ok(in_parts) = payee.clone().with_bolt11_features(self.bolt11_features()) {
            payee = in_parts;
        }
        let amount = query.amount.0.max(1);
        let mut parameters = RouteParameters::from_payment_params_and_value(payee, amount);
        parameters.max_total_routing_fee_msat = query.max_fee.map(|fee| fee.0);
        parameters
    }

    /// LDK counts from hop to hop, everybody else from the end.
    fn found(&self, path: &Path, query: &RouteQuery, ours: &[ChannelDetails]) -> FoundPath {
        let surplus = match query.amount {
            Msat::ZERO => path.final_value_msat(),
            _ => 0,
        };
        let (mut amount, mut cltv) = (0, 0);
        let mut hops: Vec<FoundHop> = Vec::with_capacity(path.hops.len());
        for (at, hop) in path.hops.iter().enumerate().rev() {
            let last = at + 1 == path.hops.len();
            amount += hop.fee_msat - if last { surplus } else { 0 };
            // Without the blocks that LDK adds at the end so that nobody can tell the payee by them.
            cltv += if last {
                query.final_cltv
            } else {
                hop.cltv_expiry_delta
            };
            let from = match at.checked_sub(1).and_then(|before| path.hops.get(before)) {
                Some(before) => before.pubkey,
                None => query.source,
            };
            hops.push(FoundHop {
                channel: hop.short_channel_id,
                from,
                to: hop.pubkey,
                amount_in: Msat(amount),
                amount_out: Msat(amount),
                cltv_in: cltv,
                cltv_out: cltv,
            });
        }
        hops.reverse();
        for at in 1..hops.len() {
            let before = hops[at - 1];
            (hops[at].amount_in, hops[at].cltv_in) = (before.amount_out, before.cltv_out);
        }
        if let Some(first) = hops.first_mut().filter(|_| !query.source_free) {
            let (fee, delay) = self.terms(first, ours);
            first.amount_in = first.amount_out + fee;
            first.cltv_in = first.cltv_out.saturating_add(delay);
        }
        let probability = self.probability(&hops);
        FoundPath { hops, probability }
    }

    /// What the source of a channel takes for forwarding into it, and how many blocks.
    fn terms(&self, hop: &FoundHop, ours: &[ChannelDetails]) -> (Msat, u32) {
        let graph = self.graph().read_only();
        let ends = [hop.from, hop.to].map(|end| NodeId::from_pubkey(&end));
        let announced = graph
            .channel(hop.channel)
            // An unannounced channel may go by a name that is also that of a public one.
            .filter(|channel| ends.contains(&channel.node_one) && ends.contains(&channel.node_two))
            .and_then(|channel| channel.get_directional_info(hop.direction()));
        let own = || {
            let named = |channel: &&ChannelDetails| channel.get_outbound_payment_scid() == Some(hop.channel);
            ours.iter().find(named).and_then(|channel| channel.config)
        };
        let (base, millionths, delay) = match announced {
            Some(update) => (
                update.fees.base_msat,
                update.fees.proportional_millionths,
                u32::from(update.cltv_expiry_delta),
            ),
            None => match own() {
                Some(config) => (
                    config.forwarding_fee_base_msat,
                    config.forwarding_fee_proportional_millionths,
                    u32::from(config.cltv_expiry_delta),
                ),
                None => (0, 0, 0),
            },
        };
        let share = u128::from(hop.amount_out.0) * u128::from(millionths) / 1_000_000;
        let share = Msat(u64::try_from(share).unwrap_or(u64::MAX));
        (Msat(u64::from(base)) + share, delay)
    }

    /// The product over the channels; of ours we know what is in them.
    fn probability(&self, hops: &[FoundHop]) -> f64 {
        let scorer = self.inner.scorer.read().unwrap_or_else(PoisonError::into_inner);
        let scorer: &Scorer = &scorer;
        let parameters = ProbabilisticScoringFeeParameters::default();
        let others = hops.iter().filter(|hop| hop.from != self.id());
        let each = others.map(|hop| {
            let target = NodeId::from_pubkey(&hop.to);
            scorer
                .live_estimated_payment_success_probability(
                    hop.channel,
                    &target,
                    hop.amount_out.0,
                    &parameters,
                )
                .unwrap_or(1.0)
        });
        each.product()
    }
}
