//! An invoice as answers show it, the same wherever it is shown.

use crate::hex::Hex;
use crate::params::{Field, Kind};
use boltill_till::{Invoice, InvoiceState, InvoiceText};
use boltill_types::{CreatedIndex, Msat, PayIndex, UnixSeconds, UpdatedIndex};
use serde::Serialize;

/// An entry of `listinvoices`, borrowed from the invoice.
#[derive(Serialize)]
pub struct InvoiceEntry<'a> {
    label: &'a str,
    #[serde(flatten)]
    text: TextEntry<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_msat: Option<Msat>,
    payment_hash: Hex<'a>,
    status: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    payment: Option<Payment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    expires_at: UnixSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_offer_id: Option<Hex<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invreq_payer_note: Option<&'a str>,
    created_index: CreatedIndex,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_index: Option<UpdatedIndex>,
}

/// An invoice's text under the name of its kind.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TextEntry<'a> {
    /// A BOLT 11 invoice.
    Bolt11(&'a str),
    /// A BOLT 12 invoice.
    Bolt12(&'a str),
}

impl<'a> TextEntry<'a> {
    /// Shows a text.
    pub fn of(text: &'a InvoiceText) -> TextEntry<'a> {
        match text {
            InvoiceText::Bolt11(text) => TextEntry::Bolt11(text),
            InvoiceText::Bolt12(text) => TextEntry::Bolt12(text),
        }
    }
}

/// What only paid invoices show; the preimage of any other is a secret.
#[derive(Serialize)]
struct Payment<'a> {
    pay_index: PayIndex,
    amount_received_msat: Msat,
    paid_at: UnixSeconds,
    payment_preimage: Hex<'a>,
}

impl<'a> InvoiceEntry<'a> {
    /// Shows an invoice.
    pub fn of(invoice: &'a Invoice) -> InvoiceEntry<'a> {
        let payment = match invoice.state {
            InvoiceState::Unpaid | InvoiceState::Expired => None,
            InvoiceState::Paid {
                pay_index,
                received,
                paid_at,
            } => Some(Payment {
                pay_index,
                amount_received_msat: received,
                paid_at,
                payment_preimage: Hex(&invoice.payment_preimage.0),
            }),
        };
        InvoiceEntry {
            label: invoice.label.as_str(),
            text: TextEntry::of(&invoice.text),
            amount_msat: invoice.amount,
            payment_hash: Hex(&invoice.payment_hash.0),
            status: invoice.state.status().as_str(),
            payment,
            description: invoice.description.as_deref(),
            expires_at: invoice.expires_at,
            local_offer_id: invoice.local_offer_id.as_ref().map(|id| Hex(&id.0)),
            invreq_payer_note: invoice.invreq_payer_note.as_deref(),
            created_index: invoice.created_index,
            updated_index: invoice.updated_index,
        }
    }
}

/// The fields of an entry.
pub const INVOICE: &[Field] = &[
    Field::always("label", Kind::String, "The invoice's unique name."),
    Field::sometimes(
        "bolt11",
        Kind::String,
        "The BOLT 11 invoice; there unless `bolt12` is.",
    ),
    Field::sometimes(
        "bolt12",
        Kind::String,
        "The BOLT 12 invoice; there unless `bolt11` is.",
    ),
    Field::sometimes(
        "amount_msat",
        Kind::Msat,
        "What is to be paid; absent where the payer chooses.",
    ),
    Field::always(
        "payment_hash",
        Kind::Hash,
        "The hash of the preimage that proves the payment.",
    ),
    Field::always(
        "status",
        Kind::String,
        "`unpaid`, `paid`, or `expired` when it can no longer be paid.",
    ),
    Field::sometimes(
        "pay_index",
        Kind::U64,
        "Of a paid invoice: the order in which invoices were paid, from 1 and without gaps.",
    ),
    Field::sometimes(
        "amount_received_msat",
        Kind::Msat,
        "Of a paid invoice: what came in, which may be somewhat more than `amount_msat`.",
    ),
    Field::sometimes("paid_at", Kind::U64, "Of a paid invoice: when, in UNIX seconds."),
    Field::sometimes(
        "payment_preimage",
        Kind::Secret,
        "Of a paid invoice: what the payer has as the proof.",
    ),
    Field::sometimes(
        "description",
        Kind::String,
        "What it is for; absent once it is removed.",
    ),
    Field::always(
        "expires_at",
        Kind::U64,
        "When it stops, or stopped, being payable, in UNIX seconds.",
    ),
    Field::sometimes("local_offer_id", Kind::Hash, "The offer of ours that it answers."),
    Field::sometimes(
        "invreq_payer_note",
        Kind::String,
        "What the payer wrote in the invoice_request that it answers.",
    ),
    Field::always(
        "created_index",
        Kind::U64,
        "The order in which invoices were made, from 1.",
    ),
    Field::sometimes(
        "updated_index",
        Kind::U64,
        "The order of the latest change; absent before the first.",
    ),
];

#[cfg(test)]
pub(crate) mod tests {
    use super::super::documented::mismatches;
    use super::*;
    use boltill_till::OfferId;
    use boltill_types::{Label, PaymentHash, PaymentPreimage};
    use serde_json::{Value, json};

    /// An invoice that nobody has paid yet.
    pub(crate) fn unpaid() -> Invoice {
        Invoice {
            created_index: CreatedIndex(1),
            updated_index: None,
            label: Label::new("coffee").unwrap(),
            text: InvoiceText::Bolt11("lnbcrt1".to_owned()),
            payment_hash: PaymentHash([1; 32]),
            payment_preimage: PaymentPreimage([2; 32]),
            amount: Some(Msat(1_000)),
            description: Some("1 cup".to_owned()),
            expires_at: UnixSeconds(1_700_000_000),
            local_offer_id: None,
            invreq_payer_note: None,
            state: InvoiceState::Unpaid,
        }
    }

    fn shown(invoice: &Invoice) -> Value {
        let shown = serde_json::to_value(InvoiceEntry::of(invoice)).unwrap();
        assert_eq!(mismatches(INVOICE, &shown), [] as [&str; 0]);
        shown
    }

    #[test]
    fn an_unpaid_invoice_keeps_its_preimage_to_itself() {
        assert_eq!(
            shown(&unpaid()),
            json!({
                "label": "coffee", "bolt11": "lnbcrt1", "amount_msat": 1_000, "payment_hash": "01".repeat(32),
                "status": "unpaid", "description": "1 cup", "expires_at": 1_700_000_000, "created_index": 1,
            })
        );
    }

    #[test]
    fn a_paid_invoice_of_an_offer_shows_all_there_is() {
        let paid = Invoice {
            updated_index: Some(UpdatedIndex(3)),
            text: InvoiceText::Bolt12("lni1".to_owned()),
            description: None,
            amount: None,
            local_offer_id: Some(OfferId([3; 32])),
            invreq_payer_note: Some("thanks".to_owned()),
            state: InvoiceState::Paid {
                pay_index: PayIndex(2),
                received: Msat(1_001),
                paid_at: UnixSeconds(1_600_000_000),
            },
            ..unpaid()
        };
        assert_eq!(
            shown(&paid),
            json!({
                "label": "coffee", "bolt12": "lni1", "payment_hash": "01".repeat(32), "status": "paid",
                "pay_index": 2, "amount_received_msat": 1_001, "paid_at": 1_600_000_000,
                "payment_preimage": "02".repeat(32), "expires_at": 1_700_000_000,
                "local_offer_id": "03".repeat(32), "invreq_payer_note": "thanks", "created_index": 1,
                "updated_index": 3,
            })
        );
    }
}
