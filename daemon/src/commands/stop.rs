//! `stop`

use super::prelude::*;

parameters! {
    /// Stop the daemon
    ///
    /// Takes no further requests, lets those that change something come to their end, and exits. Whoever waits (`waitinvoice`
    /// and the like) is told that the daemon stops. Payments under way are carried on with at the next start.
    pub struct Stop {}
}

pub const COMMAND: Command = Command {
    name: "stop",
    category: Category::Utility,
    answer: &[Field::always(
        "result",
        Kind::String,
        "Always `Shutdown complete`.",
    )],
    examples: &[Example {
        typed: "stop",
        answer: r#""Shutdown complete""#,
    }],
    see_also: &["getinfo"],
    ..Command::of::<Stop>()
};

impl Run for Stop {
    async fn run(self, call: Call) -> Outcome {
        tracing::info!("stopping: asked to by the command stop");
        call.shutdown.cancel();
        // On the wire the result is the bare string, as scripts know it.
        Answer::of("Shutdown complete")
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn it_answers_a_bare_string_and_the_daemon_stops() {
        let call = test_call();
        assert_eq!(
            call.clone().answer("stop", "[]").await.as_deref(),
            Ok("\"Shutdown complete\"")
        );
        assert!(call.shutdown.is_cancelled());
    }
}
