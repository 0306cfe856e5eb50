//! HTTP and JSON-RPC as clients of bitcoind expect them.

use boltill_devnet::chain::{Config, RpcAuth, serve};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::TestChain;

#[tokio::test]
async fn a_wrong_password_is_answered_with_401() {
    let dir = tempfile::tempdir().unwrap();
    let rpc_auth = Some(RpcAuth {
        user: "alice".to_owned(),
        password: "secret".to_owned().into(),
    });
    let running = serve(Config {
        datadir: dir.path().to_owned(),
        rpc_port: 0,
        rpc_auth,
    })
    .await
    .unwrap();
    let status = async |user: &str, password: &str| {
        let request = reqwest::Client::new()
            .post(running.url())
            .basic_auth(user, Some(password));
        let response = request.body(r#"{"method":"uptime"}"#).send().await.unwrap();
        if response.status() == StatusCode::UNAUTHORIZED {
            assert_eq!(response.headers()["www-authenticate"], "Basic realm=\"jsonrpc\"");
        }
        response.status()
    };
    let (cookie_user, cookie_password) = running.cookie().split_once(':').unwrap();
    assert_eq!(status("alice", "secret").await, StatusCode::OK);
    assert_eq!(status(cookie_user, cookie_password).await, StatusCode::OK);
    assert_eq!(status("alice", "wrong").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status("", "").await, StatusCode::UNAUTHORIZED);
    let unsigned = reqwest::Client::new().post(running.url()).send().await.unwrap();
    assert_eq!(unsigned.status(), StatusCode::UNAUTHORIZED);
    let get = reqwest::Client::new().get(running.url()).send().await.unwrap();
    assert_eq!(get.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn errors_have_bitcoinds_statuses_and_codes() {
    let (chain, _dir) = TestChain::start().await;
    for (body, status, code) in [
        (r#"{"method":"nothing","id":1}"#, StatusCode::NOT_FOUND, -32601),
        (
            r#"{"method":"getblockhash","params":[9],"id":1}"#,
            StatusCode::INTERNAL_SERVER_ERROR,
            -8,
        ),
        (
            r#"{"method":"getblockhash","params":["9"],"id":1}"#,
            StatusCode::INTERNAL_SERVER_ERROR,
            -3,
        ),
        (
            r#"{"method":"getblockhash","params":[],"id":1}"#,
            StatusCode::INTERNAL_SERVER_ERROR,
            -1,
        ),
        (
            r#"{"method":"getblockhash","params":[1,2],"id":1}"#,
            StatusCode::INTERNAL_SERVER_ERROR,
            -1,
        ),
        (
            r#"{"method":"getblockhash","params":{"x":1},"id":1}"#,
            StatusCode::INTERNAL_SERVER_ERROR,
            -8,
        ),
        (
            r#"{"method":"sendrawtransaction","params":["00"],"id":1}"#,
            StatusCode::INTERNAL_SERVER_ERROR,
            -22,
        ),
        (r#"{"method":7,"id":1}"#, StatusCode::BAD_REQUEST, -32600),
        (r#"{"id":1}"#, StatusCode::BAD_REQUEST, -32600),
        ("{", StatusCode::INTERNAL_SERVER_ERROR, -32700),
        ("7", StatusCode::INTERNAL_SERVER_ERROR, -32700),
    ] {
        let response = chain.post(body).await;
        assert_eq!(response.status(), status, "{body}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(
            (&answer["error"]["code"], &answer["result"]),
            (&json!(code), &Value::Null),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_order_and_errors_stay_inside() {
    let (chain, _dir) = TestChain::start().await;
    let batch = json!([
        { "method": "getblockcount", "id": "a" },
        { "method": "nothing", "id": "b" },
        { "jsonrpc": "2.0", "method": "getblockcount" },
        { "jsonrpc": "2.0", "method": "getblockhash", "params": { "height": 0 }, "id": 3 },
    ]);
    let response = chain.post(batch.to_string()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let answers: Vec<Value> = response.json().await.unwrap();
    assert_eq!(answers.len(), 3, "a notification has no answer");
    assert_eq!(answers[0], json!({ "result": 0, "error": null, "id": "a" }));
    assert_eq!(answers[1]["error"]["code"], -32601);
    assert!(answers[2].get("error").is_none() && answers[2]["result"].is_string());
}

#[tokio::test]
async fn version_2_errors_come_with_200_and_notifications_with_nothing() {
    let (chain, _dir) = TestChain::start().await;
    let failed = chain.post(r#"{"jsonrpc":"2.0","method":"nothing","id":1}"#).await;
    assert_eq!(failed.status(), StatusCode::OK);
    let answer: Value = failed.json().await.unwrap();
    assert!(answer.get("result").is_none() && answer["error"]["code"] == -32601);
    let notified = chain.post(r#"{"jsonrpc":"2.0","method":"uptime"}"#).await;
    assert_eq!(notified.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_body_beyond_32_mib_is_refused() {
    let (chain, _dir) = TestChain::start().await;
    let response = chain.post(vec![b' '; 32 * 1024 * 1024 + 1]).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn every_call_survives_parameters_of_every_kind() {
    let (chain, _dir) = TestChain::start().await;
    chain.mine(1).await;
    let help = chain.ok("help", json!([])).await;
    let names = help
        .as_str()
        .unwrap()
        .lines()
        .filter_map(|line| line.split(' ').next());
    let odd = [
        json!(null),
        json!(-1),
        json!(1e300),
        json!("x"),
        json!(""),
        json!("é".repeat(32)),
        json!("00".repeat(32)),
        json!([]),
        json!([1, "x", [], {}]),
        json!({}),
        json!(true),
    ];
    for name in names.filter(|name| *name != "stop") {
        for value in &odd {
            for count in 0..4 {
                let params = vec![value.clone(); count];
                let body = json!({ "method": name, "params": params, "id": 1 }).to_string();
                let response = chain.post(body).await;
                let answer: Value = response
                    .json()
                    .await
                    .unwrap_or_else(|_| panic!("{name} {params:?}"));
                assert!(answer["error"].is_null() || answer["error"]["code"].is_i64());
            }
        }
    }
}
