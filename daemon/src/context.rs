//! What every command may use.

use crate::commands::Registry;
use boltill_types::UnixSeconds;
use std::ops::Deref;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The daemon as commands see it; one for the whole process.
pub struct Context {
    /// Every command there is.
    pub commands: Registry,
    /// Cancel it to stop the daemon; it is cancelled when the daemon stops for any other reason.
    pub shutdown: CancellationToken,
    /// When the daemon started.
    pub started_at: UnixSeconds,
}

/// One request in progress; it gives all of [`Context`].
#[derive(Clone)]
pub struct Call {
    /// The daemon.
    pub context: Arc<Context>,
}

impl Deref for Call {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}
