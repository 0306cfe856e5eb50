//! Packages (`submitpackage`): a child with its unconfirmed parents, which need the minimum fee only together.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use bitcoin::{FeeRate, OutPoint, Transaction, Txid, Weight, Wtxid};
use thiserror::Error;

use super::accept::{Candidate, group_totals};
use super::mempool::Totals;
use super::node::Node;
use super::reject::TxReject;

/// Most transactions in a package.
pub(crate) const MAX_PACKAGE_COUNT: usize = 25;
const MAX_PACKAGE_WEIGHT: Weight = Weight::from_wu(404_000);

/// A package that is not one, whatever its transactions are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum PackageReject {
    #[error("package-too-large")]
    TooLarge,
    #[error("package-contains-duplicates")]
    Duplicates,
    #[error("package-not-sorted")]
    NotSorted,
    #[error("conflict-in-package")]
    Conflict,
    #[error("package topology disallowed. not child-with-parents or parents depend on each other.")]
    Topology,
}

/// What became of one member.
#[derive(Debug, Clone)]
pub(crate) enum Member {
    /// It is in the mempool now; `shared` are the members whose feerate was counted together with its own.
    Accepted {
        vsize: u64,
        fee: bitcoin::Amount,
        shared: Option<(Totals, Vec<Wtxid>)>,
    },
    /// It was there before.
    AlreadyThere { vsize: u64, fee: bitcoin::Amount },
    /// It is there with another witness.
    OtherWitness { wtxid: Wtxid },
    /// It was refused.
    Refused(TxReject),
    /// It was not looked at, because another member was refused.
    NotValidated,
}

/// What became of a package.
#[derive(Debug)]
pub(crate) struct PackageOutcome {
    /// `success`, or why not everything is in the mempool.
    pub(crate) message: String,
    /// By member, in the order given.
    pub(crate) members: Vec<(Arc<Transaction>, Member)>,
    /// What left the mempool for it.
    pub(crate) replaced: BTreeSet<Txid>,
}

/// Checks that the last transaction is the child and all others are its parents, independent of one another.
pub(crate) fn check_shape(txs: &[Arc<Transaction>]) -> Result<(), PackageReject> {
    let weight: Weight = txs.iter().map(|tx| tx.weight()).sum();
    if txs.len() > MAX_PACKAGE_COUNT || (txs.len() > 1 && weight > MAX_PACKAGE_WEIGHT) {
        return Err(PackageReject::TooLarge);
    }
    let mut later: HashSet<Txid> = txs.iter().map(|tx| tx.compute_txid()).collect();
    if later.len() != txs.len() {
        return Err(PackageReject::Duplicates);
    }
    let mut spent: HashSet<OutPoint> = HashSet::new();
    for tx in txs {
        if tx
            .input
            .iter()
            .any(|input| later.contains(&input.previous_output.txid))
        {
            return Err(PackageReject::NotSorted);
        }
        later.remove(&tx.compute_txid());
        if !tx.input.iter().all(|input| spent.insert(input.previous_output)) {
            return Err(PackageReject::Conflict);
        }
    }
    let Some((child, parents)) = txs.split_last() else {
        return Err(PackageReject::Topology);
    };
    let child_spends: HashSet<Txid> = child
        .input
        .iter()
        .map(|input| input.previous_output.txid)
        .collect();
    let parent_ids: HashSet<Txid> = parents.iter().map(|tx| tx.compute_txid()).collect();
    let independent = parents.iter().all(|tx| {
        tx.input
            .iter()
            .all(|input| !parent_ids.contains(&input.previous_output.txid))
    });
    if !parent_ids.is_subset(&child_spends) || !independent {
        return Err(PackageReject::Topology);
    }
    Ok(())
}

