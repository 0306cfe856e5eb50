//! What the daemon tells on the socket without being asked each time: of running commands, and of invoices.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill::{Connection, Message};
use boltill_e2e::flight::received;
use boltill_e2e::{SOON, invoice, line_of, pay, unconnected};
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::process::Command;

/// What comes up to the answer of that id: the notifications of commands, by method and id, and the answer.
async fn answered(connection: &mut Connection, id: &str) -> (Vec<(String, Value)>, Value) {
    let mut told = Vec::new();
    loop {
        match tokio::time::timeout(SOON, connection.receive())
            .await
            .unwrap()
            .unwrap()
        {
            Message::Answer { id: of, answer } if of == *id => {
                return (told, answer.into_value().unwrap());
            }
            Message::Answer { answer, .. } => drop(answer),
            Message::Notification { method, params } => told.push((method, params)),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_tells_what_it_does_before_its_answer_to_whoever_wants_it() {
    let network = unconnected(2).await;
    let [alice, bob] = network.nodes() else {
        panic!("two nodes")
    };
    let peer = format!("{}@{}", bob.id(), bob.p2p());
    let mut quiet = alice.client().connect().await.unwrap();
    let id = quiet.send("connect", json!([peer]), None).await.unwrap();
    assert_eq!(answered(&mut quiet, &id).await.0, []);

    let mut curious = alice.client().connect().await.unwrap();
    assert_eq!(
        curious.call("notifications", json!([true])).await.unwrap(),
        json!({})
    );
    let id = curious.send("connect", json!([peer]), None).await.unwrap();
    let (told, connected) = answered(&mut curious, &id).await;
    assert_eq!(connected["id"], bob.id());
    assert_eq!(told[0].0, "message");
    assert_eq!(
        (&told[0].1["id"], &told[0].1["level"]),
        (&json!(id), &json!("info"))
    );
    let fund = json!({"id": bob.id(), "amount": 500_000});
    let id = curious.send("fundchannel", fund, None).await.unwrap();
    let (told, _) = answered(&mut curious, &id).await;
    let progress: Vec<_> = told.iter().filter(|(method, _)| method == "progress").collect();
    assert_eq!(
        progress
            .iter()
            .map(|(_, params)| params["num"].as_u64())
            .collect::<Vec<_>>(),
        [Some(0), Some(1), Some(2)]
    );
    assert!(
        told.iter()
            .all(|(_, params)| params["id"] == id && params["total"].as_u64().unwrap_or(3) == 3)
    );

    curious.call("notifications", json!([false])).await.unwrap();
    let id = curious.send("connect", json!([peer]), None).await.unwrap();
    assert_eq!(answered(&mut curious, &id).await.0, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_prints_what_is_told_behind_a_hash() {
    let network = unconnected(1).await;
    let alice = network.node("alice").unwrap();
    invoice(alice, 1_000, "a").await.unwrap();
    let boltill = std::env::current_exe().unwrap();
    let boltill = boltill.ancestors().nth(2).unwrap().join("boltill");
    let due = json!({"amount_msat": 1, "label": "due", "description": "", "expiry": 1});
    alice.call("invoice", due).await.unwrap();
    let lines = async |options: &[&str]| {
        let directory = format!("--lightning-dir={}", alice.directory().display());
        let run = Command::new(&boltill)
            .args([&directory, "--network=regtest"])
            .args(options)
            .args(["waitinvoice", "due"])
            .stdin(Stdio::null())
            .output();
        let output = tokio::time::timeout(SOON, run).await.unwrap().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let told = lines(&["-N", "info"]).await;
    assert!(
        told.starts_with("# Waiting for invoice 'due' to be paid or to expire\n{"),
        "{told}"
    );
    assert!(lines(&["-N", "unusual"]).await.starts_with('{'));
    assert!(
        lines(&[]).await.starts_with('{'),
        "a program gets the answer alone"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoices_are_told_to_the_connections_that_subscribe_to_them() {
    let network = line_of(2).await;
    let [alice, bob] = network.nodes() else {
        panic!("two nodes")
    };
    let mut subscriber = bob.client().connect().await.unwrap();
    let topics = json!({"enable": true, "topics": ["invoice_creation", "invoice_payment"]});
    subscriber.call("notifications", topics).await.unwrap();
    pay(alice, bob, 100_000, "paid").await.unwrap();
    let preimage = received(bob, "paid").await.unwrap()["payment_preimage"].clone();
    for topic in ["invoice_creation", "invoice_payment"] {
        let message = tokio::time::timeout(SOON, subscriber.receive())
            .await
            .unwrap()
            .unwrap();
        let Message::Notification { method, params } = message else {
            panic!("{message:?}")
        };
        assert_eq!(method, topic);
        let expected = json!({"label": "paid", "preimage": preimage, "msat": 100_000});
        assert_eq!(params[topic], expected);
        assert!(params["id"].is_null());
    }
    // Commands on the same connection are answered as ever.
    let id = subscriber.send("getinfo", json!({}), None).await.unwrap();
    let (_, info) = answered(&mut subscriber, &id).await;
    assert_eq!(info["id"], bob.id());
}
