//! How bitcoind is doing, and waiting until it is well.

use super::{Bitcoind, BitcoindError, BlockchainInfo, StartError, WrongChain};
use bitcoin::Network;
use boltill_types::UnixSeconds;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::sync::watch;

/// How bitcoind is doing, as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainStatus {
    /// Nobody has asked it yet.
    Unknown,
    /// It answers, and knows all the blocks that it knows the headers of.
    Synced {
        /// Its best block.
        height: u32,
    },
    /// It answers, and is catching up with the network.
    Syncing {
        /// The height up to which it has validated.
        blocks: u32,
        /// The height of the best header.
        headers: u32,
    },
    /// It is starting.
    WarmingUp {
        /// What it is doing, in its own words.
        message: String,
    },
    /// It answers, but for another chain.
    WrongChain(WrongChain),
    /// It does not answer, or refuses our credentials.
    Unreachable {
        /// When that was first seen.
        since: UnixSeconds,
        /// What the last attempt ended with.
        why: String,
    },
}

impl ChainStatus {
    /// What to warn people of (`warning_bitcoind_sync` of `getinfo`); `None` when all is well.
    pub fn warning(&self) -> Option<String> {
        match self {
            ChainStatus::Synced { .. } => None,
            ChainStatus::Unknown => Some("bitcoind has not been reached yet.".to_owned()),
            ChainStatus::Syncing { blocks, headers } => Some(format!(
                "Bitcoind is not up-to-date with network: it has validated {blocks} of {headers} blocks."
            )),
            ChainStatus::WrongChain(wrong) => Some(format!("Bitcoind cannot be used: {wrong}.")),
            ChainStatus::WarmingUp { message } => Some(format!("Bitcoind is warming up: {message}")),
            ChainStatus::Unreachable { since, why } => {
                let seconds = UnixSeconds::now().0.saturating_sub(since.0);
                Some(format!("Bitcoind has not answered for {seconds} seconds: {why}"))
            }
        }
    }

    fn of_info(network: Network, info: &BlockchainInfo) -> ChainStatus {
        // A regtest chain is "in initial download" whenever its last block is a day old, which is no reason to wait.
        let downloading = info.initial_block_download && network != Network::Regtest;
        if downloading || info.blocks < info.headers {
            return ChainStatus::Syncing {
                blocks: info.blocks,
                headers: info.headers,
            };
        }
        ChainStatus::Synced { height: info.blocks }
    }

    /// What a failed call says about bitcoind; an outage keeps the time of its beginning.
    fn of_error(error: &BitcoindError, before: &ChainStatus) -> ChainStatus {
        if let BitcoindError::WarmingUp { message } = error {
            return ChainStatus::WarmingUp {
                message: message.clone(),
            };
        }
        let since = match before {
            ChainStatus::Unreachable { since, .. } => *since,
            _ => UnixSeconds::now(),
        };
        ChainStatus::Unreachable {
            since,
            why: error.to_string(),
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Bitcoind {
    /// How bitcoind is doing, and every change of it. [`Bitcoind::probe`] is what finds out.
    pub fn status(&self) -> watch::Receiver<ChainStatus> {
        self.status.subscribe()
    }

    /// What stands in the way of reading on: a block that bitcoind has thrown away and cannot get back from its peers.
    pub fn missing_block(&self) -> Option<String> {
        self.missing_block
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn note_missing_block(&self, why: Option<String>) {
        *self.missing_block.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Asks bitcoind how it is doing and makes that known through [`Bitcoind::status`].
    pub async fn probe(&self) -> ChainStatus {
        let answer = self.blockchain_info().await;
        self.note(answer.as_ref())
    }

    fn note(&self, answer: Result<&BlockchainInfo, &BitcoindError>) -> ChainStatus {
        let status = match answer {
            Ok(info) => match self.check_chain(info) {
                Ok(()) => ChainStatus::of_info(self.network, info),
                Err(wrong) => ChainStatus::WrongChain(wrong),
            },
            Err(error) => ChainStatus::of_error(error, &self.status.borrow()),
        };
        self.status.send_if_modified(|known| {
            let changed = *known != status;
            known.clone_from(&status);
            changed
        });
        status
    }

    /// Refuses a bitcoind that follows another chain.
    ///
    /// # Errors
    /// The chain is another one, or the call failed.
    pub async fn check_network(&self) -> Result<(), StartError> {
        Ok(self.check_chain(&self.blockchain_info().await?)?)
    }

    pub(super) fn check_chain(&self, info: &BlockchainInfo) -> Result<(), WrongChain> {
        if info.chain == self.network.to_core_arg() {
            return Ok(());
        }
        Err(WrongChain {
            expected: self.network,
            found: info.chain.clone(),
        })
    }

    /// Waits, for as long as it takes, until bitcoind answers and has caught up with the network.
    ///
    /// Away, starting, and in initial download are waited for, with a pause that grows to ten seconds, and shown by
    /// [`Bitcoind::status`]; the log says which of them it is. May be dropped at any time.
    ///
    /// # Errors
    /// What waiting does not cure: the wrong chain, or credentials that bitcoind refuses.
    pub async fn wait_until_ready(&self) -> Result<BlockchainInfo, StartError> {
        let mut pause = FIRST_PAUSE;
        let mut said = None;
        loop {
            let answer = self.blockchain_info().await;
            let status = self.note(answer.as_ref());
            match answer {
                Ok(info) => {
                    self.check_chain(&info)?;
                    if matches!(status, ChainStatus::Synced { .. }) {
                        return Ok(info);
                    }
                }
                Err(error @ BitcoindError::Unauthorized { .. }) => return Err(error.into()),
                Err(error) if error.is_transient() => {}
                Err(error) => return Err(error.into()),
            }
            let kind = std::mem::discriminant(&status);
            if said != Some(kind) {
                tracing::warn!("waiting for bitcoind: {}", status.warning().unwrap_or_default());
                said = Some(kind);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::BlockHash;
    use bitcoin::hashes::Hash;

    fn info(blocks: u32, headers: u32, initial_block_download: bool) -> BlockchainInfo {
        BlockchainInfo {
            chain: "regtest".into(),
            blocks,
            headers,
            best_block_hash: BlockHash::all_zeros(),
            initial_block_download,
            pruned: false,
            prune_height: None,
        }
    }

    #[test]
    fn initial_download_is_waited_for_except_on_regtest() {
        let behind = info(10, 10, true);
        assert_eq!(
            ChainStatus::of_info(Network::Signet, &behind),
            ChainStatus::Syncing {
                blocks: 10,
                headers: 10
            }
        );
        assert_eq!(
            ChainStatus::of_info(Network::Regtest, &behind),
            ChainStatus::Synced { height: 10 }
        );
        assert_eq!(
            ChainStatus::of_info(Network::Regtest, &info(10, 11, false)),
            ChainStatus::Syncing {
                blocks: 10,
                headers: 11
            }
        );
    }

    #[test]
    fn an_outage_keeps_the_time_of_its_beginning() {
        let error = BitcoindError::Busy {
            url: "127.0.0.1:1".into(),
        };
        let earlier = ChainStatus::Unreachable {
            since: UnixSeconds(5),
            why: "before".into(),
        };
        let ChainStatus::Unreachable { since, why } = ChainStatus::of_error(&error, &earlier) else {
            panic!("not an outage");
        };
        assert_eq!(
            (since, why.as_str()),
            (UnixSeconds(5), "bitcoind at 127.0.0.1:1 is too busy")
        );
    }
}
