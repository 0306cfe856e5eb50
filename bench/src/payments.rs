//! Payments, and codes that are paid out.

use crate::arguments::Arguments;
use crate::load::{self, Worker};
use crate::results::{Results, Setting};
use crate::subject::Subject;
use crate::{BenchError, networks, start};
use boltill::{Client, Connection};
use boltill_devnet::network::Network;
use serde_json::{Value, json};

/// Payments, in the results.
pub const PAY: &str = "invoice, pay";
/// Payouts, in the results.
pub const PAYOUT: &str = "invoicerequest, sendinvoice, paid";
/// How many are under way at once.
const AT_ONCE: [usize; 2] = [1, 16];
/// What is paid each time: enough for an HTLC of its own in the commitment transaction (BOLT 3).
const AMOUNT_MSAT: u64 = 500_000;

/// Measures a network of our own, over more and more channels.
pub async fn measure_over_channels(
    arguments: &Arguments,
    network: &Network,
    results: &mut Results,
) -> Result<(), BenchError> {
    let subject = networks::subject(network)?;
    for &channels in &arguments.paid_channels {
        start::open_channels(network, channels, start::PAID_SAT).await?;
        let setting = Setting {
            node: subject.name,
            invoices: 0,
            channels,
        };
        measure(arguments, &subject, setting, results).await?;
    }
    Ok(())
}

/// Measures payments and payouts between two nodes.
pub async fn measure(
    arguments: &Arguments,
    subject: &Subject,
    setting: Setting,
    results: &mut Results,
) -> Result<(), BenchError> {
    for at_once in AT_ONCE {
        let payers = Payer::several(subject, at_once).await?;
        let load = load::run(subject, payers, arguments.span()).await?;
        results.load(setting, PAY, at_once, load)?;
    }
    for at_once in AT_ONCE {
        let collectors = Collector::several(subject, at_once).await?;
        let load = load::run(subject, collectors, arguments.span()).await?;
        results.load(setting, PAYOUT, at_once, load)?;
    }
    Ok(())
}

/// Has an invoice made by the payee, and pays it: a turn ends when the payer knows that it is paid.
pub struct Payer {
    payer: Connection,
    payee: Connection,
}

impl Payer {
    /// So many, each with a connection to both nodes. Whoever has more in the channels between the two is the payer.
    pub async fn several(subject: &Subject, at_once: usize) -> Result<Vec<Payer>, BenchError> {
        let (payer, payee) = ends(subject).await?;
        let payers = load::connections(&payer, at_once).await?;
        let payees = load::connections(&payee, at_once).await?;
        Ok(payers
            .into_iter()
            .zip(payees)
            .map(|(payer, payee)| Payer { payer, payee })
            .collect())
    }
}

impl Worker for Payer {
    async fn turn(&mut self, label: String) -> Result<(), BenchError> {
        let params = json!({"amount_msat": AMOUNT_MSAT, "label": label, "description": "benchmark"});
        let invoice = self.payee.call("invoice", params).await?;
        let paid = json!({"bolt11": invoice["bolt11"]});
        Ok(self.payer.call("pay", paid).await.map(drop)?)
    }
}

/// Makes a code at one node, and collects it at another: a turn ends when the payee has the money.
pub struct Collector(Payer);

impl Collector {
    /// So many, each with a connection to both nodes.
    pub async fn several(subject: &Subject, at_once: usize) -> Result<Vec<Collector>, BenchError> {
        let payers = Payer::several(subject, at_once).await?;
        Ok(payers.into_iter().map(Collector).collect())
    }
}

impl Worker for Collector {
    async fn turn(&mut self, label: String) -> Result<(), BenchError> {
        let params = json!({"amount": AMOUNT_MSAT, "description": "benchmark", "label": label});
        let code = self.0.payer.call("invoicerequest", params).await?;
        let params = json!({"invreq": code["bolt12"], "label": label});
        Ok(self.0.payee.call("sendinvoice", params).await.map(drop)?)
    }
}

/// Who pays and who is paid, so that the money goes to and fro from one measurement to the next.
async fn ends(subject: &Subject) -> Result<(Client, Client), BenchError> {
    let payee = subject.payee.as_ref().ok_or(BenchError::NoPayee)?;
    let (ours, theirs) = (spendable(&subject.node).await?, spendable(payee).await?);
    Ok(match ours >= theirs {
        true => (subject.node.clone(), payee.clone()),
        false => (payee.clone(), subject.node.clone()),
    })
}

async fn spendable(client: &Client) -> Result<u64, BenchError> {
    let channels = client.call("listpeerchannels", json!({})).await?;
    let spendable = |channel: &Value| channel["spendable_msat"].as_u64().unwrap_or_default();
    Ok(channels["channels"]
        .as_array()
        .into_iter()
        .flatten()
        .map(spendable)
        .sum())
}
