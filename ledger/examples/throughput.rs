//! How many invoices a second the ledger files, and how fast it finds them, beside what the disk can sync.
//!
//! `cargo run --release -p boltill-ledger --example throughput -- DIRECTORY SIZE...` fills a ledger in the directory to
//! each size in turn (in invoices, growing) and measures it there. The ledger stays, so a second run goes on with it.

use bitcoin::Network;
use bitcoin::hashes::{Hash, sha256};
use boltill_ledger::{IndexKind, InvoiceText, Ledger, NewInvoice, Range, Subsystem};
use boltill_types::{Label, Msat, PaymentHash, PaymentPreimage, UnixSeconds};
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long each rate is measured.
const SPAN: Duration = Duration::from_secs(5);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("which directory?")?;
    let directory = Path::new(&directory);
    println!("fdatasync of 4 KB: {:.0} a second", syncs_per_second(directory)?);
    let ledger = Arc::new(Ledger::open(
        &directory.join("throughput.sqlite3"),
        Network::Regtest,
    )?);
    let next = Arc::new(AtomicU64::new(filed(&ledger)));
    for size in arguments {
        let size: u64 = size.parse()?;
        let (began, before) = (Instant::now(), filed(&ledger));
        create(&ledger, &next, 1024, move |filed_now| filed_now < size).await?;
        let fill = (filed(&ledger) - before) as f64 / began.elapsed().as_secs_f64();
        println!(
            "\n{} invoices on file, filled at {fill:.0} a second",
            filed(&ledger)
        );
        for creators in [1, 16, 64, 256] {
            measure_creation(&ledger, &next, creators).await?;
        }
        measure_reading(&ledger).await?;
    }
    ledger.close();
    Ok(())
}

fn filed(ledger: &Ledger) -> u64 {
    ledger.current_index(Subsystem::Invoices, IndexKind::Created)
}

/// How often the disk can make four more kilobytes durable, one after another.
fn syncs_per_second(directory: &Path) -> Outcome<f64> {
    let path = directory.join("throughput.sync");
    let mut file = File::create(&path)?;
    let (began, mut syncs) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(2) {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        syncs += 1;
    }
    let rate = f64::from(syncs) / began.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}

/// Files invoices by so many tasks at once, each one after another, while `more` of the number on file says so;
/// returns how long each took.
async fn create(
    ledger: &Arc<Ledger>,
    next: &Arc<AtomicU64>,
    creators: usize,
    more: impl Fn(u64) -> bool + Clone + Send + 'static,
) -> Outcome<Vec<Duration>> {
    let mut tasks = JoinSet::new();
    for _ in 0..creators {
        let (ledger, next, more) = (Arc::clone(ledger), Arc::clone(next), more.clone());
        tasks.spawn(async move {
            let mut times = Vec::new();
            while more(filed(&ledger)) {
                let invoice = invoice(next.fetch_add(1, Ordering::Relaxed))?;
                let began = Instant::now();
                ledger.create_invoice(invoice).await?;
                times.push(began.elapsed());
            }
            Outcome::Ok(times)
        });
    }
    let mut all = Vec::new();
    while let Some(times) = tasks.join_next().await {
        all.extend(times??);
    }
    Ok(all)
}

async fn measure_creation(ledger: &Arc<Ledger>, next: &Arc<AtomicU64>, creators: usize) -> Outcome<()> {
    let (began, before) = (Instant::now(), ledger.metrics());
    let times = create(ledger, next, creators, move |_| began.elapsed() < SPAN).await?;
    let (elapsed, after) = (began.elapsed().as_secs_f64(), ledger.metrics());
    println!(
        "create, {creators:3} at once: {:6.0} a second, {:5.0} commits a second, {}",
        times.len() as f64 / elapsed,
        (after.commits - before.commits) as f64 / elapsed,
        quantiles(times),
    );
    Ok(())
}

async fn measure_reading(ledger: &Arc<Ledger>) -> Outcome<()> {
    let size = filed(ledger);
    let (mut by_label, mut by_hash, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..5_000 {
        let number = round * 7_919 % size;
        let wanted = invoice(number)?;
        let began = Instant::now();
        ledger
            .invoice_by_label(&wanted.label)
            .await?
            .ok_or("an invoice is missing")?;
        by_label.push(began.elapsed());
        let began = Instant::now();
        ledger
            .invoice_by_hash(wanted.payment_hash)
            .await?
            .ok_or("an invoice is missing")?;
        by_hash.push(began.elapsed());
        let began = Instant::now();
        let range = Range {
            start: number,
            limit: Some(100),
            ..Range::ALL
        };
        ledger.list_invoices(range).collect().await?;
        pages.push(began.elapsed());
    }
    println!("find by label: {}", quantiles(by_label));
    println!("find by hash:  {}", quantiles(by_hash));
    println!("page of 100:   {}", quantiles(pages));
    Ok(())
}

fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let quantile = |part: f64| {
        times
            .get((times.len() as f64 * part) as usize)
            .copied()
            .unwrap_or_default()
    };
    format!(
        "p50 {:?}, p99 {:?}, max {:?}",
        quantile(0.5),
        quantile(0.99),
        quantile(0.999_999)
    )
}

/// The invoice of that number: as long as real ones, with random-looking label and hash.
fn invoice(number: u64) -> Outcome<NewInvoice> {
    let preimage = sha256::Hash::hash(&number.to_be_bytes());
    let payment_hash = sha256::Hash::hash(preimage.as_byte_array());
    Ok(NewInvoice {
        label: Label::new(format!("order-{}", &payment_hash.to_string()[40..]))?,
        text: InvoiceText::Bolt11(format!("lnbcrt{}", payment_hash.to_string().repeat(5))),
        payment_hash: PaymentHash(payment_hash.to_byte_array()),
        payment_preimage: PaymentPreimage(preimage.to_byte_array()),
        preimage_is_fresh: true,
        amount: Some(Msat(number)),
        description: Some("One cup of coffee".to_owned()),
        expires_at: UnixSeconds(2_000_000_000 + number / 1000),
        local_offer_id: None,
        invreq_payer_note: None,
    })
}
