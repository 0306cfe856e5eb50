//! Standardness: what bitcoind relays by default (version 29), beyond what consensus allows.

use bitcoin::script::Instruction;
use bitcoin::{Amount, FeeRate, Script, Transaction, TxIn};

use super::coins::Coin;
use super::reject::TxReject;

/// `-minrelaytxfee`: 1 sat/vB.
pub(crate) const MIN_RELAY_FEERATE: FeeRate = FeeRate::from_sat_per_kwu(250);
/// `-incrementalrelayfee`: 1 sat/vB.
pub(crate) const INCREMENTAL_RELAY_FEERATE: FeeRate = FeeRate::from_sat_per_kwu(250);
/// Version that opts in to BIP 431 (TRUC); the highest standard one.
pub(crate) const TRUC_VERSION: i32 = 3;
/// Most signature operations, by cost, that a relayed transaction may have.
const MAX_STANDARD_SIGOPS_COST: usize = 16_000;
/// Smallest transaction, without witness, that is relayed (in bytes).
const MIN_STANDARD_NONWITNESS_SIZE: usize = 65;
const MAX_STANDARD_SCRIPT_SIG: usize = 1_650;
/// `-datacarriersize`: longest OP_RETURN script.
const MAX_OP_RETURN: usize = 83;
const MAX_P2SH_SIGOPS: usize = 15;
const MAX_P2WSH_SCRIPT: usize = 3_600;
const MAX_P2WSH_STACK_ITEMS: usize = 100;
const MAX_STACK_ITEM: usize = 80;
const TAPSCRIPT_LEAF: u8 = 0xc0;
const ANNEX_TAG: u8 = 0x50;

/// Kinds of output scripts, named as bitcoind names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScriptKind {
    Anchor,
    Multisig,
    Nonstandard,
    NullData,
    PubKey,
    PubKeyHash,
    ScriptHash,
    WitnessKeyHash,
    WitnessScriptHash,
    Taproot,
    WitnessUnknown,
}

impl ScriptKind {
    /// What a script is.
    pub(crate) fn of(script: &Script) -> Self {
        match () {
            () if is_p2a(script) => Self::Anchor,
            () if script.is_p2pk() => Self::PubKey,
            () if script.is_p2pkh() => Self::PubKeyHash,
            () if script.is_p2sh() => Self::ScriptHash,
            () if script.is_p2wpkh() => Self::WitnessKeyHash,
            () if script.is_p2wsh() => Self::WitnessScriptHash,
            () if script.is_p2tr() => Self::Taproot,
            // Version 0 has no other lengths.
            () if script.is_witness_program() && script.as_bytes()[0] != 0 => Self::WitnessUnknown,
            () if is_null_data(script) => Self::NullData,
            () if script.is_multisig() => Self::Multisig,
            () => Self::Nonstandard,
        }
    }

    /// The name in bitcoind's answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anchor => "anchor",
            Self::Multisig => "multisig",
            Self::Nonstandard => "nonstandard",
            Self::NullData => "nulldata",
            Self::PubKey => "pubkey",
            Self::PubKeyHash => "pubkeyhash",
            Self::ScriptHash => "scripthash",
            Self::WitnessKeyHash => "witness_v0_keyhash",
            Self::WitnessScriptHash => "witness_v0_scripthash",
            Self::Taproot => "witness_v1_taproot",
            Self::WitnessUnknown => "witness_unknown",
        }
    }
}

/// Pay to anchor: `OP_1 <4e73>`.
fn is_p2a(script: &Script) -> bool {
    script.as_bytes() == [0x51, 0x02, 0x4e, 0x73]
}

fn is_null_data(script: &Script) -> bool {
    let Some(rest) = script.is_op_return().then(|| &script.as_bytes()[1..]) else {
        return false;
    };
    Script::from_bytes(rest).is_push_only()
}

