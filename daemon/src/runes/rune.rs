//! A rune's form: an authentication code, and the restrictions that it stands for.
//!
//! The code is the state of SHA-256 after the secret and the restrictions before it, each padded as if the hash ended there. So
//! whoever has a rune can go on hashing, which adds restrictions, and nobody can take one away. Restrictions are alternatives
//! with `|` between them, each a field's name, a condition of one character, and a value.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bitcoin::hashes::{HashEngine as _, sha256};
use hex_conservative::DisplayHex as _;
use std::fmt;

/// Padding is written, as Core Lightning does, and not asked for.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How SHA-256 takes what it hashes.
const BLOCK: usize = 64;

/// One way to satisfy a restriction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// What is looked at.
    pub field: String,
    /// How it is compared.
    pub condition: Condition,
    /// With what.
    pub value: String,
}

/// How a field is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is absent.
    Missing,
    /// It is the same.
    Equal,
    /// It is another.
    NotEqual,
    /// It begins with it.
    Begins,
    /// It ends with it.
    Ends,
    /// It has it somewhere inside.
    Contains,
    /// It is a smaller number.
    Less,
    /// It is a larger number.
    Greater,
    /// It comes before it in the order of bytes.
    Before,
    /// It comes after it in the order of bytes.
    After,
    /// Nothing is compared.
    Comment,
}

impl Condition {
    const ALL: [(char, Condition); 11] = [
        ('!', Condition::Missing),
        ('=', Condition::Equal),
        ('/', Condition::NotEqual),
        ('^', Condition::Begins),
        ('$', Condition::Ends),
        ('~', Condition::Contains),
        ('<', Condition::Less),
        ('>', Condition::Greater),
        ('{', Condition::Before),
        ('}', Condition::After),
        ('#', Condition::Comment),
    ];

    /// The character it is written as.
    pub fn symbol(self) -> char {
        let found = Condition::ALL.iter().find(|(_, condition)| *condition == self);
        found.map_or('#', |(symbol, _)| *symbol)
    }

    fn of(symbol: char) -> Option<Condition> {
        let found = Condition::ALL.iter().find(|(other, _)| *other == symbol);
        found.map(|(_, condition)| *condition)
    }
}

impl Alternative {
    /// Reads what people write: everything behind the condition is the value. `None` when there is no condition, or no field.
    pub fn parse(text: &str) -> Option<Alternative> {
        let (field, condition, value) = split(text)?;
        (!field.is_empty()).then(|| Alternative {
            field: field.to_owned(),
            condition,
            value: value.to_owned(),
        })
    }

    /// The rune's id, which is written as a restriction of a field without a name.
    fn is_id(&self) -> bool {
        self.field.is_empty()
    }
}

/// A field's name ends where punctuation begins; an underscore belongs to the name.
fn split(text: &str) -> Option<(&str, Condition, &str)> {
    let end = text.find(|character: char| character.is_ascii_punctuation() && character != '_')?;
    let symbol = text[end..].chars().next()?;
    Some((&text[..end], Condition::of(symbol)?, &text[end + 1..]))
}

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.field, self.condition.symbol())?;
        for character in self.value.chars() {
            if matches!(character, '\\' | '|' | '&') {
                f.write_str("\\")?;
            }
            write!(f, "{character}")?;
        }
        Ok(())
    }
}

/// What a request must satisfy in one of several ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restriction(pub Vec<Alternative>);

impl Restriction {
    /// Reads restrictions with `&` between them, as they stand in a rune.
    fn parse_all(text: &str) -> Option<Vec<Restriction>> {
        let mut restrictions = Vec::new();
        if text.is_empty() {
            return Some(restrictions);
        }
        for restriction in unescaped(text, '&') {
            let alternatives = unescaped(restriction, '|').into_iter().map(|text| {
                let (field, condition, value) = split(text)?;
                Some(Alternative {
                    field: field.to_owned(),
                    condition,
                    value: unescape(value)?,
                })
            });
            restrictions.push(Restriction(alternatives.collect::<Option<Vec<_>>>()?));
        }
        // Only the first may be the id, and then it is that alone.
        let well_formed = restrictions.iter().enumerate().all(|(at, restriction)| {
            let is_id = |alternative: &Alternative| {
                alternative.is_id()
                    && (at > 0 || restriction.0.len() > 1 || alternative.condition != Condition::Equal)
            };
            !restriction.0.iter().any(is_id)
        });
        well_formed.then_some(restrictions)
    }
}

impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, alternative) in self.0.iter().enumerate() {
            write!(f, "{}{alternative}", if at > 0 { "|" } else { "" })?;
        }
        Ok(())
    }
}

/// The pieces between separators that have no backslash before them.
fn unescaped(text: &str, separator: char) -> Vec<&str> {
    let (mut pieces, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        if !escaped && character == separator {
            pieces.push(&text[start..at]);
            start = at + separator.len_utf8();
        }
        escaped = !escaped && character == '\\';
    }
    pieces.push(&text[start..]);
    pieces
}

fn unescape(text: &str) -> Option<String> {
    let (mut plain, mut characters) = (String::with_capacity(text.len()), text.chars());
    while let Some(character) = characters.next() {
        plain.push(if character == '\\' {
            characters.next()?
        } else {
            character
        });
    }
    Some(plain)
}

/// A rune, ours or not.
#[derive(Clone, PartialEq, Eq)]
pub struct Rune {
    code: [u8; 32],
    id: u64,
    restrictions: Vec<Restriction>,
}

/// A rune is as good as a password.
impl fmt::Debug for Rune {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rune({})", self.id)
    }
}

/// Why a text is no rune that could be ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRune {
    /// It is not of a rune's form.
    Malformed,
    /// Its id is no number.
    NoId,
}

impl Rune {
    /// Reads a rune as it is handed around.
    pub fn parse(text: &str) -> Result<Rune, NoRune> {
        let bytes = BASE64.decode(text).map_err(|_| NoRune::Malformed)?;
        let (code, restrictions) = bytes.split_first_chunk::<32>().ok_or(NoRune::Malformed)?;
        let restrictions = std::str::from_utf8(restrictions).map_err(|_| NoRune::Malformed)?;
        let restrictions = Restriction::parse_all(restrictions).ok_or(NoRune::Malformed)?;
        let id = restrictions.first().and_then(|first| match &first.0[..] {
            [only] if only.is_id() => number(only.value.split('-').next()?),
            _ => None,
        });
        Ok(Rune {
            code: *code,
            id: id.ok_or(NoRune::NoId)?,
            restrictions,
        })
    }

    /// The id that it shares with all that are made from it.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What it demands, without the id.
    pub fn restrictions(&self) -> &[Restriction] {
        self.restrictions.get(1..).unwrap_or_default()
    }

    /// The code in hexadecimal, and the restrictions as they are written, the id among them.
    pub fn plain(&self) -> String {
        format!("{:x}:{}", self.code.as_hex(), self.written())
    }

    fn written(&self) -> String {
        let restrictions: Vec<_> = self.restrictions.iter().map(Restriction::to_string).collect();
        restrictions.join("&")
    }

    /// Demands more. This needs no secret: whoever has a rune can do it.
    pub fn restrict(&mut self, more: impl IntoIterator<Item = Restriction>) {
        let hashed = self
            .restrictions
            .iter()
            .map(|restriction| padded(restriction.to_string().len()));
        let mut engine =
            sha256::HashEngine::from_midstate(sha256::Midstate(self.code), BLOCK + hashed.sum::<usize>());
        for restriction in more {
            add(&mut engine, restriction.to_string().as_bytes());
            self.restrictions.push(restriction);
        }
        self.code = engine.midstate().0;
    }

    /// Whether it was made for another version of runes than this one.
    fn has_version(&self) -> bool {
        let id = self.restrictions.first().and_then(|first| first.0.first());
        id.is_some_and(|id| id.value.contains('-'))
    }
}

/// The rune as it is handed around.
impl fmt::Display for Rune {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.code.to_vec();
        bytes.extend(self.written().into_bytes());
        f.write_str(&BASE64.encode(bytes))
    }
}

/// An id as it is written by whoever makes one: digits, and no more than a signed number can hold.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse::<u64>().ok()).flatten()?;
    (number <= i64::MAX as u64).then_some(number)
}

/// What all runes of a node are made from.
#[derive(Clone)]
pub struct Master(sha256::HashEngine);

impl Master {
    /// The secret of a node.
    pub fn new(secret: &[u8; 32]) -> Master {
        let mut engine = sha256::HashEngine::default();
        add(&mut engine, secret);
        Master(engine)
    }

