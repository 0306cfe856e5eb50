//! Whatever happens in whatever order, invoice_requests are paid as a simple model says, and never more than they allow.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use PaymentStatus::{Complete, Failed, Pending};
use boltill_ledger::{
    IndexKind, InvoiceRequest, NewInvoiceRequest, NewPayment, PaymentStatus, PayoutLimits, PayoutRefusal,
    PayoutSums, Range, Repeat, Subsystem, Unavailable,
};
use boltill_types::{Msat, UnixSeconds};
use common::{TestLedger, hash, invoice_request, invreq_id, payment, payment_id, preimage};
use proptest::prelude::*;
use tokio::runtime::Runtime;

const REQUESTS: usize = 4;
const SINGLE_USE: usize = 0;

/// A request for a single use, and three with different limits.
fn request(number: usize) -> NewInvoiceRequest {
    let mut new = NewInvoiceRequest {
        single_use: number == SINGLE_USE,
        ..invoice_request(&number.to_string())
    };
    match number {
        1 => {
            new.limits.max_payments = Some(3);
            new.limits.max_total = Some(Msat(2_000));
        }
        2 => new.limits.min_interval = Some(5),
        3 => new.absolute_expiry = Some(UnixSeconds(25)),
        _ => {}
    }
    new
}

/// Something that is asked of the ledger. Few invoices, so that many come twice; one request more than there are.
#[derive(Clone, Debug)]
enum Operation {
    PayOut {
        request: usize,
        invoice: u8,
        amount: u64,
    },
    Pay {
        invoice: u8,
    },
    Complete {
        invoice: u8,
    },
    Fail {
        invoice: u8,
    },
    Forget {
        invoice: u8,
        status: PaymentStatus,
    },
    Disable {
        request: usize,
    },
    Expire {
        limit: u32,
    },
    Wait {
        seconds: u64,
    },
    Reopen,
}

fn operation() -> impl Strategy<Value = Operation> {
    let invoice = || 0..8u8;
    prop_oneof![
        10 => (0..=REQUESTS, invoice(), 1..1_500u64)
            .prop_map(|(request, invoice, amount)| Operation::PayOut { request, invoice, amount }),
        1 => invoice().prop_map(|invoice| Operation::Pay { invoice }),
        4 => invoice().prop_map(|invoice| Operation::Complete { invoice }),
        4 => invoice().prop_map(|invoice| Operation::Fail { invoice }),
        1 => (invoice(), prop_oneof![Just(Complete), Just(Failed)])
            .prop_map(|(invoice, status)| Operation::Forget { invoice, status }),
        1 => (0..=REQUESTS).prop_map(|request| Operation::Disable { request }),
        1 => (0..3u32).prop_map(|limit| Operation::Expire { limit }),
        3 => (1..8u64).prop_map(|seconds| Operation::Wait { seconds }),
        1 => Just(Operation::Reopen),
    ]
}

/// One attempt to pay an invoice.
#[derive(Clone, Debug)]
struct Attempt {
    /// For which request, unless it was simply paid.
    request: Option<usize>,
    invoice: u8,
    amount: u64,
    began_at: u64,
    status: PaymentStatus,
    /// Whether the payment was deleted.
    forgotten: bool,
}

impl Attempt {
    fn counts(&self) -> bool {
        self.status != Failed
    }
}

#[derive(Default)]
struct Model {
    now: u64,
    /// In the order of their created indexes.
    attempts: Vec<Attempt>,
    /// Whether each request is active.
    active: Vec<bool>,
    updates: u64,
    /// Whether a preimage came after a failure: then there may be more payments than are allowed.
    surprised: bool,
}

impl Model {
    fn new() -> Model {
        Model {
            now: 1,
            active: vec![true; REQUESTS],
            ..Model::default()
        }
    }

    fn payouts(&self, request: usize) -> impl Iterator<Item = &Attempt> {
        self.attempts
            .iter()
            .filter(move |attempt| attempt.request == Some(request))
    }

    fn sums(&self, request: usize) -> PayoutSums {
        let (mut sums, mut paid, mut pending) = (PayoutSums::default(), 0, 0);
        for attempt in self.payouts(request) {
            match attempt.status {
                Complete => (sums.paid_count, paid) = (sums.paid_count + 1, paid + attempt.amount),
                Pending => (sums.pending_count, pending) = (sums.pending_count + 1, pending + attempt.amount),
                Failed => {}
            }
        }
        PayoutSums {
            paid: Msat(paid),
            pending: Msat(pending),
            ..sums
        }
    }

    fn used(&self, request: usize) -> bool {
        self.sums(request).paid_count > 0
    }

