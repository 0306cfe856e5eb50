//! `disconnect`

use super::prelude::*;
use crate::error::{Code, Failure};
use crate::params::NodeId;
use boltill_node::DisconnectError;
use serde_json::json;

parameters! {
    /// End the connection to a node
    ///
    /// A peer that shares a channel with us is left alone unless *force* is set; and then it will be connected again
    /// before long, by itself.
    pub struct Disconnect {
        /// The node.
        required id: NodeId,
        /// Whether to disconnect even from a peer with a channel.
        default force: bool = false,
    }
}

pub const COMMAND: Command = Command {
    name: "disconnect",
    category: Category::Network,
    errors: &[(
        Code::Unspecified,
        "The node is not connected, or it shares a channel with us.",
    )],
    examples: &[Example {
        typed: "disconnect 02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
        answer: "{}",
    }],
    see_also: &["connect", "listpeers"],
    ..Command::of::<Disconnect>()
};

impl Run for Disconnect {
    async fn run(self, call: Call) -> Outcome {
        call.node()?.disconnect(&self.id.0, self.force)?;
        Answer::of(&json!({}))
    }
}

impl Failure for DisconnectError {
    fn code(&self) -> Code {
        match self {
            DisconnectError::NotConnected | DisconnectError::HasChannel => Code::Unspecified,
        }
    }
}
