//! A small network of nodes on a regtest chain, each node a process of its own.

mod backend;
mod bitcoind;
mod description;
mod error;
mod failure;
pub mod guard;
mod miner;
mod node;
mod port;
mod process;
mod programs;
mod setup;
mod wait;

pub use description::{ChainDescription, Description, NodeDescription};
pub use error::{ChainFailure, NetworkError};
pub use miner::{ChainAccess, Miner};
pub use node::Node;
pub use port::Port;
pub use programs::{boltill, devnet};
pub use wait::wait_for;

use backend::Backend;
use guard::Guard;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// What the nodes are called, in the order of their line.
const NAMES: [&str; 10] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy",
];

/// How a network is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many nodes.
    pub nodes: usize,
    /// Where everything is kept; None is a temporary directory that is removed at the end.
    pub directory: Option<PathBuf>,
    /// The bitcoind to run in place of the embedded chain.
    pub bitcoind: Option<PathBuf>,
    /// Whether neighbours have a channel.
    pub channels: bool,
    /// More options for each `boltilld`, such as `--log-level=debug`.
    pub node_options: Vec<OsString>,
}

impl Default for Options {
    /// Two nodes with a channel on the embedded chain, in a temporary directory.
    fn default() -> Self {
        Self {
            nodes: 2,
            directory: None,
            bitcoind: None,
            channels: true,
            node_options: Vec::new(),
        }
    }
}

/// A running network. Dropping it kills every process and, when it is temporary, removes its directory.
#[derive(Debug)]
pub struct Network {
    // In the order in which they are to go down.
    nodes: Vec<Node>,
    backend: Backend,
    guard: Arc<Guard>,
    directory: Directory,
}

/// Where a network keeps its files.
#[derive(Debug)]
enum Directory {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Network {
    /// Starts the chain and the nodes, gives each node coins and neighbours their channel, and waits until all is usable.
    pub async fn start(options: Options) -> Result<Self, NetworkError> {
        let directory = Directory::open(options.directory)?;
        let guard = Arc::new(Guard::start()?);
        tracing::info!("starting the chain in {}", directory.path().display());
        let chain_directory = directory.subdirectory("chain")?;
        let backend = Backend::start(options.bitcoind, chain_directory, guard.clone()).await?;

        let access = backend.miner().access();
        let mut datadir = OsString::from("--bitcoin-datadir=");
        datadir.push(&access.directory);
        let mut node_options = vec![
            "--bitcoin-rpcconnect=127.0.0.1".into(),
            format!("--bitcoin-rpcport={}", access.port).into(),
            datadir,
            "--developer".into(),
            "--dev-bitcoind-poll=0.1".into(),
        ];
        node_options.extend(options.node_options);

        let mut network = Self {
            nodes: Vec::new(),
            backend,
            guard,
            directory,
        };
        for number in 0..options.nodes {
            let name = NAMES
                .get(number)
                .map_or_else(|| format!("node{}", number + 1), |name| (*name).to_owned());
            tracing::info!("starting {name}");
            let directory = network.directory.subdirectory(&name)?;
            let node = Node::start(
                &name,
                directory,
                Port::free()?,
                &node_options,
                network.guard.clone(),
            )?;
            network.nodes.push(node);
        }
        for node in &mut network.nodes {
            node.ready().await?;
        }
        tracing::info!("giving each node coins");
        setup::fund(network.miner(), &network.nodes).await?;
        if options.channels {
            setup::open_channels(network.miner(), &network.nodes).await?;
        }
        Ok(network)
    }

    /// The nodes in their line.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of this name.
    ///
    /// # Errors
    ///
    /// The network has none of that name.
    pub fn node(&self, name: &str) -> Result<&Node, NetworkError> {
        let found = self.nodes.iter().find(|node| node.name() == name);
        found.ok_or_else(|| NetworkError::NotRunning {
            name: name.to_owned(),
        })
    }

    /// What makes blocks.
    pub fn miner(&self) -> &Miner {
        self.backend.miner()
    }

    /// Makes blocks, and waits until every node has seen them.
    pub async fn mine(&self, blocks: u32) -> Result<(), NetworkError> {
        self.miner().mine(blocks).await?;
        setup::caught_up(self.miner(), &self.nodes).await
    }

    /// Stops the chain, as if bitcoind had died; the nodes go on.
    pub async fn stop_chain(&self) {
        self.backend.stop().await;
    }

    /// Starts the chain again after [`stop_chain`](Self::stop_chain), with what it had, where the nodes expect it.
    pub async fn start_chain(&self) -> Result<(), NetworkError> {
        self.backend.restart().await
    }

    /// Where everything is kept.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What a program needs to know to use the network.
    pub fn description(&self) -> Description {
        Description::of(self)
    }

    /// Has one more process killed if this one dies, such as a program that uses the network.
    pub(crate) fn watch_over(&self, pid: u32) {
        self.guard.add(pid);
    }

    /// Stops the nodes in order, then the chain. Dropping the network instead kills them.
    pub async fn stop(mut self) {
        for node in std::mem::take(&mut self.nodes) {
            node.stop().await;
        }
        self.backend.stop().await;
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What a failed test leaves behind tells why it failed.
        if let Self::Temporary(directory) = self
            && (std::thread::panicking() || failure::was_noted())
        {
            directory.disable_cleanup(true);
            eprintln!("the network's files are kept in {}", directory.path().display());
        }
    }
}

impl Directory {
    fn open(directory: Option<PathBuf>) -> Result<Self, NetworkError> {
        let Some(path) = directory else {
            let prefix = "boltill-";
            let temporary = tempfile::Builder::new().prefix(prefix).tempdir();
            let file = |source| NetworkError::File {
                path: std::env::temp_dir(),
                source,
            };
            return temporary.map(Self::Temporary).map_err(file);
        };
        let created = std::fs::create_dir_all(&path).and_then(|()| path.canonicalize());
        created
            .map(Self::Kept)
            .map_err(|source| NetworkError::File { path, source })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }

    fn subdirectory(&self, name: &str) -> Result<PathBuf, NetworkError> {
        let path = self.path().join(name);
        match std::fs::create_dir_all(&path) {
            Ok(()) => Ok(path),
            Err(source) => Err(NetworkError::File { path, source }),
        }
    }
}
