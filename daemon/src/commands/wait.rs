//! `wait`

use super::prelude::*;
use super::shared::channel::scid;
use super::shared::invoice::TextEntry;
use crate::hex::Hex;
use boltill_till::{ChangeDetails, IndexKind, Subsystem, Waited};
use boltill_types::Msat;
use serde::ser::{Serialize, SerializeMap, Serializer};

parameters! {
    /// Wait until an index reaches a value
    ///
    /// Every invoice, payment, forward or invoice_request that is made, changed or deleted moves an index of its *subsystem* by one. Answers once the index
    /// has reached *nextvalue*, at once if it has already; 0 is a way to ask what it is. After a wait the answer also tells
    /// which entry moved it, unless many did at the same moment.
    ///
    /// A client that wants to know of everything lists what there is by `created`, then by `updated`, and waits for the index behind
    /// the last one it has seen.
    pub struct Wait {
        /// What to wait for: `invoices` as in `listinvoices`, `sendpays` as in `listsendpays`, `forwards` as in `listforwards`, or
        /// `invoicerequests` as in `listinvoicerequests`.
        required subsystem: Subsystem,
        /// Which of its indexes: `created`, `updated` or `deleted`.
        required indexname: IndexKind,
        /// What it must have reached.
        required nextvalue: u64,
    }
}

pub const COMMAND: Command = Command {
    name: "wait",
    category: Category::Utility,
    answer: &[
        Field::always("subsystem", Kind::String, "The *subsystem*."),
        Field::sometimes("created", Kind::U64, "What the index of that name has reached."),
        Field::sometimes("updated", Kind::U64, "What the index of that name has reached."),
        Field::sometimes("deleted", Kind::U64, "What the index of that name has reached."),
        Field::sometimes(
            "invoices",
            Kind::Object(INVOICES),
            "After a wait for `invoices`: the invoice as the change left it, or was deleted.",
        ),
        Field::sometimes(
            "sendpays",
            Kind::Object(SENDPAYS),
            "After a wait for `sendpays`: the payment as the change left it, or was deleted.",
        ),
        Field::sometimes(
            "forwards",
            Kind::Object(FORWARDS),
            "After a wait for `forwards`: the forward as the change left it.",
        ),
        Field::sometimes(
            "invoicerequests",
            Kind::Object(INVOICEREQUESTS),
            "After a wait for `invoicerequests`: the request as the change left it. It changes when a payment for it is begun, arrives or \
             fails, when it is disabled, and when its time passes.",
        ),
    ],
    errors: &[(
        Code::InvalidParams,
        "The *subsystem* is not one that is counted here, or there is no such index.",
    )],
    examples: &[
        Example {
            typed: "wait invoices created 0",
            answer: r#"{"subsystem":"invoices","created":1042}"#,
        },
        Example {
            typed: "wait invoices updated 931",
            answer: r#"{"subsystem":"invoices","updated":931,"invoices":{"status":"paid","label":"order-1042","bolt11":"lnbcrt15u1p4szyda...","description":"2 cups of coffee"}}"#,
        },
    ],
    see_also: &[
        "listinvoices",
        "listsendpays",
        "listforwards",
        "listinvoicerequests",
        "waitanyinvoice",
    ],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Wait>()
};

const INVOICES: &[Field] = &[
    Field::always("status", Kind::String, "`unpaid`, `paid` or `expired`."),
    Field::always("label", Kind::String, "The invoice's label."),
    Field::sometimes("bolt11", Kind::String, "The invoice, if it is of BOLT 11."),
    Field::sometimes("bolt12", Kind::String, "The invoice, if it is of BOLT 12."),
    Field::sometimes("description", Kind::String, "What it is for."),
];

const SENDPAYS: &[Field] = &[
    Field::always("status", Kind::String, "`pending`, `complete` or `failed`."),
    Field::always(
        "partid",
        Kind::U64,
        "Which part of the attempt; 0 when it has no parts.",
    ),
    Field::always("groupid", Kind::U64, "Which attempt at the payment hash."),
    Field::always(
        "payment_hash",
        Kind::Hash,
        "The hash of the preimage that proves the payment.",
    ),
];

