//! Blinded paths (BOLT 4, "Route Blinding"), as far as their form goes.
//!
//! The form has no slack, so [`BlindedPath::write`] gives back the very bytes that were read; the node hands them to LDK.

use crate::error::DataError;
use crate::field::{FieldFault, Input, list};
use crate::types;
use bitcoin::secp256k1::PublicKey;

/// Which of a channel's two nodes is meant: their ids sort as in the channel's announcement (BOLT 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The node whose id is the lesser.
    NodeOne,
    /// The node whose id is the greater.
    NodeTwo,
}

/// Where a blinded path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntroductionNode {
    /// A node by its id.
    NodeId(PublicKey),
    /// A node as one end of a public channel, which is shorter: BOLT 1's `sciddir`.
    ChannelEnd(Direction, u64),
}

/// One hop of a blinded path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindedHop {
    /// The hop's id, blinded.
    pub blinded_node_id: PublicKey,
    /// What the hop must know, encrypted to it.
    pub encrypted_recipient_data: Vec<u8>,
}

/// A blinded path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindedPath {
    introduction_node: IntroductionNode,
    path_key: PublicKey,
    hops: Vec<BlindedHop>,
}

/// The path has another number of hops than its form can express.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a blinded path has at most 255 hops, not {0}")]
pub struct TooManyHops(pub usize);

impl BlindedPath {
    /// A path of these parts. Their meaning is not checked.
    pub fn new(
        introduction_node: IntroductionNode,
        path_key: PublicKey,
        hops: Vec<BlindedHop>,
    ) -> Result<BlindedPath, TooManyHops> {
        if hops.len() > u8::MAX.into() {
            return Err(TooManyHops(hops.len()));
        }
        Ok(BlindedPath {
            introduction_node,
            path_key,
            hops,
        })
    }

    /// Where the path starts.
    pub fn introduction_node(&self) -> IntroductionNode {
        self.introduction_node
    }

    /// `first_path_key`, by which the introduction node decrypts what is for it.
    pub fn path_key(&self) -> PublicKey {
        self.path_key
    }

    /// The hops from the introduction node to the recipient. A path without hops is well-formed, and must be refused.
    pub fn hops(&self) -> &[BlindedHop] {
        &self.hops
    }

    /// Reads paths that stand one after another, as LDK's `Writeable` puts each of them.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<BlindedPath>, DataError> {
        paths(bytes).map_err(|fault| DataError::Field {
            number: types::INVREQ_PATHS,
            fault,
        })
    }

    /// Appends the path in the form it was read from, which is also what LDK's `Readable` takes.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self.introduction_node {
            IntroductionNode::NodeId(id) => out.extend_from_slice(&id.serialize()),
            IntroductionNode::ChannelEnd(direction, short_channel_id) => {
                out.push(match direction {
                    Direction::NodeOne => 0,
                    Direction::NodeTwo => 1,
                });
                out.extend_from_slice(&short_channel_id.to_be_bytes());
            }
        }
        out.extend_from_slice(&self.path_key.serialize());
        out.push(self.hops.len() as u8);
        for hop in &self.hops {
            out.extend_from_slice(&hop.blinded_node_id.serialize());
            out.extend_from_slice(&(hop.encrypted_recipient_data.len() as u16).to_be_bytes());
            out.extend_from_slice(&hop.encrypted_recipient_data);
        }
    }

    fn read(input: &mut Input<'_>) -> Result<BlindedPath, FieldFault> {
        let introduction_node = match input.0.first() {
            Some(0) => channel_end(Direction::NodeOne, input)?,
            Some(1) => channel_end(Direction::NodeTwo, input)?,
            Some(2 | 3) => IntroductionNode::NodeId(input.point()?),
            Some(_) => return Err(FieldFault::IntroductionNode),
            None => return Err(FieldFault::Truncated),
        };
        let path_key = input.point()?;
        let hops = (0..input.u8()?)
            .map(|_| BlindedHop::read(input))
            .collect::<Result<_, _>>()?;
        Ok(BlindedPath {
            introduction_node,
            path_key,
            hops,
        })
    }
}

impl BlindedHop {
    fn read(input: &mut Input<'_>) -> Result<BlindedHop, FieldFault> {
        let blinded_node_id = input.point()?;
        let length = input.u16()?;
        let encrypted_recipient_data = input.take(length.into())?.to_vec();
        Ok(BlindedHop {
            blinded_node_id,
            encrypted_recipient_data,
        })
    }
}

fn channel_end(direction: Direction, input: &mut Input<'_>) -> Result<IntroductionNode, FieldFault> {
    input.u8()?;
    Ok(IntroductionNode::ChannelEnd(direction, input.u64()?))
}

/// Reads a field of paths.
pub(crate) fn paths(value: &[u8]) -> Result<Vec<BlindedPath>, FieldFault> {
    list(value, BlindedPath::read)
}

/// Writes a field of paths.
pub(crate) fn write_paths<'a>(paths: impl IntoIterator<Item = &'a BlindedPath>) -> Vec<u8> {
    let mut out = Vec::new();
    for path in paths {
        path.write(&mut out);
    }
    out
}
