//! A ledger in a directory of its own, and entries to put into it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(dead_code, reason = "each test program uses some of it")]

use bitcoin::Network;
use bitcoin::hashes::{Hash, sha256};
use boltill_ledger::{
    InvoiceText, Ledger, NewInvoice, NewInvoiceRequest, NewPayment, PaymentId, PayoutLimits,
};
use boltill_types::{InvreqId, Label, Msat, OfferId, PaymentHash, PaymentPreimage, UnixSeconds};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A ledger that is deleted with the value.
pub struct TestLedger {
    ledger: Option<Ledger>,
    directory: TempDir,
}

impl TestLedger {
    pub fn new() -> TestLedger {
        let directory = tempfile::tempdir().expect("a directory for the ledger");
        let ledger = open(&path_in(directory.path()));
        TestLedger {
            ledger: Some(ledger),
            directory,
        }
    }

    pub fn reopen(&mut self) {
        drop(self.ledger.take());
        self.ledger = Some(open(&self.path()));
    }

    pub fn path(&self) -> PathBuf {
        path_in(self.directory.path())
    }
}

impl Deref for TestLedger {
    type Target = Ledger;
    fn deref(&self) -> &Ledger {
        self.ledger.as_ref().expect("the ledger is open")
    }
}

pub fn path_in(directory: &Path) -> PathBuf {
    directory.join("ledger.sqlite3")
}

pub fn open(path: &Path) -> Ledger {
    Ledger::open(path, Network::Regtest).expect("the ledger opens")
}

pub fn label(text: &str) -> Label {
    Label::new(text).expect("a short label")
}

pub fn preimage(name: &str) -> PaymentPreimage {
    PaymentPreimage(sha256::Hash::hash(name.as_bytes()).to_byte_array())
}

pub fn hash(name: &str) -> PaymentHash {
    PaymentHash(sha256::Hash::hash(&preimage(name).0).to_byte_array())
}

/// An invoice with that label, a hash made of the label, and the end of time as its expiry.
pub fn invoice(name: &str) -> NewInvoice {
    NewInvoice {
        label: label(name),
        text: InvoiceText::Bolt11(format!("lnbcrt1{name}")),
        payment_hash: hash(name),
        payment_preimage: preimage(name),
        preimage_is_fresh: false,
        amount: Some(Msat(1_000)),
        description: Some(format!("what {name} is for")),
        expires_at: UnixSeconds(u64::from(u32::MAX)),
        local_offer_id: None,
        invreq_payer_note: None,
    }
}

/// A payment of the invoice of that name.
pub fn payment(name: &str) -> NewPayment {
    NewPayment {
        payment_id: payment_id(name),
        payment_hash: hash(name),
        partid: 0,
        destination: None,
        amount: Msat(1_000),
        created_at: UnixSeconds(100),
        label: None,
        text: Some(InvoiceText::Bolt11(format!("lnbcrt1{name}"))),
        description: None,
    }
}

pub fn payment_id(name: &str) -> PaymentId {
    PaymentId(hash(name).0)
}

pub fn invreq_id(name: &str) -> InvreqId {
    InvreqId(hash(name).0)
}

/// An invoice_request for a single use.
pub fn invoice_request(name: &str) -> NewInvoiceRequest {
    NewInvoiceRequest {
        id: invreq_id(name),
        label: None,
        bolt12: format!("lnr1{name}"),
        bolt12_unsigned: None,
        single_use: true,
        amount: Msat(1_000),
        absolute_expiry: None,
        limits: PayoutLimits::default(),
    }
}

pub fn offer_id(name: &str) -> OfferId {
    OfferId(hash(name).0)
}
