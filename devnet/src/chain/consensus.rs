//! The rules of consensus that need no chain: the shape of transactions and blocks, the subsidy, finality.

use std::collections::HashSet;

use bitcoin::absolute::LOCK_TIME_THRESHOLD;
use bitcoin::hashes::Hash;
use bitcoin::script::Builder;
use bitcoin::{Amount, Block, CompactTarget, Sequence, Target, Transaction, Txid, Weight};

use super::reject::{BlockReject, TxReject};

/// Confirmations before a coinbase output may be spent.
pub(crate) const COINBASE_MATURITY: u32 = 100;
/// Blocks between halvings on regtest.
const HALVING_INTERVAL: u32 = 150;
/// Regtest's proof of work: half of all hashes meet it.
pub(crate) const REGTEST_BITS: u32 = 0x207f_ffff;
/// Limit of a block's weight.
pub(crate) const MAX_BLOCK_WEIGHT: Weight = Weight::MAX_BLOCK;
/// Limit of a block's signature operations, by cost.
pub(crate) const MAX_BLOCK_SIGOPS_COST: usize = 80_000;
/// How far a block's time may be ahead of the clock, in seconds.
const MAX_FUTURE_BLOCK_TIME: u32 = 2 * 60 * 60;

/// The point in the chain at which a transaction is judged: the block that would contain it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockContext {
    /// Height of that block.
    pub(crate) height: u32,
    /// Median time of the eleven blocks before it (BIP 113), in seconds since 1970.
    pub(crate) median_time_past: u32,
}

/// What a miner may create at `height`, apart from fees.
pub(crate) fn subsidy(height: u32) -> Amount {
    let halvings = height / HALVING_INTERVAL;
    Amount::from_sat(
        Amount::from_int_btc(50)
            .to_sat()
            .checked_shr(halvings)
            .unwrap_or(0),
    )
}

/// Checks a transaction's shape.
pub(crate) fn check_transaction(tx: &Transaction) -> Result<(), TxReject> {
    if tx.input.is_empty() {
        return Err(TxReject::NoInputs);
    }
    if tx.output.is_empty() {
        return Err(TxReject::NoOutputs);
    }
    if Weight::from_non_witness_data_size(tx.base_size() as u64) > MAX_BLOCK_WEIGHT {
        return Err(TxReject::Oversize);
    }
    let mut total = Amount::ZERO;
    for output in &tx.output {
        if output.value > Amount::MAX_MONEY {
            return Err(TxReject::OutputTooLarge);
        }
        total = total
            .checked_add(output.value)
            .ok_or(TxReject::OutputTotalTooLarge)?;
        if total > Amount::MAX_MONEY {
            return Err(TxReject::OutputTotalTooLarge);
        }
    }
    let mut seen = HashSet::with_capacity(tx.input.len());
    if !tx.input.iter().all(|input| seen.insert(input.previous_output)) {
        return Err(TxReject::DuplicateInputs);
    }
    if tx.is_coinbase() {
        if !(2..=100).contains(&tx.input[0].script_sig.len()) {
            return Err(TxReject::CoinbaseScriptLength);
        }
    } else if tx.input.iter().any(|input| input.previous_output.is_null()) {
        return Err(TxReject::NullPrevout);
    }
    Ok(())
}

/// Whether the lock time lets `tx` into the block of `context` (median time past, BIP 113).
pub(crate) fn is_final(tx: &Transaction, context: BlockContext) -> bool {
    let lock_time = tx.lock_time.to_consensus_u32();
    let reached = if lock_time < LOCK_TIME_THRESHOLD {
        context.height
    } else {
        context.median_time_past
    };
    lock_time < reached || tx.input.iter().all(|input| input.sequence == Sequence::MAX)
}

