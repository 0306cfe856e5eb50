//! What the node remembers that LDK does not: which HTLC went where, and what a channel was like that LDK has forgotten.
//!
//! Both are seen in LDK's list of channels, at which every commit looks after it has serialised the channel manager: at the channels whose
//! monitors it writes, and at all of them when there is a new block. What is to be kept of channels is written in that same
//! commit. Forwards are handed to whoever keeps the books before the commit is, to
//! the same queue: so a forward is on file before the next node can answer for it, and its end, which LDK may tell again
//! after a crash but never of which HTLC it is, is that of a forward on file that has not ended, or has been told before.

mod balance;
mod book;
mod channel;
mod closing;
#[cfg(test)]
mod tests;

pub use balance::our_balance;
pub use book::{ForwardOffer, IncomingHtlc, OutgoingHtlc};
pub use channel::{ChannelRecord, CloseCause, Closing};
pub(crate) use closing::follow;
pub use closing::{ClosingChannel, ClosingStage, EndedChannel};

use crate::Node;
use crate::event::EventSink;
use crate::ldk::ChannelManager;
use crate::start::StartError;
use crate::store::state_key;
use bitcoin::BlockHash;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{Msat, PaymentHash, StateChange, StateKey, StateStore};
use book::Book;
use lightning::events::ClosureReason;
use lightning::ln::channel_state::ChannelDetails;
use lightning::ln::types::ChannelId;
use lightning::util::ser::{Readable, Writeable};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Where the records lie in the store, each under its channel's id.
const NAMESPACE: &str = "channel_records";

/// The node's memory; see the module.
#[derive(Default)]
pub(crate) struct Records {
    state: Mutex<State>,
    sink: OnceLock<Arc<dyn EventSink>>,
}

#[derive(Default)]
struct State {
    book: Book,
    channels: HashMap<ChannelId, ChannelRecord>,
    /// Records that are not on disk as they are here.
    changed: HashSet<ChannelId>,
    /// The block at which all channels were looked at.
    seen_at: Option<BlockHash>,
}

/// Channels that may have changed, and whose they are.
pub(crate) type Changed = HashMap<ChannelId, PublicKey>;

impl Records {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads what is on file, and takes in what is pending. Before any event is told, and once.
    pub(crate) fn begin(
        &self,
        store: &dyn StateStore,
        manager: &ChannelManager,
        sink: Arc<dyn EventSink>,
    ) -> Result<(), StartError> {
        for name in store.list(NAMESPACE, "")? {
            let bytes = store.read(&state_key(NAMESPACE, "", &name))?.unwrap_or_default();
            match ChannelRecord::read(&mut &bytes[..]) {
                Ok(record) => self.with(|state| state.channels.insert(record.channel_id, record)),
                // Not worth a node that does not start: no money depends on it.
                Err(error) => {
                    tracing::error!("what is on file of channel {name} is not readable: {error}");
                    continue;
                }
            };
        }
        let _ = self.sink.set(sink);
        self.see(manager, &Changed::new());
        Ok(())
    }

    /// Looks at the channels whose monitors a commit writes, hands on what has been forwarded, and gives what else the commit has to
    /// write.
    pub(crate) fn look(&self, manager: &ChannelManager, changed: &Changed) -> Vec<StateChange> {
        self.see(manager, changed);
        self.with(State::take_changes)
    }

    /// Looks at these channels between two commits; what is to be written waits for the next.
    pub(crate) fn see_again(&self, manager: &ChannelManager, channels: &[ChannelId]) {
        let changed = self.with(|state| {
            let peer_of = |id: &ChannelId| Some((*id, state.channels.get(id)?.peer?));
            channels.iter().filter_map(peer_of).collect()
        });
        self.see(manager, &changed);
    }

    /// Looks at channels that may have changed. LDK tells of each change that HTLCs are part of by a write of the channel's monitor;
    /// what channels are called changes with the chain, so with a new block all are looked at.
    pub(crate) fn see(&self, manager: &ChannelManager, changed: &Changed) {
        // The list is made where nobody else takes one in, so that no older one is taken in later.
        self.with(|state| {
            let tip = manager.current_best_block().block_hash;
            let offers = if state.seen_at.replace(tip) == Some(tip) {
                let peers: HashSet<&PublicKey> = changed.values().collect();
                let channels = peers
                    .into_iter()
                    .flat_map(|peer| manager.list_channels_with_counterparty(peer));
                state.take_in(&channels.collect::<Vec<_>>(), |id| changed.contains_key(id))
            } else {
                state.take_in(&manager.list_channels(), |_| true)
            };
            if let (Some(sink), false) = (self.sink.get(), offers.is_empty()) {
                sink.offered(offers);
            }
        });
    }

