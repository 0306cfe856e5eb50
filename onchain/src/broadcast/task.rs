//! Sends what is due.

use super::entry::Reply;
use super::package::in_topological_order;
use super::pending::Job;
use super::{Broadcaster, PublishError, Published};
use crate::bitcoind::{Bitcoind, BitcoindError, ChainStatus, RPC_VERIFY_ALREADY_IN_CHAIN, RPC_VERIFY_ERROR};
use crate::wallet::{Wallet, WalletError};
use bitcoin::{Transaction, Txid};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The work of a [`Broadcaster`], to be run for as long as the node runs.
pub struct BroadcastTask {
    broadcaster: Arc<Broadcaster>,
    bitcoind: Arc<Bitcoind>,
    wallet: Arc<Wallet>,
}

/// bitcoind's verdict on a transaction or a package.
#[derive(Debug)]
enum Verdict {
    /// It is in the mempool.
    Accepted,
    /// It is in a block.
    InChain,
    /// What it spends is not there: spent already, or not made yet.
    MissingInputs(BitcoindError),
    /// It breaks a rule, or pays too little at present.
    Refused(BitcoindError),
    /// bitcoind could not be asked.
    Unavailable(BitcoindError),
}

/// Why the work has to pause; what was being sent has been put back.
#[derive(Debug, thiserror::Error)]
enum Pause {
    #[error(transparent)]
    Bitcoind(BitcoindError),
    #[error(transparent)]
    Wallet(#[from] WalletError),
}

impl BroadcastTask {
    pub(super) fn new(
        broadcaster: Arc<Broadcaster>,
        bitcoind: Arc<Bitcoind>,
        wallet: Arc<Wallet>,
    ) -> BroadcastTask {
        BroadcastTask {
            broadcaster,
            bitcoind,
            wallet,
        }
    }

    /// Sends whatever is handed over, for ever. May be dropped at any time: what the wallet knows of is sent again
    /// after the next start, and LDK hands its own transactions over again.
    pub async fn run(self) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.work().await {
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    self.broadcaster.wake.notified().await;
                }
                Err(why) => {
                    tracing::warn!("transactions wait to be sent: {why}");
                    tokio::select! {
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                        () = answers_again(self.bitcoind.status()) => pause = FIRST_PAUSE,
                    }
                }
            }
        }
    }

    /// Does everything that there is to do.
    async fn work(&self) -> Result<(), Pause> {
        self.forget_dead().await?;
        self.adopt_own();
        while let Some(job) = self.next_job() {
            self.attempt(job).await?;
        }
        self.forget_dead().await
    }

    /// Takes over what the wallet sent before a restart, or had in a block that has been disconnected since.
    fn adopt_own(&self) {
        if self.broadcaster.lock().take_chain_moved() {
            let own = in_topological_order(self.wallet.unconfirmed_own());
            let mut pending = self.broadcaster.lock();
            own.into_iter().for_each(|transaction| pending.adopt(transaction));
        }
    }

    fn next_job(&self) -> Option<Job> {
        self.broadcaster.lock().take_due()
    }

    async fn forget_dead(&self) -> Result<(), Pause> {
        let dead = self.broadcaster.lock().take_dead();
        if dead.is_empty() {
            return Ok(());
        }
        self.tell(&dead, "given up: replaced, or made impossible by the chain");
        Ok(self.wallet.forget(&dead).await?)
    }

    async fn attempt(&self, job: Job) -> Result<(), Pause> {
        if !job.noted {
            if let Err(error) = self.wallet.note_sent(&job.transactions).await {
                return self.not_noted(&job, error);
            }
            self.broadcaster.lock().noted(job.id);
        }
        let verdict = self.send(&job.transactions).await;
        let reply = {
            let mut pending = self.broadcaster.lock();
            match &verdict {
                Verdict::Accepted => pending.accepted(job.id),
                Verdict::InChain => pending.in_chain(job.id),
                Verdict::MissingInputs(_) => pending.missing_inputs(job.id),
                Verdict::Refused(_) => pending.refused(job.id),
                Verdict::Unavailable(_) => pending.put_back(job.id),
            }
            pending.take_reply(job.id)
        };
        match reply {
            Some(reply) => self.answer(reply, &job, verdict).await,
            None => self.log(&job, verdict),
        }
    }

    /// The disk failed. Who waits is told, and what nobody waits for is tried again.
    fn not_noted(&self, job: &Job, error: WalletError) -> Result<(), Pause> {
        let mut pending = self.broadcaster.lock();
        let Some(reply) = pending.take_reply(job.id) else {
            pending.put_back(job.id);
            return Err(error.into());
        };
        pending.give_up(job.id);
        // Who asked may have gone away; nothing has been sent either way.
        let _ = reply.send(Err(error.into()));
        Ok(())
    }

    /// Tells the verdict to the one who waits for it. What has been refused leaves nothing behind.
    async fn answer(&self, reply: Reply, job: &Job, verdict: Verdict) -> Result<(), Pause> {
        let answer = match verdict {
            Verdict::Accepted | Verdict::InChain => Ok(Published::Sent),
            Verdict::Unavailable(error) => {
                let _ = reply.send(Ok(Published::Queued {
                    why: error.to_string(),
                }));
                return Err(Pause::Bitcoind(error));
            }
            Verdict::MissingInputs(error) | Verdict::Refused(error) => {
                self.broadcaster.lock().give_up(job.id);
                self.forget_dead().await?;
                let inputs = job.transactions.iter().flat_map(|transaction| &transaction.input);
                self.wallet
                    .release(inputs.map(|input| input.previous_output))
                    .await?;
                Err(PublishError::Refused(error))
            }
        };
        // Who asked may have gone away; the verdict stands.
        let _ = reply.send(answer);
        Ok(())
    }

    /// Says what became of a transaction that nobody waits for.
    fn log(&self, job: &Job, verdict: Verdict) -> Result<(), Pause> {
        let txids: Vec<Txid> = job.transactions.iter().map(Transaction::compute_txid).collect();
        match verdict {
            Verdict::Accepted => tracing::debug!("sent {txids:?}"),
            Verdict::InChain => tracing::debug!("in a block already: {txids:?}"),
            Verdict::MissingInputs(error) | Verdict::Refused(error) => {
                let words = format!("not taken at present, to be sent again after the next block: {error}");
                self.tell(&txids, &words);
            }
            Verdict::Unavailable(error) => return Err(Pause::Bitcoind(error)),
        }
        Ok(())
    }

    /// Says something of transactions in the log, once for as long as it is so.
    fn tell(&self, txids: &[Txid], words: &str) {
        let mut pending = self.broadcaster.lock();
        let news = txids.iter().filter(|txid| pending.is_news(**txid, words));
        let news: Vec<&Txid> = news.collect();
        match news.is_empty() {
            true => tracing::debug!("{txids:?}: {words}"),
            false => tracing::info!("{news:?}: {words}"),
        }
    }

    async fn send(&self, transactions: &[Transaction]) -> Verdict {
        if transactions.len() > 1
            && let Some(verdict) = self.send_package(transactions).await
        {
            return verdict;
        }
        // One after another. What counts is whether the last one arrives; if not, the first failure says why.
        let mut arrived = None;
        let mut failure = None;
        for transaction in transactions {
            match self.send_one(transaction).await {
                verdict @ (Verdict::Accepted | Verdict::InChain) => arrived = Some(verdict),
                verdict @ Verdict::Unavailable(_) => return verdict,
                verdict => {
                    arrived = None;
                    failure.get_or_insert(verdict);
                }
            }
        }
        arrived.or(failure).unwrap_or(Verdict::InChain)
    }

    /// `None` when it has to be tried one by one: bitcoind does not take such a package, say because it has a part of it.
    async fn send_package(&self, transactions: &[Transaction]) -> Option<Verdict> {
        match self.bitcoind.submit_package(transactions).await {
            Ok(result) if result.package_msg == "success" => Some(Verdict::Accepted),
            Ok(result) => {
                tracing::debug!(
                    "package not taken as a whole: {}, {:?}",
                    result.package_msg,
                    result.results
                );
                None
            }
            Err(error) if error.is_transient() => Some(Verdict::Unavailable(error)),
            Err(error) => {
                tracing::debug!("package not taken as a whole: {error}");
                None
            }
        }
    }

    async fn send_one(&self, transaction: &Transaction) -> Verdict {
        match self.bitcoind.send_raw_transaction(transaction).await {
            Ok(_) => Verdict::Accepted,
            Err(error) => Verdict::of_error(error),
        }
    }
}

