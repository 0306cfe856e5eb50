//! The handle that the commands hold, and where events enter.

use crate::collect::Refusals;
use crate::expiry::Expiry;
use crate::forward::{channel_id, forward_failure};
use crate::lightning::Lightning;
use crate::offers::{Fetches, offer_description};
use crate::pay::Flights;
use crate::payout::{Failures, Replies};
use crate::receive::{Claims, Hold};
use boltill_ledger::{ForwardClaimed, ForwardReturned, Ledger, Query, QueryError, Table};
use boltill_node::{BoxFuture, EventSink, ForwardOffer, NodeEvent, SinkError};
use boltill_types::StoreError;
use std::sync::Arc;

/// What the till is told at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TillConfig {
    /// The `min_final_cltv_expiry_delta` of our invoices, in blocks (`--cltv-final`); what LDK demands at least comes
    /// first.
    pub cltv_final: u32,
}

impl TillConfig {
    /// Core Lightning's `--cltv-final`: 18 blocks on mainnet, 10 elsewhere.
    pub fn default_cltv_final(network: bitcoin::Network) -> u32 {
        match network {
            bitcoin::Network::Bitcoin => 18,
            _ => 10,
        }
    }
}

/// Everything that a merchant's till does. Clones are handles to the same till.
#[derive(Clone)]
pub struct Till {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) lightning: Arc<dyn Lightning>,
    pub(crate) config: TillConfig,
    /// Of invoices.
    pub(crate) expiry: Expiry,
    /// Of invoice_requests.
    pub(crate) request_expiry: Expiry,
    pub(crate) flights: Flights,
    pub(crate) hold: Hold,
    pub(crate) replies: Replies,
    pub(crate) failures: Failures,
    pub(crate) claims: Claims,
    pub(crate) refusals: Refusals,
    pub(crate) fetches: Fetches,
}

impl Till {
    /// A till on that ledger and that node.
    ///
    /// Call [`Till::reconcile`] before the node is let into the world, and run [`Till::run_expiry`] beside it.
    pub fn new(ledger: Arc<Ledger>, lightning: Arc<dyn Lightning>, config: TillConfig) -> Till {
        let inner = Inner {
            ledger,
            lightning,
            config,
            expiry: Expiry::default(),
            request_expiry: Expiry::default(),
            flights: Flights::default(),
            hold: Hold::default(),
            replies: Replies::default(),
            failures: Failures::default(),
            claims: Claims::default(),
            refusals: Refusals::default(),
            fetches: Fetches::default(),
        };
        Till {
            inner: Arc::new(inner),
        }
    }

    /// Reads a question in SQL about what the ledger holds; see [`Ledger::query`]. Blocks.
    ///
    /// # Errors
    /// When it may not be asked, or the ledger cannot be read.
    pub fn query(&self, sql: &str, tables: &'static [Table]) -> Result<Query, QueryError> {
        self.ledger().query(sql, tables, offer_description)
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    pub(crate) fn lightning(&self) -> &dyn Lightning {
        &*self.inner.lightning
    }

    async fn on_event(&self, event: NodeEvent) -> Result<(), StoreError> {
        match event {
            NodeEvent::PaymentClaimable(payment) => self.on_claimable(payment).await?,
            NodeEvent::PaymentClaimed(payment) => self.on_claimed(payment).await?,
            NodeEvent::PaymentSent {
                payment_id,
                preimage,
                amount,
                fee,
                ..
            } => {
                self.on_sent(payment_id, preimage, amount, fee).await?;
            }
            NodeEvent::PaymentFailed { payment_id, reason } => self.on_failed(payment_id, reason).await?,
            NodeEvent::PartFailed {
                payment_id,
                refused_by_payee,
                fault,
                ..
            } => self.on_part_failed(payment_id, refused_by_payee, fault).await?,
            NodeEvent::PartSucceeded { payment_id } => self.inner.flights.part_succeeded(payment_id),
            NodeEvent::PaymentForwarded {
                in_channel,
                out_channel,
                out_short_channel_id,
                fee,
                amount_out,
            } => self.on_forwarded(ForwardClaimed {
                in_channel: channel_id(in_channel),
                out_channel: channel_id(out_channel),
                out_short_channel_id,
                out_amount: amount_out,
                fee,
            }),
            NodeEvent::ForwardReturned {
                in_channel,
                out_channel,
                excluded,
                failure,
            } => self.on_returned(ForwardReturned {
                in_channel: channel_id(in_channel),
                out_channel: channel_id(out_channel),
                excluded,
                failure: failure.map(forward_failure),
            }),
            NodeEvent::ForwardRefused {
                incoming,
                outgoing,
                failure,
            } => self.on_refused(incoming, outgoing, failure),
            NodeEvent::ChannelEnded(ended) => self.on_channel_ended(*ended).await?,
        }
        Ok(())
    }
}

impl EventSink for Till {
    fn handle<'a>(&'a self, event: NodeEvent) -> BoxFuture<'a, Result<(), SinkError>> {
        Box::pin(async move { self.on_event(event).await.map_err(SinkError) })
    }

    fn offered(&self, forwards: Vec<ForwardOffer>) {
        self.on_offered(forwards);
    }
}
