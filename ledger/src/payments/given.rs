//! Payments along a way that the caller gave, each perhaps one part of several: which may be begun beside those that there are, and
//! what broke on the way.

use super::read::{by_hash, latest_of_id};
use super::row::given_sql as sql;
use super::write::{fail, file};
use super::{FinishPaymentError, NewPayment, Payment, PaymentId, PaymentState, PaymentStatus};
use crate::Recorded;
use crate::error::LedgerError;
use crate::job::Durable;
use crate::ledger::Ledger;
use crate::sql::{execute, int, one};
use crate::writer::WriteTx;
use bitcoin::secp256k1::PublicKey;
use boltill_types::{CreatedIndex, Msat, PaymentHash, UnixSeconds};

/// A payment, or a part of one, along a way that the caller gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPart {
    /// What is paid, to whom, and as which part.
    pub payment: NewPayment,
    /// Which attempt it belongs to; `None` begins a new one.
    pub groupid: Option<u64>,
    /// What leaves us, fees included.
    pub amount_sent: Msat,
}

/// What broke on the way that a payment was to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WayFailure {
    /// Who told of it: 0 is us, 1 the node at the end of the first channel, and so on.
    pub erring_index: u32,
    /// The same node's key.
    pub erring_node: Option<PublicKey>,
    /// The channel that it is about.
    pub erring_channel: Option<u64>,
    /// In which direction the channel was to be used: 0 from the lesser key to the greater, otherwise 1.
    pub erring_direction: Option<u8>,
    /// The failure's number in BOLT 4, if it is known.
    pub failcode: Option<u16>,
}

/// Why a part was not begun. In the words of Core Lightning, and looked for in its order: payment by payment, oldest first.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BeginPartError {
    /// The payment hash was paid with another amount.
    #[error("Already succeeded with amount {was} (not {now})")]
    PaidOtherAmount {
        /// What was paid.
        was: Msat,
        /// What was to be paid now.
        now: Msat,
    },
    /// The payment hash was paid to another node.
    #[error("Already succeeded to {0}")]
    PaidOtherNode(PublicKey),
    /// An attempt with another groupid may be on its way.
    #[error("Payment with groupid={0} still in progress, cannot retry before that completes.")]
    OtherGroup(u64),
    /// Parts cannot be added to a payment that is whole, nor the other way round.
    #[error("Already have {} payment in progress", if *.parallel { "parallel" } else { "non-parallel" })]
    Mixed {
        /// Whether there are parts.
        parallel: bool,
    },
    /// The part may be on its way, with another amount.
    #[error("Already pending with amount {was} (not {now})")]
    PendingOtherAmount {
        /// What is being paid.
        was: Msat,
        /// What was to be paid now.
        now: Msat,
    },
    /// The part may be on its way to another node.
    #[error("Already pending to {0}")]
    PendingOtherNode(PublicKey),
    /// The part has failed before; a new attempt needs a new groupid.
    #[error(
        "There already is a payment with payment_hash={hash}, groupid={groupid}, partid={partid}. Either change the partid, or wait \
         for the payment to complete and start a new group."
    )]
    Used {
        /// Its payment hash.
        hash: PaymentHash,
        /// Its group.
        groupid: u64,
        /// Its number.
        partid: u64,
    },
    /// Another part has arrived, so the payee has counted all that there were.
    #[error("Already succeeded other parts")]
    OtherPartsPaid,
    /// The parts under way are the whole amount.
    #[error("Already have {pending} of {total} payments in progress")]
    Enough {
        /// What is under way.
        pending: Msat,
        /// What the payee is to get.
        total: Msat,
    },
    /// Another payment has the same id of LDK's and is not over.
    #[error("the payment id is in use")]
    IdInUse,
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Looks whether a part may be begun beside the earlier payments of its hash, which come in the order of creation. `Some` is the very
/// same part, complete or pending: it is not sent again.
///
/// Each part is the whole of what its payee gets, so two that are pending at once are one too many.
///
/// # Errors
/// [`BeginPartError`].
pub fn look_for_part<'a>(
    earlier: &'a [Payment],
    part: &NewPart,
) -> Result<Option<&'a Payment>, BeginPartError> {
    let new = &part.payment;
    let group = part.groupid.unwrap_or_else(|| next_group(earlier));
    let now = new.amount;
    let other_node = |payment: &Payment| {
        payment
            .destination
            .filter(|node| new.destination.is_some_and(|new| new != *node))
    };
    let (mut paid, mut pending) = (false, Msat::ZERO);
    for payment in earlier {
        let was = payment.amount;
        match payment.state {
            PaymentState::Complete { .. } => {
                paid = true;
                if payment.partid != new.partid {
                    continue;
                }
                if was != now {
                    return Err(BeginPartError::PaidOtherAmount { was, now });
                }
                return match other_node(payment) {
                    Some(node) => Err(BeginPartError::PaidOtherNode(node)),
                    None => Ok(Some(payment)),
                };
            }
            PaymentState::Pending => {
                if payment.groupid != group {
                    return Err(BeginPartError::OtherGroup(payment.groupid));
                }
                if (payment.partid == 0) != (new.partid == 0) {
                    let parallel = payment.partid != 0;
                    return Err(BeginPartError::Mixed { parallel });
                }
                if payment.partid == new.partid {
                    if was != now {
                        return Err(BeginPartError::PendingOtherAmount { was, now });
                    }
                    return match other_node(payment) {
                        Some(node) => Err(BeginPartError::PendingOtherNode(node)),
                        None => Ok(Some(payment)),
                    };
                }
                pending = pending + was;
            }
            PaymentState::Failed { .. } => {
                if (payment.groupid, payment.partid) == (group, new.partid) {
                    return Err(BeginPartError::Used {
                        hash: new.payment_hash,
                        groupid: group,
                        partid: new.partid,
                    });
                }
            }
        }
    }
    if paid {
        return Err(BeginPartError::OtherPartsPaid);
    }
    if pending > Msat::ZERO {
        return Err(BeginPartError::Enough { pending, total: now });
    }
    Ok(None)
}

