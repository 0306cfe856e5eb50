//! What there is in the wallet: coins, balances, transactions, addresses.

use super::{
    AddressKind, Balance, Coin, CoinStatus, IssuedAddress, State, Wallet, WalletError, WalletTransaction,
    keychain,
};
use bdk_wallet::LocalOutput;
use bdk_wallet::chain::ChainPosition;
use bitcoin::constants::COINBASE_MATURITY;
use bitcoin::{Address, OutPoint, Script, Transaction, TxOut, Txid};
use std::sync::Arc;

const KINDS: [AddressKind; 2] = [AddressKind::Taproot, AddressKind::Segwit];

impl Wallet {
    /// The coins; with `spent`, also those that have been spent.
    pub fn coins(&self, spent: bool) -> Vec<Coin> {
        let state = self.lock();
        let outputs: Vec<LocalOutput> = match spent {
            true => state.bdk.list_output().collect(),
            false => state.bdk.list_unspent().collect(),
        };
        outputs
            .into_iter()
            .filter_map(|output| state.coin(output))
            .collect()
    }

    /// What the coins come to.
    pub fn balance(&self) -> Balance {
        let state = self.lock();
        let mut balance = Balance::default();
        for output in state.bdk.list_unspent() {
            let part = match state.status(&output) {
                _ if state.reserved_until(&output.outpoint).is_some() => &mut balance.reserved,
                CoinStatus::Confirmed { .. } => &mut balance.confirmed,
                CoinStatus::Immature { .. } => &mut balance.immature,
                CoinStatus::Unconfirmed if state.is_own(output.outpoint.txid) => &mut balance.unconfirmed_own,
                CoinStatus::Unconfirmed => &mut balance.unconfirmed_foreign,
                CoinStatus::Spent { .. } => continue,
            };
            *part += output.txout.value;
        }
        balance
    }

    /// The transactions that pay to the wallet or spend from it, those in the latest blocks last and those in none yet
    /// at the very end.
    pub fn transactions(&self) -> Vec<WalletTransaction> {
        let state = self.lock();
        let mut transactions: Vec<WalletTransaction> = state
            .bdk
            .transactions()
            .map(|known| {
                let txid = known.tx_node.txid;
                let height = known.chain_position.confirmation_height_upper_bound();
                WalletTransaction {
                    txid,
                    confirmed: height.map(|height| (height, state.places.get(&txid).copied())),
                }
            })
            .collect();
        transactions.sort_by_key(|known| known.confirmed.unwrap_or((u32::MAX, None)));
        transactions
    }

    /// One of the transactions in full.
    pub fn transaction(&self, txid: Txid) -> Option<Arc<Transaction>> {
        self.lock().bdk.tx_graph().get_tx(txid)
    }

    pub(super) fn transaction_count(&self) -> usize {
        self.lock().bdk.tx_graph().full_txs().count()
    }

    /// The addresses that have been given out of so many numbers from `first` on, by number.
    pub fn addresses(&self, first: u32, numbers: u32) -> Vec<IssuedAddress> {
        let state = self.lock();
        let index = state.bdk.spk_index();
        let of_kind = |kind| {
            let keychain = keychain(kind);
            let given_out = index
                .last_revealed_index(keychain)
                .map_or(0, |last| last.saturating_add(1));
            let end = first.saturating_add(numbers).min(given_out);
            (first..end).filter_map(move |number| {
                let script = index.spk_at_index(keychain, number)?;
                let address = Address::from_script(&script, self.network).ok()?;
                Some(IssuedAddress {
                    kind,
                    index: number,
                    address,
                })
            })
        };
        let mut addresses: Vec<IssuedAddress> = KINDS.into_iter().flat_map(of_kind).collect();
        addresses.sort_by_key(|issued| issued.index);
        addresses
    }

    /// Up to which number addresses have been given out; `None` if there are none.
    pub fn last_address(&self) -> Option<u32> {
        let state = self.lock();
        let last = |kind| state.bdk.derivation_index(keychain(kind));
        KINDS.into_iter().filter_map(last).max()
    }

