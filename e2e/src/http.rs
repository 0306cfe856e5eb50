//! A client of a node's HTTP, which trusts the authority that the node has made and no other.

use crate::{Network, Node, Options, SOON, start};
use boltill_devnet::network::Port;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A client of one node.
pub struct Https {
    /// Where the node answers.
    pub address: SocketAddr,
    /// Held, so that nobody else gets it while the node is down.
    _port: Port,
    connector: TlsConnector,
}

/// An answer as a whole.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub text: String,
}

impl Reply {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl Https {
    /// Starts a network of these nodes, the first of which answers over HTTPS.
    pub async fn network(nodes: usize) -> (Network, Https) {
        let network = start(Options {
            nodes,
            ..Options::default()
        })
        .await;
        let port = Port::free().expect("a free port");
        let address = (Ipv4Addr::LOCALHOST, port.number()).into();
        let node = &network.nodes()[0];
        node.restart_with(&[&option(address)])
            .await
            .expect("the node starts with HTTP");
        let https = Https::new(port, address, &node.directory().join("regtest/ca.pem"));
        (network, https)
    }

    fn new(port: Port, address: SocketAddr, ca: &Path) -> Https {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(ca).expect("the node's authority");
        roots.add(ca).expect("an authority");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Https {
            address,
            _port: port,
            connector: TlsConnector::from(Arc::new(config)),
        }
    }

    /// The option by which the node answers here.
    pub fn option(&self) -> String {
        option(self.address)
    }

    /// An encrypted connection on which nothing was said.
    pub async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        let name = "localhost".try_into().expect("a name");
        self.connector.connect(name, stream).await.expect("TLS")
    }

    /// Sends a request over a connection of its own, and gives the answer as soon as its head is there.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(self.connect().await)).await?;
        tokio::spawn(connection);
        let answer = tokio::time::timeout(SOON, sender.send_request(request));
        answer.await.expect("an answer in time")
    }

    /// Sends a request and reads the whole answer.
    pub async fn reply(&self, request: Request<Full<Bytes>>) -> Reply {
        let response = self.send(request).await.expect("an answer");
        let status = response.status();
        let body = tokio::time::timeout(SOON, response.into_body().collect()).await;
        let bytes = body.expect("a body in time").expect("a whole body").to_bytes();
        Reply {
            status,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// Calls a command; the status and the body.
    pub async fn call(&self, rune: Option<&str>, method: &str, params: &Value) -> (u16, Value) {
        let path = format!("/v1/{method}");
        let reply = self.reply(request("POST", &path, rune, params.to_string())).await;
        (reply.status.as_u16(), reply.json())
    }

    /// Follows the events, behind the one with that id.
    pub async fn events(&self, rune: &str, after: Option<&str>) -> EventStream {
        let mut request = request("GET", "/v1/events", Some(rune), String::new());
        if let Some(after) = after {
            let after = after.parse().expect("an id");
            request.headers_mut().insert("last-event-id", after);
        }
        let response = self.send(request).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        EventStream {
            body: response.into_body(),
            unread: String::new(),
            ready: VecDeque::new(),
            last_id: String::new(),
        }
    }
}

fn option(address: SocketAddr) -> String {
    format!("--clnrest-port={}", address.port())
}

/// A request with a rune, or without.
pub fn request(method: &str, path: &str, rune: Option<&str>, body: String) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost");
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    if let Some(rune) = rune {
        request = request.header("rune", rune);
    }
    request.body(Full::from(body)).expect("a request")
}

/// Has a node make a rune.
pub async fn rune(node: &Node, restrictions: Value) -> String {
    let made = node
        .call("createrune", json!({ "restrictions": restrictions }))
        .await;
    let made = made.expect("a rune");
    made["rune"].as_str().expect("a rune").to_owned()
}

/// One server-sent event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// By which one goes on behind it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl Event {
    /// The name, and the label or the hash of what it is about.
    pub fn outline(&self) -> String {
        let of = self.data["label"].as_str().unwrap_or("?");
        format!("{} {of}", self.name)
    }
}

/// Events as they come.
pub struct EventStream {
    body: Incoming,
    unread: String,
    ready: VecDeque<Event>,
    /// The last id that was sent, with an event or alone.
    pub last_id: String,
}

impl EventStream {
    /// The next event; `None` at the end, or where the connection breaks.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.read().await?;
        }
    }

    /// The outlines of the next events.
    pub async fn outlines(&mut self, count: usize) -> Vec<String> {
        let mut outlines = Vec::new();
        while outlines.len() < count {
            match self.next().await {
                Some(event) => outlines.push(event.outline()),
                None => panic!("the events end behind {outlines:?}"),
            }
        }
        outlines
    }

    /// Waits for the first words, behind which nothing is missed.
    pub async fn begin(&mut self) {
        while self.last_id.is_empty() {
            assert!(self.read().await.is_some(), "the events end before they begin");
        }
    }

    /// Reads what comes next; `None` at the end, or where the connection breaks.
    async fn read(&mut self) -> Option<()> {
        let frame = tokio::time::timeout(SOON, self.body.frame()).await;
        let frame = frame.expect("an event in time")?.ok()?;
        let Ok(data) = frame.into_data() else {
            return Some(());
        };
        self.unread.push_str(std::str::from_utf8(&data).expect("text"));
        while let Some((block, rest)) = self.unread.split_once("\n\n") {
            let (block, rest) = (block.to_owned(), rest.to_owned());
            self.take(&block);
            self.unread = rest;
        }
        Some(())
    }

    fn take(&mut self, block: &str) {
        let field = |name: &str| {
            let lines = block.lines().find_map(|line| line.strip_prefix(name));
            lines.and_then(|line| line.strip_prefix(": "))
        };
        if let Some(id) = field("id") {
            self.last_id = id.to_owned();
        }
        if let (Some(name), Some(data)) = (field("event"), field("data")) {
            self.ready.push_back(Event {
                id: self.last_id.clone(),
                name: name.to_owned(),
                data: serde_json::from_str(data).expect("JSON"),
            });
        }
    }
}
