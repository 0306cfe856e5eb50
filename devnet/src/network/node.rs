//! One node of a network.

use super::guard::Guard;
use super::port::Port;
use super::process::Process;
use super::wait::wait_for;
use super::{NetworkError, programs};
use boltill::{CallError, Client};
use serde::Serialize;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a node may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(180);

/// A `boltilld` of a network. Its methods take `&self`, so that a test may kill a node while another task calls it.
#[derive(Debug)]
pub struct Node {
    name: String,
    id: String,
    p2p: String,
    _port: Port,
    directory: PathBuf,
    program: PathBuf,
    arguments: Vec<OsString>,
    client: Client,
    guard: Arc<Guard>,
    process: Mutex<Option<Process>>,
}

impl Node {
    /// Starts a node that keeps everything in `directory`, without waiting until it answers.
    pub(super) fn start(
        name: &str,
        directory: PathBuf,
        port: Port,
        more: &[OsString],
        guard: Arc<Guard>,
    ) -> Result<Self, NetworkError> {
        fs::create_dir_all(&directory).map_err(|source| NetworkError::File {
            path: directory.clone(),
            source,
        })?;
        let p2p = format!("127.0.0.1:{}", port.number());
        let mut place = OsString::from("--lightning-dir=");
        place.push(&directory);
        let mut arguments = vec![place];
        let named = [
            "--network=regtest".to_owned(),
            format!("--addr={p2p}"),
            format!("--alias={name}"),
        ];
        arguments.extend(named.map(OsString::from));
        arguments.extend_from_slice(more);
        let node = Self {
            name: name.to_owned(),
            id: String::new(),
            p2p,
            _port: port,
            client: Client::new(directory.join("regtest").join("lightning-rpc")),
            directory,
            program: programs::boltilld()?,
            arguments,
            guard: guard.clone(),
            process: Mutex::new(None),
        };
        let process = node.spawn(&node.arguments)?;
        Ok(Self {
            process: Mutex::new(Some(process)),
            ..node
        })
    }

    /// Waits until the node answers, and notes its id.
    pub(super) async fn ready(&mut self) -> Result<(), NetworkError> {
        let info = self.answering().await?;
        let id = info["id"].as_str().ok_or(NetworkError::Answer {
            method: "getinfo",
            field: "id",
        })?;
        self.id = id.to_owned();
        Ok(())
    }

    /// What it is called: alice, bob ...
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its public key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it listens for peers: `127.0.0.1:PORT`.
    pub fn p2p(&self) -> &str {
        &self.p2p
    }

    /// Its `--lightning-dir`.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A client of its socket, for calls that the network's error would be in the way of.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What it has written so far.
    pub fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// Runs a command. When the node turns out to have died, the error shows the end of its log.
    pub async fn call(&self, method: &str, params: impl Serialize) -> Result<Value, NetworkError> {
        let error = match self.client.call(method, params).await {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        if !matches!(error, CallError::Rpc(_))
            && let Some(process) = self.process.lock().await.as_mut()
        {
            process.check()?;
        }
        Err(NetworkError::Call {
            node: self.name.clone(),
            method: method.to_owned(),
            source: error,
        })
    }

    /// The number of its process; None when it is not running.
    pub async fn pid(&self) -> Option<u32> {
        self.process.lock().await.as_ref()?.pid()
    }

    /// Kills it at once, as a power cut would.
    pub async fn kill(&self) {
        let process = self.process.lock().await.take();
        if let Some(process) = process {
            process.kill().await;
        }
    }

    /// Asks it to end, waits for that, and gives its exit status.
    ///
    /// None when it was not running, or had to be killed.
    pub async fn stop(&self) -> Option<ExitStatus> {
        let process = self.process.lock().await.take();
        process?.stop().await
    }

    /// Stops it in its tracks, as a machine that hangs would: its connections stay open, and nothing answers.
    pub async fn freeze(&self) {
        if let Some(process) = self.process.lock().await.as_ref() {
            process.freeze();
        }
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub async fn thaw(&self) {
        if let Some(process) = self.process.lock().await.as_ref() {
            process.thaw();
        }
    }

    /// Starts it again after [`kill`](Self::kill) or [`stop`](Self::stop), or stops and starts it, and waits until it answers.
    pub async fn restart(&self) -> Result<(), NetworkError> {
        self.restart_with(&[]).await
    }

    /// As [`restart`](Self::restart), this once with more options, such as `--offline`.
    pub async fn restart_with(&self, options: &[&str]) -> Result<(), NetworkError> {
        self.launch(options).await?;
        self.answering().await?;
        Ok(())
    }

    /// Starts it as [`restart_with`](Self::restart_with) does, but waits for nothing: it may have reasons not to answer.
    pub async fn launch(&self, options: &[&str]) -> Result<(), NetworkError> {
        self.stop().await;
        let mut arguments = self.arguments.clone();
        arguments.extend(options.iter().map(OsString::from));
        *self.process.lock().await = Some(self.spawn(&arguments)?);
        Ok(())
    }

    /// Waits until it ends by itself, and gives its exit status; None when it was not running.
    pub async fn ended(&self) -> Option<ExitStatus> {
        let process = self.process.lock().await.take();
        process?.ended().await
    }

    fn spawn(&self, arguments: &[OsString]) -> Result<Process, NetworkError> {
        Process::start(
            &self.name,
            &self.program,
            arguments,
            &self.log(),
            self.guard.clone(),
        )
    }

    /// Waits until the node has started, and gives what `getinfo` says then.
    async fn answering(&self) -> Result<Value, NetworkError> {
        wait_for(&format!("{} answers", self.name), READY_WITHIN, || async {
            let mut process = self.process.lock().await;
            let Some(process) = process.as_mut() else {
                return Err(NetworkError::NotRunning {
                    name: self.name.clone(),
                });
            };
            process.check()?;
            let info = self.client.call("getinfo", json!({})).await.ok();
            // It answers earlier, but knows its features only when everything else works as well.
            Ok(info.filter(|info| info["our_features"].is_object()))
        })
        .await
    }
}
