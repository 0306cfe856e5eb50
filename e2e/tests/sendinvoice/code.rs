//! Codes that somebody has tampered with.

use bitcoin::bech32::primitives::decode::CheckedHrpstring;
use bitcoin::bech32::{self, Hrp, NoChecksum};

pub const OFFER_DESCRIPTION: u64 = 10;
pub const OFFER_ABSOLUTE_EXPIRY: u64 = 14;
pub const INVREQ_CHAIN: u64 = 80;
pub const SIGNATURE: u64 = 240;

/// The code with a record in the place of the one of its type, or besides the others.
pub fn with_record(code: &str, number: u64, value: &[u8]) -> String {
    let bytes: Vec<u8> = CheckedHrpstring::new::<NoChecksum>(code)
        .unwrap()
        .byte_iter()
        .collect();
    let mut rest = bytes.as_slice();
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (number, length) = (bigsize(&mut rest), bigsize(&mut rest));
        let (value, behind) = rest.split_at(usize::try_from(length).unwrap());
        records.push((number, value));
        rest = behind;
    }
    records.retain(|(known, _)| *known != number);
    records.push((number, value));
    records.sort_unstable_by_key(|(number, _)| *number);
    let mut changed = Vec::new();
    for (number, value) in records {
        write_bigsize(number, &mut changed);
        write_bigsize(value.len() as u64, &mut changed);
        changed.extend_from_slice(value);
    }
    bech32::encode::<NoChecksum>(Hrp::parse("lnr").unwrap(), &changed).unwrap()
}

/// BOLT 1's number, as far as a code has any.
fn bigsize(rest: &mut &[u8]) -> u64 {
    let (first, behind) = rest.split_first().unwrap();
    *rest = behind;
    match *first {
        0xfd => {
            let (number, behind) = rest.split_first_chunk().unwrap();
            *rest = behind;
            u16::from_be_bytes(*number).into()
        }
        small => small.into(),
    }
}

fn write_bigsize(number: u64, out: &mut Vec<u8>) {
    if number < 0xfd {
        out.push(number as u8);
    } else {
        out.push(0xfd);
        out.extend_from_slice(&(number as u16).to_be_bytes());
    }
}
