//! Invoice_requests (BOLT 12, "Invoice Requests").

mod build;
mod fields;
mod offerless;
mod parse;
mod validate;

pub use build::InvoiceRequestBuilder;
pub use fields::{Bip353Name, InvreqFields};
pub use offerless::{Dialect, OfferlessRequest};
pub use parse::InvoiceRequest;
pub use validate::RequestRejection;
