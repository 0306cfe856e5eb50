//! Sixty-four collectors for one code, again and again, while the payer is killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill::CallError;
use boltill_e2e::channels::{open, usable_channel};
use boltill_e2e::{Network, NetworkError, Node, SOON, unconnected, wait_for};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

const COLLECTORS: usize = 64;
const AMOUNT_MSAT: u64 = 1_000_000;
/// How long a collector waits, in seconds: where too much is said at once, what it was told is lost.
const PATIENCE: u64 = 60;
/// How long it waits where the payer is killed, and most of what was said is lost.
const BRIEFLY: u64 = 10;

/// The payer, with a channel to each of two collectors. It can be found by its id, so no message has to go by nodes that drop what is too
/// much for them.
async fn start() -> Result<Network, NetworkError> {
    let network = unconnected(3).await;
    let (alice, bob, carol) = three(&network)?;
    for payee in [bob, carol] {
        open(&network, alice, payee, json!({})).await?;
        usable_channel(alice, payee, true).await?;
    }
    restart(&network).await?;
    wait_for("alice has announced her address", SOON, || async {
        let nodes = alice.call("listnodes", json!({"id": alice.id()})).await?;
        let addresses = nodes["nodes"][0]["addresses"].as_array().map_or(0, Vec::len);
        Ok((addresses > 0).then_some(()))
    })
    .await?;
    Ok(network)
}

/// Has the payer start again, with its address for all to know.
async fn restart(network: &Network) -> Result<(), NetworkError> {
    let (alice, bob, carol) = three(network)?;
    let option = format!("--announce-addr={}", alice.p2p());
    alice.restart_with(&[&option]).await?;
    for payee in [bob, carol] {
        usable_channel(payee, alice, true).await?;
    }
    Ok(())
}

fn three(network: &Network) -> Result<(&Node, &Node, &Node), NetworkError> {
    Ok((
        network.node("alice")?,
        network.node("bob")?,
        network.node("carol")?,
    ))
}

async fn code(payer: &Node, more: Value) -> Result<Value, NetworkError> {
    let mut params = json!({"amount": AMOUNT_MSAT, "description": "cash"});
    for (name, value) in more.as_object().unwrap() {
        params[name] = value.clone();
    }
    payer.call("invoicerequest", params).await
}

/// All collectors at once.
struct Race(JoinSet<Result<Value, CallError>>);

impl Race {
    fn begin(network: &Network, code: &Value, name: &str, patience: u64) -> Result<Race, NetworkError> {
        let (_, bob, carol) = three(network)?;
        let mut race = JoinSet::new();
        for number in 0..COLLECTORS {
            let payee = if number % 2 == 0 { bob } else { carol };
            let client = payee.client().clone();
            let label = format!("{name}/{number}");
            let params = json!({"invreq": code["bolt12"], "label": label, "timeout": patience});
            race.spawn(async move { client.call("sendinvoice", params).await });
        }
        Ok(Race(race))
    }

