//! The messages of BOLT 12: offers, invoice_requests that answer an offer or none, and the invoices sent for them.
//!
//! Somebody who pays out (an ATM, a refund desk) shows an invoice_request, `lnr1...`; whoever reads it sends back an
//! invoice, `lni1...`, and is paid. Such a request is written in two dialects: Core Lightning signs it and insists on
//! the signature, the text of BOLT 12 and LDK have none and refuse one. Both are the same request: the [`InvreqId`]
//! does not cover the signature, and an invoice mirrors every field but signatures.
//!
//! Reading goes in steps, each a type, so that what was not checked cannot be used:
//!
//! * bytes or text -> [`InvoiceRequest`] (well-formed) -> [`OfferlessRequest`] (fit to be answered);
//! * bytes or text -> [`Offer`] (well-formed) -> [`AnswerableOffer`]; and [`InvoiceRequest`] -> [`OfferRequest`], which answers one;
//! * bytes or text -> [`Invoice`] (well-formed) -> [`CompleteInvoice`] (nothing missing) -> [`SignedInvoice`].
//!
//! Writing goes the same way: [`OfferBuilder`], [`InvoiceRequestBuilder`], [`OfferRequestBuilder`] and [`InvoiceBuilder`] make what reading ends with. What
//! is signed is signed by a closure, for the keys live elsewhere.
//!
//! ```
//! use bitcoin::constants::ChainHash;
//! use boltill_bolt12::{Dialect, OfferlessRequest};
//!
//! let request = OfferlessRequest::parse(
//!     "lnr1qqgypua5g7rp293k00s66ayvnv26czst2d5k6urvv5s8getnw3gzqp3zderpzxstt8927ynqg044h0egcd8n5h3n9g0u0v4h8ncc3yg02\
//!      gps7sjqtqssytfzxcs2xkdy0lml0tzy0jzugmyj8kjn8zfzrgq9fsgurc72x82e7pq947t0ks7a4yejz8w79x4zj25s3pu6zrnw2e0v2ugde\
//!      scpcqsq307z4p2dlxe92fv7xd43qut0pjkg4y094hupqyhsj8dlhvmmfng6sv",
//!     ChainHash::REGTEST,
//! )?;
//! assert_eq!(request.description(), Some("Simple test"));
//! assert_eq!(request.dialect(), Dialect::Signed);
//! assert_eq!(request.to_unsigned().id(), request.id());
//! # Ok::<_, boltill_bolt12::RequestRejection>(())
//! ```
//!
//! Every message keeps the records it was read from, byte for byte: unknown odd fields are mirrored like known ones.

pub mod bech32;
mod bigsize;
mod blinded_path;
mod error;
mod features;
mod field;
mod invoice;
mod invoice_error;
mod invoice_request;
pub mod merkle;
mod offer;
mod payinfo;
pub mod signature;
mod tlv;
pub mod types;

pub use bigsize::BigSizeError;
pub use blinded_path::{BlindedHop, BlindedPath, Direction, IntroductionNode, TooManyHops};
pub use boltill_types::{IdError, InvreqId, OfferId};
pub use error::{DataError, MessageKind, ParseError};
pub use features::Features;
pub use field::FieldFault;
pub use invoice::{
    CompleteInvoice, FallbackAddress, Invoice, InvoiceBuilder, InvoiceFields, InvoiceRejection, SignedInvoice,
};
pub use invoice_error::InvoiceError;
pub use invoice_request::{
    Bip353Name, ChargeFault, Dialect, InvoiceRequest, InvoiceRequestBuilder, InvreqFields, NotBip353Name,
    OfferRequest, OfferRequestBuilder, OfferlessRequest, RequestRejection,
};
pub use offer::{AnswerableOffer, Offer, OfferBuilder, OfferFields, OfferRejection, QuantityFault};
pub use payinfo::BlindedPayInfo;
pub use tlv::{MAX_STREAM_BYTES, TlvRecord, TlvStream, TlvWriter};
