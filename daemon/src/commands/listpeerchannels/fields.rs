//! What `listpeerchannels` answers, for the documents.

use crate::commands::fundchannel::CHANNEL_TYPE;
use crate::commands::shared::channel::STATES;
use crate::params::{Field, Kind};

pub const CHANNEL: &[Field] = &[
    Field::always("peer_id", Kind::Pubkey, "The node at the other end."),
    Field::always("peer_connected", Kind::Bool, "Whether that node is connected."),
    Field::sometimes(
        "reestablished",
        Kind::Bool,
        "Whether both sides have compared what they know of the channel since then; while it is in use.",
    ),
    Field::sometimes(
        "channel_type",
        Kind::Object(CHANNEL_TYPE),
        "The type that was agreed on (BOLT 2).",
    ),
    Field::sometimes(
        "updates",
        Kind::Object(UPDATES),
        "What either side asks of those who pay through it.",
    ),
    Field::always("state", Kind::String, STATES),
    Field::sometimes(
        "feerate",
        Kind::Object(FEERATE),
        "What the commitment transaction pays.",
    ),
    Field::sometimes(
        "short_channel_id",
        Kind::ShortChannelId,
        "Where the channel is in the chain, once its funding transaction is deep enough.",
    ),
    Field::sometimes(
        "direction",
        Kind::U32,
        "Our side of it: 0 when our id is the lesser one, else 1.",
    ),
    Field::always(
        "channel_id",
        Kind::Hash,
        "Its id; another one as long as there is no funding transaction.",
    ),
    Field::sometimes("funding_txid", Kind::Txid, "The transaction that funds it."),
    Field::sometimes("funding_outnum", Kind::U32, "Which output of that it is."),
    Field::always("private", Kind::Bool, "Whether the network is not told of it."),
    Field::always("opener", Kind::String, "Who opened it: `local` or `remote`."),
    Field::sometimes(
        "closer",
        Kind::String,
        "Who closed it, when it is closed: `local` or `remote`.",
    ),
    Field::sometimes(
        "alias",
        Kind::Object(ALIAS),
        "What it is called as long as its place is not to be told.",
    ),
    Field::always(
        "features",
        Kind::Array(&Kind::String),
        "The features of its type, by name.",
    ),
    Field::always("funding", Kind::Object(FUNDING), "Who put how much into it."),
    Field::always(
        "to_us_msat",
        Kind::Msat,
        "What of it is ours, HTLCs that we have offered included.",
    ),
    Field::sometimes("min_to_us_msat", Kind::Msat, "The least that was ever ours."),
    Field::sometimes("max_to_us_msat", Kind::Msat, "The most that was ever ours."),
    Field::always("total_msat", Kind::Msat, "All that is in it."),
    Field::sometimes(
        "fee_base_msat",
        Kind::Msat,
        "The fixed part of our fee for forwarding into it.",
    ),
    Field::sometimes(
        "fee_proportional_millionths",
        Kind::U32,
        "The proportional part of that fee.",
    ),
    Field::sometimes(
        "dust_limit_msat",
        Kind::Msat,
        "The least that an output of our commitment transaction is worth.",
    ),
    Field::sometimes(
        "our_max_htlc_value_in_flight_msat",
        Kind::Msat,
        "How much may be under way to us at once.",
    ),
    Field::sometimes(
        "their_reserve_msat",
        Kind::Msat,
        "What the peer must always keep in it.",
    ),
    Field::sometimes("our_reserve_msat", Kind::Msat, "What we must always keep in it."),
    Field::always(
        "spendable_msat",
        Kind::Msat,
        "About how much we can send in one HTLC.",
    ),
    Field::always("receivable_msat", Kind::Msat, "About how much we can receive."),
    Field::sometimes(
        "minimum_htlc_in_msat",
        Kind::Msat,
        "The smallest HTLC that we accept.",
    ),
    Field::sometimes(
        "minimum_htlc_out_msat",
        Kind::Msat,
        "The smallest HTLC that the peer accepts.",
    ),
    Field::sometimes(
        "maximum_htlc_out_msat",
        Kind::Msat,
        "The largest HTLC that we send.",
    ),
    Field::sometimes(
        "our_to_self_delay",
        Kind::U32,
        "For how many blocks we wait for our money if we close it alone.",
    ),
    Field::sometimes(
        "their_to_self_delay",
        Kind::U32,
        "For how many blocks the peer waits for its money if it closes the channel alone.",
    ),
    Field::sometimes(
        "max_accepted_htlcs",
        Kind::U32,
        "How many HTLCs may be under way to us at once.",
    ),
    Field::sometimes(
        "out_payments_offered",
        Kind::U64,
        "How many HTLCs we have offered.",
    ),
    Field::always(
        "status",
        Kind::Array(&Kind::String),
        "What it is waiting for, in words.",
    ),
    Field::always("htlcs", Kind::Array(&Kind::Object(HTLC)), "The HTLCs under way."),
];

