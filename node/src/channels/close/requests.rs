//! What was asked for about closing channels together, on file until they are closed: the peer may be away for days, and the node
//! may stop and start meanwhile.

use super::FeeRange;
use bitcoin::ScriptBuf;
use bitcoin::hex::FromHex;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{StateKey, StateStore, StoreError, StoreFuture};
use lightning::ln::types::ChannelId;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const NAMESPACE: &str = "boltill";
const GROUP: &str = "closings";

/// A channel to be closed together with its peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MutualClose {
    pub(super) channel_id: ChannelId,
    pub(super) peer: PublicKey,
    /// Where our money goes; an address of the wallet when absent.
    pub(super) destination: Option<ScriptBuf>,
    pub(super) fees: Option<FeeRange>,
}

/// On file: the peer, the script and the range of fees, with `-` for what is absent.
impl MutualClose {
    fn to_bytes(&self) -> Vec<u8> {
        let script = self.destination.as_ref().map(|script| script.to_hex_string());
        let fees = self.fees.map(|fees| format!("{}:{}", fees.min, fees.max));
        let or_none = |field: Option<String>| field.unwrap_or_else(|| "-".to_owned());
        format!("{} {} {}", self.peer, or_none(script), or_none(fees)).into_bytes()
    }

    fn from_bytes(channel_id: ChannelId, bytes: &[u8]) -> Option<MutualClose> {
        let mut fields = std::str::from_utf8(bytes).ok()?.split(' ');
        let peer = fields.next()?.parse().ok()?;
        let destination = match fields.next()? {
            "-" => None,
            hex => Some(ScriptBuf::from_hex(hex).ok()?),
        };
        let fees = match fields.next()? {
            "-" => None,
            range => {
                let (min, max) = range.split_once(':')?;
                Some(FeeRange {
                    min: min.parse().ok()?,
                    max: max.parse().ok()?,
                })
            }
        };
        Some(MutualClose {
            channel_id,
            peer,
            destination,
            fees,
        })
    }
}

/// The channels that are to be closed, and which of them wait for their peers.
pub(super) struct Requests {
    store: Arc<dyn StateStore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: HashMap<ChannelId, MutualClose>,
    /// Those for which an errand is under way.
    tried: HashSet<ChannelId>,
}

impl Requests {
    /// Reads what an earlier run has left; an entry that cannot be read is left out and said.
    pub(super) fn load(store: Arc<dyn StateStore>) -> Result<Requests, StoreError> {
        let mut state = State::default();
        for name in store.list(NAMESPACE, GROUP)? {
            let key = key(&name);
            let value = store.read(&key)?.unwrap_or_default();
            let channel_id = <[u8; 32]>::from_hex(&name).ok().map(ChannelId);
            match channel_id.and_then(|id| MutualClose::from_bytes(id, &value)) {
                Some(close) => drop(state.asked.insert(close.channel_id, close)),
                None => tracing::warn!("what is on file about closing channel {name} is not readable"),
            }
        }
        Ok(Requests {
            store,
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn of(&self, channel_id: &ChannelId) -> Option<MutualClose> {
        self.state().asked.get(channel_id).cloned()
    }

    pub(super) fn all(&self) -> Vec<MutualClose> {
        self.state().asked.values().cloned().collect()
    }

    /// Remembers a request in place of an earlier one; it is durable when the future resolves.
    pub(super) fn remember(&self, close: MutualClose) -> StoreFuture<()> {
        let mut state = self.state();
        // The lock orders the writes.
        let written = self
            .store
            .write(key(&close.channel_id.to_string()), close.to_bytes());
        state.asked.insert(close.channel_id, close);
        written
    }

    /// The channel is closed, or will not be.
    pub(super) fn forget(&self, channel_id: &ChannelId) {
        let mut state = self.state();
        state.tried.remove(channel_id);
        if state.asked.remove(channel_id).is_some() {
            // What is left on file by a power cut is found to be of no use at the next start.
            drop(self.store.remove(key(&channel_id.to_string())));
        }
    }

    /// Whether nobody tries to close the channel yet; from now on somebody does.
    pub(super) fn begin_to_try(&self, channel_id: ChannelId) -> bool {
        self.state().tried.insert(channel_id)
    }

    pub(super) fn end_trying(&self, channel_id: &ChannelId) {
        self.state().tried.remove(channel_id);
    }
}

fn key(channel_id: &str) -> StateKey {
    StateKey {
        primary_namespace: NAMESPACE.to_owned(),
        secondary_namespace: GROUP.to_owned(),
        key: channel_id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::secp256k1::{Secp256k1, SecretKey};

    #[test]
    fn a_request_is_read_back_as_it_was_written() {
        let channel_id = ChannelId([7; 32]);
        let peer = SecretKey::from_slice(&[1; 32])
            .unwrap()
            .public_key(&Secp256k1::new());
        for destination in [None, Some(ScriptBuf::from_bytes(vec![0; 22]))] {
            for fees in [None, Some(FeeRange { min: 253, max: 1_000 })] {
                let close = MutualClose {
                    channel_id,
                    peer,
                    destination: destination.clone(),
                    fees,
                };
                assert_eq!(
                    MutualClose::from_bytes(channel_id, &close.to_bytes()),
                    Some(close)
                );
            }
        }
        for damaged in ["", "02", "- - -", &format!("{peer} zz -"), &format!("{peer} - 1")] {
            assert_eq!(MutualClose::from_bytes(channel_id, damaged.as_bytes()), None);
        }
    }
}
