use crate::test::{Bench, incoming, label, order};
use bitcoin::hashes::{Hash, sha256};
use boltill_ledger::{InvoiceState, InvoiceStatus, Range};
use boltill_node::{IncomingPayment, NodeEvent};
use boltill_types::{Msat, PayIndex, PaymentHash, PaymentPreimage, UnixSeconds};
use proptest::prelude::*;

async fn invoiced(bench: &Bench, amount: Option<u64>, name: &str) -> PaymentHash {
    bench
        .till
        .create_invoice(order(amount, name))
        .await
        .unwrap()
        .payment_hash
}

#[tokio::test]
async fn a_payment_is_claimed_and_the_invoice_is_paid_only_once_it_is_ours() {
    let bench = Bench::new();
    let hash = invoiced(&bench, Some(1_000), "a").await;
    bench
        .tell(NodeEvent::PaymentClaimable(incoming(hash, 1_200)))
        .await;
    let invoice = bench.invoice("a").await;
    assert_eq!(invoice.state, InvoiceState::Unpaid);
    assert_eq!(
        bench.node.state.lock().unwrap().claimed,
        [invoice.payment_preimage]
    );

    for _ in 0..3 {
        bench.tell(NodeEvent::PaymentClaimed(incoming(hash, 1_200))).await;
    }
    let InvoiceState::Paid {
        pay_index, received, ..
    } = bench.invoice("a").await.state
    else {
        panic!("not paid")
    };
    assert_eq!((pay_index, received), (PayIndex(1), Msat(1_200)));
    assert_eq!(
        bench.ledger.last_pay_index(),
        PayIndex(1),
        "telling it again changes nothing"
    );
}

#[tokio::test]
async fn what_does_not_pay_an_invoice_goes_back() {
    let bench = Bench::new();
    let hash = invoiced(&bench, Some(1_000), "a").await;
    let even_tlv = IncomingPayment {
        custom_tlvs: vec![(65_538, vec![])],
        ..incoming(hash, 1_000)
    };
    for payment in [
        incoming(PaymentHash([9; 32]), 1_000),
        incoming(hash, 999),
        incoming(hash, 2_001),
        even_tlv,
    ] {
        bench.tell(NodeEvent::PaymentClaimable(payment.clone())).await;
        let state = std::mem::take(&mut *bench.node.state.lock().unwrap());
        assert_eq!(state.failed_back, [payment.payment_hash], "{payment:?}");
        assert!(state.claimed.is_empty(), "{payment:?}");
    }
    let odd_tlv = IncomingPayment {
        custom_tlvs: vec![(65_537, vec![])],
        ..incoming(hash, 2_000)
    };
    bench.tell(NodeEvent::PaymentClaimable(odd_tlv)).await;
    assert_eq!(
        bench.node.state.lock().unwrap().claimed.len(),
        1,
        "twice the amount, and an odd TLV, are fine"
    );
}

#[tokio::test]
async fn a_second_payment_of_a_paid_invoice_goes_back() {
    let bench = Bench::new();
    let hash = invoiced(&bench, None, "a").await;
    bench.tell(NodeEvent::PaymentClaimed(incoming(hash, 5))).await;
    bench.tell(NodeEvent::PaymentClaimable(incoming(hash, 5))).await;
    assert_eq!(bench.node.state.lock().unwrap().failed_back, [hash]);
}

#[tokio::test]
async fn an_expired_invoice_is_not_paid_unless_the_money_is_ours_already() {
    let bench = Bench::new();
    let mut soon_over = order(Some(1_000), "a");
    soon_over.expiry = 0;
    let hash = bench.till.create_invoice(soon_over).await.unwrap().payment_hash;
    bench
        .tell(NodeEvent::PaymentClaimable(incoming(hash, 1_000)))
        .await;
    assert_eq!(bench.node.state.lock().unwrap().failed_back, [hash]);

    // It was claimed in time, and a crash kept us from writing so until after the invoice expired.
    bench
        .ledger
        .expire_due_invoices(UnixSeconds::now(), 10)
        .await
        .unwrap();
    let bench = bench.restart();
    bench.tell(NodeEvent::PaymentClaimed(incoming(hash, 1_000))).await;
    assert_eq!(bench.invoice("a").await.state.status(), InvoiceStatus::Paid);
}

#[tokio::test]
async fn money_for_a_deleted_invoice_does_not_stop_the_events() {
    let bench = Bench::new();
    let hash = invoiced(&bench, Some(1_000), "a").await;
    bench
        .till
        .delete_invoice(label("a"), InvoiceStatus::Unpaid, false)
        .await
        .unwrap();
    bench.tell(NodeEvent::PaymentClaimed(incoming(hash, 1_000))).await;
}

