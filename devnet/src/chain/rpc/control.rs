//! Calls about the node itself.

use serde_json::{Value, json};

use super::error::RpcError;
use super::json;
use super::params::Params;
use super::{Command, commands};
use crate::chain::node::Node;
use crate::chain::policy::{INCREMENTAL_RELAY_FEERATE, MIN_RELAY_FEERATE};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "getnetworkinfo",
        params: &[],
        required: 0,
        summary: "The version of bitcoind whose rules are followed; there is no network",
        run: getnetworkinfo,
    },
    Command {
        name: "getconnectioncount",
        params: &[],
        required: 0,
        summary: "Always 0: there are no peers",
        run: |_, _| Ok(json!(0)),
    },
    Command {
        name: "getpeerinfo",
        params: &[],
        required: 0,
        summary: "Always empty: there are no peers",
        run: |_, _| Ok(json!([])),
    },
    Command {
        name: "getindexinfo",
        params: &["index_name"],
        required: 0,
        summary: "The index of transactions, which is always there",
        run: |node, _| Ok(json!({ "txindex": { "synced": true, "best_block_height": node.chain.height() } })),
    },
    Command {
        name: "getzmqnotifications",
        params: &[],
        required: 0,
        summary: "Always empty: there is no ZeroMQ",
        run: |_, _| Ok(json!([])),
    },
    Command {
        name: "setmocktime",
        params: &["timestamp"],
        required: 1,
        summary: "Stop the clock at a time (seconds since 1970); 0 lets it run again",
        run: setmocktime,
    },
    Command {
        name: "uptime",
        params: &[],
        required: 0,
        summary: "Seconds since the start",
        run: |node, _| Ok(json!(node.started.elapsed().as_secs())),
    },
    Command {
        name: "stop",
        params: &["wait"],
        required: 0,
        summary: "End the process",
        run: |node, _| {
            node.stop_requested = true;
            Ok(json!("boltill-devnet stopping"))
        },
    },
    Command {
        name: "help",
        params: &["command"],
        required: 0,
        summary: "This list, or one call of it",
        run: help,
    },
];

fn getnetworkinfo(_: &mut Node, _: &Params) -> Result<Value, RpcError> {
    Ok(json!({
        "version": 290_000,
        "subversion": concat!("/Satoshi:29.0.0(boltill-devnet ", env!("CARGO_PKG_VERSION"), ")/"),
        "protocolversion": 70016,
        "localservices": "0000000000000000",
        "localservicesnames": [],
        "localrelay": true,
        "timeoffset": 0,
        "networkactive": false,
        "connections": 0,
        "connections_in": 0,
        "connections_out": 0,
        "networks": [],
        "relayfee": json::feerate(MIN_RELAY_FEERATE),
        "incrementalfee": json::feerate(INCREMENTAL_RELAY_FEERATE),
        "localaddresses": [],
        "warnings": [],
    }))
}

fn setmocktime(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let time = u32::try_from(params.int("timestamp")?).map_err(|_| {
        RpcError::InvalidParameter("Mocktime must be in the range [0, 4294967295]".to_owned())
    })?;
    node.mock_time = Some(time).filter(|time| *time != 0);
    Ok(Value::Null)
}

fn help(_: &mut Node, params: &Params) -> Result<Value, RpcError> {
    if let Some(name) = params.opt_str("command")? {
        let text = commands().find(|command| command.name == name).map_or_else(
            || format!("help: unknown command: {name}"),
            |c| format!("{}\n\n{}", c.usage(), c.summary),
        );
        return Ok(json!(text));
    }
    let mut lines: Vec<String> = commands().map(Command::usage).collect();
    lines.sort_unstable();
    Ok(json!(lines.join("\n")))
}
