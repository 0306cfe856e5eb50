//! What serves a network's chain: the embedded one in this process, or a bitcoind beside it.

use super::guard::Guard;
use super::miner::{ChainAccess, Miner};
use super::process::Process;
use super::{NetworkError, bitcoind};
use crate::chain;
use std::path::Path;
use std::sync::Arc;

/// A running chain.
#[derive(Debug)]
pub(super) struct Backend {
    server: Server,
    miner: Miner,
}

#[derive(Debug)]
enum Server {
    Embedded(chain::Running),
    Bitcoind(Process),
}

impl Backend {
    /// Starts the embedded chain, or the bitcoind that is named, with its files in `directory`.
    pub(super) async fn start(
        program: Option<&Path>,
        directory: &Path,
        guard: Arc<Guard>,
    ) -> Result<Self, NetworkError> {
        if let Some(program) = program {
            let (process, miner) = bitcoind::start(program, directory, guard).await?;
            return Ok(Self {
                server: Server::Bitcoind(process),
                miner,
            });
        }
        let config = chain::Config {
            datadir: directory.to_owned(),
            rpc_port: 0,
            rpc_auth: None,
        };
        let running = chain::serve(config).await?;
        let miner = Miner::new(ChainAccess::new(
            running.address().port(),
            running.cookie(),
            directory,
        ));
        Ok(Self {
            server: Server::Embedded(running),
            miner,
        })
    }

    pub(super) fn miner(&self) -> &Miner {
        &self.miner
    }

    /// Stops it and waits for its end.
    pub(super) async fn stop(self) {
        match self.server {
            Server::Bitcoind(process) => _ = process.stop().await,
            Server::Embedded(running) => {
                if let Err(error) = running.shutdown().await {
                    tracing::warn!("{error}");
                }
            }
        }
    }
}
