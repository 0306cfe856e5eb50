//! `signinvoice` and `createinvoice`: an invoice that somebody else has drawn up gets our signature.

use super::create::CreateInvoiceError;
use crate::invstring::canonical;
use crate::till::Till;
use bitcoin::hashes::{Hash, sha256};
use boltill_ledger::{Invoice, InvoiceText, NewInvoice};
use boltill_node::{MIN_FINAL_CLTV_DELTA, SignError};
use boltill_types::{Label, Msat, PaymentHash, PaymentPreimage, UnixSeconds};
use lightning_invoice::{
    Bolt11Invoice, Bolt11InvoiceDescriptionRef, MinFinalCltvExpiryDelta, ParseOrSemanticError,
    RawBolt11Invoice, RawTaggedField, SignedRawBolt11Invoice, TaggedField,
};

/// Why an invoice was not signed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SignInvoiceError {
    /// The text is no BOLT 11 invoice; code -32602.
    #[error("Unparsable invoice '{invstring}': {error}")]
    Unparsable {
        /// The text.
        invstring: String,
        /// What is wrong with it.
        error: ParseOrSemanticError,
    },
    /// The node's key is out of reach; code -1.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Why an invoice was not signed and filed. Checked in the order of the variants.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FileInvoiceError {
    /// The text is no BOLT 11 invoice (-32602), or the key is out of reach (-1).
    #[error(transparent)]
    Sign(#[from] SignInvoiceError),
    /// The preimage is not that of the invoice; code -32602.
    #[error("Incorrect preimage")]
    IncorrectPreimage,
    /// The invoice has only the hash of a description, or none at all; code -32602.
    #[error("Missing description in invoice")]
    MissingDescription,
    /// It is not filed, for one of the reasons that an invoice of ours has as well.
    #[error(transparent)]
    Create(#[from] CreateInvoiceError),
}

impl Till {
    /// Signs an invoice in place of whoever signed it.
    ///
    /// # Errors
    /// [`SignInvoiceError`].
    pub fn sign_invoice(&self, invstring: &str) -> Result<String, SignInvoiceError> {
        let (unsigned, ..) = parse(invstring)?.into_parts();
        Ok(self.sign(unsigned)?.to_string())
    }

    /// Signs an invoice in place of whoever signed it, and files it as ours.
    ///
    /// So that it can be paid, it gets the payment secret by which our node knows its payments, and a
    /// `min_final_cltv_expiry_delta` that our node can live with.
    ///
    /// # Errors
    /// [`FileInvoiceError`]; nothing has been filed.
    pub async fn file_invoice(
        &self,
        invstring: &str,
        label: Label,
        preimage: PaymentPreimage,
    ) -> Result<Invoice, FileInvoiceError> {
        let (mut unsigned, ..) = parse(invstring)?.into_parts();
        let payment_hash = PaymentHash(sha256::Hash::hash(&preimage.0).to_byte_array());
        if unsigned
            .payment_hash()
            .is_none_or(|hash| hash.0.to_byte_array() != payment_hash.0)
        {
            return Err(FileInvoiceError::IncorrectPreimage);
        }
        let amount = unsigned.amount_pico_btc().map(|pico| Msat(pico / 10));
        let expiry = unsigned
            .expiry_time()
            .map_or(DEFAULT_EXPIRY, |expiry| expiry.as_seconds());
        let cltv = final_cltv(&unsigned);
        let secret = self.register(payment_hash, amount, expiry, cltv)?;
        set(&mut unsigned, TaggedField::PaymentSecret(secret));
        set(
            &mut unsigned,
            TaggedField::MinFinalCltvExpiryDelta(MinFinalCltvExpiryDelta(u64::from(cltv))),
        );
        set(
            &mut unsigned,
            TaggedField::Features(self.lightning().bolt11_features()),
        );
        let invoice = self.checked(unsigned, invstring)?;
        let Bolt11InvoiceDescriptionRef::Direct(description) = invoice.description() else {
            return Err(FileInvoiceError::MissingDescription);
        };
        let filed = self.file(NewInvoice {
            label,
            text: InvoiceText::Bolt11(invoice.to_string()),
            payment_hash,
            payment_preimage: preimage,
            preimage_is_fresh: false,
            amount,
            description: Some(description.as_inner().0.clone()),
            expires_at: UnixSeconds(invoice.duration_since_epoch().as_secs()).saturating_add(expiry),
            local_offer_id: None,
            invreq_payer_note: None,
        });
        Ok(filed.await.map_err(CreateInvoiceError::from)?)
    }

    /// The invoice with our signature, if then it is one that others can read.
    fn checked(
        &self,
        unsigned: RawBolt11Invoice,
        invstring: &str,
    ) -> Result<Bolt11Invoice, SignInvoiceError> {
        let signed = self.sign(unsigned)?;
        Bolt11Invoice::from_signed(signed).map_err(|error| unparsable(invstring, error.into()))
    }
}

/// The expiry of an invoice that does not say it, in seconds (BOLT 11 `x`).
const DEFAULT_EXPIRY: u64 = 3_600;
/// The delta of an invoice that does not say it, in blocks (BOLT 11 `c`).
const DEFAULT_FINAL_CLTV: u64 = 18;

fn parse(invstring: &str) -> Result<SignedRawBolt11Invoice, SignInvoiceError> {
    canonical(invstring)
        .parse()
        .map_err(|error| unparsable(invstring, ParseOrSemanticError::ParseError(error)))
}

fn unparsable(invstring: &str, error: ParseOrSemanticError) -> SignInvoiceError {
    SignInvoiceError::Unparsable {
        invstring: invstring.to_owned(),
        error,
    }
}

fn final_cltv(invoice: &RawBolt11Invoice) -> u32 {
    let asked = invoice
        .min_final_cltv_expiry_delta()
        .map_or(DEFAULT_FINAL_CLTV, |delta| delta.0);
    u32::try_from(asked)
        .unwrap_or(u32::MAX)
        .max(u32::from(MIN_FINAL_CLTV_DELTA))
}

/// Puts a field in place of one of its kind, or adds it.
fn set(invoice: &mut RawBolt11Invoice, field: TaggedField) {
    let fields = &mut invoice.data.tagged_fields;
    let same = |other: &RawTaggedField| match other {
        RawTaggedField::KnownSemantics(other) => other.tag() == field.tag(),
        RawTaggedField::UnknownSemantics(_) => false,
    };
    match fields.iter().position(same) {
        Some(position) => fields[position] = field.into(),
        None => fields.push(field.into()),
    }
}
