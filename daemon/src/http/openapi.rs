//! `GET /openapi.json`: the commands as an OpenAPI document, made from their one list.

use crate::commands::{Command, Registry};
use crate::params::{Field, Kind, Need, Param};
use serde_json::{Map, Value, json};

/// The document.
pub fn document(commands: Registry) -> Value {
    let commands = commands.iter().filter(|command| !command.developer);
    let paths = commands.map(|command| {
        (
            format!("/v1/{}", command.name),
            json!({ "post": operation(command) }),
        )
    });
    let others = [
        ("/v1/events".to_owned(), json!({ "get": events() })),
        ("/metrics".to_owned(), json!({ "get": metrics() })),
    ];
    let paths: Map<String, Value> = paths.chain(others).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Boltill",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The commands of Core Lightning's JSON-RPC over HTTP.",
        },
        "paths": paths,
        "security": [{ "rune": [] }, { "bearer": [] }],
        "components": {
            "securitySchemes": {
                "rune": { "type": "apiKey", "in": "header", "name": "Rune", "description": "Made by `createrune`." },
                "bearer": { "type": "http", "scheme": "bearer", "description": "The same rune." },
            },
            "schemas": { "Error": error() },
        },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": { "type": "integer", "description": "What programs look at." },
            "message": { "type": "string", "description": "For people." },
            "data": { "description": "What else programs may want to know." },
        },
    })
}

/// What follows from being no command, as whoever follows it must know.
fn events() -> Value {
    let cursor = |name: &str, place: &str, description: &str| json!({ "name": name, "in": place, "description": description, "schema": { "type": "string" } });
    json!({
        "operationId": "events",
        "summary": "Follow what happens to invoices and payouts",
        "description": "Server-sent events without an end, each with JSON as its data: `invoice_created`, `invoice_paid` and `invoice_expired` with \
            an invoice as `listinvoices` shows it; `invoicerequest_created` with an invoice_request; `payout_begun`, `payout_paid` and \
            `payout_failed` with a payment for one. Who comes back with the id of the last event misses nothing. The rune must allow the \
            method `events`.",
        "tags": ["events"],
        "parameters": [
            cursor("Last-Event-ID", "header", "The id of the last event that is known; without it the events begin now."),
            cursor("after", "query", "The same, for clients that cannot set headers."),
        ],
        "responses": {
            "200": { "description": "The events.", "content": { "text/event-stream": { "schema": { "type": "string" } } } },
            "400": failure("The id is not one of ours."),
            "401": failure("The rune is not valid, or does not allow this."),
            "403": failure("There is no rune."),
            "503": failure("Too many follow already."),
        },
    })
}

fn metrics() -> Value {
    json!({
        "operationId": "metrics",
        "summary": "What the node has and has done, for Prometheus",
        "description": "The rune must allow the method `metrics`.",
        "tags": ["metrics"],
        "responses": {
            "200": { "description": "The metrics.", "content": { "text/plain": { "schema": { "type": "string" } } } },
            "401": failure("The rune is not valid, or does not allow this."),
            "403": failure("There is no rune."),
        },
    })
}

fn operation(command: &Command) -> Value {
    let mut operation = json!({
        "operationId": command.name,
        "summary": command.summary(),
        "description": command.description().join("\n\n"),
        "tags": [command.category.name()],
        "requestBody": { "content": { "application/json": { "schema": params(command.params()) } } },
        "responses": {
            "201": {
                "description": "The answer.",
                "content": { "application/json": { "schema": fields(command.answer) } },
            },
            "401": failure("The rune is not valid, or does not allow this."),
            "403": failure("There is no rune."),
            "404": failure("There is no such command."),
            "500": failure(&failures(command)),
        },
    });
    if let (Some(_), Some(operation)) = (command.deprecated, operation.as_object_mut()) {
        operation.insert("deprecated".to_owned(), true.into());
    }
    operation
}

/// The errors that are a command's own, a line each.
fn failures(command: &Command) -> String {
    let own = command.errors.iter();
    let own = own.map(|(code, when)| format!("\n* {}: {when}", code.number()));
    format!("The command failed.{}", own.collect::<String>())
}

