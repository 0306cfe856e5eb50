//! Offers, and their fields wherever they are mirrored (BOLT 12, "Offers").

mod answerable;
mod build;
mod fields;
mod parse;

pub use answerable::{AnswerableOffer, OfferRejection, QuantityFault};
pub use build::OfferBuilder;
pub use fields::OfferFields;
pub use parse::Offer;
pub(crate) use parse::offer_id;
