//! What stands in our blinded paths, encrypted to ourselves. LDK keeps it for us, and lets nothing else through.

use super::MessageTag;
use boltill_types::PaymentHash;
use lightning::blinded_path::message::MessageContext;

// Printed codes hold such paths for years: these values must stay.
const REQUEST: u8 = 1;
const OFFER: u8 = 2;
const INVOICE: u8 = 3;

impl MessageTag {
    /// As it is put into a path.
    pub(super) fn context(self) -> MessageContext {
        let (kind, id) = match self {
            MessageTag::Request(id) => (REQUEST, id),
            MessageTag::Offer(id) => (OFFER, id),
            MessageTag::Invoice(payment_hash) => (INVOICE, payment_hash.0),
        };
        MessageContext::Custom([&[kind][..], &id].concat())
    }

    /// As it was found in a path; `None` for what we put into none.
    pub(super) fn read(context: &[u8]) -> Option<MessageTag> {
        let (kind, id) = context.split_first()?;
        let id = id.try_into().ok()?;
        match *kind {
            REQUEST => Some(MessageTag::Request(id)),
            OFFER => Some(MessageTag::Offer(id)),
            INVOICE => Some(MessageTag::Invoice(PaymentHash(id))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_comes_back_as_it_was_put_into_a_path_and_nothing_else_is_one() {
        for tag in [
            MessageTag::Request([1; 32]),
            MessageTag::Offer([1; 32]),
            MessageTag::Invoice(PaymentHash([1; 32])),
        ] {
            let MessageContext::Custom(context) = tag.context() else {
                panic!("{tag:?} is not our own");
            };
            assert_eq!(MessageTag::read(&context), Some(tag));
            assert_eq!(MessageTag::read(&context[..32]), None);
        }
        assert_eq!(MessageTag::read(&[9; 33]), None);
        assert_eq!(MessageTag::read(&[]), None);
    }
}
