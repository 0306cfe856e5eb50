//! LDK's storage trait on top of ours, for all but the channels' state, which is written by `commit.rs`.

use crate::commit::Notes;
use boltill_types::{StateKey, StateStore, StoreError};
use lightning::io;
use lightning::util::persist::{
    CHANNEL_MANAGER_PERSISTENCE_KEY, CHANNEL_MANAGER_PERSISTENCE_PRIMARY_NAMESPACE, KVStore,
    NETWORK_GRAPH_PERSISTENCE_KEY, SCORER_PERSISTENCE_KEY,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What LDK reads all of its state through, and writes most of it.
pub(crate) struct LdkStore {
    pub(crate) state: Arc<dyn StateStore>,
    pub(crate) notes: Arc<Notes>,
}

type LdkFuture<T> = Pin<Box<dyn Future<Output = Result<T, io::Error>> + Send + 'static>>;

pub(crate) fn state_key(primary: &str, secondary: &str, key: &str) -> StateKey {
    StateKey {
        primary_namespace: primary.to_owned(),
        secondary_namespace: secondary.to_owned(),
        key: key.to_owned(),
    }
}

pub(crate) fn io_error(error: StoreError) -> io::Error {
    io::Error::new(io::ErrorKind::Other, error.to_string())
}

/// The graph and the scorer are knowledge that comes back by itself. LDK writes the scorer at every payment and
/// waits for it; these writes take their turn in the queue and nobody waits.
fn is_recoverable(primary: &str, key: &str) -> bool {
    primary.is_empty() && (key == NETWORK_GRAPH_PERSISTENCE_KEY || key == SCORER_PERSISTENCE_KEY)
}

/// The channel manager goes down with its monitors, by `commit.rs`.
fn is_manager(primary: &str, key: &str) -> bool {
    primary == CHANNEL_MANAGER_PERSISTENCE_PRIMARY_NAMESPACE && key == CHANNEL_MANAGER_PERSISTENCE_KEY
}

impl LdkStore {
    /// The bytes of one value; an error of kind `NotFound` when there are none. Blocks on the disk.
    pub(crate) fn read_value(&self, primary: &str, secondary: &str, key: &str) -> Result<Vec<u8>, io::Error> {
        let value = self
            .state
            .read(&state_key(primary, secondary, key))
            .map_err(io_error)?;
        value.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such key"))
    }

    /// The keys of one group. Blocks on the disk.
    pub(crate) fn list_keys(&self, primary: &str, secondary: &str) -> Result<Vec<String>, io::Error> {
        self.state.list(primary, secondary).map_err(io_error)
    }
}

/// Used by the background processor and the sweeper: nothing waits on the reactor.
impl KVStore for LdkStore {
    fn read(&self, primary: &str, secondary: &str, key: &str) -> LdkFuture<Vec<u8>> {
        let value = self.read_value(primary, secondary, key);
        Box::pin(async move { value })
    }

    fn write(&self, primary: &str, secondary: &str, key: &str, value: Vec<u8>) -> LdkFuture<()> {
        if is_manager(primary, key) {
            return Box::pin(self.notes.write_manager());
        }
        let written = self.state.write(state_key(primary, secondary, key), value);
        if is_recoverable(primary, key) {
            return Box::pin(async { Ok(()) });
        }
        Box::pin(async move { written.await.map_err(io_error) })
    }

    fn remove(&self, primary: &str, secondary: &str, key: &str, _lazy: bool) -> LdkFuture<()> {
        let removed = self.state.remove(state_key(primary, secondary, key));
        Box::pin(async move { removed.await.map_err(io_error) })
    }

    fn list(&self, primary: &str, secondary: &str) -> LdkFuture<Vec<String>> {
        let keys = self.list_keys(primary, secondary);
        Box::pin(async move { keys })
    }
}
