//! Sending. The order is: on file as pending, then sent; so a crash leaves a payment on file that was never sent, which
//! [`reconcile`](super::reconcile) finds, and never one that was sent and is not on file.

use super::finish::explain_send;
use super::flights::Landing;
use super::payable::{Payable, check};
use super::{Exclude, Paid, PayError, PayRequest, outcome};
use crate::payout::NotPaid;
use crate::till::Till;
use boltill_ledger::{BeginPaymentError, LedgerError, NewPayment, PaymentId, Repeat};
use boltill_node::OutgoingPayment;
use boltill_types::{InvreqId, PaymentPreimage, UnixSeconds};

impl Till {
    /// Pays an invoice and waits for the end of it. An invoice that was paid before is answered with that payment.
    ///
    /// The payment goes on when the caller gives up waiting. It is never answered as failed while any part of it may
    /// still arrive, so with a payee who holds on to the money this can take until the money comes back.
    ///
    /// # Errors
    /// [`PayError`].
    pub async fn pay(&self, request: PayRequest) -> Result<Paid, PayError> {
        let request = self.with_invoice(request).await?;
        let payable = check(self.lightning(), &request, UnixSeconds::now())?;
        if payable.description_hashed && request.description.is_none() {
            return Err(PayError::DescriptionRequired);
        }
        let (amount, payee) = (payable.amount, payable.payee);
        match self.pay_checked(request, payable).await {
            Err(PayError::AlreadyPaid(payment))
                if payment.amount == amount && payment.destination == Some(payee) =>
            {
                outcome(*payment, 0, 1)
            }
            Err(PayError::AlreadyPaid(payment)) => Err(PayError::PaidDifferently(payment)),
            answer => answer,
        }
    }

    /// As [`Till::pay`], but an invoice that was paid before is an error, and an invoice with the hash of a description
    /// is paid without knowing the description.
    ///
    /// # Errors
    /// [`PayError`].
    pub async fn xpay(&self, request: PayRequest) -> Result<Paid, PayError> {
        let request = self.with_invoice(request).await?;
        let payable = check(self.lightning(), &request, UnixSeconds::now())?;
        self.pay_checked(request, payable).await
    }

    async fn pay_checked(&self, request: PayRequest, payable: Payable) -> Result<Paid, PayError> {
        let payment_id = random_id()?;
        let filed = NewPayment {
            payment_id: PaymentId(payment_id.0),
            payment_hash: payable.payment_hash,
            partid: 0,
            destination: Some(payable.payee),
            amount: payable.amount,
            created_at: UnixSeconds::now(),
            label: request.label,
            text: Some(payable.text),
            description: request.description.or(payable.description),
        };
        if self.is_ours(&filed).await? {
            return self.pay_own(filed).await;
        }
        let mut payee = payable.params.with_max_total_cltv_expiry_delta(request.max_delay);
        payee.previously_failed_channels = self.excluded(&request.exclude);
        let outgoing = OutgoingPayment {
            payment_id,
            payment_hash: payable.payment_hash,
            payee,
            onion: payable.onion,
            amount: payable.amount,
            max_fee: request.fee_limit.of(payable.amount),
            retry_for: request.retry_for,
        };
        self.send(filed, outgoing, None).await
    }

    /// Files and sends a payment, and waits for its end.
    pub(super) async fn send(
        &self,
        filed: NewPayment,
        outgoing: OutgoingPayment,
        spontaneous: Option<PaymentPreimage>,
    ) -> Result<Paid, PayError> {
        let till = self.clone();
        // On a task of its own, so that a caller who hangs up does not leave it half begun.
        let begun = tokio::spawn(async move {
            let filing = async {
                let filing = till.ledger().begin_payment(filed, Repeat::Refuse);
                filing.await.map(drop).map_err(PayError::from)
            };
            till.begin(filing, outgoing, spontaneous).await
        });
        let landing = begun.await.map_err(|_| PayError::Stopped)??;
        landing.await.map_err(|_| PayError::Stopped)?
    }

    /// Files a payment for an invoice_request, if that may be paid, and sends it; gives what its end will come by.
    pub(super) async fn begin_payout(
        &self,
        id: InvreqId,
        filed: NewPayment,
        outgoing: OutgoingPayment,
    ) -> Result<Landing, NotPaid> {
        let till = self.clone();
        // Likewise: whoever deals with a message may be dropped when the node stops.
        let begun = tokio::spawn(async move {
            let filing = async {
                let begun = till.ledger().begin_payout(id, filed, UnixSeconds::now());
                begun.await.map(drop).map_err(NotPaid::from)
            };
            till.begin(filing, outgoing, None).await
        });
        begun
            .await
            .map_err(|_| NotPaid::Internal("stopped while the payment was being made".to_owned()))?
    }

    /// Sends a payment once it is filed as pending. Whoever drops this leaves it half begun.
    async fn begin<E: From<LedgerError>>(
        &self,
        filing: impl Future<Output = Result<(), E>>,
        outgoing: OutgoingPayment,
        spontaneous: Option<PaymentPreimage>,
    ) -> Result<Landing, E> {
        let id = outgoing.payment_id;
        let filed_id = PaymentId(id.0);
        let landing = self.inner.flights.depart(filed_id);
        if let Err(error) = filing.await {
            self.inner.flights.cancel(filed_id);
            return Err(error);
        }
        let sent = match spontaneous {
            Some(preimage) => self.lightning().send_spontaneous(outgoing, preimage),
            None => self.lightning().send(outgoing),
        };
        if let Err(error) = sent {
            let (failure, message) = explain_send(error);
            let recorded = self.fail(id, failure, message).await;
            recorded.inspect_err(|_| self.inner.flights.cancel(filed_id))?;
        }
        Ok(landing)
    }

    pub(super) fn excluded(&self, exclude: &[Exclude]) -> Vec<u64> {
        let channels = exclude.iter().flat_map(|exclude| match exclude {
            Exclude::Channel(scid) => vec![*scid],
            Exclude::Node(node) => self.lightning().public_channels_of(node),
        });
        channels.collect()
    }
}

/// A name for an attempt to pay. Which payments may be repeated is the ledger's to say, so LDK need not see it.
pub(super) fn random_id() -> Result<boltill_node::PaymentId, getrandom::Error> {
    let mut id = [0; 32];
    getrandom::fill(&mut id)?;
    Ok(boltill_node::PaymentId(id))
}

impl From<BeginPaymentError> for PayError {
    fn from(error: BeginPaymentError) -> PayError {
        match error {
            BeginPaymentError::AlreadyPaid(payment) => PayError::AlreadyPaid(payment),
            BeginPaymentError::InProgress(payment) | BeginPaymentError::IdInUse(payment) => {
                PayError::InProgress(payment)
            }
            BeginPaymentError::Ledger(error) => PayError::Ledger(error),
        }
    }
}
