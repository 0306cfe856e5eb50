//! HTTP as its clients see it: status, body, limits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use boltill_ledger::Ledger;
use boltilld::http::HttpServer;
use boltilld::options::{HttpConfig, Origins};
use boltilld::runes::{Alternative, Restriction, Runes};
use common::{FINISHED, TestServer, WAKE, until, within};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

struct HttpTest {
    server: TestServer,
    address: SocketAddr,
    running: JoinHandle<()>,
    _directory: tempfile::TempDir,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn error(&self) -> (u16, i64, String) {
        let error = self.json();
        let message = error["message"].as_str().unwrap().to_owned();
        (self.status, error["code"].as_i64().unwrap(), message)
    }
}

impl HttpTest {
    async fn start() -> HttpTest {
        let server = TestServer::start();
        let directory = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&directory.path().join("ledger"), bitcoin::Network::Regtest).unwrap();
        let runes = Runes::open(Arc::new(ledger)).await.unwrap();
        assert!(server.context.runes.set(runes).is_ok());
        let config = HttpConfig {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            certificates: None,
            origins: Origins::Any,
        };
        let http = HttpServer::bind(&config).unwrap();
        let address = http.address().unwrap();
        let running = tokio::spawn(http.run(server.context.clone()));
        HttpTest {
            server,
            address,
            running,
            _directory: directory,
        }
    }

    async fn rune(&self, alternatives: &[&str]) -> String {
        let alternatives = alternatives.iter().map(|text| Alternative::parse(text).unwrap());
        let restriction = Restriction(alternatives.collect());
        let runes = self.server.context.runes().unwrap();
        runes.create(vec![restriction]).await.unwrap().to_string()
    }

    /// Sends a request over a connection of its own, and gives the answer when its head is there.
    async fn answer(
        &self,
        method: &str,
        path: &str,
        rune: Option<&str>,
        body: Vec<u8>,
    ) -> Response<Incoming> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        if let Some(rune) = rune {
            request = request.header("rune", rune);
        }
        let request = request.body(Full::<Bytes>::from(body)).unwrap();
        within(sender.send_request(request)).await.unwrap()
    }

    async fn send(&self, method: &str, path: &str, rune: Option<&str>, body: impl Into<Vec<u8>>) -> Reply {
        let response = self.answer(method, path, rune, body.into()).await;
        let (head, body) = response.into_parts();
        let bytes = within(body.collect()).await.unwrap().to_bytes();
        Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    async fn post(&self, rune: &str, method: &str, body: &str) -> Reply {
        self.send("POST", &format!("/v1/{method}"), Some(rune), body)
            .await
    }

    /// Sends a head and a body as no client would, and gives the status of the answer.
    async fn raw(&self, head: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut reply = Vec::new();
        let (mut reader, mut writer) = stream.split();
        // The server may have heard enough before all is sent. It reads on for a while only, and then breaks off the connection: what it has
        // answered by then counts.
        let send = async { drop(writer.write_all(body).await) };
        let read = async { drop(reader.read_to_end(&mut reply).await) };
        within(async { tokio::join!(send, read) }).await;
        String::from_utf8_lossy(&reply)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    }
}

#[tokio::test]
async fn a_command_is_answered_as_on_the_socket_whether_it_comes_as_json_or_as_a_form() {
    let http = HttpTest::start().await;
    let rune = http.rune(&["method^e", "method=many"]).await;
    let expected = json!({"label": "a b", "expiry": 604_800});
    for body in [
        r#"{"amount_msat":"any","label":"a b"}"#,
        r#"["any","a b"]"#,
        r#"{"amount_msat":1,"label":"a b","expiry":null}"#,
        "amount_msat=1000&label=a+b",
    ] {
        let reply = http.post(&rune, "echo", body).await;
        assert_eq!((reply.status, reply.json()), (201, expected.clone()), "{body}");
        assert_eq!(reply.headers["content-type"], "application/json");
    }
    let many = http.post(&rune, "many", "[30]").await.json();
    assert_eq!(many["rows"].as_array().unwrap().len(), 3_000);
    assert_eq!(http.post(&rune, "many", "[0]").await.json(), json!({"rows": []}));
    let listed = http.send("GET", "/v1/list-methods", None, "").await;
    assert!(listed.status == 200 && listed.body.contains("Command: echo amount_msat label [expiry]"));
    let described = http.send("GET", "/openapi.json", None, "").await;
    let echo = &described.json()["paths"]["/v1/echo"]["post"];
    assert_eq!(
        (described.status, &echo["summary"]),
        (200, &json!("Answers what it is given"))
    );
    assert!(
        !listed.body.contains("secret"),
        "commands for developers are not listed"
    );
}

