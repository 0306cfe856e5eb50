//! One channel as `listpeerchannels` shows it.

use super::htlc::Htlc;
use crate::commands::shared::channel::{
    ChannelState, ChannelType, direction, largest_htlc_out, sat, scid, to_us,
};
use bitcoin::Txid;
use bitcoin::secp256k1::PublicKey;
use boltill_node::{
    ChannelDetails, ChannelHistory, DUST_LIMIT_SAT, MAX_ACCEPTED_HTLCS, THEIR_TO_SELF_DELAY,
    channel_type_names,
};
use boltill_types::Msat;
use lightning::routing::gossip::ChannelUpdateInfo;
use serde::Serialize;

/// The fields are described in `fields.rs`.
#[derive(Debug, Serialize)]
pub struct Entry {
    peer_id: PublicKey,
    peer_connected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reestablished: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_type: Option<ChannelType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updates: Option<Updates>,
    state: ChannelState,
    #[serde(skip_serializing_if = "Option::is_none")]
    feerate: Option<Feerate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_channel_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<u32>,
    channel_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    funding_txid: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    funding_outnum: Option<u16>,
    private: bool,
    opener: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<Alias>,
    features: Vec<String>,
    funding: Funding,
    to_us_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_to_us_msat: Option<Msat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_to_us_msat: Option<Msat>,
    total_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_base_msat: Option<Msat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_proportional_millionths: Option<u32>,
    dust_limit_msat: Msat,
    our_max_htlc_value_in_flight_msat: Msat,
    their_reserve_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    our_reserve_msat: Option<Msat>,
    spendable_msat: Msat,
    receivable_msat: Msat,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_htlc_in_msat: Option<Msat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_htlc_out_msat: Option<Msat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_htlc_out_msat: Option<Msat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    our_to_self_delay: Option<u16>,
    their_to_self_delay: u16,
    max_accepted_htlcs: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_payments_offered: Option<u64>,
    status: [String; 1],
    htlcs: Vec<Htlc>,
}

#[derive(Debug, Serialize)]
struct Updates {
    local: Terms,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<Terms>,
}

/// What one side asks of those who pay through it into the channel.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Terms {
    htlc_minimum_msat: Msat,
    htlc_maximum_msat: Msat,
    cltv_expiry_delta: u16,
    fee_base_msat: Msat,
    fee_proportional_millionths: u32,
}

#[derive(Debug, Serialize)]
struct Feerate {
    perkw: u32,
    perkb: u32,
}

/// What a channel is called beside its place in the chain.
#[derive(Debug, Serialize)]
pub struct Alias {
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
}

/// Who put how much into a channel.
#[derive(Debug, Serialize)]
pub struct Funding {
    local_funds_msat: Msat,
    remote_funds_msat: Msat,
}

impl Entry {
    /// `peers_terms` are what the peer announces to the network; `history` is what has become of the channel so far.
    pub fn of(
        channel: &ChannelDetails,
        our_id: PublicKey,
        connected: bool,
        peers_terms: Option<Terms>,
        history: Option<ChannelHistory>,
    ) -> Entry {
        let peer_id = channel.counterparty.node_id;
        let state = ChannelState::of(channel);
        let total = sat(channel.channel_value_satoshis);
        let ours = to_us(channel);
        let in_use = state == ChannelState::ChanneldNormal && connected;
        Entry {
            peer_id,
            peer_connected: connected,
            reestablished: in_use.then_some(channel.is_usable),
            channel_type: channel.channel_type.as_ref().map(ChannelType::from),
            updates: Terms::ours(channel).map(|local| Updates {
                local,
                remote: peers_terms,
            }),
            state,
            feerate: channel.feerate_sat_per_1000_weight.map(|perkw| Feerate {
                perkw,
                perkb: perkw.saturating_mul(4),
            }),
            short_channel_id: channel.short_channel_id.map(scid),
            direction: channel.short_channel_id.map(|_| direction(&our_id, &peer_id)),
            channel_id: channel.channel_id.to_string(),
            funding_txid: channel.funding_txo.map(|funding| funding.txid),
            funding_outnum: channel.funding_txo.map(|funding| funding.index),
            private: !channel.is_announced,
            opener: if channel.is_outbound { "local" } else { "remote" },
            alias: Alias::new(channel.outbound_scid_alias, channel.inbound_scid_alias),
            features: feature_names(channel),
            funding: Funding::by(channel.is_outbound, total),
            to_us_msat: ours,
            min_to_us_msat: history.map(|past| past.least_to_us.min(ours)),
            max_to_us_msat: history.map(|past| past.most_to_us.max(ours)),
            total_msat: total,
            fee_base_msat: channel
                .config
                .map(|config| Msat(config.forwarding_fee_base_msat.into())),
            fee_proportional_millionths: channel
                .config
                .map(|config| config.forwarding_fee_proportional_millionths),
            dust_limit_msat: sat(DUST_LIMIT_SAT),
            // We take whatever a channel can carry (`user_config` in the node).
            our_max_htlc_value_in_flight_msat: total,
            their_reserve_msat: sat(channel.counterparty.unspendable_punishment_reserve),
            our_reserve_msat: channel.unspendable_punishment_reserve.map(sat),
            spendable_msat: Msat(channel.next_outbound_htlc_limit_msat),
            receivable_msat: Msat(channel.inbound_capacity_msat),
            minimum_htlc_in_msat: channel.inbound_htlc_minimum_msat.map(Msat),
            minimum_htlc_out_msat: channel.counterparty.outbound_htlc_minimum_msat.map(Msat),
            maximum_htlc_out_msat: largest_htlc_out(channel),
            our_to_self_delay: channel.force_close_spend_delay,
            their_to_self_delay: THEIR_TO_SELF_DELAY,
            max_accepted_htlcs: MAX_ACCEPTED_HTLCS,
            out_payments_offered: history.map(|past| past.htlcs_sent),
            status: [status(channel, state)],
            htlcs: Htlc::all_of(channel),
        }
    }
}

