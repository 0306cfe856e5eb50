//! `boltill-devnet chain`.

use std::path::PathBuf;

use clap::Args;

use super::{ChainError, Config, Password, RpcAuth, serve};

/// Where a password is looked for, so that it need not be on the command line for everybody to see.
const PASSWORD_VARIABLE: &str = "BOLTILL_CHAIN_RPC_PASSWORD";

/// Serve an embedded regtest chain behind bitcoind's RPC, until it is interrupted or told to `stop`.
#[derive(Debug, Args)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 18443)]
    pub rpc_port: u16,
    /// Folder of the chain and of its cookie file (regtest/.cookie).
    #[arg(long, value_name = "DIR")]
    pub datadir: PathBuf,
    /// A user beside the cookie; needs a password.
    #[arg(long, value_name = "NAME")]
    pub rpc_user: Option<String>,
    /// The user's password; better given in the environment as BOLTILL_CHAIN_RPC_PASSWORD.
    #[arg(long, value_name = "PASSWORD", requires = "rpc_user")]
    pub rpc_password: Option<Password>,
}

/// Runs the command; prints one line when it listens.
///
/// # Errors
/// See [`ChainError`].
pub async fn run(options: Options) -> Result<(), ChainError> {
    let mut running = serve(options.into_config()?).await?;
    println!(
        "listening on {} (cookie: {})",
        running.url(),
        running.cookie_file().display()
    );
    tokio::select! {
        ended = running.stopped() => return ended,
        () = interrupted() => {}
    }
    running.shutdown().await
}

impl Options {
    fn into_config(self) -> Result<Config, ChainError> {
        let from_environment = || std::env::var(PASSWORD_VARIABLE).ok().map(Password::from);
        let rpc_auth = match self.rpc_user {
            None => None,
            Some(user) => {
                let password = self.rpc_password.or_else(from_environment);
                let password = password.ok_or(ChainError::PasswordMissing(PASSWORD_VARIABLE))?;
                Some(RpcAuth { user, password })
            }
        };
        Ok(Config {
            datadir: self.datadir,
            rpc_port: self.rpc_port,
            rpc_auth,
        })
    }
}

/// Waits for SIGINT or SIGTERM.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            // Without the handler the signal ends the process by itself.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
