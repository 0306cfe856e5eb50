//! `boltill-devnet demo`.

use crate::interrupt::Interrupt;
use crate::network::{self, Network, NetworkError, Node, wait_for};
use crate::up;
use boltill::{CallError, RpcError};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Stdout, Write};
use std::time::Duration;

/// The price of the demonstration's coffee.
const PRICE_MSAT: u64 = 25_000_000;

/// What the demonstration's code gives back.
const REFUND_MSAT: u64 = 5_000_000;

/// How long the channel may take to be brought up to date, on a slow and busy machine.
const SETTLED_WITHIN: Duration = Duration::from_secs(180);

/// Show a Lightning payment from beginning to end, and money that is handed out with a code, between two nodes on a chain of their own.
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
    show_sale(alice, bob, stage).await?;
    show_refund(alice, bob, stage).await?;

    stage.say("\nTo try next, in another terminal:\n")?;
    for node in [alice, bob] {
        stage.say(&format!("  alias {}='{}'", node.name(), up::command_line(node)))?;
    }
    stage.say("\n  bob invoice 1000sat tea 'A cup of tea'   # prints a bolt11")?;
    stage.say("  alice decode BOLT11                      # what does it say?")?;
    stage.say("  alice pay BOLT11")?;
    stage.say("  bob listinvoices tea")?;
    stage.say("  bob invoicerequest 1000sat 'A gift'      # prints a bolt12, a code")?;
    stage.say("  alice sendinvoice BOLT12 gift            # collects it")?;
    stage.say("  alice listpeerchannels")?;
    stage.say("  alice help                               # all commands")
}

/// First act: an invoice is paid.
async fn show_sale(alice: &Node, bob: &Node, stage: &mut Stage) -> Result<(), NetworkError> {
    stage.say("\n2. Bob sells a coffee for 25,000 sat (25,000,000 msat) and makes an invoice for it.\n")?;
    let order = [json!(PRICE_MSAT), json!("coffee"), json!("A cup of coffee")];
    let invoice = stage.call(bob, "invoice", &order).await?;
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
    stage.show_balances(alice, bob).await
}

/// Second act: a code is shown, and whoever reads it first has the money.
async fn show_refund(alice: &Node, bob: &Node, stage: &mut Stage) -> Result<(), NetworkError> {
    stage.say("\n5. The coffee was cold. Bob shows a code that is worth 5,000 sat, as an ATM or a refund desk would.\n")?;
    let refund = [json!(REFUND_MSAT), json!("Cold coffee")];
    let request = stage.call(bob, "invoicerequest", &refund).await?;
    stage.tell(&request, &["bolt12", "single_use"])?;

    stage.say("\n6. Alice reads the code and collects: her node sends bob's an invoice over the network, and bob's pays it.\n")?;
    let collect = |label: &str| [request["bolt12"].clone(), json!(label)];
    let collected = stage.call(alice, "sendinvoice", &collect("refund")).await?;
    stage.tell(&collected, &["label", "status", "amount_received_msat"])?;
    stage.show_balances(alice, bob).await?;

    // Whoever pays hears last that it has arrived.
    wait_for("the code is used", SETTLED_WITHIN, || async {
        let listed = json!({"invreq_id": request["invreq_id"]});
        let listed = bob.call("listinvoicerequests", listed).await?;
        Ok((listed["invoicerequests"][0]["used"] == true).then_some(()))
    })
    .await?;

    stage.say("\n7. She tries again. A code is paid once.\n")?;
    stage.show_command(alice, "sendinvoice", &collect("refund-again"))?;
    match alice.call("sendinvoice", &collect("refund-again")).await {
        Err(NetworkError::Call {
            source: CallError::Rpc(error),
            ..
        }) => {
            stage.say(&format!("   refused: {}, code {}", error.message, error.code))?;
            stage.say(&format!("   bob's node says: {}", reason(&error)))
        }
        Err(error) => Err(error),
        Ok(_) => Err(NetworkError::Answer {
            method: "sendinvoice",
            field: "error",
        }),
    }
}

/// Why the payer refuses, without the invoice that its answer begins with.
fn reason(error: &RpcError) -> &str {
    let told = error.data.as_ref().and_then(|data| data["error"].as_str());
    let told = told.unwrap_or(&error.message);
    told.split_once(": ").map_or(told, |(_invoice, reason)| reason)
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
        self.show_command(node, method, params)?;
        node.call(method, params).await
    }

    fn show_command(&mut self, node: &Node, method: &str, params: &[Value]) -> Result<(), NetworkError> {
        let words: String = params
            .iter()
            .map(|param| format!(" {}", shell_word(param)))
            .collect();
        self.say(&format!("   $ {} {method}{words}\n", up::command_line(node)))
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
    fn a_refusal_is_shown_without_the_invoice_that_it_is_about() {
        let refused = |data| RpcError {
            code: 1004,
            message: "Remote node sent failure message".to_owned(),
            data,
        };
        let told =
            json!({"error": "Failed invoice lni1qq: invoice_request no longer available: it has been paid"});
        assert_eq!(
            reason(&refused(Some(told))),
            "invoice_request no longer available: it has been paid"
        );
        assert_eq!(reason(&refused(None)), "Remote node sent failure message");
    }

    #[test]
    fn parameters_are_quoted_where_a_shell_needs_it() {
        assert_eq!(shell_word(&json!(25)), "25");
        assert_eq!(shell_word(&json!("lnbcrt1x")), "lnbcrt1x");
        assert_eq!(shell_word(&json!("it's tea")), r"'it'\''s tea'");
    }
}
