use super::*;
use crate::commands::shared::channel::tests::{channel, key};
use crate::commands::shared::documented::mismatches;
use lightning::ln::channel_state::ChannelShutdownState;
use serde_json::{json, to_value};

fn found(channels: &[ChannelDetails], name: &str) -> Result<usize, String> {
    let json = format!("\"{name}\"");
    let name =
        Channels::from_token(Token::parse(&json).unwrap()).map_err(|refusal| format!("{refusal:?}"))?;
    find(channels.to_vec(), &name)
        .map(|found| found.len())
        .map_err(|error| error.to_string())
}

fn asking(htlcmin: Option<u64>, htlcmax: Option<u64>) -> SetChannel {
    SetChannel {
        id: Channels::All,
        feebase: None,
        feeppm: None,
        htlcmin: htlcmin.map(Msat),
        htlcmax: htlcmax.map(Msat),
        enforcedelay: 600,
        ignorefeelimits: None,
    }
}

#[test]
fn channels_are_found_one_by_one_by_peer_and_all_at_once() {
    let other = ChannelDetails {
        channel_id: ChannelId([8; 32]),
        short_channel_id: None,
        outbound_scid_alias: None,
        ..channel()
    };
    let channels = [channel(), other];
    for (name, count) in [
        (ChannelId([8; 32]).to_string(), 1),
        ("103x1x0".to_owned(), 1),
        (key(2).to_string(), 2),
        ("all".to_owned(), 2),
    ] {
        assert_eq!(found(&channels, &name), Ok(count), "{name}");
    }
    assert_eq!(found(&[], "all"), Ok(0));
}

#[test]
fn what_is_no_channel_or_one_that_closes_is_refused_in_core_lightnings_words() {
    let closing = ChannelDetails {
        channel_shutdown_state: Some(ChannelShutdownState::ResolvingHTLCs),
        ..channel()
    };
    for (channels, name, words) in [
        (
            vec![channel()],
            "104x1x0".to_owned(),
            "Short channel ID not found: '104x1x0'".to_owned(),
        ),
        (
            vec![channel()],
            "09".repeat(32),
            format!("Channel ID not found: '{}'", "09".repeat(32)),
        ),
        (
            vec![closing.clone()],
            "103x1x0".to_owned(),
            "id: Channel in state CHANNELD_SHUTTING_DOWN".to_owned(),
        ),
        (
            vec![closing.clone()],
            key(2).to_string(),
            "Could not find any active channels of peer with that id".to_owned(),
        ),
    ] {
        assert_eq!(found(&channels, &name), Err(words));
    }
    assert_eq!(found(&[closing], "all"), Ok(0));
    assert!(
        found(&[], "x")
            .unwrap_err()
            .contains("should be a channel ID or short channel ID")
    );
}

#[test]
fn limits_that_the_channel_cannot_have_are_refused_and_wider_ones_are_warned_of() {
    // The channel takes 1 msat to 900,000 sat.
    for (asked, refused) in [
        (asking(None, None), false),
        (asking(Some(1), Some(900_000_000)), false),
        (asking(Some(0), Some(u64::MAX)), false),
        (asking(Some(2), None), true),
        (asking(None, Some(899_999_999)), true),
    ] {
        assert_eq!(asked.check_limits(&channel()).is_err(), refused);
    }
    let terms = |asked: SetChannel| to_value(asked.terms(&channel()).unwrap()).unwrap();
    let plain = terms(asking(Some(1), Some(900_000_000)));
    assert_eq!(mismatches(CHANNEL, &plain), [""; 0]);
    assert_eq!(plain.get("warning_htlcmin_too_low"), None);
    assert_eq!(plain.get("warning_htlcmax_too_high"), None);
    assert_eq!(
        [&plain["minimum_htlc_out_msat"], &plain["maximum_htlc_out_msat"]],
        [&json!(1), &json!(900_000_000)]
    );
    let warned = terms(asking(Some(0), Some(u64::MAX)));
    assert_eq!(mismatches(CHANNEL, &warned), [""; 0]);
    assert!(warned["warning_htlcmin_too_low"].is_string() && warned["warning_htlcmax_too_high"].is_string());
    assert_eq!(warned["maximum_htlc_out_msat"], plain["maximum_htlc_out_msat"]);
}

#[test]
fn a_base_fee_fits_a_channel_update() {
    let fee = |json: &str| BaseFee::from_token(Token::parse(json).unwrap());
    assert_eq!(fee("\"4sat\""), Ok(BaseFee(4_000)));
    assert_eq!(fee("4294967295"), Ok(BaseFee(u32::MAX)));
    assert!(fee("4294967296").is_err());
}
