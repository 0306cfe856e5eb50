//! Records as they lie on disk.

use super::{ChannelRecord, CloseCause, Closing};
use bitcoin::Txid;
use bitcoin::hashes::Hash;
use lightning::chain::transaction::OutPoint;
use lightning::events::ClosureReason;
use lightning::ln::types::ChannelId;
use lightning::types::features::ChannelTypeFeatures;
use lightning::util::ser::{Readable, Writeable};

fn record(closing: Option<Closing>) -> ChannelRecord {
    ChannelRecord {
        peer: None,
        channel_id: ChannelId([7; 32]),
        short_channel_id: Some(103 << 40),
        local_alias: None,
        remote_alias: Some(5),
        opened_by_us: true,
        private: false,
        channel_type: Some(ChannelTypeFeatures::anchors_zero_htlc_fee_and_dependencies()),
        total_msat: 1_000,
        to_us_msat: 400,
        min_to_us_msat: 300,
        max_to_us_msat: 900,
        htlcs_sent: 6,
        closing,
        funding: OutPoint {
            txid: Txid::all_zeros(),
            index: 3,
        },
        closed_at: closing.map(|_| 110),
    }
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let reasons = [
        ClosureReason::CommitmentTxConfirmed,
        ClosureReason::LocallyInitiatedCooperativeClosure,
        ClosureReason::FundingTimedOut,
        ClosureReason::OutdatedChannelManager,
    ];
    let closings = reasons.iter().map(|reason| Some(Closing::from(reason)));
    for closing in closings.chain([None]) {
        let written = record(closing);
        let read = ChannelRecord::read(&mut &written.encode()[..]).unwrap();
        assert_eq!(read, written);
    }
}

#[test]
fn a_close_that_both_agreed_on_is_that_of_who_asked_for_it() {
    let ours = Closing::from(&ClosureReason::LocallyInitiatedCooperativeClosure);
    let theirs = Closing::from(&ClosureReason::CounterpartyInitiatedCooperativeClosure);
    assert!(ours.mutual && theirs.mutual);
    assert_eq!((ours.cause, ours.closed_by_us), (CloseCause::User, Some(true)));
    assert_eq!(
        (theirs.cause, theirs.closed_by_us),
        (CloseCause::Remote, Some(false))
    );
}

#[test]
fn a_record_of_the_first_form_is_read() {
    let now = record(None);
    let mut bytes = now.encode();
    bytes[0] = 1;
    bytes.pop();
    assert_eq!(ChannelRecord::read(&mut &bytes[..]).unwrap(), now);
}

#[test]
fn the_funding_of_a_peer_s_channel_is_not_waited_for_for_ever() {
    let closing = Some(Closing::from(&ClosureReason::OutdatedChannelManager));
    let theirs = ChannelRecord {
        short_channel_id: None,
        opened_by_us: false,
        ..record(closing)
    };
    let given_up_at = |record: &ChannelRecord| (110..10_000).find(|height| record.is_given_up(*height));
    assert_eq!(given_up_at(&theirs), Some(110 + 2_016));
    for waited_for in [
        ChannelRecord {
            opened_by_us: true,
            ..theirs.clone()
        },
        ChannelRecord {
            short_channel_id: Some(103 << 40),
            ..theirs.clone()
        },
        ChannelRecord {
            closed_at: None,
            ..theirs
        },
    ] {
        assert_eq!(given_up_at(&waited_for), None);
    }
}
