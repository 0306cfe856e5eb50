//! Sending messages: by the nodes between us and the other, else over a connection made for it.

use super::router::first_node;
use super::{MessageDestination, MessageTag, OffersMessageBytes, ReplyTo};
use crate::Node;
use crate::peers::ConnectError;
use bitcoin::secp256k1::PublicKey;
use lightning::blinded_path::message::BlindedMessagePath;
use lightning::blinded_path::{Direction, IntroductionNode};
use lightning::io;
use lightning::onion_message::messenger::{Destination, MessageSendInstructions, SendError, SendSuccess};
use lightning::onion_message::packet::OnionMessageContents;
use lightning::util::ser::{BigSize, Readable, Writeable, Writer};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How many answers may wait for a connection at a time: whoever asks decides whom we connect to.
pub(crate) const CONNECTING_ANSWERS: usize = 16;

/// How long a message waits for room among those to the same peer, and how often it is tried meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// No way of forwarding nodes is known, and connecting has failed.
    #[error("could not route or connect directly to {destination}: {why}")]
    Unreachable {
        /// The node, or `blinded path at` the node that it starts with.
        destination: String,
        /// Why there is no connection either.
        why: NotConnected,
    },
    /// The destination is a path that is none, or that we cannot follow.
    #[error("the blinded path is not usable")]
    UnusablePath,
    /// There is nothing to be put into the onion as the way back: nobody could find us.
    #[error(transparent)]
    NoWayBack(#[from] super::NoMessagePath),
    /// The message does not fit into an onion.
    #[error("the message is too large for an onion message")]
    TooLarge,
    /// Too much is waiting to be sent already.
    #[error("too many messages are waiting to be sent")]
    Busy,
    /// LDK's reason is none of those that it should be.
    #[error("the message could not be made: {0}")]
    Internal(String),
}

/// Why there is no direct connection to where a message goes.
#[derive(Debug, thiserror::Error)]
pub enum NotConnected {
    /// Making one was tried.
    #[error(transparent)]
    Failed(#[from] ConnectError),
    /// The operator does not want one; the option that says so.
    #[error("{0} set: not initiating a new connection")]
    Forbidden(&'static str),
    /// The path starts with a channel that is not in the public graph.
    #[error("unknown channel")]
    UnknownChannel,
    /// The node is connected and says that it takes none.
    #[error("the node does not take onion messages")]
    NoMessages,
}

/// What became of a first try.
enum Attempt {
    Sent,
    /// LDK keeps the message for a while, in case that node connects.
    Waits(PublicKey),
    /// There is no way to the destination, or back from it.
    NoWay,
}

/// A message that is to be sent, as it is: unlike LDK's own type it need not be one that LDK would take.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    /// The record's number in BOLT 4's `onionmsg_tlv`.
    number: u64,
    name: &'static str,
    bytes: Vec<u8>,
}

impl Outgoing {
    /// A message as it goes out: an invoice_error twice. LDK has the length of an invoice_error before it and everybody else, as BOLT 12, has not; neither
    /// can read the other's, and drops it. Nobody tells which of the two reads at the end of a blinded path.
    pub(super) fn forms_of(message: &OffersMessageBytes) -> Vec<Outgoing> {
        let name = message.name();
        let form = |number, bytes| Outgoing { number, name, bytes };
        let bytes = message.bytes().to_vec();
        match message {
            OffersMessageBytes::InvoiceRequest(_) => vec![form(64, bytes)],
            OffersMessageBytes::Invoice(_) => vec![form(66, bytes)],
            OffersMessageBytes::InvoiceError(_) => {
                let length = BigSize(bytes.len() as u64).encode();
                vec![form(68, [length, bytes.clone()].concat()), form(68, bytes)]
            }
        }
    }
}

impl Writeable for Outgoing {
    fn write<W: Writer>(&self, writer: &mut W) -> Result<(), io::Error> {
        writer.write_all(&self.bytes)
    }
}

impl OnionMessageContents for Outgoing {
    fn tlv_type(&self) -> u64 {
        self.number
    }

    fn msg_type(&self) -> &'static str {
        self.name
    }
}

impl Node {
    /// Sends a message; connects, if it must and may (`fetchinvoice-noconnect`). With a tag it carries a path for the answer, which will come with that tag.
    /// `Ok` means that it has left for a peer, not that it will get anywhere.
    ///
    /// # Errors
    /// [`MessageError`]. After [`MessageError::Unreachable`] the message may still go out if the node connects to us within some seconds.
    pub async fn send_offers_message(
        &self,
        message: OffersMessageBytes,
        to: MessageDestination,
        reply: Option<MessageTag>,
    ) -> Result<(), MessageError> {
        let destination = match to {
            MessageDestination::Node(node_id) => Destination::Node(node_id),
            MessageDestination::Path(bytes) => Destination::BlindedPath(read_path(&bytes)?),
        };
        self.send_message(message, destination, reply, None).await
    }

    /// Answers a message, likewise. Connections are made for a few answers at a time only, and for none when the node is to connect to nobody by itself.
    ///
    /// # Errors
    /// [`MessageError`].
    pub async fn reply(
        &self,
        to: &ReplyTo,
        message: OffersMessageBytes,
        reply: Option<MessageTag>,
    ) -> Result<(), MessageError> {
        let destination = Destination::BlindedPath(to.0.clone());
        let limit = &self.inner.connecting_answers;
        self.send_message(message, destination, reply, Some(limit)).await
    }

