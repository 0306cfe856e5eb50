//! Amounts in JSON as bitcoind writes them: always eight decimals, never an exponent.
//!
//! Some clients (Core Lightning's bcli among them) cut the digits out of the text.

use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

#[derive(Debug)]
struct EightDecimals;

impl Formatter for EightDecimals {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let text = format!("{value:.8}");
        // What eight decimals cannot hold is no amount; the difficulty is such a number.
        if text.parse() == Ok(value) {
            writer.write_all(text.as_bytes())
        } else {
            write!(writer, "{value:e}")
        }
    }
}

/// Writes an answer.
pub(crate) fn to_bytes(answer: &Value) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::new();
    answer.serialize(&mut Serializer::with_formatter(&mut bytes, EightDecimals))?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use bitcoin::Amount;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::chain::reject::btc;

    #[test]
    fn a_difficulty_keeps_its_digits() {
        let difficulty = 4.656_542_373_906_925e-10;
        let text = to_bytes(&json!(difficulty)).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.trim_end().parse(), Ok(difficulty));
    }

    proptest! {
        #[test]
        fn every_amount_has_eight_decimals(sat in 0..=Amount::MAX_MONEY.to_sat()) {
            let amount = Amount::from_sat(sat);
            let text = to_bytes(&json!(amount.to_btc())).unwrap();
            prop_assert_eq!(String::from_utf8(text).unwrap(), format!("{}\n", btc(amount)));
        }
    }
}
