//! What happened to the ledger, told to whoever waits, after it is durable and in the order in which it happened.

use crate::counters::{Counters, IndexKind, Subsystem};
use crate::forwards::{Forward, ForwardStatus};
use crate::invoice_requests::InvoiceRequest;
use crate::invoices::{Invoice, InvoiceStatus, InvoiceText};
use crate::payments::{Payment, PaymentStatus};
use boltill_types::{InvreqId, Label, Msat, PaymentHash};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;

/// One entry was made, changed or deleted; what `wait` tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which counter moved.
    pub kind: IndexKind,
    /// What that counter moved to.
    pub index: u64,
    /// Which entry it was.
    pub details: ChangeDetails,
}

impl Change {
    /// Which kind of entry it was.
    pub fn subsystem(&self) -> Subsystem {
        match self.details {
            ChangeDetails::Invoice(_) => Subsystem::Invoices,
            ChangeDetails::Sendpay(_) => Subsystem::Sendpays,
            ChangeDetails::Forward(_) => Subsystem::Forwards,
            ChangeDetails::InvoiceRequest(_) => Subsystem::InvoiceRequests,
        }
    }

    pub(crate) fn invoice(kind: IndexKind, index: u64, invoice: &Invoice) -> Change {
        let details = InvoiceChange {
            status: invoice.state.status(),
            label: invoice.label.clone(),
            text: invoice.text.clone(),
            payment_hash: invoice.payment_hash,
            description: invoice.description.clone(),
        };
        Change {
            kind,
            index,
            details: ChangeDetails::Invoice(Arc::new(details)),
        }
    }

    pub(crate) fn sendpay(kind: IndexKind, index: u64, payment: &Payment) -> Change {
        let details = SendpayChange {
            status: payment.state.status(),
            payment_hash: payment.payment_hash,
            groupid: payment.groupid,
            partid: payment.partid,
        };
        Change {
            kind,
            index,
            details: ChangeDetails::Sendpay(details),
        }
    }

    pub(crate) fn forward(kind: IndexKind, index: u64, forward: &Forward) -> Change {
        let details = ForwardChange {
            status: forward.state.status(),
            in_short_channel_id: forward.incoming.short_channel_id,
            in_htlc_id: forward.incoming.htlc_id,
            in_amount: forward.incoming.amount,
            out_short_channel_id: forward.outgoing.short_channel_id,
        };
        Change {
            kind,
            index,
            details: ChangeDetails::Forward(details),
        }
    }

    pub(crate) fn invoice_request(kind: IndexKind, index: u64, request: &InvoiceRequest) -> Change {
        let details = InvoiceRequestChange {
            id: request.id,
            label: request.label.clone(),
            single_use: request.single_use,
            active: request.active,
            used: request.used,
        };
        Change {
            kind,
            index,
            details: ChangeDetails::InvoiceRequest(Arc::new(details)),
        }
    }
}

/// The entry that changed, by subsystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeDetails {
    /// An invoice; shared, since every waiter gets a copy.
    Invoice(Arc<InvoiceChange>),
    /// A payment that we make.
    Sendpay(SendpayChange),
    /// A payment that we forward.
    Forward(ForwardChange),
    /// What we pay out; shared, since every waiter gets a copy.
    InvoiceRequest(Arc<InvoiceRequestChange>),
}

/// An invoice as the change left it, or as it was when it was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceChange {
    /// Its status.
    pub status: InvoiceStatus,
    /// Its label.
    pub label: Label,
    /// The invoice itself.
    pub text: InvoiceText,
    /// Its payment hash.
    pub payment_hash: PaymentHash,
    /// Its description; `None` also when the change was to remove it.
    pub description: Option<String>,
}

/// A payment that we make, as the change left it, or as it was when it was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendpayChange {
    /// Its status.
    pub status: PaymentStatus,
    /// Its payment hash.
    pub payment_hash: PaymentHash,
    /// Which attempt at that payment hash.
    pub groupid: u64,
    /// Which part of that attempt; 0 when it has no parts.
    pub partid: u64,
}

/// A payment that we forward, as the change left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardChange {
    /// Its status.
    pub status: ForwardStatus,
    /// Where in the chain the channel is that it came in on, if it is.
    pub in_short_channel_id: Option<u64>,
    /// The peer's number for it on that channel.
    pub in_htlc_id: u64,
    /// What came in.
    pub in_amount: Msat,
    /// Where it went, if that is known.
    pub out_short_channel_id: Option<u64>,
}

/// An invoice_request as the change left it: it was made, disabled, its time has passed, or a payment for it was begun or came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRequestChange {
    /// Its id.
    pub id: InvreqId,
    /// Our own name for it.
    pub label: Option<String>,
    /// Whether it is paid once and never again.
    pub single_use: bool,
    /// Whether a payment may be begun for it.
    pub active: bool,
    /// Whether something has been paid for it.
    pub used: bool,
}

/// Where the writer leaves what it committed.
pub(crate) struct Publisher {
    counters: Mutex<Counters>,
    changes: broadcast::Sender<Change>,
}

impl Publisher {
    /// How many changes a subscriber may fall behind before it misses some.
    const BACKLOG: usize = 4096;

    pub(crate) fn new(counters: Counters) -> Publisher {
        Publisher {
            counters: Mutex::new(counters),
            changes: broadcast::Sender::new(Publisher::BACKLOG),
        }
    }

    /// The counters as of the last commit.
    pub(crate) fn counters(&self) -> Counters {
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Makes a transaction known. The counters move first, so that who subscribes and then looks at a counter
    /// learns of every change from one or the other.
    pub(crate) fn publish(&self, counters: Counters, changes: impl Iterator<Item = Change>) {
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner) = counters;
        for change in changes {
            let _ = self.changes.send(change); // an error means that nobody listens
        }
    }
}
