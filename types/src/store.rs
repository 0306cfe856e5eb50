//! The narrow door through which Lightning's state reaches the disk.
//!
//! The node knows this trait and the ledger implements it, so neither knows the other.

use std::future::Future;
use std::pin::Pin;

/// Where one value of Lightning's state lives; the three parts are those of LDK's `KVStore`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StateKey {
    /// What kind of thing it is: monitors, monitor updates, ...
    pub primary_namespace: String,
    /// Which group within that kind; often empty.
    pub secondary_namespace: String,
    /// Which one of the group.
    pub key: String,
}

/// One change of Lightning's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// Store this value in place of what was there.
    Write(StateKey, Vec<u8>),
    /// The same, of a value that is written often and is mostly what it was: a store need write only what has changed.
    Edit(StateKey, Vec<u8>),
    /// Remove what is there, if anything is.
    Remove(StateKey),
}

/// Why the store could not read or write; every one of them means that the disk or the database failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or the disk failed.
    #[error("the ledger's database failed: {0}")]
    Database(String),
    /// The store has been closed, or its writer has stopped after an earlier failure.
    #[error("the ledger is closed")]
    Closed,
}

/// What a durable write answers with, once it is durable.
pub type StoreFuture<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'static>>;

/// Durable storage of Lightning's state.
///
/// Writes are put in order when the method is *called*, not when the future is first polled: of two writes to one
/// key the later call wins, whatever happens to the futures. A write is durable when its future resolves to `Ok`,
/// and it happens even if the future is dropped.
pub trait StateStore: Send + Sync + 'static {
    /// The value, or `None` when there is none. Blocks on the disk.
    fn read(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StoreError>;
    /// The keys of one group, in no particular order. Blocks on the disk.
    fn list(&self, primary_namespace: &str, secondary_namespace: &str) -> Result<Vec<String>, StoreError>;
    /// Stores a value in place of what was there.
    fn write(&self, key: StateKey, value: Vec<u8>) -> StoreFuture<()>;
    /// Removes a value; succeeds also when there is none.
    fn remove(&self, key: StateKey) -> StoreFuture<()>;
    /// Makes several changes at once, in this order: after a power cut either all of them are there or none.
    fn write_all(&self, changes: Vec<StateChange>) -> StoreFuture<()>;
    /// Stores a value and waits, on the calling thread, until it is durable.
    fn write_blocking(&self, key: StateKey, value: Vec<u8>) -> Result<(), StoreError>;
}
