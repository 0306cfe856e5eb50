//! Tells the client of a connection what happens to invoices.

use super::notify::Topic;
use crate::hex::Hex;
use boltill_till::{Event, Events, Invoice, InvoiceState};
use boltill_types::Msat;
use serde::Serialize;
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{Mutex, watch};

/// Tells what the client wants to hear of these events, until the connection is of no further use.
pub async fn tell(
    mut events: Events,
    wanted: watch::Receiver<Vec<Topic>>,
    writer: Arc<Mutex<OwnedWriteHalf>>,
) {
    while let Ok(happened) = events.next().await {
        let wanted = wanted.borrow().clone();
        let notices = happened.iter().filter_map(|(_, event)| notice(event, &wanted));
        let text: String = notices.map(|notice| format!("{notice}\n\n")).collect();
        if text.is_empty() {
            continue;
        }
        if let Err(error) = write(&writer, &text).await {
            tracing::debug!(%error, "a notification could not be sent");
            return;
        }
    }
}

async fn write(writer: &Mutex<OwnedWriteHalf>, text: &str) -> io::Result<()> {
    writer.lock().await.write_all(text.as_bytes()).await
}

#[derive(Serialize)]
struct Notice<'a> {
    label: &'a str,
    preimage: Hex<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msat: Option<Msat>,
}

fn notice(event: &Event, wanted: &[Topic]) -> Option<Value> {
    let (topic, invoice, msat) = match event {
        Event::InvoiceCreated(invoice) => (Topic::InvoiceCreation, invoice, invoice.amount),
        Event::InvoicePaid(invoice) => (Topic::InvoicePayment, invoice, received(invoice)),
        _ => return None,
    };
    let notice = Notice {
        label: invoice.label.as_str(),
        preimage: Hex(&invoice.payment_preimage.0),
        msat,
    };
    let name = topic.name();
    wanted
        .contains(&topic)
        .then(|| json!({ "jsonrpc": "2.0", "method": name, "params": { name: notice } }))
}

fn received(invoice: &Invoice) -> Option<Msat> {
    match invoice.state {
        InvoiceState::Paid { received, .. } => Some(received),
        InvoiceState::Unpaid | InvoiceState::Expired => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::invoice::tests::unpaid;
    use boltill_types::{PayIndex, UnixSeconds};

    #[test]
    fn an_invoice_is_told_as_plugins_of_core_lightning_are() {
        let both = [Topic::InvoiceCreation, Topic::InvoicePayment];
        let created = Event::InvoiceCreated(unpaid());
        let told = json!({ "label": "coffee", "preimage": "02".repeat(32), "msat": 1_000 });
        assert_eq!(
            notice(&created, &both),
            Some(
                json!({ "jsonrpc": "2.0", "method": "invoice_creation", "params": { "invoice_creation": told } })
            )
        );
        assert_eq!(notice(&created, &[Topic::InvoicePayment]), None);
        let mut paid = unpaid();
        paid.state = InvoiceState::Paid {
            pay_index: PayIndex(1),
            received: Msat(1_001),
            paid_at: UnixSeconds(1),
        };
        let told = notice(&Event::InvoicePaid(paid.clone()), &both).unwrap();
        assert_eq!(told["method"], "invoice_payment");
        assert_eq!(told["params"]["invoice_payment"]["msat"], 1_001);
        assert_eq!(notice(&Event::InvoiceExpired(paid), &both), None);
    }
}
