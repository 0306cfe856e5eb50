//! Collecting, as the one who reads somebody's invoice_request (`sendinvoice`): an invoice is made for it, filed, sent, and awaited.
//!
//! The invoice is on file before anybody else hears of it. From then on it is an invoice like any other: it is paid, or expires, whoever waits. Only
//! the waiting is in memory.

mod draw;
mod send;
mod wait;

use crate::awaited::Awaited;
use crate::invstring::without_scheme;
use crate::messages::NotSent;
use crate::receive::NoWayIn;
use crate::till::Till;
use bitcoin::constants::ChainHash;
use boltill_bolt12::{InvoiceError, InvoiceRejection, InvoiceRequest, OfferlessRequest, RequestRejection};
use boltill_ledger::{CreateInvoiceError, Invoice, LedgerError};
use boltill_types::{Label, Msat, PaymentHash, UnixSeconds};

/// What `sendinvoice` asks for.
#[derive(Clone, Debug)]
pub struct CollectRequest {
    /// Whose money it is, and for what; see [`read_invoice_request`].
    pub invreq: OfferlessRequest,
    /// The invoice's unique name.
    pub label: Label,
    /// What to ask for, instead of what the request says. Most payers accept less and nobody more.
    pub amount: Option<Msat>,
    /// How many seconds to wait, and how long the invoice can be paid.
    pub timeout: u32,
    /// For how many items, if the request says so too.
    pub quantity: Option<u64>,
}

impl CollectRequest {
    /// How many seconds `sendinvoice` waits when nobody says otherwise.
    pub const DEFAULT_TIMEOUT: u32 = 90;
}

/// Why an invoice_request was not paid to us, with Core Lightning's codes. Checked in the order of the variants.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The request is for another chain; code -32602.
    #[error(transparent)]
    Request(#[from] RequestRejection),
    /// Nothing cannot be paid; code -32602.
    #[error("amount_msat: must be more than zero")]
    NothingAsked,
    /// The request does not say for how many items it is; code -32602.
    #[error("quantity: the invoice_request does not allow one")]
    QuantityNotAllowed,
    /// The request is for another number of items; code -32602.
    #[error("quantity: the invoice_request is for {0}")]
    OtherQuantity(u64),
    /// The request's time has passed; code 1002.
    #[error("Invoice request expired {ago} seconds ago")]
    Expired {
        /// For how many seconds.
        ago: u64,
    },
    /// Nobody could pay us; code -1, or -32602 if the amount is more than there is.
    #[error(transparent)]
    NoWayIn(#[from] NoWayIn),
    /// The request leaves no room for what an invoice has besides; code -1.
    #[error("Could not create invoice: {0}")]
    NoInvoice(#[from] InvoiceRejection),
    /// The ledger has an invoice with that label (900), or failed (-1).
    #[error(transparent)]
    NotFiled(#[from] CreateInvoiceError),
    /// The invoice is on file, and could not be sent; code 1003.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// The payer refuses the invoice, which is on file; code 1004.
    #[error("Remote node sent failure message")]
    Refused(Refusal),
    /// Neither money nor an answer has come, and the invoice has expired; code 1005.
    #[error("Failed: timeout waiting for response")]
    TimedOut,
    /// The invoice was deleted while we waited; code -1.
    #[error("Invoice deleted during wait")]
    Deleted,
    /// The program is being stopped; the invoice is on file. Code -5.
    #[error("stopped while the invoice was being sent")]
    Stopped,
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What another node says when it refuses an invoice, or to make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Words, and perhaps the field that is to blame.
    Told(InvoiceError),
    /// Bytes that are no invoice_error.
    Unreadable(Vec<u8>),
}

/// Who waits for which invoice to be paid, so that the payer's refusal finds them.
pub(crate) type Refusals = Awaited<PaymentHash, Refusal>;

/// Reads an `lnr1...` text of either dialect that answers no offer; `lightning:` may stand in front.
///
/// # Errors
/// [`RequestRejection`], in Core Lightning's order and words. For which chain it is is left to [`Till::check_chain`].
pub fn read_invoice_request(text: &str) -> Result<OfferlessRequest, RequestRejection> {
    let request: InvoiceRequest = without_scheme(text).parse()?;
    let chain = request.invreq().chain_or_bitcoin();
    request.into_offerless(chain)
}

impl Till {
    /// Makes an invoice for somebody's invoice_request, sends it, and answers it once it is paid. Whoever drops this ends the waiting and nothing else.
    ///
    /// # Errors
    /// [`CollectError`]. From [`CollectError::NotSent`] on the invoice is on file; until it expires it may still be paid, whatever is told here.
    pub async fn collect(&self, request: CollectRequest) -> Result<Invoice, CollectError> {
        self.check(&request)?;
        let drawn = self.draw_up(request)?;
        let hash = drawn.filed.payment_hash;
        // Before anything can happen to the invoice.
        let changes = self.ledger().subscribe();
        let refused = self.inner.refusals.expect(hash);
        let (invoice, sending) = self.file_and_send(drawn).await?;
        self.until_paid(invoice, sending, changes, refused).await
    }

    /// Whether the request is to be paid on our chain.
    ///
    /// # Errors
    /// [`RequestRejection::WrongChain`].
    pub fn check_chain(&self, invreq: &OfferlessRequest) -> Result<(), RequestRejection> {
        let ours = ChainHash::using_genesis_block_const(self.lightning().network());
        if invreq.request().invreq().chain_or_bitcoin() == ours {
            Ok(())
        } else {
            Err(RequestRejection::WrongChain)
        }
    }

    fn check(&self, request: &CollectRequest) -> Result<(), CollectError> {
        let CollectRequest {
            invreq,
            amount,
            quantity,
            ..
        } = request;
        self.check_chain(invreq)?;
        if amount.unwrap_or(invreq.amount()) == Msat(0) {
            return Err(CollectError::NothingAsked);
        }
        match (quantity, invreq.request().invreq().quantity) {
            (None, _) => {}
            (Some(_), None) => return Err(CollectError::QuantityNotAllowed),
            (Some(ours), Some(theirs)) if *ours != theirs => return Err(CollectError::OtherQuantity(theirs)),
            (Some(_), Some(_)) => {}
        }
        let now = UnixSeconds::now();
        match invreq.absolute_expiry() {
            Some(end) if invreq.is_expired(now) => Err(CollectError::Expired {
                ago: now.0.saturating_sub(end.0),
            }),
            _ => Ok(()),
        }
    }

    /// Whoever got an invoice of ours refuses it.
    pub(crate) fn on_invoice_refused(&self, hash: PaymentHash, error: Vec<u8>) {
        let refusal = Refusal::read(error);
        tracing::info!(%hash, "an invoice is refused: {}", refusal.words());
        self.inner.refusals.tell(&hash, refusal);
    }
}

impl Refusal {
    /// Reads an invoice_error.
    pub(crate) fn read(bytes: Vec<u8>) -> Refusal {
        match InvoiceError::from_bytes(bytes.clone()) {
            Ok(error) => Refusal::Told(error),
            Err(_) => Refusal::Unreadable(bytes),
        }
    }

    /// The payer's reason.
    fn words(&self) -> &str {
        match self {
            Refusal::Told(error) => &error.error,
            Refusal::Unreadable(_) => "(unreadable)",
        }
    }
}

#[cfg(test)]
mod tests;
