//! What the node does when its bitcoind is away, starting, behind, or the wrong one.
//!
//! What only a real bitcoind can do, pruning, is tried where `BOLTILL_TEST_BITCOIND` names one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use boltill_e2e::books::Books;
use boltill_e2e::chain::{mine_seen_by, mine_until_quiet};
use boltill_e2e::channels::{channels_of, is_usable, usable_channel};
use boltill_e2e::coins::{coins_of, refusal};
use boltill_e2e::htlcs::all_settled;
use boltill_e2e::{Network, NetworkError, Node, SOON, line_of, pay, wait_for};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Waits until `getinfo` has this warning with these words in it.
async fn warned(node: &Node, warning: &str, words: &str) -> Result<Value, NetworkError> {
    let what = format!("{} warns: {words}", node.name());
    wait_for(&what, SOON, || async {
        // A node that has only just begun does not answer yet.
        let info = node.client().call("getinfo", json!({})).await.unwrap_or_default();
        let says = info[warning].as_str().is_some_and(|says| says.contains(words));
        Ok(says.then_some(info))
    })
    .await
}

/// Waits until no node of the network warns of anything, and all are at the tip.
async fn all_is_well(network: &Network) -> Result<(), NetworkError> {
    let height = network.miner().height().await?;
    for node in network.nodes() {
        let what = format!("{} is at block {height} and warns of nothing", node.name());
        wait_for(&what, SOON, || async {
            let info = node.call("getinfo", json!({})).await?;
            let well = info["warning_bitcoind_sync"].is_null() && info["warning_lightningd_sync"].is_null();
            Ok((well && info["our_features"].is_object() && info["blockheight"] == height).then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// Waits until a transaction is in the mempool.
async fn in_mempool(network: &Network, txid: &Value) -> Result<(), NetworkError> {
    wait_for(&format!("{txid} is in the mempool"), SOON, || async {
        let waiting = network.miner().mempool().await?;
        Ok(waiting.iter().any(|there| txid == there).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_without_bitcoind_says_who_it_is_and_waits() -> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let before = alice.call("getinfo", json!({})).await?;
    network.stop_chain().await;
    alice.launch(&[]).await?;
    let info = warned(alice, "warning_bitcoind_sync", "Bitcoind has not answered").await?;
    for same in [
        "id",
        "alias",
        "color",
        "network",
        "version",
        "binding",
        "lightning-dir",
    ] {
        assert_eq!(info[same], before[same], "{same}");
    }
    assert_eq!(info["num_active_channels"], 0);
    let refused = alice.call("listfunds", json!({})).await.unwrap_err().to_string();
    assert!(
        refused.contains("still starting: Bitcoind has not answered"),
        "{refused}"
    );
    network.start_chain().await?;
    all_is_well(&network).await?;
    usable_channel(alice, bob, true).await?;
    pay(alice, bob, 1_000_000, "afterwards").await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_go_on_without_bitcoind_and_everybody_catches_up() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let (alice, carol) = (network.node("alice")?, network.node("carol")?);
    let bob = network.node("bob")?;
    let books = Books::open(&network).await?;
    network.stop_chain().await;
    for node in network.nodes() {
        warned(node, "warning_bitcoind_sync", "Bitcoind has not answered").await?;
    }
    for number in 0..20 {
        let (payer, payee) = if number % 2 == 0 {
            (alice, carol)
        } else {
            (carol, alice)
        };
        pay(payer, payee, 2_000_000, &format!("payment {number}")).await?;
    }
    // Nobody is told that something was sent which was not, and no coin is reserved for it.
    let address = carol.call("newaddr", json!({"addresstype": "bech32"})).await?;
    let withdrawal = json!({"destination": address["bech32"], "satoshi": 100_000});
    let opening = json!({"id": bob.id(), "amount": 100_000});
    for (command, params, expected) in [
        ("withdraw", withdrawal.clone(), -1),
        ("fundchannel", opening, 303),
    ] {
        let (code, words) = refusal(alice, command, params).await;
        assert_eq!(code, expected, "{words}");
        assert!(
            words.contains("nothing is sent while bitcoind is away"),
            "{words}"
        );
    }
    assert!(
        coins_of(alice)
            .await?
            .iter()
            .all(|coin| coin["reserved"] == false)
    );
    network.start_chain().await?;
    let sent = alice.call("withdraw", withdrawal).await?;
    in_mempool(&network, &sent["txid"]).await?;
    network.mine(3).await?;
    all_is_well(&network).await?;
    pay(alice, carol, 2_000_000, "afterwards").await?;
    all_settled(&network).await?;
    let closed = bob.call("close", json!({"id": carol.id()})).await?;
    assert_eq!(closed["type"], "mutual", "{closed}");
    mine_until_quiet(&network).await?;
    books.balance(&network).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_opened_while_bitcoind_restarts_is_opened_or_refused_and_no_coin_is_lost()
-> Result<(), NetworkError> {
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let books = Books::open(&network).await?;
    network.stop_chain().await;
    let client = alice.client().clone();
    let params = json!({"id": bob.id(), "amount": 2_000_000, "announce": false});
    let opening = tokio::spawn(async move { client.call("fundchannel", params).await });
    warned(alice, "warning_bitcoind_sync", "Bitcoind has not answered").await?;
    network.start_chain().await?;
    match opening.await.unwrap() {
        Ok(opened) => {
            in_mempool(&network, &opened["txid"]).await?;
            network.mine(6).await?;
            wait_for("the second channel is in use", SOON, || async {
                let channels = channels_of(alice).await?;
                let mut channels = channels.iter();
                let new = channels.find(|channel| channel["funding_txid"] == opened["txid"]);
                Ok(new.is_some_and(is_usable).then_some(()))
            })
            .await?;
        }
        Err(refused) => assert!(refused.to_string().contains("bitcoind"), "{refused}"),
    }
    all_is_well(&network).await?;
    pay(alice, bob, 1_000_000, "afterwards").await?;
    mine_until_quiet(&network).await?;
    all_settled(&network).await?;
    books.balance(&network).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bitcoind_with_older_data_is_waited_for_and_its_new_blocks_are_followed() -> Result<(), NetworkError>
{
    let network = line_of(2).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let chain = network.directory().join("chain");
    let backup = network.directory().join("backup");
    network.stop_chain().await;
    copy(&chain, &backup);
    network.start_chain().await?;
    let older = network.miner().height().await?;
    network.mine(3).await?;
    network.stop_chain().await;
    alice.stop().await;
    std::fs::remove_dir_all(&chain).unwrap();
    copy(&backup, &chain);
    network.start_chain().await?;
    assert_eq!(network.miner().height().await?, older);
    // One that ran through it, and one that meets it at its start.
    alice.launch(&[]).await?;
    for node in network.nodes() {
        let words = format!(
            "ends at block {older}, and this node has seen block {}",
            older + 3
        );
        warned(node, "warning_bitcoind_sync", &words).await?;
        wait_for("the log says so too", SOON, || async {
            let log = std::fs::read_to_string(node.log()).unwrap_or_default();
            Ok(log.contains("has seen block").then_some(()))
        })
        .await?;
    }
    // Other blocks than those that were lost: bitcoind has never seen the ones that the nodes have.
    network.miner().mine(4).await?;
    all_is_well(&network).await?;
    usable_channel(alice, bob, true).await?;
    pay(alice, bob, 1_000_000, "afterwards").await?;
    network.stop().await;
    Ok(())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_wrong_chain_end_the_start() -> Result<(), NetworkError> {
    let network = line_of(1).await;
    let alice = network.node("alice")?;
    let refusal = "refused our user name and password";
    ends_with(
        alice,
        &["--bitcoin-rpcuser=me", "--bitcoin-rpcpassword=wrong"],
        refusal,
    )
    .await?;
    let other = Stub::serve(json!({"result": chain_info("main", 5, 5, false)})).await;
    let port = format!("--bitcoin-rpcport={}", other.port);
    ends_with(
        alice,
        &[&port],
        "this node is for regtest, but bitcoind's chain is main",
    )
    .await?;
    alice.restart().await?;
    network.stop().await;
    Ok(())
}

async fn ends_with(node: &Node, options: &[&str], words: &str) -> Result<(), NetworkError> {
    node.launch(options).await?;
    let status = node.ended().await.unwrap();
    assert!(!status.success(), "{status}");
    let log = std::fs::read_to_string(node.log()).unwrap();
    assert!(log.contains(words), "{words}: {log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bitcoind_that_warms_up_and_then_catches_up_is_waited_for() -> Result<(), NetworkError> {
    let network = line_of(1).await;
    let alice = network.node("alice")?;
    let warming_up = json!({"error": {"code": -28, "message": "Verifying blocks..."}});
    let bitcoind = Stub::serve(warming_up).await;
    alice
        .launch(&[&format!("--bitcoin-rpcport={}", bitcoind.port)])
        .await?;
    let words = "Bitcoind is warming up: Verifying blocks...";
    warned(alice, "warning_bitcoind_sync", words).await?;
    bitcoind.answer(json!({"result": chain_info("regtest", 5, 900, true)}));
    let words = "Bitcoind is not up-to-date with network: it has validated 5 of 900 blocks";
    warned(alice, "warning_bitcoind_sync", words).await?;
    drop(bitcoind);
    alice.restart().await?;
    all_is_well(&network).await?;
    network.stop().await;
    Ok(())
}

fn chain_info(chain: &str, blocks: u32, headers: u32, initial_block_download: bool) -> Value {
    json!({
        "chain": chain,
        "blocks": blocks,
        "headers": headers,
        "bestblockhash": "00".repeat(32),
        "initialblockdownload": initial_block_download,
        "pruned": false,
    })
}

/// Something at bitcoind's place that answers every call with the same.
struct Stub {
    port: u16,
    answer: Arc<Mutex<Value>>,
    server: tokio::task::JoinHandle<()>,
}

impl Stub {
    async fn serve(answer: Value) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(Mutex::new(answer));
        let shared = Arc::clone(&answer);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A connection that breaks off concerns the client alone.
                let _ = Stub::serve_one(stream, &shared).await;
            }
        });
        Stub { port, answer, server }
    }

    fn answer(&self, answer: Value) {
        *self.answer.lock().unwrap() = answer;
    }

    /// One call for each connection.
    async fn serve_one(stream: TcpStream, answer: &Mutex<Value>) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().unwrap();
                }
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        stream.read_exact(&mut vec![0; length]).await?;
        let body = answer.lock().unwrap().to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_bitcoind_does_until_it_has_thrown_away_what_a_node_needs() -> Result<(), NetworkError> {
    if boltill_e2e::bitcoind().is_none() {
        return Ok(());
    }
    let network = line_of(3).await;
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    let carol = network.node("carol")?;
    network.stop_chain().await;
    let conf = network.directory().join("chain").join("bitcoin.conf");
    // Small block files, so that there is something to throw away.
    std::fs::write(conf, "prune=1\nfastprune=1\n").unwrap();
    network.start_chain().await?;
    carol.stop().await;
    mine_and_prune(&network, &[alice, bob]).await?;
    // Who saw the blocks in time misses nothing.
    usable_channel(alice, bob, true).await?;
    pay(alice, bob, 1_000_000, "pruned").await?;
    // Who did not says what it needs.
    carol.launch(&[]).await?;
    let words = "is connected to nobody who has it";
    let info = warned(carol, "warning_lightningd_sync", words).await?;
    assert!(info["warning_bitcoind_sync"].is_null(), "{info}");
    pay(bob, alice, 1_000_000, "still").await?;
    Ok(())
}

/// Makes as many blocks as bitcoind always keeps and then some, and has it throw away what it can once these nodes have seen them.
async fn mine_and_prune(network: &Network, seen_by: &[&Node]) -> Result<(), NetworkError> {
    let miner = network.miner();
    let before = miner.height().await?;
    for _ in 0..4 {
        mine_seen_by(network, 200, seen_by).await?;
    }
    let pruned = miner.call("pruneblockchain", json!([before + 500])).await?;
    assert!(
        pruned.as_u64().is_some_and(|height| height > before),
        "pruned up to {pruned} only"
    );
    Ok(())
}
