//! `waitanyinvoice`

use super::prelude::*;
use super::shared::invoice::{INVOICE, InvoiceEntry};
use boltill_types::PayIndex;
use std::time::Duration;

parameters! {
    /// Wait until any invoice is paid
    ///
    /// Answers the first invoice that was paid after the one with *lastpay_index*, at once if there is one already. Called again and
    /// again, each time with the `pay_index` of the answer before, it tells of every payment once and of none twice, whatever
    /// happens in between: pay indexes have no gaps and are never used again.
    pub struct WaitAnyInvoice {
        /// The pay index of the last invoice that is known to be paid; 0 for none.
        default lastpay_index: u64 = 0,
        /// For how many seconds to wait; 0 is only to look. When nothing is said, there is no end.
        optional timeout: u64,
    }
}

pub const COMMAND: Command = Command {
    name: "waitanyinvoice",
    category: Category::Invoices,
    answer: INVOICE,
    errors: &[(Code::InvoiceWaitTimedOut, "No invoice was paid within *timeout*.")],
    examples: &[Example {
        typed: "waitanyinvoice 811 30",
        answer: r#"{"label":"order-1042","bolt11":"lnbcrt15u1p4szyda...","amount_msat":1500000,"payment_hash":"a18157896d0f098ab239af9e4865ef6dd1d85e6ccef7bad876261c96c4bd0461","status":"paid","pay_index":812,"amount_received_msat":1500000,"paid_at":1795230701,"payment_preimage":"fa6d08e52d6d2490d0b1817ab1ada55d19fb5d1ecd6255ab9fccc8095f7d51e5","description":"2 cups of coffee","expires_at":1795835436,"created_index":1042,"updated_index":931}"#,
    }],
    see_also: &["waitinvoice", "wait", "listinvoices"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<WaitAnyInvoice>()
};

impl Run for WaitAnyInvoice {
    async fn run(self, call: Call) -> Outcome {
        let timeout = self.timeout.map(Duration::from_secs);
        let invoice = call
            .till()?
            .wait_any_invoice(PayIndex(self.lastpay_index), timeout)
            .await?;
        Answer::of(&InvoiceEntry::of(&invoice))
    }
}

#[cfg(test)]
mod tests {
    use crate::commands::test_call;

    #[tokio::test]
    async fn an_index_and_a_time_are_never_negative() {
        let words = "should be an unsigned 64 bit integer: invalid token '-1'";
        for (params, name) in [("[-1]", "lastpay_index"), ("[0, -1]", "timeout")] {
            let refused = test_call().answer("waitanyinvoice", params).await;
            assert_eq!(refused, Err(format!("{name}: {words}")));
        }
    }
}