#[tokio::test]
async fn a_keysend_gets_one_invoice_however_often_it_is_told() {
    let bench = Bench::new();
    let preimage = PaymentPreimage([5; 32]);
    let hash = PaymentHash(sha256::Hash::hash(&preimage.0).to_byte_array());
    let message = (34_349_334, b"thank you".to_vec());
    let keysend = IncomingPayment {
        preimage: Some(preimage),
        spontaneous: true,
        ..incoming(hash, 77)
    };
    let refused = IncomingPayment {
        custom_tlvs: vec![message],
        ..keysend.clone()
    };
    bench.tell(NodeEvent::PaymentClaimable(refused)).await;
    assert_eq!(
        bench.node.state.lock().unwrap().failed_back,
        [hash],
        "an even TLV must be understood"
    );

    let message = (5_482_373_487, b"ignored".to_vec());
    let keysend = IncomingPayment {
        custom_tlvs: vec![message],
        ..keysend
    };
    bench.tell(NodeEvent::PaymentClaimable(keysend.clone())).await;
    let bench = bench.restart();
    bench.tell(NodeEvent::PaymentClaimable(keysend.clone())).await;
    bench.tell(NodeEvent::PaymentClaimed(keysend.clone())).await;
    bench.tell(NodeEvent::PaymentClaimed(keysend)).await;
    assert_eq!(bench.node.state.lock().unwrap().claimed, [preimage]);
    let invoices = bench.ledger.list_invoices(Range::ALL).collect().await.unwrap();
    let [invoice] = invoices.as_slice() else {
        panic!("{invoices:?}")
    };
    assert!(
        invoice.label.as_str().starts_with("keysend-"),
        "{}",
        invoice.label
    );
    assert_eq!(invoice.description.as_deref(), Some("keysend"));
    assert_eq!(invoice.state.status(), InvoiceStatus::Paid);
}

/// What may happen to one of three invoices.
#[derive(Clone, Copy, Debug)]
enum Step {
    Claimable(usize),
    Claimed(usize),
    Expire,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3usize).prop_map(Step::Claimable),
        4 => (0..3usize).prop_map(Step::Claimed),
        1 => Just(Step::Expire),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_told_how_often_in_which_order_an_invoice_is_paid_once(
        steps in proptest::collection::vec(step(), 1..24)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut bench = Bench::new();
            let mut hashes = Vec::new();
            for name in ["0", "1", "2"] {
                hashes.push(invoiced(&bench, Some(1_000), name).await);
            }
            let mut paid = Vec::new();
            for step in steps {
                match step {
                    Step::Claimable(which) => {
                        let before = bench.node.state.lock().unwrap().claimed.len();
                        bench.tell(NodeEvent::PaymentClaimable(incoming(hashes[which], 1_000))).await;
                        let claimed = bench.node.state.lock().unwrap().claimed.len() > before;
                        assert_eq!(claimed, !paid.contains(&which));
                    }
                    Step::Claimed(which) => {
                        bench.tell(NodeEvent::PaymentClaimed(incoming(hashes[which], 1_000))).await;
                        if !paid.contains(&which) {
                            paid.push(which);
                        }
                    }
                    Step::Expire => bench.till.expire_some().await.unwrap(),
                    Step::Restart => bench = bench.restart(),
                }
            }
            for (position, which) in paid.iter().enumerate() {
                let InvoiceState::Paid { pay_index, .. } = bench.invoice(&which.to_string()).await.state else {
                    panic!("invoice {which} is not paid")
                };
                assert_eq!(pay_index, PayIndex(position as u64 + 1), "pay indexes are those of the order");
            }
            assert_eq!(bench.ledger.last_pay_index(), PayIndex(paid.len() as u64));
        });
    }
}

#[tokio::test]
async fn what_arrives_during_a_hold_is_settled_by_the_usual_rules_when_it_ends() {
    let bench = Bench::new();
    let hash = invoiced(&bench, Some(1_000), "a").await;
    assert_eq!(bench.till.hold_payments(), 0);
    let unknown = PaymentHash([9; 32]);
    for payment in [hash, hash, unknown] {
        bench
            .tell(NodeEvent::PaymentClaimable(incoming(payment, 1_000)))
            .await;
    }
    assert_eq!(
        bench.till.hold_payments(),
        2,
        "an event told twice is one payment"
    );
    {
        let state = bench.node.state.lock().unwrap();
        assert!(state.claimed.is_empty() && state.failed_back.is_empty());
    }
    assert_eq!(bench.till.release_payments().await.unwrap(), 2);
    let preimage = bench.invoice("a").await.payment_preimage;
    {
        let state = bench.node.state.lock().unwrap();
        assert_eq!(state.claimed, [preimage]);
        assert_eq!(state.failed_back, [unknown]);
    }
    assert_eq!(bench.till.release_payments().await.unwrap(), 0);
    bench
        .tell(NodeEvent::PaymentClaimable(incoming(hash, 1_000)))
        .await;
    assert_eq!(
        bench.node.state.lock().unwrap().claimed.len(),
        2,
        "the hold is over"
    );
}