/// Checks a transaction's own standardness, dust apart (see [`dust_outputs`]).
pub(crate) fn check_standard(tx: &Transaction) -> Result<(), TxReject> {
    if tx.is_coinbase() {
        return Err(TxReject::Coinbase);
    }
    if !(1..=TRUC_VERSION).contains(&tx.version.0) {
        return Err(TxReject::Version);
    }
    if tx.weight() > Transaction::MAX_STANDARD_WEIGHT {
        return Err(TxReject::Size);
    }
    if tx.base_size() < MIN_STANDARD_NONWITNESS_SIZE {
        return Err(TxReject::SizeSmall);
    }
    for input in &tx.input {
        if input.script_sig.len() > MAX_STANDARD_SCRIPT_SIG {
            return Err(TxReject::ScriptSigSize);
        }
        if !input.script_sig.is_push_only() {
            return Err(TxReject::ScriptSigNotPushOnly);
        }
    }
    let mut null_data = 0;
    for output in &tx.output {
        match ScriptKind::of(&output.script_pubkey) {
            ScriptKind::Nonstandard => return Err(TxReject::ScriptPubkey),
            ScriptKind::NullData if output.script_pubkey.len() > MAX_OP_RETURN => {
                return Err(TxReject::ScriptPubkey);
            }
            ScriptKind::NullData => null_data += 1,
            _ => {}
        }
    }
    if null_data > 1 {
        return Err(TxReject::MultiOpReturn);
    }
    Ok(())
}

/// Indexes of the outputs that are worth less than it costs to spend them.
pub(crate) fn dust_outputs(tx: &Transaction) -> Vec<u32> {
    (0..)
        .zip(&tx.output)
        .filter(|(_, output)| output.value < output.script_pubkey.minimal_non_dust())
        .map(|(vout, _)| vout)
        .collect()
}

/// A transaction may have one dust output (ephemeral dust), but then nobody may gain by mining it alone.
pub(crate) fn check_dust(tx: &Transaction, fee: Amount) -> Result<(), TxReject> {
    match dust_outputs(tx).len() {
        0 => Ok(()),
        1 if fee == Amount::ZERO => Ok(()),
        1 => Err(TxReject::DustWithFee),
        _ => Err(TxReject::Dust),
    }
}

/// Checks the standardness of what the inputs spend, and of the witnesses with which they do.
pub(crate) fn check_standard_inputs(tx: &Transaction, coins: &[Coin]) -> Result<(), TxReject> {
    for (input, coin) in tx.input.iter().zip(coins) {
        let script = &coin.output.script_pubkey;
        match ScriptKind::of(script) {
            ScriptKind::Nonstandard | ScriptKind::WitnessUnknown | ScriptKind::NullData => {
                return Err(TxReject::NonstandardInputs);
            }
            ScriptKind::ScriptHash => {
                let redeem = last_push(&input.script_sig).ok_or(TxReject::NonstandardInputs)?;
                if Script::from_bytes(redeem).count_sigops() > MAX_P2SH_SIGOPS {
                    return Err(TxReject::NonstandardInputs);
                }
            }
            _ => {}
        }
        check_standard_witness(input, script)?;
    }
    Ok(())
}

/// Checks the signature operations of a transaction, given their cost.
pub(crate) fn check_sigops(cost: usize) -> Result<(), TxReject> {
    if cost > MAX_STANDARD_SIGOPS_COST {
        return Err(TxReject::TooManySigops { cost });
    }
    Ok(())
}

fn check_standard_witness(input: &TxIn, script_pubkey: &Script) -> Result<(), TxReject> {
    if input.witness.is_empty() {
        return Ok(());
    }
    let stack: Vec<&[u8]> = input.witness.iter().collect();
    let nested = script_pubkey
        .is_p2sh()
        .then(|| last_push(&input.script_sig))
        .flatten();
    let program = nested.map_or(script_pubkey, Script::from_bytes);
    let standard = match ScriptKind::of(program) {
        ScriptKind::WitnessScriptHash => match stack.split_last() {
            Some((script, items)) => {
                script.len() <= MAX_P2WSH_SCRIPT
                    && items.len() <= MAX_P2WSH_STACK_ITEMS
                    && items.iter().all(|item| item.len() <= MAX_STACK_ITEM)
            }
            None => false,
        },
        ScriptKind::Taproot if nested.is_none() => is_standard_taproot(&stack),
        ScriptKind::WitnessKeyHash => true,
        // A witness for what has none.
        _ => false,
    };
    standard.then_some(()).ok_or(TxReject::NonstandardWitness)
}

