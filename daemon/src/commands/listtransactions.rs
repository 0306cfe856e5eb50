//! `listtransactions`

use super::prelude::*;
use super::shared::channel;
use crate::answer::Page;
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{Transaction, Txid};
use boltill_node::Node;
use boltill_onchain::WalletTransaction;
use boltill_types::Msat;
use serde::Serialize;

parameters! {
    /// List the wallet's transactions on the chain
    ///
    /// These are the transactions that pay to the wallet and those that spend its coins, also to fund channels and to close
    /// them. They are in the order of the chain, and those that are in no block yet come last.
    pub struct ListTransactions {}
}

pub const COMMAND: Command = Command {
    name: "listtransactions",
    category: Category::Bitcoin,
    answer: &[Field::always(
        "transactions",
        Kind::Array(&Kind::Object(TRANSACTION)),
        "The transactions.",
    )],
    examples: &[Example {
        typed: "listtransactions",
        answer: r#"{"transactions":[{"hash":"aa10000100001000010000100001000010000100001000010000100001000001","rawtx":"020000000001...","blockheight":102,"txindex":1,"locktime":101,"version":2,"inputs":[{"txid":"bb10000100001000010000100001000010000100001000010000100001000001","index":0,"sequence":4294967293}],"outputs":[{"index":0,"amount_msat":1000000000,"scriptPubKey":"001471b5ddab58e3a27254fa885ba83878ca907d8afd"}]}]}"#,
    }],
    see_also: &["listfunds", "newaddr", "withdraw"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListTransactions>()
};

const TRANSACTION: &[Field] = &[
    Field::always("hash", Kind::Txid, "The transaction's id."),
    Field::always("rawtx", Kind::Hex, "The transaction."),
    Field::always(
        "blockheight",
        Kind::U32,
        "The height of the block that it is in; 0 when it is in none.",
    ),
    Field::always(
        "txindex",
        Kind::U32,
        "Which transaction of that block it is; 0 when it is in none.",
    ),
    Field::always(
        "locktime",
        Kind::U32,
        "Its locktime: the height or time before which it is not valid.",
    ),
    Field::always("version", Kind::U32, "Its version."),
    Field::always("inputs", Kind::Array(&Kind::Object(INPUT)), "What it spends."),
    Field::always("outputs", Kind::Array(&Kind::Object(OUTPUT)), "What it pays."),
];

const INPUT: &[Field] = &[
    Field::always("txid", Kind::Txid, "The transaction that an output of is spent."),
    Field::always("index", Kind::U32, "Which output of that."),
    Field::always("sequence", Kind::U32, "The sequence number."),
];

const OUTPUT: &[Field] = &[
    Field::always("index", Kind::U32, "Which output it is, from 0."),
    Field::always("amount_msat", Kind::Msat, "What it is worth."),
    Field::always("scriptPubKey", Kind::Hex, "The script that it pays to."),
];

/// How many are read at once.
const PAGE: usize = 100;

#[derive(Serialize)]
struct Entry {
    hash: Txid,
    rawtx: String,
    blockheight: u32,
    txindex: u32,
    locktime: u32,
    version: i32,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
}

#[derive(Serialize)]
struct Input {
    txid: Txid,
    index: u32,
    sequence: u32,
}

#[derive(Serialize)]
struct Output {
    index: u32,
    amount_msat: Msat,
    #[serde(rename = "scriptPubKey")]
    script: String,
}

impl Run for ListTransactions {
    async fn run(self, call: Call) -> Outcome {
        let node = call.node()?.clone();
        let rest = node.wallet().transactions().into_iter();
        Answer::rows("transactions", (node, rest), next_page)
    }
}

/// Where a listing is: what is yet to come.
type Rest = (Node, std::vec::IntoIter<WalletTransaction>);

async fn next_page((node, mut rest): Rest) -> Result<Option<(Page, Rest)>, RpcError> {
    let page: Vec<WalletTransaction> = rest.by_ref().take(PAGE).collect();
    if page.is_empty() {
        return Ok(None);
    }
    let entries = page.iter().filter_map(|known| {
        let transaction = node.wallet().transaction(known.txid)?;
        Some(Entry::of(known, &transaction))
    });
    Ok(Some((Page::of(entries)?, (node.clone(), rest))))
}

impl Entry {
    fn of(known: &WalletTransaction, transaction: &Transaction) -> Entry {
        let (blockheight, place) = known.confirmed.unwrap_or_default();
        let inputs = transaction.input.iter().map(|input| Input {
            txid: input.previous_output.txid,
            index: input.previous_output.vout,
            sequence: input.sequence.0,
        });
        let outputs = (0..).zip(&transaction.output).map(|(index, output)| Output {
            index,
            amount_msat: channel::sat(output.value.to_sat()),
            script: output.script_pubkey.to_hex_string(),
        });
        Entry {
            hash: known.txid,
            rawtx: serialize_hex(transaction),
            blockheight,
            txindex: place.unwrap_or_default(),
            locktime: transaction.lock_time.to_consensus_u32(),
            version: transaction.version.0,
            inputs: inputs.collect(),
            outputs: outputs.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use bitcoin::consensus::encode::deserialize_hex;
    use serde_json::to_value;

    /// The coinbase of block 170 and the first payment ever are too old to be segwit; this is an example of BIP 143.
    const SEGWIT: &str = "01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee635711000000";

    #[test]
    fn a_transaction_is_shown_with_its_place_its_inputs_and_its_outputs() {
        let transaction: Transaction = deserialize_hex(SEGWIT).unwrap();
        let known = WalletTransaction {
            txid: transaction.compute_txid(),
            confirmed: Some((102, Some(7))),
        };
        let entry = to_value(Entry::of(&known, &transaction)).unwrap();
        assert_eq!(mismatches(TRANSACTION, &entry), [""; 0]);
        assert_eq!(
            (&entry["blockheight"], &entry["txindex"]),
            (&102.into(), &7.into())
        );
        assert_eq!((&entry["locktime"], &entry["version"]), (&17.into(), &1.into()));
        assert_eq!(entry["rawtx"], SEGWIT);
        assert_eq!(entry["inputs"][0]["sequence"], 0xffff_ffee_u32);
        assert_eq!(entry["inputs"][1]["index"], 1);
        assert_eq!(entry["outputs"][1]["amount_msat"], 223_450_000_000_u64);
        assert_eq!(
            entry["outputs"][1]["scriptPubKey"],
            "76a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac"
        );
        let waiting = WalletTransaction {
            confirmed: None,
            ..known
        };
        let entry = Entry::of(&waiting, &transaction);
        assert_eq!((entry.blockheight, entry.txindex), (0, 0));
    }
}
