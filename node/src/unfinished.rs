//! Channels whose opening the end of the last run has cut short.
//!
//! The first monitor of a channel goes to disk together with a channel manager that waits for just that; what LDK does when it is told
//! (`commit.rs`) is in the next one. If the process dies in between, LDK never asks again: of the updates of a monitor it keeps what is
//! under way, but not of a monitor's beginning, and the channel would wait for ever, funded and of no use. That the monitor was read
//! from disk is all that LDK has to know, so it is told. It must be told before it hears that the funding is in a block, which it
//! takes for impossible until then; the chain is followed before the monitors are in place, so the funding is held back for so long.

use crate::ldk::{ChainMonitor, ChannelManager};
use crate::sync::{FollowingChannels, LoneMonitor};
use bitcoin::Txid;
use lightning::ln::msgs::BaseMessageHandler;
use lightning::ln::types::ChannelId;
use std::collections::{HashMap, HashSet};

/// Channels that are not ready and whose monitor is as it was in the beginning; most of them only wait for blocks.
pub(crate) struct Unfinished(HashMap<ChannelId, Txid>);

impl Unfinished {
    pub(crate) fn find(manager: &ChannelManager, monitors: &[LoneMonitor]) -> Unfinished {
        let beginnings: HashSet<ChannelId> = monitors
            .iter()
            .filter(|(monitor, ..)| monitor.get_latest_update_id() == 0)
            .map(|(monitor, ..)| monitor.channel_id())
            .collect();
        let channels = manager.list_channels().into_iter();
        let unfinished = channels
            .filter(|channel| !channel.is_channel_ready && beginnings.contains(&channel.channel_id))
            .filter_map(|channel| Some((channel.channel_id, channel.funding_txo?.txid)));
        Unfinished(unfinished.collect())
    }

    /// The transactions that fund them.
    pub(crate) fn fundings(&self) -> HashSet<Txid> {
        self.0.values().copied().collect()
    }

    /// Tells LDK that the monitors are on disk, and then of the fundings that are in blocks. The chain monitor has the monitors, and no
    /// peer is connected yet.
    pub(crate) fn finish(
        self,
        chain_monitor: &ChainMonitor,
        manager: &ChannelManager,
        following: &FollowingChannels,
    ) {
        if self.0.is_empty() {
            return;
        }
        for channel_id in self.0.keys() {
            if chain_monitor.channel_monitor_updated(*channel_id, 0).is_err() {
                tracing::debug!("channel {channel_id} has been put away meanwhile");
            }
        }
        // LDK hears of it when it is asked for messages; there is nobody to send any to.
        let messages = manager.get_and_clear_pending_msg_events();
        tracing::debug!("{} messages of the start go to nobody", messages.len());
        following.tell_held_back();
    }
}
