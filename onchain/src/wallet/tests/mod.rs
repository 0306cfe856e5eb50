//! The wallet on a chain of its own.

mod holding;
mod keeping;
mod mempool;
mod scanning;
mod spending;

use super::*;
use crate::testing::{Chain, MemoryStore, open, pay};
use bitcoin::hashes::Hash;
use bitcoin::{Amount, BlockHash, FeeRate, Transaction, TxOut, WitnessProgram, WitnessVersion};

const FEERATE: FeeRate = FeeRate::from_sat_per_kwu(1_000);

struct Setting {
    store: Arc<MemoryStore>,
    chain: Chain,
    wallet: Wallet,
}

fn setting() -> Setting {
    let (store, chain) = (Arc::new(MemoryStore::default()), Chain::starting_at(100));
    let wallet = open(&store, chain.tip());
    Setting { store, chain, wallet }
}

impl Setting {
    /// Has a confirmed coin of a kind paid to the wallet.
    async fn fund(&mut self, kind: AddressKind, sat: u64) -> OutPoint {
        let payment = pay(&self.wallet.new_address(kind).await.unwrap(), sat);
        self.chain.mine(&self.wallet, std::slice::from_ref(&payment));
        OutPoint::new(payment.compute_txid(), 0)
    }

    fn reopen(&mut self) {
        // The birthday must not matter any more.
        self.wallet = open(&self.store, BestBlock::new(BlockHash::all_zeros(), 7));
    }

    /// Every signature of a transaction that spends coins of the wallet's, checked by Bitcoin Core's own code.
    fn check_signatures(&self, transaction: &Transaction) {
        let coins = self.wallet.coins(true);
        let spent: Vec<TxOut> = transaction
            .input
            .iter()
            .map(|input| {
                coins
                    .iter()
                    .find(|coin| coin.outpoint == input.previous_output)
                    .unwrap()
            })
            .map(|coin| TxOut {
                value: coin.amount,
                script_pubkey: coin.script.clone(),
            })
            .collect();
        verify(transaction, &spent);
    }
}

fn verify(transaction: &Transaction, spent: &[TxOut]) {
    let bytes = bitcoin::consensus::serialize(transaction);
    let utxos: Vec<bitcoinconsensus::Utxo> = spent
        .iter()
        .map(|output| bitcoinconsensus::Utxo {
            script_pubkey: output.script_pubkey.as_bytes().as_ptr(),
            script_pubkey_len: output.script_pubkey.len() as u32,
            value: output.value.to_sat() as i64,
        })
        .collect();
    for (index, output) in spent.iter().enumerate() {
        bitcoinconsensus::verify_with_flags(
            output.script_pubkey.as_bytes(),
            output.value.to_sat(),
            &bytes,
            Some(&utxos),
            index,
            bitcoinconsensus::VERIFY_ALL_PRE_TAPROOT | bitcoinconsensus::VERIFY_TAPROOT,
        )
        .unwrap();
    }
}

fn somewhere() -> ScriptBuf {
    let program = WitnessProgram::new(WitnessVersion::V0, &[9; 20]).unwrap();
    ScriptBuf::new_witness_program(&program)
}

fn spend(amount: SpendAmount) -> Spend {
    Spend {
        to: somewhere(),
        amount,
        feerate: FEERATE,
        utxos: None,
        minconf: 1,
        reserve: Amount::ZERO,
    }
}

fn exactly(sat: u64) -> Spend {
    spend(SpendAmount::Exactly(Amount::from_sat(sat)))
}

fn feerate_of(built: &BuiltSpend) -> u64 {
    built.fee.to_sat() * 1_000 / built.transaction.weight().to_wu()
}
