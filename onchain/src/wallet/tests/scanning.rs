//! Looking for coins in blocks that the wallet has not seen, or has forgotten.

use super::*;
use crate::bitcoind::{Bitcoind, BlockchainInfo};
use crate::testing::{Answer, FakeBitcoind, connect};
use bitcoin::Block;
use bitcoin::consensus::encode::serialize_hex;
use lightning::chain::Listen;
use serde_json::json;

/// Blocks from height 101 on, those below `first` without their contents.
struct Blocks {
    blocks: Vec<Block>,
    first: u32,
}

impl Blocks {
    fn tip(&self) -> u32 {
        100 + u32::try_from(self.blocks.len()).unwrap()
    }

    fn answer(&self, method: &str, params: &serde_json::Value) -> Answer {
        let height_of = |hash: &serde_json::Value| {
            let place = self
                .blocks
                .iter()
                .position(|block| json!(block.block_hash()) == *hash);
            place.map(|place| 101 + place)
        };
        match method {
            "getblockchaininfo" => Ok(json!({
                "chain": "regtest", "blocks": self.tip(), "headers": self.tip(),
                "bestblockhash": self.blocks.last().unwrap().block_hash(),
                "pruned": self.first > 0, "pruneheight": self.first,
            })),
            "getblockhash" => match params[0].as_u64().unwrap() as usize {
                height @ 101.. => match self.blocks.get(height - 101) {
                    Some(block) => Ok(json!(block.block_hash())),
                    None => Err((-8, "Block height out of range")),
                },
                100 => Ok(json!(self.blocks[0].header.prev_blockhash)),
                height => Ok(json!(BlockHash::hash(&height.to_le_bytes()))),
            },
            "getblock" => match height_of(&params[0]) {
                Some(height) if height >= self.first as usize => {
                    Ok(json!(serialize_hex(&self.blocks[height - 101])))
                }
                Some(_) => Err((-1, "Block not available (pruned data)")),
                None => Err((-5, "Block not found")),
            },
            _ => Err((-32601, "Method not found")),
        }
    }
}

struct Served {
    bitcoind: Bitcoind,
    info: BlockchainInfo,
    _server: FakeBitcoind,
    _datadir: tempfile::TempDir,
}

async fn serve(blocks: Vec<Block>, first: u32) -> Served {
    let blocks = Blocks { blocks, first };
    let server = FakeBitcoind::start(move |method, params| blocks.answer(method, params)).await;
    let datadir = tempfile::tempdir().unwrap();
    let bitcoind = connect(server.port, datadir.path());
    let info = bitcoind.blockchain_info().await.unwrap();
    Served {
        bitcoind,
        info,
        _server: server,
        _datadir: datadir,
    }
}

/// A chain that pays to both kinds of address of the seed, far apart, and the wallet of another disk that made them.
async fn history() -> (Chain, Vec<Block>, Wallet) {
    let (store, mut chain) = (Arc::new(MemoryStore::default()), Chain::starting_at(100));
    let original = open(&store, chain.tip());
    let mut blocks = Vec::new();
    for (kind, gap) in [
        (AddressKind::Taproot, 1),
        (AddressKind::Segwit, 150),
        (AddressKind::Taproot, 150),
    ] {
        let mut address = original.new_address(kind).await.unwrap();
        for _ in 1..gap {
            address = original.new_address(kind).await.unwrap();
        }
        blocks.push(chain.mine(&original, &[pay(&somewhere_address(), 1), pay(&address, 50_000)]));
        blocks.push(chain.mine(&original, &[]));
    }
    (chain, blocks, original)
}

fn somewhere_address() -> Address {
    Address::from_script(&somewhere(), Network::Regtest).unwrap()
}

#[tokio::test]
async fn the_same_seed_on_an_empty_disk_finds_its_coins_and_gives_no_address_twice() {
    let (chain, blocks, original) = history().await;
    let on = serve(blocks, 0).await;
    let store = Arc::new(MemoryStore::default());
    let birthday = BestBlock::new(chain.blocks[0].1, 100);
    let wallet = open(&store, birthday);
    wallet.scan(&on.bitcoind, on.info.blocks).await.unwrap();
    assert_eq!(wallet.best_block(), chain.tip());
    let found = |wallet: &Wallet| {
        let mut coins = wallet.coins(false);
        coins.sort_by_key(|coin| coin.outpoint);
        coins
    };
    assert_eq!(found(&wallet), found(&original));
    assert_eq!(found(&wallet).len(), 3);
    assert_eq!(wallet.transactions(), original.transactions());
    assert_eq!(
        wallet.transactions()[0].confirmed,
        Some((101, Some(1))),
        "the place in the block is known"
    );
    let wallet = open(&store, birthday);
    assert_eq!(wallet.best_block(), chain.tip(), "the next start need not scan");
    assert_eq!(found(&wallet), found(&original));
    let fresh = wallet.new_address(AddressKind::Taproot).await.unwrap();
    assert!(
        original
            .addresses(0, u32::MAX)
            .iter()
            .all(|issued| issued.address != fresh)
    );
}

