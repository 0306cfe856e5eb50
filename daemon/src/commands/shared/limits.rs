//! What a payment may cost and where it may not go, as `pay` and `keysend` take it.

use crate::error::RpcError;
use crate::params::{FromToken, Kind, NodeId, Refusal, ShortChannelId, Token};
use boltill_till::{Exclude, FeeLimit};
use boltill_types::Msat;

/// How many millionths a percent is.
const MILLIONTHS: f64 = 10_000.0;

/// What forwarding may cost: *maxfee*, or else *maxfeepercent* and *exemptfee* with their defaults.
///
/// # Errors
/// `-32602` when both ways are mixed.
pub fn fee_limit(
    maxfee: Option<Msat>,
    maxfeepercent: Option<f64>,
    exemptfee: Option<Msat>,
) -> Result<FeeLimit, RpcError> {
    match (maxfee, maxfeepercent, exemptfee) {
        (Some(limit), None, None) => Ok(FeeLimit::Absolute(limit)),
        (Some(_), ..) => Err(RpcError::invalid_params(
            "If you specify maxfee, cannot specify maxfeepercent or exemptfee.",
        )),
        (None, None, None) => Ok(FeeLimit::PAY),
        (None, percent, exempt) => Ok(FeeLimit::Relative {
            // Out of the range of numbers is out of the range of fees.
            millionths: (percent.unwrap_or(DEFAULT_PERCENT) * MILLIONTHS) as u64,
            exempt: exempt.unwrap_or(DEFAULT_EXEMPT),
        }),
    }
}

/// *maxfeepercent* when only *exemptfee* is given; that of [`FeeLimit::PAY`].
const DEFAULT_PERCENT: f64 = 0.5;
/// *exemptfee* when only *maxfeepercent* is given; that of [`FeeLimit::PAY`].
const DEFAULT_EXEMPT: Msat = Msat(5_000);

/// A channel or node to keep out of: `BLOCKxTRANSACTIONxOUTPUT`, with `/0` or `/1` behind it for a direction, or a node's key.
pub struct Excluded(pub Exclude);

impl FromToken for Excluded {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Excluded, Refusal> {
        if let Ok(node) = NodeId::from_token(token) {
            return Ok(Excluded(Exclude::Node(node.0)));
        }
        let word = token.word().unwrap_or_default();
        // The till keeps out of both directions.
        let channel = word
            .strip_suffix("/0")
            .or_else(|| word.strip_suffix("/1"))
            .unwrap_or(&word);
        let channel: Result<ShortChannelId, _> = channel.parse();
        let channel = channel.map_err(|_| "should be short_channel_id_dir or node id")?;
        Ok(Excluded(Exclude::Channel(channel.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_absolute_or_relative() {
        let limit =
            |maxfee, percent, exempt| fee_limit(maxfee, percent, exempt).map_err(|error| error.to_string());
        assert_eq!(limit(None, None, None), Ok(FeeLimit::PAY));
        assert_eq!(limit(Some(Msat(7)), None, None), Ok(FeeLimit::Absolute(Msat(7))));
        let relative = |millionths, exempt| {
            Ok(FeeLimit::Relative {
                millionths,
                exempt: Msat(exempt),
            })
        };
        assert_eq!(limit(None, Some(1.25), None), relative(12_500, 5_000));
        assert_eq!(limit(None, None, Some(Msat(0))), relative(5_000, 0));
        assert_eq!(limit(None, Some(1e300), None), relative(u64::MAX, 5_000));
        for (percent, exempt) in [(Some(1.0), None), (None, Some(Msat(1)))] {
            assert_eq!(
                limit(Some(Msat(7)), percent, exempt),
                Err("If you specify maxfee, cannot specify maxfeepercent or exemptfee.".to_owned())
            );
        }
    }

    #[test]
    fn a_channel_is_kept_out_of_with_or_without_a_direction() {
        let read = |json: &str| Excluded::from_token(Token::parse(json).unwrap()).map(|excluded| excluded.0);
        for channel in ["\"0x0x7\"", "\"0x0x7/0\"", "\"0x0x7/1\""] {
            assert_eq!(read(channel), Ok(Exclude::Channel(7)));
        }
        let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        assert_eq!(
            read(&format!("\"{key}\"")),
            Ok(Exclude::Node(key.parse().unwrap()))
        );
        for wrong in ["\"0x0x7/2\"", "7", "{}"] {
            assert_eq!(
                read(wrong),
                Err("should be short_channel_id_dir or node id".into())
            );
        }
    }
}
