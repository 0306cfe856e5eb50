//! What an invoice says to whoever wants to pay it, checked in Core Lightning's order.

use super::{PayError, PayRequest};
use crate::invstring::{bolt12_invoice, canonical, is_bolt12};
use crate::lightning::Lightning;
use bitcoin::Network;
use bitcoin::constants::ChainHash;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::PublicKey;
use boltill_ledger::InvoiceText;
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use lightning::ln::channelmanager::RecipientOnionFields;
use lightning::offers::invoice::Bolt12Invoice;
use lightning::routing::router::PaymentParameters;
use lightning_invoice::{Bolt11Invoice, Bolt11InvoiceDescriptionRef, Currency};

/// An invoice that may be paid, and what is to be paid.
#[derive(Debug)]
pub(super) struct Payable {
    pub(super) text: InvoiceText,
    pub(super) payment_hash: PaymentHash,
    pub(super) payee: PublicKey,
    pub(super) amount: Msat,
    /// What the invoice itself says that it is for.
    pub(super) description: Option<String>,
    /// Whether the invoice has only the hash of the description.
    pub(super) description_hashed: bool,
    pub(super) params: PaymentParameters,
    pub(super) onion: RecipientOnionFields,
}

/// Reads the invoice, and checks it against the request.
pub(super) fn check(
    node: &dyn Lightning,
    request: &PayRequest,
    now: UnixSeconds,
) -> Result<Payable, PayError> {
    let text = canonical(&request.invstring);
    let (payable, expires_at) = if is_bolt12(&text) {
        bolt12(text, node.network(), request)?
    } else {
        bolt11(text, node.network(), request)?
    };
    if expires_at <= now {
        return Err(PayError::Expired {
            ago: now.0.saturating_sub(expires_at.0),
            expires_at,
        });
    }
    match request.partial {
        Some(part) if part > payable.amount => Err(PayError::PartialTooLarge(payable.amount)),
        Some(part) if part < payable.amount => Err(PayError::PartialUnsupported),
        _ => Ok(payable),
    }
}

fn bolt11(text: String, network: Network, request: &PayRequest) -> Result<(Payable, UnixSeconds), PayError> {
    let invoice: Bolt11Invoice = text
        .parse()
        .map_err(|error| PayError::InvalidBolt11(format!("{error}")))?;
    if invoice.currency() != Currency::from(network) {
        return Err(PayError::WrongNetwork {
            prefix: invoice.currency().to_string(),
            network,
        });
    }
    let (description, description_hashed) = match invoice.description() {
        Bolt11InvoiceDescriptionRef::Direct(description) => (Some(description.as_inner().0.clone()), false),
        Bolt11InvoiceDescriptionRef::Hash(hash) => {
            let given = request
                .description
                .as_ref()
                .map(|text| sha256::Hash::hash(text.as_bytes()));
            if given.is_some_and(|given| given != hash.0) {
                return Err(PayError::DescriptionMismatch);
            }
            (None, true)
        }
    };
    let amount = match (invoice.amount_milli_satoshis(), request.amount) {
        (Some(_), Some(_)) => return Err(PayError::AmountUnnecessary),
        (Some(amount), None) => Msat(amount),
        (None, given) => given
            .filter(|amount| *amount > Msat::ZERO)
            .ok_or(PayError::AmountRequired)?,
    };
    let expires_at = UnixSeconds(invoice.expires_at().map_or(u64::MAX, |end| end.as_secs()));
    let mut onion = RecipientOnionFields::secret_only(*invoice.payment_secret());
    onion.payment_metadata = invoice.payment_metadata().cloned();
    let payable = Payable {
        text: InvoiceText::Bolt11(text),
        payment_hash: PaymentHash(invoice.payment_hash().to_byte_array()),
        payee: invoice.get_payee_pub_key(),
        amount,
        description,
        description_hashed,
        params: PaymentParameters::from_bolt11_invoice(&invoice),
        onion,
    };
    Ok((payable, expires_at))
}

fn bolt12(text: String, network: Network, request: &PayRequest) -> Result<(Payable, UnixSeconds), PayError> {
    let invalid = |why: &str| PayError::InvalidBolt12(why.to_owned());
    let invoice =
        bolt12_invoice(&text).ok_or_else(|| invalid("not an invoice, or not signed by the payee"))?;
    if invoice.chain() != ChainHash::using_genesis_block(network) {
        return Err(invalid("wrong chain"));
    }
    if request.amount.is_some() {
        return Err(PayError::Bolt12AmountUnnecessary);
    }
    let (created_at, lifetime) = (
        invoice.created_at().as_secs(),
        invoice.relative_expiry().as_secs(),
    );
    let expires_at = UnixSeconds(created_at).saturating_add(lifetime);
    Ok((Payable::of_bolt12(text, &invoice), expires_at))
}

impl Payable {
    /// A BOLT 12 invoice of which everything has been checked.
    pub(super) fn of_bolt12(text: String, invoice: &Bolt12Invoice) -> Payable {
        Payable {
            text: InvoiceText::Bolt12(text),
            payment_hash: invoice.payment_hash(),
            payee: invoice.signing_pubkey(),
            amount: Msat(invoice.amount_msats()),
            description: invoice.description().map(|description| description.0.to_owned()),
            description_hashed: false,
            params: PaymentParameters::from_bolt12_invoice(invoice),
            onion: RecipientOnionFields::spontaneous_empty(),
        }
    }
}

#[cfg(test)]
mod tests;
