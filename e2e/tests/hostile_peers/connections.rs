//! Coming and going: handshakes that do not end, strangers who stay, peers that hang up.

use crate::MANY;
use crate::attacked::Attacked;
use crate::noise::{ActOne, INIT, Peer, dial, is_hung_up_on, random_id, random_secret};
use bitcoin::secp256k1::Secp256k1;
use boltill_e2e::{NetworkError, SOON, wait_for};
use rand::RngCore;
use serde_json::json;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

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
    let mut strangers = JoinSet::new();
    // LDK takes 250 without a channel, as long as they answer its pings.
    for _ in 0..MANY {
        strangers.spawn(Peer::connect(bob).await.stays());
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
    strangers.shutdown().await;
    // She may have been the one who had to go.
    let _ = attacked.alice().call("disconnect", json!({"id": bob.id()})).await;
    attacked.proves_unharmed().await
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
    let listener = Arc::new(listener);
    let hangs_up = tokio::spawn(async move {
        loop {
            let listener = Arc::clone(&listener);
            // Alice may lose patience with it before it has said anything; then the next time counts.
            let _ = tokio::spawn(async move {
                let mut peer = Peer::answer(&listener, &secret).await;
                let init = peer.hear(INIT).await;
                peer.say(INIT, &init).await;
                // What nobody may do.
                peer.say(INIT, &init).await;
            })
            .await;
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