    /// A new rune.
    pub fn rune(&self, id: u64, restrictions: impl IntoIterator<Item = Restriction>) -> Rune {
        let mut rune = Rune {
            code: self.0.midstate().0,
            id,
            restrictions: Vec::new(),
        };
        let first = Restriction(vec![Alternative {
            field: String::new(),
            condition: Condition::Equal,
            value: id.to_string(),
        }]);
        rune.restrict(std::iter::once(first).chain(restrictions));
        rune
    }

    /// Whether a rune was made from this; if not, the words for why.
    pub fn check(&self, rune: &Rune) -> Result<(), &'static str> {
        if rune.has_version() {
            return Err("Version mismatch");
        }
        let mut engine = self.0.clone();
        for restriction in &rune.restrictions {
            add(&mut engine, restriction.to_string().as_bytes());
        }
        // All bytes are compared, so that the time taken does not tell how many of them are right.
        let pairs = engine.midstate().0.into_iter().zip(rune.code);
        match pairs.fold(0, |difference, (ours, theirs)| difference | (ours ^ theirs)) {
            0 => Ok(()),
            _ => Err("Not derived from master"),
        }
    }
}

/// Hashes a piece, and behind it what SHA-256 puts at its end.
fn add(engine: &mut sha256::HashEngine, piece: &[u8]) {
    engine.input(piece);
    let length = engine.n_bytes_hashed();
    let zeros = padded(length) - length - 9;
    engine.input(&[0x80]);
    engine.input(&[0; BLOCK][..zeros]);
    engine.input(&(length as u64 * 8).to_be_bytes());
}

