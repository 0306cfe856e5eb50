//! A process that is killed while many race to be paid leaves payments and payouts that agree, and nothing paid beyond what is allowed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "common/child.rs"]
mod child;
mod common;
#[path = "common/kill.rs"]
mod kill;

use boltill_ledger::{
    InvoiceRequest, Ledger, NewInvoiceRequest, Payment, PaymentStatus, PayoutLimits, PayoutSums, Range,
};
use boltill_types::{Msat, UnixSeconds};
use common::{hash, invoice_request, invreq_id, open, path_in, payment, payment_id, preimage};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;

const NOW: UnixSeconds = UnixSeconds(100);
const MAX_TOTAL: Msat = Msat(5_000);

/// Every other request is for a single use; of the others five invoices can be paid.
fn request(run: u32, number: u32) -> NewInvoiceRequest {
    let name = format!("{run}/{number}");
    NewInvoiceRequest {
        label: Some(name.clone()),
        single_use: number.is_multiple_of(2),
        limits: PayoutLimits {
            max_total: Some(MAX_TOTAL),
            ..PayoutLimits::default()
        },
        ..invoice_request(&name)
    }
}

/// The child: sixteen tasks that race for the same requests. Of their payments every third fails, and all that was answered is
/// printed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_pays_out_until_it_is_killed() {
    let Some(directory) = child::directory() else {
        return;
    };
    let ledger = Arc::new(open(&path_in(&directory)));
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let ledger = Arc::clone(&ledger);
        tasks.spawn(async move {
            for number in 0.. {
                collect(
                    &ledger,
                    number / 4,
                    &format!("{}/{task}/{number}", std::process::id()),
                )
                .await;
            }
        });
    }
    tasks.join_all().await;
}

async fn collect(ledger: &Ledger, number: u32, name: &str) {
    let request = request(std::process::id(), number);
    let id = request.id;
    drop(ledger.create_invoice_request(request).await);
    let Ok(begun) = ledger.begin_payout(id, payment(name), NOW).await else {
        return kill::say(&format!("refused {name}"));
    };
    kill::say(&format!("begun {name}"));
    if begun.payment.created_index.0.is_multiple_of(3) {
        let failed = ledger.fail_payment(payment_id(name), 205, "no route".to_owned(), NOW);
        failed.await.unwrap();
        kill::say(&format!("failed {name}"));
    } else {
        let completed = ledger.complete_payment(payment_id(name), preimage(name), None, NOW);
        completed.await.unwrap();
        kill::say(&format!("complete {name}"));
    }
}

#[tokio::test]
async fn kill_9_at_any_moment_leaves_every_request_paid_as_it_allows() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path());
    let mut answers = BTreeMap::new();
    for lines in [1, 40, 300, 77, 150] {
        kill::kill_after(
            lines,
            "child_pays_out_until_it_is_killed",
            directory.path(),
            |line| note(line, &mut answers),
        );
        check(&path, &answers).await;
        start_up(&path).await;
        check(&path, &BTreeMap::new()).await;
    }
}

/// Keeps what the child was told last of each invoice, and says whether the line tells of one. The last line may be cut off.
fn note(line: &str, answers: &mut BTreeMap<String, PaymentStatus>) -> bool {
    let status = match line.split_once(' ') {
        Some(("begun", name)) => (name, PaymentStatus::Pending),
        Some(("complete", name)) => (name, PaymentStatus::Complete),
        Some(("failed", name)) => (name, PaymentStatus::Failed),
        Some(("refused", _)) => return true,
        _ => return false,
    };
    answers.insert(status.0.to_owned(), status.1);
    true
}

/// What a start does before anything else: what was never sent has failed, and of what was sent the end is learnt.
async fn start_up(path: &Path) {
    let ledger = open(path);
    let pending = ledger.list_payments_by_status(PaymentStatus::Pending);
    for payment in pending.collect().await.unwrap() {
        if payment.created_index.0.is_multiple_of(2) {
            let failed = ledger.fail_payment(payment.payment_id, 209, "never sent".to_owned(), NOW);
            failed.await.unwrap();
        } else {
            let completed = ledger.complete_payment(payment.payment_id, preimage("any"), None, NOW);
            completed.await.unwrap();
        }
    }
    let requests = ledger.list_invoice_requests(Range::ALL).collect().await.unwrap();
    assert!(requests.iter().all(|request| request.sums.pending_count == 0));
}

async fn check(path: &Path, answers: &BTreeMap<String, PaymentStatus>) {
    let ledger = open(path);
    let payments = ledger.list_payments(Range::ALL).collect().await.unwrap();
    let by_index: BTreeMap<_, _> = payments
        .iter()
        .map(|payment| (payment.created_index.0, payment))
        .collect();
    let mut paid_out = BTreeSet::new();
    for request in ledger.list_invoice_requests(Range::ALL).collect().await.unwrap() {
        check_request(&ledger, &request, &by_index, &mut paid_out).await;
    }
    assert!(
        paid_out.iter().eq(by_index.keys()),
        "no payment is without a payout"
    );
    for (name, answered) in answers {
        let payment = payments
            .iter()
            .find(|payment| payment.payment_hash == hash(name))
            .unwrap();
        let now = payment.state.status();
        assert!(
            now == *answered || *answered == PaymentStatus::Pending,
            "{name} was {answered} and is {now}"
        );
    }
}

/// Its sums are those of its payouts, which are as their payments are, and no more than it allows.
async fn check_request(
    ledger: &Ledger,
    request: &InvoiceRequest,
    payments: &BTreeMap<u64, &Payment>,
    paid_out: &mut BTreeSet<u64>,
) {
    assert_eq!(request.id, invreq_id(request.label.as_deref().unwrap()));
    let mut sums = PayoutSums::default();
    for payout in ledger
        .payouts_of(request.id, boltill_types::CreatedIndex(0), None)
        .collect()
        .await
        .unwrap()
    {
        let payment = payments[&payout.payment.0];
        assert_eq!(payout.payment_hash, payment.payment_hash);
        assert_eq!(payout.state.status(), payment.state.status());
        assert!(paid_out.insert(payout.payment.0));
        match payout.state.status() {
            PaymentStatus::Pending => {
                sums.pending_count += 1;
                sums.pending = sums.pending + payout.amount;
            }
            PaymentStatus::Complete => {
                sums.paid_count += 1;
                sums.paid = sums.paid + payout.amount;
            }
            PaymentStatus::Failed => {}
        }
    }
    assert_eq!(request.sums, sums);
    assert!(sums.total() <= MAX_TOTAL);
    assert!(!request.single_use || sums.count() <= 1);
    assert_eq!(request.used, sums.paid_count > 0);
    assert_eq!(request.active, !(request.single_use && request.used));
}
