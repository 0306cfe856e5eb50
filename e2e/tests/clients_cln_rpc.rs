//! The crate `cln-rpc` of Core Lightning's makers works over the socket: it has a type for every request and every answer, and what
//! does not fit is an error.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]
#![allow(
    deprecated,
    reason = "what Core Lightning is about to leave is called as long as it is there"
)]

use boltill_e2e::answers::Answers;
use boltill_e2e::relay::Relay;
use boltill_e2e::{SOON, line_of, wait_for};
use cln_rpc::model::requests::*;
use cln_rpc::model::responses::*;
use cln_rpc::primitives::Amount;
use cln_rpc::{ClnRpc, RpcError, TypedRequest};
use serde_json::{Value, json};

/// What is called here.
const CALLED: &[&str] = &[
    "decode",
    "delinvoice",
    "fetchinvoice",
    "getinfo",
    "getroute",
    "invoice",
    "invoicerequest",
    "keysend",
    "listchannels",
    "listforwards",
    "listfunds",
    "listinvoicerequests",
    "listinvoices",
    "listnodes",
    "listoffers",
    "listpays",
    "listpeerchannels",
    "listpeers",
    "listsendpays",
    "listtransactions",
    "newaddr",
    "offer",
    "pay",
    "sendinvoice",
    "sendpay",
    "wait",
    "waitanyinvoice",
    "waitinvoice",
    "waitsendpay",
    "xpay",
];

/// A node by way of the crate: a connection for each call, as one that waits keeps its connection.
struct Typed<'a>(&'a Relay);

impl Typed<'_> {
    /// Calls the command of this request, and takes the answer into the crate's type.
    async fn ask<R>(&self, params: Value) -> Result<R::Response, RpcError>
    where
        R: TypedRequest + serde::Serialize + serde::de::DeserializeOwned + std::fmt::Debug,
        R::Response: serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let request: R = serde_json::from_value(params).expect("a request as the crate has it");
        let mut rpc = ClnRpc::new(self.0.socket()).await.expect("the socket");
        rpc.call_typed(&request).await
    }

    async fn call<R>(&self, params: Value) -> R::Response
    where
        R: TypedRequest + serde::Serialize + serde::de::DeserializeOwned + std::fmt::Debug,
        R::Response: serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let answer = self.ask::<R>(params).await;
        answer.unwrap_or_else(|error| panic!("{}: {error:?}", std::any::type_name::<R>()))
    }
}

fn msat(amount: u64) -> Option<Amount> {
    Some(Amount::from_msat(amount))
}

/// An invoice from its making to its deletion.
async fn use_invoices(alice: &Typed<'_>, bob: &Typed<'_>) {
    let made =
        json!({"amount_msat": "25000msat", "label": "coffee", "description": "one cup", "expiry": 600});
    let made = bob.call::<InvoiceRequest>(made).await;
    assert_eq!(made.created_index, 1);
    let decoded = alice.call::<DecodeRequest>(json!({"string": made.bolt11})).await;
    assert!(decoded.valid && decoded.item_type == DecodeType::BOLT11_INVOICE);
    assert_eq!(decoded.amount_msat, msat(25_000));
    let listed = bob
        .call::<ListinvoicesRequest>(json!({"label": "coffee"}))
        .await
        .invoices;
    assert_eq!(listed[0].status, ListinvoicesInvoicesStatus::UNPAID);

    let waited = bob.call::<WaitinvoiceRequest>(json!({"label": "coffee"}));
    let any = bob.call::<WaitanyinvoiceRequest>(json!({"lastpay_index": 0, "timeout": 60}));
    let paid = alice.call::<PayRequest>(json!({"bolt11": made.bolt11, "maxfee": 1000}));
    let (waited, any, paid) = tokio::join!(waited, any, paid);
    assert_eq!(waited.status, WaitinvoiceStatus::PAID);
    assert_eq!((any.pay_index, any.label.as_str()), (Some(1), "coffee"));
    assert_eq!(paid.status, PayStatus::COMPLETE);
    let preimage = waited.payment_preimage.unwrap();
    assert_eq!(paid.payment_preimage.to_vec(), preimage.to_vec());

    let by_hash = json!({"payment_hash": made.payment_hash.to_string()});
    let listed = bob.call::<ListinvoicesRequest>(by_hash.clone()).await.invoices;
    assert_eq!(listed[0].amount_received_msat, msat(25_000));
    let pays = alice.call::<ListpaysRequest>(by_hash.clone()).await.pays;
    assert_eq!(pays[0].status, ListpaysPaysStatus::COMPLETE);
    let payments = alice.call::<ListsendpaysRequest>(by_hash).await.payments;
    assert_eq!(payments[0].status, ListsendpaysPaymentsStatus::COMPLETE);
    let again = json!({"amount_msat": "1msat", "label": "coffee", "description": "once more"});
    let refused = bob.ask::<InvoiceRequest>(again).await.unwrap_err();
    assert_eq!(refused.code, Some(900), "{refused:?}");
    let deleted = json!({"label": "coffee", "status": "paid"});
    assert_eq!(bob.call::<DelinvoiceRequest>(deleted).await.label, "coffee");
    let counted = json!({"subsystem": "invoices", "indexname": "created", "nextvalue": 1});
    assert_eq!(bob.call::<WaitRequest>(counted).await.created, Some(1));
}

