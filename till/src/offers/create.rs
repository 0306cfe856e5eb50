//! Making offers, and ending them.

use crate::till::Till;
use bitcoin::constants::ChainHash;
use boltill_bolt12::{AnswerableOffer, MessageKind, OfferBuilder, OfferRejection};
use boltill_ledger::{DisableOfferError, EnableOfferError, LedgerError, Offer, Recorded};
use boltill_node::MessageTag;
use boltill_types::{Msat, OfferId, UnixSeconds};

/// What `offer` asks for.
#[derive(Clone, Debug, Default)]
pub struct NewOffer {
    /// What one item costs; `None` leaves it to the payer.
    pub amount: Option<Msat>,
    /// What the payment is for; must be there if there is an amount.
    pub description: Option<String>,
    /// Who is paid.
    pub issuer: Option<String>,
    /// Our own name for it.
    pub label: Option<String>,
    /// How many items one may ask for; zero for any number.
    pub quantity_max: Option<u64>,
    /// The last second in which an invoice is made.
    pub absolute_expiry: Option<UnixSeconds>,
    /// Whether it is paid once and never again.
    pub single_use: bool,
    /// Whether it may carry paths to us. It does if nobody could find us by our id alone.
    pub may_have_paths: bool,
}

/// What `offer` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedOffer {
    /// The offer, as it is on file.
    pub offer: Offer,
    /// Whether it was not there before.
    pub created: bool,
}

/// Why an offer was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateOfferError {
    /// There is an amount and no description; code -32602.
    #[error("description is required for the user to know what it was they paid for")]
    DescriptionRequired,
    /// It could not be answered, or not be written; code -32602.
    #[error(transparent)]
    Rejected(#[from] OfferRejection),
    /// It is on file and not active (1000), or the ledger failed (-1).
    #[error(transparent)]
    NotFiled(#[from] boltill_ledger::CreateOfferError),
}

impl Till {
    /// Makes an offer: durable when this answers. The same offer made twice is one offer, unless it has paths, which are new each time.
    ///
    /// # Errors
    /// [`CreateOfferError`]; nothing has been filed.
    pub async fn create_offer(&self, new: NewOffer) -> Result<CreatedOffer, CreateOfferError> {
        if new.amount.is_some() && new.description.is_none() {
            return Err(CreateOfferError::DescriptionRequired);
        }
        let offer = self.draw_up_offer(&new)?;
        let filed = boltill_ledger::NewOffer {
            id: offer.id(),
            label: new.label,
            bolt12: offer.to_string(),
            single_use: new.single_use,
            force_paths: false,
        };
        let recorded = self.ledger().create_offer(filed).await?;
        Ok(CreatedOffer {
            created: matches!(recorded, Recorded::Newly(_)),
            offer: recorded.into_inner(),
        })
    }

    fn draw_up_offer(&self, new: &NewOffer) -> Result<AnswerableOffer, CreateOfferError> {
        let lightning = self.lightning();
        let chain = ChainHash::using_genesis_block_const(lightning.network());
        let mut builder = OfferBuilder::new(chain, lightning.id());
        if let Some(amount) = new.amount {
            builder = builder.amount(amount);
        }
        if let Some(description) = &new.description {
            builder = builder.description(description);
        }
        if let Some(issuer) = &new.issuer {
            builder = builder.issuer(issuer);
        }
        if let Some(quantity_max) = new.quantity_max {
            builder = builder.quantity_max(quantity_max);
        }
        if let Some(expiry) = new.absolute_expiry {
            builder = builder.absolute_expiry(expiry);
        }
        let offer = builder.clone().build()?;
        if !new.may_have_paths {
            return Ok(offer);
        }
        // The paths are a part of what the final id covers, so what stands in them is the id without them.
        let tag = MessageTag::Offer(offer.offer().id_without_paths().0);
        match self
            .paths_to_us(tag, MessageKind::Offer)
            .map_err(OfferRejection::from)?
        {
            Some(paths) => Ok(builder.paths(&paths).build()?),
            None => Ok(offer),
        }
    }

    /// Disables an offer: no invoice is made for it any more, and those that are not paid expire.
    ///
    /// # Errors
    /// [`DisableOfferError`].
    pub async fn disable_offer(&self, id: OfferId) -> Result<Offer, DisableOfferError> {
        self.ledger().disable_offer(id).await
    }

    /// Enables an offer again.
    ///
    /// # Errors
    /// [`EnableOfferError`].
    pub async fn enable_offer(&self, id: OfferId) -> Result<Offer, EnableOfferError> {
        self.ledger().enable_offer(id).await
    }

    /// The offer of that id.
    ///
    /// # Errors
    /// When the ledger failed.
    pub async fn offer(&self, id: OfferId) -> Result<Option<Offer>, LedgerError> {
        self.ledger().offer(id).await
    }
}
