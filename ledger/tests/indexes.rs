//! Whatever happens in whatever order, the indexes are those of a simple model.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_ledger::{IndexKind, Invoice, InvoiceState, InvoiceStatus, NewInvoice, Order, Range, Subsystem};
use boltill_types::{Msat, PayIndex, UnixSeconds};
use common::{TestLedger, hash, invoice, label};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tokio::runtime::Runtime;

/// Something that is asked of the ledger. Few names, so that most operations meet an invoice.
#[derive(Clone, Debug)]
enum Operation {
    Create { label: u8, hash: u8, expires_at: u64 },
    Settle { hash: u8 },
    Expire { now: u64, limit: u32 },
    Delete { label: u8, expected: InvoiceStatus },
    Strip { label: u8, expected: InvoiceStatus },
    Reopen,
}

fn operation() -> impl Strategy<Value = Operation> {
    let name = || 0..6u8;
    let status = || {
        prop_oneof![
            Just(InvoiceStatus::Unpaid),
            Just(InvoiceStatus::Paid),
            Just(InvoiceStatus::Expired)
        ]
    };
    prop_oneof![
        6 => (name(), name(), 0..9u64)
            .prop_map(|(label, hash, expires_at)| Operation::Create { label, hash, expires_at }),
        4 => name().prop_map(|hash| Operation::Settle { hash }),
        2 => (0..9u64, 0..3u32).prop_map(|(now, limit)| Operation::Expire { now, limit }),
        4 => (name(), status()).prop_map(|(label, expected)| Operation::Delete { label, expected }),
        1 => (name(), status()).prop_map(|(label, expected)| Operation::Strip { label, expected }),
        1 => Just(Operation::Reopen),
    ]
}

/// What the ledger should hold.
#[derive(Default)]
struct Model {
    /// By created index: label, hash, expiry, updated index, status, pay index, whether there is a description.
    invoices: BTreeMap<u64, Entry>,
    created: u64,
    updated: u64,
    deleted: u64,
    paid: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    label: u8,
    hash: u8,
    expires_at: u64,
    updated: Option<u64>,
    status: InvoiceStatus,
    pay_index: Option<u64>,
    described: bool,
}

impl Model {
    fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::Create {
                label,
                hash,
                expires_at,
            } => {
                if self
                    .invoices
                    .values()
                    .all(|entry| entry.label != label && entry.hash != hash)
                {
                    self.created += 1;
                    let status = InvoiceStatus::Unpaid;
                    let entry = Entry {
                        label,
                        hash,
                        expires_at,
                        updated: None,
                        status,
                        pay_index: None,
                        described: true,
                    };
                    self.invoices.insert(self.created, entry);
                }
            }
            Operation::Settle { hash } => {
                let pay_index = self.paid + 1;
                let payable = |entry: &Entry| entry.hash == hash && entry.status != InvoiceStatus::Paid;
                self.paid += self.change(payable, |entry| {
                    entry.status = InvoiceStatus::Paid;
                    entry.pay_index = Some(pay_index);
                });
            }
            Operation::Expire { now, limit } => {
                for _ in 0..limit {
                    let due =
                        |entry: &&Entry| entry.status == InvoiceStatus::Unpaid && entry.expires_at <= now;
                    let Some(first) = self
                        .invoices
                        .values()
                        .filter(due)
                        .map(|entry| entry.expires_at)
                        .min()
                    else {
                        break;
                    };
                    let longest_due =
                        |entry: &Entry| entry.status == InvoiceStatus::Unpaid && entry.expires_at == first;
                    self.change(longest_due, |entry| entry.status = InvoiceStatus::Expired);
                }
            }
            Operation::Delete { label, expected } => {
                let before = self.invoices.len();
                self.invoices
                    .retain(|_, entry| entry.label != label || entry.status != expected);
                self.deleted += (before - self.invoices.len()) as u64;
            }
            Operation::Strip { label, expected } => {
                let described =
                    |entry: &Entry| entry.label == label && entry.status == expected && entry.described;
                self.change(described, |entry| entry.described = false);
            }
            Operation::Reopen => {}
        }
    }

    /// Changes the first entry that matches, and returns how many that were.
    fn change(&mut self, matches: impl Fn(&Entry) -> bool, change: impl FnOnce(&mut Entry)) -> u64 {
        let Some(entry) = self.invoices.values_mut().find(|entry| matches(entry)) else {
            return 0;
        };
        self.updated += 1;
        entry.updated = Some(self.updated);
        change(entry);
        1
    }
}

