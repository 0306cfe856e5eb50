//! Nodes are killed or stopped and started again while a payment is somewhere on its way: it arrives or it comes back, payer and
//! payee agree which, no channel is lost by it, and no money.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use boltill::CallError;
use boltill_e2e::chain::{mempool_of, mine_seen_by, mine_to};
use boltill_e2e::channels::{all_known, channels_of, is_usable, usable_channel};
use boltill_e2e::flight::{Flight, held, received, release};
use boltill_e2e::htlcs::{all_settled, deadline_of, htlcs_of};
use boltill_e2e::{Books, Network, NetworkError, Node, SOON, invoice, line_of, listed, pay, wait_for};
use serde_json::{Value, json};
use std::fmt;
use tokio::task::JoinHandle;

const AMOUNT_MSAT: u64 = 50_000_000;
/// No more than the route needs and a little, so that what is held comes back after few blocks.
const SHORT_DELAY: u32 = 120;
/// How many blocks before the deadline of an HTLC LDK gives back what nobody has taken.
const GIVEN_BACK: u64 = 39;
/// How many blocks LDK gives a peer beyond the deadline of an HTLC.
const GRACE: u64 = 3;

/// How far a payment from alice over bob to carol has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Alice has offered it to bob, who has not answered.
    Offered,
    /// Bob has offered it to carol, who has not answered.
    Forwarded,
    /// It has arrived at carol, who does nothing about it yet.
    Held,
    /// Carol has taken it, which bob has not heard.
    Taken,
    /// Bob has heard of it and settled it with carol, which alice has not heard.
    Settled,
}

const STAGES: [Stage; 5] = [
    Stage::Offered,
    Stage::Forwarded,
    Stage::Held,
    Stage::Taken,
    Stage::Settled,
];

/// How a node goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fall {
    Killed,
    Stopped,
}

