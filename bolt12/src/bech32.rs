//! The text form of BOLT 12 messages: bech32 without checksum (BOLT 12, "Encoding").

use bech32::primitives::decode::{
    CharError, CheckedHrpstring, CheckedHrpstringError, UncheckedHrpstringError,
};
use bech32::{Hrp, NoChecksum};
use std::borrow::Cow;
use std::fmt;

/// The longest text that is read, in bytes, continuations included. A stream of the greatest length takes about 105,000
/// characters.
pub const MAX_TEXT_BYTES: usize = 131_072;

/// What a text starts with, before its `1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// An offer.
    Lno,
    /// An invoice_request.
    Lnr,
    /// An invoice.
    Lni,
}

impl Prefix {
    const ALL: [Prefix; 3] = [Prefix::Lno, Prefix::Lnr, Prefix::Lni];

    /// The prefix in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Prefix::Lno => "lno",
            Prefix::Lnr => "lnr",
            Prefix::Lni => "lni",
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a BOLT 12 string; the words begin as Core Lightning's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bech32Error {
    /// The text ends with `+`, which promises more.
    #[error("unfinished string")]
    Unfinished,
    /// The text is not bech32.
    #[error("invalid bech32 string: {0}")]
    Invalid(InvalidBech32),
    /// The text is another message than the one expected, or none of BOLT 12's.
    #[error("unexpected prefix {0}")]
    UnexpectedPrefix(String),
}

/// Why a text is not bech32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBech32 {
    /// The text exceeds [`MAX_TEXT_BYTES`].
    #[error("longer than {MAX_TEXT_BYTES} characters")]
    TooLong,
    /// A `+` is the first character, or follows another.
    #[error("misplaced '+'")]
    Continuation,
    /// There is no `1` to end the prefix.
    #[error("no '1' behind a prefix")]
    NoSeparator,
    /// Nothing is in front of the `1`, or something that no prefix can hold.
    #[error("malformed prefix")]
    MalformedPrefix,
    /// A character is not one of bech32's.
    #[error("unexpected character {0:?}")]
    Character(char),
    /// There are capital and small letters.
    #[error("upper and lower case are mixed")]
    MixedCase,
    /// The last characters hold bits that belong to no byte, and are not zero or more than needed.
    #[error("characters missing or wrong at the end")]
    Padding,
}

impl From<CheckedHrpstringError> for InvalidBech32 {
    fn from(error: CheckedHrpstringError) -> InvalidBech32 {
        use UncheckedHrpstringError::{Char, Hrp};
        match error {
            CheckedHrpstringError::Parse(Char(CharError::InvalidChar(c))) => InvalidBech32::Character(c),
            CheckedHrpstringError::Parse(Char(CharError::MixedCase)) => InvalidBech32::MixedCase,
            CheckedHrpstringError::Parse(Hrp(_)) => InvalidBech32::MalformedPrefix,
            // What is left is a missing separator; the library's enums are open, and without checksum nothing else fails.
            _ => InvalidBech32::NoSeparator,
        }
    }
}

/// Reads a text with one of BOLT 12's prefixes.
pub fn decode(text: &str) -> Result<(Prefix, Vec<u8>), Bech32Error> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(InvalidBech32::TooLong.into());
    }
    let joined = join(text)?;
    let parsed = CheckedHrpstring::new::<NoChecksum>(&joined).map_err(InvalidBech32::from)?;
    let found = parsed.hrp().to_lowercase();
    let Some(prefix) = Prefix::ALL.into_iter().find(|prefix| prefix.as_str() == found) else {
        return Err(Bech32Error::UnexpectedPrefix(found));
    };
    // The rule is bech32's own; only the method's name is segwit's.
    parsed
        .validate_segwit_padding()
        .map_err(|_| InvalidBech32::Padding)?;
    Ok((prefix, parsed.byte_iter().collect()))
}

/// Reads a text that must have a certain prefix.
pub fn decode_as(expected: Prefix, text: &str) -> Result<Vec<u8>, Bech32Error> {
    let (prefix, bytes) = decode(text)?;
    if prefix != expected {
        return Err(Bech32Error::UnexpectedPrefix(prefix.to_string()));
    }
    Ok(bytes)
}

/// Writes bytes as text, in lower case. For a QR code the upper case is smaller, and means the same.
pub fn encode(prefix: Prefix, bytes: &[u8]) -> impl fmt::Display {
    struct Text<'a>(Prefix, &'a [u8]);
    impl fmt::Display for Text<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let prefix = Hrp::parse_unchecked(self.0.as_str());
            bech32::encode_to_fmt::<NoChecksum, _>(f, prefix, self.1).map_err(|_| fmt::Error)
        }
    }
    Text(prefix, bytes)
}

