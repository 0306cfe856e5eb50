//! Looking invoices up.

use super::row::{invoice, sql};
use super::{Invoice, InvoiceState, OfferId};
use crate::counters::{IndexKind, Subsystem};
use crate::error::LedgerError;
use crate::keys::{Key, Keys};
use crate::ledger::Ledger;
use crate::paging::{Listing, Order, Range};
use crate::sql::{all, int, one, seconds};
use boltill_types::{Label, PayIndex, PaymentHash, UnixSeconds};
use rusqlite::Connection;
use std::sync::Arc;

impl Ledger {
    /// The invoice of that label.
    pub async fn invoice_by_label(&self, label: &Label) -> Result<Option<Invoice>, LedgerError> {
        let (keys, label) = (Arc::clone(&self.keys), label.clone());
        self.readers.read(move |conn| by_label(&keys, conn, &label)).await
    }

    /// The invoice of that payment hash.
    pub async fn invoice_by_hash(&self, payment_hash: PaymentHash) -> Result<Option<Invoice>, LedgerError> {
        let keys = Arc::clone(&self.keys);
        self.readers
            .read(move |conn| by_hash(&keys, conn, &payment_hash))
            .await
    }

    /// The first invoice that was paid after the one with that pay index, of those still on file.
    pub async fn next_paid_invoice(&self, after: PayIndex) -> Result<Option<Invoice>, LedgerError> {
        self.readers
            .read(move |conn| one(conn, sql::NEXT_PAID, [int(after.0)], invoice))
            .await
    }

    /// When the next unpaid invoice expires, or did and [`Ledger::expire_due_invoices`] has not come by yet.
    pub async fn next_invoice_expiry(&self) -> Result<Option<UnixSeconds>, LedgerError> {
        self.readers
            .read(|conn| one(conn, sql::NEXT_EXPIRY, (), |row| seconds(row, 0)))
            .await
    }

    /// Invoices in the order of an index, a page at a time.
    pub fn list_invoices(&self, range: Range) -> Listing<Invoice> {
        let (statement, kind) = match range.order {
            Order::Created => (sql::BY_CREATION, IndexKind::Created),
            Order::Updated => (sql::BY_UPDATE, IndexKind::Updated),
        };
        let end = self.current_index(Subsystem::Invoices, kind);
        Listing::new(&self.readers, range, end, position, move |conn, bounds| {
            all(conn, statement, bounds, invoice)
        })
    }

    /// The invoices that were paid after the one with that pay index, in the order of their payments, a page at a time.
    pub fn list_paid_invoices(&self, after: PayIndex) -> Listing<Invoice> {
        let end = self.last_pay_index().0;
        let range = Range {
            start: after.0.saturating_add(1),
            ..Range::ALL
        };
        let paid = |invoice: &Invoice, _: Order| match invoice.state {
            InvoiceState::Paid { pay_index, .. } => pay_index.0,
            InvoiceState::Unpaid | InvoiceState::Expired => 0,
        };
        Listing::new(&self.readers, range, end, paid, |conn, bounds| {
            all(conn, sql::BY_PAYMENT, bounds, invoice)
        })
    }

    /// The invoices that answered one of our offers, in the order of creation, a page at a time.
    pub fn list_invoices_of_offer(&self, offer: OfferId) -> Listing<Invoice> {
        let end = self.current_index(Subsystem::Invoices, IndexKind::Created);
        Listing::new(
            &self.readers,
            Range::ALL,
            end,
            position,
            move |conn, [from, to, limit]| all(conn, sql::BY_OFFER, (from, to, limit, offer.0), invoice),
        )
    }
}

/// Where the invoice stands in that order.
fn position(invoice: &Invoice, order: Order) -> u64 {
    match order {
        Order::Created => invoice.created_index.0,
        Order::Updated => invoice.updated_index.map_or(0, |index| index.0),
    }
}

pub(super) fn by_label(
    keys: &Keys,
    conn: &Connection,
    label: &Label,
) -> Result<Option<Invoice>, LedgerError> {
    keys.find(Key::of_label(label), |index| {
        one(conn, sql::BY_LABEL, (int(index.0), label.as_str()), invoice)
    })
}

pub(crate) fn by_hash(
    keys: &Keys,
    conn: &Connection,
    hash: &PaymentHash,
) -> Result<Option<Invoice>, LedgerError> {
    keys.find(Key::of_hash(hash), |index| {
        one(conn, sql::BY_HASH, (int(index.0), hash.0), invoice)
    })
}
