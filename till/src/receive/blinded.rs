//! A way for a payment to reach us by blinded paths, as every invoice of BOLT 12 has one.

use super::create::random_preimage;
use crate::till::Till;
use bitcoin::hashes::{Hash, sha256};
use boltill_bolt12::{BlindedPath, BlindedPayInfo, DataError};
use boltill_node::{NoPaymentPath, PaymentPath, RegisterError};
use boltill_types::{Msat, PaymentHash, PaymentPreimage};

/// What an invoice needs so that it can be paid.
pub(crate) struct WayIn {
    pub(crate) payment_hash: PaymentHash,
    pub(crate) preimage: PaymentPreimage,
    pub(crate) paths: Vec<(BlindedPath, BlindedPayInfo)>,
}

/// Why nobody could pay us.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoWayIn {
    /// The amount is more than there are bitcoin.
    #[error("amount_msat: {0} is more than there is")]
    AmountTooLarge(Msat),
    /// No channel can bring it.
    #[error(transparent)]
    NoPath(#[from] NoPaymentPath),
    /// The operating system gave no random preimage.
    #[error("no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The node's paths are none.
    #[error("the paths are unreadable: {0}")]
    Unreadable(#[from] DataError),
}

impl Till {
    /// Makes the node accept a payment of a new preimage.
    pub(crate) fn way_in(&self, amount: Msat, expiry_seconds: u32) -> Result<WayIn, NoWayIn> {
        let preimage = random_preimage()?;
        let payment_hash = PaymentHash(sha256::Hash::hash(&preimage.0).to_byte_array());
        let secret = self
            .lightning()
            .register_inbound(payment_hash, Some(amount), expiry_seconds, None)
            .map_err(|RegisterError| NoWayIn::AmountTooLarge(amount))?;
        let paths = self.lightning().payment_paths(amount, secret, expiry_seconds)?;
        Ok(WayIn {
            payment_hash,
            preimage,
            paths: read(&paths)?,
        })
    }
}

/// The node gives paths in their binary form.
fn read(paths: &[PaymentPath]) -> Result<Vec<(BlindedPath, BlindedPayInfo)>, DataError> {
    let mut read = Vec::new();
    for PaymentPath { path, payinfo } in paths {
        let path = BlindedPath::parse_all(path)?;
        let payinfo = BlindedPayInfo::parse_all(payinfo)?;
        read.extend(path.into_iter().zip(payinfo));
    }
    Ok(read)
}