    /// The number of an address, if it has been given out.
    pub fn address_number(&self, script: &Script) -> Option<u32> {
        let state = self.lock();
        let (keychain, index) = state.bdk.derivation_of_spk(script.to_owned())?;
        let given_out = state.bdk.derivation_index(keychain)? >= index;
        given_out.then_some(index)
    }

    /// Transactions that spend coins of ours and are not in a block yet, in no particular order.
    pub(crate) fn unconfirmed_own(&self) -> Vec<Transaction> {
        let state = self.lock();
        let unconfirmed = state
            .bdk
            .transactions()
            .filter(|known| known.chain_position.is_unconfirmed());
        unconfirmed
            .filter(|known| state.spends_own(&known.tx_node.tx))
            .map(|known| known.tx_node.tx.as_ref().clone())
            .collect()
    }

    /// What spends this output, pays us, and waits for a block: bitcoind has it, by all that is known.
    pub fn waiting_spender_of(&self, outpoint: &OutPoint) -> Option<Txid> {
        let state = self.lock();
        let mut unconfirmed = state
            .bdk
            .transactions()
            .filter(|known| known.chain_position.is_unconfirmed());
        let spender = unconfirmed.find(|known| {
            let mut inputs = known.tx_node.tx.input.iter();
            inputs.any(|input| input.previous_output == *outpoint)
        });
        spender.map(|known| known.tx_node.txid)
    }

    /// Puts transactions among the wallet's, as far as they concern it, before they are sent.
    pub(crate) async fn note_sent(&self, transactions: &[Transaction]) -> Result<(), WalletError> {
        let written = {
            let mut state = self.lock();
            let now = state.tick();
            state
                .bdk
                .apply_unconfirmed_txs(transactions.iter().map(|transaction| (transaction.clone(), now)));
            for transaction in transactions {
                state.no_longer_unsent(transaction);
            }
            state.commit()?
        };
        written.durable().await
    }

    /// Takes transactions out of the wallet that will not be confirmed: what they spent is free again.
    pub(crate) async fn forget(&self, transactions: &[Txid]) -> Result<(), WalletError> {
        let written = {
            let mut state = self.lock();
            let now = state.tick();
            state
                .bdk
                .apply_evicted_txs(transactions.iter().map(|txid| (*txid, now)));
            state.commit()?
        };
        written.durable().await
    }
}

impl State {
    fn coin(&self, output: LocalOutput) -> Option<Coin> {
        let status = self.status(&output);
        let address = Address::from_script(&output.txout.script_pubkey, self.bdk.network()).ok()?;
        Some(Coin {
            outpoint: output.outpoint,
            amount: output.txout.value,
            script: output.txout.script_pubkey,
            address,
            status,
            reserved_to_block: self.reserved_until(&output.outpoint),
        })
    }

    /// Where an output is in its life.
    pub(super) fn status(&self, output: &LocalOutput) -> CoinStatus {
        let height = match &output.chain_position {
            ChainPosition::Confirmed { anchor, .. } => Some(anchor.block_id.height),
            ChainPosition::Unconfirmed { .. } => None,
        };
        if output.is_spent {
            return CoinStatus::Spent { height };
        }
        let Some(height) = height else {
            return CoinStatus::Unconfirmed;
        };
        let depth = (self.height() + 1).saturating_sub(height);
        let transaction = self.bdk.tx_graph().get_tx(output.outpoint.txid);
        if depth < COINBASE_MATURITY && transaction.is_some_and(|transaction| transaction.is_coinbase()) {
            return CoinStatus::Immature { height };
        }
        CoinStatus::Confirmed { height }
    }

    /// Whether a transaction spends any coin of ours: nobody else could have made it.
    pub(super) fn is_own(&self, txid: Txid) -> bool {
        self.bdk
            .tx_graph()
            .get_tx(txid)
            .is_some_and(|transaction| self.spends_own(&transaction))
    }

    fn spends_own(&self, transaction: &Transaction) -> bool {
        transaction
            .input
            .iter()
            .any(|input| self.own_output(input.previous_output).is_some())
    }

    /// An output that pays or paid to us.
    pub(super) fn own_output(&self, outpoint: OutPoint) -> Option<&TxOut> {
        self.bdk.spk_index().txout(outpoint).map(|(_, output)| output)
    }
}
