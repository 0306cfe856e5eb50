//! `staticbackup`

use super::prelude::*;
use bitcoin::hashes::Hash;
use boltill_node::ChannelDetails;
use hex_conservative::DisplayHex;
use lightning::ln::msgs::SocketAddress;
use lightning::util::ser::{BigSize, Writeable};
use serde_json::json;

parameters! {
    /// Tell what one must know of the channels when all else is lost
    ///
    /// Gives a record of each channel that has a funding transaction, in Core Lightning's format (`modern_scb_chan`): who the peer
    /// is and where, the funding output, its amount and the type of the channel. It changes only when channels open and close or
    /// peers move, and holds no secret.
    ///
    /// Keep it beside the seed. Whoever has nothing left but both knows from it which peers to ask to close which channels. This
    /// daemon cannot do so by itself yet, as there is no `recoverchannel`; while its files are whole it needs none of this, and
    /// closing channels is never the way to move a node. What Core Lightning stores besides for punishing a peer that cheats is not
    /// in it.
    pub struct StaticBackup {}
}

pub const COMMAND: Command = Command {
    name: "staticbackup",
    category: Category::Channels,
    answer: &[Field::always(
        "scb",
        Kind::Array(&Kind::Hex),
        "The records, one for each channel.",
    )],
    examples: &[Example {
        typed: "staticbackup",
        answer: r#"{"scb":["0000000000000001c3a7b9d7..."]}"#,
    }],
    see_also: &["listpeerchannels", "listfunds"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<StaticBackup>()
};

/// Where there is no address to write down.
const NOWHERE: SocketAddress = SocketAddress::TcpIpV4 {
    addr: [0; 4],
    port: 0,
};

impl Run for StaticBackup {
    async fn run(self, call: Call) -> Outcome {
        let node = call.node()?;
        let records = node.channels().into_iter().filter_map(|channel| {
            let address = node.address_of(&channel.counterparty.node_id);
            record(&channel, &address.unwrap_or(NOWHERE))
        });
        let hex: Vec<_> = records.map(|record| record.to_lower_hex_string()).collect();
        Answer::of(&json!({ "scb": hex }))
    }
}

/// Core Lightning's `modern_scb_chan` (`common/scb_wire.csv`); all numbers are big-endian. `None` for a channel without a funding
/// transaction.
fn record(channel: &ChannelDetails, address: &SocketAddress) -> Option<Vec<u8>> {
    let funding = channel.funding_txo?;
    let mut record = Vec::new();
    // Core Lightning's number of the channel in its database; ours is random, and like it never changes.
    record.extend((channel.user_channel_id as u64).to_be_bytes());
    record.extend(channel.channel_id.0);
    record.extend(channel.counterparty.node_id.serialize());
    // As in node_announcement (BOLT 7), which is how both write it.
    record.extend(address.encode());
    record.extend(funding.txid.to_byte_array());
    record.extend(u32::from(funding.index).to_be_bytes());
    record.extend(channel.channel_value_satoshis.to_be_bytes());
    // A bitmap with its length before it, the highest bit first.
    let features = channel.channel_type.as_ref().map(|kind| kind.le_flags());
    let features: Vec<u8> = features.unwrap_or_default().iter().rev().copied().collect();
    record.extend(u16::try_from(features.len()).ok()?.to_be_bytes());
    record.extend(features);
    let tlvs = tlvs(channel);
    record.extend(u32::try_from(tlvs.len()).ok()?.to_be_bytes());
    record.extend(tlvs);
    Some(record)
}

/// Who opened the channel (5), and the delay that the peer asks of us (7). The secrets by which a peer that cheats is punished (1),
/// and the keys that go with them (3), are not LDK's to give.
fn tlvs(channel: &ChannelDetails) -> Vec<u8> {
    let mut tlvs = Vec::new();
    let mut put = |kind: u64, value: &[u8]| {
        tlvs.extend(BigSize(kind).encode());
        tlvs.extend(BigSize(value.len() as u64).encode());
        tlvs.extend(value);
    };
    put(5, &[u8::from(!channel.is_outbound)]);
    if let Some(delay) = channel.force_close_spend_delay {
        put(7, &delay.to_be_bytes());
    }
    tlvs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shared::channel::tests::{channel, key};

    #[test]
    fn a_record_is_laid_out_as_core_lightning_reads_it() {
        let address = SocketAddress::TcpIpV4 {
            addr: [127, 0, 0, 1],
            port: 9735,
        };
        let channel = ChannelDetails {
            user_channel_id: (9 << 64) + 1,
            ..channel()
        };
        let record = record(&channel, &address).unwrap().to_lower_hex_string();
        let expected = [
            "0000000000000001",
            &"07".repeat(32),
            &key(2).to_string(),
            "017f0000012607",
            &format!("05{}", "00".repeat(31)),
            "00000001",
            "00000000000f4240",
            "0003401000",
            "00000007",
            "050100",
            "07020090",
        ];
        assert_eq!(record, expected.concat());
    }

    #[test]
    fn a_channel_without_a_funding_transaction_has_no_record() {
        let unfunded = ChannelDetails {
            funding_txo: None,
            ..channel()
        };
        assert_eq!(record(&unfunded, &NOWHERE), None);
    }
}
