//! Why a transaction or a block is refused, in bitcoind's own words.
//!
//! Clients match on these words (`bad-txns-inputs-missingorspent`, `min relay fee not met`), so they are part of the
//! interface. `Display` gives bitcoind's reject reason; [`TxReject::details`] what it appends after a comma.

use bitcoin::{Amount, Txid};
use thiserror::Error;

/// Why a transaction is refused, by consensus or by the mempool's policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum TxReject {
    // Consensus, without looking at the chain.
    #[error("bad-txns-vin-empty")]
    NoInputs,
    #[error("bad-txns-vout-empty")]
    NoOutputs,
    #[error("bad-txns-oversize")]
    Oversize,
    #[error("bad-txns-vout-toolarge")]
    OutputTooLarge,
    #[error("bad-txns-txouttotal-toolarge")]
    OutputTotalTooLarge,
    #[error("bad-txns-inputs-duplicate")]
    DuplicateInputs,
    #[error("bad-cb-length")]
    CoinbaseScriptLength,
    #[error("bad-txns-prevout-null")]
    NullPrevout,

    // Consensus, against the chain.
    #[error("bad-txns-inputs-missingorspent")]
    MissingOrSpent,
    #[error("bad-txns-premature-spend-of-coinbase")]
    PrematureCoinbaseSpend {
        /// Confirmations that the coinbase would have.
        depth: u32,
    },
    #[error("bad-txns-inputvalues-outofrange")]
    InputValuesOutOfRange,
    #[error("bad-txns-in-belowout")]
    InputsBelowOutputs { inputs: Amount, outputs: Amount },
    #[error("non-final")]
    NonFinal,
    #[error("non-BIP68-final")]
    NonBip68Final,
    /// The consensus library does not tell which opcode failed, so the reason is always Core's "unknown error".
    #[error("mandatory-script-verify-flag-failed (unknown error)")]
    Script { txid: Txid, input: usize },

    // Standardness.
    #[error("coinbase")]
    Coinbase,
    #[error("version")]
    Version,
    #[error("tx-size")]
    Size,
    #[error("tx-size-small")]
    SizeSmall,
    #[error("scriptsig-size")]
    ScriptSigSize,
    #[error("scriptsig-not-pushonly")]
    ScriptSigNotPushOnly,
    #[error("scriptpubkey")]
    ScriptPubkey,
    #[error("multi-op-return")]
    MultiOpReturn,
    #[error("dust")]
    Dust,
    #[error("dust")]
    DustWithFee,
    #[error("missing-ephemeral-spends")]
    MissingEphemeralSpends { child: Txid, parent: Txid },
    #[error("bad-txns-nonstandard-inputs")]
    NonstandardInputs,
    #[error("bad-witness-nonstandard")]
    NonstandardWitness,
    #[error("bad-txns-too-many-sigops")]
    TooManySigops { cost: usize },

    // The mempool.
    #[error("txn-already-in-mempool")]
    AlreadyInMempool,
    #[error("txn-same-nonwitness-data-in-mempool")]
    SameNonwitnessDataInMempool,
    #[error("txn-already-known")]
    AlreadyKnown,
    #[error("txn-mempool-conflict")]
    MempoolConflict,
    #[error("mempool min fee not met")]
    MempoolMinFee { fee: Amount, needed: Amount },
    #[error("min relay fee not met")]
    MinRelayFee { fee: Amount, needed: Amount },
    #[error("too-long-mempool-chain")]
    TooLongChain(ChainLimit),
    #[error("TRUC-violation")]
    Truc(TrucRule),
    #[error("bad-txns-spends-conflicting-tx")]
    SpendsConflicting { txid: Txid, conflict: Txid },
    #[error("too many potential replacements")]
    TooManyReplacements { txid: Txid, count: usize },
    #[error("replacement-adds-unconfirmed")]
    ReplacementAddsUnconfirmed { txid: Txid, input: usize },
    #[error("insufficient fee")]
    ReplacementFeerate { txid: Txid, new: String, old: String },
    #[error("insufficient fee")]
    ReplacementFee { txid: Txid, new: Amount, old: Amount },
    #[error("insufficient fee")]
    ReplacementRelayFee {
        txid: Txid,
        extra: Amount,
        needed: Amount,
    },
}

/// Which limit on unconfirmed relatives was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum ChainLimit {
    #[error("too many unconfirmed ancestors [limit: {0}]")]
    AncestorCount(usize),
    #[error("exceeds ancestor size limit [limit: {0}]")]
    AncestorSize(u64),
    #[error("exceeds descendant limit for tx {txid} [limit: {limit}]")]
    DescendantCount { txid: Txid, limit: usize },
    #[error("exceeds descendant size limit for tx {txid} [limit: {limit}]")]
    DescendantSize { txid: Txid, limit: u64 },
}

