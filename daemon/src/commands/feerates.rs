//! `feerates`

use super::prelude::*;
use crate::params::{FromToken, Refusal, Token};
use bitcoin::FeeRate;
use boltill_onchain::{Estimate, FeeRates, FeerateName};
use serde::Serialize;

parameters! {
    /// Tell what transactions have to pay at present
    ///
    /// The feerates follow what bitcoind estimates for 2, 6, 12 and 100 blocks; where it has no estimate, the nearest
    /// one that it has is taken, and where it has none at all, figures that suit an empty chain.
    ///
    /// Wherever a command takes a *feerate*, it may be one of the names *urgent* (the next 6 blocks or so), *normal*
    /// (12), *slow* (100) and *minimum* (the least that bitcoind takes), a number with `blocks` behind it, or a
    /// number of satoshi with `perkw` (per 1,000 units of weight) or `perkb` (per 1,000 virtual bytes) behind it; a
    /// bare number is `perkb`.
    pub struct FeeRatesIn {
        /// The unit of the answer: `perkw` for satoshi per 1,000 units of weight, `perkb` for satoshi per 1,000
        /// virtual bytes, which is four times as much.
        required style: Style,
    }
}

pub const COMMAND: Command = Command {
    name: "feerates",
    category: Category::Bitcoin,
    answer: &[
        Field::sometimes(
            "warning_missing_feerates",
            Kind::String,
            "That bitcoind has not given all estimates so far.",
        ),
        Field::sometimes(
            "perkb",
            Kind::Object(RATES),
            "The feerates, where *style* is `perkb`.",
        ),
        Field::sometimes(
            "perkw",
            Kind::Object(RATES),
            "The feerates, where *style* is `perkw`.",
        ),
        Field::always(
            "onchain_fee_estimates",
            Kind::Object(COSTS),
            "What typical transactions would cost.",
        ),
    ],
    examples: &[Example {
        typed: "feerates perkw",
        answer: r#"{"perkw":{"opening":7500,"mutual_close":3750,"unilateral_close":11000,"unilateral_anchor_close":3750,"penalty":7500,"min_acceptable":1875,"max_acceptable":150000,"floor":253,"estimates":[{"blockcount":2,"feerate":15000,"smoothed_feerate":15000},{"blockcount":6,"feerate":11000,"smoothed_feerate":11000},{"blockcount":12,"feerate":7500,"smoothed_feerate":7500},{"blockcount":100,"feerate":3750,"smoothed_feerate":3750}]},"onchain_fee_estimates":{"opening_channel_satoshis":5265,"mutual_close_satoshis":2523,"unilateral_close_satoshis":4170,"unilateral_close_nonanchor_satoshis":6578,"htlc_timeout_satoshis":7293,"htlc_success_satoshis":7733}}"#,
    }],
    see_also: &["fundchannel", "withdraw"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<FeeRatesIn>()
};

const RATES: &[Field] = &[
    Field::always("opening", Kind::U32, "What `fundchannel` and `withdraw` pay."),
    Field::always(
        "mutual_close",
        Kind::U32,
        "What closing a channel together aims for.",
    ),
    Field::always(
        "unilateral_close",
        Kind::U32,
        "The commitment of a channel without anchors.",
    ),
    Field::always(
        "unilateral_anchor_close",
        Kind::U32,
        "The commitment of a channel with anchors, which can pay more later.",
    ),
    Field::always("penalty", Kind::U32, "Taking the money of a peer that cheats."),
    Field::always("min_acceptable", Kind::U32, "The least that a peer may choose."),
    Field::always("max_acceptable", Kind::U32, "The most that a peer may choose."),
    Field::always("floor", Kind::U32, "The least that bitcoind takes."),
    Field::always(
        "estimates",
        Kind::Array(&Kind::Object(ESTIMATE)),
        "What bitcoind estimates.",
    ),
];

const ESTIMATE: &[Field] = &[
    Field::always("blockcount", Kind::U32, "Within how many blocks."),
    Field::always("feerate", Kind::U32, "The latest estimate."),
    Field::always(
        "smoothed_feerate",
        Kind::U32,
        "The same with its jumps evened out over a few minutes.",
    ),
];

const COSTS: &[Field] = &[
    Field::always("opening_channel_satoshis", Kind::U64, "Opening a channel."),
    Field::always("mutual_close_satoshis", Kind::U64, "Closing one together."),
    Field::always("unilateral_close_satoshis", Kind::U64, "Closing one alone."),
    Field::always(
        "unilateral_close_nonanchor_satoshis",
        Kind::U64,
        "Closing one without anchors alone.",
    ),
    Field::always(
        "htlc_timeout_satoshis",
        Kind::U64,
        "Taking back an HTLC of a channel without anchors.",
    ),
    Field::always(
        "htlc_success_satoshis",
        Kind::U64,
        "Claiming an HTLC of a channel without anchors.",
    ),
];

/// The unit of feerates in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Satoshi per 1,000 units of weight.
    PerKw,
    /// Satoshi per 1,000 virtual bytes.
    PerKb,
}