/// The length with the end behind it: a byte, the length in eight, and zeros up to whole blocks.
fn padded(length: usize) -> usize {
    (length + 9).next_multiple_of(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::hashes::Hash;
    use hex_conservative::FromHex;
    use proptest::prelude::*;

    fn restriction(alternatives: &[&str]) -> Restriction {
        Restriction(
            alternatives
                .iter()
                .map(|text| Alternative::parse(text).unwrap())
                .collect(),
        )
    }

    fn master() -> Master {
        let secret = "edb8893c04fdeef8f5f06ed70edef309a5c83f20624594e136e392504a270c40";
        Master::new(&<[u8; 32]>::from_hex(secret).unwrap())
    }

    #[test]
    fn runes_are_those_that_core_lightning_makes_of_the_same_secret() {
        let readonly = [
            restriction(&["method^list", "method^get", "method=summary"]),
            restriction(&["method/listdatastore"]),
        ];
        let made = [
            (
                master().rune(0, []),
                "OSqc7ixY6F-gjcigBfxtzKUI54uzgFSA6YfBQoWGDV89MA==",
            ),
            (
                master().rune(1, readonly),
                "zm0x_eLgHexaTvZn3Cz7gb_YlvrlYGDo_w4BYlR9SS09MSZtZXRob2RebGlzdHxtZXRob2ReZ2V0fG1ldGhvZD1zdW1tYXJ5Jm1ldGhvZC9saXN0ZGF0YXN0b3Jl",
            ),
            (
                master().rune(
                    3,
                    [
                        restriction(&["id^022d223620a359a47ff7"]),
                        restriction(&["method=listpeers"]),
                    ],
                ),
                "YPojv9qgHPa3im0eiqRb-g8aRq76OasyfltGGqdFUOU9MyZpZF4wMjJkMjIzNjIwYTM1OWE0N2ZmNyZtZXRob2Q9bGlzdHBlZXJz",
            ),
        ];
        for (rune, text) in made {
            assert_eq!(rune.to_string(), text);
            assert_eq!(Rune::parse(text).unwrap(), rune);
            assert_eq!(
                Rune::parse(text.trim_end_matches('=')).unwrap(),
                rune,
                "also without padding"
            );
            assert_eq!(master().check(&rune), Ok(()));
        }
    }

    #[test]
    fn a_rune_is_restricted_further_without_the_secret() {
        let text = "YPojv9qgHPa3im0eiqRb-g8aRq76OasyfltGGqdFUOU9MyZpZF4wMjJkMjIzNjIwYTM1OWE0N2ZmNyZtZXRob2Q9bGlzdHBlZXJz";
        let mut rune = Rune::parse(text).unwrap();
        rune.restrict([restriction(&["pnamelevel!", "pnamelevel/io"])]);
        assert_eq!(
            rune.to_string(),
            "Zm7A2mKkLnd5l6Er_OMAHzGKba97ij8lA-MpNYMw9nk9MyZpZF4wMjJkMjIzNjIwYTM1OWE0N2ZmNyZtZXRob2Q9bGlzdHBlZXJzJnBuYW1lbGV2ZWwhfHBuYW1lbGV2ZWwvaW8="
        );
        assert_eq!((rune.id(), master().check(&rune)), (3, Ok(())));
    }

    #[test]
    fn restrictions_of_every_length_are_hashed_as_sha256_does() {
        for length in 0..200 {
            let long = restriction(&[&format!("f={}", "v".repeat(length))]);
            let mut rune = Rune::parse(&master().rune(7, [long.clone()]).to_string()).unwrap();
            assert_eq!(master().check(&rune), Ok(()), "{length}");
            rune.restrict([restriction(&["method=help"])]);
            assert_eq!(master().check(&rune), Ok(()), "{length}, and one more");
        }
        let hash = sha256::Hash::hash(&[1; 32]).to_byte_array();
        assert_eq!(Master::new(&[1; 32]).0.midstate().0, hash);
    }

    #[test]
    fn what_is_taken_away_changed_or_from_elsewhere_is_no_rune_of_ours() {
        let no = Err("Not derived from master");
        let rune = master().rune(1, [restriction(&["method=pay"]), restriction(&["rate=1"])]);
        let mut fewer = rune.clone();
        fewer.restrictions.pop();
        let mut other = rune.clone();
        other.restrictions[1] = restriction(&["method=withdraw"]);
        assert_eq!((master().check(&fewer), master().check(&other)), (no, no));
        assert_eq!(Master::new(&[1; 32]).check(&rune), no);
        let mut versioned = rune;
        versioned.restrictions[0].0[0].value = "1-2".to_owned();
        assert_eq!(master().check(&versioned), Err("Version mismatch"));
    }

    #[test]
    fn separators_in_a_value_are_escaped() {
        let odd = restriction(&[r"pnamedescription=@tip|jar&co\", "time<1"]);
        let rune = master().rune(5, [odd.clone()]);
        assert_eq!(odd.to_string(), r"pnamedescription=@tip\|jar\&co\\|time<1");
        let read = Rune::parse(&rune.to_string()).unwrap();
        assert_eq!((read.restrictions(), master().check(&read)), (&[odd][..], Ok(())));
    }

    #[test]
    fn what_is_not_of_a_runes_form_is_told_apart() {
        let text = |restrictions: &str| BASE64.encode([&[0; 32], restrictions.as_bytes()].concat());
        for malformed in [
            "=1&", "=1&&a=1", "=1&a", "=1&a?b", "=1|a=1", "a=1&=1", "/1", "=1&a=\\", "=1&=2", "=1&.=2",
        ] {
            assert_eq!(
                Rune::parse(&text(malformed)),
                Err(NoRune::Malformed),
                "{malformed}"
            );
        }
        for unnumbered in ["", "=", "=x", "=+1", "=-1", "a=1", "=9223372036854775808"] {
            assert_eq!(Rune::parse(&text(unnumbered)), Err(NoRune::NoId), "{unnumbered}");
        }
        assert_eq!(Rune::parse("short"), Err(NoRune::Malformed));
        assert_eq!(Rune::parse(&BASE64.encode([0xff; 40])), Err(NoRune::Malformed));
        assert_eq!(
            Rune::parse(&text("=9223372036854775807&é=ü")).unwrap().id(),
            i64::MAX as u64
        );
        assert_eq!(
            format!("{:?}", master().rune(7, [])),
            "Rune(7)",
            "it is not logged by mistake"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_written_alike(tail in r"(=[0-9]{0,3})?([&|]?[a-zé_]{0,3}[!=/^$~<>{}#.]?[a-zü\\&|]{0,4}){0,4}") {
            let text = BASE64.encode([&[7; 32], tail.as_bytes()].concat());
            if let Ok(rune) = Rune::parse(&text) {
                prop_assert_eq!(Rune::parse(&rune.to_string()), Ok(rune));
            }
        }
    }
}