/// The group of a new attempt.
pub(super) fn next_group(earlier: &[Payment]) -> u64 {
    let last = earlier.iter().map(|payment| payment.groupid).max().unwrap_or(0);
    last.saturating_add(1)
}

impl Ledger {
    /// Files a part as pending, to be durable before it is sent; or finds that the very same is pending or complete.
    ///
    /// Looks and files in one transaction, as [`Ledger::begin_payment`] does.
    pub fn begin_part(&self, part: NewPart) -> Durable<Recorded<Payment>, BeginPartError> {
        self.writer.write(move |tx| begin(tx, part))
    }

    /// Whether the latest attempt with that id goes a way that its caller gave, so that it is over when that way fails.
    pub async fn is_way_given(&self, payment_id: PaymentId) -> Result<bool, LedgerError> {
        let given = self.readers.read(move |conn| {
            let payment = latest_of_id(conn, &payment_id)?;
            match payment {
                Some(payment) => one(conn, sql::IS_GIVEN, [int(payment.created_index.0)], |_| Ok(())),
                None => Ok(None),
            }
        });
        Ok(given.await?.is_some())
    }

    /// As [`Ledger::fail_payment`], for a payment along a given way, with what broke on it.
    pub fn fail_part(
        &self,
        payment_id: PaymentId,
        code: i32,
        message: String,
        failure: WayFailure,
        completed_at: UnixSeconds,
    ) -> Durable<Recorded<Payment>, FinishPaymentError> {
        self.writer.write(move |tx| {
            let failed = fail(tx, payment_id, code, message, completed_at)?;
            if let Recorded::Newly(payment) = &failed {
                note(tx, payment.created_index, failure)?;
            }
            Ok(failed)
        })
    }

    /// What broke on the way of a payment that failed; `None` when that is not known.
    pub async fn way_failure(&self, payment: CreatedIndex) -> Result<Option<WayFailure>, LedgerError> {
        self.readers
            .read(move |conn| one(conn, sql::FAILURE, [int(payment.0)], super::row::way_failure))
            .await
    }
}

pub(super) fn begin(tx: &mut WriteTx<'_>, part: NewPart) -> Result<Recorded<Payment>, BeginPartError> {
    let earlier = by_hash(tx.conn, &part.payment.payment_hash)?;
    if let Some(same) = look_for_part(&earlier, &part)? {
        return Ok(Recorded::Already(same.clone()));
    }
    if let Some(other) = latest_of_id(tx.conn, &part.payment.payment_id)?
        && other.state.status() == PaymentStatus::Pending
    {
        return Err(BeginPartError::IdInUse);
    }
    let group = part.groupid.unwrap_or_else(|| next_group(&earlier));
    let payment = file(tx, part.payment, group, Some(part.amount_sent))?;
    execute(tx.conn, sql::INSERT, [int(payment.created_index.0)])?;
    Ok(Recorded::Newly(payment))
}

fn note(tx: &WriteTx<'_>, payment: CreatedIndex, failure: WayFailure) -> Result<(), LedgerError> {
    let columns = (
        int(payment.0),
        failure.erring_index,
        failure.erring_node.map(|node| node.serialize()),
        // All 64 bits of a short channel id are needed, so it is stored as it is.
        failure.erring_channel.map(u64::cast_signed),
        failure.erring_direction,
        failure.failcode,
    );
    execute(tx.conn, sql::FAIL, columns)
}
