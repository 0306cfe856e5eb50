//! `listsqlschemas`

use super::prelude::*;
use crate::params::{FromToken, Refusal, Token};
use crate::sql;
use boltill_ledger::{Column, Table};
use serde::Serialize;

parameters! {
    /// List the tables that `sql` knows
    ///
    /// With their columns, in order, and those by which a row is found at once. A table that belongs to another begins with
    /// *row*, the *rowid* there, and *arrindex*, its place among its like, from 0.
    pub struct ListSqlSchemas {
        /// Only this table.
        optional table: Known,
    }
}

pub const COMMAND: Command = Command {
    name: "listsqlschemas",
    category: Category::Utility,
    answer: &[Field::always(
        "schemas",
        Kind::Array(&Kind::Object(SCHEMA)),
        "The tables, in alphabetical order.",
    )],
    examples: &[Example {
        typed: "listsqlschemas offers",
        answer: r#"{"schemas":[{"tablename":"offers","columns":[{"name":"rowid","type":"INTEGER"},{"name":"offer_id","type":"BLOB"},{"name":"active","type":"INTEGER"},{"name":"single_use","type":"INTEGER"},{"name":"force_paths","type":"INTEGER"},{"name":"bolt12","type":"TEXT"},{"name":"description","type":"TEXT"},{"name":"used","type":"INTEGER"},{"name":"label","type":"TEXT"}],"indices":[["offer_id"],["active"]]}]}"#,
    }],
    see_also: &["sql"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListSqlSchemas>()
};

const SCHEMA: &[Field] = &[
    Field::always("tablename", Kind::String, "Its name."),
    Field::always(
        "columns",
        Kind::Array(&Kind::Object(COLUMN)),
        "Its columns, in order.",
    ),
    Field::sometimes(
        "indices",
        Kind::Array(&Kind::Array(&Kind::String)),
        "The columns by which a row is found at once, together or alone.",
    ),
];

const COLUMN: &[Field] = &[
    Field::always("name", Kind::String, "Its name."),
    Field::always("type", Kind::String, "`INTEGER`, `REAL`, `TEXT` or `BLOB`."),
];

/// A table that there is.
#[derive(Clone, Copy, Debug)]
pub struct Known(&'static Table);

impl FromToken for Known {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Known, Refusal> {
        let name = String::from_token(token)?;
        let table = sql::tables().into_iter().find(|table| table.name == name);
        Ok(Known(table.ok_or("Unknown table")?))
    }
}

#[derive(Serialize)]
struct Schemas {
    schemas: Vec<Schema>,
}

#[derive(Serialize)]
struct Schema {
    tablename: &'static str,
    columns: Vec<ColumnEntry>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    indices: &'static [&'static [&'static str]],
}

#[derive(Serialize)]
struct ColumnEntry {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Schema {
    fn of(table: &'static Table) -> Schema {
        let entry = |Column { name, kind, .. }| ColumnEntry {
            name,
            kind: kind.as_str(),
        };
        Schema {
            tablename: table.name,
            columns: table.all_columns().map(entry).collect(),
            indices: table.indices,
        }
    }
}

impl Run for ListSqlSchemas {
    async fn run(self, _call: Call) -> Outcome {
        let tables = self.table.map_or_else(sql::tables, |Known(table)| vec![table]);
        let schemas = tables.into_iter().map(Schema::of).collect();
        Answer::of(&Schemas { schemas })
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn a_table_is_listed_with_its_columns_and_indices() {
        let answer = test_call().answer("listsqlschemas", r#"["offers"]"#).await;
        assert_eq!(answer.as_deref(), Ok(super::COMMAND.examples[0].answer));
        let parts = test_call().answer("listsqlschemas", r#"["peers_netaddr"]"#).await;
        let columns = r#"[{"name":"rowid","type":"INTEGER"},{"name":"row","type":"INTEGER"},{"name":"arrindex","type":"INTEGER"},{"name":"netaddr","type":"TEXT"}]"#;
        assert_eq!(
            parts,
            Ok(format!(
                r#"{{"schemas":[{{"tablename":"peers_netaddr","columns":{columns}}}]}}"#
            ))
        );
    }

    #[tokio::test]
    async fn a_table_that_there_is_not_is_refused() {
        let answer = test_call().answer("listsqlschemas", r#"["state"]"#).await;
        assert_eq!(
            answer,
            Err("table: Unknown table: invalid token '\"state\"'".to_owned())
        );
    }
}
