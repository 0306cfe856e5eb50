use super::super::tests::map::{Map, node};
use super::*;
use lightning::sign::KeysManager;
use lightning::util::ser::{Readable, Writeable};

fn router(map: &Map) -> GraphRouter {
    GraphRouter::new(
        Arc::clone(&map.graph),
        Arc::new(KeysManager::new(&[1; 32], 0, 0, true)),
    )
}

/// Nodes 1, 2, 3 and so on, each with a channel to the next: 12 joins 1 and 2.
fn row(length: u8) -> Map {
    let map = Map::new();
    for number in 1..length {
        map.channel(u64::from(number) * 11 + 1, &node(number), &node(number + 1));
    }
    for number in 1..=length {
        map.announce(&node(number), true, true);
    }
    map
}

fn find(map: &Map, peers: &[u8], destination: Destination) -> Option<Vec<PublicKey>> {
    let peers = peers.iter().copied().map(node).collect();
    let path = router(map).find_path(node(1), peers, destination).ok()?;
    assert!(path.first_node_addresses.is_empty());
    Some(path.intermediate_nodes)
}

fn to(number: u8) -> Destination {
    Destination::Node(node(number))
}

fn path_from(map: &Map, number: u8) -> BlindedMessagePath {
    let context = MessageContext::Custom(Vec::new());
    let start = Introduction::Peer(node(number));
    router(map).path_from(
        start,
        node(99),
        ReceiveAuthKey([1; 32]),
        context,
        &Secp256k1::new(),
    )
}

#[test]
fn a_peer_gets_its_messages_directly_whatever_it_has_announced() {
    assert_eq!(find(&Map::new(), &[2], to(2)), Some(vec![]));
}

#[test]
fn a_message_goes_by_the_nodes_between_from_a_peer_on() {
    let map = row(5);
    assert_eq!(find(&map, &[2], to(3)), Some(vec![node(2)]));
    assert_eq!(find(&map, &[2], to(4)), Some(vec![node(2), node(3)]));
    assert_eq!(find(&map, &[2], to(5)), Some(vec![node(2), node(3), node(4)]));
    assert_eq!(find(&map, &[4, 2], to(5)), Some(vec![node(4)]));
    // A peer without a channel is as good.
    assert_eq!(find(&map, &[4], to(5)), Some(vec![node(4)]));
    assert_eq!(find(&map, &[], to(2)), None);
    assert_eq!(find(&map, &[2], to(77)), None);
}

#[test]
fn nodes_that_take_no_onion_messages_are_gone_around_or_not_reached() {
    let map = row(4);
    map.channel(500, &node(2), &node(40));
    map.channel(501, &node(40), &node(41));
    map.channel(502, &node(41), &node(4));
    map.announce(&node(40), true, false);
    map.announce(&node(41), true, false);
    assert_eq!(find(&map, &[2], to(4)), Some(vec![node(2), node(3)]));

    let map = Map::new();
    map.channel(1, &node(2), &node(3));
    map.channel(2, &node(3), &node(4));
    map.channel(3, &node(2), &node(40));
    map.channel(4, &node(40), &node(41));
    map.channel(5, &node(41), &node(4));
    for (number, takes_messages) in [(2, true), (3, false), (40, true), (41, true), (4, true)] {
        map.announce(&node(number), takes_messages, true);
    }
    assert_eq!(find(&map, &[2], to(4)), Some(vec![node(2), node(40), node(41)]));
    assert_eq!(find(&map, &[2], to(3)), None);
}

#[test]
fn a_channel_whose_other_end_is_gone_is_no_way() {
    let map = row(3);
    map.update(23, true);
    assert_eq!(find(&map, &[2], to(3)), Some(vec![node(2)]));
    let map = row(3);
    map.update(23, false);
    assert_eq!(find(&map, &[2], to(3)), None);
}

#[test]
fn we_do_not_lie_between_us_and_others() {
    let map = row(2);
    map.channel(500, &node(1), &node(3));
    map.announce(&node(3), true, true);
    assert_eq!(find(&map, &[2], to(3)), None);
}

#[test]
fn nobody_is_looked_for_without_end() {
    let far = MAX_BETWEEN as u8 + 2;
    let map = row(far + 1);
    assert_eq!(
        find(&map, &[2], to(far)).map(|nodes| nodes.len()),
        Some(MAX_BETWEEN)
    );
    assert_eq!(find(&map, &[2], to(far + 1)), None);
}

#[test]
fn a_path_may_start_with_an_end_of_a_public_channel() {
    let map = row(4);
    let by_id = path_from(&map, 4).encode();
    let by_channel = |direction: u8, short_channel_id: u64| {
        let start = [&[direction][..], &short_channel_id.to_be_bytes()].concat();
        let bytes = [&start, by_id.get(33..).unwrap()].concat();
        Destination::BlindedPath(BlindedMessagePath::read(&mut &bytes[..]).unwrap())
    };
    let four_is_lesser = node(4).serialize() < node(3).serialize();
    let (four, three) = if four_is_lesser { (0, 1) } else { (1, 0) };
    assert_eq!(
        find(&map, &[2], by_channel(four, 34)),
        Some(vec![node(2), node(3)])
    );
    assert_eq!(find(&map, &[2], by_channel(three, 34)), Some(vec![node(2)]));
    assert_eq!(find(&map, &[2], by_channel(four, 35)), None);

    let bytes = by_channel(four, 34);
    let path = router(&map).find_path(node(1), vec![node(2)], bytes).unwrap();
    assert_eq!(first_node(&path.destination), Some(node(4)));
}

#[test]
fn a_path_that_starts_with_us_needs_no_way_to_it() {
    let map = row(2);
    let path = path_from(&map, 1);
    assert_eq!(find(&map, &[], Destination::BlindedPath(path)), Some(vec![]));
}

fn starts(map: &Map, peers: &[u8]) -> Vec<Introduction> {
    let peers: Vec<_> = peers.iter().copied().map(node).collect();
    paths::introductions(&map.graph.read_only(), &node(1), &peers)
}

#[test]
fn paths_to_a_node_that_is_found_by_its_id_start_with_it() {
    assert_eq!(starts(&row(3), &[2, 3]), [Introduction::Ourselves]);
}

#[test]
fn paths_to_a_node_that_is_not_public_start_with_the_best_known_of_its_public_peers() {
    let map = Map::new();
    map.channel(1, &node(2), &node(3));
    map.channel(2, &node(3), &node(4));
    map.channel(3, &node(3), &node(5));
    map.channel(4, &node(5), &node(6));
    map.channel(5, &node(6), &node(3));
    for (number, takes_messages, has_address) in [
        (2, true, true),
        (3, true, true),
        (4, true, true),
        (5, false, true),
        (6, true, false),
    ] {
        map.announce(&node(number), takes_messages, has_address);
    }
    let found = starts(&map, &[6, 5, 2, 3, 77]);
    assert_eq!(found, [3, 2, 6].map(|number| Introduction::Peer(node(number))));
    assert_eq!(starts(&map, &[77]), [Introduction::Peer(node(77))]);
    assert_eq!(starts(&map, &[]), []);
}

#[test]
fn a_public_node_without_an_address_is_found_by_its_peers_or_else_by_its_id() {
    let map = Map::new();
    map.channel(1, &node(1), &node(2));
    map.announce(&node(1), true, false);
    assert_eq!(starts(&map, &[2]), [Introduction::Ourselves]);
    map.announce(&node(2), true, true);
    assert_eq!(starts(&map, &[2]), [Introduction::Peer(node(2))]);
}
