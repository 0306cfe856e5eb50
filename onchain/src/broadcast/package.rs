//! Transactions that belong together, in an order in which they can be sent.

use bitcoin::{Transaction, Txid};
use std::collections::HashSet;

/// Puts parents before their children; the order is kept where it does not matter.
pub(super) fn in_topological_order(transactions: Vec<Transaction>) -> Vec<Transaction> {
    let mut waiting: Vec<(Txid, Transaction)> = transactions
        .into_iter()
        .map(|transaction| (transaction.compute_txid(), transaction))
        .collect();
    let mut seen = HashSet::new();
    waiting.retain(|(txid, _)| seen.insert(*txid));
    let mut sorted = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let missing: HashSet<Txid> = waiting.iter().map(|(txid, _)| *txid).collect();
        let has_no_parent_waiting = |(_, transaction): &(Txid, Transaction)| {
            !transaction
                .input
                .iter()
                .any(|input| missing.contains(&input.previous_output.txid))
        };
        // There always is one: a circle of transactions would be a circle of hashes.
        let next = waiting.iter().position(has_no_parent_waiting).unwrap_or(0);
        sorted.push(waiting.remove(next).1);
    }
    sorted
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::testing::spending;
    use bitcoin::OutPoint;

    #[test]
    fn parents_come_first_and_nothing_comes_twice() {
        let parent = spending(&[OutPoint::null()]);
        let child = spending(&[OutPoint::new(parent.compute_txid(), 0)]);
        let grandchild = spending(&[OutPoint::new(child.compute_txid(), 0)]);
        let shuffled = vec![grandchild.clone(), parent.clone(), child.clone(), parent.clone()];
        assert_eq!(in_topological_order(shuffled), vec![parent, child, grandchild]);
    }
}
