//! What peers say about channels, on its way to LDK and back. The gatekeeper refuses what LDK would let in and should not, cuts short
//! what is too long, and writes down what peers are refused, with their names: LDK writes much of that without.

use super::known::Attempts;
use super::terms::{Terms, refusal};
use crate::flood::{said, tell_refusal};
use crate::ldk::ChannelManager;
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::PublicKey;
use lightning::ln::msgs::{self, BaseMessageHandler, ChannelMessageHandler, ErrorAction, MessageSendEvent};
use lightning::ln::types::ChannelId;
use lightning::types::features::{InitFeatures, NodeFeatures};
use std::sync::{Arc, Mutex, PoisonError};

/// How many bytes of features a peer may offer. BOLT 9 gives out bits below 300, and experiments are below 1,000; a message has room for
/// half a million, which LDK would keep twice for each peer.
const MAX_FEATURE_BYTES: usize = 1_024;

/// LDK's channel manager, as peers see it.
pub(crate) struct Gatekeeper {
    manager: Arc<ChannelManager>,
    terms: Terms,
    attempts: Arc<Attempts>,
    /// What is to be sent to peers that LDK has not heard.
    outbox: Mutex<Vec<MessageSendEvent>>,
}

impl Gatekeeper {
    pub(crate) fn new(manager: Arc<ChannelManager>, terms: Terms, attempts: Arc<Attempts>) -> Gatekeeper {
        Gatekeeper {
            manager,
            terms,
            attempts,
            outbox: Mutex::default(),
        }
    }

    fn outbox(&self) -> std::sync::MutexGuard<'_, Vec<MessageSendEvent>> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down what a peer is told because of what it did.
fn tell(event: &MessageSendEvent) {
    let MessageSendEvent::HandleError { node_id, action } = event else {
        return;
    };
    match action {
        ErrorAction::SendErrorMessage { msg } => {
            tell_refusal!(
                "peer {node_id} is told that this is an error: {}",
                said(&msg.data)
            );
        }
        ErrorAction::DisconnectPeer { msg: Some(msg) } => {
            tell_refusal!("peer {node_id} is sent away: {}", said(&msg.data));
        }
        ErrorAction::DisconnectPeer { msg: None } => tell_refusal!("peer {node_id} is sent away"),
        ErrorAction::DisconnectPeerWithWarning { msg } => {
            tell_refusal!("peer {node_id} is warned and sent away: {}", said(&msg.data));
        }
        ErrorAction::SendWarningMessage { msg, .. } => {
            tell_refusal!("peer {node_id} is warned: {}", said(&msg.data));
        }
        ErrorAction::IgnoreError | ErrorAction::IgnoreAndLog(_) | ErrorAction::IgnoreDuplicateGossip => {}
    }
}

impl BaseMessageHandler for Gatekeeper {
    fn get_and_clear_pending_msg_events(&self) -> Vec<MessageSendEvent> {
        let mut events = self.manager.get_and_clear_pending_msg_events();
        events.append(&mut self.outbox());
        events.iter().for_each(tell);
        events
    }

    fn peer_disconnected(&self, peer: PublicKey) {
        tracing::debug!("peer {peer} has gone");
        self.manager.peer_disconnected(peer);
    }

    fn provided_node_features(&self) -> NodeFeatures {
        self.manager.provided_node_features()
    }

    fn provided_init_features(&self, peer: PublicKey) -> InitFeatures {
        self.manager.provided_init_features(peer)
    }

