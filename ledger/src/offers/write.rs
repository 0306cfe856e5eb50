//! What can happen to an offer: it is made, an invoice is filed for it, it is used, disabled, enabled.

use super::read::by_id;
use super::row::sql;
use super::{NewOffer, Offer};
use crate::Recorded;
use crate::error::LedgerError;
use crate::invoices::{self, CreateInvoiceError, Invoice, NewInvoice};
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::sql::{execute, hash_key, int};
use crate::writer::WriteTx;
use boltill_types::OfferId;

/// Why an offer was not filed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateOfferError {
    /// The enclosed one has that id and is not active; Core Lightning's code 1000.
    #[error("Already exists, but isn't active")]
    NotActive(Box<Offer>),
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why an invoice was not filed for an offer. Checked in the order of the variants.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateOfferInvoiceError {
    /// There is no offer of that id.
    #[error("Unknown offer")]
    UnknownOffer,
    /// The offer was disabled, or was for a single use and has been used.
    #[error("Offer no longer available")]
    NotActive,
    /// The invoice clashes with another.
    #[error(transparent)]
    Invoice(CreateInvoiceError),
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why an offer was not disabled. Checked in the order of the variants, as Core Lightning does.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DisableOfferError {
    /// There is no offer of that id.
    #[error("Unknown offer")]
    Unknown,
    /// The enclosed one was disabled before, or used up; Core Lightning's code 1001.
    #[error("offer is not active")]
    NotActive(Box<Offer>),
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why an offer was not enabled. Checked in the order of the variants, as Core Lightning does.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EnableOfferError {
    /// There is no offer of that id.
    #[error("Unknown offer")]
    Unknown,
    /// The enclosed one is active; Core Lightning's code 1006.
    #[error("offer already active")]
    AlreadyActive(Box<Offer>),
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// Files an offer; to be durable before it is shown to anybody.
    ///
    /// One of the same id that is active is the same offer, and found again as it is.
    pub fn create_offer(&self, offer: NewOffer) -> Durable<Recorded<Offer>, CreateOfferError> {
        self.writer.write(move |tx| create(tx, offer))
    }

    /// Files an invoice for an offer as unpaid, with the offer's id in it, if the offer is active in that very moment.
    pub fn create_offer_invoice(
        &self,
        offer: OfferId,
        invoice: NewInvoice,
    ) -> Durable<Invoice, CreateOfferInvoiceError> {
        self.writer.write(move |tx| create_invoice(tx, offer, invoice))
    }

    /// Makes an offer inactive, so that no invoice is made for it any more, and expires those that are unpaid.
    pub fn disable_offer(&self, id: OfferId) -> Durable<Offer, DisableOfferError> {
        self.writer.write(move |tx| disable(tx, &id))
    }

    /// Makes an offer active again. Invoices that expired when it was disabled stay so.
    pub fn enable_offer(&self, id: OfferId) -> Durable<Offer, EnableOfferError> {
        self.writer.write(move |tx| enable(tx, &id))
    }
}

fn create(tx: &mut WriteTx<'_>, new: NewOffer) -> Result<Recorded<Offer>, CreateOfferError> {
    match by_id(tx.conn, &new.id)? {
        Some(same) if same.active => return Ok(Recorded::Already(same)),
        Some(same) => return Err(CreateOfferError::NotActive(Box::new(same))),
        None => {}
    }
    let columns = (
        hash_key(&new.id.0),
        new.single_use,
        new.force_paths,
        new.id.0,
        &new.label,
        &new.bolt12,
    );
    execute(tx.conn, sql::INSERT, columns)?;
    match by_id(tx.conn, &new.id)? {
        Some(offer) => Ok(Recorded::Newly(offer)),
        // It was filed a moment ago.
        None => Err(LedgerError::RolledBack.into()),
    }
}

fn create_invoice(
    tx: &mut WriteTx<'_>,
    id: OfferId,
    mut invoice: NewInvoice,
) -> Result<Invoice, CreateOfferInvoiceError> {
    let offer = by_id(tx.conn, &id)?.ok_or(CreateOfferInvoiceError::UnknownOffer)?;
    if !offer.active {
        return Err(CreateOfferInvoiceError::NotActive);
    }
    invoice.local_offer_id = Some(id);
    invoices::create(tx, invoice).map_err(|error| match error {
        CreateInvoiceError::Ledger(error) => error.into(),
        refused => CreateOfferInvoiceError::Invoice(refused),
    })
}

fn disable(tx: &mut WriteTx<'_>, id: &OfferId) -> Result<Offer, DisableOfferError> {
    let mut offer = by_id(tx.conn, id)?.ok_or(DisableOfferError::Unknown)?;
    if !offer.active {
        return Err(DisableOfferError::NotActive(Box::new(offer)));
    }
    offer.active = false;
    update(tx, &offer)?;
    invoices::expire_of_offer(tx, id)?;
    Ok(offer)
}

fn enable(tx: &mut WriteTx<'_>, id: &OfferId) -> Result<Offer, EnableOfferError> {
    let mut offer = by_id(tx.conn, id)?.ok_or(EnableOfferError::Unknown)?;
    if offer.active {
        return Err(EnableOfferError::AlreadyActive(Box::new(offer)));
    }
    offer.active = true;
    update(tx, &offer)?;
    Ok(offer)
}

/// An invoice for the offer was paid; part of the transaction that settles it.
pub(crate) fn use_up(tx: &mut WriteTx<'_>, id: &OfferId) -> Result<(), LedgerError> {
    let Some(mut offer) = by_id(tx.conn, id)? else {
        return Ok(());
    };
    let ends = offer.single_use && offer.active;
    if offer.used && !ends {
        return Ok(());
    }
    offer.used = true;
    offer.active &= !offer.single_use;
    update(tx, &offer)?;
    if ends {
        invoices::expire_of_offer(tx, id)?;
    }
    Ok(())
}

fn update(tx: &WriteTx<'_>, offer: &Offer) -> Result<(), LedgerError> {
    let columns = (int(offer.created_index.0), offer.active, offer.used);
    execute(tx.conn, sql::UPDATE, columns)
}