fn is_standard_taproot(stack: &[&[u8]]) -> bool {
    match stack {
        [] => false,
        [.., last] if stack.len() >= 2 && last.first() == Some(&ANNEX_TAG) => false,
        [items @ .., _script, control] => match control.first() {
            Some(first) if first & 0xfe == TAPSCRIPT_LEAF => {
                items.iter().all(|item| item.len() <= MAX_STACK_ITEM)
            }
            Some(_) => true,
            None => false,
        },
        [_signature] => true,
    }
}

fn last_push(script_sig: &Script) -> Option<&[u8]> {
    match script_sig.instructions().last()? {
        Ok(Instruction::PushBytes(bytes)) => Some(bytes.as_bytes()),
        _ => None,
    }
}

/// The fee that `rate` asks for `vsize` virtual bytes, rounded up as bitcoind does.
pub(crate) fn fee_at(rate: FeeRate, vsize: u64) -> Amount {
    // One virtual byte is four weight units, and a FeeRate counts satoshi per thousand of those.
    Amount::from_sat(
        rate.to_sat_per_kwu()
            .saturating_mul(4)
            .saturating_mul(vsize)
            .div_ceil(1000),
    )
}

/// A rate in BTC per thousand virtual bytes, as bitcoind's messages give it.
pub(crate) fn feerate_text(fee: Amount, vsize: u64) -> String {
    let per_kvb = fee.to_sat().saturating_mul(1000).checked_div(vsize).unwrap_or(0);
    format!("{} BTC/kvB", super::reject::btc(Amount::from_sat(per_kvb)))
}

#[cfg(test)]
mod tests {
    use bitcoin::{ScriptBuf, TxOut};

    use super::*;

    #[test]
    fn script_kinds_have_bitcoind_names() {
        let named = |bytes: &[u8]| ScriptKind::of(Script::from_bytes(bytes)).name();
        assert_eq!(named(ScriptBuf::new_p2a().as_bytes()), "anchor");
        assert_eq!(named(&[0x6a, 0x01, 0x07]), "nulldata");
        assert_eq!(named(&[0x6a, 0xac]), "nonstandard");
        assert_eq!(named(&[0x51]), "nonstandard");
        assert_eq!(named(&[]), "nonstandard");
        assert_eq!(named(&[0x00, 0x02, 1, 1]), "nonstandard");
        assert_eq!(named(&[0x52, 0x02, 1, 1]), "witness_unknown");
    }

    #[test]
    fn one_dust_output_needs_a_fee_of_zero() {
        let dust = TxOut {
            value: Amount::from_sat(239),
            script_pubkey: ScriptBuf::new_p2a(),
        };
        let mut tx = Transaction {
            version: bitcoin::transaction::Version(3),
            lock_time: bitcoin::absolute::LockTime::ZERO,
            input: vec![],
            output: vec![dust.clone()],
        };
        assert_eq!(check_dust(&tx, Amount::ZERO), Ok(()));
        assert_eq!(check_dust(&tx, Amount::ONE_SAT), Err(TxReject::DustWithFee));
        tx.output.push(dust);
        assert_eq!(check_dust(&tx, Amount::ZERO), Err(TxReject::Dust));
        tx.output
            .iter_mut()
            .for_each(|output| output.value = Amount::from_sat(240));
        assert_eq!(check_dust(&tx, Amount::ONE_SAT), Ok(()));
    }

    #[test]
    fn fees_are_rounded_up() {
        assert_eq!(fee_at(MIN_RELAY_FEERATE, 110), Amount::from_sat(110));
        assert_eq!(fee_at(FeeRate::from_sat_per_kwu(1), 1), Amount::from_sat(1));
    }
}
