//! Whether a transaction, or a package of them, may enter the mempool: bitcoind's rules, in bitcoind's order.

use std::collections::BTreeSet;
use std::sync::Arc;

use bitcoin::{Amount, FeeRate, OutPoint, Transaction, Txid};

use super::coins::Coin;
use super::consensus;
use super::mempool::{Entry, Mempool, Totals};
use super::policy;
use super::reject::{ChainLimit, TxReject};
use super::state::Chain;
use super::{rbf, truc, verify};

/// Most unconfirmed ancestors, and most descendants, itself included.
const MAX_CHAIN_COUNT: usize = 25;
/// Their greatest virtual size.
const MAX_CHAIN_VSIZE: u64 = 101_000;
/// One more descendant of this virtual size is let in below the limits, if it has a single parent (the carve-out on which
/// Lightning's anchors without version 3 rely).
const CARVE_OUT_VSIZE: u64 = 10_000;
/// `-bytespersigop`.
const BYTES_PER_SIGOP: u64 = 20;

/// What acceptance looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) pool: &'a Mempool,
    /// The rate below which the mempool takes nothing for now; never under the relay minimum.
    pub(crate) mempool_min: FeeRate,
    /// The clock, in seconds since 1970.
    pub(crate) now: u32,
}

/// A transaction that passed, and what has to leave for it.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// What will be added.
    pub(crate) entry: Entry,
    /// What its inputs spend.
    pub(crate) coins: Vec<Coin>,
    /// Mempool transactions that spend the same coins, or take the one place a version 3 parent has for a child.
    pub(crate) conflicts: BTreeSet<Txid>,
}

