//! Coins that come back from closed channels, and transactions whose fee is too low.

use super::EventHandler;
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
                inner.bump.handle(event).await;
                Ok(())
            }
            _ => Ok(()),
        }
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
