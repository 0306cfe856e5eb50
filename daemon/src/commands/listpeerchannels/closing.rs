//! A channel that is closed, as `listpeerchannels` shows it while its money is on its way.

use super::entry::{Alias, Funding};
use super::htlc::Htlc;
use crate::commands::shared::channel::{ChannelState, ChannelType, direction, scid};
use bitcoin::Txid;
use bitcoin::secp256k1::PublicKey;
use boltill_node::{ChannelRecord, ClosingChannel, ClosingStage, channel_type_names};
use boltill_types::Msat;
use serde::Serialize;

/// The fields are described in `fields.rs`.
#[derive(Debug, Serialize)]
pub struct ClosingEntry {
    peer_id: PublicKey,
    peer_connected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_type: Option<ChannelType>,
    state: ChannelState,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_channel_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<u32>,
    channel_id: String,
    funding_txid: Txid,
    funding_outnum: u32,
    private: bool,
    opener: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    closer: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<Alias>,
    features: Vec<String>,
    funding: Funding,
    to_us_msat: Msat,
    min_to_us_msat: Msat,
    max_to_us_msat: Msat,
    total_msat: Msat,
    spendable_msat: Msat,
    receivable_msat: Msat,
    out_payments_offered: u64,
    status: [String; 1],
    htlcs: [Htlc; 0],
}

/// Who did something to a channel, in Core Lightning's words.
pub fn side(by_us: bool) -> &'static str {
    if by_us { "local" } else { "remote" }
}

impl ClosingEntry {
    /// `None` when it is not known who the peer was.
    pub fn of(channel: &ClosingChannel, our_id: PublicKey, connected: bool) -> Option<ClosingEntry> {
        let record = &channel.record;
        let peer_id = record.peer?;
        let state = ChannelState::from(channel.stage);
        let funding = record.funding();
        let kind = record.channel_type.as_ref();
        Some(ClosingEntry {
            peer_id,
            peer_connected: connected,
            channel_type: kind.map(ChannelType::from),
            state,
            short_channel_id: record.short_channel_id.map(scid),
            direction: record.short_channel_id.map(|_| direction(&our_id, &peer_id)),
            channel_id: record.channel_id.to_string(),
            funding_txid: funding.txid,
            funding_outnum: funding.vout,
            private: record.private,
            opener: side(record.opened_by_us),
            closer: closer(record),
            alias: Alias::new(record.local_alias, record.remote_alias),
            features: kind.map(feature_names).unwrap_or_default(),
            funding: Funding::by(record.opened_by_us, Msat(record.total_msat)),
            to_us_msat: Msat(record.to_us_msat),
            min_to_us_msat: Msat(record.min_to_us_msat),
            max_to_us_msat: Msat(record.max_to_us_msat),
            total_msat: Msat(record.total_msat),
            spendable_msat: Msat::ZERO,
            receivable_msat: Msat::ZERO,
            out_payments_offered: record.htlcs_sent,
            status: [status(channel)],
            htlcs: [],
        })
    }
}

fn closer(record: &ChannelRecord) -> Option<&'static str> {
    record.closing.and_then(|closing| closing.closed_by_us).map(side)
}

fn feature_names(kind: &lightning::types::features::ChannelTypeFeatures) -> Vec<String> {
    let names = channel_type_names(kind).into_iter();
    names
        .map(|name| format!("option_{}", name.trim_end_matches("/even")))
        .collect()
}

fn status(channel: &ClosingChannel) -> String {
    let pending = channel.pending.to_sat_floor();
    match (channel.stage, channel.next_height) {
        (ClosingStage::Agreed, _) => {
            "CLOSINGD_COMPLETE:Waiting for the closing transaction to be in a block.".to_owned()
        }
        (ClosingStage::AwaitingUnilateral, _) => {
            "AWAITING_UNILATERAL:Waiting for a commitment transaction to be in a block.".to_owned()
        }
        (ClosingStage::Onchain, Some(height)) => {
            format!("ONCHAIN:{pending} sat are to come, the next step is at block {height}.")
        }
        (ClosingStage::Onchain, None) if pending > 0 => {
            format!("ONCHAIN:{pending} sat are on their way to the wallet.")
        }
        (ClosingStage::Onchain, None) => "ONCHAIN:All is in the wallet.".to_owned(),
    }
}
