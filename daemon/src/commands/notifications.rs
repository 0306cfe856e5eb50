//! `notifications`

use super::prelude::*;
use crate::params::{FromToken, Refusal, Token};
use crate::rpc::Topic;
use serde_json::json;

parameters! {
    /// Be told what commands do while they run
    ///
    /// For this connection, from the next command on: commands that take long then tell what they do, in JSON-RPC notifications of the methods
    /// `message` and `progress`, whose `id` is that of the request. They come before the answer. `boltill -N` prints them.
    ///
    /// With *topics* the connection is also told what happens whatever commands run, as plugins of Core Lightning are. Such a notification has the
    /// topic's name as its method, and no `id`: `invoice_creation` when an invoice is made, `invoice_payment` when one is paid, each with `label`,
    /// `preimage` and `msat`. A client that must miss none, also while it is away, uses `waitanyinvoice`, `wait`, or the events over HTTP.
    pub struct Notifications {
        /// Whether to be told.
        required enable: bool,
        /// What else to be told of: `invoice_creation`, `invoice_payment`. It replaces what was asked for before.
        default topics: Vec<Topic> = Vec::new(),
    }
}

/// The command's name: on a connection it comes to its end before the next request is looked at.
pub const NAME: &str = "notifications";

pub const COMMAND: Command = Command {
    name: NAME,
    category: Category::Utility,
    errors: &[(Code::Unspecified, "The request did not come over the socket.")],
    examples: &[Example {
        typed: "notifications true",
        answer: "{}",
    }],
    see_also: &["wait", "waitanyinvoice"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Notifications>()
};

impl FromToken for Topic {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Topic, Refusal> {
        let topics = [Topic::InvoiceCreation, Topic::InvoicePayment];
        let found = topics
            .into_iter()
            .find(|topic| token.string().as_deref() == Some(topic.name()));
        Ok(found.ok_or("should be 'invoice_creation' or 'invoice_payment'")?)
    }
}

impl Run for Notifications {
    async fn run(self, call: Call) -> Outcome {
        let Some(wishes) = &call.caller.wishes else {
            let words = "only a connection to the socket can be told of anything";
            return Err(RpcError::failed(Code::Unspecified, words));
        };
        let topics = if self.enable { self.topics } else { Vec::new() };
        wishes.of_topics(topics, || Ok::<_, RpcError>(call.till()?.events(None)?))?;
        wishes.of_commands(self.enable);
        Answer::of(&json!({}))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn what_cannot_be_told_is_refused() {
        let refusals = [
            ("[]", "missing required parameter: enable"),
            (
                r#"["maybe"]"#,
                "enable: should be 'true' or 'false': invalid token '\"maybe\"'",
            ),
            (
                r#"[true, ["connect"]]"#,
                "topics: should be 'invoice_creation' or 'invoice_payment': invalid token '[\"connect\"]'",
            ),
            (
                "[true]",
                "only a connection to the socket can be told of anything",
            ),
        ];
        for (params, words) in refusals {
            let refused = test_call().answer("notifications", params).await;
            assert_eq!(refused, Err(words.to_owned()), "{params}");
        }
    }
}
