//! `connect`

use super::prelude::*;
use super::shared::address::{self, NetAddress};
use super::shared::channel::features_hex;
use crate::error::{Code, Failure};
use crate::options::default_port;
use crate::params::{FromToken, Refusal, Token};
use bitcoin::secp256k1::PublicKey;
use boltill_node::{ConnectError, Connected, Node, PeerAddress};
use hex_conservative::FromHex;
use serde::Serialize;

parameters! {
    /// Connect to a node
    ///
    /// Without *host*, the node is looked for where it was last found, and then where it announces itself. A peer
    /// that is connected already is left as it is, and its address is answered. Peers with channels are connected to
    /// by themselves, again and again, so this is for the first time only. A peer without a channel that goes away
    /// again is forgotten.
    pub struct Connect {
        /// The node's public key; also `id@host` or `id@host:port`, in which case *host* and *port* must not be given.
        required id: Target,
        /// A name or an IP address. When there is no answer from it, the addresses that the node announces are tried.
        optional host: String,
        /// The TCP port: 9735 when it is not given, 19735 on testnet, 39735 on signet, 19846 on regtest.
        optional port: u16,
    }
}

pub const COMMAND: Command = Command {
    name: "connect",
    category: Category::Network,
    answer: &[
        Field::always("id", Kind::Pubkey, "The node."),
        Field::always("features", Kind::Hex, "The features that it offers (BOLT 9)."),
        Field::always(
            "direction",
            Kind::String,
            "`out` when we connected to it, `in` when it connected to us.",
        ),
        Field::sometimes(
            "address",
            Kind::Object(address::FIELDS),
            "Where it is connected to, or from; absent only when the system could not tell.",
        ),
    ],
    errors: &[
        (
            Code::ConnectNoKnownAddress,
            "No address was given, and none is known.",
        ),
        (
            Code::ConnectAllAddressesFailed,
            "No address answered; the message says how the last one failed.",
        ),
        (
            Code::ConnectDisconnected,
            "The node was reached, and hung up at once.",
        ),
    ],
    examples: &[Example {
        typed: "connect 02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5@localhost:9735",
        answer: r#"{"id":"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5","features":"0898882a8a59a1","direction":"out","address":{"type":"ipv4","address":"127.0.0.1","port":9735}}"#,
    }],
    see_also: &["disconnect", "fundchannel", "listpeers"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<Connect>()
};

/// A node, and where it is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    id: PublicKey,
    place: Option<Place>,
}

/// A host, and a port where one is written behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: Option<u16>,
}

impl FromToken for Target {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Target, Refusal> {
        let word = token.word().ok_or("should be a node id")?;
        let (id, place) = match word.split_once('@') {
            Some((id, place)) => (
                id,
                Some(Place::of(place).ok_or("should be id@host or id@host:port")?),
            ),
            None => (&*word, None),
        };
        let id = <[u8; 33]>::from_hex(id)
            .ok()
            .and_then(|id| PublicKey::from_slice(&id).ok());
        let id = id.ok_or("should be a node id")?;
        Ok(Target { id, place })
    }
}

impl Place {
    /// Reads `host`, `host:port`, an address of IP version 6, and `[address]:port`.
    fn of(text: &str) -> Option<Place> {
        let (host, port) = match text.strip_prefix('[') {
            Some(bracketed) => {
                let (host, behind) = bracketed.split_once(']')?;
                let port = if behind.is_empty() {
                    None
                } else {
                    Some(behind.strip_prefix(':')?)
                };
                (host, port)
            }
            None => match text.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') => (host, Some(port)),
                _ => (text, None),
            },
        };
        let port = port.map(str::parse).transpose().ok()?;
        (!host.is_empty()).then(|| Place {
            host: host.to_owned(),
            port,
        })
    }
}

#[derive(Serialize)]
struct Connection {
    id: PublicKey,
    features: String,
    direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<NetAddress>,
}

impl Connect {
    /// Puts the two ways of giving an address together.
    fn place(&self) -> Result<Option<Place>, RpcError> {
        let refusal = match (&self.id.place, &self.host, self.port) {
            (Some(_), Some(_), _) => Some("Can't specify host as both xxx@yyy and separate argument"),
            (Some(Place { port: Some(_), .. }), _, Some(_)) => {
                Some("Can't specify port as both xxx@yyy:zzz and separate argument")
            }
            (None, None, Some(_)) => Some("Can't specify port without host"),
            _ => None,
        };
        if let Some(words) = refusal {
            return Err(RpcError::invalid_params(words));
        }
        let place = match (&self.id.place, &self.host) {
            (Some(place), _) => Some(place.clone()),
            (None, Some(host)) => {
                Some(Place::of(host).ok_or_else(|| not_valid(host, "should be host or host:port"))?)
            }
            (None, None) => None,
        };
        match place {
            Some(place) if place.host.starts_with('/') => Err(not_valid(
                &place.host,
                "peers cannot be reached by a local socket",
            )),
            place => Ok(place.map(|place| Place {
                port: place.port.or(self.port),
                ..place
            })),
        }
    }
}

