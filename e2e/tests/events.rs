//! Events and metrics over HTTPS, from real payments on real daemons.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use boltill_e2e::channels::usable_channel;
use boltill_e2e::flight::received;
use boltill_e2e::http::{EventStream, Https, request, rune};
use boltill_e2e::{Node, SOON, invoice, pay, wait_for};
use hyper::StatusCode;
use serde_json::json;

/// What happens to two invoices and a code of Alice's: one is paid, one expires, the code is paid.
async fn business(alice: &Node, bob: &Node, name: &str) {
    pay(bob, alice, 100_000, &format!("{name}-paid")).await.unwrap();
    let due = json!({"amount_msat": 1, "label": format!("{name}-due"), "description": "", "expiry": 1});
    alice.call("invoice", due).await.unwrap();
    let label = format!("{name}-due");
    let waited = alice.client().call("waitinvoice", json!([label])).await;
    assert_eq!(waited.unwrap_err().code(), Some(903));
    let code = json!({"amount": 200_000, "description": "cash", "label": format!("{name}-code")});
    let code = alice.call("invoicerequest", code).await.unwrap();
    let collect = json!({"invreq": code["bolt12"], "label": name, "timeout": 60});
    let collected = bob.call("sendinvoice", collect).await.unwrap();
    assert_eq!(collected["status"], "paid");
}

/// The events of one business, of each kind in order.
fn expected(name: &str) -> Vec<String> {
    [
        format!("invoice_created {name}-paid"),
        format!("invoice_created {name}-due"),
        format!("invoice_paid {name}-paid"),
        format!("invoice_expired {name}-due"),
        format!("invoicerequest_created {name}-code"),
        format!("payout_begun {name}-code"),
        format!("payout_paid {name}-code"),
    ]
    .to_vec()
}

