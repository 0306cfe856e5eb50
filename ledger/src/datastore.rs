//! The datastore: what clients keep here for themselves, under keys that form a tree.
//!
//! A key has a value or has keys below it, and never both, as in a file system. Keys above others are there as long as something
//! is below them.

mod key;
mod read;
mod write;

pub use key::{DatastoreKey, DatastoreKeyError};
pub use read::{DatastoreItem, DatastorePage, DatastorePosition};
pub use write::{DatastoreDeleteError, DatastoreMode, DatastoreWriteError};

/// The longest value, in bytes: a listing holds several in memory, and a request with one in hexadecimal must be short enough.
pub const MAX_DATASTORE_VALUE: usize = 2 << 20;

/// A value, and how often it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatastoreValue {
    /// 0 when it was made, and one more with each change.
    pub generation: u64,
    /// The value.
    pub data: Vec<u8>,
}

pub(crate) mod sql {
    crate::sql::statements! {
        BY_KEY = "SELECT generation, data FROM datastore WHERE key = ?1";
        IS_VALUE = "SELECT 1 FROM datastore WHERE key = ?1";
        IS_ANY = "SELECT 1 FROM datastore WHERE key >= ?1 AND key < ?2 LIMIT 1";
        RANGE = "SELECT key, generation, data FROM datastore WHERE key >= ?1 AND key < ?2 ORDER BY key";
        SIZES = "SELECT key, length(key) + length(data) FROM datastore WHERE key >= ?1 AND key < ?2 \
                 ORDER BY key LIMIT ?3";
        ADD = "INSERT INTO datastore (key, generation, data) VALUES (?1, ?2, ?3)";
        SET = "UPDATE datastore SET generation = ?2, data = ?3 WHERE key = ?1";
        REMOVE = "DELETE FROM datastore WHERE key = ?1";
    }
}
