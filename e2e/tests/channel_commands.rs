//! What operators do to channels: set their fees, close them where and as they like, ask peers whether they are there, back them
//! up. And what developers do: hold payments.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use bitcoin::{Address, Transaction, consensus::encode::deserialize_hex};
use boltill_e2e::chain::mempool_of;
use boltill_e2e::channels::{channels_of, is_gone, usable_channel};
use boltill_e2e::flight::received;
use boltill_e2e::{Network, NetworkError, Node, SOON, invoice, line_of, listed, wait_for};
use serde_json::{Value, json};

async fn refusal(node: &Node, method: &str, params: Value) -> String {
    match node.call(method, params).await {
        Ok(answer) => panic!("{method} was not refused: {answer}"),
        Err(error) => error.to_string(),
    }
}

/// Waits until the payer has heard of these fees.
async fn fees_heard(
    payer: &Node,
    channel: &Value,
    of: &Node,
    base: u64,
    ppm: u64,
) -> Result<(), NetworkError> {
    let params = json!({"short_channel_id": channel["short_channel_id"]});
    wait_for("the payer hears of the fees", SOON, || async {
        let heard = payer.call("listchannels", params.clone()).await?;
        let heard = heard["channels"].as_array().cloned().unwrap_or_default();
        let is_so = heard.iter().any(|entry| {
            entry["source"] == of.id()
                && entry["base_fee_millisatoshi"] == base
                && entry["fee_per_millionth"] == ppm
        });
        Ok(is_so.then_some(()))
    })
    .await
}