    /// Why a payout is refused, in the words of [`name`].
    fn refusal(&self, number: usize, invoice: u8, amount: u64) -> Option<&'static str> {
        if number == REQUESTS {
            return Some("unknown");
        }
        let request = request(number);
        let same = |status| {
            self.attempts.iter().any(|attempt| {
                let known = !attempt.forgotten || attempt.request.is_some();
                attempt.invoice == invoice && attempt.status == status && known
            })
        };
        let latest = self.payouts(number).filter(|attempt| attempt.counts()).last();
        let too_soon = |interval| latest.is_some_and(|attempt| self.now < attempt.began_at + interval);
        let sums = self.sums(number);
        let refusals = [
            (same(Complete), "paid"),
            (same(Pending), "in progress"),
            (number == SINGLE_USE && self.used(number), "used"),
            (
                request.absolute_expiry.is_some_and(|expiry| self.now > expiry.0),
                "expired",
            ),
            (!self.active[number], "disabled"),
            (number == SINGLE_USE && sums.count() > 0, "busy"),
            (
                request.limits.max_payments.is_some_and(|max| sums.count() >= max),
                "max payments",
            ),
            (
                request
                    .limits
                    .max_total
                    .is_some_and(|max| sums.total() + Msat(amount) > max),
                "max total",
            ),
            (request.limits.min_interval.is_some_and(too_soon), "too soon"),
        ];
        refusals
            .into_iter()
            .find_map(|(refused, name)| refused.then_some(name))
    }

    fn begin(&mut self, request: Option<usize>, invoice: u8, amount: u64) {
        self.attempts.push(Attempt {
            request,
            invoice,
            amount,
            began_at: self.now,
            status: Pending,
            forgotten: false,
        });
        self.updates += u64::from(request.is_some());
    }

    /// The latest attempt at that invoice comes to its end, or, when it had failed, turns out to have arrived.
    fn end(&mut self, invoice: u8, status: PaymentStatus) {
        let mut attempts = self.attempts.iter_mut().rev();
        let Some(latest) = attempts.find(|attempt| attempt.invoice == invoice && !attempt.forgotten) else {
            return;
        };
        let surprise = latest.status == Failed && status == Complete;
        if latest.status != Pending && !surprise {
            return;
        }
        latest.status = status;
        self.surprised |= surprise;
        let Some(request) = latest.request else { return };
        self.updates += 1;
        if request == SINGLE_USE && status == Complete {
            self.active[request] = false;
        }
    }

    fn disable(&mut self, request: usize) {
        if self.active.get(request) == Some(&true) {
            self.active[request] = false;
            self.updates += 1;
        }
    }

    /// Only one of the requests has a last second.
    fn expire(&mut self, limit: u32) {
        let due = |number: &usize| {
            request(*number)
                .absolute_expiry
                .is_some_and(|expiry| self.now > expiry.0)
        };
        if let (1.., Some(request)) = (limit, (0..REQUESTS).find(due)) {
            self.disable(request);
        }
    }

    fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::PayOut {
                request,
                invoice,
                amount,
            } => {
                if self.refusal(request, invoice, amount).is_none() {
                    self.begin(Some(request), invoice, amount);
                }
            }
            Operation::Pay { invoice } => {
                let same = |attempt: &Attempt| attempt.invoice == invoice && !attempt.forgotten;
                if !self
                    .attempts
                    .iter()
                    .any(|attempt| same(attempt) && attempt.counts())
                {
                    self.begin(None, invoice, 1_000);
                }
            }
            Operation::Complete { invoice } => self.end(invoice, Complete),
            Operation::Fail { invoice } => self.end(invoice, Failed),
            Operation::Forget { invoice, status } => {
                for attempt in &mut self.attempts {
                    attempt.forgotten |= attempt.invoice == invoice && attempt.status == status;
                }
            }
            Operation::Disable { request } => self.disable(request),
            Operation::Expire { limit } => self.expire(limit),
            Operation::Wait { seconds } => self.now += seconds,
            Operation::Reopen => {}
        }
    }
}

fn name(refusal: &PayoutRefusal) -> &'static str {
    match refusal {
        PayoutRefusal::Unknown => "unknown",
        PayoutRefusal::AlreadyPaid => "paid",
        PayoutRefusal::AlreadyInProgress => "in progress",
        PayoutRefusal::NoLongerAvailable(Unavailable::Used) => "used",
        PayoutRefusal::NoLongerAvailable(Unavailable::Expired) => "expired",
        PayoutRefusal::NoLongerAvailable(Unavailable::Disabled) => "disabled",
        PayoutRefusal::Busy => "busy",
        PayoutRefusal::MaxPayments { .. } => "max payments",
        PayoutRefusal::MaxTotal { .. } => "max total",
        PayoutRefusal::TooSoon { .. } => "too soon",
        PayoutRefusal::IdInUse | PayoutRefusal::Ledger(_) => panic!("{refusal}"),
    }
}

