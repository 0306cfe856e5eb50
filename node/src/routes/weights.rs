//! What a channel costs beside its fee: what the scorer thinks of it, and what the delay is worth to whoever asks. What is to be avoided
//! costs more than anything.

use super::{RouteQuery, direction};
use crate::ldk::Scorer;
use bitcoin::secp256k1::PublicKey;
use lightning::routing::gossip::NodeId;
use lightning::routing::router::CandidateRouteHop;
use lightning::routing::scoring::{ChannelUsage, ProbabilisticScoringFeeParameters, ScoreLookUp};

/// What a way may not lead through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Avoid {
    /// A channel, in one direction (as [`direction`] says) or in both.
    Channel(u64, Option<u8>),
    /// A node.
    Node(PublicKey),
}

/// A percent of a year, in blocks: as Core Lightning counts it.
const PERCENT_BLOCKS_PER_YEAR: f64 = 5_259_600.0;

pub(super) struct Weights<'a> {
    scorer: &'a Scorer,
    risk_percent: f64,
    channels: Vec<(u64, Option<u8>)>,
    nodes: Vec<NodeId>,
}

impl<'a> Weights<'a> {
    pub(super) fn new(scorer: &'a Scorer, query: &RouteQuery) -> Weights<'a> {
        let (mut channels, mut nodes) = (Vec::new(), Vec::new());
        for avoid in &query.avoid {
            match avoid {
                Avoid::Channel(scid, direction) => channels.push((*scid, *direction)),
                Avoid::Node(node) => nodes.push(NodeId::from_pubkey(node)),
            }
        }
        Weights {
            scorer,
            risk_percent: query.risk_percent,
            channels,
            nodes,
        }
    }

    fn avoided(&self, candidate: &CandidateRouteHop<'_>) -> bool {
        let (source, target) = (candidate.source(), candidate.target());
        if self
            .nodes
            .iter()
            .any(|node| *node == source || Some(*node) == target)
        {
            return true;
        }
        if self.channels.is_empty() {
            return false;
        }
        let names = match candidate {
            CandidateRouteHop::FirstHop(hop) => [
                hop.details.short_channel_id,
                hop.details.outbound_scid_alias,
                hop.details.inbound_scid_alias,
            ],
            other => [other.globally_unique_short_channel_id(), None, None],
        };
        let way = target
            .and_then(|target| target.as_pubkey().ok())
            .zip(source.as_pubkey().ok())
            .map(|(target, source)| direction(&source, &target));
        self.channels.iter().any(|(scid, only)| {
            names.contains(&Some(*scid)) && only.is_none_or(|only| way.is_none_or(|way| way == only))
        })
    }
}

impl ScoreLookUp for Weights<'_> {
    type ScoreParams = ProbabilisticScoringFeeParameters;

    fn channel_penalty_msat(
        &self,
        candidate: &CandidateRouteHop<'_>,
        usage: ChannelUsage,
        parameters: &ProbabilisticScoringFeeParameters,
    ) -> u64 {
        // What costs this much is not used.
        if self.avoided(candidate) {
            return u64::MAX;
        }
        let delay = f64::from(candidate.cltv_expiry_delta());
        let risk = usage.amount_msat as f64 * delay * self.risk_percent / PERCENT_BLOCKS_PER_YEAR;
        let score = self.scorer.channel_penalty_msat(candidate, usage, parameters);
        // As a conversion, this ends at the limits of the type.
        score.saturating_add(risk as u64)
    }
}