const UPDATES: &[Field] = &[
    Field::always(
        "local",
        Kind::Object(TERMS),
        "What we ask of those who pay through us to the peer.",
    ),
    Field::sometimes(
        "remote",
        Kind::Object(TERMS),
        "What the peer asks of those who pay us, if it has announced that.",
    ),
];

const TERMS: &[Field] = &[
    Field::always("htlc_minimum_msat", Kind::Msat, "The smallest HTLC."),
    Field::always("htlc_maximum_msat", Kind::Msat, "The largest HTLC."),
    Field::always(
        "cltv_expiry_delta",
        Kind::U32,
        "How many blocks there must be between the deadlines.",
    ),
    Field::always("fee_base_msat", Kind::Msat, "The fixed part of the fee."),
    Field::always(
        "fee_proportional_millionths",
        Kind::U32,
        "The proportional part, in millionths of the amount.",
    ),
];

const FEERATE: &[Field] = &[
    Field::always("perkw", Kind::U32, "Satoshi per 1,000 units of weight."),
    Field::always("perkb", Kind::U32, "Satoshi per 1,000 virtual bytes."),
];

const ALIAS: &[Field] = &[
    Field::sometimes("local", Kind::ShortChannelId, "Our name for it."),
    Field::sometimes(
        "remote",
        Kind::ShortChannelId,
        "The peer's name for it, which our invoices use.",
    ),
];

const FUNDING: &[Field] = &[
    Field::always("local_funds_msat", Kind::Msat, "By us."),
    Field::always("remote_funds_msat", Kind::Msat, "By the peer."),
];

pub const HTLC: &[Field] = &[
    Field::always("direction", Kind::String, "`in` or `out`."),
    Field::always("id", Kind::U64, "Its number in this channel and direction."),
    Field::always("amount_msat", Kind::Msat, "How much."),
    Field::always("expiry", Kind::U32, "The block by which it must be over."),
    Field::always("payment_hash", Kind::Hash, "What it pays for."),
    Field::always(
        "state",
        Kind::String,
        "How far adding or removing it has got, in Core Lightning's words.",
    ),
    Field::sometimes(
        "local_trimmed",
        Kind::Bool,
        "True when it is too small to be on chain, so that it would be lost if the channel were closed alone now.",
    ),
];

pub const EXAMPLE: &str = r#"{"channels":[{"peer_id":"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5","peer_connected":true,"reestablished":true,"channel_type":{"bits":[12,22],"names":["static_remotekey/even","anchors/even"]},"updates":{"local":{"htlc_minimum_msat":1,"htlc_maximum_msat":900000000,"cltv_expiry_delta":34,"fee_base_msat":1,"fee_proportional_millionths":10}},"state":"CHANNELD_NORMAL","feerate":{"perkw":253,"perkb":1012},"short_channel_id":"109x1x1","direction":1,"channel_id":"3500003500003500003500003500003500003500003500003500003500003501","funding_txid":"3500003500003500003500003500003500003500003500003500003500003500","funding_outnum":1,"private":false,"opener":"local","alias":{"local":"16000000x1x1","remote":"15000000x2x2"},"features":["option_static_remotekey","option_anchors"],"funding":{"local_funds_msat":1000000000,"remote_funds_msat":0},"to_us_msat":400000000,"min_to_us_msat":400000000,"max_to_us_msat":1000000000,"total_msat":1000000000,"fee_base_msat":1,"fee_proportional_millionths":10,"dust_limit_msat":354000,"our_max_htlc_value_in_flight_msat":1000000000,"their_reserve_msat":10000000,"our_reserve_msat":10000000,"spendable_msat":389000000,"receivable_msat":590000000,"minimum_htlc_in_msat":1,"minimum_htlc_out_msat":1,"maximum_htlc_out_msat":900000000,"our_to_self_delay":144,"their_to_self_delay":144,"max_accepted_htlcs":483,"out_payments_offered":12,"status":["CHANNELD_NORMAL:Channel ready for use."],"htlcs":[]}]}"#;
