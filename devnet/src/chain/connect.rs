//! Applies a block's transactions to the coins, with every check that needs them.

use bitcoin::{Amount, Block, Transaction};

use super::coins::{Coin, Coins, Undo};
use super::consensus::{BlockContext, MAX_BLOCK_SIGOPS_COST, subsidy};
use super::reject::{BlockReject, TxReject};
use super::verify;

/// How far a block is checked when it joins the active chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Everything, scripts and the clock included (seconds since 1970).
    Verify { now: u32 },
    /// It was verified before it was written to our own file: scripts are not run again.
    Replay,
}

/// Applies `block` to `coins`, all or nothing; gives what takes it back. The block's own shape was checked before.
pub(crate) fn connect_block(
    coins: &mut Coins,
    block: &Block,
    context: BlockContext,
    trust: Trust,
    median_time_past_at: impl Fn(u32) -> u32,
) -> Result<Undo, BlockReject> {
    let mut undo = Undo::default();
    let mut sums = Sums::default();
    for (applied, tx) in block.txdata.iter().enumerate() {
        match connect_transaction(coins, tx, context, trust, &median_time_past_at, &mut sums) {
            Ok(_) if tx.is_coinbase() => {}
            Ok(spent) => undo.spent.push(spent),
            Err(reason) => {
                coins.revert_transactions(&block.txdata[..applied], undo);
                return Err(reason);
            }
        }
    }
    if let Err(reason) = sums.check(block, context) {
        coins.revert_transactions(&block.txdata, undo);
        return Err(reason);
    }
    Ok(undo)
}

/// What is limited over a whole block.
#[derive(Debug, Default)]
struct Sums {
    fees: Amount,
    sigops: usize,
}

impl Sums {
    fn check(&self, block: &Block, context: BlockContext) -> Result<(), BlockReject> {
        if self.sigops > MAX_BLOCK_SIGOPS_COST {
            return Err(BlockReject::Sigops);
        }
        let coinbase = block.txdata.first().ok_or(BlockReject::CoinbaseMissing)?;
        let minted: Amount = coinbase.output.iter().map(|output| output.value).sum();
        if minted > subsidy(context.height) + self.fees {
            return Err(BlockReject::CoinbaseAmount);
        }
        Ok(())
    }
}

fn connect_transaction(
    coins: &mut Coins,
    tx: &Transaction,
    context: BlockContext,
    trust: Trust,
    median_time_past_at: impl Fn(u32) -> u32,
    sums: &mut Sums,
) -> Result<Vec<Coin>, BlockReject> {
    if tx.is_coinbase() {
        sums.sigops = sums.sigops.saturating_add(verify::sigop_cost(tx, &[]));
        return Ok(coins.apply(tx, context.height)?);
    }
    let spent = coins.spent_by(tx)?;
    let fee = verify::check_amounts(tx, &spent, context)?;
    sums.fees = sums
        .fees
        .checked_add(fee)
        .ok_or(TxReject::InputValuesOutOfRange)?;
    verify::check_sequence_locks(tx, &spent, context, median_time_past_at)
        .map_err(|_| BlockReject::NonFinal)?;
    sums.sigops = sums.sigops.saturating_add(verify::sigop_cost(tx, &spent));
    if let Trust::Verify { .. } = trust {
        verify::check_scripts(tx, &spent)?;
    }
    Ok(coins.apply(tx, context.height)?)
}
