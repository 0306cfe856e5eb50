//! Paying out, as the one who shows an invoice_request: it is made here, and the invoices that come back for it are judged and paid.
//!
//! Any stranger may send such an invoice, as often as they like, and several may do so at once. What `arrive.rs` decides is what the
//! invoice and the request say of themselves, and cannot change. Whether the request may be paid *now* is decided once, by the ledger, in
//! the transaction that files the payment ([`Ledger::begin_payout`](boltill_ledger::Ledger::begin_payout)); only then is it sent, by
//! `pay/pay_out.rs`. The payment ends as every other does, and with it, in one transaction, what it was for: so nothing here has to be
//! remembered, by anybody, for a request to be paid once.

mod arrive;
mod create;
mod expiry;
mod failures;
mod list;
mod refusal;
mod reply;

pub use create::{CreateRequestError, Dialects, NewRequest};
pub(crate) use failures::Failures;
pub use list::{PayoutPage, RequestPages};
pub(crate) use refusal::NotPaid;
pub(crate) use reply::Replies;

#[cfg(test)]
mod tests;