async fn cost(payer: &Node, payee: &Node, label: &str) -> Result<u64, NetworkError> {
    let bolt11 = invoice(payee, 100_000_000, label).await?;
    let paid = payer.call("pay", json!({"bolt11": bolt11})).await?;
    assert_eq!(paid["status"], "complete", "{paid}");
    Ok(paid["amount_sent_msat"].as_u64().unwrap() - 100_000_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_that_are_set_are_heard_of_asked_for_and_kept() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    let channel = usable_channel(bob, carol, true).await?;
    let id = &channel["short_channel_id"];
    let params = json!({"id": id, "feebase": 5_000, "feeppm": 1_000, "htlcmin": 0});
    let set = bob.call("setchannel", params).await?;
    let [set] = &set["channels"].as_array().unwrap()[..] else {
        panic!("{set}")
    };
    assert_eq!(set["channel_id"], channel["channel_id"]);
    assert_eq!(set["peer_id"], carol.id());
    assert_eq!(
        (&set["fee_base_msat"], &set["fee_proportional_millionths"]),
        (&json!(5_000), &json!(1_000))
    );
    assert_eq!(set["minimum_htlc_out_msat"], channel["minimum_htlc_out_msat"]);

    fees_heard(alice, &channel, bob, 5_000, 1_000).await?;
    assert_eq!(cost(alice, carol, "dear").await?, 5_000 + 100_000);

    bob.kill().await;
    bob.restart().await?;
    let kept = usable_channel(bob, carol, true).await?;
    assert_eq!(kept["updates"]["local"]["fee_base_msat"], 5_000);
    assert_eq!(kept["updates"]["local"]["fee_proportional_millionths"], 1_000);
    usable_channel(alice, bob, true).await?;
    assert_eq!(cost(alice, carol, "still dear").await?, 5_000 + 100_000);

    let all = bob
        .call("setchannel", json!({"id": "all", "feebase": 0, "feeppm": 0}))
        .await?;
    assert_eq!(all["channels"].as_array().unwrap().len(), 2);
    fees_heard(alice, &channel, bob, 0, 0).await?;
    assert_eq!(cost(alice, carol, "free").await?, 0);

    let least = kept["maximum_htlc_out_msat"].as_u64().unwrap() - 1;
    let words = refusal(
        bob,
        "setchannel",
        json!({"id": id, "feebase": 7, "htlcmax": least}),
    )
    .await;
    assert!(words.contains("htlcmax: not supported"), "{words}");
    let unchanged = usable_channel(bob, carol, true).await?;
    assert_eq!(unchanged["fee_base_msat"], 0);
    network.stop().await;
    Ok(())
}

fn paid_to(transaction: &Transaction, address: &str) -> Option<u64> {
    let address: Address<_> = address.parse().unwrap();
    let script = address.assume_checked().script_pubkey();
    let output = transaction
        .output
        .iter()
        .find(|output| output.script_pubkey == script);
    output.map(|output| output.value.to_sat())
}

async fn perkw(node: &Node, feerate: &str) -> Result<u64, NetworkError> {
    let parsed = node.call("parsefeerate", json!([feerate])).await?;
    Ok(parsed["perkw"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_closed_to_an_address_for_a_fee_in_the_range() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let channel = usable_channel(alice, bob, true).await?;
    let address = network.miner().address().await?;
    let usual = perkw(alice, "unilateral_close")
        .await?
        .max(perkw(alice, "mutual_close").await?);

    let closing = |min: u64, max: u64| {
        let range = json!([format!("{min}perkw"), format!("{max}perkw")]);
        json!({"id": channel["channel_id"], "destination": address, "feerange": range})
    };
    let words = refusal(bob, "close", closing(usual + 500, usual + 3_000)).await;
    assert!(words.contains("the peer opened the channel"), "{words}");
    let words = refusal(alice, "close", closing(253, usual - 1)).await;
    assert!(words.contains(&format!("must be at least {usual}")), "{words}");

    let closed = alice.call("close", closing(usual + 500, usual + 3_000)).await?;
    assert_eq!(closed["type"], "mutual");
    let transaction: Transaction = deserialize_hex(closed["txs"][0].as_str().unwrap()).unwrap();
    assert!(paid_to(&transaction, address).is_some(), "{closed}");
    let total = channel["total_msat"].as_u64().unwrap() / 1000;
    let spent: u64 = transaction
        .output
        .iter()
        .map(|output| output.value.to_sat())
        .sum();
    let feerate = (total - spent) * 1000 / transaction.weight().to_wu();
    assert!(
        (usual + 500..=usual + 3_000).contains(&feerate),
        "{feerate} is not between {} and {}",
        usual + 500,
        usual + 3_000
    );
    network.stop().await;
    Ok(())
}

/// The channel's end, when the node was asked to close it while the peer was away.
#[tokio::test(flavor = "multi_thread")]
async fn a_close_that_waits_for_the_peer_survives_a_crash() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    usable_channel(alice, bob, true).await?;
    let address = network.miner().address().await?.to_owned();
    bob.kill().await;
    is_gone(alice, bob).await?;
    let params = json!({"id": bob.id(), "destination": address});
    tokio::select! {
        closed = alice.call("close", params) => panic!("closed without the peer: {closed:?}"),
        on_file = log_says(alice, "is to be closed when its peer is there") => on_file?,
    }
    alice.kill().await;
    bob.restart().await?;
    alice.restart().await?;
    let [txid] = &mempool_of(&network, 1).await?[..] else {
        panic!("one transaction closes the channel")
    };
    let raw = network.miner().call("getrawtransaction", json!([txid])).await?;
    let transaction: Transaction = deserialize_hex(raw.as_str().unwrap()).unwrap();
    assert!(paid_to(&transaction, &address).is_some(), "{raw}");
    network.stop().await;
    Ok(())
}

async fn log_says(node: &Node, words: &str) -> Result<(), NetworkError> {
    wait_for(words, SOON, || async {
        let log = std::fs::read_to_string(node.log()).unwrap_or_default();
        Ok(log.contains(words).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_there_answers_pings_and_channels_are_backed_up() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    usable_channel(alice, bob, true).await?;
    usable_channel(bob, carol, true).await?;
    pings(alice, bob, carol).await?;
    backs_up(&network, bob).await?;
    assert_eq!(perkw(bob, "9999perkw").await?, 9_999);
    network.stop().await;
    Ok(())
}

async fn pings(alice: &Node, bob: &Node, carol: &Node) -> Result<(), NetworkError> {
    for (len, pongbytes, totlen) in [
        (128, 128, 132),
        (0, 0, 4),
        (65_529, 65_531, 65_535),
        (1_000, 65_532, 0),
        (1_000, 65_535, 0),
    ] {
        let ponged = alice.call("ping", json!([bob.id(), len, pongbytes])).await?;
        assert_eq!(ponged, json!({"totlen": totlen}));
    }
    let words = refusal(alice, "ping", json!([carol.id()])).await;
    assert!(words.contains("Peer not connected"), "{words}");
    Ok(())
}

async fn backs_up(network: &Network, bob: &Node) -> Result<(), NetworkError> {
    let backup = bob.call("staticbackup", json!({})).await?;
    let records: Vec<&str> = backup["scb"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let channels = channels_of(bob).await?;
    assert_eq!((records.len(), channels.len()), (2, 2));
    for channel in channels {
        let text = |field: &str| channel[field].as_str().unwrap().to_owned();
        // A channel's id, then the peer's, then where it is: 127.0.0.1 and a port.
        let start = format!("{}{}017f000001", text("channel_id"), text("peer_id"));
        let record = records.iter().find(|record| record[16..].starts_with(&start));
        let record = record.unwrap_or_else(|| panic!("{start} is not in {backup}"));
        if text("opener") == "local" {
            let peer = network.nodes().iter().find(|node| node.id() == text("peer_id"));
            let port: u16 = peer.unwrap().p2p().rsplit_once(':').unwrap().1.parse().unwrap();
            assert!(record[16 + start.len()..].starts_with(&format!("{port:04x}")));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_payment_is_in_flight_until_the_hold_ends() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    usable_channel(alice, bob, true).await?;
    bob.call("dev-hold", json!([true])).await?;
    let bolt11 = invoice(bob, 5_000_000, "held").await?;
    let paying = alice.call("pay", json!({"bolt11": bolt11}));
    let holding = async {
        wait_for("the payment is held", SOON, || async {
            let held = bob.call("dev-hold", json!([true])).await?;
            Ok((held["held"] == 1).then_some(()))
        })
        .await?;
        assert_eq!(listed(bob, "held").await?["status"], "unpaid");
        let htlcs = &channels_of(alice).await?[0]["htlcs"];
        assert_eq!(htlcs.as_array().map(Vec::len), Some(1), "{htlcs}");
        bob.call("dev-hold", json!([false])).await
    };
    let (paid, released) = tokio::join!(paying, holding);
    assert_eq!(released?["held"], 1);
    assert_eq!(paid?["status"], "complete");
    received(bob, "held").await?;
    network.stop().await;
    Ok(())
}
