//! Closing a channel: together with the peer, and alone when the peer does not answer in time.

mod fees;
mod requests;

pub use fees::FeeRange;

use crate::Node;
use bitcoin::secp256k1::PublicKey;
use bitcoin::{ScriptBuf, Transaction};
use boltill_types::{StateStore, StoreError};
use lightning::chain::transaction::OutPoint;
use lightning::events::ClosureReason;
use lightning::ln::channel_state::{ChannelDetails, ChannelShutdownState};
use lightning::ln::script::ShutdownScript;
use lightning::ln::types::ChannelId;
use lightning::util::errors::APIError;
use requests::{MutualClose, Requests};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
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
    /// Between which feerates to agree; as LDK sees fit when absent.
    pub fees: Option<FeeRange>,
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
    /// The destination is one that the peer does not know (BOLT 2, `option_shutdown_anysegwit`).
    #[error("Peer does not allow v1+ shutdown addresses")]
    UnknownToPeer,
    /// LDK cannot keep to the range of fees.
    #[error("feerange: not supported: {0}")]
    Fees(String),
    /// It is being closed already, and not as it is asked for now.
    #[error(
        "the channel is being closed already, and where its money goes and for which fee can no longer be changed"
    )]
    Closing,
    /// What was asked for could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
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
            APIError::IncompatibleShutdownScript { .. } => CloseError::UnknownToPeer,
            other => CloseError::Refused(format!("{other:?}")),
        }
    }
}

/// Which channels are to be closed, and who waits for it.
pub(crate) struct Closings {
    requests: Requests,
    waiting: Mutex<HashMap<ChannelId, Vec<oneshot::Sender<ClosureReason>>>>,
}

impl Closings {
    /// Reads what an earlier run was asked to close and has not.
    pub(crate) fn load(store: Arc<dyn StateStore>) -> Result<Closings, StoreError> {
        Ok(Closings {
            requests: Requests::load(store)?,
            waiting: Mutex::default(),
        })
    }

    fn wait(&self, channel_id: ChannelId) -> oneshot::Receiver<ClosureReason> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waiters = waiting.entry(channel_id).or_default();
        waiters.retain(|waiter| !waiter.is_closed());
        waiters.push(sender);
        receiver
    }

    /// The channel is closed.
    pub(crate) fn closed(&self, channel_id: &ChannelId, reason: &ClosureReason) {
        self.requests.forget(channel_id);
        let waiters = self
            .waiting
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
    /// Dropping the future leaves the mutual close going on, and so does ending the node: it goes on at the next start.
    ///
    /// # Errors
    /// [`CloseError`]: nothing has changed, unless the ledger has failed.
    pub async fn close_channel(&self, request: CloseRequest) -> Result<CloseOutcome, CloseError> {
        let channel = self.channel(&request.channel_id).ok_or(CloseError::NotFound)?;
        let Some(funding) = channel.funding_txo else {
            self.force_close(&request)?;
            return Ok(CloseOutcome::Unopened);
        };
        let closed = self.inner.closings.wait(request.channel_id);
        self.ask_to_close(&channel, &request).await?;
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
        // Who is told that it is closed finds it closed after a crash, too.
        let written = self.inner.notes.write_manager().await;
        written.map_err(|_| StoreError::Closed)?;
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
    async fn ask_to_close(&self, channel: &ChannelDetails, request: &CloseRequest) -> Result<(), CloseError> {
        let requests = &self.inner.closings.requests;
        let close = MutualClose {
            channel_id: request.channel_id,
            peer: request.peer,
            destination: request.destination.clone(),
            fees: request.fees,
        };
        if is_closing(channel) {
            let has_wishes = close.destination.is_some() || close.fees.is_some();
            return match requests.of(&close.channel_id) {
                Some(before) if before == close => Ok(()),
                _ if has_wishes => Err(CloseError::Closing),
                _ => Ok(()),
            };
        }
        script_of(&close)?;
        if let Some(fees) = close.fees {
            fees.check(channel, &self.inner.fees).map_err(CloseError::Fees)?;
        }
        let written = requests.remember(close.clone());
        match self.shut_down(&close) {
            Ok(()) => return Ok(()),
            Err(NotYet::Later) => self.keep_trying(close.channel_id),
            Err(NotYet::Never(error)) => {
                requests.forget(&close.channel_id);
                return Err(error);
            }
        }
        written.await?;
        tracing::info!(
            "channel {} is to be closed when its peer is there",
            close.channel_id
        );
        Ok(())
    }

    /// Goes on with what an earlier run was asked to close.
    pub(crate) fn resume_closings(&self) {
        for close in self.inner.closings.requests.all() {
            match self.channel(&close.channel_id) {
                None => self.inner.closings.requests.forget(&close.channel_id),
                Some(channel) if is_closing(&channel) => {}
                Some(_) => self.keep_trying(close.channel_id),
            }
        }
    }

    fn keep_trying(&self, channel_id: ChannelId) {
        let node = self.clone();
        if !node.inner.closings.requests.begin_to_try(channel_id) {
            return;
        }
        self.inner.tasks.spawn_errand(async move {
            let requests = &node.inner.closings.requests;
            // It is gone when the channel is closed, by whomever; and it may be another one after a while.
            while let Some(close) = requests.of(&channel_id) {
                tokio::time::sleep(SHUTDOWN_RETRY).await;
                match node.shut_down(&close) {
                    Ok(()) => break,
                    Err(NotYet::Later) => {}
                    Err(NotYet::Never(error)) => {
                        tracing::warn!("channel {channel_id} is not being closed: {error}");
                        return requests.forget(&channel_id);
                    }
                }
            }
            requests.end_trying(&channel_id);
        });
    }

    fn shut_down(&self, close: &MutualClose) -> Result<(), NotYet> {
        let manager = &self.inner.channel_manager;
        let channel = self.channel(&close.channel_id).ok_or(NotYet::Later)?;
        if is_closing(&channel) {
            return Ok(());
        }
        if self.connected_peer(&close.peer).is_none() {
            return Err(NotYet::Later);
        }
        if let Some(fees) = close.fees {
            // The fees may have risen since; then it waits until they fall.
            fees.apply(&channel, &self.inner.fees, manager)
                .map_err(|_| NotYet::Later)?;
        }
        let asked = manager.close_channel_with_feerate_and_script(
            &close.channel_id,
            &close.peer,
            close.fees.map(|fees| fees.min),
            script_of(close).map_err(NotYet::Never)?,
        );
        match asked {
            Ok(()) => {
                self.inner.peer_manager.process_events();
                Ok(())
            }
            // The peer is away, a write is under way, or the channel is gone, of which there is an event.
            Err(APIError::ChannelUnavailable { .. }) => Err(NotYet::Later),
            Err(error) => Err(NotYet::Never(error.into())),
        }
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

/// Why a channel is not being closed at present.
enum NotYet {
    Later,
    Never(CloseError),
}

fn is_closing(channel: &ChannelDetails) -> bool {
    channel
        .channel_shutdown_state
        .is_some_and(|state| state != ChannelShutdownState::NotShuttingDown)
}

fn script_of(close: &MutualClose) -> Result<Option<ShutdownScript>, CloseError> {
    let script = close.destination.clone().map(ShutdownScript::try_from);
    script.transpose().map_err(|_| CloseError::BadDestination)
}
