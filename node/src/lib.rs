//! Lightning: LDK's channels, peers, gossip and payments, as one node.
//!
//! [`Node::begin`] finds out who the node is; [`Starting::prepare`] reads the state and brings it up to the tip of the
//! chain; whoever keeps the books then compares them with [`Node::recent_payments`]; [`Prepared::run`] lets the world
//! in. What happens afterwards arrives as a [`NodeEvent`] at the [`EventSink`]. The order of the start is in `start.rs`, the rules for events in `events/`.

mod background;
mod bump;
mod channels;
mod commit;
mod config;
mod event;
mod events;
mod flood;
mod given;
mod gossip;
mod htlcs;
mod keys;
mod ldk;
mod logger;
mod node;
mod onion;
mod payments;
mod peers;
mod ping;
mod profile;
mod receive;
mod records;
mod routes;
mod secrets;
mod seed;
mod start;
mod state;
mod store;
mod sync;
mod tasks;
mod unfinished;
mod wallet;

pub use channels::{
    CloseError, CloseOutcome, CloseRequest, DUST_LIMIT_SAT, FeeRange, ForwardingFees, MAX_ACCEPTED_HTLCS,
    OpenError, OpenRequest, Opened, SetFeesError, THEIR_TO_SELF_DELAY, channel_type_names,
};
pub use config::{ANCHOR_RESERVE, NodeConfig, PeerAddress};
pub use event::{
    BoxFuture, EventSink, FailureReason, FaultyChannel, ForwardFailure, IncomingPayment, NodeEvent,
    PathFault, SinkError,
};
pub use given::{FirstHopError, GivenHop, GivenPayment};
pub use lightning::ln::channel_state::ChannelDetails;
pub use lightning::ln::channelmanager::PaymentId;
pub use lightning::ln::types::ChannelId;
pub use node::{Features, Graph, Node};
pub use onion::{
    MessageDestination, MessageError, MessageTag, NoMessagePath, NoPaymentPath, NotConnected, OffersArrival,
    OffersMessageBytes, OffersSink, PaymentPath, ReplyTo,
};
pub use payments::{OutgoingPayment, RecentPayment, SendError};
pub use peers::{ConnectError, Connected, DisconnectError, Peer};
pub use ping::PingError;
pub use profile::Profile;
pub use receive::{MIN_FINAL_CLTV_DELTA, RegisterError, SignError};
pub use records::{
    ChannelHistory, ChannelRecord, CloseCause, Closing, ClosingChannel, ClosingStage, EndedChannel,
    ForwardOffer, IncomingHtlc, OutgoingHtlc, our_balance,
};
pub use routes::{Avoid, FoundHop, FoundPath, RouteError, RouteQuery, direction};
pub use seed::{SEED_FILE, Seed, SeedError};
pub use start::{Prepared, Running, StartError, Starting};
pub use tasks::TaskDied;
