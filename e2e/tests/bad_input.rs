//! Whatever a client sends, the answer is an error in Core Lightning's form, and nothing has changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill::{CallError, Client};
use boltill_e2e::{Options, SOON, start};
use serde_json::{Value, json};

const INVALID_PARAMS: i64 = -32602;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_parameters_of_every_command_are_refused_and_change_nothing() {
    let network = start(Options {
        nodes: 2,
        ..Options::default()
    })
    .await;
    let alice = network.node("alice").unwrap().client();
    let before = everything(alice).await;
    let help = alice.call("help", json!({})).await.unwrap();
    for entry in help["help"].as_array().unwrap() {
        let usage = Usage::parse(entry["command"].as_str().unwrap());
        // `check` takes any further parameters, by its nature.
        if usage.command != "check" {
            refuse_all(alice, &usage).await;
        }
    }
    assert_eq!(everything(alice).await, before, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_json_and_idle_clients_disturb_nobody() {
    let network = start(Options {
        nodes: 1,
        channels: false,
        ..Options::default()
    })
    .await;
    let alice = network.node("alice").unwrap().client();
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(alice.connect().await.unwrap());
    }
    let garbage: [&[u8]; 6] = [
        b"}{",
        b"hello\n\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getinfo\",\"params\":{\"a\":\xff\xfe}}",
        b"\x00\x01\x02",
        b"[1,2,3]",
        &[b'['; 100_000],
    ];
    for bytes in garbage {
        let mut connection = alice.connect().await.unwrap();
        // The daemon may hang up while we still write.
        let _ = connection.write(bytes).await;
        let _ = connection.finish().await;
        let ended = tokio::time::timeout(SOON, async { while connection.read().await.is_ok() {} });
        ended.await.expect("the daemon hangs up on garbage");
    }
    let mut truncated = alice.connect().await.unwrap();
    truncated
        .write(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"invoice\",\"params\":[1000,\"cut\"")
        .await
        .unwrap();
    drop(truncated);
    let info = alice.call("getinfo", json!({})).await.unwrap();
    assert_eq!(info["alias"], "alice");
    let invoices = alice.call("listinvoices", json!({})).await.unwrap();
    assert_eq!(invoices, json!({"invoices": []}));
    for connection in &mut idle {
        connection.call("getinfo", json!({})).await.unwrap();
    }
}

/// A command's name and parameters, from its line in `help`.
struct Usage {
    command: String,
    required: Vec<String>,
    optional: Vec<String>,
}

impl Usage {
    fn parse(line: &str) -> Usage {
        let mut words = line.split(' ').map(str::to_owned);
        let command = words.next().unwrap();
        let (optional, required): (Vec<_>, Vec<_>) = words.partition(|word| word.starts_with('['));
        let optional = optional
            .iter()
            .map(|word| word.trim_matches(['[', ']']).to_owned())
            .collect();
        Usage {
            command,
            required,
            optional,
        }
    }
}

async fn refuse_all(alice: &Client, usage: &Usage) {
    let command = &usage.command;
    refused(alice, command, json!({"no_such_parameter": 1})).await;
    let too_many = vec![json!("1"); usage.required.len() + usage.optional.len() + 1];
    refused(alice, command, json!(too_many)).await;
    if !usage.required.is_empty() {
        refused(alice, command, json!({})).await;
        refused(alice, command, json!([])).await;
        refused(alice, command, json!([null])).await;
    }
    refused(alice, command, json!("not a container")).await;
    for name in usage.required.iter().chain(&usage.optional) {
        // No parameter of any command takes an object inside an object.
        refused(alice, command, json!({name: {"a": {"b": [1]}}})).await;
        twice(alice, command, name).await;
    }
}

async fn refused(alice: &Client, command: &str, params: Value) {
    match alice.call(command, &params).await {
        Err(CallError::Rpc(error)) => {
            let shown = params.to_string();
            assert_eq!(error.code, INVALID_PARAMS, "{command} {shown}: {}", error.message);
            assert!(!error.message.is_empty());
        }
        other => panic!("{command} {params} was answered with {other:?}"),
    }
}

async fn twice(alice: &Client, command: &str, name: &str) {
    let mut connection = alice.connect().await.unwrap();
    let request =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{command}","params":{{"{name}":"x","{name}":"x"}}}}"#);
    connection.write(request.as_bytes()).await.unwrap();
    let answer: Value = serde_json::from_slice(&connection.read().await.unwrap()).unwrap();
    assert_eq!(
        answer["error"]["code"], INVALID_PARAMS,
        "{command} {name}: {answer}"
    );
}

/// All that a command could have changed.
async fn everything(alice: &Client) -> Vec<Value> {
    let mut state = Vec::new();
    for command in [
        "listinvoices",
        "listpays",
        "listsendpays",
        "listfunds",
        "listpeerchannels",
    ] {
        state.push(alice.call(command, json!({})).await.unwrap());
    }
    for (subsystem, index) in [
        ("invoices", "created"),
        ("invoices", "updated"),
        ("sendpays", "created"),
    ] {
        let wait = json!({"subsystem": subsystem, "indexname": index, "nextvalue": 0});
        state.push(alice.call("wait", wait).await.unwrap());
    }
    let peers = alice.call("listpeers", json!({})).await.unwrap();
    state.push(json!(peers["peers"].as_array().unwrap().len()));
    state
}
