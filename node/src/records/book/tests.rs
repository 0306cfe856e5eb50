//! What the book makes of channels as LDK shows them, one look after another.

use super::*;
use bitcoin::secp256k1::{Secp256k1, SecretKey};
use lightning::ln::channel_state::ChannelCounterparty;
use lightning::types::features::InitFeatures;

const IN: ChannelId = ChannelId([1; 32]);
const OUT: ChannelId = ChannelId([2; 32]);
const OTHER: ChannelId = ChannelId([3; 32]);
const HASH: PaymentHash = PaymentHash([7; 32]);
const LATE: u32 = 200;
const EARLY: u32 = 160;

fn channel(id: ChannelId) -> ChannelDetails {
    ChannelDetails {
        channel_id: id,
        counterparty: ChannelCounterparty {
            node_id: SecretKey::from_slice(&id.0)
                .unwrap()
                .public_key(&Secp256k1::new()),
            features: InitFeatures::empty(),
            unspendable_punishment_reserve: 0,
            forwarding_info: None,
            outbound_htlc_minimum_msat: None,
            outbound_htlc_maximum_msat: None,
        },
        funding_txo: None,
        channel_type: None,
        short_channel_id: Some(u64::from(id.0[0])),
        outbound_scid_alias: None,
        inbound_scid_alias: None,
        channel_value_satoshis: 1_000_000,
        unspendable_punishment_reserve: None,
        user_channel_id: 0,
        feerate_sat_per_1000_weight: None,
        outbound_capacity_msat: 0,
        next_outbound_htlc_limit_msat: 0,
        next_outbound_htlc_minimum_msat: 0,
        inbound_capacity_msat: 0,
        confirmations_required: None,
        confirmations: None,
        force_close_spend_delay: None,
        is_outbound: true,
        is_channel_ready: true,
        channel_shutdown_state: None,
        is_usable: true,
        is_announced: true,
        inbound_htlc_minimum_msat: None,
        inbound_htlc_maximum_msat: None,
        config: None,
        pending_inbound_htlcs: Vec::new(),
        pending_outbound_htlcs: Vec::new(),
        funding_redeem_script: None,
    }
}

/// An HTLC that came in and is committed, unless another state is said.
fn incoming(htlc_id: u64, amount_msat: u64) -> InboundHTLCDetails {
    InboundHTLCDetails {
        htlc_id,
        amount_msat,
        cltv_expiry: LATE,
        payment_hash: HASH,
        state: Some(InboundHTLCStateDetails::Committed),
        is_dust: false,
    }
}

fn incoming_is(state: InboundHTLCStateDetails, htlc: InboundHTLCDetails) -> InboundHTLCDetails {
    InboundHTLCDetails {
        state: Some(state),
        ..htlc
    }
}

/// An HTLC that goes out; without a number it waits for its turn.
fn outgoing(htlc_id: impl Into<Option<u64>>, amount_msat: u64) -> OutboundHTLCDetails {
    OutboundHTLCDetails {
        htlc_id: htlc_id.into(),
        amount_msat,
        cltv_expiry: EARLY,
        payment_hash: HASH,
        state: None,
        skimmed_fee_msat: None,
        is_dust: false,
    }
}

fn with_in(id: ChannelId, htlcs: &[InboundHTLCDetails]) -> ChannelDetails {
    ChannelDetails {
        pending_inbound_htlcs: htlcs.to_vec(),
        ..channel(id)
    }
}

fn with_out(id: ChannelId, htlcs: &[OutboundHTLCDetails]) -> ChannelDetails {
    ChannelDetails {
        pending_outbound_htlcs: htlcs.to_vec(),
        ..channel(id)
    }
}

/// Looks at these channels, which are all that were asked for; gives which HTLC went on as which.
fn look(book: &mut Book, channels: &[ChannelDetails]) -> Vec<(u64, Option<u64>)> {
    numbers(&book.look(channels, |_| false))
}

/// Looks at all channels.
fn look_at_all(book: &mut Book, channels: &[ChannelDetails]) -> Vec<(u64, Option<u64>)> {
    numbers(&book.look(channels, |_| true))
}

fn numbers(offers: &[ForwardOffer]) -> Vec<(u64, Option<u64>)> {
    let pairs = offers.iter().map(|(came, went)| (came.htlc_id, went.htlc_id));
    pairs.collect()
}

const NOTHING: [(u64, Option<u64>); 0] = [];

