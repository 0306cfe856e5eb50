//! The wallet calls that scripts for `bitcoind -regtest` use. There is one wallet, whatever name it is called by.

use bitcoin::{Amount, FeeRate, TxOut};
use serde_json::{Value, json};

use super::Command;
use super::error::RpcError;
use super::json;
use super::params::{Params, parse_address};
use crate::chain::node::Node;
use crate::chain::policy::ScriptKind;
use crate::chain::wallet::{AddressType, WalletError};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "createwallet",
        params: &[
            "wallet_name",
            "disable_private_keys",
            "blank",
            "passphrase",
            "avoid_reuse",
            "descriptors",
            "load_on_startup",
            "external_signer",
        ],
        required: 1,
        summary: "Nothing: there is one wallet and it is there",
        run: |_, params| Ok(json!({ "name": params.str("wallet_name")? })),
    },
    Command {
        name: "loadwallet",
        params: &["filename", "load_on_startup"],
        required: 1,
        summary: "Nothing: there is one wallet and it is there",
        run: |_, params| Ok(json!({ "name": params.str("filename")? })),
    },
    Command {
        name: "listwallets",
        params: &[],
        required: 0,
        summary: "The one wallet, whose name is empty",
        run: |_, _| Ok(json!([""])),
    },
    Command {
        name: "getwalletinfo",
        params: &[],
        required: 0,
        summary: "State of the wallet",
        run: getwalletinfo,
    },
    Command {
        name: "getnewaddress",
        params: &["label", "address_type"],
        required: 0,
        summary: "A new address of the wallet: bech32 or bech32m",
        run: getnewaddress,
    },
    Command {
        name: "getbalance",
        params: &["dummy", "minconf", "include_watchonly", "avoid_reuse"],
        required: 0,
        summary: "What the wallet can spend, in BTC",
        run: |node, _| Ok(json::btc(node.wallet.balances(&node.chain, &node.pool).trusted)),
    },
    Command {
        name: "getbalances",
        params: &[],
        required: 0,
        summary: "What the wallet owns, in BTC",
        run: getbalances,
    },
    Command {
        name: "listunspent",
        params: &["minconf", "maxconf", "addresses"],
        required: 0,
        summary: "The wallet's coins that can be spent",
        run: listunspent,
    },
    Command {
        name: "sendtoaddress",
        params: &[
            "address",
            "amount",
            "comment",
            "comment_to",
            "subtractfeefromamount",
            "replaceable",
            "conf_target",
            "estimate_mode",
            "avoid_reuse",
            "fee_rate",
            "verbose",
        ],
        required: 2,
        summary: "Pay from the wallet. A wallet that owns nothing mines itself 101 blocks first",
        run: sendtoaddress,
    },
];

/// Paid when nothing else is asked for: 2 sat/vB.
const FALLBACK_FEERATE: FeeRate = FeeRate::from_sat_per_kwu(500);
/// Blocks until the first coinbase can be spent.
const FIRST_FUNDING_BLOCKS: u32 = 101;

fn getwalletinfo(node: &mut Node, _: &Params) -> Result<Value, RpcError> {
    let balances = node.wallet.balances(&node.chain, &node.pool);
    Ok(json!({
        "walletname": "",
        "walletversion": 169_900,
        "format": "sqlite",
        "balance": json::btc(balances.trusted),
        "unconfirmed_balance": json::btc(balances.untrusted_pending),
        "immature_balance": json::btc(balances.immature),
        "private_keys_enabled": true,
        "avoid_reuse": false,
        "scanning": false,
        "descriptors": true,
        "external_signer": false,
        "blank": false,
    }))
}

fn getbalances(node: &mut Node, _: &Params) -> Result<Value, RpcError> {
    let balances = node.wallet.balances(&node.chain, &node.pool);
    Ok(json!({
        "mine": {
            "trusted": json::btc(balances.trusted),
            "untrusted_pending": json::btc(balances.untrusted_pending),
            "immature": json::btc(balances.immature),
        },
        "lastprocessedblock": { "hash": node.chain.tip_hash(), "height": node.chain.height() },
    }))
}

