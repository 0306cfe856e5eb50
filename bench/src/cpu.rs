//! What making invoices costs a processor, with neither a node nor a disk.

use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};
use lightning_invoice::{Currency, InvoiceBuilder, PaymentSecret};
use serde_json::json;
use std::thread;
use std::time::{Duration, Instant};

/// How many BOLT 11 invoices a second all cores build, sign, and write into an answer.
pub fn invoices_per_second(duration: Duration) -> f64 {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let workers: Vec<_> = (0..cores)
        .map(|_| {
            thread::spawn(move || {
                let mut made = 0;
                while began.elapsed() < duration {
                    made += u32::from(make().is_some());
                }
                made
            })
        })
        .collect();
    let made: u32 = workers.into_iter().filter_map(|worker| worker.join().ok()).sum();
    f64::from(made) / began.elapsed().as_secs_f64()
}

/// Makes one: builds it, signs it, and writes it into an answer, whose length it gives.
pub fn make() -> Option<usize> {
    thread_local! {
        static SECP: Secp256k1<bitcoin::secp256k1::All> = Secp256k1::new();
    }
    let key = SecretKey::from_slice(&[7; 32]).ok()?;
    let preimage: [u8; 32] = rand::random();
    let payment_hash = sha256::Hash::hash(&preimage);
    let invoice = InvoiceBuilder::new(Currency::Regtest)
        .amount_milli_satoshis(10_000)
        .description("benchmark".to_owned())
        .payment_hash(payment_hash)
        .payment_secret(PaymentSecret(preimage))
        .duration_since_epoch(Duration::from_secs(1_700_000_000))
        .min_final_cltv_expiry_delta(18)
        .expiry_time(Duration::from_secs(604_800));
    let sign = |message: &Message| SECP.with(|secp| secp.sign_ecdsa_recoverable(message, &key));
    let invoice = invoice.build_signed(sign).ok()?;
    let answer = json!({"payment_hash": payment_hash.to_string(), "bolt11": invoice.to_string()});
    Some(answer.to_string().len())
}
