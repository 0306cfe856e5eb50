//! bitcoind's JSON-RPC: the one way to the chain.
//!
//! `config.rs` finds out where bitcoind is, with `conf_file.rs` reading its `bitcoin.conf`; `auth.rs` holds the
//! credentials; this file makes one call; `calls.rs` has the calls with their types; `status.rs` tells how bitcoind is
//! doing; `source.rs` is what LDK asks through.

mod answers;
mod auth;
mod calls;
mod conf_file;
mod config;
mod error;
mod source;
mod status;

pub use answers::{
    BlockchainInfo, FeeMode, MempoolInfo, MempoolListing, NetworkInfo, PackageResult, PackageTx, TxOutInfo,
};
pub use config::{BitcoindConfig, ConfigError};
pub use error::{BitcoindError, StartError, WrongChain};
pub use source::FundingOutputs;
pub use status::ChainStatus;

pub(crate) use answers::feerate_of;
pub(crate) use error::{
    RPC_IN_WARMUP, RPC_MISC_ERROR, RPC_NOT_FOUND, RPC_VERIFY_ALREADY_IN_CHAIN, RPC_VERIFY_ERROR,
};

use auth::{Auth, Login};
use bitcoin::Network;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio::sync::watch;

/// Connecting takes milliseconds, or fails.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Under a heavy load (a new block, a flush of its caches) bitcoind has been seen to answer after most of a minute.
const CALL_TIMEOUT: Duration = Duration::from_secs(120);

/// A connection to bitcoind: a pool of HTTP connections, credentials, and how it was last seen to be doing.
///
/// Share it in an [`std::sync::Arc`]; every method may be called from anywhere, at any time, concurrently.
#[derive(Debug)]
pub struct Bitcoind {
    http: reqwest::Client,
    /// `host:port`, for people.
    address: String,
    url: String,
    auth: Auth,
    network: Network,
    status: watch::Sender<ChainStatus>,
    /// The block that was asked for last and that bitcoind has thrown away, in words.
    missing_block: Mutex<Option<String>>,
    /// Counts the blocks that peers were asked for.
    fetches: AtomicUsize,
}

/// The envelope around every answer; bitcoind sends it with HTTP statuses 200, 404 and 500.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<RpcError>,
}

#[derive(Deserialize)]
struct RpcError {
    code: i64,
    message: String,
}

impl Bitcoind {
    /// Prepares the connection; nothing is sent, and bitcoind need not be running.
    ///
    /// # Errors
    /// The configuration contradicts itself or `bitcoin.conf` cannot be read.
    pub fn new(config: &BitcoindConfig) -> Result<Bitcoind, ConfigError> {
        let endpoint = config.resolve()?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .no_proxy()
            .tcp_nodelay(true)
            .build()
            .map_err(|error| ConfigError::Http(error.to_string()))?;
        Ok(Bitcoind {
            http,
            url: format!("http://{}/", endpoint.address),
            address: endpoint.address,
            auth: Auth::new(endpoint.credentials),
            network: config.network,
            status: watch::Sender::new(ChainStatus::Unknown),
            missing_block: Mutex::new(None),
            fetches: AtomicUsize::new(0),
        })
    }

    /// Which chain it is meant to follow.
    pub fn network(&self) -> Network {
        self.network
    }

    /// Where it is, as `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Makes one call. The cookie is read again, once, when bitcoind refuses it: it is new after every restart.
    async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, BitcoindError> {
        let body =
            json!({ "jsonrpc": "1.0", "id": "boltill", "method": method, "params": params }).to_string();
        let login = self.auth.login()?;
        let (mut status, mut answer) = self.post(body.clone(), &login).await?;
        if status == StatusCode::UNAUTHORIZED
            && let Some(fresh) = self.auth.login_after_refusal(&login)?
        {
            (status, answer) = self.post(body, &fresh).await?;
        }
        self.open(method, status, &answer)
    }

    async fn post(&self, body: String, login: &Login) -> Result<(StatusCode, Vec<u8>), BitcoindError> {
        let request = self
            .http
            .post(&self.url)
            .basic_auth(&login.user, Some(&login.password))
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body);
        let unreachable = |error: reqwest::Error| BitcoindError::Unreachable {
            url: self.address.clone(),
            why: root_cause(&error),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unreachable)?;
        Ok((status, bytes.into()))
    }

    /// Takes an answer out of its envelope.
    fn open<T: DeserializeOwned>(
        &self,
        method: &'static str,
        status: StatusCode,
        answer: &[u8],
    ) -> Result<T, BitcoindError> {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(BitcoindError::Unauthorized {
                    url: self.address.clone(),
                    credentials: self.auth.describe(),
                });
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                return Err(BitcoindError::Busy {
                    url: self.address.clone(),
                });
            }
            _ => {}
        }
        let malformed = |why: String| BitcoindError::Malformed { method, why };
        let envelope: Envelope = serde_json::from_slice(answer)
            .map_err(|error| malformed(format!("HTTP status {status}; {error}")))?;
        match envelope.error {
            Some(RpcError {
                code: RPC_IN_WARMUP,
                message,
            }) => return Err(BitcoindError::WarmingUp { message }),
            Some(RpcError { code, message }) => {
                return Err(BitcoindError::Rpc {
                    method,
                    code,
                    message,
                });
            }
            None => {}
        }
        let result = envelope.result.map_or("null", RawValue::get);
        serde_json::from_str(result).map_err(|error| malformed(error.to_string()))
    }
}

/// The innermost error, which says what happened ("connection refused"); the outer ones repeat the URL.
fn root_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
