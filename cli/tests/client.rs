//! The client against a daemon that answers as it is told to.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fake;

use boltill::{CallError, Client};
use fake::{FakeDaemon, echo, error, result};
use serde_json::{Value, json};
use tokio::task::JoinSet;

#[tokio::test]
async fn a_call_sends_a_complete_request_and_gives_the_result() {
    let daemon = FakeDaemon::start(echo);
    let request = Client::new(daemon.socket())
        .call("invoice", json!({"label": "x"}))
        .await
        .unwrap();
    assert_eq!(request["jsonrpc"], "2.0");
    assert_eq!(request["method"], "invoice");
    assert_eq!(request["params"], json!({"label": "x"}));
    assert!(request["id"].is_string());
    assert!(request.get("filter").is_none());
}

#[tokio::test]
async fn an_error_answer_is_a_typed_error() {
    let daemon = FakeDaemon::start(error);
    let error = Client::new(daemon.socket())
        .call("invoice", json!([]))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(900));
}

#[tokio::test]
async fn one_client_may_call_from_many_tasks_at_once() {
    let daemon = FakeDaemon::start(echo);
    let client = Client::new(daemon.socket());
    let mut calls = JoinSet::new();
    for number in 0..64 {
        let client = client.clone();
        calls.spawn(async move { (number, client.call("x", json!([number])).await.unwrap()) });
    }
    while let Some(call) = calls.join_next().await {
        let (number, request) = call.unwrap();
        assert_eq!(request["params"], json!([number]));
    }
}

#[tokio::test]
async fn one_connection_serves_many_calls_and_passes_over_what_is_not_their_answer() {
    let daemon = FakeDaemon::start(|request: &Value| {
        let notification = r#"{"jsonrpc":"2.0","method":"message","params":{"level":"info","message":"hi"}}"#;
        let stranger = r#"{"jsonrpc":"2.0","id":"somebody else","result":{}}"#;
        // Line breaks within an answer are no end of it.
        let answer = result(
            request,
            &serde_json::to_string_pretty(&request["params"]).unwrap(),
        );
        format!("{notification}\n\n\n{stranger}\n\n{answer}")
    });
    let mut connection = Client::new(daemon.socket()).connect().await.unwrap();
    for number in 0..3 {
        assert_eq!(
            connection.call("x", json!({"n": number})).await.unwrap(),
            json!({"n": number})
        );
    }
}

#[tokio::test]
async fn a_daemon_that_is_not_there_is_named_by_its_socket() {
    let error = Client::new("/nowhere/lightning-rpc")
        .call("getinfo", json!([]))
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Unreachable { .. }));
    assert!(error.to_string().contains("/nowhere/lightning-rpc"));
}

#[tokio::test]
async fn a_daemon_that_hangs_up_or_talks_nonsense_is_an_error() {
    let daemon = FakeDaemon::start(|_: &Value| "hello\n\n".to_owned());
    let client = Client::new(daemon.socket());
    assert!(matches!(
        client.call("x", json!([])).await,
        Err(CallError::Malformed(_))
    ));

    let mut connection = client.connect().await.unwrap();
    connection.finish().await.unwrap();
    assert!(matches!(connection.read().await, Err(CallError::Closed)));
}

#[tokio::test]
async fn a_socket_deep_in_the_file_system_can_be_reached() {
    let deep = tempfile::Builder::new()
        .prefix(&"deep".repeat(40))
        .tempdir()
        .unwrap();
    // The path is too long to bind to, so it is made by moving the socket.
    let daemon = FakeDaemon::start(echo);
    let socket = deep.path().join("lightning-rpc");
    std::fs::rename(daemon.socket(), &socket).unwrap();
    assert!(Client::new(socket).call("getinfo", json!([])).await.is_ok());
}
