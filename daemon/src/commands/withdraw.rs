//! `withdraw`

use super::prelude::*;
use super::shared::onchain::BitcoinAddress;
use crate::error::{Code, Failure};
use crate::params::{OutPoint, SatOrAll};
use bitcoin::consensus::encode::serialize_hex;
use boltill_onchain::{Feerate, FeerateName, PublishError, Published, Spend, SpendAmount};
use serde::Serialize;

parameters! {
    /// Send coins of the wallet to an address
    ///
    /// Makes one transaction, signs it and sends it. While channels with anchors are open, some coins are kept back
    /// (25,000 sat for each), since a channel that must be closed alone needs them for its fee.
    ///
    /// Should bitcoind not answer, the transaction is kept and sent as soon as it can be, also after a restart;
    /// should bitcoind refuse it, it is forgotten and its coins are free again.
    pub struct Withdraw {
        /// The address to pay.
        required destination: BitcoinAddress,
        /// How many satoshi it gets, the fee coming on top; `all` pays everything that can be spared, less the fee.
        required satoshi: SatOrAll,
        /// What the transaction pays for its place in a block; `normal` when it is not given.
        optional feerate: Feerate,
        /// How many confirmations a coin must have to be used. Coins named in *utxos* are used whatever they have.
        default minconf: u16 = 1,
        /// The coins to use: all of these, and no others.
        optional utxos: Vec<OutPoint>,
    }
}

pub const COMMAND: Command = Command {
    name: "withdraw",
    category: Category::Bitcoin,
    answer: &[
        Field::always("tx", Kind::Hex, "The signed transaction."),
        Field::always("txid", Kind::Txid, "Its id."),
        Field::always(
            "psbt",
            Kind::String,
            "The unsigned transaction as a PSBT (BIP 174), in base64.",
        ),
    ],
    errors: &[
        (
            Code::Unspecified,
            "bitcoind refused the transaction, or it could not be made.",
        ),
        (
            Code::FundCannotAfford,
            "The coins that may be used are not enough.",
        ),
        (Code::FundOutputIsDust, "The amount is too small to be relayed."),
        (
            Code::FundEmergencyReserve,
            "Too little would be left to close channels with.",
        ),
    ],
    examples: &[Example {
        typed: "withdraw bcrt1qwx6am26cuw38y4863pd6swrce2g8mzhaxr9xp8 555555",
        answer: r#"{"tx":"020000000001...","txid":"21910009100091000910009100091000910009100091000910009100091000aa","psbt":"cHNidP8BAgQCAAAAAQMEbwAAAAEEAQ..."}"#,
    }],
    see_also: &["listfunds", "newaddr", "feerates"],
    ..Command::of::<Withdraw>()
};

#[derive(Serialize)]
struct Sent {
    tx: String,
    txid: bitcoin::Txid,
    psbt: String,
}

impl Run for Withdraw {
    async fn run(self, call: Call) -> Outcome {
        let node = call.node()?;
        let feerate = self.feerate.unwrap_or(Feerate::Named(FeerateName::Normal));
        let spend = Spend {
            to: self.destination.script(node.network())?,
            amount: amount(self.satoshi),
            feerate: node.fees().resolve(feerate),
            utxos: self.utxos.map(coins),
            minconf: self.minconf.into(),
            reserve: node.anchor_reserve(0),
        };
        node.can_send().await?;
        let built = node.wallet().build(&spend).await?;
        let txid = built.transaction.compute_txid();
        match node.broadcaster().publish(built.transaction.clone()).await? {
            Published::Sent => tracing::info!("withdrawn {} in transaction {txid}", built.amount),
            Published::Queued { why } => tracing::warn!("transaction {txid} waits for bitcoind: {why}"),
        }
        Answer::of(&Sent {
            tx: serialize_hex(&built.transaction),
            txid,
            psbt: built.psbt.to_string(),
        })
    }
}

/// An amount to spend, from one in a request.
pub(super) fn amount(amount: SatOrAll) -> SpendAmount {
    match amount {
        SatOrAll::All => SpendAmount::All,
        SatOrAll::Amount(amount) => SpendAmount::Exactly(amount),
    }
}

/// The coins that a request names.
pub(super) fn coins(named: Vec<OutPoint>) -> Vec<bitcoin::OutPoint> {
    named.into_iter().map(|coin| coin.0).collect()
}

impl Failure for PublishError {
    fn code(&self) -> Code {
        match self {
            PublishError::Refused(_) | PublishError::Away(_) | PublishError::Wallet(_) => Code::Unspecified,
            PublishError::Stopping => Code::ShuttingDown,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn the_forms_of_all_parameters_are_looked_at_first() {
        let refusals = [
            (
                r#"["x", 1]"#,
                "Could not parse destination address, destination should be a valid address",
            ),
            (
                r#"["bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "1msat"]"#,
                "satoshi: should be a satoshi amount: invalid token '\"1msat\"'",
            ),
            (
                r#"["bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "all", "normal", 1, ["x:0"]]"#,
                "Could not decode outpoint \"x:0\", expected format: txid:output",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("withdraw", params).await,
                Err(words.to_owned())
            );
        }
    }
}
