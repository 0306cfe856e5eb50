//! Invoices sent for invoice_requests (BOLT 12, "Invoices").

mod build;
mod complete;
mod fields;
mod parse;
mod signed;

pub use build::InvoiceBuilder;
pub use complete::{CompleteInvoice, InvoiceRejection};
pub use fields::{FallbackAddress, InvoiceFields};
pub use parse::Invoice;
pub use signed::SignedInvoice;
