//! What an invoice says to whoever wants to pay it, checked in Core Lightning's order.

use super::{PayError, PayRequest};
use crate::invstring::{canonical, is_bolt12};
use crate::lightning::Lightning;
use bitcoin::Network;
use bitcoin::constants::ChainHash;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::PublicKey;
use boltill_bolt12::{
    CompleteInvoice, Invoice, InvoiceRejection, ParseError, SignedInvoice, TlvWriter, types,
};
use boltill_ledger::InvoiceText;
use boltill_types::{Msat, PaymentHash, UnixSeconds};
use lightning::ln::channelmanager::RecipientOnionFields;
use lightning::offers::invoice::UnsignedBolt12Invoice;
use lightning::offers::parse::Bolt12ParseError;
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
    let invalid = |why: InvoiceRejection| PayError::InvalidBolt12(why.to_string());
    let invoice: Invoice = text.parse().map_err(|error| invalid(ParseError::into(error)))?;
    // Its expiry is looked at by whoever called this, after the amount.
    let invoice = invoice.into_complete(ChainHash::using_genesis_block(network), UnixSeconds(0));
    let invoice = invoice.and_then(CompleteInvoice::verify).map_err(invalid)?;
    if request.amount.is_some() {
        return Err(PayError::Bolt12AmountUnnecessary);
    }
    // An invoice is good through its last second.
    let expires_at = invoice.expires_at().saturating_add(1);
    let payable = Payable::of_bolt12(text, &invoice);
    let payable = payable.map_err(|error| PayError::InvalidBolt12(format!("{error:?}")))?;
    Ok((payable, expires_at))
}

impl Payable {
    /// A BOLT 12 invoice of which everything has been checked.
    ///
    /// # Errors
    /// LDK finds something that nobody else does.
    pub(super) fn of_bolt12(text: String, invoice: &SignedInvoice) -> Result<Payable, Bolt12ParseError> {
        let read = UnsignedBolt12Invoice::try_from(for_ldk(invoice))?;
        let params = PaymentParameters::blinded(read.payment_paths().to_vec())
            .with_bolt12_features(read.invoice_features().clone())
            .unwrap_or_else(|()| PaymentParameters::blinded(read.payment_paths().to_vec()))
            .with_expiry_time(invoice.expires_at().0);
        Ok(Payable {
            text: InvoiceText::Bolt12(text),
            payment_hash: invoice.payment_hash(),
            payee: invoice.node_id(),
            amount: invoice.amount(),
            description: invoice.invoice().offer().description.clone(),
            description_hashed: false,
            params,
            onion: RecipientOnionFields::spontaneous_empty(),
        })
    }
}

/// The invoice as LDK takes it, to read the ways to pay from it and nothing else. It takes none that asks for another amount than its invoice_request, not even
/// for less; so the amount that it sees is the request's.
fn for_ldk(invoice: &SignedInvoice) -> Vec<u8> {
    let tlvs = invoice.invoice().tlvs();
    let mut writer = TlvWriter::default();
    for record in tlvs
        .records()
        .filter(|record| record.number() != types::SIGNATURE)
    {
        writer.set(record.number(), record.value());
    }
    writer.set_some(
        types::INVOICE_AMOUNT,
        tlvs.get(types::INVREQ_AMOUNT).or(tlvs.get(types::INVOICE_AMOUNT)),
    );
    writer.finish().into_bytes()
}

#[cfg(test)]
mod tests;
