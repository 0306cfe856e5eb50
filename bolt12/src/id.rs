//! The hashes by which requests and offers are known.

use bitcoin::hashes::{Hash, sha256};
use bitcoin::hex::{DisplayHex, FromHex};
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

        impl $name {
            pub(crate) fn from_hash(hash: sha256::Hash) -> $name {
                $name(hash.to_byte_array())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hex(), f)
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
                FromHex::from_hex(text).map($name).map_err(|_| IdError)
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
