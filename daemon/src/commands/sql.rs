//! `sql`

use super::prelude::*;
use crate::sql;

parameters! {
    /// Ask about everything that the listings show, in SQL
    ///
    /// The tables are named after the listings (`invoices`, `sendpays`, `forwards`, `offers`, `invoicerequests`, `pays`, `peerchannels`,
    /// `closedchannels`, `htlcs`, `peers`, `nodes`, `channels`, `transactions`), and the columns after their fields: `listsqlschemas` tells which
    /// there are. What an entry has several of is a table of its own, such as `peerchannels_htlcs`, whose *row* is the *rowid* of the entry.
    /// "no" and "yes" are 0 and 1, and what answers show in hexadecimal is written `x'...'`.
    ///
    /// Invoices and payments are read on the ledger's indexes: those are fast to find by `label = '...'`, `payment_hash = x'...'`,
    /// *created_index*, *updated_index* or *pay_index*, however many there are. A question runs for ten seconds at most, and an answer is never
    /// longer than 16 MB.
    ///
    /// Nothing can be changed, and only these functions are there: abs, avg, coalesce, count, date, datetime, hex, json_group_array, json_object,
    /// julianday, length, like, lower, max, min, quote, strftime, sum, time, timediff, total, unixepoch, upper.
    ///
    /// A question with an equals sign is taken for key=value unless the option -o is given.
    pub struct Sql {
        /// The question, as SQLite understands it.
        required query: String,
    }
}

pub const COMMAND: Command = Command {
    name: "sql",
    category: Category::Utility,
    answer: &[Field::always(
        "rows",
        Kind::Array(&Kind::Array(&Kind::Any)),
        "The rows; each is an array of numbers, text and null.",
    )],
    errors: &[(
        Code::Unspecified,
        "The question cannot be understood, wants what is not allowed, takes too long, or has too long an answer.",
    )],
    examples: &[
        Example {
            typed: "sql \"SELECT label, amount_received_msat FROM invoices WHERE pay_index > 40\"",
            answer: r#"{"rows":[["order 71",1500000],["order 73",25000]]}"#,
        },
        Example {
            typed: "sql -o \"SELECT peer_id, direction, htlcs.amount_msat FROM peerchannels JOIN peerchannels_htlcs AS htlcs ON htlcs.row = peerchannels.rowid\"",
            answer: r#"{"rows":[["036745b76a194d89a340f9fd195ed1179f28c72728c5c01723c502fe9d0cb27095",1,25000000]]}"#,
        },
    ],
    see_also: &["listsqlschemas", "listinvoices", "listpeerchannels"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Sql>()
};

impl Run for Sql {
    async fn run(self, call: Call) -> Outcome {
        let rows = sql::ask(&call, self.query).await?;
        Ok(Answer::Whole(format!(r#"{{"rows":{rows}}}"#)))
    }
}
