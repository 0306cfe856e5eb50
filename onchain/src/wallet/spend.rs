//! Making transactions: which coins, how much change, what must be kept.

use super::keys::{OwnInput, spent_coins};
use super::{
    AddressKind, BuiltSpend, CoinStatus, Spend, SpendAmount, SpendError, SpendEstimate, State, Wallet,
    Written,
};
use super::{WalletError, address_kind, keychain};
use bdk_wallet::LocalOutput;
use bdk_wallet::coin_selection::InsufficientFunds;
use bdk_wallet::error::CreateTxError;
use bitcoin::transaction::Version;
use bitcoin::{Amount, FeeRate, OutPoint, Psbt, ScriptBuf, Transaction, Txid};
use std::collections::HashSet;

/// How many blocks a coin stays reserved for a transaction that is not sent, as in Core Lightning: half a day.
pub(super) const RESERVED_FOR: u32 = 72;

/// A transaction before it is signed.
struct Draft {
    psbt: Psbt,
    /// The script for change, and the number of its address.
    change: (ScriptBuf, u32),
    fee: Amount,
    output_index: u32,
    amount: Amount,
}

impl Wallet {
    /// What a spend would come to; nothing is reserved.
    ///
    /// # Errors
    /// As those of [`Wallet::build`], except for the store's.
    pub fn estimate(&self, spend: &Spend) -> Result<SpendEstimate, SpendError> {
        self.lock().estimate(spend)
    }

    /// Makes and signs a transaction and reserves its coins, durably, for 72 blocks; it is not sent.
    ///
    /// Whoever does not send it gives the coins back with [`Wallet::release`].
    ///
    /// # Errors
    /// There is not enough, or not enough would be left; a coin that was named cannot be had; the amount is dust; the
    /// store failed. Nothing has been reserved then.
    pub async fn build(&self, spend: &Spend) -> Result<BuiltSpend, SpendError> {
        let (built, written) = self.make(&mut self.lock(), spend)?;
        written.durable().await?;
        Ok(built)
    }

    /// [`Wallet::build`] without waiting until it is durable.
    pub(super) fn make(&self, state: &mut State, spend: &Spend) -> Result<(BuiltSpend, Written), SpendError> {
        let draft = state.draft(spend)?;
        let transaction = self.sign(state, &draft.psbt)?;
        state.reserve(transaction.input.iter().map(|input| input.previous_output));
        state.note_unsent(&transaction);
        state.take_change_address(&draft);
        let Draft {
            psbt,
            fee,
            output_index,
            amount,
            ..
        } = draft;
        let built = BuiltSpend {
            transaction,
            psbt,
            fee,
            output_index,
            amount,
        };
        Ok((built, state.commit()?))
    }

    /// Lets coins be spent again that a transaction was made with that will not be sent.
    ///
    /// # Errors
    /// The store failed; the coins are free until the next start.
    pub async fn release(&self, coins: impl IntoIterator<Item = OutPoint>) -> Result<(), WalletError> {
        let written = {
            let mut state = self.lock();
            let coins: HashSet<OutPoint> = coins.into_iter().collect();
            for coin in &coins {
                if state.reserved.remove(coin).is_some() {
                    state.unlogged.reserved.insert(*coin, None);
                }
            }
            let spends = |unsent: &&Transaction| {
                let mut inputs = unsent.input.iter();
                inputs.any(|input| coins.contains(&input.previous_output))
            };
            let given_up: Vec<Transaction> = state.unsent.values().filter(spends).cloned().collect();
            given_up.iter().for_each(|unsent| state.no_longer_unsent(unsent));
            state.commit()?
        };
        written.durable().await
    }

