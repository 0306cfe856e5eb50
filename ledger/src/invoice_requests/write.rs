//! What can happen to an invoice_request, apart from being paid: it is made, disabled, and its time passes.

use super::read::by_id;
use super::row::{invoice_request, sql};
use super::{InvoiceRequest, NewInvoiceRequest, PayoutSums};
use crate::Recorded;
use crate::changes::Change;
use crate::counters::IndexKind;
use crate::error::LedgerError;
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::sql::{all, execute, hash_key, int};
use crate::writer::WriteTx;
use boltill_types::{InvreqId, UnixSeconds};

/// Why an invoice_request was not filed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateInvoiceRequestError {
    /// The enclosed one has that id, and is paid no more; Core Lightning's code 1000.
    #[error("Already exists, but isn't active")]
    NotActive(Box<InvoiceRequest>),
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why an invoice_request was not disabled. Checked in the order of the variants, as Core Lightning does.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DisableInvoiceRequestError {
    /// There is no invoice_request of that id.
    #[error("Unknown invoice_request")]
    Unknown,
    /// The enclosed one was disabled before, or paid, or its time has passed; Core Lightning's code 1001.
    #[error("invoice_request is not active")]
    NotActive(Box<InvoiceRequest>),
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// Files an invoice_request; to be durable before it is shown to anybody, so that no invoice comes for one that we do not know.
    ///
    /// One of the same id that is active is the same request, and found again as it is.
    pub fn create_invoice_request(
        &self,
        request: NewInvoiceRequest,
    ) -> Durable<Recorded<InvoiceRequest>, CreateInvoiceRequestError> {
        self.writer.write(move |tx| create(tx, request))
    }

    /// Has no payment begun for that invoice_request any more, and answers the request as it then is. A payment under way is left to
    /// finish.
    pub fn disable_invoice_request(
        &self,
        id: InvreqId,
    ) -> Durable<InvoiceRequest, DisableInvoiceRequestError> {
        self.writer.write(move |tx| disable(tx, &id))
    }

    /// Makes inactive the invoice_requests whose time has passed, the longest due first and at most `limit` of them.
    ///
    /// Answers how many there were; when that is `limit`, there may be more. [`Ledger::begin_payout`] looks at the time itself and does
    /// not rely on this.
    pub fn expire_due_invoice_requests(&self, now: UnixSeconds, limit: u32) -> Durable<u32, LedgerError> {
        self.writer.write(move |tx| expire_due(tx, now, limit))
    }
}

fn create(
    tx: &mut WriteTx<'_>,
    new: NewInvoiceRequest,
) -> Result<Recorded<InvoiceRequest>, CreateInvoiceRequestError> {
    match by_id(tx.conn, &new.id)? {
        Some(same) if same.active => return Ok(Recorded::Already(same)),
        Some(same) => return Err(CreateInvoiceRequestError::NotActive(Box::new(same))),
        None => {}
    }
    let request = InvoiceRequest {
        created_index: tx.counters.invoice_requests.next_created(),
        updated_index: None,
        id: new.id,
        label: new.label,
        bolt12: new.bolt12,
        bolt12_unsigned: new.bolt12_unsigned,
        single_use: new.single_use,
        active: true,
        used: false,
        amount: new.amount,
        absolute_expiry: new.absolute_expiry,
        limits: new.limits,
        sums: PayoutSums::default(),
        last_paid_at: None,
    };
    insert(tx, &request)?;
    let index = request.created_index.0;
    tx.publish(Change::invoice_request(IndexKind::Created, index, &request));
    Ok(Recorded::Newly(request))
}

fn insert(tx: &WriteTx<'_>, request: &InvoiceRequest) -> Result<(), LedgerError> {
    let limits = &request.limits;
    let columns = (
        int(request.created_index.0),
        hash_key(&request.id.0),
        request.single_use,
        int(request.amount.0),
        request.absolute_expiry.map(|time| int(time.0)),
        limits.max_payments.map(int),
        limits.max_total.map(|amount| int(amount.0)),
        limits.min_interval.map(int),
        request.id.0,
        &request.label,
        &request.bolt12,
        &request.bolt12_unsigned,
    );
    execute(tx.conn, sql::INSERT, columns)
}

fn disable(tx: &mut WriteTx<'_>, id: &InvreqId) -> Result<InvoiceRequest, DisableInvoiceRequestError> {
    let found = by_id(tx.conn, id)?;
    let mut request = found.ok_or(DisableInvoiceRequestError::Unknown)?;
    if !request.active {
        return Err(DisableInvoiceRequestError::NotActive(Box::new(request)));
    }
    request.active = false;
    update(tx, &mut request)?;
    Ok(request)
}

fn expire_due(tx: &mut WriteTx<'_>, now: UnixSeconds, limit: u32) -> Result<u32, LedgerError> {
    let due = all(tx.conn, sql::DUE, (int(now.0), limit), invoice_request)?;
    let mut expired = 0;
    for mut request in due {
        request.active = false;
        update(tx, &mut request)?;
        expired += 1;
    }
    Ok(expired)
}

/// Gives a changed request its next updated index, stores and publishes the change.
pub(crate) fn update(tx: &mut WriteTx<'_>, request: &mut InvoiceRequest) -> Result<(), LedgerError> {
    let index = tx.counters.invoice_requests.next_updated();
    request.updated_index = Some(index);
    let sums = &request.sums;
    let columns = (
        int(request.created_index.0),
        int(index.0),
        request.active,
        request.used,
        int(sums.paid_count),
        int(sums.paid.0),
        int(sums.pending_count),
        int(sums.pending.0),
        request.last_paid_at.map(|time| int(time.0)),
    );
    execute(tx.conn, sql::UPDATE, columns)?;
    tx.publish(Change::invoice_request(IndexKind::Updated, index.0, request));
    Ok(())
}
