//! What there is in the wallet: coins, balances, transactions, addresses.

use super::{
    AddressKind, Balance, Coin, CoinStatus, IssuedAddress, State, Wallet, WalletError, WalletTransaction,
    keychain,
};
use bdk_wallet::LocalOutput;
use bdk_wallet::chain::ChainPosition;
use bitcoin::constants::COINBASE_MATURITY;
use bitcoin::{Address, OutPoint, Transaction, TxOut, Txid};

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
                _ if state.reserved.contains_key(&output.outpoint) => &mut balance.reserved,
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
                    transaction: known.tx_node.tx.as_ref().clone(),
                    confirmed: height.map(|height| (height, state.places.get(&txid).copied())),
                }
            })
            .collect();
        transactions.sort_by_key(|known| known.confirmed.unwrap_or((u32::MAX, None)));
        transactions
    }

    /// Every address that has been given out, by kind and number.
    pub fn addresses(&self) -> Vec<IssuedAddress> {
        let state = self.lock();
        let of_kind = |kind: AddressKind| {
            let spks = state.bdk.spk_index().revealed_keychain_spks(keychain(kind));
            spks.filter_map(move |(index, script)| {
                let address = Address::from_script(&script, self.network).ok()?;
                Some(IssuedAddress { kind, index, address })
            })
        };
        of_kind(AddressKind::Taproot)
            .chain(of_kind(AddressKind::Segwit))
            .collect()
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

    /// Puts transactions among the wallet's, as far as they concern it, before they are sent.
    pub(crate) async fn note_sent(&self, transactions: &[Transaction]) -> Result<(), WalletError> {
        let written = {
            let mut state = self.lock();
            let now = state.tick();
            state
                .bdk
                .apply_unconfirmed_txs(transactions.iter().map(|transaction| (transaction.clone(), now)));
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
            reserved_to_block: self.reserved.get(&output.outpoint).copied(),
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
