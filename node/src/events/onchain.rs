//! Coins that come back from closed channels, and transactions whose fee is too low.

use super::EventHandler;
use lightning::events::bump_transaction::BumpTransactionEvent;
use lightning::events::{Event, ReplayEvent};
use std::sync::Arc;
use std::time::Duration;

/// What can be swept comes in one event for each channel; those of one block are to share a transaction.
const GATHERING: Duration = Duration::from_secs(1);

impl EventHandler {
    pub(super) async fn on_chain(&self, event: Event) -> Result<(), ReplayEvent> {
        let inner = &self.node.inner;
        match event {
            Event::SpendableOutputs { outputs, channel_id } => {
                // Static outputs pay to the wallet's own scripts, which it sees by itself.
                let tracked = inner
                    .sweeper
                    .track_spendable_outputs(outputs, channel_id, true, None)
                    .await;
                tracked.map_err(|()| ReplayEvent())?;
                self.sweep_soon();
                Ok(())
            }
            Event::BumpTransaction(event) => {
                if !self.is_closed_together(&event) {
                    inner.bump.handle(event).await;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether this would put a commitment in the place of the transaction by which both sides close the channel, and which waits for a
    /// block. After a start LDK wants every channel closed alone that it does not know any more, as long as its funding is not spent.
    fn is_closed_together(&self, event: &BumpTransactionEvent) -> bool {
        let BumpTransactionEvent::ChannelClose {
            channel_id,
            commitment_tx,
            ..
        } = event
        else {
            return false;
        };
        let inner = &self.node.inner;
        let funding = commitment_tx.input.first().map(|input| &input.previous_output);
        let closing = funding.and_then(|funding| inner.wallet.waiting_spender_of(funding));
        inner.records.is_closed_together(*channel_id) && closing.is_some()
    }

    /// Sweeps what there is to sweep. LDK does so too, but only twice a minute; that is also the next try if this one fails.
    fn sweep_soon(&self) {
        let sweeper = Arc::clone(&self.node.inner.sweeper);
        self.node.inner.tasks.spawn_errand(async move {
            tokio::time::sleep(GATHERING).await;
            if sweeper
                .regenerate_and_broadcast_spend_if_necessary()
                .await
                .is_err()
            {
                tracing::warn!("what came back from channels could not be swept; it is tried again soon");
            }
        });
    }
}