/// Resolves when somebody else has seen that bitcoind, which did not answer, does so again.
async fn answers_again(mut status: watch::Receiver<ChainStatus>) {
    while status.changed().await.is_ok() {
        let now = status.borrow_and_update();
        if matches!(*now, ChainStatus::Synced { .. } | ChainStatus::Syncing { .. }) {
            return;
        }
    }
    std::future::pending().await
}

impl Drop for BroadcastTask {
    fn drop(&mut self) {
        self.broadcaster.lock().close();
    }
}

impl Verdict {
    fn of_error(error: BitcoindError) -> Verdict {
        if error.is_transient() {
            return Verdict::Unavailable(error);
        }
        match &error {
            BitcoindError::Rpc {
                code: RPC_VERIFY_ALREADY_IN_CHAIN,
                ..
            } => Verdict::InChain,
            BitcoindError::Rpc { message, .. } if message.contains("txn-already-in-mempool") => {
                Verdict::Accepted
            }
            BitcoindError::Rpc { message, .. } if message.contains("txn-already-known") => Verdict::InChain,
            BitcoindError::Rpc {
                code: RPC_VERIFY_ERROR,
                message,
                ..
            } if message.contains("issing") => Verdict::MissingInputs(error),
            _ => Verdict::Refused(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: i64, message: &str) -> Verdict {
        let method = "sendrawtransaction";
        Verdict::of_error(BitcoindError::Rpc {
            method,
            code,
            message: message.to_owned(),
        })
    }

    #[test]
    fn what_bitcoind_has_already_counts_as_sent() {
        assert!(matches!(
            refused(-27, "Transaction outputs already in utxo set"),
            Verdict::InChain
        ));
        assert!(matches!(
            refused(-26, "txn-already-in-mempool"),
            Verdict::Accepted
        ));
        assert!(matches!(refused(-26, "txn-already-known"), Verdict::InChain));
    }

    #[test]
    fn missing_inputs_are_told_from_other_refusals() {
        assert!(matches!(
            refused(-25, "bad-txns-inputs-missingorspent"),
            Verdict::MissingInputs(_)
        ));
        assert!(matches!(
            refused(-25, "Missing inputs"),
            Verdict::MissingInputs(_)
        ));
        assert!(matches!(
            refused(-26, "min relay fee not met"),
            Verdict::Refused(_)
        ));
        let busy = BitcoindError::Busy { url: String::new() };
        assert!(matches!(Verdict::of_error(busy), Verdict::Unavailable(_)));
    }
}