    /// Signs those inputs that are ours, and takes over what others have signed already.
    fn sign(&self, state: &State, psbt: &Psbt) -> Result<Transaction, SpendError> {
        let build_error = |error: super::keys::SignError| SpendError::Build(error.to_string());
        let own: Vec<OwnInput> = spent_coins(psbt)
            .map_err(build_error)?
            .into_iter()
            .enumerate()
            .filter_map(|(position, coin)| {
                let (keychain, index) = state.bdk.derivation_of_spk(coin.script_pubkey)?;
                Some(OwnInput {
                    position,
                    kind: address_kind(keychain),
                    index,
                })
            })
            .collect();
        let mut transaction = psbt.unsigned_tx.clone();
        for (txin, input) in transaction.input.iter_mut().zip(&psbt.inputs) {
            txin.witness = input.final_script_witness.clone().unwrap_or_default();
        }
        for (position, witness) in self.keys.sign(psbt, &own).map_err(build_error)? {
            if let Some(txin) = transaction.input.get_mut(position) {
                txin.witness = witness;
            }
        }
        Ok(transaction)
    }

    /// [`Wallet::sign`] for LDK, which brings inputs of its own.
    pub(super) fn sign_for_ldk(&self, psbt: &Psbt) -> Result<Transaction, SpendError> {
        self.sign(&self.lock(), psbt)
    }
}

impl State {
    pub(super) fn estimate(&mut self, spend: &Spend) -> Result<SpendEstimate, SpendError> {
        let draft = self.draft(spend)?;
        let inputs = &draft.psbt.unsigned_tx.input;
        let coins = inputs.iter().map(|input| input.previous_output).collect();
        Ok(SpendEstimate {
            amount: draft.amount,
            fee: draft.fee,
            coins,
        })
    }

    fn draft(&mut self, spend: &Spend) -> Result<Draft, SpendError> {
        let unspent: Vec<LocalOutput> = self.bdk.list_unspent().collect();
        let usable = self.usable(&unspent, spend)?;
        let change = self.next_change();
        let built = match spend.amount {
            SpendAmount::Exactly(amount) => self.draft_exactly(spend, amount, &unspent, &usable, &change.0),
            SpendAmount::All => self.draft_all(spend, &unspent, &usable, &change.0),
        };
        let psbt = built?;
        let outputs = &psbt.unsigned_tx.output;
        let fee = psbt.fee().map_err(|error| SpendError::Build(error.to_string()))?;
        let wanted = |amount: Amount| match spend.amount {
            SpendAmount::Exactly(exactly) => amount == exactly,
            SpendAmount::All => true,
        };
        let to = |output: &bitcoin::TxOut| output.script_pubkey == spend.to && wanted(output.value);
        let position = outputs.iter().position(to);
        let Some(position) = position else {
            return Err(SpendError::Build("it pays nobody".to_owned()));
        };
        let amount = outputs[position].value;
        self.check_reserve(spend, &unspent, &psbt)?;
        let output_index = u32::try_from(position).unwrap_or(u32::MAX);
        Ok(Draft {
            psbt,
            change,
            fee,
            output_index,
            amount,
        })
    }

    /// The coins that may be spent: those that were named, or all that are free, ripe and deep enough.
    fn usable(&self, unspent: &[LocalOutput], spend: &Spend) -> Result<Vec<LocalOutput>, SpendError> {
        let Some(named) = &spend.utxos else {
            let usable = unspent.iter().filter(|coin| self.is_free(coin, spend.minconf));
            return Ok(usable.cloned().collect());
        };
        let named: HashSet<OutPoint> = named.iter().copied().collect();
        let find = |outpoint: OutPoint| {
            let coin = unspent.iter().find(|coin| coin.outpoint == outpoint);
            let coin = coin.ok_or(SpendError::UnknownCoin(outpoint))?;
            match self.reserved_until(&outpoint) {
                Some(until) => Err(SpendError::CoinReserved { outpoint, until }),
                None => Ok(coin.clone()),
            }
        };
        named.into_iter().map(find).collect()
    }

