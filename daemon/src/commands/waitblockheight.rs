//! `waitblockheight`

use super::prelude::*;
use crate::error::Code;
use serde_json::json;
use std::time::Duration;
use tokio::sync::watch;

parameters! {
    /// Wait for a block
    ///
    /// Answers as soon as the whole node has seen the chain up to that height, which is at once when it has already.
    pub struct WaitBlockHeight {
        /// The height to wait for.
        required blockheight: u32,
        /// For how many seconds at most.
        default timeout: u32 = 60,
    }
}

pub const COMMAND: Command = Command {
    name: "waitblockheight",
    category: Category::Utility,
    answer: &[Field::always(
        "blockheight",
        Kind::U32,
        "The height now, which may be more than was waited for.",
    )],
    errors: &[(Code::WaitTimedOut, "The time is over and the height not reached.")],
    examples: &[Example {
        typed: "waitblockheight 131 600",
        answer: r#"{"blockheight":131}"#,
    }],
    see_also: &["getinfo"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<WaitBlockHeight>()
};

impl Run for WaitBlockHeight {
    async fn run(self, call: Call) -> Outcome {
        let patience = Duration::from_secs(self.timeout.into());
        let heights = call.node()?.height();
        let now = *heights.borrow();
        if now < self.blockheight {
            let words = format!("Waiting for block {}; the last one is {now}", self.blockheight);
            call.caller.tell(Level::Info, words);
        }
        let height = wait_for(heights, self.blockheight, patience).await?;
        Answer::of(&json!({ "blockheight": height }))
    }
}

async fn wait_for(
    mut heights: watch::Receiver<u32>,
    wanted: u32,
    patience: Duration,
) -> Result<u32, RpcError> {
    let reached = heights.wait_for(|height| *height >= wanted);
    match tokio::time::timeout(patience, reached).await {
        Ok(Ok(height)) => Ok(*height),
        Ok(Err(_)) => Err(RpcError::ShuttingDown),
        Err(_) => Err(RpcError::failed(Code::WaitTimedOut, "Timed out.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn a_height_that_is_reached_is_answered_at_once() {
        let (_heights, receiver) = watch::channel(130);
        assert_eq!(wait_for(receiver, 126, Duration::ZERO).await.unwrap(), 130);
    }

    #[tokio::test]
    async fn a_height_to_come_is_waited_for() {
        let (heights, receiver) = watch::channel(130);
        let waiting = tokio::spawn(wait_for(receiver, 132, LONG));
        heights.send(131).unwrap();
        heights.send(133).unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), 133);
    }

    #[tokio::test]
    async fn the_wait_ends_with_its_time_or_with_the_node() {
        let (heights, receiver) = watch::channel(130);
        let timed_out = wait_for(receiver.clone(), 131, Duration::ZERO).await.unwrap_err();
        assert_eq!(timed_out.code(), Code::WaitTimedOut);
        drop(heights);
        let stopped = wait_for(receiver, 131, LONG).await.unwrap_err();
        assert_eq!(stopped.code(), Code::ShuttingDown);
    }
}
