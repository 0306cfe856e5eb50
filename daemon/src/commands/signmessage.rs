//! `signmessage`

use super::prelude::*;
use super::shared::zbase32;
use crate::error::{Code, Failure};
use boltill_node::SignError;
use hex_conservative::DisplayHex;
use serde::Serialize;

parameters! {
    /// Sign a text with the node's key
    ///
    /// Whoever knows the text and the node's id can tell, by `checkmessage` of this node or another, that only this
    /// node can have signed it. The form is the one of LND.
    pub struct SignMessage {
        /// The text, of fewer than 65,536 bytes.
        required message: String,
    }
}

pub const COMMAND: Command = Command {
    name: "signmessage",
    category: Category::Utility,
    answer: &[
        Field::always("signature", Kind::Hex, "The signature, of 64 bytes."),
        Field::always("recid", Kind::Hex, "The recovery id: `00`, `01`, `02` or `03`."),
        Field::always(
            "zbase",
            Kind::String,
            "Both of them in z-base-32, for `checkmessage`.",
        ),
    ],
    examples: &[Example {
        typed: "signmessage \"this is a test!\"",
        answer: r#"{"signature":"9ea05929890e40489edbd5fe0552d22bcffe00bbd29da4fcf93ed5d8f1973e421509071a64935231a126637e3615225ddda86d2d0926ae537d9c3be149f9b21f","recid":"00","zbase":"d6xkysjjtr8ry1r65xk9hbk14eih99oyzxjj5j8h9r9pms8t1h9rrfejyhpgjr41ggo1ca56gak1rzq7ibs14njgi3jz58b5hfr9uco9"}"#,
    }],
    see_also: &["checkmessage"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<SignMessage>()
};

/// As in Core Lightning, whose signer takes its messages by 16-bit lengths.
const LONGEST: usize = 65_535;

/// LND puts a byte before the signature: this, and the recovery id added to it.
pub(super) const FIRST_BYTE: u8 = 31;

#[derive(Serialize)]
struct Signed {
    signature: String,
    recid: String,
    zbase: String,
}

impl Run for SignMessage {
    async fn run(self, call: Call) -> Outcome {
        if self.message.len() > LONGEST {
            return Err(RpcError::invalid_params("Message must be < 64k"));
        }
        let zbase = call.node()?.sign_message(self.message.as_bytes())?;
        Answer::of(&Signed::of(zbase)?)
    }
}

impl Signed {
    fn of(zbase: String) -> Result<Signed, SignError> {
        let bytes = zbase32::decode(&zbase).unwrap_or_default();
        let (first, signature) = bytes.split_first().ok_or(SignError)?;
        Ok(Signed {
            signature: signature.to_lower_hex_string(),
            recid: [first.saturating_sub(FIRST_BYTE)].to_lower_hex_string(),
            zbase,
        })
    }
}

impl Failure for SignError {
    fn code(&self) -> Code {
        Code::Unspecified
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;

    #[test]
    fn signature_and_recovery_id_are_those_of_the_z_base_32() {
        let [example] = COMMAND.examples else {
            panic!("one example")
        };
        let answer: serde_json::Value = serde_json::from_str(example.answer).unwrap();
        let signed = Signed::of(answer["zbase"].as_str().unwrap().to_owned()).unwrap();
        assert_eq!(serde_json::to_value(signed).unwrap(), answer);
    }

    #[tokio::test]
    async fn a_text_that_is_too_long_is_refused() {
        let params = format!("[\"{}\"]", "x".repeat(65_536));
        assert_eq!(
            test_call().answer("signmessage", &params).await.unwrap_err(),
            "Message must be < 64k"
        );
    }
}
