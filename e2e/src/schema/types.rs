//! The types of Core Lightning's schemas.

use serde_json::Value;

/// Whether a value is of the type with this name; None when there is no such type.
pub fn fits(name: &str, value: &Value) -> Option<bool> {
    let text = value.as_str();
    Some(match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "u8" => below(value, u8::MAX.into()),
        "u16" => below(value, u16::MAX.into()),
        "u32" => below(value, u32::MAX.into()),
        "u64" | "sat" | "msat" => value.is_u64(),
        "hex" => text.is_some_and(is_hex),
        "hash" | "secret" | "txid" | "point32" => text.is_some_and(|text| is_hex_of(text, 32)),
        "bip340sig" => text.is_some_and(|text| is_hex_of(text, 64)),
        "pubkey" => text.is_some_and(|text| is_hex_of(text, 33) && starts(text, &["02", "03"])),
        // ECDSA's in DER: a sequence of at most 72 bytes.
        "signature" => text.is_some_and(|text| is_hex(text) && text.len() <= 144 && starts(text, &["30"])),
        "short_channel_id" => text.is_some_and(is_short_channel_id),
        "short_channel_id_dir" => text.is_some_and(|text| {
            let channel = text.strip_suffix("/0").or_else(|| text.strip_suffix("/1"));
            channel.is_some_and(is_short_channel_id)
        }),
        "outpoint" => text
            .and_then(|text| text.split_once(':'))
            .is_some_and(|(txid, output)| is_hex_of(txid, 32) && output.parse::<u32>().is_ok()),
        "string_map" => {
            let members = value.as_object();
            members.is_some_and(|members| members.values().all(Value::is_string))
        }
        _ => return None,
    })
}

fn below(value: &Value, most: u64) -> bool {
    value.as_u64().is_some_and(|number| number <= most)
}

/// Lower case, as Core Lightning writes it.
fn is_hex(text: &str) -> bool {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len().is_multiple_of(2) && text.bytes().all(digit)
}

fn is_hex_of(text: &str, bytes: usize) -> bool {
    text.len() == 2 * bytes && is_hex(text)
}

fn starts(text: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| text.starts_with(beginning))
}

fn is_short_channel_id(text: &str) -> bool {
    let mut parts = text.split('x').map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<u64>().ok()).flatten()
    });
    let mut next = |bits: u32| parts.next().flatten().is_some_and(|part| part < 1 << bits);
    next(24) && next(24) && next(16) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_type_takes_its_own_values_and_no_others() {
        let id = "ab".repeat(32);
        let cases = [
            (
                "u8",
                vec![json!(0), json!(255)],
                vec![json!(256), json!(-1), json!("1")],
            ),
            ("u16", vec![json!(65535)], vec![json!(65536)]),
            (
                "u32",
                vec![json!(4_294_967_295_u64)],
                vec![json!(4_294_967_296_u64), json!(1.5)],
            ),
            (
                "u64",
                vec![json!(u64::MAX)],
                vec![json!(-1), json!(1.0), json!(true), json!(null)],
            ),
            ("msat", vec![json!(1000)], vec![json!("1000msat"), json!("1000")]),
            ("integer", vec![json!(-1)], vec![json!(1.5)]),
            ("number", vec![json!(1.5), json!(1)], vec![json!("1.5")]),
            (
                "hex",
                vec![json!(""), json!("00ff")],
                vec![json!("0"), json!("0G"), json!("FF")],
            ),
            (
                "hash",
                vec![json!(id)],
                vec![json!(&id[2..]), json!(format!("{id}00"))],
            ),
            ("secret", vec![json!(id)], vec![json!("secret")]),
            ("txid", vec![json!(id)], vec![json!(format!("{id}:0"))]),
            (
                "outpoint",
                vec![json!(format!("{id}:0"))],
                vec![json!(id), json!(format!("{id}:x"))],
            ),
            ("bip340sig", vec![json!(id.repeat(2))], vec![json!(id)]),
            (
                "pubkey",
                vec![json!(format!("02{id}"))],
                vec![json!(format!("04{id}")), json!(id)],
            ),
            (
                "signature",
                vec![json!("3006020101020101")],
                vec![json!("02"), json!("30".repeat(73))],
            ),
            (
                "short_channel_id",
                vec![json!("103x1x0")],
                vec![
                    json!("103x1"),
                    json!("103x1x0/0"),
                    json!("x1x0"),
                    json!("+1x1x1"),
                    json!("1x1x65536"),
                ],
            ),
            (
                "short_channel_id_dir",
                vec![json!("103x1x0/1")],
                vec![json!("103x1x0"), json!("103x1x0/2")],
            ),
            (
                "string_map",
                vec![json!({"a": "b"})],
                vec![json!({"a": 1}), json!("a")],
            ),
            ("boolean", vec![json!(true)], vec![json!("true"), json!(1)]),
            ("string", vec![json!("")], vec![json!(1)]),
            ("object", vec![json!({})], vec![json!([])]),
            ("array", vec![json!([])], vec![json!({})]),
            ("null", vec![json!(null)], vec![json!(0)]),
        ];
        for (name, takes, refuses) in cases {
            takes
                .iter()
                .for_each(|value| assert_eq!(fits(name, value), Some(true), "{name} {value}"));
            refuses
                .iter()
                .for_each(|value| assert_eq!(fits(name, value), Some(false), "{name} {value}"));
        }
        assert_eq!(fits("colour", &json!("red")), None);
    }
}
