//! An embedded regtest chain behind bitcoind's JSON-RPC.
//!
//! For people who have no bitcoind, and for tests that must not need one. Blocks are real (merkle roots, witness
//! commitments, regtest's proof of work), scripts are run by Bitcoin Core's own interpreter, and refusals have
//! bitcoind's codes and words, so that the same client works against a real `bitcoind -regtest`. There are no peers.
//!
//! How a request walks: `server` (HTTP, who may call) -> `rpc` (one table of calls) -> `node` -> `state` (the block tree)
//! with `connect` and `coins` (unspent outputs), `mempool` with `accept`, `rbf`, `truc` and `package` (what may wait),
//! `miner`, `wallet` (the faucet), `store` and `unconfirmed` (the files).
//!
//! What is looser than bitcoind: script rules that are policy and not consensus (low S, null fail, minimal if before
//! taproot ...) are not checked, since the consensus library does not offer them, and it does not say which opcode failed.
//! The mempool has no limit of size and forgets nothing with time.

mod accept;
mod auth;
mod coins;
pub mod command;
mod connect;
mod consensus;
mod mempool;
mod miner;
mod node;
mod package;
mod policy;
mod rbf;
mod reject;
mod rpc;
mod server;
mod state;
mod store;
mod truc;
mod unconfirmed;
mod verify;
mod wallet;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use auth::{Cookie, Credentials};
use node::Node;
use server::Shared;
pub use store::StoreError;

/// How long requests that are being answered at the end may take.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// Where the chain lives and who may call it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the chain; it is kept in `regtest/` below, with the cookie.
    pub datadir: PathBuf,
    /// Port on 127.0.0.1; 0 takes any that is free.
    pub rpc_port: u16,
    /// A user and password beside the cookie.
    pub rpc_auth: Option<RpcAuth>,
}

/// A user and password for the RPC.
#[derive(Debug, Clone)]
pub struct RpcAuth {
    /// `rpcuser`.
    pub user: String,
    /// `rpcpassword`.
    pub password: Password,
}

/// A password, which `Debug` does not show.
#[derive(Clone)]
pub struct Password(String);

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(password)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(...)")
    }
}

/// Why the chain cannot run.
#[derive(Debug, Error)]
pub enum ChainError {
    /// The chain's file cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The port cannot be had.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The cookie file cannot be written.
    #[error("{path}: {source}")]
    Cookie {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A user was named, but no password is anywhere.
    #[error("--rpc-user needs a password, in the environment as {0} or as --rpc-password")]
    PasswordMissing(&'static str),
    /// The server ended by itself.
    #[error("the RPC server failed: {0}")]
    Server(#[source] io::Error),
}

/// A chain that is being served. It stops when this is dropped; [`Running::shutdown`] also waits for it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    cookie_file: PathBuf,
    cookie: String,
    stop: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The cookie file, `<datadir>/regtest/.cookie`.
    pub fn cookie_file(&self) -> &Path {
        &self.cookie_file
    }

    /// What the cookie file holds: `__cookie__:<hex>`, a user and a password.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Waits until it stops, by the RPC call `stop` or because it failed. May be dropped and called again.
    ///
    /// # Errors
    /// [`ChainError::Server`].
    pub async fn stopped(&mut self) -> Result<(), ChainError> {
        (&mut self.task)
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(ChainError::Server)
    }

    /// Stops it and waits until the port and the file are free again.
    ///
    /// # Errors
    /// [`ChainError::Server`].
    pub async fn shutdown(mut self) -> Result<(), ChainError> {
        self.stop.cancel();
        self.stopped().await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Opens the chain (or begins one) and serves it on the current tokio runtime.
///
/// # Errors
/// See [`ChainError`].
pub async fn serve(config: Config) -> Result<Running, ChainError> {
    let dir = config.datadir.join("regtest");
    let opened = {
        let dir = dir.clone();
        tokio::task::spawn_blocking(move || Node::open(&dir)).await
    };
    let node = opened.map_err(|error| ChainError::Server(io::Error::other(error)))??;
    let listen_error = |source| ChainError::Listen {
        port: config.rpc_port,
        source,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.rpc_port))
        .await
        .map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let cookie_file = dir.join(".cookie");
    let cookie = Cookie::create(&cookie_file).map_err(|source| ChainError::Cookie {
        path: cookie_file.clone(),
        source,
    })?;
    let given = config
        .rpc_auth
        .map(|auth| format!("{}:{}", auth.user, auth.password.0));
    let credentials = Credentials::new([cookie.pair()].into_iter().chain(given.as_deref()));
    let stop = CancellationToken::new();
    let shared = Arc::new(Shared {
        node: Mutex::new(node),
        credentials,
        stop: stop.clone(),
    });
    let pair = cookie.pair().to_owned();
    let task = tokio::spawn(run(listener, shared, cookie, stop.clone()));
    Ok(Running {
        address,
        cookie_file,
        cookie: pair,
        stop,
        task,
    })
}

async fn run(
    listener: TcpListener,
    shared: Arc<Shared>,
    _cookie: Cookie,
    stop: CancellationToken,
) -> io::Result<()> {
    let router = server::router(Arc::clone(&shared));
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(SHUTDOWN_GRACE).await;
    };
    let ended = tokio::select! {
        ended = server => ended,
        () = overdue => Ok(()),
    };
    let saved = tokio::task::spawn_blocking(move || shared.node().save_mempool()).await;
    ended.and(saved.map_err(io::Error::other).flatten())
}
