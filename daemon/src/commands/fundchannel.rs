//! `fundchannel`

use super::prelude::*;
use super::shared::channel::ChannelType;
use super::shared::unsupported;
use super::withdraw::{amount, coins};
use crate::error::{Code, Failure};
use crate::params::{NodeId, OutPoint, Sat, SatOrAll};
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{Amount, Txid};
use boltill_node::{Node, OpenError, OpenRequest, Opened};
use boltill_onchain::{Feerate, SpendAmount};
use boltill_types::Msat;
use serde::Serialize;

parameters! {
    /// Open a channel with a node
    ///
    /// Connects to the node if need be, agrees with it on a channel and pays for it with coins of the wallet. Answers
    /// when the funding transaction is out; the channel can be used when that is deep enough, which
    /// `listpeerchannels` tells.
    ///
    /// For each channel with anchors, 25,000 sat are kept back in the wallet, since closing the channel alone may
    /// need them. Nothing is spent when the command fails.
    pub struct FundChannel {
        /// The node.
        required id: NodeId,
        /// How many satoshi to put into the channel; `all` for everything that can be spared, as far as the node
        /// takes it: one that does not take large channels takes 16,777,215 sat.
        required amount: SatOrAll,
        /// What the funding transaction pays for its place in a block; `normal` when it is not given.
        optional feerate: Feerate,
        /// Whether the network is told of the channel, so that others can pay through it.
        default announce: bool = true,
        /// How many confirmations a coin must have to be used. Coins named in *utxos* are used whatever they have.
        default minconf: u32 = 1,
        /// What of it belongs to the node from the beginning: a gift, in msat.
        optional push_msat: Msat,
        /// Not supported: where the money goes is said when the channel is closed (*destination* of `close`).
        optional close_to: String,
        /// Not supported: no channel is leased.
        optional request_amt: Sat,
        /// Not supported: no channel is leased.
        optional compact_lease: String,
        /// The coins to use: no others.
        optional utxos: Vec<OutPoint>,
        /// Not supported: the node that accepts a channel says how deep the funding transaction must be (BOLT 2).
        optional mindepth: u32,
        /// Not supported: the node must always keep 1% of the channel on its side.
        optional reserve: Sat,
        /// Not supported: the type is what both nodes can do best.
        optional channel_type: Vec<u32>,
    }
}

pub const COMMAND: Command = Command {
    name: "fundchannel",
    category: Category::Channels,
    answer: &[
        Field::always("tx", Kind::Hex, "The funding transaction."),
        Field::always("txid", Kind::Txid, "Its id."),
        Field::always("outnum", Kind::U32, "Which output of it is the channel."),
        Field::always("channel_id", Kind::Hash, "The channel's id."),
        Field::always(
            "channel_type",
            Kind::Object(CHANNEL_TYPE),
            "The type that was agreed on (BOLT 2).",
        ),
        Field::sometimes(
            "mindepth",
            Kind::U32,
            "How many confirmations the funding transaction needs before the channel can be used.",
        ),
    ],
    errors: &[
        (
            Code::Unspecified,
            "The node did not want the channel, or went away.",
        ),
        (
            Code::FundMaxExceeded,
            "The node does not take channels this large.",
        ),
        (
            Code::FundCannotAfford,
            "The coins that may be used are not enough.",
        ),
        (Code::FundOutputIsDust, "The amount is too small to be relayed."),
        (
            Code::FundBroadcastFailed,
            "bitcoind does not take the funding transaction.",
        ),
        (
            Code::FundPeerNotConnected,
            "The node disconnected before it could be asked.",
        ),
        (
            Code::FundEmergencyReserve,
            "Too little would be left to close channels with.",
        ),
        (
            Code::ConnectNoKnownAddress,
            "The node is not connected, and no address of it is known.",
        ),
        (
            Code::ConnectAllAddressesFailed,
            "The node is not connected, and does not answer.",
        ),
    ],
    examples: &[Example {
        typed: "fundchannel 02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5 1000000",
        answer: r#"{"tx":"020000000001...","txid":"3500003500003500003500003500003500003500003500003500003500003500","outnum":1,"channel_id":"3500003500003500003500003500003500003500003500003500003500003501","channel_type":{"bits":[12,22],"names":["static_remotekey/even","anchors/even"]},"mindepth":3}"#,
    }],
    see_also: &["connect", "listfunds", "listpeerchannels", "close"],
    ..Command::of::<FundChannel>()
};