    /// Waits for the end, and says how many were told that they are paid. All others must have been refused, or not heard of again.
    async fn end(self) -> usize {
        let mut winners = 0;
        for outcome in self.0.join_all().await {
            match outcome {
                Ok(invoice) => {
                    assert_eq!(invoice["status"], "paid", "{invoice}");
                    winners += 1;
                }
                Err(CallError::Rpc(error)) if error.code == 1004 => {}
                Err(CallError::Rpc(error)) if matches!(error.code, 1003 | 1005) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        winners
    }
}

/// What the payer's books say of a code, once nothing is under way any more.
async fn settled(payer: &Node, code: &Value) -> Result<Value, NetworkError> {
    wait_for("nothing is under way", SOON, || async {
        let params = json!({"invreq_id": code["invreq_id"], "details": true});
        let answer = payer.call("listinvoicerequests", params).await?;
        let entry = answer["invoicerequests"][0].clone();
        Ok((entry["pending_count"] == 0).then_some(entry))
    })
    .await
}

/// How many invoices whose label begins so are paid, by the collectors' books.
async fn paid(network: &Network, name: &str) -> Result<usize, NetworkError> {
    let (_, bob, carol) = three(network)?;
    let mut count = 0;
    for payee in [bob, carol] {
        let answer = payee.call("listinvoices", json!({})).await?;
        let invoices = answer["invoices"].as_array().unwrap();
        let of_this = invoices.iter().filter(|invoice| {
            let label = invoice["label"].as_str().unwrap();
            label.starts_with(name) && invoice["status"] == "paid"
        });
        count += of_this.count();
    }
    Ok(count)
}

/// Waits until as many invoices whose label begins so are paid as must be, and checks that no more are: the payer has their preimages
/// while the collectors still write.
async fn all_paid(network: &Network, name: &str, count: usize) -> Result<(), NetworkError> {
    let what = format!("{count} invoices of {name} are paid");
    let found = wait_for(&what, SOON, || async {
        Ok(Some(paid(network, name).await?).filter(|found| *found >= count))
    });
    assert_eq!(found.await?, count, "{name}");
    Ok(())
}

/// Some moment within the race: seldom the same.
fn random_moment() -> Duration {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .subsec_nanos();
    Duration::from_millis(u64::from(nanos) / 1_000 % 700)
}

/// Kills the payer some moment after the race has begun, and starts it again.
async fn kill_and_restart(network: &Network) -> Result<(), NetworkError> {
    let moment = random_moment();
    println!("killed after {moment:?}");
    tokio::time::sleep(moment).await;
    network.node("alice")?.kill().await;
    restart(network).await
}

/// Whoever has not been paid tries once more, until the code pays nothing more; so that one that was freed is not left so.
async fn collect_the_rest(network: &Network, code: &Value, name: &str) -> Result<(), NetworkError> {
    let (_, bob, _) = three(network)?;
    for number in COLLECTORS.. {
        let label = format!("{name}/{number}");
        let params = json!({"invreq": code["bolt12"], "label": label, "timeout": PATIENCE});
        match bob.client().call("sendinvoice", params).await {
            Ok(_) => {}
            Err(CallError::Rpc(error)) if error.code == 1004 => {
                let words = error.data.unwrap()["error"].to_string();
                if words.contains("no longer available") || words.contains("no more than") {
                    return Ok(());
                }
                assert!(
                    words.contains("already in progress") || words.contains("pay attempt failed"),
                    "{words}"
                );
            }
            // What it was told is lost.
            Err(CallError::Rpc(error)) if matches!(error.code, 1003 | 1005) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_who_race_for_one_code_exactly_one_is_paid_200_times() -> Result<(), NetworkError> {
    const ROUNDS: usize = 200;
    let network = start().await?;
    let alice = network.node("alice")?;
    // A node takes 250 onion messages a second from a peer and drops the rest; here each refusal is two, and there are 31 for each collector.
    let mut pace = tokio::time::interval(Duration::from_millis(300));
    // Rounds that took long are not made up for by others without a pause.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0..ROUNDS {
        pace.tick().await;
        let code = code(alice, json!({})).await?;
        let race = Race::begin(&network, &code, &format!("round {round}"), PATIENCE)?;
        let winners = race.end().await;
        assert_eq!(winners, 1, "round {round}");
        let entry = settled(alice, &code).await?;
        assert_eq!(
            (&entry["paid_count"], &entry["active"]),
            (&json!(1), &json!(false)),
            "{entry}"
        );
    }
    all_paid(&network, "round ", ROUNDS).await?;
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_who_race_for_a_sum_as_many_are_paid_as_it_allows() -> Result<(), NetworkError> {
    let network = start().await?;
    let alice = network.node("alice")?;
    for round in 0..5 {
        let limits = json!({"single_use": false, "max_total_msat": 10 * AMOUNT_MSAT + AMOUNT_MSAT / 2});
        let code = code(alice, limits).await?;
        let name = format!("sum {round}");
        let winners = Race::begin(&network, &code, &name, PATIENCE)?.end().await;
        collect_the_rest(&network, &code, &name).await?;
        let entry = settled(alice, &code).await?;
        assert_eq!(entry["paid_count"], 10, "{entry}");
        assert_eq!(entry["paid_msat"], 10 * AMOUNT_MSAT, "{entry}");
        assert!(winners <= 10);
        all_paid(&network, &format!("{name}/"), 10).await?;
    }
    network.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_that_is_killed_in_the_middle_of_a_race_pays_no_more_than_the_code_allows()
-> Result<(), NetworkError> {
    let network = start().await?;
    let alice = network.node("alice")?;
    for round in 0..3 {
        for (kind, limits, count) in [
            ("once", json!({}), 1),
            (
                "sum",
                json!({"single_use": false, "max_total_msat": 10 * AMOUNT_MSAT}),
                10,
            ),
        ] {
            let code = code(alice, limits).await?;
            let name = format!("{kind} {round}");
            let race = Race::begin(&network, &code, &name, BRIEFLY)?;
            kill_and_restart(&network).await?;
            let winners = race.end().await;
            settled(alice, &code).await?;
            let before = paid(&network, &format!("{name}/")).await?;
            assert!(
                winners <= before && before <= count,
                "{winners} were told, {before} are paid"
            );
            collect_the_rest(&network, &code, &name).await?;
            let entry = settled(alice, &code).await?;
            assert_eq!(entry["paid_count"], count, "{entry}");
            all_paid(&network, &format!("{name}/"), count).await?;
        }
    }
    network.stop().await;
    Ok(())
}
