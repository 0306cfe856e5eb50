//! What can happen to an invoice: it is made, paid, expired, stripped of its description, deleted.

use super::read::{by_hash, by_label};
use super::row::{invoice, sql};
use super::{Invoice, InvoiceState, InvoiceStatus, InvoiceText, NewInvoice};
use crate::Recorded;
use crate::changes::Change;
use crate::counters::IndexKind;
use crate::error::LedgerError;
use crate::job::Durable;
use crate::keys::Key;
use crate::ledger::Ledger;
use crate::offers;
use crate::sql::{all, execute, hash_key, int, text_key};
use crate::writer::WriteTx;
use boltill_types::{Label, Msat, OfferId, PaymentHash, UnixSeconds};
use rusqlite::params_from_iter;

/// Why an invoice was not filed. Checked in the order of the variants, as Core Lightning does.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateInvoiceError {
    /// Another invoice has that payment hash; Core Lightning's code 901.
    #[error("preimage already used")]
    PreimageUsed(Box<Invoice>),
    /// Another invoice, enclosed, has that label; Core Lightning's code 900.
    #[error("Duplicate label '{}'", .0.label)]
    DuplicateLabel(Box<Invoice>),
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why an invoice was not recorded as paid.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SettleInvoiceError {
    /// There is no invoice with that payment hash; it may have been deleted while the payment was on its way.
    #[error("no invoice has that payment hash")]
    UnknownInvoice,
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why an invoice was not deleted, or its description not removed. Checked in the order of the variants, as Core
/// Lightning does.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeleteInvoiceError {
    /// There is no invoice of that label; Core Lightning's code 905.
    #[error("Unknown invoice")]
    UnknownInvoice,
    /// The invoice has another status than the caller thinks; Core Lightning's code 906.
    #[error("Invoice status is {current} not {expected}")]
    StatusMismatch {
        /// What it is.
        current: InvoiceStatus,
        /// What the caller thinks it is.
        expected: InvoiceStatus,
    },
    /// The invoice has no description to remove; Core Lightning's code 908.
    #[error("Invoice description already removed")]
    DescriptionRemoved,
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// Files an invoice as unpaid.
    pub fn create_invoice(&self, invoice: NewInvoice) -> Durable<Invoice, CreateInvoiceError> {
        self.writer.write_once(move |tx| create(tx, invoice))
    }

    /// Records that an invoice was paid, and assigns its pay index.
    ///
    /// To be called once the money is ours, so it also takes an invoice that expired in the meantime; whether an
    /// invoice may still be paid is decided before the payment is claimed. Idempotent: an invoice that is paid
    /// already stays as it is. An offer that it is for becomes used in the same transaction.
    pub fn settle_invoice(
        &self,
        payment_hash: PaymentHash,
        received: Msat,
        paid_at: UnixSeconds,
    ) -> Durable<Recorded<Invoice>, SettleInvoiceError> {
        self.writer
            .write(move |tx| settle(tx, payment_hash, received, paid_at))
    }

    /// Marks unpaid invoices whose time has come as expired, the longest due first and at most `limit` of them.
    ///
    /// Answers how many there were; when that is `limit`, there may be more. A limit of some hundreds keeps the
    /// transaction short for the writes that share it.
    pub fn expire_due_invoices(&self, now: UnixSeconds, limit: u32) -> Durable<u32, LedgerError> {
        self.writer.write(move |tx| expire_due(tx, now, limit))
    }

    /// Deletes an invoice if it has the expected status, and answers what it was.
    pub fn delete_invoice(
        &self,
        label: Label,
        expected: InvoiceStatus,
    ) -> Durable<Invoice, DeleteInvoiceError> {
        self.writer.write(move |tx| delete(tx, &label, expected))
    }

    /// Removes an invoice's description, which may be long, if the invoice has the expected status, and answers the
    /// invoice as it is without.
    pub fn delete_invoice_description(
        &self,
        label: Label,
        expected: InvoiceStatus,
    ) -> Durable<Invoice, DeleteInvoiceError> {
        self.writer
            .write(move |tx| delete_description(tx, &label, expected))
    }
}

pub(crate) fn create(tx: &mut WriteTx<'_>, new: NewInvoice) -> Result<Invoice, CreateInvoiceError> {
    if !new.preimage_is_fresh
        && let Some(other) = by_hash(tx.keys, tx.conn, &new.payment_hash)?
    {
        return Err(CreateInvoiceError::PreimageUsed(Box::new(other)));
    }
    if let Some(other) = by_label(tx.keys, tx.conn, &new.label)? {
        return Err(CreateInvoiceError::DuplicateLabel(Box::new(other)));
    }
    let invoice = Invoice {
        created_index: tx.counters.invoices.next_created(),
        updated_index: None,
        label: new.label,
        text: new.text,
        payment_hash: new.payment_hash,
        payment_preimage: new.payment_preimage,
        amount: new.amount,
        description: new.description,
        expires_at: new.expires_at,
        local_offer_id: new.local_offer_id,
        invreq_payer_note: new.invreq_payer_note,
        state: InvoiceState::Unpaid,
    };
    insert(tx, &invoice)?;
    tx.publish(Change::invoice(
        IndexKind::Created,
        invoice.created_index.0,
        &invoice,
    ));
    Ok(invoice)
}

