//! The tables about our own channels.

use super::tables::{Listing, Part, at, blob, int, text};
use boltill_ledger::Table;

/// `listpeerchannels`.
pub(super) const PEERCHANNELS_LISTING: Listing = Listing {
    command: "listpeerchannels",
    array: "channels",
    table: PEERCHANNELS,
    parts: &[
        Part {
            path: "channel_type.bits",
            table: PEERCHANNELS_CHANNEL_TYPE_BITS,
        },
        Part {
            path: "channel_type.names",
            table: PEERCHANNELS_CHANNEL_TYPE_NAMES,
        },
        Part {
            path: "inflight",
            table: PEERCHANNELS_INFLIGHT,
        },
        Part {
            path: "features",
            table: PEERCHANNELS_FEATURES,
        },
        Part {
            path: "state_changes",
            table: PEERCHANNELS_STATE_CHANGES,
        },
        Part {
            path: "status",
            table: PEERCHANNELS_STATUS,
        },
        Part {
            path: "htlcs",
            table: PEERCHANNELS_HTLCS,
        },
    ],
};

const PEERCHANNELS: Table = Table {
    name: "peerchannels",
    columns: &[
        blob("peer_id"),
        int("peer_connected"),
        int("reestablished"),
        text("state"),
        blob("scratch_txid"),
        at("updates.local.htlc_minimum_msat", int("local_htlc_minimum_msat")),
        at("updates.local.htlc_maximum_msat", int("local_htlc_maximum_msat")),
        at("updates.local.cltv_expiry_delta", int("local_cltv_expiry_delta")),
        at("updates.local.fee_base_msat", int("local_fee_base_msat")),
        at(
            "updates.local.fee_proportional_millionths",
            int("local_fee_proportional_millionths"),
        ),
        at(
            "updates.remote.htlc_minimum_msat",
            int("remote_htlc_minimum_msat"),
        ),
        at(
            "updates.remote.htlc_maximum_msat",
            int("remote_htlc_maximum_msat"),
        ),
        at(
            "updates.remote.cltv_expiry_delta",
            int("remote_cltv_expiry_delta"),
        ),
        at("updates.remote.fee_base_msat", int("remote_fee_base_msat")),
        at(
            "updates.remote.fee_proportional_millionths",
            int("remote_fee_proportional_millionths"),
        ),
        int("ignore_fee_limits"),
        int("lost_state"),
        at("feerate.perkw", int("feerate_perkw")),
        at("feerate.perkb", int("feerate_perkb")),
        text("owner"),
        text("short_channel_id"),
        int("direction"),
        blob("channel_id"),
        blob("funding_txid"),
        int("funding_outnum"),
        text("initial_feerate"),
        text("last_feerate"),
        text("next_feerate"),
        int("next_fee_step"),
        blob("close_to"),
        int("private"),
        text("opener"),
        text("closer"),
        at("funding.pushed_msat", int("funding_pushed_msat")),
        at("funding.local_funds_msat", int("funding_local_funds_msat")),
        at("funding.remote_funds_msat", int("funding_remote_funds_msat")),
        at("funding.fee_paid_msat", int("funding_fee_paid_msat")),
        at("funding.fee_rcvd_msat", int("funding_fee_rcvd_msat")),
        at("funding.psbt", text("funding_psbt")),
        at("funding.withheld", int("funding_withheld")),
        int("to_us_msat"),
        int("min_to_us_msat"),
        int("max_to_us_msat"),
        int("total_msat"),
        int("fee_base_msat"),
        int("fee_proportional_millionths"),
        int("dust_limit_msat"),
        int("their_max_htlc_value_in_flight_msat"),
        int("our_max_htlc_value_in_flight_msat"),
        int("their_reserve_msat"),
        int("our_reserve_msat"),
        int("spendable_msat"),
        int("receivable_msat"),
        int("minimum_htlc_in_msat"),
        int("minimum_htlc_out_msat"),
        int("maximum_htlc_out_msat"),
        int("their_to_self_delay"),
        int("our_to_self_delay"),
        int("max_accepted_htlcs"),
        at("alias.local", text("alias_local")),
        at("alias.remote", text("alias_remote")),
        int("in_payments_offered"),
        int("in_offered_msat"),
        int("in_payments_fulfilled"),
        int("in_fulfilled_msat"),
        int("out_payments_offered"),
        int("out_offered_msat"),
        int("out_payments_fulfilled"),
        int("out_fulfilled_msat"),
        int("last_stable_connection"),
        text("close_to_addr"),
        int("last_tx_fee_msat"),
    ],
    indices: &[&["peer_id"]],
    parent: None,
};

