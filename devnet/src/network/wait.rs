//! Waiting for a condition, never for a time.

use super::{NetworkError, failure};
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(50);

/// Looks until `check` gives something, and gives that; fails when it fails, or when it gave nothing `within` that time.
///
/// `what` completes the sentence "waited in vain until ...".
pub async fn wait_for<T, F: Future<Output = Result<Option<T>, NetworkError>>>(
    what: &str,
    within: Duration,
    mut check: impl FnMut() -> F,
) -> Result<T, NetworkError> {
    let started = Instant::now();
    loop {
        if let Some(found) = check().await? {
            return Ok(found);
        }
        if started.elapsed() > within {
            failure::note();
            return Err(NetworkError::TimedOut {
                what: what.to_owned(),
                within,
            });
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
