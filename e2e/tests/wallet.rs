//! The wallet: coins that are kept, freed and found again, and what the lists say of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use boltill_e2e::chain::mine_until_quiet;
use boltill_e2e::channels::{channels_of, usable_channel};
use boltill_e2e::coins::{coins_of, confirmed_sat, refusal, sat};
use boltill_e2e::{Books, Network, NetworkError, Node, SOON, unconnected, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

async fn connect(from: &Node, to: &Node) -> Result<(), NetworkError> {
    let id = format!("{}@{}", to.id(), to.p2p());
    from.call("connect", json!({"id": id})).await?;
    Ok(())
}

/// Pays a node and gives the transaction's id.
async fn deposit(network: &Network, node: &Node, kind: &str, amount: u64) -> Result<String, NetworkError> {
    let address = node.call("newaddr", json!({"addresstype": kind})).await?;
    network.miner().pay(address[kind].as_str().unwrap(), amount).await
}

async fn nothing_is_reserved(node: &Node) -> Result<(), NetworkError> {
    let what = format!("{} has all its coins to spend", node.name());
    wait_for(&what, SOON, || async {
        let coins = coins_of(node).await?;
        Ok(coins.iter().all(|coin| coin["reserved"] == false).then_some(()))
    })
    .await
}

async fn is_reserved(node: &Node) -> Result<(), NetworkError> {
    let what = format!("{} has reserved coins", node.name());
    wait_for(&what, SOON, || async {
        let coins = coins_of(node).await?;
        Ok(coins
            .iter()
            .any(|coin| coin["reserved"] == true && coin["reserved_to_block"].is_u64())
            .then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_on_an_empty_directory_finds_its_coins() -> Result<(), NetworkError> {
    let network = unconnected(1).await;
    let alice = network.node("alice")?;
    deposit(&network, alice, "p2tr", 3_000_000).await?;
    // The next coin is far behind the last address that anybody knows of.
    for _ in 0..120 {
        alice.call("newaddr", json!({"addresstype": "all"})).await?;
    }
    deposit(&network, alice, "bech32", 4_000_000).await?;
    network.mine(1).await?;
    let own = alice.call("newaddr", json!({})).await?;
    alice.call("withdraw", json!([own["p2tr"], 1_000_000])).await?;
    network.mine(1).await?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let (coins, transactions) = (
        coins_of(alice).await?,
        alice.call("listtransactions", json!({})).await?,
    );

    alice.stop().await;
    let directory = alice.directory().join("regtest");
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap();
        } else if path.file_name().unwrap() != "seed" {
            std::fs::remove_file(&path).unwrap();
        }
    }
    alice.restart().await?;
    assert_eq!(
        sorted(coins_of(alice).await?),
        sorted(coins),
        "every coin is found"
    );
    assert_eq!(alice.call("listtransactions", json!({})).await?, transactions);
    assert_eq!(books.balance(&network).await?, before);
    let known = alice.call("listaddresses", json!({})).await?;
    let fresh = alice.call("newaddr", json!({})).await?;
    let used: BTreeSet<_> = transactions["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .collect::<Vec<_>>()
        .iter()
        .flat_map(|transaction| transaction["outputs"].as_array().unwrap())
        .map(|output| output["scriptPubKey"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        !used.is_empty() && !known.to_string().contains(fresh["p2tr"].as_str().unwrap()),
        "no address comes twice"
    );

    // The coins can be spent, and a second start has nothing to look for.
    alice.restart().await?;
    alice.call("withdraw", json!([fresh["p2tr"], "all"])).await?;
    network.mine(1).await?;
    assert_eq!(coins_of(alice).await?.len(), 1);
    books.balance(&network).await?;
    network.stop().await;
    Ok(())
}

fn sorted(mut coins: Vec<Value>) -> Vec<Value> {
    coins.sort_by_key(|coin| (coin["txid"].to_string(), coin["output"].as_u64()));
    coins
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rescan_finds_what_there_is_and_nothing_twice() -> Result<(), NetworkError> {
    let network = unconnected(1).await;
    let alice = network.node("alice")?;
    deposit(&network, alice, "p2tr", 3_000_000).await?;
    network.mine(3).await?;
    let (coins, transactions) = (
        coins_of(alice).await?,
        alice.call("listtransactions", json!({})).await?,
    );
    for option in [
        "--rescan=2",
        "--rescan=100000",
        "--rescan=-1",
        "--rescan=-102",
        "--rescan=0",
    ] {
        alice.restart_with(&[option]).await?;
        assert_eq!(sorted(coins_of(alice).await?), sorted(coins.clone()), "{option}");
        assert_eq!(
            alice.call("listtransactions", json!({})).await?,
            transactions,
            "{option}"
        );
    }
    network.mine(1).await?;
    alice.restart().await?;
    assert_eq!(sorted(coins_of(alice).await?), sorted(coins));
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_say_where_a_transaction_is_and_which_address_is_which() -> Result<(), NetworkError> {
    let network = unconnected(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let to_bob = bob.call("newaddr", json!({"addresstype": "all"})).await?;
    let books = Books::open(&network).await?;
    let mut txids = Vec::new();
    for address in [&to_bob["bech32"], &to_bob["p2tr"]] {
        let sent = alice
            .call(
                "withdraw",
                json!({"destination": address, "satoshi": 500_000, "minconf": 0}),
            )
            .await?;
        txids.push(sent["txid"].as_str().unwrap().to_owned());
    }
    let seen = |node: &Node, txid: &str| {
        let (node, txid) = (node.client().clone(), txid.to_owned());
        async move {
            let all = node.call("listtransactions", json!({})).await.unwrap();
            let all = all["transactions"].as_array().unwrap().clone();
            all.into_iter()
                .find(|transaction| transaction["hash"] == txid.as_str())
        }
    };
    let waiting = seen(alice, &txids[0]).await.unwrap();
    assert_eq!(
        (&waiting["blockheight"], &waiting["txindex"]),
        (&json!(0), &json!(0))
    );
    network.mine(1).await?;

    let height = network.miner().height().await?;
    let hash = network.miner().call("getblockhash", json!([height])).await?;
    let block = network.miner().call("getblock", json!([hash, 1])).await?;
    for txid in &txids {
        for node in [alice, bob] {
            let transaction = seen(node, txid).await.unwrap();
            let index = transaction["txindex"].as_u64().unwrap() as usize;
            assert_eq!(
                (transaction["blockheight"].as_u64(), &block["tx"][index]),
                (Some(height), &json!(txid))
            );
            let hex = network
                .miner()
                .call("decoderawtransaction", json!([transaction["rawtx"]]))
                .await?;
            assert_eq!(hex["txid"], txid.as_str());
            assert_eq!(
                (&hex["locktime"], &hex["version"]),
                (&transaction["locktime"], &transaction["version"])
            );
            for (shown, real) in transaction["inputs"]
                .as_array()
                .unwrap()
                .iter()
                .zip(hex["vin"].as_array().unwrap())
            {
                assert_eq!(
                    (&shown["txid"], &shown["index"], &shown["sequence"]),
                    (&real["txid"], &real["vout"], &real["sequence"])
                );
            }
            for (shown, real) in transaction["outputs"]
                .as_array()
                .unwrap()
                .iter()
                .zip(hex["vout"].as_array().unwrap())
            {
                assert_eq!(shown["scriptPubKey"], real["scriptPubKey"]["hex"]);
                assert_eq!(
                    shown["amount_msat"].as_f64().unwrap() / 1e11,
                    real["value"].as_f64().unwrap()
                );
            }
        }
    }

    let all = bob.call("listaddresses", json!({})).await?;
    let all = all["addresses"].as_array().unwrap().clone();
    let numbers: Vec<u64> = all
        .iter()
        .map(|entry| entry["keyidx"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>());
    for kind in ["bech32", "p2tr"] {
        let one = bob
            .call("listaddresses", json!({"address": to_bob[kind]}))
            .await?;
        assert_eq!(one["addresses"].as_array().unwrap().len(), 1, "{one}");
        let entry = &one["addresses"][0];
        assert_eq!(entry[kind], to_bob[kind]);
        let number = entry["keyidx"].as_u64().unwrap() as usize;
        assert_eq!(all[number - 1][kind], to_bob[kind]);
        let beyond = bob
            .call(
                "listaddresses",
                json!({"address": to_bob[kind], "start": number + 1}),
            )
            .await?;
        assert_eq!(beyond["addresses"], json!([]));
        let others = alice
            .call("listaddresses", json!({"address": to_bob[kind]}))
            .await?;
        assert_eq!(others["addresses"], json!([]), "it is not alice's");
    }
    let second = bob.call("listaddresses", json!({"start": 2, "limit": 1})).await?;
    assert_eq!(
        second["addresses"].as_array().unwrap().as_slice(),
        all.get(1..2).unwrap_or_default()
    );
    books.balance(&network).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn change_can_be_spent_before_it_is_confirmed_and_coins_can_be_named() -> Result<(), NetworkError> {
    let network = unconnected(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    deposit(&network, alice, "p2tr", 3_000_000).await?;
    network.mine(1).await?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let to_bob = bob.call("newaddr", json!({})).await?["p2tr"].clone();
    let coins = coins_of(alice).await?;
    let named = coins.iter().find(|coin| sat(coin) == 3_000_000).unwrap();
    let outpoint = format!("{}:{}", named["txid"].as_str().unwrap(), named["output"]);
    let params = json!({"destination": to_bob, "satoshi": 1_000_000, "utxos": [outpoint]});
    let first = alice.call("withdraw", params.clone()).await?;
    let (code, words) = refusal(alice, "withdraw", params).await;
    assert_eq!(
        (code, words.as_str()),
        (
            -32602,
            format!("{outpoint} is not one of our unspent coins").as_str()
        )
    );

    let coins = coins_of(alice).await?;
    let change = coins.iter().find(|coin| coin["txid"] == first["txid"]).unwrap();
    assert_eq!(change["status"], "unconfirmed");
    assert!(sat(change) > 1_900_000 && sat(change) < 2_000_000);
    let all_confirmed = confirmed_sat(alice).await?;
    let (code, words) = refusal(alice, "withdraw", json!([to_bob, all_confirmed + 1_000])).await;
    assert_eq!(code, 301);
    let unconfirmed = format!(
        "({} sat more are unconfirmed, reserved or not to be used)",
        sat(change)
    );
    assert!(words.ends_with(&unconfirmed), "{words}");
    // A payment of others that is unconfirmed is theirs to take back; but whoever asks for it may spend it.
    let outpoint = format!("{}:{}", change["txid"].as_str().unwrap(), change["output"]);
    alice
        .call(
            "withdraw",
            json!({"destination": to_bob, "satoshi": 1_500_000, "utxos": [outpoint]}),
        )
        .await?;
    let rest = json!({"destination": to_bob, "satoshi": all_confirmed, "minconf": 0});
    alice.call("withdraw", rest).await?;
    assert_eq!(network.miner().mempool().await?.len(), 3);
    network.mine(1).await?;
    let after = books.balance(&network).await?;
    let paid = 2_500_000 + all_confirmed;
    assert_eq!(after.of(bob), before.of(bob) + paid * 1000);
    assert_eq!(after.of(alice), before.of(alice) - (paid + after.fees_sat) * 1000);
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_funding_that_fails_leaves_no_coin_reserved() -> Result<(), NetworkError> {
    let network = unconnected(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    connect(alice, bob).await?;

    // The peer refuses: the channel is too small for it.
    let (code, words) = refusal(alice, "fundchannel", json!([bob.id(), 9_000])).await;
    assert_eq!(code, -1, "{words}");
    nothing_is_reserved(alice).await?;

    // The peer is silent, and is killed then.
    bob.freeze().await;
    let client = alice.client().clone();
    let params = json!([bob.id(), 1_000_000]);
    let asking = tokio::spawn(async move { client.call("fundchannel", params).await });
    is_reserved(alice).await?;
    bob.kill().await;
    asking.await.unwrap().unwrap_err();
    nothing_is_reserved(alice).await?;
    bob.restart().await?;

    // We are killed while the peer is silent.
    connect(alice, bob).await?;
    bob.freeze().await;
    let client = alice.client().clone();
    let params = json!([bob.id(), 1_000_000]);
    let asking = tokio::spawn(async move { client.call("fundchannel", params).await });
    is_reserved(alice).await?;
    alice.kill().await;
    asking.await.unwrap().unwrap_err();
    alice.restart().await?;
    nothing_is_reserved(alice).await?;
    bob.thaw().await;

    assert_eq!(books.balance(&network).await?, before);
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_channels_opened_at_once_are_paid_with_different_coins() -> Result<(), NetworkError> {
    let network = unconnected(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    connect(alice, bob).await?;
    connect(alice, carol).await?;
    let books = Books::open(&network).await?;
    let open = |to: &Node| {
        let (client, params) = (alice.client().clone(), json!([to.id(), 1_000_000]));
        tokio::spawn(async move { client.call("fundchannel", params).await })
    };
    // There is one coin, so one of them has to wait for its change.
    let (one, other) = (open(bob), open(carol));
    let outcomes = [one.await.unwrap(), other.await.unwrap()];
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
    let refusal = outcomes
        .iter()
        .find_map(|outcome| outcome.as_ref().err())
        .unwrap()
        .to_string();
    assert!(
        refusal.contains("Could not afford") && refusal.contains("sat more are unconfirmed"),
        "{refusal}"
    );
    network.mine(6).await?;
    mine_until_quiet(&network).await?;
    books.balance(&network).await?;

    deposit(&network, alice, "p2tr", 3_000_000).await?;
    network.mine(1).await?;
    let books = Books::open(&network).await?;
    let (one, other) = (open(bob), open(carol));
    one.await.unwrap().unwrap();
    other.await.unwrap().unwrap();
    network.mine(6).await?;
    for peer in [bob, carol] {
        usable_channel(alice, peer, true).await?;
    }
    assert_eq!(channels_of(alice).await?.len(), 3);
    nothing_is_reserved(alice).await?;
    mine_until_quiet(&network).await?;
    books.balance(&network).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_while_it_opens_a_channel_has_the_channel_or_the_coins() -> Result<(), NetworkError> {
    let network = unconnected(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    for attempt in 0..12_u64 {
        wait_for("alice reaches bob", SOON, || async {
            Ok(connect(alice, bob).await.ok())
        })
        .await?;
        let client = alice.client().clone();
        let params = json!({"id": bob.id(), "amount": 500_000, "minconf": 0, "announce": false});
        let asking = tokio::spawn(async move { client.call("fundchannel", params).await });
        // The moment differs from one attempt to the next by intent; everything else here waits for conditions.
        tokio::time::sleep(Duration::from_millis(attempt * 18)).await;
        alice.kill().await;
        let _ = asking.await.unwrap();
        if attempt % 2 == 1 {
            network.miner().mine(1).await?;
        }
        alice.restart().await?;
        nothing_is_reserved(alice).await?;
        for channel in channels_of(alice).await? {
            let funding = channel["funding_txid"].as_str().unwrap().to_owned();
            wait_for("the funding transaction is sent", SOON, || async {
                let sent = network.miner().mempool().await?.contains(&funding);
                let confirmed = channel["short_channel_id"].is_string();
                Ok((sent || confirmed).then_some(()))
            })
            .await?;
        }
        network.mine(6).await?;
    }
    wait_for("alice reaches bob", SOON, || async {
        Ok(connect(alice, bob).await.ok())
    })
    .await?;
    mine_until_quiet(&network).await?;
    books.balance(&network).await?;
    network.stop().await;
    Ok(())
}