fn failure(description: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Error" });
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

fn params(params: &[Param]) -> Value {
    let properties = params.iter().map(|param| {
        let mut schema = described(&param.kind, param.doc);
        if let (Need::Default(value), Some(schema)) = (param.need, schema.as_object_mut()) {
            // Written as in Rust, where it is a number or a word.
            let plain = value.replace('_', "");
            if let Ok(value) = serde_json::from_str::<Value>(&plain) {
                schema.insert("default".to_owned(), value);
            }
        }
        (param.name.to_owned(), schema)
    });
    let required = params.iter().filter(|param| param.need == Need::Required);
    let required: Vec<_> = required.map(|param| param.name).collect();
    object(properties.collect(), &required)
}

fn fields(fields: &[Field]) -> Value {
    let properties = fields
        .iter()
        .map(|field| (field.name.to_owned(), described(&field.kind, field.doc)));
    let required = fields.iter().filter(|field| field.always);
    let required: Vec<_> = required.map(|field| field.name).collect();
    object(properties.collect(), &required)
}

fn object(properties: Map<String, Value>, required: &[&str]) -> Value {
    if required.is_empty() {
        return json!({ "type": "object", "properties": properties });
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn described(kind: &Kind, doc: &str) -> Value {
    let mut schema = schema(kind);
    if let Some(schema) = schema.as_object_mut() {
        let lines: Vec<_> = doc.lines().map(str::trim).collect();
        schema.insert("description".to_owned(), lines.join(" ").trim().into());
    }
    schema
}

fn schema(kind: &Kind) -> Value {
    let whole = |bits: u32| json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX >> (64 - bits) });
    let hex =
        |bytes: usize| json!({ "type": "string", "pattern": format!("^[0-9a-fA-F]{{{}}}$", 2 * bytes) });
    let text = |format: &str| json!({ "type": "string", "format": format });
    let or = |word: &str| json!({ "oneOf": [whole(64), { "type": "string" }], "examples": [1000, word] });
    match kind {
        Kind::String => json!({ "type": "string" }),
        Kind::Label => json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::U16 => whole(16),
        Kind::U32 => whole(32),
        Kind::U64 | Kind::Msat | Kind::Sat => whole(64),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::MsatOrAny => or("any"),
        Kind::MsatOrAll | Kind::SatOrAll => or("all"),
        Kind::Hex => json!({ "type": "string", "pattern": "^([0-9a-fA-F]{2})*$" }),
        Kind::Hash | Kind::Secret | Kind::Txid => hex(32),
        Kind::Pubkey => hex(33),
        Kind::ShortChannelId | Kind::Outpoint | Kind::Feerate => text(kind.name()),
        Kind::Array(each) => json!({ "type": "array", "items": schema(each) }),
        Kind::OneOrMany(each) => {
            let each = schema(each);
            json!({ "oneOf": [each, { "type": "array", "items": each }] })
        }
        Kind::Object(of) => fields(of),
        Kind::Any => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::COMMANDS;

    #[test]
    fn every_command_but_those_for_developers_is_in_the_document() {
        let document = document(Registry::new(COMMANDS));
        for command in COMMANDS {
            let path = &document["paths"][format!("/v1/{}", command.name)];
            assert_eq!(path.is_null(), command.developer, "{}", command.name);
        }
    }

    #[test]
    fn what_is_no_command_is_in_the_document_too() {
        let document = document(Registry::new(COMMANDS));
        for path in ["/v1/events", "/metrics"] {
            let get = &document["paths"][path]["get"];
            assert!(get["responses"]["200"].is_object(), "{path}");
        }
    }

    #[test]
    fn parameters_and_answers_are_described_with_their_forms() {
        let document = document(Registry::new(COMMANDS));
        let invoice = &document["paths"]["/v1/invoice"]["post"];
        let body = &invoice["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(body["required"], json!(["amount_msat", "label", "description"]));
        assert_eq!(body["properties"]["expiry"]["type"], "integer");
        assert_eq!(body["properties"]["expiry"]["default"], 604_800);
        let answer = &invoice["responses"]["201"]["content"]["application/json"]["schema"];
        assert_eq!(
            answer["properties"]["payment_hash"]["pattern"],
            "^[0-9a-fA-F]{64}$"
        );
        let failures = invoice["responses"]["500"]["description"].as_str().unwrap();
        assert!(failures.contains("\n* 900: "), "{failures}");
    }
}
