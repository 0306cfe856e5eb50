//! The socket that clients connect to.

use super::connection;
use crate::context::Context;
use crate::lock::DirectoryLock;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio_util::task::TaskTracker;

/// How long commands may take to come to their end when the daemon stops.
const FINISH_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be accepted, as when all file descriptors are in use.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process answers on it.
    #[error("the RPC socket {0} is in use by another process")]
    InUse(PathBuf),
    /// The system refused.
    #[error("the RPC socket {path} could not be made: {source}")]
    Io {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The listening socket; its file is removed when this is dropped.
pub struct Server {
    listener: UnixListener,
    file: SocketFile,
}

impl Server {
    /// Makes the socket and starts to listen. The lock is what allows a socket that is left over from an earlier
    /// daemon of this directory to be removed.
    pub fn bind(path: &Path, mode: u32, _lock: &DirectoryLock) -> Result<Server, BindError> {
        if BlockingStream::connect(path).is_ok() {
            return Err(BindError::InUse(path.to_owned()));
        }
        let bind = || -> io::Result<Server> {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(path)?;
            let file = SocketFile(path.to_owned());
            fs::set_permissions(path, Permissions::from_mode(mode))?;
            Ok(Server { listener, file })
        };
        bind().map_err(|source| BindError::Io {
            path: path.to_owned(),
            source,
        })
    }

    /// Serves clients until the daemon stops, and then until their commands have come to an end.
    pub async fn run(self, context: Arc<Context>) {
        let clients = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = context.shutdown.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    clients.spawn(connection::serve(stream, context.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a client could not be accepted");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
        drop((self.listener, self.file));
        clients.close();
        if tokio::time::timeout(FINISH_WITHIN, clients.wait()).await.is_err() {
            tracing::warn!(
                "stopping with {} clients still waiting for an answer",
                clients.len()
            );
        }
    }
}

struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "the socket's file was gone already");
        }
    }
}
