//! `ping`

use super::prelude::*;
use crate::error::Failure;
use crate::params::NodeId;
use boltill_node::PingError;
use serde_json::json;

/// What fits a message of 65535 bytes behind its type and two lengths (BOLT 1).
const LARGEST_PING: u16 = u16::MAX - 6;

parameters! {
    /// Ask a peer whether it is there
    ///
    /// Sends a `ping` and waits for the `pong`. The peer must be connected; if the connection ends before the answer is there, that
    /// is an error.
    pub struct Ping {
        /// The peer.
        required id: NodeId,
        /// How many bytes the ping carries, at most 65529.
        default len: u16 = 128,
        /// How many bytes the pong is to carry. From 65532 on the peer is told not to answer.
        default pongbytes: u16 = 128,
    }
}

pub const COMMAND: Command = Command {
    name: "ping",
    category: Category::Network,
    answer: &[Field::always(
        "totlen",
        Kind::U16,
        "The length of the pong as a message, with the 4 bytes before what it carries; 0 when no answer was asked for.",
    )],
    errors: &[
        (
            Code::Unspecified,
            "The peer is not connected, or the connection ended before the peer answered.",
        ),
        (Code::InvalidParams, "The ping would be too long for a message."),
    ],
    examples: &[Example {
        typed: "ping 02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5 128 128",
        answer: r#"{"totlen":132}"#,
    }],
    see_also: &["connect", "listpeers"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Ping>()
};

impl Run for Ping {
    async fn run(self, call: Call) -> Outcome {
        if self.len > LARGEST_PING {
            let words = format!("{} would result in oversize ping", self.len);
            return Err(RpcError::invalid_params(words));
        }
        let totlen = call.node()?.ping(self.id.0, self.len, self.pongbytes).await?;
        Answer::of(&json!({ "totlen": totlen }))
    }
}

impl Failure for PingError {
    fn code(&self) -> Code {
        match self {
            PingError::NotConnected | PingError::Disconnected => Code::Unspecified,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn a_ping_that_fits_no_message_is_refused() {
        let id = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
        let answer = test_call().answer("ping", &format!(r#"["{id}", 65530]"#)).await;
        assert_eq!(answer, Err("65530 would result in oversize ping".to_owned()));
    }
}
