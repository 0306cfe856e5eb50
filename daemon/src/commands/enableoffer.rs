//! `enableoffer`

use super::prelude::*;
use super::shared::offer::{OFFER, OfferEntry};
use boltill_till::OfferId;

parameters! {
    /// Make invoices for an offer again
    ///
    /// One that was disabled, or was for a single use and has been paid: then it is paid once more. Invoices that expired when it was
    /// disabled stay so.
    pub struct EnableOffer {
        /// The offer's id.
        required offer_id: OfferId,
    }
}

pub const COMMAND: Command = Command {
    name: "enableoffer",
    category: Category::Offers,
    answer: OFFER,
    errors: &[
        (Code::Unspecified, "There is no such offer."),
        (Code::OfferAlreadyEnabled, "It is active."),
    ],
    examples: &[Example {
        typed: "enableoffer a2cd9b1b0b0bd4bd4b5d4ebb2bd4c0dffe1b1dc4e8f0e8f87ce0ac8a9c0dcbb1",
        answer: r#"{"offer_id":"a2cd9b1b0b0bd4bd4b5d4ebb2bd4c0dffe1b1dc4e8f0e8f87ce0ac8a9c0dcbb1","active":true,"single_use":false,"force_paths":false,"bolt12":"lno1qgsqvgnwgcg35z6ee2h3yczraddm...","description":"a coffee","used":false}"#,
    }],
    see_also: &["offer", "listoffers", "disableoffer"],
    ..Command::of::<EnableOffer>()
};

impl Run for EnableOffer {
    async fn run(self, call: Call) -> Outcome {
        let offer = call.till()?.enable_offer(self.offer_id).await?;
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
                test_call().answer("enableoffer", params).await,
                Err(words.to_owned())
            );
        }
    }
}
