//! Who sends too many onion messages is not listened to, before anything is computed: only here it is known which peer a message came from. Of the others,
//! those about offers are taken out here, and the rest is LDK's.

use super::budget::Budget;
use super::inbox::Inbox;
use super::peel::{Peeled, Peeler};
use crate::flood::tell_refusal;
use crate::keys::Keys;
use crate::ldk::OnionMessenger;
use bitcoin::secp256k1::PublicKey;
use lightning::ln::msgs::{BaseMessageHandler, Init, MessageSendEvent, OnionMessage, OnionMessageHandler};
use lightning::types::features::{InitFeatures, NodeFeatures};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many onion messages a peer may send at once, and how fast more of them, whomever they are for. A peer may well be the way by which all others reach
/// us or each other. Each costs a tenth of a millisecond or so.
const BURST: u32 = 1_000;
const INTERVAL: Duration = Duration::from_millis(4);

/// Stands before LDK's messenger.
pub(crate) struct MessageGate {
    messenger: Arc<OnionMessenger>,
    peeler: Peeler<Keys>,
    inbox: Inbox,
    budgets: PeerBudgets,
}

/// What each peer may still send. They outlive the connection: a new one brings no more.
#[derive(Default)]
struct PeerBudgets(Mutex<HashMap<PublicKey, Budget>>);

impl PeerBudgets {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<PublicKey, Budget>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take(&self, peer: PublicKey, now: Instant) -> bool {
        self.with(|budgets| {
            let budget = budgets.entry(peer);
            budget.or_insert_with(|| Budget::new(BURST, INTERVAL)).take(now)
        })
    }

    /// Forgets those who have had all of it back.
    fn tidy(&self, now: Instant) {
        self.with(|budgets| budgets.retain(|_, budget| !budget.is_full(now)));
    }
}

impl MessageGate {
    pub(crate) fn new(messenger: Arc<OnionMessenger>, keys: Arc<Keys>, inbox: Inbox) -> MessageGate {
        MessageGate {
            messenger,
            peeler: Peeler::new(keys),
            inbox,
            budgets: PeerBudgets::default(),
        }
    }
}

impl OnionMessageHandler for MessageGate {
    fn handle_onion_message(&self, peer_node_id: PublicKey, msg: &OnionMessage) {
        if !self.budgets.take(peer_node_id, Instant::now()) {
            tell_refusal!("{peer_node_id} sends too many onion messages, one is dropped");
            return;
        }
        // LDK calls this on the peer's connection and waits, so a message is only put where somebody else finds it.
        match self.peeler.peel(msg) {
            Peeled::AboutOffers(Some(arrival)) => self.inbox.put(*arrival),
            Peeled::AboutOffers(None) => {
                tracing::debug!("a message about offers came by a path that is not for such");
            }
            Peeled::Other(msg) => self.messenger.handle_onion_message(peer_node_id, msg),
        }
    }

    fn next_onion_message_for_peer(&self, peer_node_id: PublicKey) -> Option<OnionMessage> {
        self.messenger.next_onion_message_for_peer(peer_node_id)
    }

    fn timer_tick_occurred(&self) {
        self.budgets.tidy(Instant::now());
        self.messenger.timer_tick_occurred();
    }
}

impl BaseMessageHandler for MessageGate {
    fn get_and_clear_pending_msg_events(&self) -> Vec<MessageSendEvent> {
        self.messenger.get_and_clear_pending_msg_events()
    }

    fn peer_disconnected(&self, their_node_id: PublicKey) {
        self.messenger.peer_disconnected(their_node_id);
    }

    fn provided_node_features(&self) -> NodeFeatures {
        self.messenger.provided_node_features()
    }

    fn provided_init_features(&self, their_node_id: PublicKey) -> InitFeatures {
        self.messenger.provided_init_features(their_node_id)
    }

    fn peer_connected(&self, their_node_id: PublicKey, msg: &Init, inbound: bool) -> Result<(), ()> {
        self.messenger.peer_connected(their_node_id, msg, inbound)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::map::node;
    use super::*;

    #[test]
    fn each_peer_has_a_budget_of_its_own_and_is_forgotten_when_it_has_been_quiet() {
        let budgets = PeerBudgets::default();
        let now = Instant::now();
        for _ in 0..BURST {
            assert!(budgets.take(node(1), now));
        }
        assert!(!budgets.take(node(1), now));
        assert!(budgets.take(node(2), now));
        budgets.tidy(now + INTERVAL);
        assert_eq!(budgets.with(|budgets| budgets.len()), 1);
        assert!(budgets.take(node(1), now + INTERVAL));
        assert!(!budgets.take(node(1), now + INTERVAL));
        budgets.tidy(now + INTERVAL * (BURST + 1));
        assert_eq!(budgets.with(|budgets| budgets.len()), 0);
    }
}
