//! Payouts: what is paid for invoice_requests, each exactly once.
//!
//! Whoever reads an invoice_request of ours sends an invoice, and we pay it. Between the two stand network, disk and crashes, and more
//! readers than one. What decides whether money leaves is in this module, in two transactions.
//!
//! **The beginning**, [`Ledger::begin_payout`]: one transaction looks whether the request may be paid and files the payment *and* the payout
//! as pending. Only when it is durable may the payment be sent. All beginnings go through the ledger's one writer, so of any number
//! of invoices that race for a request each sees what those before it left.
//!
//! **The end**: [`Ledger::complete_payment`], [`Ledger::fail_payment`] and whatever else ends a payment end its payout in the same transaction.
//! Nobody has to remember a payout: who brings pending payments in line with LDK after a crash, which is done before any message
//! is read, has done so for payouts.
//!
//! | payout | when | what it does to its request |
//! | --- | --- | --- |
//! | none -> pending | the beginning | counts as pending |
//! | pending -> complete | the payment has arrived | counts as paid; the request is *used*, and if it is for a single use no longer *active* |
//! | pending -> failed | the payment has come back, or never left | counts no more: what it held is free again |
//! | failed -> complete | a preimage came after all | counts as paid |
//!
//! The last is a safeguard for books that were wrong: a preimage is a proof that money has left, whatever was recorded before.
//! It alone can bring the sums above the limits, and a request for a single use to two payments.
//!
//! # The rules
//!
//! 1. A payment hash is paid once, whatever request (or command) it is paid for. What a payout has paid stays known when the payment's own
//!    row is deleted. That it is the same invoice is looked at first: when one comes twice, by two ways, nobody has done wrong, and
//!    whoever sent it must not be told that it was refused.
//! 2. Nothing is begun for a request that is not active, or whose time has passed.
//! 3. A request for a single use has at most one payout that is pending or complete.
//! 4. The payouts that are pending or complete never pass the request's [`PayoutLimits`](crate::PayoutLimits), neither in number nor in sum, and begin no
//!    closer together than its interval.
//! 5. To disable a request, or that its time passes, changes nothing for a payout that is pending: it ends as it would have.
//! 6. The sums in the request's row are those of its payouts, at every moment.
//!
//! Whether the invoice is valid, mirrors the request, and asks for no more than the request's amount cannot change between two
//! transactions, and is for the caller to have checked.
//!
//! [`Ledger::begin_payout`]: crate::Ledger::begin_payout
//! [`Ledger::complete_payment`]: crate::Ledger::complete_payment
//! [`Ledger::fail_payment`]: crate::Ledger::fail_payment

mod begin;
mod close;
mod row;

pub(crate) use begin::begin;
pub use begin::{Begun, PayoutRefusal, Unavailable};
pub(crate) use close::close;

#[cfg(test)]
pub(crate) use row::sql;

use crate::counters::{IndexKind, Subsystem};
use crate::ledger::Ledger;
use crate::paging::{Listing, Order, Range};
use crate::payments::PaymentStatus;
use crate::sql::{all, hash_key};
use boltill_types::{CreatedIndex, InvreqId, Msat, PaymentHash, UnixSeconds};

/// One attempt to pay an invoice for an invoice_request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Which payment it is, by its created index. That payment may be deleted when it is over; its payout never is.
    pub payment: CreatedIndex,
    /// Which invoice_request it is for, by its created index.
    pub request: CreatedIndex,
    /// The hash of the invoice that is paid.
    pub payment_hash: PaymentHash,
    /// What the payee is to get.
    pub amount: Msat,
    /// When it was begun.
    pub began_at: UnixSeconds,
    /// What came of it.
    pub state: PayoutState,
}

/// A payout among those for all requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutOf {
    /// The payout.
    pub payout: Payout,
    /// The index of its payment that the listing is ordered by.
    pub index: u64,
    /// Which invoice_request it is for.
    pub invreq_id: InvreqId,
    /// Our own name for that.
    pub label: Option<String>,
}

/// What came of a payout; always the same as of its payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutState {
    /// Nothing yet: it may be on its way.
    Pending,
    /// The payee has the money.
    Complete {
        /// When the proof came.
        paid_at: UnixSeconds,
    },
    /// It has come back, or never left.
    Failed {
        /// When it had failed for good.
        failed_at: UnixSeconds,
    },
}

impl PayoutState {
    /// The state without its details.
    pub fn status(self) -> PaymentStatus {
        match self {
            PayoutState::Pending => PaymentStatus::Pending,
            PayoutState::Complete { .. } => PaymentStatus::Complete,
            PayoutState::Failed { .. } => PaymentStatus::Failed,
        }
    }
}

impl Ledger {
    /// The payouts for all requests whose payments have a created index from `start` to `end`, in that order, a page at a time.
    pub fn list_payouts(&self, start: u64, end: u64) -> Listing<PayoutOf> {
        self.payouts_by(row::sql::BY_CREATION, start, end)
    }

    /// The payouts for all requests whose payments have ended, with an updated index from `start` to `end`, in that order, a page at a
    /// time. The time that a page takes grows with the number of all payments between the two. A payment that was deleted is not listed.
    pub fn list_ended_payouts(&self, start: u64, end: u64) -> Listing<PayoutOf> {
        self.payouts_by(row::sql::ENDED, start, end)
    }

    fn payouts_by(&self, statement: &'static str, start: u64, end: u64) -> Listing<PayoutOf> {
        let range = Range { start, ..Range::ALL };
        let position = |payout: &PayoutOf, _: Order| payout.index;
        Listing::new(&self.readers, range, end, position, move |conn, bounds| {
            all(conn, statement, bounds, row::payout_of)
        })
    }

    /// What was and is being paid for that invoice_request, and what failed, in the order of the beginnings, a page at a time; nothing if
    /// there is no such request. It starts with the payment of that created index, and has at most `limit` entries.
    pub fn payouts_of(&self, id: InvreqId, start: CreatedIndex, limit: Option<u32>) -> Listing<Payout> {
        let end = self.current_index(Subsystem::Sendpays, IndexKind::Created);
        let position = |payout: &Payout, _: Order| payout.payment.0;
        let range = Range {
            order: Order::Created,
            start: start.0,
            limit,
        };
        Listing::new(
            &self.readers,
            range,
            end,
            position,
            move |conn, [from, to, limit]| {
                let params = (from, to, limit, hash_key(&id.0), id.0);
                all(conn, row::sql::OF_REQUEST, params, row::payout)
            },
        )
    }
}
