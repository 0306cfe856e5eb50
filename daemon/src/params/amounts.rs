//! Amounts, in the forms that Core Lightning reads.

use super::{FromToken, Kind, Refusal, Token};
use bitcoin::Amount;
use boltill_types::Msat;

impl FromToken for Msat {
    const KIND: Kind = Kind::Msat;

    fn from_token(token: Token<'_>) -> Result<Msat, Refusal> {
        Ok(msat(token).ok_or("should be a millisatoshi amount")?)
    }
}

/// The amount of an invoice: positive, or left to the payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MsatOrAny {
    /// Whatever the payer chooses.
    Any,
    /// So much, and never zero.
    Amount(Msat),
}

impl MsatOrAny {
    /// The amount, unless it is left to the payer.
    pub fn amount(self) -> Option<Msat> {
        match self {
            MsatOrAny::Any => None,
            MsatOrAny::Amount(amount) => Some(amount),
        }
    }
}

impl FromToken for MsatOrAny {
    const KIND: Kind = Kind::MsatOrAny;

    fn from_token(token: Token<'_>) -> Result<MsatOrAny, Refusal> {
        if token.string().as_deref() == Some("any") {
            return Ok(MsatOrAny::Any);
        }
        let amount = msat(token).filter(|amount| *amount != Msat::ZERO);
        Ok(MsatOrAny::Amount(
            amount.ok_or("should be positive msat or 'any'")?,
        ))
    }
}

/// An amount in millisatoshi, or everything there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MsatOrAll {
    /// Everything.
    All,
    /// So much.
    Amount(Msat),
}

impl FromToken for MsatOrAll {
    const KIND: Kind = Kind::MsatOrAll;

    fn from_token(token: Token<'_>) -> Result<MsatOrAll, Refusal> {
        if token.string().as_deref() == Some("all") {
            return Ok(MsatOrAll::All);
        }
        Ok(MsatOrAll::Amount(
            msat(token).ok_or("should be a millisatoshi amount or 'all'")?,
        ))
    }
}

/// An amount of the chain: whole satoshi, a bare number being satoshi too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sat(pub Amount);

impl FromToken for Sat {
    const KIND: Kind = Kind::Sat;

    fn from_token(token: Token<'_>) -> Result<Sat, Refusal> {
        Ok(Sat(sat(token).ok_or("should be a satoshi amount")?))
    }
}

/// An amount of the chain, or everything there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SatOrAll {
    /// Everything.
    All,
    /// So much.
    Amount(Amount),
}

impl FromToken for SatOrAll {
    const KIND: Kind = Kind::SatOrAll;

    fn from_token(token: Token<'_>) -> Result<SatOrAll, Refusal> {
        if token.string().as_deref() == Some("all") {
            return Ok(SatOrAll::All);
        }
        Ok(SatOrAll::Amount(sat(token).ok_or("should be a satoshi amount")?))
    }
}

fn msat(token: Token<'_>) -> Option<Msat> {
    token.word()?.parse().ok()
}

/// A bare number is satoshi; with a unit it is read as any amount, and must come out whole.
fn sat(token: Token<'_>) -> Option<Amount> {
    let word = token.word()?;
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return word.parse().ok().map(Amount::from_sat);
    }
    let amount: Msat = word.parse().ok()?;
    amount.to_sat_exact().map(Amount::from_sat)
}

#[cfg(test)]
mod tests {
    use super::super::forms::tests::{parse, refusal};
    use super::*;

    #[test]
    fn msat_is_a_number_or_any_written_amount() {
        for json in [
            "1000",
            "\"1000\"",
            "\"1000msat\"",
            "\"1sat\"",
            "\"1.000sat\"",
            "\"0.00000001btc\"",
        ] {
            assert_eq!(parse::<Msat>(json), Msat(1000), "{json}");
        }
        for wrong in ["-1", "1.5", "\"\"", "\"any\"", "true", "null", "[]"] {
            assert_eq!(
                refusal::<Msat>(wrong),
                "should be a millisatoshi amount",
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_invoice_is_for_any_amount_or_a_positive_one() {
        assert_eq!(parse::<MsatOrAny>("\"any\""), MsatOrAny::Any);
        assert_eq!(parse::<MsatOrAny>("\"1sat\"").amount(), Some(Msat(1000)));
        for wrong in ["0", "\"0sat\"", "-1", "\"ANY\"", "{}"] {
            assert_eq!(
                refusal::<MsatOrAny>(wrong),
                "should be positive msat or 'any'",
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_bare_number_where_satoshi_are_meant_is_satoshi() {
        assert_eq!(parse::<Sat>("1000").0, Amount::from_sat(1000));
        assert_eq!(parse::<Sat>("\"1000msat\"").0, Amount::from_sat(1));
        assert_eq!(parse::<SatOrAll>("\"all\""), SatOrAll::All);
        assert_eq!(refusal::<Sat>("\"1msat\""), "should be a satoshi amount");
        assert_eq!(refusal::<SatOrAll>("\"any\""), "should be a satoshi amount");
    }
}
