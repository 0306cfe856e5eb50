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
    head: String,
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

    /// Sends a head and a body as they are, and reads until the connection ends.
    async fn raw(&self, head: &str, body: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut reply = Vec::new();
        let (mut reader, mut writer) = stream.split();
        // The server may have heard enough before all is sent.
        let send = async { drop(writer.write_all(body).await) };
        within(async { tokio::join!(send, reader.read_to_end(&mut reply)).1 })
            .await
            .unwrap();
        parse(&reply)
    }

    async fn post(&self, rune: &str, method: &str, body: &str) -> Reply {
        let length = body.len();
        let head = format!("POST /v1/{method} HTTP/1.1\r\nRune: {rune}\r\nContent-Length: {length}");
        self.raw(&head, body.as_bytes()).await
    }
}

fn parse(reply: &[u8]) -> Reply {
    let text = String::from_utf8(reply.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Reply {
        status,
        head: head.to_ascii_lowercase(),
        body: if chunked { dechunked(body) } else { body.to_owned() },
    }
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
        assert!(
            reply.head.contains("content-type: application/json"),
            "{}",
            reply.head
        );
    }
    let many = http.post(&rune, "many", "[30]").await.json();
    assert_eq!(many["rows"].as_array().unwrap().len(), 3_000);
    assert_eq!(http.post(&rune, "many", "[0]").await.json(), json!({"rows": []}));
    let listed = http.raw("GET /v1/list-methods HTTP/1.1", b"").await;
    assert!(listed.status == 200 && listed.body.contains("Command: echo amount_msat label [expiry]"));
    let described = http.raw("GET /openapi.json HTTP/1.1", b"").await;
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
    let missing = http.raw("POST /v1/echo HTTP/1.1\r\nContent-Length: 0", b"").await;
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
    let get = http
        .raw(&format!("GET /v1/nothing HTTP/1.1\r\nRune: {rune}"), b"")
        .await;
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
    let delete = http
        .raw(&format!("DELETE /v1/echo HTTP/1.1\r\nRune: {rune}"), b"")
        .await;
    assert_eq!(
        (delete.status, delete.head.contains("allow: get, post")),
        (405, true)
    );
    let binary = format!("POST /v1/echo HTTP/1.1\r\nRune: {rune}\r\nContent-Length: 2");
    assert_eq!(http.raw(&binary, &[0xff, 0xfe]).await.error().0, 400);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_whether_it_says_so_or_not() {
    let http = HttpTest::start().await;
    let rune = http.rune(&["anything#"]).await;
    let long = vec![b' '; 100 << 20];
    let length = long.len();
    let head = format!("POST /v1/echo HTTP/1.1\r\nRune: {rune}\r\nContent-Length: {length}");
    assert_eq!(http.raw(&head, &long).await.error().0, 413);
    let asks = format!("{head}\r\nExpect: 100-continue");
    assert_eq!(http.raw(&asks, b"").await.error().0, 413, "and is not asked for");
    let chunk = 9 << 20;
    let mut chunked = format!("{chunk:x}\r\n").into_bytes();
    chunked.extend(&long[..chunk]);
    let head = format!("POST /v1/echo HTTP/1.1\r\nRune: {rune}\r\nTransfer-Encoding: chunked");
    assert_eq!(http.raw(&head, &chunked).await.error().0, 413);
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
