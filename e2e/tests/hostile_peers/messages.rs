//! What can be said without a channel: greetings, errors, pings, gossip.

use crate::MANY;
use crate::attacked::Attacked;
use crate::noise::{INIT, Peer};
use crate::words::{
    self, CHANNEL_ANNOUNCEMENT, CHANNEL_UPDATE, ERROR, KNOWN_TYPES, NODE_ANNOUNCEMENT, ONION_MESSAGE, PING,
    PONG, WARNING, channel_announcement, channel_update, node_announcement, onion_message, ping, text_of,
};
use boltill_e2e::{NetworkError, SOON, wait_for};
use rand::RngCore;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_breaks_the_rules_of_the_first_messages_is_sent_away() -> Result<(), NetworkError> {
    let attacked = Attacked::start().await;
    let bob = attacked.bob();

    let mut peer = Peer::shake_hands(bob).await;
    let mut noise = [0; 4_000];
    rand::rng().fill_bytes(&mut noise);
    peer.say_bytes(&noise).await;
    assert!(peer.is_sent_away().await, "noise after the handshake");

    let mut peer = Peer::shake_hands(bob).await;
    peer.say(PING, &ping(8)).await;
    assert!(peer.is_sent_away().await, "no init");
    let name = peer.id.to_string();
    attacked.has_written(&[&name, "non-Init first message"]).await?;

    let mut peer = Peer::connect(bob).await;
    peer.say(INIT, &[0, 0, 0, 0]).await;
    assert!(peer.is_sent_away().await, "a second init");

    // A bit of 70,000 that only those may ignore who know it.
    let mut peer = Peer::shake_hands(bob).await;
    let mut features = vec![0; 8_750];
    features[0] = 1;
    peer.say(INIT, &init(&features)).await;
    assert!(
        peer.is_sent_away().await,
        "a feature that nobody knows is demanded"
    );
    let name = peer.id.to_string();
    attacked
        .has_written(&[&name, "requires features unknown"])
        .await?;

    let mut peer = Peer::shake_hands(bob).await;
    let ours = peer.hear(INIT).await;
    let known = &ours[4 + usize::from(ours[1])..][..usize::from(ours[3 + usize::from(ours[1])])];
    let mut features = vec![0xaa; 60_000];
    features.extend(known);
    peer.say(INIT, &init(&features)).await;
    assert!(peer.is_sent_away().await, "features of 60,000 bytes");
    let name = peer.id.to_string();
    attacked.has_written(&[&name, "features of 60"]).await?;

    let mut peer = Peer::shake_hands(bob).await;
    let mut other_chain = peer.hear(INIT).await;
    other_chain.truncate(
        4 + usize::from(other_chain[1]) + usize::from(other_chain[3 + usize::from(other_chain[1])]),
    );
    other_chain.extend([1, 32]);
    other_chain.extend([0x42; 32]);
    peer.say(INIT, &other_chain).await;
    assert!(peer.is_sent_away().await, "another chain");
    attacked.proves_unharmed().await
}

/// An `init` with these features only.
fn init(features: &[u8]) -> Vec<u8> {
    let length = u16::try_from(features.len()).unwrap();
    [&[0, 0], &length.to_be_bytes()[..], features].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_cut_short_or_unknown_are_refused() -> Result<(), NetworkError> {
    let attacked = Attacked::start().await;
    let bob = attacked.bob();
    for kind in KNOWN_TYPES {
        let mut peer = Peer::connect(bob).await;
        peer.say(kind, &[0, 0, 1]).await;
        // Gossip, and what is asked about it, is only warned about.
        if (256..=264).contains(&kind) && kind != 259 {
            let warning = peer.hear(WARNING).await;
            assert!(
                text_of(&warning).contains("bogus gossip"),
                "{}",
                text_of(&warning)
            );
        } else {
            assert!(
                peer.is_sent_away().await,
                "the beginning of a message of type {kind}"
            );
        }
    }
    let mut peer = Peer::connect(bob).await;
    peer.say(40_000, b"you must know this").await;
    assert!(peer.is_sent_away().await, "an unknown message of an even type");

    // Odd ones may be ignored, however many there are.
    let mut peer = Peer::connect(bob).await;
    for _ in 0..MANY {
        peer.say(40_001, &[0x55; 60_000]).await;
        peer.say(ONION_MESSAGE, &onion_message()).await;
    }
    peer.say(PING, &ping(8)).await;
    peer.hear(PONG).await;
    drop(peer);
    attacked.proves_unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_without_end_and_pings_that_want_too_much_cost_little() -> Result<(), NetworkError> {
    let attacked = Attacked::start().await;
    let bob = attacked.bob();

    let mut peer = Peer::connect(bob).await;
    let text =
        "\x1b[2J\x1b]0;pwned\x07\r\n2026-01-01T00:00:00Z **BROKEN** node: your coins are gone".repeat(700);
    for number in 0..MANY {
        let channel = [u8::try_from(number % 250 + 1).unwrap(); 32];
        peer.say(ERROR, &words::error(channel, text.as_bytes())).await;
        peer.say(WARNING, &words::error(channel, text.as_bytes())).await;
    }
    peer.say(ERROR, &words::error([0; 32], text.as_bytes())).await;
    assert!(peer.is_sent_away().await, "an error about everything");
    let name = peer.id.to_string();
    attacked
        .has_written(&[&name, "says that there is an error"])
        .await?;
    assert!(
        !attacked
            .log()
            .lines()
            .any(|line| line.starts_with("2026-01-01T00:00:00Z"))
    );

    // They want 260 MB in all, and do not listen.
    let mut deaf = Vec::new();
    for _ in 0..4 {
        let mut peer = Peer::connect(bob).await;
        for _ in 0..1_000 {
            peer.say(PING, &ping(65_531)).await;
        }
        deaf.push(peer);
    }
    wait_for("bob has let in all four", SOON, || async {
        let info = bob.call("getinfo", json!({})).await?;
        Ok((info["num_peers"] == 4).then_some(()))
    })
    .await?;
    attacked.has_not_grown().await;
    // Without this it takes two of LDK's pings until bob sees that they have gone, because he does not listen to them either.
    for peer in deaf {
        assert!(peer.takes_leave().await);
    }
    attacked.proves_unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn gossip_about_nothing_leaves_no_trace() -> Result<(), NetworkError> {
    let attacked = Attacked::start().await;
    let bob = attacked.bob();
    let mut peer = Peer::connect(bob).await;
    for number in 0..MANY as u64 {
        // Blocks that there are, and blocks that there are not.
        let block = (number * 7) << 40;
        peer.say(
            CHANNEL_ANNOUNCEMENT,
            &channel_announcement(block | number << 16, false),
        )
        .await;
        peer.say(
            CHANNEL_ANNOUNCEMENT,
            &channel_announcement(block | number << 16, true),
        )
        .await;
        for update in 0..10 {
            peer.say(CHANNEL_UPDATE, &channel_update(block | update)).await;
            peer.say(NODE_ANNOUNCEMENT, &node_announcement()).await;
        }
    }
    // In the order of what was said, so all of it has been dealt with.
    peer.say(PING, &ping(8)).await;
    peer.hear(PONG).await;
    let channels = bob.call("listchannels", json!({})).await?;
    assert_eq!(channels["channels"], json!([]));
    let nodes = bob.call("listnodes", json!({})).await?;
    assert_eq!(nodes["nodes"], json!([]));
    drop(peer);
    attacked.proves_unharmed().await
}
