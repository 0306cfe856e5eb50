//! `listfunds`

use super::prelude::*;
use super::shared::channel::{self, ChannelState, STATES};
use bitcoin::Txid;
use bitcoin::secp256k1::PublicKey;
use boltill_node::ClosingChannel;
use boltill_onchain::{Coin, CoinStatus};
use boltill_types::Msat;
use lightning::ln::channel_state::ChannelDetails;
use serde::Serialize;

parameters! {
    /// List the coins on the chain and the money in channels
    ///
    /// The coins are those of the wallet that are not spent. Money from a channel that was closed alone appears among
    /// them once it has come back, which takes some time; until then its channel is listed with what is still to come.
    pub struct ListFunds {
        /// Whether coins that have been spent are listed as well.
        default spent: bool = false,
    }
}

pub const COMMAND: Command = Command {
    name: "listfunds",
    category: Category::Bitcoin,
    answer: &[
        Field::always(
            "outputs",
            Kind::Array(&Kind::Object(OUTPUT)),
            "The wallet's coins.",
        ),
        Field::always(
            "channels",
            Kind::Array(&Kind::Object(CHANNEL)),
            "The channels that have a funding transaction and are not in `listclosedchannels`.",
        ),
    ],
    examples: &[Example {
        typed: "listfunds",
        answer: r#"{"outputs":[{"txid":"aa10000100001000010000100001000010000100001000010000100001000001","output":0,"amount_msat":1000000000,"scriptpubkey":"001471b5ddab58e3a27254fa885ba83878ca907d8afd","address":"bcrt1qwx6am26cuw38y4863pd6swrce2g8mzhaxr9xp8","status":"confirmed","blockheight":101,"reserved":false}],"channels":[]}"#,
    }],
    see_also: &["newaddr", "withdraw", "listpeerchannels", "listclosedchannels"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListFunds>()
};

const OUTPUT: &[Field] = &[
    Field::always("txid", Kind::Txid, "The transaction that made the coin."),
    Field::always("output", Kind::U32, "Which output of it is the coin."),
    Field::always("amount_msat", Kind::Msat, "What it is worth."),
    Field::always("scriptpubkey", Kind::Hex, "The script that it pays to."),
    Field::always("address", Kind::String, "The script as an address."),
    Field::always(
        "status",
        Kind::String,
        "`unconfirmed`, `confirmed`, `immature` (a block reward that is not 100 blocks deep) or `spent`.",
    ),
    Field::sometimes(
        "blockheight",
        Kind::U32,
        "The block that its transaction is in, once it is in one.",
    ),
    Field::always(
        "reserved",
        Kind::Bool,
        "Whether it is kept for a transaction that is being made.",
    ),
    Field::sometimes(
        "reserved_to_block",
        Kind::U32,
        "Until which block it is kept, if it is and nothing comes of that transaction.",
    ),
];

const CHANNEL: &[Field] = &[
    Field::always("peer_id", Kind::Pubkey, "With whom."),
    Field::always("connected", Kind::Bool, "Whether the peer is connected."),
    Field::always("state", Kind::String, STATES),
    Field::always("channel_id", Kind::Hash, "The channel's id."),
    Field::sometimes(
        "short_channel_id",
        Kind::ShortChannelId,
        "Where it is in the chain, once its funding transaction is deep enough.",
    ),
    Field::always(
        "our_amount_msat",
        Kind::Msat,
        "What of it is ours; when it is closed, what of that is not among the coins yet.",
    ),
    Field::always("amount_msat", Kind::Msat, "All that is in it."),
    Field::always("funding_txid", Kind::Txid, "The transaction that funded it."),
    Field::always("funding_output", Kind::U32, "Which output of that it is."),
];

#[derive(Serialize)]
struct Funds {
    outputs: Vec<Output>,
    channels: Vec<Channel>,
}

#[derive(Serialize)]
struct Output {
    txid: Txid,
    output: u32,
    amount_msat: Msat,
    scriptpubkey: String,
    address: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    blockheight: Option<u32>,
    reserved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved_to_block: Option<u32>,
}

#[derive(Serialize)]
struct Channel {
    peer_id: PublicKey,
    connected: bool,
    state: ChannelState,
    channel_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_channel_id: Option<String>,
    our_amount_msat: Msat,
    amount_msat: Msat,
    funding_txid: Txid,
    funding_output: u32,
}

impl Run for ListFunds {
    async fn run(self, call: Call) -> Outcome {
        let node = call.node()?;
        let is_connected = |peer: &PublicKey| node.connected_peer(peer).is_some();
        let channels = node.channels();
        let channels = channels
            .iter()
            .filter_map(|channel| Channel::of(channel, is_connected));
        let closing = node.closing_channels();
        let closing = closing
            .iter()
            .filter_map(|channel| Channel::closing(channel, is_connected));
        Answer::of(&Funds {
            outputs: node
                .wallet()
                .coins(self.spent)
                .into_iter()
                .map(Output::of)
                .collect(),
            channels: channels.chain(closing).collect(),
        })
    }
}

impl Output {
    fn of(coin: Coin) -> Output {
        let (status, blockheight) = match coin.status {
            CoinStatus::Unconfirmed => ("unconfirmed", None),
            CoinStatus::Confirmed { height } => ("confirmed", Some(height)),
            CoinStatus::Immature { height } => ("immature", Some(height)),
            CoinStatus::Spent { height } => ("spent", height),
        };
        // Who wanted a coin no longer matters when it is spent.
        let reserved_to_block = coin.reserved_to_block.filter(|_| status != "spent");
        Output {
            txid: coin.outpoint.txid,
            output: coin.outpoint.vout,
            amount_msat: channel::sat(coin.amount.to_sat()),
            scriptpubkey: coin.script.to_hex_string(),
            address: coin.address.to_string(),
            status,
            blockheight,
            reserved: reserved_to_block.is_some(),
            reserved_to_block,
        }
    }
}

impl Channel {
    /// `None` when it is not known who the peer was.
    fn closing(channel: &ClosingChannel, is_connected: impl Fn(&PublicKey) -> bool) -> Option<Channel> {
        let record = &channel.record;
        let (peer_id, funding) = (record.peer?, record.funding());
        Some(Channel {
            peer_id,
            connected: is_connected(&peer_id),
            state: channel.stage.into(),
            channel_id: record.channel_id.to_string(),
            short_channel_id: record.short_channel_id.map(channel::scid),
            our_amount_msat: channel.pending,
            amount_msat: Msat(record.total_msat),
            funding_txid: funding.txid,
            funding_output: funding.vout,
        })
    }

    /// `None` while there is no funding transaction yet.
    fn of(details: &ChannelDetails, is_connected: impl Fn(&PublicKey) -> bool) -> Option<Channel> {
        let funding = details.funding_txo?;
        let peer_id = details.counterparty.node_id;
        Some(Channel {
            peer_id,
            connected: is_connected(&peer_id),
            state: ChannelState::of(details),
            channel_id: details.channel_id.to_string(),
            short_channel_id: details.short_channel_id.map(channel::scid),
            our_amount_msat: channel::to_us(details),
            amount_msat: channel::sat(details.channel_value_satoshis),
            funding_txid: funding.txid,
            funding_output: funding.index.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::channel::tests::{channel, key};
    use crate::commands::shared::documented::mismatches;
    use bitcoin::{Address, Amount, Network, OutPoint};
    use serde_json::{json, to_value};

    fn coin(status: CoinStatus, reserved_to_block: Option<u32>) -> Coin {
        let address: Address<_> = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".parse().unwrap();
        let address = address.require_network(Network::Regtest).unwrap();
        Coin {
            outpoint: OutPoint::new(format!("{:064x}", 1).parse().unwrap(), 3),
            amount: Amount::from_sat(5_000),
            script: address.script_pubkey(),
            address,
            status,
            reserved_to_block,
        }
    }

    #[test]
    fn a_coin_says_where_it_is_in_its_life() {
        let entry = to_value(Output::of(coin(CoinStatus::Confirmed { height: 101 }, Some(173)))).unwrap();
        assert_eq!(mismatches(OUTPUT, &entry), [""; 0]);
        assert_eq!(entry["amount_msat"], 5_000_000);
        assert_eq!(
            entry["scriptpubkey"],
            "0014751e76e8199196d454941c45d1b3a323f1433bd6"
        );
        assert_eq!(
            (&entry["reserved"], &entry["reserved_to_block"]),
            (&json!(true), &json!(173))
        );
        for (status, name, height) in [
            (CoinStatus::Unconfirmed, "unconfirmed", None),
            (CoinStatus::Immature { height: 7 }, "immature", Some(7)),
            (CoinStatus::Spent { height: Some(9) }, "spent", Some(9)),
        ] {
            let reserved = height.filter(|_| name == "spent");
            let output = Output::of(coin(status, reserved));
            assert_eq!(
                (output.status, output.blockheight, output.reserved),
                (name, height, false)
            );
        }
    }

    #[test]
    fn a_channel_says_what_of_it_is_ours() {
        let entry = to_value(Channel::of(&channel(), |peer| *peer == key(2)).unwrap()).unwrap();
        assert_eq!(mismatches(CHANNEL, &entry), [""; 0]);
        assert_eq!(entry["our_amount_msat"], 400_000_000);
        assert_eq!(entry["amount_msat"], 1_000_000_000);
        assert_eq!(entry["short_channel_id"], "103x1x0");
        assert_eq!(entry["connected"], true);
    }

    #[test]
    fn a_channel_without_a_funding_transaction_is_not_listed() {
        let opening = ChannelDetails {
            funding_txo: None,
            ..channel()
        };
        assert!(Channel::of(&opening, |_| true).is_none());
    }
}
