//! Payments along a way that the client has looked for itself, over three nodes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use boltill::CallError;
use boltill_e2e::channels::usable_channel;
use boltill_e2e::flight::received;
use boltill_e2e::{NetworkError, Node, SOON, invoice, line_of, listed, wait_for};
use serde_json::{Value, json};

/// The way to a node, once the gossip about it is there.
async fn way(from: &Node, to: &Node, amount_msat: u64, cltv: &Value) -> Result<Value, NetworkError> {
    let asked = json!({"id": to.id(), "amount_msat": amount_msat, "riskfactor": 1, "cltv": cltv});
    wait_for("there is a way", SOON, async || {
        match from.call("getroute", asked.clone()).await {
            Ok(found) => Ok(Some(found["route"].clone())),
            Err(error) if matches!(error.code(), Some(205 | -32602)) => Ok(None),
            Err(error) => Err(error),
        }
    })
    .await
}

/// An invoice of the payee as `sendpay` wants to have it.
async fn asked(from: &Node, to: &Node, amount_msat: u64, label: &str) -> Result<Value, NetworkError> {
    let bolt11 = invoice(to, amount_msat, label).await?;
    let decoded = from.call("decode", json!({"string": bolt11})).await?;
    Ok(json!({
        "route": way(from, to, amount_msat, &decoded["min_final_cltv_expiry"]).await?,
        "payment_hash": decoded["payment_hash"],
        "payment_secret": decoded["payment_secret"],
        "bolt11": bolt11,
        "label": label,
        "groupid": 1,
    }))
}

