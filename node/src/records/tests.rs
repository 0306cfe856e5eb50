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
