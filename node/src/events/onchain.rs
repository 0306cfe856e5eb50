//! Coins that come back from closed channels, and transactions whose fee is too low.

use super::EventHandler;
use lightning::events::{Event, ReplayEvent};

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
                tracked.map_err(|()| ReplayEvent())
            }
            Event::BumpTransaction(event) => {
                inner.bump.handle(event).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
