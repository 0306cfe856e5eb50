//! Invoice_requests (BOLT 12, "Invoice Requests").

mod answering;
mod build;
mod fields;
mod offerless;
mod parse;
mod validate;

pub use answering::{ChargeFault, OfferRequest, OfferRequestBuilder};
pub use build::InvoiceRequestBuilder;
pub use fields::{Bip353Name, InvreqFields, NotBip353Name};
pub use offerless::{Dialect, OfferlessRequest};
pub use parse::InvoiceRequest;
pub use validate::RequestRejection;
