//! bitcoind's calls, with types for what goes in and what comes out.

use super::answers::{MempoolAcceptance, PeerInfo, SmartFee, VerboseHeader, feerate_of};
use super::{
    Bitcoind, BitcoindError, BlockchainInfo, FeeMode, MempoolInfo, MempoolListing, NetworkInfo,
    PackageResult, RPC_MISC_ERROR, RPC_NOT_FOUND, TxOutInfo,
};
use bitcoin::block::Header;
use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
use bitcoin::{Block, BlockHash, CompactTarget, FeeRate, OutPoint, Transaction, Txid, block};
use lightning_block_sync::BlockHeaderData;
use serde_json::json;
use std::sync::atomic::Ordering;

/// An answer of nothing but `null` or a value of no interest.
type Ignored = serde::de::IgnoredAny;

impl Bitcoind {
    /// The state of the chain (`getblockchaininfo`).
    pub async fn blockchain_info(&self) -> Result<BlockchainInfo, BitcoindError> {
        self.call("getblockchaininfo", json!([])).await
    }

    /// bitcoind itself: version, peers (`getnetworkinfo`).
    pub async fn network_info(&self) -> Result<NetworkInfo, BitcoindError> {
        self.call("getnetworkinfo", json!([])).await
    }

    /// The height of the best block (`getblockcount`).
    pub async fn block_count(&self) -> Result<u32, BitcoindError> {
        self.call("getblockcount", json!([])).await
    }

    /// The block at a height of the best chain (`getblockhash`).
    pub async fn block_hash(&self, height: u32) -> Result<BlockHash, BitcoindError> {
        self.call("getblockhash", json!([height])).await
    }

    /// A header with its height and the work behind it (`getblockheader`), also of a block that is no longer in the
    /// best chain.
    pub async fn block_header(&self, hash: &BlockHash) -> Result<BlockHeaderData, BitcoindError> {
        let header: VerboseHeader = self.call("getblockheader", json!([hash, true])).await?;
        header.into_header_data().map_err(|why| BitcoindError::Malformed {
            method: "getblockheader",
            why: why.to_string(),
        })
    }

    /// A whole block (`getblock`).
    ///
    /// # Errors
    /// Among others, the block has been pruned.
    pub async fn block(&self, hash: &BlockHash) -> Result<Block, BitcoindError> {
        let hex: String = self.call("getblock", json!([hash, 0])).await?;
        decode("getblock", &hex)
    }