#[test]
fn an_htlc_that_goes_on_is_offered_once_though_each_channel_is_looked_at_by_itself() {
    let mut book = Book::default();
    assert_eq!(look(&mut book, &[with_in(IN, &[incoming(4, 1_010)])]), NOTHING);
    let offers = book.look(&[with_out(OUT, &[outgoing(9, 1_000)])], |_| false);
    let [(came, went)] = &offers[..] else {
        panic!("one went on: {offers:?}")
    };
    assert_eq!((came.channel_id, came.htlc_id, came.amount), (IN, 4, Msat(1_010)));
    assert_eq!(
        *went,
        OutgoingHtlc {
            channel_id: Some(OUT),
            short_channel_id: Some(2),
            htlc_id: Some(9),
            amount: Some(Msat(1_000)),
        }
    );
    assert_eq!(look(&mut book, &[with_out(OUT, &[outgoing(9, 1_000)])]), NOTHING);
    assert_eq!(look(&mut book, &[with_in(IN, &[incoming(4, 1_010)])]), NOTHING);
    let all = [
        with_out(OUT, &[outgoing(9, 1_000)]),
        with_in(IN, &[incoming(4, 1_010)]),
    ];
    assert_eq!(look_at_all(&mut book, &all), NOTHING);
}

#[test]
fn an_htlc_that_waited_for_its_turn_is_offered_once() {
    let mut book = Book::default();
    look(&mut book, &[with_in(IN, &[incoming(4, 1_010)])]);
    assert_eq!(
        look(&mut book, &[with_out(OUT, &[outgoing(None, 1_000)])]),
        [(4, None)]
    );
    assert_eq!(look(&mut book, &[with_out(OUT, &[outgoing(9, 1_000)])]), NOTHING);
    assert_eq!(book.not_returned(IN), [4]);
    look(&mut book, &[channel(OUT)]);
    assert_eq!(book.not_returned(IN), [0; 0]);
}

#[test]
fn one_that_fell_out_of_its_turn_may_have_come_back() {
    let mut book = Book::default();
    look(&mut book, &[with_in(IN, &[incoming(4, 1_010)])]);
    look(&mut book, &[with_out(OUT, &[outgoing(None, 1_000)])]);
    look(&mut book, &[channel(OUT)]);
    assert_eq!(book.not_returned(IN), [0; 0]);
}

#[test]
fn an_htlc_that_is_fulfilled_cannot_have_come_back() {
    let mut book = Book::default();
    look(
        &mut book,
        &[with_in(IN, &[incoming(4, 1_010), incoming(5, 1_010)])],
    );
    let out = [outgoing(9, 1_000), outgoing(10, 1_000)];
    assert_eq!(
        look(&mut book, &[with_out(OUT, &out)]),
        [(4, Some(9)), (5, Some(10))]
    );
    let claimed = incoming_is(
        InboundHTLCStateDetails::AwaitingRemoteRevokeToRemoveFulfill,
        incoming(4, 1_010),
    );
    look(&mut book, &[with_in(IN, &[claimed, incoming(5, 1_010)])]);
    // Both are over where they went, in whatever way.
    look(&mut book, &[channel(OUT)]);
    assert_eq!(book.not_returned(IN), [4], "the other one failed");
    look(&mut book, &[channel(IN)]);
    assert_eq!(book.not_returned(IN), [4], "it is remembered for a while");
    assert_eq!(
        book.take_refused(IN, true),
        None,
        "what went on was not refused here"
    );
}

#[test]
fn what_failed_here_is_told_once_and_what_is_seen_failing_first() {
    let mut book = Book::default();
    let failed = incoming_is(
        InboundHTLCStateDetails::AwaitingRemoteRevokeToRemoveFail,
        incoming(6, 1_010),
    );
    look(&mut book, &[with_in(IN, &[incoming(5, 1_010), failed])]);
    assert_eq!(book.take_refused(OTHER, true), None);
    assert_eq!(book.take_refused(IN, false).map(|htlc| htlc.htlc_id), Some(6));
    assert_eq!(
        book.take_refused(IN, false),
        None,
        "the other one is not seen failing"
    );
    assert_eq!(book.take_refused(IN, true).map(|htlc| htlc.htlc_id), Some(5));
    assert_eq!(book.take_refused(IN, true), None);
}

#[test]
fn what_was_refused_as_ours_is_no_forward_that_failed() {
    let mut book = Book::default();
    look(&mut book, &[with_in(IN, &[incoming(4, 1_010)])]);
    book.refused_here(IN, HASH);
    assert_eq!(book.take_refused(IN, true), None);
}

#[test]
fn an_htlc_that_failed_is_not_taken_for_the_one_that_the_payer_sends_next() {
    let mut book = Book::default();
    let failed = incoming_is(
        InboundHTLCStateDetails::AwaitingRemoteRevokeToRemoveFail,
        incoming(4, 1_010),
    );
    look(&mut book, &[with_in(IN, &[failed, incoming(5, 1_010)])]);
    assert_eq!(
        look(&mut book, &[with_out(OUT, &[outgoing(9, 1_000)])]),
        [(5, Some(9))]
    );
}

#[test]
fn the_same_payment_hash_twice_in_one_channel_is_two_forwards() {
    let mut book = Book::default();
    look(
        &mut book,
        &[with_in(IN, &[incoming(4, 1_010), incoming(5, 2_010)])],
    );
    // One goes out after the other: the larger one can only have come from the larger one.
    assert_eq!(
        look(&mut book, &[with_out(OUT, &[outgoing(9, 2_000)])]),
        [(5, Some(9))]
    );
    let both = with_out(OUT, &[outgoing(9, 2_000), outgoing(10, 1_000)]);
    assert_eq!(look(&mut book, &[both]), [(4, Some(10))]);
    // The first of them comes back.
    look(&mut book, &[with_out(OUT, &[outgoing(10, 1_000)])]);
    assert_eq!(book.not_returned(IN), [4]);
}