    /// The channel is closed. What is remembered of it stays until its money is where it belongs.
    pub(crate) fn closed(&self, channel_id: ChannelId, reason: &ClosureReason) {
        self.with(|state| {
            if let Some(record) = state.channels.get_mut(&channel_id) {
                record.closing = Some(Closing::from(reason));
                state.changed.insert(channel_id);
            }
        });
    }

    /// Whether both sides have agreed on how the channel is closed.
    pub(crate) fn is_closed_together(&self, channel_id: ChannelId) -> bool {
        let closing = self.with(|state| state.channels.get(&channel_id)?.closing);
        closing.is_some_and(|closing| closing.mutual)
    }

    /// The channel never came to be.
    pub(crate) fn forget(&self, channel_id: ChannelId) {
        self.with(|state| {
            if state.channels.remove(&channel_id).is_some() {
                state.changed.insert(channel_id);
            }
        });
    }

    /// The channels that are closed and not forgotten.
    fn closing(&self) -> Vec<ChannelRecord> {
        self.with(|state| {
            let closing = state.channels.values().filter(|record| record.closing.is_some());
            closing.cloned().collect()
        })
    }

    /// What a channel is called, open or not.
    pub(crate) fn short_channel_id(&self, channel_id: ChannelId) -> Option<u64> {
        self.with(|state| {
            let record = state.channels.get(&channel_id)?;
            record.short_channel_id.or(record.local_alias)
        })
    }

    fn history(&self, channel_id: ChannelId) -> Option<ChannelHistory> {
        self.with(|state| {
            let record = state.channels.get(&channel_id)?;
            Some(ChannelHistory {
                least_to_us: Msat(record.min_to_us_msat),
                most_to_us: Msat(record.max_to_us_msat),
                htlcs_sent: record.htlcs_sent,
            })
        })
    }

    /// The HTLC of that channel that failed here without going on, once; with `perhaps`, also one not seen failing yet.
    pub(crate) fn take_refused(&self, channel_id: ChannelId, perhaps: bool) -> Option<IncomingHtlc> {
        self.with(|state| state.book.take_refused(channel_id, perhaps))
    }

    /// An HTLC that was for us has been refused.
    pub(crate) fn refused_here(&self, channel_id: ChannelId, payment_hash: PaymentHash) {
        self.with(|state| state.book.refused_here(channel_id, payment_hash));
    }

    /// The HTLCs that came in on that channel and cannot have come back.
    pub(crate) fn not_returned(&self, channel_id: ChannelId) -> Vec<u64> {
        self.with(|state| state.book.not_returned(channel_id))
    }

    fn number_of(&self, channel_id: ChannelId, incoming: bool, htlc_id: u64) -> Option<u64> {
        self.with(|state| state.book.number_of(channel_id, incoming, htlc_id))
    }
}

impl State {
    /// Takes in how these channels are; one that `is_asked` for and is not among them is no more.
    fn take_in(
        &mut self,
        channels: &[ChannelDetails],
        is_asked: impl Fn(&ChannelId) -> bool,
    ) -> Vec<ForwardOffer> {
        self.follow(channels);
        self.book.look(channels, is_asked)
    }

    /// Takes in how the channels are.
    fn follow(&mut self, channels: &[ChannelDetails]) {
        for channel in channels {
            let id = channel.channel_id;
            let Some(known) = self.channels.get_mut(&id) else {
                if let Some(record) = ChannelRecord::of(channel) {
                    self.channels.insert(id, record);
                    self.changed.insert(id);
                }
                continue;
            };
            let before = known.clone();
            known.follow(channel);
            if *known != before {
                self.changed.insert(id);
            }
        }
    }

    /// What is not on disk as it is here.
    fn take_changes(&mut self) -> Vec<StateChange> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|id| match self.channels.get(&id) {
                Some(record) => StateChange::Write(key(id), record.encode()),
                None => StateChange::Remove(key(id)),
            })
            .collect()
    }
}

fn key(channel_id: ChannelId) -> StateKey {
    state_key(NAMESPACE, "", &channel_id.to_string())
}

/// What has become of an open channel so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelHistory {
    /// The least that was ever ours.
    pub least_to_us: Msat,
    /// The most that was ever ours.
    pub most_to_us: Msat,
    /// How many HTLCs we offered.
    pub htlcs_sent: u64,
}

impl Node {
    /// What has become of a channel until the last commit; `None` before it is funded.
    pub fn channel_history(&self, channel_id: ChannelId) -> Option<ChannelHistory> {
        self.inner.records.history(channel_id)
    }

    /// In which order a pending HTLC was first seen since the node started, counted from 1.
    pub fn htlc_number(&self, channel_id: ChannelId, incoming: bool, htlc_id: u64) -> Option<u64> {
        self.inner.records.number_of(channel_id, incoming, htlc_id)
    }
}