    /// Has bitcoind ask one of its peers for a block that it has pruned (`getblockfrompeer`); [`Bitcoind::block`] has it a
    /// little later. False when no peer has it.
    ///
    /// One peer only, another one each time: bitcoind ignores what a peer sends once it has asked the next.
    pub(super) async fn fetch_pruned_block(&self, hash: &BlockHash) -> Result<bool, BitcoindError> {
        let peers: Vec<PeerInfo> = self.call("getpeerinfo", json!([])).await?;
        let mut able: Vec<u64> = peers
            .iter()
            .filter(|peer| peer.has_all_blocks())
            .map(|peer| peer.id)
            .collect();
        let turn = self.fetches.fetch_add(1, Ordering::Relaxed) % able.len().max(1);
        able.rotate_left(turn);
        for peer in able {
            match self
                .call::<Ignored>("getblockfrompeer", json!([hash, peer]))
                .await
            {
                Ok(_) => return Ok(true),
                // "Block already downloaded"
                Err(error) if error.rpc_code() == Some(RPC_MISC_ERROR) && self.block(hash).await.is_ok() => {
                    return Ok(true);
                }
                // "Already requested from this peer", a peer that has gone or sends nothing: the next one.
                Err(BitcoindError::Rpc { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// An output, if it exists and is unspent (`gettxout`); with `include_mempool` also by what is not yet in a block.
    pub async fn tx_out(
        &self,
        outpoint: OutPoint,
        include_mempool: bool,
    ) -> Result<Option<TxOutInfo>, BitcoindError> {
        self.call("gettxout", json!([outpoint.txid, outpoint.vout, include_mempool]))
            .await
    }

    /// The feerate that gets a transaction into one of the next `blocks` blocks (`estimatesmartfee`); `None` when
    /// bitcoind has not seen enough to say.
    pub async fn estimate_smart_fee(
        &self,
        blocks: u32,
        mode: FeeMode,
    ) -> Result<Option<FeeRate>, BitcoindError> {
        let mode = match mode {
            FeeMode::Economical => "ECONOMICAL",
            FeeMode::Conservative => "CONSERVATIVE",
        };
        let estimate: SmartFee = self.call("estimatesmartfee", json!([blocks, mode])).await?;
        Ok(estimate.feerate.map(feerate_of))
    }

    /// The state of the mempool (`getmempoolinfo`).
    pub async fn mempool_info(&self) -> Result<MempoolInfo, BitcoindError> {
        self.call("getmempoolinfo", json!([])).await
    }

    /// What is in the mempool (`getrawmempool`), 67 bytes of answer for each transaction.
    pub async fn raw_mempool(&self) -> Result<MempoolListing, BitcoindError> {
        self.call("getrawmempool", json!([false, true])).await
    }

    /// A transaction of the mempool (`getrawtransaction`), or of the chain if bitcoind keeps an index; `None` when it
    /// knows of none.
    pub async fn raw_transaction(&self, txid: &Txid) -> Result<Option<Transaction>, BitcoindError> {
        let answer: Result<String, _> = self.call("getrawtransaction", json!([txid, false])).await;
        match answer {
            Ok(hex) => decode("getrawtransaction", &hex).map(Some),
            Err(error) if error.rpc_code() == Some(RPC_NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends one transaction to the network (`sendrawtransaction`).
    ///
    /// # Errors
    /// Among others bitcoind's refusals; that it has the transaction already is none of them, but that the chain has
    /// it is (code -27).
    pub async fn send_raw_transaction(&self, transaction: &Transaction) -> Result<Txid, BitcoindError> {
        // A limit of 0 lifts bitcoind's own on absurd feerates: an anchor's child may well pay for its big parent.
        self.call("sendrawtransaction", json!([serialize_hex(transaction), 0]))
            .await
    }

    /// Sends a child together with its unconfirmed parents, which come before it (`submitpackage`).
    ///
    /// # Errors
    /// The call as a whole was refused. That single transactions were is in the answer.
    pub async fn submit_package(&self, package: &[Transaction]) -> Result<PackageResult, BitcoindError> {
        let hex: Vec<String> = package.iter().map(serialize_hex).collect();
        self.call("submitpackage", json!([hex, 0])).await
    }

    /// Whether the mempool would take a transaction (`testmempoolaccept`): `Ok(None)` if so, else the reason why not.
    pub async fn test_mempool_accept(
        &self,
        transaction: &Transaction,
    ) -> Result<Option<String>, BitcoindError> {
        let params = json!([[serialize_hex(transaction)], 0]);
        let answers: Vec<MempoolAcceptance> = self.call("testmempoolaccept", params).await?;
        match answers.into_iter().next() {
            Some(answer) if answer.allowed => Ok(None),
            Some(answer) => Ok(Some(answer.reject_reason.unwrap_or_default())),
            None => Err(BitcoindError::Malformed {
                method: "testmempoolaccept",
                why: "no answer".into(),
            }),
        }
    }
}

impl VerboseHeader {
    fn into_header_data(self) -> Result<BlockHeaderData, bitcoin::error::UnprefixedHexError> {
        let header = Header {
            version: block::Version::from_consensus(self.version),
            prev_blockhash: self
                .previous_block_hash
                .unwrap_or_else(bitcoin::hashes::Hash::all_zeros),
            merkle_root: self.merkle_root,
            time: self.time,
            bits: CompactTarget::from_unprefixed_hex(&self.bits)?,
            nonce: self.nonce,
        };
        let chainwork = bitcoin::Work::from_unprefixed_hex(&self.chain_work)?;
        Ok(BlockHeaderData {
            header,
            height: self.height,
            chainwork,
        })
    }
}

fn decode<T: bitcoin::consensus::Decodable>(method: &'static str, hex: &str) -> Result<T, BitcoindError> {
    deserialize_hex(hex).map_err(|error| BitcoindError::Malformed {
        method,
        why: error.to_string(),
    })
}
