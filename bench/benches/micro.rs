//! What the parts of a call cost by themselves: `cargo bench -p boltill-bench`.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark that cannot go on fails"
)]

use bitcoin::Network;
use bitcoin::constants::ChainHash;
use boltill_bench::cpu;
use boltill_bench::sample::{self, Mixture};
use boltill_bolt12::OfferlessRequest;
use boltill_ledger::{Ledger, NewInvoice, Range};
use boltill_types::{Msat, PayIndex, UnixSeconds};
use boltilld::params::Token;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tokio::runtime::Runtime;

/// How many invoices are on file where something is looked for.
const ON_FILE: u64 = 10_000;
/// How many are filed at once.
const BATCH: usize = 64;
/// Signed, for BOLT 12's regtest, as in the documentation of `bolt12/`.
const REQUEST: &str = "lnr1qqgypua5g7rp293k00s66ayvnv26czst2d5k6urvv5s8getnw3gzqp3zderpzxstt8927ynqg044h0egcd8n5h3n9g0u0v4h8ncc3yg02gps7sjqtqssytfzxcs2xkdy0lml0tzy0jzugmyj8kjn8zfzrgq9fsgurc72x82e7pq947t0ks7a4yejz8w79x4zj25s3pu6zrnw2e0v2ugdescpcqsq307z4p2dlxe92fv7xd43qut0pjkg4y094hupqyhsj8dlhvmmfng6sv";
const CALL: &str = r#"{"jsonrpc":"2.0","id":"shop:invoice#7","method":"invoice","params":{"amount_msat":10000,"label":"order-7","description":"one cup of coffee","expiry":3600}}"#;

fn processor(c: &mut Criterion) {
    c.bench_function("BOLT 11 invoice: build, sign, write", |b| {
        b.iter(|| cpu::make().unwrap())
    });
    c.bench_function("request: parse, and its parameters", |b| {
        b.iter(|| {
            let members = Token::parse(black_box(CALL)).unwrap().members().unwrap();
            let (_, params) = members.last().unwrap();
            params.members().unwrap().len()
        });
    });
    let request = OfferlessRequest::parse(REQUEST, ChainHash::REGTEST).unwrap();
    c.bench_function("BOLT 12 invoice_request: decode and check", |b| {
        b.iter(|| OfferlessRequest::parse(black_box(REQUEST), ChainHash::REGTEST).unwrap());
    });
    c.bench_function("BOLT 12 invoice_request: encode", |b| {
        b.iter(|| black_box(&request).to_string())
    });
}

fn ledger(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let ledger = Ledger::open(&folder.path().join("ledger"), Network::Regtest).unwrap();
    let invoices = batch(ON_FILE as usize);
    let some = invoices[ON_FILE as usize / 2].clone();
    runtime.block_on(file(&ledger, invoices));
    runtime
        .block_on(ledger.settle_invoice(some.payment_hash, Msat(1), UnixSeconds::now()))
        .unwrap();

    let mut group = c.benchmark_group("ledger");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("insert a batch of 64, durable", |b| {
        b.iter_batched(
            || batch(BATCH),
            |invoices| runtime.block_on(file(&ledger, invoices)),
            BatchSize::LargeInput,
        );
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("look up by label", |b| {
        b.iter(|| {
            runtime
                .block_on(ledger.invoice_by_label(&some.label))
                .unwrap()
                .unwrap()
        });
    });
    group.bench_function("look up by payment_hash", |b| {
        b.iter(|| {
            runtime
                .block_on(ledger.invoice_by_hash(some.payment_hash))
                .unwrap()
                .unwrap()
        });
    });
    group.bench_function("look up by pay_index", |b| {
        b.iter(|| {
            runtime
                .block_on(ledger.next_paid_invoice(PayIndex(0)))
                .unwrap()
                .unwrap()
        });
    });
    group.bench_function("page of 100 by created_index", |b| {
        let range = Range {
            start: ON_FILE / 2,
            limit: Some(100),
            ..Range::ALL
        };
        b.iter(|| runtime.block_on(ledger.list_invoices(range).collect()).unwrap());
    });
    group.finish();
    ledger.close();
}

fn batch(size: usize) -> Vec<NewInvoice> {
    (0..size as u64)
        .map(|number| sample::invoice(number, Mixture::Mixed).unwrap())
        .collect()
}

/// All at once, so that they share disk syncs.
async fn file(ledger: &Ledger, invoices: Vec<NewInvoice>) {
    let filed: Vec<_> = invoices
        .into_iter()
        .map(|invoice| ledger.create_invoice(invoice))
        .collect();
    for filed in filed {
        filed.await.unwrap();
    }
}

criterion_group!(benches, processor, ledger);
criterion_main!(benches);
