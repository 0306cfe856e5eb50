//! Filling a ledger, by its own crate: the way over the socket would take hours.

use crate::BenchError;
use bitcoin::Network;
use bitcoin::hashes::{Hash, sha256};
use boltill_ledger::{IndexKind, InvoiceText, Ledger, NewInvoice, Subsystem};
use boltill_types::{Label, Msat, PaymentHash, PaymentPreimage, UnixSeconds};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::task::JoinSet;

/// How many are filed at once, and share a disk sync.
const AT_ONCE: usize = 1_024;
/// How many expired ones are marked in one transaction.
const BATCH: u32 = 500;
/// As many characters as the text of an invoice without route hints has.
const TEXT: usize = 300;

/// What becomes of the invoices that a ledger is filled with.
#[derive(Clone, Copy, Debug)]
pub enum Mixture {
    /// A third each is paid, unpaid for years, and expired.
    Mixed,
    /// All are unpaid, and their time has passed.
    Due,
}

/// Fills the ledger at `path` until so many invoices have been filed; nobody else may have it open. Gives the last updated_index.
pub async fn fill(path: &Path, size: u64, mixture: Mixture) -> Result<u64, BenchError> {
    let ledger = Arc::new(Ledger::open(path, Network::Regtest)?);
    let before = ledger.current_index(Subsystem::Invoices, IndexKind::Created);
    let began = Instant::now();
    let next = Arc::new(AtomicU64::new(before));
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (ledger, next) = (Arc::clone(&ledger), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= size {
                    return Ok::<_, BenchError>(());
                }
                file(&ledger, number, mixture).await?;
                if (number + 1) % 1_000_000 == 0 {
                    eprintln!("{} of {size} invoices are on file", number + 1);
                }
            }
        });
    }
    while let Some(filled) = tasks.join_next().await {
        filled??;
    }
    if matches!(mixture, Mixture::Mixed) {
        while ledger.expire_due_invoices(UnixSeconds::now(), BATCH).await? == BATCH {}
    }
    let filed = size.saturating_sub(before);
    eprintln!("{filed} invoices filed in {:.0} s", began.elapsed().as_secs_f64());
    let updated = ledger.current_index(Subsystem::Invoices, IndexKind::Updated);
    ledger.close();
    Ok(updated)
}

async fn file(ledger: &Ledger, number: u64, mixture: Mixture) -> Result<(), BenchError> {
    let invoice = invoice(number, mixture)?;
    let payment_hash = invoice.payment_hash;
    ledger.create_invoice(invoice).await?;
    if let (Mixture::Mixed, 0) = (mixture, number % 3) {
        ledger
            .settle_invoice(payment_hash, Msat(10_000), UnixSeconds::now())
            .await?;
    }
    Ok(())
}

/// The invoice of that number. Its hash is its own in every run, and its text only looks like one.
fn invoice(number: u64, mixture: Mixture) -> Result<NewInvoice, BenchError> {
    let random: [u8; 32] = rand::random();
    let preimage = sha256::Hash::hash(&random);
    let payment_hash = sha256::Hash::hash(preimage.as_byte_array());
    let hex = payment_hash.to_string();
    let text: String = "lnbcrt100n1"
        .chars()
        .chain(hex.chars().cycle())
        .take(TEXT)
        .collect();
    Ok(NewInvoice {
        label: Label::new(format!("filled-{}", &hex[..24]))?,
        text: InvoiceText::Bolt11(text),
        payment_hash: PaymentHash(payment_hash.to_byte_array()),
        payment_preimage: PaymentPreimage(preimage.to_byte_array()),
        amount: Some(Msat(10_000)),
        description: Some("benchmark".to_owned()),
        expires_at: match mixture {
            Mixture::Mixed if number % 3 == 1 => UnixSeconds(1_600_000_000 + number),
            Mixture::Mixed => UnixSeconds(4_000_000_000 + number),
            Mixture::Due => UnixSeconds(1_600_000_000),
        },
        local_offer_id: None,
        invreq_payer_note: None,
    })
}
