//! The headers of the chain that the node has followed, of which the latest are kept on file.
//!
//! A bitcoind whose data have been made anew does not know the blocks that lost a race before its time. If the node saw
//! one of them last, only its own record shows the way back to where the chains part.

use bitcoin::block::Header;
use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::{BlockHash, Work};
use boltill_types::{StateKey, StateStore};
use lightning_block_sync::poll::{Validate, ValidatedBlockHeader};
use lightning_block_sync::{BlockHeaderData, Cache};
use std::collections::HashMap;
use std::sync::Arc;

/// How many are on file: more than any reorg, and more than the blocks that a monitor on file may be behind.
const ON_FILE: u32 = 144;
/// How many are kept in memory: those that nothing builds on any more are dropped now and then.
const IN_MEMORY: u32 = 2_016;
const NAMESPACE: &str = "chain_headers";
const HEADER_SIZE: usize = 80;
const HEIGHT_SIZE: usize = 4;

/// What LDK looks headers up in before it asks bitcoind.
pub(crate) struct Headers {
    known: HashMap<BlockHash, ValidatedBlockHeader>,
    store: Arc<dyn StateStore>,
}

impl Headers {
    /// Reads those on file. One that cannot be read is passed over: most often bitcoind has it as well.
    pub(crate) fn load(store: Arc<dyn StateStore>) -> Headers {
        let keys = store.list(NAMESPACE, "").unwrap_or_default().into_iter();
        let read = keys.filter_map(|key| store.read(&key_of(key)).ok()?);
        let known = read
            .filter_map(|bytes| decode(&bytes))
            .map(|header| (header.header.block_hash(), header))
            .collect();
        Headers { known, store }
    }

    /// Has a header at hand that need not be on file, as a block that is still to be read.
    pub(crate) fn remember(&mut self, header: ValidatedBlockHeader) {
        self.known.insert(header.header.block_hash(), header);
    }
}

impl Cache for Headers {
    fn look_up(&self, block_hash: &BlockHash) -> Option<&ValidatedBlockHeader> {
        self.known.get(block_hash)
    }

    fn block_connected(&mut self, block_hash: BlockHash, block_header: ValidatedBlockHeader) {
        self.known.insert(block_hash, block_header);
        let height = block_header.height;
        if height.is_multiple_of(ON_FILE) {
            self.known
                .retain(|_, header| header.height.saturating_add(IN_MEMORY) > height);
        }
        let key = key_of((height % ON_FILE).to_string());
        // It is written whether anybody waits for it or not, and lost in a power cut it is hardly ever missed.
        drop(self.store.write(key, encode(&block_header)));
    }

    fn block_disconnected(&mut self, block_hash: &BlockHash) -> Option<ValidatedBlockHeader> {
        self.known.remove(block_hash)
    }
}

fn key_of(key: String) -> StateKey {
    StateKey {
        primary_namespace: NAMESPACE.to_owned(),
        secondary_namespace: String::new(),
        key,
    }
}

/// The header, its height, and the work behind it.
fn encode(data: &BlockHeaderData) -> Vec<u8> {
    let mut bytes = serialize(&data.header);
    bytes.extend(data.height.to_be_bytes());
    bytes.extend(data.chainwork.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<ValidatedBlockHeader> {
    let (header, rest) = bytes.split_at_checked(HEADER_SIZE)?;
    let (height, work) = rest.split_at_checked(HEIGHT_SIZE)?;
    let header: Header = deserialize(header).ok()?;
    let data = BlockHeaderData {
        header,
        height: u32::from_be_bytes(height.try_into().ok()?),
        chainwork: Work::from_be_bytes(work.try_into().ok()?),
    };
    data.validate(header.block_hash()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::constants::genesis_block;

    #[test]
    fn a_header_is_read_as_it_was_written_and_a_damaged_one_is_not() {
        let header = genesis_block(bitcoin::Network::Regtest).header;
        let data = BlockHeaderData {
            header,
            height: 7,
            chainwork: header.work(),
        };
        let validated = data.validate(header.block_hash()).unwrap();
        let bytes = encode(&validated);
        assert_eq!(decode(&bytes), Some(validated));
        assert_eq!(decode(&bytes[1..]), None);
        assert_eq!(decode(&[]), None);
    }
}