impl FromToken for Style {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Style, Refusal> {
        match token.word().as_deref() {
            Some("perkw") => Ok(Style::PerKw),
            Some("perkb") => Ok(Style::PerKb),
            _ => Err(Refusal::Message(format!(
                "'style' should be 'perkw' or 'perkb', not '{}'",
                token.raw()
            ))),
        }
    }
}

impl Style {
    fn number(self, feerate: FeeRate) -> u32 {
        let per_kw = u32::try_from(feerate.to_sat_per_kwu()).unwrap_or(u32::MAX);
        match self {
            Style::PerKw => per_kw,
            Style::PerKb => per_kw.saturating_mul(4),
        }
    }
}

#[derive(Serialize)]
struct Listing {
    #[serde(skip_serializing_if = "Option::is_none")]
    warning_missing_feerates: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    perkb: Option<Rates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    perkw: Option<Rates>,
    onchain_fee_estimates: Costs,
}

#[derive(Serialize)]
struct Rates {
    opening: u32,
    mutual_close: u32,
    unilateral_close: u32,
    unilateral_anchor_close: u32,
    penalty: u32,
    min_acceptable: u32,
    max_acceptable: u32,
    floor: u32,
    estimates: Vec<EstimateEntry>,
}

#[derive(Serialize)]
struct EstimateEntry {
    blockcount: u32,
    feerate: u32,
    smoothed_feerate: u32,
}

#[derive(Serialize)]
struct Costs {
    opening_channel_satoshis: u64,
    mutual_close_satoshis: u64,
    unilateral_close_satoshis: u64,
    unilateral_close_nonanchor_satoshis: u64,
    htlc_timeout_satoshis: u64,
    htlc_success_satoshis: u64,
}

impl Run for FeeRatesIn {
    async fn run(self, call: Call) -> Outcome {
        Answer::of(&listing(call.node()?.fees(), self.style))
    }
}

fn listing(fees: &FeeRates, style: Style) -> Listing {
    let rates = |wanted| (style == wanted).then(|| rates(fees, style));
    let costs = fees.onchain_fee_estimates();
    Listing {
        warning_missing_feerates: fees
            .is_missing_estimates()
            .then_some("Some fee estimates unavailable: bitcoind startup?"),
        perkb: rates(Style::PerKb),
        perkw: rates(Style::PerKw),
        onchain_fee_estimates: Costs {
            opening_channel_satoshis: costs.opening_channel,
            mutual_close_satoshis: costs.mutual_close,
            unilateral_close_satoshis: costs.unilateral_close,
            unilateral_close_nonanchor_satoshis: costs.unilateral_close_nonanchor,
            htlc_timeout_satoshis: costs.htlc_timeout,
            htlc_success_satoshis: costs.htlc_success,
        },
    }
}

fn rates(fees: &FeeRates, style: Style) -> Rates {
    let named = |name| style.number(fees.named(name));
    let entry = |estimate: Estimate| EstimateEntry {
        blockcount: estimate.blocks,
        feerate: style.number(estimate.feerate),
        smoothed_feerate: style.number(estimate.smoothed),
    };
    Rates {
        opening: named(FeerateName::Opening),
        mutual_close: named(FeerateName::MutualClose),
        unilateral_close: named(FeerateName::UnilateralClose),
        unilateral_anchor_close: named(FeerateName::UnilateralAnchorClose),
        penalty: named(FeerateName::Penalty),
        min_acceptable: named(FeerateName::MinAcceptable),
        max_acceptable: named(FeerateName::MaxAcceptable),
        floor: style.number(fees.floor()),
        estimates: fees.estimates().into_iter().map(entry).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::documented::mismatches;
    use crate::commands::test_call;
    use serde_json::to_value;

    #[test]
    fn a_feerate_by_virtual_bytes_is_four_times_the_one_by_weight() {
        let fees = FeeRates::new();
        let by_weight = to_value(listing(&fees, Style::PerKw)).unwrap();
        let by_bytes = to_value(listing(&fees, Style::PerKb)).unwrap();
        for answer in [&by_weight, &by_bytes] {
            assert_eq!(mismatches(COMMAND.answer, answer), [""; 0]);
        }
        assert_eq!(
            (&by_weight["perkw"]["floor"], &by_bytes["perkb"]["floor"]),
            (&253.into(), &1012.into())
        );
        assert!(by_weight["perkb"].is_null() && by_bytes["perkw"].is_null());
    }

    #[test]
    fn missing_estimates_are_warned_of() {
        assert!(
            listing(&FeeRates::new(), Style::PerKw)
                .warning_missing_feerates
                .is_some()
        );
    }

    #[tokio::test]
    async fn another_style_is_refused_in_core_lightnings_words() {
        let answer = test_call().answer("feerates", r#"["vbyte"]"#).await;
        assert_eq!(
            answer.unwrap_err(),
            "'style' should be 'perkw' or 'perkb', not '\"vbyte\"'"
        );
    }
}
