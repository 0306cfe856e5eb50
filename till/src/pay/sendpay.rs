//! `sendpay`: a payment along a way that the caller chose, tried once.
//!
//! LDK tells the payee that what one payment of it brings is all that will come. So a part must be the whole amount: parts that only
//! together make the amount up are refused, before anything is filed.

use super::given::{WayError, check_way};
use super::send::random_id;
use crate::invstring::{canonical, is_bolt12};
use crate::till::Till;
use bitcoin::secp256k1::PublicKey;
use boltill_ledger::{
    BeginPartError, InvoiceText, LedgerError, NewPart, NewPayment, PayOwnInvoiceError, Payment, PaymentId,
    Recorded, WayFailure, look_for_part,
};
use boltill_node::{FirstHopError, GivenHop, GivenPayment, SendError, direction};
use boltill_types::{Msat, PaymentHash, PaymentSecret, UnixSeconds};
use lightning::ln::channelmanager::RecipientOnionFields;
use lightning_invoice::Bolt11Invoice;

/// What `sendpay` asks for.
#[derive(Clone, Debug)]
pub struct SendpayRequest {
    /// The channels, from us on; none is a payment to ourselves. Where the first one's channel is 0, any that we have with its node
    /// will do.
    pub route: Vec<GivenHop>,
    /// What is paid.
    pub payment_hash: PaymentHash,
    /// Our own name for the payment.
    pub label: Option<String>,
    /// What the payee is to get over all parts.
    pub amount: Option<Msat>,
    /// The invoice that is paid, of BOLT 11 or BOLT 12; only kept, and not looked at.
    pub invstring: Option<String>,
    /// The secret that the payee has put into the invoice.
    pub payment_secret: Option<PaymentSecret>,
    /// Which part it is; 0 for a payment that has none.
    pub partid: u64,
    /// Which attempt it belongs to; `None` begins a new one.
    pub groupid: Option<u64>,
    /// What the payee wants back of its invoice.
    pub payment_metadata: Option<Vec<u8>>,
    /// What the payment is for.
    pub description: Option<String>,
}

/// Why a payment was not sent, with Core Lightning's codes and words. Checked in the order of the variants.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendpayError {
    /// A part without the amount of the whole; code -32602.
    #[error("Must specify msatoshi with partid")]
    PartWithoutAmount,
    /// A payment to ourselves without an amount; code -32602.
    #[error("Self-payment requires amount_msat")]
    OwnWithoutAmount,
    /// A part of a payment to ourselves; code -32602.
    #[error("Self-payment does not allow (non-zero) partid")]
    OwnWithPart,
    /// Another amount than the way's, without parts; code -32602.
    #[error(
        "Do not specify msatoshi ({given}) without partid: if you do, it must be exactly the final amount ({end})"
    )]
    AmountNotThatOfTheWay {
        /// What was said.
        given: Msat,
        /// What the way brings to the payee.
        end: Msat,
    },
    /// A part that is larger than the whole; code -32602.
    #[error("Final amount {end} is greater than {given}, despite MPP")]
    PartTooLarge {
        /// What the whole is to be.
        given: Msat,
        /// What the way brings to the payee.
        end: Msat,
    },
    /// A part without a secret; code -32602.
    #[error("partid requires payment_secret")]
    PartWithoutSecret,
    /// LDK cannot announce more than it sends; code -32602.
    #[error("a part of {end} of {given} is not supported: each part must be the whole amount_msat")]
    PartUnsupported {
        /// What the whole is to be.
        given: Msat,
        /// What the way brings to the payee.
        end: Msat,
    },
    /// The way cannot be one; code -32602.
    #[error("route: {0}")]
    Way(#[from] WayError),
    /// It does not go with the payments that there are; codes 200 and 201.
    #[error(transparent)]
    Begin(BeginPartError),
    /// It cannot leave us, or cannot be paid by us to us, and is not on file; codes 203 and 204.
    #[error("{message}")]
    Refused {
        /// Whether we are the payee.
        by_payee: bool,
        /// The words for people.
        message: String,
        /// Where it went wrong.
        failure: WayFailure,
    },
    /// LDK does not send it; it is on file as failed. Code -1.
    #[error("{0}")]
    NotSent(SendError),
    /// The operating system gave no random numbers; code -1.
    #[error("no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The program is being stopped; what came of the payment will be on file. Code -5.
    #[error("stopped while the payment was being made")]
    Stopped,
    /// The ledger failed. The payment may have been sent all the same; it will be on file after a restart.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<BeginPartError> for SendpayError {
    fn from(error: BeginPartError) -> SendpayError {
        match error {
            BeginPartError::Ledger(error) => SendpayError::Ledger(error),
            refused => SendpayError::Begin(refused),
        }
    }
}

