//! A channel as answers show it.

use crate::params::ShortChannelId;
use bitcoin::secp256k1::PublicKey;
use boltill_node::ClosingStage;
use boltill_types::Msat;
use lightning::ln::channel_state::{ChannelDetails, ChannelShutdownState};
use lightning::types::features::ChannelTypeFeatures;
use serde::Serialize;

/// Where a channel is in its life, in Core Lightning's words.
///
/// LDK forgets a channel when its closing is agreed on or it is closed alone; what comes behind that is told by the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChannelState {
    /// Being agreed on; there is no funding transaction yet.
    Openingd,
    /// Waiting for the funding transaction to be deep enough.
    ChanneldAwaitingLockin,
    /// In use.
    ChanneldNormal,
    /// To be closed together, as soon as what is under way in it has come to its end.
    ChanneldShuttingDown,
    /// Agreeing on the closing transaction.
    ClosingdSigexchange,
    /// The closing transaction is agreed on.
    ClosingdComplete,
    /// Closed alone, and the commitment transaction is not in a block.
    AwaitingUnilateral,
    /// Closed, and the outputs of the closing or commitment transaction are waited for.
    Onchain,
}

/// The states as text, for the documents.
pub const STATES: &str = "`OPENINGD`: being agreed on; `CHANNELD_AWAITING_LOCKIN`: waiting for the funding \
    transaction to be deep enough; `CHANNELD_NORMAL`: in use; `CHANNELD_SHUTTING_DOWN`: being closed together, when all \
    that is under way in it has come to its end; `CLOSINGD_SIGEXCHANGE`: agreeing on the closing transaction; \
    `CLOSINGD_COMPLETE`: agreed on it; `AWAITING_UNILATERAL`: closed alone, and no commitment transaction is in a block; \
    `ONCHAIN`: closed, and not all that is ours is in the wallet.";

impl From<ClosingStage> for ChannelState {
    fn from(stage: ClosingStage) -> ChannelState {
        match stage {
            ClosingStage::Agreed => ChannelState::ClosingdComplete,
            ClosingStage::AwaitingUnilateral => ChannelState::AwaitingUnilateral,
            ClosingStage::Onchain => ChannelState::Onchain,
        }
    }
}

impl ChannelState {
    /// The state of a channel that is not closed.
    pub fn of(channel: &ChannelDetails) -> ChannelState {
        use ChannelShutdownState::*;
        match channel.channel_shutdown_state {
            Some(ShutdownInitiated | ResolvingHTLCs) => ChannelState::ChanneldShuttingDown,
            Some(NegotiatingClosingFee) => ChannelState::ClosingdSigexchange,
            Some(ShutdownComplete) => ChannelState::ClosingdComplete,
            Some(NotShuttingDown) | None => match channel.funding_txo {
                None => ChannelState::Openingd,
                Some(_) if channel.is_channel_ready => ChannelState::ChanneldNormal,
                Some(_) => ChannelState::ChanneldAwaitingLockin,
            },
        }
    }
}

/// How much of a channel is ours: what is in HTLCs that we have offered still is, what is offered to us is not yet.
pub fn to_us(channel: &ChannelDetails) -> Msat {
    boltill_node::our_balance(channel)
}

/// LDK tells the network that nine tenths of a channel, or what the peer takes at once if that is less, can be sent.
pub fn largest_htlc_out(channel: &ChannelDetails) -> Option<Msat> {
    let nine_tenths = channel.channel_value_satoshis.saturating_mul(900);
    channel
        .counterparty
        .outbound_htlc_maximum_msat
        .map(|most| Msat(most.min(nine_tenths)))
}

/// Whole satoshi as the unit of answers; no sum of real bitcoin is too large for it.
pub fn sat(sat: u64) -> Msat {
    Msat::from_sat(sat).unwrap_or(Msat(u64::MAX))
}

/// A place in the chain as text: `BLOCKxTRANSACTIONxOUTPUT`.
pub fn scid(id: u64) -> String {
    ShortChannelId(id).to_string()
}

/// The number BOLT 7 gives to our side of a channel: 0 for the lesser node id.
pub fn direction(ours: &PublicKey, theirs: &PublicKey) -> u32 {
    u32::from(ours.serialize() > theirs.serialize())
}

/// Whether this is what the channel is called by: its place in the chain, or our alias for it.
pub fn is_called(channel: &ChannelDetails, id: ShortChannelId) -> bool {
    [channel.short_channel_id, channel.outbound_scid_alias].contains(&Some(id.0))
}

/// The type that was agreed on for a channel (BOLT 2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChannelType {
    bits: Vec<u32>,
    names: Vec<&'static str>,
}

impl From<&ChannelTypeFeatures> for ChannelType {
    fn from(features: &ChannelTypeFeatures) -> ChannelType {
        let flags = features.le_flags();
        let is_set = |bit: &u32| flags[*bit as usize / 8] >> (bit % 8) & 1 == 1;
        ChannelType {
            bits: (0..8 * flags.len() as u32).filter(is_set).collect(),
            names: boltill_node::channel_type_names(features),
        }
    }
}

