//! Channels that are closed, until their money is where it belongs.

use super::{ChannelRecord, Records};
use crate::Node;
use crate::event::NodeEvent;
use crate::tasks::TaskResult;
use bitcoin::Txid;
use boltill_types::Msat;
use lightning::chain::channelmonitor::{Balance, BalanceSource};
use lightning::ln::types::ChannelId;
use lightning::sign::SpendableOutputDescriptor;
use lightning::util::sweep::{OutputSpendStatus, TrackedSpendableOutput};
use std::collections::{HashMap, HashSet};

/// A channel that is closed while some of its money is still on its way.
#[derive(Clone, Debug)]
pub struct ClosingChannel {
    /// What it was.
    pub record: ChannelRecord,
    /// How far it has come.
    pub stage: ClosingStage,
    /// What is to come of it and not in the wallet yet.
    pub pending: Msat,
    /// The height at which the next part of that is to come, where it is known.
    pub next_height: Option<u32>,
}

/// How far the closing of a channel has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosingStage {
    /// The transaction that both agreed on is not in a block.
    Agreed,
    /// A commitment transaction is not in a block.
    AwaitingUnilateral,
    /// The transaction is in a block; its outputs are waited for.
    Onchain,
}

/// A channel that is closed and whose money is where it belongs.
#[derive(Clone, Debug)]
pub struct EndedChannel {
    /// What it was.
    pub record: ChannelRecord,
    /// How often its state was written: no fewer than there were commitment transactions of either side.
    pub changes: u64,
    /// The transaction that closed it, where it is known.
    pub closing_txid: Option<Txid>,
}

/// What is still to come of a channel that is closed.
struct Rest<'a> {
    balances: Vec<Balance>,
    /// Outputs that are ours, and not on their way to the wallet in a block.
    unswept: Vec<&'a TrackedSpendableOutput>,
}

impl<'a> Rest<'a> {
    fn of(node: &Node, channel_id: ChannelId, tracked: &'a [TrackedSpendableOutput]) -> Rest<'a> {
        let monitor = node.inner.chain_monitor.get_monitor(channel_id).ok();
        let balances = monitor.map(|monitor| monitor.get_claimable_balances());
        let unswept = tracked
            .iter()
            .filter(|output| output.channel_id == Some(channel_id) && !is_swept(output));
        Rest {
            balances: balances.unwrap_or_default(),
            unswept: unswept.collect(),
        }
    }

    fn is_nothing(&self) -> bool {
        self.balances.is_empty() && self.unswept.is_empty()
    }

    /// Whether no transaction is in a block that spends the channel.
    fn is_all_to_come(&self) -> bool {
        self.balances.iter().any(is_open)
    }
}

impl ClosingChannel {
    fn of(node: &Node, record: ChannelRecord, tracked: &[TrackedSpendableOutput]) -> ClosingChannel {
        let Rest { balances, unswept } = Rest::of(node, record.channel_id, tracked);
        let mutual = record.closing.is_some_and(|closing| closing.mutual);
        // In one that is not funded there is nothing that LDK would have to name, if there is nothing for us in it.
        let is_unspent = balances.iter().any(is_open) || (balances.is_empty() && record.never_was());
        let stage = match (is_unspent, mutual) {
            (true, true) => ClosingStage::Agreed,
            (true, false) => ClosingStage::AwaitingUnilateral,
            (false, _) => ClosingStage::Onchain,
        };
        let in_balances: u64 = balances
            .iter()
            .filter(|balance| !is_in_the_wallet(node, &record, balance))
            .map(Balance::claimable_amount_satoshis)
            .sum();
        let unswept: u64 = unswept
            .into_iter()
            .filter(|output| matches!(output.status, OutputSpendStatus::PendingInitialBroadcast { .. }))
            .map(|output| value_sat(&output.descriptor))
            .sum();
        ClosingChannel {
            pending: Msat::from_sat(in_balances + unswept).unwrap_or_default(),
            next_height: balances.iter().filter_map(height_of).min(),
            record,
            stage,
        }
    }
}

/// Whether it is in the channel as long as no transaction is in a block that spends it.
fn is_open(balance: &Balance) -> bool {
    matches!(balance, Balance::ClaimableOnChannelClose { .. })
}

/// Whether a transaction that brings it to the wallet is in a block.
fn is_swept(output: &TrackedSpendableOutput) -> bool {
    matches!(
        output.status,
        OutputSpendStatus::PendingThresholdConfirmations { .. }
    )
}

/// What pays to the wallet's own script is among its coins as soon as the transaction is known.
fn is_in_the_wallet(node: &Node, record: &ChannelRecord, balance: &Balance) -> bool {
    match balance {
        Balance::ClaimableAwaitingConfirmations { source, .. } => match source {
            BalanceSource::CoopClose => true,
            BalanceSource::CounterpartyForceClosed => record
                .channel_type
                .as_ref()
                .is_some_and(|kind| !kind.supports_anchors_zero_fee_htlc_tx()),
            BalanceSource::HolderForceClosed | BalanceSource::Htlc => false,
        },
        Balance::ClaimableOnChannelClose { .. } => {
            record.closing.is_some_and(|closing| closing.mutual)
                && node.inner.broadcaster.spender_of(&record.funding()).is_some()
        }
        Balance::ContentiousClaimable { .. }
        | Balance::MaybeTimeoutClaimableHTLC { .. }
        | Balance::MaybePreimageClaimableHTLC { .. }
        | Balance::CounterpartyRevokedOutputClaimable { .. } => false,
    }
}

fn height_of(balance: &Balance) -> Option<u32> {
    match balance {
        Balance::ClaimableAwaitingConfirmations {
            confirmation_height, ..
        } => Some(*confirmation_height),
        Balance::ContentiousClaimable { timeout_height, .. } => Some(*timeout_height),
        Balance::MaybeTimeoutClaimableHTLC { claimable_height, .. } => Some(*claimable_height),
        Balance::MaybePreimageClaimableHTLC { expiry_height, .. } => Some(*expiry_height),
        Balance::ClaimableOnChannelClose { .. } | Balance::CounterpartyRevokedOutputClaimable { .. } => None,
    }
}

fn value_sat(descriptor: &SpendableOutputDescriptor) -> u64 {
    let value = match descriptor {
        SpendableOutputDescriptor::StaticOutput { output, .. } => output.value,
        SpendableOutputDescriptor::DelayedPaymentOutput(output) => output.output.value,
        SpendableOutputDescriptor::StaticPaymentOutput(output) => output.output.value,
    };
    value.to_sat()
}

impl Records {
    /// Forgets the channels that LDK does not know, open or closed: the last run ended before it had written that there are such.
    fn forget_unknown(&self, node: &Node) {
        let mut unknown: HashSet<ChannelId> = self.with(|state| {
            let open = state.channels.values().filter(|record| record.closing.is_none());
            open.map(|record| record.channel_id).collect()
        });
        for monitored in node.inner.chain_monitor.list_monitors() {
            unknown.remove(&monitored);
        }
        for channel in node.inner.channel_manager.list_channels() {
            unknown.remove(&channel.channel_id);
        }
        unknown.into_iter().for_each(|channel_id| self.forget(channel_id));
    }