/// Asks it of the ledger; what is refused is compared with the model as it was before.
async fn apply(ledger: &mut TestLedger, operation: &Operation, model: &Model) {
    let now = UnixSeconds(model.now);
    match *operation {
        Operation::PayOut {
            request,
            invoice,
            amount,
        } => {
            let new = NewPayment {
                amount: Msat(amount),
                ..payment(&invoice.to_string())
            };
            let begun = ledger
                .begin_payout(invreq_id(&request.to_string()), new, now)
                .await;
            let refusal = begun.as_ref().err().map(name);
            assert_eq!(refusal, model.refusal(request, invoice, amount));
        }
        Operation::Pay { invoice } => {
            let new = payment(&invoice.to_string());
            drop(ledger.begin_payment(new, Repeat::Refuse).await);
        }
        Operation::Complete { invoice } => {
            let name = invoice.to_string();
            drop(
                ledger
                    .complete_payment(payment_id(&name), preimage(&name), None, now)
                    .await,
            );
        }
        Operation::Fail { invoice } => {
            let id = payment_id(&invoice.to_string());
            drop(ledger.fail_payment(id, 205, "no route".to_owned(), now).await);
        }
        Operation::Forget { invoice, status } => {
            drop(
                ledger
                    .delete_payments(hash(&invoice.to_string()), status, None)
                    .await,
            );
        }
        Operation::Disable { request } => {
            drop(
                ledger
                    .disable_invoice_request(invreq_id(&request.to_string()))
                    .await,
            );
        }
        Operation::Expire { limit } => {
            ledger.expire_due_invoice_requests(now, limit).await.unwrap();
        }
        Operation::Wait { .. } => {}
        Operation::Reopen => ledger.reopen(),
    }
}

async fn compare(ledger: &TestLedger, model: &Model) {
    let listed = ledger.list_invoice_requests(Range::ALL).collect().await.unwrap();
    assert_eq!(listed.len(), REQUESTS);
    let active = ledger.list_active_invoice_requests().collect().await.unwrap();
    let is_active = |request: &&InvoiceRequest| request.active;
    assert_eq!(
        active,
        listed.iter().filter(is_active).cloned().collect::<Vec<_>>()
    );
    for (number, row) in listed.iter().enumerate() {
        let found = (row.active, row.used, row.sums);
        assert_eq!(
            found,
            (model.active[number], model.used(number), model.sums(number))
        );
        let payouts = ledger
            .payouts_of(row.id, boltill_types::CreatedIndex(0), None)
            .collect()
            .await
            .unwrap();
        let payouts: Vec<_> = payouts
            .iter()
            .map(|payout| {
                (
                    payout.payment.0,
                    payout.payment_hash,
                    payout.amount.0,
                    payout.state.status(),
                )
            })
            .collect();
        let expected: Vec<_> = (1..)
            .zip(&model.attempts)
            .filter(|(_, attempt)| attempt.request == Some(number))
            .map(|(index, attempt)| {
                let hash = hash(&attempt.invoice.to_string());
                (index, hash, attempt.amount, attempt.status)
            })
            .collect();
        assert_eq!(payouts, expected);
        if !model.surprised {
            within_limits(row);
        }
    }
    let updates = ledger.current_index(Subsystem::InvoiceRequests, IndexKind::Updated);
    assert_eq!(updates, model.updates);
}

fn within_limits(row: &InvoiceRequest) {
    let PayoutLimits {
        max_payments,
        max_total,
        ..
    } = row.limits;
    let allowed = if row.single_use { Some(1) } else { max_payments };
    assert!(allowed.is_none_or(|max| row.sums.count() <= max), "{row:?}");
    assert!(max_total.is_none_or(|max| row.sums.total() <= max), "{row:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn requests_are_paid_as_the_model_says(operations in prop::collection::vec(operation(), 1..80)) {
        Runtime::new().unwrap().block_on(async {
            let (mut ledger, mut model) = (TestLedger::new(), Model::new());
            for number in 0..REQUESTS {
                ledger.create_invoice_request(request(number)).await.unwrap();
            }
            for operation in &operations {
                apply(&mut ledger, operation, &model).await;
                model.apply(operation);
                if matches!(operation, Operation::Reopen) {
                    compare(&ledger, &model).await;
                }
            }
            compare(&ledger, &model).await;
        });
    }
}