/// The same, whatever the order between kinds; what is to come after a payout's end is not there yet when its payee knows of it.
fn sorted(mut outlines: Vec<String>) -> Vec<String> {
    outlines.sort();
    outlines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_is_told_once_also_to_who_was_away_and_across_a_crash() {
    let (network, https) = Https::network(2).await;
    let [alice, bob] = network.nodes() else {
        panic!("two nodes")
    };
    usable_channel(bob, alice, true).await.unwrap();
    let follows = rune(alice, json!([["method=events"]])).await;

    let mut live = https.events(&follows, None).await;
    live.begin().await;
    let from = live.last_id.clone();
    business(alice, bob, "a").await;
    let mut told = live.outlines(7).await;
    assert_eq!(sorted(told.clone()), sorted(expected("a")));
    let seen = live.last_id.clone();

    // Killed in the middle of a stream, and the client goes on from where it was.
    pay(bob, alice, 1_000, "b").await.unwrap();
    alice.kill().await;
    while let Some(event) = live.next().await {
        told.push(event.outline());
    }
    let mut after = live.last_id.clone();
    alice.restart_with(&[&https.option()]).await.unwrap();
    let mut again = https.events(&follows, Some(&after)).await;
    usable_channel(bob, alice, true).await.unwrap();
    pay(bob, alice, 1_000, "c").await.unwrap();
    while !told.iter().any(|outline| outline == "invoice_paid c") {
        let event = again.next().await.expect("more events");
        after = event.id.clone();
        told.push(event.outline());
    }
    let mut all = expected("a");
    for name in ["b", "c"] {
        all.push(format!("invoice_created {name}"));
        all.push(format!("invoice_paid {name}"));
    }
    assert_eq!(sorted(told), sorted(all), "each once");

    // From any place on, the rest; from the beginning, all.
    let rest = [
        "invoice_created b",
        "invoice_created c",
        "invoice_paid b",
        "invoice_paid c",
    ];
    let mut late = https.events(&follows, Some(&seen)).await;
    assert_eq!(late.outlines(4).await, rest);
    let mut first = https.events(&follows, Some(&from)).await;
    let outlines = first.outlines(11).await;
    for kind in ["invoice_created", "invoice_paid"] {
        let of_kind: Vec<_> = outlines
            .iter()
            .filter(|outline| outline.starts_with(kind))
            .collect();
        let mut in_order = of_kind.clone();
        in_order.sort_by_key(|outline| {
            ["a-paid", "a-due", " b", " c"]
                .iter()
                .position(|name| outline.ends_with(name))
        });
        assert_eq!(of_kind, in_order);
    }
    let path = format!("/v1/events?after={after}");
    let response = https
        .send(request("GET", &path, Some(&follows), String::new()))
        .await;
    assert_eq!(response.unwrap().status(), StatusCode::OK);

    // A daemon that stops does not wait for who follows.
    assert!(alice.stop().await.is_some_and(|status| status.success()));
    while again.next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_follow_is_refused_and_cut_off() {
    let (network, https) = Https::network(1).await;
    let alice = network.node("alice").unwrap();
    let follows = rune(alice, json!([["method=events"]])).await;
    let reads = rune(alice, json!("readonly")).await;
    let get = |path: &str, rune: Option<&str>| request("GET", path, rune, String::new());
    for (request, status, code) in [
        (get("/v1/events", None), 403, 1501),
        (get("/v1/events", Some(&reads)), 401, 1502),
        (get("/v1/events?after=7", Some(&follows)), 400, -32602),
        (
            get("/v1/events?after=c9.p9.u9.r9.b9.e9", Some(&follows)),
            400,
            -32602,
        ),
        (
            request("POST", "/v1/events", Some(&follows), String::new()),
            405,
            -32601,
        ),
        (get("/metrics", Some(&follows)), 401, 1502),
        (get("/metrics", None), 403, 1501),
    ] {
        let path = request.uri().to_string();
        let reply = https.reply(request).await;
        assert_eq!(
            (reply.status.as_u16(), reply.json()["code"].as_i64()),
            (status, Some(code)),
            "{path}"
        );
    }

    // As many as may follow, and one more; who hangs up makes room.
    let mut streams: Vec<EventStream> = Vec::new();
    for _ in 0..64 {
        let mut stream = https.events(&follows, None).await;
        stream.begin().await;
        streams.push(stream);
    }
    let full = https.reply(get("/v1/events", Some(&follows))).await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(alice.call("getinfo", json!({})).await.is_ok());
    streams.truncate(1);
    let room = async || {
        let response = https.send(get("/v1/events", Some(&follows))).await.unwrap();
        Ok((response.status() == StatusCode::OK).then_some(()))
    };
    wait_for("there is room again", SOON, room).await.unwrap();

    // A rune that is withdrawn ends what it has begun, at the next event.
    alice.call("blacklistrune", json!([0])).await.unwrap();
    invoice(alice, 1_000, "unseen").await.unwrap();
    assert_eq!(streams[0].next().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_count_what_has_happened() {
    let (network, https) = Https::network(2).await;
    let [alice, bob] = network.nodes() else {
        panic!("two nodes")
    };
    usable_channel(bob, alice, true).await.unwrap();
    let measures = rune(alice, json!([["method=metrics"]])).await;
    pay(bob, alice, 100_000, "paid").await.unwrap();
    received(alice, "paid").await.unwrap();
    invoice(alice, 1_000, "unpaid").await.unwrap();
    let mut get = request("GET", "/metrics", None, String::new());
    let bearer = format!("Bearer {measures}").parse().unwrap();
    get.headers_mut().insert("authorization", bearer);
    let reply = https.reply(get).await;
    assert_eq!(reply.status, StatusCode::OK);
    let value = |name: &str| -> f64 {
        let line = reply.text.lines().find_map(|line| line.strip_prefix(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {}", reply.text));
        line.trim().parse().unwrap()
    };
    let info = alice.call("getinfo", json!({})).await.unwrap();
    for (name, expected) in [
        ("boltill_ready ", 1.0),
        ("boltill_invoices_created_total ", 2.0),
        ("boltill_invoices_paid_total ", 1.0),
        ("boltill_peers_connected ", 1.0),
        (r#"boltill_channels{state="CHANNELD_NORMAL"} "#, 1.0),
        ("boltill_channels_usable ", 1.0),
        ("boltill_block_height ", info["blockheight"].as_f64().unwrap()),
    ] {
        assert_eq!(value(name), expected, "{name}");
    }
    for name in [
        "boltill_channels_to_us_msat ",
        "boltill_ledger_commits_total ",
        "boltill_ledger_commit_seconds_total ",
        "process_resident_memory_bytes ",
        "process_open_fds ",
    ] {
        assert!(value(name) > 0.0, "{name}");
    }
}
