//! Commands over HTTPS, on a daemon with real invoices, and what those cost it who mean no good.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill_e2e::http::{Https, request, rune};
use boltill_e2e::{Node, SOON, wait_for};
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::client::TlsStream;

/// How many connections there may be at once.
const LET_IN: usize = 256;

/// How many of a node's other connections may come or go meanwhile.
const OTHERS: usize = 20;

/// The status at the head of what is read to the end of the connection.
async fn status(stream: &mut TlsStream<TcpStream>) -> u16 {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut bytes)).await;
    // A server that has heard enough may end without a last word of TLS.
    let _ = read.expect("no answer");
    let text = String::from_utf8_lossy(&bytes);
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    status.expect("a status").parse().unwrap()
}

/// The most memory that a node has ever had in use, in bytes.
async fn peak(node: &Node) -> u64 {
    let pid = node.pid().await.unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
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
    let (network, https) = Https::network(1).await;
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
    alice.kill().await;
    alice.restart_with(&[&https.option()]).await.unwrap();
    let (status, _) = https.call(Some(&till), "invoice", &json!({})).await;
    assert_eq!(status, 401);
    let (status, info) = https.call(Some(&reads), "getinfo", &json!({})).await;
    assert_eq!((status, info["id"].as_str()), (201, Some(alice.id())));
    let shown = alice.call("showrunes", json!({})).await.unwrap();
    assert_eq!(shown["runes"][0]["blacklisted"], true);
    assert!(shown["runes"][1]["last_used"].is_number(), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_request_is_told_by_its_status_and_the_node_goes_on() {
    let (network, https) = Https::network(1).await;
    let alice = network.node("alice").unwrap();
    let reads = rune(alice, json!("readonly")).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let expired = rune(alice, json!([[format!("time<{now}")]])).await;
    let withdrawn = rune(alice, json!("readonly")).await;
    alice.call("blacklistrune", json!([2])).await.unwrap();
    let call = |method: &str, path: &str, rune: &str, body: &str| {
        request(
            method,
            path,
            Some(rune).filter(|rune| !rune.is_empty()),
            body.to_owned(),
        )
    };
    let params = r#"{"index": "created"}"#;
    for (request, status, code) in [
        (call("DELETE", "/v1/listinvoices", &reads, ""), 405, -32601),
        (call("PUT", "/v1/listinvoices", &reads, params), 405, -32601),
        (call("POST", "/v1/listinvoices", "", params), 403, 1501),
        (call("POST", "/v1/listinvoices", "no rune", params), 401, -32602),
        (call("POST", "/v1/listinvoices", &expired, params), 401, 1502),
        (call("POST", "/v1/listinvoices", &withdrawn, params), 401, 1503),
        (
            call("POST", "/v1/listinvoices", &reads, "{\"index\":"),
            400,
            -32700,
        ),
        (call("POST", "/v1/listinvoices", &reads, "label=a"), 400, -32700),
        (call("POST", "/v1/listinvoices", &reads, "[[["), 400, -32700),
        (call("POST", "/v1/listnothing", &reads, "{}"), 404, -32601),
        (call("POST", "/v2/listinvoices", &reads, "{}"), 404, -32601),
        (call("GET", "/", &reads, ""), 404, -32601),
    ] {
        let what = format!("{} {}", request.method(), request.uri());
        let reply = https.reply(request).await;
        assert_eq!(
            (reply.status.as_u16(), reply.json()["code"].as_i64()),
            (status, Some(code)),
            "{what}: {}",
            reply.text
        );
    }
    // A body of another type is not refused for it, as clnrest does not: what is no JSON is read as a form.
    let mut form = call("POST", "/v1/listinvoices", &reads, "index=created&limit=1");
    form.headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(https.reply(form).await.status.as_u16(), 201);
    let mut ask = call("OPTIONS", "/v1/listinvoices", "", "");
    ask.headers_mut()
        .insert("origin", "https://shop.example".parse().unwrap());
    ask.headers_mut()
        .insert("access-control-request-method", "POST".parse().unwrap());
    ask.headers_mut().insert(
        "access-control-request-headers",
        "rune,authorization".parse().unwrap(),
    );
    let allowed = https.send(ask).await.unwrap();
    assert_eq!(allowed.status().as_u16(), 200);
    for (name, value) in [
        ("origin", "*"),
        ("methods", "*"),
        ("headers", "rune,authorization"),
    ] {
        assert_eq!(allowed.headers()[&format!("access-control-allow-{name}")], value);
    }

    // Only the pages of the origins that are named, if any are.
    let named = "--clnrest-cors-origins=https://shop.example";
    alice.restart_with(&[&https.option(), named]).await.unwrap();
    for (from, allowed) in [("https://shop.example", true), ("https://other.example", false)] {
        let mut request = call("GET", "/v1/list-methods", "", "");
        request.headers_mut().insert("origin", from.parse().unwrap());
        let response = https.send(request).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let header = response.headers().get("access-control-allow-origin");
        assert_eq!(header.is_some_and(|origin| origin == from), allowed, "{from}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_bodies_many_connections_and_slow_senders_cost_the_node_little() {
    let (network, https) = Https::network(1).await;
    let alice = network.node("alice").unwrap();
    let reads = rune(alice, json!("readonly")).await;
    assert_eq!(https.call(Some(&reads), "getinfo", &json!({})).await.0, 201);
    let before = peak(alice).await;

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
    assert_eq!(status(&mut stream).await, 413);
    let after = peak(alice).await;
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
    let after = peak(alice).await;
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
    assert_eq!(status(&mut slower).await, 408);
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
