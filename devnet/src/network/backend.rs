//! What serves a network's chain: the embedded one in this process, or a bitcoind beside it.

use super::guard::Guard;
use super::miner::{ChainAccess, Miner};
use super::port::Port;
use super::process::Process;
use super::{NetworkError, bitcoind};
use crate::chain;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A chain, which can be stopped and started again.
#[derive(Debug)]
pub(super) struct Backend {
    // In the order in which they are to go down.
    server: Mutex<Option<Server>>,
    place: Place,
    miner: Miner,
}

#[derive(Debug)]
enum Server {
    Embedded(chain::Running),
    Bitcoind(Process),
}

/// What is run, and where it keeps its files.
#[derive(Debug)]
struct Place {
    /// None is the embedded chain.
    program: Option<PathBuf>,
    directory: PathBuf,
    port: Port,
    guard: Arc<Guard>,
}

impl Backend {
    /// Starts the embedded chain, or the bitcoind that is named, with its files in `directory`.
    pub(super) async fn start(
        program: Option<PathBuf>,
        directory: PathBuf,
        guard: Arc<Guard>,
    ) -> Result<Self, NetworkError> {
        let place = Place {
            program,
            directory,
            port: Port::free()?,
            guard,
        };
        let (server, miner) = place.serve().await?;
        Ok(Self {
            server: Mutex::new(Some(server)),
            place,
            miner,
        })
    }

    /// Starts it again, on the same port, with the same files.
    pub(super) async fn restart(&self) -> Result<(), NetworkError> {
        self.stop().await;
        let (server, miner) = self.place.serve().await?;
        self.miner.reach(miner.access());
        *self.server.lock().await = Some(server);
        Ok(())
    }

    pub(super) fn miner(&self) -> &Miner {
        &self.miner
    }

    /// Stops it, if it runs, and waits for its end.
    pub(super) async fn stop(&self) {
        match self.server.lock().await.take() {
            Some(Server::Bitcoind(process)) => _ = process.stop().await,
            Some(Server::Embedded(running)) => {
                if let Err(error) = running.shutdown().await {
                    tracing::warn!("{error}");
                }
            }
            None => {}
        }
    }
}

impl Place {
    /// Serves the chain.
    async fn serve(&self) -> Result<(Server, Miner), NetworkError> {
        let port = self.port.number();
        if let Some(program) = &self.program {
            let (process, miner) =
                bitcoind::start(program, &self.directory, port, self.guard.clone()).await?;
            return Ok((Server::Bitcoind(process), miner));
        }
        let config = chain::Config {
            datadir: self.directory.clone(),
            rpc_port: port,
            rpc_auth: None,
        };
        let running = chain::serve(config).await?;
        let access = ChainAccess::new(running.address().port(), running.cookie(), &self.directory);
        Ok((Server::Embedded(running), Miner::new(access)))
    }
}
