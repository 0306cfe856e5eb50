//! What happens on the network that the rules about money need to know.

use crate::records::{EndedChannel, ForwardOffer, IncomingHtlc, OutgoingHtlc};
use bitcoin::secp256k1::PublicKey;
use boltill_types::{Msat, PaymentHash, PaymentPreimage, StoreError};
use lightning::ln::channelmanager::PaymentId;
use lightning::ln::types::ChannelId;
use std::future::Future;
use std::pin::Pin;

/// Something that happened. Each may be told again after a restart, so whoever handles one must be idempotent.
#[derive(Clone, Debug)]
pub enum NodeEvent {
    /// Someone pays us: all parts are here, and we must [`claim`](crate::Node::claim) or
    /// [`fail_back`](crate::Node::fail_back).
    PaymentClaimable(IncomingPayment),
    /// The money is ours; only now is an invoice paid.
    PaymentClaimed(IncomingPayment),
    /// A payment of ours arrived.
    PaymentSent {
        /// The attempt, as given to [`send`](crate::Node::send).
        payment_id: PaymentId,
        /// What was paid.
        payment_hash: PaymentHash,
        /// The proof of payment.
        preimage: PaymentPreimage,
        /// What the payee got, without fees; absent for payments begun by very old versions of LDK.
        amount: Option<Msat>,
        /// What forwarding cost; absent when LDK no longer knows.
        fee: Option<Msat>,
    },
    /// A payment of ours has failed for good: no part of it is under way any more.
    PaymentFailed {
        /// The attempt, as given to [`send`](crate::Node::send).
        payment_id: PaymentId,
        /// Why.
        reason: FailureReason,
    },
    /// One part of a payment of ours failed; another way may still be found.
    PartFailed {
        /// The attempt.
        payment_id: PaymentId,
        /// Whether the payee itself refused, so that trying again is of no use.
        refused_by_payee: bool,
        /// The channel that failed, where it is known.
        short_channel_id: Option<u64>,
        /// Where on its way it failed.
        fault: PathFault,
    },
    /// One part of a payment of ours arrived.
    PartSucceeded {
        /// The attempt.
        payment_id: PaymentId,
    },
    /// We forwarded a payment, and were paid for it.
    PaymentForwarded {
        /// The channel that it came in on.
        in_channel: ChannelId,
        /// The channel that it went out on.
        out_channel: ChannelId,
        /// Where that is in the chain, if it is.
        out_short_channel_id: Option<u64>,
        /// What it earned us; absent when the channel that it came in on is closed.
        fee: Option<Msat>,
        /// What went out.
        amount_out: Option<Msat>,
    },
    /// A payment that we forwarded came back.
    ForwardReturned {
        /// The channel that it came in on.
        in_channel: ChannelId,
        /// The channel that it went out on.
        out_channel: ChannelId,
        /// HTLCs of the channel it came in on that it cannot be: they are on their way, or paid for.
        excluded: Vec<u64>,
        /// Why, when it failed here and not further on.
        failure: Option<ForwardFailure>,
    },
    /// A payment that we were to forward was refused.
    ForwardRefused {
        /// What came in.
        incoming: IncomingHtlc,
        /// Where it was to go.
        outgoing: OutgoingHtlc,
        /// Why.
        failure: Option<ForwardFailure>,
    },
    /// A channel is closed, and its money is where it belongs.
    ChannelEnded(Box<EndedChannel>),
}

/// Where on its way a part of a payment failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathFault {
    /// Who told of it: 0 is us, 1 the node at the end of the first channel, and so on.
    pub index: u32,
    /// The same node's key; `None` is us.
    pub node: Option<PublicKey>,
    /// The channel that it is about.
    pub channel: Option<FaultyChannel>,
    /// The failure's number in BOLT 4, where LDK leaves no doubt about it.
    pub failcode: Option<u16>,
}

/// A channel on the way of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultyChannel {
    /// Its short channel id.
    pub short_channel_id: u64,
    /// Which end the payment was to enter; `None` is us.
    pub from: Option<PublicKey>,
    /// Which end it was to leave.
    pub to: PublicKey,
}

/// Why a forward failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardFailure {
    /// The number of the error in BOLT 4.
    pub code: u16,
    /// Its name, as Core Lightning writes it.
    pub name: &'static str,
}

/// A payment to us.
#[derive(Clone, Debug)]
pub struct IncomingPayment {
    /// What is being paid.
    pub payment_hash: PaymentHash,
    /// How much, over all parts.
    pub amount: Msat,
    /// The preimage, where LDK knows it: a spontaneous payment brings its own.
    pub preimage: Option<PaymentPreimage>,
    /// Whether nobody asked for it (keysend).
    pub spontaneous: bool,
    /// What the payer added for us, by TLV type.
    pub custom_tlvs: Vec<(u64, Vec<u8>)>,
    /// The height by which it must be claimed.
    pub claim_deadline: Option<u32>,
}

/// Why a payment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureReason {
    /// The payee refused it.
    RecipientRejected,
    /// We gave it up on request.
    Abandoned,
    /// No more tries were allowed.
    RetriesExhausted,
    /// The invoice expired, or the time for trying was over.
    Expired,
    /// No way to the payee was found within the limits given.
    RouteNotFound,
    /// Anything else; LDK's log says more.
    Unexpected,
}

/// The event could not be recorded, so it has to be told again.
#[derive(Debug, thiserror::Error)]
#[error("the event could not be recorded: {0}")]
pub struct SinkError(#[from] pub StoreError);

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whoever keeps the books. An event counts as handled once this returns `Ok`; on `Err` it is told again.
pub trait EventSink: Send + Sync + 'static {
    /// Records one event durably and acts on it.
    fn handle<'a>(&'a self, event: NodeEvent) -> BoxFuture<'a, Result<(), SinkError>>;

    /// Has forwards recorded that are under way; each may be told again. Nobody waits for it: it is enough that what is written
    /// of Lightning's state afterwards is never durable before this is.
    fn offered(&self, forwards: Vec<ForwardOffer>);
}
