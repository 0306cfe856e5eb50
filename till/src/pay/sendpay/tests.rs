use crate::pay::given::WayError;
use crate::test::{Bench, order, soon};
use crate::{BeginPartError, PaymentState, SendpayError, SendpayRequest, WaitSendpayError};
use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use boltill_node::{
    FailureReason, FaultyChannel, FirstHopError, GivenHop, NodeEvent, PathFault, RecentPayment, SendError,
};
use boltill_types::{Msat, PaymentHash, PaymentPreimage, PaymentSecret};
use lightning_invoice::Bolt11Invoice;
use std::time::Duration;

const HASH: PaymentHash = PaymentHash([5; 32]);
const PREIMAGE: PaymentPreimage = PaymentPreimage([6; 32]);

fn node(name: u8) -> PublicKey {
    PublicKey::from_secret_key(&Secp256k1::new(), &SecretKey::from_slice(&[name; 32]).unwrap())
}

fn hop(name: u8, channel: u64, amount: u64, delay: u32) -> GivenHop {
    GivenHop {
        node: node(name),
        channel,
        amount: Msat(amount),
        delay,
    }
}

/// 1,000 msat over two channels.
fn asked() -> SendpayRequest {
    SendpayRequest {
        route: vec![hop(2, 11, 1_010, 20), hop(3, 12, 1_000, 9)],
        payment_hash: HASH,
        label: Some("rent".to_owned()),
        amount: None,
        invstring: Some("LNBCRT1X".to_owned()),
        payment_secret: Some(PaymentSecret([7; 32])),
        partid: 0,
        groupid: None,
        payment_metadata: Some(vec![1]),
        description: None,
    }
}

async fn refusal(bench: &Bench, request: SendpayRequest) -> SendpayError {
    bench.till.sendpay(request).await.unwrap_err()
}

fn sent(bench: &Bench) -> Vec<boltill_node::GivenPayment> {
    bench.node.state.lock().unwrap().sent_along.clone()
}

#[tokio::test]
async fn a_payment_goes_its_way_is_found_again_and_waited_for() {
    let bench = Bench::new();
    let pending = bench.till.sendpay(asked()).await.unwrap();
    assert_eq!(pending.state, PaymentState::Pending);
    assert_eq!((pending.groupid, pending.destination), (1, Some(node(3))));
    assert_eq!(
        (pending.amount, pending.amount_sent),
        (Msat(1_000), Some(Msat(1_010)))
    );
    let again = SendpayRequest {
        groupid: Some(1),
        ..asked()
    };
    bench.node.state.lock().unwrap().first_hop = Some(FirstHopError::NoConnection);
    assert_eq!(bench.till.sendpay(again.clone()).await.unwrap(), pending);
    let other_group = refusal(&bench, asked()).await;
    assert!(matches!(
        other_group,
        SendpayError::Begin(BeginPartError::OtherGroup(1))
    ));

    let [outgoing] = &sent(&bench)[..] else {
        panic!("not sent once");
    };
    assert_eq!(outgoing.hops, asked().route);
    assert_eq!(outgoing.onion.payment_secret, Some(PaymentSecret([7; 32])));
    assert_eq!(outgoing.onion.payment_metadata, Some(vec![1]));

    let look = bench.till.waitsendpay(HASH, 0, None, Some(Duration::ZERO)).await;
    assert!(matches!(look, Err(WaitSendpayError::TimedOut)));
    let till = bench.till.clone();
    let waiting = tokio::spawn(async move { till.waitsendpay(HASH, 0, None, None).await });
    let told = NodeEvent::PaymentSent {
        payment_id: outgoing.payment_id,
        payment_hash: HASH,
        preimage: PREIMAGE,
        amount: Some(Msat(1_000)),
        fee: Some(Msat(10)),
    };
    bench.tell(told.clone()).await;
    bench.tell(told).await;
    let paid = soon(waiting).await.unwrap().unwrap();
    assert_eq!(paid.amount_sent, Some(Msat(1_010)));
    assert_eq!(bench.till.sendpay(asked()).await.unwrap(), paid);
    assert_eq!(sent(&bench).len(), 1);
}

