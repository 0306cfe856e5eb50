//! `boltill-devnet demo`.

use crate::interrupt::Interrupt;
use crate::network::{self, Network, NetworkError, Node, wait_for};
use crate::up;
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Stdout, Write};
use std::time::Duration;

/// The price of the demonstration's coffee.
const PRICE_MSAT: u64 = 25_000_000;

/// How long the channel may take to be brought up to date, on a slow and busy machine.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// Show a Lightning payment from beginning to end, between two nodes on a chain of their own.
///
/// Afterwards the network stays up on a terminal, for you to try things, until Ctrl-C.
#[derive(Debug, Args)]
pub struct Options {}

/// Runs the command.
///
/// # Errors
/// The network could not be started, or a payment failed.
pub async fn run(_options: Options) -> Result<(), NetworkError> {
    let mut interrupt = Interrupt::listen()?;
    let Some(network) = up::start(network::Options::default(), &mut interrupt).await? else {
        return Ok(());
    };
    let mut stage = Stage { out: io::stdout() };
    let outcome = tokio::select! {
        shown = show(&network, &mut stage) => shown,
        () = interrupt.received() => Ok(()),
    };
    if outcome.is_ok() && io::stdin().is_terminal() && io::stdout().is_terminal() {
        stage.say("\nThe network stays up until you press Ctrl-C.")?;
        interrupt.received().await;
    }
    network.stop().await;
    outcome
}

/// The whole play.
async fn show(network: &Network, stage: &mut Stage) -> Result<(), NetworkError> {
    let (alice, bob) = (network.node("alice")?, network.node("bob")?);
    stage.say("\n1. Two Lightning nodes are running, each a boltilld process of its own, with a channel between them.\n")?;
    for node in [alice, bob] {
        stage.say(&format!("   {:<6} {}", node.name(), node.id()))?;
    }
    stage.show_balances(alice, bob).await?;

    stage.say("\n2. Bob sells a coffee for 25,000 sat (25,000,000 msat) and makes an invoice for it.\n")?;
    let invoice = stage
        .call(
            bob,
            "invoice",
            &[json!(PRICE_MSAT), json!("coffee"), json!("A cup of coffee")],
        )
        .await?;
    stage.tell(&invoice, &["bolt11", "payment_hash"])?;

    stage.say("\n3. Alice is given the invoice and pays it.\n")?;
    let payment = stage.call(alice, "pay", &[invoice["bolt11"].clone()]).await?;
    stage.tell(&payment, &["status", "amount_sent_msat", "payment_preimage"])?;

    stage.say("\n4. Bob sees that it is paid. He might have waited with this command before.\n")?;
    let paid = stage.call(bob, "waitinvoice", &[json!("coffee")]).await?;
    stage.tell(
        &paid,
        &["label", "status", "amount_received_msat", "payment_preimage"],
    )?;
    stage.say("\n   The preimage is the receipt: only who was paid could reveal it.")?;
    stage.show_balances(alice, bob).await?;

    stage.say("\nTo try next, in another terminal:\n")?;
    for node in [alice, bob] {
        stage.say(&format!("  alias {}='{}'", node.name(), up::command_line(node)))?;
    }
    stage.say("\n  bob invoice 1000sat tea 'A cup of tea'   # prints a bolt11")?;
    stage.say("  alice decode BOLT11                      # what does it say?")?;
    stage.say("  alice pay BOLT11")?;
    stage.say("  bob listinvoices tea")?;
    stage.say("  alice listpeerchannels")?;
    stage.say("  alice help                               # all commands")
}

/// Where the play is shown.
struct Stage {
    out: Stdout,
}

impl Stage {
    fn say(&mut self, text: &str) -> Result<(), NetworkError> {
        let written = writeln!(self.out, "{text}");
        written.map_err(|source| NetworkError::System {
            what: "to write to standard output",
            source,
        })
    }

    /// Shows a command as it would be typed, and runs it.
    async fn call(&mut self, node: &Node, method: &str, params: &[Value]) -> Result<Value, NetworkError> {
        let words: String = params
            .iter()
            .map(|param| format!(" {}", shell_word(param)))
            .collect();
        self.say(&format!("   $ {} {method}{words}\n", up::command_line(node)))?;
        node.call(method, params).await
    }

    /// Shows some fields of an answer.
    fn tell(&mut self, answer: &Value, fields: &[&str]) -> Result<(), NetworkError> {
        fields.iter().try_for_each(|field| {
            let value = answer[field]
                .as_str()
                .map_or_else(|| answer[field].to_string(), str::to_owned);
            self.say(&format!("   {field}: {value}"))
        })
    }

    /// Says who has how much, once nothing is under way any more: the payee has the preimage's money a moment before the channel
    /// has been brought up to date.
    async fn show_balances(&mut self, alice: &Node, bob: &Node) -> Result<(), NetworkError> {
        let channel = wait_for("nothing is under way in the channel", SETTLED_WITHIN, || async {
            let mut channels = alice.call("listpeerchannels", json!({"id": bob.id()})).await?;
            let channel = channels["channels"][0].take();
            let settled = channel["htlcs"].as_array().is_none_or(Vec::is_empty);
            Ok(settled.then_some(channel))
        })
        .await?;
        let (ours, total) = (channel["to_us_msat"].as_u64(), channel["total_msat"].as_u64());
        let Some((ours, total)) = ours.zip(total) else {
            return Ok(());
        };
        let sat = |msat: u64| msat / 1000;
        self.say(&format!(
            "\n   In the channel alice has {} sat and bob {} sat.",
            sat(ours),
            sat(total.saturating_sub(ours))
        ))
    }
}

/// A parameter as it is typed into a shell.
fn shell_word(param: &Value) -> String {
    let word = param.as_str().map_or_else(|| param.to_string(), str::to_owned);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:/@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_quoted_where_a_shell_needs_it() {
        assert_eq!(shell_word(&json!(25)), "25");
        assert_eq!(shell_word(&json!("lnbcrt1x")), "lnbcrt1x");
        assert_eq!(shell_word(&json!("it's tea")), r"'it'\''s tea'");
    }
}
