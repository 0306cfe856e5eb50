//! Where messages about offers and invoice_requests (BOLT 12) enter, each to whom it concerns.
//!
//! A path that we made says by its tag what may come by it; what came without one was sent to our node id by whoever knows that.

use crate::offers::Answer;
use crate::till::Till;
use bitcoin::secp256k1::PublicKey;
use boltill_bolt12::bech32::{self, Prefix};
use boltill_bolt12::{BlindedPath, MessageKind, ParseError};
use boltill_node::{
    BoxFuture, MessageDestination, MessageError, MessageTag, OffersArrival, OffersMessageBytes, OffersSink,
};

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
                if self.inner.fetches.is_expected(&id) {
                    self.inner.fetches.tell(&id, Answer::Invoice(invoice));
                } else {
                    self.on_invoice(invoice, Some(id), reply).await;
                }
            }
            (OffersMessageBytes::InvoiceError(error), Some(MessageTag::Request(id))) => {
                self.inner.fetches.tell(&id, Answer::Error(error));
            }
            (OffersMessageBytes::InvoiceError(error), Some(MessageTag::Invoice(hash))) => {
                self.on_invoice_refused(hash, error);
            }
            (OffersMessageBytes::InvoiceRequest(request), None) => {
                self.on_invoice_request(request, None, reply).await;
            }
            (OffersMessageBytes::InvoiceRequest(request), Some(MessageTag::Offer(id))) => {
                self.on_invoice_request(request, Some(id), reply).await;
            }
            // The node lets nothing else through but what concerns offers.
            (message, _) => tracing::debug!("no use for an {}", message.name()),
        }
    }
}

/// None of the ways to another node has led anywhere.
#[derive(Debug, thiserror::Error)]
#[error("Failed: {}", reasons(.0))]
pub struct NotSent(pub Vec<MessageError>);

/// Each way that was tried has failed for a reason of its own.
fn reasons(errors: &[MessageError]) -> String {
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    errors.join("; ")
}

/// Bytes of a message that are told back to its sender at most: an onion message has room for 32 kB, and the text form is longer.
const MOST_TOLD_BACK: usize = 16_000;

/// How Core Lightning begins what it says of a message that it refuses: with the message, unless that is too long.
pub(crate) fn failed(what: &str, prefix: Prefix, message: &[u8]) -> String {
    if message.len() > MOST_TOLD_BACK {
        return format!("Failed {what}");
    }
    format!("Failed {what} {}", bech32::encode(prefix, message))
}

/// The ways to another node, to be tried in this order: its paths, or, without any, its id.
pub(crate) fn ways(paths: Option<&[BlindedPath]>, id: Option<PublicKey>) -> Vec<MessageDestination> {
    let paths = paths.unwrap_or_default();
    if paths.is_empty() {
        return id.map(MessageDestination::Node).into_iter().collect();
    }
    let written = paths.iter().map(|path| {
        let mut bytes = Vec::new();
        path.write(&mut bytes);
        MessageDestination::Path(bytes)
    });
    written.collect()
}

impl Till {
    /// Blinded paths to us, for a code that must hold some because nobody could find us by our id alone; what comes by them has that tag. Without any, as in
    /// Core Lightning, the code is made all the same: whoever is connected to us can still use it.
    pub(crate) fn paths_to_us(
        &self,
        tag: MessageTag,
        code: MessageKind,
    ) -> Result<Option<Vec<BlindedPath>>, ParseError> {
        if self.lightning().is_reachable_by_id() {
            return Ok(None);
        }
        let paths = match self.lightning().message_paths(tag) {
            Ok(paths) => paths,
            Err(error) => {
                tracing::warn!("an {code} is made without a path to this node: {error}");
                return Ok(None);
            }
        };
        // The node gives them in their binary form.
        let read = BlindedPath::parse_all(&paths.concat());
        read.map(Some).map_err(|source| ParseError::Data {
            message: code,
            source,
        })
    }

    /// Sends a message by the first way that is open. Not by several: a payer that gets an invoice twice refuses the second.
    pub(crate) async fn send_by_one(
        &self,
        ways: Vec<MessageDestination>,
        message: OffersMessageBytes,
        reply: MessageTag,
    ) -> Result<(), NotSent> {
        let mut errors = Vec::new();
        for way in ways {
            let sending = self
                .lightning()
                .send_offers_message(message.clone(), way, Some(reply));
            match sending.await {
                Ok(()) => return Ok(()),
                Err(error) => errors.push(error),
            }
        }
        Err(NotSent(errors))
    }
}