fn getnewaddress(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let kind = match params.opt_str("address_type")? {
        None | Some("bech32") => AddressType::Bech32,
        Some("bech32m") => AddressType::Bech32m,
        Some(other) => return Err(RpcError::NotFound(format!("Unknown address type '{other}'"))),
    };
    Ok(json!(node.new_address(kind)?.to_string()))
}

fn listunspent(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let minimum = params.opt_int("minconf")?.unwrap_or(1);
    let maximum = params.opt_int("maxconf")?.unwrap_or(9_999_999);
    let wanted: Option<Vec<&str>> = match params.get("addresses") {
        Value::Null => None,
        _ => Some(
            params
                .array("addresses")?
                .iter()
                .filter_map(Value::as_str)
                .collect(),
        ),
    };
    let mut listed = Vec::new();
    for coin in node.wallet.coins(&node.chain, &node.pool) {
        let script = &coin.output.script_pubkey;
        let object = json::script_pubkey(script);
        let address = object["address"].as_str().unwrap_or_default();
        let confirmations = i64::from(coin.confirmations);
        let is_wanted = wanted.as_ref().is_none_or(|wanted| wanted.contains(&address));
        if !coin.mature || !(minimum..=maximum).contains(&confirmations) || !is_wanted {
            continue;
        }
        listed.push(json!({
            "txid": coin.outpoint.txid,
            "vout": coin.outpoint.vout,
            "address": address,
            "label": "",
            "scriptPubKey": script.to_hex_string(),
            "amount": json::btc(coin.output.value),
            "confirmations": confirmations,
            "spendable": true,
            "solvable": ScriptKind::of(script) != ScriptKind::Nonstandard,
            "safe": coin.trusted,
        }));
    }
    Ok(Value::Array(listed))
}

fn sendtoaddress(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let address = parse_address(params.str("address")?)
        .ok_or_else(|| RpcError::NotFound("Invalid Bitcoin address".to_owned()))?;
    let value = params.amount("amount")?;
    if value == Amount::ZERO {
        return Err(RpcError::Amount("Invalid amount for send"));
    }
    let payment = TxOut {
        value,
        script_pubkey: address.script_pubkey(),
    };
    let subtract_fee = params.opt_bool("subtractfeefromamount")?.unwrap_or(false);
    let feerate = send_feerate(node, params)?;
    fund_if_new(node)?;
    let change = node.new_address(AddressType::Bech32)?.script_pubkey();
    let tx = node
        .wallet
        .pay(&node.chain, &node.pool, payment, change, feerate, subtract_fee)
        .map_err(|error| match error {
            WalletError::InsufficientFunds => RpcError::InsufficientFunds,
            other => RpcError::Wallet(other),
        })?;
    let txid = node.submit_transaction(tx).map_err(RpcError::Rejected)?;
    if params.opt_bool("verbose")?.unwrap_or(false) {
        return Ok(json!({ "txid": txid, "fee_reason": "Fallback fee" }));
    }
    Ok(json!(txid))
}

/// `fee_rate` (sat/vB), or the estimate, or a low rate that suffices here.
fn send_feerate(node: &Node, params: &Params) -> Result<FeeRate, RpcError> {
    let asked = match params.get("fee_rate") {
        Value::Null => None,
        value => {
            let sat_per_vb = value.as_f64().filter(|rate| (0.0..100_000.0).contains(rate));
            let sat_per_vb = sat_per_vb.ok_or(RpcError::Amount("Invalid amount"))?;
            Some(FeeRate::from_sat_per_kwu((sat_per_vb * 250.0).round() as u64))
        }
    };
    let rate = asked.or(node.estimated_feerate).unwrap_or(FALLBACK_FEERATE);
    Ok(rate.max(node.mempool_min()))
}

/// Makes a faucet out of a wallet that never owned anything.
fn fund_if_new(node: &mut Node) -> Result<(), RpcError> {
    if !node.wallet.coins(&node.chain, &node.pool).is_empty() {
        return Ok(());
    }
    let script = node.new_address(AddressType::Bech32)?.script_pubkey();
    for _ in 0..FIRST_FUNDING_BLOCKS {
        node.mine(script.clone())?;
    }
    Ok(())
}