#[tokio::test]
async fn a_scan_goes_on_where_it_was_interrupted() {
    let (chain, blocks, _) = history().await;
    let half = serve(blocks[..3].to_vec(), 0).await;
    let store = Arc::new(MemoryStore::default());
    let birthday = BestBlock::new(chain.blocks[0].1, 100);
    open(&store, birthday)
        .scan(&half.bitcoind, half.info.blocks)
        .await
        .unwrap();
    // The blocks that have been seen are not asked for again: this bitcoind would not have them.
    let rest = serve(blocks, 104).await;
    let wallet = open(&store, birthday);
    wallet.scan(&rest.bitcoind, rest.info.blocks).await.unwrap();
    assert_eq!(wallet.coins(false).len(), 3);
}

#[tokio::test]
async fn blocks_that_have_been_replaced_meanwhile_are_left() {
    let (mut chain, mut blocks, _) = history().await;
    let store = Arc::new(MemoryStore::default());
    let wallet = open(&store, BestBlock::new(chain.blocks[0].1, 100));
    let before = serve(blocks.clone(), 0).await;
    wallet.scan(&before.bitcoind, before.info.blocks).await.unwrap();
    blocks.truncate(3);
    chain.blocks.truncate(4);
    for _ in 0..4 {
        blocks.push(chain.mine_unseen(&[]));
    }
    let after = serve(blocks, 0).await;
    wallet.scan(&after.bitcoind, after.info.blocks).await.unwrap();
    assert_eq!(wallet.best_block(), chain.tip());
    let confirmed = wallet.coins(false);
    let confirmed = confirmed
        .iter()
        .filter(|coin| matches!(coin.status, CoinStatus::Confirmed { .. }));
    assert_eq!(confirmed.count(), 2);
}

#[tokio::test]
async fn a_rescan_looks_at_blocks_once_more_and_changes_nothing_that_was_right() {
    let (chain, blocks, wallet) = history().await;
    let (coins, transactions) = (wallet.balance(), wallet.transactions());
    let on = serve(blocks, 0).await;
    for rescan in [
        Rescan::LastBlocks(2),
        Rescan::FromHeight(103),
        Rescan::LastBlocks(1_000),
        Rescan::FromHeight(0),
    ] {
        wallet.go_back(rescan, &on.bitcoind, &on.info).await.unwrap();
        assert!(wallet.best_block().height < chain.tip().height);
        if let Rescan::LastBlocks(1_000) | Rescan::FromHeight(0) = rescan {
            // The blocks before the 101st are made of nothing.
            let birthday = BestBlock::new(chain.blocks[0].1, 100);
            wallet.blocks_disconnected(birthday);
        }
        wallet.scan(&on.bitcoind, on.info.blocks).await.unwrap();
        assert_eq!(
            (wallet.balance(), wallet.transactions()),
            (coins, transactions.clone())
        );
    }
    wallet
        .go_back(Rescan::LastBlocks(0), &on.bitcoind, &on.info)
        .await
        .unwrap();
    wallet
        .go_back(Rescan::FromHeight(5_000), &on.bitcoind, &on.info)
        .await
        .unwrap();
    assert_eq!(
        wallet.best_block(),
        chain.tip(),
        "there is nothing there to look at"
    );
}

#[tokio::test]
async fn a_pruned_bitcoind_is_used_as_far_as_it_has_blocks() {
    let (_, blocks, wallet) = history().await;
    let on = serve(blocks, 104).await;
    let refusal = wallet
        .go_back(Rescan::FromHeight(101), &on.bitcoind, &on.info)
        .await
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "bitcoind is pruned and has no blocks below 104, but the wallet's coins are to be looked for from block 101 on: \
         start with --rescan=-104 to look only where there are blocks, or with a bitcoind that has all"
    );
    wallet
        .go_back(Rescan::FromHeight(104), &on.bitcoind, &on.info)
        .await
        .unwrap();
    wallet.scan(&on.bitcoind, on.info.blocks).await.unwrap();
    assert_eq!(wallet.coins(false).len(), 3);
    // A seed without its wallet: as much as there is.
    let birthday = before_any_coin(&on.bitcoind, Network::Regtest, &on.info)
        .await
        .unwrap();
    assert_eq!(birthday.height, 103);
    let fresh = open(&Arc::new(MemoryStore::default()), birthday);
    fresh.scan(&on.bitcoind, on.info.blocks).await.unwrap();
    assert_eq!(fresh.coins(false).len(), 1);
}