#[tokio::test]
async fn a_broken_way_ends_the_payment_and_says_where_even_after_a_restart() {
    let bench = Bench::new();
    bench.till.sendpay(asked()).await.unwrap();
    let payment_id = sent(&bench)[0].payment_id;
    let failed = NodeEvent::PartFailed {
        payment_id,
        refused_by_payee: true,
        short_channel_id: None,
        fault: PathFault {
            index: 2,
            node: Some(node(3)),
            channel: Some(FaultyChannel {
                short_channel_id: 12,
                from: Some(node(2)),
                to: node(3),
            }),
            failcode: Some(0x400f),
        },
    };
    bench.tell(failed).await;
    let over = NodeEvent::PaymentFailed {
        payment_id,
        reason: FailureReason::RecipientRejected,
    };
    bench.tell(over).await;
    let bench = bench.restart();
    let Err(WaitSendpayError::Failed {
        code,
        message,
        failure,
        ..
    }) = bench.till.waitsendpay(HASH, 0, None, None).await
    else {
        panic!("it did not fail");
    };
    assert_eq!(code, 203);
    assert_eq!(
        message,
        "failed: WIRE_INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS (reply from remote)"
    );
    let failure = failure.unwrap();
    assert_eq!((failure.erring_index, failure.erring_node), (2, Some(node(3))));
    assert_eq!(failure.erring_channel, Some(12));
    assert_eq!(
        failure.erring_direction,
        Some(u8::from(node(2).serialize() > node(3).serialize()))
    );
    // Another group may try once more.
    assert_eq!(bench.till.sendpay(asked()).await.unwrap().groupid, 2);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_and_not_on_file() {
    let bench = Bench::new();
    let refused = |request: SendpayRequest| refusal(&bench, request);
    let part = |amount, secret| SendpayRequest {
        partid: 1,
        amount,
        payment_secret: secret,
        ..asked()
    };
    let secret = Some(PaymentSecret([7; 32]));
    let own = |amount, partid| SendpayRequest {
        route: Vec::new(),
        amount,
        partid,
        ..asked()
    };
    let refusals = [
        (part(None, secret), "Must specify msatoshi with partid"),
        (part(Some(Msat(1_000)), None), "partid requires payment_secret"),
        (
            part(Some(Msat(999)), secret),
            "Final amount 1000msat is greater than 999msat, despite MPP",
        ),
        (
            part(Some(Msat(1_001)), secret),
            "a part of 1000msat of 1001msat is not supported: each part must be the whole amount_msat",
        ),
        (
            SendpayRequest {
                amount: Some(Msat(1_001)),
                ..asked()
            },
            "Do not specify msatoshi (1001msat) without partid: if you do, it must be exactly the final amount (1000msat)",
        ),
        (own(None, 0), "Self-payment requires amount_msat"),
        (
            own(Some(Msat(1)), 1),
            "Self-payment does not allow (non-zero) partid",
        ),
    ];
    for (request, words) in refusals {
        assert_eq!(refused(request).await.to_string(), words);
    }
    for (hops, error) in [
        (vec![hop(2, 11, 1, 9), hop(3, 12, 2, 9)], WayError::AmountGrows(1)),
        (vec![hop(2, 11, 2, 9), hop(3, 12, 1, 10)], WayError::DelayGrows(1)),
        (
            vec![hop(2, 11, 2, 9), hop(3, 11, 1, 9)],
            WayError::ChannelTwice(1),
        ),
        (vec![hop(2, 11, 0, 9)], WayError::NoAmount(0)),
        (vec![hop(2, 11, 1, 9); 21], WayError::TooLong),
    ] {
        let route = SendpayRequest {
            route: hops,
            ..asked()
        };
        assert!(matches!(refused(route).await, SendpayError::Way(way) if way == error));
    }
    bench.node.state.lock().unwrap().first_hop = Some(FirstHopError::TooMuch { channel: 11 });
    let SendpayError::Refused { message, failure, .. } = refused(asked()).await else {
        panic!("it was sent");
    };
    assert_eq!(
        message,
        "failed: WIRE_TEMPORARY_CHANNEL_FAILURE (First peer not ready)"
    );
    assert_eq!((failure.erring_index, failure.erring_channel), (0, Some(11)));
    assert!(bench.ledger.payments_by_hash(HASH).await.unwrap().is_empty());
    let unknown = bench.till.waitsendpay(HASH, 0, None, None).await.unwrap_err();
    assert_eq!(
        unknown.to_string(),
        format!("Never attempted payment part 0 for '{HASH}'")
    );
}

#[tokio::test]
async fn a_payment_on_file_that_was_never_sent_has_failed_after_a_restart() {
    let bench = Bench::new();
    bench.till.sendpay(asked()).await.unwrap();
    let payment_id = sent(&bench)[0].payment_id;
    let bench = bench.restart();
    bench.node.state.lock().unwrap().recent = vec![RecentPayment::Pending(payment_id)];
    bench.till.reconcile().await.unwrap();
    let pending = bench.till.waitsendpay(HASH, 0, None, Some(Duration::ZERO)).await;
    assert!(matches!(pending, Err(WaitSendpayError::TimedOut)));

    let bench = bench.restart();
    bench.till.reconcile().await.unwrap();
    let failed = bench.till.waitsendpay(HASH, 0, None, None).await;
    assert!(matches!(
        failed,
        Err(WaitSendpayError::Failed {
            code: 209,
            failure: None,
            ..
        })
    ));
}

#[tokio::test]
async fn what_ldk_does_not_send_is_on_file_as_failed() {
    let bench = Bench::new();
    bench.node.state.lock().unwrap().refuse_to_send = Some(SendError::OnionTooLarge);
    let refused = refusal(&bench, asked()).await;
    assert!(matches!(refused, SendpayError::NotSent(SendError::OnionTooLarge)));
    let payments = bench.ledger.payments_by_hash(HASH).await.unwrap();
    assert!(matches!(
        payments[0].state,
        PaymentState::Failed { code: 209, .. }
    ));
}

#[tokio::test]
async fn an_own_invoice_is_paid_with_its_secret_and_once() {
    let bench = Bench::new();
    bench
        .till
        .create_invoice(order(Some(1_000), "own"))
        .await
        .unwrap();
    let invoice = bench.invoice("own").await;
    let boltill_ledger::InvoiceText::Bolt11(text) = &invoice.text else {
        panic!("another kind of invoice");
    };
    let bolt11: Bolt11Invoice = text.parse().unwrap();
    let own = |amount, payment_secret| SendpayRequest {
        route: Vec::new(),
        payment_hash: invoice.payment_hash,
        amount: Some(Msat(amount)),
        payment_secret,
        groupid: Some(4),
        ..asked()
    };
    let secret = Some(*bolt11.payment_secret());
    for wrong in [
        own(999, secret),
        own(1_000, None),
        own(1_000, Some(PaymentSecret([9; 32]))),
    ] {
        let refused = refusal(&bench, wrong).await;
        assert!(
            matches!(&refused, SendpayError::Refused { by_payee: true, .. }),
            "{refused}"
        );
    }
    let paid = bench.till.sendpay(own(1_000, secret)).await.unwrap();
    assert_eq!(
        (paid.groupid, paid.destination),
        (4, Some(crate::Lightning::id(&*bench.node)))
    );
    assert_eq!(bench.till.sendpay(own(1_000, secret)).await.unwrap(), paid);
    let invoice = bench.invoice("own").await;
    assert!(matches!(invoice.state, crate::InvoiceState::Paid { .. }));
}
