//! How long a node takes until it is of use: at a start with many channels, and after a long absence. And what many channels cost an invoice.

use crate::arguments::Arguments;
use crate::calls::{Call, Caller};
use crate::load;
use crate::results::{Results, Setting};
use crate::{BenchError, networks};
use boltill_devnet::network::{Network, NetworkError, Node};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a channel holds that is only there to be started with.
const IDLE_SAT: u64 = 100_000;
/// What a channel holds that is paid over.
pub const PAID_SAT: u64 = 2_000_000;
/// How many channels without a confirmed funding a peer puts up with (LDK's own bound).
const UNCONFIRMED: usize = 4;
/// What each channel is paid over, so that its monitor has something to read.
const PAYMENT_MSAT: u64 = 10_000_000;
/// How often a start is measured.
const RUNS: usize = 5;
/// How often a starting node is asked.
const INTERVAL: Duration = Duration::from_millis(2);
/// After which the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(600);

/// Measures the first node's starts: with one channel, with many, and after it has missed blocks.
pub async fn measure(
    arguments: &Arguments,
    network: &Network,
    results: &mut Results,
) -> Result<(), BenchError> {
    starts(network, results).await?;
    invoices(arguments, network, results).await?;
    eprintln!("opening {} channels, and paying over each", arguments.channels);
    open_channels(network, arguments.channels, IDLE_SAT).await?;
    starts(network, results).await?;
    invoices(arguments, network, results).await?;
    missed(network, arguments.missed_blocks, results).await
}

/// Opens channels from the first node to the second until there are this many, each of them used once.
pub async fn open_channels(network: &Network, channels: usize, sat: u64) -> Result<(), BenchError> {
    let [alice, bob, ..] = network.nodes() else {
        return Ok(());
    };
    let open = usable(alice).await?;
    for number in open..channels {
        // The change of the one before is spent at once.
        let params = json!({"id": bob.id(), "amount": sat, "announce": false, "minconf": 0});
        alice.call("fundchannel", params).await?;
        if (number + 1) % UNCONFIRMED == 0 {
            network.mine(1).await?;
        }
        if (number + 1) % 20 == 0 {
            eprintln!("{} of {channels} channels are open", number + 1);
        }
    }
    network.mine(6).await?;
    wait_until(|| async { Ok((usable(alice).await? >= channels).then_some(())) }).await?;
    for number in open..channels {
        let params =
            json!({"amount_msat": PAYMENT_MSAT, "label": format!("over-{number}"), "description": "start"});
        let invoice = bob.call("invoice", params).await?;
        alice.call("pay", json!({"bolt11": invoice["bolt11"]})).await?;
    }
    Ok(())
}

/// Starts the first node several times: until it answers, and until payments can go over every channel.
async fn starts(network: &Network, results: &mut Results) -> Result<(), BenchError> {
    let node = networks::first(network)?;
    let channels = usable(node).await?;
    let (mut answering, mut paying) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        node.stop().await;
        let began = Instant::now();
        node.launch(&[]).await?;
        caught_up(network, node).await?;
        answering.push(began.elapsed());
        wait_until(|| async { Ok((usable(node).await? >= channels).then_some(())) }).await?;
        paying.push(began.elapsed());
    }
    let setting = setting(network, channels)?;
    results.times(setting, "start until it answers", &answering)?;
    results.times(setting, "start until all channels can be paid over", &paying)
}

/// Makes invoices with as many channels as there are, each of which could be a hint.
async fn invoices(arguments: &Arguments, network: &Network, results: &mut Results) -> Result<(), BenchError> {
    let subject = networks::subject(network)?;
    let setting = setting(network, usable(networks::first(network)?).await?)?;
    for &callers in &arguments.connections {
        let callers = Caller::several(&subject.node, Call::Invoice, callers, &Arc::default()).await?;
        let at_once = callers.len();
        let load = load::run(&subject, callers, arguments.span()).await?;
        results.load(setting, "invoice, with that many channels", at_once, load)?;
    }
    Ok(())
}

/// Lets the first node miss blocks, and starts it again: until it has seen them all.
async fn missed(network: &Network, blocks: u32, results: &mut Results) -> Result<(), BenchError> {
    let node = networks::first(network)?;
    let channels = usable(node).await?;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        node.stop().await;
        network.miner().mine(blocks).await?;
        let began = Instant::now();
        node.launch(&[]).await?;
        caught_up(network, node).await?;
        runs.push(began.elapsed());
    }
    let what = format!("start until {blocks} missed blocks are seen");
    results.times(setting(network, channels)?, &what, &runs)
}

fn setting(network: &Network, channels: usize) -> Result<Setting, BenchError> {
    Ok(Setting {
        node: networks::subject(network)?.name,
        invoices: 0,
        channels,
    })
}

/// How many channels a payment can go over now.
async fn usable(node: &Node) -> Result<usize, NetworkError> {
    let channels = node.call("listpeerchannels", json!({})).await?;
    let usable =
        |channel: &&Value| channel["state"] == "CHANNELD_NORMAL" && channel["peer_connected"] == true;
    Ok(channels["channels"]
        .as_array()
        .map_or(0, |channels| channels.iter().filter(usable).count()))
}

/// Waits until a node that has just been launched works, knows the chain's tip and has nothing to warn of.
pub async fn caught_up(network: &Network, node: &Node) -> Result<(), NetworkError> {
    let tip = network.miner().height().await?;
    wait_until(|| async {
        // Until it listens, there is nobody to ask.
        let Ok(info) = node.client().call("getinfo", json!({})).await else {
            return Ok(None);
        };
        let warned = !info["warning_bitcoind_sync"].is_null() || !info["warning_lightningd_sync"].is_null();
        let seen = info["blockheight"].as_u64().is_some_and(|height| height >= tip);
        // It answers earlier, but knows its features only when everything else works as well.
        let works = info["our_features"].is_object();
        Ok((seen && works && !warned).then_some(()))
    })
    .await
}

async fn wait_until<F: Future<Output = Result<Option<()>, NetworkError>>>(
    mut is_so: impl FnMut() -> F,
) -> Result<(), NetworkError> {
    let began = Instant::now();
    while is_so().await?.is_none() {
        if began.elapsed() > PATIENCE {
            return Err(NetworkError::TimedOut {
                what: "the node is of use".to_owned(),
                within: PATIENCE,
            });
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}
