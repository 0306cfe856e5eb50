//! The calls that are measured one by one.

use crate::BenchError;
use crate::load::{self, Worker};
use boltill::{Client, Connection};
use rand::Rng;
use serde_json::{Value, json};
use std::sync::Arc;

/// How many rows a page has.
const PAGE: u64 = 100;
/// How many places of the ledger a sample is taken from, a page each.
const SAMPLED_PAGES: u64 = 40;

/// A call over the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `invoice`.
    Invoice,
    /// `invoicerequest`.
    InvoiceRequest,
    /// `listinvoices` of one label.
    ByLabel,
    /// `listinvoices` of one payment_hash.
    ByHash,
    /// `listinvoices` of a hundred by created_index, anywhere.
    Page,
    /// `waitanyinvoice` from a pay_index on that has long been reached.
    Paid,
}

impl Call {
    /// The call in a table.
    pub fn name(self) -> &'static str {
        match self {
            Call::Invoice => "invoice",
            Call::InvoiceRequest => "invoicerequest",
            Call::ByLabel => "listinvoices label",
            Call::ByHash => "listinvoices payment_hash",
            Call::Page => "listinvoices, 100 from an index",
            Call::Paid => "waitanyinvoice lastpay_index",
        }
    }

    /// Those that only read.
    pub const LOOKS: [Call; 4] = [Call::ByLabel, Call::ByHash, Call::Page, Call::Paid];
}

/// What there is to be looked for in a ledger.
#[derive(Debug, Default)]
pub struct Sample {
    labels: Vec<String>,
    payment_hashes: Vec<String>,
    last_created_index: u64,
    last_pay_index: u64,
}

impl Sample {
    /// Looks at random places of a node's ledger, so that any node can be asked for what it has.
    pub async fn of(client: &Client) -> Result<Sample, BenchError> {
        let mut connection = client.connect().await?;
        let mut sample = Sample {
            last_created_index: last_created_index(&mut connection).await?,
            last_pay_index: last_pay_index(&mut connection).await?,
            ..Sample::default()
        };
        for _ in 0..SAMPLED_PAGES {
            let start = rand::rng().random_range(1..=sample.last_created_index.max(1));
            let page = json!({"index": "created", "start": start, "limit": PAGE});
            let page = connection.call("listinvoices", page).await?;
            for invoice in page["invoices"].as_array().into_iter().flatten() {
                let text = |name: &str| invoice[name].as_str().map(str::to_owned);
                sample.labels.extend(text("label"));
                sample.payment_hashes.extend(text("payment_hash"));
            }
        }
        match sample.labels.is_empty() {
            true => Err(BenchError::NothingToLookFor),
            false => Ok(sample),
        }
    }

    /// How many invoices were made.
    pub fn size(&self) -> u64 {
        self.last_created_index
    }

    /// Whether any was paid.
    pub fn has_paid(&self) -> bool {
        self.last_pay_index > 0
    }
}

/// How many invoices a node has made.
pub async fn invoices_on_file(client: &Client) -> Result<u64, BenchError> {
    last_created_index(&mut client.connect().await?).await
}

async fn last_created_index(connection: &mut Connection) -> Result<u64, BenchError> {
    let now = json!({"subsystem": "invoices", "indexname": "created", "nextvalue": 0});
    let now = connection.call("wait", now).await?;
    Ok(now["created"].as_u64().unwrap_or_default())
}

/// There is no call for it; by halves, it takes some thirty.
async fn last_pay_index(connection: &mut Connection) -> Result<u64, BenchError> {
    let (mut paid, mut unpaid) = (0, 1 << 32);
    while unpaid - paid > 1 {
        let middle = paid + (unpaid - paid) / 2;
        let next = json!({"lastpay_index": middle - 1, "timeout": 0});
        match connection.call("waitanyinvoice", next).await {
            Ok(invoice) => paid = invoice["pay_index"].as_u64().unwrap_or(middle).max(middle),
            Err(error) if error.code().is_some() => unpaid = middle,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(paid)
}

/// Makes the same kind of call over and over.
pub struct Caller {
    call: Call,
    connection: Connection,
    sample: Arc<Sample>,
}

impl Caller {
    /// So many, each with a connection.
    pub async fn several(
        client: &Client,
        call: Call,
        callers: usize,
        sample: &Arc<Sample>,
    ) -> Result<Vec<Caller>, BenchError> {
        let connections = load::connections(client, callers).await?;
        let caller = |connection| Caller {
            call,
            connection,
            sample: Arc::clone(sample),
        };
        Ok(connections.into_iter().map(caller).collect())
    }

    fn request(&self, label: String) -> (&'static str, Value) {
        let any = |texts: &[String]| texts[rand::rng().random_range(0..texts.len())].clone();
        let up_to = |last: u64| rand::rng().random_range(0..last.max(1));
        match self.call {
            Call::Invoice => ("invoice", invoice(&label)),
            Call::InvoiceRequest => (
                "invoicerequest",
                json!({"amount": 1_000_000, "description": "benchmark", "label": label}),
            ),
            Call::ByLabel => ("listinvoices", json!({"label": any(&self.sample.labels)})),
            Call::ByHash => (
                "listinvoices",
                json!({"payment_hash": any(&self.sample.payment_hashes)}),
            ),
            Call::Page => {
                let start = 1 + up_to(self.sample.last_created_index.saturating_sub(PAGE));
                let page = json!({"index": "created", "start": start, "limit": PAGE});
                ("listinvoices", page)
            }
            Call::Paid => {
                let last = up_to(self.sample.last_pay_index);
                ("waitanyinvoice", json!({"lastpay_index": last, "timeout": 0}))
            }
        }
    }
}

/// What `invoice` is asked for, by whichever way.
pub fn invoice(label: &str) -> Value {
    json!({"amount_msat": 10_000, "label": label, "description": "benchmark"})
}

impl Worker for Caller {
    async fn turn(&mut self, label: String) -> Result<(), BenchError> {
        let (method, params) = self.request(label);
        load::call(&mut self.connection, method, params).await
    }
}
