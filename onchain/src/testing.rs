//! What the tests of this crate share: a store in memory, blocks, and something that answers like bitcoind.

use crate::bitcoind::{Bitcoind, BitcoindConfig};
use crate::wallet::Wallet;
use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash;
use bitcoin::{
    Address, Amount, Block, BlockHash, CompactTarget, Network, OutPoint, ScriptBuf, Sequence, Transaction,
    TxIn, TxMerkleNode, TxOut, Txid, Witness, absolute, transaction,
};
use boltill_types::{StateChange, StateKey, StateStore, StoreError, StoreFuture};
use lightning::chain::{BestBlock, Listen};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A store that forgets with the process.
#[derive(Default)]
pub(crate) struct MemoryStore {
    values: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(crate) broken: AtomicBool,
}

impl MemoryStore {
    pub(crate) fn len(&self) -> usize {
        self.values.lock().unwrap().len()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> Result<(), StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Closed);
        }
        change(&mut self.values.lock().unwrap());
        Ok(())
    }
}

impl StateStore for MemoryStore {
    fn read(&self, key: &StateKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.values.lock().unwrap().get(&key.key).cloned())
    }

    fn list(&self, _primary: &str, _secondary: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.values.lock().unwrap().keys().rev().cloned().collect())
    }

    fn write(&self, key: StateKey, value: Vec<u8>) -> StoreFuture<()> {
        let done = self.write_blocking(key, value);
        Box::pin(async move { done })
    }

    fn remove(&self, key: StateKey) -> StoreFuture<()> {
        let done = self.change(|values| drop(values.remove(&key.key)));
        Box::pin(async move { done })
    }

    fn write_blocking(&self, key: StateKey, value: Vec<u8>) -> Result<(), StoreError> {
        self.change(|values| {
            values.insert(key.key, value);
        })
    }

    fn write_all(&self, changes: Vec<StateChange>) -> StoreFuture<()> {
        let done = self.change(|values| {
            for change in changes {
                match change {
                    StateChange::Write(key, value) | StateChange::Edit(key, value) => {
                        drop(values.insert(key.key, value))
                    }
                    StateChange::Remove(key) => drop(values.remove(&key.key)),
                }
            }
        });
        Box::pin(async move { done })
    }
}

/// A chain of blocks without work, and a wallet that follows it.
pub(crate) struct Chain {
    pub(crate) blocks: Vec<(u32, BlockHash)>,
    made: u32,
}

impl Chain {
    /// Begins at some block of the past.
    pub(crate) fn starting_at(height: u32) -> Chain {
        Chain {
            blocks: vec![(height, BlockHash::hash(&height.to_le_bytes()))],
            made: 0,
        }
    }

    pub(crate) fn tip(&self) -> BestBlock {
        let (height, hash) = *self.blocks.last().unwrap();
        BestBlock::new(hash, height)
    }

    /// Makes the next block and shows it to the wallet.
    pub(crate) fn mine(&mut self, wallet: &Wallet, transactions: &[Transaction]) -> Block {
        let block = self.mine_unseen(transactions);
        wallet.block_connected(&block, self.tip().height);
        block
    }

    /// Makes the next block and shows it to nobody.
    pub(crate) fn mine_unseen(&mut self, transactions: &[Transaction]) -> Block {
        let (height, prev_blockhash) = *self.blocks.last().unwrap();
        self.made += 1;
        let header = Header {
            version: Version::TWO,
            prev_blockhash,
            merkle_root: TxMerkleNode::all_zeros(),
            time: self.made,
            bits: CompactTarget::from_consensus(0x207f_ffff),
            nonce: self.made,
        };
        let block = Block {
            header,
            txdata: transactions.to_vec(),
        };
        self.blocks.push((height + 1, block.block_hash()));
        block
    }

    pub(crate) fn mine_empty(&mut self, wallet: &Wallet, count: u32) {
        for _ in 0..count {
            self.mine(wallet, &[]);
        }
    }

    /// Takes the latest blocks away.
    pub(crate) fn disconnect(&mut self, wallet: &Wallet, count: usize) {
        self.blocks.truncate(self.blocks.len() - count);
        wallet.blocks_disconnected(self.tip());
    }
}

pub(crate) const SEED: [u8; 32] = [42; 32];

pub(crate) fn open(store: &Arc<MemoryStore>, birthday: BestBlock) -> Wallet {
    Wallet::open(
        Network::Regtest,
        &SEED,
        birthday,
        Arc::clone(store) as Arc<dyn StateStore>,
    )
    .unwrap()
}

/// A payment out of nowhere.
pub(crate) fn pay(address: &Address, sat: u64) -> Transaction {
    static PAYMENTS: AtomicU32 = AtomicU32::new(0);
    let source = Txid::hash(&PAYMENTS.fetch_add(1, Ordering::SeqCst).to_le_bytes());
    spend_to(&[OutPoint::new(source, 0)], address.script_pubkey(), sat)
}

