//! Payments that stay in flight for as long as the test wants.

use crate::{NetworkError, Node, SOON, invoice, listed, wait_for};
use boltill::{CallError, Client};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// No more than what the route needs and a little: so tests need not wait for the end of a long disguise.
const SHORT_DELAY: u32 = 120;

/// A payment whose HTLCs have arrived at the payee, which holds them.
#[derive(Debug)]
pub struct Flight {
    label: String,
    outcome: JoinHandle<Result<Value, CallError>>,
}

impl Flight {
    /// Has the payee hold what arrives, pays an invoice of its with this label, and waits until that has arrived.
    pub async fn depart(
        payer: &Node,
        payee: &Node,
        amount_msat: u64,
        label: &str,
    ) -> Result<Flight, NetworkError> {
        let before = held(payee).await?;
        let bolt11 = invoice(payee, amount_msat, label).await?;
        let client: Client = payer.client().clone();
        let outcome = tokio::spawn(async move {
            client
                .call("pay", json!({"bolt11": bolt11, "maxdelay": SHORT_DELAY}))
                .await
        });
        let what = format!("{} holds {label}", payee.name());
        wait_for(&what, SOON, || async {
            Ok((held(payee).await? > before).then_some(()))
        })
        .await?;
        Ok(Flight {
            label: label.to_owned(),
            outcome,
        })
    }

    /// Whether the payer knows the end.
    pub fn has_ended(&self) -> bool {
        self.outcome.is_finished()
    }

    /// Waits for the end, which must be that it is paid; gives what it cost the payer in all, in msat.
    ///
    /// # Panics
    ///
    /// When it is not paid.
    pub async fn arrives(self) -> Result<u64, NetworkError> {
        let label = self.label.clone();
        let paid = self.end().await?;
        let paid = paid.unwrap_or_else(|error| panic!("{label} failed: {error}"));
        assert_eq!(paid["status"], "complete", "{paid}");
        Ok(paid["amount_sent_msat"].as_u64().expect("an amount"))
    }

    /// Waits for the end, which must be that it failed.
    ///
    /// # Panics
    ///
    /// When it is paid, or nobody knows.
    pub async fn fails(self) -> Result<(), NetworkError> {
        let label = self.label.clone();
        match self.end().await? {
            Err(CallError::Rpc(_)) => Ok(()),
            other => panic!("{label} did not fail: {other:?}"),
        }
    }

    async fn end(self) -> Result<Result<Value, CallError>, NetworkError> {
        let what = format!("the payer knows the end of {}", self.label);
        wait_for(&what, SOON, || async { Ok(self.has_ended().then_some(())) }).await?;
        Ok(self.outcome.await.expect("the call does not panic"))
    }
}

/// Has a node hold what arrives from now on; says how many payments it holds.
pub async fn held(payee: &Node) -> Result<u64, NetworkError> {
    let answer = payee.call("dev-hold", json!({"hold": true})).await?;
    Ok(answer["held"].as_u64().expect("a number"))
}

/// Has a node settle what it held.
pub async fn release(payee: &Node) -> Result<(), NetworkError> {
    payee.call("dev-hold", json!({"hold": false})).await?;
    Ok(())
}

/// Waits until a payee has on file that an invoice is paid, and gives it as it is then: its payer has the preimage, and with it the
/// end of the payment, while the payee still writes.
pub async fn received(payee: &Node, label: &str) -> Result<Value, NetworkError> {
    let what = format!("{} has {label} paid", payee.name());
    wait_for(&what, SOON, || async {
        Ok(Some(listed(payee, label).await?).filter(|invoice| invoice["status"] == "paid"))
    })
    .await
}

/// Waits until an invoice is paid, and checks that it is so exactly once: with this amount, and as the only one of its place.
///
/// # Panics
///
/// When it is counted in another way.
pub async fn paid_once(payee: &Node, label: &str, amount_msat: u64) -> Result<(), NetworkError> {
    let paid = received(payee, label).await?;
    assert_eq!(paid["amount_received_msat"], amount_msat, "{paid}");
    let all = payee.call("listinvoices", json!({})).await?;
    let invoices = all["invoices"].as_array().expect("a list");
    let count = invoices
        .iter()
        .filter(|invoice| invoice["status"] == "paid")
        .count() as u64;
    // Each payment has an index of its own, so one that was counted twice would leave the indexes behind the count.
    let mut labels = Vec::new();
    for index in 0..count {
        let params = json!({"lastpay_index": index, "timeout": 0});
        let next = payee.call("waitanyinvoice", params).await?;
        assert_eq!(next["pay_index"], index + 1, "{next}");
        labels.push(next["label"].clone());
    }
    assert_eq!(labels.iter().filter(|known| **known == label).count(), 1);
    let params = json!({"lastpay_index": count, "timeout": 0});
    let beyond = payee.client().call("waitanyinvoice", params).await;
    assert!(
        matches!(&beyond, Err(CallError::Rpc(error)) if error.code == 904),
        "{beyond:?}"
    );
    Ok(())
}
