//! Ways that callers give: which of them can be one, and what it means when one breaks.

use super::PayFailure;
use crate::till::Till;
use boltill_ledger::{FinishPaymentError, LedgerError, PaymentId, WayFailure};
use boltill_node::{GivenHop, PathFault, direction};
use boltill_types::{Msat, UnixSeconds};

/// As many channels as fit into an onion of LDK's.
const MOST_CHANNELS: usize = 20;

/// Core Lightning's "failure along the route; another may work".
const TRY_OTHER_ROUTE: i32 = 204;

/// Why a list of channels is no way. Channels are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WayError {
    /// An onion has no room for it.
    #[error("more than 20 channels")]
    TooLong,
    /// A node would have to add money of its own.
    #[error("the amount grows at channel {0}")]
    AmountGrows(usize),
    /// A node would have to wait longer than it can.
    #[error("the delay grows at channel {0}")]
    DelayGrows(usize),
    /// Nothing is sent.
    #[error("nothing arrives at channel {0}")]
    NoAmount(usize),
    /// The money would come by twice.
    #[error("channel {0} is there twice")]
    ChannelTwice(usize),
}

/// Looks whether a way can be one.
pub(super) fn check_way(route: &[GivenHop]) -> Result<(), WayError> {
    if route.len() > MOST_CHANNELS {
        return Err(WayError::TooLong);
    }
    for (at, hop) in route.iter().enumerate() {
        if hop.amount == Msat::ZERO {
            return Err(WayError::NoAmount(at));
        }
        let before = route.get(..at).unwrap_or_default();
        if before.iter().any(|before| before.channel == hop.channel) {
            return Err(WayError::ChannelTwice(at));
        }
        if let Some(before) = before.last() {
            if hop.amount > before.amount {
                return Err(WayError::AmountGrows(at));
            }
            if hop.delay > before.delay {
                return Err(WayError::DelayGrows(at));
            }
        }
    }
    Ok(())
}

impl Till {
    /// One part of a payment has failed. Where LDK chooses the ways it tries another; a way that was given is the only one, so its
    /// payment is over.
    pub(crate) async fn on_part_failed(
        &self,
        id: boltill_node::PaymentId,
        refused_by_payee: bool,
        fault: PathFault,
    ) -> Result<(), LedgerError> {
        let filed = PaymentId(id.0);
        if !self.ledger().is_way_given(filed).await? {
            self.inner.flights.part_failed(id);
            return Ok(());
        }
        let us = self.lightning().id();
        let failure = WayFailure {
            erring_index: fault.index,
            erring_node: Some(fault.node.unwrap_or(us)),
            erring_channel: fault.channel.map(|channel| channel.short_channel_id),
            erring_direction: fault
                .channel
                .map(|channel| direction(&channel.from.unwrap_or(us), &channel.to)),
            failcode: fault.failcode,
        };
        let code = if refused_by_payee {
            PayFailure::RefusedByPayee.code()
        } else {
            TRY_OTHER_ROUTE
        };
        let message = in_words(fault);
        let recorded = self
            .ledger()
            .fail_part(filed, code, message, failure, UnixSeconds::now())
            .await;
        match recorded {
            // Deleted after its end had been told before.
            Ok(_) | Err(FinishPaymentError::UnknownPayment) => Ok(()),
            Err(FinishPaymentError::Ledger(error)) => Err(error),
        }
    }
}

/// Core Lightning's words; without the name of the failure where it is not known.
fn in_words(fault: PathFault) -> String {
    let by = if fault.index == 0 {
        "local failure"
    } else {
        "reply from remote"
    };
    match fault.failcode.and_then(failure_name) {
        Some(name) => format!("failed: {name} ({by})"),
        None => format!("failed at node {} of the route ({by})", fault.index),
    }
}

/// What BOLT 4 calls the failures that we can tell, as Core Lightning writes it.
pub fn failure_name(failcode: u16) -> Option<&'static str> {
    match failcode {
        0x400a => Some("WIRE_UNKNOWN_NEXT_PEER"),
        0x400f => Some("WIRE_INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS"),
        0x1007 => Some("WIRE_TEMPORARY_CHANNEL_FAILURE"),
        0x100b => Some("WIRE_AMOUNT_BELOW_MINIMUM"),
        _ => None,
    }
}
