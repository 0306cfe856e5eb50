//! `disableoffer`

use super::prelude::*;
use super::shared::offer::{OFFER, OfferEntry};
use boltill_till::OfferId;

parameters! {
    /// Make no more invoices for an offer
    ///
    /// Invoices that were made for it and are not paid expire at once. The offer stays on file, because there may be invoices for it, and
    /// can be enabled again.
    pub struct DisableOffer {
        /// The offer's id.
        required offer_id: OfferId,
    }
}

pub const COMMAND: Command = Command {
    name: "disableoffer",
    category: Category::Offers,
    answer: OFFER,
    errors: &[
        (Code::Unspecified, "There is no such offer."),
        (
            Code::OfferAlreadyDisabled,
            "It was disabled before, or has been paid for its single use.",
        ),
    ],
    examples: &[Example {
        typed: "disableoffer a2cd9b1b0b0bd4bd4b5d4ebb2bd4c0dffe1b1dc4e8f0e8f87ce0ac8a9c0dcbb1",
        answer: r#"{"offer_id":"a2cd9b1b0b0bd4bd4b5d4ebb2bd4c0dffe1b1dc4e8f0e8f87ce0ac8a9c0dcbb1","active":false,"single_use":false,"force_paths":false,"bolt12":"lno1qgsqvgnwgcg35z6ee2h3yczraddm...","description":"a coffee","used":false}"#,
    }],
    see_also: &["offer", "listoffers", "enableoffer"],
    ..Command::of::<DisableOffer>()
};

impl Run for DisableOffer {
    async fn run(self, call: Call) -> Outcome {
        let offer = call.till()?.disable_offer(self.offer_id).await?;
        Answer::of(&OfferEntry::of(&offer))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn the_offer_must_be_named() {
        let refusals = [
            ("[]", "missing required parameter: offer_id"),
            (
                r#"["lno1"]"#,
                "offer_id: should be a 32 byte hex value: invalid token '\"lno1\"'",
            ),
        ];
        for (params, words) in refusals {
            assert_eq!(
                test_call().answer("disableoffer", params).await,
                Err(words.to_owned())
            );
        }
    }
}