fn insert(tx: &WriteTx<'_>, invoice: &Invoice) -> Result<(), LedgerError> {
    let (label, hash) = keys_of(invoice);
    tx.keys.add(label, hash, invoice.created_index);
    let (bolt11, bolt12) = match &invoice.text {
        InvoiceText::Bolt11(text) => (Some(text), None),
        InvoiceText::Bolt12(text) => (None, Some(text)),
    };
    let columns = (
        int(invoice.created_index.0),
        text_key(invoice.label.as_str()),
        hash_key(&invoice.payment_hash.0),
        int(invoice.expires_at.0),
        invoice.amount.map(|amount| int(amount.0)),
        invoice.payment_hash.0,
        invoice.payment_preimage.0,
        invoice.label.as_str(),
        bolt11,
        bolt12,
        &invoice.description,
        invoice.local_offer_id.map(|id| id.0),
        &invoice.invreq_payer_note,
    );
    execute(tx.conn, sql::INSERT, columns)
}

/// What the invoice is found by.
fn keys_of(invoice: &Invoice) -> (Key, Key) {
    (Key::of_label(&invoice.label), Key::of_hash(&invoice.payment_hash))
}

pub(crate) fn settle(
    tx: &mut WriteTx<'_>,
    payment_hash: PaymentHash,
    received: Msat,
    paid_at: UnixSeconds,
) -> Result<Recorded<Invoice>, SettleInvoiceError> {
    let found = by_hash(tx.keys, tx.conn, &payment_hash)?;
    let mut invoice = found.ok_or(SettleInvoiceError::UnknownInvoice)?;
    if invoice.state.status() == InvoiceStatus::Paid {
        return Ok(Recorded::Already(invoice));
    }
    let pay_index = tx.counters.next_pay();
    invoice.state = InvoiceState::Paid {
        pay_index,
        received,
        paid_at,
    };
    let payment = [pay_index.0, received.0, paid_at.0].map(int);
    update(tx, &mut invoice, sql::SETTLE, &payment)?;
    if let Some(offer) = invoice.local_offer_id {
        offers::use_up(tx, &offer)?;
    }
    Ok(Recorded::Newly(invoice))
}

fn expire_due(tx: &mut WriteTx<'_>, now: UnixSeconds, limit: u32) -> Result<u32, LedgerError> {
    let due = all(tx.conn, sql::DUE, (int(now.0), limit), invoice)?;
    expire(tx, due)
}

/// Marks the unpaid invoices for an offer of ours as expired.
pub(crate) fn expire_of_offer(tx: &mut WriteTx<'_>, offer: &OfferId) -> Result<(), LedgerError> {
    let unpaid = all(tx.conn, sql::UNPAID_OF_OFFER, [offer.0], invoice)?;
    expire(tx, unpaid)?;
    Ok(())
}

/// Marks unpaid invoices as expired, and answers how many they were.
fn expire(tx: &mut WriteTx<'_>, unpaid: Vec<Invoice>) -> Result<u32, LedgerError> {
    let mut expired = 0;
    for mut invoice in unpaid {
        invoice.state = InvoiceState::Expired;
        update(tx, &mut invoice, sql::EXPIRE, &[])?;
        expired += 1;
    }
    Ok(expired)
}

fn delete(
    tx: &mut WriteTx<'_>,
    label: &Label,
    expected: InvoiceStatus,
) -> Result<Invoice, DeleteInvoiceError> {
    let invoice = expected_invoice(tx, label, expected)?;
    remove(tx, &invoice)?;
    Ok(invoice)
}

pub(super) fn remove(tx: &mut WriteTx<'_>, invoice: &Invoice) -> Result<(), LedgerError> {
    execute(tx.conn, sql::DELETE, [int(invoice.created_index.0)])?;
    let (label, hash) = keys_of(invoice);
    tx.remove_keys(label, hash, invoice.created_index);
    let index = tx.counters.invoices.next_deleted();
    tx.publish(Change::invoice(IndexKind::Deleted, index.0, invoice));
    Ok(())
}

fn delete_description(
    tx: &mut WriteTx<'_>,
    label: &Label,
    expected: InvoiceStatus,
) -> Result<Invoice, DeleteInvoiceError> {
    let mut invoice = expected_invoice(tx, label, expected)?;
    if invoice.description.take().is_none() {
        return Err(DeleteInvoiceError::DescriptionRemoved);
    }
    update(tx, &mut invoice, sql::REMOVE_DESCRIPTION, &[])?;
    Ok(invoice)
}

/// The invoice of that label, if it has the status that the caller thinks it has.
fn expected_invoice(
    tx: &WriteTx<'_>,
    label: &Label,
    expected: InvoiceStatus,
) -> Result<Invoice, DeleteInvoiceError> {
    let found = by_label(tx.keys, tx.conn, label)?;
    let invoice = found.ok_or(DeleteInvoiceError::UnknownInvoice)?;
    let current = invoice.state.status();
    if current != expected {
        return Err(DeleteInvoiceError::StatusMismatch { current, expected });
    }
    Ok(invoice)
}

/// Gives a changed invoice its next updated index, stores and publishes the change. The statement's parameters are the
/// created index, the updated index, and what `columns` adds.
fn update(
    tx: &mut WriteTx<'_>,
    invoice: &mut Invoice,
    statement: &str,
    columns: &[i64],
) -> Result<(), LedgerError> {
    let index = tx.counters.invoices.next_updated();
    invoice.updated_index = Some(index);
    let indexes = [invoice.created_index.0, index.0].map(int);
    execute(
        tx.conn,
        statement,
        params_from_iter(indexes.iter().chain(columns)),
    )?;
    tx.publish(Change::invoice(IndexKind::Updated, index.0, invoice));
    Ok(())
}
