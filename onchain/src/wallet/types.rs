//! The wallet's words: addresses, coins, balances, spends.

use bitcoin::{Address, Amount, FeeRate, OutPoint, Psbt, ScriptBuf, Transaction, TxOut, Txid};

/// The kinds of address that the wallet gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// `p2tr`: pay to taproot, spent with the key alone (BIP 86).
    Taproot,
    /// `bech32`: pay to witness public key hash (BIP 84).
    Segwit,
}

/// An address that has been given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedAddress {
    /// Its kind.
    pub kind: AddressKind,
    /// Its number among those of its kind, from 0.
    pub index: u32,
    /// The address.
    pub address: Address,
}

/// What the wallet holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// In blocks, unspent and not reserved.
    pub confirmed: Amount,
    /// Not yet in a block, but made by a transaction of ours: change, and what comes back from channels.
    pub unconfirmed_own: Amount,
    /// Not yet in a block, and made by somebody else, who can still take it back.
    pub unconfirmed_foreign: Amount,
    /// Block rewards that cannot be spent yet.
    pub immature: Amount,
    /// Reserved for a transaction that is being made, whether in a block or not.
    pub reserved: Amount,
}

/// Where a coin is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoinStatus {
    /// Its transaction is not in a block yet.
    Unconfirmed,
    /// Its transaction is in a block.
    Confirmed {
        /// The block's height.
        height: u32,
    },
    /// A block reward that is not 100 blocks deep yet.
    Immature {
        /// The block's height.
        height: u32,
    },
    /// Spent by a transaction, which may not be in a block yet.
    Spent {
        /// The height at which the coin itself had been confirmed, if it had been.
        height: Option<u32>,
    },
}

/// One of the wallet's coins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coin {
    /// Which output of which transaction.
    pub outpoint: OutPoint,
    /// What it is worth.
    pub amount: Amount,
    /// The script that it pays to.
    pub script: ScriptBuf,
    /// The same as an address.
    pub address: Address,
    /// Where it is in its life.
    pub status: CoinStatus,
    /// The height up to which it is reserved for a transaction that is being made.
    pub reserved_to_block: Option<u32>,
}

/// A transaction that pays to the wallet or spends from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletTransaction {
    /// Its id; [`Wallet::transaction`](super::Wallet::transaction) has the rest.
    pub txid: Txid,
    /// The block that it is in: its height and the transaction's place within it, which is unknown for some that were
    /// found before places were kept.
    pub confirmed: Option<(u32, Option<u32>)>,
}

/// How much to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpendAmount {
    /// So much; the fee comes on top.
    Exactly(Amount),
    /// Everything that there is, less the fee and what must be kept.
    All,
}

/// What is to be paid, and with which coins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spend {
    /// Whom to pay.
    pub to: ScriptBuf,
    /// How much.
    pub amount: SpendAmount,
    /// At which feerate.
    pub feerate: FeeRate,
    /// Spend all of these coins and no other; `None` lets the wallet choose.
    pub utxos: Option<Vec<OutPoint>>,
    /// How deep a coin must be for the wallet to choose it: 0 takes unconfirmed ones as well. Coins that are named in
    /// `utxos` are not asked for their age.
    pub minconf: u32,
    /// What the wallet must hold afterwards, so that channels with anchors can be closed.
    pub reserve: Amount,
}

/// A signed transaction whose coins are reserved, and which has not been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltSpend {
    /// The signed transaction.
    pub transaction: Transaction,
    /// The same without signatures, with all that a signer needs.
    pub psbt: Psbt,
    /// What it pays to the miner.
    pub fee: Amount,
    /// Which of its outputs pays to [`Spend::to`].
    pub output_index: u32,
    /// What that output is worth.
    pub amount: Amount,
}

impl BuiltSpend {
    /// The output that pays to [`Spend::to`].
    pub fn output(&self) -> Option<&TxOut> {
        self.transaction.output.get(self.output_index as usize)
    }

    /// The coins that it spends.
    pub fn coins(&self) -> impl Iterator<Item = OutPoint> + '_ {
        self.transaction.input.iter().map(|input| input.previous_output)
    }
}

/// What a spend would come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendEstimate {
    /// What [`Spend::to`] would get.
    pub amount: Amount,
    /// What the miner would get.
    pub fee: Amount,
    /// The coins that would be spent.
    pub coins: Vec<OutPoint>,
}
