//! The program `boltill-devnet up`, as scripts use it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use boltill_devnet::network::{self, Description, wait_for};
use boltill_e2e::{NetworkError, SOON, bitcoind};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn up() -> Command {
    let mut command = Command::new(network::devnet().unwrap());
    command.arg("up");
    if let Some(bitcoind) = bitcoind() {
        command.arg("--bitcoind").arg(bitcoind);
    }
    command
}

#[test]
fn a_command_finds_the_network_in_its_environment_and_its_status_is_ours() {
    let output = up()
        .args([
            "--nodes",
            "1",
            "--run",
            "sh",
            "-c",
            "echo $BOLTILL_DEVNET; exit 7",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7));
    let description: Description = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(description.nodes[0].name, "alice");
    assert!(
        !description.nodes[0].dir.exists(),
        "the temporary directory is left behind"
    );
}

#[tokio::test]
async fn nothing_of_a_network_outlives_its_owner() -> Result<(), NetworkError> {
    let directory = tempfile::tempdir().unwrap();
    let mut owner = up()
        .arg("--dir")
        .arg(directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(owner.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let description: Description = serde_json::from_str(&line).unwrap();
    assert_eq!(description.nodes.len(), 2);

    // On Unix this is SIGKILL, which leaves the owner no time to take anything down.
    owner.kill().unwrap();
    owner.wait().unwrap();
    for node in description.nodes {
        let client = boltill::Client::new(&node.rpc);
        wait_for(&format!("{} is gone", node.name), SOON, || async {
            Ok(client.call("getinfo", json!({})).await.is_err().then_some(()))
        })
        .await?;
    }
    Ok(())
}

#[test]
fn the_demo_shows_a_sale_and_a_code_that_is_paid_once() {
    let output = Command::new(network::devnet().unwrap())
        .arg("demo")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    let mut rest = shown.as_str();
    for line in [
        "status: complete",
        "amount_received_msat: 25000000",
        "bolt12: lnr1",
        "label: refund",
        "status: paid",
        "amount_received_msat: 5000000",
        "In the channel alice has 4980000 sat and bob 5020000 sat.",
        "refused: Remote node sent failure message, code 1004",
        "bob's node says: invoice_request no longer available",
    ] {
        let Some((_, behind)) = rest.split_once(line) else {
            panic!("{line:?} is missing in {rest}");
        };
        rest = behind;
    }
}
