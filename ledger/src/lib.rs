//! What is durable: invoices, offers, payments, invoice_requests and what is paid for them, forwards, closed channels, LDK's own
//! state, behind one writer with group commit.
//!
//! The [`Ledger`] is one SQLite file in WAL mode with `synchronous=FULL`. Beside it is a folder, named like it with `-keys` behind, with
//! an index of the invoices (`keys.rs`), which is made anew from that file where it is missing.
//!
//! * **Writes** go through one thread. It takes all that has queued while the disk was busy into one transaction,
//!   commits it with one sync, publishes the changes and answers the callers, in that order. What is answered is
//!   durable; what fails was never seen by anybody. A write that is refused undoes itself and nothing else.
//! * **Reads** have threads and connections of their own and never wait for a write. They see every write that has
//!   been answered.
//! * **Indexes** are those of Core Lightning: `created_index` and `pay_index` are dense, start at 1 and are never used
//!   again; `updated_index` is that of the latest change. All are assigned inside the transaction.
//! * **Every query runs on an index**, and listings are read in pages, so that neither time nor memory grows with the
//!   number of invoices.
//!
//! Each kind of entry has a module with its types, its SQL, and its methods of [`Ledger`].

mod changes;
mod checkpoint;
mod cleaning;
mod closed_channels;
mod counters;
mod datastore;
mod error;
mod failure;
mod forwards;
mod invoice_requests;
mod invoices;
mod job;
mod keys;
mod ledger;
mod log_file;
mod offers;
mod paging;
mod payments;
mod payouts;
mod query;
mod readers;
mod runes;
mod schema;
mod sql;
mod state;
mod untaken;
mod writer;

pub use boltill_types::OfferId;
pub use changes::{Change, ChangeDetails, ForwardChange, InvoiceChange, InvoiceRequestChange, SendpayChange};
pub use cleaning::{Cleanable, CleanedBatch};
pub use closed_channels::{CloseCause, ClosedChannel};
pub use counters::{IndexKind, Subsystem};
pub use datastore::{
    DatastoreDeleteError, DatastoreItem, DatastoreKey, DatastoreKeyError, DatastoreMode, DatastorePage,
    DatastorePosition, DatastoreValue, DatastoreWriteError, MAX_DATASTORE_VALUE,
};
pub use error::{LedgerError, OpenError};
pub use forwards::{
    ChannelId, Forward, ForwardClaimed, ForwardFailure, ForwardReturned, ForwardState, ForwardStatus, HtlcIn,
    HtlcOut,
};
pub use invoice_requests::{
    CreateInvoiceRequestError, DisableInvoiceRequestError, InvoiceRequest, NewInvoiceRequest, PayoutLimits,
    PayoutSums,
};
pub use invoices::{
    CreateInvoiceError, DeleteInvoiceError, Invoice, InvoiceState, InvoiceStatus, InvoiceText, NewInvoice,
    SettleInvoiceError,
};
pub use job::Durable;
pub use ledger::Ledger;
pub use offers::{
    CreateOfferError, CreateOfferInvoiceError, DisableOfferError, EnableOfferError, NewOffer, Offer,
};
pub use paging::{Listing, Order, Range};
pub use payments::{
    BeginPartError, BeginPaymentError, DeletePaymentError, FinishPaymentError, NewPart, NewPayment,
    PayOwnInvoiceError, PayOwnPayoutError, Payment, PaymentId, PaymentState, PaymentStatus, Repeat,
    WayFailure, look_for_part,
};
pub use payouts::{Begun, Payout, PayoutOf, PayoutRefusal, PayoutState, Unavailable};
pub use query::{Cell, Column, ColumnType, Query, QueryError, Table, column, own_tables};
pub use runes::{RuneRange, StoredRune};
pub use writer::WriterMetrics;

/// Whether a write that can be asked for twice was new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded<T> {
    /// This write made it so; here is the entry as it now is.
    Newly(T),
    /// It was so before, and nothing changed; here is the entry as it is.
    Already(T),
}

impl<T> Recorded<T> {
    /// The entry, new or not.
    pub fn into_inner(self) -> T {
        match self {
            Recorded::Newly(entry) | Recorded::Already(entry) => entry,
        }
    }
}
