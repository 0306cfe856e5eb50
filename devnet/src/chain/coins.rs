//! The unspent outputs, and what is needed to take a block back.

use std::collections::HashMap;

use bitcoin::{OutPoint, Transaction, TxOut};

use super::reject::TxReject;

/// An unspent output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coin {
    /// The output itself.
    pub(crate) output: TxOut,
    /// Height of the block that created it; for a mempool transaction the height of the next block.
    pub(crate) height: u32,
    /// Whether a coinbase created it.
    pub(crate) coinbase: bool,
}

/// The coins that a block spent, transaction by transaction (without the coinbase), input by input.
#[derive(Debug, Clone, Default)]
pub(crate) struct Undo {
    /// Spent coins, in the order of the block's transactions after the coinbase.
    pub(crate) spent: Vec<Vec<Coin>>,
}

/// The set of unspent outputs at the tip.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Coins(HashMap<OutPoint, Coin>);

impl Coins {
    /// The coin at `outpoint`, if it is unspent.
    pub(crate) fn get(&self, outpoint: &OutPoint) -> Option<&Coin> {
        self.0.get(outpoint)
    }

    /// Every unspent output.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OutPoint, &Coin)> {
        self.0.iter()
    }

    /// Spends the inputs of `tx` and adds its outputs; gives the coins spent. Nothing changes on error.
    pub(crate) fn apply(&mut self, tx: &Transaction, height: u32) -> Result<Vec<Coin>, TxReject> {
        let coinbase = tx.is_coinbase();
        let mut spent = Vec::with_capacity(tx.input.len());
        if !coinbase {
            if !tx
                .input
                .iter()
                .all(|input| self.0.contains_key(&input.previous_output))
            {
                return Err(TxReject::MissingOrSpent);
            }
            spent.extend(
                tx.input
                    .iter()
                    .filter_map(|input| self.0.remove(&input.previous_output)),
            );
        }
        let txid = tx.compute_txid();
        for (vout, output) in (0..).zip(&tx.output) {
            // As in bitcoind, what can never be spent is not kept.
            if !output.script_pubkey.is_op_return() {
                self.0.insert(
                    OutPoint { txid, vout },
                    Coin {
                        output: output.clone(),
                        height,
                        coinbase,
                    },
                );
            }
        }
        Ok(spent)
    }

    /// Takes `tx` back: removes its outputs and restores the coins that it spent.
    fn revert(&mut self, tx: &Transaction, spent: Vec<Coin>) {
        let txid = tx.compute_txid();
        for vout in 0..tx.output.len() as u32 {
            self.0.remove(&OutPoint { txid, vout });
        }
        for (input, coin) in tx.input.iter().zip(spent) {
            self.0.insert(input.previous_output, coin);
        }
    }

    /// The coins that the inputs of `tx` spend, in order.
    pub(crate) fn spent_by(&self, tx: &Transaction) -> Result<Vec<Coin>, TxReject> {
        tx.input
            .iter()
            .map(|input| {
                self.get(&input.previous_output)
                    .cloned()
                    .ok_or(TxReject::MissingOrSpent)
            })
            .collect()
    }

    /// Takes the first transactions of a block back, or all of them, last first. `undo` has what they spent.
    pub(crate) fn revert_transactions(&mut self, txs: &[Transaction], undo: Undo) {
        // The coinbase spends nothing.
        let spent: Vec<Vec<Coin>> = std::iter::once(Vec::new())
            .chain(undo.spent)
            .take(txs.len())
            .collect();
        for (tx, spent) in txs.iter().zip(spent).rev() {
            self.revert(tx, spent);
        }
    }
}
