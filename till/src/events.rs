//! What happens to invoices and payouts, told in order to whoever follows, from any place on.
//!
//! Nothing is recorded for it: every kind of event has an index that grows by one in the ledger already, and a [`Cursor`] says how far somebody
//! has come in each. Who follows subscribes to the ledger's changes first and reads behind the cursor afterwards, so it does not matter
//! whether something happened before, during or after, or whether the daemon has stopped in between.
//!
//! Within a kind the order is that of the indexes. An invoice is told to be made before it is told to be paid, and a payout to be begun before it
//! is told to have ended. An event shows what it is about as it is when it is told. What was deleted by then is not told.

mod cursor;

pub use cursor::{Cursor, CursorError};

use crate::receive::current;
use crate::till::Till;
use crate::waiting::hear;
use boltill_ledger::{
    Change, IndexKind, Invoice, InvoiceRequest, InvoiceState, Ledger, LedgerError, Order, PayoutOf,
    PayoutState, Range, Subsystem,
};
use boltill_types::PayIndex;
use cursor::Kind;
use tokio::sync::broadcast::Receiver;

/// How many indexes are looked at in one read, however few of them are events.
const WINDOW: u64 = 4_096;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An invoice was made.
    InvoiceCreated(Invoice),
    /// An invoice was paid.
    InvoicePaid(Invoice),
    /// An invoice has expired; told again when its description is removed.
    InvoiceExpired(Invoice),
    /// An invoice_request was made.
    RequestCreated(InvoiceRequest),
    /// A payment for an invoice_request was begun.
    PayoutBegun(PayoutOf),
    /// A payment for an invoice_request has arrived.
    PayoutPaid(PayoutOf),
    /// A payment for an invoice_request has come back, or never left.
    PayoutFailed(PayoutOf),
}

/// All events from some place on.
pub struct Events {
    till: Till,
    changes: Receiver<Change>,
    /// What has been told.
    at: Cursor,
    /// What had happened at one moment, and is told before anything later.
    until: Cursor,
}

impl Till {
    /// The events behind that cursor, or from now on.
    ///
    /// # Errors
    /// When the cursor is ahead of everything that has happened: it belongs to another ledger.
    pub fn events(&self, after: Option<Cursor>) -> Result<Events, CursorError> {
        let changes = self.ledger().subscribe();
        let now = reached(self.ledger());
        let at = after.unwrap_or(now);
        if !at.is_within(&now) {
            return Err(CursorError::Ahead);
        }
        Ok(Events {
            till: self.clone(),
            changes,
            at,
            until: now,
        })
    }
}

/// How far everything has come. What comes first in an invoice's or payout's life is looked at last, so that whatever has ended has also begun.
fn reached(ledger: &Ledger) -> Cursor {
    let updated = |subsystem| ledger.current_index(subsystem, IndexKind::Updated);
    let created = |subsystem| ledger.current_index(subsystem, IndexKind::Created);
    let mut cursor = Cursor::default();
    *cursor.of(Kind::PayoutsEnded) = updated(Subsystem::Sendpays);
    *cursor.of(Kind::PayoutsBegun) = created(Subsystem::Sendpays);
    *cursor.of(Kind::RequestsCreated) = created(Subsystem::InvoiceRequests);
    *cursor.of(Kind::InvoicesUpdated) = updated(Subsystem::Invoices);
    *cursor.of(Kind::InvoicesPaid) = ledger.last_pay_index().0;
    *cursor.of(Kind::InvoicesCreated) = created(Subsystem::Invoices);
    cursor
}

impl Events {
    /// Behind everything that was told.
    pub fn cursor(&self) -> Cursor {
        self.at
    }

    /// Waits for the next events, each with the cursor behind it; there are some, and not many. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// When the ledger fails or is closed.
    pub async fn next(&mut self) -> Result<Vec<(Cursor, Event)>, LedgerError> {
        loop {
            let behind = Kind::ALL.into_iter().find(|kind| {
                let (mut at, mut until) = (self.at, self.until);
                at.of(*kind) < until.of(*kind)
            });
            if let Some(kind) = behind {
                let events = self.read(kind).await?;
                if !events.is_empty() {
                    return Ok(events);
                }
                continue;
            }
            self.until = reached(self.till.ledger());
            if self.until == self.at {
                // That some were missed means no more than that something has changed.
                hear(&mut self.changes).await?;
            }
        }
    }

