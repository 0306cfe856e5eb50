//! What stands in our blinded paths, in LDK's words.

use super::MessageTag;
use lightning::blinded_path::message::{MessageContext, OffersContext};
use lightning::ln::channelmanager::PaymentId;
use lightning::offers::nonce::Nonce;

// LDK's contexts have no field for the kind of a tag, and of two of them it does not check that they are from us. Those that it does check have room for a
// nonce, which is LDK's own business only where LDK handles the messages. Printed codes hold such paths for years: these values must stay.
const REQUEST: [u8; Nonce::LENGTH] = *b"invoice_request\0";
const OFFER: [u8; Nonce::LENGTH] = *b"offer\0\0\0\0\0\0\0\0\0\0\0";

impl MessageTag {
    /// As it is put into a path.
    pub(super) fn context(self) -> Option<MessageContext> {
        let outbound = |id, kind: &[u8]| {
            let nonce = Nonce::try_from(kind).ok()?;
            Some(OffersContext::OutboundPayment {
                payment_id: PaymentId(id),
                nonce,
            })
        };
        let context = match self {
            MessageTag::Request(id) => outbound(id, &REQUEST)?,
            MessageTag::Offer(id) => outbound(id, &OFFER)?,
            MessageTag::Invoice(payment_hash) => OffersContext::InboundPayment { payment_hash },
        };
        Some(MessageContext::Offers(context))
    }

    /// As it was found in a path; `None` for what we put into none.
    pub(super) fn read(context: &OffersContext) -> Option<MessageTag> {
        match context {
            OffersContext::OutboundPayment { payment_id, nonce } if nonce.as_slice() == REQUEST => {
                Some(MessageTag::Request(payment_id.0))
            }
            OffersContext::OutboundPayment { payment_id, nonce } if nonce.as_slice() == OFFER => {
                Some(MessageTag::Offer(payment_id.0))
            }
            OffersContext::InboundPayment { payment_hash } => Some(MessageTag::Invoice(*payment_hash)),
            // LDK lets anybody make the first of these.
            OffersContext::InvoiceRequest { .. }
            | OffersContext::StaticInvoiceRequested { .. }
            | OffersContext::OutboundPayment { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boltill_types::PaymentHash;

    fn nonce(byte: u8) -> Nonce {
        Nonce::try_from(&[byte; Nonce::LENGTH][..]).unwrap()
    }

    #[test]
    fn a_tag_comes_back_as_it_was_put_into_a_path() {
        for tag in [
            MessageTag::Request([1; 32]),
            MessageTag::Offer([1; 32]),
            MessageTag::Invoice(PaymentHash([1; 32])),
        ] {
            let Some(MessageContext::Offers(context)) = tag.context() else {
                panic!("{tag:?} is not among offers");
            };
            assert_eq!(MessageTag::read(&context), Some(tag));
        }
    }

    #[test]
    fn contexts_that_are_not_of_our_making_are_no_tags() {
        let payment_id = PaymentId([1; 32]);
        for context in [
            OffersContext::InvoiceRequest { nonce: nonce(1) },
            OffersContext::OutboundPayment {
                payment_id,
                nonce: nonce(1),
            },
            OffersContext::StaticInvoiceRequested {
                recipient_id: vec![1; 32],
                invoice_slot: 1,
                path_absolute_expiry: std::time::Duration::ZERO,
            },
        ] {
            assert_eq!(MessageTag::read(&context), None, "{context:?}");
        }
    }
}
