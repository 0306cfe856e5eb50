//! Calls about blocks and the chain.

use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{BlockHash, OutPoint};
use hex_conservative::DisplayHex;
use serde_json::{Value, json};

use super::Command;
use super::error::RpcError;
use super::json;
use super::params::Params;
use crate::chain::coins::Coin;
use crate::chain::node::Node;
use crate::chain::state::BlockNode;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "getblockchaininfo",
        params: &[],
        required: 0,
        summary: "State of the chain",
        run: getblockchaininfo,
    },
    Command {
        name: "getblockcount",
        params: &[],
        required: 0,
        summary: "Height of the tip",
        run: |node, _| Ok(json!(node.chain.height())),
    },
    Command {
        name: "getbestblockhash",
        params: &[],
        required: 0,
        summary: "Hash of the tip",
        run: |node, _| Ok(json!(node.chain.tip_hash())),
    },
    Command {
        name: "getblockhash",
        params: &["height"],
        required: 1,
        summary: "Hash of the block at a height",
        run: getblockhash,
    },
    Command {
        name: "getblockheader",
        params: &["blockhash", "verbose"],
        required: 1,
        summary: "A block's header",
        run: getblockheader,
    },
    Command {
        name: "getblock",
        params: &["blockhash", "verbosity|verbose"],
        required: 1,
        summary: "A block: 0 in hex, 1 with transaction ids, 2 with transactions, 3 with what they spend",
        run: getblock,
    },
    Command {
        name: "getchaintips",
        params: &[],
        required: 0,
        summary: "The ends of all branches",
        run: getchaintips,
    },
    Command {
        name: "gettxout",
        params: &["txid", "n", "include_mempool"],
        required: 2,
        summary: "An unspent output",
        run: gettxout,
    },
    Command {
        name: "invalidateblock",
        params: &["blockhash"],
        required: 1,
        summary: "Leave a block's branch as if it broke a rule",
        run: |node, params| {
            node.invalidate(&params.block_hash("blockhash")?)?;
            Ok(Value::Null)
        },
    },
    Command {
        name: "reconsiderblock",
        params: &["blockhash"],
        required: 1,
        summary: "Take invalidateblock back",
        run: |node, params| {
            node.reconsider(&params.block_hash("blockhash")?)?;
            Ok(Value::Null)
        },
    },
];

fn getblockchaininfo(node: &mut Node, _: &Params) -> Result<Value, RpcError> {
    let chain = &node.chain;
    let hash = chain.tip_hash();
    let tip = find(node, &hash)?;
    Ok(json!({
        "chain": "regtest",
        "blocks": chain.height(),
        "headers": chain.height(),
        "bestblockhash": hash,
        "bits": format!("{:08x}", tip.block.header.bits.to_consensus()),
        "target": tip.block.header.target().to_be_bytes().to_lower_hex_string(),
        "difficulty": tip.block.header.difficulty_float(),
        "time": tip.block.header.time,
        "mediantime": tip.median_time_past,
        "verificationprogress": 1.0,
        // There is nobody to download from, however old the tip may be.
        "initialblockdownload": false,
        "chainwork": tip.chainwork.to_be_bytes().to_lower_hex_string(),
        "size_on_disk": 0,
        "pruned": false,
        "warnings": [],
    }))
}

fn getblockhash(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let hash = u32::try_from(params.int("height")?)
        .ok()
        .and_then(|height| node.chain.hash_at(height));
    hash.map(|hash| json!(hash))
        .ok_or_else(|| RpcError::InvalidParameter("Block height out of range".to_owned()))
}

fn getblockheader(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let hash = params.block_hash("blockhash")?;
    let block = find(node, &hash)?;
    if params.opt_bool("verbose")?.unwrap_or(true) {
        Ok(json::header(&node.chain, &hash, block))
    } else {
        Ok(json!(serialize_hex(&block.block.header)))
    }
}

fn getblock(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let hash = params.block_hash("blockhash")?;
    let verbosity = params.verbosity("verbosity", 1)?;
    let found = find(node, &hash)?;
    let block = &found.block;
    if verbosity <= 0 {
        return Ok(json!(serialize_hex(&**block)));
    }
    let mut object = json::header(&node.chain, &hash, found);
    let size = block.total_size();
    let weight = block.weight().to_wu();
    object["strippedsize"] = json!((weight - size as u64) / 3);
    object["size"] = json!(size);
    object["weight"] = json!(weight);
    let no_coins: &[Coin] = &[];
    let spent = node.chain.spent_by(&hash).map(|undo| {
        std::iter::once(no_coins)
            .chain(undo.spent.iter().map(Vec::as_slice))
            .collect::<Vec<_>>()
    });
    let txs: Vec<Value> = block
        .txdata
        .iter()
        .enumerate()
        .map(|(index, tx)| match verbosity {
            1 => json!(tx.compute_txid()),
            _ => {
                let spent = spent.as_ref().and_then(|spent| spent.get(index).copied());
                let mut object = json::transaction(tx, spent);
                if verbosity >= 3 {
                    add_prevouts(&mut object, spent.unwrap_or_default());
                }
                object
            }
        })
        .collect();
    object["tx"] = json!(txs);
    Ok(object)
}

/// Adds to each input the output that it spends.
pub(super) fn add_prevouts(tx: &mut Value, spent: &[Coin]) {
    let Some(inputs) = tx["vin"].as_array_mut() else {
        return;
    };
    for (input, coin) in inputs.iter_mut().zip(spent) {
        input["prevout"] = json!({
            "generated": coin.coinbase,
            "height": coin.height,
            "value": json::btc(coin.output.value),
            "scriptPubKey": json::script_pubkey(&coin.output.script_pubkey),
        });
    }
}

fn getchaintips(node: &mut Node, _: &Params) -> Result<Value, RpcError> {
    let tips = node.chain.tips().into_iter().map(|(hash, tip)| {
        let status = match () {
            () if hash == node.chain.tip_hash() => "active",
            () if node.chain.is_failed(&hash) => "invalid",
            () => "valid-fork",
        };
        json!({
            "height": tip.height,
            "hash": hash,
            "branchlen": node.chain.branch_length(&hash),
            "status": status,
        })
    });
    Ok(Value::Array(tips.collect()))
}

fn gettxout(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let txid = params.txid("txid")?;
    let Ok(vout) = u32::try_from(params.int("n")?) else {
        return Ok(Value::Null);
    };
    let outpoint = OutPoint { txid, vout };
    let include_mempool = params.opt_bool("include_mempool")?.unwrap_or(true);
    if include_mempool && node.pool.spender(&outpoint).is_some() {
        return Ok(Value::Null);
    }
    let confirmed = node.chain.coin(&outpoint).map(|coin| {
        let confirmations = node.chain.height() + 1 - coin.height;
        (&coin.output, confirmations, coin.coinbase)
    });
    let unconfirmed = || {
        node.pool
            .output(&outpoint)
            .filter(|_| include_mempool)
            .map(|out| (out, 0, false))
    };
    let Some((output, confirmations, coinbase)) = confirmed.or_else(unconfirmed) else {
        return Ok(Value::Null);
    };
    Ok(json!({
        "bestblock": node.chain.tip_hash(),
        "confirmations": confirmations,
        "value": json::btc(output.value),
        "scriptPubKey": json::script_pubkey(&output.script_pubkey),
        "coinbase": coinbase,
    }))
}

pub(super) fn find<'a>(node: &'a Node, hash: &BlockHash) -> Result<&'a BlockNode, RpcError> {
    node.chain
        .block(hash)
        .ok_or_else(|| RpcError::NotFound("Block not found".to_owned()))
}
