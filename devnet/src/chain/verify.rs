//! Checks of a transaction against the coins that it spends: amounts, maturity, relative locks (BIP 68), scripts.

use bitcoin::consensus::serialize;
use bitcoin::{Amount, Transaction};
use bitcoinconsensus::{Utxo, VERIFY_ALL_PRE_TAPROOT, VERIFY_TAPROOT, verify_with_flags};

use super::coins::Coin;
use super::consensus::{BlockContext, COINBASE_MATURITY};
use super::reject::TxReject;

const SEQUENCE_DISABLE: u32 = 1 << 31;
const SEQUENCE_TYPE_TIME: u32 = 1 << 22;
const SEQUENCE_MASK: u32 = 0xffff;
const SEQUENCE_TIME_GRANULARITY: u32 = 9;

/// Checks coinbase maturity and sums; gives the fee. `coins` are what the inputs spend, in order.
pub(crate) fn check_amounts(
    tx: &Transaction,
    coins: &[Coin],
    context: BlockContext,
) -> Result<Amount, TxReject> {
    let mut inputs = Amount::ZERO;
    for coin in coins {
        let depth = context.height.saturating_sub(coin.height);
        if coin.coinbase && depth < COINBASE_MATURITY {
            return Err(TxReject::PrematureCoinbaseSpend { depth });
        }
        inputs = inputs
            .checked_add(coin.output.value)
            .filter(|sum| *sum <= Amount::MAX_MONEY)
            .ok_or(TxReject::InputValuesOutOfRange)?;
    }
    let outputs = tx
        .output
        .iter()
        .try_fold(Amount::ZERO, |sum, output| sum.checked_add(output.value))
        .ok_or(TxReject::OutputTotalTooLarge)?;
    inputs
        .checked_sub(outputs)
        .ok_or(TxReject::InputsBelowOutputs { inputs, outputs })
}

/// Checks relative lock times (BIP 68). `median_time_past_at` gives the median time past *of* the block at a height.
pub(crate) fn check_sequence_locks(
    tx: &Transaction,
    coins: &[Coin],
    context: BlockContext,
    median_time_past_at: impl Fn(u32) -> u32,
) -> Result<(), TxReject> {
    // BIP 68 reads the version as unsigned.
    if tx.version.0.cast_unsigned() < 2 {
        return Ok(());
    }
    for (input, coin) in tx.input.iter().zip(coins) {
        let sequence = input.sequence.to_consensus_u32();
        if sequence & SEQUENCE_DISABLE != 0 {
            continue;
        }
        let lock = u64::from(sequence & SEQUENCE_MASK);
        let met = if sequence & SEQUENCE_TYPE_TIME != 0 {
            let mined_after = median_time_past_at(coin.height.saturating_sub(1));
            u64::from(context.median_time_past)
                >= u64::from(mined_after) + (lock << SEQUENCE_TIME_GRANULARITY)
        } else {
            u64::from(context.height) >= u64::from(coin.height) + lock
        };
        if !met {
            return Err(TxReject::NonBip68Final);
        }
    }
    Ok(())
}

/// Runs every input's script with all consensus rules up to taproot (this includes BIP 65 and BIP 112).
pub(crate) fn check_scripts(tx: &Transaction, coins: &[Coin]) -> Result<(), TxReject> {
    let bytes = serialize(tx);
    let spent: Vec<Utxo> = coins
        .iter()
        .map(|coin| {
            let script = coin.output.script_pubkey.as_bytes();
            Utxo {
                script_pubkey: script.as_ptr(),
                script_pubkey_len: script.len() as u32,
                value: coin.output.value.to_sat().cast_signed(),
            }
        })
        .collect();
    for (index, coin) in coins.iter().enumerate() {
        verify_with_flags(
            coin.output.script_pubkey.as_bytes(),
            coin.output.value.to_sat(),
            &bytes,
            Some(&spent),
            index,
            VERIFY_ALL_PRE_TAPROOT | VERIFY_TAPROOT,
        )
        .map_err(|_| TxReject::Script {
            txid: tx.compute_txid(),
            input: index,
        })?;
    }
    Ok(())
}