/// Checks what a block shows by itself: work, merkle root, size, coinbase position, transactions' shape.
pub(crate) fn check_block(block: &Block) -> Result<(), BlockReject> {
    if block.header.bits != CompactTarget::from_consensus(REGTEST_BITS) {
        return Err(BlockReject::BadBits);
    }
    if !Target::from_compact(block.header.bits).is_met_by(block.block_hash()) {
        return Err(BlockReject::HighHash);
    }
    if block.txdata.is_empty() {
        return Err(BlockReject::Length);
    }
    if !block.check_merkle_root() {
        return Err(BlockReject::MerkleRoot);
    }
    let mut seen: HashSet<Txid> = HashSet::with_capacity(block.txdata.len());
    if !block.txdata.iter().all(|tx| seen.insert(tx.compute_txid())) {
        return Err(BlockReject::DuplicateTransactions);
    }
    if block.weight() > MAX_BLOCK_WEIGHT {
        return Err(BlockReject::Weight);
    }
    if !block.txdata[0].is_coinbase() {
        return Err(BlockReject::CoinbaseMissing);
    }
    if block.txdata[1..].iter().any(Transaction::is_coinbase) {
        return Err(BlockReject::CoinbaseMultiple);
    }
    block.txdata.iter().try_for_each(check_transaction)?;
    if !witnesses_are_committed(block) {
        return Err(BlockReject::WitnessCommitment);
    }
    Ok(())
}

/// Checks what a block shows in its place: time, version, BIP 34 height, finality. `now` is the clock in seconds.
pub(crate) fn check_block_in_context(
    block: &Block,
    context: BlockContext,
    now: u32,
) -> Result<(), BlockReject> {
    if block.header.time <= context.median_time_past {
        return Err(BlockReject::TimeTooOld);
    }
    if block.header.time > now.saturating_add(MAX_FUTURE_BLOCK_TIME) {
        return Err(BlockReject::TimeTooNew);
    }
    // BIP 34, 66 and 65 retired versions below 4.
    let version = block.header.version.to_consensus();
    if version < 4 {
        return Err(BlockReject::BadVersion(version));
    }
    let height = Builder::new().push_int(i64::from(context.height)).into_script();
    if !block.txdata[0].input[0]
        .script_sig
        .as_bytes()
        .starts_with(height.as_bytes())
    {
        return Err(BlockReject::CoinbaseHeight);
    }
    if !block.txdata.iter().all(|tx| is_final(tx, context)) {
        return Err(BlockReject::NonFinal);
    }
    Ok(())
}

/// BIP 141: a block with any witness commits to all of them in its coinbase.
fn witnesses_are_committed(block: &Block) -> bool {
    block.check_witness_commitment()
}

/// The script that begins a coinbase at `height` (BIP 34), with `extra_nonce` so that no two coinbases are equal.
pub(crate) fn coinbase_script(height: u32, extra_nonce: u64) -> bitcoin::ScriptBuf {
    Builder::new()
        .push_int(i64::from(height))
        .push_slice(extra_nonce.to_le_bytes())
        .into_script()
}

/// The witness reserved value (BIP 141) that our coinbases carry.
pub(crate) const WITNESS_RESERVED: [u8; 32] = [0; 32];

/// The coinbase output script that commits to the block's witnesses.
pub(crate) fn witness_commitment_script(block: &Block) -> Option<bitcoin::ScriptBuf> {
    let root = block.witness_root()?;
    let commitment = Block::compute_witness_commitment(&root, &WITNESS_RESERVED);
    let mut bytes = Vec::with_capacity(38);
    bytes.extend_from_slice(&[0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed]);
    bytes.extend_from_slice(&commitment.to_byte_array());
    Some(bitcoin::ScriptBuf::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subsidy_halves_every_150_blocks_and_ends() {
        assert_eq!(subsidy(149), Amount::from_int_btc(50));
        assert_eq!(subsidy(150), Amount::from_int_btc(25));
        assert_eq!(subsidy(300), Amount::from_sat(12_5000_0000));
        assert_eq!(subsidy(150 * 64), Amount::ZERO);
        assert_eq!(subsidy(u32::MAX), Amount::ZERO);
    }
}
