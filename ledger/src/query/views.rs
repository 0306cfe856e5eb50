//! The ledger's tables under the names, and with the columns, that Core Lightning's `sql` has.
//!
//! A column that can be searched for is a column of the ledger's own, bare, so that SQLite sees through to the index.

use super::table::{Column, ColumnType, Table};

/// A table that is read from the ledger's own, row by row, as a query needs them.
pub(super) struct View {
    pub(super) table: Table,
    /// The ledger's table; the columns' SQL calls it `t`.
    pub(super) from: &'static str,
    /// Columns that can be searched for without an index of their own.
    pub(super) keys: &'static [Key],
}

/// A column by which the ledger finds rows in another way than by an index of that column.
pub(super) enum Key {
    /// 32 bytes, of which an indexed column has the first six; both without `t.`.
    Hash { column: &'static str, key: &'static str },
    /// The label of an invoice, which is in the index of invoices.
    InvoiceLabel,
    /// The payment hash of an invoice, which is there as well.
    InvoiceHash,
}

const fn int(name: &'static str, source: &'static str) -> Column {
    Column {
        name,
        kind: ColumnType::Integer,
        source,
    }
}

const fn real(name: &'static str, source: &'static str) -> Column {
    Column {
        name,
        kind: ColumnType::Real,
        source,
    }
}

const fn text(name: &'static str, source: &'static str) -> Column {
    Column {
        name,
        kind: ColumnType::Text,
        source,
    }
}

const fn blob(name: &'static str, source: &'static str) -> Column {
    Column {
        name,
        kind: ColumnType::Blob,
        source,
    }
}

/// A short channel id as text.
macro_rules! scid {
    ($column:literal) => {
        concat!(
            "(",
            $column,
            " >> 40) || 'x' || ((",
            $column,
            " >> 16) & 16777215) || 'x' || (",
            $column,
            " & 65535)"
        )
    };
}

/// All of them, in alphabetical order.
pub(super) const VIEWS: &[View] = &[FORWARDS, INVOICEREQUESTS, INVOICES, OFFERS, PAYS, SENDPAYS];

const FORWARDS: View = View {
    table: Table {
        name: "forwards",
        columns: &[
            int("created_index", "t.created_index"),
            text(
                "in_channel",
                concat!("coalesce(", scid!("t.in_scid"), ", '0x0x0')"),
            ),
            int("in_htlc_id", "t.in_htlc_id"),
            int("in_msat", "t.in_msat"),
            text(
                "status",
                "CASE t.status WHEN 0 THEN 'offered' WHEN 1 THEN 'settled' WHEN 2 THEN 'failed' ELSE 'local_failed' END",
            ),
            real("received_time", "CAST(t.received_at AS REAL)"),
            text("out_channel", scid!("t.out_scid")),
            int("out_htlc_id", "t.out_htlc_id"),
            int("updated_index", "t.updated_index"),
            text("style", "'tlv'"),
            int("fee_msat", "t.in_msat - t.out_msat"),
            int("out_msat", "t.out_msat"),
            // What never went out has not come back either.
            real(
                "resolved_time",
                "CASE t.status WHEN 3 THEN NULL ELSE CAST(t.resolved_at AS REAL) END",
            ),
            int("failcode", "t.failure_code"),
            text("failreason", "t.failure_name"),
        ],
        indices: &[&["created_index"], &["updated_index"]],
        parent: None,
    },
    from: "forwards",
    keys: &[],
};

const INVOICEREQUESTS: View = View {
    table: Table {
        name: "invoicerequests",
        columns: &[
            int("created_index", "t.created_index"),
            int("updated_index", "t.updated_index"),
            blob("invreq_id", "t.invreq_id"),
            int("active", "t.active"),
            int("single_use", "t.single_use"),
            text("bolt12", "t.bolt12"),
            int("used", "t.used"),
            text("label", "t.label"),
            int("amount_msat", "t.amount_msat"),
            int("absolute_expiry", "t.absolute_expiry"),
            int("paid_count", "t.paid_count"),
            int("paid_msat", "t.paid_msat"),
            int("pending_count", "t.pending_count"),
            int("pending_msat", "t.pending_msat"),
            int("last_paid_at", "t.last_paid_at"),
        ],
        indices: &[
            &["created_index"],
            &["updated_index"],
            &["invreq_id"],
            &["active"],
        ],
        parent: None,
    },
    from: "invoice_requests",
    keys: &[Key::Hash {
        column: "invreq_id",
        key: "id_key",
    }],
};