fn not_valid(host: &str, why: &str) -> RpcError {
    RpcError::failed(Code::Unspecified, format!("Host {host} not valid: {why}"))
}

impl Run for Connect {
    async fn run(self, call: Call) -> Outcome {
        let place = self.place()?;
        let node = call.node()?;
        let address = place.map(|place| PeerAddress {
            node_id: self.id.id,
            host: place.host,
            port: place.port.unwrap_or_else(|| default_port(node.network())),
        });
        match &address {
            Some(address) => call.caller.tell(
                Level::Info,
                format_args!("Connecting to {} port {}", address.host, address.port),
            ),
            None => call
                .caller
                .tell(Level::Info, "Connecting to the addresses that are known"),
        }
        let Connected { peer } = connect(node, self.id.id, address).await?;
        Answer::of(&Connection {
            id: peer.node_id,
            features: features_hex(peer.features.le_flags()),
            direction: if peer.inbound { "in" } else { "out" },
            address: peer.address.as_ref().and_then(NetAddress::of),
        })
    }
}

/// Tries the address that was given, if any, and then those that are known.
async fn connect(
    node: &Node,
    id: PublicKey,
    address: Option<PeerAddress>,
) -> Result<Connected, ConnectError> {
    if address.is_none() {
        return node.connect(id, None).await;
    }
    match node.connect(id, address).await {
        Err(failure @ ConnectError::AllFailed(_)) => node.connect(id, None).await.map_err(|_| failure),
        outcome => outcome,
    }
}

impl Failure for ConnectError {
    fn code(&self) -> Code {
        match self {
            ConnectError::NoAddress => Code::ConnectNoKnownAddress,
            ConnectError::AllFailed(_) => Code::ConnectAllAddressesFailed,
            ConnectError::Disconnected => Code::ConnectDisconnected,
            ConnectError::Ourselves => Code::InvalidParams,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Parameters;

    const ID: &str = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";

    fn place(params: &str) -> Result<Option<(String, Option<u16>)>, String> {
        let params = params.replace("ID", ID);
        let parsed = Connect::parse(Token::parse(&params).unwrap()).and_then(|connect| connect.place());
        parsed
            .map(|place| place.map(|place| (place.host, place.port)))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_may_be_part_of_the_id_or_stand_by_itself() {
        let given = [
            (r#"["ID"]"#, None),
            (r#"["ID@localhost"]"#, Some(("localhost", None))),
            (r#"["ID@127.0.0.1:9735"]"#, Some(("127.0.0.1", Some(9735)))),
            (r#"["ID@[::1]:9735"]"#, Some(("::1", Some(9735)))),
            (r#"["ID@::1"]"#, Some(("::1", None))),
            (r#"["ID", "localhost"]"#, Some(("localhost", None))),
            (r#"["ID", "localhost:1"]"#, Some(("localhost", Some(1)))),
            (r#"["ID", "localhost", 9735]"#, Some(("localhost", Some(9735)))),
            (
                r#"{"id":"ID@localhost","port":9735}"#,
                Some(("localhost", Some(9735))),
            ),
        ];
        for (params, expected) in given {
            let expected = expected.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(place(params), Ok(expected), "{params}");
        }
    }

    #[test]
    fn an_address_given_twice_or_in_part_is_refused_in_core_lightnings_words() {
        for (params, words) in [
            (
                r#"["ID@a","b"]"#,
                "Can't specify host as both xxx@yyy and separate argument",
            ),
            (
                r#"{"id":"ID@a:1","port":2}"#,
                "Can't specify port as both xxx@yyy:zzz and separate argument",
            ),
            (r#"{"id":"ID","port":2}"#, "Can't specify port without host"),
            (r#"["x@a"]"#, "id: should be a node id: invalid token '\"x@a\"'"),
            (
                r#"["ID","/run/peer"]"#,
                "Host /run/peer not valid: peers cannot be reached by a local socket",
            ),
        ] {
            assert_eq!(place(params), Err(words.to_owned()));
        }
        for params in [
            r#"["ID@"]"#,
            r#"["ID@a:x"]"#,
            r#"["ID@[::1]9735"]"#,
            r#"["ID","a:65536"]"#,
        ] {
            assert!(place(params).is_err(), "{params}");
        }
    }
}
