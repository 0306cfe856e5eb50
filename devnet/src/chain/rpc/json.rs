//! Transactions, scripts and headers as bitcoind writes them in JSON.

use bitcoin::blockdata::opcodes::all as op;
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::script::Instruction;
use bitcoin::{Address, Amount, BlockHash, FeeRate, Network, Script, Transaction, TxIn};
use hex_conservative::DisplayHex;
use serde_json::{Value, json};

use crate::chain::coins::Coin;
use crate::chain::policy::ScriptKind;
use crate::chain::state::{BlockNode, Chain};

/// An amount in BTC.
pub(crate) fn btc(amount: Amount) -> Value {
    json!(amount.to_btc())
}

/// A feerate in BTC per thousand vbytes.
pub(crate) fn feerate(rate: FeeRate) -> Value {
    btc(Amount::from_sat(rate.to_sat_per_kwu().saturating_mul(4)))
}

/// An output script.
pub(crate) fn script_pubkey(script: &Script) -> Value {
    let mut object = json!({ "asm": asm(script), "hex": script.to_hex_string() });
    if let Ok(address) = Address::from_script(script, Network::Regtest) {
        object["address"] = json!(address.to_string());
    }
    object["type"] = json!(ScriptKind::of(script).name());
    object
}

/// A transaction. With `spent`, the coins of its inputs, the fee is added.
pub(crate) fn transaction(tx: &Transaction, spent: Option<&[Coin]>) -> Value {
    let outputs: Vec<Value> = tx
        .output
        .iter()
        .enumerate()
        .map(|(n, output)| {
            json!({ "value": btc(output.value), "n": n, "scriptPubKey": script_pubkey(&output.script_pubkey) })
        })
        .collect();
    let mut object = json!({
        "txid": tx.compute_txid(),
        "hash": tx.compute_wtxid(),
        "version": tx.version.0,
        "size": tx.total_size(),
        "vsize": tx.vsize(),
        "weight": tx.weight().to_wu(),
        "locktime": tx.lock_time.to_consensus_u32(),
        "vin": tx.input.iter().map(|input| self::input(tx, input)).collect::<Vec<_>>(),
        "vout": outputs,
    });
    if let Some(spent) = spent.filter(|_| !tx.is_coinbase()) {
        let inputs: Amount = spent.iter().map(|coin| coin.output.value).sum();
        let outputs: Amount = tx.output.iter().map(|output| output.value).sum();
        object["fee"] = btc(inputs.checked_sub(outputs).unwrap_or(Amount::ZERO));
    }
    object["hex"] = json!(serialize_hex(tx));
    object
}

fn input(tx: &Transaction, input: &TxIn) -> Value {
    let mut object = if tx.is_coinbase() {
        json!({ "coinbase": input.script_sig.to_hex_string() })
    } else {
        json!({
            "txid": input.previous_output.txid,
            "vout": input.previous_output.vout,
            "scriptSig": { "asm": asm(&input.script_sig), "hex": input.script_sig.to_hex_string() },
        })
    };
    if !input.witness.is_empty() {
        let items: Vec<String> = input
            .witness
            .iter()
            .map(|item| item.to_lower_hex_string())
            .collect();
        object["txinwitness"] = json!(items);
    }
    object["sequence"] = json!(input.sequence.to_consensus_u32());
    object
}

/// A block's header with its place in the chain.
pub(crate) fn header(chain: &Chain, hash: &BlockHash, node: &BlockNode) -> Value {
    let header = &node.block.header;
    let mut object = json!({
        "hash": hash,
        "confirmations": confirmations(chain, hash, node),
        "height": node.height,
        "version": header.version.to_consensus(),
        "versionHex": format!("{:08x}", header.version.to_consensus()),
        "merkleroot": header.merkle_root,
        "time": header.time,
        "mediantime": node.median_time_past,
        "nonce": header.nonce,
        "bits": format!("{:08x}", header.bits.to_consensus()),
        "target": header.target().to_be_bytes().to_lower_hex_string(),
        "difficulty": header.difficulty_float(),
        "chainwork": node.chainwork.to_be_bytes().to_lower_hex_string(),
        "nTx": node.block.txdata.len(),
    });
    if node.height > 0 {
        object["previousblockhash"] = json!(header.prev_blockhash);
    }
    if chain.is_active(hash)
        && let Some(next) = chain.hash_at(node.height + 1)
    {
        object["nextblockhash"] = json!(next);
    }
    object
}

/// Blocks on top of it, its own included; -1 off the active chain.
pub(crate) fn confirmations(chain: &Chain, hash: &BlockHash, node: &BlockNode) -> i64 {
    if chain.is_active(hash) {
        i64::from(chain.height() - node.height) + 1
    } else {
        -1
    }
}

/// A script in bitcoind's words.
pub(crate) fn asm(script: &Script) -> String {
    let mut words = Vec::new();
    for instruction in script.instructions() {
        words.push(match instruction {
            Ok(Instruction::PushBytes(bytes)) if bytes.len() <= 4 => {
                small_number(bytes.as_bytes()).to_string()
            }
            Ok(Instruction::PushBytes(bytes)) => bytes.as_bytes().to_lower_hex_string(),
            Ok(Instruction::Op(op::OP_CLTV)) => "OP_CHECKLOCKTIMEVERIFY".to_owned(),
            Ok(Instruction::Op(op::OP_CSV)) => "OP_CHECKSEQUENCEVERIFY".to_owned(),
            Ok(Instruction::Op(op::OP_PUSHNUM_NEG1)) => "-1".to_owned(),
            Ok(Instruction::Op(code)) => match code.to_u8() {
                push @ 0x51..=0x60 => (push - 0x50).to_string(),
                _ => code.to_string(),
            },
            Err(_) => {
                words.push("[error]".to_owned());
                break;
            }
        });
    }
    words.join(" ")
}

/// A script number of up to four bytes: little endian, the top bit is the sign.
fn small_number(bytes: &[u8]) -> i64 {
    let magnitude = bytes
        .iter()
        .rev()
        .fold(0i64, |sum, byte| (sum << 8) | i64::from(*byte));
    match bytes.last() {
        Some(top) if top & 0x80 != 0 => -(magnitude & !(0x80i64 << (8 * (bytes.len() - 1)))),
        _ => magnitude,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_read_as_bitcoind_writes_them() {
        let asm_of = |bytes: &[u8]| asm(Script::from_bytes(bytes));
        assert_eq!(asm_of(&[0x51, 0x02, 0x4e, 0x73]), "1 29518");
        assert_eq!(asm_of(&[0x00, 0x05, 1, 2, 3, 4, 5]), "0 0102030405");
        assert_eq!(asm_of(&[0x01, 0x85, 0xb1, 0x4f]), "-5 OP_CHECKLOCKTIMEVERIFY -1");
        assert_eq!(asm_of(&[0xac, 0x05]), "OP_CHECKSIG [error]");
    }
}
