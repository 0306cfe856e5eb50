//! The socket as clients see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{FINISHED, PAGES, TestServer, WAITING, WAKE, until, within};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering::SeqCst;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ECHO: &str = r#"{"jsonrpc":"2.0","id":"a\u0062 1","method":"echo","params":[1,"x"]}"#;

#[tokio::test]
async fn an_answer_is_one_object_with_the_id_as_it_was_written_and_an_empty_line() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    client.send(ECHO).await;
    client.stream.shutdown().await.unwrap();
    let mut text = String::new();
    within(client.stream.read_to_string(&mut text)).await.unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"jsonrpc":"2.0","id":"a\u0062 1","result":{"label":"x","expiry":604800}}"#,
            "\n\n"
        ),
        "a client that sends nothing more still gets its answer"
    );
}

#[tokio::test]
async fn the_socket_is_for_its_owner_alone_and_goes_with_the_server() {
    let server = TestServer::start();
    let mode = std::fs::metadata(&server.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    server.context.shutdown.cancel();
    within(server.running).await.unwrap();
    assert!(!server.socket.exists());
}

#[tokio::test]
async fn a_request_may_come_in_any_pieces() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    for byte in ECHO.bytes() {
        client.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.answer().await.unwrap()["result"]["label"], "x");
}

#[tokio::test]
async fn a_thousand_pipelined_requests_get_a_thousand_whole_answers() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    let (mut reader, mut writer) = client.stream.split();
    let requests = (0..1000).map(|id| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"echo","params":{{"amount_msat":"any","label":{id}}}}}  "#
        )
    });
    let requests: String = requests.collect();
    let mut answers = Vec::new();
    let read = async {
        while answers.windows(2).filter(|two| two == b"\n\n").count() < 1000 {
            reader.read_buf(&mut answers).await.unwrap();
        }
    };
    within(async { tokio::join!(writer.write_all(requests.as_bytes()), read) })
        .await
        .0
        .unwrap();
    let text = String::from_utf8(answers).unwrap();
    let ids: HashSet<u64> = text
        .split("\n\n")
        .filter(|answer| !answer.is_empty())
        .map(|answer| {
            let answer: Value = serde_json::from_str(answer).unwrap();
            assert_eq!(
                answer["result"]["label"].as_str().unwrap(),
                answer["id"].to_string()
            );
            answer["id"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(ids.len(), 1000);
}

#[tokio::test]
async fn who_waits_does_not_hold_up_the_requests_behind() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    client.request(1, "wait", json!([])).await;
    client.request(2, "echo", json!([1, "x"])).await;
    assert_eq!(client.answer().await.unwrap()["id"], 2);
    until(|| WAITING.load(SeqCst)).await;
    WAKE.notify_waiters();
    assert_eq!(
        client.answer().await.unwrap(),
        json!({"jsonrpc":"2.0","id":1,"result":{"woken":true}})
    );
}

#[tokio::test]
async fn when_the_client_hangs_up_what_waits_is_dropped_and_what_changes_something_is_finished() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    client.request(1, "wait", json!([])).await;
    client.request(2, "slowly", json!([])).await;
    client.call("echo", json!([1, "x"])).await;
    until(|| WAITING.load(SeqCst)).await;
    let before = FINISHED.load(SeqCst);
    drop(client);
    until(|| !WAITING.load(SeqCst)).await;
    WAKE.notify_one();
    until(|| FINISHED.load(SeqCst) > before).await;
}

#[tokio::test]
async fn when_the_daemon_stops_who_waits_is_told_and_what_changes_something_is_finished() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    client.request(1, "wait", json!([])).await;
    client.request(2, "slowly", json!([])).await;
    client.call("echo", json!([1, "x"])).await;
    until(|| WAITING.load(SeqCst)).await;
    server.context.shutdown.cancel();
    let told = client.answer().await.unwrap();
    assert_eq!(
        told["error"],
        json!({"code": -5, "message": "boltilld is shutting down"})
    );
    WAKE.notify_one();
    assert_eq!(
        client.answer().await.unwrap(),
        json!({"jsonrpc":"2.0","id":2,"result":{}})
    );
    assert_eq!(client.answer().await, None);
    within(server.running).await.unwrap();
}

#[tokio::test]
async fn rows_are_made_only_as_fast_as_the_client_reads_them() {
    const ALL: u64 = 2_000;
    let server = TestServer::start();
    let mut client = server.connect().await;
    client.request(1, "many", json!([ALL])).await;
    client.stream.readable().await.unwrap();
    // What fits into the socket's buffers is made, and then nothing more until it is read.
    let made = within(async {
        loop {
            let made = PAGES.load(SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            if made > 0 && made == PAGES.load(SeqCst) {
                return made;
            }
        }
    })
    .await;
    assert!(
        made < ALL / 10,
        "{made} pages were made for a client that reads none"
    );
    let answer = client.answer().await.unwrap();
    assert_eq!(
        answer["result"]["rows"].as_array().unwrap().len() as u64,
        ALL * 100
    );
}

#[tokio::test]
async fn a_filter_leaves_only_what_is_wanted() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"many","params":[1],"filter":{"rows":[{"row":true}]}}"#)
        .await;
    assert_eq!(
        client.answer().await.unwrap()["result"]["rows"][99],
        json!({"row": 99})
    );
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":[1,"x"],"filter":{"label":true}}"#)
        .await;
    assert_eq!(client.answer().await.unwrap()["result"], json!({"label": "x"}));
}

