//! Words that every room of Boltill shares.
//!
//! Amounts, labels, indexes and times are types here, so that a function's signature says what it means and the
//! wrong unit does not compile. Payment hashes, preimages and secrets are LDK's own types, re-exported.

mod amount;
mod id;
mod index;
mod label;
mod store;
mod time;

pub use amount::{AmountError, Msat};
pub use id::{IdError, InvreqId, OfferId};
pub use index::{CreatedIndex, DeletedIndex, PayIndex, UpdatedIndex};
pub use label::{Label, LabelError};
pub use lightning_types::payment::{PaymentHash, PaymentPreimage, PaymentSecret};
pub use store::{StateChange, StateKey, StateStore, StoreError, StoreFuture};
pub use time::UnixSeconds;
