//! A disk that fails is never reported as success.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "common/child.rs"]
mod child;
mod common;

use boltill_ledger::{CreateInvoiceError, IndexKind, LedgerError, NewInvoice, Range, Subsystem};
use common::{invoice, open, path_in};

/// The child, whose files cannot grow beyond a few hundred kilobytes: it writes until it is refused, and prints what
/// was answered.
#[tokio::test]
async fn child_writes_until_its_disk_fails() {
    let Some(directory) = child::directory() else {
        return;
    };
    let ledger = open(&path_in(&directory));
    let mut changes = ledger.subscribe();
    let mut answered = 0;
    let failure = loop {
        let large = Some("a description ".repeat(1_000));
        let new = NewInvoice {
            description: large,
            ..invoice(&format!("invoice {answered}"))
        };
        let batch = [
            ledger.create_invoice(new),
            ledger.create_invoice(invoice(&format!("{answered}"))),
        ];
        let mut failure = None;
        for creation in batch {
            match creation.await {
                Ok(created) => {
                    assert_eq!(changes.recv().await.unwrap().index, created.created_index.0);
                    answered = created.created_index.0;
                }
                Err(error) => failure = Some(error),
            }
        }
        if let Some(failure) = failure {
            break failure;
        }
    };
    assert!(matches!(failure, CreateInvoiceError::Ledger(_)), "{failure:?}");
    assert!(changes.try_recv().is_err(), "what failed was published");
    assert_eq!(
        ledger.current_index(Subsystem::Invoices, IndexKind::Created),
        answered
    );
    // What was written before can still be read, and nothing else is claimed to be written.
    let filed = ledger.list_invoices(Range::ALL).collect().await.unwrap();
    assert_eq!(filed.len() as u64, answered);
    let later = ledger.create_invoice(invoice("later")).await.unwrap_err();
    assert!(matches!(
        later,
        CreateInvoiceError::Ledger(LedgerError::Database(_) | LedgerError::Closed)
    ));
    println!("\nanswered {answered}");
}

#[tokio::test]
async fn writes_to_a_failing_disk_answer_an_error_and_earlier_ones_survive() {
    let directory = tempfile::tempdir().unwrap();
    // Beyond the limit a write of the child's fails (and with the signal ignored, does not end the child).
    let limits = "trap '' XFSZ; ulimit -f 1024;";
    let child = child::spawn("child_writes_until_its_disk_fails", directory.path(), limits);
    let output = wait_for_output(child);
    let answered = output
        .lines()
        .find_map(|line| line.strip_prefix("answered "))
        .expect(&output);
    let answered: usize = answered.parse().unwrap();
    assert!(answered > 0);
    let filed = open(&path_in(directory.path()))
        .list_invoices(Range::ALL)
        .collect()
        .await
        .unwrap();
    // The commit that failed may have reached the disk or not; those before it have.
    assert!(
        filed.len() >= answered,
        "{} on file of {answered} answered",
        filed.len()
    );
    for (position, invoice) in filed.iter().enumerate() {
        assert_eq!(invoice.created_index.0, position as u64 + 1);
    }
}

fn wait_for_output(mut child: child::Killed) -> String {
    let stdout = child.0.stdout.take().unwrap();
    let output = std::io::read_to_string(stdout).unwrap();
    assert!(child.0.wait().unwrap().success(), "{output}");
    output
}
