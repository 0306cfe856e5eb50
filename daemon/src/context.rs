//! What every command may use.

use crate::commands::Registry;
use crate::error::{Code, RpcError};
use crate::logging::Recent;
use crate::options::{Config, LiveConfig};
use crate::rpc::Caller;
use crate::runes::Runes;
use boltill_ledger::Ledger;
use boltill_node::{Node, Profile};
use boltill_till::Till;
use boltill_types::UnixSeconds;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

/// The daemon as commands see it; one for the whole process.
pub struct Context {
    /// The options that the daemon was started with.
    pub config: Config,
    /// The options as `setconfig` has changed them.
    pub live: LiveConfig,
    /// The latest lines of the log.
    pub log: Recent,
    /// Every command there is.
    pub commands: Registry,
    /// Cancel it to stop the daemon; it is cancelled when the daemon stops for any other reason.
    pub shutdown: CancellationToken,
    /// When the daemon started.
    pub started_at: UnixSeconds,
    /// Who the node is; empty for the first moment only.
    pub profile: OnceLock<Profile>,
    /// What is durable, for commands that need nothing else; empty for the first moment only.
    pub ledger: OnceLock<Arc<Ledger>>,
    /// What may call commands from outside; empty for the first moment only.
    pub runes: OnceLock<Runes>,
    /// What does the work; empty until the node has caught up with the chain, while the socket answers already.
    pub engine: OnceLock<Engine>,
}

/// The node, and the till in front of it.
#[derive(Clone)]
pub struct Engine {
    /// Channels, peers, coins.
    pub node: Node,
    /// Everything about money.
    pub till: Till,
}

impl Context {
    /// The daemon at its start, without a node yet.
    pub fn new(config: Config, commands: Registry) -> Context {
        Context {
            live: LiveConfig::new(config.clone()),
            config,
            log: Recent::default(),
            commands,
            shutdown: CancellationToken::new(),
            started_at: UnixSeconds::now(),
            profile: OnceLock::new(),
            ledger: OnceLock::new(),
            runes: OnceLock::new(),
            engine: OnceLock::new(),
        }
    }

    /// The node, once it may be used.
    ///
    /// # Errors
    /// While the daemon starts.
    pub fn node(&self) -> Result<&Node, RpcError> {
        Ok(&self.engine()?.node)
    }

    /// The till, once it may be used.
    ///
    /// # Errors
    /// While the daemon starts.
    pub fn till(&self) -> Result<&Till, RpcError> {
        Ok(&self.engine()?.till)
    }

    fn engine(&self) -> Result<&Engine, RpcError> {
        self.engine.get().ok_or_else(|| self.still_starting())
    }

    /// Who the node is, which is known before it may be used.
    ///
    /// # Errors
    /// In the daemon's first moment, while it opens its files.
    pub fn profile(&self) -> Result<&Profile, RpcError> {
        self.profile.get().ok_or_else(|| self.still_starting())
    }

    /// Has the node follow what `setconfig` has changed; whoever else follows options watches them.
    pub fn apply_live_config(&self) {
        if let Some(profile) = self.profile.get() {
            profile.set_min_capacity_sat(self.live.now().min_capacity_sat);
        }
    }

    /// The ledger, which can be used before the node may be.
    ///
    /// # Errors
    /// In the daemon's first moment, while it opens its files.
    pub fn ledger(&self) -> Result<&Ledger, RpcError> {
        let ledger = self.ledger.get().map(Arc::as_ref);
        ledger.ok_or_else(|| self.still_starting())
    }

    /// The runes, which can be used before the node may be.
    ///
    /// # Errors
    /// In the daemon's first moment, while it opens its files.
    pub fn runes(&self) -> Result<&Runes, RpcError> {
        self.runes.get().ok_or_else(|| self.still_starting())
    }

    fn still_starting(&self) -> RpcError {
        let why = match self.profile.get().map(Profile::chain_status) {
            None => "reading its files".to_owned(),
            Some(status) => status
                .warning()
                .unwrap_or_else(|| "loading latest blocks from bitcoind".to_owned()),
        };
        RpcError::failed(Code::Unspecified, format!("boltilld is still starting: {why}"))
    }
}

/// One request in progress; it gives all of [`Context`].
#[derive(Clone)]
pub struct Call {
    /// The daemon.
    pub context: Arc<Context>,
    /// Who has made it, and may want to know what becomes of it.
    pub caller: Caller,
}

impl Deref for Call {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}
