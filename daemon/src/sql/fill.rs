//! Entries of listings become rows.

use super::blocking;
use super::tables::{LISTINGS, Listing};
use crate::answer::{Answer, Rows};
use crate::context::Call;
use crate::error::RpcError;
use crate::params::Token;
use boltill_ledger::{Cell, ColumnType, Query, Table};
use hex_conservative::FromHex;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Fills the tables that the question reads, listing by listing and page by page.
pub(super) async fn fill(call: &Call, query: Query) -> Result<Query, RpcError> {
    let touched = query.touched();
    let mut rows = Filler {
        query,
        touched,
        next: 1,
    };
    for listing in LISTINGS {
        let parts = listing.parts.iter().map(|part| &part.table);
        if ![&listing.table]
            .into_iter()
            .chain(parts)
            .any(|table| rows.reads(table))
        {
            continue;
        }
        let mut entries = Entries::of(call, listing).await?;
        while let Some(page) = entries.next_page().await? {
            rows = blocking(move || rows.add(listing, &page)).await??;
        }
    }
    Ok(rows.query)
}

/// A listing's answer, page by page.
enum Entries {
    Whole(Option<String>),
    Rows(Rows),
}

impl Entries {
    async fn of(call: &Call, listing: &Listing) -> Result<Entries, RpcError> {
        let none = Token::parse("{}")?;
        let command = call.commands.find(listing.command);
        let command = command.ok_or_else(|| RpcError::UnknownCommand(listing.command.to_owned()))?;
        Ok(match command.start(call.clone(), none)?.await? {
            Answer::Rows(rows) => Entries::Rows(rows),
            Answer::Whole(json) => {
                let mut members: BTreeMap<&str, &RawValue> = serde_json::from_str(&json)?;
                Entries::Whole(members.remove(listing.array).map(|array| array.get().to_owned()))
            }
        })
    }

    /// Some entries, as a JSON array.
    async fn next_page(&mut self) -> Result<Option<String>, RpcError> {
        match self {
            Entries::Whole(array) => Ok(array.take()),
            Entries::Rows(rows) => Ok(rows
                .next_page()
                .await?
                .map(|page| format!("[{}]", page.as_json()))),
        }
    }
}

/// Adds rows, and numbers those that have no number of their own.
struct Filler {
    query: Query,
    /// The tables that the question reads; the others need not even be there.
    touched: Vec<&'static str>,
    next: i64,
}

impl Filler {
    fn reads(&self, table: &Table) -> bool {
        self.touched.contains(&table.name)
    }

    fn add(mut self, listing: &'static Listing, page: &str) -> Result<Filler, RpcError> {
        let entries: Vec<Value> = serde_json::from_str(page)?;
        let numbered = listing.table.implied().next().is_some();
        let mut numbers = Vec::with_capacity(entries.len());
        for entry in &entries {
            numbers.push(match entry["created_index"].as_i64() {
                Some(number) if !numbered => number,
                _ => self.number(),
            });
        }
        let rows = entries.iter().zip(&numbers).map(|(entry, number)| {
            let number = numbered.then_some(Cell::Integer(*number));
            number.into_iter().chain(cells(&listing.table, entry)).collect()
        });
        let rows: Vec<Vec<_>> = rows.collect();
        if self.reads(&listing.table) {
            self.query.fill(&listing.table, rows)?;
        }
        for part in listing.parts {
            if !self.reads(&part.table) {
                continue;
            }
            let mut rows = Vec::new();
            for (entry, of) in entries.iter().zip(&numbers) {
                let elements = member(entry, part.path).and_then(Value::as_array);
                for (index, element) in elements.into_iter().flatten().enumerate() {
                    let index = i64::try_from(index).unwrap_or(i64::MAX);
                    let mut row = vec![
                        Cell::Integer(self.number()),
                        Cell::Integer(*of),
                        Cell::Integer(index),
                    ];
                    row.extend(cells(&part.table, element));
                    rows.push(row);
                }
            }
            self.query.fill(&part.table, rows)?;
        }
        Ok(self)
    }

    fn number(&mut self) -> i64 {
        self.next += 1;
        self.next - 1
    }
}

fn cells<'a>(table: &'static Table, entry: &'a Value) -> impl Iterator<Item = Cell<'a>> {
    let columns = table.columns.iter();
    columns.map(move |column| cell(column.kind, member(entry, column.source)))
}

fn member<'a>(entry: &'a Value, path: &str) -> Option<&'a Value> {
    match path {
        "" => Some(entry),
        path => path.split('.').try_fold(entry, |entry, name| entry.get(name)),
    }
}

fn cell(kind: ColumnType, value: Option<&Value>) -> Cell<'_> {
    let cell = match (kind, value) {
        (ColumnType::Integer, Some(Value::Bool(yes))) => Some(Cell::Integer((*yes).into())),
        (ColumnType::Integer, Some(Value::Number(number))) => number.as_i64().map(Cell::Integer),
        (ColumnType::Real, Some(Value::Number(number))) => number.as_f64().map(Cell::Real),
        (ColumnType::Text, Some(Value::String(text))) => Some(Cell::Text(text.into())),
        (ColumnType::Blob, Some(Value::String(hex))) => {
            Vec::from_hex(hex).ok().map(|bytes| Cell::Blob(bytes.into()))
        }
        _ => None,
    };
    cell.unwrap_or(Cell::Null)
}
