//! Channels that nobody should have to accept, or too many of them.

use crate::MANY;
use crate::attacked::Attacked;
use crate::noise::Peer;
use crate::words::{ACCEPT_CHANNEL, ERROR, OPEN_CHANNEL, Offer, text_of};
use boltill_e2e::NetworkError;
use serde_json::json;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn channels_with_absurd_parameters_are_refused_with_the_reason() -> Result<(), NetworkError> {
    let attacked = Attacked::start().await;
    let bob = attacked.bob();
    let mut peer = Peer::connect(bob).await;
    let name = peer.id.to_string();
    for (offer, reason) in absurd_offers() {
        peer.say(OPEN_CHANNEL, &offer.payload()).await;
        let (kind, answer) = peer.hear_one_of(&[ERROR, ACCEPT_CHANNEL]).await;
        assert_eq!(
            kind, ERROR,
            "{offer:?} is accepted and should be refused: {reason}"
        );
        assert_eq!(answer[..32], offer.temporary_id, "{offer:?}");
        let text = text_of(&answer);
        assert!(text.contains(reason), "{text} in place of {reason}");
        attacked.has_written(&[&name, reason]).await?;
    }
    let channels = bob.call("listpeerchannels", json!({})).await?;
    assert_eq!(
        channels["channels"],
        json!([]),
        "nothing is held, though the peer is there"
    );

    // The same id twice.
    let sound = Offer::sound();
    peer.say(OPEN_CHANNEL, &sound.payload()).await;
    peer.hear(ACCEPT_CHANNEL).await;
    peer.say(OPEN_CHANNEL, &sound.payload()).await;
    assert!(text_of(&peer.hear(ERROR).await).contains("collision"));

    // A key that is none.
    let mut payload = Offer::sound().payload();
    payload[32 + 32 + 6 * 8 + 4 + 2 + 2..][..33].fill(0xff);
    peer.say(OPEN_CHANNEL, &payload).await;
    assert!(peer.is_sent_away().await, "a key that is none");
    attacked.proves_unharmed().await
}

fn absurd_offers() -> Vec<(Offer, &'static str)> {
    fn offer(change: impl FnOnce(&mut Offer)) -> Offer {
        Offer::with(change)
    }
    vec![
        (offer(|offer| offer.funding_sat = 0), "which is below 10000sat"),
        (
            offer(|offer| offer.funding_sat = 9_999),
            "which is below 10000sat",
        ),
        (
            offer(|offer| offer.funding_sat = u64::MAX),
            "funding must be at most",
        ),
        (
            offer(|offer| offer.reserve_sat = 2_000_000),
            "which is below 10000sat",
        ),
        (
            offer(|offer| offer.reserve_sat = 900_000),
            "channel_reserve_satoshis",
        ),
        (
            offer(|offer| offer.max_in_flight_msat = 0),
            "which is below 10000sat",
        ),
        (
            offer(|offer| offer.htlc_minimum_msat = u64::MAX),
            "htlc_minimum_msat",
        ),
        (offer(|offer| offer.push_msat = 1_000_000_001), "push_msat"),
        (offer(|offer| offer.push_msat = u64::MAX), "push_msat"),
        (offer(|offer| offer.dust_limit_sat = 0), "dust_limit_satoshis"),
        (
            offer(|offer| offer.dust_limit_sat = 500_000),
            "dust_limit_satoshis",
        ),
        (
            offer(|offer| offer.to_self_delay = 65_535),
            "needlessly long period",
        ),
        (
            offer(|offer| offer.max_accepted_htlcs = 0),
            "0 max_accepted_htlcs",
        ),
        (
            offer(|offer| offer.max_accepted_htlcs = 1_000),
            "max_accepted_htlcs was 1000",
        ),
        (offer(|offer| offer.feerate = 0), "feerate"),
        (offer(|offer| offer.feerate = u32::MAX), "fee"),
        (
            offer(|offer| offer.chain = [0x42; 32]),
            "Unknown genesis block hash",
        ),
        (offer(|offer| offer.channel_type = vec![0x01; 40]), "hannel"),
        (
            offer(|offer| offer.shutdown_script = vec![0x6a; 20]),
            "scriptpubkey",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_channels_that_nobody_funds_is_bounded_and_forgotten() -> Result<(), NetworkError> {
    let attacked = Attacked::start().await;
    let bob = attacked.bob();
    let coins = bob.call("listfunds", json!({})).await?;

    let mut greedy = Peer::connect(bob).await;
    assert_eq!(
        accepted(&mut greedy, MANY).await,
        4,
        "no more than four of one peer"
    );
    // All of them stay: whoever did not answer bob's pings would soon be gone, and make room.
    let name = greedy.id.to_string();
    let mut staying = JoinSet::new();
    staying.spawn(greedy.stays());
    let mut more = 0;
    for _ in 0..80 {
        let mut peer = Peer::connect(bob).await;
        more += accepted(&mut peer, 1).await;
        staying.spawn(peer.stays());
    }
    assert!((1..80).contains(&more), "{more} of as many peers");
    let channels = bob.call("listpeerchannels", json!({})).await?;
    let held = channels["channels"].as_array().unwrap().len();
    assert!(
        (1..=54).contains(&held),
        "four of one, one of 50 each, and not {held}"
    );
    assert_eq!(
        bob.call("listfunds", json!({})).await?["outputs"],
        coins["outputs"]
    );
    attacked
        .has_written(&[&name, "Refusing more than 4 unfunded channels"])
        .await?;
    staying.shutdown().await;
    attacked.holds_nothing().await?;

    // Those that do not exist any more take no room: bob takes as many again.
    let mut again = Peer::connect(bob).await;
    assert_eq!(accepted(&mut again, 6).await, 4);
    drop(again);
    attacked.proves_unharmed().await
}

/// Offers so many channels, and counts those that are accepted.
async fn accepted(peer: &mut Peer, offers: usize) -> usize {
    for _ in 0..offers {
        peer.say(OPEN_CHANNEL, &Offer::sound().payload()).await;
    }
    let mut accepted = 0;
    for _ in 0..offers {
        let (kind, _) = peer.hear_one_of(&[ERROR, ACCEPT_CHANNEL]).await;
        accepted += usize::from(kind == ACCEPT_CHANNEL);
    }
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_whose_funding_does_not_confirm_are_no_more_than_four() -> Result<(), NetworkError> {
    let attacked = Attacked::start().await;
    let (alice, bob) = (attacked.alice(), attacked.bob());
    let place = json!({"id": format!("{}@{}", bob.id(), bob.p2p())});
    alice.call("connect", place).await?;
    // One coin for each channel.
    let address = alice.call("newaddr", json!({"addresstype": "bech32"})).await?;
    for _ in 0..5 {
        let miner = attacked.network().miner();
        miner.pay(address["bech32"].as_str().unwrap(), 2_000_000).await?;
    }
    attacked.network().mine(1).await?;
    let open = json!({"id": bob.id(), "amount": 1_000_000, "announce": false});
    for _ in 0..4 {
        alice.call("fundchannel", &open).await?;
    }
    let refused = alice.call("fundchannel", &open).await.unwrap_err().to_string();
    assert!(refused.contains("unfunded channels"), "{refused}");
    attacked
        .has_written(&[alice.id(), "Refusing more than 4 unfunded channels"])
        .await?;
    let channels = bob.call("listpeerchannels", json!({})).await?;
    assert_eq!(channels["channels"].as_array().unwrap().len(), 4);
    attacked.network().mine(6).await?;
    attacked.takes_a_channel_and_a_payment().await
}