/// A bitmap of features as it is on the wire: the highest bit comes first (BOLT 9).
pub fn features_hex(le_flags: &[u8]) -> String {
    use hex_conservative::DisplayHex;
    let bytes: Vec<u8> = le_flags.iter().rev().copied().collect();
    bytes.to_lower_hex_string()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use bitcoin::secp256k1::{Secp256k1, SecretKey};
    use lightning::chain::transaction::OutPoint;
    use lightning::ln::channel_state::ChannelCounterparty;
    use lightning::ln::types::ChannelId;
    use lightning::types::features::InitFeatures;
    use lightning::util::config::ChannelConfig;

    pub fn key(byte: u8) -> PublicKey {
        SecretKey::from_slice(&[byte; 32])
            .unwrap()
            .public_key(&Secp256k1::new())
    }

    /// A channel of 1,000,000 sat that we opened, of which 400,000 sat are ours, with a reserve of 10,000 sat on
    /// either side.
    pub fn channel() -> ChannelDetails {
        ChannelDetails {
            channel_id: ChannelId([7; 32]),
            counterparty: ChannelCounterparty {
                node_id: key(2),
                features: InitFeatures::empty(),
                unspendable_punishment_reserve: 10_000,
                forwarding_info: None,
                outbound_htlc_minimum_msat: Some(1),
                outbound_htlc_maximum_msat: Some(980_000_000),
            },
            funding_txo: Some(OutPoint {
                txid: format!("{:064x}", 5).parse().unwrap(),
                index: 1,
            }),
            channel_type: Some(ChannelTypeFeatures::anchors_zero_htlc_fee_and_dependencies()),
            short_channel_id: Some("103x1x0".parse::<ShortChannelId>().unwrap().0),
            outbound_scid_alias: Some("16000000x1x1".parse::<ShortChannelId>().unwrap().0),
            inbound_scid_alias: Some("15000000x2x2".parse::<ShortChannelId>().unwrap().0),
            channel_value_satoshis: 1_000_000,
            unspendable_punishment_reserve: Some(10_000),
            user_channel_id: 0,
            feerate_sat_per_1000_weight: Some(253),
            outbound_capacity_msat: 400_000_000 - 10_000_000 - 660_000,
            next_outbound_htlc_limit_msat: 389_000_000,
            next_outbound_htlc_minimum_msat: 1,
            inbound_capacity_msat: 590_000_000,
            confirmations_required: Some(3),
            confirmations: Some(6),
            force_close_spend_delay: Some(144),
            is_outbound: true,
            is_channel_ready: true,
            channel_shutdown_state: Some(ChannelShutdownState::NotShuttingDown),
            is_usable: true,
            is_announced: true,
            inbound_htlc_minimum_msat: Some(1),
            inbound_htlc_maximum_msat: Some(980_000_000),
            config: Some(ChannelConfig::default()),
            pending_inbound_htlcs: Vec::new(),
            pending_outbound_htlcs: Vec::new(),
            funding_redeem_script: None,
        }
    }

    #[test]
    fn each_stage_of_a_channel_has_its_state() {
        use ChannelShutdownState::*;
        let normal = channel();
        let in_state = |state| ChannelDetails {
            channel_shutdown_state: Some(state),
            ..normal.clone()
        };
        let waiting = ChannelDetails {
            is_channel_ready: false,
            ..normal.clone()
        };
        let opening = ChannelDetails {
            funding_txo: None,
            is_channel_ready: false,
            ..normal.clone()
        };
        for (channel, state) in [
            (opening, "OPENINGD"),
            (waiting, "CHANNELD_AWAITING_LOCKIN"),
            (normal.clone(), "CHANNELD_NORMAL"),
            (in_state(ShutdownInitiated), "CHANNELD_SHUTTING_DOWN"),
            (in_state(ResolvingHTLCs), "CHANNELD_SHUTTING_DOWN"),
            (in_state(NegotiatingClosingFee), "CLOSINGD_SIGEXCHANGE"),
            (in_state(ShutdownComplete), "CLOSINGD_COMPLETE"),
        ] {
            assert_eq!(serde_json::to_value(ChannelState::of(&channel)).unwrap(), state);
        }
    }

    #[test]
    fn our_balance_follows_from_what_we_can_send() {
        assert_eq!(to_us(&channel()), Msat(400_000_000));
    }

    #[test]
    fn where_we_can_send_nothing_our_balance_follows_from_what_we_can_receive() {
        let poor = ChannelDetails {
            outbound_capacity_msat: 0,
            inbound_capacity_msat: 985_000_000,
            ..channel()
        };
        assert_eq!(to_us(&poor), Msat(5_000_000));
    }

    #[test]
    fn the_opener_is_the_one_who_pays_for_anchors() {
        let theirs = ChannelDetails {
            is_outbound: false,
            outbound_capacity_msat: 0,
            inbound_capacity_msat: 985_000_000,
            ..channel()
        };
        assert_eq!(to_us(&theirs), Msat(5_000_000 - 660_000));
    }

    #[test]
    fn a_channel_type_is_its_bits_and_their_names() {
        let kind = ChannelType::from(&ChannelTypeFeatures::anchors_zero_htlc_fee_and_dependencies());
        assert_eq!(kind.bits, [12, 22]);
        assert_eq!(kind.names, ["static_remotekey/even", "anchors/even"]);
    }

    #[test]
    fn a_channel_is_called_by_its_place_and_by_our_alias_alone() {
        let channel = channel();
        let is_called = |id: &str| is_called(&channel, id.parse().unwrap());
        assert!(is_called("103x1x0") && is_called("16000000x1x1"));
        assert!(!is_called("15000000x2x2") && !is_called("103x1x1"));
    }
}
