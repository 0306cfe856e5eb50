//! Clients that others have written, from where their makers publish them; `scripts/clients.sh` installs them below `target/`.

use crate::answers::Answers;
use crate::relay::Relay;
use crate::{Network, line_of};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a client's run may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Installs a client, unless it is there already, and gives the program that runs its scripts.
///
/// `None` where it cannot be had: the test says loudly that it did not run. With `BOLTILL_REQUIRE_ALL=1`, as in CI, that is a
/// failure.
pub fn installed(client: &str) -> Option<PathBuf> {
    match install(client) {
        Ok(program) => Some(program),
        Err(why) if std::env::var_os("BOLTILL_REQUIRE_ALL").is_some_and(|value| value == "1") => {
            panic!("the client {client} is required: {why}")
        }
        Err(why) => {
            eprintln!("NOT RUN: this test needs the client {client}: {why}");
            None
        }
    }
}

fn install(client: &str) -> Result<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/clients.sh");
    let output = Command::new(&script)
        .arg(client)
        .env("CARGO_TARGET_DIR", target_folder()?)
        .output()
        .map_err(|error| format!("{}: {error}", script.display()))?;
    if output.status.success() {
        return Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end()));
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// `target/`, seen from a test that runs in `target/<profile>/deps/`.
fn target_folder() -> Result<PathBuf, String> {
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    test.ancestors()
        .nth(3)
        .map(Path::to_owned)
        .ok_or_else(|| "the test is not in a target folder".to_owned())
}

/// Has a client's script use a network of two nodes, each behind a relay that looks at its answers: all must fit Core Lightning's schemas, and these
/// commands must have been called. Says loudly when the client cannot be had.
///
/// # Panics
///
/// When the script fails, an answer does not fit, or a command was not called.
pub async fn try_out(client: &str, script: &str, called: &[&str]) {
    let Some(program) = installed(client) else {
        return;
    };
    let network = line_of(2).await;
    let answers = Answers::new();
    let relays: Vec<_> = network.nodes().iter().map(|node| answers.relay(node)).collect();
    run(&program, script, &described(&network, &relays)).await;
    answers.all_fit(called);
}

/// What a client's script is told of a network: its description, with the relays in the place of the daemons' sockets.
pub fn described(network: &Network, relays: &[Relay]) -> Value {
    let mut description = json!(network.description());
    for (at, relay) in relays.iter().enumerate() {
        description["nodes"][at]["rpc"] = json!(relay.socket());
    }
    description
}

/// Runs a script of `e2e/clients` and waits for its end; the test fails unless the script says that all passed.
pub async fn run(program: &Path, script: &str, described: &Value) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script);
    let running = tokio::process::Command::new(program)
        .arg(&script)
        .env("BOLTILL_DEVNET", described.to_string())
        .env("NODE_PATH", program.with_file_name("node_modules"))
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, running).await;
    let output = output
        .unwrap_or_else(|_| panic!("{} does not come to an end", script.display()))
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && said.contains("all passed"),
        "{}: {}\n{said}\n{complained}",
        script.display(),
        output.status
    );
}
