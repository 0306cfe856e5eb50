//! Somebody asks for an invoice for an offer of ours.
//!
//! Any stranger may ask, as often as they like: the node lets only so many messages through. A request that comes twice gets the same invoice twice, as
//! long as that can be paid.

use crate::messages::failed;
use crate::receive::WayIn;
use crate::till::Till;
use bitcoin::constants::ChainHash;
use boltill_bolt12::bech32::{self, Prefix};
use boltill_bolt12::{
    ChargeFault, Features, InvoiceBuilder, InvoiceError, InvoiceRejection, InvoiceRequest, OfferRequest,
    RequestRejection, SignedInvoice,
};
use boltill_ledger::{
    CreateInvoiceError, CreateOfferInvoiceError, Invoice, InvoiceState, InvoiceText, LedgerError, NewInvoice,
};
use boltill_node::{MessageTag, OffersMessageBytes, ReplyTo};
use boltill_types::{Label, Msat, OfferId, UnixSeconds};
use std::convert::Infallible;

/// How long an invoice for an offer can be paid, in seconds; what BOLT 12 says of an invoice that does not say it itself.
const LIFETIME: u32 = 7_200;

/// Why no invoice is made. The words are for whoever asks, unless the fault is ours.
#[derive(Debug, thiserror::Error)]
enum NotAnswered {
    /// BOLT 12 wants no answer: it would tell whose offer it is.
    #[error("it came by another way than the offer's")]
    WrongWay,
    #[error(transparent)]
    Rejected(#[from] RequestRejection),
    #[error("Unknown offer")]
    UnknownOffer,
    #[error("Offer no longer available")]
    NoLongerAvailable,
    #[error("Offer expired")]
    Expired,
    #[error(transparent)]
    Charge(#[from] ChargeFault),
    #[error("This invoice_request was answered, and the invoice {0}")]
    Over(&'static str),
    #[error("Internal error")]
    Internal(String),
}

impl NotAnswered {
    fn internal(error: impl ToString) -> NotAnswered {
        NotAnswered::Internal(error.to_string())
    }
}

impl From<LedgerError> for NotAnswered {
    fn from(error: LedgerError) -> NotAnswered {
        NotAnswered::internal(error)
    }
}

impl Till {
    /// An invoice_request has come: by the paths of an offer, or to our node id. Dropped at any await it has done nothing, or filed an invoice that nobody
    /// knows.
    pub(crate) async fn on_invoice_request(
        &self,
        bytes: Vec<u8>,
        by: Option<[u8; 32]>,
        reply: Option<ReplyTo>,
    ) {
        let Some(reply) = reply else {
            return tracing::debug!("an invoice_request has come that wants no answer");
        };
        let answer = match self.answer(bytes.clone(), by).await {
            Ok((invoice, tag)) => (OffersMessageBytes::Invoice(invoice), Some(tag)),
            Err(NotAnswered::WrongWay) => return tracing::debug!("{}", NotAnswered::WrongWay),
            Err(why) => {
                if let NotAnswered::Internal(cause) = &why {
                    tracing::warn!("no invoice is made for an offer: {cause}");
                }
                let words = failed("invreq", Prefix::Lnr, &bytes);
                let error = InvoiceError::new(format!("{words}: {why}"));
                (OffersMessageBytes::InvoiceError(error.to_bytes()), None)
            }
        };
        if let Err(error) = self.lightning().reply(&reply, answer.0, answer.1).await {
            tracing::info!("whoever asks for an invoice cannot be answered: {error}");
        }
    }

    async fn answer(
        &self,
        bytes: Vec<u8>,
        by: Option<[u8; 32]>,
    ) -> Result<(Vec<u8>, MessageTag), NotAnswered> {
        let request = InvoiceRequest::from_bytes(bytes).map_err(RequestRejection::from)?;
        let chain = ChainHash::using_genesis_block_const(self.lightning().network());
        let request = request.into_offer_request(chain)?;
        if !came_by_the_right_way(&request, by) {
            return Err(NotAnswered::WrongWay);
        }
        let offer = self.ledger().offer(request.offer_id()).await?;
        let offer = offer.ok_or(NotAnswered::UnknownOffer)?;
        if !offer.active {
            return Err(NotAnswered::NoLongerAvailable);
        }
        if request.is_expired(UnixSeconds::now()) {
            return Err(NotAnswered::Expired);
        }
        let amount = request.charge()?;
        let (filed, signed) = self.draw_up_for_offer(&request, amount)?;
        let tag = MessageTag::Invoice(filed.payment_hash);
        match self.ledger().create_offer_invoice(offer.id, filed).await {
            Ok(invoice) => {
                self.inner.expiry.expires(invoice.expires_at);
                Ok((signed.as_bytes().to_vec(), tag))
            }
            Err(CreateOfferInvoiceError::Invoice(CreateInvoiceError::DuplicateLabel(earlier))) => {
                again(&earlier).map(|bytes| (bytes, MessageTag::Invoice(earlier.payment_hash)))
            }
            Err(CreateOfferInvoiceError::UnknownOffer) => Err(NotAnswered::UnknownOffer),
            Err(CreateOfferInvoiceError::NotActive) => Err(NotAnswered::NoLongerAvailable),
            Err(error) => Err(NotAnswered::internal(error)),
        }
    }

    fn draw_up_for_offer(
        &self,
        request: &OfferRequest,
        amount: Msat,
    ) -> Result<(NewInvoice, SignedInvoice), NotAnswered> {
        let WayIn {
            payment_hash,
            preimage,
            paths,
        } = self.way_in(amount, LIFETIME).map_err(NotAnswered::internal)?;
        let (us, now) = (self.lightning().id(), UnixSeconds::now());
        let complete = InvoiceBuilder::for_offer(request, amount, payment_hash, us, now, &paths)
            .relative_expiry(LIFETIME)
            .features(&Features::basic_mpp())
            .build()
            .map_err(|error: InvoiceRejection| NotAnswered::internal(error))?;
        let Ok(signed) = complete.sign(|digest| Ok::<_, Infallible>(self.lightning().sign_bolt12(digest)));
        let filed = NewInvoice {
            label: label(request).map_err(NotAnswered::internal)?,
            text: InvoiceText::Bolt12(signed.to_string()),
            payment_hash,
            payment_preimage: preimage,
            preimage_is_fresh: true,
            amount: Some(amount),
            description: request.offer().offer().fields().description.clone(),
            expires_at: now.saturating_add(LIFETIME.into()),
            local_offer_id: Some(request.offer_id()),
            invreq_payer_note: request.request().invreq().payer_note.clone(),
        };
        Ok((filed, signed))
    }
}

/// A request for an offer with paths must come by one of those, and no other may come by any.
fn came_by_the_right_way(request: &OfferRequest, by: Option<[u8; 32]>) -> bool {
    let offer = request.offer().offer();
    match by {
        Some(tag) => OfferId(tag) == offer.id_without_paths(),
        None => offer.fields().paths.is_none(),
    }
}

/// One invoice for each request: its name is made of the offer's id, abridged, and the request's.
fn label(request: &OfferRequest) -> Result<Label, impl ToString> {
    let offer = request.offer_id().to_string();
    Label::new(format!("{}-{}", &offer[..16.min(offer.len())], request.id()))
}

/// The invoice that was made for that very request before.
fn again(earlier: &Invoice) -> Result<Vec<u8>, NotAnswered> {
    match earlier.state {
        InvoiceState::Paid { .. } => Err(NotAnswered::Over("is paid")),
        InvoiceState::Expired => Err(NotAnswered::Over("has expired")),
        InvoiceState::Unpaid => bech32::decode_as(Prefix::Lni, earlier.text.as_str())
            .map_err(|_| NotAnswered::Over("is another's of that label")),
    }
}
