//! Looking invoice_requests up.

use super::InvoiceRequest;
use super::row::{invoice_request, sql};
use crate::counters::{IndexKind, Subsystem};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::paging::{Listing, Order, Range};
use crate::sql::{all, hash_key, int, one, seconds};
use boltill_types::{CreatedIndex, InvreqId, UnixSeconds};
use rusqlite::Connection;

impl Ledger {
    /// The invoice_request of that id.
    pub async fn invoice_request(&self, id: InvreqId) -> Result<Option<InvoiceRequest>, LedgerError> {
        self.readers.read(move |conn| by_id(conn, &id)).await
    }

    /// Invoice_requests in the order of an index, a page at a time.
    pub fn list_invoice_requests(&self, range: Range) -> Listing<InvoiceRequest> {
        let (statement, kind) = match range.order {
            Order::Created => (sql::BY_CREATION, IndexKind::Created),
            Order::Updated => (sql::BY_UPDATE, IndexKind::Updated),
        };
        let end = self.current_index(Subsystem::InvoiceRequests, kind);
        Listing::new(&self.readers, range, end, position, move |conn, bounds| {
            all(conn, statement, bounds, invoice_request)
        })
    }

    /// The invoice_requests that are active, in the order of creation, a page at a time.
    pub fn list_active_invoice_requests(&self) -> Listing<InvoiceRequest> {
        let end = self.current_index(Subsystem::InvoiceRequests, IndexKind::Created);
        Listing::new(&self.readers, Range::ALL, end, position, |conn, bounds| {
            all(conn, sql::ACTIVE, bounds, invoice_request)
        })
    }

    /// The last second of the next active invoice_request that has one; it may have passed, while
    /// [`Ledger::expire_due_invoice_requests`] has not come by yet.
    pub async fn next_invoice_request_expiry(&self) -> Result<Option<UnixSeconds>, LedgerError> {
        self.readers
            .read(|conn| one(conn, sql::NEXT_EXPIRY, (), |row| seconds(row, 0)))
            .await
    }
}

/// Where the request stands in that order.
fn position(request: &InvoiceRequest, order: Order) -> u64 {
    match order {
        Order::Created => request.created_index.0,
        Order::Updated => request.updated_index.map_or(0, |index| index.0),
    }
}

pub(crate) fn by_id(conn: &Connection, id: &InvreqId) -> Result<Option<InvoiceRequest>, LedgerError> {
    one(conn, sql::BY_ID, (hash_key(&id.0), id.0), invoice_request)
}

pub(crate) fn by_index(
    conn: &Connection,
    created_index: CreatedIndex,
) -> Result<Option<InvoiceRequest>, LedgerError> {
    one(conn, sql::BY_INDEX, [int(created_index.0)], invoice_request)
}
