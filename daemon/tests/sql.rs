//! The tables of `sql` against those that Core Lightning makes of its schemas.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The listings of which Core Lightning makes tables, and the two that are ours alone.
const LISTINGS: &[&str] = &[
    "listchannels",
    "listclosedchannels",
    "listforwards",
    "listhtlcs",
    "listinvoicerequests",
    "listinvoices",
    "listnodes",
    "listoffers",
    "listpays",
    "listpeerchannels",
    "listpeers",
    "listsendpays",
    "listtransactions",
];

type Columns = Vec<(String, &'static str)>;

#[test]
fn tables_have_core_lightnings_columns_in_its_order() {
    let mut expected = BTreeMap::new();
    for listing in LISTINGS {
        let Some(schema) = schema(listing) else {
            eprintln!("SKIPPED: Core Lightning's schema of {listing} is not there");
            return;
        };
        let arrays = schema["response"]["properties"].as_object().unwrap();
        let entry = &arrays.values().next().unwrap()["items"];
        let table = listing.trim_start_matches("list");
        add(&mut expected, table, table, "", entry);
    }
    let ours: BTreeMap<_, Columns> = boltilld::sql::tables()
        .into_iter()
        .map(|table| {
            let columns = table.columns.iter();
            let columns = columns.map(|column| (column.name.to_owned(), column.kind.as_str()));
            (table.name.to_owned(), columns.collect())
        })
        .collect();
    for (name, columns) in &expected {
        let mut our = ours.get(name).cloned().unwrap_or_default();
        // What is ours: numbers, and what invoice_requests allow and have paid.
        our.retain(|column| columns.contains(column));
        assert_eq!(our, *columns, "{name}");
    }
    for name in ours.keys() {
        assert!(expected.contains_key(name), "{name} is not Core Lightning's");
    }
}

/// Adds the columns of an object: members in order, those of an object inside with its name before theirs, an array as a table of its own.
fn add(tables: &mut BTreeMap<String, Columns>, table: &str, name: &str, prefix: &str, object: &Value) {
    tables.entry(table.to_owned()).or_default();
    for (member, schema) in object["properties"].as_object().unwrap_or(&Map::new()) {
        let (Some(kind), false) = (schema["type"].as_str(), is_long_gone(schema)) else {
            continue;
        };
        let inner = format!("{name}_{member}");
        let column = match (member.as_str(), prefix) {
            ("log", "") if table == "peers" => continue,
            ("index", "") => "idx".to_owned(),
            (member, "") => member.to_owned(),
            (member, prefix) => format!("{prefix}_{member}"),
        };
        match kind {
            "object" => add(tables, table, &inner, member, schema),
            "array" => match schema["items"]["type"].as_str().unwrap() {
                "object" => add(tables, &inner, &inner, "", &schema["items"]),
                kind => drop(tables.insert(inner, vec![(member.clone(), sql_type(kind))])),
            },
            kind => {
                let columns = tables.entry(table.to_owned()).or_default();
                if columns.iter().all(|(name, _)| *name != column) {
                    columns.push((column, sql_type(kind)));
                }
            }
        }
    }
    for branch in object["allOf"].as_array().into_iter().flatten() {
        add(tables, table, name, prefix, branch);
    }
    for branch in ["then", "else"].iter().filter_map(|branch| object.get(branch)) {
        add(tables, table, name, prefix, branch);
    }
}

/// Whether it was given up before there was a `sql`.
fn is_long_gone(schema: &Value) -> bool {
    let since = schema["deprecated"][0].as_str();
    since.is_some_and(|since| since <= "v23.02")
}

fn sql_type(kind: &str) -> &'static str {
    match kind {
        "hex" | "hash" | "secret" | "pubkey" | "txid" => "BLOB",
        "msat" | "integer" | "u64" | "u32" | "u16" | "u8" | "boolean" => "INTEGER",
        "number" => "REAL",
        "string" | "short_channel_id" | "outpoint" => "TEXT",
        other => panic!("no type in SQL is known for {other}"),
    }
}

/// Core Lightning's schemas are no part of the project.
fn schema(command: &str) -> Option<Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/schemas");
    serde_json::from_str(&fs::read_to_string(directory.join(format!("{command}.json"))).ok()?).ok()
}
