//! Closing a channel: together with the peer, and alone when the peer does not answer in time.

use crate::Node;
use bitcoin::secp256k1::PublicKey;
use bitcoin::{ScriptBuf, Transaction};
use lightning::chain::transaction::OutPoint;
use lightning::events::ClosureReason;
use lightning::ln::channel_state::ChannelDetails;
use lightning::ln::script::ShutdownScript;
use lightning::ln::types::ChannelId;
use lightning::util::errors::APIError;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// After a unilateral close, how long its transaction is waited for: with anchors it goes out when its fee has been
/// bumped.
const BROADCAST_WAIT: Duration = Duration::from_secs(10);
const BROADCAST_CHECK: Duration = Duration::from_millis(20);
/// How often closing together is tried again while the peer is away.
const SHUTDOWN_RETRY: Duration = Duration::from_millis(200);

/// A channel to be closed.
#[derive(Clone, Debug)]
pub struct CloseRequest {
    /// Which one.
    pub channel_id: ChannelId,
    /// With whom.
    pub peer: PublicKey,
    /// Where our money goes; an address of the wallet when absent.
    pub destination: Option<ScriptBuf>,
    /// The fee to begin with, in sat per 1000 weight.
    pub feerate_per_kw: Option<u32>,
    /// After how long to close alone; never when absent.
    pub unilateral_after: Option<Duration>,
}

/// How a channel was closed.
#[derive(Clone, Debug)]
pub enum CloseOutcome {
    /// Both agreed on this transaction; absent only when it could not be seen any more.
    Mutual(Option<Transaction>),
    /// We broadcast our commitment; absent only when its fee could not be bumped yet.
    Unilateral(Option<Transaction>),
    /// There was no funding transaction yet.
    Unopened,
}

/// Why a channel is not being closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// There is no such channel.
    #[error("Channel not found")]
    NotFound,
    /// The destination is not one that BOLT 2 allows.
    #[error("the destination is not a script that a channel can be closed to")]
    BadDestination,
    /// LDK refuses.
    #[error("{0}")]
    Refused(String),
}

impl From<APIError> for CloseError {
    fn from(error: APIError) -> CloseError {
        match error {
            APIError::APIMisuseError { err } | APIError::ChannelUnavailable { err } => {
                CloseError::Refused(err)
            }
            other => CloseError::Refused(format!("{other:?}")),
        }
    }
}

/// Who waits for which channel to be closed.
#[derive(Default)]
pub(crate) struct Closings(Mutex<HashMap<ChannelId, Vec<oneshot::Sender<ClosureReason>>>>);

impl Closings {
    fn wait(&self, channel_id: ChannelId) -> oneshot::Receiver<ClosureReason> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiters = waiting.entry(channel_id).or_default();
        waiters.retain(|waiter| !waiter.is_closed());
        waiters.push(sender);
        receiver
    }

    /// The channel is closed.
    pub(crate) fn closed(&self, channel_id: &ChannelId, reason: &ClosureReason) {
        let waiters = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(channel_id);
        for waiter in waiters.unwrap_or_default() {
            // Whoever went away does not want to know.
            let _ = waiter.send(reason.clone());
        }
    }
}

impl Node {
    /// Closes a channel, and waits until it is: together with the peer, for which a peer that is away is waited for.
    /// Dropping the future leaves the mutual close going on; ending the node while the peer is away does not.
    ///
    /// # Errors
    /// [`CloseError`]: nothing has changed.
    pub async fn close_channel(&self, request: CloseRequest) -> Result<CloseOutcome, CloseError> {
        let channel = self.channel(&request.channel_id).ok_or(CloseError::NotFound)?;
        let Some(funding) = channel.funding_txo else {
            self.force_close(&request)?;
            return Ok(CloseOutcome::Unopened);
        };
        let closed = self.inner.closings.wait(request.channel_id);
        if channel
            .channel_shutdown_state
            .is_none_or(|state| state == lightning::ln::channel_state::ChannelShutdownState::NotShuttingDown)
        {
            self.begin_mutual_close(&request)?;
        }
        let reason = match request.unilateral_after {
            None => closed.await.ok(),
            Some(patience) => match tokio::time::timeout(patience, closed).await {
                Ok(reason) => reason.ok(),
                Err(_) => {
                    self.force_close(&request)?;
                    None
                }
            },
        };
        Ok(match reason {
            Some(
                ClosureReason::LegacyCooperativeClosure
                | ClosureReason::CounterpartyInitiatedCooperativeClosure
                | ClosureReason::LocallyInitiatedCooperativeClosure,
            ) => CloseOutcome::Mutual(self.closing_transaction(funding).await),
            Some(
                ClosureReason::CounterpartyCoopClosedUnfundedChannel
                | ClosureReason::LocallyCoopClosedUnfundedChannel,
            ) => CloseOutcome::Unopened,
            _ => CloseOutcome::Unilateral(self.closing_transaction(funding).await),
        })
    }

    fn channel(&self, channel_id: &ChannelId) -> Option<ChannelDetails> {
        self.channels()
            .into_iter()
            .find(|channel| channel.channel_id == *channel_id)
    }

    /// Asks the peer to close, now or as soon as it can be asked.
    fn begin_mutual_close(&self, request: &CloseRequest) -> Result<(), CloseError> {
        let script = request
            .destination
            .clone()
            .map(ShutdownScript::try_from)
            .transpose();
        let script = script.map_err(|_| CloseError::BadDestination)?;
        match self.shut_down(request, script.clone()) {
            Err(APIError::ChannelUnavailable { .. }) => {}
            outcome => return Ok(outcome?),
        }
        let (node, request) = (self.clone(), request.clone());
        self.inner.tasks.spawn_errand(async move {
            let manager = &node.inner.channel_manager;
            let is_open = || {
                let channels = manager.list_channels_with_counterparty(&request.peer);
                channels
                    .iter()
                    .any(|channel| channel.channel_id == request.channel_id)
            };
            while is_open() {
                tokio::time::sleep(SHUTDOWN_RETRY).await;
                match node.shut_down(&request, script.clone()) {
                    Err(APIError::ChannelUnavailable { .. }) => {}
                    Ok(()) => return,
                    Err(error) => {
                        return tracing::warn!(
                            "channel {} is not being closed: {error:?}",
                            request.channel_id
                        );
                    }
                }
            }
        });
        Ok(())
    }

    /// LDK says `ChannelUnavailable` while the peer is away or a write is under way, and when the channel is gone.
    fn shut_down(&self, request: &CloseRequest, script: Option<ShutdownScript>) -> Result<(), APIError> {
        self.inner.channel_manager.close_channel_with_feerate_and_script(
            &request.channel_id,
            &request.peer,
            request.feerate_per_kw,
            script,
        )?;
        self.inner.peer_manager.process_events();
        Ok(())
    }

    fn force_close(&self, request: &CloseRequest) -> Result<(), CloseError> {
        let message = "closed by the operator".to_owned();
        let manager = &self.inner.channel_manager;
        Ok(manager.force_close_broadcasting_latest_txn(&request.channel_id, &request.peer, message)?)
    }

    async fn closing_transaction(&self, funding: OutPoint) -> Option<Transaction> {
        let funding = funding.into_bitcoin_outpoint();
        let seen = async {
            loop {
                if let Some(transaction) = self.inner.broadcaster.spender_of(&funding) {
                    return transaction;
                }
                tokio::time::sleep(BROADCAST_CHECK).await;
            }
        };
        tokio::time::timeout(BROADCAST_WAIT, seen).await.ok()
    }
}
