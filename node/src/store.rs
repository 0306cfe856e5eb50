//! LDK's two storage traits on top of ours.

use boltill_types::{StateKey, StateStore, StoreError};
use lightning::io;
use lightning::util::persist::{
    KVStore, KVStoreSync, NETWORK_GRAPH_PERSISTENCE_KEY, SCORER_PERSISTENCE_KEY,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What LDK reads and writes its state through.
pub(crate) struct LdkStore(pub(crate) Arc<dyn StateStore>);

type LdkFuture<T> = Pin<Box<dyn Future<Output = Result<T, io::Error>> + Send + 'static>>;

fn state_key(primary: &str, secondary: &str, key: &str) -> StateKey {
    StateKey {
        primary_namespace: primary.to_owned(),
        secondary_namespace: secondary.to_owned(),
        key: key.to_owned(),
    }
}

fn io_error(error: StoreError) -> io::Error {
    io::Error::new(io::ErrorKind::Other, error.to_string())
}

/// The graph and the scorer are knowledge that comes back by itself. LDK writes the scorer at every payment and
/// waits for it; these writes take their turn in the queue and nobody waits.
fn is_recoverable(primary: &str, key: &str) -> bool {
    primary.is_empty() && (key == NETWORK_GRAPH_PERSISTENCE_KEY || key == SCORER_PERSISTENCE_KEY)
}

impl LdkStore {
    fn read_value(&self, primary: &str, secondary: &str, key: &str) -> Result<Vec<u8>, io::Error> {
        let value = self.0.read(&state_key(primary, secondary, key)).map_err(io_error)?;
        value.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such key"))
    }
}

/// Used by the background processor and the sweeper: nothing waits on the reactor.
impl KVStore for LdkStore {
    fn read(&self, primary: &str, secondary: &str, key: &str) -> LdkFuture<Vec<u8>> {
        let value = self.read_value(primary, secondary, key);
        Box::pin(async move { value })
    }

    fn write(&self, primary: &str, secondary: &str, key: &str, value: Vec<u8>) -> LdkFuture<()> {
        let written = self.0.write(state_key(primary, secondary, key), value);
        if is_recoverable(primary, key) {
            return Box::pin(async { Ok(()) });
        }
        Box::pin(async move { written.await.map_err(io_error) })
    }

    fn remove(&self, primary: &str, secondary: &str, key: &str, _lazy: bool) -> LdkFuture<()> {
        let removed = self.0.remove(state_key(primary, secondary, key));
        Box::pin(async move { removed.await.map_err(io_error) })
    }

    fn list(&self, primary: &str, secondary: &str) -> LdkFuture<Vec<String>> {
        let keys = self.0.list(primary, secondary).map_err(io_error);
        Box::pin(async move { keys })
    }
}

/// Used for channel monitors, whose updates LDK wants durable before it goes on.
impl KVStoreSync for LdkStore {
    fn read(&self, primary: &str, secondary: &str, key: &str) -> Result<Vec<u8>, io::Error> {
        self.read_value(primary, secondary, key)
    }

    fn write(&self, primary: &str, secondary: &str, key: &str, value: Vec<u8>) -> Result<(), io::Error> {
        let key = state_key(primary, secondary, key);
        tokio::task::block_in_place(|| self.0.write_blocking(key, value)).map_err(io_error)
    }

    fn remove(&self, primary: &str, secondary: &str, key: &str, lazy: bool) -> Result<(), io::Error> {
        let key = state_key(primary, secondary, key);
        if lazy {
            // What is left behind by a crash is older than the monitor that was written before, and is not read.
            drop(self.0.remove(key));
            return Ok(());
        }
        tokio::task::block_in_place(|| self.0.remove_blocking(key)).map_err(io_error)
    }

    fn list(&self, primary: &str, secondary: &str) -> Result<Vec<String>, io::Error> {
        self.0.list(primary, secondary).map_err(io_error)
    }
}
