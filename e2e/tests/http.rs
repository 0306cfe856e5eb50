//! Commands over HTTPS, on a daemon with real invoices, and what those cost it who mean no good.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill_e2e::{Network, Node, Options, SOON, start, wait_for};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How many connections there may be at once.
const LET_IN: usize = 256;

/// How many of a node's other connections may come or go meanwhile.
const OTHERS: usize = 20;

/// A client that trusts the authority that the daemon has made, and no other.
struct Https {
    address: SocketAddr,
    connector: TlsConnector,
}

impl Https {
    fn new(address: SocketAddr, ca: &Path) -> Https {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Https {
            address,
            connector: TlsConnector::from(Arc::new(config)),
        }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        self.connector.connect(name, stream).await.unwrap()
    }

    /// Calls a command; the status and the body.
    async fn call(&self, rune: Option<&str>, method: &str, params: &Value) -> (u16, Value) {
        let mut stream = self.connect().await;
        let (rune, body) = (
            rune.map_or(String::new(), |rune| format!("Rune: {rune}\r\n")),
            params.to_string(),
        );
        let head = format!(
            "POST /v1/{method} HTTP/1.1\r\nHost: localhost\r\n{rune}Content-Type: application/json\r\nConnection: close\r\n"
        );
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        reply(&mut stream).await
    }
}

/// Reads to the end of the connection.
async fn reply(stream: &mut TlsStream<TcpStream>) -> (u16, Value) {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut bytes)).await;
    // A server that has heard enough may end without a last word of TLS.
    let _ = read.expect("no answer");
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { dechunked(body) } else { body.to_owned() };
    (status, serde_json::from_str(&body).unwrap())
}

fn dechunked(mut text: &str) -> String {
    let mut body = String::new();
    loop {
        let (length, rest) = text.split_once("\r\n").expect("an answer that breaks off");
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return body;
        }
        body.push_str(&rest[..length]);
        text = &rest[length + 2..];
    }
}

/// A network of one node that answers over HTTPS.
async fn with_https() -> (Network, Https) {
    let network = start(Options {
        nodes: 1,
        ..Options::default()
    })
    .await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let alice = network.node("alice").unwrap();
    let port = format!("--clnrest-port={}", address.port());
    alice.restart_with(&[&port]).await.unwrap();
    let https = Https::new(address, &alice.directory().join("regtest/ca.pem"));
    (network, https)
}

async fn rune(node: &Node, restrictions: Value) -> String {
    let made = node
        .call("createrune", json!({ "restrictions": restrictions }))
        .await
        .unwrap();
    made["rune"].as_str().unwrap().to_owned()
}

