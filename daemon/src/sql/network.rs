//! The tables about peers, the network and the chain.

use super::tables::{Listing, Part, at, blob, int, text};
use boltill_ledger::Table;

/// `listchannels`.
pub(super) const CHANNELS_LISTING: Listing = Listing {
    command: "listchannels",
    array: "channels",
    table: CHANNELS,
    parts: &[],
};

const CHANNELS: Table = Table {
    name: "channels",
    columns: &[
        blob("source"),
        blob("destination"),
        text("short_channel_id"),
        int("direction"),
        int("public"),
        int("amount_msat"),
        int("message_flags"),
        int("channel_flags"),
        int("active"),
        int("last_update"),
        int("base_fee_millisatoshi"),
        int("fee_per_millionth"),
        int("delay"),
        int("htlc_minimum_msat"),
        int("htlc_maximum_msat"),
        blob("features"),
    ],
    indices: &[&["short_channel_id"]],
    parent: None,
};

/// `listnodes`.
pub(super) const NODES_LISTING: Listing = Listing {
    command: "listnodes",
    array: "nodes",
    table: NODES,
    parts: &[Part {
        path: "addresses",
        table: NODES_ADDRESSES,
    }],
};

const NODES: Table = Table {
    name: "nodes",
    columns: &[
        blob("nodeid"),
        int("last_timestamp"),
        text("alias"),
        blob("color"),
        blob("features"),
        at(
            "option_will_fund.lease_fee_base_msat",
            int("option_will_fund_lease_fee_base_msat"),
        ),
        at(
            "option_will_fund.lease_fee_basis",
            int("option_will_fund_lease_fee_basis"),
        ),
        at(
            "option_will_fund.funding_weight",
            int("option_will_fund_funding_weight"),
        ),
        at(
            "option_will_fund.channel_fee_max_base_msat",
            int("option_will_fund_channel_fee_max_base_msat"),
        ),
        at(
            "option_will_fund.channel_fee_max_proportional_thousandths",
            int("option_will_fund_channel_fee_max_proportional_thousandths"),
        ),
        at(
            "option_will_fund.compact_lease",
            blob("option_will_fund_compact_lease"),
        ),
    ],
    indices: &[&["nodeid"]],
    parent: None,
};

const NODES_ADDRESSES: Table = Table {
    name: "nodes_addresses",
    columns: &[text("type"), int("port"), text("address")],
    indices: &[],
    parent: Some("nodes"),
};

/// `listpeers`.
pub(super) const PEERS_LISTING: Listing = Listing {
    command: "listpeers",
    array: "peers",
    table: PEERS,
    parts: &[Part {
        path: "netaddr",
        table: PEERS_NETADDR,
    }],
};

const PEERS: Table = Table {
    name: "peers",
    columns: &[
        blob("id"),
        int("connected"),
        int("num_channels"),
        text("remote_addr"),
        blob("features"),
    ],
    indices: &[&["id"]],
    parent: None,
};

const PEERS_NETADDR: Table = Table {
    name: "peers_netaddr",
    columns: &[at("", text("netaddr"))],
    indices: &[],
    parent: Some("peers"),
};

/// `listtransactions`.
pub(super) const TRANSACTIONS_LISTING: Listing = Listing {
    command: "listtransactions",
    array: "transactions",
    table: TRANSACTIONS,
    parts: &[
        Part {
            path: "inputs",
            table: TRANSACTIONS_INPUTS,
        },
        Part {
            path: "outputs",
            table: TRANSACTIONS_OUTPUTS,
        },
    ],
};

const TRANSACTIONS: Table = Table {
    name: "transactions",
    columns: &[
        blob("hash"),
        blob("rawtx"),
        int("blockheight"),
        int("txindex"),
        int("locktime"),
        int("version"),
    ],
    indices: &[&["hash"]],
    parent: None,
};

const TRANSACTIONS_INPUTS: Table = Table {
    name: "transactions_inputs",
    columns: &[blob("txid"), at("index", int("idx")), int("sequence")],
    indices: &[],
    parent: Some("transactions"),
};

const TRANSACTIONS_OUTPUTS: Table = Table {
    name: "transactions_outputs",
    columns: &[at("index", int("idx")), int("amount_msat"), blob("scriptPubKey")],
    indices: &[],
    parent: Some("transactions"),
};
