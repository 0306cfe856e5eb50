//! Forwards that the node tells of, once or more often.

use crate::test::{Bench, soon};
use crate::{ForwardStatus, IndexKind, Range, Subsystem};
use boltill_node::{ChannelId, EventSink, IncomingHtlc, NodeEvent, OutgoingHtlc};
use boltill_types::{Msat, PaymentHash, UnixSeconds};

fn offer(htlc_id: u64) -> (IncomingHtlc, OutgoingHtlc) {
    let incoming = IncomingHtlc {
        channel_id: ChannelId([1; 32]),
        short_channel_id: Some(101),
        htlc_id,
        amount: Msat(1_010),
        payment_hash: PaymentHash([9; 32]),
        received_at: UnixSeconds(1_000),
    };
    let outgoing = OutgoingHtlc {
        channel_id: Some(ChannelId([2; 32])),
        short_channel_id: Some(102),
        htlc_id: Some(htlc_id),
        amount: Some(Msat(1_000)),
    };
    (incoming, outgoing)
}

fn claimed() -> NodeEvent {
    NodeEvent::PaymentForwarded {
        in_channel: ChannelId([1; 32]),
        out_channel: ChannelId([2; 32]),
        out_short_channel_id: Some(102),
        fee: Some(Msat(10)),
        amount_out: Some(Msat(1_000)),
    }
}

#[tokio::test]
async fn a_forward_that_is_told_again_after_a_crash_is_counted_once() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        bench.till.offered(vec![offer(0), offer(1)]);
        bench.tell(claimed()).await;
        bench.tell(claimed()).await;
        soon(bench.till.wait(Subsystem::Forwards, IndexKind::Updated, 2))
            .await
            .unwrap();
        bench = bench.restart();
    }
    let forwards = bench.ledger.list_forwards(Range::ALL).collect().await.unwrap();
    assert_eq!(forwards.len(), 2);
    let settled = |forward: &crate::Forward| forward.state.status() == ForwardStatus::Settled;
    assert!(forwards.iter().all(settled));
    assert_eq!(bench.till.forwarding_fees(), Msat(20));
}
