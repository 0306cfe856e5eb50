//! `listaddresses`

use super::prelude::*;
use crate::answer::Page;
use crate::params::{FromToken, Refusal, Token};
use bitcoin::Address;
use bitcoin::address::NetworkUnchecked;
use boltill_node::Node;
use boltill_onchain::{AddressKind, IssuedAddress};
use serde::Serialize;
use std::collections::BTreeMap;

parameters! {
    /// List the addresses that have been given out
    ///
    /// These are the addresses of `newaddr`, and those that change and closed channels paid to. Each kind of address is
    /// numbered by itself, from 1; addresses of both kinds that have the same number are listed together.
    pub struct ListAddresses {
        /// Only this address; the list is empty when it is not one of ours.
        optional address: AnyAddress,
        /// From which number on.
        default start: u64 = 1,
        /// How many numbers to list, at most.
        optional limit: u32,
    }
}

pub const COMMAND: Command = Command {
    name: "listaddresses",
    category: Category::Bitcoin,
    answer: &[Field::always(
        "addresses",
        Kind::Array(&Kind::Object(ADDRESSES)),
        "The addresses, by number.",
    )],
    examples: &[Example {
        typed: "listaddresses bcrt1p2gppccw6ywewmg74qqxxmqfdpjds3rpr0mf22y9tm9xcc0muggwsea9nkf",
        answer: r#"{"addresses":[{"keyidx":14,"p2tr":"bcrt1p2gppccw6ywewmg74qqxxmqfdpjds3rpr0mf22y9tm9xcc0muggwsea9nkf"}]}"#,
    }],
    see_also: &["newaddr", "listfunds", "withdraw"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListAddresses>()
};

const ADDRESSES: &[Field] = &[
    Field::always("keyidx", Kind::U64, "The number of the key, from 1."),
    Field::sometimes(
        "bech32",
        Kind::String,
        "The native segwit address of that number.",
    ),
    Field::sometimes("p2tr", Kind::String, "The taproot address of that number."),
];

/// How many numbers are looked at at once.
const PAGE: u32 = 500;

/// An address of whatever network: one of another is not ours, and that is no fault.
#[derive(Clone, Debug)]
pub struct AnyAddress(Address<NetworkUnchecked>);

impl FromToken for AnyAddress {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<AnyAddress, Refusal> {
        let words = "Could not parse destination address, address should be a valid address";
        let address = token.word().and_then(|word| word.parse().ok());
        Ok(AnyAddress(
            address.ok_or_else(|| Refusal::Message(words.to_owned()))?,
        ))
    }
}

#[derive(Serialize, Debug, Default, PartialEq, Eq)]
struct Entry {
    keyidx: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bech32: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p2tr: Option<String>,
}

/// Which numbers, from 0, are yet to be listed.
struct Rest {
    node: Node,
    next: u32,
    /// The first that is not.
    end: u32,
    only: Option<Address>,
}

impl Run for ListAddresses {
    async fn run(self, call: Call) -> Outcome {
        let node = call.node()?.clone();
        let given_out = node.wallet().last_address().map_or(0, |last| last + 1);
        let (mut next, mut end) = window(self.start, self.limit, given_out);
        let mut only = None;
        if let Some(AnyAddress(address)) = self.address {
            let ours = address.require_network(node.network()).ok().and_then(|address| {
                let number = node.wallet().address_number(&address.script_pubkey())?;
                Some((number, address))
            });
            (next, end) = match &ours {
                Some((number, _)) if (next..end).contains(number) => (*number, number + 1),
                _ => (0, 0),
            };
            only = ours.map(|(_, address)| address);
        }
        Answer::rows(
            "addresses",
            Rest {
                node,
                next,
                end,
                only,
            },
            next_page,
        )
    }
}

/// The numbers from 0 that *start* and *limit*, which count from 1, stand for.
fn window(start: u64, limit: Option<u32>, given_out: u32) -> (u32, u32) {
    let next = u32::try_from(start.saturating_sub(1))
        .unwrap_or(u32::MAX)
        .min(given_out);
    let end = limit.map_or(given_out, |limit| next.saturating_add(limit).min(given_out));
    (next, end)
}

async fn next_page(rest: Rest) -> Result<Option<(Page, Rest)>, RpcError> {
    if rest.next >= rest.end {
        return Ok(None);
    }
    let numbers = PAGE.min(rest.end - rest.next);
    let issued = rest.node.wallet().addresses(rest.next, numbers).into_iter();
    let wanted = issued.filter(|issued| rest.only.as_ref().is_none_or(|only| *only == issued.address));
    let page = Page::of(entries(wanted))?;
    Ok(Some((
        page,
        Rest {
            next: rest.next + numbers,
            ..rest
        },
    )))
}

/// The addresses of one number together.
fn entries(issued: impl Iterator<Item = IssuedAddress>) -> Vec<Entry> {
    let mut entries: BTreeMap<u64, Entry> = BTreeMap::new();
    for IssuedAddress { kind, index, address } in issued {
        let keyidx = u64::from(index) + 1;
        let entry = entries.entry(keyidx).or_default();
        entry.keyidx = keyidx;
        match kind {
            AddressKind::Segwit => entry.bech32 = Some(address.to_string()),
            AddressKind::Taproot => entry.p2tr = Some(address.to_string()),
        }
    }
    entries.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::test_call;
    use bitcoin::Network;

    #[test]
    fn the_window_counts_from_one_and_ends_where_addresses_end() {
        assert_eq!(window(1, None, 5), (0, 5));
        assert_eq!(window(0, None, 5), (0, 5));
        assert_eq!(window(3, Some(2), 5), (2, 4));
        assert_eq!(window(4, Some(9), 5), (3, 5));
        assert_eq!(window(9, Some(9), 5), (5, 5));
        assert_eq!(window(u64::MAX, Some(u32::MAX), 5), (5, 5));
        assert_eq!(window(1, Some(0), 5), (0, 0));
    }

    #[test]
    fn addresses_of_the_same_number_are_listed_together() {
        let issued = |kind, index, address: &str| IssuedAddress {
            kind,
            index,
            address: address
                .parse::<Address<_>>()
                .unwrap()
                .require_network(Network::Regtest)
                .unwrap(),
        };
        let taproot = "bcrt1p2gppccw6ywewmg74qqxxmqfdpjds3rpr0mf22y9tm9xcc0muggwsea9nkf";
        let segwit = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
        let issued = [
            issued(AddressKind::Taproot, 0, taproot),
            issued(AddressKind::Segwit, 0, segwit),
            issued(AddressKind::Taproot, 2, taproot),
        ];
        let both = Entry {
            keyidx: 1,
            bech32: Some(segwit.to_owned()),
            p2tr: Some(taproot.to_owned()),
        };
        let one = Entry {
            keyidx: 3,
            bech32: None,
            p2tr: Some(taproot.to_owned()),
        };
        assert_eq!(entries(issued.into_iter()), [both, one]);
    }

    #[tokio::test]
    async fn what_is_no_address_is_refused() {
        assert_eq!(
            test_call().answer("listaddresses", r#"["x"]"#).await,
            Err("Could not parse destination address, address should be a valid address".to_owned())
        );
    }
}