impl SendpayRequest {
    /// What can be said without looking at anything else. Answers what the payee gets.
    fn check(&self) -> Result<Msat, SendpayError> {
        let parted = self.partid != 0;
        if parted && self.amount.is_none() {
            return Err(SendpayError::PartWithoutAmount);
        }
        let Some(last) = self.route.last() else {
            let amount = self.amount.ok_or(SendpayError::OwnWithoutAmount)?;
            return if parted {
                Err(SendpayError::OwnWithPart)
            } else {
                Ok(amount)
            };
        };
        let end = last.amount;
        let given = self.amount.unwrap_or(end);
        if !parted && given != end {
            return Err(SendpayError::AmountNotThatOfTheWay { given, end });
        }
        if parted && end > given {
            return Err(SendpayError::PartTooLarge { given, end });
        }
        if parted && self.payment_secret.is_none() {
            return Err(SendpayError::PartWithoutSecret);
        }
        if end < given {
            return Err(SendpayError::PartUnsupported { given, end });
        }
        check_way(&self.route)?;
        Ok(end)
    }

    /// What the ledger is told of it.
    fn part(&self, payment_id: PaymentId, us: PublicKey, amount: Msat) -> NewPart {
        let text = self.invstring.as_deref().map(canonical).map(|text| {
            if is_bolt12(&text) {
                InvoiceText::Bolt12(text)
            } else {
                InvoiceText::Bolt11(text)
            }
        });
        NewPart {
            payment: NewPayment {
                payment_id,
                payment_hash: self.payment_hash,
                partid: self.partid,
                destination: Some(self.route.last().map_or(us, |hop| hop.node)),
                amount,
                created_at: UnixSeconds::now(),
                label: self.label.clone(),
                text,
                description: self.description.clone(),
            },
            groupid: self.groupid,
            amount_sent: self.route.first().map_or(amount, |hop| hop.amount),
        }
    }

    fn onion(&self) -> RecipientOnionFields {
        let mut onion = match self.payment_secret {
            Some(secret) => RecipientOnionFields::secret_only(secret),
            None => RecipientOnionFields::spontaneous_empty(),
        };
        onion.payment_metadata.clone_from(&self.payment_metadata);
        onion
    }
}

impl Till {
    /// Sends a payment along its way, and answers once it is on its way; or, when the very same was sent before, with that.
    ///
    /// # Errors
    /// [`SendpayError`].
    pub async fn sendpay(&self, request: SendpayRequest) -> Result<Payment, SendpayError> {
        let amount = request.check()?;
        let payment_id = random_id()?;
        let part = request.part(PaymentId(payment_id.0), self.lightning().id(), amount);
        if request.route.is_empty() {
            return self.pay_own_part(part, request.payment_secret).await;
        }
        // What is on its way or has arrived is answered even if its first channel is gone; filing looks once more.
        let earlier = self.ledger().payments_by_hash(request.payment_hash).await?;
        if let Some(same) = look_for_part(&earlier, &part)? {
            return Ok(same.clone());
        }
        let outgoing = GivenPayment {
            payment_id,
            payment_hash: request.payment_hash,
            onion: request.onion(),
            hops: self.with_first_channel(&request.route)?,
        };
        let till = self.clone();
        // On a task of its own, so that a caller who hangs up does not leave it half begun.
        let begun = tokio::spawn(async move { till.begin_part(part, outgoing).await });
        begun.await.map_err(|_| SendpayError::Stopped)?
    }

