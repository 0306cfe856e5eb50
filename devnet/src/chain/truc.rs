//! Version 3 transactions (TRUC, BIP 431): at most one unconfirmed parent and one unconfirmed child, both small.

use std::collections::BTreeSet;

use bitcoin::Txid;

use super::accept::Candidate;
use super::mempool::{Entry, Mempool};
use super::policy::TRUC_VERSION;
use super::reject::{TrucRule, TxReject};

const MAX_VSIZE: u64 = 10_000;
const MAX_CHILD_VSIZE: u64 = 1_000;

/// Checks the rules for `entry`; gives the sibling that it takes the place of, if there is one.
pub(crate) fn check(
    pool: &Mempool,
    entry: &Entry,
    before: &[Candidate],
    conflicts: &BTreeSet<Txid>,
) -> Result<Option<Txid>, TxReject> {
    find_broken(pool, entry, before, conflicts).map_err(TxReject::Truc)
}

fn find_broken(
    pool: &Mempool,
    entry: &Entry,
    before: &[Candidate],
    conflicts: &BTreeSet<Txid>,
) -> Result<Option<Txid>, TrucRule> {
    let txid = entry.txid;
    let truc = is_truc(entry);
    let spent: BTreeSet<Txid> = entry
        .tx
        .input
        .iter()
        .map(|input| input.previous_output.txid)
        .collect();
    let in_package = before
        .iter()
        .map(|member| &member.entry)
        .filter(|member| spent.contains(&member.txid));
    let parents: Vec<&Entry> = spent
        .iter()
        .filter_map(|parent| pool.get(parent))
        .chain(in_package)
        .collect();
    for parent in &parents {
        match (truc, is_truc(parent)) {
            (true, false) => {
                return Err(TrucRule::SpendsOther {
                    txid,
                    parent: parent.txid,
                });
            }
            (false, true) => {
                return Err(TrucRule::SpentByOther {
                    txid,
                    parent: parent.txid,
                });
            }
            _ => {}
        }
    }
    if !truc {
        return Ok(None);
    }
    if entry.vsize > MAX_VSIZE {
        return Err(TrucRule::TooBig {
            txid,
            vsize: entry.vsize,
            limit: MAX_VSIZE,
        });
    }
    let parent = match parents[..] {
        [] => return Ok(None),
        [parent] => parent,
        _ => return Err(TrucRule::Ancestors { txid }),
    };
    if entry.vsize > MAX_CHILD_VSIZE {
        return Err(TrucRule::ChildTooBig {
            txid,
            vsize: entry.vsize,
            limit: MAX_CHILD_VSIZE,
        });
    }
    if !pool.parents(&parent.tx).is_empty() {
        return Err(TrucRule::Ancestors { txid });
    }
    evictable_sibling(pool, entry, parent, before, conflicts)
}

/// The parent's other child, which a better-paying newcomer may replace as long as it has no children of its own.
fn evictable_sibling(
    pool: &Mempool,
    entry: &Entry,
    parent: &Entry,
    before: &[Candidate],
    conflicts: &BTreeSet<Txid>,
) -> Result<Option<Txid>, TrucRule> {
    let too_many = TrucRule::Descendants { txid: parent.txid };
    let taken_in_package = before.iter().any(|member| {
        member.entry.txid != entry.txid
            && member
                .entry
                .tx
                .input
                .iter()
                .any(|input| input.previous_output.txid == parent.txid)
    });
    if taken_in_package {
        return Err(too_many);
    }
    let siblings: Vec<Txid> = pool
        .children(&parent.txid)
        .into_iter()
        .filter(|sibling| !conflicts.contains(sibling))
        .collect();
    match siblings[..] {
        [] => Ok(None),
        [sibling] if pool.children(&sibling).is_empty() => Ok(Some(sibling)),
        _ => Err(too_many),
    }
}

fn is_truc(entry: &Entry) -> bool {
    entry.tx.version.0 == TRUC_VERSION
}
