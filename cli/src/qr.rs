//! `boltill qr`: QR codes in the terminal.

use qrcode::render::unicode::Dense1x2;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrCode};
use serde_json::Value;
use serde_json::value::RawValue;
use std::io::{self, Write};

/// Where an answer has what people want to scan, the likeliest first.
const FIELDS: &[&str] = &["bolt12", "bolt11", "bech32", "p2tr", "address", "rune"];

/// How texts in bech32 begin, which upper case makes smaller codes of: `bc` also stands for `bcrt`, and `lnbc` for `lnbcrt`.
const BECH32: &[&str] = &["lnbc", "lntb", "lno1", "lnr1", "lni1", "bc1", "bcrt1", "tb1"];

/// Why there is nothing to scan.
#[derive(Debug, thiserror::Error)]
pub enum NoCode {
    /// `boltill qr` alone.
    #[error("say what to draw: boltill qr TEXT, or boltill qr COMMAND ...")]
    Nothing,
    /// The answer has none of the fields.
    #[error("the answer has nothing to scan: none of {}", FIELDS.join(", "))]
    NoField,
    /// Too long.
    #[error("this does not fit into a QR code: {0}")]
    Refused(QrError),
}

/// What the words behind `qr` ask for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// This text.
    Text(&'a str),
    /// What this command answers.
    Command(&'a [String]),
}

impl<'a> Request<'a> {
    /// Several words are a command; one word is, if it could be the name of one: a short one of small letters.
    pub fn read(words: &'a [String]) -> Result<Request<'a>, NoCode> {
        match words {
            [] => Err(NoCode::Nothing),
            [word] if !is_name(word) => Ok(Request::Text(word)),
            words => Ok(Request::Command(words)),
        }
    }
}

fn is_name(word: &str) -> bool {
    (1..=30).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// What is to be scanned of an answer.
pub fn text_of(answer: &RawValue) -> Result<String, NoCode> {
    let answer: Value = serde_json::from_str(answer.get()).unwrap_or_default();
    let field = FIELDS.iter().find_map(|name| answer.get(name)?.as_str());
    field.map(str::to_owned).ok_or(NoCode::NoField)
}

/// Draws a text, and writes it below. With colours, which a terminal understands, the code is black on white whatever
/// the terminal's own colours are; without, it is made for light letters on a dark ground.
pub fn draw(out: &mut impl Write, text: &str, colours: bool) -> Result<io::Result<()>, NoCode> {
    let code = QrCode::with_error_correction_level(smallest(text), EcLevel::L).map_err(NoCode::Refused)?;
    let picture = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    let (before, behind) = if colours {
        ("\x1b[40;97m", "\x1b[0m")
    } else {
        ("", "")
    };
    let mut lines = picture.lines();
    Ok(lines
        .try_for_each(|line| writeln!(out, "{before}{line}{behind}"))
        .and_then(|()| writeln!(out, "{text}")))
}

/// Bech32 means the same in upper case, which QR codes hold in fewer dots.
fn smallest(text: &str) -> String {
    let is_bech32 = BECH32.iter().any(|start| text.starts_with(start))
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    if is_bech32 {
        text.to_ascii_uppercase()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn one_word_is_a_text_unless_a_command_could_be_called_so() {
        let invoice = words("lnbcrt1abc");
        assert_eq!(Request::read(&invoice).unwrap(), Request::Text("lnbcrt1abc"));
        let command = words("newaddr");
        assert_eq!(Request::read(&command).unwrap(), Request::Command(&command));
        let command = words("invoice 1000 x y");
        assert_eq!(Request::read(&command).unwrap(), Request::Command(&command));
        assert!(matches!(Request::read(&[]), Err(NoCode::Nothing)));
    }

    #[test]
    fn the_code_of_an_answer_is_found_and_an_answer_without_one_is_refused() {
        let raw = |text| serde_json::from_str::<&RawValue>(text).unwrap();
        assert_eq!(
            text_of(raw(r#"{"label":"x","bolt11":"lnbc1"}"#)).unwrap(),
            "lnbc1"
        );
        assert!(matches!(text_of(raw(r#"{"label":"x"}"#)), Err(NoCode::NoField)));
    }

    #[test]
    fn bech32_is_put_in_upper_case_and_other_texts_are_left_alone() {
        assert_eq!(smallest("lno1qcp4"), "LNO1QCP4");
        assert_eq!(smallest("bcrt1qcp4"), "BCRT1QCP4");
        assert_eq!(smallest("lnbc is a prefix"), "lnbc is a prefix");
        assert_eq!(smallest("https://example.com/a"), "https://example.com/a");
    }

    #[test]
    fn a_text_that_is_too_long_is_refused() {
        let mut out = Vec::new();
        assert!(matches!(
            draw(&mut out, &"x".repeat(3000), false),
            Err(NoCode::Refused(_))
        ));
    }

    #[test]
    fn the_picture_is_a_square_of_half_blocks_with_a_margin_and_the_text_below() {
        let mut out = Vec::new();
        draw(&mut out, "lno1qcp4", false).unwrap().unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let (last, picture) = lines.split_last().unwrap();
        assert_eq!(*last, "lno1qcp4");
        // Version 1 has 21 dots a side, and 4 of margin on each.
        assert!(picture.iter().all(|line| line.chars().count() == 29));
        assert_eq!(picture.len(), 15);
        assert_eq!(picture[0], "█".repeat(29));
    }
}
