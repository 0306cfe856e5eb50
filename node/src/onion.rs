//! Messages about offers (BOLT 12), carried in onion messages (BOLT 4). LDK peels, wraps and forwards the onions; what the messages mean is the
//! business of whoever implements [`OffersSink`]. Both sides of this border speak of bytes.
//!
//! What arrives goes through `gate.rs` (how many of one peer), `peel.rs` (out of the onion, and which messages may come by which path) and `inbox.rs` (how
//! many of all) to the sink. What is sent goes through `send.rs`, by the ways that `router.rs` finds or over a new connection. The paths by which we are
//! found are made in `paths.rs`.

mod budget;
mod gate;
mod inbox;
mod paths;
mod peel;
mod router;
mod send;
mod tag;

pub(crate) use gate::MessageGate;
pub(crate) use inbox::{Arrivals, Inbox, deliver, inbox};
pub use paths::{NoMessagePath, NoPaymentPath, PaymentPath};
pub(crate) use router::GraphRouter;
pub(crate) use send::CONNECTING_ANSWERS;
pub use send::{MessageError, NotConnected};

use crate::event::BoxFuture;
use bitcoin::secp256k1::PublicKey;
use boltill_types::PaymentHash;
use lightning::blinded_path::message::BlindedMessagePath;

/// A message about an offer or an invoice_request, as the TLV stream that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OffersMessageBytes {
    /// Somebody wants an invoice for an offer.
    InvoiceRequest(Vec<u8>),
    /// Somebody wants to be paid.
    Invoice(Vec<u8>),
    /// Somebody has refused one of the others.
    InvoiceError(Vec<u8>),
}

/// What a blinded path to us was made for. It stands in the path, encrypted to ourselves, and comes back with every message that arrives by it: nobody else
/// can make it, or see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageTag {
    /// An invoice_request of ours: the paths in it, or the reply path of one that was sent for an offer. An invoice or an invoice_error comes by it.
    Request([u8; 32]),
    /// An offer of ours. An invoice_request comes by it. (An offer's id covers its paths, so it cannot be what stands here.)
    Offer([u8; 32]),
    /// An invoice that we have sent. An invoice_error comes by it.
    Invoice(PaymentHash),
}

/// Where the answer to a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo(pub(crate) BlindedMessagePath);

impl ReplyTo {
    /// Reads a blinded path in its binary form (BOLT 4 `blinded_path`).
    ///
    /// # Errors
    /// [`MessageError::UnusablePath`].
    pub fn read(path: &[u8]) -> Result<ReplyTo, MessageError> {
        send::read_path(path).map(ReplyTo)
    }
}

/// A message that has arrived. Nobody has looked at what it says.
#[derive(Clone, Debug)]
pub struct OffersArrival {
    /// What was said.
    pub message: OffersMessageBytes,
    /// The path of ours that it came by; `None` when it was sent to our node id. Only invoice_requests and invoices come that way.
    pub tag: Option<MessageTag>,
    /// Where to answer, if the sender wants an answer.
    pub reply: Option<ReplyTo>,
}

/// Whoever understands offers.
pub trait OffersSink: Send + Sync + 'static {
    /// Deals with a message, to its end: as long as this runs, it counts as one of the few that are dealt with at a time. It may be dropped at any await
    /// when the node stops.
    fn arrived<'a>(&'a self, arrival: OffersArrival) -> BoxFuture<'a, ()>;
}

/// Where a message is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageDestination {
    /// A node by its id.
    Node(PublicKey),
    /// A blinded path in its binary form (BOLT 4 `blinded_path`).
    Path(Vec<u8>),
}

impl OffersMessageBytes {
    /// What BOLT 12 calls it.
    pub fn name(&self) -> &'static str {
        match self {
            OffersMessageBytes::InvoiceRequest(_) => "invoice_request",
            OffersMessageBytes::Invoice(_) => "invoice",
            OffersMessageBytes::InvoiceError(_) => "invoice_error",
        }
    }

    /// The TLV stream.
    pub fn bytes(&self) -> &[u8] {
        match self {
            OffersMessageBytes::InvoiceRequest(bytes)
            | OffersMessageBytes::Invoice(bytes)
            | OffersMessageBytes::InvoiceError(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests;
