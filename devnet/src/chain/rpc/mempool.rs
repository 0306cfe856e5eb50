//! Calls about unconfirmed transactions and fees.

use std::sync::Arc;

use bitcoin::{Amount, FeeRate, Transaction, Wtxid};
use serde_json::{Map, Value, json};

use super::Command;
use super::error::RpcError;
use super::json;
use super::params::Params;
use crate::chain::accept::Candidate;
use crate::chain::mempool::{Entry, Totals};
use crate::chain::node::Node;
use crate::chain::package::{MAX_PACKAGE_COUNT, Member, feerate};
use crate::chain::policy::{INCREMENTAL_RELAY_FEERATE, MIN_RELAY_FEERATE, fee_at};
use crate::chain::reject::TxReject;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "sendrawtransaction",
        params: &["hexstring", "maxfeerate", "maxburnamount"],
        required: 1,
        summary: "Take a transaction into the mempool",
        run: sendrawtransaction,
    },
    Command {
        name: "testmempoolaccept",
        params: &["rawtxs", "maxfeerate"],
        required: 1,
        summary: "Whether transactions would be taken into the mempool",
        run: testmempoolaccept,
    },
    Command {
        name: "submitpackage",
        params: &["package", "maxfeerate", "maxburnamount"],
        required: 1,
        summary: "Take a child with its unconfirmed parents into the mempool",
        run: submitpackage,
    },
    Command {
        name: "getrawmempool",
        params: &["verbose", "mempool_sequence"],
        required: 0,
        summary: "The mempool's transactions",
        run: getrawmempool,
    },
    Command {
        name: "getmempoolinfo",
        params: &[],
        required: 0,
        summary: "State of the mempool",
        run: getmempoolinfo,
    },
    Command {
        name: "getmempoolentry",
        params: &["txid"],
        required: 1,
        summary: "A transaction of the mempool",
        run: getmempoolentry,
    },
    Command {
        name: "estimatesmartfee",
        params: &["conf_target", "estimate_mode"],
        required: 1,
        summary: "The feerate that devnet_setfeerate set; none otherwise",
        run: estimatesmartfee,
    },
    Command {
        name: "devnet_setfeerate",
        params: &["feerate", "mempoolminfee"],
        required: 0,
        summary: "Set what estimatesmartfee answers and the mempool's minimum, in BTC/kvB; null for the default",
        run: devnet_setfeerate,
    },
];

/// bitcoind's default of `maxfeerate`: 0.10 BTC/kvB.
const DEFAULT_MAX_FEERATE: FeeRate = FeeRate::from_sat_per_kwu(2_500_000);
const MAX_CONF_TARGET: i64 = 1008;

/// What a client is willing to lose.
struct Limits {
    /// `None` is no limit.
    max_feerate: Option<FeeRate>,
    max_burn: Amount,
}

impl Limits {
    fn read(params: &Params) -> Result<Self, RpcError> {
        let max_feerate = params.opt_feerate("maxfeerate")?.unwrap_or(DEFAULT_MAX_FEERATE);
        if max_feerate >= FeeRate::from_sat_per_kwu(25_000_000) {
            let text = "Fee rates larger than or equal to 1BTC/kvB are not accepted";
            return Err(RpcError::InvalidParameter(text.to_owned()));
        }
        let max_burn = match params.get("maxburnamount") {
            Value::Null => Amount::ZERO,
            _ => params.amount("maxburnamount")?,
        };
        let max_feerate = Some(max_feerate).filter(|rate| *rate > FeeRate::ZERO);
        Ok(Self {
            max_feerate,
            max_burn,
        })
    }

    fn check_burn(&self, tx: &Transaction) -> Result<(), RpcError> {
        let burns =
            |output: &bitcoin::TxOut| output.script_pubkey.is_op_return() && output.value > self.max_burn;
        if tx.output.iter().any(burns) {
            Err(RpcError::MaxBurnExceeded)
        } else {
            Ok(())
        }
    }

    fn exceeded_by(&self, entry: &Entry) -> bool {
        self.max_feerate
            .is_some_and(|rate| entry.fee > fee_at(rate, entry.vsize))
    }
}

