//! What others feel while very many invoices expire, and while they are deleted.

use crate::arguments::Arguments;
use crate::calls::{self, Call, Caller, Sample};
use crate::fill;
use crate::load;
use crate::results::{Results, Setting};
use crate::subject::Subject;
use crate::{BenchError, networks};
use boltill_bench::sample::Mixture;
use boltill_devnet::network::{Network, Node};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many invoices a ledger that has none gets, for others to look for.
const SOME: u64 = 1_000;
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
    if calls::invoices_on_file(&subject.node).await? == 0 {
        fill_while_stopped(node, SOME, Mixture::Mixed).await?;
    }
    let sample = Arc::new(Sample::of(&subject.node).await?);
    let setting = Setting {
        node: subject.name,
        invoices: sample.size(),
        channels: 1,
    };
    let count = arguments.expiring;
    eprintln!("filing {count} invoices whose time has passed");
    let changed = fill_while_stopped(node, count, Mixture::Due).await?;
    // The node begins with it at once.
    let expiry = async {
        while last_updated_index(&subject).await? < changed + count {
            tokio::time::sleep(INTERVAL).await;
        }
        Ok(format!("{count} expire"))
    };
    beside(&subject, &sample, setting, results, expiry).await?;
    // Those that had expired before as well, so it is the answer that says how many.
    let deletion = async {
        let params = json!({"subsystem": "expiredinvoices", "age": 1});
        let answer = subject.node.call("autoclean-once", params).await?;
        Ok(format!(
            "{} are deleted",
            answer["autoclean"]["expiredinvoices"]["cleaned"]
        ))
    };
    beside(&subject, &sample, setting, results, deletion).await
}

/// Files so many more invoices while the node is off. Gives the last updated_index.
async fn fill_while_stopped(node: &Node, count: u64, mixture: Mixture) -> Result<u64, BenchError> {
    node.stop().await;
    let changed = fill::fill(&networks::ledger(node), count, mixture).await?;
    node.restart().await?;
    Ok(changed)
}

/// Measures calls until something else is done, which says what that was, and how long it takes.
async fn beside(
    subject: &Subject,
    sample: &Arc<Sample>,
    setting: Setting,
    results: &mut Results,
    work: impl Future<Output = Result<String, BenchError>>,
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
        outcome.map(|what| (what, began.elapsed()))
    };
    let (looks, invoices, (what, took)) = tokio::try_join!(
        load::run_while(subject, looks, go_on.clone()),
        load::run_while(subject, invoices, go_on),
        work,
    )?;
    results.times(setting, &what, &[took])?;
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
