//! The z-base-32 in which signatures of messages travel.

const ALPHABET: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";

/// The bytes that the text stands for; `None` when it has other characters, or does not come to whole bytes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    if !(text.len() * 5).is_multiple_of(8) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut waiting) = (0u32, 0);
    for letter in text.bytes() {
        let five = ALPHABET.iter().position(|known| *known == letter)? as u32;
        bits = bits << 5 | five;
        waiting += 5;
        if waiting >= 8 {
            waiting -= 8;
            // What is above the eight bits has been taken out before.
            bytes.push((bits >> waiting) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_conservative::DisplayHex;

    #[test]
    fn a_known_signature_is_decoded() {
        let zbase = "d6xkysjjtr8ry1r65xk9hbk14eih99oyzxjj5j8h9r9pms8t1h9rrfejyhpgjr41ggo1ca56gak1rzq7ibs14njgi3jz58b5hfr9uco9";
        let signature = "9ea05929890e40489edbd5fe0552d22bcffe00bbd29da4fcf93ed5d8f1973e421509071a64935231a126637e3615225ddda86d2d0926ae537d9c3be149f9b21f";
        assert_eq!(
            decode(zbase).unwrap().to_lower_hex_string(),
            format!("1f{signature}")
        );
    }

    #[test]
    fn other_characters_and_parts_of_bytes_are_refused() {
        for text in ["l", "yyyyyyy0", "yyyyyyyé", "yyyyyyy"] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert_eq!(decode("yyyyyyyy"), Some(vec![0; 5]));
    }
}
