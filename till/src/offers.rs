//! Offers (BOLT 12): a code that is paid any number of times, by whoever reads it. The payer asks for an invoice over the network and gets one.
//!
//! * **As the one who is paid**: an offer is made and filed (`create.rs`); whoever sends an invoice_request for it is answered with an invoice of its own
//!   (`answer.rs`), which is an invoice like any other, but knows its offer.
//! * **As the one who pays**: an invoice is fetched (`fetch.rs`), and then paid as all invoices are.

mod answer;
mod create;
mod fetch;
mod list;

pub use create::{CreateOfferError, CreatedOffer, NewOffer};
pub(crate) use fetch::{Answer, Fetches};
pub use fetch::{FetchError, FetchRequest, Fetched, WrongInvoice};
pub use list::{OfferPages, offer_description};

#[cfg(test)]
mod tests;
