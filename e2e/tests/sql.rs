//! Questions in SQL: those of Core Lightning's manual, and those that must not get anywhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use boltill_e2e::channels::channels_of;
use boltill_e2e::flight::received;
use boltill_e2e::htlcs::all_settled;
use boltill_e2e::{Network, NetworkError, Node, coins, invoice, line_of, listed, pay};
use serde_json::{Value, json};

async fn sql(node: &Node, query: &str) -> Result<Value, NetworkError> {
    let answer = node.call("sql", json!([query])).await?;
    Ok(answer["rows"].clone())
}

/// The words of a refusal, whose number is -1.
async fn refusal(node: &Node, query: &str) -> String {
    let (code, words) = coins::refusal(node, "sql", json!([query])).await;
    assert_eq!(code, -1, "{query}: {words}");
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn the_questions_of_core_lightnings_manual_are_answered() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let carol = network.node("carol")?;
    pay(alice, carol, 490_000, "over two").await?;
    let paid = received(carol, "over two").await?;
    all_settled(&network).await?;
    invoice(alice, 1_000, "label inv_l12").await?;

    assert_eq!(sql(alice, "SELECT id FROM peers").await?, json!([[bob.id()]]));
    assert_eq!(
        sql(
            alice,
            "SELECT label, description, status FROM invoices WHERE label='label inv_l12'"
        )
        .await?,
        json!([["label inv_l12", "label inv_l12", "unpaid"]])
    );
    let mut ids = [bob.id().to_string(), carol.id().to_string()];
    ids.sort();
    let others = format!(
        "SELECT nodeid FROM nodes WHERE nodeid != x'{}' ORDER BY nodeid",
        alice.id()
    );
    assert_eq!(sql(alice, &others).await?, json!([[ids[0]], [ids[1]]]));
    let listed_ones = format!(
        "SELECT nodeid FROM nodes WHERE nodeid IN (x'{}', x'{}')",
        bob.id(),
        "02".repeat(33)
    );
    assert_eq!(sql(alice, &listed_ones).await?, json!([[bob.id()]]));

    let channel = &channels_of(alice).await?[0];
    let status = "SELECT peer_id, to_us_msat, total_msat, peerchannels_status.status FROM peerchannels INNER JOIN peerchannels_status \
                  ON peerchannels_status.row = peerchannels.rowid";
    assert_eq!(
        sql(alice, status).await?,
        json!([[
            bob.id(),
            channel["to_us_msat"],
            channel["total_msat"],
            channel["status"][0]
        ]])
    );
    assert_eq!(sql(bob, "SELECT COUNT(*) FROM forwards").await?, json!([[1]]));
    assert_eq!(
        sql(
            alice,
            "SELECT features FROM peerchannels_features ORDER BY arrindex"
        )
        .await?,
        json!([["option_static_remotekey"], ["option_anchors"]])
    );

    assert_eq!(
        sql(carol, "SELECT created_index, pay_index, payment_preimage, payment_hash FROM invoices WHERE status = 'paid'").await?,
        json!([[paid["created_index"], paid["pay_index"], paid["payment_preimage"], paid["payment_hash"]]])
    );
    let sent = "SELECT status, amount_msat, amount_sent_msat - amount_msat > 0 FROM sendpays";
    assert_eq!(sql(alice, sent).await?, json!([["complete", 490_000, 1]]));
    every_table_can_be_read(alice).await?;
    for query in in_the_documents() {
        assert!(sql(alice, query).await?.is_array(), "{query}");
    }
    network.stop().await;
    Ok(())
}

/// The queries of `docs/sql.md`.
fn in_the_documents() -> Vec<&'static str> {
    let blocks = include_str!("../../docs/sql.md").split("```sql\n").skip(1);
    blocks.filter_map(|block| block.split("```").next()).collect()
}

/// Every column that is told of can be asked for, and what is listed is in the tables.
async fn every_table_can_be_read(node: &Node) -> Result<(), NetworkError> {
    let schemas = node.call("listsqlschemas", json!({})).await?;
    for schema in schemas["schemas"].as_array().unwrap() {
        let names = schema["columns"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|column| column["name"].as_str().unwrap()).collect();
        let table = schema["tablename"].as_str().unwrap();
        let rows = sql(node, &format!("SELECT {} FROM {table}", names.join(", "))).await?;
        let has_rows = [
            "channels",
            "invoices",
            "nodes",
            "peerchannels",
            "peers",
            "sendpays",
            "transactions",
        ];
        if has_rows.contains(&table) {
            assert!(!rows.as_array().unwrap().is_empty(), "{table}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_asked_is_refused_and_the_node_goes_on() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let bolt11 = invoice(alice, 1_000, "tea").await?;
    for (query, words) in [
        ("SELECT label FROM tea", "query failed with no such table: tea"),
        (
            "SELEC label FROM invoices",
            "query failed with near \"SELEC\": syntax error",
        ),
        (
            "UPDATE main.invoices SET status = 1",
            "query failed with not authorized (Unauthorized: 23",
        ),
        (
            "DELETE FROM peers",
            "query failed with not authorized (Unauthorized: 9",
        ),
        ("SELECT value FROM state", "(Unknown table state)"),
        ("SELECT secret FROM rune_secret", "(Unknown table rune_secret)"),
        (
            "SELECT payment_preimage FROM main.invoices",
            "(Unknown table invoices)",
        ),
        (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n",
            "(Unauthorized: 33",
        ),
    ] {
        let refusal = refusal(alice, query).await;
        assert!(refusal.contains(words), "{query}: {refusal}");
    }

    let copies = |table: &str, most: usize| {
        let copies: Vec<_> = (0..most).map(|number| format!("{table} AS t{number}")).collect();
        copies.join(", ")
    };
    let endless = format!("SELECT count(*) FROM {}", copies("peerchannels_features", 50));
    let (refused, paid) = tokio::join!(refusal(alice, &endless), bob.call("pay", json!([bolt11])));
    assert_eq!(paid?["status"], "complete", "while the question runs");
    assert_eq!(refused, "Executing statement: interrupted after 10 seconds");

    let wide = vec!["bolt11"; 50].join(", ");
    let huge = format!(
        "SELECT {wide} FROM invoices, {}",
        copies("peerchannels_features", 16)
    );
    let refused = refusal(alice, &huge).await;
    assert_eq!(refused, "Executing statement: the answer is longer than 16 MB");
    assert_eq!(listed(alice, "tea").await?["status"], "paid");
    pays_and_answers(&network).await
}

async fn pays_and_answers(network: &Network) -> Result<(), NetworkError> {
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    pay(alice, bob, 2_000, "afterwards").await?;
    received(bob, "afterwards").await?;
    assert_eq!(
        sql(
            bob,
            "SELECT amount_received_msat FROM invoices WHERE label = 'afterwards'"
        )
        .await?,
        json!([[2_000]])
    );
    Ok(())
}
