//! `invoicerequest`, `listinvoicerequests`, `disableinvoicerequest`, and expiry.

use super::*;
use boltill_bolt12::Dialect;
use boltill_ledger::{ChangeDetails, DisableInvoiceRequestError, IndexKind, Subsystem};
use boltill_types::CreatedIndex;

async fn listed(bench: &Bench, id: Option<InvreqId>, active_only: bool) -> Vec<InvoiceRequest> {
    let mut pages = bench.till.list_invoice_requests(id, active_only).await.unwrap();
    let mut all = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        all.extend(page);
    }
    all
}

#[tokio::test]
async fn a_request_says_what_it_was_made_of_and_is_on_file_when_it_is_shown() {
    let bench = public();
    let new = NewRequest {
        issuer: Some("a bank".to_owned()),
        label: Some("atm 7".to_owned()),
        absolute_expiry: Some(UnixSeconds(UnixSeconds::now().0 + 60)),
        ..cash()
    };
    let request = make(&bench, new.clone()).await;
    let read = read(&request.bolt12);
    assert_eq!((read.id(), read.dialect()), (request.id, Dialect::Signed));
    assert_eq!((read.amount(), read.description()), (AMOUNT, Some("cash")));
    assert_eq!(read.absolute_expiry(), new.absolute_expiry);
    assert_eq!(read.request().offer().issuer.as_deref(), Some("a bank"));
    assert_eq!(read.payer_id(), bench.till.lightning().id());
    assert!(read.request().is_signature_valid());
    assert_eq!(read.request().invreq().paths, None);
    assert_eq!(request.label.as_deref(), Some("atm 7"));
    let bench = bench.restart();
    assert_eq!(listed(&bench, None, true).await, [request]);
}

#[tokio::test]
async fn both_dialects_are_one_request() {
    let bench = public();
    let both = NewRequest {
        dialects: Dialects::Both,
        ..cash()
    };
    let request = make(&bench, both).await;
    let unsigned = request.bolt12_unsigned.as_deref().unwrap();
    assert_eq!(read(&request.bolt12).dialect(), Dialect::Signed);
    assert_eq!(read(unsigned).dialect(), Dialect::Unsigned);
    assert_eq!(read(&request.bolt12).to_unsigned().to_string(), unsigned);
    assert_eq!(read(unsigned).id(), request.id);

    let alone = NewRequest {
        dialects: Dialects::Unsigned,
        ..cash()
    };
    let request = make(&bench, alone).await;
    assert_eq!(read(&request.bolt12).dialect(), Dialect::Unsigned);
    assert_eq!(request.bolt12_unsigned, None);
}

#[tokio::test]
async fn a_node_that_is_not_found_by_its_id_puts_paths_into_the_request() {
    let bench = Bench::new();
    let request = make(&bench, cash()).await;
    let paths = read(&request.bolt12).request().invreq().paths.clone();
    assert_eq!(paths.map(|paths| paths.len()), Some(1));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let bench = public();
    let limits = |limits| NewRequest { limits, ..cash() };
    let refusals = [
        (
            NewRequest {
                amount: Msat(0),
                ..cash()
            },
            "amount must be positive",
        ),
        (
            limits(PayoutLimits {
                max_payments: Some(2),
                ..PayoutLimits::default()
            }),
            "max_payments needs single_use=false",
        ),
        (
            limits(PayoutLimits {
                min_interval: Some(2),
                ..PayoutLimits::default()
            }),
            "min_interval needs single_use=false",
        ),
        (
            NewRequest {
                limits: PayoutLimits {
                    max_total: Some(Msat(0)),
                    ..PayoutLimits::default()
                },
                ..wages()
            },
            "max_total_msat must be positive",
        ),
        (
            NewRequest {
                absolute_expiry: Some(UnixSeconds(1_700_000_000)),
                ..cash()
            },
            "absolute_expiry has passed already",
        ),
        (
            NewRequest {
                description: "x".repeat(70_000),
                ..cash()
            },
            "Could not create invoice_request! Unparsable invoice_request: invalid invreq data: longer than 65535 bytes",
        ),
    ];
    for (new, words) in refusals {
        let refused = bench.till.create_invoice_request(new).await.unwrap_err();
        assert_eq!(refused.to_string(), words);
    }
    assert_eq!(listed(&bench, None, false).await, []);
}

#[tokio::test]
async fn requests_are_listed_by_id_or_if_they_are_active() {
    let bench = public();
    let (first, second) = (make(&bench, cash()).await, make(&bench, wages()).await);
    let disabled = bench.till.disable_invoice_request(first.id).await.unwrap();
    assert!(!disabled.active && disabled.updated_index.is_some());
    assert_eq!(
        listed(&bench, None, false).await,
        [disabled.clone(), second.clone()]
    );
    assert_eq!(listed(&bench, None, true).await, [second]);
    assert_eq!(listed(&bench, Some(first.id), false).await, [disabled]);
    assert_eq!(listed(&bench, Some(first.id), true).await, []);
    assert_eq!(listed(&bench, Some(InvreqId([9; 32])), false).await, []);

    let again = bench.till.disable_invoice_request(first.id).await.unwrap_err();
    assert_eq!(again.to_string(), "invoice_request is not active");
    let unknown = bench
        .till
        .disable_invoice_request(InvreqId([9; 32]))
        .await
        .unwrap_err();
    assert_eq!(unknown.to_string(), "Unknown invoice_request");
}

#[tokio::test]
async fn a_request_whose_time_passes_becomes_inactive_by_itself() {
    let bench = public();
    let till = bench.till.clone();
    let task = tokio::spawn(async move { till.run_expiry().await });
    let mut changes = bench.ledger.subscribe();
    // Its last second ends between the check and the filing.
    let brief = NewRequest {
        absolute_expiry: Some(UnixSeconds(UnixSeconds::now().0 - 1)),
        ..cash()
    };
    let request = bench.till.file_request(brief).await.unwrap();
    let change = soon(async {
        loop {
            let change = changes.recv().await.unwrap();
            if change.kind == IndexKind::Updated && change.subsystem() == Subsystem::InvoiceRequests {
                break change;
            }
        }
    })
    .await;
    let ChangeDetails::InvoiceRequest(changed) = &change.details else {
        panic!("{change:?}");
    };
    assert!(changed.id == request.id && !changed.active);
    assert_eq!(listed(&bench, None, true).await, []);
    assert!(matches!(
        bench.till.disable_invoice_request(request.id).await,
        Err(DisableInvoiceRequestError::NotActive(_))
    ));
    let late = invoice(&request.bolt12, "late");
    arrive(&bench, late.as_bytes()).await;
    assert_eq!(
        refusal(&bench, late.as_bytes()),
        "invoice_request no longer available: it has expired"
    );
    task.abort();
}

#[tokio::test]
async fn what_was_paid_is_listed_in_pages() {
    let mut bench = public();
    let request = make(&bench, wages()).await;
    for name in ["a", "b", "c"] {
        arrive(&bench, invoice(&request.bolt12, name).as_bytes()).await;
        let payment = sent(&mut bench).await;
        arrives(&bench, &payment, name).await;
    }
    let page = bench
        .till
        .list_payouts(request.id, CreatedIndex(0), 2)
        .await
        .unwrap();
    assert_eq!(page.payouts.len(), 2);
    assert_eq!(page.next, Some(CreatedIndex(3)));
    let rest = bench
        .till
        .list_payouts(request.id, CreatedIndex(3), 2)
        .await
        .unwrap();
    assert_eq!((rest.payouts.len(), rest.next), (1, None));
    assert_eq!(rest.payouts[0].payment_hash, hash("c"));
}
