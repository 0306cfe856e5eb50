//! Invoices to fill a ledger with.

use bitcoin::hashes::{Hash, sha256};
use boltill_ledger::{InvoiceText, NewInvoice};
use boltill_types::{Label, LabelError, Msat, PaymentHash, PaymentPreimage, UnixSeconds};

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

/// The invoice of that number in a mixture. Label and hash are like no other's, also in another run; its text only looks like one.
///
/// # Errors
///
/// None that can occur: the label is short enough.
pub fn invoice(number: u64, mixture: Mixture) -> Result<NewInvoice, LabelError> {
    let random: [u8; 32] = rand::random();
    let preimage = sha256::Hash::hash(&random);
    let payment_hash = sha256::Hash::hash(preimage.as_byte_array());
    let hex = payment_hash.to_string();
    let text = "lnbcrt100n1".chars().chain(hex.chars().cycle());
    Ok(NewInvoice {
        label: Label::new(format!("filled-{}", &hex[..24]))?,
        text: InvoiceText::Bolt11(text.take(TEXT).collect()),
        payment_hash: PaymentHash(payment_hash.to_byte_array()),
        payment_preimage: PaymentPreimage(preimage.to_byte_array()),
        preimage_is_fresh: true,
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
