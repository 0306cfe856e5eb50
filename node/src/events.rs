//! LDK's events, one module for each family. The rules:
//!
//! 1. Every handler is idempotent: after a restart LDK tells again what it had not yet written down as handled.
//! 2. `ReplayEvent` is returned only when a durable write of ours failed; LDK then tells the event again.
//! 3. Money is ours at `PaymentClaimed`, not at `PaymentClaimable`; it is gone at `PaymentSent`, and ours again at
//!    `PaymentFailed`, not when a part fails. The books are written before the event counts as handled.
//! 4. Forwards are the exception to waiting: their ends are written in order before any later state of the channel manager, which
//!    is enough, since that is what makes LDK forget the event (`records.rs`).
//! 5. Nothing here serialises the channel manager or waits for the network; what takes time becomes an errand.

mod channels;
mod connections;
mod fault;
mod forwards;
mod onchain;
mod payments;

use crate::Node;
use crate::event::{EventSink, NodeEvent, SinkError};
use lightning::events::{Event, ReplayEvent};
use std::sync::Arc;

/// Sends each event of LDK's to whom it concerns.
pub(crate) struct EventHandler {
    node: Node,
    sink: Arc<dyn EventSink>,
}

impl EventHandler {
    pub(crate) fn new(node: Node, sink: Arc<dyn EventSink>) -> EventHandler {
        EventHandler { node, sink }
    }

    /// Handles one event. An event that no family claims is of no concern to a node like this one.
    pub(crate) async fn handle(&self, event: Event) -> Result<(), ReplayEvent> {
        match event {
            Event::FundingGenerationReady { .. }
            | Event::OpenChannelRequest { .. }
            | Event::ChannelPending { .. }
            | Event::ChannelReady { .. }
            | Event::ChannelClosed { .. }
            | Event::DiscardFunding { .. } => self.on_channel(event).await,
            Event::SpendableOutputs { .. } | Event::BumpTransaction(_) => self.on_chain(event).await,
            Event::ConnectionNeeded { node_id, addresses } => {
                self.on_connection_needed(node_id, addresses);
                Ok(())
            }
            Event::PaymentClaimable { .. }
            | Event::PaymentClaimed { .. }
            | Event::PaymentSent { .. }
            | Event::PaymentPathSuccessful { .. }
            | Event::PaymentPathFailed { .. } => self.tell_of_payment(event).await,
            Event::PaymentFailed { .. } => {
                // As long as an older manager is on disk, a crash may bring an HTLC of it back, and it may still arrive.
                let written = self.node.inner.notes.write_manager().await;
                written.map_err(|_| ReplayEvent())?;
                self.tell_of_payment(event).await
            }
            Event::PaymentForwarded { .. } | Event::HTLCHandlingFailed { .. } => {
                match self.end_of_forward(event) {
                    Some(event) => self.tell(event).await,
                    None => Ok(()),
                }
            }
            // Probes, interception, splices, and what only servers of asynchronous payments get: none is asked for.
            other => {
                tracing::debug!("no use for {other:?}");
                Ok(())
            }
        }
    }

    async fn tell_of_payment(&self, event: Event) -> Result<(), ReplayEvent> {
        match payments::translate(event) {
            Some(event) => self.tell(event).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, event: NodeEvent) -> Result<(), ReplayEvent> {
        self.sink.handle(event).await.map_err(|SinkError(error)| {
            tracing::error!("an event could not be recorded and will be told again: {error}");
            ReplayEvent()
        })
    }
}
