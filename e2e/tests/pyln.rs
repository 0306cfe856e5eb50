//! pyln-client from PyPI, unmodified, works over the socket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill_e2e::{line_of, python};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pyln_client_creates_lists_waits_for_and_pays_invoices() {
    let Some(python) = python::with_packages("pyln", &["pyln-client"]) else {
        return;
    };
    let network = line_of(2).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/pyln_client.py");
    let description = serde_json::to_string(&network.description()).unwrap();
    let output = tokio::process::Command::new(python)
        .arg(script)
        .env("BOLTILL_DEVNET", description)
        .output()
        .await
        .unwrap();
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("all passed"), "{said}");
}
