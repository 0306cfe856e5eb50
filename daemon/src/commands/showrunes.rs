//! `showrunes`

use super::prelude::*;
use crate::answer::Page;
use crate::params::{FromToken, Refusal, Token};
use crate::runes::{Restriction, Rune, Runes, in_english, restriction_in_english};
use boltill_ledger::{Listing, StoredRune};
use serde::Serialize;
use serde_json::value::RawValue;
use std::time::Duration;

parameters! {
    /// List the runes that were made here, or tell what one says
    ///
    /// Runes that were made from others by further restrictions are not listed, since nobody need tell of them.
    pub struct ShowRunes {
        /// Only this rune, whoever made it.
        optional rune: RuneText,
    }
}

const ALTERNATIVE: &[Field] = &[
    Field::always("fieldname", Kind::String, "What is looked at."),
    Field::always("value", Kind::String, "What it is compared with."),
    Field::always("condition", Kind::String, "How, as one character."),
    Field::always("english", Kind::String, "The same in words."),
];

const RESTRICTION: &[Field] = &[
    Field::always(
        "alternatives",
        Kind::Array(&Kind::Object(ALTERNATIVE)),
        "One of these must hold.",
    ),
    Field::always("english", Kind::String, "The same in words."),
];

const RUNE: &[Field] = &[
    Field::always("rune", Kind::String, "The rune."),
    Field::sometimes(
        "stored",
        Kind::Bool,
        "`false` when it was not made here by `createrune`.",
    ),
    Field::sometimes("blacklisted", Kind::Bool, "`true` when it was withdrawn."),
    Field::sometimes(
        "our_rune",
        Kind::Bool,
        "`false` when this node would not accept it.",
    ),
    Field::sometimes(
        "last_used",
        Kind::Number,
        "When one of its id was last used, in seconds since 1970. After a restart it may be a second early.",
    ),
    Field::always("unique_id", Kind::String, "Its id."),
    Field::always(
        "restrictions",
        Kind::Array(&Kind::Object(RESTRICTION)),
        "All of these must hold.",
    ),
    Field::always("restrictions_as_english", Kind::String, "The same in words."),
];

pub const COMMAND: Command = Command {
    name: "showrunes",
    category: Category::Utility,
    answer: &[Field::always(
        "runes",
        Kind::Array(&Kind::Object(RUNE)),
        "The runes, in the order of their ids.",
    )],
    examples: &[Example {
        typed: "showrunes",
        answer: r#"{"runes":[{"rune":"OSqc7ixY6F-gjcigBfxtzKUI54uzgFSA6YfBQoWGDV89MA==","unique_id":"0","restrictions":[],"restrictions_as_english":""}]}"#,
    }],
    see_also: &["createrune", "blacklistrune"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ShowRunes>()
};

/// A rune, and how it was written.
pub struct RuneText {
    text: String,
    rune: Rune,
}

impl FromToken for RuneText {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<RuneText, Refusal> {
        let rune = Rune::from_token(token)?;
        let text = token.word().unwrap_or_default().into_owned();
        Ok(RuneText { text, rune })
    }
}

#[derive(Serialize)]
struct RuneEntry {
    rune: String,
    #[serde(skip_serializing_if = "is_true")]
    stored: bool,
    #[serde(skip_serializing_if = "is_false")]
    blacklisted: bool,
    #[serde(skip_serializing_if = "is_true")]
    our_rune: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<Box<RawValue>>,
    unique_id: String,
    restrictions: Vec<RestrictionEntry>,
    restrictions_as_english: String,
}

#[derive(Serialize)]
struct RestrictionEntry {
    alternatives: Vec<AlternativeEntry>,
    english: String,
}

#[derive(Serialize)]
struct AlternativeEntry {
    fieldname: String,
    value: String,
    condition: String,
    english: String,
}

fn is_true(value: &bool) -> bool {
    *value
}

fn is_false(value: &bool) -> bool {
    !*value
}

impl RuneEntry {
    fn of(runes: &Runes, text: String, rune: &Rune, on_file: Option<&StoredRune>) -> RuneEntry {
        let our_rune = runes.is_ours(rune);
        let last_used = runes.last_used(rune.id(), on_file.and_then(|stored| stored.last_used));
        RuneEntry {
            stored: on_file.is_some_and(|stored| stored.rune == text),
            blacklisted: runes.is_blacklisted(rune),
            our_rune,
            last_used: last_used.filter(|_| our_rune).and_then(seconds),
            unique_id: rune.id().to_string(),
            restrictions: rune.restrictions().iter().map(restriction).collect(),
            restrictions_as_english: in_english(rune),
            rune: text,
        }
    }
}

/// All digits of a time, which are more than a floating-point number has.
fn seconds(time: Duration) -> Option<Box<RawValue>> {
    let digits = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    RawValue::from_string(digits).ok()
}

fn restriction(restriction: &Restriction) -> RestrictionEntry {
    let alternatives = restriction.0.iter().map(|alternative| AlternativeEntry {
        fieldname: alternative.field.clone(),
        value: alternative.value.clone(),
        condition: alternative.condition.symbol().to_string(),
        english: alternative.in_english(),
    });
    RestrictionEntry {
        alternatives: alternatives.collect(),
        english: restriction_in_english(restriction),
    }
}

#[derive(Serialize)]
struct One {
    runes: [RuneEntry; 1],
}

impl Run for ShowRunes {
    async fn run(self, call: Call) -> Outcome {
        let runes = call.runes()?;
        if let Some(RuneText { text, rune }) = self.rune {
            let stored = runes.stored(rune.id()).await?;
            return Answer::of(&One {
                runes: [RuneEntry::of(runes, text, &rune, stored.as_ref())],
            });
        }
        let pages = runes.list();
        Answer::rows("runes", pages, move |pages| next_page(call.clone(), pages))
    }
}

async fn next_page(
    call: Call,
    mut pages: Listing<StoredRune>,
) -> Result<Option<(Page, Listing<StoredRune>)>, RpcError> {
    let runes = call.runes()?;
    let Some(page) = pages.next_page().await.map_err(crate::runes::RuneRefusal::from)? else {
        return Ok(None);
    };
    // What is on file was written by us, so it can be read.
    let entries = page.into_iter().filter_map(|stored| {
        let rune = Rune::parse(&stored.rune).ok()?;
        Some(RuneEntry::of(runes, stored.rune.clone(), &rune, Some(&stored)))
    });
    Ok(Some((Page::of(entries)?, pages)))
}
