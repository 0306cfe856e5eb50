//! BOLT 11 invoices.

use super::{DecodeError, short_channel_id};
use bech32::Fe32;
use bitcoin::hex::DisplayHex;
use bitcoin::{Address, Network, WitnessProgram};
use boltill_types::Msat;
use lightning_invoice::{Fallback, PrivateRoute, RawTaggedField, SignedRawBolt11Invoice};
use serde::Serialize;

/// What a BOLT 11 invoice says, by the names of Core Lightning's `decode`.
#[derive(Clone, Debug, Serialize)]
#[allow(
    missing_docs,
    reason = "the fields are those of BOLT 11, by the names of Core Lightning's decode"
)]
pub struct Bolt11 {
    r#type: &'static str,
    currency: String,
    created_at: u64,
    expiry: u64,
    payee: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_msat: Option<Msat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description_hash: Option<String>,
    min_final_cltv_expiry: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    features: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_metadata: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fallbacks: Vec<FallbackAddress>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    routes: Vec<Vec<Hop>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra: Vec<ExtraField>,
    payment_hash: String,
    signature: String,
    valid: bool,
}

/// An address for those who cannot pay by Lightning.
#[derive(Clone, Debug, Serialize)]
struct FallbackAddress {
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addr: Option<String>,
    hex: String,
}

/// One hop of a route hint.
#[derive(Clone, Debug, Serialize)]
struct Hop {
    pubkey: String,
    short_channel_id: String,
    fee_base_msat: u32,
    fee_proportional_millionths: u32,
    cltv_expiry_delta: u16,
}

/// A field that we do not know.
#[derive(Clone, Debug, Serialize)]
struct ExtraField {
    tag: String,
    data: String,
}

impl Bolt11 {
    pub(super) fn read(text: &str) -> Result<Bolt11, DecodeError> {
        let invalid = |why: &str| DecodeError::Bolt11(why.to_owned());
        let invoice: SignedRawBolt11Invoice = text
            .parse()
            .map_err(|error| DecodeError::Bolt11(format!("{error}")))?;
        let signer = invoice
            .recover_payee_pub_key()
            .map_err(|_| invalid("signature recovery failed"))?;
        if !invoice.check_signature() {
            return Err(invalid("invalid signature"));
        }
        let payment_hash = invoice
            .payment_hash()
            .ok_or_else(|| invalid("no valid 'p' field found"))?;
        let amount = match invoice.amount_pico_btc() {
            Some(pico) if pico % 10 != 0 => return Err(invalid("not a whole number of msat")),
            Some(pico) => Some(Msat(pico / 10)),
            None if invoice.hrp.raw_amount.is_some() => return Err(invalid("the amount is too large")),
            None => None,
        };
        Ok(Bolt11 {
            r#type: "bolt11 invoice",
            currency: invoice.currency().to_string(),
            created_at: invoice.data.timestamp.as_unix_timestamp(),
            expiry: invoice.expiry_time().map_or(3_600, |expiry| expiry.as_seconds()),
            payee: invoice.payee_pub_key().unwrap_or(&signer).0.to_string(),
            amount_msat: amount,
            description: invoice.description().map(|text| text.as_inner().0.clone()),
            description_hash: invoice.description_hash().map(|hash| hash.0.to_string()),
            min_final_cltv_expiry: invoice.min_final_cltv_expiry_delta().map_or(18, |delta| delta.0),
            payment_secret: invoice
                .payment_secret()
                .map(|secret| secret.0.to_lower_hex_string()),
            features: invoice.features().map(|features| {
                let big_endian: Vec<u8> = features.le_flags().iter().rev().copied().collect();
                big_endian.to_lower_hex_string()
            }),
            payment_metadata: invoice.payment_metadata().map(|data| data.to_lower_hex_string()),
            fallbacks: fallbacks(&invoice),
            routes: invoice.private_routes().into_iter().map(hops).collect(),
            extra: invoice.data.tagged_fields.iter().filter_map(extra).collect(),
            payment_hash: payment_hash.0.to_string(),
            signature: invoice.signature().0.to_standard().to_string(),
            valid: true,
        })
    }
}

fn fallbacks(invoice: &SignedRawBolt11Invoice) -> Vec<FallbackAddress> {
    let network = Network::from(invoice.currency());
    invoice
        .fallbacks()
        .into_iter()
        .filter_map(|fallback| address(fallback, network))
        .collect()
}

fn address(fallback: &Fallback, network: Network) -> Option<FallbackAddress> {
    let address = match fallback {
        Fallback::SegWitProgram { version, program } => {
            let program = WitnessProgram::new(*version, program).ok()?;
            Address::from_witness_program(program, network)
        }
        Fallback::PubKeyHash(hash) => Address::p2pkh(*hash, network),
        Fallback::ScriptHash(hash) => Address::p2sh_from_hash(*hash, network),
    };
    let kind = address.address_type().map(|kind| match kind {
        bitcoin::AddressType::P2pkh => "P2PKH",
        bitcoin::AddressType::P2sh => "P2SH",
        bitcoin::AddressType::P2wpkh => "P2WPKH",
        bitcoin::AddressType::P2wsh => "P2WSH",
        _ => "P2TR",
    });
    Some(FallbackAddress {
        r#type: kind,
        addr: Some(address.to_string()),
        hex: address.script_pubkey().to_hex_string(),
    })
}

fn hops(route: &PrivateRoute) -> Vec<Hop> {
    let hop = |hop: &lightning::routing::router::RouteHintHop| Hop {
        pubkey: hop.src_node_id.to_string(),
        short_channel_id: short_channel_id(hop.short_channel_id),
        fee_base_msat: hop.fees.base_msat,
        fee_proportional_millionths: hop.fees.proportional_millionths,
        cltv_expiry_delta: hop.cltv_expiry_delta,
    };
    route.0.iter().map(hop).collect()
}

/// A tag, its length in two characters, and the data, all in the alphabet of bech32.
fn extra(field: &RawTaggedField) -> Option<ExtraField> {
    let RawTaggedField::UnknownSemantics(field) = field else {
        return None;
    };
    let text = |part: &[Fe32]| part.iter().map(|fe| fe.to_char()).collect();
    Some(ExtraField {
        tag: text(field.get(..1)?),
        data: text(field.get(3..)?),
    })
}
