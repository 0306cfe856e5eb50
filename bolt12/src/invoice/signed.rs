//! Signing an invoice, and checking the signature of one.

use super::complete::{CompleteInvoice, InvoiceRejection};
use crate::signature;
use bitcoin::secp256k1::Message;
use bitcoin::secp256k1::schnorr::Signature;
use std::fmt;
use std::ops::Deref;

/// A complete invoice, signed by its `invoice_node_id`. As text it is the `lni1...` to be sent or shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedInvoice(CompleteInvoice);

impl CompleteInvoice {
    /// Signs the invoice. `sign` is given the digest that the key of [`Self::node_id`] must sign; it is trusted to have
    /// that key, for to verify takes as long as to sign.
    pub fn sign<E>(self, sign: impl FnOnce(&Message) -> Result<Signature, E>) -> Result<SignedInvoice, E> {
        let digest = signature::stream_digest(signature::INVOICE, self.invoice().tlvs());
        let signature = sign(&digest)?;
        Ok(SignedInvoice(self.with_signature(signature)))
    }

    /// Checks the signature that came with the invoice.
    pub fn verify(self) -> Result<SignedInvoice, InvoiceRejection> {
        if self.invoice().signature().is_none() {
            return Err(InvoiceRejection::MissingSignature);
        }
        if !self.invoice().is_signature_valid() {
            return Err(InvoiceRejection::InvalidSignature);
        }
        Ok(SignedInvoice(self))
    }
}

impl SignedInvoice {
    /// The invoice's bytes, as sent in an onion message and as LDK's `Bolt12Invoice` reads them.
    pub fn as_bytes(&self) -> &[u8] {
        self.invoice().tlvs().as_bytes()
    }
}

impl Deref for SignedInvoice {
    type Target = CompleteInvoice;
    fn deref(&self) -> &CompleteInvoice {
        &self.0
    }
}

impl fmt::Display for SignedInvoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.invoice().fmt(f)
    }
}