const INVOICES: View = View {
    table: Table {
        name: "invoices",
        columns: &[
            text("label", "t.label"),
            text("description", "t.description"),
            blob("payment_hash", "t.payment_hash"),
            text(
                "status",
                // One whose time has passed is expired, also in the moment before that is on file.
                "CASE WHEN t.status = 1 THEN 'paid' WHEN t.status = 0 AND t.expires_at > unixepoch() THEN 'unpaid' \
                 ELSE 'expired' END",
            ),
            int("expires_at", "t.expires_at"),
            int("amount_msat", "t.amount_msat"),
            text("bolt11", "t.bolt11"),
            text("bolt12", "t.bolt12"),
            blob("local_offer_id", "t.local_offer_id"),
            text("invreq_payer_note", "t.invreq_payer_note"),
            int("created_index", "t.created_index"),
            int("updated_index", "t.updated_index"),
            int("pay_index", "t.pay_index"),
            int("amount_received_msat", "t.received_msat"),
            int("paid_at", "t.paid_at"),
            // Nobody pays our invoices on the chain.
            blob("paid_outpoint_txid", "NULL"),
            int("paid_outpoint_outnum", "NULL"),
            // That of an invoice that is not paid is a secret.
            blob(
                "payment_preimage",
                "CASE t.status WHEN 1 THEN t.payment_preimage END",
            ),
        ],
        indices: &[
            &["created_index"],
            &["updated_index"],
            &["pay_index"],
            &["label"],
            &["payment_hash"],
            &["local_offer_id"],
        ],
        parent: None,
    },
    from: "invoices",
    keys: &[Key::InvoiceLabel, Key::InvoiceHash],
};

const OFFERS: View = View {
    table: Table {
        name: "offers",
        columns: &[
            int("rowid", "t.created_index"),
            blob("offer_id", "t.offer_id"),
            int("active", "t.active"),
            int("single_use", "t.single_use"),
            int("force_paths", "t.force_paths"),
            text("bolt12", "t.bolt12"),
            text("description", "offer_description(t.bolt12)"),
            int("used", "t.used"),
            text("label", "t.label"),
        ],
        indices: &[&["offer_id"], &["active"]],
        parent: None,
    },
    from: "offers",
    keys: &[Key::Hash {
        column: "offer_id",
        key: "id_key",
    }],
};

/// As `listpays` shows them: of a payment that failed, nothing was sent in the end.
const PAYS: View = View {
    table: Table {
        name: "pays",
        columns: &[
            blob("payment_hash", "t.payment_hash"),
            text("status", PAYMENT_STATUS),
            blob("destination", "t.destination"),
            int("created_at", "t.created_at"),
            int("completed_at", "CASE t.status WHEN 1 THEN t.completed_at END"),
            text("label", "t.label"),
            text("bolt11", "t.bolt11"),
            text("description", "t.description"),
            text("bolt12", "t.bolt12"),
            int("created_index", "t.created_index"),
            int("updated_index", "t.updated_index"),
            int(
                "amount_msat",
                "CASE t.status WHEN 2 THEN NULL ELSE t.amount_msat END",
            ),
            int(
                "amount_sent_msat",
                "CASE t.status WHEN 2 THEN 0 ELSE coalesce(t.amount_sent_msat, t.amount_msat) END",
            ),
            blob("preimage", PREIMAGE),
            int("number_of_parts", "NULL"),
            blob("erroronion", "NULL"),
        ],
        indices: &[&["created_index"], &["updated_index"], &["payment_hash"]],
        parent: None,
    },
    from: "sendpays",
    keys: PAYMENT_KEYS,
};

const SENDPAYS: View = View {
    table: Table {
        name: "sendpays",
        columns: &[
            int("created_index", "t.created_index"),
            int("id", "t.created_index"),
            int("groupid", "t.groupid"),
            int("partid", "nullif(t.partid, 0)"),
            blob("payment_hash", "t.payment_hash"),
            int("updated_index", "t.updated_index"),
            text("status", PAYMENT_STATUS),
            int("amount_msat", "t.amount_msat"),
            blob("destination", "t.destination"),
            int("created_at", "t.created_at"),
            int("amount_sent_msat", "coalesce(t.amount_sent_msat, t.amount_msat)"),
            text("label", "t.label"),
            text("bolt11", "t.bolt11"),
            text("description", "t.description"),
            text("bolt12", "t.bolt12"),
            int("completed_at", "t.completed_at"),
            blob("payment_preimage", PREIMAGE),
            blob("erroronion", "NULL"),
        ],
        indices: &[&["created_index"], &["id"], &["updated_index"], &["payment_hash"]],
        parent: None,
    },
    from: "sendpays",
    keys: PAYMENT_KEYS,
};

const PAYMENT_STATUS: &str = "CASE t.status WHEN 0 THEN 'pending' WHEN 1 THEN 'complete' ELSE 'failed' END";
const PREIMAGE: &str = "CASE t.status WHEN 1 THEN t.payment_preimage END";
const PAYMENT_KEYS: &[Key] = &[Key::Hash {
    column: "payment_hash",
    key: "hash_key",
}];