const FORWARDS: &[Field] = &[
    Field::always(
        "status",
        Kind::String,
        "`offered`, `settled`, `failed` or `local_failed`.",
    ),
    Field::sometimes(
        "in_channel",
        Kind::ShortChannelId,
        "The channel that it came in on.",
    ),
    Field::always(
        "in_htlc_id",
        Kind::U64,
        "The peer's number for it on that channel.",
    ),
    Field::always("in_msat", Kind::Msat, "What came in."),
    Field::sometimes(
        "out_channel",
        Kind::ShortChannelId,
        "The channel that it went to, or should have.",
    ),
];

const INVOICEREQUESTS: &[Field] = &[
    Field::always("invreq_id", Kind::Hash, "The request's id."),
    Field::sometimes("label", Kind::String, "Our own name for it, if it has one."),
    Field::always(
        "single_use",
        Kind::Bool,
        "Whether it is paid once and never again.",
    ),
    Field::always("active", Kind::Bool, "Whether it can be paid."),
    Field::always("used", Kind::Bool, "Whether something has been paid for it."),
];

/// The answer: what the index has reached under its own name, and what moved it under that of the subsystem.
struct Reached {
    subsystem: Subsystem,
    indexname: IndexKind,
    waited: Waited,
}

impl Serialize for Reached {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("subsystem", self.subsystem.as_str())?;
        fields.serialize_entry(self.indexname.as_str(), &self.waited.index)?;
        if let Some(details) = &self.waited.details {
            fields.serialize_entry(self.subsystem.as_str(), &Mover::of(details))?;
        }
        fields.end()
    }
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum Mover<'a> {
    Invoice {
        status: &'static str,
        label: &'a str,
        #[serde(flatten)]
        text: TextEntry<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
    },
    Sendpay {
        status: &'static str,
        partid: u64,
        groupid: u64,
        payment_hash: Hex<'a>,
    },
    Forward {
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        in_channel: Option<String>,
        in_htlc_id: u64,
        in_msat: Msat,
        #[serde(skip_serializing_if = "Option::is_none")]
        out_channel: Option<String>,
    },
    InvoiceRequest {
        invreq_id: Hex<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        label: Option<&'a str>,
        single_use: bool,
        active: bool,
        used: bool,
    },
}

