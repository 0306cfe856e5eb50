//! The same call by the two ways to a node: its socket, and HTTP.

use crate::arguments::Arguments;
use crate::calls::{self, Call, Caller};
use crate::load::{self, Worker};
use crate::results::{Results, Setting};
use crate::{BenchError, networks};
use boltill_devnet::network::{Network, Port};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The ways, in the results.
pub const WAYS: [&str; 3] = ["invoice by the socket", "invoice by HTTP", "invoice by HTTPS"];
/// How many connections call at once.
pub const CALLERS: [usize; 2] = [1, 64];

/// Measures a network's first node.
pub async fn measure(
    arguments: &Arguments,
    network: &Network,
    results: &mut Results,
) -> Result<(), BenchError> {
    let subject = networks::subject(network)?;
    let node = networks::first(network)?;
    let setting = Setting {
        node: subject.name,
        invoices: 0,
        channels: 1,
    };
    let [socket, http, https] = WAYS;
    for callers in CALLERS {
        let workers = Caller::several(&subject.node, Call::Invoice, callers, &Arc::default()).await?;
        let load = load::run(&subject, workers, arguments.span()).await?;
        results.load(setting, socket, callers, load)?;
    }
    let rune = node.call("createrune", json!({})).await?;
    let rune = rune["rune"].as_str().unwrap_or_default();
    for (way, protocol) in [(http, "http"), (https, "https")] {
        let held = Port::free()?;
        let port = held.number();
        let options = [
            format!("--clnrest-port={port}"),
            format!("--clnrest-protocol={protocol}"),
        ];
        node.restart_with(&[&options[0], &options[1]]).await?;
        let tls = match protocol {
            "https" => Some(connector(&node.directory().join("regtest"))?),
            _ => None,
        };
        for callers in CALLERS {
            let mut workers = Vec::new();
            for _ in 0..callers {
                workers.push(Poster {
                    sender: connect(port, tls.as_ref()).await?,
                    rune: rune.to_owned(),
                });
            }
            let load = load::run(&subject, workers, arguments.span()).await?;
            results.load(setting, way, callers, load)?;
        }
    }
    node.restart().await?;
    Ok(())
}

/// Posts to `/v1/invoice`, over a connection that it keeps.
struct Poster {
    sender: SendRequest<Full<Bytes>>,
    rune: String,
}

impl Worker for Poster {
    async fn turn(&mut self, label: String) -> Result<(), BenchError> {
        let body = serde_json::to_vec(&calls::invoice(&label))?;
        let request = Request::post("/v1/invoice")
            .header("host", "localhost")
            .header("rune", &self.rune)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        match status {
            StatusCode::CREATED => Ok(()),
            status => Err(BenchError::Status(status)),
        }
    }
}

async fn connect(port: u16, tls: Option<&TlsConnector>) -> Result<SendRequest<Full<Bytes>>, BenchError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect(address).await.map_err(BenchError::Http)?;
    stream.set_nodelay(true).map_err(BenchError::Http)?;
    match tls {
        None => shake_hands(TokioIo::new(stream)).await,
        Some(tls) => {
            let name = ServerName::from(std::net::IpAddr::from(Ipv4Addr::LOCALHOST));
            let stream = tls.connect(name, stream).await.map_err(BenchError::Http)?;
            shake_hands(TokioIo::new(stream)).await
        }
    }
}

async fn shake_hands(
    io: impl hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, BenchError> {
    let (sender, connection) = http1::handshake(io).await?;
    // Its errors are those of the requests.
    tokio::spawn(connection);
    Ok(sender)
}

/// Trusts the certificate authority that the node has made for itself.
fn connector(folder: &std::path::Path) -> Result<TlsConnector, BenchError> {
    let authority = CertificateDer::from_pem_file(folder.join("ca.pem")).map_err(BenchError::Certificate)?;
    let mut roots = RootCertStore::empty();
    roots.add(authority).map_err(BenchError::Tls)?;
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