/// An offer, and a code that is paid to whoever shows it.
async fn use_codes(alice: &Typed<'_>, bob: &Typed<'_>) {
    let offer = bob
        .call::<OfferRequest>(json!({"amount": "5sat", "description": "lemonade"}))
        .await;
    let fetched = alice
        .call::<FetchinvoiceRequest>(json!({"offer": offer.bolt12}))
        .await;
    let decoded = alice
        .call::<DecodeRequest>(json!({"string": fetched.invoice}))
        .await;
    assert_eq!(decoded.item_type, DecodeType::BOLT12_INVOICE);
    let paid = alice
        .call::<XpayRequest>(json!({"invstring": fetched.invoice}))
        .await;
    assert_eq!(paid.amount_msat, Amount::from_msat(5_000));
    let offers = bob
        .call::<ListoffersRequest>(json!({"offer_id": offer.offer_id.to_string()}))
        .await
        .offers;
    assert!(offers[0].active);

    let code = json!({"amount": 6_000, "description": "deposit back"});
    let code = alice.call::<InvoicerequestRequest>(code).await;
    let decoded = bob.call::<DecodeRequest>(json!({"string": code.bolt12})).await;
    assert_eq!(decoded.item_type, DecodeType::BOLT12_INVOICE_REQUEST);
    let collect = json!({"invreq": code.bolt12, "label": "deposit", "timeout": 60});
    let collected = bob.call::<SendinvoiceRequest>(collect).await;
    assert_eq!(collected.status, SendinvoiceStatus::PAID);
    let requests = json!({"invreq_id": code.invreq_id.to_string()});
    // Whoever pays hears last that it has arrived.
    let used = wait_for("the code is used", SOON, || async {
        let listed = alice.call::<ListinvoicerequestsRequest>(requests.clone()).await;
        let request = listed.invoicerequests.into_iter().next();
        Ok(request.filter(|request| request.used))
    });
    assert!(!used.await.unwrap().active);
}

/// Payments by a route of our own, and without an invoice.
async fn use_routes(alice: &Typed<'_>, bob: &Typed<'_>) {
    let id = bob.call::<GetinfoRequest>(json!({})).await.id;
    let made = json!({"amount_msat": "3000msat", "label": "routed", "description": "by a given way"});
    let made = bob.call::<InvoiceRequest>(made).await;
    let decoded = alice.call::<DecodeRequest>(json!({"string": made.bolt11})).await;
    let wanted =
        json!({"id": id, "amount_msat": 3_000, "riskfactor": 1, "cltv": decoded.min_final_cltv_expiry});
    let route = alice.call::<GetrouteRequest>(wanted).await.route;
    let hops: Vec<Value> = route
        .iter()
        .map(|hop| json!({"id": hop.id, "channel": hop.channel, "delay": hop.delay, "amount_msat": hop.amount_msat}))
        .collect();
    let sent = json!({"route": hops, "payment_hash": made.payment_hash.to_string(), "bolt11": made.bolt11,
        "payment_secret": serde_json::to_value(made.payment_secret).unwrap()});
    let sent = alice.call::<SendpayRequest>(sent).await;
    let waited = json!({"payment_hash": sent.payment_hash.to_string(), "timeout": 60});
    assert_eq!(
        alice.call::<WaitsendpayRequest>(waited).await.status,
        WaitsendpayStatus::COMPLETE
    );
    let gift = json!({"destination": id, "amount_msat": 4_000});
    assert_eq!(
        alice.call::<KeysendRequest>(gift).await.status,
        KeysendStatus::COMPLETE
    );
}

/// What is looked at besides.
async fn look_around(alice: &Typed<'_>, bob: &Typed<'_>) {
    let info = alice.call::<GetinfoRequest>(json!({})).await;
    assert_eq!(info.network, "regtest");
    assert_eq!(bob.call::<ListpeersRequest>(json!({})).await.peers[0].id, info.id);
    let [channel] = &alice.call::<ListpeerchannelsRequest>(json!({})).await.channels[..] else {
        panic!("there is one channel");
    };
    assert_eq!(channel.state, cln_rpc::primitives::ChannelState::CHANNELD_NORMAL);
    let own = json!({"source": info.id});
    assert_eq!(bob.call::<ListchannelsRequest>(own).await.channels.len(), 1);
    assert_eq!(bob.call::<ListnodesRequest>(json!({})).await.nodes.len(), 2);
    assert_eq!(bob.call::<ListfundsRequest>(json!({})).await.channels.len(), 1);
    assert!(
        bob.call::<ListforwardsRequest>(json!({}))
            .await
            .forwards
            .is_empty()
    );
    assert!(
        !alice
            .call::<ListtransactionsRequest>(json!({}))
            .await
            .transactions
            .is_empty()
    );
    assert!(alice.call::<NewaddrRequest>(json!({})).await.p2tr.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_crate_cln_rpc_takes_every_answer_into_its_types() {
    let network = line_of(2).await;
    let answers = Answers::new();
    let relays: Vec<_> = network.nodes().iter().map(|node| answers.relay(node)).collect();
    let (alice, bob) = (Typed(&relays[0]), Typed(&relays[1]));
    use_invoices(&alice, &bob).await;
    use_codes(&alice, &bob).await;
    use_routes(&alice, &bob).await;
    look_around(&alice, &bob).await;
    answers.all_fit(CALLED);
}