    /// Reads on in one kind.
    async fn read(&mut self, kind: Kind) -> Result<Vec<(Cursor, Event)>, LedgerError> {
        let (start, until) = (*self.at.of(kind) + 1, *self.until.of(kind));
        let end = until.min(start.saturating_add(WINDOW - 1));
        let page = page(self.till.ledger(), kind, start, end).await?;
        let (mut events, mut at) = (Vec::new(), self.at);
        for (index, event) in page.entries {
            *at.of(kind) = index;
            events.extend(event.map(|event| (at, event)));
        }
        if page.is_last {
            *at.of(kind) = end;
            if let Some((last, _)) = events.last_mut() {
                *last = at;
            }
        }
        self.at = at;
        Ok(events)
    }
}

/// Entries with their indexes; those that are no event are there for their index.
struct Page {
    entries: Vec<(u64, Option<Event>)>,
    /// Whether there is nothing behind it up to the end that was asked for.
    is_last: bool,
}

async fn page(ledger: &Ledger, kind: Kind, start: u64, end: u64) -> Result<Page, LedgerError> {
    let range = |order| Range {
        order,
        start,
        limit: None,
    };
    let entries: Vec<(u64, Option<Event>)> = match kind {
        Kind::InvoicesCreated => {
            let page = ledger.list_invoices(range(Order::Created)).next_page().await?;
            let created = |invoice: Invoice| {
                let index = invoice.created_index.0;
                (index, Some(Event::InvoiceCreated(current(invoice))))
            };
            page.into_iter().flatten().map(created).collect()
        }
        Kind::InvoicesPaid => {
            let page = ledger.list_paid_invoices(PayIndex(start - 1)).next_page().await?;
            page.into_iter().flatten().filter_map(paid).collect()
        }
        Kind::InvoicesUpdated => {
            let page = ledger.list_invoices(range(Order::Updated)).next_page().await?;
            page.into_iter().flatten().filter_map(updated).collect()
        }
        Kind::RequestsCreated => {
            let page = ledger
                .list_invoice_requests(range(Order::Created))
                .next_page()
                .await?;
            let created = |request: InvoiceRequest| {
                let index = request.created_index.0;
                (index, Some(Event::RequestCreated(request)))
            };
            page.into_iter().flatten().map(created).collect()
        }
        Kind::PayoutsBegun => {
            let page = ledger.list_payouts(start, end).next_page().await?;
            let begun = |payout: PayoutOf| (payout.index, Some(Event::PayoutBegun(payout)));
            page.into_iter().flatten().map(begun).collect()
        }
        Kind::PayoutsEnded => {
            let page = ledger.list_ended_payouts(start, end).next_page().await?;
            page.into_iter().flatten().map(ended).collect()
        }
    };
    // Some listings go on to the last index there is.
    let count = entries.len();
    let entries: Vec<_> = entries.into_iter().filter(|(index, _)| *index <= end).collect();
    let reaches_end = entries.last().is_some_and(|(index, _)| *index == end);
    Ok(Page {
        is_last: entries.is_empty() || reaches_end || entries.len() < count,
        entries,
    })
}

fn paid(invoice: Invoice) -> Option<(u64, Option<Event>)> {
    match invoice.state {
        InvoiceState::Paid { pay_index, .. } => Some((pay_index.0, Some(Event::InvoicePaid(invoice)))),
        InvoiceState::Unpaid | InvoiceState::Expired => None,
    }
}

/// Of the changes of an invoice, its expiry; its payment has an index of its own.
fn updated(invoice: Invoice) -> Option<(u64, Option<Event>)> {
    let index = invoice.updated_index?.0;
    match invoice.state {
        InvoiceState::Expired => Some((index, Some(Event::InvoiceExpired(invoice)))),
        InvoiceState::Unpaid | InvoiceState::Paid { .. } => Some((index, None)),
    }
}

fn ended(payout: PayoutOf) -> (u64, Option<Event>) {
    let index = payout.index;
    let event = match payout.payout.state {
        PayoutState::Pending => None,
        PayoutState::Complete { .. } => Some(Event::PayoutPaid(payout)),
        PayoutState::Failed { .. } => Some(Event::PayoutFailed(payout)),
    };
    (index, event)
}

#[cfg(test)]
mod tests;
