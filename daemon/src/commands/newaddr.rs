//! `newaddr`

use super::prelude::*;
use crate::params::{FromToken, Refusal, Token};
use boltill_onchain::AddressKind;
use serde::Serialize;

parameters! {
    /// Make an address to be paid at on the chain
    ///
    /// What arrives there belongs to the wallet, appears in `listfunds`, and can fund channels and be withdrawn once
    /// it is in a block. Every call gives another address; all of them stay ours for good, and can be found again
    /// from the seed alone.
    pub struct NewAddr {
        /// `p2tr`: taproot (BIP 86); `bech32`: native segwit (BIP 84), for payers that do not know taproot; `all`:
        /// one of each.
        default addresstype: AddressType = AddressType::P2TR,
    }
}

pub const COMMAND: Command = Command {
    name: "newaddr",
    category: Category::Bitcoin,
    answer: &[
        Field::sometimes(
            "p2tr",
            Kind::String,
            "The taproot address, where one was asked for.",
        ),
        Field::sometimes(
            "bech32",
            Kind::String,
            "The native segwit address, where one was asked for.",
        ),
    ],
    examples: &[
        Example {
            typed: "newaddr",
            answer: r#"{"p2tr":"bcrt1p2gppccw6ywewmg74qqxxmqfdpjds3rpr0mf22y9tm9xcc0muggwsea9nkf"}"#,
        },
        Example {
            typed: "newaddr bech32",
            answer: r#"{"bech32":"bcrt1qwx6am26cuw38y4863pd6swrce2g8mzhaxr9xp8"}"#,
        },
    ],
    see_also: &["listfunds", "fundchannel", "withdraw"],
    ..Command::of::<NewAddr>()
};

/// Which addresses are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressType {
    p2tr: bool,
    bech32: bool,
}

impl AddressType {
    const P2TR: AddressType = AddressType {
        p2tr: true,
        bech32: false,
    };
    const BECH32: AddressType = AddressType {
        p2tr: false,
        bech32: true,
    };
    const ALL: AddressType = AddressType {
        p2tr: true,
        bech32: true,
    };
}

impl FromToken for AddressType {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<AddressType, Refusal> {
        match token.word().as_deref() {
            Some("p2tr") => Ok(AddressType::P2TR),
            Some("bech32") => Ok(AddressType::BECH32),
            Some("all") => Ok(AddressType::ALL),
            _ => Err("should be 'bech32', 'p2tr' or 'all'".into()),
        }
    }
}

#[derive(Serialize)]
struct Addresses {
    #[serde(skip_serializing_if = "Option::is_none")]
    p2tr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bech32: Option<String>,
}

impl Run for NewAddr {
    async fn run(self, call: Call) -> Outcome {
        let wallet = call.node()?.wallet();
        let (mut p2tr, mut bech32) = (None, None);
        if self.addresstype.p2tr {
            p2tr = Some(wallet.new_address(AddressKind::Taproot).await?.to_string());
        }
        if self.addresstype.bech32 {
            bech32 = Some(wallet.new_address(AddressKind::Segwit).await?.to_string());
        }
        Answer::of(&Addresses { p2tr, bech32 })
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn only_known_kinds_of_address_are_taken() {
        for known in ["bech32", "p2tr", "all"] {
            let params = format!(r#"["newaddr", "{known}"]"#);
            assert!(test_call().answer("check", &params).await.is_ok());
        }
        assert_eq!(
            test_call()
                .answer("newaddr", r#"["p2sh-segwit"]"#)
                .await
                .unwrap_err(),
            "addresstype: should be 'bech32', 'p2tr' or 'all': invalid token '\"p2sh-segwit\"'"
        );
    }
}
