//! Commands over HTTP, as Core Lightning's plugin `clnrest` answers them.
//!
//! `POST /v1/COMMAND` with a rune in the header `Rune` and parameters in the body is what a request on the socket is, with the same
//! list of commands behind it; `GET /v1/list-methods` and `GET /openapi.json` are for
//! whoever looks what there is. `GET /v1/events` tells what happens, and `GET /metrics` how much there is of everything. It is off
//! unless a port is given.
//!
//! Whoever comes without a good rune can cost no more than a connection: the rune is looked at before the body is read, and what
//! is refused for it comes late (`routes.rs`). Connections, time and memory have bounds (`connection.rs`, `body.rs`).

mod answer;
mod body;
mod certificates;
mod connection;
mod cors;
mod events;
mod metrics;
mod openapi;
mod routes;

pub use certificates::CertificateError;

use crate::context::Context;
use crate::options::{HttpConfig, Origins};
use routes::Service;
use std::io;
use std::net::{SocketAddr, TcpListener as BlockingListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

/// How many connections there may be; further ones wait outside.
pub const MAX_CONNECTIONS: usize = 256;
/// How long commands may take to come to their end when the daemon stops.
const FINISH_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be accepted, as when all file descriptors are in use.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Why there is no HTTP.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The system refused the address.
    #[error("cannot listen for HTTP at {address}: {source}")]
    Listen {
        /// Where it should be.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There is no certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// The server for HTTP, listening.
pub struct HttpServer {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    origins: Origins,
}

impl HttpServer {
    /// Starts to listen, with a certificate that is made if there is none.
    ///
    /// # Errors
    /// When the address is not to be had, or the certificate not to be read or made.
    pub fn bind(config: &HttpConfig) -> Result<HttpServer, HttpError> {
        let tls = match &config.certificates {
            Some(directory) => Some(certificates::acceptor(directory, config.address.ip())?),
            None => None,
        };
        let listen = || {
            let listener = BlockingListener::bind(config.address)?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        let listener = listen().map_err(|source| HttpError::Listen {
            address: config.address,
            source,
        })?;
        let protocol = if tls.is_some() { "https" } else { "http" };
        tracing::info!("REST server running at {protocol}://{}", config.address);
        Ok(HttpServer {
            listener,
            tls,
            origins: config.origins.clone(),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves clients until the daemon stops, and then until their commands have come to an end.
    pub async fn run(self, context: Arc<Context>) {
        let (clients, slots) = (TaskTracker::new(), Arc::new(Semaphore::new(MAX_CONNECTIONS)));
        let shutdown = context.shutdown.clone();
        let service = Arc::new(Service::new(context));
        let router = routes::router(Arc::clone(&service), &self.origins);
        let accept = async {
            loop {
                let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                    return;
                };
                match self.listener.accept().await {
                    Ok((stream, _)) => {
                        let served =
                            connection::serve(stream, self.tls.clone(), router.clone(), shutdown.clone());
                        clients.spawn(async move {
                            served.await;
                            drop(slot);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a client could not be accepted");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = accept => {}
        }
        drop(self.listener);
        clients.close();
        let ended = async {
            clients.wait().await;
            service.finish().await;
        };
        if tokio::time::timeout(FINISH_WITHIN, ended).await.is_err() {
            tracing::warn!("stopping with {} HTTP clients still being served", clients.len());
        }
    }
}