fn sendrawtransaction(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let tx = params.transaction("hexstring")?;
    let limits = Limits::read(params)?;
    limits.check_burn(&tx)?;
    let txid = tx.compute_txid();
    if node.is_in_utxo_set(&tx) {
        return Err(RpcError::AlreadyInUtxoSet);
    }
    if node.pool.contains(&txid) {
        return Ok(json!(txid));
    }
    let candidate = node.judge().single(&Arc::new(tx)).map_err(RpcError::Rejected)?;
    if limits.exceeded_by(&candidate.entry) {
        return Err(RpcError::MaxFeeExceeded);
    }
    node.admit(candidate);
    Ok(json!(txid))
}

fn testmempoolaccept(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let txs: Vec<_> = params.transactions("rawtxs")?.into_iter().map(Arc::new).collect();
    check_count(txs.len())?;
    let limits = Limits::read(params)?;
    let verdict = match &txs[..] {
        [tx] => node
            .judge()
            .single(tx)
            .map(|candidate| vec![candidate])
            .map_err(|r| (Some(tx.compute_txid()), r)),
        _ => node.judge().group(&txs),
    };
    let answer = txs.iter().enumerate().map(|(index, tx)| {
        let txid = tx.compute_txid();
        let mut object = json!({ "txid": txid, "wtxid": tx.compute_wtxid() });
        match &verdict {
            Ok(group) => describe_verdict(&mut object, group.get(index), &limits),
            Err((Some(blamed), reject)) if *blamed == txid => {
                object["allowed"] = json!(false);
                object["reject-reason"] = json!(match reject {
                    TxReject::MissingOrSpent => "missing-inputs".to_owned(),
                    other => other.to_string(),
                });
                object["reject-details"] = json!(reject.full());
            }
            Err((Some(_), _)) => {}
            Err((None, reject)) => object["package-error"] = json!(reject.to_string()),
        }
        object
    });
    Ok(Value::Array(answer.collect()))
}

fn describe_verdict(object: &mut Value, candidate: Option<&Candidate>, limits: &Limits) {
    let Some(Candidate { entry, .. }) = candidate else {
        return;
    };
    if limits.exceeded_by(entry) {
        object["allowed"] = json!(false);
        object["reject-reason"] = json!("max-fee-exceeded");
        return;
    }
    object["allowed"] = json!(true);
    object["vsize"] = json!(entry.vsize);
    object["fees"] = fees(entry.fee, own_totals(entry.fee, entry.vsize), &[entry.wtxid]);
}

fn submitpackage(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let txs: Vec<_> = params
        .transactions("package")?
        .into_iter()
        .map(Arc::new)
        .collect();
    check_count(txs.len())?;
    let limits = Limits::read(params)?;
    txs.iter().try_for_each(|tx| limits.check_burn(tx))?;
    let outcome = node.submit_package(&txs)?;
    let mut results = Map::new();
    for (tx, member) in outcome.members {
        let wtxid = tx.compute_wtxid();
        let mut object = json!({ "txid": tx.compute_txid() });
        match member {
            Member::Accepted { vsize, fee, shared } => {
                let (totals, includes) = shared.unwrap_or_else(|| (own_totals(fee, vsize), vec![wtxid]));
                object["vsize"] = json!(vsize);
                object["fees"] = fees(fee, totals, &includes);
            }
            Member::AlreadyThere { vsize, fee } => {
                object["vsize"] = json!(vsize);
                object["fees"] = json!({ "base": json::btc(fee) });
            }
            Member::OtherWitness { wtxid } => object["other-wtxid"] = json!(wtxid),
            Member::Refused(reject) => object["error"] = json!(reject.full()),
            Member::NotValidated => object["error"] = json!("package-not-validated"),
        }
        results.insert(wtxid.to_string(), object);
    }
    Ok(json!({
        "package_msg": outcome.message,
        "tx-results": results,
        "replaced-transactions": outcome.replaced,
    }))
}

fn check_count(count: usize) -> Result<(), RpcError> {
    if (1..=MAX_PACKAGE_COUNT).contains(&count) {
        return Ok(());
    }
    let text = format!("Array must contain between 1 and {MAX_PACKAGE_COUNT} transactions.");
    Err(RpcError::InvalidParameter(text))
}

fn own_totals(fee: Amount, vsize: u64) -> Totals {
    Totals {
        count: 1,
        vsize,
        fees: fee,
    }
}

fn fees(base: Amount, shared: Totals, includes: &[Wtxid]) -> Value {
    json!({
        "base": json::btc(base),
        "effective-feerate": json::feerate(feerate(shared)),
        "effective-includes": includes,
    })
}

