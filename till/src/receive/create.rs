//! `invoice`: a BOLT 11 invoice is checked, gets its route hints, is signed and filed.

use super::hints::{ChosenHints, ExposePrivate, HintWarning, NoSuitableHints, choose_hints};
use crate::till::Till;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::{Address, Network, address};
use boltill_ledger::{Invoice, InvoiceText, NewInvoice};
use boltill_node::{MIN_FINAL_CLTV_DELTA, RegisterError, SignError};
use boltill_types::{CreatedIndex, Label, Msat, PaymentHash, PaymentPreimage, PaymentSecret, UnixSeconds};
use lightning_invoice::{
    CreationError, Currency, Fallback, InvoiceBuilder, RawBolt11Invoice, SignedRawBolt11Invoice, TaggedField,
};
use std::fmt::Write;
use std::time::Duration;

/// How long an invoice can be paid when nobody says otherwise, in seconds: a week.
pub const DEFAULT_INVOICE_EXPIRY: u64 = 604_800;

/// The longest description that fits into a BOLT 11 field, in bytes.
pub(super) const MAX_DESCRIPTION: usize = 639;

/// The latest time that the ledger can hold, in seconds since 1970.
const END_OF_TIME: u64 = i64::MAX as u64;

/// What `invoice` asks for.
#[derive(Clone, Debug)]
pub struct NewBolt11 {
    /// What is to be paid, more than zero; `None` leaves it to the payer.
    pub amount: Option<Msat>,
    /// The invoice's unique name.
    pub label: Label,
    /// What it is for; kept in the ledger even if the invoice only holds the hash of it.
    pub description: String,
    /// How long it can be paid, in seconds; [`DEFAULT_INVOICE_EXPIRY`] if nobody says otherwise.
    pub expiry: u64,
    /// On-chain addresses for those who cannot pay by Lightning, the preferred one first.
    pub fallbacks: Vec<String>,
    /// The preimage, from whoever wants to choose it; otherwise a random one.
    pub preimage: Option<PaymentPreimage>,
    /// Which unannounced channels the route hints may reveal.
    pub expose_private: ExposePrivate,
    /// The `min_final_cltv_expiry_delta`, in blocks; otherwise that of the configuration. What LDK demands at least
    /// comes first.
    pub cltv: Option<u32>,
    /// Whether the invoice holds the hash of the description in its place.
    pub deschashonly: bool,
}

/// What `invoice` answers.
#[derive(Clone, Debug)]
pub struct CreatedInvoice {
    /// The SHA-256 of the preimage.
    pub payment_hash: PaymentHash,
    /// When it stops being payable.
    pub expires_at: UnixSeconds,
    /// The invoice for the payer.
    pub bolt11: String,
    /// What the payer must send along, so that nobody else can probe for the payment (BOLT 11 `s`).
    pub payment_secret: PaymentSecret,
    /// The order in which invoices were made.
    pub created_index: CreatedIndex,
    /// What may keep the invoice from being paid.
    pub warnings: Vec<HintWarning>,
}