/// Signature operations of `tx`, by cost, given what it spends.
pub(crate) fn sigop_cost(tx: &Transaction, coins: &[Coin]) -> usize {
    tx.total_sigop_cost(|outpoint| {
        let index = tx
            .input
            .iter()
            .position(|input| input.previous_output == *outpoint)?;
        coins.get(index).map(|coin| coin.output.clone())
    })
}

#[cfg(test)]
mod tests {
    use bitcoin::{OutPoint, ScriptBuf, Sequence, TxIn, TxOut, absolute, transaction};
    use proptest::prelude::*;

    use super::*;

    fn spend(version: i32, sequence: u32, value: u64) -> Transaction {
        Transaction {
            version: transaction::Version(version),
            lock_time: absolute::LockTime::ZERO,
            input: vec![TxIn {
                previous_output: OutPoint::default(),
                sequence: Sequence(sequence),
                ..TxIn::default()
            }],
            output: vec![TxOut {
                value: Amount::from_sat(value),
                script_pubkey: ScriptBuf::new(),
            }],
        }
    }

    fn coin(height: u32, coinbase: bool, value: u64) -> Coin {
        let output = TxOut {
            value: Amount::from_sat(value),
            script_pubkey: ScriptBuf::new(),
        };
        Coin {
            output,
            height,
            coinbase,
        }
    }

    fn at(height: u32, median_time_past: u32) -> BlockContext {
        BlockContext {
            height,
            median_time_past,
        }
    }

    #[test]
    fn a_coinbase_matures_after_100_blocks() {
        let tx = spend(2, 0, 1);
        assert_eq!(
            check_amounts(&tx, &[coin(1, true, 2)], at(100, 0)),
            Err(TxReject::PrematureCoinbaseSpend { depth: 99 })
        );
        assert_eq!(
            check_amounts(&tx, &[coin(1, true, 2)], at(101, 0)),
            Ok(Amount::from_sat(1))
        );
    }

    #[test]
    fn more_out_than_in_is_refused() {
        let refused = check_amounts(&spend(2, 0, 3), &[coin(1, false, 2)], at(9, 0));
        assert!(matches!(refused, Err(TxReject::InputsBelowOutputs { .. })));
    }

    #[test]
    fn relative_locks_count_blocks_or_steps_of_512_seconds() {
        let by_height = spend(2, 10, 1);
        let locked = |tx: &Transaction, context| {
            check_sequence_locks(tx, &[coin(5, false, 2)], context, |height| height * 600).is_err()
        };
        assert!(locked(&by_height, at(14, 0)));
        assert!(!locked(&by_height, at(15, 0)));

        let by_time = spend(2, SEQUENCE_TYPE_TIME | 2, 1);
        assert!(locked(&by_time, at(6, 4 * 600 + 1023)));
        assert!(!locked(&by_time, at(6, 4 * 600 + 1024)));

        assert!(
            !locked(&spend(1, 10, 1), at(6, 0)),
            "version 1 has no relative locks"
        );
        assert!(!locked(&spend(2, SEQUENCE_DISABLE | 10, 1), at(6, 0)));
    }

    proptest! {
        #[test]
        fn any_bytes_as_scripts_are_judged_without_a_crash(
            script in proptest::collection::vec(any::<u8>(), 0..80),
            witness in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..4),
        ) {
            let mut tx = spend(2, 0, 1);
            tx.input[0].witness = bitcoin::Witness::from_slice(&witness);
            let mut spent = coin(1, false, 2);
            spent.output.script_pubkey = ScriptBuf::from_bytes(script);
            let _ = check_scripts(&tx, &[spent]);
        }
    }
}
