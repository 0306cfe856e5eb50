//! Proof that no money appears or vanishes: what the nodes say they have against what the chain says there is.

use crate::channels::channels_of;
use crate::{Network, NetworkError, Node, SOON};
use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Block, OutPoint, Transaction, Txid};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// What LDK and CLN put into an output of a commitment transaction that is there only to pay for it (BOLT 3).
const ANCHOR_SAT: u64 = 330;

/// How many blocks may pass until everything about a channel is settled: longer than any delay that nodes here agree on.
const SETTLED_WITHIN: u32 = 1_000;
/// How many blocks are made at a time meanwhile. Nodes have days for what they do then, so none is pressed by it.
const STEP: u32 = 12;

/// The money of a network's nodes, followed from block to block.
///
/// It begins with every coin and channel that the nodes have. From then on whatever is paid from such money is such money
/// again, less the fee. In the end each output that is left must be claimed by the right node, to the satoshi.
#[derive(Debug)]
pub struct Books {
    /// The first block that is not in what the books began with.
    from_height: u64,
    opening: BTreeMap<OutPoint, u64>,
    /// Transactions of others that pay a node.
    deposits: BTreeSet<Txid>,
    /// Addresses of others that nodes pay to.
    strangers: BTreeSet<String>,
}

/// What everybody has, once nothing is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// What each node has, on chain and in channels, in msat.
    pub nodes_msat: BTreeMap<String, u64>,
    /// What miners were paid since the books were opened.
    pub fees_sat: u64,
    /// What lies in anchors that nobody has spent.
    pub anchors_sat: u64,
    /// What others were paid.
    pub strangers_sat: u64,
}

impl Balance {
    /// What this node has, in msat.
    pub fn of(&self, node: &Node) -> u64 {
        self.nodes_msat.get(node.name()).copied().unwrap_or_default()
    }

    fn total_msat(&self) -> u64 {
        self.nodes_msat.values().sum::<u64>() + (self.fees_sat + self.anchors_sat + self.strangers_sat) * 1000
    }
}

/// What the chain says of the money.
#[derive(Debug, Default)]
struct Chain {
    /// Outputs not spent, with the address or script and the amount.
    unspent: BTreeMap<OutPoint, (String, u64)>,
    fees_sat: u64,
    deposits_sat: u64,
}

impl Books {
    /// Begins with what the nodes have now. All of it must be in blocks.
    pub async fn open(network: &Network) -> Result<Self, NetworkError> {
        let mut opening = BTreeMap::new();
        for node in network.nodes() {
            let claims = claims_of(node).await?.unwrap_or_else(|wrong| panic!("{wrong}"));
            for (outpoint, claim) in claims {
                opening.insert(outpoint, claim.holds_sat);
            }
        }
        Ok(Self {
            from_height: network.miner().height().await? + 1,
            opening,
            deposits: BTreeSet::new(),
            strangers: BTreeSet::new(),
        })
    }

    /// From now on this transaction of others is money of the nodes as well.
    pub fn deposit(&mut self, txid: &str) {
        self.deposits.insert(txid.parse().expect("a txid"));
    }

    /// What goes to this address is spent for good.
    pub fn stranger(&mut self, address: &str) {
        self.strangers.insert(address.to_owned());
    }