impl<'a> Mover<'a> {
    fn of(details: &'a ChangeDetails) -> Mover<'a> {
        match details {
            ChangeDetails::Invoice(invoice) => Mover::Invoice {
                status: invoice.status.as_str(),
                label: invoice.label.as_str(),
                text: TextEntry::of(&invoice.text),
                description: invoice.description.as_deref(),
            },
            ChangeDetails::Sendpay(payment) => Mover::Sendpay {
                status: payment.status.as_str(),
                partid: payment.partid,
                groupid: payment.groupid,
                payment_hash: Hex(&payment.payment_hash.0),
            },
            ChangeDetails::Forward(forward) => Mover::Forward {
                status: forward.status.as_str(),
                in_channel: forward.in_short_channel_id.map(scid),
                in_htlc_id: forward.in_htlc_id,
                in_msat: forward.in_amount,
                out_channel: forward.out_short_channel_id.map(scid),
            },
            ChangeDetails::InvoiceRequest(request) => Mover::InvoiceRequest {
                invreq_id: Hex(&request.id.0),
                label: request.label.as_deref(),
                single_use: request.single_use,
                active: request.active,
                used: request.used,
            },
        }
    }
}

impl Run for Wait {
    async fn run(self, call: Call) -> Outcome {
        let Wait {
            subsystem,
            indexname,
            nextvalue,
        } = self;
        let waited = call.till()?.wait(subsystem, indexname, nextvalue).await?;
        Answer::of(&Reached {
            subsystem,
            indexname,
            waited,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use crate::commands::test_call;
    use boltill_ledger::{ForwardChange, InvoiceChange, InvoiceRequestChange, SendpayChange};
    use boltill_till::{ForwardStatus, InvoiceStatus, InvoiceText, PaymentStatus};
    use boltill_types::{InvreqId, Label, Msat, PaymentHash};
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn shown(subsystem: Subsystem, indexname: IndexKind, details: Option<ChangeDetails>) -> Value {
        let waited = Waited { index: 9, details };
        let shown = serde_json::to_value(Reached {
            subsystem,
            indexname,
            waited,
        })
        .unwrap();
        assert_eq!(mismatches(COMMAND.answer, &shown), [] as [&str; 0]);
        shown
    }

    #[test]
    fn an_index_that_is_reached_already_is_told_alone() {
        assert_eq!(
            shown(Subsystem::Sendpays, IndexKind::Deleted, None),
            json!({"subsystem": "sendpays", "deleted": 9})
        );
    }

    #[test]
    fn after_a_wait_it_is_told_what_moved_the_index() {
        let invoice = InvoiceChange {
            status: InvoiceStatus::Paid,
            label: Label::new("coffee").unwrap(),
            text: InvoiceText::Bolt12("lni1".to_owned()),
            payment_hash: PaymentHash([1; 32]),
            description: None,
        };
        assert_eq!(
            shown(
                Subsystem::Invoices,
                IndexKind::Updated,
                Some(ChangeDetails::Invoice(Arc::new(invoice)))
            ),
            json!({
                "subsystem": "invoices", "updated": 9,
                "invoices": {"status": "paid", "label": "coffee", "bolt12": "lni1"},
            })
        );
        let payment = SendpayChange {
            status: PaymentStatus::Pending,
            payment_hash: PaymentHash([1; 32]),
            groupid: 2,
            partid: 0,
        };
        assert_eq!(
            shown(
                Subsystem::Sendpays,
                IndexKind::Created,
                Some(ChangeDetails::Sendpay(payment))
            ),
            json!({
                "subsystem": "sendpays", "created": 9,
                "sendpays": {"status": "pending", "partid": 0, "groupid": 2, "payment_hash": "01".repeat(32)},
            })
        );
        let forward = ForwardChange {
            status: ForwardStatus::LocalFailed,
            in_short_channel_id: Some(103 << 40 | 1 << 16),
            in_htlc_id: 4,
            in_amount: Msat(1_001),
            out_short_channel_id: None,
        };
        assert_eq!(
            shown(
                Subsystem::Forwards,
                IndexKind::Created,
                Some(ChangeDetails::Forward(forward))
            ),
            json!({
                "subsystem": "forwards", "created": 9,
                "forwards": {"status": "local_failed", "in_channel": "103x1x0", "in_htlc_id": 4, "in_msat": 1_001},
            })
        );
        let request = InvoiceRequestChange {
            id: InvreqId([1; 32]),
            label: Some("atm".to_owned()),
            single_use: true,
            active: false,
            used: true,
        };
        assert_eq!(
            shown(
                Subsystem::InvoiceRequests,
                IndexKind::Updated,
                Some(ChangeDetails::InvoiceRequest(Arc::new(request)))
            ),
            json!({
                "subsystem": "invoicerequests", "updated": 9,
                "invoicerequests": {
                    "invreq_id": "01".repeat(32), "label": "atm", "single_use": true, "active": false, "used": true,
                },
            })
        );
    }

    #[tokio::test]
    async fn what_is_not_counted_here_is_refused() {
        let refusals = [
            (
                r#"["htlcs", "created", 1]"#,
                "subsystem: unknown subsystem: invalid token '\"htlcs\"'",
            ),
            (
                r#"["invoices", "made", 1]"#,
                "indexname: unknown index: invalid token '\"made\"'",
            ),
            (
                r#"["invoices", "created", -1]"#,
                "nextvalue: should be an unsigned 64 bit integer: invalid token '-1'",
            ),
            (
                r#"["invoices", "created"]"#,
                "missing required parameter: nextvalue",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(test_call().answer("wait", params).await, Err(words.to_owned()));
        }
    }
}
