//! What keeps a daemon in order: values that programs keep in it, options that change while it runs, old entries that go, its log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill::CallError;
use boltill_e2e::{Network, NetworkError, Node, SOON, line_of, pay, unconnected, wait_for};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// Has a node call a command that is refused; gives the number.
async fn refused(node: &Node, method: &str, params: Value) -> i64 {
    match node.client().call(method, params).await {
        Err(CallError::Rpc(error)) => error.code,
        other => panic!("{method} was not refused: {other:?}"),
    }
}

async fn one() -> Network {
    unconnected(1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_keeps_outlasts_a_crash_and_is_listed_step_by_step() -> Result<(), NetworkError> {
    let network = one().await;
    let alice = network.node("alice")?;
    let made = alice
        .call("datastore", json!({"key": ["shop", "last"], "string": "25"}))
        .await?;
    assert_eq!(
        made,
        json!({"key": ["shop", "last"], "generation": 0, "hex": "3235", "string": "25"})
    );
    let appended = json!({"key": ["shop", "last"], "hex": "ff", "mode": "must-append", "generation": 0});
    let appended = alice.call("datastore", appended).await?;
    assert_eq!(
        appended,
        json!({"key": ["shop", "last"], "generation": 1, "hex": "3235ff"})
    );
    let write = |key: Value, mode: &str| json!({"key": key, "string": "x", "mode": mode});
    for (params, code) in [
        (write(json!(["shop", "last"]), "must-create"), 1202),
        (write(json!(["shop", "first"]), "must-replace"), 1203),
        (
            json!({"key": ["shop", "last"], "hex": "", "mode": "must-replace", "generation": 0}),
            1204,
        ),
        (write(json!("shop"), "create-or-replace"), 1205),
        (write(json!(["shop", "last", "of"]), "create-or-append"), 1206),
    ] {
        assert_eq!(
            refused(alice, "datastore", params.clone()).await,
            code,
            "{params}"
        );
    }
    alice.kill().await;
    alice.restart().await?;
    let listed = alice.call("listdatastore", json!({})).await?;
    assert_eq!(listed, json!({"datastore": [{"key": ["shop"]}]}));
    let below = alice.call("listdatastore", json!(["shop"])).await?;
    assert_eq!(below["datastore"][0], appended);
    let usage = alice.call("datastoreusage", json!(["shop"])).await?;
    assert_eq!(
        usage,
        json!({"datastoreusage": {"key": "[shop]", "total_bytes": 9 + 3}})
    );
    let delete = json!({"key": ["shop", "last"], "generation": 0});
    assert_eq!(refused(alice, "deldatastore", delete).await, 1201);
    let deleted = alice.call("deldatastore", json!([["shop", "last"]])).await?;
    assert_eq!(deleted, appended);
    assert_eq!(refused(alice, "deldatastore", json!(["shop"])).await, 1200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_the_same_after_a_restart_and_another_for_each_name() -> Result<(), NetworkError> {
    let network = one().await;
    let alice = network.node("alice")?;
    let till = alice.call("makesecret", json!({"string": "till"})).await?;
    let same = alice.call("makesecret", json!({"hex": "74696c6c"})).await?;
    let other = alice.call("makesecret", json!({"string": "tills"})).await?;
    assert_eq!(till, same);
    assert_ne!(till, other);
    alice.restart().await?;
    let again = alice.call("makesecret", json!({"string": "till"})).await?;
    assert_eq!(till, again);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_option_that_is_set_counts_at_once_and_after_a_restart() -> Result<(), NetworkError> {
    let network = one().await;
    let alice = network.node("alice")?;
    let directory = fs::canonicalize(alice.directory()).unwrap_or_else(|_| alice.directory().to_owned());
    let option = "autoclean-expiredinvoices-age";
    let set = alice.call("setconfig", json!([option, 300])).await?;
    assert_eq!(set["config"]["value_int"], 300, "{set}");
    let source = set["config"]["source"].as_str().unwrap();
    assert!(
        source.ends_with("/regtest/config.setconfig:2"),
        "{source} in {}",
        directory.display()
    );
    alice
        .call("setconfig", json!(["min-capacity-sat", 20_000]))
        .await?;
    alice
        .call(
            "setconfig",
            json!({"config": "autoclean-cycle", "val": 7, "transient": true}),
        )
        .await?;
    alice.call("setconfig", json!([option, 400])).await?;
    let values = async || -> Result<Vec<Value>, NetworkError> {
        let listed = alice.call("listconfigs", json!({})).await?;
        let names = [option, "min-capacity-sat", "autoclean-cycle"];
        Ok(names
            .map(|name| listed["configs"][name]["value_int"].clone())
            .to_vec())
    };
    assert_eq!(values().await?, [400, 20_000, 7]);
    alice.restart().await?;
    assert_eq!(values().await?, [400, 20_000, 3600]);
    let status = alice.call("autoclean-status", json!(["expiredinvoices"])).await?;
    let expected = json!({"autoclean": {"expiredinvoices": {"enabled": true, "age": 400, "cleaned": 0}}});
    assert_eq!(status, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_goes_once_or_again_and_again_and_waiters_hear_of_it() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, bob, carol) = (
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    );
    for number in 0..3 {
        pay(alice, carol, 1000, &format!("paid {number}")).await?;
    }
    let unpaid = json!({"amount_msat": 1, "label": "unpaid", "description": "d"});
    carol.call("invoice", unpaid).await?;
    let once = async |node: &Node, what: &str| -> Result<Value, NetworkError> {
        let answer = node.call("autoclean-once", json!([what, 1])).await?;
        Ok(answer["autoclean"][what].clone())
    };
    let gone = async |node: &'static str, what: &'static str| {
        let node = network.node(node)?;
        wait_for("all three are gone", SOON, || async {
            once(node, what).await?;
            let status = node.call("autoclean-status", json!([what])).await?;
            Ok((status["autoclean"][what]["cleaned"] == 3).then_some(()))
        })
        .await
    };
    gone("carol", "paidinvoices").await?;
    gone("alice", "succeededpays").await?;
    let deleted = json!({"subsystem": "invoices", "indexname": "deleted", "nextvalue": 3});
    assert_eq!(carol.call("wait", deleted).await?["deleted"], 3);
    let left = carol.call("listinvoices", json!({})).await?;
    assert_eq!(left["invoices"].as_array().unwrap().len(), 1, "{left}");
    assert_eq!(
        once(carol, "expiredinvoices").await?,
        json!({"cleaned": 0, "uncleaned": 0})
    );
    let pays = alice.call("listpays", json!({})).await?;
    assert_eq!(pays, json!({"pays": []}));
    // What the options say is done without being asked for.
    wait_for("bob has all three on file as settled", SOON, || async {
        let settled = bob.call("listforwards", json!({"status": "settled"})).await?;
        let settled = settled["forwards"].as_array().map_or(0, Vec::len);
        Ok((settled == 3).then_some(()))
    })
    .await?;
    let fees = bob.call("getinfo", json!({})).await?["fees_collected_msat"].clone();
    bob.call("setconfig", json!(["autoclean-succeededforwards-age", 1]))
        .await?;
    bob.call("setconfig", json!(["autoclean-cycle", 1])).await?;
    wait_for("the forwards are gone", SOON, || async {
        let status = bob.call("autoclean-status", json!({})).await?;
        Ok((status["autoclean"]["succeededforwards"]["cleaned"] == 3).then_some(()))
    })
    .await?;
    let forwards = bob.call("listforwards", json!({})).await?;
    assert_eq!(forwards, json!({"forwards": []}));
    assert_eq!(bob.call("getinfo", json!({})).await?["fees_collected_msat"], fees);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_can_be_read_over_the_socket() -> Result<(), NetworkError> {
    let network = one().await;
    let alice = network.node("alice")?;
    let (log, started) = wait_for("it says that it has started", SOON, || async {
        let log = alice.call("getlog", json!({})).await?;
        let mut lines = log["log"].as_array().unwrap().iter();
        let started = lines.find(|line| {
            let text = line["log"].as_str().unwrap_or_default();
            text.starts_with("Server started with public key ")
        });
        let started = started.cloned();
        Ok(started.map(|line| (log, line)))
    })
    .await?;
    assert_eq!(started["type"], "INFO", "{log}");
    assert!(log["bytes_used"].as_u64().unwrap() <= log["bytes_max"].as_u64().unwrap());
    Ok(())
}

/// A daemon in the background, which is killed when this is dropped.
struct Background(u32);

impl Background {
    fn signal(&self, name: &str) {
        let pid = self.0.to_string();
        Command::new("kill").args([name, &pid]).status().unwrap();
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.signal("-KILL");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_starts_it_in_the_background_finds_it_ready() -> Result<(), NetworkError> {
    let network = one().await;
    let alice = network.node("alice")?;
    let line = fs::read(format!("/proc/{}/cmdline", alice.pid().await.unwrap())).unwrap();
    let line = String::from_utf8(line).unwrap();
    let args: Vec<String> = line.split_terminator('\0').map(str::to_owned).collect();
    alice.stop().await;
    let files = alice.directory().join("script");
    fs::create_dir_all(&files).unwrap();
    let path = |name: &str| files.join(name);
    let started = tokio::task::spawn_blocking({
        let options = [("log-file", "log"), ("log-file", "second"), ("pid-file", "pid")];
        let options = options.map(|(option, name)| format!("--{option}={}", path(name).display()));
        move || {
            let mut command = Command::new(&args[0]);
            command.args(&args[1..]).args(options).arg("--daemon").output()
        }
    });
    let started = started.await.unwrap().unwrap();
    assert!(started.status.success(), "{started:?}");
    let pid = fs::read_to_string(path("pid")).unwrap();
    let daemon = Background(pid.trim().parse().unwrap());
    // No waiting: that is what the script relies on.
    let id = alice.call("getinfo", json!({})).await?["id"].clone();
    let announced = format!("Server started with public key {}", id.as_str().unwrap());
    for log in ["log", "second"] {
        assert!(fs::read_to_string(path(log)).unwrap().contains(&announced));
    }
    fs::rename(path("log"), path("log.1")).unwrap();
    daemon.signal("-HUP");
    wait_for("the log is a new file", SOON, || async {
        Ok(path("log").exists().then_some(()))
    })
    .await?;
    alice.call("stop", json!({})).await?;
    wait_for("the daemon has taken its files away", SOON, || async {
        Ok((!path("pid").exists()).then_some(()))
    })
    .await
}
