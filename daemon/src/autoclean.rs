//! Deleting what is old, as the `autoclean` options say.

use crate::options::{AutocleanConfig, Config};
use boltill_ledger::{Cleanable, Ledger, LedgerError};
use boltill_types::UnixSeconds;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The shortest time between two rounds.
const SHORTEST_CYCLE: Duration = Duration::from_secs(1);

/// Deletes every so often what is older than the options allow, for as long as it is let.
pub async fn run(ledger: Arc<Ledger>, mut options: watch::Receiver<Arc<Config>>) {
    loop {
        let AutocleanConfig { cycle, .. } = options.borrow_and_update().autoclean;
        tokio::select! {
            () = tokio::time::sleep(cycle.max(SHORTEST_CYCLE)) => {}
            () = another_cycle(&mut options, cycle) => continue,
        }
        let config = options.borrow().autoclean;
        for what in Cleanable::ALL {
            let Some(age) = config.age(what) else { continue };
            match clean(&ledger, what, age).await {
                Ok(0) => {}
                Ok(cleaned) => tracing::debug!("cleaned {cleaned} from {what}"),
                // Whoever can do nothing without the ledger ends the daemon.
                Err(error) => tracing::warn!("{what} could not be cleaned: {error}"),
            }
        }
    }
}

/// Resolves when the options want another time between two rounds.
async fn another_cycle(options: &mut watch::Receiver<Arc<Config>>, cycle: Duration) {
    let changed = options
        .wait_for(|config| config.autoclean.cycle != cycle)
        .await
        .map(drop);
    if changed.is_err() {
        // The options do not change any more.
        std::future::pending().await
    }
}

/// Deletes all of them that ended so many seconds ago, and gives how many they were. At least every other moment is left to the
/// others who write.
pub async fn clean(ledger: &Ledger, what: Cleanable, age: u64) -> Result<u64, LedgerError> {
    let ended = UnixSeconds(UnixSeconds::now().0.saturating_sub(age));
    let mut cleaned = 0;
    loop {
        let began = Instant::now();
        let batch = ledger.clean(what, ended).await?;
        cleaned += batch.cleaned;
        if !batch.more {
            return Ok(cleaned);
        }
        tokio::time::sleep(began.elapsed()).await;
    }
}
