//! What making invoices costs a processor, with neither a node nor a disk.

use crate::process::Process;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};
use lightning_invoice::{Currency, InvoiceBuilder, PaymentSecret};
use serde_json::json;
use std::thread;
use std::time::{Duration, Instant};

/// What making BOLT 11 invoices costs: building, signing, and writing them into answers.
#[derive(Clone, Copy, Debug)]
pub struct Making {
    /// How many all cores make a second.
    pub per_second: f64,
    /// What processor time each takes while all cores are busy; the clock's tick is a hundredth of a second.
    pub cpu_us: Option<f64>,
}

/// Has all cores make invoices for so long.
pub fn invoices(duration: Duration) -> Making {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let myself = Process::myself();
    let computed = || myself.as_ref().and_then(Process::cpu);
    let (began, before) = (Instant::now(), computed());
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
    let per_second = f64::from(made) / began.elapsed().as_secs_f64();
    let cpu = computed().zip(before).map(|(after, before)| after - before);
    Making {
        per_second,
        cpu_us: cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / f64::from(made.max(1))),
    }
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
