//! Whatever happens to the chain, its parts agree.

use bitcoin::{Amount, TxOut};
use proptest::prelude::*;

use super::*;

/// What a test does to the chain.
#[derive(Debug, Clone)]
enum Step {
    Mine,
    Pay,
    /// Invalidate the block so many below the tip.
    Invalidate(u32),
    /// Reconsider the block of that number among all that were ever invalidated.
    Reconsider(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Mine),
        3 => Just(Step::Pay),
        1 => (0..6u32).prop_map(Step::Invalidate),
        1 => any::<prop::sample::Index>().prop_map(Step::Reconsider),
    ];
    prop::collection::vec(step, 1..25)
}

fn pay(node: &mut Node) {
    let script_pubkey = node.new_address(AddressType::Bech32m).unwrap().script_pubkey();
    let payment = TxOut {
        value: Amount::from_sat(100_000),
        script_pubkey: script_pubkey.clone(),
    };
    let paid = node.wallet.pay(
        &node.chain,
        &node.pool,
        payment,
        script_pubkey,
        node.mempool_min(),
        false,
    );
    if let Ok(tx) = paid {
        node.submit_transaction(tx).unwrap();
    }
}

fn take(node: &mut Node, step: Step, invalidated: &mut Vec<BlockHash>) {
    match step {
        Step::Mine => {
            let script = node.new_address(AddressType::Bech32).unwrap().script_pubkey();
            node.mine(script).unwrap();
        }
        Step::Pay => pay(node),
        Step::Invalidate(depth) => {
            let height = node.chain.height().saturating_sub(depth);
            let hash = node.chain.hash_at(height).unwrap();
            node.invalidate(&hash).unwrap();
            invalidated.push(hash);
        }
        Step::Reconsider(index) if !invalidated.is_empty() => {
            node.reconsider(index.get(invalidated)).unwrap();
        }
        Step::Reconsider(_) => {}
    }
}

/// The active chain, verified from genesis by a node that has seen no other branch.
fn verified_afresh(chain: &Chain) -> Chain {
    let mut fresh = Chain::genesis();
    for height in 1..=chain.height() {
        let block = &chain.block(&chain.hash_at(height).unwrap()).unwrap().block;
        let change = fresh
            .add_block(Block::clone(block), Trust::Verify { now: u32::MAX })
            .unwrap();
        assert!(change.refused.is_empty(), "{:?}", change.refused);
    }
    fresh
}

/// Everything in the mempool can be mined as it stands.
fn check_mempool(node: &Node) {
    let mut chain = verified_afresh(&node.chain);
    let block = miner::mine(
        &chain,
        miner::select(&node.pool),
        ScriptBuf::new_p2a(),
        node.now(),
    )
    .unwrap();
    assert_eq!(block.txdata.len(), node.pool.iter().count() + 1);
    chain.test_block(&block, u32::MAX).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn after_any_reorganisations_the_coins_are_those_of_a_fresh_replay(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let mut node = Node::open(dir.path()).unwrap();
        let script = node.new_address(AddressType::Bech32).unwrap().script_pubkey();
        for _ in 0..103 {
            node.mine(script.clone()).unwrap();
        }
        let mut invalidated = Vec::new();
        for step in steps {
            take(&mut node, step, &mut invalidated);
        }
        let fresh = verified_afresh(&node.chain);
        prop_assert_eq!(fresh.coins(), node.chain.coins());
        check_mempool(&node);

        let tip = node.chain.tip_hash();
        let unconfirmed: Vec<Txid> = node.pool.iter().map(|entry| entry.txid).collect();
        node.save_mempool().unwrap();
        drop(node);
        let reopened = Node::open(dir.path()).unwrap();
        prop_assert_eq!(reopened.chain.tip_hash(), tip);
        prop_assert_eq!(reopened.chain.coins(), fresh.coins());
        let kept: Vec<Txid> = reopened.pool.iter().map(|entry| entry.txid).collect();
        prop_assert_eq!(kept, unconfirmed);
    }
}
