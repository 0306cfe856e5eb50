//! Peers that mean no good: what they send is refused and written down with their names, nothing of it stays, and others do not
//! notice. The attacker is alice's neighbour; bob is the one who is attacked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod attacked;
mod noise;
mod words;

use attacked::Attacked;
use bitcoin::secp256k1::Secp256k1;
use boltill_e2e::{NetworkError, SOON, wait_for};
use noise::{ActOne, INIT, Peer, dial, is_hung_up_on, random_id, random_secret};
use rand::RngCore;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use words::{
    ACCEPT_CHANNEL, CHANNEL_ANNOUNCEMENT, CHANNEL_UPDATE, ERROR, KNOWN_TYPES, NODE_ANNOUNCEMENT,
    ONION_MESSAGE, OPEN_CHANNEL, Offer, PING, PONG, WARNING, channel_announcement, channel_update,
    node_announcement, onion_message, ping, text_of,
};

/// How many try the same thing where one alone would not be noticed.
const MANY: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_finish_the_handshake_is_hung_up_on_and_keeps_nobody_out() -> Result<(), NetworkError>
{
    let attacked = Attacked::start().await;
    let bob = attacked.bob();

    let mut noise = [0; 4_000];
    rand::rng().fill_bytes(&mut noise);
    let mut stream = dial(bob).await;
    stream.write_all(&noise).await.unwrap();
    assert!(is_hung_up_on(&mut stream).await, "noise in place of act one");

    let mut stream = dial(bob).await;
    stream.write_all(&ActOne::to(bob).bytes).await.unwrap();
    stream.write_all(&noise).await.unwrap();
    assert!(is_hung_up_on(&mut stream).await, "noise in place of act three");

    let mut stream = dial(bob).await;
    let mut wrong_version = ActOne::to(bob).bytes;
    wrong_version[0] = 1;
    stream.write_all(&wrong_version).await.unwrap();
    assert!(is_hung_up_on(&mut stream).await, "act one of another version");

    for _ in 0..MANY {
        drop(dial(bob).await);
    }

    // All of these wait for bob to lose patience.
    let mut at_the_door = Vec::new();
    for number in 0..MANY {
        let mut stream = dial(bob).await;
        match number % 3 {
            0 => {}
            1 => stream.write_all(&[0; 20]).await.unwrap(),
            _ => stream.write_all(&ActOne::to(bob).bytes).await.unwrap(),
        }
        at_the_door.push(stream);
    }
    let place = json!({"id": format!("{}@{}", bob.id(), bob.p2p())});
    attacked.alice().call("connect", place).await?;
    assert!(
        is_hung_up_on(&mut at_the_door[0]).await,
        "who waits longest makes room"
    );
    attacked
        .has_written(&["127.0.0.1:", "has not said for long who it is"])
        .await?;
    for stream in &mut at_the_door {
        assert!(is_hung_up_on(stream).await, "a handshake that stops half-way");
    }
    attacked
        .alice()
        .call("disconnect", json!({"id": bob.id()}))
        .await?;
    attacked.proves_unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_come_to_stay_make_room_for_those_who_come_to_open_a_channel()
-> Result<(), NetworkError> {
    let attacked = Attacked::start().await;
    let bob = attacked.bob();
    let mut strangers = Vec::new();
    // LDK takes 250 without a channel.
    for _ in 0..MANY {
        strangers.push(Peer::connect(bob).await);
    }
    let place = json!({"id": format!("{}@{}", bob.id(), bob.p2p())});
    wait_for("alice is let in", SOON, || async {
        let connected = attacked.alice().call("connect", &place).await;
        Ok(connected.ok())
    })
    .await?;
    wait_for("there are no more than 200 strangers", SOON, || async {
        let peers = bob.call("listpeers", json!({})).await?;
        Ok((peers["peers"].as_array().unwrap().len() <= 201).then_some(()))
    })
    .await?;
    attacked
        .has_written(&["has no channel and makes room for others"])
        .await?;
    drop(strangers);
    // She may have been the one who had to go.
    let _ = attacked.alice().call("disconnect", json!({"id": bob.id()})).await;
    attacked.proves_unharmed().await
}

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
    let info = bob.call("getinfo", json!({})).await?;
    assert_eq!(info["num_peers"], 4);
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
    let mut others = Vec::new();
    let mut more = 0;
    for _ in 0..80 {
        let mut peer = Peer::connect(bob).await;
        more += accepted(&mut peer, 1).await;
        others.push(peer);
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
        .has_written(&[&greedy.id.to_string(), "Refusing more than 4 unfunded channels"])
        .await?;
    drop((greedy, others));
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

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_hangs_up_after_its_greeting_is_told_apart_from_one_that_cannot_be_reached()
-> Result<(), NetworkError> {
    let attacked = Attacked::start().await;
    let nobody = json!({"id": random_id().to_string()});
    let no_address = attacked.alice().call("connect", nobody).await.unwrap_err();
    assert_eq!(no_address.code(), Some(400), "{no_address}");

    let wrong_key = json!({"id": format!("{}@{}", random_id(), attacked.bob().p2p())});
    let wrong_key = attacked.alice().call("connect", wrong_key).await.unwrap_err();
    assert_eq!(wrong_key.code(), Some(401), "{wrong_key}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let secret = random_secret();
    let id = secret.public_key(&Secp256k1::signing_only());
    let fickle = json!({"id": format!("{id}@{}", listener.local_addr().unwrap())});
    let hangs_up = tokio::spawn(async move {
        loop {
            let mut peer = Peer::answer(&listener, &secret).await;
            let init = peer.hear(INIT).await;
            peer.say(INIT, &init).await;
            // What nobody may do.
            peer.say(INIT, &init).await;
        }
    });
    // Sometimes alice is told that she is connected before that is over.
    wait_for("alice is told of the peer that hung up", SOON, || async {
        let outcome = attacked.alice().call("connect", &fickle).await;
        Ok(outcome.err().filter(|error| error.code() == Some(402)))
    })
    .await?;
    hangs_up.abort();
    // Where it was is forgotten.
    wait_for("alice does not know it any more", SOON, || async {
        let id = json!({"id": id.to_string()});
        let outcome = attacked.alice().call("connect", id).await;
        Ok(outcome.err().filter(|error| error.code() == Some(400)))
    })
    .await?;
    attacked.proves_unharmed().await
}
