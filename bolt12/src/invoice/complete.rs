//! What BOLT 12 asks of an invoice before its signature is looked at.

use super::parse::Invoice;
use crate::blinded_path::BlindedPath;
use crate::error::ParseError;
use crate::payinfo::BlindedPayInfo;
use bitcoin::constants::ChainHash;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{InvreqId, Msat, PaymentHash, UnixSeconds};

/// Seconds that an invoice holds if it does not say how long.
const DEFAULT_RELATIVE_EXPIRY: u32 = 7200;

/// Whether the payer may send several parts: bits 16 (it must) and 17 (it may).
const MPP_COMPULSORY: usize = 16;
const MPP_OPTIONAL: usize = 17;

/// Why an invoice must be rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceRejection {
    /// It is not a well-formed invoice.
    #[error(transparent)]
    Unparsable(#[from] ParseError),
    /// It is to be paid on another chain.
    #[error("wrong chain")]
    WrongChain,
    /// A field that no invoice can be without.
    #[error("missing {0}")]
    Missing(&'static str),
    /// `invoice_features` demands what we do not know.
    #[error("unknown feature bit {0}")]
    UnknownFeature(usize),
    /// Its time has passed.
    #[error("invoice expired")]
    Expired,
    /// `invoice_paths` is not there or empty.
    #[error("missing/empty invoice_paths")]
    NoPaths,
    /// One of `invoice_paths` has no hops.
    #[error("zero num_hops in path {index}/{total}")]
    EmptyPath {
        /// Which path, from 0.
        index: usize,
        /// How many paths there are.
        total: usize,
    },
    /// `invoice_blindedpay` is not there, or not for each of the paths.
    #[error("expected {expected} payinfo but found {found}")]
    PayInfo {
        /// How many paths there are.
        expected: usize,
        /// How many of them have their fees and limits.
        found: usize,
    },
    /// Every path demands what we do not know.
    #[error("no invoice_paths with known features")]
    NoUsablePath,
    /// There is no signature.
    #[error("missing signature")]
    MissingSignature,
    /// The signature is not by `invoice_node_id` over these fields.
    #[error("invalid signature")]
    InvalidSignature,
}

/// An invoice in which nothing is missing but perhaps the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompleteInvoice {
    invoice: Invoice,
    amount: Msat,
    created_at: UnixSeconds,
    payment_hash: PaymentHash,
    node_id: PublicKey,
    paths: Vec<(BlindedPath, BlindedPayInfo)>,
}

impl Invoice {
    /// Checks, in Core Lightning's order, what can be checked without knowing the request: the chain, that nothing is
    /// missing, features, expiry, and the ways to pay.
    pub fn into_complete(
        self,
        chain: ChainHash,
        now: UnixSeconds,
    ) -> Result<CompleteInvoice, InvoiceRejection> {
        if self.invreq().chain_or_bitcoin() != chain {
            return Err(InvoiceRejection::WrongChain);
        }
        let missing = InvoiceRejection::Missing;
        let fields = self.fields();
        let amount = fields.amount.ok_or(missing("invoice_amount"))?;
        let created_at = fields.created_at.ok_or(missing("invoice_created_at"))?;
        let payment_hash = fields.payment_hash.ok_or(missing("invoice_payment_hash"))?;
        let node_id = fields.node_id.ok_or(missing("invoice_node_id"))?;
        if let Some(bit) = fields
            .features
            .as_ref()
            .and_then(|features| features.unknown_even_bit(&[MPP_COMPULSORY]))
        {
            return Err(InvoiceRejection::UnknownFeature(bit));
        }
        if now > expires_at(created_at, fields.relative_expiry) {
            return Err(InvoiceRejection::Expired);
        }
        let paths = self.usable_paths()?;
        Ok(CompleteInvoice {
            invoice: self,
            amount,
            created_at,
            payment_hash,
            node_id,
            paths,
        })
    }

    fn usable_paths(&self) -> Result<Vec<(BlindedPath, BlindedPayInfo)>, InvoiceRejection> {
        let paths = self.fields().paths.as_deref().unwrap_or_default();
        let payinfos = self.fields().blindedpay.as_deref().unwrap_or_default();
        if paths.is_empty() {
            return Err(InvoiceRejection::NoPaths);
        }
        if let Some(index) = paths.iter().position(|path| path.hops().is_empty()) {
            return Err(InvoiceRejection::EmptyPath {
                index,
                total: paths.len(),
            });
        }
        if paths.len() != payinfos.len() {
            return Err(InvoiceRejection::PayInfo {
                expected: paths.len(),
                found: payinfos.len(),
            });
        }
        let usable: Vec<_> = paths
            .iter()
            .cloned()
            .zip(payinfos.iter().cloned())
            .filter(|(_, payinfo)| payinfo.is_usable())
            .collect();
        if usable.is_empty() {
            return Err(InvoiceRejection::NoUsablePath);
        }
        Ok(usable)
    }
}

fn expires_at(created_at: UnixSeconds, relative_expiry: Option<u32>) -> UnixSeconds {
    created_at.saturating_add(relative_expiry.unwrap_or(DEFAULT_RELATIVE_EXPIRY).into())
}

impl CompleteInvoice {
    /// All fields.
    pub fn invoice(&self) -> &Invoice {
        &self.invoice
    }

    /// The id of the invoice_request that is mirrored; see [`Invoice::invreq_id`].
    pub fn invreq_id(&self) -> InvreqId {
        self.invoice.invreq_id()
    }

    /// The least that is taken.
    pub fn amount(&self) -> Msat {
        self.amount
    }

    /// When the invoice was made.
    pub fn created_at(&self) -> UnixSeconds {
        self.created_at
    }

    /// The last second in which it may be paid.
    pub fn expires_at(&self) -> UnixSeconds {
        expires_at(self.created_at, self.invoice.fields().relative_expiry)
    }

    /// The hash of the preimage that proves the payment.
    pub fn payment_hash(&self) -> PaymentHash {
        self.payment_hash
    }

    /// The key that signs the invoice.
    pub fn node_id(&self) -> PublicKey {
        self.node_id
    }

    /// The ways to pay whose features we know, the best first.
    pub fn usable_paths(&self) -> &[(BlindedPath, BlindedPayInfo)] {
        &self.paths
    }

    /// Whether the payer may send several parts.
    pub fn allows_multiple_parts(&self) -> bool {
        let features = self.invoice.fields().features.as_ref();
        features.is_some_and(|features| features.is_set(MPP_COMPULSORY) || features.is_set(MPP_OPTIONAL))
    }

    /// The same invoice with a signature that is known to be right.
    pub(super) fn with_signature(self, signature: bitcoin::secp256k1::schnorr::Signature) -> CompleteInvoice {
        CompleteInvoice {
            invoice: self.invoice.with_signature(signature),
            ..self
        }
    }
}
