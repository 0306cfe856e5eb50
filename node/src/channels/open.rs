//! Opening a channel: agree with the peer, fund from the wallet, wait until the funding transaction is out.

use crate::Node;
use crate::config::ANCHOR_RESERVE;
use crate::ldk::ChannelMonitor;
use bitcoin::secp256k1::PublicKey;
use bitcoin::{Amount, FeeRate, OutPoint, ScriptBuf, Transaction};
use boltill_onchain::{FeerateName, Hold, PublishError, Spend, SpendAmount, SpendError, SpendEstimate};
use boltill_types::Msat;
use lightning::chain::channelmonitor::Balance;
use lightning::ln::types::ChannelId;
use lightning::sign::EntropySource;
use lightning::util::errors::APIError;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The largest channel with a peer that does not take large ones (BOLT 2: less than 2^24 sat).
const LARGEST_ORDINARY: Amount = Amount::from_sat((1 << 24) - 1);

/// A peer that does not answer for so long while a channel is being opened will not: its coins are of better use elsewhere.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often to see whether the peer is still there while it is waited for.
const CONNECTION_CHECK: Duration = Duration::from_millis(500);
const NOT_FUNDED: &str = "the channel could not be funded";

/// A channel to be opened by us.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// With whom; must be connected.
    pub peer: PublicKey,
    /// How much of our money: an exact amount, or all that the wallet can spare after fees and the reserve.
    pub capacity: SpendAmount,
    /// What of it belongs to the peer from the beginning.
    pub push: Msat,
    /// Whether the network is told of it.
    pub announce: bool,
    /// The funding transaction's feerate; the usual one for openings when absent.
    pub feerate: Option<FeeRate>,
    /// The coins to use; all suitable ones when absent.
    pub utxos: Option<Vec<OutPoint>>,
    /// How many confirmations a coin must have to be used.
    pub minconf: u32,
}

/// A channel whose funding transaction is out.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The channel's id from now on.
    pub channel_id: ChannelId,
    /// The funding transaction.
    pub funding: Transaction,
    /// Which output of it is the channel.
    pub funding_txo: OutPoint,
}