    /// What everybody has. Nothing may be under way: no unconfirmed transaction, no HTLC, no channel that is being closed.
    ///
    /// # Panics
    ///
    /// When money was lost, appeared from nowhere, or is claimed twice: that is what this is for.
    pub async fn balance(&self, network: &Network) -> Result<Balance, NetworkError> {
        let deadline = Instant::now() + SOON;
        loop {
            match self.reckon(network).await? {
                Ok(balance) => return Ok(balance),
                Err(wrong) if Instant::now() > deadline => panic!("{wrong}"),
                // A payment's last messages are still under way when the payer knows that it is paid.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Makes blocks until nothing is under way on the chain any more, and every satoshi is somebody's; gives what everybody has
    /// then.
    ///
    /// # Panics
    ///
    /// When it does not come to that, for the same reasons as [`balance`](Self::balance).
    pub async fn settle(&self, network: &Network) -> Result<Balance, NetworkError> {
        let mut wrong = String::new();
        for _ in 0..SETTLED_WITHIN / STEP {
            if network.miner().mempool().await?.is_empty() {
                match self.reckon(network).await? {
                    Ok(balance) => return Ok(balance),
                    Err(why) => wrong = why,
                }
            }
            network.mine(STEP).await?;
        }
        panic!("{SETTLED_WITHIN} blocks have passed, and still {wrong}");
    }

    /// What everybody has, or why that does not agree with the chain.
    async fn reckon(&self, network: &Network) -> Result<Result<Balance, String>, NetworkError> {
        let mut claims = Vec::new();
        for node in network.nodes() {
            match claims_of(node).await? {
                Ok(theirs) => claims.extend(theirs),
                Err(under_way) => return Ok(Err(under_way)),
            }
        }
        let chain = self.follow(network).await?;
        Ok(self.compare(chain, claims))
    }

    fn compare(&self, mut chain: Chain, all: Vec<(OutPoint, Claim)>) -> Result<Balance, String> {
        let mut balance = Balance {
            fees_sat: chain.fees_sat,
            ..Balance::default()
        };
        let mut claims: BTreeMap<OutPoint, Vec<Claim>> = BTreeMap::new();
        for (outpoint, claim) in all {
            *balance.nodes_msat.entry(claim.by.clone()).or_default() += claim.ours_msat;
            claims.entry(outpoint).or_default().push(claim);
        }
        for (outpoint, claims) in claims {
            let Some((_, there_sat)) = chain.unspent.remove(&outpoint) else {
                return Err(format!(
                    "{claims:?} of {outpoint}, which is spent or came from nowhere"
                ));
            };
            let claimed_msat: u64 = claims.iter().map(|claim| claim.ours_msat).sum();
            if claimed_msat != there_sat * 1000 {
                return Err(format!("{claims:?} of {outpoint}, which holds {there_sat} sat"));
            }
        }
        for (outpoint, (address, sat)) in chain.unspent {
            if self.strangers.contains(&address) {
                balance.strangers_sat += sat;
            } else if sat == ANCHOR_SAT {
                balance.anchors_sat += sat;
            } else {
                return Err(format!(
                    "nobody claims {outpoint}, which pays {sat} sat to {address}"
                ));
            }
        }
        let opening_sat = self.opening.values().sum::<u64>() + chain.deposits_sat;
        match balance.total_msat() == opening_sat * 1000 {
            true => Ok(balance),
            false => Err(format!("it began with {opening_sat} sat, and is {balance:?}")),
        }
    }

    /// Walks the blocks since the beginning.
    async fn follow(&self, network: &Network) -> Result<Chain, NetworkError> {
        let mut chain = Chain::default();
        for (outpoint, sat) in &self.opening {
            chain.unspent.insert(*outpoint, ("the opening".to_owned(), *sat));
        }
        let height = network.miner().height().await?;
        for height in self.from_height..=height {
            for transaction in block_at(network, height).await?.txdata {
                self.follow_transaction(&mut chain, &transaction);
            }
        }
        Ok(chain)
    }

    fn follow_transaction(&self, chain: &mut Chain, transaction: &Transaction) {
        let txid = transaction.compute_txid();
        let spent: Vec<_> = transaction
            .input
            .iter()
            .filter_map(|input| chain.unspent.remove(&input.previous_output))
            .collect();
        let is_deposit = self.deposits.contains(&txid);
        if spent.is_empty() && !is_deposit {
            return;
        }
        assert!(
            is_deposit || spent.len() == transaction.input.len(),
            "{txid} spends money of nodes together with other money"
        );
        let total_out: u64 = transaction
            .output
            .iter()
            .map(|output| output.value.to_sat())
            .sum();
        if is_deposit {
            chain.deposits_sat += total_out;
        } else {
            chain.fees_sat += spent.iter().map(|(_, sat)| sat).sum::<u64>() - total_out;
        }
        for (vout, output) in (0..).zip(&transaction.output) {
            let to = bitcoin::Address::from_script(&output.script_pubkey, bitcoin::Network::Regtest)
                .map_or_else(
                    |_| output.script_pubkey.to_string(),
                    |address| address.to_string(),
                );
            chain
                .unspent
                .insert(OutPoint { txid, vout }, (to, output.value.to_sat()));
        }
    }
}

/// What a node says it has in one output.
#[derive(Debug)]
struct Claim {
    by: String,
    ours_msat: u64,
    holds_sat: u64,
}

/// What a node says it has, or what of it is under way, in a channel or on the chain.
async fn claims_of(node: &Node) -> Result<Result<Vec<(OutPoint, Claim)>, String>, NetworkError> {
    // An HTLC that is paid and not removed yet is still its payer's on both sides, so that the sums alone would not show it.
    for channel in channels_of(node).await? {
        if channel["htlcs"].as_array().is_some_and(|htlcs| !htlcs.is_empty()) {
            return Ok(Err(format!("{} has {}", node.name(), channel["htlcs"])));
        }
    }
    let funds = node.call("listfunds", json!({})).await?;
    let mut claims = Vec::new();
    for coin in funds["outputs"].as_array().into_iter().flatten() {
        if coin["status"] != "confirmed" {
            return Ok(Err(format!("{} has {coin}", node.name())));
        }
        let msat = coin["amount_msat"].as_u64().expect("an amount");
        claims.push((outpoint(&coin["txid"], &coin["output"]), claim(node, msat, msat)));
    }
    for channel in funds["channels"].as_array().into_iter().flatten() {
        let ours = channel["our_amount_msat"].as_u64().expect("an amount");
        if ours == 0 && channel["state"] == "ONCHAIN" {
            // Closed, and what the node has of it is among its coins, or somebody else's.
            continue;
        }
        if channel["state"] == "ONCHAIN" || channel["state"] == "AWAITING_UNILATERAL" {
            return Ok(Err(format!("{} has {channel}", node.name())));
        }
        let all = channel["amount_msat"].as_u64().expect("an amount");
        let outpoint = outpoint(&channel["funding_txid"], &channel["funding_output"]);
        claims.push((outpoint, claim(node, ours, all)));
    }
    Ok(Ok(claims))
}

fn claim(node: &Node, ours_msat: u64, holds_msat: u64) -> Claim {
    Claim {
        by: node.name().to_owned(),
        ours_msat,
        holds_sat: holds_msat / 1000,
    }
}

fn outpoint(txid: &Value, vout: &Value) -> OutPoint {
    OutPoint {
        txid: txid.as_str().and_then(|txid| txid.parse().ok()).expect("a txid"),
        vout: vout
            .as_u64()
            .and_then(|vout| u32::try_from(vout).ok())
            .expect("an output"),
    }
}

async fn block_at(network: &Network, height: u64) -> Result<Block, NetworkError> {
    let miner = network.miner();
    let hash = miner.call("getblockhash", json!([height])).await?;
    let block = miner.call("getblock", json!([hash, 0])).await?;
    Ok(block
        .as_str()
        .and_then(|hex| deserialize_hex(hex).ok())
        .expect("a block"))
}