#[tokio::test]
async fn who_has_no_rune_or_one_that_does_not_allow_it_is_refused_as_clnrest_refuses() {
    let http = HttpTest::start().await;
    let missing = http.send("POST", "/v1/echo", None, "").await;
    assert_eq!(
        missing.error(),
        (403, 1501, "Not authorized: Missing rune".to_owned())
    );
    let foreign = "OSqc7ixY6F-gjcigBfxtzKUI54uzgFSA6YfBQoWGDV89MA==";
    let foreign = http.post(foreign, "echo", "").await.error();
    assert_eq!(
        foreign,
        (401, 1501, "Not authorized: Not derived from master".to_owned())
    );
    let (status, code, message) = http.post("xyz", "echo", "").await.error();
    assert_eq!((status, code), (401, -32602));
    assert_eq!(message, "rune: should be base64 string: invalid token '\"xyz\"'");
    let rune = http.rune(&["method/echo"]).await;
    let refused = http.post(&rune, "echo", "{}").await.error();
    assert_eq!(
        refused,
        (401, 1502, "Not permitted: method is equal to echo".to_owned())
    );
    let small = http.rune(&["pnameexpiry<10"]).await;
    let allowed = http
        .post(&small, "echo", r#"{"amount_msat":1,"label":"a","expiry":9}"#)
        .await;
    let refused = http
        .post(&small, "echo", r#"{"amount_msat":1,"label":"a","expiry":10}"#)
        .await;
    assert_eq!((allowed.status, refused.status), (201, 401));
}

#[tokio::test]
async fn what_cannot_be_called_or_read_has_its_status() {
    let http = HttpTest::start().await;
    let rune = http.rune(&["anything#"]).await;
    let unknown = (404, -32601, "Unknown command 'nothing'".to_owned());
    assert_eq!(http.post(&rune, "nothing", "").await.error(), unknown);
    let get = http.send("GET", "/v1/nothing", Some(&rune), "").await;
    assert_eq!(get.error(), unknown);
    assert_eq!(
        http.post(&rune, "secret", "").await.status,
        404,
        "without --developer"
    );
    assert_eq!(http.post(&rune, "echo/more", "").await.error().0, 404);
    let missing = (500, -32602, "missing required parameter: amount_msat".to_owned());
    assert_eq!(http.post(&rune, "echo", "").await.error(), missing);
    assert_eq!(http.post(&rune, "echo", "5").await.error().0, 500);
    assert_eq!(http.post(&rune, "echo", "{\"a\":").await.error().0, 400);
    let delete = http.send("DELETE", "/v1/echo", Some(&rune), "").await;
    assert_eq!(
        (delete.status, delete.headers["allow"].as_bytes()),
        (405, &b"GET, POST"[..])
    );
    let binary = http.send("POST", "/v1/echo", Some(&rune), [0xff, 0xfe]).await;
    assert_eq!(binary.error().0, 400);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_whether_it_says_so_or_not() {
    const TOO_LONG: &str = "HTTP/1.1 413 Payload Too Large";
    let http = HttpTest::start().await;
    let rune = http.rune(&["anything#"]).await;
    let long = vec![b' '; 100 << 20];
    let length = long.len();
    let head = format!("POST /v1/echo HTTP/1.1\r\nRune: {rune}\r\nContent-Length: {length}");
    assert_eq!(http.raw(&head, &long).await, TOO_LONG);
    let asks = format!("{head}\r\nExpect: 100-continue");
    assert_eq!(http.raw(&asks, b"").await, TOO_LONG, "and is not asked for");
    let chunk = 9 << 20;
    let mut chunked = format!("{chunk:x}\r\n").into_bytes();
    chunked.extend(&long[..chunk]);
    let head = format!("POST /v1/echo HTTP/1.1\r\nRune: {rune}\r\nTransfer-Encoding: chunked");
    assert_eq!(http.raw(&head, &chunked).await, TOO_LONG);
}

#[tokio::test]
async fn events_and_metrics_need_a_rune_for_themselves() {
    let http = HttpTest::start().await;
    let (events, metrics) = (
        http.rune(&["method=events"]).await,
        http.rune(&["method=metrics"]).await,
    );
    for path in ["/v1/events", "/metrics"] {
        assert_eq!(http.send("GET", path, None, "").await.error().0, 403, "{path}");
        let post = http.send("POST", path, Some(&events), "").await;
        assert_eq!(
            (post.status, post.headers["allow"].as_bytes()),
            (405, &b"GET"[..]),
            "{path}"
        );
    }
    let refused = http.send("GET", "/v1/events", Some(&metrics), "").await;
    assert_eq!((refused.status, refused.error().1), (401, 1502));
    let starting = http.send("GET", "/v1/events", Some(&events), "").await.error();
    assert_eq!((starting.0, starting.1), (500, -1), "{starting:?}");
    // Of a node that starts there is something to tell already.
    let measured = http.send("GET", "/metrics", Some(&metrics), "").await;
    assert_eq!(measured.status, 200);
    assert!(measured.body.contains("\nboltill_ready 0\n"), "{}", measured.body);
}

#[tokio::test]
async fn what_changes_something_comes_to_its_end_without_its_client_and_before_the_daemon_stops() {
    let http = HttpTest::start().await;
    let rune = http.rune(&["anything#"]).await;
    let mut stream = TcpStream::connect(http.address).await.unwrap();
    let head = format!("POST /v1/slowly HTTP/1.1\r\nHost: x\r\nRune: {rune}\r\nContent-Length: 0\r\n\r\n");
    let before = FINISHED.load(Ordering::SeqCst);
    stream.write_all(head.as_bytes()).await.unwrap();
    // The rune has been used when the command starts.
    until(|| http.server.context.runes().unwrap().last_used(0, None).is_some()).await;
    drop(stream);
    http.server.context.shutdown.cancel();
    WAKE.notify_one();
    within(http.running).await.unwrap();
    assert_eq!(FINISHED.load(Ordering::SeqCst), before + 1);
}
