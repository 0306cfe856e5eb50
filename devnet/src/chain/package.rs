//! Packages (`submitpackage`): a child with its unconfirmed parents, which need the minimum fee only together.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use bitcoin::{FeeRate, OutPoint, Transaction, Txid, Weight, Wtxid};
use thiserror::Error;

use super::accept::group_totals;
use super::mempool::Totals;
use super::node::Node;
use super::reject::TxReject;

/// Most transactions in a package.
pub(crate) const MAX_PACKAGE_COUNT: usize = 25;
const SUCCESS: &str = "success";
const FAILED: &str = "transaction failed";
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

/// What is known of a package's members so far.
#[derive(Debug, Default)]
struct Progress {
    members: BTreeMap<Txid, Member>,
    replaced: BTreeSet<Txid>,
}

impl Node {
    /// Takes a package in: each member by itself where it can stand by itself, the rest as one.
    pub(crate) fn submit_package(
        &mut self,
        txs: &[Arc<Transaction>],
    ) -> Result<PackageOutcome, PackageReject> {
        check_shape(txs)?;
        let mut progress = Progress::default();
        let message = match self.submit_each(txs, &mut progress) {
            Some(rest) if rest.is_empty() => SUCCESS.to_owned(),
            Some(rest) => self.submit_together(&rest, &mut progress),
            None => FAILED.to_owned(),
        };
        let mut member_of = |tx: &Arc<Transaction>| {
            let member = progress
                .members
                .remove(&tx.compute_txid())
                .unwrap_or(Member::NotValidated);
            (Arc::clone(tx), member)
        };
        let members = txs.iter().map(&mut member_of).collect();
        Ok(PackageOutcome {
            message,
            members,
            replaced: progress.replaced,
        })
    }

    /// Tries the members one by one; gives those that need the others, or `None` if there is no hope for one.
    fn submit_each(
        &mut self,
        txs: &[Arc<Transaction>],
        progress: &mut Progress,
    ) -> Option<Vec<Arc<Transaction>>> {
        let mut rest = Vec::new();
        for tx in txs {
            let member = self.submit_member(tx, progress);
            let hopeless = match &member {
                Member::Refused(reject) if txs.len() > 1 && reject.is_reconsiderable() => {
                    rest.push(Arc::clone(tx));
                    false
                }
                Member::Refused(_) => true,
                _ => false,
            };
            progress.members.insert(tx.compute_txid(), member);
            if hopeless {
                return None;
            }
        }
        Some(rest)
    }

    fn submit_member(&mut self, tx: &Arc<Transaction>, progress: &mut Progress) -> Member {
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
                progress.replaced.extend(self.admit(candidate));
                Member::Accepted {
                    vsize,
                    fee,
                    shared: None,
                }
            }
            Err(reject) => Member::Refused(reject),
        }
    }

    /// Tries members as one; gives the package's message.
    fn submit_together(&mut self, txs: &[Arc<Transaction>], progress: &mut Progress) -> String {
        let group = match self.judge().group(txs) {
            Ok(group) => group,
            Err((Some(blamed), reject)) => {
                progress.members.insert(blamed, Member::Refused(reject));
                return FAILED.to_owned();
            }
            // Each member keeps the reason that it got by itself.
            Err((None, reject)) if reject.is_reconsiderable() => return FAILED.to_owned(),
            Err((None, reject)) => return format!("package RBF failed: {}", reject.full()),
        };
        let totals = group_totals(&group);
        let wtxids: Vec<Wtxid> = group.iter().map(|member| member.entry.wtxid).collect();
        for candidate in group {
            let (txid, vsize, fee) = (candidate.entry.txid, candidate.entry.vsize, candidate.entry.fee);
            progress.replaced.extend(self.admit(candidate));
            let member = Member::Accepted {
                vsize,
                fee,
                shared: Some((totals, wtxids.clone())),
            };
            progress.members.insert(txid, member);
        }
        SUCCESS.to_owned()
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
