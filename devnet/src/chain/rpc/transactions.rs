//! Calls that read and decode transactions and scripts.

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{ScriptBuf, Transaction};
use serde_json::{Value, json};

use super::Command;
use super::blocks;
use super::error::RpcError;
use super::json;
use super::params::{Params, parse_address};
use crate::chain::node::Node;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "getrawtransaction",
        params: &["txid", "verbosity|verbose", "blockhash"],
        required: 1,
        summary: "A transaction of the mempool or of any block: 0 in hex, 1 decoded, 2 with fee and what it spends",
        run: getrawtransaction,
    },
    Command {
        name: "decoderawtransaction",
        params: &["hexstring", "iswitness"],
        required: 1,
        summary: "A transaction in hex, decoded",
        run: decoderawtransaction,
    },
    Command {
        name: "decodescript",
        params: &["hexstring"],
        required: 1,
        summary: "A script in hex, decoded",
        run: decodescript,
    },
    Command {
        name: "validateaddress",
        params: &["address"],
        required: 1,
        summary: "Whether an address is one of this chain",
        run: validateaddress,
    },
];

const NOT_FOUND: &str =
    "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.";

fn getrawtransaction(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let txid = params.txid("txid")?;
    let verbosity = params.verbosity("verbosity", 0)?;
    if !params.get("blockhash").is_null() {
        let hash = params.block_hash("blockhash")?;
        let block = &node
            .chain
            .block(&hash)
            .ok_or_else(|| RpcError::NotFound("Block hash not found".to_owned()))?
            .block;
        let tx = block
            .txdata
            .iter()
            .find(|tx| tx.compute_txid() == txid)
            .ok_or_else(|| {
                RpcError::NotFound(
                "No such transaction found in the provided block. Use gettransaction for wallet transactions."
                    .to_owned(),
            )
            })?;
        return describe(node, tx, Some(hash), verbosity);
    }
    if let Some(entry) = node.pool.get(&txid) {
        return describe(node, &entry.tx, None, verbosity);
    }
    let (tx, hash) = node
        .chain
        .transaction(&txid)
        .ok_or_else(|| RpcError::NotFound(NOT_FOUND.to_owned()))?;
    describe(node, tx, Some(hash), verbosity)
}

fn describe(
    node: &Node,
    tx: &Transaction,
    block: Option<bitcoin::BlockHash>,
    verbosity: i64,
) -> Result<Value, RpcError> {
    if verbosity <= 0 {
        return Ok(json!(serialize_hex(tx)));
    }
    let spent = block.and_then(|hash| {
        let undo = node.chain.spent_by(&hash)?;
        let index = node
            .chain
            .block(&hash)?
            .block
            .txdata
            .iter()
            .position(|other| other == tx)?;
        undo.spent.get(index.checked_sub(1)?).map(Vec::as_slice)
    });
    let mut object = json::transaction(tx, spent.filter(|_| verbosity >= 2));
    if verbosity >= 2 {
        blocks::add_prevouts(&mut object, spent.unwrap_or_default());
    }
    if let Some(hash) = block {
        let found = blocks::find(node, &hash)?;
        let active = node.chain.is_active(&hash);
        object["blockhash"] = json!(hash);
        object["confirmations"] = json!(json::confirmations(&node.chain, &hash, found).max(0));
        if active {
            object["time"] = json!(found.block.header.time);
            object["blocktime"] = json!(found.block.header.time);
        }
        object["in_active_chain"] = json!(active);
    }
    Ok(object)
}

fn decoderawtransaction(_: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let mut object = json::transaction(&params.transaction("hexstring")?, None);
    if let Some(fields) = object.as_object_mut() {
        fields.remove("hex");
    }
    Ok(object)
}

fn decodescript(_: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let text = params.str("hexstring")?;
    let script = ScriptBuf::from_hex(text).map_err(|_| {
        RpcError::InvalidParameter(format!("argument must be hexadecimal string (not '{text}')"))
    })?;
    let mut object = json::script_pubkey(&script);
    if let Some(fields) = object.as_object_mut() {
        fields.remove("hex");
    }
    Ok(object)
}

fn validateaddress(_: &mut Node, params: &Params) -> Result<Value, RpcError> {
    Ok(match parse_address(params.str("address")?) {
        None => json!({ "isvalid": false, "error_locations": [], "error": "Invalid address" }),
        Some(address) => json!({
            "isvalid": true,
            "address": address.to_string(),
            "scriptPubKey": address.script_pubkey().to_hex_string(),
            "isscript": address.script_pubkey().is_p2sh(),
            "iswitness": address.witness_program().is_some(),
        }),
    })
}