/// The fields of [`ChannelType`].
pub(super) const CHANNEL_TYPE: &[Field] = &[
    Field::always("bits", Kind::Array(&Kind::U32), "The feature bits that are set."),
    Field::always(
        "names",
        Kind::Array(&Kind::String),
        "What they are called (BOLT 9).",
    ),
];

/// Core Lightning refuses less before it looks at anything else.
const DUST: Amount = Amount::from_sat(546);

#[derive(Serialize)]
struct Funded {
    tx: String,
    txid: Txid,
    outnum: u32,
    channel_id: String,
    channel_type: ChannelType,
    #[serde(skip_serializing_if = "Option::is_none")]
    mindepth: Option<u32>,
}

impl Run for FundChannel {
    async fn run(self, call: Call) -> Outcome {
        self.check_supported()?;
        let node = call.node()?;
        let capacity = amount(self.amount);
        if let SpendAmount::Exactly(amount) = capacity
            && amount < DUST
        {
            let words = format!("Output of {} sat would be dust", amount.to_sat());
            return Err(RpcError::failed(Code::FundOutputIsDust, words));
        }
        call.caller.progress(0, 3);
        call.caller
            .tell(Level::Info, format_args!("Connecting to {}", self.id.0));
        node.connect(self.id.0, None).await?;
        call.caller.progress(1, 3);
        call.caller
            .tell(Level::Info, "Agreeing on the channel and funding it");
        let opened = node
            .open_channel(OpenRequest {
                peer: self.id.0,
                capacity,
                push: self.push_msat.unwrap_or(Msat::ZERO),
                announce: self.announce,
                feerate: self.feerate.map(|feerate| node.fees().resolve(feerate)),
                utxos: self.utxos.map(coins),
                minconf: self.minconf,
            })
            .await?;
        call.caller.progress(2, 3);
        Answer::of(&Funded::of(node, opened))
    }
}

impl FundChannel {
    fn check_supported(&self) -> Result<(), RpcError> {
        unsupported(
            "close_to",
            &self.close_to,
            "say where the money goes when you close the channel",
        )?;
        unsupported("request_amt", &self.request_amt, "no channel is leased")?;
        unsupported("compact_lease", &self.compact_lease, "no channel is leased")?;
        unsupported(
            "mindepth",
            &self.mindepth,
            "the node that accepts the channel decides",
        )?;
        unsupported("reserve", &self.reserve, "it is always 1% of the channel")?;
        unsupported(
            "channel_type",
            &self.channel_type,
            "it is what both nodes can do best",
        )
    }
}

impl Funded {
    fn of(node: &Node, opened: Opened) -> Funded {
        let channels = node.channels();
        let channel = channels
            .iter()
            .find(|channel| channel.channel_id == opened.channel_id);
        Funded {
            tx: serialize_hex(&opened.funding),
            txid: opened.funding_txo.txid,
            outnum: opened.funding_txo.vout,
            channel_id: opened.channel_id.to_string(),
            channel_type: channel
                .and_then(|channel| channel.channel_type.as_ref())
                .map(ChannelType::from)
                .unwrap_or_default(),
            mindepth: channel.and_then(|channel| channel.confirmations_required),
        }
    }
}

impl Failure for OpenError {
    fn code(&self) -> Code {
        match self {
            OpenError::NotConnected => Code::FundPeerNotConnected,
            OpenError::TooLarge { .. } => Code::FundMaxExceeded,
            OpenError::Wallet(error) => error.code(),
            OpenError::Broadcast(_) => Code::FundBroadcastFailed,
            OpenError::Refused(_) | OpenError::ByPeer(_) => Code::Unspecified,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    const ID: &str = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";

    #[tokio::test]
    async fn what_cannot_be_honoured_is_refused_and_never_ignored() {
        for (parameter, value) in [
            ("close_to", "\"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080\""),
            ("request_amt", "10000"),
            ("compact_lease", "\"02\""),
            ("mindepth", "1"),
            ("reserve", "10000"),
            ("channel_type", "[12, 22]"),
        ] {
            let params = format!(r#"{{"id":"{ID}","amount":100000,"{parameter}":{value}}}"#);
            let refusal = test_call().answer("fundchannel", &params).await.unwrap_err();
            assert!(
                refusal.starts_with(&format!("{parameter}: not supported: ")),
                "{refusal}"
            );
        }
    }

    #[tokio::test]
    async fn parameters_by_position_stand_where_core_lightning_has_them() {
        let params = format!(r#"["{ID}", "all", "normal", true, 1, "1000msat", null, null, null, ["x"]]"#);
        let refusal = test_call().answer("fundchannel", &params).await.unwrap_err();
        assert!(refusal.starts_with("Could not decode outpoint"), "{refusal}");
    }
}
