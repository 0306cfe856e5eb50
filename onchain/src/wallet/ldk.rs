//! The wallet as LDK uses it: coins and signatures for bumping claims, addresses to sweep to.

use super::{AddressKind, CoinStatus, State, Wallet, address_kind};
use bdk_wallet::LocalOutput;
use bitcoin::{Psbt, ScriptBuf, Transaction, Txid, Weight};
use lightning::events::bump_transaction::{Utxo, WalletSource};
use lightning::sign::ChangeDestinationSource;
use lightning::util::async_poll::AsyncResult;
use std::collections::HashMap;
use std::sync::Arc;

/// An input without its witness: outpoint, empty script and sequence.
pub(super) const INPUT_WEIGHT: Weight = Weight::from_non_witness_data_size(32 + 4 + 1 + 4);
/// The length of the empty script alone, which LDK counts among what satisfies a coin.
const EMPTY_SCRIPT_WEIGHT: u64 = 4;

/// The weight of what proves that a coin of a kind is ours.
pub(super) const fn witness_weight(kind: AddressKind) -> Weight {
    match kind {
        // The number of elements, then each with its length: a signature of at most 72 bytes and a public key.
        AddressKind::Segwit => Weight::from_wu(1 + (1 + 72) + (1 + 33)),
        // One signature of 64 bytes.
        AddressKind::Taproot => Weight::from_wu(1 + (1 + 64)),
    }
}

impl WalletSource for Wallet {
    fn list_confirmed_utxos<'a>(&'a self) -> AsyncResult<'a, Vec<Utxo>, ()> {
        Box::pin(async move { Ok(self.lock().coins_for_claims()) })
    }

    fn get_change_script<'a>(&'a self) -> AsyncResult<'a, ScriptBuf, ()> {
        Box::pin(async move { Ok(self.new_script()) })
    }

    fn sign_psbt<'a>(&'a self, psbt: Psbt) -> AsyncResult<'a, Transaction, ()> {
        Box::pin(async move {
            self.sign_for_ldk(&psbt)
                .map_err(|error| tracing::error!("a claim could not be signed: {error}"))
        })
    }
}

impl ChangeDestinationSource for Wallet {
    fn get_change_destination_script<'a>(&'a self) -> AsyncResult<'a, ScriptBuf, ()> {
        Box::pin(async move { Ok(self.new_script()) })
    }
}

impl State {
    /// The confirmed coins that a claim may be bumped with.
    ///
    /// Among them are those that an earlier, unconfirmed version of a claim spends already: with them the next version
    /// replaces it, and a wallet with one coin can bump more than once. LDK keeps apart which claim has which coin.
    fn coins_for_claims(&self) -> Vec<Utxo> {
        let unconfirmed: HashMap<Txid, Arc<Transaction>> = self
            .bdk
            .transactions()
            .filter(|known| known.chain_position.is_unconfirmed())
            .map(|known| (known.tx_node.txid, known.tx_node.tx))
            .collect();
        let outputs = self
            .bdk
            .list_output()
            .filter(|output| self.reserved_until(&output.outpoint).is_none());
        outputs
            .filter(|output| match self.status(output) {
                CoinStatus::Confirmed { .. } => true,
                CoinStatus::Spent { height: Some(_) } => {
                    let mut spenders = self.bdk.tx_graph().outspends(output.outpoint).iter();
                    spenders.any(|txid| {
                        unconfirmed
                            .get(txid)
                            .is_some_and(|spender| self.is_claim(spender))
                    })
                }
                _ => false,
            })
            .map(utxo)
            .collect()
    }

    /// Whether a transaction that spends a coin of ours has other inputs as well: claims do, and nothing else.
    fn is_claim(&self, transaction: &Transaction) -> bool {
        transaction
            .input
            .iter()
            .any(|input| self.own_output(input.previous_output).is_none())
    }
}

fn utxo(output: LocalOutput) -> Utxo {
    let witness = witness_weight(address_kind(output.keychain));
    Utxo {
        outpoint: output.outpoint,
        output: output.txout,
        satisfaction_weight: EMPTY_SCRIPT_WEIGHT + witness.to_wu(),
    }
}