impl Node {
    /// Takes a package in: each member by itself where it can stand by itself, the rest as one.
    pub(crate) fn submit_package(
        &mut self,
        txs: &[Arc<Transaction>],
    ) -> Result<PackageOutcome, PackageReject> {
        check_shape(txs)?;
        let mut results: BTreeMap<Txid, Member> = BTreeMap::new();
        let mut together: Vec<Arc<Transaction>> = Vec::new();
        let mut replaced = BTreeSet::new();
        let mut message = "success".to_owned();
        for tx in txs {
            let txid = tx.compute_txid();
            let member = match self.package_member(tx, &mut replaced) {
                Member::Refused(reject) if reject.is_reconsiderable() && txs.len() > 1 => {
                    together.push(Arc::clone(tx));
                    Member::Refused(reject)
                }
                other => other,
            };
            let hopeless = matches!(&member, Member::Refused(reject) if !reject.is_reconsiderable());
            results.insert(txid, member);
            if hopeless || (txs.len() == 1 && matches!(results[&txid], Member::Refused(_))) {
                "transaction failed".clone_into(&mut message);
                together.clear();
                break;
            }
        }
        if !together.is_empty() {
            match self.submit_group(&together) {
                Ok((members, evicted)) => {
                    results.extend(members);
                    replaced.extend(evicted);
                }
                Err((blamed, reject)) => {
                    message = match blamed {
                        Some(txid) => {
                            results.insert(txid, Member::Refused(reject));
                            "transaction failed".to_owned()
                        }
                        None if reject.is_reconsiderable() => "transaction failed".to_owned(),
                        None => format!("package RBF failed: {}", reject.full()),
                    };
                }
            }
        }
        let members = txs
            .iter()
            .map(|tx| {
                let member = results.remove(&tx.compute_txid()).unwrap_or(Member::NotValidated);
                (Arc::clone(tx), member)
            })
            .collect();
        Ok(PackageOutcome {
            message,
            members,
            replaced,
        })
    }

    /// Tries one member by itself.
    fn package_member(&mut self, tx: &Arc<Transaction>, replaced: &mut BTreeSet<Txid>) -> Member {
        if let Some(known) = self.pool.get(&tx.compute_txid()) {
            return if known.wtxid == tx.compute_wtxid() {
                Member::AlreadyThere {
                    vsize: known.vsize,
                    fee: known.fee,
                }
            } else {
                Member::OtherWitness { wtxid: known.wtxid }
            };
        }
        match self.judge().single(tx) {
            Ok(candidate) => {
                let (vsize, fee) = (candidate.entry.vsize, candidate.entry.fee);
                replaced.extend(self.admit(candidate));
                Member::Accepted {
                    vsize,
                    fee,
                    shared: None,
                }
            }
            Err(reject) => Member::Refused(reject),
        }
    }

    #[expect(clippy::type_complexity, reason = "used once, right above")]
    fn submit_group(
        &mut self,
        txs: &[Arc<Transaction>],
    ) -> Result<(Vec<(Txid, Member)>, BTreeSet<Txid>), (Option<Txid>, TxReject)> {
        let group: Vec<Candidate> = self.judge().group(txs)?;
        let totals = group_totals(&group);
        let wtxids: Vec<Wtxid> = group.iter().map(|member| member.entry.wtxid).collect();
        let mut members = Vec::with_capacity(group.len());
        let mut replaced = BTreeSet::new();
        for candidate in group {
            let (txid, vsize, fee) = (candidate.entry.txid, candidate.entry.vsize, candidate.entry.fee);
            replaced.extend(self.admit(candidate));
            members.push((
                txid,
                Member::Accepted {
                    vsize,
                    fee,
                    shared: Some((totals, wtxids.clone())),
                },
            ));
        }
        Ok((members, replaced))
    }
}

/// Feerate of several transactions together.
pub(crate) fn feerate(totals: Totals) -> FeeRate {
    FeeRate::from_sat_per_kwu(
        (totals.fees.to_sat().saturating_mul(250))
            .checked_div(totals.vsize)
            .unwrap_or(0),
    )
}
