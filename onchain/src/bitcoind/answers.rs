//! What bitcoind answers with, as far as it is of use here; fields are named as in its help.

use bitcoin::{Amount, BlockHash, FeeRate, Txid};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `getblockchaininfo`.
#[derive(Clone, Debug, Deserialize)]
pub struct BlockchainInfo {
    /// `main`, `test`, `testnet4`, `signet` or `regtest`.
    pub chain: String,
    /// The height of the best block that has been validated.
    pub blocks: u32,
    /// The height of the best header; above `blocks` while bitcoind catches up.
    pub headers: u32,
    /// The best block.
    #[serde(rename = "bestblockhash")]
    pub best_block_hash: BlockHash,
    /// Whether bitcoind believes to be far behind the network.
    #[serde(rename = "initialblockdownload", default)]
    pub initial_block_download: bool,
    /// Whether old blocks have been thrown away.
    #[serde(default)]
    pub pruned: bool,
    /// If so, the lowest block that is still there.
    #[serde(rename = "pruneheight", default)]
    pub prune_height: Option<u32>,
}

/// `getnetworkinfo`.
#[derive(Clone, Debug, Deserialize)]
pub struct NetworkInfo {
    /// bitcoind's version as a number, 270000 for 27.0.
    pub version: u32,
    /// Its name and version as peers see it.
    pub subversion: String,
    /// How many peers it has.
    #[serde(default)]
    pub connections: u32,
}

/// `getmempoolinfo`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct MempoolInfo {
    /// Whether the mempool has been read back from disk since bitcoind started.
    #[serde(default = "yes")]
    pub loaded: bool,
    /// How many transactions are in it.
    pub size: usize,
    /// Their virtual sizes, added up.
    pub bytes: u64,
    /// Their fees, added up, in bitcoin.
    #[serde(default)]
    pub total_fee: f64,
    /// The least feerate that is let in, per 1000 virtual bytes; rises when the mempool is full.
    #[serde(rename = "mempoolminfee", with = "bitcoin::amount::serde::as_btc")]
    pub mempool_min_fee: Amount,
    /// The least feerate that is relayed, per 1000 virtual bytes.
    #[serde(rename = "minrelaytxfee", with = "bitcoin::amount::serde::as_btc")]
    pub min_relay_fee: Amount,
}

fn yes() -> bool {
    true
}

/// `getrawmempool` with its sequence.
#[derive(Clone, Debug, Deserialize)]
pub struct MempoolListing {
    /// Every transaction in the mempool.
    pub txids: Vec<Txid>,
    /// Counts every entry and removal; two listings with the same number are the same.
    pub mempool_sequence: u64,
}

/// `gettxout`: an output that exists and is unspent.
#[derive(Clone, Debug, Deserialize)]
pub struct TxOutInfo {
    /// How deep it is in the chain; 0 in the mempool.
    pub confirmations: u32,
    /// What it is worth.
    #[serde(with = "bitcoin::amount::serde::as_btc")]
    pub value: Amount,
    /// Whether a block's reward made it.
    #[serde(default)]
    pub coinbase: bool,
}

/// How `estimatesmartfee` weighs the past against the present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeMode {
    /// Follows a falling market quickly.
    Economical,
    /// Trusts the longer past more, and is higher.
    Conservative,
}

/// `submitpackage`.
#[derive(Clone, Debug, Deserialize)]
pub struct PackageResult {
    /// `success`, or what is wrong with the package as a whole.
    pub package_msg: String,
    /// What became of each transaction, by its witness hash.
    #[serde(rename = "tx-results", default)]
    pub results: BTreeMap<String, PackageTx>,
}

/// What became of one transaction of a package.
#[derive(Clone, Debug, Deserialize)]
pub struct PackageTx {
    /// Which one.
    pub txid: Txid,
    /// Why it was refused, when it was.
    #[serde(default)]
    pub error: Option<String>,
}

/// `testmempoolaccept`, for one transaction.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct MempoolAcceptance {
    #[serde(default)]
    pub(crate) allowed: bool,
    #[serde(rename = "reject-reason", default)]
    pub(crate) reject_reason: Option<String>,
}

/// `estimatesmartfee`; without a feerate when bitcoind has not seen enough.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SmartFee {
    #[serde(default, with = "bitcoin::amount::serde::as_btc::opt")]
    pub(crate) feerate: Option<Amount>,
}

/// bitcoind's feerates are amounts per 1000 virtual bytes. Rounded up, so as not to fall below a minimum.
pub(crate) fn feerate_of(per_kvb: Amount) -> FeeRate {
    FeeRate::from_sat_per_kwu(per_kvb.to_sat().div_ceil(4))
}

/// `getblockheader` in its verbose form.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct VerboseHeader {
    pub(crate) height: u32,
    pub(crate) version: i32,
    #[serde(rename = "merkleroot")]
    pub(crate) merkle_root: bitcoin::TxMerkleNode,
    pub(crate) time: u32,
    pub(crate) nonce: u32,
    pub(crate) bits: String,
    #[serde(rename = "chainwork")]
    pub(crate) chain_work: String,
    /// Absent for the genesis block only.
    #[serde(rename = "previousblockhash", default)]
    pub(crate) previous_block_hash: Option<BlockHash>,
}

/// One of `getpeerinfo`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PeerInfo {
    pub(crate) id: u64,
    /// What it offers, in words.
    #[serde(rename = "servicesnames", default)]
    services: Vec<String>,
}

impl PeerInfo {
    /// Whether it offers every block, not the latest 288 only (BIP 159).
    pub(crate) fn has_all_blocks(&self) -> bool {
        self.services.iter().any(|service| service == "NETWORK")
    }
}