fn feature_names(channel: &ChannelDetails) -> Vec<String> {
    let names = channel
        .channel_type
        .as_ref()
        .map(channel_type_names)
        .unwrap_or_default();
    names
        .into_iter()
        .map(|name| format!("option_{}", name.trim_end_matches("/even")))
        .collect()
}

fn status(channel: &ChannelDetails, state: ChannelState) -> String {
    match state {
        ChannelState::Openingd => "OPENINGD:Agreeing on the channel.".to_owned(),
        ChannelState::ChanneldAwaitingLockin => {
            let needed = channel.confirmations_required.unwrap_or(0);
            match needed.saturating_sub(channel.confirmations.unwrap_or(0)) {
                0 => {
                    "CHANNELD_AWAITING_LOCKIN:Waiting for the peer to see the funding transaction.".to_owned()
                }
                more => {
                    format!("CHANNELD_AWAITING_LOCKIN:Funding needs {more} more confirmations to be ready.")
                }
            }
        }
        ChannelState::ChanneldNormal => "CHANNELD_NORMAL:Channel ready for use.".to_owned(),
        ChannelState::ChanneldShuttingDown => {
            "CHANNELD_SHUTTING_DOWN:Waiting for the payments under way to come to their end.".to_owned()
        }
        ChannelState::ClosingdSigexchange => "CLOSINGD_SIGEXCHANGE:Agreeing on the closing fee.".to_owned(),
        ChannelState::ClosingdComplete | ChannelState::AwaitingUnilateral | ChannelState::Onchain => {
            "CLOSINGD_COMPLETE:Agreed on the closing transaction.".to_owned()
        }
    }
}

impl Alias {
    /// What each side calls a channel, if it does.
    pub fn new(local: Option<u64>, remote: Option<u64>) -> Option<Alias> {
        let (local, remote) = (local.map(scid), remote.map(scid));
        (local.is_some() || remote.is_some()).then_some(Alias { local, remote })
    }
}

impl Funding {
    /// All of it was put in by the one who opened the channel.
    pub fn by(us: bool, total: Msat) -> Funding {
        Funding {
            local_funds_msat: if us { total } else { Msat::ZERO },
            remote_funds_msat: if us { Msat::ZERO } else { total },
        }
    }
}

impl Terms {
    /// What a channel_update says.
    pub fn announced(update: &ChannelUpdateInfo) -> Terms {
        Terms {
            htlc_minimum_msat: Msat(update.htlc_minimum_msat),
            htlc_maximum_msat: Msat(update.htlc_maximum_msat),
            cltv_expiry_delta: update.cltv_expiry_delta,
            fee_base_msat: Msat(update.fees.base_msat.into()),
            fee_proportional_millionths: update.fees.proportional_millionths,
        }
    }

