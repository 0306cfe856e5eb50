//! Paying an invoice, from one process to another.

use boltill_e2e::{NetworkError, Node, invoice, line_of, listed};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn alice_pays_bobs_invoice() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    pays(network.node("alice")?, network.node("bob")?, 25_000_000).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn alice_pays_carol_through_bob() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let sent = pays(network.node("alice")?, network.node("carol")?, 25_000_000).await?;
    assert!(
        sent > 25_000_000,
        "bob forwards for a fee, and {sent} msat leave nothing for him"
    );
    network.stop().await;
    Ok(())
}

/// Has the payer pay an invoice of the payee, compares what both say about it, and gives what was sent in msat.
async fn pays(payer: &Node, payee: &Node, amount_msat: u64) -> Result<u64, NetworkError> {
    let bolt11 = invoice(payee, amount_msat, "coffee").await?;
    assert_eq!(listed(payee, "coffee").await?["status"], "unpaid");

    let payment = payer.call("pay", json!({"bolt11": bolt11})).await?;
    assert_eq!(payment["status"], "complete");
    assert_eq!(payment["amount_msat"], amount_msat);
    assert_eq!(payment["destination"], payee.id());

    let paid = payee.call("waitinvoice", json!({"label": "coffee"})).await?;
    assert_eq!(paid["status"], "paid");
    assert_eq!(paid["pay_index"], 1);
    assert_eq!(paid["amount_received_msat"], amount_msat);
    assert_eq!(paid["payment_preimage"], payment["payment_preimage"]);
    assert_eq!(listed(payee, "coffee").await?, paid);
    Ok(payment["amount_sent_msat"].as_u64().unwrap_or_default())
}
