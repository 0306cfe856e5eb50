//! What BOLT 12 asks of an offer before an invoice is asked for.

use super::parse::Offer;
use crate::error::ParseError;
use crate::types;
use bitcoin::constants::ChainHash;
use boltill_types::{Msat, OfferId, UnixSeconds};
use std::fmt;

/// Why an offer must not be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferRejection {
    /// It is not a well-formed offer.
    #[error("Unparsable offer: {0}")]
    Unparsable(#[from] ParseError),
    /// It is to be paid on another chain.
    #[error("Unparsable offer: wrong chain")]
    WrongChain,
    /// `offer_features` demands what we do not know.
    #[error("Unparsable offer: unknown feature bit {0}")]
    UnknownFeature(usize),
    /// A field has a type that an offer cannot have.
    #[error("Unparsable offer: Offer {0} field outside offer range")]
    OutOfRange(u64),
    /// It says how much and not what for.
    #[error("Offer contains an amount without a description")]
    NoDescription,
    /// It says in which currency and not how much.
    #[error("Offer contains a currency without an amount")]
    CurrencyWithoutAmount,
    /// It costs nothing.
    #[error("Offer contains an amount of zero")]
    AmountZero,
    /// There is nobody to be asked for an invoice.
    #[error("Offer contains neither offer_issuer_id nor offer_paths")]
    NoIssuer,
    /// One of `offer_paths` has no hops.
    #[error("Offer contains an empty offer_path")]
    EmptyPath,
}

/// Why so many items cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityFault {
    /// The offer wants to know how many.
    #[error("quantity parameter required")]
    Required,
    /// The offer is for one item.
    #[error("quantity parameter unnecessary")]
    Unnecessary,
    /// None are asked for.
    #[error("quantity must be > 0")]
    Zero,
    /// More are asked for than there are.
    #[error("quantity must be <= {0}")]
    TooMany(u64),
}

/// An offer that may be answered with an invoice_request. Its expiry is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerableOffer {
    offer: Offer,
    chain: ChainHash,
}

impl Offer {
    /// Checks all that BOLT 12 demands of an offer that is to be paid on `chain`.
    ///
    /// # Errors
    /// [`OfferRejection`].
    pub fn into_answerable(self, chain: ChainHash) -> Result<AnswerableOffer, OfferRejection> {
        self.check_range()?;
        let fields = self.fields();
        let features = fields.features.as_ref();
        if let Some(bit) = features.and_then(|features| features.unknown_even_bit(&[])) {
            return Err(OfferRejection::UnknownFeature(bit));
        }
        let chains = fields.chains.as_deref().unwrap_or(&[ChainHash::BITCOIN]);
        if !chains.contains(&chain) {
            return Err(OfferRejection::WrongChain);
        }
        match fields.amount {
            Some(_) if fields.description.is_none() => return Err(OfferRejection::NoDescription),
            Some(0) => return Err(OfferRejection::AmountZero),
            None if fields.currency.is_some() => return Err(OfferRejection::CurrencyWithoutAmount),
            _ => {}
        }
        if fields.issuer_id.is_none() && fields.paths.is_none() {
            return Err(OfferRejection::NoIssuer);
        }
        if fields.paths.iter().flatten().any(|path| path.hops().is_empty()) {
            return Err(OfferRejection::EmptyPath);
        }
        Ok(AnswerableOffer { offer: self, chain })
    }

    fn check_range(&self) -> Result<(), OfferRejection> {
        let mut numbers = self.tlvs().records().map(|record| record.number());
        match numbers.find(|number| !types::in_offer_range(*number)) {
            Some(number) => Err(OfferRejection::OutOfRange(number)),
            None => Ok(()),
        }
    }
}

impl AnswerableOffer {
    /// Reads the text form and checks it; the error is what `fetchinvoice` answers.
    ///
    /// # Errors
    /// [`OfferRejection`].
    pub fn parse(text: &str, chain: ChainHash) -> Result<AnswerableOffer, OfferRejection> {
        text.parse::<Offer>()?.into_answerable(chain)
    }

    /// All fields.
    pub fn offer(&self) -> &Offer {
        &self.offer
    }

    /// The hash by which the offer is known.
    pub fn id(&self) -> OfferId {
        self.offer.id()
    }

    /// The chain that it is to be paid on, of those that it names.
    pub fn chain(&self) -> ChainHash {
        self.chain
    }

    /// Whether the offer has ended: its last second is the one it names.
    pub fn is_expired(&self, now: UnixSeconds) -> bool {
        let expiry = self.offer.fields().absolute_expiry;
        expiry.is_some_and(|expiry| now > expiry)
    }

    /// Whether so many items may be asked for.
    ///
    /// # Errors
    /// [`QuantityFault`].
    pub fn check_quantity(&self, quantity: Option<u64>) -> Result<(), QuantityFault> {
        match (self.offer.fields().quantity_max, quantity) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(QuantityFault::Unnecessary),
            (Some(_), None) => Err(QuantityFault::Required),
            (Some(_), Some(0)) => Err(QuantityFault::Zero),
            (Some(max), Some(quantity)) if max != 0 && quantity > max => Err(QuantityFault::TooMany(max)),
            (Some(_), Some(_)) => Ok(()),
        }
    }

    /// What so many items cost; `None` if the payer says how much, or the price is in a currency. More than can be counted costs all that can be.
    pub fn price(&self, quantity: Option<u64>) -> Option<Msat> {
        let fields = self.offer.fields();
        let price = fields.amount.filter(|_| fields.currency.is_none())?;
        Some(Msat(price.saturating_mul(quantity.unwrap_or(1))))
    }
}

impl fmt::Display for AnswerableOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.offer.fmt(f)
    }
}