    /// What ours says; `None` before the peer has said what it accepts.
    fn ours(channel: &ChannelDetails) -> Option<Terms> {
        let config = channel.config?;
        Some(Terms {
            htlc_minimum_msat: Msat(channel.counterparty.outbound_htlc_minimum_msat?),
            htlc_maximum_msat: largest_htlc_out(channel)?,
            cltv_expiry_delta: config.cltv_expiry_delta,
            fee_base_msat: Msat(config.forwarding_fee_base_msat.into()),
            fee_proportional_millionths: config.forwarding_fee_proportional_millionths,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::CHANNEL;
    use super::*;
    use crate::commands::shared::channel::tests::{channel, key};
    use crate::commands::shared::documented::mismatches;
    use serde_json::{Value, json, to_value};

    const HISTORY: ChannelHistory = ChannelHistory {
        least_to_us: Msat(1),
        most_to_us: Msat(5_000),
        htlcs_sent: 7,
    };

    fn entry(channel: &ChannelDetails, connected: bool) -> Value {
        let entry = to_value(Entry::of(channel, key(1), connected, None, Some(HISTORY))).unwrap();
        assert_eq!(mismatches(CHANNEL, &entry), [""; 0]);
        entry
    }

    #[test]
    fn a_channel_in_use_shows_what_can_be_done_with_it() {
        let entry = entry(&channel(), true);
        for (name, value) in [
            ("state", json!("CHANNELD_NORMAL")),
            ("reestablished", json!(true)),
            ("short_channel_id", json!("103x1x0")),
            (
                "alias",
                json!({"local": "16000000x1x1", "remote": "15000000x2x2"}),
            ),
            ("opener", json!("local")),
            ("private", json!(false)),
            ("features", json!(["option_static_remotekey", "option_anchors"])),
            (
                "funding",
                json!({"local_funds_msat": 1_000_000_000, "remote_funds_msat": 0}),
            ),
            ("to_us_msat", json!(400_000_000)),
            ("min_to_us_msat", json!(1)),
            // What is there now counts, too.
            ("max_to_us_msat", json!(400_000_000)),
            ("out_payments_offered", json!(7)),
            ("our_max_htlc_value_in_flight_msat", json!(1_000_000_000)),
            ("total_msat", json!(1_000_000_000)),
            ("our_reserve_msat", json!(10_000_000)),
            ("spendable_msat", json!(389_000_000)),
            ("receivable_msat", json!(590_000_000)),
            ("maximum_htlc_out_msat", json!(900_000_000)),
            ("feerate", json!({"perkw": 253, "perkb": 1012})),
            ("our_to_self_delay", json!(144)),
            ("htlcs", json!([])),
        ] {
            assert_eq!(entry[name], value, "{name}");
        }
    }

    #[test]
    fn our_direction_is_that_of_the_lesser_or_greater_id() {
        let expected = u32::from(key(1).serialize() > key(2).serialize());
        assert_eq!(entry(&channel(), true)["direction"], expected);
        let nowhere = ChannelDetails {
            short_channel_id: None,
            ..channel()
        };
        assert!(entry(&nowhere, true).get("direction").is_none());
    }

    #[test]
    fn a_peer_that_is_away_has_not_reestablished_anything() {
        let away = ChannelDetails {
            is_usable: false,
            ..channel()
        };
        let entry = entry(&away, false);
        assert_eq!(
            (&entry["peer_connected"], entry.get("reestablished")),
            (&json!(false), None)
        );
    }

    #[test]
    fn a_new_channel_says_how_many_confirmations_it_waits_for() {
        let waiting = ChannelDetails {
            is_channel_ready: false,
            confirmations: Some(1),
            ..channel()
        };
        let words = "CHANNELD_AWAITING_LOCKIN:Funding needs 2 more confirmations to be ready.";
        assert_eq!(entry(&waiting, true)["status"], json!([words]));
    }

    #[test]
    fn a_channel_that_is_being_agreed_on_shows_what_there_is_so_far() {
        let opening = ChannelDetails {
            funding_txo: None,
            channel_type: None,
            short_channel_id: None,
            outbound_scid_alias: None,
            inbound_scid_alias: None,
            is_channel_ready: false,
            unspendable_punishment_reserve: None,
            force_close_spend_delay: None,
            ..channel()
        };
        assert_eq!(entry(&opening, true)["state"], "OPENINGD");
    }

    #[test]
    fn the_peers_terms_stand_beside_ours() {
        let terms = Terms::ours(&channel()).unwrap();
        let entry = to_value(Entry::of(&channel(), key(1), true, Some(terms), None)).unwrap();
        assert_eq!(mismatches(CHANNEL, &entry), [""; 0]);
        assert_eq!(entry["updates"]["local"], entry["updates"]["remote"]);
    }
}
