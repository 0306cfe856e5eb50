//! Calls that make blocks.

use std::sync::Arc;

use bitcoin::Block;
use bitcoin::consensus::encode::deserialize_hex;
use serde_json::{Value, json};

use super::Command;
use super::error::RpcError;
use super::params::{Params, parse_address, wrong_type};
use crate::chain::node::{Node, NodeError};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "generatetoaddress",
        params: &["nblocks", "address", "maxtries"],
        required: 2,
        summary: "Mine blocks of the mempool's transactions that pay to an address",
        run: generatetoaddress,
    },
    Command {
        name: "generateblock",
        params: &["output", "transactions"],
        required: 2,
        summary: "Mine a block of exactly these transactions (ids of the mempool or hex) that pays to an address",
        run: generateblock,
    },
    Command {
        name: "submitblock",
        params: &["hexdata", "dummy"],
        required: 1,
        summary: "Take a block; the answer is null or the reason to refuse it",
        run: submitblock,
    },
];

/// Everything else waits while blocks are mined.
const MAX_BLOCKS_PER_CALL: i64 = 100_000;

fn generatetoaddress(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let count = params.int("nblocks")?;
    if count > MAX_BLOCKS_PER_CALL {
        let text = format!("At most {MAX_BLOCKS_PER_CALL} blocks at a time");
        return Err(RpcError::InvalidParameter(text));
    }
    let address = parse_address(params.str("address")?)
        .ok_or_else(|| RpcError::NotFound("Error: Invalid address".to_owned()))?;
    let hashes: Result<Vec<_>, NodeError> = (0..count).map(|_| node.mine(address.script_pubkey())).collect();
    Ok(json!(hashes?))
}

fn generateblock(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let address = parse_address(params.str("output")?)
        .ok_or_else(|| RpcError::NotFound("Error: Invalid address or descriptor".to_owned()))?;
    let mut txs = Vec::new();
    for value in params.array("transactions")? {
        let text = value.as_str().ok_or_else(|| wrong_type(value, "string"))?;
        txs.push(match text.parse() {
            Ok(txid) => node
                .pool
                .get(&txid)
                .map(|entry| Arc::clone(&entry.tx))
                .ok_or_else(|| RpcError::NotFound(format!("Transaction {text} not in mempool.")))?,
            Err(_) => Arc::new(deserialize_hex(text).map_err(|_| {
                RpcError::Deserialization(
                    "Transaction decode failed. Make sure the tx has at least one input.",
                )
            })?),
        });
    }
    let hash = node.mine_exactly(txs, address.script_pubkey())?;
    Ok(json!({ "hash": hash }))
}

fn submitblock(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let block: Block = deserialize_hex(params.str("hexdata")?)
        .map_err(|_| RpcError::Deserialization("Block decode failed"))?;
    let outcome = node.submit_block(block);
    match outcome {
        Ok(hash) if node.chain.is_active(&hash) => Ok(Value::Null),
        Ok(_) => Ok(json!("inconclusive")),
        Err(NodeError::Block(reject)) => Ok(json!(reject.to_string())),
        Err(other) => Err(other.into()),
    }
}
