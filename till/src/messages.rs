//! Where messages about offers and invoice_requests (BOLT 12) enter, each to whom it concerns.
//!
//! A path that we made says by its tag what may come by it; what came without one was sent to our node id by whoever knows that.

use crate::till::Till;
use boltill_node::{BoxFuture, MessageTag, OffersArrival, OffersMessageBytes, OffersSink};

impl OffersSink for Till {
    fn arrived<'a>(&'a self, arrival: OffersArrival) -> BoxFuture<'a, ()> {
        Box::pin(self.on_message(arrival))
    }
}

impl Till {
    async fn on_message(&self, arrival: OffersArrival) {
        let OffersArrival { message, tag, reply } = arrival;
        match (message, tag) {
            (OffersMessageBytes::Invoice(invoice), None) => self.on_invoice(invoice, None, reply).await,
            (OffersMessageBytes::Invoice(invoice), Some(MessageTag::Request(id))) => {
                self.on_invoice(invoice, Some(id), reply).await;
            }
            (OffersMessageBytes::InvoiceError(error), Some(MessageTag::Invoice(hash))) => {
                self.on_invoice_refused(hash, error);
            }
            // The node lets nothing else through but what concerns offers.
            (message, _) => tracing::debug!("no use for an {}", message.name()),
        }
    }
}