const PEERCHANNELS_CHANNEL_TYPE_BITS: Table = Table {
    name: "peerchannels_channel_type_bits",
    columns: &[at("", int("bits"))],
    indices: &[],
    parent: Some("peerchannels"),
};

const PEERCHANNELS_CHANNEL_TYPE_NAMES: Table = Table {
    name: "peerchannels_channel_type_names",
    columns: &[at("", text("names"))],
    indices: &[],
    parent: Some("peerchannels"),
};

const PEERCHANNELS_INFLIGHT: Table = Table {
    name: "peerchannels_inflight",
    columns: &[
        blob("funding_txid"),
        int("funding_outnum"),
        text("feerate"),
        int("total_funding_msat"),
        int("splice_amount"),
        int("our_funding_msat"),
        blob("scratch_txid"),
    ],
    indices: &[],
    parent: Some("peerchannels"),
};

const PEERCHANNELS_FEATURES: Table = Table {
    name: "peerchannels_features",
    columns: &[at("", text("features"))],
    indices: &[],
    parent: Some("peerchannels"),
};

const PEERCHANNELS_STATE_CHANGES: Table = Table {
    name: "peerchannels_state_changes",
    columns: &[
        text("timestamp"),
        text("old_state"),
        text("new_state"),
        text("cause"),
        text("message"),
    ],
    indices: &[],
    parent: Some("peerchannels"),
};

const PEERCHANNELS_STATUS: Table = Table {
    name: "peerchannels_status",
    columns: &[at("", text("status"))],
    indices: &[],
    parent: Some("peerchannels"),
};

const PEERCHANNELS_HTLCS: Table = Table {
    name: "peerchannels_htlcs",
    columns: &[
        text("direction"),
        int("id"),
        int("amount_msat"),
        int("expiry"),
        blob("payment_hash"),
        int("local_trimmed"),
        text("status"),
        text("state"),
    ],
    indices: &[],
    parent: Some("peerchannels"),
};

/// `listclosedchannels`.
pub(super) const CLOSEDCHANNELS_LISTING: Listing = Listing {
    command: "listclosedchannels",
    array: "closedchannels",
    table: CLOSEDCHANNELS,
    parts: &[
        Part {
            path: "channel_type.bits",
            table: CLOSEDCHANNELS_CHANNEL_TYPE_BITS,
        },
        Part {
            path: "channel_type.names",
            table: CLOSEDCHANNELS_CHANNEL_TYPE_NAMES,
        },
    ],
};

const CLOSEDCHANNELS: Table = Table {
    name: "closedchannels",
    columns: &[
        blob("peer_id"),
        blob("channel_id"),
        text("short_channel_id"),
        at("alias.local", text("alias_local")),
        at("alias.remote", text("alias_remote")),
        text("opener"),
        text("closer"),
        int("private"),
        int("total_local_commitments"),
        int("total_remote_commitments"),
        int("total_htlcs_sent"),
        blob("funding_txid"),
        int("funding_outnum"),
        text("funding_psbt"),
        int("funding_withheld"),
        int("leased"),
        int("funding_fee_paid_msat"),
        int("funding_fee_rcvd_msat"),
        int("funding_pushed_msat"),
        int("total_msat"),
        int("final_to_us_msat"),
        int("min_to_us_msat"),
        int("max_to_us_msat"),
        blob("last_commitment_txid"),
        int("last_commitment_fee_msat"),
        text("close_cause"),
        int("last_stable_connection"),
    ],
    indices: &[],
    parent: None,
};

const CLOSEDCHANNELS_CHANNEL_TYPE_BITS: Table = Table {
    name: "closedchannels_channel_type_bits",
    columns: &[at("", int("bits"))],
    indices: &[],
    parent: Some("closedchannels"),
};

const CLOSEDCHANNELS_CHANNEL_TYPE_NAMES: Table = Table {
    name: "closedchannels_channel_type_names",
    columns: &[at("", text("names"))],
    indices: &[],
    parent: Some("closedchannels"),
};

/// `listhtlcs`.
pub(super) const HTLCS_LISTING: Listing = Listing {
    command: "listhtlcs",
    array: "htlcs",
    table: HTLCS,
    parts: &[],
};

const HTLCS: Table = Table {
    name: "htlcs",
    columns: &[
        text("short_channel_id"),
        int("created_index"),
        int("updated_index"),
        int("id"),
        int("expiry"),
        int("amount_msat"),
        text("direction"),
        blob("payment_hash"),
        text("state"),
    ],
    indices: &[&["short_channel_id", "id"], &["created_index"]],
    parent: None,
};
