//! A node is killed at any moment, again and again, and nothing is lost and nothing counted twice: a payee behind a node that
//! forwards to it, and a node that forwards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill::CallError;
use boltill_e2e::channels::channels_of;
use boltill_e2e::htlcs::all_settled;
use boltill_e2e::{Balance, Books, Network, NetworkError, Node, SOON, flight, line_of, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const AMOUNT_MSAT: u64 = 1_234_567;
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payee_killed_at_random_moments_is_paid_exactly_once_for_each_invoice() -> Result<(), NetworkError>
{
    let network = Arc::new(line_of(3).await);
    let before = Situation::of(&network).await?;
    let (invoices, kills) = pay_while_killing(
        &network,
        "carol",
        Load {
            payments: 50,
            workers: 1,
            between_kills: 8,
        },
    )
    .await;
    assert!(
        kills >= 3,
        "the payee was killed only {kills} times, so this proves little"
    );
    all_settled(&network).await?;
    before.and_these_payments(&network, &invoices).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_middle_node_killed_at_random_moments_loses_none_of_500_payments() -> Result<(), NetworkError> {
    let network = Arc::new(line_of(3).await);
    let before = Situation::of(&network).await?;
    let (invoices, kills) = pay_while_killing(
        &network,
        "bob",
        Load {
            payments: 500,
            workers: 8,
            between_kills: 8,
        },
    )
    .await;
    assert!(
        kills >= 20,
        "the middle was killed only {kills} times, so this proves little"
    );
    all_settled(&network).await?;
    before.and_these_payments(&network, &invoices).await
}

/// What is to be paid from alice to carol.
#[derive(Clone, Copy)]
struct Load {
    payments: u64,
    /// How many payments are under way at a time.
    workers: u64,
    /// After how many payments the next kill is due at the latest, so that a fast machine is not done before there were enough. Each
    /// worker may be done with one more meanwhile, and with another while the node starts.
    between_kills: u64,
}

/// Pays from alice to carol while a node is killed and restarted all the time. Gives the invoices as they were answered, by label,
/// and how often the node was killed.
async fn pay_while_killing(
    network: &Arc<Network>,
    victim: &str,
    load: Load,
) -> (BTreeMap<String, Value>, u32) {
    let done = AtomicBool::new(false);
    let paid = Arc::new(AtomicU64::new(0));
    let workers: Vec<_> = (0..load.workers)
        .map(|worker| {
            let (network, paid) = (Arc::clone(network), Arc::clone(&paid));
            tokio::spawn(async move {
                let mut answered = Vec::new();
                for number in (worker..load.payments).step_by(load.workers as usize) {
                    let label = format!("crash-{number}");
                    // No two amounts are the same, so that no mistake can make up for another.
                    let invoice = invoice_until_answered(&network, &label, AMOUNT_MSAT + number).await;
                    pay_until_paid(&network, &invoice).await;
                    paid.fetch_add(1, Ordering::SeqCst);
                    answered.push((label, invoice));
                }
                answered
            })
        })
        .collect();
    let collect = async {
        let mut answered = BTreeMap::new();
        for worker in workers {
            answered.extend(worker.await.unwrap());
        }
        done.store(true, Ordering::SeqCst);
        answered
    };
    let victim = network.node(victim).unwrap();
    let kills = async {
        let mut kills = 0;
        while !done.load(Ordering::SeqCst) {
            some_moment(&paid, load.between_kills).await;
            victim.kill().await;
            kills += 1;
            victim.restart().await.unwrap();
        }
        kills
    };
    tokio::join!(collect, kills)
}

/// Waits for some moment within two seconds, but for no more than so many payments.
async fn some_moment(paid: &AtomicU64, at_most: u64) {
    let before = paid.load(Ordering::SeqCst);
    // The moment is random by intent; everything else in this test waits for conditions.
    let moment = Instant::now() + Duration::from_millis(u64::from(rand::random::<u16>()) % 2_000);
    while Instant::now() < moment && paid.load(Ordering::SeqCst) < before + at_most {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Asks for an invoice until there is an answer. An answer that got lost shows as a duplicate label.
async fn invoice_until_answered(network: &Network, label: &str, amount_msat: u64) -> Value {
    let carol = network.node("carol").unwrap().client();
    let params = json!({"amount_msat": amount_msat, "label": label, "description": "crash test"});
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match carol.call("invoice", &params).await {
            Ok(answer) => return answer["bolt11"].clone(),
            Err(CallError::Rpc(error)) if error.code == 900 => {
                if let Ok(found) = carol.call("listinvoices", json!({"label": label})).await {
                    return found["invoices"][0]["bolt11"].clone();
                }
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("no invoice {label} within {PATIENCE:?}");
}

/// Pays until it is paid: with a node down there may be no route, or the parts wait for it.
async fn pay_until_paid(network: &Network, bolt11: &Value) {
    let alice = network.node("alice").unwrap().client();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match alice
            .call("pay", json!({"bolt11": bolt11, "retry_for": 10}))
            .await
        {
            Ok(paid) => {
                assert_eq!(paid["status"], "complete");
                return;
            }
            Err(CallError::Rpc(_)) => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(error) => panic!("alice, who is never killed, does not answer: {error}"),
        }
    }
    panic!("not paid within {PATIENCE:?}");
}

/// How things stood before anything was paid.
struct Situation {
    books: Books,
    before: Balance,
    channels: BTreeMap<String, Vec<Value>>,
}

impl Situation {
    async fn of(network: &Network) -> Result<Self, NetworkError> {
        let books = Books::open(network).await?;
        let before = books.balance(network).await?;
        let channels = channel_ids(network).await?;
        Ok(Self {
            books,
            before,
            channels,
        })
    }

    /// That payer, payee and the one in between agree about these payments, that nobody has a satoshi more or less than they
    /// come to, and that every channel is still there.
    async fn and_these_payments(
        &self,
        network: &Network,
        answered: &BTreeMap<String, Value>,
    ) -> Result<(), NetworkError> {
        let (alice, bob, carol) = (
            network.node("alice")?,
            network.node("bob")?,
            network.node("carol")?,
        );
        for label in answered.keys() {
            flight::received(carol, label).await?;
        }
        let received = received(carol, answered).await?;
        let sent = sent(alice).await?;
        let hashes = |of: &BTreeMap<String, Sent>| of.keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            hashes(&sent),
            received.keys().cloned().collect::<Vec<_>>(),
            "payer and payee count the same payments"
        );
        for (hash, payment) in &sent {
            assert_eq!(
                payment.amount_msat, received[hash],
                "payer and payee agree about {hash}"
            );
        }
        let amounts: u64 = received.values().sum();
        let fees = sent.values().map(|payment| payment.sent_msat).sum::<u64>() - amounts;

        // Their ends are put on file beside the last messages about them.
        let forwards = wait_for("as many forwards are settled", SOON, || async {
            let forwards = bob.call("listforwards", json!({"status": "settled"})).await?;
            let forwards = forwards["forwards"].as_array().unwrap().clone();
            Ok((forwards.len() >= received.len()).then_some(forwards))
        })
        .await?;
        assert_eq!(forwards.len(), received.len(), "each was forwarded once");
        let earned: u64 = forwards
            .iter()
            .map(|forward| forward["fee_msat"].as_u64().unwrap())
            .sum();
        assert_eq!(earned, fees, "and for its fee");

        let after = self.books.balance(network).await?;
        assert_eq!(after.of(carol), self.before.of(carol) + amounts);
        assert_eq!(after.of(bob), self.before.of(bob) + fees);
        assert_eq!(after.of(alice), self.before.of(alice) - amounts - fees);
        assert_eq!(after.fees_sat, 0, "nothing happened on the chain");
        assert_eq!(
            channel_ids(network).await?,
            self.channels,
            "no channel was closed"
        );
        Ok(())
    }
}

/// What the payee was paid for each hash. Every invoice that was answered is on file as it was answered, and paid, once.
async fn received(
    carol: &Node,
    answered: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, u64>, NetworkError> {
    let listed = carol.call("listinvoices", json!({})).await?;
    let invoices = listed["invoices"].as_array().unwrap();
    assert_eq!(
        invoices.len(),
        answered.len(),
        "every invoice that was answered is on file, once"
    );
    let mut pay_indexes = Vec::new();
    let mut received = BTreeMap::new();
    for invoice in invoices {
        let label = invoice["label"].as_str().unwrap();
        assert_eq!(
            invoice["bolt11"], answered[label],
            "{label} is on file as it was answered"
        );
        assert_eq!(invoice["status"], "paid", "{invoice}");
        assert_eq!(
            invoice["amount_received_msat"], invoice["amount_msat"],
            "{invoice}"
        );
        pay_indexes.push(invoice["pay_index"].as_u64().unwrap());
        received.insert(
            invoice["payment_hash"].as_str().unwrap().to_owned(),
            invoice["amount_msat"].as_u64().unwrap(),
        );
    }
    pay_indexes.sort_unstable();
    let each_once: Vec<_> = (1..=answered.len() as u64).collect();
    assert_eq!(pay_indexes, each_once, "each is paid once, and none is skipped");
    Ok(received)
}

/// What the payer says of a payment.
struct Sent {
    amount_msat: u64,
    sent_msat: u64,
}

/// What the payer has paid, by hash: `listpays` and `listsendpays` tell the same, and each hash was paid once.
async fn sent(alice: &Node) -> Result<BTreeMap<String, Sent>, NetworkError> {
    let mut lists = Vec::new();
    for (command, list) in [("listpays", "pays"), ("listsendpays", "payments")] {
        let listed = alice.call(command, json!({"status": "complete"})).await?;
        let mut sent = BTreeMap::new();
        for payment in listed[list].as_array().unwrap() {
            let hash = payment["payment_hash"].as_str().unwrap().to_owned();
            let numbers = ["amount_msat", "amount_sent_msat"].map(|name| payment[name].as_u64().unwrap());
            let before = sent.insert(hash, numbers);
            assert_eq!(before, None, "{command} has {payment} twice");
        }
        lists.push(sent);
    }
    assert_eq!(lists[0], lists[1]);
    let sent = lists.swap_remove(0);
    Ok(sent
        .into_iter()
        .map(|(hash, [amount_msat, sent_msat])| {
            (
                hash,
                Sent {
                    amount_msat,
                    sent_msat,
                },
            )
        })
        .collect())
}

async fn channel_ids(network: &Network) -> Result<BTreeMap<String, Vec<Value>>, NetworkError> {
    let mut ids = BTreeMap::new();
    for node in network.nodes() {
        let channels = channels_of(node).await?;
        let mut of_node: Vec<_> = channels
            .iter()
            .map(|channel| channel["channel_id"].clone())
            .collect();
        of_node.sort_unstable_by_key(Value::to_string);
        ids.insert(node.name().to_owned(), of_node);
    }
    Ok(ids)
}