    /// The channel, which is closed, has been seen at this height; the first time counts.
    fn closed_at(&self, channel_id: ChannelId, height: u32) {
        self.with(|state| {
            if let Some(record) = state.channels.get_mut(&channel_id)
                && record.closed_at.is_none()
            {
                record.closed_at = Some(height);
                state.changed.insert(channel_id);
            }
        });
    }
}

impl Node {
    /// The channels that are closed and whose money is not all in the wallet, or has only just come there.
    pub fn closing_channels(&self) -> Vec<ClosingChannel> {
        let closing = self.inner.records.closing();
        if closing.is_empty() {
            return Vec::new();
        }
        let tracked = self.inner.sweeper.tracked_spendable_outputs();
        let closing = closing.into_iter();
        closing
            .map(|record| ClosingChannel::of(self, record, &tracked))
            .collect()
    }

    /// Tells the end of each channel of which nothing is left to come, and nothing was a block before either: between a
    /// monitor that lets go of an output and the sweeper that takes it there is a moment. A channel that was never funded has no
    /// end; it is forgotten. Its monitor stays, and should the funding come after all, it brings back what is whose.
    async fn tell_ends(&self, done: &mut HashMap<ChannelId, u32>, height: u32) {
        let closing = self.inner.records.closing();
        if closing.is_empty() {
            return;
        }
        let tracked = self.inner.sweeper.tracked_spendable_outputs();
        for record in closing {
            let channel_id = record.channel_id;
            self.inner.records.closed_at(channel_id, height);
            let rest = Rest::of(self, channel_id, &tracked);
            if rest.is_all_to_come() && record.is_given_up(height) {
                self.forget_unfunded(channel_id);
            } else if !rest.is_nothing() {
                done.remove(&channel_id);
            } else if *done.entry(channel_id).or_insert(height) < height {
                match record.never_was() {
                    true => self.forget_unfunded(channel_id),
                    false => self.tell_end(record).await,
                }
            }
        }
    }

    fn forget_unfunded(&self, channel_id: ChannelId) {
        tracing::info!("channel {channel_id} is closed, was never funded, and is forgotten");
        self.inner.records.forget(channel_id);
    }

    async fn tell_end(&self, record: ChannelRecord) {
        let inner = &self.inner;
        let channel_id = record.channel_id;
        let monitor = inner.chain_monitor.get_monitor(channel_id).ok();
        let changes = monitor.map_or(0, |monitor| monitor.get_latest_update_id());
        let closing_transaction = inner.broadcaster.spender_of(&record.funding());
        let ended = EndedChannel {
            changes,
            closing_txid: closing_transaction.map(|transaction| transaction.compute_txid()),
            record,
        };
        let Some(sink) = inner.records.sink.get() else {
            return;
        };
        match sink.handle(NodeEvent::ChannelEnded(Box::new(ended))).await {
            // Forgotten with the next commit; until then the books know the channel already, and it is told twice at worst.
            Ok(()) => inner.records.forget(channel_id),
            Err(error) => tracing::error!("the end of channel {channel_id} is told again later: {error}"),
        }
    }
}

/// Follows the channels that are closed, block by block, for as long as the node runs.
pub(crate) async fn follow(node: Node) -> TaskResult {
    let stopping = node.inner.tasks.stopping();
    let mut heights = node.height();
    let mut done = HashMap::new();
    node.inner.records.forget_unknown(&node);
    loop {
        let height = *heights.borrow_and_update();
        node.tell_ends(&mut done, height).await;
        tokio::select! {
            changed = heights.changed() => if changed.is_err() { return Ok(()) },
            () = stopping.cancelled() => return Ok(()),
        }
    }
}
