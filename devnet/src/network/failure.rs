//! Whether anything here has failed, so that what the nodes left behind is worth keeping.

use std::sync::atomic::{AtomicBool, Ordering};

static FAILED: AtomicBool = AtomicBool::new(false);

/// Somebody has waited in vain, or a node has ended by itself.
pub(super) fn note() {
    FAILED.store(true, Ordering::Relaxed);
}

pub(super) fn was_noted() -> bool {
    FAILED.load(Ordering::Relaxed)
}
