//! Where a payment failed, as far as LDK says it.
//!
//! LDK reads the failure's number (BOLT 4), draws its conclusions, and keeps the number to itself. Here the conclusions are read
//! backwards; where two numbers lead to the same ones, none is told.

use crate::event::{FaultyChannel, PathFault};
use lightning::events::PathFailure;
use lightning::routing::gossip::NetworkUpdate;
use lightning::routing::router::Path;

/// `temporary_channel_failure`: the first channel could not take the payment.
const TEMPORARY_CHANNEL_FAILURE: u16 = 0x1007;
/// `incorrect_or_unknown_payment_details`: the one with which a payee refuses.
const INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS: u16 = 0x400f;

pub(super) fn of(
    path: &Path,
    failure: &PathFailure,
    blamed: Option<u64>,
    refused_by_payee: bool,
) -> PathFault {
    let update = match failure {
        PathFailure::InitialSend { .. } => return at_us(path, Some(TEMPORARY_CHANNEL_FAILURE)),
        PathFailure::OnPath { network_update } => network_update.as_ref(),
    };
    let channels = path.hops.iter().map(|hop| hop.short_channel_id);
    let position = |scid: u64| channels.clone().position(|channel| channel == scid);
    let last = path.hops.len();
    match update {
        None if refused_by_payee => told_by(path, last, Some(INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS)),
        // Our peer could not take it, or it came back because the channel was closed.
        None if blamed.is_some_and(|scid| position(scid) == Some(0)) && last > 1 => at_us(path, None),
        // The payee does not refuse it for good: the other parts did not come in time.
        None => told_by(path, last, None),
        // Of the node before the channel, unless that is us: then our peer spoke of the channel as the payee.
        Some(NetworkUpdate::ChannelFailure { short_channel_id, .. }) => match position(*short_channel_id) {
            Some(at) => told_by(path, at.max(1), None),
            None => told_by(path, last, None),
        },
        Some(NetworkUpdate::NodeFailure { node_id, .. }) => {
            let node = path.hops.iter().position(|hop| hop.pubkey == *node_id);
            told_by(path, node.map_or(last, |at| at + 1), None)
        }
    }
}

fn at_us(path: &Path, failcode: Option<u16>) -> PathFault {
    told_by(path, 0, failcode)
}

/// The fault that the node at that place told of: 0 is us, and each speaks of the channel behind it, the payee of that before it.
fn told_by(path: &Path, index: usize, failcode: Option<u16>) -> PathFault {
    let node = |place: usize| {
        place
            .checked_sub(1)
            .and_then(|at| path.hops.get(at))
            .map(|hop| hop.pubkey)
    };
    let channel_at = index.min(path.hops.len().saturating_sub(1));
    let channel = path.hops.get(channel_at).map(|hop| FaultyChannel {
        short_channel_id: hop.short_channel_id,
        from: node(channel_at),
        to: hop.pubkey,
    });
    PathFault {
        index: u32::try_from(index).unwrap_or(u32::MAX),
        node: node(index),
        channel,
        failcode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
    use lightning::routing::router::RouteHop;
    use lightning::types::features::{ChannelFeatures, NodeFeatures};
    use lightning::util::errors::APIError;

    fn node(name: u8) -> PublicKey {
        PublicKey::from_secret_key(&Secp256k1::new(), &SecretKey::from_slice(&[name; 32]).unwrap())
    }

    /// Over the channels 11, 12, ... to the nodes 1, 2, ...
    fn path(hops: u8) -> Path {
        let hops = (1..=hops).map(|hop| RouteHop {
            pubkey: node(hop),
            node_features: NodeFeatures::empty(),
            short_channel_id: 10 + u64::from(hop),
            channel_features: ChannelFeatures::empty(),
            fee_msat: 1,
            cltv_expiry_delta: 1,
            maybe_announced_channel: true,
        });
        Path {
            hops: hops.collect(),
            blinded_tail: None,
        }
    }

    fn channel(name: u64, from: Option<u8>, to: u8) -> Option<FaultyChannel> {
        Some(FaultyChannel {
            short_channel_id: name,
            from: from.map(node),
            to: node(to),
        })
    }

    fn on_path(update: Option<NetworkUpdate>) -> PathFailure {
        PathFailure::OnPath {
            network_update: update,
        }
    }

    #[test]
    fn a_payee_that_refuses_is_the_last_node() {
        let fault = of(&path(3), &on_path(None), None, true);
        assert_eq!((fault.index, fault.node), (3, Some(node(3))));
        assert_eq!(
            (fault.channel, fault.failcode),
            (channel(13, Some(2), 3), Some(0x400f))
        );
        let fault = of(&path(1), &on_path(None), None, true);
        assert_eq!((fault.index, fault.channel), (1, channel(11, None, 1)));
    }

    #[test]
    fn a_channel_that_fails_is_told_of_by_the_node_before_it() {
        let update = NetworkUpdate::ChannelFailure {
            short_channel_id: 12,
            is_permanent: false,
        };
        let fault = of(&path(3), &on_path(Some(update)), Some(12), false);
        assert_eq!((fault.index, fault.node), (1, Some(node(1))));
        assert_eq!((fault.channel, fault.failcode), (channel(12, Some(1), 2), None));
    }

    #[test]
    fn a_node_that_fails_tells_of_itself() {
        let update = NetworkUpdate::NodeFailure {
            node_id: node(2),
            is_permanent: true,
        };
        let fault = of(&path(3), &on_path(Some(update)), Some(12), false);
        assert_eq!((fault.index, fault.node), (2, Some(node(2))));
        assert_eq!(fault.channel, channel(13, Some(2), 3));
    }

    #[test]
    fn what_never_left_us_or_came_back_from_our_own_channel_is_ours() {
        let err = APIError::ChannelUnavailable { err: "no".to_owned() };
        let fault = of(&path(2), &PathFailure::InitialSend { err }, Some(11), false);
        assert_eq!((fault.index, fault.node), (0, None));
        assert_eq!(
            (fault.channel, fault.failcode),
            (channel(11, None, 1), Some(0x1007))
        );
        let fault = of(&path(2), &on_path(None), Some(11), false);
        assert_eq!((fault.index, fault.failcode), (0, None));
    }
}