impl Judge<'_> {
    /// Judges one transaction by itself.
    pub(crate) fn single(&self, tx: &Arc<Transaction>) -> Result<Candidate, TxReject> {
        let candidate = self.pre_check(tx, &[])?;
        policy::check_dust(tx, candidate.entry.fee)?;
        self.check_fee(candidate.entry.fee, candidate.entry.vsize)?;
        self.check_ephemeral_spends(&candidate, &[])?;
        let group = [candidate];
        rbf::check(self.pool, &group)?;
        let [candidate] = group;
        verify::check_scripts(tx, &candidate.coins)?;
        Ok(candidate)
    }

    /// Judges transactions together, parents first: they need the minimum fee only as a whole. The verdict names the
    /// transaction that fails, or none if it is the package.
    pub(crate) fn group(&self, txs: &[Arc<Transaction>]) -> Result<Vec<Candidate>, (Option<Txid>, TxReject)> {
        let mut group: Vec<Candidate> = Vec::with_capacity(txs.len());
        for tx in txs {
            let blame = |reject| (Some(tx.compute_txid()), reject);
            let candidate = self.pre_check(tx, &group).map_err(blame)?;
            policy::check_dust(tx, candidate.entry.fee).map_err(blame)?;
            self.check_ephemeral_spends(&candidate, &group).map_err(blame)?;
            group.push(candidate);
        }
        let total = group_totals(&group);
        self.check_fee(total.fees, total.vsize)
            .map_err(|reject| (None, reject))?;
        rbf::check(self.pool, &group).map_err(|reject| (None, reject))?;
        for candidate in &group {
            verify::check_scripts(&candidate.entry.tx, &candidate.coins)
                .map_err(|reject| (Some(candidate.entry.txid), reject))?;
        }
        Ok(group)
    }

    /// Judges a transaction that was in a block or in the mempool before a reorganisation: no fee is asked again.
    pub(crate) fn returning(&self, tx: &Arc<Transaction>) -> Result<Candidate, TxReject> {
        let candidate = self.pre_check(tx, &[])?;
        if !candidate.conflicts.is_empty() {
            return Err(TxReject::MempoolConflict);
        }
        verify::check_scripts(tx, &candidate.coins)?;
        Ok(candidate)
    }

    /// Everything but fees, replacement and scripts. `before` are the members of the package judged already.
    fn pre_check(&self, tx: &Arc<Transaction>, before: &[Candidate]) -> Result<Candidate, TxReject> {
        let context = self.chain.next_context();
        consensus::check_transaction(tx)?;
        policy::check_standard(tx)?;
        if !consensus::is_final(tx, context) {
            return Err(TxReject::NonFinal);
        }
        let (txid, wtxid) = (tx.compute_txid(), tx.compute_wtxid());
        if let Some(known) = self.pool.get(&txid) {
            return Err(if known.wtxid == wtxid {
                TxReject::AlreadyInMempool
            } else {
                TxReject::SameNonwitnessDataInMempool
            });
        }
        let coins = self.coins_spent_by(tx, &txid, before)?;
        verify::check_sequence_locks(tx, &coins, context, |height| self.chain.median_time_past(height))?;
        let fee = verify::check_amounts(tx, &coins, context)?;
        policy::check_standard_inputs(tx, &coins)?;
        let sigops = verify::sigop_cost(tx, &coins);
        policy::check_sigops(sigops)?;
        let vsize = (tx.weight().to_wu().max(sigops as u64 * BYTES_PER_SIGOP)).div_ceil(4);
        let entry = Entry {
            tx: Arc::clone(tx),
            txid,
            wtxid,
            fee,
            vsize,
            sigops,
            time: self.now,
            height: self.chain.height(),
        };
        let mut conflicts: BTreeSet<Txid> = tx
            .input
            .iter()
            .filter_map(|input| self.pool.spender(&input.previous_output))
            .collect();
        conflicts.extend(truc::check(self.pool, &entry, before, &conflicts)?);
        let candidate = Candidate {
            entry,
            coins,
            conflicts,
        };
        self.check_chain_limits(&candidate, before)?;
        Ok(candidate)
    }

    fn coins_spent_by(
        &self,
        tx: &Transaction,
        txid: &Txid,
        before: &[Candidate],
    ) -> Result<Vec<Coin>, TxReject> {
        let next_height = self.chain.next_context().height;
        tx.input
            .iter()
            .map(|input| {
                let outpoint = input.previous_output;
                if let Some(coin) = self.chain.coin(&outpoint) {
                    return Ok(coin.clone());
                }
                let unconfirmed = self
                    .pool
                    .output(&outpoint)
                    .or_else(|| output_of(before, &outpoint));
                if let Some(output) = unconfirmed {
                    return Ok(Coin {
                        output: output.clone(),
                        height: next_height,
                        coinbase: false,
                    });
                }
                let confirmed = (0..tx.output.len() as u32)
                    .any(|vout| self.chain.coin(&OutPoint { txid: *txid, vout }).is_some());
                Err(if confirmed {
                    TxReject::AlreadyKnown
                } else {
                    TxReject::MissingOrSpent
                })
            })
            .collect()
    }

    fn check_fee(&self, fee: Amount, vsize: u64) -> Result<(), TxReject> {
        let needed = policy::fee_at(self.mempool_min, vsize);
        if self.mempool_min > policy::MIN_RELAY_FEERATE && fee < needed {
            return Err(TxReject::MempoolMinFee { fee, needed });
        }
        let needed = policy::fee_at(policy::MIN_RELAY_FEERATE, vsize);
        if fee < needed {
            return Err(TxReject::MinRelayFee { fee, needed });
        }
        Ok(())
    }

    /// Who spends anything of a transaction with dust has to spend the dust too.
    fn check_ephemeral_spends(&self, candidate: &Candidate, before: &[Candidate]) -> Result<(), TxReject> {
        let tx = &candidate.entry.tx;
        let spent: BTreeSet<OutPoint> = tx.input.iter().map(|input| input.previous_output).collect();
        let parents: BTreeSet<Txid> = spent.iter().map(|outpoint| outpoint.txid).collect();
        for txid in parents {
            let parent = self.pool.get(&txid).or_else(|| {
                before
                    .iter()
                    .map(|other| &other.entry)
                    .find(|entry| entry.txid == txid)
            });
            let Some(parent) = parent else { continue };
            let all_spent = policy::dust_outputs(&parent.tx)
                .into_iter()
                .all(|vout| spent.contains(&OutPoint { txid, vout }));
            if !all_spent {
                return Err(TxReject::MissingEphemeralSpends {
                    child: candidate.entry.txid,
                    parent: txid,
                });
            }
        }
        Ok(())
    }

    fn check_chain_limits(&self, candidate: &Candidate, before: &[Candidate]) -> Result<(), TxReject> {
        let entry = &candidate.entry;
        let leaving = self.pool.with_descendants(candidate.conflicts.iter().copied());
        let mut ancestors = self.pool.ancestors(&entry.tx);
        let mut members = Totals::default();
        // Within a package every member is counted as an ancestor of the last, as bitcoind does.
        for other in before {
            ancestors.extend(self.pool.ancestors(&other.entry.tx));
            members.count += 1;
            members.vsize += other.entry.vsize;
        }
        let above = self.pool.totals(&ancestors);
        let exceeded = if above.count + members.count + 1 > MAX_CHAIN_COUNT {
            Some(ChainLimit::AncestorCount(MAX_CHAIN_COUNT))
        } else if above.vsize + members.vsize + entry.vsize > MAX_CHAIN_VSIZE {
            Some(ChainLimit::AncestorSize(MAX_CHAIN_VSIZE))
        } else {
            None
        };
        if let Some(limit) = exceeded {
            return Err(TxReject::TooLongChain(limit));
        }
        let carve_out = before.is_empty() && ancestors.len() == 1 && entry.vsize <= CARVE_OUT_VSIZE;
        let (extra_count, extra_vsize) = if carve_out { (1, CARVE_OUT_VSIZE) } else { (0, 0) };
        for txid in ancestors {
            let below = self.pool.with_descendants([txid]);
            let staying = self.pool.totals(below.difference(&leaving));
            let limit = if staying.count + members.count + 1 > MAX_CHAIN_COUNT + extra_count {
                ChainLimit::DescendantCount {
                    txid,
                    limit: MAX_CHAIN_COUNT,
                }
            } else if staying.vsize + members.vsize + entry.vsize > MAX_CHAIN_VSIZE + extra_vsize {
                ChainLimit::DescendantSize {
                    txid,
                    limit: MAX_CHAIN_VSIZE,
                }
            } else {
                continue;
            };
            return Err(TxReject::TooLongChain(limit));
        }
        Ok(())
    }
}

fn output_of<'a>(group: &'a [Candidate], outpoint: &OutPoint) -> Option<&'a bitcoin::TxOut> {
    let member = group.iter().find(|member| member.entry.txid == outpoint.txid)?;
    member.entry.tx.output.get(outpoint.vout as usize)
}

/// Sums over the members of a package.
pub(crate) fn group_totals(group: &[Candidate]) -> Totals {
    group.iter().fold(Totals::default(), |sum, member| Totals {
        count: sum.count + 1,
        vsize: sum.vsize + member.entry.vsize,
        fees: sum.fees + member.entry.fee,
    })
}
