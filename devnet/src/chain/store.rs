//! The chain's file: a journal of blocks, of invalidations and of addresses given out.
//!
//! Replaying it from the start gives the same chain and the same tip. A record that a crash cut short is dropped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bitcoin::consensus::{deserialize, serialize};
use bitcoin::hashes::{Hash, sha256};
use bitcoin::{Block, BlockHash};
use thiserror::Error;

const MAGIC: &[u8; 24] = b"boltill-devnet chain 01\n";
/// Longest record that is believed; a block has at most 4,000,000 bytes.
const MAX_RECORD: u32 = 8_000_000;

/// What changed the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    /// A block that was accepted.
    Block(Block),
    /// `invalidateblock`, or a block that broke a rule when it was to become active.
    Invalidated(BlockHash),
    /// `reconsiderblock`.
    Reconsidered(BlockHash),
    /// The wallet gave out its next address.
    AddressIssued,
}

/// Why the journal cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another process has the chain open.
    #[error("{0} is in use by another process")]
    Locked(PathBuf),
    /// The file is something else.
    #[error("{0} is not a chain of boltill-devnet")]
    Foreign(PathBuf),
    /// A record is whole but does not decode.
    #[error("{path}: broken record at byte {offset}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Where the record begins.
        offset: u64,
    },
}

/// The open journal. Holds the lock of its file.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    file: File,
    dirty: bool,
}

impl Store {
    /// Opens the journal in `dir` (made if missing) and gives what it holds to `replay`, record by record.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(crate) fn open(dir: &Path, mut replay: impl FnMut(Record)) -> Result<Self, StoreError> {
        let io_error = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { path, source }
        };
        fs::create_dir_all(dir).map_err(io_error(dir))?;
        let path = dir.join("chain.dat");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io_error(&path))?;
        file.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => StoreError::Locked(path.clone()),
            fs::TryLockError::Error(source) => StoreError::Io {
                path: path.clone(),
                source,
            },
        })?;
        let end = read_all(&file, &path, &mut replay)?;
        file.set_len(end).map_err(io_error(&path))?;
        file.seek(SeekFrom::End(0)).map_err(io_error(&path))?;
        if end == 0 {
            file.write_all(MAGIC).map_err(io_error(&path))?;
        }
        Ok(Self {
            path,
            file,
            dirty: true,
        })
    }

    /// Writes a record; it survives a kill at once and a power cut after [`Store::sync`].
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(crate) fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        let bytes = encode(record);
        self.dirty = true;
        self.file
            .write_all(&bytes)
            .map_err(|source| self.io_error(source))
    }

    /// Brings everything written so far to the disk.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        if self.dirty {
            self.file.sync_data().map_err(|source| self.io_error(source))?;
            self.dirty = false;
        }
        Ok(())
    }

    fn io_error(&self, source: io::Error) -> StoreError {
        StoreError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

/// A record is its length (four bytes, little endian, of kind and payload), a checksum (four bytes), the kind, the payload.
fn encode(record: &Record) -> Vec<u8> {
    let (kind, payload) = match record {
        Record::Block(block) => (b'B', serialize(block)),
        Record::Invalidated(hash) => (b'I', hash.to_byte_array().to_vec()),
        Record::Reconsidered(hash) => (b'R', hash.to_byte_array().to_vec()),
        Record::AddressIssued => (b'A', Vec::new()),
    };
    let mut body = Vec::with_capacity(payload.len() + 1);
    body.push(kind);
    body.extend_from_slice(&payload);
    let mut bytes = Vec::with_capacity(body.len() + 8);
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&checksum(&body));
    bytes.extend_from_slice(&body);
    bytes
}

fn decode(body: &[u8]) -> Option<Record> {
    let (kind, payload) = body.split_first()?;
    Some(match kind {
        b'B' => Record::Block(deserialize(payload).ok()?),
        b'I' => Record::Invalidated(BlockHash::from_slice(payload).ok()?),
        b'R' => Record::Reconsidered(BlockHash::from_slice(payload).ok()?),
        b'A' => Record::AddressIssued,
        _ => return None,
    })
}

fn checksum(body: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256::Hash::hash(body).to_byte_array();
    [a, b, c, d]
}

/// Reads every whole record; gives the length of the file up to the first that is cut short.
fn read_all(file: &File, path: &Path, replay: &mut impl FnMut(Record)) -> Result<u64, StoreError> {
    let mut reader = BufReader::new(file);
    let mut magic = [0; MAGIC.len()];
    match reader.read_exact(&mut magic) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
        Err(source) => {
            return Err(StoreError::Io {
                path: path.to_owned(),
                source,
            });
        }
        Ok(()) if magic != *MAGIC => return Err(StoreError::Foreign(path.to_owned())),
        Ok(()) => {}
    }
    let mut offset = MAGIC.len() as u64;
    loop {
        match read_body(&mut reader) {
            Ok(Some(body)) => {
                let broken = || StoreError::Broken {
                    path: path.to_owned(),
                    offset,
                };
                replay(decode(&body).ok_or_else(broken)?);
                offset += 8 + body.len() as u64;
            }
            Ok(None) => return Ok(offset),
            Err(source) => {
                return Err(StoreError::Io {
                    path: path.to_owned(),
                    source,
                });
            }
        }
    }
}

/// The next record's kind and payload; `None` at the end and where the rest was cut short.
fn read_body(reader: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 8];
    let mut body = Vec::new();
    let outcome = reader.read_exact(&mut head).and_then(|()| {
        let [a, b, c, d, ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        if length == 0 || length > MAX_RECORD {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        body.resize(length as usize, 0);
        reader.read_exact(&mut body)
    });
    match outcome {
        Ok(()) if checksum(&body) == head[4..] => Ok(Some(body)),
        Ok(()) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::Network;
    use bitcoin::constants::genesis_block;

    use super::*;

    fn records() -> Vec<Record> {
        let block = genesis_block(Network::Regtest);
        let hash = block.block_hash();
        vec![
            Record::Block(block),
            Record::AddressIssued,
            Record::Invalidated(hash),
            Record::Reconsidered(hash),
        ]
    }

    fn read(dir: &Path) -> Vec<Record> {
        let mut read = Vec::new();
        Store::open(dir, |record| read.push(record)).unwrap();
        read
    }

    #[test]
    fn what_is_written_is_read_again_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path(), |_| {}).unwrap();
        records().iter().for_each(|record| store.append(record).unwrap());
        drop(store);
        assert_eq!(read(dir.path()), records());
    }

    #[test]
    fn a_tail_cut_at_any_byte_costs_only_the_last_record() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path(), |_| {}).unwrap();
        records().iter().for_each(|record| store.append(record).unwrap());
        drop(store);
        let path = dir.path().join("chain.dat");
        let whole = fs::read(&path).unwrap();
        let last = encode(&records()[3]).len();
        for cut in 1..=last {
            fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            assert_eq!(read(dir.path()), records()[..3], "{cut} bytes cut");
        }
    }

    #[test]
    fn a_second_process_is_kept_out() {
        let dir = tempfile::tempdir().unwrap();
        let _first = Store::open(dir.path(), |_| {}).unwrap();
        assert!(matches!(
            Store::open(dir.path(), |_| {}),
            Err(StoreError::Locked(_))
        ));
    }

    #[test]
    fn a_foreign_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("chain.dat"), [7; 100]).unwrap();
        assert!(matches!(
            Store::open(dir.path(), |_| {}),
            Err(StoreError::Foreign(_))
        ));
    }
}