fn getrawmempool(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let verbose = params.opt_bool("verbose")?.unwrap_or(false);
    let with_sequence = params.opt_bool("mempool_sequence")?.unwrap_or(false);
    if verbose && with_sequence {
        let text = "Verbose results cannot contain mempool sequence values.";
        return Err(RpcError::InvalidParameter(text.to_owned()));
    }
    if verbose {
        let entries = node
            .pool
            .iter()
            .map(|entry| (entry.txid.to_string(), describe(node, entry)));
        return Ok(Value::Object(entries.collect()));
    }
    let txids: Vec<_> = node.pool.iter().map(|entry| entry.txid).collect();
    if with_sequence {
        return Ok(json!({ "txids": txids, "mempool_sequence": node.pool.sequence() }));
    }
    Ok(json!(txids))
}

fn getmempoolentry(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let entry = node.pool.get(&params.txid("txid")?);
    let entry = entry.ok_or_else(|| RpcError::NotFound("Transaction not in mempool".to_owned()))?;
    Ok(describe(node, entry))
}

fn describe(node: &Node, entry: &Entry) -> Value {
    let pool = &node.pool;
    let mut family = pool.ancestors(&entry.tx);
    family.insert(entry.txid);
    let above = pool.totals(&family);
    let descendants = pool.with_descendants([entry.txid]);
    let below = pool.totals(&descendants);
    let replaceable = family
        .iter()
        .filter_map(|txid| pool.get(txid))
        .any(|relative| relative.tx.is_explicitly_rbf());
    json!({
        "vsize": entry.vsize,
        "weight": entry.tx.weight().to_wu(),
        "time": entry.time,
        "height": entry.height,
        "descendantcount": below.count,
        "descendantsize": below.vsize,
        "ancestorcount": above.count,
        "ancestorsize": above.vsize,
        "wtxid": entry.wtxid,
        "fees": {
            "base": json::btc(entry.fee),
            "modified": json::btc(entry.fee),
            "ancestor": json::btc(above.fees),
            "descendant": json::btc(below.fees),
        },
        "depends": pool.parents(&entry.tx),
        "spentby": pool.children(&entry.txid),
        "bip125-replaceable": replaceable,
        "unbroadcast": false,
    })
}

fn getmempoolinfo(node: &mut Node, _: &Params) -> Result<Value, RpcError> {
    let totals = node.pool.all_totals();
    Ok(json!({
        "loaded": true,
        "size": totals.count,
        "bytes": totals.vsize,
        "usage": totals.vsize,
        "total_fee": json::btc(totals.fees),
        "maxmempool": 300_000_000,
        "mempoolminfee": json::feerate(node.mempool_min()),
        "minrelaytxfee": json::feerate(MIN_RELAY_FEERATE),
        "incrementalrelayfee": json::feerate(INCREMENTAL_RELAY_FEERATE),
        "unbroadcastcount": 0,
        "fullrbf": true,
    }))
}

fn estimatesmartfee(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    let target = params.int("conf_target")?;
    if !(1..=MAX_CONF_TARGET).contains(&target) {
        let text = format!("Invalid conf_target, must be between 1 and {MAX_CONF_TARGET}");
        return Err(RpcError::InvalidParameter(text));
    }
    let mode = params
        .opt_str("estimate_mode")?
        .unwrap_or("economical")
        .to_lowercase();
    if !["unset", "economical", "conservative"].contains(&mode.as_str()) {
        let text =
            "Invalid estimate_mode parameter, must be one of: \"unset\", \"economical\", \"conservative\"";
        return Err(RpcError::InvalidParameter(text.to_owned()));
    }
    Ok(match node.estimated_feerate {
        Some(rate) => json!({ "feerate": json::feerate(rate.max(node.mempool_min())), "blocks": target }),
        None => json!({ "errors": ["Insufficient data or no feerate found"], "blocks": target }),
    })
}

fn devnet_setfeerate(node: &mut Node, params: &Params) -> Result<Value, RpcError> {
    node.estimated_feerate = params.opt_feerate("feerate")?;
    node.mempool_min = params.opt_feerate("mempoolminfee")?;
    Ok(json!({
        "feerate": node.estimated_feerate.map(json::feerate),
        "mempoolminfee": json::feerate(node.mempool_min()),
    }))
}
