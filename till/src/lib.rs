//! The domain: every rule about money.
//!
//! The [`Till`] takes payments by invoice and makes payments. It stands on the ledger, which remembers, and on a
//! Lightning node, which it knows only as the [`Lightning`] trait; so all of it runs without a socket or a network.
//!
//! * **Being paid**: [`Till::create_invoice`] files an invoice; when the money is at the door, `receive/settle.rs`
//!   decides whether to take it; once it is ours the ledger says so, and whoever waits (`waiting.rs`) is told.
//! * **Paying**: [`Till::pay`] files the payment, then sends it, and answers when its end is on file.
//!
//! What crosses a crash is in the ledger only. Events of the node may be told twice, and handling one twice is the
//! same as handling it once; [`Till::reconcile`] sets right at the start what a crash has torn apart.

mod awaited;
mod collect;
mod decode;
mod events;
mod expiry;
mod forward;
mod invstring;
mod lightning;
mod messages;
mod offers;
mod pay;
mod payout;
mod receive;
mod till;
mod totals;
mod waiting;

#[cfg(test)]
mod test;

pub use boltill_bolt12::{Bip353Name, InvoiceError, OfferlessRequest, RequestRejection};
pub use boltill_ledger::{
    BeginPartError, CreateInvoiceRequestError, DisableInvoiceRequestError, DisableOfferError,
    EnableOfferError, InvoiceRequest, Offer, Payout, PayoutLimits, PayoutOf, PayoutState, WayFailure,
};
pub use boltill_ledger::{
    Change, ChangeDetails, CloseCause, ClosedChannel, DeleteInvoiceError, DeletePaymentError, Forward,
    ForwardFailure, ForwardState, ForwardStatus, IndexKind, Invoice, InvoiceState, InvoiceStatus,
    InvoiceText, LedgerError, Listing, OfferId, Order, Payment, PaymentState, PaymentStatus, Range,
    Subsystem,
};
pub use collect::{CollectError, CollectRequest, Refusal, read_invoice_request};
pub use decode::{Bolt11, Bolt12, DecodeError, Decoded, decode};
pub use events::{Cursor, CursorError, Event, Events};
pub use forward::{ForwardPages, ForwardQuery, ListForwardsError};
pub use invstring::ListError;
pub use lightning::{Lightning, LiveNode};
pub use messages::NotSent;
pub use offers::{
    CreateOfferError, CreatedOffer, FetchError, FetchRequest, Fetched, NewOffer, OfferPages, WrongInvoice,
    offer_description,
};
pub use pay::{
    Exclude, FeeLimit, KeysendRequest, Paid, PayError, PayFailure, PayRequest, PaymentPages, PaymentQuery,
    SendpayError, SendpayRequest, WaitSendpayError, WayError, failure_name,
};
pub use payout::{CreateRequestError, Dialects, NewRequest, PayoutPage, RequestPages};
pub use receive::{
    CreateInvoiceError, CreatedInvoice, DEFAULT_INVOICE_EXPIRY, ExposePrivate, FileInvoiceError,
    HintCandidate, HintWarning, InvoicePages, InvoiceQuery, NewBolt11, NoSuitableHints, NoWayIn,
    SignInvoiceError,
};
pub use till::{Till, TillConfig};
pub use totals::Totals;
pub use waiting::{WaitAnyInvoiceError, WaitInvoiceError, Waited};
