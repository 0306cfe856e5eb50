//! Asking whoever made an offer for an invoice.

use crate::awaited::Awaited;
use crate::collect::Refusal;
use crate::invstring::without_scheme;
use crate::messages::{NotSent, ways};
use crate::till::Till;
use bitcoin::constants::ChainHash;
use boltill_bolt12::{
    AnswerableOffer, Bip353Name, Invoice, InvoiceRejection, OfferRejection, OfferRequest,
    OfferRequestBuilder, QuantityFault, RequestRejection, SignedInvoice,
};
use boltill_node::{MessageTag, OffersMessageBytes};
use boltill_types::{Msat, UnixSeconds};
use std::time::Duration;

/// What `fetchinvoice` asks for.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// The offer, `lno1...`; `lightning:` may stand in front.
    pub offer: String,
    /// What to pay; must be said if the offer does not.
    pub amount: Option<Msat>,
    /// For how many items, if and only if the offer is for several.
    pub quantity: Option<u64>,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// Words for whoever made the offer.
    pub payer_note: Option<String>,
    /// What the key is made of that asks and pays, in place of random bytes.
    pub payer_metadata: Option<Vec<u8>>,
    /// The name by which the offer was found.
    pub bip_353_name: Option<Bip353Name>,
}

impl FetchRequest {
    /// How long `fetchinvoice` waits when nobody says otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
}

/// An invoice for an offer. It is for what was asked for, by whoever was asked, and signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The invoice, `lni1...`.
    pub invoice: String,
    /// What it asks for, if that is not what offer and request have said: because they said nothing, or in a currency.
    pub changed_amount: Option<Msat>,
}

/// Why there is no invoice, with Core Lightning's codes. Checked in the order of the variants.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The text is no offer that can be answered on this chain; code -32602.
    #[error(transparent)]
    Offer(#[from] OfferRejection),
    /// The offer's time has passed; code 1002.
    #[error("Offer expired")]
    Expired,
    /// Neither the caller nor the offer says how much; code -32602.
    #[error("amount_msat parameter required")]
    AmountRequired,
    /// Less than the offer's amount is of no use to whoever made it; code -32602.
    #[error("amount_msat must be at least {0}")]
    AmountTooLow(Msat),
    /// The number of items does not go with the offer; code -32602.
    #[error(transparent)]
    Quantity(#[from] QuantityFault),
    /// The operating system gave no random bytes; code -1.
    #[error("no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// What was asked for does not fit into an invoice_request; code -32602.
    #[error("Could not create invoice_request! {0}")]
    Unwritable(#[from] RequestRejection),
    /// Nobody could be asked; code 1003.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// Whoever made the offer refuses; code 1004.
    #[error("Remote node sent failure message")]
    Refused(Refusal),
    /// What came is no invoice for what was asked; code 1004.
    #[error("Remote node sent an invalid invoice: {0}")]
    Invalid(WrongInvoice),
    /// Nothing came in time; code 1005.
    #[error("Failed: timeout waiting for response")]
    TimedOut,
}

/// What is wrong with an invoice that came for an offer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongInvoice {
    /// It is none.
    #[error(transparent)]
    Rejected(#[from] InvoiceRejection),
    /// It does not mirror the invoice_request.
    #[error("it is for another invoice_request")]
    OtherRequest,
    /// It is signed by somebody who did not make the offer.
    #[error("it is not signed by the offer's issuer")]
    OtherIssuer,
    /// It asks for something else than the invoice_request, or for more than the offer.
    #[error("it asks for {found} in place of {expected}")]
    OtherAmount {
        /// What was agreed.
        expected: Msat,
        /// What it asks for.
        found: Msat,
    },
}

/// What comes back for an invoice_request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Invoice(Vec<u8>),
    Error(Vec<u8>),
}

/// Who waits for an invoice, by what its way back knows.
pub(crate) type Fetches = Awaited<[u8; 32], Answer>;

impl Till {
    /// Fetches an invoice for an offer. It is not paid, and nothing is filed.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch_invoice(&self, request: FetchRequest) -> Result<Fetched, FetchError> {
        let chain = ChainHash::using_genesis_block_const(self.lightning().network());
        let offer = AnswerableOffer::parse(without_scheme(&request.offer), chain)?;
        check(&offer, &request)?;
        let asked = self.ask(&offer, &request)?;
        let mut answer = self.inner.fetches.expect(asked.id().0);
        let fields = offer.offer().fields();
        let ways = ways(fields.paths.as_deref(), fields.issuer_id);
        let message = OffersMessageBytes::InvoiceRequest(asked.request().tlvs().as_bytes().to_vec());
        let reply = MessageTag::Request(asked.id().0);
        let waiting = async {
            self.send_by_one(ways, message, reply).await?;
            match answer.come().await {
                Answer::Invoice(bytes) => Ok(judge(bytes, &asked).map_err(FetchError::Invalid)?),
                Answer::Error(bytes) => Err(FetchError::Refused(Refusal::read(bytes))),
            }
        };
        let waited = tokio::time::timeout(request.timeout, waiting).await;
        let invoice = waited.map_err(|_| FetchError::TimedOut)??;
        let agreed = agreed_amount(&asked);
        Ok(Fetched {
            changed_amount: Some(invoice.amount()).filter(|amount| agreed != Some(*amount)),
            invoice: invoice.to_string(),
        })
    }

    /// The invoice_request, signed by a key of its own.
    fn ask(&self, offer: &AnswerableOffer, request: &FetchRequest) -> Result<OfferRequest, FetchError> {
        let metadata = match &request.payer_metadata {
            Some(metadata) => metadata.clone(),
            None => {
                let mut metadata = vec![0; 16];
                getrandom::fill(&mut metadata)?;
                metadata
            }
        };
        let lightning = self.lightning();
        let mut builder = OfferRequestBuilder::new(offer, &metadata, lightning.payer_id(&metadata));
        if let Some(amount) = request.amount {
            builder = builder.amount(amount);
        }
        if let Some(quantity) = request.quantity {
            builder = builder.quantity(quantity);
        }
        if let Some(note) = &request.payer_note {
            builder = builder.payer_note(note);
        }
        if let Some(name) = &request.bip_353_name {
            builder = builder.bip_353_name(name);
        }
        Ok(builder.sign(|digest| lightning.sign_as_payer(&metadata, digest))?)
    }
}

