//! Forwards: each is counted once, however often its end is told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_ledger::{
    ChannelId, ForwardClaimed, ForwardFailure, ForwardReturned, ForwardState, ForwardStatus, HtlcIn, HtlcOut,
    IndexKind, Order, Range, Recorded, Subsystem,
};
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use common::TestLedger;

const THEN: UnixSeconds = UnixSeconds(1_000);
const NOW: UnixSeconds = UnixSeconds(2_000);

fn channel(number: u8) -> ChannelId {
    ChannelId([number; 32])
}

fn incoming(htlc_id: u64, amount: u64) -> HtlcIn {
    HtlcIn {
        channel: channel(1),
        short_channel_id: Some(101),
        htlc_id,
        amount: Msat(amount),
        payment_hash: PaymentHash([9; 32]),
        received_at: THEN,
    }
}

fn outgoing(number: u8, amount: u64) -> HtlcOut {
    HtlcOut {
        channel: Some(channel(number)),
        short_channel_id: Some(100 + u64::from(number)),
        htlc_id: Some(7),
        amount: Some(Msat(amount)),
    }
}

fn claimed(number: u8, out: u64, fee: Option<u64>) -> ForwardClaimed {
    ForwardClaimed {
        in_channel: channel(1),
        out_channel: channel(number),
        out_short_channel_id: Some(100 + u64::from(number)),
        out_amount: Some(Msat(out)),
        fee: fee.map(Msat),
    }
}

fn returned(number: u8, excluded: &[u64]) -> ForwardReturned {
    ForwardReturned {
        in_channel: channel(1),
        out_channel: channel(number),
        excluded: excluded.to_vec(),
        failure: None,
    }
}

async fn statuses(ledger: &TestLedger) -> Vec<(u64, &'static str)> {
    let forwards = ledger.list_forwards(Range::ALL).collect().await.unwrap();
    forwards
        .iter()
        .map(|forward| (forward.incoming.htlc_id, forward.state.status().as_str()))
        .collect()
}

#[tokio::test]
async fn an_end_that_is_told_twice_is_counted_once() {
    let mut ledger = TestLedger::new();
    let offer = vec![(incoming(0, 1_010), outgoing(2, 1_000))];
    ledger.offer_forwards(offer.clone()).await.unwrap();
    let told = claimed(2, 1_000, Some(10));
    let settled = ledger.settle_forward(told, NOW).await.unwrap().unwrap();
    assert_eq!(settled.state, ForwardState::Settled { resolved_at: NOW });
    assert_eq!(settled.fee(), Some(Msat(10)));
    ledger.reopen();
    ledger.offer_forwards(offer).await.unwrap();
    assert_eq!(ledger.settle_forward(told, NOW).await.unwrap(), None);
    assert_eq!(ledger.return_forward(returned(2, &[]), NOW).await.unwrap(), None);
    assert_eq!(statuses(&ledger).await, [(0, "settled")]);
    assert_eq!(ledger.forwarding_fees(), Msat(10));
    let index = |kind| ledger.current_index(Subsystem::Forwards, kind);
    assert_eq!((index(IndexKind::Created), index(IndexKind::Updated)), (1, 1));
}

#[tokio::test]
async fn of_forwards_that_look_the_same_each_end_ends_one() {
    let ledger = TestLedger::new();
    let offers = (0..3).map(|id| (incoming(id, 1_010), outgoing(2, 1_000)));
    ledger.offer_forwards(offers.collect()).await.unwrap();
    let told = claimed(2, 1_000, Some(10));
    for ends in 1..=5_u64 {
        let ended = ledger.settle_forward(told, NOW).await.unwrap();
        assert_eq!(ended.is_some(), ends <= 3);
        assert_eq!(ledger.forwarding_fees(), Msat(10 * ends.min(3)));
    }
}

#[tokio::test]
async fn an_end_is_that_of_the_forward_with_its_channels_and_amounts() {
    let ledger = TestLedger::new();
    let offers = [
        (incoming(0, 1_010), outgoing(2, 1_000)),
        (incoming(1, 1_010), outgoing(3, 1_000)),
        (incoming(2, 2_020), outgoing(3, 2_000)),
    ];
    ledger.offer_forwards(offers.to_vec()).await.unwrap();
    let ended = ledger
        .settle_forward(claimed(3, 2_000, Some(20)), NOW)
        .await
        .unwrap();
    assert_eq!(ended.unwrap().incoming.htlc_id, 2);
    let ended = ledger
        .settle_forward(claimed(3, 1_000, Some(10)), NOW)
        .await
        .unwrap();
    assert_eq!(ended.unwrap().incoming.htlc_id, 1);
    let strange = ledger
        .settle_forward(claimed(2, 900, Some(9)), NOW)
        .await
        .unwrap();
    assert_eq!(strange, None, "nothing of that amount came in");
    // Without its fee, which is not known when the channel that it came in on is closed.
    let ended = ledger.settle_forward(claimed(2, 1_000, None), NOW).await.unwrap();
    assert_eq!(ended.unwrap().fee(), Some(Msat(10)));
    assert_eq!(ledger.forwarding_fees(), Msat(40));
}

