//! The node that is attacked, and how it is afterwards.

use boltill_e2e::flight::received;
use boltill_e2e::{Network, NetworkError, Node, Options, SOON, invoice, start, wait_for};
use serde_json::{Value, json};
use std::fs;

/// How much more memory an attack may leave a node with. What LDK keeps of a peer that does not listen is much less, and what an
/// allocator does not give back at once is in it.
const MAX_GROWTH_KB: u64 = 64 * 1024;
/// The longest line that anybody may have written to the log.
const MAX_LINE: usize = 5_000;

/// A network in which bob is attacked.
pub struct Attacked {
    network: Network,
    before_kb: u64,
}

impl Attacked {
    pub async fn start() -> Attacked {
        let network = start(Options {
            channels: false,
            node_options: vec!["--log-level=debug".into()],
            ..Options::default()
        })
        .await;
        let before_kb = resident_kb(network.node("bob").unwrap()).await;
        Attacked { network, before_kb }
    }

    pub fn bob(&self) -> &Node {
        self.network.node("bob").unwrap()
    }

    pub fn alice(&self) -> &Node {
        self.network.node("alice").unwrap()
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Everything that bob has written.
    pub fn log(&self) -> String {
        let log = fs::read(self.bob().log()).unwrap();
        String::from_utf8(log).expect("a log of text")
    }

    /// Waits until bob has written a line with all of this in it.
    pub async fn has_written(&self, words: &[&str]) -> Result<(), NetworkError> {
        wait_for(&format!("bob writes {words:?}"), SOON, || async {
            let is_it = |line: &str| words.iter().all(|word| line.contains(word));
            Ok(self.log().lines().any(is_it).then_some(()))
        })
        .await
    }

    /// Waits until bob is connected to nobody and has no channel of any kind.
    pub async fn holds_nothing(&self) -> Result<(), NetworkError> {
        wait_for("bob has no peers and no channels", SOON, || async {
            let peers = self.bob().call("listpeers", json!({})).await?;
            let channels = self.bob().call("listpeerchannels", json!({})).await?;
            let is_empty = |list: &Value| list.as_array().is_some_and(Vec::is_empty);
            Ok((is_empty(&peers["peers"]) && is_empty(&channels["channels"])).then_some(()))
        })
        .await
    }

    /// After all, bob is as before: he holds nothing, has all his coins, and whoever means well opens a channel and pays.
    pub async fn proves_unharmed(self) -> Result<(), NetworkError> {
        self.holds_nothing().await?;
        let info = self.bob().call("getinfo", json!({})).await?;
        for count in [
            "num_peers",
            "num_pending_channels",
            "num_active_channels",
            "num_inactive_channels",
        ] {
            assert_eq!(info[count], 0, "{count} in {info}");
        }
        let funds = self.bob().call("listfunds", json!({})).await?;
        let reserved = funds["outputs"].as_array().unwrap().iter();
        assert_eq!(
            reserved.filter(|coin| coin["reserved"] == true).count(),
            0,
            "{funds}"
        );

        self.takes_a_channel_and_a_payment().await?;

        self.has_not_grown().await;
        for line in self.log().lines() {
            assert!(
                line.len() <= MAX_LINE,
                "a line of {} bytes: {:.200}",
                line.len(),
                line
            );
            let harmful = line.chars().find(|character| character.is_control());
            assert_eq!(harmful, None, "in the line {line:.200}");
        }
        self.network.stop().await;
        Ok(())
    }

    /// Bob has not much more memory than before.
    pub async fn has_not_grown(&self) {
        let after_kb = resident_kb(self.bob()).await;
        let grown_kb = after_kb.saturating_sub(self.before_kb);
        assert!(
            grown_kb <= MAX_GROWTH_KB,
            "bob has grown from {} kB to {after_kb} kB",
            self.before_kb
        );
    }

    /// Whoever means well opens a channel to bob, and pays him.
    pub async fn takes_a_channel_and_a_payment(&self) -> Result<(), NetworkError> {
        let (alice, bob) = (self.alice(), self.bob());
        let open = json!({"id": bob.id(), "amount": 1_000_000, "announce": false});
        let place = json!({"id": format!("{}@{}", bob.id(), bob.p2p())});
        alice.call("connect", place).await?;
        alice.call("fundchannel", open).await?;
        self.network.mine(6).await?;
        wait_for("alice's channel with bob is usable", SOON, || async {
            let channels = alice.call("listpeerchannels", json!({"id": bob.id()})).await?;
            let channels = channels["channels"].as_array().cloned().unwrap_or_default();
            let usable = |channel: &Value| channel["state"] == "CHANNELD_NORMAL";
            Ok((!channels.is_empty() && channels.iter().all(usable)).then_some(()))
        })
        .await?;
        let bolt11 = invoice(bob, 10_000_000, "after all").await?;
        alice.call("pay", json!({"bolt11": bolt11})).await?;
        received(bob, "after all").await?;
        Ok(())
    }
}

/// How much memory a node's process has.
async fn resident_kb(node: &Node) -> u64 {
    let pid = node.pid().await.expect("the node runs");
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()).unwrap();
    number.parse().unwrap()
}
