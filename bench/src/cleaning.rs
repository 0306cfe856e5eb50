//! What others feel while very many invoices expire, and while they are deleted.

use crate::arguments::Arguments;
use crate::calls::{Call, Caller, Sample};
use crate::fill;
use crate::load;
use crate::results::{Results, Setting};
use crate::subject::Subject;
use crate::{BenchError, networks};
use boltill_bench::sample::Mixture;
use boltill_devnet::network::Network;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many connections make each kind of call meanwhile.
const CALLERS: usize = 4;
/// How often is asked whether all have expired.
const INTERVAL: Duration = Duration::from_millis(100);

/// Measures both, of a network's first node.
pub async fn measure(
    arguments: &Arguments,
    network: &Network,
    results: &mut Results,
) -> Result<(), BenchError> {
    let subject = networks::subject(network)?;
    let node = networks::first(network)?;
    let sample = Arc::new(Sample::of(&subject.node).await?);
    let setting = Setting {
        node: subject.name,
        invoices: sample.size(),
        channels: 1,
    };
    let count = arguments.expiring;
    eprintln!("filing {count} invoices whose time has passed");
    node.stop().await;
    let ledger = networks::ledger(node);
    let changed = fill::fill(&ledger, count, Mixture::Due).await?;
    node.restart().await?;
    // The node begins with it at once.
    let expiry = async {
        while last_updated_index(&subject).await? < changed + count {
            tokio::time::sleep(INTERVAL).await;
        }
        Ok(())
    };
    beside(
        &subject,
        &sample,
        setting,
        &format!("{count} expire"),
        results,
        expiry,
    )
    .await?;
    let deletion = async {
        let params = json!({"subsystem": "expiredinvoices", "age": 1});
        subject.node.call("autoclean-once", params).await?;
        Ok(())
    };
    beside(
        &subject,
        &sample,
        setting,
        &format!("{count} are deleted"),
        results,
        deletion,
    )
    .await
}

/// Measures calls until something else is done, and how long that takes.
async fn beside(
    subject: &Subject,
    sample: &Arc<Sample>,
    setting: Setting,
    what: &str,
    results: &mut Results,
    work: impl Future<Output = Result<(), BenchError>>,
) -> Result<(), BenchError> {
    let done = Arc::new(AtomicBool::new(false));
    let go_on = {
        let done = Arc::clone(&done);
        move |_: Instant| !done.load(Ordering::Relaxed)
    };
    let looks = Caller::several(&subject.node, Call::ByLabel, CALLERS, sample).await?;
    let invoices = Caller::several(&subject.node, Call::Invoice, CALLERS, sample).await?;
    let began = Instant::now();
    let work = async {
        let outcome = work.await;
        done.store(true, Ordering::Relaxed);
        outcome.map(|()| began.elapsed())
    };
    let (looks, invoices, took) = tokio::try_join!(
        load::run_while(subject, looks, go_on.clone()),
        load::run_while(subject, invoices, go_on),
        work,
    )?;
    results.times(setting, what, &[took])?;
    for (call, load) in [(Call::ByLabel, looks), (Call::Invoice, invoices)] {
        results.load(setting, &format!("{}, while {what}", call.name()), CALLERS, load)?;
    }
    Ok(())
}

async fn last_updated_index(subject: &Subject) -> Result<u64, BenchError> {
    let now = json!({"subsystem": "invoices", "indexname": "updated", "nextvalue": 0});
    let now = subject.node.call("wait", now).await?;
    Ok(now["updated"].as_u64().unwrap_or_default())
}
