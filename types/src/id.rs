//! The hashes by which BOLT 12 requests and offers are known.

use std::fmt;
use std::str::FromStr;

/// The text is not the 64 hexadecimal digits of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("should be 64 hexadecimal digits")]
pub struct IdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<$name, IdError> {
                from_hex(text).map($name)
            }
        }
    };
}

id!(
    /// Core Lightning's `invreq_id`: SHA256 of an invoice_request's records without signatures, as they stand. It is the
    /// same in both dialects, and in every invoice that mirrors the request.
    InvreqId
);
id!(
    /// Core Lightning's `offer_id`: SHA256 of an offer's records, as they stand. It is the same in every request and
    /// invoice that mirrors the offer.
    OfferId
);

fn from_hex(text: &str) -> Result<[u8; 32], IdError> {
    let mut bytes = [0; 32];
    let digits = text.as_bytes();
    if digits.len() != 2 * bytes.len() {
        return Err(IdError);
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16).ok_or(IdError)?;
            *byte = *byte << 4 | value as u8;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_it_is_read() {
        let text = "00ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1dfe";
        let id: InvreqId = text.parse().unwrap();
        assert_eq!((id.0[0], id.0[1], id.0[31]), (0, 0xff, 0xfe));
        assert_eq!(id.to_string(), text);
        assert_eq!(text.to_uppercase().parse(), Ok(id));
        assert_eq!(format!("{id:?}"), format!("InvreqId({text})"));
    }

    #[test]
    fn only_64_hexadecimal_digits_are_an_id() {
        let long = "0".repeat(66);
        let odd = "0".repeat(63);
        let sign = format!("+{odd}");
        let wide = format!("{}é", "0".repeat(62));
        for wrong in ["", &odd, &long, &sign, &wide, &"g".repeat(64)] {
            assert_eq!(wrong.parse::<OfferId>(), Err(IdError), "{wrong}");
        }
    }
}
