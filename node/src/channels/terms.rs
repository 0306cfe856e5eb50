//! What we ask of those who pay through a channel.

use crate::Node;
use lightning::ln::channel_state::ChannelDetails;
use lightning::util::config::ChannelConfigUpdate;
use lightning::util::errors::APIError;

/// New fees for forwarding out over a channel; what is absent stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForwardingFees {
    /// The fixed part, in msat.
    pub base_msat: Option<u32>,
    /// The proportional part, in millionths of the amount.
    pub proportional_millionths: Option<u32>,
}

/// Why fees are not set.
#[derive(Debug, thiserror::Error)]
pub enum SetFeesError {
    /// The channel was closed in between.
    #[error("the channel is gone")]
    Gone,
    /// The node is stopping.
    #[error("the change could not be written down")]
    NotWritten,
}

impl Node {
    /// Sets what channels ask for forwarding, tells the network or the peer, and answers when it is durable. LDK takes the fees
    /// from before as well for four to five minutes more, or until a restart.
    ///
    /// # Errors
    /// [`SetFeesError`]; some of the channels may have the new fees then.
    pub async fn set_forwarding_fees(
        &self,
        channels: &[ChannelDetails],
        fees: ForwardingFees,
    ) -> Result<(), SetFeesError> {
        let inner = &self.inner;
        let update = ChannelConfigUpdate {
            forwarding_fee_base_msat: fees.base_msat,
            forwarding_fee_proportional_millionths: fees.proportional_millionths,
            ..ChannelConfigUpdate::default()
        };
        for channel in channels {
            inner
                .channel_manager
                .update_partial_channel_config(&channel.counterparty.node_id, &[channel.channel_id], &update)
                .map_err(|error: APIError| {
                    tracing::debug!("channel {} has no new fees: {error:?}", channel.channel_id);
                    SetFeesError::Gone
                })?;
        }
        inner.peer_manager.process_events();
        inner
            .notes
            .write_manager()
            .await
            .map_err(|_| SetFeesError::NotWritten)
    }
}