    /// On file first, then sent; see `send.rs`.
    async fn begin_part(self, part: NewPart, outgoing: GivenPayment) -> Result<Payment, SendpayError> {
        let payment = match self.ledger().begin_part(part).await? {
            Recorded::Newly(payment) => payment,
            Recorded::Already(payment) => return Ok(payment),
        };
        let id = outgoing.payment_id;
        if let Err(error) = self.lightning().send_along(outgoing) {
            let (failure, message) = super::finish::explain_send(error);
            self.fail(id, failure, message).await?;
            return Err(SendpayError::NotSent(error));
        }
        Ok(payment)
    }

    /// The way, with the first channel under the name by which LDK uses it.
    fn with_first_channel(&self, route: &[GivenHop]) -> Result<Vec<GivenHop>, SendpayError> {
        let mut hops = route.to_vec();
        let Some(first) = hops.first_mut() else {
            return Ok(hops);
        };
        let us = self.lightning().id();
        let named = Some(first.channel).filter(|channel| *channel != 0);
        let refused = |message: &str, channel, failcode| SendpayError::Refused {
            by_payee: false,
            message: message.to_owned(),
            failure: WayFailure {
                erring_index: 0,
                erring_node: Some(us),
                erring_channel: channel,
                erring_direction: channel.map(|_| direction(&us, &first.node)),
                failcode: Some(failcode),
            },
        };
        // The numbers are those of BOLT 4.
        let channel = self.lightning().first_channel(&first.node, named, first.amount);
        first.channel = channel.map_err(|error| match error {
            FirstHopError::NoConnection => refused("No connection to first peer found", named, 0x400a),
            FirstHopError::TooMuch { channel } => refused(
                "failed: WIRE_TEMPORARY_CHANNEL_FAILURE (First peer not ready)",
                Some(channel),
                0x1007,
            ),
            FirstHopError::TooLittle { channel } => refused(
                "failed: WIRE_AMOUNT_BELOW_MINIMUM (First peer not ready)",
                Some(channel),
                0x100b,
            ),
        })?;
        Ok(hops)
    }

    /// Pays an invoice of our own: both books in one transaction.
    async fn pay_own_part(
        &self,
        part: NewPart,
        secret: Option<PaymentSecret>,
    ) -> Result<Payment, SendpayError> {
        let us = self.lightning().id();
        let refused = |message: String| SendpayError::Refused {
            by_payee: true,
            message,
            failure: WayFailure {
                erring_node: Some(us),
                failcode: Some(0x400f),
                ..WayFailure::default()
            },
        };
        let (hash, amount) = (part.payment.payment_hash, part.payment.amount);
        if let Some(invoice) = self.ledger().invoice_by_hash(hash).await? {
            if invoice.amount.is_some_and(|asked| amount < asked) {
                return Err(refused("the amount is less than that of the invoice".to_owned()));
            }
            if let InvoiceText::Bolt11(text) = &invoice.text
                && !has_secret(text, secret)
            {
                return Err(refused(
                    "the payment_secret is not that of the invoice".to_owned(),
                ));
            }
        }
        match self.ledger().pay_own_part(part, UnixSeconds::now()).await {
            Ok(paid) => Ok(paid.into_inner()),
            Err(PayOwnInvoiceError::BeginPart(error)) => Err(error.into()),
            Err(PayOwnInvoiceError::Ledger(error)) => Err(error.into()),
            Err(
                error @ (PayOwnInvoiceError::Begin(_)
                | PayOwnInvoiceError::UnknownInvoice
                | PayOwnInvoiceError::NotUnpaid(_)),
            ) => Err(refused(error.to_string())),
        }
    }
}

fn has_secret(bolt11: &str, secret: Option<PaymentSecret>) -> bool {
    let invoice: Result<Bolt11Invoice, _> = bolt11.parse();
    invoice.is_ok_and(|invoice| Some(*invoice.payment_secret()) == secret)
}

#[cfg(test)]
mod tests;
