//! Assembles and mines blocks.

use std::collections::HashSet;
use std::sync::Arc;

use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Target, Transaction, TxIn,
    TxMerkleNode, TxOut, Txid, Weight, Witness, absolute, transaction,
};

use super::consensus::{self, MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT, REGTEST_BITS, WITNESS_RESERVED};
use super::mempool::Mempool;
use super::state::Chain;

/// Weight kept free for header and coinbase.
const RESERVED_WEIGHT: Weight = Weight::from_wu(8_000);
const RESERVED_SIGOPS_COST: usize = 400;

/// What goes into a block, and what its transactions pay.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Transactions, parents before children.
    pub(crate) txs: Vec<Arc<Transaction>>,
    /// Sum of their fees.
    pub(crate) fees: Amount,
}

/// Takes the mempool's transactions in order of arrival, which puts parents before children, as long as they fit.
pub(crate) fn select(pool: &Mempool) -> Selection {
    let mut selection = Selection::default();
    let mut weight = RESERVED_WEIGHT;
    let mut sigops = RESERVED_SIGOPS_COST;
    let mut left_out: HashSet<Txid> = HashSet::new();
    for entry in pool.iter() {
        let fits = weight + entry.tx.weight() <= MAX_BLOCK_WEIGHT
            && sigops + entry.sigops <= MAX_BLOCK_SIGOPS_COST
            && pool
                .parents(&entry.tx)
                .is_disjoint(&left_out.iter().copied().collect());
        if !fits {
            left_out.insert(entry.txid);
            continue;
        }
        weight += entry.tx.weight();
        sigops += entry.sigops;
        selection.fees += entry.fee;
        selection.txs.push(Arc::clone(&entry.tx));
    }
    selection
}

/// Mines a block on top of the tip that pays to `script_pubkey`. `now` is the clock in seconds since 1970.
///
/// `None` only if a whole nonce range holds no proof of work; half of all hashes do.
pub(crate) fn mine(chain: &Chain, selection: Selection, script_pubkey: ScriptBuf, now: u32) -> Option<Block> {
    let context = chain.next_context();
    let reward = consensus::subsidy(context.height) + selection.fees;
    // Every known block, on any branch, counts up; so a block mined again after a reorganisation is a new block.
    let extra_nonce = chain.known_blocks() as u64;
    let coinbase = coinbase(context.height, extra_nonce, reward, script_pubkey);
    let mut txdata = vec![coinbase];
    txdata.extend(selection.txs.into_iter().map(Arc::unwrap_or_clone));
    let tip = chain.tip_hash();
    let mut block = Block {
        header: header(chain, tip, now),
        txdata,
    };
    let commitment = consensus::witness_commitment_script(&block)?;
    block.txdata[0].output.push(TxOut {
        value: Amount::ZERO,
        script_pubkey: commitment,
    });
    block.header.merkle_root = block.compute_merkle_root()?;
    let target = Target::from_compact(block.header.bits);
    while !target.is_met_by(block.block_hash()) {
        block.header.nonce = block.header.nonce.checked_add(1)?;
    }
    Some(block)
}

fn header(chain: &Chain, tip: BlockHash, now: u32) -> Header {
    let previous = chain.block(&tip).map_or(0, |node| node.block.header.time);
    Header {
        version: Version::NO_SOFT_FORK_SIGNALLING,
        prev_blockhash: tip,
        merkle_root: TxMerkleNode::all_zeros(),
        // Never back in time, and always past the median.
        time: now
            .max(previous)
            .max(chain.next_context().median_time_past.saturating_add(1)),
        bits: CompactTarget::from_consensus(REGTEST_BITS),
        nonce: 0,
    }
}

fn coinbase(height: u32, extra_nonce: u64, reward: Amount, script_pubkey: ScriptBuf) -> Transaction {
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig: consensus::coinbase_script(height, extra_nonce),
            sequence: Sequence::MAX,
            witness: Witness::from_slice(&[WITNESS_RESERVED]),
        }],
        output: vec![TxOut {
            value: reward,
            script_pubkey,
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::connect::Trust;

    const NOW: u32 = 1_800_000_000;

    #[test]
    fn a_mined_block_is_valid_and_commits_to_its_height() {
        let mut chain = Chain::genesis();
        for height in 1..=20u32 {
            let block = mine(&chain, Selection::default(), ScriptBuf::new_p2a(), NOW).unwrap();
            assert!(block.check_merkle_root() && block.check_witness_commitment());
            assert_eq!(
                block.bip34_block_height().ok().filter(|_| height > 16),
                (height > 16).then_some(height.into())
            );
            let change = chain.add_block(block, Trust::Verify { now: NOW }).unwrap();
            assert!(change.refused.is_empty(), "{:?}", change.refused);
        }
        assert_eq!(chain.height(), 20);
    }

    #[test]
    fn block_times_never_run_backwards() {
        let mut chain = Chain::genesis();
        let mut last = 0;
        for now in [NOW, NOW - 1000, NOW - 1000, NOW + 5] {
            let block = mine(&chain, Selection::default(), ScriptBuf::new_p2a(), now).unwrap();
            assert!(block.header.time >= last);
            last = block.header.time;
            chain.add_block(block, Trust::Verify { now: NOW }).unwrap();
        }
    }

    #[test]
    fn a_coinbase_that_takes_too_much_is_refused_and_leaves_no_trace() {
        let mut chain = Chain::genesis();
        let greedy = Selection {
            txs: Vec::new(),
            fees: Amount::ONE_SAT,
        };
        let block = mine(&chain, greedy, ScriptBuf::new_p2a(), NOW).unwrap();
        let hash = block.block_hash();
        let change = chain.add_block(block, Trust::Verify { now: NOW }).unwrap();
        assert_eq!(
            change.refused,
            vec![(hash, crate::chain::reject::BlockReject::CoinbaseAmount)]
        );
        assert_eq!((chain.height(), chain.coins().iter().count()), (0, 0));
        assert!(chain.is_failed(&hash));
    }
}
