//! Channels that open and close.

use super::EventHandler;
use crate::channels::OpenError;
use crate::flood::tell_refusal;
use bitcoin::Amount;
use bitcoin::secp256k1::PublicKey;
use lightning::events::{ClosureReason, Event, FundingInfo, ReplayEvent};
use lightning::ln::types::ChannelId;

impl EventHandler {
    pub(super) async fn on_channel(&self, event: Event) -> Result<(), ReplayEvent> {
        let inner = &self.node.inner;
        match event {
            Event::FundingGenerationReady {
                temporary_channel_id,
                counterparty_node_id,
                channel_value_satoshis,
                output_script,
                user_channel_id,
            } => {
                let amount = Amount::from_sat(channel_value_satoshis);
                let (id, peer) = (temporary_channel_id, counterparty_node_id);
                self.node
                    .fund_channel(id, peer, user_channel_id, amount, output_script)
                    .await;
            }
            Event::OpenChannelRequest {
                temporary_channel_id,
                counterparty_node_id,
                funding_satoshis,
                channel_type,
                ..
            } => {
                let anchors = channel_type.supports_anchors_zero_fee_htlc_tx()
                    || channel_type.supports_anchor_zero_fee_commitments();
                self.answer_open_request(
                    temporary_channel_id,
                    counterparty_node_id,
                    Amount::from_sat(funding_satoshis),
                    anchors,
                );
            }
            Event::ChannelPending {
                channel_id,
                user_channel_id,
                funding_txo,
                counterparty_node_id,
                ..
            } => {
                tracing::info!("channel {channel_id} with {counterparty_node_id} is funded by {funding_txo}");
                inner.openings.pending(user_channel_id, channel_id, funding_txo);
            }
            Event::ChannelReady {
                channel_id,
                counterparty_node_id,
                ..
            } => {
                tracing::info!("channel {channel_id} with {counterparty_node_id} is ready");
                // By now the peer has said what it calls it.
                inner.records.see_again(&inner.channel_manager, &[channel_id]);
            }
            Event::ChannelClosed {
                channel_id,
                user_channel_id,
                reason,
                ..
            } => {
                tracing::info!("channel {channel_id} is closed: {reason}");
                inner
                    .openings
                    .failed(user_channel_id, OpenError::ByPeer(reason.to_string()));
                inner.closings.closed(&channel_id, &reason);
                match &reason {
                    // There is nothing on the chain, or nothing of ours.
                    ClosureReason::FundingTimedOut
                    | ClosureReason::DisconnectedPeer
                    | ClosureReason::CounterpartyCoopClosedUnfundedChannel
                    | ClosureReason::LocallyCoopClosedUnfundedChannel
                    | ClosureReason::FundingBatchClosure => inner.records.forget(channel_id),
                    reason => inner.records.closed(channel_id, reason),
                }
                // A mutual close changes no monitor, and must not be forgotten once it is broadcast.
                drop(inner.notes.write_manager());
            }
            Event::DiscardFunding {
                channel_id,
                funding_info: FundingInfo::Tx { transaction },
                ..
            } => {
                inner.records.forget(channel_id);
                self.node.release_coins(&transaction).await;
            }
            _ => {}
        }
        Ok(())
    }

    /// Accepts a channel that somebody wants to open to us and that is on our terms (`peers/terms.rs`), unless we could not
    /// afford to close it: a commitment with anchors pays too low a fee by itself.
    fn answer_open_request(&self, id: ChannelId, peer: PublicKey, funding: Amount, anchors: bool) {
        let inner = &self.node.inner;
        let reserve = self.node.anchor_reserve(usize::from(anchors));
        let coins = inner.wallet.balance().confirmed;
        let refusal = if anchors && coins < reserve {
            tell_refusal!(
                "a channel of {funding} from {peer} is refused: closing it may need {reserve} on chain, and the \
                 wallet has {coins}"
            );
            Some("this node has no coins to close the channel with".to_owned())
        } else {
            None
        };
        let answered = match refusal {
            Some(message) => inner
                .channel_manager
                .force_close_broadcasting_latest_txn(&id, &peer, message),
            None => {
                let user_channel_id = self.node.new_user_channel_id();
                inner
                    .channel_manager
                    .accept_inbound_channel(&id, &peer, user_channel_id, None)
            }
        };
        if let Err(error) = answered {
            tell_refusal!("the channel of {funding} that {peer} asked for is not accepted: {error:?}");
        }
    }
}