/// Who falls when, and how. The nodes are started again in the order in which they are named here.
struct Case {
    stage: Stage,
    victims: &'static [&'static str],
    fall: Fall,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { stage, victims, fall } = self;
        write!(f, "{stage:?}, {} {fall:?}", victims.join(" and "))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_at_any_stage_of_a_payment_loses_nothing() -> Result<(), NetworkError> {
    play_all(Fall::Killed, &[&["alice"], &["bob"], &["carol"]]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_stopped_at_any_stage_of_a_payment_loses_nothing() -> Result<(), NetworkError> {
    play_all(Fall::Stopped, &[&["alice"], &["bob"], &["carol"]]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_neighbours_killed_at_any_stage_and_started_in_either_order_lose_nothing()
-> Result<(), NetworkError> {
    let pairs: [&[&str]; 4] = [
        &["alice", "bob"],
        &["bob", "alice"],
        &["bob", "carol"],
        &["carol", "bob"],
    ];
    play_all(Fall::Killed, &pairs).await
}

/// Plays every stage with each of these groups of victims, on one network.
async fn play_all(fall: Fall, groups: &[&'static [&'static str]]) -> Result<(), NetworkError> {
    let network = line_of(3).await;
    // Gossip is on file when a node has been stopped. Those who are killed before that have to hear all of it anew, and from whom, when
    // their neighbours were killed as well?
    for node in network.nodes() {
        node.restart().await?;
    }
    all_settled(&network).await?;
    all_known(&network).await?;
    let books = Books::open(&network).await?;
    let channels = channel_ids(&network).await?;
    let mut before = books.balance(&network).await?;
    for (stage, victims) in STAGES
        .into_iter()
        .flat_map(|stage| groups.iter().map(move |victims| (stage, *victims)))
    {
        let case = Case { stage, victims, fall };
        println!("{case}");
        let (amount_msat, sent_msat) = case.play(&network).await?;
        let after = books.balance(&network).await?;
        let [alice, bob, carol] = three(&network)?;
        assert_eq!(after.of(alice), before.of(alice) - sent_msat, "{case}");
        assert_eq!(after.of(bob), before.of(bob) + sent_msat - amount_msat, "{case}");
        assert_eq!(after.of(carol), before.of(carol) + amount_msat, "{case}");
        assert_eq!(after.fees_sat, 0, "{case}: nothing happens on the chain");
        assert_eq!(
            channel_ids(&network).await?,
            channels,
            "{case}: no channel is closed"
        );
        before = after;
    }
    network.stop().await;
    Ok(())
}

impl Case {
    /// Has the payment come to its stage, the victims fall and rise, and everything come to its end. Gives what carol got, and
    /// what alice paid for it with the fee.
    async fn play(&self, network: &Network) -> Result<(u64, u64), NetworkError> {
        let [alice, _, carol] = three(network)?;
        let label = self.to_string();
        let bolt11 = invoice(carol, AMOUNT_MSAT, &label).await?;
        if matches!(self.stage, Stage::Held | Stage::Taken | Stage::Settled) {
            held(carol).await?;
        }
        let answer = self.stage.reach(network, &bolt11, &label).await?;
        let deadline = match self.may_be_forgotten() {
            true => Some(deadline_of(carol).await?),
            false => None,
        };
        for victim in self.victims {
            let victim = network.node(victim)?;
            match self.fall {
                Fall::Killed => victim.kill().await,
                Fall::Stopped => {
                    let status = victim.stop().await;
                    assert!(
                        status.is_some_and(|status| status.success()),
                        "{label}: {status:?}"
                    );
                }
            }
        }
        for node in network.nodes() {
            node.thaw().await;
        }
        if self.is_taken_on_afterwards() {
            alice.freeze().await;
        }
        for victim in self.victims {
            network.node(victim)?.restart().await?;
        }
        if self.is_taken_on_afterwards() {
            let [_, bob, carol] = three(network)?;
            usable_channel(bob, carol, true).await?;
            alice.thaw().await;
        }
        match deadline {
            Some(deadline) => comes_back_or_arrives(network, &bolt11, deadline).await?,
            None => release(carol).await?,
        }
        all_settled(network).await?;
        let outcome = outcome(alice, carol, &bolt11, &label).await?;
        self.check(answer, outcome).await;
        Ok(outcome.unwrap_or_default())
    }

    /// Whether carol held the payment, and perhaps no longer knows of it: the hold is in her memory only. If she was killed before she had on file
    /// that she was told of the payment, she is told again.
    fn may_be_forgotten(&self) -> bool {
        self.stage == Stage::Held && self.victims.contains(&"carol")
    }

    /// Whether bob hears of the payment only when he is back. Without carol he would not take it on, so she has to be there first.
    fn is_taken_on_afterwards(&self) -> bool {
        self.stage == Stage::Offered && self.victims == ["bob"]
    }

    /// Compares how it ended with what must have become of it, and with what alice was told, if she was.
    async fn check(&self, answer: JoinHandle<Result<Value, CallError>>, outcome: Option<(u64, u64)>) {
        let arrives = match self.stage {
            // It may not be on alice's disk yet; without carol bob does not take it on.
            Stage::Offered if !self.is_taken_on_afterwards() => None,
            // Perhaps only bob's memory has offered it. Then he begins anew, and that needs carol.
            Stage::Forwarded if self.victims.contains(&"bob") => None,
            Stage::Held if self.may_be_forgotten() => (self.fall == Fall::Stopped).then_some(false),
            _ => Some(true),
        };
        if let Some(arrives) = arrives {
            assert_eq!(outcome.is_some(), arrives, "{self}");
        }
        match answer.await.expect("the call does not panic") {
            Ok(paid) => assert_eq!(
                (outcome.is_some(), &paid["status"]),
                (true, &json!("complete")),
                "{self}"
            ),
            Err(CallError::Rpc(error)) if self.victims.contains(&"alice") => {
                println!("{self}: alice was told: {}", error.message);
            }
            Err(CallError::Rpc(error)) => assert_eq!(outcome, None, "{self}: {}", error.message),
            Err(error) => assert!(self.victims.contains(&"alice"), "{self}: {error}"),
        }
    }
}

impl Stage {
    /// Pays, and waits until the payment has come as far as this. Some nodes are frozen then.
    async fn reach(
        self,
        network: &Network,
        bolt11: &str,
        label: &str,
    ) -> Result<JoinHandle<Result<Value, CallError>>, NetworkError> {
        let [alice, bob, carol] = three(network)?;
        match self {
            Stage::Offered => bob.freeze().await,
            Stage::Forwarded => carol.freeze().await,
            Stage::Held | Stage::Taken | Stage::Settled => {}
        }
        let (client, params) = (
            alice.client().clone(),
            json!({"bolt11": bolt11, "maxdelay": SHORT_DELAY}),
        );
        let answer = tokio::spawn(async move { client.call("pay", params).await });
        match self {
            Stage::Offered => until_htlcs(alice, 1).await?,
            Stage::Forwarded => until_htlcs(bob, 2).await?,
            Stage::Held | Stage::Taken | Stage::Settled => {
                wait_for("carol holds the payment", SOON, || async {
                    Ok((held(carol).await? == 1).then_some(()))
                })
                .await?;
            }
        }
        match self {
            Stage::Taken => bob.freeze().await,
            Stage::Settled => alice.freeze().await,
            Stage::Offered | Stage::Forwarded | Stage::Held => return Ok(answer),
        }
        release(carol).await?;
        wait_for("carol has the money", SOON, || async {
            Ok((listed(carol, label).await?["status"] == "paid").then_some(()))
        })
        .await?;
        if self == Stage::Settled {
            // Bob keeps the HTLC from alice until she answers.
            until_htlcs(carol, 0).await?;
            until_htlcs(bob, 1).await?;
        }
        Ok(answer)
    }
}

async fn until_htlcs(node: &Node, count: usize) -> Result<(), NetworkError> {
    let what = format!("{} has {count} HTLCs", node.name());
    wait_for(&what, SOON, || async {
        Ok((htlcs_of(node).await?.len() == count).then_some(()))
    })
    .await
}

/// Makes blocks until carol gives a payment back that she does not take, well before anybody would go on chain for it, and waits until
/// alice has it back, or knows that carol took it after all.
async fn comes_back_or_arrives(network: &Network, bolt11: &str, deadline: u64) -> Result<(), NetworkError> {
    let nodes = three(network)?;
    let [alice, ..] = nodes;
    mine_to(network, deadline - GIVEN_BACK, &nodes).await?;
    wait_for("the payment has ended", SOON, || async {
        let payments = alice.call("listsendpays", json!({"bolt11": bolt11})).await?;
        let status = &payments["payments"][0]["status"];
        Ok((status != "pending").then_some(()))
    })
    .await
}

/// How a payment ended by the books of both ends, which must agree: what the payee got, and what that cost the payer. None is
/// that it came back.
async fn outcome(
    payer: &Node,
    payee: &Node,
    bolt11: &str,
    label: &str,
) -> Result<Option<(u64, u64)>, NetworkError> {
    let payments = payer.call("listsendpays", json!({"bolt11": bolt11})).await?;
    let [payment] = payments["payments"].as_array().expect("a list").as_slice() else {
        panic!("{label} is not one payment: {payments}");
    };
    if payment["status"] != "complete" {
        assert_eq!(payment["status"], "failed", "{payment}");
        let invoice = listed(payee, label).await?;
        assert_ne!(invoice["status"], "paid", "{payment}, {invoice}");
        return Ok(None);
    }
    let invoice = received(payee, label).await?;
    let number = |entry: &Value, name: &str| entry[name].as_u64().expect("an amount");
    assert_eq!(number(&invoice, "amount_received_msat"), AMOUNT_MSAT, "{invoice}");
    Ok(Some((AMOUNT_MSAT, number(payment, "amount_sent_msat"))))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_was_away_for_300_blocks_finds_its_channel_as_it_was() -> Result<(), NetworkError> {
    let network = line_of(3).await;
    let [alice, bob, carol] = three(&network)?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let channels = channel_ids(&network).await?;
    carol.stop().await;
    mine_seen_by(&network, 300, &[alice, bob]).await?;
    carol.restart().await?;
    all_settled(&network).await?;
    pay(alice, carol, AMOUNT_MSAT, "afterwards").await?;
    all_settled(&network).await?;
    assert_eq!(channel_ids(&network).await?, channels);
    let after = books.balance(&network).await?;
    assert_eq!(after.of(carol), before.of(carol) + AMOUNT_MSAT);
    assert_eq!(after.fees_sat, 0);
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_away_when_an_htlc_times_out_loses_the_channel_and_nothing_else()
-> Result<(), NetworkError> {
    let network = line_of(3).await;
    let [alice, bob, carol] = three(&network)?;
    let books = Books::open(&network).await?;
    let before = books.balance(&network).await?;
    let flight = Flight::depart(alice, carol, AMOUNT_MSAT, "never taken").await?;
    let deadline = deadline_of(carol).await?;
    carol.kill().await;
    mine_to(&network, deadline + GRACE, &[alice, bob]).await?;
    // His commitment, then his claim; each is waited for, so that the blocks do not run away from him.
    for _ in 0..2 {
        mempool_of(&network, 1).await?;
        mine_seen_by(&network, 1, &[alice, bob]).await?;
    }
    mine_seen_by(&network, 6, &[alice, bob]).await?;
    flight.fails().await?;
    let still_there = channels_of(alice).await?;
    assert!(still_there.iter().all(is_usable), "{still_there:?}");
    carol.restart().await?;
    let after = books.settle(&network).await?;
    assert_eq!(channels_of(carol).await?, Vec::<Value>::new());
    assert_eq!(listed(carol, "never taken").await?["status"], "unpaid");
    assert_eq!(after.of(alice), before.of(alice), "the money has come back");
    assert!(after.of(carol) <= before.of(carol));
    network.stop().await;
    Ok(())
}

fn three(network: &Network) -> Result<[&Node; 3], NetworkError> {
    Ok([
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    ])
}

/// The channels of each node.
async fn channel_ids(network: &Network) -> Result<Vec<Vec<String>>, NetworkError> {
    let mut ids = Vec::new();
    for node in network.nodes() {
        let channels = channels_of(node).await?;
        let mut of_node: Vec<_> = channels
            .iter()
            .map(|channel| channel["channel_id"].to_string())
            .collect();
        of_node.sort_unstable();
        ids.push(of_node);
    }
    Ok(ids)
}
