//! Being paid: making invoices, taking the money, and letting what nobody paid expire.

mod blinded;
mod create;
mod expiry;
mod hints;
mod keysend;
mod list;
mod settle;
mod sign;

pub use blinded::NoWayIn;
pub(crate) use blinded::WayIn;
pub(crate) use create::random_preimage;
pub use create::{CreateInvoiceError, CreatedInvoice, DEFAULT_INVOICE_EXPIRY, NewBolt11};
pub(crate) use expiry::current;
pub use hints::{ExposePrivate, HintCandidate, HintWarning, NoSuitableHints};
pub use list::{InvoicePages, InvoiceQuery};
pub(crate) use settle::{Claims, Hold};
pub use sign::{FileInvoiceError, SignInvoiceError};

#[cfg(test)]
mod tests;