    /// Whether the wallet may choose a coin by itself.
    fn is_free(&self, coin: &LocalOutput, minconf: u32) -> bool {
        if self.reserved_until(&coin.outpoint).is_some() {
            return false;
        }
        match self.status(coin) {
            CoinStatus::Confirmed { height } => (self.height() + 1).saturating_sub(height) >= minconf,
            // A version 3 transaction that is unconfirmed may only be spent by another one (BIP 431), and ours are not.
            CoinStatus::Unconfirmed => minconf == 0 && !self.is_version_3(coin.outpoint.txid),
            CoinStatus::Immature { .. } | CoinStatus::Spent { .. } => false,
        }
    }

    fn is_version_3(&self, txid: Txid) -> bool {
        self.bdk
            .tx_graph()
            .get_tx(txid)
            .is_some_and(|transaction| transaction.version == Version(3))
    }

    fn draft_exactly(
        &mut self,
        spend: &Spend,
        amount: Amount,
        unspent: &[LocalOutput],
        usable: &[LocalOutput],
        change: &ScriptBuf,
    ) -> Result<Psbt, SpendError> {
        let least = spend.to.minimal_non_dust();
        if amount < least {
            return Err(SpendError::Dust { amount, least });
        }
        let mut builder = self.bdk.build_tx();
        builder
            .fee_rate(spend.feerate)
            .add_recipient(spend.to.clone(), amount)
            .drain_to(change.clone());
        let outpoints: Vec<OutPoint> = usable.iter().map(|coin| coin.outpoint).collect();
        if spend.utxos.is_some() {
            builder
                .add_utxos(&outpoints)
                .map_err(|error| SpendError::Build(error.to_string()))?;
            builder.manually_selected_only();
        } else {
            let usable: HashSet<OutPoint> = outpoints.into_iter().collect();
            let others = unspent
                .iter()
                .map(|coin| coin.outpoint)
                .filter(|coin| !usable.contains(coin));
            builder.unspendable(others.collect());
        }
        builder
            .finish()
            .map_err(|error| spend_error(error, amount, value(usable), value(unspent)))
    }

    fn draft_all(
        &mut self,
        spend: &Spend,
        unspent: &[LocalOutput],
        usable: &[LocalOutput],
        change: &ScriptBuf,
    ) -> Result<Psbt, SpendError> {
        // Coins that cost more than they are worth are left where they are, unless they were asked for by name.
        let chosen: Vec<LocalOutput> = match spend.utxos {
            Some(_) => usable.to_vec(),
            None => usable
                .iter()
                .filter(|coin| coin.txout.value > cost(coin, spend.feerate))
                .cloned()
                .collect(),
        };
        let outpoints: Vec<OutPoint> = chosen.iter().map(|coin| coin.outpoint).collect();
        let elsewhere = self.left_beside(unspent, &outpoints);
        let available = value(&chosen);
        let mut builder = self.bdk.build_tx();
        builder.fee_rate(spend.feerate).drain_to(spend.to.clone());
        builder
            .add_utxos(&outpoints)
            .map_err(|error| SpendError::Build(error.to_string()))?;
        builder.manually_selected_only();
        let kept = spend.reserve.checked_sub(elsewhere).unwrap_or_default();
        let least = spend.to.minimal_non_dust();
        if kept == Amount::ZERO {
            return builder
                .finish()
                .map_err(|error| spend_error(error, least, available, value(unspent)));
        }
        builder.add_recipient(change.clone(), kept.max(change.minimal_non_dust()));
        // What is left beside what is kept may be nothing, or too little for an output of its own.
        let reserve_not_kept = SpendError::ReserveNotKept {
            available: available + elsewhere,
            needed: least,
            reserve: spend.reserve,
        };
        match builder.finish() {
            Ok(psbt)
                if psbt
                    .unsigned_tx
                    .output
                    .iter()
                    .any(|output| output.script_pubkey == spend.to) =>
            {
                Ok(psbt)
            }
            Ok(_) | Err(CreateTxError::CoinSelection(_) | CreateTxError::NoUtxosSelected) => {
                Err(reserve_not_kept)
            }
            Err(error) => Err(SpendError::Build(error.to_string())),
        }
    }

