//! The daemon from its first moment to its last, in order.

use crate::background;
use crate::commands::{COMMANDS, Registry};
use crate::context::Context;
use crate::engine::{self, EngineError, RunningEngine};
use crate::http::{HttpError, HttpServer};
use crate::lock::{DirectoryLock, LockError};
use crate::logging::{Log, LogError};
use crate::options::{self, Config, Request};
use crate::pid_file::{PidFile, PidFileError};
use crate::rpc::{BindError, Server};
use crate::signals;
use rustix::fs::Mode;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Why the daemon ends before it has begun.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    PidFile(#[from] PidFileError),
    #[error(transparent)]
    Socket(#[from] BindError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the system refused: {0}")]
    System(#[from] io::Error),
}

/// Runs the program with these arguments: 0 when it ends as it should, 1 with one line on standard error when not.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let config = match options::load(args) {
        Ok(Request::Run(config)) => *config,
        Ok(Request::Print(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(error),
    };
    if config.daemon && !background::is_child() {
        return background::start_child().unwrap_or_else(fail);
    }
    match start(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error),
    }
}

fn fail(error: impl std::error::Error) -> ExitCode {
    tracing::error!("{error}");
    eprintln!("boltilld: {error}");
    ExitCode::FAILURE
}

/// What must be done before there are threads, and undone when there are none any more.
fn start(config: Config) -> Result<(), StartError> {
    if config.daemon {
        background::leave_terminal()?;
    }
    // Whatever file is made by whatever part, nobody else reads it.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let lock = DirectoryLock::take(&config.place.network_dir())?;
    let log = Log::open(config.log.clone())?;
    log.install();
    let _pid_file = PidFile::write(&config.pid_file)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(serve(config, lock, log));
    // A look-up of a name that is still under way holds nobody up.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

/// Serves clients until the daemon is told to stop.
async fn serve(config: Config, lock: DirectoryLock, log: Log) -> Result<(), StartError> {
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let mut context = Context::new(config, Registry::new(COMMANDS));
    context.log = log.recent();
    let context = Arc::new(context);
    signals::listen(context.shutdown.clone(), log)?;
    let server = Server::bind(&context.config.rpc_file, context.config.rpc_file_mode, &lock)?;
    let http = context.config.http.as_ref().map(HttpServer::bind).transpose()?;
    let clients = tokio::spawn(server.run(context.clone()));
    let http = http.map(|http| tokio::spawn(http.run(context.clone())));
    let (engine, mut ended) = work(&context).await;
    context.shutdown.cancel();
    // Commands need the node to come to their end, so clients are served to their last answer before it stops.
    let _ = clients.await;
    if let Some(http) = http {
        let _ = http.await;
    }
    if let Some(engine) = engine {
        // The first thing that went wrong is the cause of the others.
        ended = ended.and(engine.stop().await.map_err(StartError::from));
    }
    tracing::info!("stopped");
    ended
}

/// Starts the engine and works until told to stop, or until a part dies. What has started must then be stopped.
async fn work(context: &Context) -> (Option<RunningEngine>, Result<(), StartError>) {
    let started = tokio::select! {
        started = engine::start(context) => started,
        () = context.shutdown.cancelled() => return (None, Ok(())),
    };
    let mut engine = match started {
        Ok(engine) => engine,
        Err(error) => return (None, Err(error.into())),
    };
    if let Err(error) = announce(context) {
        return (Some(engine), Err(error.into()));
    }
    let ended = tokio::select! {
        death = engine.died() => Err(death.into()),
        () = context.shutdown.cancelled() => Ok(()),
    };
    (Some(engine), ended)
}

/// Tells whoever waits for the daemon that it is ready; scripts look for this line in the log.
fn announce(context: &Context) -> io::Result<()> {
    if let Ok(node) = context.node() {
        let [red, green, blue] = node.rgb();
        tracing::info!(
            "Server started with public key {}, alias {} (color #{red:02x}{green:02x}{blue:02x}) and boltilld v{}",
            node.id(),
            node.alias(),
            env!("CARGO_PKG_VERSION"),
        );
    }
    if context.config.daemon {
        background::tell_ready()?;
    }
    Ok(())
}
