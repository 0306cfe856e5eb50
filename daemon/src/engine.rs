//! What does the work behind the commands: ledger, node and till, from their start to their end.

use crate::autoclean;
use crate::context::{Context, Engine};
use crate::options::Config;
use crate::runes::{Runes, RunesError};
use boltill_ledger::{Ledger, LedgerError, OpenError};
use boltill_node::{Node, NodeConfig, Running, StartError, TaskDied};
use boltill_till::{LiveNode, Till, TillConfig};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// The ledger's file in the network's folder.
pub const LEDGER_FILE: &str = "ledger.sqlite3";

/// Why the engine did not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The ledger cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Runes cannot be used.
    #[error(transparent)]
    Runes(#[from] RunesError),
    /// The node cannot start.
    #[error(transparent)]
    Node(#[from] StartError),
    /// A part of the node has died.
    #[error(transparent)]
    Died(#[from] TaskDied),
}

/// Everything that runs behind the commands.
pub struct RunningEngine {
    ledger: Arc<Ledger>,
    node: Running,
    expiry: JoinHandle<Result<std::convert::Infallible, LedgerError>>,
    cleaning: JoinHandle<()>,
}

/// Starts ledger, node and till, and lets the commands use them. Waits for bitcoind for as long as it takes; dropped
/// while it waits, it leaves nothing behind.
pub async fn start(context: &Context) -> Result<RunningEngine, EngineError> {
    let config = &context.config;
    let network_dir = config.place.network_dir();
    let (path, network) = (network_dir.join(LEDGER_FILE), config.place.network);
    let ledger = Arc::new(tokio::task::block_in_place(|| Ledger::open(&path, network))?);
    // Set once, by the one call of this function, as are those below.
    let _ = context.ledger.set(Arc::clone(&ledger));
    let _ = context.runes.set(Runes::open(Arc::clone(&ledger)).await?);
    let starting = Node::begin(node_config(config), Arc::<Ledger>::clone(&ledger))?;
    let _ = context.profile.set(starting.profile().clone());
    context.apply_live_config();
    let prepared = starting.prepare().await?;
    let node = prepared.node().clone();
    let till_config = TillConfig {
        cltv_final: config.cltv_final,
    };
    let till = Till::new(
        Arc::clone(&ledger),
        Arc::new(LiveNode::new(node.clone())),
        till_config,
    );
    // Events and peers only now: the books must agree with LDK before either of them changes.
    till.reconcile().await?;
    let running = prepared
        .run(Arc::new(till.clone()), Arc::new(till.clone()))
        .await?;
    let expiry = tokio::spawn({
        let till = till.clone();
        async move { till.run_expiry().await }
    });
    let cleaning = tokio::spawn(autoclean::run(Arc::clone(&ledger), context.live.watch()));
    let _ = context.engine.set(Engine { node, till });
    Ok(RunningEngine {
        ledger,
        node: running,
        expiry,
        cleaning,
    })
}

impl RunningEngine {
    /// Resolves when a part has died that the others cannot do without.
    pub async fn died(&mut self) -> EngineError {
        tokio::select! {
            // The cause before what follows from it.
            biased;
            error = self.ledger.failed() => error.into(),
            death = self.node.died() => death.into(),
            ended = &mut self.expiry => match ended {
                Ok(Err(error)) => error.into(),
                Ok(Ok(never)) => match never {},
                Err(panic) => TaskDied { name: "expiry", cause: panic.to_string() }.into(),
            },
        }
    }

    /// Ends everything in order; the ledger last, since the node's last words go there.
    ///
    /// # Errors
    /// When a part has died on the way.
    pub async fn stop(self) -> Result<(), EngineError> {
        self.expiry.abort();
        self.cleaning.abort();
        let stopped = self.node.stop().await;
        tokio::task::block_in_place(|| self.ledger.close());
        Ok(stopped?)
    }
}

fn node_config(config: &Config) -> NodeConfig {
    let announced = config.listen.iter().filter(|listen| listen.announced);
    let announced = announced.map(|listen| listen.address.into());
    NodeConfig {
        network: config.place.network,
        network_dir: config.place.network_dir(),
        alias: config.alias.clone(),
        rgb: config.rgb,
        bind: config.listen.iter().map(|listen| listen.address).collect(),
        announce: config.announce.iter().cloned().chain(announced).collect(),
        bitcoind: config.bitcoind.clone(),
        poll_interval: config.bitcoind_poll,
        rescan: config.rescan,
        force_feerates: config.force_feerates,
        fee_base_msat: config.fee_base_msat,
        fee_per_satoshi: config.fee_per_satoshi,
        cltv_delta: config.cltv_delta,
        min_capacity_sat: config.min_capacity_sat,
        offline: config.offline,
        fetchinvoice_noconnect: config.fetchinvoice_noconnect,
    }
}
