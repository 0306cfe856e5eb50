//! `listoffers`

use super::prelude::*;
use super::shared::offer::{OFFER, OfferEntry};
use crate::answer::Page;
use boltill_till::{OfferId, OfferPages};

parameters! {
    /// List the offers that were made here
    ///
    /// All of them in the order in which they were made, or the one with an id. Offers are never deleted, because there may be invoices for
    /// them.
    pub struct ListOffers {
        /// Only the one with this id.
        optional offer_id: OfferId,
        /// Whether to leave out those for which no invoice is made any more.
        default active_only: bool = false,
    }
}

pub const COMMAND: Command = Command {
    name: "listoffers",
    category: Category::Offers,
    answer: &[Field::always(
        "offers",
        Kind::Array(&Kind::Object(OFFER)),
        "The offers, in the order in which they were made.",
    )],
    examples: &[Example {
        typed: "listoffers -k active_only=true",
        answer: r#"{"offers":[{"offer_id":"a2cd9b1b0b0bd4bd4b5d4ebb2bd4c0dffe1b1dc4e8f0e8f87ce0ac8a9c0dcbb1","active":true,"single_use":false,"force_paths":false,"bolt12":"lno1qgsqvgnwgcg35z6ee2h3yczraddm...","description":"a coffee","used":true}]}"#,
    }],
    see_also: &["offer", "disableoffer", "enableoffer", "listinvoices"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListOffers>()
};

impl Run for ListOffers {
    async fn run(self, call: Call) -> Outcome {
        let pages = call.till()?.list_offers(self.offer_id, self.active_only).await?;
        Answer::rows("offers", pages, next_page)
    }
}

async fn next_page(mut pages: OfferPages) -> Result<Option<(Page, OfferPages)>, RpcError> {
    match pages.next_page().await? {
        Some(offers) => Ok(Some((Page::of(offers.iter().map(OfferEntry::of))?, pages))),
        None => Ok(None),
    }
}
