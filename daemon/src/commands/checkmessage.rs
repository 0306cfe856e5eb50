//! `checkmessage`

use super::prelude::*;
use super::shared::zbase32;
use super::signmessage::FIRST_BYTE;
use crate::error::Code;
use bitcoin::secp256k1::PublicKey;
use bitcoin::secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use boltill_node::Node;
use lightning::routing::gossip::NodeId as GossipId;
use serde::Serialize;
use serde_json::json;
use serde_json::value::to_raw_value;

parameters! {
    /// Check who signed a text
    ///
    /// A signature by `signmessage` (of this node, Core Lightning or LND) yields the key that made it, for whatever
    /// text, so the key says something only if it is known: it must be *pubkey*, or else the key of a node of the
    /// public network (`listnodes`).
    pub struct CheckMessage {
        /// The text.
        required message: String,
        /// The signature in z-base-32.
        required zbase: String,
        /// Who should have signed it; any node of the public network may have when this is not given.
        optional pubkey: PublicKey,
    }
}

pub const COMMAND: Command = Command {
    name: "checkmessage",
    category: Category::Utility,
    answer: &[
        Field::sometimes(
            "pubkey",
            Kind::Pubkey,
            "The key that made the signature; absent when no key can have made it.",
        ),
        Field::always(
            "verified",
            Kind::Bool,
            "Whether that is the key that it should be.",
        ),
    ],
    errors: &[(
        Code::CheckmessageUnknownKey,
        "No *pubkey* is given and the key is no known node's; `claimed_key` in the data tells which.",
    )],
    examples: &[Example {
        typed: "checkmessage \"testcase to check new rpc error\" d66bqz3qsku5fxtqsi37j11pci47ydxa95iusphutggz9ezaxt56neh77kxe5hyr41kwgkncgiu94p9ecxiexgpgsz8daoq4tw8kj8yx 03be3b0e9992153b1d5a6e1623670b6c3663f72ce6cf2e0dd39c0a373a7de5a3b7",
        answer: r#"{"pubkey":"03be3b0e9992153b1d5a6e1623670b6c3663f72ce6cf2e0dd39c0a373a7de5a3b7","verified":true}"#,
    }],
    see_also: &["signmessage", "listnodes"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<CheckMessage>()
};

#[derive(Debug, PartialEq, Serialize)]
struct Checked {
    #[serde(skip_serializing_if = "Option::is_none")]
    pubkey: Option<PublicKey>,
    verified: bool,
}

impl Run for CheckMessage {
    async fn run(self, call: Call) -> Outcome {
        let node = call.node()?;
        let is_known = |key: &PublicKey| {
            node.graph()
                .read_only()
                .node(&GossipId::from_pubkey(key))
                .is_some()
        };
        Answer::of(&self.checked(is_known)?)
    }
}

impl CheckMessage {
    fn checked(&self, is_known: impl Fn(&PublicKey) -> bool) -> Result<Checked, RpcError> {
        check_form(&self.zbase)?;
        let Some(signer) = Node::signer_of(self.message.as_bytes(), &self.zbase) else {
            return Ok(Checked {
                pubkey: None,
                verified: false,
            });
        };
        let verified = match self.pubkey {
            Some(expected) => signer == expected,
            None if is_known(&signer) => true,
            None => {
                return Err(RpcError::Failed {
                    code: Code::CheckmessageUnknownKey,
                    message: "pubkey not found in the graph".into(),
                    data: Some(to_raw_value(&json!({ "claimed_key": signer }))?),
                });
            }
        };
        Ok(Checked {
            pubkey: Some(signer),
            verified,
        })
    }
}

/// Refuses what cannot be a signature, whoever may have made it.
fn check_form(zbase: &str) -> Result<(), RpcError> {
    let bytes = zbase32::decode(zbase).ok_or(RpcError::invalid_params("zbase is not valid zbase32"))?;
    let too = match bytes.len() {
        65 => None,
        0..65 => Some("short"),
        _ => Some("long"),
    };
    if let Some(too) = too {
        return Err(RpcError::invalid_params(format!("zbase is too {too}")));
    }
    let recovery_id = RecoveryId::from_i32(i32::from(bytes[0]) - i32::from(FIRST_BYTE));
    match recovery_id.and_then(|id| RecoverableSignature::from_compact(&bytes[1..], id)) {
        Ok(_) => Ok(()),
        Err(_) => Err(RpcError::invalid_params("cannot parse zbase signature")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "testcase to check new rpc error";
    const ZBASE: &str = "d66bqz3qsku5fxtqsi37j11pci47ydxa95iusphutggz9ezaxt56neh77kxe5hyr41kwgkncgiu94p9ecxiexgpgsz8daoq4tw8kj8yx";
    const SIGNER: &str = "03be3b0e9992153b1d5a6e1623670b6c3663f72ce6cf2e0dd39c0a373a7de5a3b7";

    fn check(message: &str, zbase: &str, pubkey: Option<&str>, is_known: bool) -> Result<Checked, RpcError> {
        let pubkey = pubkey.map(|key| key.parse().unwrap());
        let check = CheckMessage {
            message: message.to_owned(),
            zbase: zbase.to_owned(),
            pubkey,
        };
        check.checked(|_| is_known)
    }

    #[test]
    fn the_signer_of_the_very_text_is_verified() {
        let checked = check(MESSAGE, ZBASE, Some(SIGNER), false).unwrap();
        assert_eq!(
            checked,
            Checked {
                pubkey: Some(SIGNER.parse().unwrap()),
                verified: true
            }
        );
        let other = check("another text", ZBASE, Some(SIGNER), false).unwrap();
        assert!(!other.verified);
    }

    #[test]
    fn without_a_key_to_expect_the_signer_must_be_a_known_node() {
        assert!(check(MESSAGE, ZBASE, None, true).unwrap().verified);
        let error = check(MESSAGE, ZBASE, None, false).unwrap_err();
        assert_eq!(
            (error.code(), error.to_string().as_str()),
            (Code::CheckmessageUnknownKey, "pubkey not found in the graph")
        );
        assert_eq!(
            error.data().unwrap().get(),
            format!(r#"{{"claimed_key":"{SIGNER}"}}"#)
        );
    }

    #[test]
    fn what_is_no_signature_is_refused_in_core_lightnings_words() {
        for (zbase, words) in [
            ("l", "zbase is not valid zbase32"),
            ("yyyyyyyy", "zbase is too short"),
            (&"y".repeat(112), "zbase is too long"),
            (&"y".repeat(104), "cannot parse zbase signature"),
        ] {
            assert_eq!(check(MESSAGE, zbase, None, true).unwrap_err().to_string(), words);
        }
    }
}