#[tokio::test]
async fn what_is_no_json_is_told_so_and_the_connection_is_closed() {
    let server = TestServer::start();
    let deep = format!(r#"{{"a":{}"#, "[".repeat(100_000));
    let not_utf8 = [
        &br#"{"jsonrpc":"2.0","id":1,"method":"echo","params":[1,""#[..],
        &[0xff, 0xfe],
        br#""]}"#,
    ]
    .concat();
    let garbage: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"{\"a\" nonsense",
        b"{\"a\":[}",
        b"{\"a\":1,}",
        &not_utf8,
        deep.as_bytes(),
    ];
    for bytes in garbage {
        let mut client = server.connect().await;
        client.send(bytes).await;
        let answer = client.answer().await.unwrap();
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&Value::Null, &json!(-32700)),
            "{answer}"
        );
        assert_eq!(client.answer().await, None);
    }
}

#[tokio::test]
async fn what_was_asked_before_nonsense_is_still_answered() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    client.send(ECHO.repeat(50) + "nonsense").await;
    let mut answers = Vec::new();
    while let Some(answer) = client.answer().await {
        answers.push(answer);
    }
    let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer["error"].is_null());
    assert_eq!((good.len(), bad.len()), (50, 1));
}

#[tokio::test]
async fn a_request_that_is_too_long_is_refused_before_it_is_whole() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    client
        .send(br#"{"jsonrpc":"2.0","id":1,"method":"echo","params":["#)
        .await;
    let (mut reader, mut writer) = client.stream.into_split();
    let writing = tokio::spawn(async move {
        let piece = "1,".repeat(1 << 20);
        while writer.write_all(piece.as_bytes()).await.is_ok() {}
    });
    let mut answer = Vec::new();
    while !answer.ends_with(b"\n\n") {
        within(reader.read_buf(&mut answer)).await.unwrap();
    }
    assert!(
        String::from_utf8(answer)
            .unwrap()
            .contains("longer than 8388608 bytes")
    );
    drop(reader);
    within(writing).await.unwrap();
}

#[tokio::test]
async fn a_truncated_request_is_forgotten_with_its_client() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    client.send(&ECHO[..ECHO.len() - 1]).await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.answer().await, None);
}

#[tokio::test]
async fn a_bad_envelope_leaves_the_connection_open() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    for (request, words) in [
        (
            r#"{"id":1,"method":"echo","params":[]}"#,
            r#"jsonrpc: "2.0" must be specified in the request"#,
        ),
        (r#"{"jsonrpc":"2.0","method":"echo","params":[]}"#, "No id"),
        (
            r#"{"jsonrpc":"2.0","id":{},"method":"echo","params":[]}"#,
            "Expected string/numeric for id",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"params":[]}"#, "No method"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"echo"}"#, "No params"),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"echo","method":"wait","params":[]}"#,
            "duplicate json names: method",
        ),
    ] {
        assert_eq!(client.refused(request).await, (-32600, words.to_owned()));
    }
    assert_eq!(client.call("echo", json!([1, "x"])).await["result"]["label"], "x");
}

#[tokio::test]
async fn refusals_have_core_lightnings_numbers_and_words() {
    let server = TestServer::start();
    let mut client = server.connect().await;
    let refusals = [
        ("nothing", "[]", -32601, "Unknown command 'nothing'"),
        ("secret", "[]", -32601, "Command 'secret' is developer-only"),
        ("echo", "5", -32602, "Expected array or object for params"),
        ("echo", "[]", -32602, "missing required parameter: amount_msat"),
        (
            "echo",
            r#"{"amount_msat":1}"#,
            -32602,
            "missing required parameter: label",
        ),
        (
            "echo",
            r#"[1,"x",1,1]"#,
            -32602,
            "too many parameters: got 4, expected 3",
        ),
        (
            "echo",
            r#"{"label":"x","label":"y"}"#,
            -32602,
            "duplicate json names: label",
        ),
        (
            "echo",
            r#"{"msatoshi":1,"amount_msat":1}"#,
            -32602,
            "duplicate json names: amount_msat",
        ),
        (
            "echo",
            r#"{"lable":"x"}"#,
            -32602,
            "unknown parameter: lable, this may be caused by a failure to autodetect key=value-style parameters. \
             Please try using the -k flag and explicit key=value pairs of parameters.",
        ),
        (
            "echo",
            r#"["-1","x"]"#,
            -32602,
            r#"amount_msat: should be positive msat or 'any': invalid token '"-1"'"#,
        ),
        (
            "echo",
            "[1,[ 2 ]]",
            -32602,
            "label: should be a string or number: invalid token '[ 2 ]'",
        ),
    ];
    for (method, params, code, words) in refusals {
        let request = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        assert_eq!(client.refused(request).await, (code, words.to_owned()));
    }
}

#[tokio::test]
async fn two_hundred_idle_clients_do_not_hold_up_another() {
    let server = TestServer::start();
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(server.connect().await);
    }
    let mut client = server.connect().await;
    for _ in 0..100 {
        assert_eq!(client.call("echo", json!([1, "x"])).await["result"]["label"], "x");
    }
    for mut client in idle {
        assert_eq!(client.call("echo", json!([1, "x"])).await["result"]["label"], "x");
    }
}

#[tokio::test]
async fn a_socket_that_is_left_over_is_replaced_and_one_in_use_is_not() {
    use boltilld::lock::DirectoryLock;
    use boltilld::rpc::Server;
    let home = tempfile::tempdir().unwrap();
    let lock = DirectoryLock::take(home.path()).unwrap();
    let path = home.path().join("lightning-rpc");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let server = Server::bind(&path, 0o600, &lock).unwrap();
    let error = Server::bind(&path, 0o600, &lock).err().unwrap();
    assert!(error.to_string().contains("in use"), "{error}");
    drop(server);
    assert!(!path.exists());
}
