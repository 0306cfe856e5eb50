//! What BOLT 12 asks of an invoice_request that answers no offer, in the order in which Core Lightning looks.

use super::offerless::OfferlessRequest;
use super::parse::InvoiceRequest;
use crate::error::ParseError;
use crate::types;
use bitcoin::constants::ChainHash;

/// Why an invoice_request must be rejected; the words are those that Core Lightning's `sendinvoice` has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestRejection {
    /// It is not a well-formed invoice_request.
    #[error("Unparsable invoice_request: {0}")]
    Unparsable(#[from] ParseError),
    /// It is to be paid on another chain.
    #[error("Unparsable invoice_request: wrong chain")]
    WrongChain,
    /// `invreq_features` demands what we do not know.
    #[error("Unparsable invoice_request: unknown feature bit {0}")]
    UnknownFeature(usize),
    /// A field that is not a signature has a type that an invoice_request cannot have.
    #[error("Unparsable invoice_request: Invoice request {0} field outside invoice request range")]
    OutOfRange(u64),
    /// One of `invreq_paths` has no hops.
    #[error("Unparsable invoice_request: Invoice request contains an empty invreq_path")]
    EmptyPath,
    /// There is no key of the payer.
    #[error("Missing invreq_payer_id")]
    MissingPayerId,
    /// There are no bytes of the payer's own.
    #[error("Missing invreq_metadata")]
    MissingMetadata,
    /// It answers an offer and is not signed.
    #[error("Missing signature")]
    MissingSignature,
    /// The signature is not by the payer's key over these fields.
    #[error("Invalid signature")]
    InvalidSignature,
    /// The offer that it answers must not be answered.
    #[error(transparent)]
    Offer(crate::offer::OfferRejection),
    /// It answers an offer, and is for the offer's maker alone.
    #[error("This is based on an offer?")]
    BasedOnOffer,
    /// A field that only an offer has.
    #[error("Unexpected {0}")]
    Unexpected(&'static str),
    /// It does not say how much is to be paid.
    #[error("Missing invreq_amount")]
    MissingAmount,
    /// The BIP 353 name has characters that no such name has.
    #[error("Invalid invreq_bip_353_name")]
    InvalidBip353Name,
}

impl InvoiceRequest {
    /// Checks all that BOLT 12 demands of an invoice_request that answers no offer and is to be paid on `chain`. Its
    /// expiry is not looked at. A signature may be absent, for BOLT 12 has none here, but not wrong.
    pub fn into_offerless(self, chain: ChainHash) -> Result<OfferlessRequest, RequestRejection> {
        self.check_as_any_request(chain)?;
        let payer_id = self.invreq().payer_id.ok_or(RequestRejection::MissingPayerId)?;
        if self.invreq().metadata.is_none() {
            return Err(RequestRejection::MissingMetadata);
        }
        if self.signature().is_some() && !self.is_signature_valid() {
            return Err(RequestRejection::InvalidSignature);
        }
        self.check_answers_no_offer()?;
        let amount = self.invreq().amount.ok_or(RequestRejection::MissingAmount)?;
        if let Some(name) = &self.invreq().bip_353_name
            && !name.has_allowed_characters()
        {
            return Err(RequestRejection::InvalidBip353Name);
        }
        Ok(OfferlessRequest::from_checked(self, payer_id, amount))
    }

    pub(super) fn check_as_any_request(&self, chain: ChainHash) -> Result<(), RequestRejection> {
        if self.invreq().chain_or_bitcoin() != chain {
            return Err(RequestRejection::WrongChain);
        }
        // BOLT 12 defines no feature of invoice_requests so far.
        if let Some(bit) = self
            .invreq()
            .features
            .as_ref()
            .and_then(|features| features.unknown_even_bit(&[]))
        {
            return Err(RequestRejection::UnknownFeature(bit));
        }
        let allowed = |number| types::in_request_range(number) || types::in_signature_range(number);
        if let Some(record) = self.tlvs().records().find(|record| !allowed(record.number())) {
            return Err(RequestRejection::OutOfRange(record.number()));
        }
        let mut paths = self.invreq().paths.iter().flatten();
        if paths.any(|path| path.hops().is_empty()) {
            return Err(RequestRejection::EmptyPath);
        }
        Ok(())
    }

    fn check_answers_no_offer(&self) -> Result<(), RequestRejection> {
        let offer = self.offer();
        if offer.issuer_id.is_some() || offer.paths.is_some() {
            return Err(RequestRejection::BasedOnOffer);
        }
        let unexpected = [
            ("offer_chains", offer.chains.is_some()),
            ("offer_features", offer.features.is_some()),
            ("offer_quantity_max", offer.quantity_max.is_some()),
        ];
        match unexpected.into_iter().find(|(_, present)| *present) {
            Some((name, _)) => Err(RequestRejection::Unexpected(name)),
            None => Ok(()),
        }
    }
}