#[test]
fn two_alike_that_go_different_ways_are_told_apart_by_where_they_went() {
    let mut book = Book::default();
    look(
        &mut book,
        &[with_in(IN, &[incoming(4, 1_010), incoming(5, 1_010)])],
    );
    look(&mut book, &[with_out(OUT, &[outgoing(9, 1_000)])]);
    assert_eq!(
        look(&mut book, &[with_out(OTHER, &[outgoing(9, 1_000)])]),
        [(5, Some(9))]
    );
    look(&mut book, &[channel(OUT)]);
    assert_eq!(book.not_returned(IN), [5], "what went elsewhere is still out");
}

#[test]
fn a_payment_of_ours_that_comes_back_to_us_is_no_forward() {
    let mut book = Book::default();
    let ours = OutboundHTLCDetails {
        cltv_expiry: LATE + 40,
        ..outgoing(9, 1_020)
    };
    let out = with_out(OUT, &[ours]);
    look(&mut book, std::slice::from_ref(&out));
    assert_eq!(look(&mut book, &[with_in(IN, &[incoming(4, 1_010)])]), NOTHING);
    let back = with_in(IN, &[incoming(4, 1_010)]);
    assert_eq!(look_at_all(&mut book, &[out, back]), NOTHING);
}

#[test]
fn after_a_restart_what_is_under_way_is_offered_again_and_ends_as_it_would_have() {
    let channels = [
        with_in(IN, &[incoming(4, 1_010), incoming(5, 2_010)]),
        with_out(OUT, &[outgoing(9, 1_000), outgoing(10, 2_000)]),
    ];
    let went_on = [(4, Some(9)), (5, Some(10))];
    assert_eq!(look_at_all(&mut Book::default(), &channels), went_on);
    let mut book = Book::default();
    assert_eq!(
        look_at_all(&mut book, &channels),
        went_on,
        "the ledger knows them"
    );
    look(&mut book, &[with_out(OUT, &[outgoing(10, 2_000)])]);
    assert_eq!(book.not_returned(IN), [5]);
    assert_eq!(book.take_refused(IN, true), None);
}

#[test]
fn a_channel_that_was_asked_for_and_is_no_more_has_nothing_under_way() {
    let mut book = Book::default();
    look(&mut book, &[with_in(IN, &[incoming(4, 1_010)])]);
    look(&mut book, &[with_out(OUT, &[outgoing(9, 1_000)])]);
    assert_eq!(look(&mut book, &[channel(OTHER)]), NOTHING);
    assert_eq!(
        book.not_returned(IN),
        [4],
        "what is not asked for is as it was last seen"
    );
    book.look(&[], |id| *id == OUT);
    assert_eq!(book.not_returned(IN), [0; 0]);
    assert_eq!(book.number_of(OUT, false, 9), None);
    assert_eq!(book.number_of(IN, true, 4), Some(1));
}

#[test]
fn htlcs_are_numbered_in_the_order_in_which_they_are_seen_for_as_long_as_they_are_pending() {
    let mut book = Book::default();
    look(&mut book, &[with_out(OUT, &[outgoing(9, 1_000)])]);
    look(&mut book, &[with_in(IN, &[incoming(4, 1_010)])]);
    look(
        &mut book,
        &[with_in(IN, &[incoming(4, 1_010), incoming(5, 1_010)])],
    );
    assert_eq!(book.number_of(OUT, false, 9), Some(1));
    assert_eq!(book.number_of(IN, true, 4), Some(2));
    assert_eq!(book.number_of(IN, true, 5), Some(3));
    look(&mut book, &[with_in(IN, &[incoming(5, 1_010)])]);
    assert_eq!(book.number_of(IN, true, 4), None);
    assert_eq!(book.number_of(IN, true, 5), Some(3));
    assert_eq!(book.number_of(IN, false, 5), None);
}

#[test]
fn what_is_gone_for_long_is_forgotten() {
    let mut book = Book::default();
    look(
        &mut book,
        &[with_in(IN, &[incoming(4, 1_010), incoming(5, 1_010)])],
    );
    look(&mut book, &[with_in(IN, &[incoming(5, 1_010)])]);
    let now = Instant::now();
    book.forget(now);
    assert_eq!(book.incoming[&HASH].len(), 2, "its event may come yet");
    book.forget(now + REMEMBERED);
    assert_eq!(book.incoming[&HASH].len(), 1, "what is pending stays");
    look(&mut book, &[channel(IN)]);
    book.forget(Instant::now() + REMEMBERED);
    assert!(book.incoming.is_empty() && book.gone.is_empty() && book.pending.is_empty());
}