    async fn send_message(
        &self,
        message: OffersMessageBytes,
        mut destination: Destination,
        reply: Option<MessageTag>,
        limit: Option<&Semaphore>,
    ) -> Result<(), MessageError> {
        destination.resolve(&self.inner.graph.read_only());
        let name = named(&destination);
        let unreachable = |why| MessageError::Unreachable {
            destination: name.clone(),
            why,
        };
        let Some(target) = first_node(&destination) else {
            return Err(unreachable(NotConnected::UnknownChannel));
        };
        let forms = Outgoing::forms_of(&message);
        let (missing, waits) = match self.attempt_all(&forms, &destination, &target, reply).await? {
            Attempt::Sent => return Ok(()),
            Attempt::Waits(node_id) => (node_id, true),
            Attempt::NoWay => (target, false),
        };
        if let Some(option) = self.forbids_connecting(limit.is_some()) {
            return Err(unreachable(NotConnected::Forbidden(option)));
        }
        let _turn = match limit.map(Semaphore::try_acquire).transpose() {
            Ok(turn) => turn,
            Err(_) => return Err(MessageError::Busy),
        };
        let connected = self.connect(missing, None).await;
        connected.map_err(|error| unreachable(error.into()))?;
        if waits {
            self.inner.peer_manager.process_events();
            return Ok(());
        }
        match self.attempt_all(&forms, &destination, &target, reply).await? {
            Attempt::Sent => Ok(()),
            Attempt::Waits(_) | Attempt::NoWay => Err(unreachable(NotConnected::NoMessages)),
        }
    }

    /// The option because of which no connection is made for a message.
    fn forbids_connecting(&self, is_answer: bool) -> Option<&'static str> {
        let config = &self.inner.config;
        if config.fetchinvoice_noconnect {
            Some("fetchinvoice-noconnect")
        } else if config.offline && is_answer {
            Some("offline")
        } else {
            None
        }
    }

    /// Sends all forms of a message, which have one fate: they go to the same peer.
    async fn attempt_all(
        &self,
        forms: &[Outgoing],
        destination: &Destination,
        target: &PublicKey,
        reply: Option<MessageTag>,
    ) -> Result<Attempt, MessageError> {
        let mut fate = Ok(Attempt::NoWay);
        for form in forms {
            fate = self.attempt_patiently(form, destination, target, reply).await;
            if !matches!(fate, Ok(Attempt::Sent | Attempt::Waits(_))) {
                break;
            }
        }
        fate
    }

    /// LDK has room for eight large messages to a peer and refuses the ninth; they leave as fast as the peer reads.
    async fn attempt_patiently(
        &self,
        message: &Outgoing,
        destination: &Destination,
        target: &PublicKey,
        reply: Option<MessageTag>,
    ) -> Result<Attempt, MessageError> {
        let begun = Instant::now();
        let mut pause = SHORTEST_PAUSE;
        loop {
            match self.attempt(message, destination, target, reply) {
                Err(MessageError::Busy) if begun.elapsed() < PATIENCE => {}
                fate => return fate,
            }
            self.inner.peer_manager.process_events();
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn attempt(
        &self,
        message: &Outgoing,
        destination: &Destination,
        target: &PublicKey,
        reply: Option<MessageTag>,
    ) -> Result<Attempt, MessageError> {
        let destination = destination.clone();
        let instructions = match reply.map(|tag| self.reply_path(tag, target)) {
            None => MessageSendInstructions::WithoutReplyPath { destination },
            Some(Some(reply_path)) => MessageSendInstructions::WithSpecifiedReplyPath {
                destination,
                reply_path,
            },
            // Nobody is connected, or nobody who would pass messages on; the target may be, once it is.
            Some(None) if *target != self.id() => return Ok(Attempt::NoWay),
            Some(None) => return Err(super::NoMessagePath.into()),
        };
        match self
            .inner
            .onion_messenger
            .send_onion_message(message.clone(), instructions)
        {
            Ok(SendSuccess::Buffered) => {
                self.inner.peer_manager.process_events();
                Ok(Attempt::Sent)
            }
            Ok(SendSuccess::BufferedAwaitingConnection(node_id)) => Ok(Attempt::Waits(node_id)),
            Err(SendError::PathNotFound) => Ok(Attempt::NoWay),
            Err(SendError::BufferFull) => Err(MessageError::Busy),
            Err(SendError::TooBigPacket) => Err(MessageError::TooLarge),
            Err(
                SendError::TooFewBlindedHops
                | SendError::BlindedPathAdvanceFailed
                | SendError::UnresolvedIntroductionNode,
            ) => Err(MessageError::UnusablePath),
            Err(
                error @ (SendError::Secp256k1(_)
                | SendError::InvalidFirstHop(_)
                | SendError::InvalidMessage
                | SendError::GetNodeIdFailed),
            ) => Err(MessageError::Internal(format!("{error:?}"))),
        }
    }
}

pub(super) fn read_path(bytes: &[u8]) -> Result<BlindedMessagePath, MessageError> {
    let mut rest = bytes;
    match BlindedMessagePath::read(&mut rest) {
        Ok(path) if rest.is_empty() => Ok(path),
        _ => Err(MessageError::UnusablePath),
    }
}

/// As Core Lightning names a destination in its errors.
fn named(destination: &Destination) -> String {
    match destination {
        Destination::Node(node_id) => node_id.to_string(),
        Destination::BlindedPath(path) => match path.introduction_node() {
            IntroductionNode::NodeId(node_id) => format!("blinded path at {node_id}"),
            IntroductionNode::DirectedShortChannelId(direction, short_channel_id) => {
                let side = match direction {
                    Direction::NodeOne => 0,
                    Direction::NodeTwo => 1,
                };
                let (block, index, output) = (
                    short_channel_id >> 40,
                    short_channel_id >> 16 & 0xff_ffff,
                    short_channel_id & 0xffff,
                );
                format!("blinded path at {block}x{index}x{output}/{side}")
            }
        },
    }
}