/// How much memory a node has in use, in bytes.
async fn memory(node: &Node) -> u64 {
    let pid = node.pid().await.unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// How many files and connections a node has open.
async fn descriptors(node: &Node) -> usize {
    let pid = node.pid().await.unwrap();
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invoices_are_made_over_https_as_far_as_the_rune_allows() {
    let (network, https) = with_https().await;
    let alice = network.node("alice").unwrap();
    let till = rune(alice, json!([["method=invoice"], ["pnameamount_msat<1001"]])).await;
    let reads = rune(alice, json!("readonly")).await;
    let invoice = json!({"amount_msat": 1000, "label": "a", "description": "over https"});

    let (status, made) = https.call(Some(&till), "invoice", &invoice).await;
    assert_eq!(status, 201, "{made}");
    let (status, listed) = https.call(Some(&reads), "listinvoices", &json!({})).await;
    assert_eq!((status, &listed["invoices"][0]["bolt11"]), (201, &made["bolt11"]));

    let refusals = [
        (None, "invoice", invoice.clone(), 403, 1501),
        (Some(&reads), "invoice", invoice.clone(), 401, 1502),
        (Some(&till), "listinvoices", json!({}), 401, 1502),
        (
            Some(&till),
            "invoice",
            json!({"amount_msat": 1001, "label": "b", "description": ""}),
            401,
            1502,
        ),
        (Some(&till), "invoice", invoice, 500, 900),
        (Some(&reads), "listnothing", json!({}), 404, -32601),
        (Some(&reads), "listinvoices", json!({"label": []}), 500, -32602),
    ];
    for (rune, method, params, status, code) in refusals {
        let (got, error) = https.call(rune.map(|rune| &**rune), method, &params).await;
        assert_eq!(
            (got, error["code"].as_i64()),
            (status, Some(code)),
            "{method} {params}: {error}"
        );
    }

    alice.call("blacklistrune", json!([0])).await.unwrap();
    let (status, error) = https.call(Some(&till), "invoice", &json!({})).await;
    assert_eq!(
        (status, error["code"].as_i64()),
        (401, Some(1503)),
        "it is withdrawn"
    );

    // Runes, what is withdrawn and the certificates outlast the daemon.
    let port = format!("--clnrest-port={}", https.address.port());
    alice.kill().await;
    alice.restart_with(&[&port]).await.unwrap();
    let (status, _) = https.call(Some(&till), "invoice", &json!({})).await;
    assert_eq!(status, 401);
    let (status, info) = https.call(Some(&reads), "getinfo", &json!({})).await;
    assert_eq!((status, info["id"].as_str()), (201, Some(alice.id())));
    let shown = alice.call("showrunes", json!({})).await.unwrap();
    assert_eq!(shown["runes"][0]["blacklisted"], true);
    assert!(shown["runes"][1]["last_used"].is_number(), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_bodies_many_connections_and_slow_senders_cost_the_node_little() {
    let (network, https) = with_https().await;
    let alice = network.node("alice").unwrap();
    let reads = rune(alice, json!("readonly")).await;
    assert_eq!(https.call(Some(&reads), "getinfo", &json!({})).await.0, 201);
    let before = memory(alice).await;

    let length = 100 << 20;
    let head = format!(
        "POST /v1/getinfo HTTP/1.1\r\nHost: localhost\r\nRune: {reads}\r\nContent-Length: {length}\r\n\r\n"
    );
    let mut stream = https.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = vec![b' '; 1 << 20];
    for _ in 0..length / piece.len() {
        // The node may have heard enough before all is sent.
        if stream.write_all(&piece).await.is_err() {
            break;
        }
    }
    assert_eq!(reply(&mut stream).await.0, 413);
    let after = memory(alice).await;
    assert!(after < before + (32 << 20), "from {before} to {after} bytes");

    // More than are let in: the others wait outside, and some cannot even connect before there is room.
    let (address, open, mut idle) = (https.address, descriptors(alice).await, JoinSet::new());
    for _ in 0..1000 {
        idle.spawn(async move {
            let _idle = TcpStream::connect(address).await;
            std::future::pending::<()>().await;
        });
    }
    let let_in = async || Ok((descriptors(alice).await + OTHERS >= open + LET_IN).then_some(()));
    wait_for("as many are let in as there may be", SOON, let_in)
        .await
        .unwrap();
    assert!(
        alice.call("getinfo", json!({})).await.is_ok(),
        "the socket answers"
    );
    assert!(
        descriptors(alice).await <= open + LET_IN + OTHERS,
        "no more are let in"
    );
    let after = memory(alice).await;
    assert!(after < before + (64 << 20), "from {before} to {after} bytes");
    idle.shutdown().await;
    assert_eq!(https.call(Some(&reads), "getinfo", &json!({})).await.0, 201);

    // One that stops in its head and one that stops in its body are both left; nobody reads an answer.
    let mut slow = https.connect().await;
    slow.write_all(b"POST /v1/getinfo HTTP/1.1\r\nHost: ")
        .await
        .unwrap();
    let mut slower = https.connect().await;
    let head = format!(
        "POST /v1/getinfo HTTP/1.1\r\nHost: localhost\r\nRune: {reads}\r\nContent-Length: 9\r\n\r\n{{"
    );
    slower.write_all(head.as_bytes()).await.unwrap();
    let (mut nothing, patience) = (Vec::new(), SOON + Duration::from_secs(15));
    let ended = tokio::time::timeout(patience, slow.read_to_end(&mut nothing)).await;
    assert!(ended.is_ok(), "who stops in the head keeps the connection");
    assert_eq!(reply(&mut slower).await.0, 408);
    let alive = async || https.call(Some(&reads), "getinfo", &json!({})).await.0 == 201;
    assert!(alive().await);
    assert!(
        alice.stop().await.is_some_and(|status| status.success()),
        "an orderly end"
    );
    assert!(
        TcpStream::connect(https.address).await.is_err(),
        "nobody listens any more"
    );
}
