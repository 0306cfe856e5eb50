//! An invoice_request as answers show it.

use crate::hex::Hex;
use crate::params::{Field, Kind};
use boltill_till::InvoiceRequest;
use serde::Serialize;

/// The fields that Core Lightning has; what else there is, is only shown to who asks for it.
pub const INVOICE_REQUEST: &[Field] = &[
    Field::always(
        "invreq_id",
        Kind::Hash,
        "The request's id, the same in both dialects: the SHA256 hash of its fields but signatures.",
    ),
    Field::always("active", Kind::Bool, "Whether it can be paid."),
    Field::always(
        "single_use",
        Kind::Bool,
        "Whether it is paid once and never again.",
    ),
    Field::always("bolt12", Kind::String, "The request, to be shown: `lnr1...`."),
    Field::always("used", Kind::Bool, "Whether something has been paid for it."),
    Field::sometimes("label", Kind::String, "Our own name for it, if it has one."),
];

/// An invoice_request in an answer.
#[derive(Serialize)]
pub struct InvoiceRequestEntry<'a> {
    invreq_id: Hex<'a>,
    active: bool,
    single_use: bool,
    bolt12: &'a str,
    used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
}

impl InvoiceRequestEntry<'_> {
    /// The request as it is.
    pub fn of(request: &InvoiceRequest) -> InvoiceRequestEntry<'_> {
        InvoiceRequestEntry {
            invreq_id: Hex(&request.id.0),
            active: request.active,
            single_use: request.single_use,
            bolt12: &request.bolt12,
            used: request.used,
            label: request.label.as_deref(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use boltill_ledger::PayoutSums;
    use boltill_till::PayoutLimits;
    use boltill_types::{CreatedIndex, InvreqId, Msat};
    use serde_json::json;

    pub fn reusable() -> InvoiceRequest {
        InvoiceRequest {
            created_index: CreatedIndex(3),
            updated_index: None,
            id: InvreqId([1; 32]),
            label: None,
            bolt12: "lnr1signed".to_owned(),
            bolt12_unsigned: Some("lnr1unsigned".to_owned()),
            single_use: false,
            active: true,
            used: false,
            amount: Msat(1_000),
            absolute_expiry: None,
            limits: PayoutLimits::default(),
            sums: PayoutSums::default(),
            last_paid_at: None,
        }
    }

    #[test]
    fn an_entry_has_core_lightnings_fields_and_no_others() {
        let shown = serde_json::to_value(InvoiceRequestEntry::of(&reusable())).unwrap();
        assert_eq!(mismatches(INVOICE_REQUEST, &shown), [""; 0]);
        assert_eq!(
            shown,
            json!({
                "invreq_id": "01".repeat(32), "active": true, "single_use": false, "bolt12": "lnr1signed", "used": false,
            })
        );
    }
}