fn check(offer: &AnswerableOffer, request: &FetchRequest) -> Result<(), FetchError> {
    if offer.is_expired(UnixSeconds::now()) {
        return Err(FetchError::Expired);
    }
    if request.amount.is_none() && offer.offer().fields().amount.is_none() {
        return Err(FetchError::AmountRequired);
    }
    offer.check_quantity(request.quantity)?;
    match (offer.price(request.quantity), request.amount) {
        (Some(price), Some(amount)) if amount < price => Err(FetchError::AmountTooLow(price)),
        _ => Ok(()),
    }
}

/// What payer and issuer have both said; nothing, if the offer's amount is in a currency.
fn agreed_amount(asked: &OfferRequest) -> Option<Msat> {
    let invreq = asked.request().invreq();
    invreq.amount.or_else(|| asked.offer().price(invreq.quantity))
}

/// Whether that is an invoice for what was asked for (BOLT 12, "Invoices", reader).
fn judge(bytes: Vec<u8>, asked: &OfferRequest) -> Result<SignedInvoice, WrongInvoice> {
    let invoice = Invoice::from_bytes(bytes).map_err(InvoiceRejection::from)?;
    if invoice.invreq_id() != asked.id() {
        return Err(WrongInvoice::OtherRequest);
    }
    let invoice = invoice.into_complete(asked.offer().chain(), UnixSeconds::now())?;
    let fields = asked.offer().offer().fields();
    let is_issuer = match fields.issuer_id {
        Some(issuer) => invoice.node_id() == issuer,
        // Nobody but the last node of a path knows the key of its blinded id.
        None => fields.paths.iter().flatten().any(|path| {
            let last = path.hops().last();
            last.is_some_and(|hop| hop.blinded_node_id == invoice.node_id())
        }),
    };
    if !is_issuer {
        return Err(WrongInvoice::OtherIssuer);
    }
    match agreed_amount(asked) {
        Some(expected) if expected != invoice.amount() => Err(WrongInvoice::OtherAmount {
            expected,
            found: invoice.amount(),
        }),
        _ => Ok(invoice.verify()?),
    }
}