/// Why an invoice was not made. Checked in the order of the variants, as Core Lightning does.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateInvoiceError {
    /// The description does not fit into the invoice, and `deschashonly` was not asked for; code -32602.
    #[error("Description greater than 639 bytes invalid (description length {0})")]
    DescriptionTooLong(usize),
    /// It would expire after the end of time; code -32602.
    #[error("expiry: {0} seconds are more than can be counted")]
    ExpiryTooLong(u64),
    /// A fallback is not an address; code -1.
    #[error("Fallback address not valid")]
    FallbackInvalid,
    /// A fallback is an address on another chain; code -1.
    #[error("Fallback address does not match our network {0}")]
    FallbackWrongNetwork(Network),
    /// None of the channels asked for can be a route hint; code 902.
    #[error(transparent)]
    NoSuitableHints(#[from] NoSuitableHints),
    /// The amount is more than there are bitcoin; code -32602.
    #[error("amount_msat: {0} is more than there is")]
    AmountTooLarge(Msat),
    /// The operating system gave no random preimage; code -1.
    #[error("no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The node's key is out of reach; code -1.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The ledger has an invoice with that preimage (901) or label (900), or failed (-1).
    #[error(transparent)]
    NotFiled(#[from] boltill_ledger::CreateInvoiceError),
}

impl Till {
    /// Makes an invoice: durable when this answers.
    ///
    /// # Errors
    /// [`CreateInvoiceError`]; nothing has been filed.
    pub async fn create_invoice(&self, new: NewBolt11) -> Result<CreatedInvoice, CreateInvoiceError> {
        if !new.deschashonly && new.description.len() > MAX_DESCRIPTION {
            return Err(CreateInvoiceError::DescriptionTooLong(new.description.len()));
        }
        let expires_at = UnixSeconds::now()
            .0
            .checked_add(new.expiry)
            .filter(|end| *end <= END_OF_TIME);
        if expires_at.is_none() {
            return Err(CreateInvoiceError::ExpiryTooLong(new.expiry));
        }
        let network = self.lightning().network();
        let fallbacks = parse_fallbacks(&new.fallbacks, network)?;
        let mut draw = || getrandom::u64().unwrap_or_default() as f64 / u64::MAX as f64;
        let candidates = self.lightning().hint_candidates();
        let hints = choose_hints(&candidates, new.amount, &new.expose_private, &mut draw)?;
        let warnings = hints.warnings.clone();
        let (invoice, payment_secret) = self.file_bolt11(new, fallbacks, hints).await?;
        Ok(CreatedInvoice {
            payment_hash: invoice.payment_hash,
            expires_at: invoice.expires_at,
            bolt11: invoice.text.as_str().to_owned(),
            payment_secret,
            created_index: invoice.created_index,
            warnings,
        })
    }

    /// Builds, signs and files an invoice whose parameters have been checked.
    pub(super) async fn file_bolt11(
        &self,
        new: NewBolt11,
        fallbacks: Vec<Fallback>,
        hints: ChosenHints,
    ) -> Result<(Invoice, PaymentSecret), CreateInvoiceError> {
        let preimage_is_fresh = new.preimage.is_none();
        let preimage = new.preimage.map_or_else(random_preimage, Ok)?;
        let payment_hash = PaymentHash(sha256::Hash::hash(&preimage.0).to_byte_array());
        let created_at = UnixSeconds::now();
        let cltv = new
            .cltv
            .unwrap_or(self.inner.config.cltv_final)
            .max(u32::from(MIN_FINAL_CLTV_DELTA));
        let payment_secret = self.register(payment_hash, new.amount, new.expiry, cltv)?;
        let terms = Terms {
            payment_hash,
            payment_secret,
            created_at,
            cltv,
            fallbacks,
            hints,
        };
        let unsigned = self.build(&new, terms)?;
        let text = InvoiceText::Bolt11(written(&self.sign(unsigned)?));
        let invoice = self.file(NewInvoice {
            label: new.label,
            text,
            payment_hash,
            payment_preimage: preimage,
            preimage_is_fresh,
            amount: new.amount,
            description: Some(new.description),
            expires_at: created_at.saturating_add(new.expiry),
            local_offer_id: None,
            invreq_payer_note: None,
        });
        Ok((invoice.await?, payment_secret))
    }

    /// Makes the node accept the payment. What LDK cannot express is limited to what it can: an expiry after more than
    /// a hundred years, or a delta of more than a year of blocks.
    pub(super) fn register(
        &self,
        payment_hash: PaymentHash,
        amount: Option<Msat>,
        expiry: u64,
        cltv: u32,
    ) -> Result<PaymentSecret, CreateInvoiceError> {
        let expiry = u32::try_from(expiry).unwrap_or(u32::MAX);
        let cltv = u16::try_from(cltv).unwrap_or(u16::MAX);
        self.lightning()
            .register_inbound(payment_hash, amount, expiry, Some(cltv))
            .map_err(|RegisterError| CreateInvoiceError::AmountTooLarge(amount.unwrap_or_default()))
    }

    /// Signs with the node's key. The signature is not checked by recovering the key again, which costs as much as
    /// making it.
    pub(super) fn sign(&self, unsigned: RawBolt11Invoice) -> Result<SignedRawBolt11Invoice, SignError> {
        unsigned.sign(|digest| self.lightning().sign_bolt11(digest))
    }

    /// Files an invoice and has it expire in time.
    pub(crate) async fn file(
        &self,
        invoice: NewInvoice,
    ) -> Result<Invoice, boltill_ledger::CreateInvoiceError> {
        let invoice = self.ledger().create_invoice(invoice).await?;
        self.inner.expiry.expires(invoice.expires_at);
        Ok(invoice)
    }

    fn build(&self, new: &NewBolt11, terms: Terms) -> Result<RawBolt11Invoice, CreateInvoiceError> {
        let currency = Currency::from(self.lightning().network());
        let mut builder = InvoiceBuilder::new(currency)
            .duration_since_epoch(Duration::from_secs(terms.created_at.0))
            .payment_hash(sha256::Hash::from_byte_array(terms.payment_hash.0))
            .expiry_time(Duration::from_secs(new.expiry))
            .min_final_cltv_expiry_delta(u64::from(terms.cltv));
        if let Some(amount) = new.amount {
            builder = builder.amount_milli_satoshis(amount.0);
        }
        for fallback in terms.fallbacks {
            builder = builder.fallback(fallback);
        }
        for hint in terms.hints.hints {
            builder = builder.private_route(hint);
        }
        let described = if new.deschashonly {
            builder.description_hash(sha256::Hash::hash(new.description.as_bytes()))
        } else {
            builder.description(new.description.clone())
        };
        let mut unsigned = described.build_raw().map_err(|error| refused(error, new))?;
        let features = TaggedField::Features(self.lightning().bolt11_features());
        unsigned
            .data
            .tagged_fields
            .push(TaggedField::PaymentSecret(terms.payment_secret).into());
        unsigned.data.tagged_fields.push(features.into());
        Ok(unsigned)
    }
}

/// What goes into an invoice beside what was asked for.
struct Terms {
    payment_hash: PaymentHash,
    payment_secret: PaymentSecret,
    created_at: UnixSeconds,
    cltv: u32,
    fallbacks: Vec<Fallback>,
    hints: ChosenHints,
}

/// What the builder's complaint means to the caller; the rest of what it checks has been checked before.
fn refused(error: CreationError, new: &NewBolt11) -> CreateInvoiceError {
    match error {
        CreationError::DescriptionTooLong => CreateInvoiceError::DescriptionTooLong(new.description.len()),
        _ => CreateInvoiceError::AmountTooLarge(new.amount.unwrap_or_default()),
    }
}

/// The invoice's text, which its `Display` makes a character at a time: with room for most, so that it is not moved as it grows.
fn written(invoice: &SignedRawBolt11Invoice) -> String {
    let mut text = String::with_capacity(512);
    // Nothing fails that writes to a String.
    let _ = write!(text, "{invoice}");
    text
}

pub(crate) fn random_preimage() -> Result<PaymentPreimage, getrandom::Error> {
    let mut preimage = [0; 32];
    getrandom::fill(&mut preimage)?;
    Ok(PaymentPreimage(preimage))
}

fn parse_fallbacks(addresses: &[String], network: Network) -> Result<Vec<Fallback>, CreateInvoiceError> {
    addresses
        .iter()
        .map(|address| parse_fallback(address, network))
        .collect()
}

fn parse_fallback(address: &str, network: Network) -> Result<Fallback, CreateInvoiceError> {
    let address: Address<address::NetworkUnchecked> =
        address.parse().map_err(|_| CreateInvoiceError::FallbackInvalid)?;
    let address = address
        .require_network(network)
        .map_err(|_| CreateInvoiceError::FallbackWrongNetwork(network))?;
    if let Some(program) = address.witness_program() {
        let (version, program) = (program.version(), program.program().as_bytes().to_vec());
        return Ok(Fallback::SegWitProgram { version, program });
    }
    let legacy = address.pubkey_hash().map(Fallback::PubKeyHash);
    legacy
        .or_else(|| address.script_hash().map(Fallback::ScriptHash))
        .ok_or(CreateInvoiceError::FallbackInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fallback_must_be_an_address_of_our_chain() {
        let p2wpkh = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
        assert!(matches!(
            parse_fallback(p2wpkh, Network::Regtest),
            Ok(Fallback::SegWitProgram { .. })
        ));
        let wrong = parse_fallback(p2wpkh, Network::Bitcoin).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "Fallback address does not match our network bitcoin"
        );
        let invalid = parse_fallback("bcrt1qw508d6", Network::Regtest).unwrap_err();
        assert_eq!(invalid.to_string(), "Fallback address not valid");
        let p2pkh = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2";
        assert!(matches!(
            parse_fallback(p2pkh, Network::Bitcoin),
            Ok(Fallback::PubKeyHash(_))
        ));
        let p2sh = "3EktnHQD7RiAE6uzMj2ZifT9YgRrkSgzQX";
        assert!(matches!(
            parse_fallback(p2sh, Network::Bitcoin),
            Ok(Fallback::ScriptHash(_))
        ));
    }
}
