//! What LDK asks about a message that has arrived: nothing is answered here, only passed on.

use super::inbox::Inbox;
use super::{MessageTag, OffersArrival, OffersMessageBytes, ReplyTo};
use lightning::blinded_path::message::{BlindedMessagePath, OffersContext};
use lightning::onion_message::messenger::{Responder, ResponseInstruction};
use lightning::onion_message::offers::{OffersMessage, OffersMessageHandler};
use lightning::util::ser::{BigSize, Readable, Writeable};

/// Takes the messages about offers out of LDK's hands. LDK's channel manager would answer them itself; but it knows only the offers that it has made,
/// and we make none with it.
pub(crate) struct OffersHandler {
    inbox: Inbox,
}

impl OffersHandler {
    pub(crate) fn new(inbox: Inbox) -> OffersHandler {
        OffersHandler { inbox }
    }
}

impl OffersMessageHandler for OffersHandler {
    fn handle_message(
        &self,
        message: OffersMessage,
        context: Option<OffersContext>,
        responder: Option<Responder>,
    ) -> Option<(OffersMessage, ResponseInstruction)> {
        // LDK calls this on the peer's connection and waits, so the rest happens elsewhere.
        match arrival(&message, context.as_ref(), responder.as_ref()) {
            Some(arrival) => self.inbox.put(arrival),
            None => tracing::debug!("a message about offers came by a path that is not for such"),
        }
        None
    }
}

/// The message in our words; `None` if it is not what its path was made for. Saying so to the sender would tell whose path it is.
fn arrival(
    message: &OffersMessage,
    context: Option<&OffersContext>,
    responder: Option<&Responder>,
) -> Option<OffersArrival> {
    let tag = match context {
        Some(context) => Some(MessageTag::read(context)?),
        None => None,
    };
    let bytes = message.encode();
    let message = match (message, tag) {
        (OffersMessage::InvoiceRequest(_), None | Some(MessageTag::Offer(_))) => {
            OffersMessageBytes::InvoiceRequest(bytes)
        }
        (OffersMessage::Invoice(_), None | Some(MessageTag::Request(_))) => {
            OffersMessageBytes::Invoice(bytes)
        }
        (OffersMessage::InvoiceError(_), Some(MessageTag::Request(_) | MessageTag::Invoice(_))) => {
            // LDK writes its length before it, which is not BOLT 12.
            let mut stream = bytes.as_slice();
            BigSize::read(&mut stream).ok()?;
            OffersMessageBytes::InvoiceError(stream.to_vec())
        }
        // An error that nobody knows the cause of, invoices of those who are away, and what came by the wrong path.
        _ => return None,
    };
    let reply = responder.map(reply_path);
    Some(OffersArrival {
        message,
        tag,
        reply: reply.flatten(),
    })
}

/// The path in a [`Responder`]. LDK gives it to nobody, but writes it: a stream (BOLT 1) with its length before it and the path as its first record.
fn reply_path(responder: &Responder) -> Option<ReplyTo> {
    let written = responder.encode();
    let mut rest = written.as_slice();
    let _stream = BigSize::read(&mut rest).ok()?;
    let _number = BigSize::read(&mut rest).ok()?;
    let _length = BigSize::read(&mut rest).ok()?;
    BlindedMessagePath::read(&mut rest).ok().map(ReplyTo)
}