async fn apply(ledger: &mut TestLedger, operation: &Operation) {
    match *operation {
        Operation::Create {
            label: name,
            hash,
            expires_at,
        } => {
            let expires_at = UnixSeconds(expires_at);
            let new = NewInvoice {
                label: label(&name.to_string()),
                expires_at,
                ..invoice(&hash.to_string())
            };
            drop(ledger.create_invoice(new).await);
        }
        Operation::Settle { hash: name } => {
            drop(
                ledger
                    .settle_invoice(hash(&name.to_string()), Msat(1), UnixSeconds(1))
                    .await,
            );
        }
        Operation::Expire { now, limit } => {
            ledger.expire_due_invoices(UnixSeconds(now), limit).await.unwrap();
        }
        Operation::Delete {
            label: name,
            expected,
        } => {
            drop(ledger.delete_invoice(label(&name.to_string()), expected).await);
        }
        Operation::Strip {
            label: name,
            expected,
        } => {
            drop(
                ledger
                    .delete_invoice_description(label(&name.to_string()), expected)
                    .await,
            );
        }
        Operation::Reopen => ledger.reopen(),
    }
}

/// The model's view of an invoice.
fn entry(invoice: &Invoice) -> Entry {
    let names = || (0..6).map(|name: u8| (name, name.to_string()));
    Entry {
        label: invoice.label.as_str().parse().unwrap(),
        hash: names()
            .find(|(_, text)| hash(text) == invoice.payment_hash)
            .unwrap()
            .0,
        expires_at: invoice.expires_at.0,
        updated: invoice.updated_index.map(|index| index.0),
        status: invoice.state.status(),
        pay_index: match invoice.state {
            InvoiceState::Paid { pay_index, .. } => Some(pay_index.0),
            InvoiceState::Unpaid | InvoiceState::Expired => None,
        },
        described: invoice.description.is_some(),
    }
}

async fn compare(ledger: &TestLedger, model: &Model) {
    let listed = ledger.list_invoices(Range::ALL).collect().await.unwrap();
    let entries: BTreeMap<_, _> = listed
        .iter()
        .map(|invoice| (invoice.created_index.0, entry(invoice)))
        .collect();
    assert_eq!(entries, model.invoices);
    let counters = [IndexKind::Created, IndexKind::Updated, IndexKind::Deleted]
        .map(|kind| ledger.current_index(Subsystem::Invoices, kind));
    assert_eq!(counters, [model.created, model.updated, model.deleted]);
    assert_eq!(ledger.last_pay_index(), PayIndex(model.paid));

    let mut by_update: Vec<u64> = model
        .invoices
        .values()
        .filter_map(|entry| entry.updated)
        .collect();
    by_update.sort_unstable();
    let changed = ledger
        .list_invoices(Range {
            order: Order::Updated,
            ..Range::ALL
        })
        .collect()
        .await
        .unwrap();
    let changed: Vec<u64> = changed
        .iter()
        .filter_map(|invoice| entry(invoice).updated)
        .collect();
    assert_eq!(changed, by_update);

    let unpaid = |entry: &&Entry| entry.status == InvoiceStatus::Unpaid;
    let next = model
        .invoices
        .values()
        .filter(unpaid)
        .map(|entry| UnixSeconds(entry.expires_at))
        .min();
    assert_eq!(ledger.next_invoice_expiry().await.unwrap(), next);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_ledger_does_what_the_model_does(operations in prop::collection::vec(operation(), 1..60)) {
        Runtime::new().unwrap().block_on(async {
            let (mut ledger, mut model) = (TestLedger::new(), Model::default());
            for operation in &operations {
                apply(&mut ledger, operation).await;
                model.apply(operation);
            }
            compare(&ledger, &model).await;
        });
    }

    #[test]
    fn the_indexes_of_changes_count_up_by_one(operations in prop::collection::vec(operation(), 1..60)) {
        Runtime::new().unwrap().block_on(async {
            let mut ledger = TestLedger::new();
            let mut changes = ledger.subscribe();
            let mut last = BTreeMap::new();
            for operation in operations.iter().filter(|operation| !matches!(operation, Operation::Reopen)) {
                apply(&mut ledger, operation).await;
                while let Ok(change) = changes.try_recv() {
                    let last = last.entry(change.kind.as_str()).or_insert(0);
                    *last += 1;
                    assert_eq!(change.index, *last);
                }
            }
        });
    }
}
