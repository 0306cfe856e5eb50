//! Looking payments up.

use super::row::{payment, sql, status_column};
use super::{Payment, PaymentId, PaymentStatus};
use crate::counters::{IndexKind, Subsystem};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::paging::{Listing, Order, Range};
use crate::sql::{all, hash_key, one};
use boltill_types::PaymentHash;
use rusqlite::Connection;

impl Ledger {
    /// Every attempt at a payment hash, in the order of creation.
    pub async fn payments_by_hash(&self, payment_hash: PaymentHash) -> Result<Vec<Payment>, LedgerError> {
        self.readers.read(move |conn| by_hash(conn, &payment_hash)).await
    }

    /// The latest attempt with that id of LDK's.
    pub async fn payment_by_id(&self, payment_id: PaymentId) -> Result<Option<Payment>, LedgerError> {
        self.readers
            .read(move |conn| latest_of_id(conn, &payment_id))
            .await
    }

    /// Payments in the order of an index, a page at a time.
    pub fn list_payments(&self, range: Range) -> Listing<Payment> {
        let (statement, kind) = match range.order {
            Order::Created => (sql::BY_CREATION, IndexKind::Created),
            Order::Updated => (sql::BY_UPDATE, IndexKind::Updated),
        };
        let end = self.current_index(Subsystem::Sendpays, kind);
        Listing::new(&self.readers, range, end, position, move |conn, bounds| {
            all(conn, statement, bounds, payment)
        })
    }

    /// Payments with that status, in the order of creation, a page at a time. Those that are pending are what
    /// start-up has to reconcile with LDK.
    pub fn list_payments_by_status(&self, status: PaymentStatus) -> Listing<Payment> {
        let end = self.current_index(Subsystem::Sendpays, IndexKind::Created);
        Listing::new(
            &self.readers,
            Range::ALL,
            end,
            position,
            move |conn, [from, to, limit]| {
                all(
                    conn,
                    sql::BY_STATUS,
                    [from, to, limit, status_column(status)],
                    payment,
                )
            },
        )
    }
}

/// Where the payment stands in that order.
fn position(payment: &Payment, order: Order) -> u64 {
    match order {
        Order::Created => payment.created_index.0,
        Order::Updated => payment.updated_index.map_or(0, |index| index.0),
    }
}

pub(crate) fn by_hash(conn: &Connection, hash: &PaymentHash) -> Result<Vec<Payment>, LedgerError> {
    all(conn, sql::BY_HASH, (hash_key(&hash.0), hash.0), payment)
}

pub(super) fn latest_of_id(conn: &Connection, id: &PaymentId) -> Result<Option<Payment>, LedgerError> {
    one(conn, sql::LATEST_OF_ID, (hash_key(&id.0), id.0), payment)
}
