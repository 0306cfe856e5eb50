//! `listoffers`

use crate::till::Till;
use boltill_ledger::{LedgerError, Listing, Offer};
use boltill_types::OfferId;

/// Offers, a page at a time.
pub enum OfferPages {
    /// The one that was asked for, until it was told.
    One(Option<Offer>),
    /// All of them.
    All(Listing<Offer>),
}

impl Till {
    /// Our offers in the order in which they were made, or the one of that id, if there is one.
    ///
    /// # Errors
    /// When the ledger failed.
    pub async fn list_offers(
        &self,
        id: Option<OfferId>,
        active_only: bool,
    ) -> Result<OfferPages, LedgerError> {
        Ok(match id {
            Some(id) => {
                let found = self.ledger().offer(id).await?;
                OfferPages::One(found.filter(|offer| offer.active || !active_only))
            }
            None if active_only => OfferPages::All(self.ledger().list_active_offers()),
            None => OfferPages::All(self.ledger().list_offers()),
        })
    }
}

impl OfferPages {
    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// When the ledger failed.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Offer>>, LedgerError> {
        match self {
            OfferPages::One(offer) => Ok(offer.take().map(|offer| vec![offer])),
            OfferPages::All(pages) => pages.next_page().await,
        }
    }
}

/// What an offer says that it is for.
pub fn offer_description(bolt12: &str) -> Option<String> {
    let offer: boltill_bolt12::Offer = bolt12.parse().ok()?;
    offer.fields().description.clone()
}