    /// What the wallet holds for good besides the coins of a transaction: confirmed, or change of our own.
    fn left_beside(&self, unspent: &[LocalOutput], spent: &[OutPoint]) -> Amount {
        let counts = |coin: &&LocalOutput| {
            !spent.contains(&coin.outpoint)
                && self.reserved_until(&coin.outpoint).is_none()
                && match self.status(coin) {
                    CoinStatus::Confirmed { .. } => true,
                    CoinStatus::Unconfirmed => self.is_own(coin.outpoint.txid),
                    CoinStatus::Immature { .. } | CoinStatus::Spent { .. } => false,
                }
        };
        unspent.iter().filter(counts).map(|coin| coin.txout.value).sum()
    }

    fn check_reserve(&self, spend: &Spend, unspent: &[LocalOutput], psbt: &Psbt) -> Result<(), SpendError> {
        let transaction = &psbt.unsigned_tx;
        let spent: Vec<OutPoint> = transaction
            .input
            .iter()
            .map(|input| input.previous_output)
            .collect();
        let ours = transaction
            .output
            .iter()
            .filter(|output| self.bdk.is_mine(output.script_pubkey.clone()));
        let left = self.left_beside(unspent, &spent) + ours.map(|output| output.value).sum::<Amount>();
        if left >= spend.reserve {
            return Ok(());
        }
        let inputs = unspent.iter().filter(|coin| spent.contains(&coin.outpoint));
        let available =
            self.left_beside(unspent, &spent) + inputs.map(|coin| coin.txout.value).sum::<Amount>();
        Err(SpendError::ReserveNotKept {
            available,
            needed: available.checked_sub(left).unwrap_or_default(),
            reserve: spend.reserve,
        })
    }

    /// The address that change would go to.
    fn next_change(&self) -> (ScriptBuf, u32) {
        let kind = keychain(AddressKind::Taproot);
        let address = self.bdk.peek_address(kind, self.bdk.next_derivation_index(kind));
        (address.script_pubkey(), address.index)
    }

    /// Counts the address as given out if there is change.
    fn take_change_address(&mut self, draft: &Draft) {
        let (script, index) = &draft.change;
        if draft
            .psbt
            .unsigned_tx
            .output
            .iter()
            .any(|output| output.script_pubkey == *script)
        {
            // It is an iterator over what has been revealed, which has happened by now.
            let _ = self
                .bdk
                .reveal_addresses_to(keychain(AddressKind::Taproot), *index)
                .count();
        }
    }

    fn reserve(&mut self, coins: impl Iterator<Item = OutPoint>) {
        let until = self.height().saturating_add(RESERVED_FOR);
        for coin in coins {
            self.reserved.insert(coin, until);
            self.unlogged.reserved.insert(coin, Some(until));
        }
    }
}

fn value(coins: &[LocalOutput]) -> Amount {
    coins.iter().map(|coin| coin.txout.value).sum()
}

/// What it costs to spend a coin.
fn cost(coin: &LocalOutput, feerate: FeeRate) -> Amount {
    let witness = super::ldk::witness_weight(address_kind(coin.keychain));
    feerate * (super::ldk::INPUT_WEIGHT + witness)
}

/// Why there is no transaction of an amount, with coins of which so much was `available` of `all` that there is.
fn spend_error(error: CreateTxError, amount: Amount, available: Amount, all: Amount) -> SpendError {
    let unusable = all.checked_sub(available).unwrap_or_default();
    match error {
        // The coin selection says what it was short of after fees; what there is, is what could have been chosen.
        CreateTxError::CoinSelection(InsufficientFunds {
            needed,
            available: reached,
        }) => {
            let short = needed.checked_sub(reached).unwrap_or(Amount::ONE_SAT);
            SpendError::InsufficientFunds {
                needed: available + short,
                available,
                unusable,
            }
        }
        CreateTxError::NoUtxosSelected => SpendError::InsufficientFunds {
            needed: amount,
            available,
            unusable,
        },
        other => SpendError::Build(other.to_string()),
    }
}
