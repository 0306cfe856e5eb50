//! Replacement: what a newcomer must pay to push others out (bitcoind's full RBF, `doc/policy/mempool-replacements.md`).

use std::collections::BTreeSet;

use bitcoin::{Amount, Txid};

use super::accept::{Candidate, group_totals};
use super::mempool::{Mempool, Totals};
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
    let direct: BTreeSet<Txid> = group
        .iter()
        .flat_map(|member| member.conflicts.iter().copied())
        .collect();
    let (Some(last), false) = (group.last(), direct.is_empty()) else {
        return Ok(());
    };
    let txid = last.entry.txid;
    let evicted = replaced_by(pool, group);
    if evicted.len() > MAX_REPLACED {
        return Err(TxReject::TooManyReplacements {
            txid,
            count: evicted.len(),
        });
    }
    for member in group {
        check_inputs(pool, member, &direct, &evicted)?;
    }
    let (new, old) = (group_totals(group), pool.totals(&evicted));
    // A transaction has to beat each that it conflicts with. A package has to beat what it evicts as a whole, which
    // for a parent with a child is what bitcoind's comparison of feerate diagrams comes to.
    let rivals: Vec<Totals> = match group {
        [_] => direct.iter().map(|conflict| pool.totals([conflict])).collect(),
        _ => vec![old],
    };
    if let Some(rival) = rivals.into_iter().find(|rival| !pays_a_higher_rate(new, *rival)) {
        return Err(TxReject::ReplacementFeerate {
            txid,
            new: feerate_text(new.fees, new.vsize),
            old: feerate_text(rival.fees, rival.vsize),
        });
    }
    let Some(extra) = new.fees.checked_sub(old.fees) else {
        return Err(TxReject::ReplacementFee {
            txid,
            new: new.fees,
            old: old.fees,
        });
    };
    let needed = fee_at(INCREMENTAL_RELAY_FEERATE, new.vsize);
    if extra < needed {
        return Err(TxReject::ReplacementRelayFee { txid, extra, needed });
    }
    Ok(())
}

/// Whether `new.fees / new.vsize > old.fees / old.vsize`.
fn pays_a_higher_rate(new: Totals, old: Totals) -> bool {
    let product = |fees: Amount, vsize: u64| u128::from(fees.to_sat()) * u128::from(vsize);
    product(new.fees, old.vsize) > product(old.fees, new.vsize)
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
        return Err(TxReject::SpendsConflicting {
            txid,
            conflict: *conflict,
        });
    }
    let known_parents: BTreeSet<Txid> = direct
        .iter()
        .filter_map(|conflict| pool.get(conflict))
        .flat_map(|e| pool.parents(&e.tx))
        .collect();
    for (input, spent) in member.entry.tx.input.iter().enumerate() {
        let parent = spent.previous_output.txid;
        if pool.contains(&parent) && !known_parents.contains(&parent) {
            return Err(TxReject::ReplacementAddsUnconfirmed { txid, input });
        }
    }
    Ok(())
}
