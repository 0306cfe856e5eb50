//! An offer as answers show it.

use crate::hex::Hex;
use crate::params::{Field, Kind};
use boltill_till::Offer;
use serde::Serialize;

/// The fields of an offer in a listing.
pub const OFFER: &[Field] = &[
    Field::always(
        "offer_id",
        Kind::Hash,
        "The offer's id: the SHA256 hash of its fields.",
    ),
    Field::always(
        "active",
        Kind::Bool,
        "Whether an invoice is made for whoever asks.",
    ),
    Field::always(
        "single_use",
        Kind::Bool,
        "Whether it is paid once and never again.",
    ),
    Field::always(
        "force_paths",
        Kind::Bool,
        "Whether its invoices must have the same paths; never so here.",
    ),
    Field::always("bolt12", Kind::String, "The offer, to be shown: `lno1...`."),
    Field::sometimes(
        "description",
        Kind::String,
        "What the payment is for, if the offer says so.",
    ),
    Field::always("used", Kind::Bool, "Whether an invoice for it was paid."),
    Field::sometimes("label", Kind::String, "Our own name for it, if it has one."),
];

/// An offer in a listing.
#[derive(Serialize)]
pub struct OfferEntry<'a> {
    offer_id: Hex<'a>,
    active: bool,
    single_use: bool,
    force_paths: bool,
    bolt12: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
}

impl OfferEntry<'_> {
    /// The offer as it is.
    pub fn of(offer: &Offer) -> OfferEntry<'_> {
        OfferEntry {
            offer_id: Hex(&offer.id.0),
            active: offer.active,
            single_use: offer.single_use,
            force_paths: offer.force_paths,
            bolt12: &offer.bolt12,
            description: boltill_till::offer_description(&offer.bolt12),
            used: offer.used,
            label: offer.label.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use boltill_till::OfferId;
    use boltill_types::CreatedIndex;

    #[test]
    fn an_entry_is_as_documented() {
        let offer = Offer {
            created_index: CreatedIndex(1),
            id: OfferId([1; 32]),
            label: Some("jar".to_owned()),
            bolt12: "lno1".to_owned(),
            single_use: false,
            active: true,
            used: false,
            force_paths: false,
        };
        let shown = serde_json::to_value(OfferEntry::of(&offer)).unwrap();
        assert_eq!(mismatches(OFFER, &shown), [""; 0]);
        assert_eq!(shown["label"], "jar");
    }
}
