//! Lightning: LDK's channels, peers, gossip and payments, as one node.
//!
//! [`Node::prepare`] reads the state and brings it up to the tip of the chain; whoever keeps the books then compares
//! them with [`Node::recent_payments`]; [`Prepared::run`] lets the world in. What happens afterwards arrives as a
//! [`NodeEvent`] at the [`EventSink`]. The order of the start is in `start.rs`, the rules for events in `events/`.

mod background;
mod channels;
mod commit;
mod config;
mod event;
mod events;
mod gossip;
mod htlcs;
mod keys;
mod ldk;
mod logger;
mod node;
mod payments;
mod peers;
mod receive;
mod seed;
mod start;
mod state;
mod store;
mod sync;
mod tasks;

pub use channels::{
    CloseError, CloseOutcome, CloseRequest, OpenError, OpenRequest, Opened, channel_type_names,
};
pub use config::{ANCHOR_RESERVE, NodeConfig, PeerAddress};
pub use event::{BoxFuture, EventSink, FailureReason, IncomingPayment, NodeEvent, SinkError};
pub use lightning::ln::channel_state::ChannelDetails;
pub use lightning::ln::channelmanager::PaymentId;
pub use lightning::ln::types::ChannelId;
pub use node::{Features, Graph, Node};
pub use payments::{OutgoingPayment, RecentPayment, SendError};
pub use peers::{ConnectError, Connected, DisconnectError, Peer};
pub use receive::{MIN_FINAL_CLTV_DELTA, RegisterError, SignError};
pub use seed::{SEED_FILE, Seed, SeedError};
pub use start::{Prepared, Running, StartError};
pub use tasks::TaskDied;
