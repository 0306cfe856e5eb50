//! Making an invoice_request: what is shown to whoever is to be paid.

use crate::till::Till;
use bitcoin::constants::ChainHash;
use boltill_bolt12::{InvoiceRequestBuilder, MessageKind, OfferlessRequest, RequestRejection};
use boltill_ledger::{CreateInvoiceRequestError, InvoiceRequest, NewInvoiceRequest, PayoutLimits, Recorded};
use boltill_node::MessageTag;
use boltill_types::{Msat, UnixSeconds};
use std::convert::Infallible;

/// What `invoicerequest` asks for.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// What an invoice for it may ask for at most.
    pub amount: Msat,
    /// What the payment is for; whoever reads the code sees it.
    pub description: String,
    /// Who pays, in words.
    pub issuer: Option<String>,
    /// Our own name for it; several may have the same.
    pub label: Option<String>,
    /// The last second in which an invoice for it is paid.
    pub absolute_expiry: Option<UnixSeconds>,
    /// Whether it is paid once and never again.
    pub single_use: bool,
    /// How much may be paid in all, where it is not for a single use.
    pub limits: PayoutLimits,
    /// How it is written.
    pub dialects: Dialects,
}

/// In which dialects an invoice_request is written. Whichever is read, the request is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialects {
    /// With a signature, as Core Lightning writes and demands it.
    #[default]
    Signed,
    /// Without, as BOLT 12 has it and LDK demands it.
    Unsigned,
    /// The signed one, and the other beside it.
    Both,
}

/// Why no invoice_request was made. Checked in the order of the variants.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateRequestError {
    /// Nothing is to be paid; code -32602.
    #[error("amount must be positive")]
    NoAmount,
    /// What is paid once has no use for limits, and whoever gives some believes that it is paid more often; code -32602.
    #[error("{0} needs single_use=false")]
    LimitOfSingleUse(&'static str),
    /// A limit that allows nothing; code -32602.
    #[error("{0} must be positive")]
    NothingAllowed(&'static str),
    /// Nobody could be paid; code -32602.
    #[error("absolute_expiry has passed already")]
    Expired,
    /// The texts do not fit into a request; code -32602.
    #[error("Could not create invoice_request! {0}")]
    Unwritable(#[from] RequestRejection),
    /// The operating system gave no random numbers; code -1.
    #[error("Could not create invoice_request! no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// It was not filed.
    #[error(transparent)]
    NotFiled(#[from] CreateInvoiceRequestError),
}

impl Till {
    /// Makes an invoice_request; it is durable when this returns, so that every invoice that comes for it finds it.
    ///
    /// # Errors
    /// [`CreateRequestError`].
    pub async fn create_invoice_request(
        &self,
        new: NewRequest,
    ) -> Result<InvoiceRequest, CreateRequestError> {
        check(&new, UnixSeconds::now())?;
        self.file_request(new).await
    }

    /// Makes and files an invoice_request that has been checked.
    pub(super) async fn file_request(&self, new: NewRequest) -> Result<InvoiceRequest, CreateRequestError> {
        let unsigned = self.written(&new)?;
        let sign = |digest: &_| Ok::<_, Infallible>(self.lightning().sign_bolt12(digest));
        let signed = || {
            let Ok(signed) = unsigned.sign(sign);
            signed.to_string()
        };
        let (bolt12, bolt12_unsigned) = match new.dialects {
            Dialects::Signed => (signed(), None),
            Dialects::Unsigned => (unsigned.to_string(), None),
            Dialects::Both => (signed(), Some(unsigned.to_string())),
        };
        let filed = NewInvoiceRequest {
            id: unsigned.id(),
            label: new.label,
            bolt12,
            bolt12_unsigned,
            single_use: new.single_use,
            amount: new.amount,
            absolute_expiry: new.absolute_expiry,
            limits: new.limits,
        };
        let request = self.ledger().create_invoice_request(filed).await;
        let request = request.map(Recorded::into_inner)?;
        self.will_expire(&request);
        Ok(request)
    }

    /// The request in the unsigned dialect, with ways to us if our id is not enough to find us.
    fn written(&self, new: &NewRequest) -> Result<OfferlessRequest, CreateRequestError> {
        let mut metadata = [0; 16];
        getrandom::fill(&mut metadata)?;
        let lightning = self.lightning();
        let chain = ChainHash::using_genesis_block(lightning.network());
        let mut builder =
            InvoiceRequestBuilder::new(chain, new.amount, &new.description, metadata, lightning.id());
        if let Some(issuer) = &new.issuer {
            builder = builder.issuer(issuer);
        }
        if let Some(expiry) = new.absolute_expiry {
            builder = builder.absolute_expiry(expiry);
        }
        let request = builder.clone().build()?;
        // The paths are a part of what the final id covers, so what stands in them is the id without them.
        let tag = MessageTag::Request(request.id().0);
        let paths = self.paths_to_us(tag, MessageKind::InvoiceRequest);
        match paths.map_err(RequestRejection::from)? {
            Some(paths) => Ok(builder.paths(&paths).build()?),
            None => Ok(request),
        }
    }
}

fn check(new: &NewRequest, now: UnixSeconds) -> Result<(), CreateRequestError> {
    if new.amount == Msat::ZERO {
        return Err(CreateRequestError::NoAmount);
    }
    let limits = [
        ("max_payments", new.limits.max_payments),
        ("max_total_msat", new.limits.max_total.map(|total| total.0)),
        ("min_interval", new.limits.min_interval),
    ];
    for (name, limit) in limits {
        match limit {
            Some(_) if new.single_use => return Err(CreateRequestError::LimitOfSingleUse(name)),
            Some(0) => return Err(CreateRequestError::NothingAllowed(name)),
            _ => {}
        }
    }
    match new.absolute_expiry {
        Some(expiry) if expiry < now => Err(CreateRequestError::Expired),
        _ => Ok(()),
    }
}
