//! A bitcoind on regtest in place of the embedded chain.

use super::NetworkError;
use super::error::ChainFailure;
use super::guard::Guard;
use super::miner::{ChainAccess, Miner};
use super::process::Process;
use super::wait::wait_for;
use serde_json::json;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long it may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// The wallet that blocks are paid to.
const WALLET: &str = "miner";
/// bitcoind's number for a wallet that is there already (`RPC_WALLET_ERROR`).
const WALLET_EXISTS: i64 = -4;

/// Starts the program on this port, and gives it a wallet.
pub(super) async fn start(
    program: &Path,
    directory: &Path,
    port: u16,
    guard: Arc<Guard>,
) -> Result<(Process, Miner), NetworkError> {
    let mut datadir = OsString::from("-datadir=");
    datadir.push(directory);
    let mut arguments = vec![datadir];
    let rest = [
        "-regtest",
        "-server",
        "-listen=0",
        "-fallbackfee=0.00001",
        "-printtoconsole=1",
        "-nodebuglogfile",
    ];
    arguments.extend(rest.map(OsString::from));
    arguments.push(format!("-rpcport={port}").into());
    let log = directory.join("bitcoind.log");
    let process = Mutex::new(Process::start("bitcoind", program, &arguments, &log, guard)?);

    let miner = wait_for("bitcoind answers", READY_WITHIN, || async {
        process.lock().await.check()?;
        // The cookie file appears before the calls are served.
        let Ok(cookie) = fs::read_to_string(directory.join("regtest").join(".cookie")) else {
            return Ok(None);
        };
        let miner = Miner::new(ChainAccess::new(port, &cookie, directory));
        Ok(miner
            .call("getblockcount", json!([]))
            .await
            .is_ok()
            .then_some(miner))
    })
    .await?;
    match miner.call("createwallet", json!([WALLET])).await {
        Err(NetworkError::Chain {
            reason: ChainFailure::Rpc {
                code: WALLET_EXISTS, ..
            },
            ..
        }) => {
            miner.call("loadwallet", json!([WALLET])).await?;
        }
        outcome => _ = outcome?,
    }
    Ok((process.into_inner(), miner))
}