#[tokio::test]
async fn a_part_that_went_another_way_than_was_thought_is_put_right() {
    let ledger = TestLedger::new();
    let offer = vec![(incoming(0, 1_010), outgoing(2, 900))];
    ledger.offer_forwards(offer).await.unwrap();
    let ended = ledger
        .settle_forward(claimed(3, 1_000, Some(10)), NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (ended.outgoing.channel, ended.outgoing.amount),
        (Some(channel(3)), Some(Msat(1_000)))
    );
    let found = ledger.list_forwards_to(103).collect().await.unwrap();
    assert_eq!(found, [ended]);
    assert!(ledger.list_forwards_to(102).collect().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_comes_back_is_one_that_is_not_under_way_any_more() {
    let ledger = TestLedger::new();
    let offers = (0..3).map(|id| (incoming(id, 1_010 + id), outgoing(2, 1_000 + id)));
    ledger.offer_forwards(offers.collect()).await.unwrap();
    let ended = ledger
        .return_forward(returned(2, &[0, 2]), NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.incoming.htlc_id, 1);
    assert_eq!(
        ledger.return_forward(returned(2, &[0, 2]), NOW).await.unwrap(),
        None
    );
    assert_eq!(ledger.return_forward(returned(3, &[]), NOW).await.unwrap(), None);
    assert_eq!(
        statuses(&ledger).await,
        [(0, "offered"), (1, "failed"), (2, "offered")]
    );
    assert_eq!(ledger.forwarding_fees(), Msat::ZERO);
}

#[tokio::test]
async fn what_was_never_offered_is_on_file_once_with_the_reason() {
    let ledger = TestLedger::new();
    let failure = ForwardFailure {
        code: 0x1007,
        name: "WIRE_TEMPORARY_CHANNEL_FAILURE".to_owned(),
    };
    let nowhere = HtlcOut {
        short_channel_id: Some(103),
        ..HtlcOut::default()
    };
    let refuse = || ledger.refuse_forward(incoming(4, 500), nowhere, Some(failure.clone()), NOW);
    assert!(matches!(refuse().await.unwrap(), Recorded::Newly(_)));
    let Recorded::Already(forward) = refuse().await.unwrap() else {
        panic!("it was on file")
    };
    assert_eq!(
        forward.state,
        ForwardState::LocalFailed {
            resolved_at: NOW,
            failure: Some(failure)
        }
    );
    assert_eq!((forward.outgoing, forward.fee()), (nowhere, None));
}

#[tokio::test]
async fn listings_are_by_channel_status_and_index() {
    let ledger = TestLedger::new();
    let mut offers: Vec<_> = (0..4)
        .map(|id| (incoming(id, 1_010 + id), outgoing(2, 1_000)))
        .collect();
    offers[3].0.short_channel_id = Some(105);
    ledger.offer_forwards(offers).await.unwrap();
    for id in [2, 0] {
        let told = claimed(2, 1_000, Some(10 + id));
        ledger.settle_forward(told, NOW).await.unwrap().unwrap();
    }
    let ids = async |listing: boltill_ledger::Listing<boltill_ledger::Forward>| {
        let found = listing.collect().await.unwrap();
        found
            .iter()
            .map(|forward| forward.incoming.htlc_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(ledger.list_forwards_by_status(ForwardStatus::Offered)).await,
        [1, 3]
    );
    assert_eq!(
        ids(ledger.list_forwards_by_status(ForwardStatus::Settled)).await,
        [0, 2]
    );
    assert_eq!(ids(ledger.list_forwards_from(101)).await, [0, 1, 2]);
    assert_eq!(ids(ledger.list_forwards_to(102)).await, [0, 1, 2, 3]);
    let updated = Range {
        order: Order::Updated,
        start: 1,
        limit: None,
    };
    assert_eq!(ids(ledger.list_forwards(updated)).await, [2, 0]);
}
