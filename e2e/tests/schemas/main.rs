//! Every command's answers, from a network on which much has happened, fit the schemas that Core Lightning has for them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod channels;
mod codes;
mod invoices;
mod utility;

use boltill::Client;
use boltill_e2e::answers::Answers;
use boltill_e2e::channels::all_announced;
use boltill_e2e::{Network, line_of};
use serde_json::{Value, json};

/// The nodes of a line, each by a socket at which answers are checked.
struct Nodes {
    network: Network,
    alice: Client,
    bob: Client,
    carol: Client,
}

impl Nodes {
    fn id(&self, name: &str) -> String {
        self.network.node(name).unwrap().id().to_owned()
    }
}

/// Calls a command that succeeds.
async fn call(node: &Client, method: &str, params: Value) -> Value {
    let answer = node.call(method, &params).await;
    answer.unwrap_or_else(|error| panic!("{method} {params}: {error}"))
}

/// Calls a command that is refused or fails; gives the number of the error.
async fn refused(node: &Client, method: &str, params: Value) -> i64 {
    match node.call(method, &params).await {
        Err(boltill::CallError::Rpc(error)) => error.code,
        other => panic!("{method} {params}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_fits_its_schema() {
    let answers = Answers::new();
    if !answers.are_checked() {
        return;
    }
    let network = line_of(3).await;
    let relays: Vec<_> = network.nodes().iter().map(|node| answers.relay(node)).collect();
    let [alice, bob, carol] = [0, 1, 2].map(|at| Client::new(relays[at].socket()));
    let nodes = Nodes {
        network,
        alice,
        bob,
        carol,
    };

    all_announced(&nodes.network).await.unwrap();
    invoices::use_them(&nodes).await;
    codes::use_them(&nodes).await;
    utility::use_it(&nodes).await;
    channels::use_them(&nodes).await;
    let help = call(&nodes.alice, "help", json!({})).await;
    call(&nodes.carol, "stop", json!({})).await;

    let called = answers.methods();
    let names = help["help"].as_array().unwrap().iter();
    let names = names.map(|command| command["command"].as_str().unwrap().split(' ').next().unwrap());
    let forgotten: Vec<_> = names
        .filter(|name| answers.knows(name) && !called.contains_key(*name))
        .collect();
    answers.all_fit(&[]);
    assert!(forgotten.is_empty(), "not called here: {forgotten:?}");
}