/// Which rule for version 3 transactions (TRUC, BIP 431) was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum TrucRule {
    #[error("version=3 tx {txid} is too big: {vsize} > {limit} virtual bytes")]
    TooBig { txid: Txid, vsize: u64, limit: u64 },
    #[error("version=3 child tx {txid} is too big: {vsize} > {limit} virtual bytes")]
    ChildTooBig { txid: Txid, vsize: u64, limit: u64 },
    #[error("tx {txid} would have too many ancestors")]
    Ancestors { txid: Txid },
    #[error("tx {txid} would exceed descendant count limit")]
    Descendants { txid: Txid },
    #[error("version=3 tx {txid} cannot spend from non-version=3 tx {parent}")]
    SpendsOther { txid: Txid, parent: Txid },
    #[error("non-version=3 tx {txid} cannot spend from version=3 tx {parent}")]
    SpentByOther { txid: Txid, parent: Txid },
}

impl TxReject {
    /// What bitcoind appends to the reason, where it does.
    pub(crate) fn details(&self) -> Option<String> {
        Some(match self {
            Self::PrematureCoinbaseSpend { depth } => format!("tried to spend coinbase at depth {depth}"),
            Self::InputsBelowOutputs { inputs, outputs } => {
                format!("value in ({}) < value out ({})", btc(*inputs), btc(*outputs))
            }
            Self::Script { txid, input } => format!("input {input} of {txid}"),
            Self::DustWithFee => "tx with dust output must be 0-fee".to_owned(),
            Self::MissingEphemeralSpends { child, parent } => {
                format!("tx {child} did not spend parent's ephemeral dust ({parent})")
            }
            Self::TooManySigops { cost } => cost.to_string(),
            Self::MempoolMinFee { fee, needed } | Self::MinRelayFee { fee, needed } => {
                format!("{} < {}", fee.to_sat(), needed.to_sat())
            }
            Self::TooLongChain(limit) => limit.to_string(),
            Self::Truc(rule) => rule.to_string(),
            Self::SpendsConflicting { txid, conflict } => {
                format!("{txid} spends conflicting transaction {conflict}")
            }
            Self::TooManyReplacements { txid, count } => {
                format!("rejecting replacement {txid}; too many potential replacements ({count} > 100)")
            }
            Self::ReplacementAddsUnconfirmed { txid, input } => {
                format!("replacement {txid} adds unconfirmed input, idx {input}")
            }
            Self::ReplacementFeerate { txid, new, old } => {
                format!("rejecting replacement {txid}; new feerate {new} <= old feerate {old}")
            }
            Self::ReplacementFee { txid, new, old } => format!(
                "rejecting replacement {txid}, less fees than conflicting txs; {} < {}",
                btc(*new),
                btc(*old)
            ),
            Self::ReplacementRelayFee { txid, extra, needed } => format!(
                "rejecting replacement {txid}, not enough additional fees to relay; {} < {}",
                btc(*extra),
                btc(*needed)
            ),
            _ => return None,
        })
    }

    /// The reason and its details as bitcoind writes them in one line.
    pub(crate) fn full(&self) -> String {
        match self.details() {
            Some(details) => format!("{self}, {details}"),
            None => self.to_string(),
        }
    }

    /// Whether a child that pays more could change the verdict, so that a package is worth trying.
    pub(crate) fn is_reconsiderable(&self) -> bool {
        matches!(
            self,
            Self::MempoolMinFee { .. } | Self::MinRelayFee { .. } | Self::MissingOrSpent
        )
    }
}

/// Why a block is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum BlockReject {
    #[error("duplicate")]
    Duplicate,
    #[error("duplicate-invalid")]
    DuplicateInvalid,
    #[error("prev-blk-not-found")]
    PreviousNotFound,
    #[error("bad-prevblk")]
    PreviousInvalid,
    #[error("high-hash")]
    HighHash,
    #[error("bad-diffbits")]
    BadBits,
    #[error("time-too-old")]
    TimeTooOld,
    #[error("time-too-new")]
    TimeTooNew,
    #[error("bad-version(0x{0:08x})")]
    BadVersion(i32),
    #[error("bad-txnmrklroot")]
    MerkleRoot,
    #[error("bad-txns-duplicate")]
    DuplicateTransactions,
    #[error("bad-blk-length")]
    Length,
    #[error("bad-blk-weight")]
    Weight,
    #[error("bad-blk-sigops")]
    Sigops,
    #[error("bad-cb-missing")]
    CoinbaseMissing,
    #[error("bad-cb-multiple")]
    CoinbaseMultiple,
    #[error("bad-cb-height")]
    CoinbaseHeight,
    #[error("bad-cb-amount")]
    CoinbaseAmount,
    #[error("bad-witness-merkle-match")]
    WitnessCommitment,
    #[error("bad-txns-nonfinal")]
    NonFinal,
    #[error("{0}")]
    Transaction(#[from] TxReject),
}

/// An amount as bitcoind prints it in messages: BTC with eight decimals.
pub(crate) fn btc(amount: Amount) -> String {
    format!(
        "{}.{:08}",
        amount.to_sat() / 100_000_000,
        amount.to_sat() % 100_000_000
    )
}