/// Why no channel was opened. No coins are spent or reserved then.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no connection to the peer.
    #[error("Unknown peer")]
    NotConnected,
    /// The peer does not take large channels (`option_support_large_channel`, BOLT 9).
    #[error("Amount exceeded {} sat, the most that the peer takes", .most.to_sat())]
    TooLarge {
        /// The most that it takes.
        most: Amount,
    },
    /// The wallet could not fund it.
    #[error(transparent)]
    Wallet(#[from] SpendError),
    /// bitcoind does not take the funding transaction.
    #[error("the funding transaction was not sent: {0}")]
    Broadcast(#[from] PublishError),
    /// LDK refuses the request as such.
    #[error("{0}")]
    Refused(String),
    /// The peer would not, or went away.
    #[error("{0}")]
    ByPeer(String),
}

impl From<APIError> for OpenError {
    fn from(error: APIError) -> OpenError {
        match error {
            APIError::APIMisuseError { err } => OpenError::Refused(err),
            other => OpenError::Refused(format!("{other:?}")),
        }
    }
}

/// How a channel that is being opened will be paid for, and who waits for it.
struct Opening {
    feerate: FeeRate,
    /// The coins that are kept for it until the funding transaction is made.
    hold: Option<Hold>,
    reserve: Amount,
    funding: Option<Transaction>,
    reply: Option<oneshot::Sender<Result<Opened, OpenError>>>,
}

/// The channels that are being opened by us, by LDK's `user_channel_id`.
#[derive(Default)]
pub(crate) struct Openings(Mutex<HashMap<u128, Opening>>);

impl Openings {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<u128, Opening>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The funding transaction is out.
    pub(crate) fn pending(&self, user_channel_id: u128, channel_id: ChannelId, funding_txo: OutPoint) {
        let Some(opening) = self.with(|openings| openings.remove(&user_channel_id)) else {
            return;
        };
        if let (Some(reply), Some(funding)) = (opening.reply, opening.funding) {
            let opened = Opened {
                channel_id,
                funding,
                funding_txo,
            };
            // The caller may have gone; the channel lives on without it.
            let _ = reply.send(Ok(opened));
        }
    }

    /// The channel ended before it began.
    pub(crate) fn failed(&self, user_channel_id: u128, why: OpenError) {
        let opening = self.with(|openings| openings.remove(&user_channel_id));
        if let Some(reply) = opening.and_then(|opening| opening.reply) {
            let _ = reply.send(Err(why));
        }
    }
}

impl Node {
    /// Opens a channel and waits until its funding transaction is out. Dropping the future does not undo it.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was spent then.
    pub async fn open_channel(&self, request: OpenRequest) -> Result<Opened, OpenError> {
        let inner = &self.inner;
        let peer = self
            .connected_peer(&request.peer)
            .ok_or(OpenError::NotConnected)?;
        let plan = Spend {
            // A channel's output script always has this length; its content matters to nobody yet.
            to: ScriptBuf::new_p2wsh(&ScriptBuf::new().wscript_hash()),
            amount: request.capacity,
            feerate: request
                .feerate
                .unwrap_or_else(|| inner.fees.named(FeerateName::Opening)),
            utxos: request.utxos,
            minconf: request.minconf,
            reserve: self.anchor_reserve(1),
        };
        self.can_send().await?;
        // Whether the wallet can pay, and how much "all" is, is found out before the peer is bothered.
        let takes_large = peer.features.supports_wumbo();
        let (estimate, hold) = self.plan_funding(&plan, takes_large)?;
        let mut config = inner.channel_manager.get_current_config();
        config.channel_handshake_config.announce_for_forwarding = request.announce;
        let (reply, mut outcome) = oneshot::channel();
        let opening = Opening {
            feerate: plan.feerate,
            hold: Some(hold),
            reserve: plan.reserve,
            funding: None,
            reply: Some(reply),
        };
        let user_channel_id = self.new_user_channel_id();
        inner
            .openings
            .with(|openings| openings.insert(user_channel_id, opening));
        let created = inner.channel_manager.create_channel(
            request.peer,
            estimate.amount.to_sat(),
            request.push.0,
            user_channel_id,
            None,
            Some(config),
        );
        if let Err(error) = created {
            inner.openings.with(|openings| openings.remove(&user_channel_id));
            return Err(error.into());
        }
        inner.peer_manager.process_events();
        let stopping = |_| Err(OpenError::ByPeer("the node is stopping".to_owned()));
        let answered = tokio::select! {
            answered = &mut outcome => answered,
            why = self.no_answer_from(&request.peer) => {
                self.give_up_unanswered(user_channel_id, &why);
                outcome.await
            }
        };
        let opened = answered.unwrap_or_else(stopping)?;
        // LDK has handed the funding transaction over by now; this waits until bitcoind has it too.
        if let Err(refused) = inner.broadcaster.publish(opened.funding.clone()).await {
            // The wallet has its coins back, so there must be no channel that counts on them.
            self.give_up(&opened.channel_id, &request.peer, NOT_FUNDED.to_owned());
            return Err(refused.into());
        }
        Ok(opened)
    }

    /// Keeps coins for a channel, of what the wallet has and what the peer takes.
    fn plan_funding(&self, plan: &Spend, takes_large: bool) -> Result<(SpendEstimate, Hold), OpenError> {
        let wallet = &self.inner.wallet;
        let most = LARGEST_ORDINARY;
        if !takes_large && matches!(plan.amount, SpendAmount::Exactly(amount) if amount > most) {
            return Err(OpenError::TooLarge { most });
        }
        let planned = wallet.plan(plan)?;
        if takes_large || planned.0.amount <= most {
            return Ok(planned);
        }
        drop(planned);
        let amount = SpendAmount::Exactly(most);
        Ok(wallet.plan(&Spend {
            amount,
            ..plan.clone()
        })?)
    }

    /// Resolves when a peer has gone away, or has had all the time that it gets, with the reason.
    async fn no_answer_from(&self, peer: &PublicKey) -> String {
        let mut ticks = tokio::time::interval(CONNECTION_CHECK);
        let started = Instant::now();
        loop {
            ticks.tick().await;
            // LDK would ask again if it came back, however long that takes.
            if self.connected_peer(peer).is_none() {
                return "the peer disconnected".to_owned();
            }
            if started.elapsed() >= PATIENCE {
                return format!("the peer did not answer for {} seconds", PATIENCE.as_secs());
            }
        }
    }

    /// Gives up a channel whose peer does not answer, unless the funding transaction is on its way already.
    fn give_up_unanswered(&self, user_channel_id: u128, why: &str) {
        let funding = self.inner.openings.with(|openings| {
            let opening = openings.get(&user_channel_id)?;
            Some(opening.funding.clone())
        });
        // Nobody waits any more: it has succeeded or failed just now.
        let Some(funding) = funding else { return };
        let inputs = funding.iter().flat_map(|funding| &funding.input);
        let handed_over = |outpoint| self.inner.broadcaster.spender_of(outpoint).is_some();
        if inputs.map(|input| &input.previous_output).any(handed_over) {
            return;
        }
        for channel in self.channels() {
            if channel.user_channel_id == user_channel_id {
                let peer = &channel.counterparty.node_id;
                self.give_up(&channel.channel_id, peer, why.to_owned());
            }
        }
    }

    /// Ends a channel that will never be funded.
    fn give_up(&self, channel_id: &ChannelId, peer: &PublicKey, why: String) {
        let manager = &self.inner.channel_manager;
        // It may be gone already, which is all we want.
        let _ = manager.force_close_broadcasting_latest_txn(channel_id, peer, why);
    }

    /// What must stay in the wallet when there are `more` channels with anchors than now. A channel counts once it has a
    /// funding transaction: whoever only asks for channels must not tie up our coins. It counts for as long as there is
    /// something on the chain that may have to be bumped.
    pub fn anchor_reserve(&self, more: usize) -> Amount {
        let channels = self.channels();
        let with_anchors = channels.iter().filter(|channel| {
            let kind = channel.channel_type.as_ref();
            channel.funding_txo.is_some() && kind.is_none_or(|kind| kind.supports_anchors_zero_fee_htlc_tx())
        });
        let monitors = &self.inner.chain_monitor;
        let closing = monitors.list_monitors().into_iter().filter(|id| {
            let is_open = channels.iter().any(|channel| channel.channel_id == *id);
            !is_open
                && monitors
                    .get_monitor(*id)
                    .is_ok_and(|monitor| may_be_bumped(&monitor))
        });
        ANCHOR_RESERVE * (with_anchors.count() + closing.count() + more) as u64
    }

    /// Lets coins be used again that were meant for a transaction that will never be.
    pub(crate) async fn release_coins(&self, transaction: &Transaction) {
        let coins = transaction.input.iter().map(|input| input.previous_output);
        if let Err(error) = self.inner.wallet.release(coins).await {
            tracing::error!("coins that are free again stay reserved until the next start: {error}");
        }
    }

    /// A random name for a channel, by which its events are told apart before it has an id.
    pub(crate) fn new_user_channel_id(&self) -> u128 {
        let random = self.inner.keys.get_secure_random_bytes();
        let mut id = [0; 16];
        id.copy_from_slice(&random[..16]);
        u128::from_be_bytes(id)
    }

    /// The peer agreed: builds the funding transaction and hands it to LDK, which broadcasts it once it is safe.
    pub(crate) async fn fund_channel(
        &self,
        temporary_channel_id: ChannelId,
        peer: PublicKey,
        user_channel_id: u128,
        amount: Amount,
        script: ScriptBuf,
    ) {
        if let Err(why) = self
            .try_fund(temporary_channel_id, peer, user_channel_id, amount, script)
            .await
        {
            tracing::warn!("channel {temporary_channel_id} with {peer} could not be funded: {why}");
            self.give_up(&temporary_channel_id, &peer, NOT_FUNDED.to_owned());
            self.inner.openings.failed(user_channel_id, why);
        }
    }

    async fn try_fund(
        &self,
        temporary_channel_id: ChannelId,
        peer: PublicKey,
        user_channel_id: u128,
        amount: Amount,
        script: ScriptBuf,
    ) -> Result<(), OpenError> {
        let openings = &self.inner.openings;
        let planned = openings.with(|openings| {
            let opening = openings.get_mut(&user_channel_id)?;
            let spend = Spend {
                to: script,
                amount: SpendAmount::Exactly(amount),
                feerate: opening.feerate,
                utxos: None,
                minconf: 0,
                reserve: opening.reserve,
            };
            Some((spend, opening.hold.take()?))
        });
        let (spend, hold) =
            planned.ok_or_else(|| OpenError::Refused("nobody asked for this channel".to_owned()))?;
        let built = self.inner.wallet.build_held(spend, hold).await?;
        let funding = built.transaction.clone();
        openings.with(|openings| {
            if let Some(opening) = openings.get_mut(&user_channel_id) {
                opening.funding = Some(funding.clone());
            }
        });
        let handed_over =
            self.inner
                .channel_manager
                .funding_transaction_generated(temporary_channel_id, peer, funding);
        if handed_over.is_err() {
            self.release_coins(&built.transaction).await;
        }
        Ok(handed_over?)
    }
}

/// Whether a closed channel has a commitment with anchors, or HTLCs of one, that are not settled on the chain yet.
fn may_be_bumped(monitor: &ChannelMonitor) -> bool {
    let is_open = |balance: &Balance| {
        matches!(
            balance,
            Balance::ClaimableOnChannelClose { .. }
                | Balance::ContentiousClaimable { .. }
                | Balance::MaybeTimeoutClaimableHTLC { .. }
        )
    };
    monitor
        .channel_type_features()
        .supports_anchors_zero_fee_htlc_tx()
        && monitor.get_claimable_balances().iter().any(is_open)
}