/// What a program is told beside the words of an error.
fn data_of(refusal: &NetworkError) -> Value {
    match refusal {
        NetworkError::Call {
            source: CallError::Rpc(error),
            ..
        } => error.data.clone().unwrap_or_default(),
        _ => Value::Null,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_is_found_taken_and_waited_for_and_the_invoice_is_paid_once() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    let sendpay = asked(alice, carol, 1_000_000, "once").await?;
    let route = &sendpay["route"];
    assert_eq!(
        (&route[0]["id"], &route[1]["id"]),
        (&json!(bob.id()), &json!(carol.id()))
    );
    assert_eq!(route[1]["amount_msat"], 1_000_000);
    assert!(route[0]["delay"].as_u64() > route[1]["delay"].as_u64());

    let sent = alice.call("sendpay", sendpay.clone()).await?;
    assert_eq!(
        (&sent["amount_sent_msat"], &sent["groupid"]),
        (&route[0]["amount_msat"], &json!(1))
    );
    let hash = json!({"payment_hash": sendpay["payment_hash"]});
    let paid = alice.call("waitsendpay", hash.clone()).await?;
    assert_eq!(
        (&paid["status"], &paid["label"]),
        (&json!("complete"), &json!("once"))
    );
    assert_eq!(paid["amount_sent_msat"], route[0]["amount_msat"]);
    let received = received(carol, "once").await?;
    assert_eq!(received["payment_preimage"], paid["payment_preimage"]);
    assert_eq!(received["amount_received_msat"], 1_000_000);

    // The same again, whatever its group, is the payment that was made.
    let mut again = sendpay.clone();
    again.as_object_mut().unwrap().remove("groupid");
    for again in [&sendpay, &again] {
        assert_eq!(alice.call("sendpay", again.clone()).await?, paid);
    }
    let listed = alice.call("listsendpays", hash).await?;
    assert_eq!(listed["payments"].as_array().map(Vec::len), Some(1));
    let refusal = alice.call(
        "sendpay",
        json!({
            "route": way(alice, carol, 2_000_000, &json!(30)).await?,
            "payment_hash": sendpay["payment_hash"],
            "payment_secret": sendpay["payment_secret"],
        }),
    );
    assert_eq!(refusal.await.unwrap_err().code(), Some(201));
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_refused_by_the_payee_and_the_next_group_pays() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, carol) = (network.node("alice")?, network.node("carol")?);
    let right = asked(alice, carol, 1_000_000, "secret").await?;
    let mut wrong = right.clone();
    wrong["payment_secret"] = json!("11".repeat(32));
    alice.call("sendpay", wrong).await?;
    let hash = json!({"payment_hash": right["payment_hash"]});
    let refusal = alice.call("waitsendpay", hash.clone()).await.unwrap_err();
    assert_eq!(refusal.code(), Some(203), "{refusal}");
    let data = data_of(&refusal);
    assert_eq!(
        (&data["erring_index"], &data["erring_node"]),
        (&json!(2), &json!(carol.id()))
    );
    assert_eq!(
        (&data["failcode"], &data["status"]),
        (&json!(16_399), &json!("failed"))
    );
    assert_eq!(data["erring_channel"], right["route"][1]["channel"]);
    assert_eq!(data["erring_direction"], right["route"][1]["direction"]);
    assert_eq!(listed(carol, "secret").await?["status"], "unpaid");

    let mut next = right.clone();
    next["groupid"] = json!(2);
    alice.call("sendpay", next).await?;
    assert_eq!(alice.call("waitsendpay", hash).await?["groupid"], 2);
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reached_has_no_way_and_what_cannot_leave_is_refused() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    let route = way(alice, carol, 1_000, &json!(9)).await?;
    let avoiding = |exclude: Value| {
        let asked = json!({"id": carol.id(), "amount_msat": 1_000, "riskfactor": 1, "exclude": [exclude]});
        alice.call("getroute", asked)
    };
    let channel = |at: usize, direction: u64| {
        let channel = route[at]["channel"].as_str().unwrap();
        json!(format!("{channel}/{direction}"))
    };
    for at in [0, 1] {
        let direction = route[at]["direction"].as_u64().unwrap();
        let refusal = avoiding(channel(at, direction)).await.unwrap_err();
        assert_eq!(refusal.code(), Some(205), "{refusal}");
        let other = avoiding(channel(at, 1 - direction)).await?;
        assert_eq!(other["route"], route);
    }
    let refusal = avoiding(json!(bob.id())).await.unwrap_err();
    assert_eq!(refusal.code(), Some(205), "{refusal}");
    let too_much = json!({"id": carol.id(), "amount_msat": "9btc", "riskfactor": 1});
    let refusal = alice.call("getroute", too_much).await.unwrap_err();
    assert_eq!(refusal.code(), Some(205), "{refusal}");

    let mut elsewhere = route.clone();
    elsewhere[0]["channel"] = json!("1x1x1");
    let sendpay = |route: Value| json!({"route": route, "payment_hash": "22".repeat(32)});
    let refusal = alice.call("sendpay", sendpay(elsewhere)).await.unwrap_err();
    assert_eq!(refusal.code(), Some(204), "{refusal}");
    assert_eq!(data_of(&refusal)["erring_index"], 0);
    // A channel that bob does not have.
    let mut broken = route.clone();
    broken[1]["channel"] = json!("1x1x1");
    alice.call("sendpay", sendpay(broken)).await?;
    let hash = json!({"payment_hash": "22".repeat(32)});
    let refusal = alice.call("waitsendpay", hash).await.unwrap_err();
    assert_eq!(refusal.code(), Some(204), "{refusal}");
    let data = data_of(&refusal);
    assert_eq!(
        (&data["erring_index"], &data["erring_node"]),
        (&json!(1), &json!(bob.id()))
    );
    assert_eq!(data["erring_channel"], "1x1x1");
    let unknown = json!({"payment_hash": "33".repeat(32)});
    assert_eq!(
        alice.call("waitsendpay", unknown).await.unwrap_err().code(),
        Some(208)
    );
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn getroutes_says_what_a_way_costs_and_sendpay_takes_it() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, carol) = (network.node("alice")?, network.node("carol")?);
    let sendpay = asked(alice, carol, 1_000_000, "routes").await?;
    let cltv = sendpay["route"][1]["delay"].clone();
    let asked = |maxfee: u64, layers: Value| {
        let params = json!({
            "source": alice.id(), "destination": carol.id(), "amount_msat": 1_000_000, "layers": layers,
            "maxfee_msat": maxfee, "final_cltv": cltv,
        });
        alice.call("getroutes", params)
    };
    let ours = json!(["auto.localchans", "auto.sourcefree"]);
    let found = asked(100_000, ours.clone()).await?;
    let path = &found["routes"][0]["path"];
    assert_eq!(path[1]["amount_out_msat"], 1_000_000);
    assert_eq!(path[0]["amount_out_msat"], sendpay["route"][0]["amount_msat"]);
    assert_eq!(path[0]["amount_in_msat"], path[0]["amount_out_msat"]);
    assert_eq!(path[1]["amount_in_msat"], path[0]["amount_out_msat"]);
    let likely = found["probability_ppm"].as_u64().unwrap();
    assert!((1..=1_000_000).contains(&likely), "{found}");
    let charged = asked(100_000, json!([])).await?;
    let first = &charged["routes"][0]["path"][0];
    assert!(first["amount_in_msat"].as_u64() > first["amount_out_msat"].as_u64());
    assert!(first["cltv_in"].as_u64() > first["cltv_out"].as_u64());
    assert_eq!(asked(0, ours).await.unwrap_err().code(), Some(206));

    let mut along = sendpay.clone();
    along["route"] = path.clone();
    alice.call("sendpay", along).await?;
    let hash = json!({"payment_hash": sendpay["payment_hash"]});
    assert_eq!(alice.call("waitsendpay", hash).await?["status"], "complete");
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_killed_after_sendpay_knows_what_became_of_each_payment() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let carol = network.node("carol")?;
    for number in 0..4 {
        usable_channel(alice, bob, true).await?;
        let label = format!("killed-{number}");
        let sendpay = asked(alice, carol, 1_000_000 + number, &label).await?;
        alice.call("sendpay", sendpay.clone()).await?;
        alice.kill().await;
        alice.restart().await?;
        let hash = json!({"payment_hash": sendpay["payment_hash"], "timeout": SOON.as_secs()});
        match alice.call("waitsendpay", hash).await {
            Ok(paid) => {
                let received = carol.call("waitinvoice", json!({"label": label})).await?;
                assert_eq!(received["payment_preimage"], paid["payment_preimage"]);
                assert_eq!(alice.call("sendpay", sendpay).await?, paid);
            }
            // It was on file, and LDK had not yet written it down.
            Err(error) => {
                assert_eq!(error.code(), Some(209), "{error}");
                assert_eq!(listed(carol, &label).await?["status"], "unpaid");
            }
        }
    }
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_invoice_is_paid_by_an_empty_way() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let alice = network.node("alice")?;
    let bolt11 = invoice(alice, 5_000, "own").await?;
    let decoded = alice.call("decode", json!({"string": bolt11})).await?;
    let params = |secret: &Value| json!({"route": [], "payment_hash": decoded["payment_hash"], "amount_msat": 5_000, "payment_secret": secret});
    let refusal = alice.call("sendpay", params(&json!("11".repeat(32)))).await;
    assert_eq!(refusal.unwrap_err().code(), Some(203));
    let paid = alice.call("sendpay", params(&decoded["payment_secret"])).await?;
    assert_eq!(
        (&paid["status"], &paid["amount_sent_msat"]),
        (&json!("complete"), &json!(5_000))
    );
    assert_eq!(listed(alice, "own").await?["status"], "paid");
    network.stop().await;
    Ok(())
}
