//! What we ask of the other side of a channel, and of those who pay through it.

use crate::Node;
use lightning::ln::channel_state::ChannelDetails;
use lightning::util::config::ChannelConfigUpdate;
use lightning::util::errors::APIError;

/// How many HTLCs the peer may have under way to us in a channel: as many as BOLT 2 allows, with which a commitment is still a standard
/// transaction. An HTLC counts until both sides have forgotten it, some time after the payee has the money, so a burst of payments
/// fills a channel sooner than it seems.
pub const MAX_ACCEPTED_HTLCS: u16 = 483;
/// For how many blocks the peer waits for its money when it closes a channel alone: LDK's default.
pub const THEIR_TO_SELF_DELAY: u16 = 144;
/// The least that an output of our commitment transactions is worth, in sat. LDK has it so for every channel, and offers no choice.
pub const DUST_LIMIT_SAT: u64 = 354;

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