/// An unsigned transaction that spends coins to one script.
pub(crate) fn spend_to(coins: &[OutPoint], script: ScriptBuf, sat: u64) -> Transaction {
    let input = |coin: &OutPoint| TxIn {
        previous_output: *coin,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: coins.iter().map(input).collect(),
        output: vec![TxOut {
            value: Amount::from_sat(sat),
            script_pubkey: script,
        }],
    }
}

/// Some coin.
pub(crate) fn coin(number: u8) -> OutPoint {
    OutPoint::new(Txid::from_byte_array([number; 32]), 0)
}

/// A transaction without signatures that spends these.
pub(crate) fn spending(coins: &[OutPoint]) -> Transaction {
    spend_to(coins, ScriptBuf::new(), 1_000)
}

/// What a call is answered with: a result, or bitcoind's error code and words.
pub(crate) type Answer = Result<Value, (i64, &'static str)>;

/// Something that answers like bitcoind on a port of this machine.
pub(crate) struct FakeBitcoind {
    pub(crate) port: u16,
    /// `user:password`, base64 not needed: the header that is let in.
    pub(crate) authorization: Arc<Mutex<String>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for FakeBitcoind {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// `Basic` for `__cookie__:one` and `__cookie__:two`.
pub(crate) const COOKIE_ONE: (&str, &str) = ("__cookie__:one", "Basic X19jb29raWVfXzpvbmU=");
pub(crate) const COOKIE_TWO: (&str, &str) = ("__cookie__:two", "Basic X19jb29raWVfXzp0d28=");

impl FakeBitcoind {
    /// Answers calls by a function of their names and parameters; lets [`COOKIE_ONE`] in.
    pub(crate) async fn start(
        answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static,
    ) -> FakeBitcoind {
        FakeBitcoind::start_at(0, answer).await
    }

    pub(crate) async fn start_at(
        port: u16,
        answer: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static,
    ) -> FakeBitcoind {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authorization = Arc::new(Mutex::new(COOKIE_ONE.1.to_owned()));
        let (let_in, answer) = (Arc::clone(&authorization), Arc::new(answer));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (let_in, answer) = (Arc::clone(&let_in), Arc::clone(&answer));
                tokio::spawn(async move { while_connected(stream, &let_in, &*answer).await });
            }
        });
        FakeBitcoind {
            port,
            authorization,
            server,
        }
    }
}

/// Serves one request and closes, so that a stopped server is one that refuses connections.
async fn while_connected(
    stream: TcpStream,
    let_in: &Mutex<String>,
    answer: &(dyn Fn(&str, &Value) -> Answer + Send + Sync),
) {
    let mut stream = BufReader::new(stream);
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap()
            }
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                authorization = value.to_owned()
            }
            _ if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let (status, body) = if authorization != *let_in.lock().unwrap() {
        ("401 Unauthorized", String::new())
    } else {
        let request: Value = serde_json::from_slice(&body).unwrap();
        match answer(request["method"].as_str().unwrap(), &request["params"]) {
            Ok(result) => (
                "200 OK",
                json!({ "result": result, "error": null, "id": "boltill" }).to_string(),
            ),
            Err((code, message)) => {
                let error = json!({ "code": code, "message": message });
                (
                    "500 Internal Server Error",
                    json!({ "result": null, "error": error, "id": "boltill" }).to_string(),
                )
            }
        }
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A port on which nobody listens. As long as this is held, the system gives it to nobody who takes any port, as connections and other tests
/// do; whoever names it may listen there. (Elsewhere than on Linux it would keep them away as well, and is not held.)
pub(crate) struct QuietPort {
    pub(crate) number: u16,
    _held: Option<TcpSocket>,
}

impl QuietPort {
    pub(crate) fn hold() -> QuietPort {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        QuietPort {
            number: socket.local_addr().unwrap().port(),
            _held: cfg!(target_os = "linux").then_some(socket),
        }
    }
}

/// A connection to a fake bitcoind, by the cookie in `datadir`.
pub(crate) fn connect(port: u16, datadir: &Path) -> Bitcoind {
    let folder = datadir.join("regtest");
    std::fs::create_dir_all(&folder).unwrap();
    if !folder.join(".cookie").exists() {
        write_cookie(datadir, COOKIE_ONE);
    }
    Bitcoind::new(&BitcoindConfig {
        rpc_port: Some(port),
        datadir: Some(datadir.to_owned()),
        ..BitcoindConfig::new(Network::Regtest)
    })
    .unwrap()
}

/// Writes the cookie file, as bitcoind does when it starts.
pub(crate) fn write_cookie(datadir: &Path, cookie: (&str, &str)) {
    std::fs::write(datadir.join("regtest/.cookie"), cookie.0).unwrap();
}
