//! Drives the chain of a network by bitcoind's JSON-RPC, whichever program serves it.

use super::NetworkError;
use super::error::ChainFailure;
use super::wait::wait_for;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::OnceCell;

/// What bitcoind answers when the wallet has not enough coins that it can spend.
const INSUFFICIENT_FUNDS: i64 = -6;
/// How long it may take until it has them.
const COINS_WITHIN: Duration = Duration::from_secs(180);

/// How to reach the chain.
#[derive(Clone, Debug)]
pub struct ChainAccess {
    /// Where it serves bitcoind's calls: `http://127.0.0.1:PORT`.
    pub url: String,
    /// The user of the cookie file.
    pub user: String,
    /// The password of the cookie file.
    pub password: String,
    /// The port of the URL.
    pub port: u16,
    /// The chain's data directory, in which `regtest/.cookie` is.
    pub directory: PathBuf,
}

impl ChainAccess {
    /// A chain that serves on this port of 127.0.0.1 whoever knows the cookie.
    pub(super) fn new(port: u16, cookie: &str, directory: &Path) -> Self {
        let (user, password) = cookie.trim_end().split_once(':').unwrap_or((cookie, ""));
        Self {
            url: format!("http://127.0.0.1:{port}"),
            user: user.to_owned(),
            password: password.to_owned(),
            port,
            directory: directory.to_owned(),
        }
    }
}

/// Makes blocks, and pays from the coins in them.
#[derive(Debug)]
pub struct Miner {
    /// It changes when the chain starts again with a new cookie.
    access: RwLock<ChainAccess>,
    http: reqwest::Client,
    /// What the blocks' rewards are paid to.
    address: OnceCell<String>,
}

/// One answer of bitcoind.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Value,
    error: Option<AnswerError>,
}

#[derive(Deserialize)]
struct AnswerError {
    code: i64,
    message: String,
}

impl Miner {
    /// A miner on this chain.
    pub(super) fn new(access: ChainAccess) -> Self {
        Self {
            access: RwLock::new(access),
            http: one_call_a_connection(),
            address: OnceCell::new(),
        }
    }

    /// How to reach the chain without the miner.
    pub fn access(&self) -> ChainAccess {
        self.access.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reaches the chain in another way from now on.
    pub(super) fn reach(&self, access: ChainAccess) {
        *self.access.write().unwrap_or_else(PoisonError::into_inner) = access;
    }

    /// Runs one of bitcoind's commands.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, NetworkError> {
        let outcome = self.ask(method, params).await;
        outcome.map_err(|reason| NetworkError::Chain {
            method: method.to_owned(),
            reason,
        })
    }

    async fn ask(&self, method: &str, params: Value) -> Result<Value, ChainFailure> {
        let request = json!({"jsonrpc": "1.0", "id": "boltill-devnet", "method": method, "params": params});
        let access = self.access();
        let post = self
            .http
            .post(&access.url)
            .basic_auth(&access.user, Some(&access.password));
        let answer: Answer = post.json(&request).send().await?.json().await?;
        match answer.error {
            Some(AnswerError { code, message }) => Err(ChainFailure::Rpc { code, message }),
            None => Ok(answer.result),
        }
    }

    /// Makes this many blocks on the tip and gives their hashes.
    pub async fn mine(&self, blocks: u32) -> Result<Value, NetworkError> {
        let address = self.address().await?;
        self.call("generatetoaddress", json!([blocks, address])).await
    }

    /// Pays an amount in sat to an address and gives the transaction's id; it waits in the mempool for a block.
    pub async fn pay(&self, address: &str, sat: u64) -> Result<String, NetworkError> {
        // Strings keep every digit of the amount.
        let amount = format!("{}.{:08}", sat / 100_000_000, sat % 100_000_000);
        // bitcoind's wallet spends the change of the last payment only once another of its threads has told it that this is in the mempool.
        wait_for("the chain's wallet has paid", COINS_WITHIN, || async {
            match self.call("sendtoaddress", json!([address, amount])).await {
                Err(NetworkError::Chain {
                    reason:
                        ChainFailure::Rpc {
                            code: INSUFFICIENT_FUNDS,
                            ..
                        },
                    ..
                }) => Ok(None),
                outcome => {
                    self.unless_refused(text("sendtoaddress", "txid", outcome?)?)
                        .await
                }
            }
        })
        .await
    }

    /// bitcoind's wallet gives a transaction that bitcoind's mempool has refused: Knots takes none with a lock time of 21, which is a mark of some
    /// protocol's, and of a thousand transactions of a wallet on a short chain one has that by chance. The next one has another.
    async fn unless_refused(&self, txid: String) -> Result<Option<String>, NetworkError> {
        if self.mempool().await?.contains(&txid) {
            return Ok(Some(txid));
        }
        self.call("abandontransaction", json!([txid])).await?;
        Ok(None)
    }

    /// How many blocks there are on top of the first.
    pub async fn height(&self) -> Result<u64, NetworkError> {
        let height = self.call("getblockcount", json!([])).await?;
        height.as_u64().ok_or(NetworkError::Answer {
            method: "getblockcount",
            field: "height",
        })
    }

    /// Takes back the block at this height and all after it; what was in them returns to the mempool.
    pub async fn invalidate(&self, height: u64) -> Result<(), NetworkError> {
        let hash = self.call("getblockhash", json!([height])).await?;
        self.call("invalidateblock", json!([hash])).await?;
        Ok(())
    }

    /// Puts other blocks in the place of the last `depth`, with the same transactions as far as they are still valid, and one block
    /// more, so that everybody follows.
    pub async fn reorg(&self, depth: u32) -> Result<(), NetworkError> {
        self.invalidate(self.height().await? + 1 - u64::from(depth))
            .await?;
        // Paid to the same address within the same second, they could be the very blocks that have just been refused.
        let elsewhere = self.new_address().await?;
        self.call("generatetoaddress", json!([depth + 1, elsewhere]))
            .await?;
        Ok(())
    }

    /// Makes this many blocks that hold no transactions but their own; the mempool stays as it is.
    pub async fn mine_empty(&self, blocks: u32) -> Result<(), NetworkError> {
        let address = self.new_address().await?;
        for _ in 0..blocks {
            self.call("generateblock", json!([address, []])).await?;
        }
        Ok(())
    }

    /// The ids of the transactions that wait for a block.
    pub async fn mempool(&self) -> Result<Vec<String>, NetworkError> {
        let waiting = self.call("getrawmempool", json!([])).await?;
        serde_json::from_value(waiting).map_err(|_| NetworkError::Answer {
            method: "getrawmempool",
            field: "txid",
        })
    }

    /// The address that blocks pay to.
    pub async fn address(&self) -> Result<&str, NetworkError> {
        Ok(self.address.get_or_try_init(|| self.new_address()).await?)
    }

    async fn new_address(&self) -> Result<String, NetworkError> {
        text(
            "getnewaddress",
            "address",
            self.call("getnewaddress", json!([])).await?,
        )
    }
}

/// A connection that is kept may be closed by the other end just when the next call goes out on it.
fn one_call_a_connection() -> reqwest::Client {
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build();
    client.unwrap_or_default()
}

fn text(method: &'static str, field: &'static str, value: Value) -> Result<String, NetworkError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(NetworkError::Answer { method, field }),
    }
}
