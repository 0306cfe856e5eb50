//! Replacement: what a newcomer must pay to push others out (bitcoind's full RBF, `doc/policy/mempool-replacements.md`).

use std::collections::BTreeSet;

use bitcoin::Txid;

use super::accept::{Candidate, group_totals};
use super::mempool::Mempool;
use super::policy::{INCREMENTAL_RELAY_FEERATE, fee_at, feerate_text};
use super::reject::TxReject;

/// Most transactions that one replacement may evict.
const MAX_REPLACED: usize = 100;

/// Everything that would leave the mempool for `group`.
pub(crate) fn replaced_by(pool: &Mempool, group: &[Candidate]) -> BTreeSet<Txid> {
    pool.with_descendants(group.iter().flat_map(|member| member.conflicts.iter().copied()))
}

/// Checks the replacement rules for a transaction, or for a package as a whole.
pub(crate) fn check(pool: &Mempool, group: &[Candidate]) -> Result<(), TxReject> {
    let direct: BTreeSet<Txid> =
        group.iter().flat_map(|member| member.conflicts.iter().copied()).collect();
    let (Some(last), false) = (group.last(), direct.is_empty()) else { return Ok(()) };
    let txid = last.entry.txid;
    let evicted = replaced_by(pool, group);
    if evicted.len() > MAX_REPLACED {
        return Err(TxReject::TooManyReplacements { txid, count: evicted.len() });
    }
    for member in group {
        check_inputs(pool, member, &direct, &evicted)?;
    }
    let (new, old) = (group_totals(group), pool.totals(&evicted));
    for conflict in direct.iter().filter_map(|conflict| pool.get(conflict)) {
        // new.fees / new.vsize <= conflict.fee / conflict.vsize, without a division
        let new_rate = u128::from(new.fees.to_sat()) * u128::from(conflict.vsize);
        let old_rate = u128::from(conflict.fee.to_sat()) * u128::from(new.vsize);
        if new_rate <= old_rate {
            return Err(TxReject::ReplacementFeerate {
                txid,
                new: feerate_text(new.fees, new.vsize),
                old: feerate_text(conflict.fee, conflict.vsize),
            });
        }
    }
    let Some(extra) = new.fees.checked_sub(old.fees) else {
        return Err(TxReject::ReplacementFee { txid, new: new.fees, old: old.fees });
    };
    let needed = fee_at(INCREMENTAL_RELAY_FEERATE, new.vsize);
    if extra < needed {
        return Err(TxReject::ReplacementRelayFee { txid, extra, needed });
    }
    Ok(())
}

/// A replacement may not spend what it evicts, nor unconfirmed outputs that none of its direct conflicts spent.
fn check_inputs(
    pool: &Mempool,
    member: &Candidate,
    direct: &BTreeSet<Txid>,
    evicted: &BTreeSet<Txid>,
) -> Result<(), TxReject> {
    let txid = member.entry.txid;
    if let Some(conflict) = pool.ancestors(&member.entry.tx).intersection(evicted).next() {
        return Err(TxReject::SpendsConflicting { txid, conflict: *conflict });
    }
    let known_parents: BTreeSet<Txid> =
        direct.iter().filter_map(|conflict| pool.get(conflict)).flat_map(|e| pool.parents(&e.tx)).collect();
    for (input, spent) in member.entry.tx.input.iter().enumerate() {
        let parent = spent.previous_output.txid;
        if pool.contains(&parent) && !known_parents.contains(&parent) {
            return Err(TxReject::ReplacementAddsUnconfirmed { txid, input });
        }
    }
    Ok(())
}