    fn peer_connected(&self, peer: PublicKey, init: &msgs::Init, inbound: bool) -> Result<(), ()> {
        let features = init.features.le_flags().len();
        if features > MAX_FEATURE_BYTES {
            tell_refusal!(
                "peer {peer} is sent away: it offers features of {features} bytes, which is more than {MAX_FEATURE_BYTES}"
            );
            return Err(());
        }
        if self.manager.peer_connected(peer, init, inbound).is_err() {
            tell_refusal!(
                "peer {peer} is sent away: it lacks option_static_remotekey, or there are too many peers without a channel"
            );
            return Err(());
        }
        tracing::debug!("peer {peer} is connected");
        self.attempts.greeted(&peer);
        Ok(())
    }
}

/// Hands messages on as they are.
macro_rules! pass_on {
    ($($name:ident: $message:ty),* $(,)?) => {$(
        fn $name(&self, peer: PublicKey, message: $message) {
            self.manager.$name(peer, message);
        }
    )*};
}

impl ChannelMessageHandler for Gatekeeper {
    fn handle_open_channel(&self, peer: PublicKey, open: &msgs::OpenChannel) {
        let Some(why) = refusal(open, &self.terms) else {
            return self.manager.handle_open_channel(peer, open);
        };
        let msg = msgs::ErrorMessage {
            channel_id: open.common_fields.temporary_channel_id,
            data: why,
        };
        self.outbox().push(MessageSendEvent::HandleError {
            node_id: peer,
            action: ErrorAction::SendErrorMessage { msg },
        });
    }

    fn handle_error(&self, peer: PublicKey, error: &msgs::ErrorMessage) {
        let data = said(&error.data);
        tell_refusal!("peer {peer} says that there is an error: {data}");
        let channel_id = error.channel_id;
        // What becomes of a channel is told in these words, in logs and to clients.
        self.manager
            .handle_error(peer, &msgs::ErrorMessage { channel_id, data });
    }

    pass_on! {
        handle_open_channel_v2: &msgs::OpenChannelV2,
        handle_accept_channel: &msgs::AcceptChannel,
        handle_accept_channel_v2: &msgs::AcceptChannelV2,
        handle_funding_created: &msgs::FundingCreated,
        handle_funding_signed: &msgs::FundingSigned,
        handle_channel_ready: &msgs::ChannelReady,
        handle_peer_storage: msgs::PeerStorage,
        handle_peer_storage_retrieval: msgs::PeerStorageRetrieval,
        handle_shutdown: &msgs::Shutdown,
        handle_closing_signed: &msgs::ClosingSigned,
        handle_stfu: &msgs::Stfu,
        handle_splice_init: &msgs::SpliceInit,
        handle_splice_ack: &msgs::SpliceAck,
        handle_splice_locked: &msgs::SpliceLocked,
        handle_tx_add_input: &msgs::TxAddInput,
        handle_tx_add_output: &msgs::TxAddOutput,
        handle_tx_remove_input: &msgs::TxRemoveInput,
        handle_tx_remove_output: &msgs::TxRemoveOutput,
        handle_tx_complete: &msgs::TxComplete,
        handle_tx_signatures: &msgs::TxSignatures,
        handle_tx_init_rbf: &msgs::TxInitRbf,
        handle_tx_ack_rbf: &msgs::TxAckRbf,
        handle_tx_abort: &msgs::TxAbort,
        handle_update_add_htlc: &msgs::UpdateAddHTLC,
        handle_update_fulfill_htlc: msgs::UpdateFulfillHTLC,
        handle_update_fail_htlc: &msgs::UpdateFailHTLC,
        handle_update_fail_malformed_htlc: &msgs::UpdateFailMalformedHTLC,
        handle_commitment_signed: &msgs::CommitmentSigned,
        handle_revoke_and_ack: &msgs::RevokeAndACK,
        handle_update_fee: &msgs::UpdateFee,
        handle_announcement_signatures: &msgs::AnnouncementSignatures,
        handle_channel_reestablish: &msgs::ChannelReestablish,
        handle_channel_update: &msgs::ChannelUpdate,
    }

    fn handle_commitment_signed_batch(
        &self,
        peer: PublicKey,
        channel_id: ChannelId,
        batch: Vec<msgs::CommitmentSigned>,
    ) {
        self.manager
            .handle_commitment_signed_batch(peer, channel_id, batch);
    }

    fn get_chain_hashes(&self) -> Option<Vec<ChainHash>> {
        self.manager.get_chain_hashes()
    }

    fn message_received(&self) {
        self.manager.message_received();
    }
}