impl From<InvalidBech32> for Bech32Error {
    fn from(error: InvalidBech32) -> Bech32Error {
        Bech32Error::Invalid(error)
    }
}

/// Takes away each `+` between two characters, with the whitespace behind it.
fn join(text: &str) -> Result<Cow<'_, str>, Bech32Error> {
    if !text.contains('+') {
        return Ok(Cow::Borrowed(text));
    }
    let mut parts = text.split('+');
    let mut joined = parts.next().unwrap_or_default().to_owned();
    if joined.is_empty() {
        return Err(InvalidBech32::Continuation.into());
    }
    let mut parts = parts
        .map(|part| part.trim_start_matches(|c: char| c.is_ascii_whitespace()))
        .peekable();
    while let Some(part) = parts.next() {
        match (part, parts.peek()) {
            ("", None) => return Err(Bech32Error::Unfinished),
            ("", Some(_)) => return Err(InvalidBech32::Continuation.into()),
            (part, _) => joined.push_str(part),
        }
    }
    Ok(Cow::Owned(joined))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 6] = [0xde, 0xad, 0xbe, 0xef, 0x00, 0x01];

    fn text() -> String {
        encode(Prefix::Lnr, &BYTES).to_string()
    }

    #[test]
    fn text_is_read_in_either_case_and_with_continuations_anywhere() {
        let text = text();
        assert!(text.starts_with("lnr1"));
        assert_eq!(decode(&text), Ok((Prefix::Lnr, BYTES.to_vec())));
        assert_eq!(decode_as(Prefix::Lnr, &text.to_uppercase()), Ok(BYTES.to_vec()));
        for at in 1..text.len() {
            for joint in ["+", "+ ", "+\r\n \t"] {
                let (front, back) = text.split_at(at);
                assert_eq!(
                    decode_as(Prefix::Lnr, &format!("{front}{joint}{back}")),
                    Ok(BYTES.to_vec())
                );
            }
        }
        let every_character = text.chars().map(String::from).collect::<Vec<_>>().join("+ ");
        assert_eq!(decode_as(Prefix::Lnr, &every_character), Ok(BYTES.to_vec()));
    }

    #[test]
    fn each_way_to_be_wrong_is_named() {
        let text = text();
        let invalid = |reason| Err(Bech32Error::Invalid(reason));
        for unfinished in [format!("{text}+"), format!("{text}+ \n")] {
            assert_eq!(decode(&unfinished), Err(Bech32Error::Unfinished));
        }
        for misplaced in [
            format!("+{text}"),
            format!("+ {text}"),
            text.replace("nr", "n++r"),
            "++".into(),
        ] {
            assert_eq!(
                decode(&misplaced),
                invalid(InvalidBech32::Continuation),
                "{misplaced}"
            );
        }
        assert_eq!(decode(""), invalid(InvalidBech32::NoSeparator));
        assert_eq!(decode("lnr"), invalid(InvalidBech32::NoSeparator));
        assert_eq!(decode("1qq"), invalid(InvalidBech32::MalformedPrefix));
        assert_eq!(
            decode(&format!("{text} ")),
            invalid(InvalidBech32::Character(' '))
        );
        assert_eq!(
            decode(&text.replace("lnr1", "lnr1b")),
            invalid(InvalidBech32::Character('b'))
        );
        assert_eq!(
            decode(&text.replace("lnr", "lnR")),
            invalid(InvalidBech32::MixedCase)
        );
        assert_eq!(decode("lnr1q"), invalid(InvalidBech32::Padding));
        assert_eq!(decode("lnr1qp"), invalid(InvalidBech32::Padding));
        assert_eq!(
            decode(&"q".repeat(MAX_TEXT_BYTES + 1)),
            invalid(InvalidBech32::TooLong)
        );
        let foreign = Err(Bech32Error::UnexpectedPrefix("lnx".into()));
        assert_eq!(decode(&text.to_uppercase().replace("LNR", "LNX")), foreign);
        let other = Err(Bech32Error::UnexpectedPrefix("lnr".into()));
        assert_eq!(decode_as(Prefix::Lni, &text), other);
    }

    #[test]
    fn the_words_begin_as_core_lightnings() {
        let words = |text: &str| decode_as(Prefix::Lnr, text).unwrap_err().to_string();
        assert_eq!(words("lnr1qq+"), "unfinished string");
        assert_eq!(words("lnr1qb"), "invalid bech32 string: unexpected character 'b'");
        assert_eq!(words("lno1qq"), "unexpected prefix lno");
    }
}
